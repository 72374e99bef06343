/* q8.h (cpu) - the inner loops of products in eight bits, one set per instruction set.
 *
 * Rows of activations are brought to whole numbers in the form that the set multiplies:
 *   pairs   16 bits, signed; two neighbours are multiplied and summed (q8_pairs.h). Products of
 *           unsigned by signed bytes on such machines (vpmaddubsw) would saturate.
 *   dots    8 bits with 128 added; four neighbours are multiplied and summed (q8_dots.h), which
 *           adds 128 times a weight's own sum to each product; it is taken off at the end.
 * Sums are exact in both, so all sets give the same bits. */
#ifndef COHL_TENSOR_CPU_Q8_H
#define COHL_TENSOR_CPU_Q8_H

#include <stdbool.h>

#include "tensor/cpu/cpu.h"
#include "tensor/q8.h"

enum { COHL_Q8_ROWS_MAX = 8, COHL_Q8_WIDE_MAX = 2 };

/* sum [wide panels][block_rows][COLUMNS] (+)= rows times panels, over `depth` values. */
typedef struct cohl_q8_block {
    const char   *x[COHL_Q8_ROWS_MAX];      /* block_rows rows, from the first value on */
    const int8_t *w[COHL_Q8_WIDE_MAX];      /* a panel's [depth / DEPTH][COLUMNS][DEPTH] */
    int32_t      *sum[COHL_Q8_WIDE_MAX];
    int64_t       depth;                    /* whole groups */
    int           wide;                     /* panels, 1..block_wide */
    bool          add;
} cohl_q8_block;

typedef struct cohl_q8_kernels {
    int block_rows, block_wide;
    int value_bytes;                        /* of a row's value, as `row` writes it */
    int added;                              /* to each: 0 or 128 */
    /* to [count, filled to whole groups]; as cohl_q8_row */
    float (*row)(void *to, const float *x, int64_t count);
    void (*block)(const cohl_q8_block *block);
    /* c [COLUMNS] = (sum - added * panel's sum) * scale * panel's scale + bias [COLUMNS] */
    void (*finish)(float *c, const int32_t *sum, const cohl_q8_panel *panel, float scale, const float *bias);
} cohl_q8_kernels;

extern const cohl_q8_kernels cohl_q8_generic;
#if defined(__x86_64__)
extern const cohl_q8_kernels cohl_q8_avx2, cohl_q8_vnni;
#endif

/* Those of the context's column. */
const cohl_q8_kernels *cohl_cpu_q8(const cohl_ctx *ctx);

/* y = x w^T + b with w Q8. */
void cohl_cpu_linear_q8(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b);

#endif
