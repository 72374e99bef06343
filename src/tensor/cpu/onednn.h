/* onednn.h - products of one thread's tile by oneDNN, with packed right factors.
 *
 *     const cohl_onednn_pack *pack = cohl_onednn_pack_of(type, k, n, false);
 *     const cohl_onednn_product *product = cohl_onednn_product_of(&(cohl_onednn_shape){
 *         .type = type, .m = m, .n = n, .k = k, .c_stride = n });
 *     cohl_onednn_pack_run(pack, b, packed, scratch);
 *     cohl_onednn_multiply(product, a, packed, c, scratch);
 *
 * The library is asked for one thread always: its own threading would make the
 * order of sums, and so the bits, depend on the machine. What is made for a
 * shape is kept for the life of the process and may be used by any thread.
 * A build without oneDNN answers that it has none (onednn_none.c). */
#ifndef COHL_TENSOR_CPU_ONEDNN_H
#define COHL_TENSOR_CPU_ONEDNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Type of both factors. The product is F32, of S8 it is I32. */
typedef enum cohl_factor {
    COHL_FACTOR_NONE, COHL_FACTOR_F32, COHL_FACTOR_BF16, COHL_FACTOR_S8
} cohl_factor;

static inline size_t cohl_factor_bytes(cohl_factor type)
{
    return type == COHL_FACTOR_F32 ? 4 : type == COHL_FACTOR_BF16 ? 2 : 1;
}

/* The library multiplies these here, by other than its reference loops. */
bool cohl_onednn_has(cohl_factor type);
/* "2.6.3", or NULL in a build without it. */
const char *cohl_onednn_version(void);

/* c [m, n] (+)= op(a) b. a lies [m, k], or [k, m] when transposed, without gaps. */
typedef struct cohl_onednn_shape {
    cohl_factor type;
    int64_t     m, n, k;
    int64_t     c_stride;           /* distance of two rows of c */
    bool        transpose_a, add;
} cohl_onednn_shape;

typedef struct cohl_onednn_product cohl_onednn_product;
typedef struct cohl_onednn_pack    cohl_onednn_pack;

/* NULL when the library does not do it. Safe for several threads, not quick the first time. */
const cohl_onednn_product *cohl_onednn_product_of(const cohl_onednn_shape *shape);
/* b lies [k, n], or [n, k] when transposed, without gaps. */
const cohl_onednn_pack *cohl_onednn_pack_of(cohl_factor type, int64_t k, int64_t n, bool transposed);

size_t cohl_onednn_packed_bytes(const cohl_onednn_pack *pack);
/* Bytes of scratch, aligned to 64, that a run takes; may be 0. */
size_t cohl_onednn_pack_scratch(const cohl_onednn_pack *pack);
size_t cohl_onednn_scratch(const cohl_onednn_product *product);

void cohl_onednn_pack_run(const cohl_onednn_pack *pack, const void *b, void *packed, void *scratch);
void cohl_onednn_multiply(const cohl_onednn_product *product, const void *a, const void *packed,
                          void *c, void *scratch);

#endif
