/* tape.c - the record of a forward pass, and the walk back. */
#include "tensor/tape.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

cohl_status cohl_tape_new(cohl_tape **out, cohl_error *err)
{
    if (!(*out = calloc(1, sizeof **out)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a tape");
    return COHL_OK;
}

void cohl_tape_free(cohl_tape *tape) { free(tape); }

void cohl_tape_clear(cohl_tape *tape) { tape->last = NULL; }

bool cohl_tape_wants(const cohl_ctx *ctx, cohl_tensor *const *in, int count)
{
    if (!ctx->tape)
        return false;
    for (int i = 0; i < count; i++)
        if (in[i] && in[i]->wants_grad)
            return true;
    return false;
}

cohl_tensor *cohl_tape_record(cohl_ctx *ctx, cohl_tensor *out, cohl_entry_back *back,
                              cohl_tensor *const *in, int count, const void *extra, size_t extra_bytes)
{
    assert(count <= COHL_ENTRY_INPUTS);
    if (!out || !cohl_tape_wants(ctx, in, count))
        return out;
    cohl_entry *e = cohl_arena_take(&ctx->nodes, sizeof *e);
    void *copy = extra_bytes ? cohl_arena_take(&ctx->nodes, extra_bytes) : NULL;
    if (!e || (extra_bytes && !copy))
        return cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no room on the tape");
    if (copy)
        memcpy(copy, extra, extra_bytes);
    *e = (cohl_entry){ .before = ctx->tape->last, .back = back, .out = out, .extra = copy };
    memcpy(e->in, in, (size_t)count * sizeof *in);
    out->wants_grad = true;
    ctx->tape->last = e;
    return out;
}

cohl_tensor *cohl_grad(cohl_ctx *ctx, cohl_tensor *t)
{
    if (!t || !t->wants_grad)
        return NULL;
    if (!t->grad)
        t->grad = cohl_tensor_zero(ctx, COHL_F32, t->rank, t->dim);
    return t->grad;
}

void cohl_grad_give(cohl_ctx *ctx, cohl_tensor *t, cohl_tensor *g)
{
    if (!t || !t->wants_grad)
        return;
    if (t->grad)
        ctx->backend->axpy(ctx, t->grad, 1.0f, g);
    else
        t->grad = g;
}

cohl_tensor *cohl_result_like(cohl_ctx *ctx, const cohl_tensor *x)
{
    return cohl_tensor_new(ctx, COHL_F32, x->rank, x->dim);
}

cohl_status cohl_tape_backward(cohl_ctx *ctx, cohl_tensor *loss, float scale, cohl_error *err)
{
    if (loss && cohl_ctx_fine(ctx) && loss->wants_grad) {
        assert(cohl_tensor_count(loss) == 1);
        loss->grad = cohl_tensor_upload(ctx, &scale, COHL_F32, loss->rank, loss->dim);
        for (cohl_entry *e = ctx->tape->last; e && cohl_ctx_fine(ctx); e = e->before)
            if (e->out->grad)
                e->back(ctx, e);
    }
    cohl_tape_clear(ctx->tape);
    return cohl_ctx_status(ctx, err);
}
