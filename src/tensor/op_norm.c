/* op_norm.c - norms, modulation, gates: checked, run, recorded. */
#include "tensor/tape.h"

#include <assert.h>

typedef struct norm_extra { float eps; bool silu; } norm_extra;

static void back_rms_norm(cohl_ctx *ctx, cohl_entry *e)
{
    const norm_extra *n = e->extra;
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]), *dgain = cohl_grad(ctx, e->in[1]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->rms_norm_back(ctx, dx, dgain, e->out->grad, e->in[0], e->in[1], n->eps);
}

cohl_tensor *cohl_rms_norm(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *gain, float eps)
{
    if (!x || !gain || !cohl_ctx_fine(ctx))
        return NULL;
    assert(cohl_tensor_count(gain) == cohl_tensor_width(x));
    cohl_tensor *y = cohl_result_like(ctx, x);
    if (!y)
        return NULL;
    ctx->backend->rms_norm(ctx, y, x, gain, eps);
    norm_extra n = { .eps = eps };
    return cohl_tape_record(ctx, y, back_rms_norm, (cohl_tensor *[]){ x, gain }, 2, &n, sizeof n);
}

static void back_channel_norm(cohl_ctx *ctx, cohl_entry *e)
{
    const norm_extra *n = e->extra;
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]), *dgain = cohl_grad(ctx, e->in[1]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->channel_norm_back(ctx, dx, dgain, e->out->grad, e->in[0], e->in[1], n->silu);
}

cohl_tensor *cohl_channel_norm(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *gain, bool silu)
{
    if (!x || !gain || !cohl_ctx_fine(ctx))
        return NULL;
    assert(cohl_tensor_count(gain) == cohl_tensor_width(x));
    cohl_tensor *y = cohl_result_like(ctx, x);
    if (!y)
        return NULL;
    ctx->backend->channel_norm(ctx, y, x, gain, silu);
    norm_extra n = { .silu = silu };
    return cohl_tape_record(ctx, y, back_channel_norm, (cohl_tensor *[]){ x, gain }, 2, &n, sizeof n);
}

static void back_layer_norm(cohl_ctx *ctx, cohl_entry *e)
{
    const norm_extra *n = e->extra;
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]), *dgain = cohl_grad(ctx, e->in[1]);
    cohl_tensor *dbias = cohl_grad(ctx, e->in[2]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->layer_norm_back(ctx, dx, dgain, dbias, e->out->grad, e->in[0], e->in[1], n->eps);
}

cohl_tensor *cohl_layer_norm(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *gain, cohl_tensor *bias,
                             float eps)
{
    if (!x || !cohl_ctx_fine(ctx))
        return NULL;
    assert(!gain == !bias);
    assert(!gain || cohl_tensor_count(gain) == cohl_tensor_width(x));
    cohl_tensor *y = cohl_result_like(ctx, x);
    if (!y)
        return NULL;
    ctx->backend->layer_norm(ctx, y, x, gain, bias, eps);
    norm_extra n = { .eps = eps };
    return cohl_tape_record(ctx, y, back_layer_norm, (cohl_tensor *[]){ x, gain, bias }, 3, &n, sizeof n);
}

static void back_modulate(cohl_ctx *ctx, cohl_entry *e)
{
    const norm_extra *n = e->extra;
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]), *dshift = cohl_grad(ctx, e->in[1]);
    cohl_tensor *dscale = cohl_grad(ctx, e->in[2]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->layer_norm_modulate_back(ctx, dx, dshift, dscale, e->out->grad, e->in[0],
                                               e->in[2], e->in[3], n->eps);
}

cohl_tensor *cohl_layer_norm_modulate(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *shift,
                                      cohl_tensor *scale, const cohl_tensor *row, float eps)
{
    if (!x || !shift || !scale || !row || !cohl_ctx_fine(ctx))
        return NULL;
    assert(x->rank == 2 && cohl_tensor_same_shape(shift, scale) && shift->rank == 2);
    assert(shift->dim[1] == x->dim[1] && row->dtype == COHL_I32 && row->dim[0] == x->dim[0]);
    cohl_tensor *y = cohl_result_like(ctx, x);
    if (!y)
        return NULL;
    ctx->backend->layer_norm_modulate(ctx, y, x, shift, scale, row, eps);
    norm_extra n = { .eps = eps };
    return cohl_tape_record(ctx, y, back_modulate,
                            (cohl_tensor *[]){ x, shift, scale, (cohl_tensor *)row }, 4, &n, sizeof n);
}

static void back_gated_add(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]), *dh = cohl_grad(ctx, e->in[1]);
    cohl_tensor *dgate = cohl_grad(ctx, e->in[2]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->gated_add_back(ctx, dx, dh, dgate, e->out->grad, e->in[1], e->in[2], e->in[3]);
}

cohl_tensor *cohl_gated_add(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *h, cohl_tensor *gate,
                            const cohl_tensor *row)
{
    if (!x || !h || !gate || !row || !cohl_ctx_fine(ctx))
        return NULL;
    assert(x->rank == 2 && cohl_tensor_same_shape(x, h) && gate->rank == 2);
    assert(gate->dim[1] == x->dim[1] && row->dtype == COHL_I32 && row->dim[0] == x->dim[0]);
    cohl_tensor *y = cohl_result_like(ctx, x);
    if (!y)
        return NULL;
    ctx->backend->gated_add(ctx, y, x, h, gate, row);
    return cohl_tape_record(ctx, y, back_gated_add,
                            (cohl_tensor *[]){ x, h, gate, (cohl_tensor *)row }, 4, NULL, 0);
}
