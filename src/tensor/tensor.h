/* tensor.h - tensors, and the context in which operations run.
 *
 * A tensor is a header in host memory and contiguous, row-major data in the
 * memory of a back end. Activations are F32 always; weights may be narrower: BF16, or Q8.
 *
 *     cohl_ctx ctx;
 *     cohl_ctx_open(&ctx, &(cohl_ctx_params){ .workers = workers }, err);
 *     cohl_mark mark = cohl_ctx_mark(&ctx);
 *     cohl_tensor *x = cohl_tensor_upload(&ctx, pixels, COHL_F32, 2, (int64_t[]){ 60, 192 });
 *     cohl_tensor *y = cohl_linear(&ctx, x, weight, bias);
 *     cohl_tensor_download(&ctx, out, y);
 *     if (ctx.status) ... ctx.error.text
 *     cohl_ctx_release(&ctx, mark);
 *
 * Operations return new tensors out of the context's scratch; they are gone at
 * the release of a mark taken before. The first failure (no room, cancelled)
 * is kept in ctx.status: an operation given NULL returns NULL, so a forward pass
 * reads as the figure in its paper and its caller asks once at the end. A shape
 * that does not fit is a bug of the caller and asserts.
 *
 * With a tape in the context every operation records itself; cohl_tape_backward
 * walks back and leaves gradients in tensor->grad. With a tape, marks release
 * nothing until the walk back is done. */
#ifndef COHL_TENSOR_TENSOR_H
#define COHL_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/worker.h"

typedef enum cohl_dtype {
    COHL_F32, COHL_BF16, COHL_F16, COHL_F64, COHL_I64, COHL_I32, COHL_U8,
    COHL_DTYPE_COUNT,               /* of those that a file holds */
    COHL_Q8 = COHL_DTYPE_COUNT,     /* a matrix in eight bits, packed for products (q8.h) */
} cohl_dtype;

enum { COHL_RANK_MAX = 8 };

/* Bytes of one value (1 for Q8, without its scales), and its name as safetensors spells it ("F32"). */
size_t      cohl_dtype_bytes(cohl_dtype dtype);
const char *cohl_dtype_name(cohl_dtype dtype);

typedef struct cohl_tensor {
    void               *data;
    cohl_dtype          dtype;
    int                 rank;
    int64_t             dim[COHL_RANK_MAX];
    bool                wants_grad;  /* a parameter in training, or computed from one */
    struct cohl_tensor *grad;        /* F32, same shape; NULL until something flows back */
} cohl_tensor;

int64_t cohl_tensor_count(const cohl_tensor *t);              /* product of dims */
size_t  cohl_tensor_bytes(const cohl_tensor *t);              /* of its data */
/* Product of all dims but the last: rows of a matrix [rows, width]. */
int64_t cohl_tensor_rows(const cohl_tensor *t);
static inline int64_t cohl_tensor_width(const cohl_tensor *t) { return t->dim[t->rank - 1]; }
bool    cohl_tensor_same_shape(const cohl_tensor *a, const cohl_tensor *b);

typedef struct cohl_shape_text { char text[96]; } cohl_shape_text;
cohl_shape_text cohl_shape_print(int rank, const int64_t *dim);   /* "[3, 4]" */

typedef struct cohl_tape cohl_tape;
typedef struct cohl_backend cohl_backend;

/* How products round their inputs. Sums are F32 at least in both. */
typedef enum cohl_precision { COHL_PRECISION_F32, COHL_PRECISION_BF16 } cohl_precision;

typedef struct cohl_ctx {
    const cohl_backend *backend;
    void               *device;      /* the back end's own state, or NULL */
    cohl_workers       *workers;     /* borrowed; NULL = the caller's thread alone */
    cohl_arena          nodes;       /* host memory: tensor headers, tape entries  */
    cohl_arena          scratch;     /* data; its addresses belong to the back end */
    cohl_tape          *tape;        /* NULL = nothing is recorded */
    cohl_precision      precision;
    double              operations;  /* multiplications and additions of forward products so far */
    const volatile bool *cancel;     /* NULL, or: stop soon when it becomes true */
    cohl_status         status;      /* the first failure, COHL_OK before */
    cohl_error          error;
} cohl_ctx;

typedef struct cohl_ctx_params {
    const cohl_backend *backend;        /* NULL = cohl_backend_best() */
    cohl_workers       *workers;        /* NULL = one thread */
    size_t              scratch_bytes;  /* largest scratch, address space only (64 GiB) */
    cohl_precision      precision;      /* (F32) */
} cohl_ctx_params;

cohl_status cohl_ctx_open(cohl_ctx *ctx, const cohl_ctx_params *params, cohl_error *err);
void        cohl_ctx_close(cohl_ctx *ctx);

typedef struct cohl_ctx_mark { cohl_mark nodes, scratch; } cohl_ctx_mark_t;
cohl_ctx_mark_t cohl_ctx_mark(const cohl_ctx *ctx);
void            cohl_ctx_release(cohl_ctx *ctx, cohl_ctx_mark_t mark);   /* no-op while a tape records */

/* Set ctx->status if it is still COHL_OK; returns NULL for `return cohl_ctx_fail(...)`. */
cohl_tensor *cohl_ctx_fail(cohl_ctx *ctx, cohl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* False once something failed or cancel was asked (which then becomes the status). */
bool cohl_ctx_fine(cohl_ctx *ctx);
/* The status so far, with its sentence copied to err. */
cohl_status cohl_ctx_status(const cohl_ctx *ctx, cohl_error *err);

/* A new tensor in scratch, contents undefined / zero / copied from host memory. */
cohl_tensor *cohl_tensor_new(cohl_ctx *ctx, cohl_dtype dtype, int rank, const int64_t *dim);
cohl_tensor *cohl_tensor_zero(cohl_ctx *ctx, cohl_dtype dtype, int rank, const int64_t *dim);
cohl_tensor *cohl_tensor_upload(cohl_ctx *ctx, const void *host, cohl_dtype dtype, int rank,
                                const int64_t *dim);
/* Copy all values to host memory of the caller; nothing when t is NULL. */
void cohl_tensor_download(cohl_ctx *ctx, void *host, const cohl_tensor *t);
/* The same data under another shape of the same count; shares memory and gradient flow. */
cohl_tensor *cohl_reshape(cohl_ctx *ctx, cohl_tensor *x, int rank, const int64_t *dim);
/* Values only: nothing flows back through it. */
cohl_tensor *cohl_detach(cohl_ctx *ctx, const cohl_tensor *x);

/* The record of one forward pass. */
cohl_status cohl_tape_new(cohl_tape **out, cohl_error *err);
void        cohl_tape_free(cohl_tape *tape);
/* Walk back from loss [1] with d loss = scale, adding into the grad of every
 * tensor that wants one, then forget the record. Gradients of parameters (made
 * outside scratch) persist and add up until cleared. Status as of ctx. */
cohl_status cohl_tape_backward(cohl_ctx *ctx, cohl_tensor *loss, float scale, cohl_error *err);
/* Forget the record without walking. */
void        cohl_tape_clear(cohl_tape *tape);

#endif
