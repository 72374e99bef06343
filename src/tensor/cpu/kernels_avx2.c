/* kernels_avx2.c - the inner loops for AVX2 with FMA: 16 registers of 8 floats. */
#if defined(__x86_64__)
#include <immintrin.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

typedef float vf __attribute__((vector_size(32)));
typedef int vi __attribute__((vector_size(32)));
#define LANES 8
#define ROWS 4
#define WIDE 3
#define FMA(a, b, c) ((vf)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define TABLE cohl_kernels_avx2
#define NAME "avx2"
#include "tensor/cpu/kernels_body.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
