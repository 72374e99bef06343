/* q8_avx2.c - products in eight bits for AVX2: weights are widened to 16 bits as they are read, and
 * two neighbours are multiplied and summed (vpmaddwd), 16 products an instruction.
 *
 * Four values of a column stand together, so a register of sums holds two for each of four columns;
 * they are added at the end. Four rows of two registers, two of weights, and a row's values and
 * products fit the sixteen there are. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define LANES 8
#define VALUE int16_t
#define ADDED 0
#include "tensor/cpu/q8_rows.h"

enum { ROWS = 4, HALF = COHL_Q8_COLUMNS / 2 };

INLINE __m256i widen(const int8_t *from)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)from));
}

INLINE __m256i four_of(const char *x)
{
    int64_t four;
    memcpy(&four, x, sizeof four);
    return _mm256_set1_epi64x(four);
}

INLINE __m256i add_products(__m256i sum, __m256i x, __m256i w)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(x, w));
}

/* low [4 columns, 2], high [4 more, 2] -> to [8 columns] */
INLINE void finish_sums(__m256i low, __m256i high, int32_t *to, bool add)
{
    __m256i all = _mm256_permute4x64_epi64(_mm256_hadd_epi32(low, high), 0xd8);
    if (add)
        all = _mm256_add_epi32(all, _mm256_loadu_si256((const __m256i *)to));
    _mm256_storeu_si256((__m256i *)to, all);
}

/* The half of a panel's columns from w on. Each row's two sums have names until they are summed, and go
 * out by way of an array: of other ways GCC 12 copies the sums in every round, a sixth of the time. */
INLINE void half(const cohl_q8_block *b, const int8_t *w, int32_t *to)
{
    const __m256i zero = _mm256_setzero_si256();
    __m256i a0 = zero, a1 = zero, b0 = zero, b1 = zero, c0 = zero, c1 = zero, d0 = zero, d1 = zero, x;
    const char *row_a = b->x[0], *row_b = b->x[1], *row_c = b->x[2], *row_d = b->x[3];
    for (int64_t i = 0; i < b->depth; i += COHL_Q8_DEPTH, w += COHL_Q8_COLUMNS * COHL_Q8_DEPTH) {
        __m256i low = widen(w), high = widen(w + HALF * COHL_Q8_DEPTH / 2);
        int64_t at = i * (int64_t)sizeof(VALUE);
        x = four_of(row_a + at), a0 = add_products(a0, x, low), a1 = add_products(a1, x, high);
        x = four_of(row_b + at), b0 = add_products(b0, x, low), b1 = add_products(b1, x, high);
        x = four_of(row_c + at), c0 = add_products(c0, x, low), c1 = add_products(c1, x, high);
        x = four_of(row_d + at), d0 = add_products(d0, x, low), d1 = add_products(d1, x, high);
    }
    const __m256i sum[ROWS][2] = { { a0, a1 }, { b0, b1 }, { c0, c1 }, { d0, d1 } };
    for (int r = 0; r < ROWS; r++, to += COHL_Q8_COLUMNS)
        finish_sums(sum[r][0], sum[r][1], to, b->add);
}

static void block(const cohl_q8_block *b)
{
    half(b, b->w[0], b->sum[0]);
    half(b, b->w[0] + HALF * COHL_Q8_DEPTH, b->sum[0] + HALF);
}

const cohl_q8_kernels cohl_q8_avx2 = {
    .block_rows = ROWS, .block_wide = 1, .value_bytes = sizeof(VALUE), .added = ADDED,
    .row = row, .block = block, .finish = finish,
};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
