/* Tests of ledger: films are entered and found again, blocked, and said; settings. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/films.h"
#include "ledger/settings.h"

static char folder[] = "/tmp/cohl-ledger-XXXXXX", path[64];
static cohl_store *store;

static int open_store(void **state)
{
    static const char *const endings[] = { "", "-wal", "-shm" };
    for (int i = 0; i < 3; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
    return cohl_ledger_open(&store, path, NULL);
}

static int close_store(void **state)
{
    cohl_store_close(store);
    return 0;
}

static const char digests[8][65] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "1111111111111111111111111111111111111111111111111111111111111111",
    "2222222222222222222222222222222222222222222222222222222222222222",
    "3333333333333333333333333333333333333333333333333333333333333333",
    "4444444444444444444444444444444444444444444444444444444444444444",
    "5555555555555555555555555555555555555555555555555555555555555555",
    "6666666666666666666666666666666666666666666666666666666666666666",
    "7777777777777777777777777777777777777777777777777777777777777777" };
static const char *const labels[8] = { "urn:c2pa:0", "urn:c2pa:1", "urn:c2pa:2", "urn:c2pa:3",
                                       "urn:c2pa:4", "urn:c2pa:5", "urn:c2pa:6", "urn:c2pa:7" };

/* Film i of eight: its digest, credential and mark follow from i; made from `parent` if that is not negative. */
static int64_t add_film(int i, int parent, bool by_label)
{
    char recipe[40];
    const cohl_film_file files[] = {
        { "/films/film.mp4", digests[i], 1000 + i, labels[i], "manifest", 8 },
        { "/films/film.sheet.png", digests[7 - i], 10, NULL, NULL, 0 } };
    const cohl_film_print prints[] = { { 0, 0xff00ull << i }, { 1, UINT64_MAX - (uint64_t)i }, { 2, (uint64_t)i << 48 } };
    const cohl_film_link link = { "parent", by_label || parent < 0 ? NULL : digests[parent],
                                  by_label && parent >= 0 ? labels[parent] : NULL };
    snprintf(recipe, sizeof recipe, "{\"prompt\":\"film %d\"}", i);
    const cohl_film_made made = { .file = files, .file_count = 2, .title = "a title", .recipe = recipe,
                                  .model = "mini", .model_digest = digests[0], .packets = digests[1], .width = 320,
                                  .height = 192, .frames = 81, .fps = 16, .marked = true,
                                  .mark = 0xfedcba9800ull + (uint64_t)i, .mark_key = "k1", .print = prints,
                                  .print_count = 3, .link = &link, .link_count = parent >= 0 };
    int64_t film;
    assert_int_equal(cohl_ledger_add(store, &made, &film, NULL), COHL_OK);
    return film;
}

static cohl_film_hits find(cohl_film_key key)
{
    cohl_film_hits hits;
    assert_int_equal(cohl_ledger_find(&hits, store, &key, NULL), COHL_OK);
    return hits;
}

static void test_a_film_is_found_by_each_thing_that_is_left(void **state)
{
    for (int i = 0; i < 4; i++)
        add_film(i, -1, false);
    const cohl_film_print near[] = { { 5, (0xff00ull << 2) ^ 1 }, { 6, 0x123456789abcdef0ull } };
    const struct { cohl_film_key key; unsigned found_by; int count; int64_t first; } cases[] = {
        { { .digest = digests[2] }, COHL_FOUND_BY_DIGEST, 1, 3 },
        { { .digest = digests[7] }, COHL_FOUND_BY_DIGEST, 1, 1 },                       /* the sheet of the first */
        { { .credential = "urn:c2pa:1" }, COHL_FOUND_BY_CREDENTIAL, 1, 2 },
        { { .marked = true, .mark = 0xfedcba9803ull }, COHL_FOUND_BY_MARK, 1, 4 },
        { { .marked = true, .mark = 0 }, 0, 0, 0 },
        { { .digest = "none", .credential = "none" }, 0, 0, 0 },
        { { .print = near, .print_count = 2, .print_bits = 1 }, COHL_FOUND_BY_FINGERPRINT, 1, 3 },
        { { .print = near, .print_count = 2, .print_bits = 0 }, 0, 0, 0 },
        { { .print = near, .print_count = 2, .print_bits = 1, .print_share = 0.6 }, 0, 0, 0 },
        { { .print = near, .print_count = 1, .print_bits = 3 }, COHL_FOUND_BY_FINGERPRINT, 3, 4 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_film_hits hits = find(cases[i].key);
        if (hits.count != cases[i].count || (hits.count && (hits.hit[0].film != cases[i].first ||
                                                            hits.hit[0].found_by != cases[i].found_by)))
            fail_msg("case %zu: %d films, the first %lld", i, hits.count,
                     hits.count ? (long long)hits.hit[0].film : 0);
        cohl_film_hits_free(&hits);
    }
}

static void test_more_evidence_stands_first(void **state)
{
    for (int i = 0; i < 4; i++)
        add_film(i, -1, false);
    const cohl_film_print print = { 0, 0xff00ull << 3 };
    cohl_film_hits hits = find((cohl_film_key){ .digest = digests[0], .credential = labels[1], .marked = true,
                                                .mark = 0xfedcba9801ull, .print = &print, .print_count = 1 });
    assert_int_equal(hits.count, 3);
    assert_int_equal(hits.hit[0].film, 2);
    assert_int_equal(hits.hit[0].found_by, COHL_FOUND_BY_CREDENTIAL | COHL_FOUND_BY_MARK);
    assert_int_equal(hits.hit[1].film, 1);
    assert_int_equal(hits.hit[2].found_by, COHL_FOUND_BY_FINGERPRINT);
    assert_true(hits.hit[2].share == 1);
    cohl_film_hits_free(&hits);
}

static void test_a_manifest_is_given_back(void **state)
{
    void *data;
    size_t size;
    int64_t film = add_film(0, -1, false);
    assert_int_equal(cohl_ledger_manifest(&data, &size, store, film, NULL, NULL, NULL), COHL_OK);
    assert_int_equal(size, 8);
    assert_memory_equal(data, "manifest", 8);
    free(data);
    assert_int_equal(cohl_ledger_manifest(&data, &size, store, film, digests[7], NULL, NULL), COHL_OK);
    assert_null(data);                                                       /* the sheet had none */
    assert_int_equal(cohl_ledger_manifest(&data, &size, store, film, NULL, labels[0], NULL), COHL_OK);
    assert_int_equal(size, 8);
    free(data);
}

static void test_descendants_are_followed_through_digests_and_credentials(void **state)
{
    int64_t *films, first = add_film(0, -1, false);
    int count;
    add_film(1, 0, false);
    add_film(2, 1, true);
    add_film(3, -1, false);
    assert_int_equal(cohl_ledger_descendants(&films, &count, store, first, NULL), COHL_OK);
    assert_int_equal(count, 2);
    assert_int_equal(films[0], 2);
    assert_int_equal(films[1], 3);
    free(films);
    assert_int_equal(cohl_ledger_descendants(&films, &count, store, 4, NULL), COHL_OK);
    assert_int_equal(count, 0);
    free(films);
}

static void test_films_of_a_consent_are_listed(void **state)
{
    const cohl_film_file file = { "/films/a.mp4", digests[0], 1, NULL, NULL, 0 };
    const cohl_film_link link = { "consent", NULL, "consent-1" };
    cohl_film_made made = { .file = &file, .file_count = 1, .width = 64, .height = 64, .frames = 1, .fps = 16,
                            .link = &link, .link_count = 1 };
    int64_t film, *films;
    int count;
    add_film(1, -1, false);
    assert_int_equal(cohl_ledger_add(store, &made, &film, NULL), COHL_OK);
    assert_int_equal(cohl_ledger_linked(&films, &count, store, "consent", "consent-1", NULL), COHL_OK);
    assert_int_equal(count, 1);
    assert_int_equal(films[0], film);
    free(films);
}

static void test_a_blocked_film_is_refused_by_recipe_file_and_credential(void **state)
{
    cohl_error err = { 0 };
    int64_t film = add_film(0, -1, false);
    add_film(1, -1, false);
    assert_int_equal(cohl_ledger_check(store, "{\"prompt\":\"film 0\"}", digests[0], labels[0], NULL), COHL_OK);
    assert_int_equal(cohl_ledger_block(store, film, "request 7: likeness", NULL), COHL_OK);
    assert_int_equal(cohl_ledger_check(store, "{\"prompt\":\"film 0\"}", NULL, NULL, &err), COHL_ERR_REFUSED);
    assert_non_null(strstr(err.text, "request 7: likeness"));
    assert_int_equal(cohl_ledger_check(store, NULL, digests[0], NULL, NULL), COHL_ERR_REFUSED);
    assert_int_equal(cohl_ledger_check(store, NULL, NULL, labels[0], NULL), COHL_ERR_REFUSED);
    assert_int_equal(cohl_ledger_check(store, "{\"prompt\":\"film 1\"}", digests[1], labels[1], NULL), COHL_OK);
    assert_int_equal(cohl_ledger_check(store, NULL, NULL, NULL, NULL), COHL_OK);
    assert_int_equal(cohl_ledger_unblock(store, film, NULL), COHL_OK);
    assert_int_equal(cohl_ledger_check(store, "{\"prompt\":\"film 0\"}", NULL, NULL, NULL), COHL_OK);
    assert_int_equal(cohl_ledger_block(store, 77, "why", &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "no film 77"));
}

static void test_a_film_is_told_as_json(void **state)
{
    json_t *json;
    int64_t film = add_film(0, 3, false);
    assert_int_equal(cohl_ledger_film_json(&json, store, film, NULL), COHL_OK);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "not named");
    assert_string_equal(json_string_value(json_object_get(json, "mark")), "fedcba9800");
    assert_string_equal(json_string_value(json_object_get(json_object_get(json, "recipe"), "prompt")), "film 0");
    assert_int_equal(json_array_size(json_object_get(json, "files")), 2);
    assert_int_equal(json_array_size(json_object_get(json, "links")), 1);
    assert_int_equal(json_integer_value(json_object_get(json, "prints")), 3);
    json_decref(json);
    assert_int_equal(cohl_ledger_confirm(store, film, NULL), COHL_OK);
    assert_int_equal(cohl_ledger_set_cost(store, film, "{\"joules\":12.5}", NULL), COHL_OK);
    assert_int_equal(cohl_ledger_film_json(&json, store, film, NULL), COHL_OK);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "delivered");
    assert_true(json_real_value(json_object_get(json_object_get(json, "cost"), "joules")) == 12.5);
    json_decref(json);
    assert_int_equal(cohl_ledger_withdraw(store, film, NULL), COHL_OK);
    assert_int_equal(cohl_ledger_film_json(&json, store, film, NULL), COHL_ERR_ARGUMENT);
    cohl_film_hits hits = find((cohl_film_key){ .digest = digests[0] });
    assert_int_equal(hits.count, 0);                                     /* its files went with it */
}

static void test_an_entry_is_whole_or_not_there(void **state)
{
    const cohl_film_file files[] = { { "/films/a.mp4", digests[0], 1, NULL, NULL, 0 },
                                     { "/films/b.png", NULL, 1, NULL, NULL, 0 } };
    cohl_film_made made = { .file = files, .file_count = 2, .width = 64, .height = 64, .frames = 1, .fps = 16 };
    int64_t film, *films;
    int count;
    assert_int_equal(cohl_ledger_add(store, &made, &film, NULL), COHL_ERR_ARGUMENT);
    assert_int_equal(cohl_ledger_newest(&films, &count, store, 10, NULL), COHL_OK);
    assert_int_equal(count, 0);
    free(films);
}

static void test_settings_are_what_is_usual_until_they_are_set(void **state)
{
    double watts;
    char *text;
    cohl_error err = { 0 };
    assert_int_equal(cohl_setting_number(&watts, NULL, "energy.watts", NULL), COHL_OK);
    assert_true(watts == 8);
    assert_int_equal(cohl_setting_set(store, "energy.watts", "12.5", NULL), COHL_OK);
    assert_int_equal(cohl_setting_number(&watts, store, "energy.watts", NULL), COHL_OK);
    assert_true(watts == 12.5);
    assert_int_equal(cohl_setting_set(store, "energy.watts", NULL, NULL), COHL_OK);
    assert_int_equal(cohl_setting_text(&text, store, "energy.watts", NULL), COHL_OK);
    assert_string_equal(text, "8");
    free(text);
    const struct { const char *name, *value, *said; } bad[] = {
        { "energy.wats", "8", "the nearest is energy.watts" }, { "energy.watts", "many", "expected a number from" },
        { "energy.watts", "-1", "expected a number" }, { "energy.watts", "nan", "expected a number" },
        { "energy.watts", "8 W", "expected a number" }, { "energy.currency", "", "1 to 15 bytes" },
        { "energy.currency", "\xff", "1 to 15 bytes" }, { "energy.currency", "sixteen letters!", "1 to 15 bytes" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(cohl_setting_set(store, bad[i].name, bad[i].value, &err), COHL_ERR_ARGUMENT);
        assert_non_null(strstr(err.text, bad[i].said));
    }
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/ledger.db", folder);
#define LEDGER_TEST(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_a_film_is_found_by_each_thing_that_is_left),
        LEDGER_TEST(test_more_evidence_stands_first),
        LEDGER_TEST(test_a_manifest_is_given_back),
        LEDGER_TEST(test_descendants_are_followed_through_digests_and_credentials),
        LEDGER_TEST(test_films_of_a_consent_are_listed),
        LEDGER_TEST(test_a_blocked_film_is_refused_by_recipe_file_and_credential),
        LEDGER_TEST(test_a_film_is_told_as_json),
        LEDGER_TEST(test_an_entry_is_whole_or_not_there),
        LEDGER_TEST(test_settings_are_what_is_usual_until_they_are_set),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) || failed;
}
