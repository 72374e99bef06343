/* q8_vnni.c - products in eight bits for AVX-512 with VNNI: 64 products an instruction. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512vnni,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx512vnni,avx2,fma")
#endif

#define LANES 16
#define ROWS 8
#define TABLE cohl_q8_vnni

typedef __m512i q8_sum;

static inline void dots(q8_sum *sum, int32_t x, const int8_t *w)
{
    *sum = _mm512_dpbusd_epi32(*sum, _mm512_set1_epi32(x), _mm512_loadu_si512(w));
}

#include "tensor/cpu/q8_dots.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
