/* Tests of train/checkpoint: what goes in comes out, what is another run's is refused, and a
 * failure to write leaves the last whole file. */
#include "tiny.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "tensor/backend.h"
#include "train/checkpoint.h"
#include "weights/safetensors.h"

static const char mine[] = "{\"task\":\"vae\",\"steps\":100,\"batch\":2,\"seed\":4,\"model\":{\"dim\":3,\"z\":2}}";

/* Two parameters, one for each rule, trained a little so that every part holds something. */
typedef struct state {
    cohl_ctx        ctx;
    cohl_params     params;
    cohl_optimizer *opt;
    cohl_recipe     recipe;
} state;

static void open_state(state *s, const char *recipe, bool muon, uint64_t seed)
{
    cohl_param_spec matrix = { .shape = { 2, { 5, 7 } }, .init = cohl_init_normal(1), .group = COHL_PARAM_MATRIX };
    cohl_param_spec other = { .shape = { 1, { 9 } }, .init = cohl_init_normal(1), .group = COHL_PARAM_OTHER };
    *s = (state){ .opt = NULL };
    assert_int_equal(cohl_recipe_parse(&s->recipe, "mine", recipe, strlen(recipe), NULL), COHL_OK);
    assert_int_equal(cohl_ctx_open(&s->ctx, &(cohl_ctx_params){ 0 }, NULL), COHL_OK);
    cohl_params_add(&s->params, &matrix, "matrix");
    cohl_params_add(&s->params, &other, "bias");
    assert_int_equal(cohl_params_alloc(&s->params, &s->ctx, &(cohl_params_use){ .train = true }, NULL), COHL_OK);
    assert_int_equal(cohl_params_start(&s->params, seed, NULL), COHL_OK);
    cohl_trainee set = { "net", &s->params };
    s->recipe.optimizer.muon = muon;
    assert_int_equal(cohl_optimizer_open(&s->opt, &s->recipe.optimizer, &set, 1, &s->ctx, NULL), COHL_OK);
}

static void close_state(state *s)
{
    cohl_optimizer_close(s->opt);
    cohl_params_free(&s->params);
    cohl_ctx_close(&s->ctx);
    cohl_recipe_close(&s->recipe);
}

static void train(state *s, int steps)
{
    float grad[35];
    double norm;
    for (int step = 0; step < steps; step++) {
        for (int i = 0; i < 2; i++) {
            cohl_tensor *t = s->params.item[i].tensor->grad;
            cohl_rng_fill_normal(grad, 0, 35, (uint64_t)step, (uint64_t)i);
            s->ctx.backend->upload(&s->ctx, t->data, grad, (size_t)cohl_tensor_count(t) * sizeof *grad);
        }
        assert_int_equal(cohl_optimizer_step(s->opt, step, 1, &norm, NULL), COHL_OK);
    }
}

static void assert_same(state *a, state *b)
{
    for (int i = 0; i < 2; i++) {
        cohl_slot *x = &a->opt->slot[i], *y = &b->opt->slot[i];
        const cohl_tensor *const left[] = { x->param->tensor, &x->m, &x->v, &x->average };
        const cohl_tensor *const right[] = { y->param->tensor, &y->m, &y->v, &y->average };
        for (int k = 0; k < 4; k++) {
            float one[35], two[35];
            size_t bytes = (size_t)cohl_tensor_count(left[0]) * sizeof *one;
            assert_int_equal(!left[k]->data, !right[k]->data);
            if (!left[k]->data)
                continue;
            a->ctx.backend->download(&a->ctx, one, left[k]->data, bytes);
            b->ctx.backend->download(&b->ctx, two, right[k]->data, bytes);
            assert_memory_equal(one, two, bytes);
        }
    }
}

static void test_a_checkpoint_brings_everything_back(void **unused)
{
    char *folder = tiny_folder(), *path = tiny_path(folder, "c.safetensors");
    for (int muon = 0; muon < 2; muon++) {
        state a, b;
        cohl_progress in = { 12345, 678.9, 4321 }, out = { 0 };
        open_state(&a, mine, muon, 1);
        open_state(&b, mine, muon, 2);
        train(&a, 3);
        assert_int_equal(cohl_checkpoint_save(path, a.opt, &a.recipe, &in, NULL), COHL_OK);
        assert_int_equal(cohl_checkpoint_load(path, b.opt, &b.recipe, &out, NULL), COHL_OK);
        assert_same(&a, &b);
        assert_int_equal(out.step, 12345);
        assert_true(out.seconds == 678.9 && out.joules == 4321);
        close_state(&a);
        close_state(&b);
    }
    free(path);
    tiny_remove(folder);
}

static void refuse(const char *path, const char *recipe, bool muon, const char *named)
{
    state s;
    cohl_progress progress = { 0 };
    cohl_error err = { 0 };
    open_state(&s, recipe, muon, 1);
    assert_int_equal(cohl_checkpoint_load(path, s.opt, &s.recipe, &progress, &err), COHL_ERR_FORMAT);
    if (!strstr(err.text, named) || !strstr(err.text, path))
        fail_msg("\"%s\" does not name %s and the file", err.text, named);
    close_state(&s);
}

static void test_a_checkpoint_of_another_run_is_refused_by_name(void **unused)
{
    static const struct { const char *recipe, *named; } cases[] = {
        { "{\"task\":\"film\",\"steps\":100,\"batch\":2,\"seed\":4,\"model\":{\"dim\":3,\"z\":2}}", "task" },
        { "{\"task\":\"vae\",\"steps\":100,\"batch\":2,\"seed\":5,\"model\":{\"dim\":3,\"z\":2}}", "seed" },
        { "{\"task\":\"vae\",\"steps\":100,\"batch\":2,\"seed\":4,\"model\":{\"dim\":4,\"z\":2}}", "model" },
        { "{\"task\":\"vae\",\"steps\":100,\"batch\":2,\"seed\":4}", "model" },
    };
    char *folder = tiny_folder(), *path = tiny_path(folder, "c.safetensors");
    state a;
    open_state(&a, mine, true, 1);
    assert_int_equal(cohl_checkpoint_save(path, a.opt, &a.recipe, &(cohl_progress){ 3, 0, 0 }, NULL), COHL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse(path, cases[i].recipe, true, cases[i].named);
    refuse(path, mine, false, "v/net/matrix");      /* AdamW needs what Muon did not keep */
    close_state(&a);
    free(path);
    tiny_remove(folder);
}

static void test_the_order_of_keys_and_the_length_of_the_run_may_change(void **unused)
{
    static const char later[] = "{\"model\":{\"z\":2,\"dim\":3},\"seed\":4,\"batch\":8,\"steps\":900,\"task\":\"vae\"}";
    char *folder = tiny_folder(), *path = tiny_path(folder, "c.safetensors");
    state a, b;
    cohl_progress progress;
    open_state(&a, mine, true, 1);
    open_state(&b, later, true, 1);
    assert_int_equal(cohl_checkpoint_save(path, a.opt, &a.recipe, &(cohl_progress){ 3, 0, 0 }, NULL), COHL_OK);
    assert_int_equal(cohl_checkpoint_load(path, b.opt, &b.recipe, &progress, NULL), COHL_OK);
    close_state(&a);
    close_state(&b);
    free(path);
    tiny_remove(folder);
}

static void test_a_file_that_was_cut_is_refused(void **unused)
{
    char *folder = tiny_folder(), *path = tiny_path(folder, "c.safetensors"), *cut = tiny_path(folder, "cut.safetensors");
    size_t size;
    state a;
    cohl_progress progress;
    open_state(&a, mine, true, 1);
    assert_int_equal(cohl_checkpoint_save(path, a.opt, &a.recipe, &(cohl_progress){ 3, 0, 0 }, NULL), COHL_OK);
    char *bytes = tiny_read(path, &size);
    for (size_t keep = 0; keep < size; keep += 1 + size / 97) {
        cohl_error err = { 0 };
        assert_int_equal(cohl_file_write(cut, bytes, keep, NULL), COHL_OK);
        assert_int_equal(cohl_checkpoint_load(cut, a.opt, &a.recipe, &progress, &err), COHL_ERR_FORMAT);
        assert_true(err.text[0]);
    }
    free(bytes);
    close_state(&a);
    free(path);
    free(cut);
    tiny_remove(folder);
}

static void test_progress_that_is_no_number_is_refused(void **unused)
{
    static const char *const wrong[] = { "", "nan", "inf", "-1", "1e300", "12x", "many" };
    char *folder = tiny_folder(), *path = tiny_path(folder, "c.safetensors");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const cohl_metadata metadata[] = {
            { "cohl.step", wrong[i] }, { "cohl.seed", "4" }, { "cohl.task", "vae" },
            { "cohl.model", "{\"dim\":3,\"z\":2}" }, { "cohl.seconds", "1" }, { "cohl.joules", "1" }, { NULL, NULL },
        };
        const cohl_weight none = { .name = "x", .type = COHL_F32, .rank = 1, .dim = { 1 }, .count = 1, .data = "\0\0\0" };
        assert_int_equal(cohl_safetensors_write(path, &none, 1, metadata, NULL), COHL_OK);
        refuse(path, mine, true, "step");
    }
    free(path);
    tiny_remove(folder);
}

static int entries(const char *folder)
{
    int count = 0;
    DIR *d = opendir(folder);
    while (readdir(d))
        count++;
    closedir(d);
    return count - 2;
}

/* The disk says no in the middle of the file: the one before stays, and nothing half. */
static void test_a_save_that_fails_leaves_the_last_whole_one(void **unused)
{
    char *folder = tiny_folder(), *path = tiny_path(folder, "c.safetensors");
    struct rlimit before, low;
    state a, b;
    cohl_progress progress;
    cohl_error err = { 0 };
    open_state(&a, mine, true, 1);
    open_state(&b, mine, true, 2);
    train(&b, 2);
    assert_int_equal(cohl_checkpoint_save(path, a.opt, &a.recipe, &(cohl_progress){ 3, 0, 0 }, NULL), COHL_OK);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    low = before, low.rlim_cur = 1000;
    setrlimit(RLIMIT_FSIZE, &low);
    cohl_status st = cohl_checkpoint_save(path, b.opt, &b.recipe, &(cohl_progress){ 9, 0, 0 }, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(st, COHL_ERR_IO);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(entries(folder), 1);
    assert_int_equal(cohl_checkpoint_load(path, b.opt, &b.recipe, &progress, NULL), COHL_OK);
    assert_int_equal(progress.step, 3);
    assert_same(&a, &b);
    close_state(&a);
    close_state(&b);
    free(path);
    tiny_remove(folder);
}

static void test_what_killed_writers_left_is_swept_away(void **unused)
{
    char *folder = tiny_folder(), *others = NULL, *names[5];
    others = tiny_path(folder, "c.safetensors.%ld.part", (long)getppid());
    names[0] = tiny_path(folder, "c.safetensors.4194399.part");   /* no process: beyond the largest number */
    names[1] = tiny_path(folder, "log.jsonl.4194399.part");
    names[2] = tiny_path(folder, "4194399.part");
    names[3] = tiny_path(folder, "a.part");
    names[4] = tiny_path(folder, "c.safetensors");
    for (int i = 0; i < 5; i++)
        tiny_write(names[i], "x");
    tiny_write(others, "x");
    cohl_folder_sweep(folder);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(cohl_file_exists(names[i]), i >= 2);
        free(names[i]);
    }
    assert_true(cohl_file_exists(others));
    cohl_folder_sweep("/nowhere");
    free(others);
    tiny_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_checkpoint_brings_everything_back),
        cmocka_unit_test(test_a_checkpoint_of_another_run_is_refused_by_name),
        cmocka_unit_test(test_the_order_of_keys_and_the_length_of_the_run_may_change),
        cmocka_unit_test(test_a_file_that_was_cut_is_refused),
        cmocka_unit_test(test_progress_that_is_no_number_is_refused),
        cmocka_unit_test(test_a_save_that_fails_leaves_the_last_whole_one),
        cmocka_unit_test(test_what_killed_writers_left_is_swept_away),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
