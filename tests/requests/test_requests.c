/* Tests of requests: from received to done, clocks, effects, a log that is only added to, kills.
 *
 *     test_requests [KILLS] */
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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "ledger/settings.h"
#include "requests/case.h"

static char folder[] = "/tmp/cohl-requests-XXXXXX", path[64], packs[64];
static cohl_store *store;
static int kills = 16;
static const int64_t noon = 1795348800;       /* 2026-11-22T12:00:00Z */

static void wait_us(uint32_t us) { nanosleep(&(struct timespec){ 0, (long)us * 1000 }, NULL); }

static int open_store(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s/*", folder);
    return system(command) || cohl_case_open(&store, path, NULL);
}

static int close_store(void **state)
{
    cohl_store_close(store);
    store = NULL;
    return 0;
}

static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";

/* A film whose digest begins with its letter; made from the film of another letter, 0: from none. */
static int64_t add_film(char letter, char parent)
{
    char digest[COHL_DIGEST_HEX], from[COHL_DIGEST_HEX], label[32], recipe[64];
    memcpy(digest, zeros, sizeof digest);
    memcpy(from, zeros, sizeof from);
    digest[0] = letter, from[0] = parent;
    snprintf(label, sizeof label, "urn:c2pa:%c", letter);
    snprintf(recipe, sizeof recipe, "{\"prompt\":\"a red balloon over film %c\"}", letter);
    const cohl_film_file file = { "/films/film.mp4", digest, 1000, label, NULL, 0 };
    const cohl_film_link link = { "parent", from, NULL };
    const cohl_film_made made = { .file = &file, .file_count = 1, .title = "Ballon rouge", .recipe = recipe, .width = 64,
                                  .height = 64, .frames = 9, .fps = 16, .marked = true, .mark = (uint64_t)letter,
                                  .mark_key = "1", .link = &link, .link_count = parent != 0 };
    int64_t film;
    assert_int_equal(cohl_ledger_add(store, &made, &film, NULL), COHL_OK);
    return film;
}

static cohl_case_made receive(const char *identifier)
{
    cohl_case_made made;
    cohl_error err = { 0 };
    const cohl_case_intake in = { .kind = COHL_CASE_LIKENESS, .identifier = identifier, .about = "c'est moi",
                                  .from = "a@example.org" };
    if (cohl_case_receive(&made, store, &in, noon, &err))
        fail_msg("%s", err.text);
    return made;
}

static json_t *audit(const cohl_receipt *receipt, int count)
{
    json_t *wrong;
    assert_int_equal(cohl_case_audit(&wrong, store, receipt, count, packs, NULL), COHL_OK);
    return wrong;
}

static void audit_is_clean(void)
{
    json_t *wrong = audit(NULL, 0);
    if (json_array_size(wrong))
        fail_msg("%s", json_string_value(json_array_get(wrong, 0)));
    json_decref(wrong);
}

static void audit_says(const char *words)
{
    json_t *wrong = audit(NULL, 0);
    char *all = json_dumps(wrong, 0);
    if (!strstr(all, words))
        fail_msg("the audit says %s, expected \"%s\"", all, words);
    free(all);
    json_decref(wrong);
}

/* ---- one after another --------------------------------------------------- */

static void test_a_request_goes_from_received_to_done_with_its_clocks(void **state)
{
    cohl_receipt receipt;
    json_t *json, *next;
    int64_t film = add_film('a', 0);
    cohl_case_made made = receive("urn:c2pa:a");
    assert_int_equal(made.found, 1);
    assert_int_equal(cohl_case_json(&json, store, made.number, noon + 3600, NULL), COHL_OK);
    next = json_object_get(json, "next");
    assert_string_equal(json_string_value(json_object_get(next, "by")), "2026-11-24T12:00:00Z");
    assert_float_equal(json_number_value(json_object_get(next, "hours_left")), 47, 1e-9);
    assert_true(json_is_false(json_object_get(next, "overdue")));
    json_decref(json);
    assert_int_equal(cohl_setting_set(store, "requests.decide", "24", NULL), COHL_OK);
    assert_int_equal(cohl_case_acknowledge(&receipt, store, made.number, "read", noon + 7200, NULL), COHL_OK);
    assert_int_equal(cohl_case_json(&json, store, made.number, noon + 100 * 3600, NULL), COHL_OK);
    next = json_object_get(json, "next");
    assert_string_equal(json_string_value(json_object_get(next, "by")), "2026-11-23T14:00:00Z");
    assert_true(json_is_true(json_object_get(next, "overdue")));
    json_decref(json);
    const cohl_case_decision yes = { .accepted = true, .why = "it is their face", .block_count = -1 };
    assert_int_equal(cohl_case_decide(&receipt, store, made.number, &yes, noon + 9000, NULL), COHL_OK);
    assert_int_equal(cohl_case_finish(&receipt, store, made.number, NULL, noon + 9001, NULL), COHL_OK);
    assert_int_equal(receipt.entry, 4);
    assert_int_equal(cohl_case_json(&json, store, made.number, noon + 9999, NULL), COHL_OK);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "done");
    assert_null(json_object_get(json, "next"));
    assert_int_equal(json_array_size(json_object_get(json, "log")), 4);
    json_decref(json);
    assert_int_equal(cohl_ledger_film_json(&json, store, film, NULL), COHL_OK);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "blocked");
    json_decref(json);
    audit_is_clean();
}

static void test_steps_out_of_turn_are_refused(void **state)
{
    cohl_receipt receipt;
    cohl_error err = { 0 };
    const cohl_case_decision no = { .why = "it is not" }, nothing = { .accepted = true },
                             both = { .why = "no", .block_count = -1 };
    cohl_case_made made = receive("urn:c2pa:none");
    assert_int_equal(made.found, 0);
    assert_int_equal(cohl_case_decide(&receipt, store, made.number, &no, noon, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "request 1 is received"));
    assert_int_equal(cohl_case_finish(&receipt, store, made.number, NULL, noon, &err), COHL_ERR_ARGUMENT);
    assert_int_equal(cohl_case_acknowledge(&receipt, store, 9, NULL, noon, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "no request 9"));
    assert_int_equal(cohl_case_acknowledge(&receipt, store, made.number, NULL, noon, NULL), COHL_OK);
    assert_int_equal(cohl_case_acknowledge(&receipt, store, made.number, NULL, noon, NULL), COHL_ERR_ARGUMENT);
    assert_int_equal(cohl_case_decide(&receipt, store, made.number, &nothing, noon, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "reason"));
    assert_int_equal(cohl_case_decide(&receipt, store, made.number, &both, noon, &err), COHL_ERR_ARGUMENT);
    assert_int_equal(cohl_case_decide(&receipt, store, made.number, &no, noon, &err), COHL_OK);
    assert_int_equal(receipt.entry, 3);                      /* what was refused left nothing in the log */
    audit_is_clean();
}

static void test_bad_intakes_are_one_sentence(void **state)
{
    char *long_text = calloc(1, COHL_CASE_TEXT_MAX + 2);
    memset(long_text, 'x', COHL_CASE_TEXT_MAX + 1);
    const struct { cohl_case_intake in; cohl_status st; const char *said; } cases[] = {
        { { .about = NULL }, COHL_ERR_ARGUMENT, "needs a file, an identifier or a description" },
        { { .about = " \n" }, COHL_ERR_ARGUMENT, "needs a file" },
        { { .identifier = "abc" }, COHL_ERR_ARGUMENT, "\"abc\" is no identifier" },
        { { .identifier = "" }, COHL_ERR_ARGUMENT, "is no identifier" },
        { { .file = "/nowhere/film.mp4" }, COHL_ERR_IO, "/nowhere/film.mp4" },
        { { .about = "\xff\xfe" }, COHL_ERR_ARGUMENT, "not UTF-8" },
        { { .about = long_text }, COHL_ERR_ARGUMENT, "expected at most" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_case_made made;
        cohl_error err = { 0 };
        assert_int_equal(cohl_case_receive(&made, store, &cases[i].in, noon, &err), cases[i].st);
        assert_non_null(strstr(err.text, cases[i].said));
    }
    json_t *list;
    assert_int_equal(cohl_case_list(&list, store, true, noon, NULL), COHL_OK);
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    free(long_text);
}

/* ---- found --------------------------------------------------------------- */

static void test_films_are_found_by_file_identifier_and_words(void **state)
{
    cohl_film_hits hits;
    char file[96];
    add_film('a', 0);
    add_film('b', 0);
    const struct { const char *identifier; int64_t film; } cases[] = {
        { "urn:c2pa:b", 2 }, { "2", 2 }, { "0000000061", 1 },
        { "B000000000000000000000000000000000000000000000000000000000000000", 2 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(cohl_case_find_identifier(&hits, store, cases[i].identifier, NULL), COHL_OK);
        assert_int_equal(hits.count, 1);
        assert_int_equal(hits.hit[0].film, cases[i].film);
        cohl_film_hits_free(&hits);
    }
    assert_int_equal(cohl_case_find_words(&hits, store, "The BALLOON, over \"film b\"?", NULL), COHL_OK);
    assert_int_equal(hits.count, 2);
    cohl_film_hits_free(&hits);
    assert_int_equal(cohl_case_find_words(&hits, store, "an octopus", NULL), COHL_OK);
    assert_int_equal(hits.count, 0);
    cohl_film_hits_free(&hits);
    assert_int_equal(cohl_case_find_words(&hits, store, "a to", NULL), COHL_OK);      /* no word that says anything */
    assert_int_equal(hits.count, 0);
    snprintf(file, sizeof file, "%s/clip.mp4", folder);
    assert_int_equal(cohl_file_write(file, "no film", 7, NULL), COHL_OK);
    json_t *evidence;
    assert_int_equal(cohl_case_find_file(&hits, &evidence, store, file, NULL), COHL_OK);
    assert_int_equal(hits.count, 0);
    assert_int_equal(strlen(json_string_value(json_object_get(evidence, "digest"))), 64);
    json_decref(evidence);
}

/* ---- effects ------------------------------------------------------------- */

static bool is_blocked(int64_t film)
{
    int64_t count;
    assert_int_equal(cohl_store_count(&count, store, "SELECT count(*) FROM films WHERE id = ? AND blocked IS NOT NULL",
                                      COHL_VALUES(cohl_value_int(film)), 0, NULL), COHL_OK);
    return count == 1;
}

static void decide(int64_t number, const cohl_case_decision *decision)
{
    cohl_receipt receipt;
    cohl_error err = { 0 };
    if (cohl_case_decide(&receipt, store, number, decision, noon, &err))
        fail_msg("%s", err.text);
    assert_int_equal(cohl_case_write_pack(store, packs, NULL), COHL_OK);
}

static int64_t acknowledged(const char *identifier)
{
    cohl_receipt receipt;
    cohl_case_made made = receive(identifier);
    assert_int_equal(cohl_case_acknowledge(&receipt, store, made.number, NULL, noon, NULL), COHL_OK);
    return made.number;
}

static void test_descendants_are_listed_and_blocked_when_asked(void **state)
{
    int64_t first = add_film('a', 0), second = add_film('b', 'a'), third = add_film('c', 'b'), other = add_film('d', 0);
    int64_t number = acknowledged("urn:c2pa:a");
    json_t *log;
    decide(number, &(cohl_case_decision){ .accepted = true, .why = "yes", .block_count = -1 });
    assert_true(is_blocked(first) && !is_blocked(second) && !is_blocked(third));
    assert_int_equal(cohl_case_log_json(&log, store, number, NULL), COHL_OK);
    json_t *effects = json_object_get(json_object_get(json_array_get(log, 2), "body"), "effects");
    assert_int_equal(json_array_size(json_object_get(effects, "descendants")), 2);
    json_decref(log);
    decide(number, &(cohl_case_decision){ .accepted = true, .why = "all", .block_count = -1, .descendants = true });
    assert_true(is_blocked(first) && is_blocked(second) && is_blocked(third) && !is_blocked(other));
    audit_is_clean();
}

static void test_a_new_decision_takes_the_formers_effects_back(void **state)
{
    int64_t film = add_film('a', 0), one = acknowledged("urn:c2pa:a"), two = acknowledged("urn:c2pa:a");
    char pack[96];
    snprintf(pack, sizeof pack, "%s/requests.json", packs);
    decide(one, &(cohl_case_decision){ .accepted = true, .why = "yes", .block_count = -1, .words = "Ann Example, Ann E." });
    decide(two, &(cohl_case_decision){ .accepted = true, .why = "yes", .block = &film, .block_count = 1 });
    assert_true(cohl_file_exists(pack));
    decide(one, &(cohl_case_decision){ .why = "we were wrong" });
    assert_false(cohl_file_exists(pack));
    assert_true(is_blocked(film));                      /* by the other */
    decide(two, &(cohl_case_decision){ .why = "here too" });
    assert_false(is_blocked(film));
    audit_is_clean();
}

static void test_words_become_a_policy_pack_of_the_operator(void **state)
{
    char pack[96], *text;
    int64_t number = acknowledged("urn:c2pa:none");
    decide(number, &(cohl_case_decision){ .accepted = true, .why = "yes", .words = "Ann Example , , Beispiel" });
    snprintf(pack, sizeof pack, "%s/requests.json", packs);
    assert_int_equal(cohl_file_read(&text, NULL, pack, 1 << 20, NULL), COHL_OK);
    json_t *json = json_loads(text, 0, NULL), *list = json_array_get(json_object_get(json, "lists"), 0);
    json_t *rule = json_array_get(json_object_get(json, "rules"), 0);
    assert_string_equal(json_string_value(json_array_get(json_object_get(list, "words"), 0)), "Ann Example");
    assert_int_equal(json_array_size(json_object_get(list, "words")), 2);
    assert_string_equal(json_string_value(json_object_get(rule, "category")), "likeness");
    assert_string_equal(json_string_value(json_object_get(list, "origin")), "request 1");
    json_decref(json);
    free(text);
    audit_is_clean();
    assert_int_equal(cohl_file_write(pack, "{}", 2, NULL), COHL_OK);
    audit_says("does not hold the words of accepted requests");
}

static void test_a_decision_about_a_film_that_is_not_there_changes_nothing(void **state)
{
    const int64_t film = 99;
    cohl_receipt receipt;
    cohl_error err = { 0 };
    int64_t number = acknowledged("urn:c2pa:none");
    const cohl_case_decision d = { .accepted = true, .why = "yes", .block = &film, .block_count = 1, .words = "Ann" };
    assert_int_equal(cohl_case_decide(&receipt, store, number, &d, noon, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "no film 99"));
    assert_int_equal(cohl_case_write_pack(store, packs, NULL), COHL_OK);
    audit_is_clean();
}

static void test_how_to_reach_someone_can_be_forgotten(void **state)
{
    json_t *json;
    cohl_receipt receipt;
    cohl_case_made made = receive("urn:c2pa:none");
    assert_int_equal(cohl_case_forget(&receipt, store, made.number, noon, NULL), COHL_OK);
    assert_int_equal(cohl_case_json(&json, store, made.number, noon, NULL), COHL_OK);
    char *all = json_dumps(json, 0);
    assert_null(strstr(all, "a@example.org"));          /* nor did the log have it */
    free(all);
    json_decref(json);
    audit_is_clean();
}

/* ---- the log ------------------------------------------------------------- */

/* What another hand does to the file. */
static void tamper(const char *sql)
{
    sqlite3 *db;
    char *said = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &said))
        fail_msg("%s", said);
    sqlite3_close(db);
}

#define FREE "DROP TRIGGER request_log_stays; DROP TRIGGER request_log_keeps; "

static void test_the_audit_names_what_was_done_to_the_log(void **state)
{
    static const struct { const char *deed, *said; } cases[] = {
        { FREE "UPDATE request_log SET body = '{}' WHERE entry = 2", "entry 2 was changed" },
        { FREE "UPDATE request_log SET at = at + 1 WHERE entry = 5", "entry 5 was changed" },
        { FREE "UPDATE request_log SET digest = previous WHERE entry = 3", "entry 3 was changed" },
        { FREE "UPDATE request_log SET digest = digest || digest WHERE entry = 3", "entry 3 was changed" },
        { FREE "DELETE FROM request_log WHERE entry = 3", "entry 3 is missing" },
        { FREE "DELETE FROM request_log WHERE entry IN (2, 3, 4)", "entries 2 to 4 are missing" },
        { FREE "DELETE FROM request_log WHERE entry > 3", "the log is cut: it ends with entry 3 and went on to 6" },
        { FREE "DELETE FROM request_log", "the log is cut: it ends with entry 0" },
        { FREE "DELETE FROM request_log WHERE entry = 3; UPDATE request_log SET entry = entry - 1 WHERE entry > 3",
          "what stood before entry 3 is gone" },
        { FREE "UPDATE request_log SET entry = 99 WHERE entry = 2; UPDATE request_log SET entry = 2 WHERE entry = 3; "
               "UPDATE request_log SET entry = 3 WHERE entry = 99", "entry 2 is out of order" },
        { FREE "DELETE FROM request_log WHERE entry = 6; UPDATE request_log_end SET entry = 5",
          "the last entry, 5, is not the one that was made" },
        { "INSERT INTO request_log SELECT 7, at, request, event, body, digest, digest FROM request_log WHERE entry = 6",
          "entries after 6 were added by another hand" },
        { "UPDATE requests SET state = 'done' WHERE number = 2", "request 2 is done, but its log says received" },
        { "UPDATE requests SET accepted = 0 WHERE number = 1", "request 1 is decided otherwise" },
        { "UPDATE request_films SET blocked = 0", "request 1 blocks other films than its log says" },
        { "UPDATE films SET blocked = NULL", "film 1 is not blocked" },
        { "DELETE FROM requests WHERE number = 2", "request 2 is gone, but its log is there" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        close_store(state);
        open_store(state);
        add_film('a', 0);
        int64_t number = acknowledged("urn:c2pa:a");
        decide(number, &(cohl_case_decision){ .accepted = true, .why = "yes", .block_count = -1 });
        for (int k = 0; k < 3; k++)
            receive("urn:c2pa:a");
        assert_int_equal(cohl_case_write_pack(store, packs, NULL), COHL_OK);
        audit_is_clean();
        tamper(cases[i].deed);
        audit_says(cases[i].said);
    }
}

static void test_the_log_refuses_to_be_changed(void **state)
{
    cohl_error err = { 0 };
    receive("urn:c2pa:none");
    assert_int_not_equal(cohl_store_do(store, "UPDATE request_log SET at = 0", COHL_NO_VALUES, &err), COHL_OK);
    assert_non_null(strstr(err.text, "only added to"));
    assert_int_not_equal(cohl_store_do(store, "DELETE FROM request_log", COHL_NO_VALUES, NULL), COHL_OK);
}

/* Who may write the file can make a whole new chain: a receipt that was given out tells. */
static void test_a_receipt_is_found_again_or_missed(void **state)
{
    cohl_receipt read;
    char text[100];
    cohl_case_made made = receive("urn:c2pa:none");
    snprintf(text, sizeof text, "%lld:%s", (long long)made.receipt.entry, made.receipt.digest);
    assert_int_equal(cohl_receipt_read(&read, text, NULL), COHL_OK);
    json_t *wrong = audit(&read, 1);
    assert_int_equal(json_array_size(wrong), 0);
    json_decref(wrong);
    close_store(state);
    open_store(state);
    receive("urn:c2pa:other");                           /* another history, whole in itself */
    audit_is_clean();
    wrong = audit(&read, 1);
    assert_non_null(strstr(json_string_value(json_array_get(wrong, 0)), "is not in the log"));
    json_decref(wrong);
    const char *const bad[] = { "", "1", "1:abc", "x:00", "0:0000000000000000000000000000000000000000000000000000000000000000",
                                "1:zz00000000000000000000000000000000000000000000000000000000000000" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(cohl_receipt_read(&read, bad[i], NULL), COHL_ERR_ARGUMENT);
}

/* ---- kills --------------------------------------------------------------- */

/* Says a receipt when its entry was confirmed. */
static void confirm(int out, const cohl_receipt *receipt)
{
    if (write(out, receipt, sizeof *receipt) != sizeof *receipt)
        _exit(3);
}

/* Every step of many cases, until it is killed. */
static void work_for_ever(int out)
{
    if (cohl_case_open(&store, path, NULL))
        _exit(4);
    int64_t film = add_film('f', 0);
    for (;;) {
        cohl_receipt receipt;
        cohl_case_made made = receive("urn:c2pa:f");
        confirm(out, &made.receipt);
        const cohl_case_decision yes = { .accepted = true, .why = "yes", .block = &film, .block_count = 1, .words = "Ann" };
        if (cohl_case_acknowledge(&receipt, store, made.number, NULL, noon, NULL))
            _exit(5);
        confirm(out, &receipt);
        if (cohl_case_decide(&receipt, store, made.number, &yes, noon, NULL))
            _exit(6);
        confirm(out, &receipt);
        if (cohl_case_write_pack(store, packs, NULL) || cohl_case_finish(&receipt, store, made.number, NULL, noon, NULL))
            _exit(7);
        confirm(out, &receipt);
    }
}

/* Every receipt that was given out is in the log, and the log, states and effects fit. */
static void check_after(const cohl_receipt *receipt, int count)
{
    assert_int_equal(cohl_case_open(&store, path, NULL), COHL_OK);
    assert_int_equal(cohl_case_write_pack(store, packs, NULL), COHL_OK);
    json_t *wrong = audit(receipt, count);
    if (json_array_size(wrong))
        fail_msg("after a kill: %s", json_string_value(json_array_get(wrong, 0)));
    json_decref(wrong);
    close_store(NULL);
}

static void test_a_kill_at_any_instant_loses_nothing_that_was_confirmed(void **state)
{
    cohl_rng rng = cohl_rng_make(17, 5);
    cohl_receipt *all = NULL;
    int count = 0;
    close_store(state);
    for (int i = 0; i < kills; i++) {
        int end[2], status;
        assert_int_equal(pipe2(end, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (!pid)
            work_for_ever(end[1]);
        close(end[1]);
        all = realloc(all, (size_t)(count + 4096) * sizeof *all);
        if (i % 4 && read(end[0], &all[count], sizeof *all) == sizeof *all)       /* the fourth while it opens */
            count++;
        wait_us(cohl_rng_below(&rng, 60000));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFSIGNALED(status))
            fail_msg("the worker ended by itself with %d", WEXITSTATUS(status));
        while (count % 4096 < 4095 && read(end[0], &all[count], sizeof *all) == sizeof *all)
            count++;
        close(end[0]);
        check_after(all, count);
    }
    assert_true(count >= 3 * kills / 4);
    free(all);
}

int main(int argc, char **argv)
{
    kills = argc > 1 ? atoi(argv[1]) : kills;
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/ledger.db", folder);
    snprintf(packs, sizeof packs, "%s/policy", folder);
#define REQUESTS_TEST(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)
    const struct CMUnitTest tests[] = {
        REQUESTS_TEST(test_a_request_goes_from_received_to_done_with_its_clocks),
        REQUESTS_TEST(test_steps_out_of_turn_are_refused),
        REQUESTS_TEST(test_bad_intakes_are_one_sentence),
        REQUESTS_TEST(test_films_are_found_by_file_identifier_and_words),
        REQUESTS_TEST(test_descendants_are_listed_and_blocked_when_asked),
        REQUESTS_TEST(test_a_new_decision_takes_the_formers_effects_back),
        REQUESTS_TEST(test_words_become_a_policy_pack_of_the_operator),
        REQUESTS_TEST(test_a_decision_about_a_film_that_is_not_there_changes_nothing),
        REQUESTS_TEST(test_how_to_reach_someone_can_be_forgotten),
        REQUESTS_TEST(test_the_audit_names_what_was_done_to_the_log),
        REQUESTS_TEST(test_the_log_refuses_to_be_changed),
        REQUESTS_TEST(test_a_receipt_is_found_again_or_missed),
        REQUESTS_TEST(test_a_kill_at_any_instant_loses_nothing_that_was_confirmed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) || failed;
}
