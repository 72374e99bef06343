/* kernels_avx512.c - the inner loops for AVX-512: 32 registers of 16 floats. */
#if defined(__x86_64__)
#include <immintrin.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")
#endif

typedef float vf __attribute__((vector_size(64)));
typedef int vi __attribute__((vector_size(64)));
#define LANES 16
#define ROWS 8
#define WIDE 3
#define FMA(a, b, c) ((vf)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define TABLE cohl_kernels_avx512
#define NAME "avx512"
#include "tensor/cpu/kernels_body.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
