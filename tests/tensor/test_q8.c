/* test_q8.c - matrices in eight bits: packed, multiplied on every back end, the same bits everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "tensor/backend.h"
#include "tensor/q8.h"

static const char *const isas[] = { "scalar", "neon", "avx2", "avx512", "avx512bf16" };

static float *random_values(int64_t count, uint64_t stream)
{
    float *values = malloc((size_t)(count + 1) * sizeof *values);
    cohl_rng_fill_normal(values, 0, (size_t)count, 8, stream);
    return values;
}

/* x [rows, in] times w [out, in] in eight bits on a back end. */
static float *multiply(const cohl_backend *backend, int threads, const float *x, const float *w, const float *b,
                       int64_t rows, int64_t out, int64_t in)
{
    cohl_workers *workers = NULL;
    cohl_ctx ctx;
    float *y = malloc((size_t)(rows * out) * sizeof *y);
    assert_int_equal(cohl_workers_new(&workers, threads, NULL), COHL_OK);
    assert_int_equal(cohl_ctx_open(&ctx, &(cohl_ctx_params){ .backend = backend, .workers = workers,
                                                             .scratch_bytes = (size_t)1 << 28 }, NULL), COHL_OK);
    void *packed = malloc(cohl_q8_bytes(out, in));
    cohl_q8_pack(packed, w, out, in);
    cohl_tensor *xt = cohl_tensor_upload(&ctx, x, COHL_F32, 2, (int64_t[]){ rows, in });
    cohl_tensor *wt = cohl_tensor_upload(&ctx, packed, COHL_Q8, 2, (int64_t[]){ out, in });
    cohl_tensor *bt = b ? cohl_tensor_upload(&ctx, b, COHL_F32, 1, &out) : NULL;
    cohl_tensor_download(&ctx, y, cohl_linear(&ctx, xt, wt, bt));
    assert_int_equal(ctx.status, COHL_OK);
    free(packed);
    cohl_ctx_close(&ctx);
    cohl_workers_free(workers);
    return y;
}

static void test_packing_gives_values_back_within_half_a_step(void **state)
{
    enum { OUT = 35, IN = 51 };
    float *w = random_values(OUT * IN, 1), back[OUT * IN];
    char *packed = malloc(cohl_q8_bytes(OUT, IN));
    memset(w, 0, IN * sizeof *w);                         /* a row of zeros */
    cohl_q8_pack(packed, w, OUT, IN);
    cohl_q8_unpack(back, packed, OUT, IN);
    for (int o = 0; o < OUT; o++) {
        const cohl_q8_panel *panel = cohl_q8_panel_of(packed, o, IN);
        int column = o % COHL_Q8_COLUMNS, sum = 0;
        float most = cohl_q8_most(w + o * IN, IN, 0);
        assert_true(panel->scale[column] == most / 127);
        for (int i = 0; i < IN; i++) {
            assert_true(fabsf(back[o * IN + i] - w[o * IN + i]) <= 0.501f * most / 127);
            sum += cohl_q8_value(panel, column, i);
        }
        assert_int_equal(panel->sum[column], sum);
    }
    free(packed);
    free(w);
}

static void test_every_back_end_multiplies_to_the_same_bits(void **state)
{
    static const int64_t sizes[][3] = { { 1, 1, 1 }, { 5, 17, 3 }, { 7, 16, 64 }, { 97, 50, 1030 }, { 200, 130, 33 } };
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int64_t rows = sizes[s][0], out = sizes[s][1], in = sizes[s][2];
        float *x = random_values(rows * in, 10 + s), *w = random_values(out * in, 20 + s), *b = random_values(out, 30 + s);
        float *want = multiply(&cohl_backend_ref, 1, x, w, s % 2 ? b : NULL, rows, out, in);
        for (size_t i = 0; i < sizeof isas / sizeof *isas; i++)
            for (int threads = 1; threads < 6 && cohl_backend_cpu(isas[i]); threads += 4) {
                float *got = multiply(cohl_backend_cpu(isas[i]), threads, x, w, s % 2 ? b : NULL, rows, out, in);
                for (int64_t k = 0; k < rows * out; k++)
                    if (got[k] != want[k])
                        fail_msg("%s, %d threads, [%d, %d] x %d: value %d is %.9g, expected %.9g", isas[i], threads,
                                 (int)rows, (int)in, (int)out, (int)k, got[k], want[k]);
                free(got);
            }
        free(x), free(w), free(b), free(want);
    }
}

/* Sums that no sixteen bits hold, and would not even pair by pair. */
static void test_the_largest_sums_are_exact(void **state)
{
    enum { ROWS = 2, OUT = 3, IN = 13824 };
    float *x = malloc(ROWS * IN * sizeof *x), *w = malloc(OUT * IN * sizeof *w);
    for (int i = 0; i < ROWS * IN; i++)
        x[i] = i < IN ? 127 : -127;
    for (int i = 0; i < OUT * IN; i++)
        w[i] = i < IN ? -127 : i % 2 ? 127 : i < 2 * IN ? 127 : 126;
    for (size_t k = 0; k < sizeof isas / sizeof *isas; k++) {
        if (!cohl_backend_cpu(isas[k]))
            continue;
        float *y = multiply(cohl_backend_cpu(isas[k]), 2, x, w, NULL, ROWS, OUT, IN);
        for (int r = 0; r < ROWS; r++)
            for (int o = 0; o < OUT; o++) {
                double each = o == 0 ? -127 : o == 1 ? 127 : 126.5;
                assert_true(y[r * OUT + o] == (float)((r ? -127.0 : 127.0) * each * IN));
            }
        free(y);
    }
    free(x);
    free(w);
}

static void test_a_row_with_what_is_no_number_gives_none(void **state)
{
    enum { IN = 40, OUT = 20, ROWS = 3 };
    float *x = random_values(ROWS * IN, 3), *w = random_values(OUT * IN, 4);
    x[IN + 7] = NAN, x[2 * IN + 39] = -INFINITY;
    for (size_t k = 0; k < sizeof isas / sizeof *isas; k++) {
        if (!cohl_backend_cpu(isas[k]))
            continue;
        float *y = multiply(cohl_backend_cpu(isas[k]), 1, x, w, NULL, ROWS, OUT, IN);
        for (int i = 0; i < ROWS * OUT; i++)
            assert_int_equal(isfinite(y[i]) != 0, i < OUT);
        free(y);
    }
    free(x);
    free(w);
}

static void test_eight_bits_are_near_the_product(void **state)
{
    enum { ROWS = 20, OUT = 48, IN = 300 };
    float *x = random_values(ROWS * IN, 5), *w = random_values(OUT * IN, 6);
    float *y = multiply(cohl_backend_best(), 1, x, w, NULL, ROWS, OUT, IN);
    double error = 0, size = 0;
    for (int r = 0; r < ROWS; r++)
        for (int o = 0; o < OUT; o++) {
            double sum = 0;
            for (int i = 0; i < IN; i++)
                sum += (double)x[r * IN + i] * w[o * IN + i];
            error += (y[r * OUT + o] - sum) * (y[r * OUT + o] - sum);
            size += sum * sum;
        }
    assert_true(sqrt(error / size) < 0.015);
    free(x), free(w), free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packing_gives_values_back_within_half_a_step),
        cmocka_unit_test(test_every_back_end_multiplies_to_the_same_bits),
        cmocka_unit_test(test_the_largest_sums_are_exact),
        cmocka_unit_test(test_a_row_with_what_is_no_number_gives_none),
        cmocka_unit_test(test_eight_bits_are_near_the_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
