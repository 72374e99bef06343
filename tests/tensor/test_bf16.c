/* test_bf16.c - rounding for bf16 products, and tiles by oneDNN. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "base/rng.h"
#include "tensor/cpu/library.h"

static const char *const isas[] = { "scalar", "neon", "avx2", "avx512" };

/* The inner loops of an instruction set this machine has, or NULL. */
static const cohl_kernels *kernels_of(const char *isa)
{
    const cohl_kernels *all[] = {
        &cohl_kernels_generic,
#if defined(__x86_64__)
        &cohl_kernels_avx2, &cohl_kernels_avx512,
#endif
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(all[i]->isa, isa) && cohl_backend_cpu(isa))
            return all[i];
    return NULL;
}

static void test_every_instruction_set_rounds_as_half_h_does(void **state)
{
    enum { COUNT = 67 };
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
        const cohl_kernels *kernels = kernels_of(isas[i]);
        for (uint32_t seed = 0; kernels && seed < 2000; seed++) {
            float from[COUNT];
            uint16_t to[COUNT + 1];
            int count = (int)(seed % COUNT) + 1;
            for (int n = 0; n < COUNT; n++) {
                uint32_t bits = (seed * COUNT + (uint32_t)n) * 2654435761u;
                memcpy(&from[n], &bits, sizeof bits);
            }
            from[0] = seed % 3 ? NAN : INFINITY, to[count] = 0x1234;
            kernels->to_bf16(to, from, count);
            for (int n = 0; n < count; n++)
                assert_int_equal(to[n], cohl_f32_to_bf16(from[n]));
            assert_int_equal(to[count], 0x1234);
        }
    }
}

static void test_the_fast_precision_is_bf16_only_where_a_processor_multiplies_it(void **state)
{
    const cohl_backend *bf16 = cohl_backend_cpu("avx512bf16");
    assert_int_equal(cohl_backend_fast_precision(&cohl_backend_ref), COHL_PRECISION_F32);
    assert_int_equal(cohl_backend_fast_precision(cohl_backend_cpu("scalar")), COHL_PRECISION_F32);
    assert_int_equal(cohl_backend_fast_precision(cohl_backend_best()),
                     bf16 ? COHL_PRECISION_BF16 : COHL_PRECISION_F32);
    if (bf16)
        assert_true(cohl_onednn_has(COHL_FACTOR_BF16));
}

/* q, k or v of a test, [rows, heads, dim]. */
static cohl_tensor *random_heads(cohl_ctx *ctx, uint64_t stream, int64_t rows, int64_t heads, int64_t dim)
{
    cohl_tensor *t = cohl_tensor_new(ctx, COHL_F32, 3, (int64_t[]){ rows, heads, dim });
    cohl_rng_fill_normal(t->data, 0, (size_t)(rows * heads * dim), 6, stream);
    return t;
}

enum { ROWS = 450, HEADS = 2, DIM = 72 };

/* Attention of two spans, of which one has two blocks of keys, the second short. */
static void attend(const cohl_backend *backend, int threads, float *out)
{
    static const cohl_span spans[] = { { 2, 130, 0, ROWS - 33 }, { 140, 96, ROWS - 33, 33 } };
    cohl_workers *workers = NULL;
    cohl_ctx ctx;
    assert_int_equal(cohl_workers_new(&workers, threads, NULL), COHL_OK);
    assert_int_equal(cohl_ctx_open(&ctx, &(cohl_ctx_params){ .backend = backend, .workers = workers }, NULL), COHL_OK);
    cohl_tensor *q = random_heads(&ctx, 1, 240, HEADS, DIM), *k = random_heads(&ctx, 2, ROWS, HEADS, DIM);
    cohl_tensor *v = random_heads(&ctx, 3, ROWS, HEADS, DIM);
    cohl_tensor *y = cohl_attention(&ctx, q, k, v, NULL, spans, 2, 0.3f);
    cohl_tensor_download(&ctx, out, y);
    if (backend != &cohl_backend_ref)
        assert_true(cohl_library_attention(&ctx, y, q, k, v, spans, 2, 0.3f));
    assert_int_equal(ctx.status, COHL_OK);
    cohl_ctx_close(&ctx);
    cohl_workers_free(workers);
}

static void test_attention_by_the_library_is_that_of_the_reference(void **state)
{
    static float want[240 * HEADS * DIM], found[2][240 * HEADS * DIM];
    const cohl_backend *library = cohl_backend_cpu("onednn");
    if (!library)
        skip();
    attend(&cohl_backend_ref, 1, want);
    attend(library, 1, found[0]);
    attend(library, 4, found[1]);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_true(fabsf(found[0][i] - want[i]) < 2e-5f);
    assert_memory_equal(found[0], found[1], sizeof found[0]);
}

/* ---- our own products with a right factor in bf16 ------------------------------- */

typedef struct sides { int64_t m, n, k; } sides;

static uint16_t *draw_bf16(int64_t count)
{
    uint16_t *out = malloc((size_t)count * sizeof *out);
    assert_non_null(out);
    for (int64_t i = 0; i < count; i++)
        out[i] = cohl_f32_to_bf16((float)((uint32_t)i * 2654435761u % 2001) / 1000 - 1);
    return out;
}

static void multiply(float *c, const float *a, const float *b, const uint16_t *b_bf16, sides s, bool transpose,
                     int threads)
{
    cohl_workers *workers = NULL;
    cohl_ctx ctx;
    cohl_product p = { .m = s.m, .n = s.n, .k = s.k, .a = a, .a_stride = s.k, .b = b, .b_bf16 = b_bf16,
                       .b_stride = transpose ? s.k : s.n, .transpose_b = transpose, .c = c, .alpha = 1, .bias = a };
    assert_int_equal(cohl_workers_new(&workers, threads, NULL), COHL_OK);
    assert_int_equal(cohl_ctx_open(&ctx, &(cohl_ctx_params){ .workers = workers }, NULL), COHL_OK);
    cohl_cpu_product(&ctx, &p);
    assert_int_equal(ctx.status, COHL_OK);
    assert_true(ctx.scratch.peak < sizeof(float) * (COHL_CPU_PORTION + 2 * (size_t)s.n));   /* and a bias */
    cohl_ctx_close(&ctx);
    cohl_workers_free(workers);
}

static double exact(const float *a, const float *b, sides s, bool transpose, int64_t i, int64_t j)
{
    double sum = a[j];
    for (int64_t k = 0; k < s.k; k++)
        sum += (double)a[i * s.k + k] * b[transpose ? j * s.k + k : k * s.n + j];
    return sum;
}

/* The last takes four portions, two of columns by two of k. */
static void test_a_right_factor_in_bf16_is_multiplied_as_its_values_are(void **state)
{
    static const sides all[] = { { 5, 70, 131 }, { 1, 24, 1 }, { 97, 49, 260 }, { 600, 2000, 2100 } };
    for (size_t i = 0; i < 2 * sizeof all / sizeof *all; i++) {
        sides s = all[i / 2];
        bool transpose = i % 2;
        uint16_t *narrow = draw_bf16(s.n * s.k + s.m * s.k + s.n);
        size_t count = (size_t)(s.m * s.n), bytes = count * sizeof(float);
        float *wide = malloc((size_t)(s.n * s.k) * sizeof *wide), *a = malloc((size_t)(s.m * s.k + s.n) * sizeof *a);
        float *c = malloc(bytes), *same = malloc(bytes);
        assert_true(wide && a && c && same);
        for (int64_t j = 0; j < s.n * s.k; j++)
            wide[j] = cohl_bf16_to_f32(narrow[j]);
        for (int64_t j = 0; j < s.m * s.k + s.n; j++)
            a[j] = cohl_bf16_to_f32(narrow[j + s.n]) * 0.3f;
        multiply(c, a, NULL, narrow, s, transpose, 1);
        multiply(same, a, wide, NULL, s, transpose, 3);
        assert_memory_equal(c, same, bytes);
        for (size_t j = 0; j < count; j += 1 + count / 300) {
            double want = exact(a, wide, s, transpose, (int64_t)j / s.n, (int64_t)j % s.n);
            assert_true(fabs(c[j] - want) < 1e-5 * sqrt((double)s.k) + 1e-5 * fabs(want));
        }
        free(narrow), free(wide), free(a), free(c), free(same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_instruction_set_rounds_as_half_h_does),
        cmocka_unit_test(test_attention_by_the_library_is_that_of_the_reference),
        cmocka_unit_test(test_a_right_factor_in_bf16_is_multiplied_as_its_values_are),
        cmocka_unit_test(test_the_fast_precision_is_bf16_only_where_a_processor_multiplies_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
