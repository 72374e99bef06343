/* op_element.c - element by element, and the rotary turn: checked, run, recorded. */
#include "tensor/tape.h"

#include <assert.h>

static void back_add(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *db = cohl_grad(ctx, e->in[1]);
    if (db && cohl_ctx_fine(ctx))
        ctx->backend->axpy(ctx, db, 1.0f, e->out->grad);
    cohl_grad_give(ctx, e->in[0], e->out->grad);
}

cohl_tensor *cohl_add(cohl_ctx *ctx, cohl_tensor *a, cohl_tensor *b)
{
    if (!a || !b || !cohl_ctx_fine(ctx))
        return NULL;
    assert(cohl_tensor_same_shape(a, b));
    cohl_tensor *y = cohl_result_like(ctx, a);
    if (!y)
        return NULL;
    ctx->backend->add(ctx, y, a, b);
    return cohl_tape_record(ctx, y, back_add, (cohl_tensor *[]){ a, b }, 2, NULL, 0);
}

static void back_mul(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *da = cohl_grad(ctx, e->in[0]), *db = cohl_grad(ctx, e->in[1]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->mul_back(ctx, da, db, e->out->grad, e->in[0], e->in[1]);
}

cohl_tensor *cohl_mul(cohl_ctx *ctx, cohl_tensor *a, cohl_tensor *b)
{
    if (!a || !b || !cohl_ctx_fine(ctx))
        return NULL;
    assert(cohl_tensor_same_shape(a, b));
    cohl_tensor *y = cohl_result_like(ctx, a);
    if (!y)
        return NULL;
    ctx->backend->mul(ctx, y, a, b);
    return cohl_tape_record(ctx, y, back_mul, (cohl_tensor *[]){ a, b }, 2, NULL, 0);
}

static void back_add_row(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *dv = cohl_grad(ctx, e->in[1]);
    if (dv && cohl_ctx_fine(ctx))
        ctx->backend->add_row_back(ctx, dv, e->out->grad);
    cohl_grad_give(ctx, e->in[0], e->out->grad);
}

cohl_tensor *cohl_add_row(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *v)
{
    if (!x || !v || !cohl_ctx_fine(ctx))
        return NULL;
    assert(cohl_tensor_count(v) == cohl_tensor_width(x));
    cohl_tensor *y = cohl_result_like(ctx, x);
    if (!y)
        return NULL;
    ctx->backend->add_row(ctx, y, x, v);
    return cohl_tape_record(ctx, y, back_add_row, (cohl_tensor *[]){ x, v }, 2, NULL, 0);
}

static void back_scale(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->axpy(ctx, dx, *(const float *)e->extra, e->out->grad);
}

cohl_tensor *cohl_scale(cohl_ctx *ctx, cohl_tensor *x, float factor)
{
    if (!x || !cohl_ctx_fine(ctx))
        return NULL;
    cohl_tensor *y = cohl_result_like(ctx, x);
    if (!y)
        return NULL;
    ctx->backend->scale(ctx, y, x, factor);
    return cohl_tape_record(ctx, y, back_scale, &x, 1, &factor, sizeof factor);
}

static void back_activate(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->activate_back(ctx, dx, e->out->grad, e->in[0], *(const cohl_activation *)e->extra);
}

cohl_tensor *cohl_activate(cohl_ctx *ctx, cohl_tensor *x, cohl_activation f)
{
    if (!x || !cohl_ctx_fine(ctx))
        return NULL;
    cohl_tensor *y = cohl_result_like(ctx, x);
    if (!y)
        return NULL;
    ctx->backend->activate(ctx, y, x, f);
    return cohl_tape_record(ctx, y, back_activate, &x, 1, &f, sizeof f);
}

static void back_rope(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->rope(ctx, dx, e->out->grad, e->in[1], true, true);
}

cohl_tensor *cohl_rope(cohl_ctx *ctx, cohl_tensor *x, const cohl_tensor *turn)
{
    if (!x || !turn || !cohl_ctx_fine(ctx))
        return NULL;
    assert(x->rank == 3 && x->dim[2] % 2 == 0 && turn->rank == 3);
    assert(turn->dim[0] == x->dim[0] && turn->dim[1] == x->dim[2] / 2 && turn->dim[2] == 2);
    cohl_tensor *y = cohl_result_like(ctx, x);
    if (!y)
        return NULL;
    ctx->backend->rope(ctx, y, x, turn, false, false);
    return cohl_tape_record(ctx, y, back_rope, (cohl_tensor *[]){ x, (cohl_tensor *)turn }, 2, NULL, 0);
}
