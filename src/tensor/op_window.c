/* op_window.c - a window over each channel apart: depthwise convolution, and pooling. */
#include "tensor/tape.h"

#include <assert.h>

/* How often a window of `size` fits between the padded edges. */
static int64_t places(int64_t whole, int before, int after, int64_t size, int stride)
{
    int64_t room = whole + before + after - size;
    assert(room >= 0);
    return room / stride + 1;
}

static cohl_tensor *windows_of(cohl_ctx *ctx, const cohl_tensor *x, int64_t high, int64_t wide, const cohl_conv_params *p)
{
    assert(x->rank == 4 && p->stride_time == 1 && !p->pad_front);
    return cohl_tensor_new(ctx, COHL_F32, 4, (int64_t[]){
        x->dim[0], places(x->dim[1], p->pad_top, p->pad_bottom, high, p->stride_space),
        places(x->dim[2], p->pad_left, p->pad_right, wide, p->stride_space), x->dim[3] });
}

static void back_depthwise(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]), *dw = cohl_grad(ctx, e->in[1]), *db = cohl_grad(ctx, e->in[2]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->depthwise_back(ctx, dx, dw, db, e->out->grad, e->in[0], e->in[1], e->extra);
}

cohl_tensor *cohl_depthwise(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *w, cohl_tensor *b, const cohl_conv_params *p)
{
    if (!x || !w || !cohl_ctx_fine(ctx))
        return NULL;
    assert(w->rank == 3 && w->dtype == COHL_F32 && w->dim[2] == x->dim[3]);
    assert(!b || cohl_tensor_count(b) == x->dim[3]);
    cohl_tensor *y = windows_of(ctx, x, w->dim[0], w->dim[1], p);
    if (!y)
        return NULL;
    ctx->operations += 2.0 * (double)cohl_tensor_count(y) * (double)(w->dim[0] * w->dim[1]);
    ctx->backend->depthwise(ctx, y, x, w, b, p);
    return cohl_tape_record(ctx, y, back_depthwise, (cohl_tensor *[]){ x, w, b }, 3, p, sizeof *p);
}

typedef struct pool_extra {
    cohl_pooling     kind;
    int              size;
    cohl_conv_params params;
} pool_extra;

static void back_pool(cohl_ctx *ctx, cohl_entry *e)
{
    const pool_extra *p = e->extra;
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->pool_back(ctx, dx, e->out->grad, e->in[0], p->kind, p->size, &p->params);
}

cohl_tensor *cohl_pool(cohl_ctx *ctx, cohl_tensor *x, cohl_pooling kind, int size, const cohl_conv_params *p)
{
    if (!x || !cohl_ctx_fine(ctx))
        return NULL;
    assert(p->pad_top < size && p->pad_bottom < size && p->pad_left < size && p->pad_right < size);
    cohl_tensor *y = windows_of(ctx, x, size, size, p);
    if (!y)
        return NULL;
    ctx->backend->pool(ctx, y, x, kind, size, p);
    pool_extra extra = { kind, size, *p };
    return cohl_tape_record(ctx, y, back_pool, &x, 1, &extra, sizeof extra);
}
