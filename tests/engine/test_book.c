/* Tests of engine: what a run leaves beside its film. */
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
#include <sys/stat.h>
#include <unistd.h>

#include "../folder.h"
#include "base/digest.h"
#include "base/file.h"
#include "cohl/cohl.h"
#include "ledger/films.h"
#include "ledger/settings.h"
#include "media/still.h"
#include "tiny.h"

static char model[64], ledger[64];
static cohl_engine *engine;

static int set_up(void **state)
{
    cohl_error err;
    if (folder_make(state))
        return 1;
    snprintf(model, sizeof model, "%s/model", folder);
    snprintf(ledger, sizeof ledger, "%s/ledger.db", folder);
    if (tiny_model_write(model, &err) || cohl_engine_open(&engine, &(cohl_engine_params){
        .model = model, .threads = 2, .ledger = ledger }, &err)) {
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

static cohl_store *open_ledger(void)
{
    cohl_store *store;
    assert_int_equal(cohl_ledger_open(&store, ledger, NULL), COHL_OK);
    return store;
}

static cohl_status make(cohl_engine *with, const char *prompt, const char *image, const cohl_film *to,
                        cohl_run_report *report, cohl_error *err)
{
    cohl_request r = cohl_request_default();
    cohl_run *run;
    r.prompt = prompt, r.frames = 5, r.steps = 2, r.image = image;
    cohl_status st = cohl_run_new(&run, with, &r, err);
    if (!st) st = cohl_film_check(run, to, err);
    if (!st) st = cohl_run_film(run, to, report, err);
    cohl_run_free(run);
    return st;
}

static json_t *row(int64_t film)
{
    json_t *json;
    cohl_store *store = open_ledger();
    assert_int_equal(cohl_ledger_film_json(&json, store, film, NULL), COHL_OK);
    cohl_store_close(store);
    return json;
}

static void test_a_film_is_in_the_ledger_with_what_it_cost(void **state)
{
    cohl_run_report report;
    char digest[COHL_DIGEST_HEX];
    cohl_film to = { .path = path_of("one.mp4"), .sheet = path_of("one.sheet.png") };
    assert_int_equal(make(engine, "a red ball", NULL, &to, &report, NULL), COHL_OK);
    assert_string_equal(report.warning, "");
    assert_true(report.ledger_film > 0);
    json_t *json = row(report.ledger_film), *files = json_object_get(json, "files"), *cost = json_object_get(json, "cost");
    assert_string_equal(json_string_value(json_object_get(json, "state")), "delivered");
    assert_string_equal(json_string_value(json_object_get(json, "packets")), report.packets);
    assert_int_equal(json_array_size(files), 2);
    assert_int_equal(cohl_digest_file(digest, to.path, NULL), COHL_OK);
    assert_string_equal(json_string_value(json_object_get(json_array_get(files, 0), "digest")), digest);
    assert_string_equal(json_string_value(json_object_get(json_array_get(files, 0), "path")), to.path);
    assert_int_equal(cohl_digest_folder(digest, model, NULL), COHL_OK);
    assert_string_equal(json_string_value(json_object_get(json, "model_digest")), digest);
    assert_true(json_number_value(json_object_get(cost, "operations")) == report.cost.operations);
    assert_true(report.cost.operations > 1e6);
    assert_true(json_is_null(json_object_get(cost, "money")));
    json_decref(json);
}

static void test_every_picture_of_a_sequence_is_entered(void **state)
{
    cohl_run_report report;
    assert_int_equal(make(engine, "a red ball", NULL, &(cohl_film){ .path = path_of("shot/") }, &report, NULL), COHL_OK);
    json_t *json = row(report.ledger_film);
    assert_int_equal(json_array_size(json_object_get(json, "files")), 5);
    json_decref(json);
}

static void test_operations_are_told_before_as_they_are_counted_after(void **state)
{
    cohl_request r = cohl_request_default();
    cohl_run *run;
    cohl_run_estimate ahead;
    cohl_run_report report;
    r.prompt = "a red ball", r.frames = 17, r.steps = 3;
    assert_int_equal(cohl_run_new(&run, engine, &r, NULL), COHL_OK);
    assert_int_equal(cohl_run_estimate_cost(run, &ahead, NULL), COHL_OK);
    assert_int_equal(cohl_run_film(run, &(cohl_film){ .path = path_of("ahead.mp4") }, &report, NULL), COHL_OK);
    if (!(ahead.cost.operations > 0.8 * report.cost.operations && ahead.cost.operations < 1.2 * report.cost.operations))
        fail_msg("%g operations ahead, %g done", ahead.cost.operations, report.cost.operations);
    cohl_run_free(run);
}

static void test_the_report_beside_the_film_has_the_cost_by_the_operators_tariff(void **state)
{
    cohl_run_report report;
    char *text;
    cohl_store *store = open_ledger();
    assert_int_equal(cohl_setting_set(store, "energy.price", "0.30", NULL), COHL_OK);
    assert_int_equal(cohl_setting_set(store, "energy.watts", "20", NULL), COHL_OK);
    cohl_film to = { .path = path_of("two.mp4"), .report = path_of("two.report.json") };
    assert_int_equal(make(engine, "a red ball", NULL, &to, &report, NULL), COHL_OK);
    assert_true(report.cost.joules == 20 * report.cost.cpu_seconds || strcmp(report.cost.method, "estimate"));
    assert_string_equal(report.cost.currency, "EUR");
    assert_int_equal(cohl_file_read(&text, NULL, to.report, 1 << 20, NULL), COHL_OK);
    json_t *json = json_loads(text, 0, NULL), *cost = json_object_get(json, "cost");
    json_t *money = json_object_get(cost, "money"), *second = json_object_get(cost, "per_finished_second");
    double joules = json_number_value(json_object_get(cost, "joules")), amount = json_number_value(json_object_get(money, "amount"));
    assert_true(joules > 0 && amount > 0.29 * joules / 3.6e6 && amount < 0.31 * joules / 3.6e6);
    double seconds = json_number_value(json_object_get(cost, "finished_seconds"));
    double each = json_number_value(json_object_get(second, "joules"));
    assert_true(seconds > 0.2 && each > 0.999 * joules / seconds && each < 1.001 * joules / seconds);
    assert_string_equal(json_string_value(json_object_get(json, "film")), "two.mp4");
    json_decref(json);
    free(text);
    assert_int_equal(cohl_setting_set(store, "energy.price", NULL, NULL), COHL_OK);
    assert_int_equal(cohl_setting_set(store, "energy.watts", NULL, NULL), COHL_OK);
    cohl_store_close(store);
}

static void test_a_blocked_film_is_not_made_again_nor_used(void **state)
{
    cohl_run_report report;
    cohl_error err = { 0 };
    cohl_film to = { .path = path_of("face.png") }, other = { .path = path_of("other.mp4") };
    assert_int_equal(make(engine, "a blue ball", NULL, &to, &report, NULL), COHL_ERR_ARGUMENT);   /* five frames */
    to.path = path_of("face/");
    assert_int_equal(make(engine, "a blue ball", NULL, &to, &report, NULL), COHL_OK);
    cohl_store *store = open_ledger();
    json_t *json = row(report.ledger_film);
    char *picture = strdup(json_string_value(json_object_get(json_array_get(json_object_get(json, "files"), 0), "path")));
    assert_int_equal(make(engine, "a green ball", picture, &other, &report, NULL), COHL_OK);
    json_t *used = row(report.ledger_film);
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(used, "links"), 0), "relation")),
                        "input");
    assert_int_equal(cohl_ledger_block(store, json_integer_value(json_object_get(json, "film")), "request 1", NULL), COHL_OK);
    assert_int_equal(make(engine, "a blue ball", NULL, &other, &report, &err), COHL_ERR_REFUSED);
    assert_non_null(strstr(err.text, "request 1"));
    assert_int_equal(make(engine, "a yellow ball", picture, &other, &report, &err), COHL_ERR_REFUSED);
    assert_int_equal(make(engine, "a yellow ball", NULL, &other, &report, &err), COHL_OK);
    cohl_store_close(store);
    json_decref(json);
    json_decref(used);
    free(picture);
}

/* The film is what was worked for: a ledger that cannot be written does not cost it. */
static void test_a_ledger_that_cannot_be_written_loses_no_film(void **state)
{
    static const char *const broken[] = { "/nowhere/ledger.db", "garbage.db" };
    for (int i = 0; i < 2; i++) {
        cohl_engine *other;
        cohl_run_report report;
        char *at = i ? path_of(broken[i]) : strdup(broken[i]), bytes[4000];
        memset(bytes, 'x', sizeof bytes);
        if (i)
            assert_int_equal(cohl_file_write(at, bytes, sizeof bytes, NULL), COHL_OK);
        cohl_film to = { .path = path_of("three.mp4"), .report = path_of("three.report.json") };
        unlink(to.path);
        assert_int_equal(cohl_engine_open(&other, &(cohl_engine_params){ .model = model, .ledger = at }, NULL), COHL_OK);
        assert_int_equal(make(other, "a red ball", NULL, &to, &report, NULL), COHL_OK);
        assert_true(cohl_file_exists(to.path) && cohl_file_exists(to.report));
        assert_int_equal(report.ledger_film, 0);
        assert_non_null(strstr(report.warning, at));
        cohl_engine_close(other);
        if (!i)
            free(at);
    }
}

static void test_a_report_that_cannot_be_written_loses_no_film(void **state)
{
    cohl_run_report report;
    cohl_film to = { .path = path_of("four.mp4"), .report = "/nowhere/four.report.json" };
    assert_int_equal(make(engine, "a red ball", NULL, &to, &report, NULL), COHL_OK);
    assert_true(cohl_file_exists(to.path));
    assert_non_null(strstr(report.warning, "/nowhere/four.report.json"));
}

static void test_no_ledger_is_no_warning(void **state)
{
    cohl_engine *other;
    cohl_run_report report;
    assert_int_equal(cohl_engine_open(&other, &(cohl_engine_params){ .model = model, .ledger = "" }, NULL), COHL_OK);
    assert_int_equal(make(other, "a red ball", NULL, &(cohl_film){ .path = path_of("five.mp4") }, &report, NULL), COHL_OK);
    assert_int_equal(report.ledger_film, 0);
    assert_string_equal(report.warning, "");
    cohl_engine_close(other);
}

/* A run that ends before its film has a name leaves no row. */
static void test_a_film_that_was_not_made_is_not_entered(void **state)
{
    cohl_run_report report;
    int64_t before, after;
    cohl_store *store = open_ledger();
    assert_int_equal(cohl_store_count(&before, store, "SELECT count(*) FROM films", COHL_NO_VALUES, -1, NULL), COHL_OK);
    assert_int_equal(make(engine, "a red ball", NULL, &(cohl_film){ .path = "/nowhere/six.mp4" }, &report, NULL),
                     COHL_ERR_IO);
    assert_int_equal(cohl_store_count(&after, store, "SELECT count(*) FROM films", COHL_NO_VALUES, -2, NULL), COHL_OK);
    assert_int_equal(before, after);
    cohl_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_film_is_in_the_ledger_with_what_it_cost),
        cmocka_unit_test(test_every_picture_of_a_sequence_is_entered),
        cmocka_unit_test(test_operations_are_told_before_as_they_are_counted_after),
        cmocka_unit_test(test_the_report_beside_the_film_has_the_cost_by_the_operators_tariff),
        cmocka_unit_test(test_a_blocked_film_is_not_made_again_nor_used),
        cmocka_unit_test(test_a_ledger_that_cannot_be_written_loses_no_film),
        cmocka_unit_test(test_a_report_that_cannot_be_written_loses_no_film),
        cmocka_unit_test(test_no_ledger_is_no_warning),
        cmocka_unit_test(test_a_film_that_was_not_made_is_not_entered),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
