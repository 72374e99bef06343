/* op_reduce.c - means and losses: checked, run, recorded. */
#include "tensor/tape.h"

#include <assert.h>
#include <string.h>

typedef struct ranges_extra { int count; cohl_range range[]; } ranges_extra;

static void back_mean_ranges(cohl_ctx *ctx, cohl_entry *e)
{
    const ranges_extra *r = e->extra;
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->mean_ranges_back(ctx, dx, e->out->grad, r->range, r->count);
}

cohl_tensor *cohl_mean_ranges(cohl_ctx *ctx, cohl_tensor *x, const cohl_range *ranges, int count)
{
    if (!x || !cohl_ctx_fine(ctx))
        return NULL;
    assert(x->rank == 2);
    for (int i = 0; i < count; i++)
        assert(ranges[i].count >= 1 && ranges[i].begin >= 0 &&
               ranges[i].begin + ranges[i].count <= x->dim[0]);
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, 2, (int64_t[]){ count, x->dim[1] });
    size_t bytes = sizeof(ranges_extra) + (size_t)count * sizeof *ranges;
    ranges_extra *r = cohl_arena_take(&ctx->nodes, bytes);
    if (!y || !r)
        return cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no room on the tape");
    r->count = count;
    memcpy(r->range, ranges, (size_t)count * sizeof *ranges);
    ctx->backend->mean_ranges(ctx, y, x, ranges, count);
    return cohl_tape_record(ctx, y, back_mean_ranges, &x, 1, r, bytes);
}

typedef void loss_entry(cohl_ctx *, cohl_tensor *, cohl_in, cohl_in, cohl_in);

/* The two weighted distances differ in one entry of the table. */
static cohl_tensor *distance(cohl_ctx *ctx, loss_entry *entry, cohl_entry_back *back, cohl_tensor *a,
                             const cohl_tensor *b, const cohl_tensor *weight)
{
    if (!a || !b || !cohl_ctx_fine(ctx))
        return NULL;
    assert(cohl_tensor_same_shape(a, b));
    assert(!weight || cohl_tensor_count(weight) == cohl_tensor_rows(a));
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, 1, (int64_t[]){ 1 });
    if (!y)
        return NULL;
    entry(ctx, y, a, b, weight);
    return cohl_tape_record(ctx, y, back,
                            (cohl_tensor *[]){ a, (cohl_tensor *)b, (cohl_tensor *)weight }, 3, NULL, 0);
}

static void back_loss_mse(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *da = cohl_grad(ctx, e->in[0]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->loss_mse_back(ctx, da, e->out->grad, e->in[0], e->in[1], e->in[2]);
}

cohl_tensor *cohl_loss_mse(cohl_ctx *ctx, cohl_tensor *a, const cohl_tensor *b, const cohl_tensor *weight)
{
    return distance(ctx, ctx->backend->loss_mse, back_loss_mse, a, b, weight);
}

static void back_loss_l1(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *da = cohl_grad(ctx, e->in[0]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->loss_l1_back(ctx, da, e->out->grad, e->in[0], e->in[1], e->in[2]);
}

cohl_tensor *cohl_loss_l1(cohl_ctx *ctx, cohl_tensor *a, const cohl_tensor *b, const cohl_tensor *weight)
{
    return distance(ctx, ctx->backend->loss_l1, back_loss_l1, a, b, weight);
}

static void back_cross_entropy(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->loss_cross_entropy_back(ctx, dx, e->out->grad, e->in[0], e->in[1]);
}

cohl_tensor *cohl_loss_cross_entropy(cohl_ctx *ctx, cohl_tensor *x, const cohl_tensor *label)
{
    if (!x || !label || !cohl_ctx_fine(ctx))
        return NULL;
    assert(x->rank == 2 && label->dtype == COHL_I32 && label->dim[0] == x->dim[0]);
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, 1, (int64_t[]){ 1 });
    if (!y)
        return NULL;
    ctx->backend->loss_cross_entropy(ctx, y, x, label);
    return cohl_tape_record(ctx, y, back_cross_entropy, (cohl_tensor *[]){ x, (cohl_tensor *)label }, 2,
                            NULL, 0);
}
