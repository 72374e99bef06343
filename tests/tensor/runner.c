/* runner.c - a case, run on one back end: its results and its gradients. */
#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROJECTION = 77, PRESET = 78, POISON_BYTES = 1 << 20 };

void machine_open(cohl_ctx *ctx, const cohl_backend *backend, int threads)
{
    cohl_error err;
    cohl_workers *workers = NULL;
    if (cohl_workers_new(&workers, threads, &err) ||
        cohl_ctx_open(ctx, &(cohl_ctx_params){ .backend = backend, .workers = workers,
                                               .scratch_bytes = (size_t)8 << 30 }, &err)) {
        fprintf(stderr, "test_ops: %s\n", err.text);
        exit(1);
    }
}

void machine_close(cohl_ctx *ctx)
{
    cohl_workers *workers = ctx->workers;
    cohl_ctx_close(ctx);
    cohl_workers_free(workers);
}

void outcome_free(outcome *o)
{
    for (int i = 0; i < o->count; i++)
        free(o->value[i]);
    o->count = 0;
}

static void keep(cohl_ctx *ctx, outcome *o, const char *what, int input, const cohl_tensor *t)
{
    int i = o->count++;
    snprintf(o->name[i], sizeof o->name[i], input < 0 ? "%s" : "%s of input %d", what, input);
    o->size[i] = cohl_tensor_count(t);
    o->value[i] = calloc((size_t)o->size[i] + 1, sizeof(float));
    cohl_tensor_download(ctx, o->value[i], t);
}

static size_t input_bytes(const test_input *in)
{
    size_t count = 1;
    for (int i = 0; i < in->rank; i++)
        count *= (size_t)in->dim[i];
    return count * cohl_dtype_bytes(in->dtype);
}

void upload_inputs(cohl_ctx *ctx, const setup *s, unsigned wanted, cohl_tensor **in)
{
    for (int i = 0; i < s->count; i++) {
        const test_input *from = &s->in[i];
        in[i] = NULL;
        if (!from->host)
            continue;
        in[i] = cohl_tensor_upload(ctx, from->host, from->dtype, from->rank, from->dim);
        in[i]->wants_grad = wanted >> i & 1;
    }
}

void preset_values(float *out, int64_t count, int input)
{
    cohl_rng_fill_normal(out, 0, (size_t)count, PRESET, (uint64_t)input);
}

/* Gradients that something flowed into already. */
static void preset_gradients(cohl_ctx *ctx, const setup *s, cohl_tensor **in)
{
    for (int i = 0; i < s->count; i++) {
        if (!in[i] || !in[i]->wants_grad)
            continue;
        int64_t count = cohl_tensor_count(in[i]);
        float *start = malloc((size_t)count * sizeof *start);
        preset_values(start, count, i);
        in[i]->grad = cohl_tensor_upload(ctx, start, COHL_F32, in[i]->rank, in[i]->dim);
        free(start);
    }
}

cohl_tensor *project_tensor(cohl_ctx *ctx, cohl_tensor *y)
{
    int64_t count = cohl_tensor_count(y);
    float *weight = malloc((size_t)count * sizeof *weight);
    cohl_rng_fill_normal(weight, 0, (size_t)count, PROJECTION, 0);
    cohl_tensor *w = cohl_tensor_upload(ctx, weight, COHL_F32, 2, (int64_t[]){ 1, count });
    free(weight);
    return cohl_reshape(ctx, cohl_linear(ctx, cohl_reshape(ctx, y, 2, (int64_t[]){ 1, count }), w,
                                         NULL), 1, (int64_t[]){ 1 });
}

double project(const outcome *o)
{
    float *weight = malloc((size_t)o->size[0] * sizeof *weight);
    double sum = 0;
    cohl_rng_fill_normal(weight, 0, (size_t)o->size[0], PROJECTION, 0);
    for (int64_t i = 0; i < o->size[0]; i++)
        sum += (double)weight[i] * o->value[0][i];
    free(weight);
    return sum;
}

/* What an operation leaves unwritten must not look right by chance. */
static void poison(cohl_ctx *ctx)
{
    memset(ctx->scratch.base + ctx->scratch.used, 0xff, POISON_BYTES);
}

static void keep_inputs(cohl_ctx *ctx, const setup *s, cohl_tensor **in, outcome *out)
{
    for (int i = 0; i < s->count; i++) {
        if (!in[i])
            continue;
        if (s->in[i].flags & IN_RESULT)
            keep(ctx, out, "what became", i, in[i]);
        else if (memcmp(in[i]->data, s->in[i].host, input_bytes(&s->in[i])))
            out->wrote_input = true;
        if (in[i]->grad)
            keep(ctx, out, "gradient", i, in[i]->grad);
    }
}

void run_case(cohl_ctx *ctx, const op_case *c, const setup *s, unsigned wanted, bool preset,
              outcome *out)
{
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_tensor *in[CASE_INPUTS];
    cohl_error err;
    *out = (outcome){ 0 };
    poison(ctx);
    if (wanted && cohl_tape_new(&ctx->tape, &err))
        exit(1);
    upload_inputs(ctx, s, wanted, in);
    if (preset)
        preset_gradients(ctx, s, in);
    cohl_tensor *y = c->run(ctx, in, s);
    if (y)
        keep(ctx, out, "result", -1, y);
    if (y && y->wants_grad)
        cohl_tape_backward(ctx, project_tensor(ctx, y), 1, &err);
    keep_inputs(ctx, s, in, out);
    cohl_tape_free(ctx->tape);
    ctx->tape = NULL;
    cohl_ctx_release(ctx, mark);
    if (ctx->status) {
        fprintf(stderr, "test_ops: %s: %s\n", c->name, ctx->error.text);
        exit(1);
    }
}
