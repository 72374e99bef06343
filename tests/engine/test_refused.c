/* Tests of engine: a frame that a check refuses leaves nothing, on whatever way it would have gone out. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../folder.h"
#include "base/file.h"
#include "deliver/check.h"
#include "engine/engine.h"
#include "protect/list.h"
#include "tiny.h"

enum { FRAMES = 9 };

static char model[64], outside[64];
static cohl_engine *engine;

/* A score over its threshold, forced at one frame. */
static int forced_at;

static cohl_status force(void *state, const cohl_check_view *view, cohl_error *err)
{
    int newest = view->first + view->count - 1;
    if (newest != forced_at)
        return COHL_OK;
    return cohl_fail(err, COHL_ERR_REFUSED, "%s: frame %d scores 0.99, at most 0.50 may", view->name, newest);
}

static const cohl_check alone = { .name = "forced", .about = "one frame at a time", .window = 1, .look = force };
static const cohl_check with_others = { .name = "forced", .about = "three at a time", .window = 3, .look = force };

static int set_up(void **state)
{
    cohl_error err;
    if (folder_make(state))
        return 1;
    snprintf(model, sizeof model, "%s/model", folder);
    snprintf(outside, sizeof outside, "%s/out", folder);
    if (cohl_folder_make(outside, &err) || tiny_model_write(model, &err) ||
        cohl_engine_open(&engine, &(cohl_engine_params){ .model = model, .threads = 2, .ledger = path_of("ledger.db") },
                         &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    return 0;
}

static int tear_down(void **state)
{
    cohl_engine_close(engine);
    return folder_remove(state);
}

/* Names where films go, hidden ones too. */
static int names(void)
{
    struct dirent **entry;
    int count = scandir(outside, &entry, NULL, NULL);
    for (int i = 0; i < count; i++)
        free(entry[i]);
    free(entry);
    return count - 2;
}

static int64_t films(void)
{
    cohl_store *store;
    int64_t count = -1;
    assert_int_equal(cohl_protect_open(&store, path_of("ledger.db"), NULL), COHL_OK);
    assert_int_equal(cohl_store_count(&count, store, "SELECT count(*) FROM films", COHL_NO_VALUES, 0, NULL), COHL_OK);
    cohl_store_close(store);
    return count;
}

static cohl_run *new_run(int frames)
{
    cohl_request request = cohl_request_default();
    cohl_run *run;
    cohl_error err = { 0 };
    request.prompt = "a red ball", request.frames = frames, request.steps = 1;
    if (cohl_run_new(&run, engine, &request, &err))
        fail_msg("%s", err.text);
    return run;
}

static void expect_refusal(const char *way, cohl_status st, const cohl_error *err)
{
    char frame[32];
    snprintf(frame, sizeof frame, "frame %d scores 0.99", forced_at);
    if (st != COHL_ERR_REFUSED || !strstr(err->text, frame))
        fail_msg("%s, forced at %d: status %d, \"%s\"", way, forced_at, st, err->text);
}

static void test_a_refused_frame_leaves_no_file_of_any_kind(void **state)
{
    static const char *const ways[] = { "a.mp4", "a.webm", "a.mov", "a.gif", "a/" };
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
        for (int i = 0; i < 3; i++) {
            char path[128], sheet[128], report[128];
            cohl_error err = { 0 };
            snprintf(path, sizeof path, "%s/%s", outside, ways[w]);
            snprintf(sheet, sizeof sheet, "%s/a.sheet.png", outside);
            snprintf(report, sizeof report, "%s/a.report.json", outside);
            const cohl_film film = { .path = path, .sheet = sheet, .report = report };
            cohl_run *run = new_run(FRAMES);
            forced_at = i * (FRAMES - 1) / 2;          /* the first, the middle one, the last */
            engine->also = i % 2 ? &with_others : &alone;
            cohl_status st = cohl_run_film(run, &film, NULL, &err);
            expect_refusal(ways[w], st, &err);
            assert_int_equal(names(), 0);
            cohl_run_free(run);
        }
    assert_int_equal(films(), 0);
}

static void test_a_refused_film_leaves_what_stood_under_its_name(void **state)
{
    char path[128], *text;
    cohl_error err = { 0 };
    cohl_run *run = new_run(FRAMES);
    snprintf(path, sizeof path, "%s/old.mp4", outside);
    assert_int_equal(cohl_file_write(path, "old", 3, NULL), COHL_OK);
    forced_at = FRAMES - 1, engine->also = &alone;
    expect_refusal("old.mp4", cohl_run_film(run, &(cohl_film){ .path = path }, NULL, &err), &err);
    assert_int_equal(cohl_file_read(&text, NULL, path, 10, NULL), COHL_OK);
    assert_string_equal(text, "old");
    assert_int_equal(names(), 1);
    unlink(path);
    free(text);
    cohl_run_free(run);
}

static int handed;

static cohl_status take(void *user, int index, const uint8_t *rgb, cohl_error *err)
{
    assert_int_equal(index, handed);
    handed++;
    return COHL_OK;
}

/* Of the checks that are always asked, and the one that is forced. */
static int longest_window(void)
{
    int most = engine->also->window;
    for (int i = 0; cohl_checks[i]; i++)
        if (!cohl_checks[i]->faces && cohl_check_is_here(cohl_checks[i]) && cohl_checks[i]->window > most)
            most = cohl_checks[i]->window;
    return most;
}

static void test_a_caller_gets_no_frame_of_a_window_that_is_refused(void **state)
{
    const cohl_check *const checks[] = { &alone, &with_others };
    for (int i = 0; i < 2; i++)
        for (forced_at = 0; forced_at < FRAMES; forced_at++) {
            cohl_error err = { 0 };
            cohl_run *run = new_run(FRAMES);
            engine->also = checks[i], handed = 0;
            cohl_status st = cohl_run_frames(run, take, NULL, NULL, &err);
            expect_refusal("callback", st, &err);
            int passed = forced_at - (longest_window() - 1);
            assert_int_equal(handed, passed > 0 ? passed : 0);
            cohl_run_free(run);
        }
}

static void test_without_a_refusal_all_of_it_is_there(void **state)
{
    char path[128];
    cohl_run *run = new_run(FRAMES);
    forced_at = FRAMES, engine->also = &with_others, handed = 0;
    snprintf(path, sizeof path, "%s/good.mp4", outside);
    assert_int_equal(cohl_run_film(run, &(cohl_film){ .path = path }, NULL, NULL), COHL_OK);
    assert_int_equal(names(), 1);
    assert_int_equal(films(), 1);
    cohl_run_free(run);
    run = new_run(FRAMES);
    assert_int_equal(cohl_run_frames(run, take, NULL, NULL, NULL), COHL_OK);
    assert_int_equal(handed, FRAMES);
    cohl_run_free(run);
}

/* Where nobody can tell what may not be shown, nothing is: not even begun. */
static void test_a_list_that_cannot_be_read_stops_every_film(void **state)
{
    char path[128], *at = path_of("broken.db");
    cohl_engine *other;
    cohl_request request = cohl_request_default();
    cohl_error err = { 0 };
    cohl_run *run;
    request.prompt = "a red ball", request.frames = 5, request.steps = 1;
    snprintf(path, sizeof path, "%s/none.mp4", outside);
    assert_int_equal(cohl_file_write(at, "not an SQLite file at all, but longer than its head: ........................"
                                     "............................", 100, NULL), COHL_OK);
    assert_int_equal(cohl_file_write(path_of("broken.db.protects"), "", 0, NULL), COHL_OK);
    assert_int_equal(cohl_engine_open(&other, &(cohl_engine_params){ .model = model, .ledger = at }, NULL), COHL_OK);
    assert_int_equal(cohl_run_new(&run, other, &request, NULL), COHL_OK);
    assert_int_equal(cohl_film_check(run, &(cohl_film){ .path = path }, &err), COHL_ERR_REFUSED);
    assert_non_null(strstr(err.text, "no film is made before it can be"));
    assert_int_equal(cohl_run_film(run, &(cohl_film){ .path = path }, NULL, NULL), COHL_ERR_REFUSED);
    cohl_run_free(run);
    assert_int_equal(cohl_run_new(&run, other, &request, NULL), COHL_OK);
    assert_int_equal(cohl_run_frames(run, take, NULL, NULL, NULL), COHL_ERR_REFUSED);
    cohl_run_free(run);
    cohl_engine_close(other);
    assert_false(cohl_file_exists(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refused_frame_leaves_no_file_of_any_kind),
        cmocka_unit_test(test_a_refused_film_leaves_what_stood_under_its_name),
        cmocka_unit_test(test_a_caller_gets_no_frame_of_a_window_that_is_refused),
        cmocka_unit_test(test_without_a_refusal_all_of_it_is_there),
        cmocka_unit_test(test_a_list_that_cannot_be_read_stops_every_film),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
