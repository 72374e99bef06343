/* optimizer.c - how parameters follow their gradients. */
#include "train/optimizer.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/backend.h"

static cohl_status slot_tensor(cohl_ctx *ctx, cohl_tensor *out, const cohl_tensor *like, cohl_error *err)
{
    *out = (cohl_tensor){ .dtype = COHL_F32, .rank = like->rank };
    memcpy(out->dim, like->dim, sizeof out->dim);
    out->data = ctx->backend->alloc(ctx, (size_t)cohl_tensor_count(like) * sizeof(float));
    return out->data ? COHL_OK
                     : cohl_fail(err, COHL_ERR_MEMORY, "no memory for the optimiser's state of %s",
                                 cohl_shape_print(like->rank, like->dim).text);
}

static bool follows_muon(const cohl_optimizer *opt, const cohl_slot *slot)
{
    return opt->params.muon && slot->param->group == COHL_PARAM_MATRIX;
}

static cohl_status open_slot(cohl_optimizer *opt, cohl_slot *slot, const cohl_trainee *set, int i,
                             cohl_error *err)
{
    cohl_ctx *ctx = opt->ctx;
    cohl_status st;
    char name[256];

    slot->param = &set->params->item[i];
    slot->owner = set->params;
    snprintf(name, sizeof name, "%s/%s", set->prefix, slot->param->name);
    if (!(slot->name = strdup(name)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    cohl_tensor *p = slot->param->tensor;
    assert(p->dtype == COHL_F32 && p->data && p->wants_grad && p->grad);
    if ((st = slot_tensor(ctx, &slot->m, p, err)) || (st = slot_tensor(ctx, &slot->average, p, err)))
        return st;
    return follows_muon(opt, slot) ? COHL_OK : slot_tensor(ctx, &slot->v, p, err);
}

cohl_status cohl_optimizer_open(cohl_optimizer **out, const cohl_optimizer_params *params,
                                const cohl_trainee *sets, int set_count, cohl_ctx *ctx,
                                cohl_error *err)
{
    int count = 0, at = 0;
    cohl_status st = COHL_OK;
    cohl_optimizer *opt = calloc(1, sizeof *opt);

    *out = NULL;
    for (int s = 0; s < set_count; s++)
        for (int i = 0; i < sets[s].params->count; i++)
            count += !sets[s].params->item[i].fixed;
    if (opt)
        *opt = (cohl_optimizer){ .params = *params, .ctx = ctx, .count = count,
                                 .slot = calloc((size_t)count, sizeof *opt->slot) };
    if (!opt || !opt->slot) {
        free(opt);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for an optimiser of %d parameters", count);
    }
    for (int s = 0; s < set_count && !st; s++)
        for (int i = 0; i < sets[s].params->count && !st; i++)
            if (!sets[s].params->item[i].fixed)
                st = open_slot(opt, &opt->slot[at++], &sets[s], i, err);
    if (st) {
        cohl_optimizer_close(opt);
        return st;
    }
    cohl_optimizer_restart_average(opt);
    *out = opt;
    return COHL_OK;
}

void cohl_optimizer_close(cohl_optimizer *opt)
{
    if (!opt)
        return;
    for (int i = 0; i < opt->count; i++) {
        cohl_slot *s = &opt->slot[i];
        cohl_tensor *const kept[] = { &s->m, &s->v, &s->average };
        for (int k = 0; k < 3; k++)
            if (kept[k]->data)
                opt->ctx->backend->free(opt->ctx, kept[k]->data);
        free(s->name);
    }
    free(opt->slot);
    free(opt);
}

void cohl_optimizer_restart_average(cohl_optimizer *opt)
{
    for (int i = 0; i < opt->count; i++) {
        const cohl_tensor *p = opt->slot[i].param->tensor;
        opt->ctx->backend->copy(opt->ctx, opt->slot[i].average.data, p->data,
                                (size_t)cohl_tensor_count(p) * sizeof(float));
    }
}

void cohl_optimizer_swap(cohl_optimizer *opt)
{
    for (int i = 0; i < opt->count; i++) {
        void *weights = opt->slot[i].param->tensor->data;
        opt->slot[i].param->tensor->data = opt->slot[i].average.data;
        opt->slot[i].average.data = weights;
    }
}

static double gradient_norm(cohl_optimizer *opt)
{
    cohl_ctx *ctx = opt->ctx;
    float sum = NAN;
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_tensor *total = cohl_tensor_zero(ctx, COHL_F32, 1, (int64_t[]){ 1 });
    for (int i = 0; i < opt->count && total; i++)
        ctx->backend->sum_squares(ctx, total, opt->slot[i].param->tensor->grad);
    cohl_tensor_download(ctx, &sum, total);
    cohl_ctx_release(ctx, mark);
    return sqrt(sum);
}

/* x [rows, cols] becomes nearly orthogonal, singular values about 1: five steps of
 * x = a x + (b y + c y^2) x, y = x x^T on the shorter side. The constants are those of
 * Jordan et al. 2024; the odd polynomial lifts every singular value of (0, 1] to 0.7..1.2. */
static cohl_tensor *orthogonalise(cohl_ctx *ctx, cohl_tensor *x, float norm)
{
    const float a = 3.4445f, b = -4.7750f, c = 2.0315f;
    const cohl_backend *be = ctx->backend;
    bool tall = x->dim[0] > x->dim[1];
    int64_t side = tall ? x->dim[1] : x->dim[0];
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, 2, (int64_t[]){ side, side });
    cohl_tensor *z = cohl_tensor_new(ctx, COHL_F32, 2, (int64_t[]){ side, side });
    cohl_tensor *next = cohl_tensor_new(ctx, COHL_F32, 2, x->dim);
    if (!y || !z || !next)
        return NULL;
    be->scale(ctx, x, x, 1.0f / (norm + 1e-7f));
    for (int step = 0; step < 5; step++) {
        be->matmul(ctx, y, x, tall, x, !tall, 1, 0);
        be->scale(ctx, z, y, b);
        be->matmul(ctx, z, y, false, y, false, c, 1);
        be->scale(ctx, next, x, a);
        if (tall)
            be->matmul(ctx, next, x, false, z, false, 1, 1);
        else
            be->matmul(ctx, next, z, false, x, false, 1, 1);
        cohl_tensor *swap = x;
        x = next, next = swap;
    }
    return x;
}

static void step_muon(cohl_optimizer *opt, cohl_slot *slot, double rate, float grad_scale)
{
    cohl_ctx *ctx = opt->ctx;
    const cohl_backend *be = ctx->backend;
    float momentum = (float)opt->params.matrix_momentum, squares = 0;
    cohl_tensor *p = slot->param->tensor, *g = p->grad;
    int64_t rows = p->dim[0], cols = cohl_tensor_count(p) / rows;
    float length = (float)(opt->params.matrix_rate * rate);

    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_tensor *u = cohl_tensor_new(ctx, COHL_F32, p->rank, p->dim);
    cohl_tensor *sum = cohl_tensor_zero(ctx, COHL_F32, 1, (int64_t[]){ 1 });
    if (u && sum) {
        be->scale(ctx, g, g, grad_scale);
        be->lerp(ctx, &slot->m, g, 1 - momentum);
        be->copy(ctx, u->data, g->data, (size_t)(rows * cols) * sizeof(float));
        be->lerp(ctx, u, &slot->m, momentum);         /* Nesterov */
        be->sum_squares(ctx, sum, u);
        cohl_tensor_download(ctx, &squares, sum);
        cohl_tensor *flat = cohl_reshape(ctx, u, 2, (int64_t[]){ rows, cols });
        if (flat && (flat = orthogonalise(ctx, flat, sqrtf(squares)))) {
            cohl_tensor *o = cohl_reshape(ctx, flat, p->rank, p->dim);
            float size = 0.2f * sqrtf((float)(rows > cols ? rows : cols));
            be->scale(ctx, p, p, 1 - length * (float)opt->params.decay);
            if (o)
                be->axpy(ctx, p, -length * size, o);
        }
    }
    cohl_ctx_release(ctx, mark);
}

static void step_adamw(cohl_optimizer *opt, cohl_slot *slot, int64_t step, double rate, float grad_scale)
{
    const cohl_optimizer_params *o = &opt->params;
    bool matrix = slot->param->group == COHL_PARAM_MATRIX;
    cohl_adamw constants = {
        .rate = (float)(rate * (matrix ? o->matrix_rate : o->rate)),
        .beta1 = (float)o->beta1, .beta2 = (float)o->beta2, .eps = 1e-8f,
        .decay = matrix ? (float)o->decay : 0,
        .correct1 = (float)(1 - pow(o->beta1, (double)step + 1)),
        .correct2 = (float)(1 - pow(o->beta2, (double)step + 1)),
        .grad_scale = grad_scale,
    };
    opt->ctx->backend->adamw(opt->ctx, slot->param->tensor, &slot->m, &slot->v,
                              slot->param->tensor->grad, &constants);
}

cohl_status cohl_optimizer_step(cohl_optimizer *opt, int64_t step, double rate, double *norm,
                                cohl_error *err)
{
    cohl_ctx *ctx = opt->ctx;
    *norm = gradient_norm(opt);
    if (ctx->status)
        return cohl_ctx_status(ctx, err);
    if (!isfinite(*norm))
        return cohl_fail(err, COHL_ERR_FORMAT, "step %lld: the gradient is not finite",
                         (long long)step);
    float scale = opt->params.clip > 0 && *norm > opt->params.clip ? (float)(opt->params.clip / *norm) : 1;
    float part = 1 - (float)pow(1 - 1 / ((double)step + 2), opt->params.average);

    for (int i = 0; i < opt->count; i++) {
        cohl_slot *slot = &opt->slot[i];
        if (follows_muon(opt, slot))
            step_muon(opt, slot, rate, scale);
        else
            step_adamw(opt, slot, step, rate, scale);
        ctx->backend->lerp(ctx, &slot->average, slot->param->tensor, part);
        const cohl_tensor *grad = slot->param->tensor->grad;
        ctx->backend->clear(ctx, grad->data, (size_t)cohl_tensor_count(grad) * sizeof(float));
    }
    return cohl_ctx_status(ctx, err);
}
