/* cases_product.c - linear, conv, attention, matmul and what the optimiser does. */
#include "cases.h"

#include <math.h>
#include <string.h>

/* ---- linear: x, w, b --------------------------------------------------- */

static void prepare_linear(setup *s)
{
    int64_t rows = size(s, 1031, 960, 5040), in = size(s, 160, 256, 256);
    int64_t out = size(s, 129, 768, 768);
    if (s->variant % 3 == 1 && !s->bench)
        floats(s, IN_GRAD, 1, DIMS(rows > 3 ? 3 : 1, 2, in));
    else
        floats(s, IN_GRAD, 1, DIMS(rows, in));
    int w = floats(s, IN_GRAD, 1 / sqrt((double)in), DIMS(out, in));
    if (s->variant % 4 == 3)
        narrow(s, w);
    if (s->bench || coin(s))
        floats(s, IN_GRAD, 1, DIMS(out));
    else
        absent(s);
    s->flops = 2.0 * (double)rows * (double)in * (double)out;
}

static cohl_tensor *run_linear(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_linear(ctx, in[0], in[1], in[2]);
}

/* ---- conv: x, history, w, b -------------------------------------------- */

/* Kernel and edges as the video autoencoder has them, and others. */
static void draw_edges(setup *s, int kernel)
{
    cohl_conv_params *c = &s->conv;
    c->stride_space = s->bench ? 1 : pick(s, 1, 2);
    if (kernel == 1)
        return;
    c->pad_bottom = c->pad_right = 1;
    c->pad_top = c->pad_left = c->stride_space == 1;
    if (!s->bench && pick(s, 0, 3) == 0) {
        c->pad_top = pick(s, 0, 2);
        c->pad_left = pick(s, 0, 2);
        c->pad_right = pick(s, 0, 2);
    }
}

static void prepare_conv(setup *s)
{
    int kt = s->bench || coin(s) ? 3 : 1, kernel = s->bench || pick(s, 0, 2) ? 3 : 1;
    s->conv = (cohl_conv_params){ .stride_time = s->bench ? 1 : pick(s, 1, 2) };
    draw_edges(s, kernel);
    s->conv.pad_front = s->bench || s->variant == 0 || coin(s) ? kt - 1 : 0;
    bool wide = s->variant % 6 == 5;                       /* many pixels of few channels */
    int64_t side = wide ? 100 : s->variant % 6 == 4 ? 33 : 17, most = wide ? 5 : 48;
    int64_t frames = size(s, 5, 5, 17), height = size(s, side, 40, 80);
    int64_t width = size(s, side, 24, 48), in = size(s, most, 64, 64), out = size(s, most, 64, 64);
    frames += s->conv.pad_front ? 0 : kt - 1;
    height += s->bench ? 0 : kernel - 1;
    width += s->bench ? 0 : kernel - 1;

    floats(s, IN_GRAD, 1, DIMS(frames, height, width, in));
    if (s->conv.pad_front && !s->bench && coin(s))
        floats(s, 0, 1, DIMS(s->conv.pad_front, height, width, in));
    else
        absent(s);
    int w = floats(s, IN_GRAD, 1 / sqrt((double)in * kt * kernel), DIMS(out, in, kt, kernel, kernel));
    if (s->variant % 4 == 3)
        narrow(s, w);
    if (coin(s))
        floats(s, IN_GRAD, 1, DIMS(out));
    else
        absent(s);
    s->flops = 2.0 * (double)(frames * height * width * in * out) * kt * kernel * kernel;
}

static cohl_tensor *run_conv(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_conv(ctx, in[0], in[1], in[2], in[3], &s->conv);
}

/* ---- depthwise: x, w, b; pool: x ---------------------------------------- */

/* A window of 1..most, how it moves, and a picture that has room for it. */
static void draw_window(setup *s, int most)
{
    int high = pick(s, 1, most), wide = pick(s, 1, most);
    int64_t frames = size(s, 3, 1, 4), height = size(s, 17, 56, 112), width = size(s, 17, 56, 112);
    s->whole[0] = high, s->whole[1] = s->flag ? high : wide;
    s->conv = (cohl_conv_params){ .stride_time = 1, .stride_space = pick(s, 1, 2) };
    s->conv.pad_top = pick(s, 0, high - 1), s->conv.pad_bottom = pick(s, 0, high - 1);
    s->conv.pad_left = pick(s, 0, s->whole[1] - 1), s->conv.pad_right = pick(s, 0, s->whole[1] - 1);
    floats(s, IN_GRAD, 1, DIMS(frames, height + high - 1, width + s->whole[1] - 1, size(s, 50, 96, 192)));
}

static void prepare_depthwise(setup *s)
{
    draw_window(s, s->variant % 4 == 3 ? 9 : 3);
    int64_t channels = s->in[0].dim[3];
    floats(s, IN_GRAD, 0.5, DIMS(s->whole[0], s->whole[1], channels));
    if (coin(s))
        floats(s, IN_GRAD, 1, DIMS(channels));
    else
        absent(s);
    s->flops = 2.0 * (double)cohl_tensor_count(&(cohl_tensor){ .rank = 4, .dim = { s->in[0].dim[0], s->in[0].dim[1],
                      s->in[0].dim[2], channels } }) * s->whole[0] * s->whole[1];
}

static cohl_tensor *run_depthwise(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_depthwise(ctx, in[0], in[1], in[2], &s->conv);
}

static void prepare_pool(setup *s)
{
    s->flag = true;                                        /* a square window */
    draw_window(s, s->variant % 4 == 3 ? 9 : 3);
}

static cohl_tensor *run_pool(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_pool(ctx, in[0], s->variant % 2 ? COHL_POOL_MEAN : COHL_POOL_MAX, s->whole[0], &s->conv);
}

/* ---- attention: q, k, v, bias ------------------------------------------ */

/* Spans of different sizes, one behind the other, with rows between that belong to none. */
static void draw_spans(setup *s, int64_t *queries, int64_t *keys, int *most)
{
    s->list_count = s->bench ? 1 : pick(s, 1, CASE_SPANS);
    *queries = *keys = *most = 0;
    for (int i = 0; i < s->list_count; i++) {
        int q = (int)size(s, 100, 960, 5040), k = s->flag ? q : (int)size(s, 160, 960, 5040);
        int gap = s->bench || s->flag ? 0 : pick(s, 0, 2);
        s->span[i] = (cohl_span){ (int)*queries + gap, q, (int)*keys, k };
        *queries += q + gap;
        *keys += k;
        *most = q > *most ? q : *most;
        *most = k > *most ? k : *most;
        s->flops += 4.0 * q * k;
    }
}

static void prepare_attention(setup *s)
{
    int64_t queries, keys, heads = size(s, 5, 4, 4), dim = s->bench ? 64 : size(s, 64, 64, 64);
    int most;
    s->flag = coin(s);
    draw_spans(s, &queries, &keys, &most);
    floats(s, IN_GRAD, 1, DIMS(queries, heads, dim));
    floats(s, IN_GRAD, 1, DIMS(keys, heads, dim));
    floats(s, IN_GRAD, 1, DIMS(keys, heads, dim));
    if (!s->bench && s->variant % 3 == 2)
        floats(s, IN_GRAD, 1, DIMS(2 * (most + pick(s, 0, 2)) - 1, heads));
    else
        absent(s);
    s->number = (float)(1 / sqrt((double)dim));
    s->flops *= (double)(heads * dim);
}

static cohl_tensor *run_attention(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_attention(ctx, in[0], in[1], in[2], in[3], s->span, s->list_count, s->number);
}

/* ---- matmul: c, a, b --------------------------------------------------- */

static void prepare_matmul(setup *s)
{
    int64_t m = size(s, 129, 256, 1024), n = size(s, 129, 256, 256), k = size(s, 160, 256, 256);
    s->flag = coin(s), s->other_flag = coin(s);
    s->whole[0] = s->variant % 3;                         /* beta 0, 1 or something */
    int c = floats(s, IN_RESULT, 1, DIMS(m, n));
    floats(s, 0, 1, DIMS(s->flag ? k : m, s->flag ? m : k));
    floats(s, 0, 1, DIMS(s->other_flag ? n : k, s->other_flag ? k : n));
    for (int64_t i = 0; s->whole[0] == 0 && i < m * n; i++)
        ((float *)s->in[c].host)[i] = NAN;                /* with beta 0 nobody may read c */
    s->flops = 2.0 * (double)m * (double)n * (double)k;
}

static cohl_tensor *run_matmul(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    static const float beta[] = { 0, 1, -0.4f };
    ctx->backend->matmul(ctx, in[0], in[1], s->flag, in[2], s->other_flag, 0.7f, beta[s->whole[0]]);
    return in[0];
}

/* ---- the optimiser ----------------------------------------------------- */

static void prepare_sum_squares(setup *s)
{
    floats(s, IN_RESULT, 1, DIMS(1));
    floats(s, 0, 1, DIMS(size(s, 2050, 1024, 4096), size(s, 100, 1024, 1024)));
}

static cohl_tensor *run_sum_squares(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    ctx->backend->sum_squares(ctx, in[0], in[1]);
    return in[0];
}

static void prepare_adamw(setup *s)
{
    int64_t rows = size(s, 2050, 1024, 4096), width = size(s, 100, 1024, 1024);
    floats(s, IN_RESULT, 1, DIMS(rows, width));
    floats(s, IN_RESULT, 0.1, DIMS(rows, width));
    int v = floats(s, IN_RESULT, 0.1, DIMS(rows, width));
    floats(s, 0, 1, DIMS(rows, width));
    float *square = s->in[v].host;
    for (int64_t i = 0; i < rows * width; i++)
        square[i] *= square[i];
}

static cohl_tensor *run_adamw(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    const cohl_adamw step = { .rate = 0.01f, .beta1 = 0.9f, .beta2 = 0.99f, .eps = 1e-8f,
                              .decay = 0.1f, .correct1 = 0.19f, .correct2 = 0.0199f,
                              .grad_scale = 0.5f };
    ctx->backend->adamw(ctx, in[0], in[1], in[2], in[3], &step);
    return in[0];
}

static void prepare_lerp(setup *s)
{
    int64_t rows = size(s, 2050, 1024, 4096), width = size(s, 100, 1024, 1024);
    floats(s, IN_RESULT, 1, DIMS(rows, width));
    floats(s, 0, 1, DIMS(rows, width));
    s->number = 0.05f;
}

static cohl_tensor *run_lerp(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    ctx->backend->lerp(ctx, in[0], in[1], s->number);
    return in[0];
}

static cohl_tensor *run_axpy(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    ctx->backend->axpy(ctx, in[0], s->number, in[1]);
    return in[0];
}

/* Memory of the back end: zero at first, then x twice, half of it cleared. */
static cohl_tensor *run_memory(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    const cohl_backend *b = ctx->backend;
    int64_t count = cohl_tensor_count(in[1]);
    size_t bytes = (size_t)count * sizeof(float);
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, 2, (int64_t[]){ 3, count });
    float *part = y->data, *longer = b->alloc(ctx, bytes + 1);
    b->copy(ctx, part, longer, bytes);
    b->copy(ctx, longer, in[1]->data, bytes);
    b->download(ctx, part + count, longer, bytes);
    b->upload(ctx, part + 2 * count, s->in[0].host, bytes);
    b->clear(ctx, part + 2 * count, bytes / 2);
    b->free(ctx, longer);
    b->free(ctx, NULL);
    return y;
}

const op_case product_cases[] = {
    { "linear", 16, 1e-5, 1e-5, prepare_linear, run_linear },
    { "conv", 24, 1e-5, 1e-5, prepare_conv, run_conv },
    { "depthwise", 24, 1e-5, 0, prepare_depthwise, run_depthwise },
    { "pool", 24, 1e-6, 0, prepare_pool, run_pool },
    { "attention", 16, 2e-5, 4e-2, prepare_attention, run_attention },
    { "matmul", 16, 1e-5, 0, prepare_matmul, run_matmul },
    { "sum_squares", 8, 1e-5, 0, prepare_sum_squares, run_sum_squares },
    { "adamw", 8, 1e-5, 0, prepare_adamw, run_adamw },
    { "lerp", 8, 1e-6, 0, prepare_lerp, run_lerp },
    { "axpy", 8, 1e-6, 0, prepare_lerp, run_axpy },
    { "memory", 4, 0, 0, prepare_lerp, run_memory },
    { 0 },
};
