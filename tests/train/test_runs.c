/* Tests of whole runs: an autoencoder and a film model of a few thousand numbers learn for some
 * steps, with any number of threads, stopped and resumed; recipes that cannot be run say why. */
#define _GNU_SOURCE
#include "../sanitized.h"
#include "tiny.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "model/film_model.h"
#include "model/vae_file.h"
#include "train/loop.h"

enum { STEPS = SANITIZED ? 10 : 40 };       /* ten say nothing yet of a loss that falls */

static const char *tokenizer_folder;
static const char *const schedule = "\"warmup\": 2, \"evaluate_every\": 10, \"sheet_every\": 0, \"save_seconds\": 0.05";

typedef struct sitting {
    const char *recipe, *folder;
    int         threads;
    const volatile bool *stop;
    double      minutes;
} sitting;

static cohl_status train(const sitting *s, cohl_train_report *report, cohl_error *err)
{
    cohl_recipe recipe;
    cohl_workers *workers;
    cohl_status st = cohl_recipe_parse(&recipe, "tiny", s->recipe, strlen(s->recipe), err);
    if (st)
        return st;
    assert_int_equal(cohl_workers_new(&workers, s->threads, NULL), COHL_OK);
    cohl_train_params params = { .recipe = &recipe, .folder = s->folder, .workers = workers, .stop = s->stop,
                                 .minutes = s->minutes };
    st = cohl_train(&params, report, err);
    cohl_workers_free(workers);
    cohl_recipe_close(&recipe);
    return st;
}

static cohl_train_report train_well(const sitting *s)
{
    cohl_train_report report;
    cohl_error err;
    if (train(s, &report, &err))
        fail_msg("%s", err.text);
    return report;
}

/* log.jsonl of a folder less its seconds. */
static char *losses_of(const char *folder)
{
    char *path = tiny_path(folder, "log.jsonl"), *text = tiny_losses(path);
    free(path);
    return text;
}

static double first_held_out(const char *log)
{
    const char *at = strstr(log, "\"held_out\":");
    assert_non_null(at);
    return strtod(at + strlen("\"held_out\":"), NULL);
}

static void assert_there(const char *folder, const char *name)
{
    char *path = tiny_path(folder, "%s", name);
    if (!cohl_file_exists(path))
        fail_msg("%s is not there", path);
    free(path);
}

/* Run a recipe with 1 and with 3 threads: one log. The held-out loss falls by a part of itself. */
static void learn(const char *folder, const char *recipe, double part)
{
    char *log[2], sheet[40];
    snprintf(sheet, sizeof sheet, "sheets/step-%08d.png", STEPS);
    for (int i = 0; i < 2; i++) {
        char *run = tiny_path(folder, "run-%d", i);
        cohl_train_report report = train_well(&(sitting){ .recipe = recipe, .folder = run, .threads = 1 + 2 * i });
        log[i] = losses_of(run);
        assert_int_equal(report.progress.step, STEPS);
        if (!SANITIZED && !(report.held_out < (1 - part) * first_held_out(log[i])))
            fail_msg("held out %g at first, %g at last", first_held_out(log[i]), report.held_out);
        assert_there(run, "checkpoint.safetensors");
        assert_there(run, sheet);
        free(run);
    }
    assert_string_equal(log[0], log[1]);
    for (int i = 0; i < 2; i++)
        free(log[i]);
}

static void test_an_autoencoder_learns_the_same_with_any_threads(void **state)
{
    char *folder = tiny_folder(), *recipe = tiny_vae_recipe(STEPS, schedule);
    learn(folder, recipe, 0.02);
    char *made = tiny_path(folder, "run-0/model/vae");
    cohl_ctx ctx;
    cohl_vae *vae;
    cohl_error err;
    assert_int_equal(cohl_ctx_open(&ctx, &(cohl_ctx_params){ 0 }, NULL), COHL_OK);
    if (cohl_vae_load(&vae, &ctx, made, &err))
        fail_msg("%s", err.text);
    for (int c = 0; c < vae->config.z_dim; c++)
        assert_true(isfinite(vae->config.latent_mean[c]) && vae->config.latent_std[c] > 0 &&
                    vae->config.latent_std[c] != 1);
    cohl_vae_free(vae);
    cohl_ctx_close(&ctx);
    free(made);
    free(recipe);
    tiny_remove(folder);
}

/* The fit alone explains most of the picture; a resumed run keeps it, and a later one would fit the same. */
static void test_a_linear_autoencoder_is_fitted_once_and_its_code_stays(void **state)
{
    char *folder = tiny_folder(), *one = tiny_linear_recipe(1, schedule), *more = tiny_linear_recipe(3, schedule);
    char *run = tiny_path(folder, "run"), *other = tiny_path(folder, "other");
    char *fit = tiny_path(run, "linear.safetensors"), *fit_again = tiny_path(other, "linear.safetensors");
    size_t size, size_again;

    cohl_train_report report = train_well(&(sitting){ .recipe = one, .folder = run, .threads = 1 });
    assert_true(report.held_out < 0.5);       /* a mean picture alone: about 1 */
    char *before = tiny_read(fit, &size);
    train_well(&(sitting){ .recipe = more, .folder = run, .threads = 2 });
    char *after = tiny_read(fit, &size_again);
    assert_int_equal(size, size_again);
    assert_memory_equal(before, after, size);
    free(after);
    if (!SANITIZED) {
        train_well(&(sitting){ .recipe = more, .folder = other, .threads = 3 });
        after = tiny_read(fit_again, &size_again);
        assert_memory_equal(before, after, size);
        char *losses = losses_of(run), *again = losses_of(other);
        assert_non_null(strstr(again, strrchr(losses, '{')));      /* the last step came out the same */
        free(losses);
        free(again);
        free(after);
    }
    free(before);
    free(fit);
    free(fit_again);
    free(run);
    free(other);
    free(one);
    free(more);
    tiny_remove(folder);
}

static void test_a_film_model_learns_the_same_with_any_threads(void **state)
{
    char *folder = tiny_folder(), *vae = tiny_path(folder, "vae");
    char *recipe = tiny_film_recipe(STEPS, folder, tokenizer_folder, schedule);
    tiny_vae_write(vae, 1, 1);
    learn(folder, recipe, 0.02);
    char *made = tiny_path(folder, "run-0/model");
    cohl_ctx ctx;
    cohl_film_model *model;
    cohl_error err;
    assert_int_equal(cohl_ctx_open(&ctx, &(cohl_ctx_params){ 0 }, NULL), COHL_OK);
    if (cohl_film_model_load(&model, made, &ctx, COHL_F32, &err))
        fail_msg("%s", err.text);
    assert_string_equal(model->can.name, "tiny");
    cohl_film_model_free(model);
    cohl_ctx_close(&ctx);

    /* It may be gone on from, by another recipe. */
    char *more = tiny_film_recipe(2, folder, tokenizer_folder, schedule), *begun = NULL;
    char *run = tiny_path(folder, "run-3");
    assert_true(asprintf(&begun, "{ \"start_from\": \"%s\", %s", made, more + 1) > 0);
    cohl_train_report report = train_well(&(sitting){ .recipe = begun, .folder = run, .threads = 1 });
    assert_int_equal(report.progress.step, 2);
    free(more);
    free(begun);
    free(run);
    free(made);
    free(vae);
    free(recipe);
    tiny_remove(folder);
}

/* Lines of steps: held-out lines at a stop are beside the plan. */
static char *step_lines(const char *log)
{
    char *out = calloc(1, strlen(log) + 1), *to = out;
    for (const char *line = log, *end; (end = strchr(line, '\n')); line = end + 1)
        if (!memmem(line, (size_t)(end - line), "\"held_out\"", 10)) {
            memcpy(to, line, (size_t)(end + 1 - line));
            to += end + 1 - line;
        }
    return out;
}

static void test_a_run_stopped_and_resumed_goes_on_as_if_never_stopped(void **state)
{
    static const volatile bool now = true;
    char *folder = tiny_folder(), *recipe = tiny_vae_recipe(6, schedule);
    char *whole = tiny_path(folder, "whole"), *parts = tiny_path(folder, "parts");
    train_well(&(sitting){ .recipe = recipe, .folder = whole, .threads = 1 });
    for (int step = 1; step <= 2; step++) {
        cohl_train_report report = train_well(&(sitting){ .recipe = recipe, .folder = parts, .threads = 1, .stop = &now });
        assert_int_equal(report.progress.step, step);      /* one step, then saved */
        assert_there(parts, "model/vae/model.safetensors");
    }
    train_well(&(sitting){ .recipe = recipe, .folder = parts, .threads = 2, .minutes = 1e-9 });
    cohl_train_report report = train_well(&(sitting){ .recipe = recipe, .folder = parts, .threads = 1 });
    assert_int_equal(report.progress.step, 6);
    assert_true(report.progress.seconds > 0 && report.progress.joules > 0);
    char *a = losses_of(whole), *b = losses_of(parts), *x = step_lines(a), *y = step_lines(b);
    assert_string_equal(x, y);
    char *weights = tiny_path(parts, "model/vae/model.safetensors");
    assert_int_equal(unlink(weights), 0);
    report = train_well(&(sitting){ .recipe = recipe, .folder = parts, .threads = 1 });    /* done: but for its model */
    assert_int_equal(report.progress.step, 6);
    assert_there(parts, "model/vae/model.safetensors");
    free(weights);
    char *c = losses_of(parts);
    assert_string_equal(b, c);
    free(a), free(b), free(c), free(x), free(y);
    free(whole);
    free(parts);
    free(recipe);
    tiny_remove(folder);
}

static void test_a_folder_where_a_run_is_at_work_is_refused(void **state)
{
    char *folder = tiny_folder(), *recipe = tiny_vae_recipe(1, schedule);
    cohl_train_report report;
    cohl_error err = { 0 };
    int held = open(folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(held, LOCK_EX), 0);
    assert_int_equal(train(&(sitting){ .recipe = recipe, .folder = folder, .threads = 1 }, &report, &err), COHL_ERR_IO);
    assert_non_null(strstr(err.text, "another run"));
    close(held);
    free(recipe);
    tiny_remove(folder);
}

/* A recipe with one passage replaced. */
static char *replaced(const char *recipe, const char *from, const char *to)
{
    const char *at = strstr(recipe, from);
    char *out = NULL;
    if (!at)
        fail_msg("the recipe has no %s", from);
    assert_true(asprintf(&out, "%.*s%s%s", (int)(at - recipe), recipe, to, at + strlen(from)) > 0);
    return out;
}

typedef struct wrong { const char *from, *to, *named; } wrong;

static void refuse(const char *recipe, const wrong *cases, size_t count, const char *folder)
{
    for (size_t i = 0; i < count; i++) {
        char *text = replaced(recipe, cases[i].from, cases[i].to), *run = tiny_path(folder, "run");
        cohl_train_report report;
        cohl_error err = { 0 };
        cohl_status st = train(&(sitting){ .recipe = text, .folder = run, .threads = 1 }, &report, &err);
        if (!st || !strstr(err.text, cases[i].named) || strchr(err.text, '\n'))
            fail_msg("%s: status %d, \"%s\" does not name %s", cases[i].to, st, err.text, cases[i].named);
        if (cohl_folder_exists(run))
            fail_msg("%s: it leaves %s behind", cases[i].to, run);
        free(text);
        free(run);
    }
}

static void test_recipes_of_autoencoders_that_cannot_be_are_refused(void **state)
{
    static const wrong cases[] = {
        { "\"vae\"", "\"vea\"", "vea" },
        { "\"width\": 64", "\"width\": 16", "\"width\"" },
        { "\"width\": 64", "\"width\": 72", "72" },
        { "\"height\": 64", "\"height\": 2048", "\"height\"" },
        { "\"crop_width\": 32", "\"crop_width\": 40", "40" },
        { "\"crop_width\": 32", "\"crop_width\": 96", "\"crop_width\"" },
        { "\"crop_height\": 32", "\"crop_height\": 0", "\"crop_height\"" },
        { "[1, 5]", "[1, 4]", "4 frames" },
        { "[1, 5]", "[]", "\"frames\"" },
        { "[1, 5]", "[1,1,1,1,1,1,1,1,1]", "\"frames\"" },
        { "[1, 5]", "5", "\"frames\"" },
        { "[1, 5]", "[1], \"noise\": -1", "\"noise\"" },
        { "[1, 5]", "[1], \"pull\": 2", "\"pull\"" },
        { "[1, 5]", "[1], \"subject_weight\": 0", "\"subject_weight\"" },
        { "[1, 5]", "[1], \"square_weight\": \"x\"", "\"square_weight\"" },
        { "[1, 5]", "[1], \"act\": 3", "\"act\"" },
        { "[1, 5]", "[1], \"actors_max\": 4", "\"actors_max\"" },
        { "\"z_dim\": 6", "\"z_dim\": 0", "z_dim" },
        { "\"dim_mult\": [1, 2, 2, 2]", "\"dim_mult\": [1, 2]", "downsample" },
        { "\"batch\": 2", "\"batch\": 2, \"start_from\": \"/nowhere\"", "/nowhere" },
    };
    char *folder = tiny_folder(), *recipe = tiny_vae_recipe(1, "");
    refuse(recipe, cases, sizeof cases / sizeof *cases, folder);
    /* Small film without a word about crops is taken whole. */
    char *text = replaced(recipe, ", \"crop_width\": 32, \"crop_height\": 32", ""), *run = tiny_path(folder, "run");
    train_well(&(sitting){ .recipe = text, .folder = run, .threads = 1 });
    free(run);
    free(text);
    free(recipe);
    tiny_remove(folder);
}

static void test_recipes_of_film_models_that_cannot_be_are_refused(void **state)
{
    static const wrong cases[] = {
        { "\"text_max\": 48", "\"text_max\": 4", "\"text_max\"" },
        { "\"text_max\": 48", "\"text_max\": 64", "text_len" },
        { "\"text_max\": 48", "\"shift\": 0", "\"shift\"" },
        { "\"text_max\": 48", "\"drop_text\": 2", "\"drop_text\"" },
        { "\"in_dim\": 6", "\"in_dim\": 8", "z_dim" },
        { "\"camera_dim\": 8", "\"camera_dim\": 5", "camera_dim" },
        { "\"text_dim\": 12", "\"text_dim\": 16", "text_dim" },
        { "\"text_encoder\":", "\"txt\":", "text_encoder" },
        { "\"transformer\":", "\"trf\":", "transformer" },
        { "\"num_heads\": 2, \"num_layers\": 2", "\"num_heads\": 5, \"num_layers\": 2", "heads" },
        { "[32, 32, 1]", "[32, 40, 1]", "\"shapes\"[0]" },
        { "[32, 32, 1]", "[32, 32, 2]", "\"shapes\"[0]" },
        { "[64, 32, 5]", "[4294967328, 32, 5]", "\"shapes\"[1]" },
        { "[64, 32, 5]", "[64, 32]", "\"shapes\"[1]" },
        { "[64, 32, 5]", "7", "\"shapes\"[1]" },
        { "[[32, 32, 1], [64, 32, 5]]", "[]", "\"shapes\"" },
        { "[[32, 32, 1], [64, 32, 5]]", "\"big\"", "\"shapes\"" },
        { "\"act\": 1", "\"act\": 0", "\"act\"" },
        { "\"act\": 1", "\"actors_min\": 2, \"actors_max\": 1", "\"actors_max\"" },
        { "\"repeats\": 0.2", "\"repeats\": 0", "\"repeats\"" },
        { "\"shards_first\": 1", "\"shards_first\": 5000", "\"shards_first\"" },
        { "\"shards_first\": 1", "\"shards_max\": 0", "\"shards_max\"" },
        { "/vae\"", "/vea\"", "/vea" },
        { "\"tokenizer\": \"", "\"tokenizer\": \"/nowhere", "/nowhere" },
        { "\"batch\": 2", "\"batch\": 2, \"start_from\": \"/nowhere\"", "/nowhere" },
    };
    char *folder = tiny_folder(), *vae = tiny_path(folder, "vae");
    char *recipe = tiny_film_recipe(1, folder, tokenizer_folder, "");
    tiny_vae_write(vae, 1, 1);
    refuse(recipe, cases, sizeof cases / sizeof *cases, folder);
    free(vae);
    free(recipe);
    tiny_remove(folder);
}

/* The model was to be saved, hours later, when it was told that this autoencoder cannot be copied into it. */
static void test_an_autoencoder_that_cannot_be_copied_is_refused_before_the_first_step(void **state)
{
    static const wrong cases[] = { { "/vae\"", "/other\"", "/other: what fills it is in none of the files" } };
    static const char index[] = "{ \"weight_map\": {} }";
    char *folder = tiny_folder(), *vae = tiny_path(folder, "other"), *recipe = tiny_film_recipe(1, folder, tokenizer_folder, "");
    tiny_vae_write(vae, 1, 1);
    char *whole = tiny_path(vae, "model.safetensors"), *shard = tiny_path(vae, "shard.safetensors"),
         *list = tiny_path(vae, "model.safetensors.index.json");
    assert_int_equal(rename(whole, shard), 0);
    tiny_write(list, index);
    refuse(recipe, cases, 1, folder);
    free(list);
    free(shard);
    free(whole);
    free(recipe);
    free(vae);
    tiny_remove(folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_autoencoder_learns_the_same_with_any_threads),
        cmocka_unit_test(test_a_linear_autoencoder_is_fitted_once_and_its_code_stays),
        cmocka_unit_test(test_a_film_model_learns_the_same_with_any_threads),
        cmocka_unit_test(test_a_run_stopped_and_resumed_goes_on_as_if_never_stopped),
        cmocka_unit_test(test_a_folder_where_a_run_is_at_work_is_refused),
        cmocka_unit_test(test_recipes_of_autoencoders_that_cannot_be_are_refused),
        cmocka_unit_test(test_recipes_of_film_models_that_cannot_be_are_refused),
        cmocka_unit_test(test_an_autoencoder_that_cannot_be_copied_is_refused_before_the_first_step),
    };
    if (argc < 2) {
        fprintf(stderr, "usage: test_runs TOKENIZER_FOLDER\n");
        return 1;
    }
    tokenizer_folder = argv[1];
    return cmocka_run_group_tests_name("runs", tests, NULL, NULL);
}
