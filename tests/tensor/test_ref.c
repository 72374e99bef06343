/* Tests of the reference back end against numbers worked out by hand: what
 * everything else is compared with must itself be right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "tensor/backend.h"

static cohl_ctx ctx;

static int open_reference(void **state)
{
    return (int)cohl_ctx_open(&ctx, &(cohl_ctx_params){ .backend = &cohl_backend_ref,
                                                        .scratch_bytes = (size_t)1 << 26 }, NULL);
}

static int close_reference(void **state)
{
    cohl_ctx_close(&ctx);
    return 0;
}

#define DIMS(...) (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), \
                  (int64_t[]){ __VA_ARGS__ }

static cohl_tensor *tensor_of(const float *value, int rank, const int64_t *dim)
{
    return cohl_tensor_upload(&ctx, value, COHL_F32, rank, dim);
}

/* 0, 1, 2, ... */
static cohl_tensor *counting(int rank, const int64_t *dim)
{
    cohl_tensor *t = cohl_tensor_new(&ctx, COHL_F32, rank, dim);
    for (int64_t i = 0; i < cohl_tensor_count(t); i++)
        ((float *)t->data)[i] = (float)i;
    return t;
}

static cohl_tensor *random_numbers(uint64_t stream, int rank, const int64_t *dim)
{
    cohl_tensor *t = cohl_tensor_new(&ctx, COHL_F32, rank, dim);
    cohl_rng_fill_normal(t->data, 0, (size_t)cohl_tensor_count(t), 5, stream);
    return t;
}

static void assert_values(const cohl_tensor *t, const float *expected, int64_t count)
{
    assert_int_equal(cohl_tensor_count(t), count);
    for (int64_t i = 0; i < count; i++)
        if (!(fabsf(((float *)t->data)[i] - expected[i]) <= 1e-6f * (1 + fabsf(expected[i]))))
            fail_msg("value %d is %.9g, expected %.9g", (int)i, ((float *)t->data)[i], expected[i]);
}

static void test_linear_multiplies_by_the_transposed_weight(void **state)
{
    cohl_tensor *x = tensor_of((float[]){ 1, 2, 3, 4 }, DIMS(2, 2));
    cohl_tensor *w = tensor_of((float[]){ 1, 10, 100, 1000, 2, 3 }, DIMS(3, 2));
    cohl_tensor *b = tensor_of((float[]){ 0.5f, 0, -1 }, DIMS(3));
    assert_values(cohl_linear(&ctx, x, w, b),
                  (float[]){ 21.5f, 2100, 7, 43.5f, 4300, 17 }, 6);
}

static void test_bf16_precision_rounds_factors_but_not_sums(void **state)
{
    cohl_tensor *x = tensor_of((float[]){ 1.001f, 256 }, DIMS(1, 2));
    cohl_tensor *w = tensor_of((float[]){ 1, 1 }, DIMS(1, 2));
    ctx.precision = COHL_PRECISION_BF16;
    cohl_tensor *y = cohl_linear(&ctx, x, w, NULL);
    ctx.precision = COHL_PRECISION_F32;
    assert_values(y, (float[]){ 257 }, 1);         /* 257 itself is no bf16 number */
}

static void test_conv_takes_weights_in_checkpoint_order(void **state)
{
    /* one frame, 2 x 2, two channels; kernel 1 x 2 x 2 over both: one dot product */
    cohl_tensor *x = tensor_of((float[]){ 1, 2, 3, 4, 5, 6, 7, 8 }, DIMS(1, 2, 2, 2));
    cohl_tensor *w = tensor_of((float[]){ 1, 10, 100, 1000, 2, 20, 200, 2000 },
                               DIMS(1, 2, 1, 2, 2));
    cohl_conv_params p = { .stride_time = 1, .stride_space = 1 };
    assert_values(cohl_conv(&ctx, x, NULL, w, NULL, &p), (float[]){ 7531 + 2 * 8642 }, 1);
}

static void test_conv_in_two_parts_with_history_equals_the_whole(void **state)
{
    cohl_conv_params p = { .stride_time = 1, .stride_space = 1, .pad_front = 2, .pad_top = 1,
                           .pad_bottom = 1, .pad_left = 1, .pad_right = 1 };
    cohl_tensor *x = random_numbers(1, DIMS(5, 3, 4, 2));
    cohl_tensor *w = random_numbers(2, DIMS(3, 2, 3, 3, 3));
    cohl_tensor *whole = cohl_conv(&ctx, x, NULL, w, NULL, &p);
    cohl_tensor *first = cohl_conv(&ctx, cohl_slice(&ctx, x, 0, 0, 3), NULL, w, NULL, &p);
    cohl_tensor *rest = cohl_conv(&ctx, cohl_slice(&ctx, x, 0, 3, 2), cohl_slice(&ctx, x, 0, 1, 2),
                                  w, NULL, &p);
    cohl_tensor *both = cohl_concat(&ctx, (cohl_tensor *[]){ first, rest }, 2, 0);
    assert_values(both, whole->data, cohl_tensor_count(whole));
}

static void test_strided_conv_starts_at_the_first_pixel(void **state)
{
    /* a kernel that picks its upper left pixel, stride 2, one zero row and column behind */
    cohl_tensor *x = counting(DIMS(1, 4, 4, 1));
    cohl_tensor *w = tensor_of((float[]){ 1, 0, 0, 0, 0, 0, 0, 0, 0 }, DIMS(1, 1, 1, 3, 3));
    cohl_conv_params p = { .stride_time = 1, .stride_space = 2, .pad_bottom = 1, .pad_right = 1 };
    assert_values(cohl_conv(&ctx, x, NULL, w, NULL, &p), (float[]){ 0, 2, 8, 10 }, 4);
}

static void test_attention_weighs_values_by_the_softmax_of_its_span(void **state)
{
    /* logits 0 and ln 3, so weights 1/4 and 3/4; the third query is in no span */
    cohl_tensor *q = tensor_of((float[]){ 2, 0, 5 }, DIMS(3, 1, 1));
    cohl_tensor *k = tensor_of((float[]){ 0, logf(3), 9 }, DIMS(3, 1, 1));
    cohl_tensor *v = tensor_of((float[]){ 4, 8, 100 }, DIMS(3, 1, 1));
    const cohl_span span = { 0, 2, 0, 2 };
    assert_values(cohl_attention(&ctx, q, k, v, NULL, &span, 1, 0.5f), (float[]){ 7, 6, 0 }, 3);
}

static void test_attention_bias_is_looked_up_by_key_minus_query(void **state)
{
    /* rows of the bias: key - query = -1, 0, 1 */
    float away = -100;
    cohl_tensor *q = tensor_of((float[]){ 0, 0 }, DIMS(2, 1, 1));
    cohl_tensor *v = tensor_of((float[]){ 4, 8 }, DIMS(2, 1, 1));
    cohl_tensor *bias = tensor_of((float[]){ away, 0, 0 }, DIMS(3, 1));
    const cohl_span span = { 0, 2, 0, 2 };
    assert_values(cohl_attention(&ctx, q, q, v, bias, &span, 1, 1), (float[]){ 6, 8 }, 2);
}

static void test_norms_bring_rows_to_one_size(void **state)
{
    cohl_tensor *x = tensor_of((float[]){ 3, -4 }, DIMS(1, 2));
    cohl_tensor *gain = tensor_of((float[]){ 1, 2 }, DIMS(2));
    float rms = sqrtf(12.5f);
    assert_values(cohl_rms_norm(&ctx, x, gain, 0), (float[]){ 3 / rms, -8 / rms }, 2);
    assert_values(cohl_channel_norm(&ctx, x, gain, false), (float[]){ 3 / rms, -8 / rms }, 2);
    assert_values(cohl_layer_norm(&ctx, x, NULL, NULL, 0), (float[]){ 1, -1 }, 2);
    cohl_tensor *zero = tensor_of((float[]){ 0, 0 }, DIMS(1, 2));
    assert_values(cohl_channel_norm(&ctx, zero, gain, true), (float[]){ 0, 0 }, 2);
}

static void test_rope_turns_neighbouring_pairs(void **state)
{
    cohl_tensor *x = tensor_of((float[]){ 1, 0, 0, 1 }, DIMS(1, 1, 4));
    cohl_tensor *turn = tensor_of((float[]){ 0.6f, 0.8f, 0, 1 }, DIMS(1, 2, 2));
    assert_values(cohl_rope(&ctx, x, turn), (float[]){ 0.6f, 0.8f, -1, 0 }, 4);
}

static void test_permute_puts_axis_order_i_at_i(void **state)
{
    cohl_tensor *x = counting(DIMS(2, 1, 3));
    cohl_tensor *y = cohl_permute(&ctx, x, (int[]){ 2, 0, 1 });
    assert_true(y->dim[0] == 3 && y->dim[1] == 2 && y->dim[2] == 1);
    assert_values(y, (float[]){ 0, 3, 1, 4, 2, 5 }, 6);
}

static void test_average_down_orders_channel_then_time_then_row_then_column(void **state)
{
    /* one pixel of 2 x 2 x 2, value = 100 t + 10 i + j, and 1000 more in channel 1 */
    cohl_tensor *x = cohl_tensor_new(&ctx, COHL_F32, DIMS(2, 2, 2, 2));
    for (int n = 0; n < 16; n++)
        ((float *)x->data)[n] = (float)(1000 * (n & 1) + (n >> 1 & 1) + 10 * (n >> 2 & 1)
                                        + 100 * (n >> 3));
    assert_values(cohl_average_down(&ctx, x, 2, 2, 8),
                  (float[]){ 0.5f, 10.5f, 100.5f, 110.5f, 1000.5f, 1010.5f, 1100.5f, 1110.5f }, 8);
}

static void test_average_down_pads_the_front_of_time_with_zeros(void **state)
{
    cohl_tensor *x = tensor_of((float[]){ 2, 4, 6 }, DIMS(3, 1, 1, 1));
    assert_values(cohl_average_down(&ctx, x, 2, 1, 1), (float[]){ 1, 5 }, 2);
}

static void test_repeat_up_spreads_repeated_channels_and_drops_first_frames(void **state)
{
    /* channels 1 and 2 repeated four times fill (dt, dy, dx) = (0, ., .) and (1, ., .) */
    cohl_tensor *x = tensor_of((float[]){ 1, 2 }, DIMS(1, 1, 1, 2));
    assert_values(cohl_repeat_up(&ctx, x, 2, 2, 1, 0), (float[]){ 1, 1, 1, 1, 2, 2, 2, 2 }, 8);
    assert_values(cohl_repeat_up(&ctx, x, 2, 2, 1, 1), (float[]){ 2, 2, 2, 2 }, 4);
}

static void test_losses_weigh_rows_and_leave_out_labels_below_zero(void **state)
{
    cohl_tensor *a = tensor_of((float[]){ 1, 2, 3, 4 }, DIMS(2, 2));
    cohl_tensor *b = tensor_of((float[]){ 0, 0, 1, 1 }, DIMS(2, 2));
    cohl_tensor *weight = tensor_of((float[]){ 1, 3 }, DIMS(2));
    cohl_tensor *label = cohl_tensor_upload(&ctx, (int32_t[]){ -1, 0 }, COHL_I32, DIMS(2));
    assert_values(cohl_loss_mse(&ctx, a, b, NULL), (float[]){ 4.5f }, 1);
    assert_values(cohl_loss_mse(&ctx, a, b, weight), (float[]){ 5.5f }, 1);
    assert_values(cohl_loss_l1(&ctx, a, b, weight), (float[]){ (1.5f + 3 * 2.5f) / 4 }, 1);
    assert_values(cohl_loss_cross_entropy(&ctx, a, label), (float[]){ logf(1 + expf(1)) }, 1);
}

static void test_nothing_flows_back_through_detached_values(void **state)
{
    cohl_tensor *x = tensor_of((float[]){ 3 }, DIMS(1, 1));
    assert_int_equal(cohl_tape_new(&ctx.tape, NULL), COHL_OK);
    x->wants_grad = true;
    cohl_tensor *y = cohl_mul(&ctx, cohl_detach(&ctx, x), x);       /* slope 3, not 6 */
    assert_int_equal(cohl_tape_backward(&ctx, y, 2, NULL), COHL_OK);
    cohl_tape_free(ctx.tape);
    ctx.tape = NULL;
    assert_values(x->grad, (float[]){ 6 }, 1);
}

static void test_adamw_moves_by_the_rate_at_its_first_step(void **state)
{
    cohl_tensor *p = tensor_of((float[]){ 1, 1 }, DIMS(2)), *m = cohl_tensor_zero(&ctx, COHL_F32, DIMS(2));
    cohl_tensor *v = cohl_tensor_zero(&ctx, COHL_F32, DIMS(2)), *g = tensor_of((float[]){ 5, -2 }, DIMS(2));
    const cohl_adamw step = { .rate = 0.1f, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-12f, .decay = 0.5f,
                              .correct1 = 1 - 0.9f, .correct2 = 1 - 0.999f, .grad_scale = 1 };
    ctx.backend->adamw(&ctx, p, m, v, g, &step);
    assert_values(p, (float[]){ 0.95f - 0.1f, 0.95f + 0.1f }, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_multiplies_by_the_transposed_weight),
        cmocka_unit_test(test_bf16_precision_rounds_factors_but_not_sums),
        cmocka_unit_test(test_conv_takes_weights_in_checkpoint_order),
        cmocka_unit_test(test_conv_in_two_parts_with_history_equals_the_whole),
        cmocka_unit_test(test_strided_conv_starts_at_the_first_pixel),
        cmocka_unit_test(test_attention_weighs_values_by_the_softmax_of_its_span),
        cmocka_unit_test(test_attention_bias_is_looked_up_by_key_minus_query),
        cmocka_unit_test(test_norms_bring_rows_to_one_size),
        cmocka_unit_test(test_rope_turns_neighbouring_pairs),
        cmocka_unit_test(test_permute_puts_axis_order_i_at_i),
        cmocka_unit_test(test_average_down_orders_channel_then_time_then_row_then_column),
        cmocka_unit_test(test_average_down_pads_the_front_of_time_with_zeros),
        cmocka_unit_test(test_repeat_up_spreads_repeated_channels_and_drops_first_frames),
        cmocka_unit_test(test_losses_weigh_rows_and_leave_out_labels_below_zero),
        cmocka_unit_test(test_nothing_flows_back_through_detached_values),
        cmocka_unit_test(test_adamw_moves_by_the_rate_at_its_first_step),
    };
    return cmocka_run_group_tests(tests, open_reference, close_reference);
}
