/* Tests of cli: films, requests and settings, as they are typed. argv: cohl, tiny_model. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "typed.h"

static void test_a_request_from_the_file_to_the_block(void **state)
{
    expect(run("generate 'a red balloon' --model tiny --frames 5 --steps 2 -q -o shot.mp4"), 0);
    expect(run("films"), 0);
    assert_non_null(strstr(out, "shot.mp4"));
    expect(run("films find shot.mp4 --json"), 0);
    json_t *json = json_loads(out, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(json, "films")), 1);
    json_decref(json);
    expect(run("requests new likeness --file shot.mp4 --about 'that is me' --from a@example.org"), 0);
    assert_non_null(strstr(out, "request 1 is received; films of this installation that it may be about: 1"));
    expect(run("requests"), 0);
    assert_non_null(strstr(out, "acknowledge by"));
    expect(run("requests acknowledge 1 --json"), 0);
    json = json_loads(out, 0, NULL);
    char *audit;
    assert_true(asprintf(&audit, "requests audit --receipt %s", json_string_value(json_object_get(json, "receipt"))) > 0);
    json_decref(json);
    expect(run("%s", audit), 0);
    free(audit);
    expect(run("requests decide 1 accept --why 'it is' --block-found --words 'Ann Example'"), 0);
    expect(run("generate 'a red balloon' --model tiny --frames 5 --steps 2 -q -o again.mp4"), 3);
    assert_non_null(strstr(said, "is blocked: by request 1"));
    expect(run("requests new other --about 'elsewhere' --ledger other.db"), 0);
    expect(run("requests acknowledge 1 --ledger other.db"), 0);
    expect(run("requests decide 1 accept --why 'yes' --words 'Bob Example' --ledger other.db"), 0);
    expect(run("requests audit --ledger other.db"), 0);
    expect(run("requests audit"), 0);                            /* words of here are still in force here */
    expect(run("requests done 1"), 0);
    expect(run("requests"), 0);
    assert_non_null(strstr(out, "no request is open"));
    expect(run("requests show 1"), 0);
    assert_non_null(strstr(out, "a@example.org"));
    expect(run("requests forget 1"), 0);
    expect(run("requests export -o all.json"), 0);
    expect(run("requests show 1 --json"), 0);
    assert_null(strstr(out, "a@example.org"));
    expect(run("requests audit"), 0);
    expect(run("requests audit --receipt 1:0000000000000000000000000000000000000000000000000000000000000000"), 1);
}

/* "é.mp4" in Latin-1: no UTF-8, and yet a film with all that belongs to it. */
static void test_a_name_that_is_no_utf8_names_a_film_all_the_same(void **state)
{
    static const char *const asked[] = { "verify \xe9.mp4 --json", "detect \xe9.mp4 --json", "info \xe9.mp4 --json",
        "films find \xe9.mp4 --json", "deliver \xe9.mp4 -o \xe9.gif --json", "verify \xe9.gif --json",
        "generate 'a white balloon' --model tiny --image \xe9.sheet.png --frames 5 --steps 1 -q -o \xe9-2.mp4 --json",
        "generate 'a white balloon' --model tiny --extend \xe9.mp4 --frames 5 --steps 1 -q -o \xe9-3.mp4 --json",
        "verify \xe9-3.mp4 --json", "requests new other --file \xe9.mp4 --about 'whose is it?' --json" };
    expect(run("generate 'a white balloon' --model tiny --frames 5 --steps 1 -o \xe9.mp4"), 0);
    assert_null(strstr(said, "but:"));
    for (size_t i = 0; i < (SANITIZED ? 4 : sizeof asked / sizeof *asked); i++) {
        json_error_t why;
        expect(run("%s", asked[i]), 0);
        json_t *json = json_loads(out, 0, &why);
        if (!json)
            fail_msg("cohl %s: no JSON: %s", asked[i], why.text);
        json_decref(json);
    }
    char *report;
    assert_int_equal(cohl_file_read(&report, NULL, path_of("\xe9.report.json"), 1 << 20, NULL), COHL_OK);
    assert_non_null(strstr(report, "\"film\": \"?.mp4\""));
    free(report);
}

static void test_the_cost_is_priced_by_the_tariff(void **state)
{
    char path[96], *text;
    expect(run("settings energy.price 0.25"), 0);
    expect(run("generate 'a blue balloon' --model tiny --frames 5 --steps 2 --json -q -o priced.mp4"), 0);
    json_t *json = json_loads(out, 0, NULL), *film = json_array_get(json_object_get(json, "films"), 0);
    json_t *cost = json_object_get(film, "cost"), *ahead = json_object_get(json, "estimate");
    assert_string_equal(json_string_value(json_object_get(json_object_get(cost, "money"), "currency")), "EUR");
    assert_true(json_number_value(json_object_get(json_object_get(ahead, "money"), "amount")) > 0);
    assert_true(json_number_value(json_object_get(json_object_get(cost, "per_finished_second"), "joules")) > 0);
    snprintf(path, sizeof path, "%s/priced.report.json", folder);
    assert_int_equal(cohl_file_read(&text, NULL, path, 1 << 20, NULL), COHL_OK);
    json_t *report = json_loads(text, 0, NULL);
    double joules = json_number_value(json_object_get(cost, "joules"));
    assert_float_equal(json_number_value(json_object_get(json_object_get(report, "cost"), "joules")), joules, 1e-3 * joules);
    json_decref(report);
    json_decref(json);
    free(text);
    expect(run("settings energy.price ''"), 0);
    assert_string_equal(out, "energy.price 0\n");
}

static void test_a_ledger_that_is_broken_costs_no_film(void **state)
{
    expect(run("generate 'a green balloon' --model tiny --frames 5 --steps 2 -q -o before.mp4"), 0);
    char command[200];
    snprintf(command, sizeof command, "cd %s/.home/cohl && mv ledger.db kept.db && printf garbage%%05000d 1 >ledger.db && rm -f ledger.db-*", folder);
    assert_int_equal(system(command), 0);
    expect(run("generate 'a white balloon' --model tiny --frames 5 --steps 2 -q -o after.mp4"), 0);
    assert_non_null(strstr(said, "the film is there, but: "));
    assert_non_null(strstr(said, "ledger.db: is not an SQLite file"));
    expect(run("films"), 1);
    snprintf(command, sizeof command, "cd %s/.home/cohl && mv kept.db ledger.db", folder);
    assert_int_equal(system(command), 0);
    expect(run("films add after.mp4"), 0);
    expect(run("films find after.mp4"), 0);
    assert_non_null(strstr(out, "a white balloon"));
    expect(run("films add after.mp4"), 2);
    expect(run("films show 2"), 0);                /* its mark and its credentials were entered too */
    json_t *film = json_loads(out, 0, NULL), *file = json_array_get(json_object_get(film, "files"), 0);
    assert_int_equal(strlen(json_string_value(json_object_get(film, "mark"))), 10);
    assert_int_equal(strncmp(json_string_value(json_object_get(file, "credential")), "urn:c2pa:", 9), 0);
    assert_true(json_is_true(json_object_get(file, "manifest_kept")));
    json_decref(film);
}

static void test_bad_input_gets_one_sentence_and_its_exit_code(void **state)
{
    static const struct { int code; const char *arguments, *said; } cases[] = {
        { 2, "requests new", "expected likeness, copyright, training or other" },
        { 2, "requests new likenes --about x", "found \"likenes\"" },
        { 2, "requests new other", "needs a file, an identifier or a description" },
        { 1, "requests new other --file nowhere.mp4", "nowhere.mp4" },
        { 2, "requests new other --id 12x", "\"12x\" is no identifier" },
        { 2, "requests show", "expected its number" }, { 2, "requests show 0", "is no number of a request" },
        { 2, "requests show 99999999999999999999", "is no number of a request" },
        { 2, "requests show 77", "there is no request 77" }, { 2, "requests decide 1 maybe", "expected cohl requests" },
        { 2, "requests decide 1 accept --block 1 --block-found --why x", "one of them" },
        { 2, "requests audit --receipt x", "is no receipt" }, { 2, "requests ask", "is not one of list, new" },
        { 2, "settings energy.prise 1", "the nearest is energy.price" },
        { 2, "settings energy.price many", "expected a number" },
        { 2, "films show", "show takes N" }, { 2, "films show many", "is no number of a film" },
        { 2, "films show 4711", "no film 4711" }, { 1, "films add tiny/vae/config.json", "config.json" },
        { 2, "films find nonsense", "is no identifier" }, { 2, "films burn", "is not one of list" },
        { 2, "info shot.mp4 --card", "expected a model's folder" }, { 1, "info tiny/vae --card", "has no training.json" },
        { 1, "films --ledger /nowhere/ledger.db", "cannot be opened" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect(run("%s", cases[i].arguments), cases[i].code);
        const char *newline = strchr(said, '\n');
        if (!strstr(said, cases[i].said) || !newline || newline[1])
            fail_msg("cohl %s said: %s", cases[i].arguments, said);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_from_the_file_to_the_block),
        cmocka_unit_test(test_a_name_that_is_no_utf8_names_a_film_all_the_same),
        cmocka_unit_test(test_the_cost_is_priced_by_the_tariff),
        cmocka_unit_test(test_a_ledger_that_is_broken_costs_no_film),
        cmocka_unit_test(test_bad_input_gets_one_sentence_and_its_exit_code),
    };
    if (argc != 3)
        return 2;
    cohl = realpath(argv[1], NULL), tiny_model = realpath(argv[2], NULL);
    if (!cohl || !tiny_model)
        return 2;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
