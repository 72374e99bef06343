/* Tests of files that change a network: what is read is W + s B A, to the rounding of f32, in every
 * spelling; and what does not fit is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../folder.h"
#include "base/half.h"
#include "base/rng.h"
#include "weights/lora.h"
#include "weights/network.h"
#include "weights/safetensors.h"

enum { OUT = 48, IN = 64, RANK = 3, CELLS = OUT * IN };

static float base[CELLS], bias[OUT], down[RANK * IN], up[OUT * RANK], diff[CELLS], more_bias[OUT];

static int fill_all(void **state)
{
    struct { float *to; size_t count; } all[] = { { base, CELLS }, { bias, OUT }, { down, RANK * IN }, { up, OUT * RANK },
                                                  { diff, CELLS }, { more_bias, OUT } };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cohl_rng_fill_normal(all[i].to, 0, all[i].count, 5, i);
    return folder_make(state);
}

static cohl_weight f32(const char *name, int rank, int64_t a, int64_t b, const float *data)
{
    return (cohl_weight){ .name = name, .type = COHL_F32, .rank = rank, .dim = { a, b },
                          .count = (size_t)(rank == 0 ? 1 : rank == 1 ? a : a * b), .data = data };
}

static void write_file(const char *path, const cohl_weight *list, size_t count)
{
    cohl_error err;
    if (cohl_safetensors_write(path, list, count, NULL, &err))
        fail_msg("%s", err.text);
}

/* A model of one matrix and its bias. packing: of the matrix, or NULL. */
static cohl_weights *open_model(const cohl_packing *packing)
{
    static uint8_t packed[CELLS];
    cohl_weight list[] = { f32("blocks.0.self_attn.q.weight", 2, OUT, IN, base),
                           f32("blocks.0.self_attn.q.bias", 1, OUT, 0, bias),
                           f32("blocks.0.modulation", 2, 6, 2, bias) };
    cohl_weights *weights;
    cohl_error err;
    for (int i = 0; packing && i < CELLS; i++)
        packing->pack(&packed[i], &base[i]);
    if (packing)
        list[0].packing = packing, list[0].data = packed;
    write_file(path_of("model"), list, 3);
    if (cohl_weights_open(&weights, path_of("model"), &err))
        fail_msg("%s", err.text);
    return weights;
}

/* W[o, i] + s sum_r B[o, r] A[r, i], in double. */
static double wanted(float w, double s, int o, int i)
{
    double sum = 0;
    for (int r = 0; r < RANK; r++)
        sum += (double)up[o * RANK + r] * down[r * IN + i];
    return w + s * sum;
}

static void expect(const cohl_weights *weights, const cohl_packing *packing, double s, double d)
{
    const cohl_weight *w = cohl_weights_find(weights, "blocks.0.self_attn.q.weight");
    float value[CELLS], some[CELLS];
    uint16_t half[CELLS];
    cohl_weight_read_f32(w, 0, CELLS, value);
    cohl_weight_read_bf16(w, 0, CELLS, half);
    for (int i = 0; i < CELLS; i++) {
        float start = base[i];
        uint8_t code;
        if (packing) {
            packing->pack(&code, &base[i]);
            packing->unpack(&start, &code);
        }
        double right = wanted(start, s, i / IN, i % IN) + d * diff[i];
        if (fabs(value[i] - right) > 4e-6)
            fail_msg("value %d is %.8f, expected %.8f", i, (double)value[i], right);
        assert_int_equal(half[i], cohl_f32_to_bf16(value[i]));
    }
    for (size_t first = 0; first < CELLS; first += 311) {
        size_t n = CELLS - first < 500 ? CELLS - first : 500;
        cohl_weight_read_f32(w, first, n, some);
        assert_memory_equal(some, value + first, n * sizeof *some);
    }
}

static void apply(cohl_weights *weights, const char *path, float strength)
{
    cohl_lora *lora;
    cohl_error err;
    if (cohl_lora_open(&lora, path, &err) || cohl_lora_apply(weights, lora, strength, &err))
        fail_msg("%s", err.text);
    cohl_lora_close(lora);
}

static void test_every_spelling_changes_the_same_weight(void **state)
{
    static const float six = 6;
    static const struct { const char *down, *up, *alpha, *spelling; } spellings[] = {
        { "diffusion_model.blocks.0.self_attn.q.lora_A.weight", "diffusion_model.blocks.0.self_attn.q.lora_B.weight",
          NULL, "ComfyUI" },
        { "diffusion_model.blocks.0.self_attn.q.lora_down.weight", "diffusion_model.blocks.0.self_attn.q.lora_up.weight",
          "diffusion_model.blocks.0.self_attn.q.alpha", "ComfyUI" },
        { "blocks.0.self_attn.q.lora_A.default.weight", "blocks.0.self_attn.q.lora_B.default.weight", NULL, "ComfyUI" },
        { "transformer.blocks.0.attn1.to_q.lora_A.weight", "transformer.blocks.0.attn1.to_q.lora_B.weight", NULL,
          "diffusers" },
        { "base_model.model.transformer.blocks.0.attn1.to_q.lora.down.weight",
          "base_model.model.transformer.blocks.0.attn1.to_q.lora.up.weight", NULL, "diffusers" },
        { "lora_unet_blocks_0_self_attn_q.lora_down.weight", "lora_unet_blocks_0_self_attn_q.lora_up.weight",
          "lora_unet_blocks_0_self_attn_q.alpha", "kohya" },
    };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        cohl_weight list[] = { f32(spellings[i].down, 2, RANK, IN, down), f32(spellings[i].up, 2, OUT, RANK, up),
                               f32(spellings[i].alpha, 0, 0, 0, &six) };
        cohl_lora *lora;
        cohl_error err;
        const char *path = path_of("style");
        write_file(path, list, spellings[i].alpha ? 3 : 2);
        assert_int_equal(cohl_lora_open(&lora, path, &err), COHL_OK);
        assert_string_equal(cohl_lora_spelling(lora), spellings[i].spelling);
        assert_int_equal(cohl_lora_rank(lora), RANK);
        assert_int_equal(cohl_lora_count(lora), 1);
        cohl_lora_close(lora);
        cohl_weights *weights = open_model(NULL);
        apply(weights, path, 0.5f);
        expect(weights, NULL, 0.5 * (spellings[i].alpha ? 6.0 / RANK : 1), 0);
        cohl_weights_close(weights);
    }
}

static void test_several_add_up_over_a_packed_weight(void **state)
{
    const cohl_packing *packing = cohl_packing_named("F8_E4M3");
    const cohl_weight list[] = { f32("blocks.0.self_attn.q.lora_A.weight", 2, RANK, IN, down),
                                 f32("blocks.0.self_attn.q.lora_B.weight", 2, OUT, RANK, up) };
    const cohl_weight differences[] = { f32("blocks.0.self_attn.q.diff", 2, OUT, IN, diff),
                                        f32("blocks.0.self_attn.q.diff_b", 1, OUT, 0, more_bias),
                                        f32("blocks.0.modulation.diff", 2, 6, 2, more_bias) };
    cohl_weights *weights = open_model(packing);
    float value[OUT];
    write_file(path_of("one"), list, 2);
    write_file(path_of("two"), differences, 3);
    apply(weights, path_of("one"), 0.8f);
    apply(weights, path_of("two"), -0.25f);
    apply(weights, path_of("one"), -0.3f);
    apply(weights, path_of("one"), 0);
    expect(weights, packing, 0.5, -0.25);
    cohl_weights_tensor_f32(weights, "blocks.0.self_attn.q.bias", (int64_t[]){ OUT }, 1, value, NULL);
    for (int i = 0; i < OUT; i++)
        assert_true(fabsf(value[i] - (bias[i] - 0.25f * more_bias[i])) < 1e-6f);
    cohl_weight_read_f32(cohl_weights_find(weights, "blocks.0.modulation"), 0, 12, value);
    assert_true(fabsf(value[11] - (bias[11] - 0.25f * more_bias[11])) < 1e-6f);
    cohl_weights_close(weights);
}

static void test_what_does_not_fit_is_told_and_changes_nothing(void **state)
{
    const char *const a = "blocks.0.self_attn.q.lora_A.weight", *const b = "blocks.0.self_attn.q.lora_B.weight";
    const struct { cohl_weight list[2]; int count; const char *sentence; } cases[] = {
        { { f32(a, 2, RANK, IN - 1, down), f32(b, 2, OUT, RANK, up) }, 2, "made for another model" },
        { { f32(a, 2, RANK, IN, down), f32(b, 2, OUT - 1, RANK, up) }, 2, "as [47, 64], here it is [48, 64]" },
        { { f32("blocks.7.self_attn.q.lora_A.weight", 2, RANK, IN, down),
            f32("blocks.7.self_attn.q.lora_B.weight", 2, OUT, RANK, up) }, 2, "1 of its 1 modules" },
        { { f32("lora_te_text_model.lora_down.weight", 2, RANK, IN, down),
            f32("lora_te_text_model.lora_up.weight", 2, OUT, RANK, up) }, 2, "made for another model" },
        { { f32(a, 2, 0, IN, down), f32(b, 2, OUT, 0, up) }, 2, "has rank 0" },
        { { f32(a, 2, RANK, IN, down), f32(b, 2, OUT, RANK - 1, up) }, 2, "do not fit each other" },
        { { f32(a, 2, RANK, IN, down) }, 1, "lora_A, but no lora_B" },
        { { f32(b, 2, OUT, RANK, up) }, 1, "lora_B, but no lora_A" },
        { { f32("blocks.0.self_attn.q.alpha", 0, 0, 0, up) }, 1, "alpha, but no factors" },
        { { f32("blocks.0.self_attn.q.weight", 2, OUT, IN, base) }, 1, "no part of a LoRA file" },
        { { f32("blocks.0.self_attn.q.hada_w1_a", 2, OUT, RANK, up) }, 1, "LoHa" },
        { { f32("blocks.0.self_attn.q.diff", 2, OUT, 1, diff) }, 1, "made for another model" },
        { { { 0 } }, 0, "no tensors" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_weights *weights = open_model(NULL);
        cohl_lora *lora = NULL;
        cohl_error err = { 0 };
        write_file(path_of("bad"), cases[i].list, (size_t)cases[i].count);
        cohl_status st = cohl_lora_open(&lora, path_of("bad"), &err);
        if (!st)
            st = cohl_lora_apply(weights, lora, 1, &err);
        if (!st || !strstr(err.text, cases[i].sentence))
            fail_msg("case %zu: status %d, \"%s\", expected \"%s\"", i, st, err.text, cases[i].sentence);
        expect(weights, NULL, 0, 0);
        cohl_lora_close(lora);
        cohl_weights_close(weights);
    }
}

static void test_arguments_and_few_step_names(void **state)
{
    static const struct { const char *argument, *file; float strength; bool bad; } cases[] = {
        { "a.safetensors", "a.safetensors", 1, false }, { "a.safetensors:0.8", "a.safetensors", 0.8f, false },
        { "a:b/c", "a:b/c", 1, false }, { "a:-1", "a", -1, false }, { "a:x", NULL, 0, true }, { "a:", NULL, 0, true },
        { "a:1e9", NULL, 0, true }, { "a:nan", NULL, 0, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *file;
        float strength;
        cohl_error err;
        cohl_status st = cohl_lora_argument(&file, &strength, cases[i].argument, &err);
        assert_int_equal(st, cases[i].bad ? COHL_ERR_ARGUMENT : COHL_OK);
        if (!st) {
            assert_string_equal(file, cases[i].file);
            assert_true(strength == cases[i].strength);
        }
        free(file);
    }
    assert_int_equal(cohl_lora_sampling_of("/x/Wan21_T2V_14B_LightX2V_cfg_step_distill.safetensors").steps, 4);
    assert_true(cohl_lora_sampling_of("Wan2.2-Lightning_T2V-A14B.safetensors").shift == 5);
    assert_int_equal(cohl_lora_sampling_of("Wan2.2-I2V-A14B-4steps-lora_HIGH_fp16.safetensors").steps, 4);
    assert_int_equal(cohl_lora_sampling_of("/lightx2v/style.safetensors").steps, 0);
    assert_int_equal(cohl_lora_sampling_of("lightning_storm.safetensors").steps, 0);
}

static void test_a_list_is_laid_over_in_order_and_by_expert(void **state)
{
    const cohl_weight list[] = { f32("blocks.0.self_attn.q.lora_A.weight", 2, RANK, IN, down),
                                 f32("blocks.0.self_attn.q.lora_B.weight", 2, OUT, RANK, up) };
    static const double wanted_of[] = { 0.5 + 0.25 + 0.125, 0.5 + 0.125, 0.25 + 0.125 };
    char argument[600];
    cohl_error err;
    write_file(path_of("x-HIGH-noise"), list, 2);
    write_file(path_of("x-low-noise"), list, 2);
    write_file(path_of("slow_highlights"), list, 2);    /* words that only begin or end so */
    snprintf(argument, sizeof argument, "%s/x-HIGH-noise:0.5,%s/x-low-noise:0.25,%s/slow_highlights:0.125", folder, folder, folder);
    for (int expert = COHL_LORA_ONLY; expert <= COHL_LORA_LOW; expert++) {
        cohl_weights *weights = open_model(NULL);
        if (cohl_lora_apply_list(weights, argument, (cohl_lora_expert)expert, &err))
            fail_msg("%s", err.text);
        expect(weights, NULL, wanted_of[expert], 0);
        assert_int_equal(cohl_lora_apply_list(weights, NULL, COHL_LORA_ONLY, &err), COHL_OK);
        assert_int_equal(cohl_lora_apply_list(weights, "nowhere", COHL_LORA_ONLY, &err), COHL_ERR_IO);
        cohl_weights_close(weights);
    }
    assert_int_equal(cohl_lora_list_sampling("a,b/wan_lightx2v.safetensors:0.5").steps, 4);
    assert_int_equal(cohl_lora_list_sampling(NULL).steps, 0);
}

static void test_a_lora_file_is_known_as_one(void **state)
{
    const cohl_weight list[] = { f32("lora_unet_blocks_0_self_attn_q.lora_down.weight", 2, RANK, IN, down) };
    cohl_weights *weights;
    write_file(path_of("kind"), list, 1);
    assert_int_equal(cohl_weights_open(&weights, path_of("kind"), NULL), COHL_OK);
    assert_int_equal(cohl_network_identify(weights).kind, COHL_NETWORK_LORA);
    cohl_weights_close(weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_spelling_changes_the_same_weight),
        cmocka_unit_test(test_several_add_up_over_a_packed_weight),
        cmocka_unit_test(test_what_does_not_fit_is_told_and_changes_nothing),
        cmocka_unit_test(test_arguments_and_few_step_names),
        cmocka_unit_test(test_a_list_is_laid_over_in_order_and_by_expert),
        cmocka_unit_test(test_a_lora_file_is_known_as_one),
    };
    return cmocka_run_group_tests(tests, fill_all, folder_remove);
}
