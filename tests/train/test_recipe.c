/* Tests of train/recipe: what is read, what is refused and how, the curve of the rates. */
#include "tiny.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static cohl_status parse(cohl_recipe *recipe, const char *text, cohl_error *err)
{
    *err = (cohl_error){ 0 };
    return cohl_recipe_parse(recipe, "recipes/mine.json", text, strlen(text), err);
}

static cohl_recipe parsed(const char *text)
{
    cohl_recipe recipe;
    cohl_error err;
    if (parse(&recipe, text, &err))
        fail_msg("%s: %s", text, err.text);
    return recipe;
}

static void test_a_short_recipe_is_filled_with_defaults(void **state)
{
    cohl_recipe r = parsed("{\"task\": \"vae\", \"steps\": 10, \"batch\": 2}");
    assert_string_equal(r.name, "mine");
    assert_string_equal(r.task, "vae");
    assert_int_equal(r.seed, 0);
    assert_int_equal(r.steps, 10);
    assert_int_equal(r.batch, 2);
    assert_true(r.warmup == 100 && r.decay == 0.4 && r.save_seconds == 120);
    assert_int_equal(r.evaluate_every, 500);
    assert_int_equal(r.sheet_every, 2000);
    assert_null(r.start_from);
    const cohl_optimizer_params *o = &r.optimizer;
    assert_true(o->muon && o->matrix_rate == 3e-3 && o->rate == 1e-3 && o->matrix_momentum == 0.95);
    assert_true(o->beta1 == 0.9 && o->beta2 == 0.98 && o->decay == 0.01 && o->clip == 1 && o->average == 9);
    cohl_recipe_close(&r);
}

static void test_what_a_recipe_says_is_what_is_read(void **state)
{
    cohl_recipe r = parsed("{\"task\":\"film\",\"steps\":7,\"batch\":3,\"seed\":2147483647,\"start_from\":\"a/b\","
                           "\"optimizer\":{\"matrix\":\"adamw\",\"rate\":0.5,\"clip\":0},"
                           "\"schedule\":{\"warmup\":0,\"decay\":1,\"sheet_every\":0,\"evaluate_every\":1}}");
    assert_int_equal(r.seed, 2147483647);
    assert_string_equal(r.start_from, "a/b");
    assert_true(!r.optimizer.muon && r.optimizer.rate == 0.5 && r.optimizer.clip == 0);
    assert_true(r.warmup == 0 && r.decay == 1 && r.sheet_every == 0 && r.evaluate_every == 1);
    cohl_recipe_close(&r);
}

static void test_every_bad_value_gives_one_sentence_that_names_it(void **state)
{
#define GOOD "\"task\":\"vae\",\"steps\":10,\"batch\":2"
    static const struct { const char *text, *named; } cases[] = {
        { "", "mine.json" },
        { "[]", "object" },
        { "{", "mine.json" },
        { "{" GOOD "} x", "mine.json" },
        { "{" GOOD ",\"steps\":11}", "duplicate" },
        { "{\"steps\":10,\"batch\":2}", "\"task\"" },
        { "{\"task\":3,\"steps\":10,\"batch\":2}", "\"task\"" },
        { "{\"task\":\"vae\",\"batch\":2}", "\"steps\"" },
        { "{\"task\":\"vae\",\"steps\":0,\"batch\":2}", "\"steps\"" },
        { "{\"task\":\"vae\",\"steps\":1.5,\"batch\":2}", "\"steps\"" },
        { "{\"task\":\"vae\",\"steps\":1e12,\"batch\":2}", "\"steps\"" },
        { "{\"task\":\"vae\",\"steps\":99999999999999999999,\"batch\":2}", "mine.json" },
        { "{\"task\":\"vae\",\"steps\":10}", "\"batch\"" },
        { "{\"task\":\"vae\",\"steps\":10,\"batch\":4097}", "\"batch\"" },
        { "{\"task\":\"vae\",\"steps\":10,\"batch\":\"2\"}", "\"batch\"" },
        { "{" GOOD ",\"seed\":-1}", "\"seed\"" },
        { "{" GOOD ",\"seed\":2147483648}", "\"seed\"" },
        { "{" GOOD ",\"start_from\":[]}", "\"start_from\"" },
        { "{" GOOD ",\"optimizer\":[]}", "\"optimizer\"" },
        { "{" GOOD ",\"optimizer\":5}", "\"optimizer\"" },
        { "{" GOOD ",\"optimizer\":{\"matrix\":\"moun\"}}", "moun" },
        { "{" GOOD ",\"stpes\":4}", "did you mean \"steps\"?" },
        { "{" GOOD ",\"schedule\":{\"warmpu\":4}}", "did you mean \"warmup\"?" },
        { "{" GOOD ",\"optimizer\":{\"matrix\":\"\"}}", "\"matrix\"" },
        { "{" GOOD ",\"optimizer\":{\"matrix\":1}}", "\"matrix\"" },
        { "{" GOOD ",\"optimizer\":{\"matrix_rate\":-0.1}}", "\"matrix_rate\"" },
        { "{" GOOD ",\"optimizer\":{\"rate\":2}}", "\"rate\"" },
        { "{" GOOD ",\"optimizer\":{\"matrix_momentum\":1}}", "\"matrix_momentum\"" },
        { "{" GOOD ",\"optimizer\":{\"beta1\":1}}", "\"beta1\"" },
        { "{" GOOD ",\"optimizer\":{\"beta2\":1}}", "\"beta2\"" },
        { "{" GOOD ",\"optimizer\":{\"decay\":-1}}", "\"decay\"" },
        { "{" GOOD ",\"optimizer\":{\"clip\":-1}}", "\"clip\"" },
        { "{" GOOD ",\"optimizer\":{\"average\":0.5}}", "\"average\"" },
        { "{" GOOD ",\"schedule\":\"x\"}", "\"schedule\"" },
        { "{" GOOD ",\"schedule\":{\"warmup\":-1}}", "\"warmup\"" },
        { "{" GOOD ",\"schedule\":{\"decay\":1.1}}", "\"decay\"" },
        { "{" GOOD ",\"schedule\":{\"evaluate_every\":0}}", "\"evaluate_every\"" },
        { "{" GOOD ",\"schedule\":{\"sheet_every\":-1}}", "\"sheet_every\"" },
        { "{" GOOD ",\"schedule\":{\"save_seconds\":true}}", "\"save_seconds\"" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_recipe recipe;
        cohl_error err;
        if (parse(&recipe, cases[i].text, &err) != COHL_ERR_FORMAT)
            fail_msg("%s was not refused", cases[i].text);
        if (!strstr(err.text, cases[i].named) || !strstr(err.text, "mine") || strchr(err.text, '\n'))
            fail_msg("%s: \"%s\" does not name %s in one sentence", cases[i].text, err.text, cases[i].named);
        assert_null(recipe.config);
        assert_null(recipe.start_from);
    }
}

static void test_a_recipe_that_is_not_there_is_an_error_of_reading(void **state)
{
    cohl_recipe recipe;
    cohl_error err;
    assert_int_equal(cohl_recipe_open(&recipe, "/nowhere/r.json", &err), COHL_ERR_IO);
    assert_non_null(strstr(err.text, "/nowhere/r.json"));
}

static void test_the_name_is_the_files_without_folder_and_ending(void **state)
{
    static const struct { const char *path, *name; } cases[] = {
        { "recipes/film-2.json", "film-2" }, { "film", "film" }, { "a.b/c", "c" }, { "x.y.json", "x.y" },
    };
    static const char text[] = "{" GOOD "}";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_recipe recipe;
        assert_int_equal(cohl_recipe_parse(&recipe, cases[i].path, text, strlen(text), NULL), COHL_OK);
        assert_string_equal(recipe.name, cases[i].name);
        cohl_recipe_close(&recipe);
    }
}

static void test_a_section_is_one_text_however_it_was_written(void **state)
{
    cohl_recipe a = parsed("{" GOOD ",\"model\":{\"b\":[1,2],\"a\":{\"y\":0.5,\"x\":null}}}");
    cohl_recipe b = parsed("{\"model\": { \"a\" :\n{\"x\":null,\"y\":5e-1},\"b\":[1, 2]}," GOOD "}");
    char *x = cohl_recipe_section_text(&a, "model"), *y = cohl_recipe_section_text(&b, "model");
    assert_string_equal(x, "{\"a\":{\"x\":null,\"y\":0.5},\"b\":[1,2]}");
    assert_string_equal(x, y);
    free(x);
    free(y);
    x = cohl_recipe_section_text(&a, "data");
    assert_string_equal(x, "{}");
    free(x);
    cohl_recipe_close(&a);
    cohl_recipe_close(&b);
}

static void test_rates_rise_stay_and_fall(void **state)
{
    static const struct { int steps; double warmup, decay; } cases[] = {
        { 1000, 100, 0.4 }, { 1000, 0, 0 }, { 1000, 0, 1 }, { 10, 3, 0.5 }, { 1, 100, 0.4 }, { 50, 49.5, 0.01 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_recipe r = { .steps = cases[i].steps, .warmup = cases[i].warmup, .decay = cases[i].decay };
        double falling = r.decay * r.steps, rise = 1 / (r.warmup + 1), fall = falling > 1 ? 1 / falling : 1;
        for (int s = 0; s < r.steps; s++) {
            double now = cohl_recipe_rate(&r, s), next = cohl_recipe_rate(&r, s + 1);
            assert_true(now > 0 && now <= 1);
            if (s + 1 < r.steps && fabs(next - now) > (rise > fall ? rise : fall) + 1e-12)
                fail_msg("case %zu jumps from %g to %g at step %d", i, now, next, s);
            if (s < r.steps - falling - 1)
                assert_true(next >= now);
            if (s >= r.warmup && s > r.steps - falling)
                assert_true(next <= now);
            if (s >= r.warmup && s <= r.steps - falling)
                assert_true(now == 1);
        }
        if (falling < r.steps)
            assert_true(fabs(cohl_recipe_rate(&r, 0) - rise) < 1e-12);
        assert_true(cohl_recipe_rate(&r, r.steps + 5) >= 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_short_recipe_is_filled_with_defaults),
        cmocka_unit_test(test_what_a_recipe_says_is_what_is_read),
        cmocka_unit_test(test_every_bad_value_gives_one_sentence_that_names_it),
        cmocka_unit_test(test_a_recipe_that_is_not_there_is_an_error_of_reading),
        cmocka_unit_test(test_the_name_is_the_files_without_folder_and_ending),
        cmocka_unit_test(test_a_section_is_one_text_however_it_was_written),
        cmocka_unit_test(test_rates_rise_stay_and_fall),
    };
    return cmocka_run_group_tests_name("recipe", tests, NULL, NULL);
}
