/* Tests of store: whose file, versions, transactions, values, and kills.
 *
 *     test_store [KILLS] */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/home.h"
#include "base/rng.h"
#include "store/store.h"

static char folder[] = "/tmp/cohl-store-XXXXXX", path[64];
static int kills = 20;

static const char *const first_steps[] = {
    "CREATE TABLE shots (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT", NULL };
static const char *const later_steps[] = {
    "CREATE TABLE shots (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
    "ALTER TABLE shots ADD COLUMN length REAL; UPDATE shots SET length = 2.5", NULL };
static const char *const broken_steps[] = {
    "CREATE TABLE shots (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
    "ALTER TABLE shots ADD COLUMN length REAL; INSERT INTO nowhere VALUES (1)", NULL };
static const char *const value_steps[] = { "CREATE TABLE held (a, b, c, d, e)", NULL };
static const cohl_store_room first = { "shots", first_steps }, later = { "shots", later_steps },
                             broken = { "shots", broken_steps }, held = { "values", value_steps };

static int new_file(void **state)
{
    const char *const endings[] = { "", "-wal", "-shm" };
    for (int i = 0; i < 3; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
    return 0;
}

static cohl_store *open_fine(const cohl_store_room *room)
{
    cohl_store *store;
    cohl_error err = { 0 };
    if (cohl_store_open(&store, path, COHL_ROOMS(room), &err))
        fail_msg("%s", err.text);
    return store;
}

static void open_fails(cohl_status expected, const char *words, const cohl_store_room *room)
{
    cohl_store *store;
    cohl_error err = { 0 };
    assert_int_equal(cohl_store_open(&store, path, COHL_ROOMS(room), &err), expected);
    assert_null(store);
    if (!strstr(err.text, words) || !strstr(err.text, path))
        fail_msg("\"%s\" does not say \"%s\" of %s", err.text, words, path);
}

static void add_shot(cohl_store *store, const char *name)
{
    assert_int_equal(cohl_store_do(store, "INSERT INTO shots (name) VALUES (?)", COHL_VALUES(cohl_value_text(name)),
                                   NULL), COHL_OK);
}

static int64_t count_shots(cohl_store *store)
{
    int64_t count;
    assert_int_equal(cohl_store_count(&count, store, "SELECT count(*) FROM shots", COHL_NO_VALUES, -1, NULL), COHL_OK);
    return count;
}

static void test_every_kind_of_value_comes_back(void **state)
{
    cohl_store *store = open_fine(&held);
    cohl_rows *rows;
    size_t size;
    assert_int_equal(cohl_store_do(store, "INSERT INTO held VALUES (?, ?, ?, ?, ?)",
                                   COHL_VALUES(cohl_value_int(INT64_MIN), cohl_value_real(0.1),
                                               cohl_value_text("\xc3\xa9t\xc3\xa9"), cohl_value_blob("a\0b", 3),
                                               cohl_value_text(NULL)), NULL), COHL_OK);
    assert_int_equal(cohl_store_last_row(store), 1);
    assert_int_equal(cohl_rows_open(&rows, store, "SELECT * FROM held WHERE c = ?",
                                    COHL_VALUES(cohl_value_text("\xc3\xa9t\xc3\xa9")), NULL), COHL_OK);
    assert_true(cohl_rows_next(rows));
    assert_true(cohl_rows_int(rows, 0) == INT64_MIN);
    assert_true(cohl_rows_real(rows, 1) == 0.1);
    assert_string_equal(cohl_rows_text(rows, 2), "\xc3\xa9t\xc3\xa9");
    assert_memory_equal(cohl_rows_blob(rows, 3, &size), "a\0b", 3);
    assert_int_equal(size, 3);
    assert_true(cohl_rows_is_null(rows, 4));
    assert_null(cohl_rows_text(rows, 4));
    assert_false(cohl_rows_next(rows));
    assert_false(cohl_rows_next(rows));
    assert_int_equal(cohl_rows_close(rows, COHL_OK, NULL), COHL_OK);
    cohl_store_close(store);
}

static void test_a_room_is_brought_from_its_version_to_the_last(void **state)
{
    int64_t tenths;
    cohl_store *store = open_fine(&first);
    add_shot(store, "one");
    cohl_store_close(store);
    store = open_fine(&later);
    assert_int_equal(cohl_store_count(&tenths, store, "SELECT 10 * length FROM shots", COHL_NO_VALUES, -1, NULL), COHL_OK);
    assert_int_equal(tenths, 25);
    cohl_store_close(store);
    cohl_store_close(open_fine(&later));
}

static void test_a_step_that_fails_leaves_the_old_version(void **state)
{
    cohl_store *store = open_fine(&first);
    add_shot(store, "one");
    cohl_store_close(store);
    open_fails(COHL_ERR_IO, "no such table: nowhere", &broken);
    store = open_fine(&first);
    assert_int_equal(count_shots(store), 1);
    cohl_store_close(store);
}

static void test_what_a_newer_cohl_wrote_is_refused_by_name(void **state)
{
    cohl_store_close(open_fine(&later));
    open_fails(COHL_ERR_UNSUPPORTED, "its shots are version 2, this one knows 1", &first);
    cohl_store *store = open_fine(&held);                    /* other rooms of the same file are not in the way */
    cohl_store_close(store);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 7", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    open_fails(COHL_ERR_UNSUPPORTED, "layout 7, this one knows 1", &later);
}

static void test_files_of_others_are_left_alone(void **state)
{
    sqlite3 *db;
    char before[COHL_DIGEST_HEX], after[COHL_DIGEST_HEX];
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE recipes (soup)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(cohl_digest_file(before, path, NULL), COHL_OK);
    open_fails(COHL_ERR_FORMAT, "another program", &first);
    assert_int_equal(cohl_digest_file(after, path, NULL), COHL_OK);
    assert_string_equal(before, after);
    static char text[5000];
    memset(text, 'x', sizeof text);
    new_file(state);
    assert_int_equal(cohl_file_write(path, text, sizeof text, NULL), COHL_OK);
    open_fails(COHL_ERR_FORMAT, "is not an SQLite file", &first);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    open_fails(COHL_ERR_IO, "cannot be opened", &first);
    rmdir(path);
}

static void test_a_file_cut_or_overwritten_is_one_sentence(void **state)
{
    char *bytes;
    size_t size;
    cohl_store *store = open_fine(&first);
    for (int i = 0; i < 300; i++) {
        char name[64];
        snprintf(name, sizeof name, "a shot with a name that fills pages %d", i);
        add_shot(store, name);
    }
    cohl_store_close(store);
    assert_int_equal(cohl_file_read(&bytes, &size, path, 1 << 24, NULL), COHL_OK);
    cohl_rng rng = cohl_rng_make(3, 3);
    for (int i = 0; i < 200; i++) {
        cohl_error err = { 0 };
        char *copy = malloc(size);
        memcpy(copy, bytes, size);
        size_t cut = i % 2 ? size : 1 + cohl_rng_below(&rng, (uint32_t)size - 1);
        for (int k = 0; i % 2 && k < 40; k++)
            copy[cohl_rng_below(&rng, (uint32_t)size)] = (char)cohl_rng_u32(&rng);
        new_file(state);
        assert_int_equal(cohl_file_write(path, copy, cut, NULL), COHL_OK);
        free(copy);
        cohl_status st = cohl_store_open(&store, path, COHL_ROOMS(&first), &err);
        if (!st) {
            cohl_rows *rows;
            st = cohl_rows_open(&rows, store, "SELECT name FROM shots ORDER BY name", COHL_NO_VALUES, &err);
            while (cohl_rows_next(rows))
                assert_true(cohl_rows_is_null(rows, 0) || cohl_rows_text(rows, 0));
            st = cohl_rows_close(rows, st, &err);
            cohl_store_close(store);
        }
        if (st)
            assert_true(strlen(err.text) > 20 && !strchr(err.text, '\n'));
    }
    free(bytes);
}

static void test_a_failed_transaction_leaves_nothing(void **state)
{
    cohl_store *store = open_fine(&first);
    cohl_error err = { 0 };
    add_shot(store, "one");
    assert_int_equal(cohl_store_begin(store, NULL), COHL_OK);
    add_shot(store, "two");
    cohl_status st = cohl_store_do(store, "INSERT INTO shots (name) VALUES (?)", COHL_VALUES(cohl_value_text("one")),
                                   &err);
    assert_int_equal(cohl_store_end(store, st, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "UNIQUE"));
    assert_int_equal(count_shots(store), 1);
    assert_int_equal(cohl_store_begin(store, NULL), COHL_OK);
    add_shot(store, "three");
    assert_int_equal(cohl_store_end(store, COHL_OK, NULL), COHL_OK);
    assert_int_equal(count_shots(store), 2);
    cohl_store_close(store);
}

static void test_a_full_disk_is_said_and_loses_nothing(void **state)
{
    cohl_store *store = open_fine(&first);
    cohl_error err = { 0 };
    int64_t pages, most;
    add_shot(store, "one");
    assert_int_equal(cohl_store_count(&pages, store, "PRAGMA page_count", COHL_NO_VALUES, 0, NULL), COHL_OK);
    assert_int_equal(cohl_store_count(&most, store, "PRAGMA max_page_count = 6", COHL_NO_VALUES, 0, NULL), COHL_OK);
    char *long_name = calloc(1, 100001);
    memset(long_name, 'x', 100000);
    assert_int_equal(cohl_store_begin(store, NULL), COHL_OK);
    cohl_status st = cohl_store_do(store, "INSERT INTO shots (name) VALUES (?)",
                                   COHL_VALUES(cohl_value_text(long_name)), &err);
    assert_int_equal(cohl_store_end(store, st, &err), COHL_ERR_IO);
    assert_non_null(strstr(err.text, "the disk is full"));
    free(long_name);
    assert_int_equal(count_shots(store), 1);
    cohl_store_close(store);
}

static void test_the_file_is_for_its_owner_alone(void **state)
{
    struct stat info;
    cohl_store *store = open_fine(&first);
    add_shot(store, "one");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    char log[80];
    snprintf(log, sizeof log, "%s-wal", path);
    assert_int_equal(stat(log, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    cohl_store_close(store);
}

static void test_the_users_folder_follows_the_xdg_variables(void **state)
{
    char *at = NULL, data[80];
    struct stat info;
    snprintf(data, sizeof data, "%s/data", folder);
    setenv("XDG_DATA_HOME", data, 1);
    assert_int_equal(cohl_store_usual_path(&at, NULL), COHL_OK);
    assert_int_equal(strncmp(at, data, strlen(data)), 0);
    assert_string_equal(at + strlen(data), "/cohl/ledger.db");
    free(at);
    assert_int_equal(cohl_home_make(&at, "keys", NULL), COHL_OK);
    assert_true(cohl_folder_exists(at));
    assert_int_equal(stat(at, &info), 0);
    free(at);
    assert_int_equal(cohl_home_path(&at, "", NULL), COHL_OK);
    assert_int_equal(stat(at, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    free(at);
    setenv("XDG_DATA_HOME", "relative", 1);
    setenv("HOME", "/home/someone", 1);
    assert_int_equal(cohl_home_path(&at, "keys", NULL), COHL_OK);
    assert_string_equal(at, "/home/someone/.local/share/cohl/keys");
    free(at);
    unsetenv("HOME");
    cohl_error err = { 0 };
    assert_int_equal(cohl_home_path(&at, "", &err), COHL_ERR_IO);
    assert_non_null(strstr(err.text, "XDG_DATA_HOME"));
    char *nowhere = folder;                              /* not a byte of it may be freed */
    assert_int_equal(cohl_home_make(&nowhere, "keys", NULL), COHL_ERR_IO);
    assert_null(nowhere);
    assert_int_equal(cohl_store_usual_path(&nowhere, NULL), COHL_ERR_IO);
    setenv("HOME", folder, 1);
}

/* ---- several processes --------------------------------------------------- */

/* Adds shots until it is killed, and says each number when it was confirmed. */
static void write_for_ever(int out, int who)
{
    cohl_store *store = open_fine(&first);
    for (int i = 0;; i++) {
        char name[48];
        snprintf(name, sizeof name, "%d of %d", i, who);
        add_shot(store, name);
        if (write(out, "+", 1) != 1)
            _exit(3);
    }
}

static void wait_us(uint32_t us) { nanosleep(&(struct timespec){ 0, (long)us * 1000 }, NULL); }

static int64_t confirmed_by(int in)
{
    char bytes[4096];
    int64_t all = 0;
    for (ssize_t size; (size = read(in, bytes, sizeof bytes)) > 0;)
        all += size;
    return all;
}

/* Every confirmed shot is there, and at most the one that was being confirmed besides. */
static void test_a_kill_loses_nothing_that_was_confirmed(void **state)
{
    cohl_rng rng = cohl_rng_make(11, 1);
    int64_t before = 0, all = 0;
    for (int i = 0; i < kills; i++) {
        int end[2], status;
        assert_int_equal(pipe2(end, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (!pid)
            write_for_ever(end[1], i);
        close(end[1]);
        char one;
        int64_t confirmed = i % 4 && read(end[0], &one, 1) == 1;      /* the fourth while it opens */
        wait_us(cohl_rng_below(&rng, 30000));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        confirmed += confirmed_by(end[0]);
        close(end[0]);
        cohl_store *store = open_fine(&first);
        int64_t now = count_shots(store);
        if (now < before + confirmed || now > before + confirmed + 1)
            fail_msg("kill %d: %lld shots, %lld before and %lld confirmed", i, (long long)now, (long long)before,
                     (long long)confirmed);
        cohl_store_close(store);
        before = now, all += confirmed;
    }
    assert_true(all >= 3 * kills / 4);
}

static void test_processes_open_and_write_one_new_file_together(void **state)
{
    enum { PROCESSES = 5, EACH = 6 };
    for (int who = 0; who < PROCESSES; who++)
        if (!fork()) {
            cohl_store *store = open_fine(&first);
            for (int i = 0; i < EACH; i++) {
                char name[48];
                snprintf(name, sizeof name, "%d of %d", i, who);
                add_shot(store, name);
            }
            cohl_store_close(store);
            _exit(0);
        }
    for (int who = 0; who < PROCESSES; who++) {
        int status;
        wait(&status);
        assert_int_equal(status, 0);
    }
    cohl_store *store = open_fine(&first);
    assert_int_equal(count_shots(store), PROCESSES * EACH);
    cohl_store_close(store);
}

/* ---- digests ------------------------------------------------------------- */

static void test_digests_are_those_of_sha256sum(void **state)
{
    char hex[COHL_DIGEST_HEX], below[80], name[120];
    assert_int_equal(cohl_digest_bytes(hex, "abc", 3, NULL), COHL_OK);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    snprintf(below, sizeof below, "%s/tree/b", folder);
    assert_int_equal(cohl_folder_make(below, NULL), COHL_OK);
    const char *const names[] = { "tree/b/two", "tree/.hidden", "beside" };
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s/%s", folder, names[i]);
        assert_int_equal(cohl_file_write(name, "abc", 3, NULL), COHL_OK);
    }
    snprintf(name, sizeof name, "%s/tree/one", folder);        /* as downloaders keep weights: a link */
    assert_int_equal(symlink("../beside", name), 0);
    snprintf(below, sizeof below, "%s/tree", folder);
    assert_int_equal(cohl_digest_folder(hex, below, NULL), COHL_OK);
    const char *lines = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b/two\n"
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  one\n";
    char expected[COHL_DIGEST_HEX];
    assert_int_equal(cohl_digest_bytes(expected, lines, strlen(lines), NULL), COHL_OK);
    assert_string_equal(hex, expected);
}

int main(int argc, char **argv)
{
    kills = argc > 1 ? atoi(argv[1]) : kills;
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/ledger.db", folder);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_every_kind_of_value_comes_back, new_file),
        cmocka_unit_test_setup(test_a_room_is_brought_from_its_version_to_the_last, new_file),
        cmocka_unit_test_setup(test_a_step_that_fails_leaves_the_old_version, new_file),
        cmocka_unit_test_setup(test_what_a_newer_cohl_wrote_is_refused_by_name, new_file),
        cmocka_unit_test_setup(test_files_of_others_are_left_alone, new_file),
        cmocka_unit_test_setup(test_a_file_cut_or_overwritten_is_one_sentence, new_file),
        cmocka_unit_test_setup(test_a_failed_transaction_leaves_nothing, new_file),
        cmocka_unit_test_setup(test_a_full_disk_is_said_and_loses_nothing, new_file),
        cmocka_unit_test_setup(test_the_file_is_for_its_owner_alone, new_file),
        cmocka_unit_test_setup(test_a_kill_loses_nothing_that_was_confirmed, new_file),
        cmocka_unit_test_setup(test_processes_open_and_write_one_new_file_together, new_file),
        cmocka_unit_test(test_the_users_folder_follows_the_xdg_variables),
        cmocka_unit_test(test_digests_are_those_of_sha256sum),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) || failed;
}
