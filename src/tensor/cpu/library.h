/* library.h - products in tiles, each a call of oneDNN on one thread.
 *
 * Factors are brought to the library's type (rounded to bf16) tile by tile: the
 * right one is packed once a call for all tiles, the left one is converted into
 * a thread's buffer. Heights and depths are filled up with zeros to multiples of
 * STEP, so that a film of any length needs few kinds of product. */
#ifndef COHL_TENSOR_CPU_LIBRARY_H
#define COHL_TENSOR_CPU_LIBRARY_H

#include "tensor/cpu/cpu.h"
#include "tensor/cpu/onednn.h"

enum {
    COHL_LIBRARY_STEP = 32,
    COHL_LIBRARY_COLUMNS = 384,     /* most of a tile */
};

/* What oneDNN multiplies for this context: BF16 where the processor has such products and the
 * context asks for them; F32 in the column made to test this ("onednn"); else NONE. */
cohl_factor cohl_cpu_library(const cohl_ctx *ctx);

static inline int64_t cohl_library_filled(int64_t count)
{
    return cohl_cpu_parts(count, COHL_LIBRARY_STEP) * COHL_LIBRARY_STEP;
}

/* to [count] of the type = factor's type of from. */
void cohl_library_convert(const cohl_kernels *kernels, cohl_factor type, void *to, const float *from,
                          int64_t count);

/* count values of from as the type: from itself, or a copy in scratch; NULL sets the status. */
const void *cohl_library_factor(cohl_ctx *ctx, cohl_factor type, const float *from, int64_t count);

/* Bytes filled up to whole cache lines, and scratch of so many; NULL sets the status. */
static inline size_t cohl_library_lines(size_t bytes) { return (bytes + 63) / 64 * 64; }
static inline size_t cohl_library_larger(size_t a, size_t b) { return a > b ? a : b; }
char *cohl_library_take(cohl_ctx *ctx, size_t bytes);

/* op(b) [k, n] packed, in pieces of `depth` rows and tiles of tile_n columns. */
typedef struct cohl_right {
    cohl_factor     type;
    int64_t         k, n, depth, tile_n;
    const float    *b;
    const uint16_t *b_bf16;         /* takes the place of b where it is not NULL */
    int64_t         stride;         /* distance of two rows of b as they lie */
    bool            transposed;
    /* found and made by cohl_library_pack */
    const cohl_onednn_pack *pack[2];        /* of whole tiles, of the last column's */
    int             across, pieces;
    size_t          bytes;                  /* of one packed tile */
    char           *packed;                 /* [pieces, across, bytes] */
} cohl_right;

/* False when the library does not do it, or scratch has no room (which is then the status). */
bool cohl_library_pack(cohl_ctx *ctx, cohl_right *right);

static inline const void *cohl_right_at(const cohl_right *r, int64_t piece, int64_t across)
{
    return r->packed + (size_t)(piece * r->across + across) * r->bytes;
}

static inline int64_t cohl_right_columns(const cohl_right *r, int64_t across)
{
    return cohl_cpu_least(r->tile_n, r->n - across * r->tile_n);
}

/* p by the library; false, with c untouched, when it does not do it, or when a side is shorter
 * than STEP: filling it up would cost more than the library saves. */
bool cohl_library_product(cohl_ctx *ctx, const cohl_product *p, cohl_factor type);

/* Attention by the library, without bias, for a pass that is not recorded; false, with y untouched, when
 * it does not do it, or a span is shorter than STEP. */
bool cohl_library_attention(cohl_ctx *ctx, cohl_tensor *y, cohl_in q, cohl_in k, cohl_in v, const cohl_span *spans,
                            int span_count, float scale);

#endif
