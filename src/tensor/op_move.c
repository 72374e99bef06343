/* op_move.c - operations that move values: checked, run, recorded. */
#include "tensor/tape.h"

#include <assert.h>
#include <string.h>

typedef struct move_extra {
    int     order[COHL_RANK_MAX];
    int     axis, ft, fs, drop;
    int64_t at;
} move_extra;

static void back_gather(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *dtable = cohl_grad(ctx, e->in[0]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->gather_back(ctx, dtable, e->out->grad, e->in[1]);
}

cohl_tensor *cohl_gather(cohl_ctx *ctx, cohl_tensor *table, const cohl_tensor *id)
{
    if (!table || !id || !cohl_ctx_fine(ctx))
        return NULL;
    assert(table->rank == 2 && id->dtype == COHL_I32 && id->rank == 1);
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, 2, (int64_t[]){ id->dim[0], table->dim[1] });
    if (!y)
        return NULL;
    ctx->backend->gather(ctx, y, table, id);
    return cohl_tape_record(ctx, y, back_gather, (cohl_tensor *[]){ table, (cohl_tensor *)id }, 2, NULL, 0);
}

static void back_permute(cohl_ctx *ctx, cohl_entry *e)
{
    const move_extra *m = e->extra;
    int inverse[COHL_RANK_MAX];
    for (int i = 0; i < e->out->rank; i++)
        inverse[m->order[i]] = i;
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->permute(ctx, dx, e->out->grad, inverse, true);
}

cohl_tensor *cohl_permute(cohl_ctx *ctx, cohl_tensor *x, const int *order)
{
    if (!x || !cohl_ctx_fine(ctx))
        return NULL;
    move_extra m = { .axis = 0 };
    int64_t dim[COHL_RANK_MAX];
    for (int i = 0; i < x->rank; i++) {
        assert(order[i] >= 0 && order[i] < x->rank);
        dim[i] = x->dim[order[i]];
        m.order[i] = order[i];
    }
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, x->rank, dim);
    if (!y)
        return NULL;
    ctx->backend->permute(ctx, y, x, order, false);
    return cohl_tape_record(ctx, y, back_permute, &x, 1, &m, sizeof m);
}

static void back_slice(cohl_ctx *ctx, cohl_entry *e)
{
    const move_extra *m = e->extra;
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->slice_into(ctx, dx, e->out->grad, m->axis, m->at, true);
}

cohl_tensor *cohl_slice(cohl_ctx *ctx, cohl_tensor *x, int axis, int64_t begin, int64_t count)
{
    if (!x || !cohl_ctx_fine(ctx))
        return NULL;
    assert(axis >= 0 && axis < x->rank && begin >= 0 && count >= 0 && begin + count <= x->dim[axis]);
    move_extra m = { .axis = axis, .at = begin };
    int64_t dim[COHL_RANK_MAX];
    memcpy(dim, x->dim, sizeof dim);
    dim[axis] = count;
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, x->rank, dim);
    if (!y)
        return NULL;
    ctx->backend->slice(ctx, y, x, axis, begin);
    return cohl_tape_record(ctx, y, back_slice, &x, 1, &m, sizeof m);
}

/* One entry a part: each takes its slice of the whole gradient. */
static void back_concat_part(cohl_ctx *ctx, cohl_entry *e)
{
    const move_extra *m = e->extra;
    cohl_tensor *part = e->in[0];
    if (!part->wants_grad)
        return;
    cohl_tensor *g = cohl_tensor_new(ctx, COHL_F32, part->rank, part->dim);
    if (!g)
        return;
    ctx->backend->slice(ctx, g, e->out->grad, m->axis, m->at);
    cohl_grad_give(ctx, part, g);
}

cohl_tensor *cohl_concat(cohl_ctx *ctx, cohl_tensor *const *part, int parts, int axis)
{
    int64_t dim[COHL_RANK_MAX], whole = 0;
    for (int i = 0; i < parts; i++) {
        if (!part[i])
            return NULL;
        assert(part[i]->rank == part[0]->rank && axis < part[i]->rank);
        whole += part[i]->dim[axis];
    }
    if (!cohl_ctx_fine(ctx))
        return NULL;
    memcpy(dim, part[0]->dim, sizeof dim);
    dim[axis] = whole;
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, part[0]->rank, dim);
    move_extra m = { .axis = axis };
    for (int i = 0; i < parts && y; i++) {
        ctx->backend->slice_into(ctx, y, part[i], axis, m.at, false);
        y = cohl_tape_record(ctx, y, back_concat_part, &part[i], 1, &m, sizeof m);
        m.at += part[i]->dim[axis];
    }
    return y;
}

static void back_upsample(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->upsample_back(ctx, dx, e->out->grad);
}

cohl_tensor *cohl_upsample(cohl_ctx *ctx, cohl_tensor *x)
{
    if (!x || !cohl_ctx_fine(ctx))
        return NULL;
    assert(x->rank == 4);
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, 4, (int64_t[]){
        x->dim[0], 2 * x->dim[1], 2 * x->dim[2], x->dim[3] });
    if (!y)
        return NULL;
    ctx->backend->upsample(ctx, y, x);
    return cohl_tape_record(ctx, y, back_upsample, &x, 1, NULL, 0);
}

static void back_average_down(cohl_ctx *ctx, cohl_entry *e)
{
    const move_extra *m = e->extra;
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->average_down_back(ctx, dx, e->out->grad, m->ft, m->fs);
}

cohl_tensor *cohl_average_down(cohl_ctx *ctx, cohl_tensor *x, int ft, int fs, int out)
{
    if (!x || !cohl_ctx_fine(ctx))
        return NULL;
    assert(x->rank == 4 && x->dim[1] % fs == 0 && x->dim[2] % fs == 0);
    assert(x->dim[3] * ft * fs * fs % out == 0);
    move_extra m = { .ft = ft, .fs = fs };
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, 4, (int64_t[]){
        (x->dim[0] + ft - 1) / ft, x->dim[1] / fs, x->dim[2] / fs, out });
    if (!y)
        return NULL;
    ctx->backend->average_down(ctx, y, x, ft, fs);
    return cohl_tape_record(ctx, y, back_average_down, &x, 1, &m, sizeof m);
}

static void back_repeat_up(cohl_ctx *ctx, cohl_entry *e)
{
    const move_extra *m = e->extra;
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->repeat_up_back(ctx, dx, e->out->grad, m->ft, m->fs, m->drop);
}

cohl_tensor *cohl_repeat_up(cohl_ctx *ctx, cohl_tensor *x, int ft, int fs, int out, int drop)
{
    if (!x || !cohl_ctx_fine(ctx))
        return NULL;
    assert(x->rank == 4 && (int64_t)out * ft * fs * fs % x->dim[3] == 0 && drop < x->dim[0] * ft);
    move_extra m = { .ft = ft, .fs = fs, .drop = drop };
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, 4, (int64_t[]){
        x->dim[0] * ft - drop, x->dim[1] * fs, x->dim[2] * fs, out });
    if (!y)
        return NULL;
    ctx->backend->repeat_up(ctx, y, x, ft, fs, drop);
    return cohl_tape_record(ctx, y, back_repeat_up, &x, 1, &m, sizeof m);
}

static void back_reshape(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *g = cohl_header_new(ctx, COHL_F32, e->in[0]->rank, e->in[0]->dim);
    if (!g)
        return;
    g->data = e->out->grad->data;
    cohl_grad_give(ctx, e->in[0], g);
}

cohl_tensor *cohl_reshape(cohl_ctx *ctx, cohl_tensor *x, int rank, const int64_t *dim)
{
    if (!x || !cohl_ctx_fine(ctx))
        return NULL;
    cohl_tensor *y = cohl_header_new(ctx, x->dtype, rank, dim);
    if (!y)
        return NULL;
    assert(cohl_tensor_count(y) == cohl_tensor_count(x));
    y->data = x->data;
    return cohl_tape_record(ctx, y, back_reshape, &x, 1, NULL, 0);
}

cohl_tensor *cohl_detach(cohl_ctx *ctx, const cohl_tensor *x)
{
    if (!x || !cohl_ctx_fine(ctx))
        return NULL;
    cohl_tensor *y = cohl_header_new(ctx, x->dtype, x->rank, x->dim);
    if (y)
        y->data = x->data;
    return y;
}
