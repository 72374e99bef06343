/* kernels_body.h - the inner loops over a vector of floats.
 *
 * Included once by each kernels_ISA.c, which defines
 *   vf           a vector of LANES floats (a GCC vector)
 *   vi           the same of 32-bit integers
 *   LANES        floats in it
 *   ROWS, WIDE   (4 or 8, 2 or 3) a product's block is ROWS x (WIDE*LANES); ROWS*WIDE sums,
 *                WIDE values of b and one of a fit the registers
 *   FMA(a, b, c) a*b + c
 *   TABLE, NAME  the table to define and its name */
#include <string.h>

#include "tensor/cpu/kernels.h"

enum { COLUMNS = WIDE * LANES };
/* Checks of every index would keep sums in memory instead of registers. What is loaded and stored is checked by
 * the other sanitizer all the same. */
#ifdef __clang__
#define INLINE static inline __attribute__((always_inline, no_sanitize("undefined")))
#else
#define INLINE static inline __attribute__((always_inline))
#endif

INLINE vf load(const float *from) { vf v; memcpy(&v, from, sizeof v); return v; }
INLINE void store(float *to, vf v) { memcpy(to, &v, sizeof v); }
INLINE vf splat(float x) { return x - (vf){ 0 }; }

/* ---- products ---------------------------------------------------------- */

INLINE void block_row(const cohl_block *p, float *c, const vf *sum, int wide)
{
    for (int j = 0; j < wide; j++) {
        vf v = sum[j];
        if (p->add)
            v += load(c + j * LANES);
        else if (p->bias)
            v += load(p->bias + j * LANES);
        store(c + j * LANES, v);
    }
}

INLINE void block_finish(const cohl_block *p, vf sum[][WIDE], int rows, int wide)
{
    float edge[COLUMNS];
    if (p->columns == wide * LANES && p->rows == rows) {
        for (int r = 0; r < rows; r++)
            block_row(p, p->c + r * p->c_stride, sum[r], wide);
        return;
    }
    for (int r = 0; r < p->rows; r++) {
        float *c = p->c + r * p->c_stride;
        memcpy(edge, c, (size_t)p->columns * sizeof *c);
        block_row(p, edge, sum[r], wide);
        memcpy(c, edge, (size_t)p->columns * sizeof *c);
    }
}

/* `wide` of the panel's WIDE vectors are summed: the last panel may be narrower. */
INLINE void inner(const cohl_block *p, int wide)
{
    vf sum[ROWS][WIDE] = { 0 };
    const float *b = p->b;
    int64_t length = p->length, step = p->step;

    for (int64_t s = 0; s < p->segments; s++) {
        const float *a[ROWS];
        for (int r = 0; r < ROWS; r++)
            a[r] = p->a[s * ROWS + r];
        for (int64_t i = 0; i < length; i++, b += COLUMNS) {
            vf right[WIDE];
            for (int j = 0; j < wide; j++)
                right[j] = load(b + j * LANES);
            for (int r = 0; r < ROWS; r++) {
                vf left = splat(a[r][i * step]);
                for (int j = 0; j < wide; j++)
                    sum[r][j] = FMA(left, right[j], sum[r][j]);
            }
        }
    }
    block_finish(p, sum, ROWS, wide);
}

static void block(const cohl_block *p)
{
    switch ((p->columns + LANES - 1) / LANES) {
    case 1: inner(p, 1); break;
    case 2: inner(p, 2); break;
#if WIDE > 2
    case 3: inner(p, 3); break;
#endif
    }
}

INLINE void outer(const cohl_block *p, int rows, int wide)
{
    vf sum[ROWS][WIDE] = { 0 };
    const float *b = p->b;

    for (int64_t k = 0; k < p->segments; k++, b += COLUMNS) {
        const float *a = p->a[k] + p->offset;
        vf right[WIDE];
        for (int j = 0; j < wide; j++)
            right[j] = load(b + j * LANES);
        for (int r = 0; r < rows; r++) {
            vf left = splat(a[r]);
            for (int j = 0; j < wide; j++)
                sum[r][j] = FMA(left, right[j], sum[r][j]);
        }
    }
    block_finish(p, sum, rows, wide);
}

INLINE void outer_wide(const cohl_block *p, int wide)
{
    switch (p->rows) {
    case 1: outer(p, 1, wide); break;
    case 2: outer(p, 2, wide); break;
    case 3: outer(p, 3, wide); break;
    case 4: outer(p, 4, wide); break;
#if ROWS > 4
    case 5: outer(p, 5, wide); break;
    case 6: outer(p, 6, wide); break;
    case 7: outer(p, 7, wide); break;
    case 8: outer(p, 8, wide); break;
#endif
    }
}

static void block_outer(const cohl_block *p)
{
    switch ((p->columns + LANES - 1) / LANES) {
    case 1: outer_wide(p, 1); break;
    case 2: outer_wide(p, 2); break;
#if WIDE > 2
    case 3: outer_wide(p, 3); break;
#endif
    }
}

#include "tensor/cpu/kernels_rows.h"
#include "tensor/cpu/kernels_winograd.h"

const cohl_kernels TABLE = {
    .isa = NAME, .block_rows = ROWS, .block_columns = COLUMNS,
    .block = block, .block_outer = block_outer,
    .silu = silu, .silu_back = silu_back, .gelu = gelu, .gelu_back = gelu_back,
    .measure = measure, .norm = norm, .norm_back = norm_back,
    .soften = soften, .soften_back = soften_back, .dot = dot,
    .taps = taps, .taps_most = taps_most, .to_bf16 = to_bf16,
    .winograd_in = winograd_in, .winograd_out = winograd_out,
};
