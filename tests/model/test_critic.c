/* Tests of src/model/critic: sizes, judging, files, and scores against what was wanted. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/rng.h"
#include "model/critic.h"

enum { FRAMES = 17 };

static const cohl_critic_config small = { .channels = { 4, 4, 8, 8, 16 }, .layers = 1, .heads = 2 };

static void test_pictures_shrink_to_about_one_size(void **state)
{
    (void)state;
    static const int cases[][4] = {
        { 320, 192, 160, 96 }, { 192, 320, 96, 160 }, { 256, 256, 128, 128 }, { 160, 96, 160, 96 },
        { 1280, 768, 160, 96 }, { 32, 32, 128, 128 }, { 4096, 32, 256, 32 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int width, height;
        cohl_critic_size(cases[i][0], cases[i][1], &width, &height);
        if (width != cases[i][2] || height != cases[i][3])
            fail_msg("%dx%d becomes %dx%d", cases[i][0], cases[i][1], width, height);
    }
}

static void make_film(cohl_frame *frame[FRAMES], int width, int height, uint64_t seed)
{
    cohl_rng rng = cohl_rng_make(seed, 1);
    for (int i = 0; i < FRAMES; i++) {
        assert_int_equal(cohl_frame_new(&frame[i], width, height, NULL), COHL_OK);
        for (size_t k = 0; k < cohl_frame_bytes(frame[i]); k++)
            frame[i]->rgb[k] = (uint8_t)cohl_rng_u32(&rng);
    }
}

static void free_film(cohl_frame *frame[FRAMES])
{
    for (int i = 0; i < FRAMES; i++)
        cohl_frame_free(frame[i]);
}

static cohl_critic *fresh(cohl_ctx *ctx)
{
    cohl_critic *critic;
    assert_int_equal(cohl_critic_new(&critic, &small, NULL), COHL_OK);
    assert_int_equal(cohl_params_alloc(&critic->params, ctx, &(cohl_params_use){ 0 }, NULL), COHL_OK);
    assert_int_equal(cohl_params_start(&critic->params, 5, NULL), COHL_OK);
    return critic;
}

static void test_a_verdict_is_made_of_probabilities(void **state)
{
    (void)state;
    static const int size[][2] = { { 320, 192 }, { 192, 320 }, { 256, 256 }, { 64, 48 } };
    cohl_ctx ctx;
    assert_int_equal(cohl_ctx_open(&ctx, &(cohl_ctx_params){ 0 }, NULL), COHL_OK);
    cohl_critic *critic = fresh(&ctx);
    for (int i = 0; i < 4; i++) {
        cohl_frame *film[FRAMES];
        cohl_verdict v;
        make_film(film, size[i][0], size[i][1], (uint64_t)i);
        assert_int_equal(cohl_critic_judge(&ctx, critic, (const cohl_frame *const *)film, FRAMES, &v, NULL), COHL_OK);
        assert_true(v.setting.class >= 0 && v.setting.class < COHL_SETTING_COUNT);
        assert_true(v.move.probability > 1.0f / COHL_MOVE_COUNT - 1e-5f && v.move.probability <= 1);
        for (int k = 0; k < COHL_COLOUR_COUNT; k++) {
            assert_true(v.present[k] >= 0 && v.present[k] <= 1);
            assert_true(v.subject[k].class >= 0 && v.subject[k].class < COHL_SUBJECT_COUNT);
        }
        free_film(film);
    }
    cohl_critic_free(critic);
    cohl_ctx_close(&ctx);
}

/* Clips of a batch do not see each other, whatever their sizes. */
static void test_a_clip_is_judged_the_same_in_company(void **state)
{
    (void)state;
    cohl_ctx ctx;
    assert_int_equal(cohl_ctx_open(&ctx, &(cohl_ctx_params){ 0 }, NULL), COHL_OK);
    cohl_critic *critic = fresh(&ctx);
    int64_t dim[2][4] = { { COHL_CRITIC_FRAMES, 96, 160, 3 }, { COHL_CRITIC_FRAMES, 128, 128, 3 } };
    cohl_tensor *clip[2];
    float together[2 * COHL_MOVE_COUNT], alone[COHL_MOVE_COUNT];
    for (int i = 0; i < 2; i++) {
        size_t count = (size_t)(dim[i][0] * dim[i][1] * dim[i][2] * dim[i][3]);
        float *values = malloc(count * sizeof *values);
        cohl_rng_fill_normal(values, 0, count, 3, (uint64_t)i);
        clip[i] = cohl_tensor_upload(&ctx, values, COHL_F32, 4, dim[i]);
        free(values);
    }
    cohl_tensor_download(&ctx, together, cohl_critic_forward(&ctx, critic, clip, 2).move);
    for (int i = 0; i < 2; i++) {
        cohl_tensor_download(&ctx, alone, cohl_critic_forward(&ctx, critic, &clip[i], 1).move);
        for (int k = 0; k < COHL_MOVE_COUNT; k++)
            if (fabsf(alone[k] - together[i * COHL_MOVE_COUNT + k]) > 1e-5f)
                fail_msg("clip %d, class %d: %g alone, %g in company", i, k, alone[k],
                         together[i * COHL_MOVE_COUNT + k]);
    }
    assert_int_equal(cohl_ctx_status(&ctx, NULL), COHL_OK);
    cohl_critic_free(critic);
    cohl_ctx_close(&ctx);
}

static void test_a_critic_comes_back_from_its_folder(void **state)
{
    (void)state;
    static const char config[] = "{\"channels\":[4,4,8,8,16],\"layers\":1,\"heads\":2}";
    char folder[] = "/tmp/cohl-critic-XXXXXX", path[64];
    cohl_ctx ctx;
    cohl_critic *again;
    cohl_frame *film[FRAMES];
    cohl_verdict a, b;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(cohl_ctx_open(&ctx, &(cohl_ctx_params){ 0 }, NULL), COHL_OK);
    cohl_critic *critic = fresh(&ctx);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    assert_int_equal(cohl_params_save(&critic->params, path, COHL_F32, NULL, NULL), COHL_OK);
    assert_int_not_equal(cohl_critic_load(&again, &ctx, folder, NULL), COHL_OK);
    snprintf(path, sizeof path, "%s/config.json", folder);
    assert_int_equal(cohl_file_write(path, config, strlen(config), NULL), COHL_OK);
    assert_int_equal(cohl_critic_load(&again, &ctx, folder, NULL), COHL_OK);
    make_film(film, 96, 64, 9);
    memset(&a, 0, sizeof a), memset(&b, 0, sizeof b);
    assert_int_equal(cohl_critic_judge(&ctx, critic, (const cohl_frame *const *)film, FRAMES, &a, NULL), COHL_OK);
    assert_int_equal(cohl_critic_judge(&ctx, again, (const cohl_frame *const *)film, FRAMES, &b, NULL), COHL_OK);
    assert_memory_equal(&a, &b, sizeof a);
    free_film(film);
    cohl_critic_free(critic);
    cohl_critic_free(again);
    cohl_ctx_close(&ctx);
    unlink(path);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    unlink(path);
    rmdir(folder);
}

static void test_two_of_a_kind_are_told_apart_by_colour(void **state)
{
    (void)state;
    cohl_wanted w = { .setting = -1, .daytime = -1, .move = -1, .actor_count = 2 };
    cohl_verdict v = { .present = { 0 } };
    int colour[2] = { COHL_COLOUR_BLUE, COHL_COLOUR_RED };
    for (int i = 0; i < 2; i++) {
        w.actor[i].subject = COHL_SUBJECT_BALLOON, w.actor[i].colour = colour[i];
        w.actor[i].action = i ? COHL_ACTION_DRIFT : COHL_ACTION_STAND;
        v.present[colour[i]] = i ? 0.9f : 0.6f;
        v.subject[colour[i]].class = COHL_SUBJECT_BALLOON, v.action[colour[i]].class = w.actor[i].action;
    }
    cohl_score s = cohl_verdict_score(&v, &w);
    assert_int_equal(s.count, 6);
    assert_true(s.all_actors);
    for (int i = 0; i < s.count; i++)
        assert_int_equal(s.answer[i].wanted, s.answer[i].seen);

    v.present[COHL_COLOUR_GREEN] = 0.7f, v.subject[COHL_COLOUR_GREEN].class = COHL_SUBJECT_BALLOON;
    s = cohl_verdict_score(&v, &w);    /* green stands where blue should */
    assert_false(s.all_actors);
    int wrong = 0;
    for (int i = 0; i < s.count; i++)
        if (s.answer[i].kind == COHL_WORD_COLOUR && s.answer[i].wanted != s.answer[i].seen) {
            assert_int_equal(s.answer[i].wanted, COHL_COLOUR_BLUE);
            assert_int_equal(s.answer[i].seen, COHL_COLOUR_GREEN);
            wrong++;
        }
    assert_int_equal(wrong, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures_shrink_to_about_one_size),
        cmocka_unit_test(test_a_verdict_is_made_of_probabilities),
        cmocka_unit_test(test_a_clip_is_judged_the_same_in_company),
        cmocka_unit_test(test_a_critic_comes_back_from_its_folder),
        cmocka_unit_test(test_two_of_a_kind_are_told_apart_by_colour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
