/* op_product.c - linear, conv, attention: checked, run, recorded. */
#include "tensor/tape.h"

#include <assert.h>
#include <string.h>

static void back_linear(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]), *dw = cohl_grad(ctx, e->in[1]);
    cohl_tensor *db = cohl_grad(ctx, e->in[2]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->linear_back(ctx, dx, dw, db, e->out->grad, e->in[0], e->in[1]);
}

cohl_tensor *cohl_linear(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *w, cohl_tensor *b)
{
    if (!x || !w || !cohl_ctx_fine(ctx))
        return NULL;
    assert(w->rank == 2 && w->dim[1] == cohl_tensor_width(x));
    assert(w->dtype != COHL_Q8 || !ctx->tape);
    assert(!b || cohl_tensor_count(b) == w->dim[0]);
    int64_t dim[COHL_RANK_MAX];
    memcpy(dim, x->dim, sizeof dim);
    dim[x->rank - 1] = w->dim[0];
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, x->rank, dim);
    if (!y)
        return NULL;
    ctx->operations += 2.0 * (double)cohl_tensor_count(y) * (double)w->dim[1];
    ctx->backend->linear(ctx, y, x, w, b);
    return cohl_tape_record(ctx, y, back_linear, (cohl_tensor *[]){ x, w, b }, 3, NULL, 0);
}

static void back_conv(cohl_ctx *ctx, cohl_entry *e)
{
    cohl_tensor *dx = cohl_grad(ctx, e->in[0]), *dw = cohl_grad(ctx, e->in[1]);
    cohl_tensor *db = cohl_grad(ctx, e->in[2]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->conv_back(ctx, dx, dw, db, e->out->grad, e->in[0], e->in[3], e->in[1], e->extra);
}

cohl_tensor *cohl_conv(cohl_ctx *ctx, cohl_tensor *x, const cohl_tensor *history, cohl_tensor *w,
                       cohl_tensor *b, const cohl_conv_params *p)
{
    if (!x || !w || !cohl_ctx_fine(ctx))
        return NULL;
    assert(x->rank == 4 && w->rank == 5 && w->dim[1] == x->dim[3]);
    assert(!b || cohl_tensor_count(b) == w->dim[0]);
    assert(!history || (history->dim[0] == p->pad_front && history->dim[1] == x->dim[1] &&
                        history->dim[2] == x->dim[2] && history->dim[3] == x->dim[3]));
    int64_t frames = x->dim[0] + p->pad_front - w->dim[2];
    int64_t height = x->dim[1] + p->pad_top + p->pad_bottom - w->dim[3];
    int64_t width = x->dim[2] + p->pad_left + p->pad_right - w->dim[4];
    assert(frames >= 0 && height >= 0 && width >= 0);
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, 4, (int64_t[]){
        frames / p->stride_time + 1, height / p->stride_space + 1, width / p->stride_space + 1,
        w->dim[0] });
    if (!y)
        return NULL;
    ctx->operations += 2.0 * (double)cohl_tensor_count(y) * (double)(w->dim[1] * w->dim[2] * w->dim[3] * w->dim[4]);
    ctx->backend->conv(ctx, y, x, history, w, b, p);
    return cohl_tape_record(ctx, y, back_conv, (cohl_tensor *[]){ x, w, b, (cohl_tensor *)history }, 4,
                            p, sizeof *p);
}

typedef struct attention_extra {
    float scale;
    int   span_count;
    cohl_tensor *lse;
    cohl_span span[];
} attention_extra;

static void back_attention(cohl_ctx *ctx, cohl_entry *e)
{
    const attention_extra *a = e->extra;
    cohl_tensor *dq = cohl_grad(ctx, e->in[0]), *dk = cohl_grad(ctx, e->in[1]);
    cohl_tensor *dv = cohl_grad(ctx, e->in[2]), *dbias = cohl_grad(ctx, e->in[3]);
    if (cohl_ctx_fine(ctx))
        ctx->backend->attention_back(ctx, dq, dk, dv, dbias, e->out->grad, e->out, a->lse, e->in[0],
                                     e->in[1], e->in[2], e->in[3], a->span, a->span_count, a->scale);
}

cohl_tensor *cohl_attention(cohl_ctx *ctx, cohl_tensor *q, cohl_tensor *k, cohl_tensor *v,
                            cohl_tensor *bias, const cohl_span *spans, int span_count, float scale)
{
    if (!q || !k || !v || !cohl_ctx_fine(ctx))
        return NULL;
    assert(q->rank == 3 && cohl_tensor_same_shape(k, v));
    assert(q->dim[1] == k->dim[1] && q->dim[2] == k->dim[2]);
    for (int i = 0; i < span_count; i++) {
        assert(spans[i].q_begin >= 0 && spans[i].q_begin + spans[i].q_count <= q->dim[0]);
        assert(spans[i].k_begin >= 0 && spans[i].k_begin + spans[i].k_count <= k->dim[0]);
        assert(spans[i].k_count >= 1);
        assert(!bias || (bias->dim[0] >= 2 * (int64_t)spans[i].q_count - 1 &&
                         bias->dim[0] >= 2 * (int64_t)spans[i].k_count - 1));
    }
    cohl_tensor *in[] = { q, k, v, bias };
    cohl_tensor *y = cohl_result_like(ctx, q), *lse = NULL;
    if (cohl_tape_wants(ctx, in, 4))
        lse = cohl_tensor_new(ctx, COHL_F32, 2, q->dim);
    if (!y || !cohl_ctx_fine(ctx))
        return NULL;
    for (int i = 0; i < span_count; i++)             /* q k', then its softmax times v */
        ctx->operations += 4.0 * spans[i].q_count * spans[i].k_count * (double)(q->dim[1] * q->dim[2]);
    ctx->backend->attention(ctx, y, lse, q, k, v, bias, spans, span_count, scale);
    if (!lse)
        return y;

    size_t bytes = sizeof(attention_extra) + (size_t)span_count * sizeof *spans;
    attention_extra *a = cohl_arena_take(&ctx->nodes, bytes);
    if (!a)
        return cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no room on the tape");
    *a = (attention_extra){ .scale = scale, .span_count = span_count, .lse = lse };
    memcpy(a->span, spans, (size_t)span_count * sizeof *spans);
    return cohl_tape_record(ctx, y, back_attention, in, 4, a, bytes);
}
