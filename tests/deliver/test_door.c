/* Tests of the one door out: names, failures, checks, the sheet. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../folder.h"
#include "base/file.h"
#include "base/rng.h"
#include "deliver/check.h"
#include "deliver/door.h"
#include "deliver/place.h"
#include "media/reader.h"
#include "media/still.h"
#include "protect/list.h"
#include "provenance/verify.h"

enum { WIDTH = 96, HEIGHT = 64, FRAMES = 20 };

/* A file system that cannot exchange names: the library's own calls come here. */
static bool no_exchange;

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    if (no_exchange && flags) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

/* Names in the folder, hidden ones too. */
static int names(void)
{
    struct dirent *entry;
    DIR *open = opendir(folder);
    int count = -2;
    while ((entry = readdir(open)))
        count++;
    closedir(open);
    return count;
}

static cohl_door_params params_of(const char *path)
{
    cohl_door_params params = cohl_door_params_default();
    params.path = path, params.width = WIDTH, params.height = HEIGHT, params.frames = FRAMES;
    params.recipe = "{\"seed\":7}", params.title = "Un été";
    return params;
}

/* Put frames of noise; stop with `end` after `count`. */
static cohl_status deliver(const cohl_door_params *params, int count, cohl_status end,
                           cohl_door_report *report, cohl_error *err)
{
    cohl_rng rng = cohl_rng_make(1, 1);
    cohl_door *door = NULL;
    cohl_frame *frame;
    cohl_status st = cohl_door_open(&door, params, err);
    if (st)
        return st;
    assert_int_equal(cohl_frame_new(&frame, params->width, params->height, NULL), COHL_OK);
    for (int i = 0; !st && i < count; i++) {
        for (size_t p = 0; p < cohl_frame_bytes(frame); p++)
            frame->rgb[p] = (uint8_t)cohl_rng_u32(&rng);
        st = cohl_door_put(door, frame, err);
    }
    cohl_frame_free(frame);
    return cohl_door_close(door, st ? st : end, report, err);
}

static void test_a_film_and_its_sheet_appear_together(void **state)
{
    static const char *films[] = { "a.mp4", "a.webm", "a.gif" };
    for (size_t i = 0; i < sizeof films / sizeof *films; i++) {
        cohl_door_params params = params_of(path_of(films[i]));
        cohl_door_report report;
        cohl_film_reader *reader;
        cohl_error err = { 0 };
        cohl_frame *sheet;
        struct stat info;
        int before = names();
        char *sheet_path = cohl_door_sheet_path(params.path);
        params.sheet = sheet_path;
        assert_non_null(strstr(sheet_path, "/a.sheet.png"));
        if (cohl_door_check(&params, &err) || deliver(&params, FRAMES, COHL_OK, &report, &err))
            fail_msg("%s", err.text);
        assert_int_equal(names(), before + 2);   /* with its sheet, or with its credentials beside it */
        assert_int_equal(report.credentials != NULL, i > 0);
        assert_int_equal(report.frames, FRAMES);
        assert_string_equal(report.path, params.path);
        assert_int_equal(strlen(report.packets), 64);
        assert_int_equal(stat(params.path, &info), 0);
        assert_int_equal(info.st_size, report.bytes);
        assert_int_equal(cohl_film_reader_open(&reader, params.path, 0, 0, NULL), COHL_OK);
        const cohl_tags *tags = &cohl_film_reader_info(reader)->tags;
        const char *recipe = cohl_tags_find(tags, i == 2 ? "comment" : COHL_TAG_RECIPE);
        assert_string_equal(recipe, "{\"seed\":7}");
        cohl_film_reader_close(reader);
        assert_int_equal(cohl_still_read(&sheet, sheet_path, NULL), COHL_OK);
        assert_int_equal(sheet->width, 4 * (WIDTH + 8) + 8);
        cohl_frame_free(sheet);
        cohl_door_report_free(&report);
        free(sheet_path);
    }
}

/* A folder came to stand where the film would have its name: the credentials of the film that was there stay. */
static void test_former_credentials_come_back_with_a_film_that_got_no_name(void **state)
{
    cohl_door_params params = params_of(path_of("former.webm"));
    const char *beside = path_of("former.webm.c2pa");
    char *was, *is;
    size_t was_size, is_size;
    cohl_door_report report;
    cohl_error err = { 0 };
    cohl_door *door;
    cohl_frame *frame;
    assert_int_equal(deliver(&params, FRAMES, COHL_OK, &report, &err), COHL_OK);
    cohl_door_report_free(&report);
    assert_int_equal(cohl_file_read(&was, &was_size, beside, 1 << 20, NULL), COHL_OK);
    int before = names();
    params.frames = 1;
    assert_int_equal(cohl_door_open(&door, &params, &err), COHL_OK);
    assert_int_equal(cohl_frame_new(&frame, WIDTH, HEIGHT, NULL), COHL_OK);
    assert_int_equal(cohl_door_put(door, frame, &err), COHL_OK);
    assert_int_equal(rename(params.path, path_of("moved.webm")), 0);
    assert_int_equal(mkdir(params.path, 0777), 0);
    assert_int_equal(cohl_door_close(door, COHL_OK, NULL, &err), COHL_ERR_IO);
    assert_non_null(strstr(err.text, "give it its name"));
    assert_int_equal(cohl_file_read(&is, &is_size, beside, 1 << 20, NULL), COHL_OK);
    assert_int_equal(is_size, was_size);
    assert_memory_equal(is, was, was_size);
    assert_int_equal(rmdir(params.path), 0);
    assert_int_equal(unlink(path_of("moved.webm")), 0);
    assert_int_equal(names(), before - 1);
    free(was);
    free(is);
    cohl_frame_free(frame);
}

/* They were lost there. */
static void test_former_credentials_come_back_where_names_cannot_be_exchanged(void **state)
{
    no_exchange = true;
    test_former_credentials_come_back_with_a_film_that_got_no_name(state);
    no_exchange = false;
}

static void test_a_folder_appears_at_once(void **state)
{
    cohl_door_params params = params_of(path_of("shot/"));
    cohl_door_report report;
    cohl_error err = { 0 };
    cohl_door *door;
    cohl_frame *frame;
    params.frames = 2;
    assert_int_equal(cohl_door_open(&door, &params, &err), COHL_OK);
    assert_int_equal(cohl_frame_new(&frame, WIDTH, HEIGHT, NULL), COHL_OK);
    assert_int_equal(cohl_door_put(door, frame, &err), COHL_OK);
    assert_false(cohl_folder_exists(path_of("shot")));
    assert_int_equal(cohl_door_put(door, frame, &err), COHL_OK);
    assert_int_equal(cohl_door_close(door, COHL_OK, &report, &err), COHL_OK);
    assert_true(cohl_file_exists(path_of("shot/frame00000.png")));
    assert_true(cohl_file_exists(path_of("shot/frame00001.png")));
    assert_int_equal(cohl_door_check(&params, &err), COHL_ERR_IO);
    assert_non_null(strstr(err.text, "not empty"));
    cohl_frame_free(frame);
    cohl_door_report_free(&report);
}

static void test_a_film_that_fails_leaves_what_was_there(void **state)
{
    static const struct { const char *name; int count; cohl_status end, expected; } cases[] = {
        { "old.mp4", 7, COHL_ERR_CANCELLED, COHL_ERR_CANCELLED },
        { "old.gif", 7, COHL_ERR_CANCELLED, COHL_ERR_CANCELLED },
        { "old.webm", 0, COHL_ERR_MEMORY, COHL_ERR_MEMORY },
        { "old.mp4", FRAMES - 1, COHL_OK, COHL_ERR_ARGUMENT },   /* one is missing */
        { "old.mp4", FRAMES + 1, COHL_OK, COHL_ERR_ARGUMENT },   /* one too many   */
        { "new/", 7, COHL_ERR_CANCELLED, COHL_ERR_CANCELLED },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_door_params params = params_of(path_of(cases[i].name));
        cohl_door_report report;
        char *text;
        bool file = params.path[strlen(params.path) - 1] != '/';
        if (file)
            assert_int_equal(cohl_file_write(params.path, "old", 3, NULL), COHL_OK);
        params.sheet = path_of("old.sheet.png");
        int before = names();
        assert_int_equal(deliver(&params, cases[i].count, cases[i].end, &report, NULL),
                         cases[i].expected);
        assert_int_equal(names(), before);
        assert_null(report.path);
        if (!file)
            continue;
        assert_int_equal(cohl_file_read(&text, NULL, params.path, 100, NULL), COHL_OK);
        assert_string_equal(text, "old");
        free(text);
    }
}

/* A limit on file size is a full disk that needs no disk. */
static void test_a_full_disk_is_one_sentence(void **state)
{
    static const char *films[] = { "full.mp4", "full.webm", "full.gif", "full/", "full.png" };
    struct rlimit was, small = { 3000, 3000 };
    getrlimit(RLIMIT_FSIZE, &was);
    small.rlim_max = was.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < sizeof films / sizeof *films; i++) {
        cohl_door_params params = params_of(path_of(films[i]));
        cohl_error err = { 0 };
        int before = names();
        if (i == 4)
            params.frames = 1;
        setrlimit(RLIMIT_FSIZE, &small);
        cohl_status st = deliver(&params, params.frames, COHL_OK, NULL, &err);
        setrlimit(RLIMIT_FSIZE, &was);
        if (st != COHL_ERR_IO || !strstr(err.text, "cannot write: File too large"))
            fail_msg("%s: status %d, \"%s\"", films[i], st, err.text);
        assert_int_equal(names(), before);
    }
}

/* The film fits, the film with its credentials does not: nothing of it stays unsigned. */
static void test_a_disk_that_fills_while_signing_leaves_no_film(void **state)
{
    static const char *films[] = { "signed.mp4", "signed.mov", "signed/", "signed.png" };
    for (size_t i = 0; i < sizeof films / sizeof *films; i++) {
        cohl_door_params params = params_of(path_of(films[i]));
        cohl_door_report report;
        cohl_error err = { 0 };
        struct rlimit was, small;
        params.frames = i < 2 ? FRAMES : 1;
        assert_int_equal(deliver(&params, params.frames, COHL_OK, &report, &err), COHL_OK);
        getrlimit(RLIMIT_FSIZE, &was);
        small = (struct rlimit){ report.bytes - 16, was.rlim_max };
        cohl_door_report_free(&report);
        cohl_place_remove(films[i][6] == '/' ? path_of("signed") : params.path);
        int before = names();
        setrlimit(RLIMIT_FSIZE, &small);
        cohl_status st = deliver(&params, params.frames, COHL_OK, NULL, &err);
        setrlimit(RLIMIT_FSIZE, &was);
        if (st != COHL_ERR_IO || !strstr(err.text, "cannot be signed, so it is not kept: File too large"))
            fail_msg("%s: status %d, \"%s\"", films[i], st, err.text);
        assert_int_equal(names(), before);
    }
}

static void test_every_export_is_signed(void **state)
{
    static const struct { const char *name, *look; } films[] = {
        { "every.mp4", "every.mp4" }, { "every.mov", "every.mov" }, { "every.webm", "every.webm" },
        { "every.gif", "every.gif" }, { "every/", "every/frame00001.png" }, { "every/", "every.sheet.png" } };
    char *root;
    cohl_trust trust = { 0 };
    assert_int_equal(cohl_signer_root(&root, NULL), COHL_OK);
    assert_int_equal(cohl_trust_add(&trust, root, NULL), COHL_OK);
    for (size_t i = 0; i < sizeof films / sizeof *films; i++) {
        cohl_door_params params = params_of(path_of(films[i].name));
        cohl_error err = { 0 };
        cohl_verification v;
        params.frames = 2, params.sheet = path_of("every.sheet.png");
        params.facts = "{\"policies\":[\"house\"]}", params.model = "tiny", params.label = true;
        if (i == 5)
            params.path = path_of("again/");
        cohl_door_report report;
        if (deliver(&params, 2, COHL_OK, &report, &err) || cohl_verify(&v, path_of(films[i].look), &trust, &err))
            fail_msg("%s: %s", films[i].name, err.text);
        const json_t *manifest = json_array_get(v.findings.manifests, 0), *facts = json_object_get(manifest, "facts");
        if (v.findings.verdict != COHL_TRUSTED)
            fail_msg("%s is %s", films[i].look, cohl_verdict_name(v.findings.verdict));
        assert_true(cohl_findings_say_generated(&v.findings));
        assert_string_equal(json_string_value(json_object_get(json_object_get(facts, "model"), "name")), "tiny");
        assert_string_equal(json_string_value(json_array_get(json_object_get(facts, "checks"), 0)), "size");
        assert_string_equal(json_string_value(json_array_get(json_object_get(facts, "policies"), 0)), "house");
        assert_true(json_is_true(json_object_get(facts, "visible_label")));
        const char *mark = json_string_value(json_object_get(json_object_get(manifest, "watermark"), "identifier"));
        if (i == 5)
            assert_null(mark);                  /* a sheet's pictures are too small */
        else
            assert_string_equal(mark, report.mark);
        cohl_door_report_free(&report);
        cohl_verification_free(&v);
    }
    cohl_trust_free(&trust);
    free(root);
}

/* A GIF has no keys: its plain tag is XMP in an extension, passed over by who reads blocks. */
static void test_a_gif_carries_the_plain_tag(void **state)
{
    cohl_door_params params = params_of(path_of("tagged.gif"));
    cohl_error err = { 0 };
    cohl_film_reader *reader;
    cohl_frame *frame;
    char *bytes;
    size_t size;
    bool more;
    int frames = 0;
    params.frames = 2, params.recipe = NULL;
    if (deliver(&params, 2, COHL_OK, NULL, &err) || cohl_file_read(&bytes, &size, params.path, 1 << 20, &err) ||
        cohl_film_reader_open(&reader, params.path, 0, 0, &err))
        fail_msg("%s", err.text);
    assert_non_null(memmem(bytes, size, "\x21\xff\x0bXMP DataXMP<?xpacket", 23));
    assert_non_null(memmem(bytes, size, "digitalsourcetype/trainedAlgorithmicMedia", 41));
    assert_non_null(strstr(cohl_tags_find(&cohl_film_reader_info(reader)->tags, "comment"), "generated by Cohl"));
    assert_int_equal(cohl_frame_new(&frame, params.width, params.height, NULL), COHL_OK);
    while (!cohl_film_reader_next(reader, frame, &more, &err) && more)
        frames++;
    assert_int_equal(frames, 2);
    cohl_frame_free(frame);
    cohl_film_reader_close(reader);
    free(bytes);
}

/* The film fits, its sheet does not: what is named is the sheet as it was asked for. */
static void test_a_disk_too_full_for_the_sheet_names_the_sheet(void **state)
{
    cohl_door_params params = params_of(path_of("fits.mp4"));
    cohl_door_report report;
    cohl_error err = { 0 };
    struct rlimit was, small;
    assert_int_equal(deliver(&params, params.frames, COHL_OK, &report, &err), COHL_OK);
    getrlimit(RLIMIT_FSIZE, &was);
    small = (struct rlimit){ report.bytes + 16, was.rlim_max };
    cohl_door_report_free(&report);
    assert_int_equal(unlink(params.path), 0);
    int before = names();
    params.sheet = path_of("fits.sheet.png");
    setrlimit(RLIMIT_FSIZE, &small);
    cohl_status st = deliver(&params, params.frames, COHL_OK, NULL, &err);
    setrlimit(RLIMIT_FSIZE, &was);
    if (st != COHL_ERR_IO || !strstr(err.text, "/fits.sheet.png: cannot write: File too large"))
        fail_msg("status %d, \"%s\"", st, err.text);
    assert_int_equal(names(), before);
}

/* The film has its name when the sheet cannot get one: it is there, so the ledger knows it. */
static void test_a_film_whose_sheet_gets_no_name_stays_in_the_ledger(void **state)
{
    cohl_door_params params = params_of(path_of("alone.mp4"));
    cohl_frame *frame;
    cohl_door *door;
    cohl_error err = { 0 };
    int64_t *films;
    int count;
    params.sheet = path_of("alone.sheet.png"), params.frames = 1;
    assert_int_equal(cohl_protect_open(&params.ledger, path_of("ledger.db"), NULL), COHL_OK);
    assert_int_equal(cohl_door_open(&door, &params, NULL), COHL_OK);
    assert_int_equal(cohl_frame_new(&frame, WIDTH, HEIGHT, NULL), COHL_OK);
    assert_int_equal(cohl_door_put(door, frame, NULL), COHL_OK);
    cohl_frame_free(frame);
    assert_int_equal(cohl_folder_make(params.sheet, NULL), COHL_OK);
    assert_int_equal(cohl_door_close(door, COHL_OK, NULL, &err), COHL_ERR_IO);
    assert_non_null(strstr(err.text, "alone.sheet.png: cannot give it its name"));
    assert_true(cohl_file_exists(params.path));
    assert_int_equal(cohl_ledger_newest(&films, &count, params.ledger, 2, NULL), COHL_OK);
    assert_int_equal(count, 1);
    free(films);
    cohl_store_close(params.ledger);
}

/* What a killed run left goes with the next run of the same name; a live one's, a fresh one and another film's stay. */
static void test_what_a_killed_run_left_is_swept(void **state)
{
    static const struct { const char *name; int pid, age; bool goes; } cases[] = {
        { "sweep.mp4", 4194300, 7200, true }, { "sweep.mp4", 4194300, 60, false }, { "sweep.mp4", 0, 7200, false },
        { "other.mp4", 4194300, 7200, false } };
    char *hidden;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[64];
        snprintf(name, sizeof name, ".%s.%d-%zu.part", cases[i].name, cases[i].pid ? cases[i].pid : (int)getpid(), i);
        const struct timespec then = { time(NULL) - cases[i].age, 0 };
        assert_int_equal(cohl_file_write(path_of(name), "left", 4, NULL), COHL_OK);
        assert_int_equal(utimensat(AT_FDCWD, path_of(name), (struct timespec[]){ then, then }, 0), 0);
    }
    assert_int_equal(cohl_place_begin(&hidden, path_of("sweep.mp4"), false, "sweep.mp4", NULL), COHL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[64];
        snprintf(name, sizeof name, ".%s.%d-%zu.part", cases[i].name, cases[i].pid ? cases[i].pid : (int)getpid(), i);
        if (cohl_file_exists(path_of(name)) == cases[i].goes)
            fail_msg("case %zu", i);
        unlink(path_of(name));
    }
    cohl_place_remove(hidden);
    free(hidden);
}

static void test_a_sheet_that_would_be_in_the_films_way_is_refused(void **state)
{
    static const struct { const char *film, *sheet, *says; } cases[] = {
        { "one.png", "one.png", "same name" }, { "one.png", "./one.png", "same name" },
        { "set/", "set/sheet.png", "beside it, not in it" }, { "new/", "./new/sheet.png", "beside it, not in it" },
    };
    assert_int_equal(cohl_folder_make(path_of("set"), NULL), COHL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_door_params params = params_of(path_of(cases[i].film));
        cohl_error err = { 0 };
        params.frames = 1, params.sheet = path_of(cases[i].sheet);
        if (cohl_door_check(&params, &err) != COHL_ERR_ARGUMENT || !strstr(err.text, cases[i].says))
            fail_msg("%s, %s: \"%s\"", cases[i].film, cases[i].sheet, err.text);
    }
}

static void test_what_cannot_be_is_refused_before_any_work(void **state)
{
    static const struct { const char *name; cohl_status st; const char *says; } cases[] = {
        { "none/a.mp4", COHL_ERR_IO, "does not exist" },
        { "here.mp4/a.mp4", COHL_ERR_IO, "" },
        { "taken.mp4", COHL_ERR_IO, "is there already and is a folder" },
        { "a.avi", COHL_ERR_ARGUMENT, "expected .mp4" },
        { "a.png", COHL_ERR_ARGUMENT, "but .png holds 1" },
        { "here.mp4/", COHL_ERR_IO, "not a folder" },
    };
    assert_int_equal(cohl_file_write(path_of("here.mp4"), "x", 1, NULL), COHL_OK);
    assert_int_equal(cohl_folder_make(path_of("taken.mp4"), NULL), COHL_OK);
    int before = names();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_door_params params = params_of(path_of(cases[i].name));
        cohl_error err = { 0 };
        cohl_door *door = (void *)1;
        if (cohl_door_check(&params, &err) != cases[i].st || !strstr(err.text, cases[i].says))
            fail_msg("%s: \"%s\"", cases[i].name, err.text);
        assert_int_equal(cohl_door_open(&door, &params, NULL), cases[i].st);
        assert_null(door);
    }
    cohl_door_params params = params_of(path_of("ok.mp4"));
    params.width = 97;
    assert_int_equal(cohl_door_check(&params, NULL), COHL_ERR_ARGUMENT);
    params = params_of(path_of("ok.mp4"));
    params.recipe = "\xff";
    assert_int_equal(cohl_door_check(&params, NULL), COHL_ERR_ARGUMENT);
    params = params_of("/dev/full.mp4/x.mp4");
    assert_int_equal(cohl_door_check(&params, NULL), COHL_ERR_IO);
    params = params_of("/proc/x.mp4");
    assert_int_equal(cohl_door_check(&params, NULL), COHL_ERR_IO);
    assert_int_equal(names(), before);
}

static void test_a_frame_of_another_size_stops_the_film(void **state)
{
    cohl_door_params params = params_of(path_of("size.mp4"));
    cohl_error err = { 0 };
    cohl_door *door;
    cohl_frame *frame;
    assert_int_equal(cohl_frame_new(&frame, WIDTH + 2, HEIGHT, NULL), COHL_OK);
    assert_int_equal(cohl_door_open(&door, &params, &err), COHL_OK);
    assert_int_equal(cohl_door_put(door, frame, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "frame 0 is 98 x 64 pixels, expected 96 x 64"));
    err.text[0] = 0;
    assert_int_equal(cohl_door_close(door, COHL_OK, NULL, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "frame 0 is 98 x 64"));
    assert_false(cohl_file_exists(params.path));
    cohl_frame_free(frame);
}

static int seen_first, seen_count, refuse_at;

static cohl_status watch(void *state, const cohl_check_view *view, cohl_error *err)
{
    assert_null(state);
    seen_first = view->first, seen_count = view->count;
    for (int i = 0; i < view->count; i++)
        assert_int_equal(view->frame[i]->rgb[0], view->first + i);
    if (view->first + view->count - 1 == refuse_at)
        return cohl_fail(err, COHL_ERR_REFUSED, "%s: frame %d", view->name, refuse_at);
    return COHL_OK;
}

static void test_a_frame_goes_on_only_after_its_window(void **state)
{
    static const cohl_check three = { .name = "watch", .about = "sees three frames", .window = 3, .look = watch };
    static const cohl_check *const checks[] = { &three, NULL };
    const cohl_check_view about = { .name = "x", .width = 16, .height = 16, .fps = 16 };
    cohl_window *window;
    cohl_frame *frame;
    const cohl_frame *ready;
    refuse_at = 7;
    assert_int_equal(cohl_frame_new(&frame, 16, 16, NULL), COHL_OK);
    assert_int_equal(cohl_window_new(&window, checks, NULL, &about, NULL), COHL_OK);
    for (int i = 0; i < 7; i++) {
        frame->rgb[0] = (uint8_t)i;
        assert_int_equal(cohl_window_push(window, frame, &ready, NULL), COHL_OK);
        assert_int_equal(seen_count, i < 2 ? i + 1 : 3);
        assert_int_equal(seen_first, i < 2 ? 0 : i - 2);
        if (i < 2)
            assert_null(ready);
        else
            assert_int_equal(ready->rgb[0], i - 2);
    }
    frame->rgb[0] = 7;
    assert_int_equal(cohl_window_push(window, frame, &ready, NULL), COHL_ERR_REFUSED);
    assert_null(ready);
    assert_null(cohl_window_rest(window));          /* 5 and 6 stood in that window */
    assert_int_equal(cohl_window_push(window, frame, &ready, NULL), COHL_ERR_REFUSED);
    cohl_window_free(window);
    cohl_frame_free(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_film_and_its_sheet_appear_together),
        cmocka_unit_test(test_former_credentials_come_back_with_a_film_that_got_no_name),
        cmocka_unit_test(test_former_credentials_come_back_where_names_cannot_be_exchanged),
        cmocka_unit_test(test_a_folder_appears_at_once),
        cmocka_unit_test(test_a_film_that_fails_leaves_what_was_there),
        cmocka_unit_test(test_a_full_disk_is_one_sentence),
        cmocka_unit_test(test_a_disk_that_fills_while_signing_leaves_no_film),
        cmocka_unit_test(test_every_export_is_signed),
        cmocka_unit_test(test_a_gif_carries_the_plain_tag),
        cmocka_unit_test(test_a_disk_too_full_for_the_sheet_names_the_sheet),
        cmocka_unit_test(test_a_film_whose_sheet_gets_no_name_stays_in_the_ledger),
        cmocka_unit_test(test_what_a_killed_run_left_is_swept),
        cmocka_unit_test(test_a_sheet_that_would_be_in_the_films_way_is_refused),
        cmocka_unit_test(test_what_cannot_be_is_refused_before_any_work),
        cmocka_unit_test(test_a_frame_of_another_size_stops_the_film),
        cmocka_unit_test(test_a_frame_goes_on_only_after_its_window),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
