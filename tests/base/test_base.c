/* Tests of base: random numbers, worker threads, files, text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/guard.h"
#include "base/rng.h"
#include "base/json.h"
#include "base/text.h"
#include "base/worker.h"

/* The published vectors of Philox4x32-10 (Random123, kat_vectors). */
static void test_rng_matches_published_philox_vectors(void **state)
{
    cohl_rng zero = cohl_rng_make(0, 0);
    static const uint32_t expected[4] = { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 };
    for (int i = 0; i < 4; i++)
        assert_int_equal(cohl_rng_u32(&zero), expected[i]);
}

static void test_rng_normal_does_not_depend_on_the_cut(void **state)
{
    float whole[101], parts[101];
    double sum = 0, squares = 0;
    cohl_rng_fill_normal(whole, 7, 101, 3, 4);
    cohl_rng_fill_normal(parts, 7, 34, 3, 4);
    cohl_rng_fill_normal(parts + 34, 41, 67, 3, 4);
    assert_memory_equal(whole, parts, sizeof whole);
    static float many[100000];
    cohl_rng_fill_normal(many, 0, 100000, 1, 1);
    for (int i = 0; i < 100000; i++)
        sum += many[i], squares += (double)many[i] * many[i];
    assert_true(sum / 1e5 < 0.02 && sum / 1e5 > -0.02);
    assert_true(squares / 1e5 > 0.98 && squares / 1e5 < 1.02);
}

static void count_tile(void *job, int tile, int thread)
{
    int *counts = job;
    counts[tile]++;
}

static void test_workers_run_every_tile_once(void **state)
{
    for (int threads = 1; threads <= 5; threads++) {
        cohl_workers *workers;
        assert_int_equal(cohl_workers_new(&workers, threads, NULL), COHL_OK);
        for (int round = 0; round < 2000; round++) {
            int counts[37] = { 0 };
            cohl_workers_run(workers, 1 + round % 37, count_tile, counts);
            for (int i = 0; i < 37; i++)
                assert_int_equal(counts[i], i < 1 + round % 37);
        }
        cohl_workers_free(workers);
    }
}

static void test_utf8_is_checked_strictly(void **state)
{
    static const struct { const char *bytes; size_t good; } cases[] = {
        { "plain", 5 }, { "é\xE2\x82\xAC", 5 }, { "a\x80", 1 }, { "\xC0\x80", 0 },
        { "\xED\xA0\x80", 0 }, { "\xF4\x90\x80\x80", 0 }, { "ab\xE2\x82", 2 }, { "\xF0\x9F\x8E\x88", 4 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(cohl_utf8_check(cases[i].bytes, strlen(cases[i].bytes)), cases[i].good);
}

static void test_what_is_no_utf8_is_mended_where_it_stands(void **state)
{
    static const struct { const char *from, *to; } cases[] = {
        { "", "" }, { "\xc3\xa9t\xc3\xa9.mp4", "\xc3\xa9t\xc3\xa9.mp4" }, { "\xe9t\xe9.mp4", "?t?.mp4" },
        { "\xff\xfe", "??" }, { "a\xc3", "a?" }, { "\xed\xa0\x80!", "??" "?!" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[32];
        snprintf(text, sizeof text, "%s", cases[i].from);
        assert_string_equal(cohl_utf8_mend(text), cases[i].to);
    }
}

static void test_a_path_comes_back_from_json_byte_for_byte(void **state)
{
    static const struct { const char *path, *stands; } cases[] = {
        { "stills/\xc3\xa9t\xc3\xa9 100%.png", NULL }, { "", NULL }, { "caf\xe9.png", "file:caf%E9.png" },
        { "\xff%41\xc3", "file:%FF%2541%C3" }, { "file:a%41.png", "file:file:a%2541.png" },
    };
    static const char *const others[] = { "file:%", "file:%4", "file:%00", "file:%e9" };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *json = json_pack("{s:o}", "at", cohl_json_path(cases[i].path));
        assert_string_equal(json_string_value(json_object_get(json, "at")), cases[i].stands ? cases[i].stands : cases[i].path);
        cohl_json_path_restore(json, "at");
        assert_string_equal(json_string_value(json_object_get(json, "at")), cases[i].path);
        json_decref(json);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        json_t *json = json_pack("{s:s}", "at", others[i]);
        cohl_json_path_restore(json, "at");
        assert_string_equal(json_string_value(json_object_get(json, "at")), others[i]);
        json_decref(json);
    }
}

static void test_a_failed_write_leaves_what_was_there(void **state)
{
    char folder[] = "/tmp/cohl-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = cohl_path_join(folder, "a.txt"), *text;
    cohl_writer out;
    assert_int_equal(cohl_file_write(path, "old", 3, NULL), COHL_OK);
    assert_int_equal(cohl_writer_open(&out, path, NULL), COHL_OK);
    assert_int_equal(cohl_writer_put(&out, "new words", 9, NULL), COHL_OK);
    assert_int_equal(cohl_writer_close(&out, COHL_ERR_CANCELLED, NULL), COHL_ERR_CANCELLED);
    assert_int_equal(cohl_file_read(&text, NULL, path, 100, NULL), COHL_OK);
    assert_string_equal(text, "old");
    free(text);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    free(path);
}

static void test_arena_gives_back_at_the_mark(void **state)
{
    cohl_arena arena;
    assert_int_equal(cohl_arena_open(&arena, 1 << 20, NULL), COHL_OK);
    void *first = cohl_arena_take(&arena, 100);
    cohl_mark mark = cohl_arena_mark(&arena);
    void *second = cohl_arena_take(&arena, 1000);
    assert_true((uintptr_t)second % COHL_ARENA_ALIGN == 0 && first != second);
    cohl_arena_release(&arena, mark);
    assert_ptr_equal(cohl_arena_take(&arena, 5), second);
    assert_null(cohl_arena_take(&arena, 1 << 20));
    cohl_arena_close(&arena);
}

enum { MAPPED_BYTES = 1 << 20 };

/* It reads what is no more there. 0: it got zeros, a sentence, and nothing it writes gets a name. */
static int read_what_was_cut(const char *path, const char *out)
{
    cohl_map map;
    cohl_error err = { 0 };
    cohl_guard_begin();
    if (cohl_map_open(&map, path, NULL) || map.data[map.size - 1] != 7 || cohl_guard_check(NULL) || truncate(path, 100))
        return 1;
    for (size_t at = map.size - 1; at > map.size / 2; at -= 1000)
        if (map.data[at])
            return 2;
    cohl_map_close(&map);
    if (cohl_guard_check(&err) != COHL_ERR_IO || !strstr(err.text, path) || !strstr(err.text, "became shorter"))
        return 3;
    return cohl_file_write(out, "made of it", 10, NULL) != COHL_ERR_IO || cohl_file_exists(out) ? 4 : 0;
}

/* Memory that is no map of ours: as before, the end. */
static int read_a_strangers(const char *path, const char *out)
{
    (void)out;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    const volatile uint8_t *data = mmap(NULL, MAPPED_BYTES, PROT_READ, MAP_PRIVATE, fd, 0);
    cohl_guard_begin();
    signal(SIGALRM, SIG_DFL);
    alarm(20);
    return truncate(path, 100) || data[MAPPED_BYTES - 1];
}

static int status_of(int (*work)(const char *path, const char *out), const char *path, const char *out)
{
    int status = -1;
    pid_t child = fork();
    if (!child)
        _exit(work(path, out));
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_a_mapped_file_that_is_cut_is_one_sentence(void **state)
{
    char folder[] = "/tmp/cohl-guard-XXXXXX", path[64], out[64], *bytes = malloc(MAPPED_BYTES);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/weights", folder);
    snprintf(out, sizeof out, "%s/made", folder);
    memset(bytes, 7, MAPPED_BYTES);
    for (int own = 1; own >= 0; own--) {
        assert_int_equal(cohl_file_write(path, bytes, MAPPED_BYTES, NULL), COHL_OK);
        int status = status_of(own ? read_what_was_cut : read_a_strangers, path, out);
        if (own ? !WIFEXITED(status) || WEXITSTATUS(status) : WIFEXITED(status) && !WEXITSTATUS(status))
            fail_msg("%s: status %x", own ? "a map" : "a stranger's", (unsigned)status);
    }
    free(bytes);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rng_matches_published_philox_vectors),
        cmocka_unit_test(test_rng_normal_does_not_depend_on_the_cut),
        cmocka_unit_test(test_workers_run_every_tile_once),
        cmocka_unit_test(test_utf8_is_checked_strictly),
        cmocka_unit_test(test_a_mapped_file_that_is_cut_is_one_sentence),
        cmocka_unit_test(test_what_is_no_utf8_is_mended_where_it_stands),
        cmocka_unit_test(test_a_path_comes_back_from_json_byte_for_byte),
        cmocka_unit_test(test_a_failed_write_leaves_what_was_there),
        cmocka_unit_test(test_arena_gives_back_at_the_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
