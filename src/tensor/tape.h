/* tape.h - the record of a forward pass; for the op*.c files only.
 *
 * An entry knows its result, its inputs and how to send the gradient of the
 * one into the gradients of the others. Entries lie in the context's node
 * memory, chained from the last to the first. */
#ifndef COHL_TENSOR_TAPE_H
#define COHL_TENSOR_TAPE_H

#include "tensor/backend.h"

enum { COHL_ENTRY_INPUTS = 6 };

typedef struct cohl_entry cohl_entry;
typedef void cohl_entry_back(cohl_ctx *ctx, cohl_entry *entry);

struct cohl_entry {
    cohl_entry      *before;
    cohl_entry_back *back;
    cohl_tensor     *out;                     /* out->grad is there when back is called */
    cohl_tensor     *in[COHL_ENTRY_INPUTS];
    void            *extra;                   /* a copy of the operation's constants */
};

struct cohl_tape { cohl_entry *last; };

/* Write down that out came from in[count]; extra is copied. Does nothing without a
 * tape or when no input wants a gradient. Returns out, or NULL when there is no room. */
cohl_tensor *cohl_tape_record(cohl_ctx *ctx, cohl_tensor *out, cohl_entry_back *back,
                              cohl_tensor *const *in, int count, const void *extra, size_t extra_bytes);

/* Whether a result of these inputs would be recorded. */
bool cohl_tape_wants(const cohl_ctx *ctx, cohl_tensor *const *in, int count);

/* The gradient of t to add into, made of zeros when there is none yet; NULL when t is
 * NULL or wants none. */
cohl_tensor *cohl_grad(cohl_ctx *ctx, cohl_tensor *t);

/* Send g whole into t's gradient. g must not be needed afterwards: its memory may become
 * t's gradient. */
void cohl_grad_give(cohl_ctx *ctx, cohl_tensor *t, cohl_tensor *g);

/* A header in node memory, without data; NULL when there is no room. */
cohl_tensor *cohl_header_new(cohl_ctx *ctx, cohl_dtype dtype, int rank, const int64_t *dim);

/* A new F32 result of x's shape; NULL when the context has failed. */
cohl_tensor *cohl_result_like(cohl_ctx *ctx, const cohl_tensor *x);

#endif
