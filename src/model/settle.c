/* settle.c - keep one result, give back the scratch that led to it. */
#include "model/settle.h"

#include "tensor/backend.h"

cohl_tensor *cohl_settle(cohl_ctx *ctx, cohl_ctx_mark_t mark, cohl_tensor *x)
{
    if (!x || ctx->tape)
        return x;
    cohl_tensor old = *x;
    size_t bytes = (size_t)cohl_tensor_count(x) * cohl_dtype_bytes(x->dtype);
    uintptr_t to = (uintptr_t)ctx->scratch.base + mark.scratch, from = (uintptr_t)old.data;
    /* x from before the mark stays; x too near the mark would be copied onto itself */
    if (from < to || from - to < bytes)
        return x;
    cohl_ctx_release(ctx, mark);
    cohl_tensor *kept = cohl_tensor_new(ctx, old.dtype, old.rank, old.dim);
    if (kept)
        ctx->backend->copy(ctx, kept->data, old.data, bytes);
    return kept;
}
