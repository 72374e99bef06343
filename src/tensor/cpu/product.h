/* product.h - one matrix product on the calling thread.
 *
 * oneDNN's where it was built in (onednn.c), our own otherwise
 * (product_plain.c): same contract, same file of callers. */
#ifndef COHL_TENSOR_CPU_PRODUCT_H
#define COHL_TENSOR_CPU_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

/* c = alpha * op(a) op(b) + beta * c, all row-major F32.
 * op(a) [m, k], op(b) [k, n], c [m, n]; a stride is the distance of two rows as
 * they lie in memory. With beta = 0 what c held is not read. */
typedef struct cohl_product {
    int64_t      m, n, k;
    const float *a;
    int64_t      a_stride;
    bool         transpose_a;
    const float *b;
    int64_t      b_stride;
    bool         transpose_b;
    float       *c;
    int64_t      c_stride;
    float        alpha, beta;
} cohl_product;

void cohl_product_run(const cohl_product *p);

#endif
