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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_instruction_set_rounds_as_half_h_does),
        cmocka_unit_test(test_attention_by_the_library_is_that_of_the_reference),
        cmocka_unit_test(test_the_fast_precision_is_bf16_only_where_a_processor_multiplies_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
