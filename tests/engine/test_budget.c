/* Tests of a run's memory: what it needs is told before, and how much it may take changes no film. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "cohl/cohl.h"
#include "tiny.h"

enum { FRAMES = 5, BYTES = FRAMES * 64 * 64 * 3 };

static char folder[] = "/tmp/cohl-budget-XXXXXX", aside[] = "/tmp/cohl-aside-XXXXXX";

static int set_up(void **state)
{
    return !mkdtemp(folder) || !mkdtemp(aside) || tiny_model_write(folder, NULL);
}

static int tear_down(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s %s", folder, aside);
    return system(command);
}

static cohl_status take(void *user, int index, const uint8_t *rgb, cohl_error *err)
{
    memcpy((uint8_t *)user + (size_t)index * BYTES / FRAMES, rgb, BYTES / FRAMES);
    return COHL_OK;
}

static cohl_request tiny_request(void)
{
    cohl_request r = cohl_request_default();
    r.prompt = "a red balloon", r.frames = FRAMES, r.steps = 2, r.width = r.height = 64;
    return r;
}

static const char *ledger = "";

static void open_engine(cohl_engine **engine, uint64_t memory)
{
    const cohl_engine_params params = { .model = folder, .threads = 2, .ledger = ledger, .memory_bytes = memory };
    assert_int_equal(cohl_engine_open(engine, &params, NULL), COHL_OK);
}

static cohl_status make(uint64_t memory, uint8_t *frames, cohl_error *err)
{
    cohl_engine *engine;
    cohl_run *run;
    const cohl_request request = tiny_request();
    open_engine(&engine, memory);
    assert_int_equal(cohl_run_new(&run, engine, &request, NULL), COHL_OK);
    cohl_status st = cohl_run_frames(run, take, frames, NULL, err);
    cohl_run_free(run);
    cohl_engine_close(engine);
    return st;
}

static cohl_run_memory needed(uint64_t memory, int width, int height, int frames)
{
    cohl_engine *engine;
    cohl_run *run;
    cohl_run_memory out;
    cohl_request request = tiny_request();
    request.width = width, request.height = height, request.frames = frames;
    open_engine(&engine, memory);
    assert_int_equal(cohl_run_new(&run, engine, &request, NULL), COHL_OK);
    assert_int_equal(cohl_run_memory_needed(run, &out, NULL), COHL_OK);
    cohl_run_free(run);
    cohl_engine_close(engine);
    return out;
}

static void test_any_budget_gives_the_same_frames(void **state)
{
    static uint8_t usual[BYTES], found[BYTES];
    assert_int_equal(make(0, usual, NULL), COHL_OK);
    cohl_run_memory m = needed(1000000000, 64, 64, FRAMES);
    assert_true(m.fits && !m.streams && m.transformer_held == m.transformer && m.least < m.whole);
    const uint64_t budgets[] = { m.least, (m.least + m.whole) / 2, m.whole };
    for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++) {
        memset(found, 0, sizeof found);
        assert_int_equal(make(budgets[i], found, NULL), COHL_OK);
        assert_memory_equal(found, usual, sizeof usual);
    }
}

static void test_less_than_the_least_is_refused_with_it(void **state)
{
    static uint8_t frames[BYTES];
    cohl_error err;
    char least[COHL_MEMORY_TEXT], sentence[128];
    cohl_run_memory m = needed(1000000, 64, 64, FRAMES);
    assert_false(m.fits);
    cohl_memory_print(least, m.least);
    snprintf(sentence, sizeof sentence, "takes %s of memory at the least, and it may take 1 MB", least);
    assert_int_equal(make(1000000, frames, &err), COHL_ERR_MEMORY);
    assert_non_null(strstr(err.text, sentence));
    assert_int_equal(m.best_frames, 0);             /* no film of it fits a megabyte */
}

static void test_the_largest_film_that_fits_is_told(void **state)
{
    cohl_run_memory large = needed(1000000, 640, 640, 33), small = needed(1000000, 64, 64, FRAMES);
    assert_true(small.least < large.least);
    uint64_t between = (small.least + large.least) / 2;
    cohl_run_memory m = needed(between, 640, 640, 33);
    assert_true(!m.fits && m.best_frames >= 5 && m.best_frames % 4 == 1 && m.best_width <= 640);
    assert_true(needed(between, m.best_width, m.best_height, m.best_frames).fits);
}

static void test_longer_and_larger_films_need_more(void **state)
{
    cohl_run_memory a = needed(0, 64, 64, 5), b = needed(0, 64, 64, 33), c = needed(0, 96, 64, 5);
    assert_true(b.steps > a.steps && c.steps > a.steps && c.frames > a.frames);
    assert_true(a.transformer == b.transformer && a.decoder == c.decoder);
    assert_true(needed(0, 64, 64, 9).frames == needed(0, 64, 64, 33).frames);        /* decoded piece by piece */
}

/* The one file in the folder where states are kept. */
static char *kept_file(void)
{
    char pattern[128];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/cohl/words/*.states", aside);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    char *path = strdup(found.gl_pathv[0]);
    globfree(&found);
    return path;
}

static void test_words_are_kept_for_the_next_run(void **state)
{
    static uint8_t first[BYTES], found[BYTES];
    char book[64], *bytes, *again;
    size_t size;
    snprintf(book, sizeof book, "%s/ledger.db", aside);
    setenv("XDG_CACHE_HOME", aside, 1);
    ledger = book;
    assert_int_equal(make(1000000000, first, NULL), COHL_OK);
    char *path = kept_file();
    assert_int_equal(make(1000000000, found, NULL), COHL_OK);
    assert_memory_equal(found, first, sizeof first);
    /* a damaged one is worked out and kept anew */
    assert_int_equal(cohl_file_read(&bytes, &size, path, 1 << 20, NULL), COHL_OK);
    bytes[size - 1] ^= 1;
    assert_int_equal(cohl_file_write(path, bytes, size, NULL), COHL_OK);
    assert_int_equal(make(1000000000, found, NULL), COHL_OK);
    assert_memory_equal(found, first, sizeof first);
    assert_int_equal(cohl_file_read(&again, NULL, path, 1 << 20, NULL), COHL_OK);
    assert_int_equal(again[size - 1], bytes[size - 1] ^ 1);
    free(bytes);
    free(again);
    free(path);
    free(kept_file());                              /* still the only one */
    ledger = "";
}

static void test_sizes_are_read_as_people_write_them(void **state)
{
    static const struct { const char *text; uint64_t bytes; } good[] = {
        { "8G", 8000000000 }, { "7.5 GB", 7500000000 }, { "800m", 800000000 }, { "2GiB", 2147483648 }, { "1Mi", 1048576 },
        { "5000000", 5000000 }, { "1T", 1000000000000 },
    };
    static const char *const bad[] = { "", "G", "8Q", "-1G", "8 G B", "1K", "nan", "inf", "8Gx", "9999T" };
    uint64_t bytes;
    cohl_error err;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(cohl_memory_read(&bytes, "--memory", good[i].text, NULL), COHL_OK);
        assert_int_equal(bytes, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(cohl_memory_read(&bytes, "--memory", bad[i], &err), COHL_ERR_ARGUMENT);
        assert_non_null(strstr(err.text, "--memory is \""));
    }
}

/* Where the settings could not be read, the limit among them was passed over in silence. */
static void test_a_limit_that_cannot_be_read_is_noted(void **state)
{
    static const struct { const char *name, *is; bool noted; } cases[] = {
        { "broken.db", "this is no database", true }, { "new.db", NULL, false }, { "nowhere/new.db", NULL, false } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char book[128];
        cohl_engine *engine;
        cohl_plan plan;
        const cohl_request request = tiny_request();
        snprintf(book, sizeof book, "%s/%s", aside, cases[i].name);
        if (cases[i].is)
            assert_int_equal(cohl_file_write(book, cases[i].is, strlen(cases[i].is), NULL), COHL_OK);
        ledger = book;
        open_engine(&engine, 0);
        ledger = "";
        assert_int_equal(cohl_request_check(engine, &request, &plan, NULL), COHL_OK);
        bool noted = false;
        for (int n = 0; n < plan.note_count; n++)
            noted |= strstr(plan.note[n], "no limit of memory is known") && strstr(plan.note[n], cases[i].name);
        assert_int_equal(noted, cases[i].noted);
        cohl_engine_close(engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_budget_gives_the_same_frames),
        cmocka_unit_test(test_less_than_the_least_is_refused_with_it),
        cmocka_unit_test(test_the_largest_film_that_fits_is_told),
        cmocka_unit_test(test_longer_and_larger_films_need_more),
        cmocka_unit_test(test_words_are_kept_for_the_next_run),
        cmocka_unit_test(test_sizes_are_read_as_people_write_them),
        cmocka_unit_test(test_a_limit_that_cannot_be_read_is_noted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
