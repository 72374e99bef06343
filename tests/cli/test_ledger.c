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
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

static const char *cohl, *tiny_model;
static char folder[] = "/tmp/cohl-cli-ledger-XXXXXX";
static char *out, *said;         /* of the last command: stdout, stderr */

static void read_back(char **text, const char *name)
{
    char path[64];
    free(*text);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(cohl_file_read(text, NULL, path, 1 << 24, NULL), COHL_OK);
}

static void run(int wanted, const char *arguments)
{
    char *command;
    assert_true(asprintf(&command, "cd %s && %s %s >.out 2>.said </dev/null", folder, cohl, arguments) > 0);
    int status = system(command);
    free(command);
    read_back(&out, ".out");
    read_back(&said, ".said");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != wanted)
        fail_msg("cohl %s: status %d, expected exit code %d; it said: %s", arguments, status, wanted, said);
}

static int set_up(void **state)
{
    char text[256];
    if (!mkdtemp(folder))
        return 1;
    snprintf(text, sizeof text, "%s/.home", folder);
    setenv("XDG_DATA_HOME", text, 1);
    snprintf(text, sizeof text, "%s %s/tiny", tiny_model, folder);
    return system(text);
}

static int tear_down(void **state)
{
    char command[96];
    free(out);
    free(said);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) != 0;
}

static void test_a_request_from_the_file_to_the_block(void **state)
{
    run(0, "generate 'a red balloon' --model tiny --frames 5 --steps 2 -q -o shot.mp4");
    run(0, "films");
    assert_non_null(strstr(out, "shot.mp4"));
    run(0, "films find shot.mp4 --json");
    json_t *json = json_loads(out, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(json, "films")), 1);
    json_decref(json);
    run(0, "requests new likeness --file shot.mp4 --about 'that is me' --from a@example.org");
    assert_non_null(strstr(out, "request 1 is received; films of this installation that it may be about: 1"));
    run(0, "requests");
    assert_non_null(strstr(out, "acknowledge by"));
    run(0, "requests acknowledge 1 --json");
    json = json_loads(out, 0, NULL);
    char *audit;
    assert_true(asprintf(&audit, "requests audit --receipt %s", json_string_value(json_object_get(json, "receipt"))) > 0);
    json_decref(json);
    run(0, audit);
    free(audit);
    run(0, "requests decide 1 accept --why 'it is' --block-found --words 'Ann Example'");
    run(3, "generate 'a red balloon' --model tiny --frames 5 --steps 2 -q -o again.mp4");
    assert_non_null(strstr(said, "is blocked: by request 1"));
    run(0, "requests new other --about 'elsewhere' --ledger other.db");
    run(0, "requests acknowledge 1 --ledger other.db");
    run(0, "requests decide 1 accept --why 'yes' --words 'Bob Example' --ledger other.db");
    run(0, "requests audit --ledger other.db");
    run(0, "requests audit");                            /* words of here are still in force here */
    run(0, "requests done 1");
    run(0, "requests");
    assert_non_null(strstr(out, "no request is open"));
    run(0, "requests show 1");
    assert_non_null(strstr(out, "a@example.org"));
    run(0, "requests forget 1");
    run(0, "requests export -o all.json");
    run(0, "requests show 1 --json");
    assert_null(strstr(out, "a@example.org"));
    run(0, "requests audit");
    run(1, "requests audit --receipt 1:0000000000000000000000000000000000000000000000000000000000000000");
}

static void test_the_cost_is_priced_by_the_tariff(void **state)
{
    char path[96], *text;
    run(0, "settings energy.price 0.25");
    run(0, "generate 'a blue balloon' --model tiny --frames 5 --steps 2 --json -q -o priced.mp4");
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
    run(0, "settings energy.price ''");
    assert_string_equal(out, "energy.price 0\n");
}

static void test_a_ledger_that_is_broken_costs_no_film(void **state)
{
    run(0, "generate 'a green balloon' --model tiny --frames 5 --steps 2 -q -o before.mp4");
    char command[200];
    snprintf(command, sizeof command, "cd %s/.home/cohl && mv ledger.db kept.db && printf garbage%%05000d 1 >ledger.db && rm -f ledger.db-*", folder);
    assert_int_equal(system(command), 0);
    run(0, "generate 'a white balloon' --model tiny --frames 5 --steps 2 -q -o after.mp4");
    assert_non_null(strstr(said, "the film is there, but: "));
    assert_non_null(strstr(said, "ledger.db: is not an SQLite file"));
    run(1, "films");
    snprintf(command, sizeof command, "cd %s/.home/cohl && mv kept.db ledger.db", folder);
    assert_int_equal(system(command), 0);
    run(0, "films add after.mp4");
    run(0, "films find after.mp4");
    assert_non_null(strstr(out, "a white balloon"));
    run(2, "films add after.mp4");
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
        { 2, "info shot.mp4 --card", "expected a model's folder" }, { 1, "info tiny --card", "has no training.json" },
        { 1, "films --ledger /nowhere/ledger.db", "cannot be opened" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run(cases[i].code, cases[i].arguments);
        const char *newline = strchr(said, '\n');
        if (!strstr(said, cases[i].said) || !newline || newline[1])
            fail_msg("cohl %s said: %s", cases[i].arguments, said);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_from_the_file_to_the_block),
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
