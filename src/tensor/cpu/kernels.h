/* kernels.h - the inner loops, one set per instruction set.
 *
 * kernels_body.h is written once over a vector of floats; kernels_generic.c,
 * kernels_avx2.c and kernels_avx512.c each compile it for one instruction set.
 * Which set runs is chosen when the back end is opened. */
#ifndef COHL_TENSOR_CPU_KERNELS_H
#define COHL_TENSOR_CPU_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

enum { COHL_BLOCK_ROWS_MAX = 8, COHL_BLOCK_COLUMNS_MAX = 48 };

/* A block of a product, c [rows, columns] (+)= a b, in registers.
 *
 * a: row r of the block is read through pointers: its values k are
 *    a[s*block_rows + r][i*step] for k = s*length + i. All block_rows pointers
 *    are valid memory even when rows is less.
 * b: packed, [segments*length, block_columns], zeros beyond `columns`. */
typedef struct cohl_block {
    const float *const *a;
    int64_t      segments, length, step, offset;
    const float *b;
    float       *c;
    int64_t      c_stride;
    int          rows, columns;     /* at most block_rows, block_columns */
    bool         add;               /* to what c holds; else c is written */
    const float *bias;              /* [block_columns], added when not `add`; or NULL */
} cohl_block;

/* How one row is brought to one size: y = f(h * gain + bias), h = (x - mean) * scale. */
typedef struct cohl_norm {
    float        mean, scale;
    const float *gain, *bias;       /* [width], or NULL */
    bool         beside_one;        /* the factor is 1 + gain */
    bool         silu;              /* f; without bias */
    bool         centred;           /* mean is that of the row */
    bool         constant;          /* scale does not depend on the row */
} cohl_norm;

typedef struct cohl_spread { float mean, square; } cohl_spread;

typedef struct cohl_kernels {
    const char *isa;
    int block_rows, block_columns;
    void (*block)(const cohl_block *block);
    /* The same with a transposed: value k of row r is a[k][offset + r], k < segments;
     * length and step are not read. */
    void (*block_outer)(const cohl_block *block);

    /* element by element; a gradient is added to dx */
    void (*silu)(float *y, const float *x, int64_t count);
    void (*silu_back)(float *dx, const float *dy, const float *x, int64_t count);
    void (*gelu)(float *y, const float *x, int64_t count);
    void (*gelu_back)(float *dx, const float *dy, const float *x, int64_t count);

    /* mean (0 unless centred) and mean square of the distance from it */
    cohl_spread (*measure)(const float *x, int64_t width, bool centred);
    void (*norm)(float *y, const float *x, const cohl_norm *n, int64_t width);
    /* dx, dgain, dbias [width] are added to; each may be NULL */
    void (*norm_back)(float *dx, float *dgain, float *dbias, const float *dy, const float *x,
                      const cohl_norm *n, int64_t width);

    /* one row of attention (kernels_rows.h) */
    float (*soften)(float *s, int64_t count, float *row_most, float *row_sum);
    void (*soften_back)(float *s, float *dp, const float *lse, const float *mean, bool along,
                        int64_t count);
    float (*dot)(const float *a, const float *b, int64_t count);

    /* taps of a window, one pixel's channels: y = start + the sum of x[t] * w[t]; start NULL is
     * zeros, and may be y; w NULL is ones. taps_most: y = the largest of start and x[t]. */
    void (*taps)(float *y, const float *const *x, const float *const *w, const float *start, int taps,
                 int64_t channels);
    void (*taps_most)(float *y, const float *const *x, const float *start, int taps, int64_t channels);

    /* One tile of winograd.c. in: place p of the 16, [channels], at to + p * stride = (B' d B)[p], d what is seen.
     * out: to[4], [count] each or NULL, = A' m A + bias (or NULL), m place p of the sums at m + p * stride. */
    void (*winograd_in)(float *to, int64_t stride, const float *const seen[16], int64_t channels);
    void (*winograd_out)(float *const to[4], const float *m, int64_t stride, const float *bias, int64_t count);

    /* rounded to nearest, ties to even; a NaN stays one (base/half.h) */
    void (*to_bf16)(uint16_t *to, const float *from, int64_t count);
} cohl_kernels;

extern const cohl_kernels cohl_kernels_generic;
#if defined(__x86_64__)
extern const cohl_kernels cohl_kernels_avx2, cohl_kernels_avx512;
#endif

#endif
