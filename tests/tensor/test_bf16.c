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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_instruction_set_rounds_as_half_h_does),
        cmocka_unit_test(test_the_fast_precision_is_bf16_only_where_a_processor_multiplies_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
