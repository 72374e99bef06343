/* vae_net.c - the autoencoder's forward passes.
 *
 * One walk serves the whole clip and the clip in pieces. With a stream each
 * causal layer looks back at the frames it has seen instead of at zeros, and
 * "the first frame" is the first piece. */
#include "model/vae_net.h"

#include <assert.h>
#include <math.h>

#include "model/settle.h"
#include "tensor/backend.h"
#include "tensor/ops.h"

/* What a linear map leaves over is about this small beside the picture: the network speaks in units of it,
 * so that one learning rate suits all its layers. */
#define LINEAR_REST 0.125f

typedef struct walk {
    cohl_ctx        *ctx;
    cohl_vae_stream *stream;   /* NULL = the whole clip */
    int              next;     /* the next layer that remembers */
} walk;

static bool at_start(const walk *w) { return !w->stream || w->stream->piece == 0; }

/* The memory of the next layer: `frames` frames shaped as x's, zero before the
 * first piece. NULL for a whole clip, or when there is no room. */
static cohl_tensor *memory(walk *w, const cohl_tensor *x, int frames)
{
    if (!w->stream || !x)
        return NULL;
    assert(w->next < w->stream->count);
    cohl_tensor *seen = &w->stream->seen[w->next++];
    if (seen->data)
        return seen;
    *seen = (cohl_tensor){ .dtype = COHL_F32, .rank = 4,
                           .dim = { frames, x->dim[1], x->dim[2], x->dim[3] } };
    seen->data = w->ctx->backend->alloc(w->ctx, (size_t)cohl_tensor_count(seen) * sizeof(float));
    if (seen->data)
        return seen;
    return cohl_ctx_fail(w->ctx, COHL_ERR_MEMORY, "no room to remember frames %s",
                         cohl_shape_print(seen->rank, seen->dim).text);
}

/* Keep the last frames of (seen, x) for the next piece. */
static void remember(walk *w, cohl_tensor *seen, cohl_tensor *x)
{
    if (!seen || !x)
        return;
    int64_t keep = seen->dim[0], have = x->dim[0];
    if (have < keep)
        x = cohl_concat(w->ctx, (cohl_tensor *[]){ seen, x }, 2, 0);
    cohl_tensor *last = x ? cohl_slice(w->ctx, x, 0, x->dim[0] - keep, keep) : NULL;
    if (last)
        w->ctx->backend->copy(w->ctx, seen->data, last->data, (size_t)cohl_tensor_count(last) * sizeof(float));
}

/* 3x3x3, two zero or remembered frames in front, zeros around. */
static cohl_tensor *cube(walk *w, cohl_tensor *x, cohl_affine conv)
{
    cohl_tensor *seen = memory(w, x, 2);
    cohl_tensor *y = cohl_conv(w->ctx, x, seen, conv.weight, conv.bias, &(cohl_conv_params){
        .stride_time = 1, .stride_space = 1, .pad_front = 2,
        .pad_top = 1, .pad_bottom = 1, .pad_left = 1, .pad_right = 1 });
    remember(w, seen, x);
    return y;
}

static cohl_tensor *residual(walk *w, cohl_tensor *x, const vae_residual *r)
{
    cohl_ctx *ctx = w->ctx;
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_tensor *h = cohl_settle(ctx, mark, cube(w, cohl_channel_norm(ctx, x, r->gain_a, true), r->conv_a));
    h = cohl_settle(ctx, mark, cube(w, cohl_channel_norm(ctx, h, r->gain_b, true), r->conv_b));
    if (r->shortcut.weight)
        x = cohl_linear(ctx, x, r->shortcut.weight, r->shortcut.bias);
    return cohl_settle(ctx, mark, cohl_add(ctx, h, x));
}

/* One after the other; each takes the place of the one before. */
static cohl_tensor *residuals(walk *w, cohl_tensor *x, const vae_stage *s)
{
    cohl_ctx_mark_t mark = cohl_ctx_mark(w->ctx);
    for (int i = 0; i < s->residual_count; i++)
        x = cohl_settle(w->ctx, mark, residual(w, x, &s->residual[i]));
    return x;
}

/* Each frame's pixels look at each other, one head. */
static cohl_tensor *attend(walk *w, cohl_tensor *x, const vae_attention *a)
{
    if (!x)
        return NULL;
    cohl_ctx *ctx = w->ctx;
    int64_t frames = x->dim[0], pixels = x->dim[1] * x->dim[2], width = x->dim[3];
    cohl_span *spans = cohl_arena_take(&ctx->nodes, (size_t)frames * sizeof *spans);
    if (!spans)
        return cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no room for the spans of %lld frames", (long long)frames);
    for (int64_t t = 0; t < frames; t++)
        spans[t] = (cohl_span){ (int)(t * pixels), (int)pixels, (int)(t * pixels), (int)pixels };
    cohl_tensor *part[3], *h = cohl_channel_norm(ctx, x, a->gain, false);
    h = cohl_linear(ctx, h, a->qkv.weight, a->qkv.bias);
    for (int i = 0; i < 3; i++)
        part[i] = cohl_reshape(ctx, cohl_slice(ctx, h, 3, i * width, width), 3,
                               (int64_t[]){ frames * pixels, 1, width });
    h = cohl_attention(ctx, part[0], part[1], part[2], NULL, spans, (int)frames, 1 / sqrtf((float)width));
    h = cohl_linear(ctx, cohl_reshape(ctx, h, 4, x->dim), a->proj.weight, a->proj.bias);
    return cohl_add(ctx, x, h);
}

static cohl_tensor *middle(walk *w, cohl_tensor *x, const vae_half *half)
{
    cohl_ctx_mark_t mark = cohl_ctx_mark(w->ctx);
    x = residual(w, x, &half->middle_a);
    x = attend(w, x, &half->attention);
    return cohl_settle(w->ctx, mark, residual(w, x, &half->middle_b));
}

/* ---- down ---------------------------------------------------------------- */

/* Two frames into one, kernel 3: frame 0 stays as it is, frame k looks at
 * 2k-2, 2k-1, 2k. A later piece begins with the last frame it has seen. */
static cohl_tensor *halve_time(walk *w, cohl_tensor *x, cohl_affine conv)
{
    cohl_ctx *ctx = w->ctx;
    cohl_conv_params params = { .stride_time = 2, .stride_space = 1 };
    cohl_tensor *seen = memory(w, x, 1), *y = x;
    if (x && !at_start(w)) {
        params.pad_front = 1;
        y = cohl_conv(ctx, x, seen, conv.weight, conv.bias, &params);
    } else if (x && x->dim[0] > 1) {
        cohl_tensor *rest = cohl_conv(ctx, x, NULL, conv.weight, conv.bias, &params);
        y = cohl_concat(ctx, (cohl_tensor *[]){ cohl_slice(ctx, x, 0, 0, 1), rest }, 2, 0);
    }
    remember(w, seen, x);
    return y;
}

static cohl_tensor *down(walk *w, cohl_tensor *x, const vae_stage *s)
{
    cohl_ctx *ctx = w->ctx;
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    int ft = s->time.weight ? 2 : 1, fs = s->resample.weight ? 2 : 1;
    cohl_tensor *skip = s->averaging ? cohl_average_down(ctx, x, ft, fs, s->out) : NULL;
    x = residuals(w, x, s);
    /* Pad right and below only: the weights were trained with that asymmetry. */
    if (s->resample.weight)
        x = cohl_conv(ctx, x, NULL, s->resample.weight, s->resample.bias, &(cohl_conv_params){
            .stride_time = 1, .stride_space = 2, .pad_bottom = 1, .pad_right = 1 });
    if (s->time.weight)
        x = halve_time(w, x, s->time);
    return cohl_settle(ctx, mark, s->averaging ? cohl_add(ctx, x, skip) : x);
}

/* patch x patch pixels to channels, index = (colour * patch + column) * patch + row. */
static cohl_tensor *fold(cohl_ctx *ctx, cohl_tensor *x, int patch)
{
    if (!x)
        return NULL;
    int64_t frames = x->dim[0], height = x->dim[1] / patch, width = x->dim[2] / patch;
    x = cohl_reshape(ctx, x, 6, (int64_t[]){ frames, height, patch, width, patch, 3 });
    x = cohl_permute(ctx, x, (int[]){ 0, 1, 3, 5, 4, 2 });
    return cohl_reshape(ctx, x, 4, (int64_t[]){ frames, height, width, 3 * patch * patch });
}

/* ---- cells as vectors, and a linear map of them ---------------------------- */

/* [n * frames, 16h, 16w, 3] -> [n, h, w, frames * 16 * 16 * 3]; a row is (frame, row, column, colour). */
static cohl_tensor *cells(cohl_ctx *ctx, cohl_tensor *x, int64_t frames)
{
    int64_t n = x->dim[0] / frames, height = x->dim[1] / COHL_VAE_SPACE, width = x->dim[2] / COHL_VAE_SPACE;
    x = cohl_reshape(ctx, x, 7, (int64_t[]){ n, frames, height, COHL_VAE_SPACE, width, COHL_VAE_SPACE, 3 });
    x = cohl_permute(ctx, x, (int[]){ 0, 2, 4, 1, 3, 5, 6 });
    return cohl_reshape(ctx, x, 4, (int64_t[]){ n, height, width, frames * COHL_VAE_SPACE * COHL_VAE_SPACE * 3 });
}

/* And back. */
static cohl_tensor *pixels(cohl_ctx *ctx, cohl_tensor *x, int64_t frames)
{
    if (!x)
        return NULL;
    int64_t n = x->dim[0], height = x->dim[1], width = x->dim[2];
    x = cohl_reshape(ctx, x, 7, (int64_t[]){ n, height, width, frames, COHL_VAE_SPACE, COHL_VAE_SPACE, 3 });
    x = cohl_permute(ctx, x, (int[]){ 0, 3, 1, 4, 2, 5, 6 });
    return cohl_reshape(ctx, x, 4, (int64_t[]){ n * frames, COHL_VAE_SPACE * height, COHL_VAE_SPACE * width, 3 });
}

static cohl_tensor *map_first(cohl_ctx *ctx, const cohl_vae_net *net, cohl_tensor *x, bool encode)
{
    const cohl_affine *a = encode ? &net->to_latent.first : &net->to_pixels.first;
    cohl_tensor *y = cohl_linear(ctx, encode ? cells(ctx, x, 1) : x, a->weight, a->bias);
    return encode ? y : pixels(ctx, y, 1);
}

static cohl_tensor *map_rest(cohl_ctx *ctx, const cohl_vae_net *net, cohl_tensor *x, bool encode)
{
    const cohl_affine *a = encode ? &net->to_latent.rest : &net->to_pixels.rest;
    cohl_tensor *y = cohl_linear(ctx, encode ? cells(ctx, x, COHL_VAE_TIME) : x, a->weight, a->bias);
    return encode ? y : pixels(ctx, y, COHL_VAE_TIME);
}

/* Pixels to latents, or latents to pixels; the clip's first frame by its own map. */
static cohl_tensor *map(walk *w, const cohl_vae_net *net, cohl_tensor *x, bool encode)
{
    if (!x)
        return NULL;
    if (!at_start(w))
        return map_rest(w->ctx, net, x, encode);
    cohl_tensor *first = map_first(w->ctx, net, cohl_slice(w->ctx, x, 0, 0, 1), encode);
    if (x->dim[0] == 1)
        return first;
    cohl_tensor *rest = map_rest(w->ctx, net, cohl_slice(w->ctx, x, 0, 1, x->dim[0] - 1), encode);
    return cohl_concat(w->ctx, (cohl_tensor *[]){ first, rest }, 2, 0);
}

cohl_tensor *vae_net_encode(cohl_ctx *ctx, const cohl_vae_net *net, cohl_vae_stream *stream, cohl_tensor *rgb)
{
    walk w = { ctx, stream, 0 };
    const vae_half *half = &net->encoder;
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    if (net->linear)
        return cohl_settle(ctx, mark, map(&w, net, rgb, true));
    cohl_tensor *x = cube(&w, fold(ctx, rgb, net->patch), half->first);
    for (int i = 0; i < net->stage_count; i++)
        x = down(&w, x, &half->stage[i]);
    x = middle(&w, x, half);
    x = cube(&w, cohl_channel_norm(ctx, x, half->gain, true), half->last);
    x = cohl_linear(ctx, x, net->conv1.weight, net->conv1.bias);
    /* the other half of the channels is the logarithm of the variance */
    return cohl_settle(ctx, mark, x ? cohl_slice(ctx, x, 3, 0, x->dim[3] / 2) : NULL);
}

/* ---- up ------------------------------------------------------------------ */

/* One frame into two: frame 0 of the clip stays one; the others' doubled
 * channels are two frames. Frame 0 is nobody's history. */
static cohl_tensor *double_time(walk *w, cohl_tensor *x, cohl_affine conv)
{
    cohl_ctx *ctx = w->ctx;
    cohl_tensor *seen = memory(w, x, 2), *first = NULL;
    if (x && at_start(w)) {
        first = cohl_slice(ctx, x, 0, 0, 1);
        if (x->dim[0] == 1)
            return x;
        x = cohl_slice(ctx, x, 0, 1, x->dim[0] - 1);
    }
    cohl_tensor *y = cohl_conv(ctx, x, seen, conv.weight, conv.bias, &(cohl_conv_params){
        .stride_time = 1, .stride_space = 1, .pad_front = 2 });
    remember(w, seen, x);
    if (!y)
        return NULL;
    int64_t frames = y->dim[0], height = y->dim[1], width = y->dim[2], channels = y->dim[3] / 2;
    y = cohl_reshape(ctx, y, 5, (int64_t[]){ frames, height, width, 2, channels });
    y = cohl_permute(ctx, y, (int[]){ 0, 3, 1, 2, 4 });
    y = cohl_reshape(ctx, y, 4, (int64_t[]){ 2 * frames, height, width, channels });
    return first ? cohl_concat(ctx, (cohl_tensor *[]){ first, y }, 2, 0) : y;
}

static cohl_tensor *up(walk *w, cohl_tensor *x, const vae_stage *s)
{
    cohl_ctx *ctx = w->ctx;
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    int ft = s->time.weight ? 2 : 1;
    cohl_tensor *skip = NULL;
    if (s->averaging)
        skip = cohl_repeat_up(ctx, x, ft, 2, s->out, at_start(w) ? ft - 1 : 0);
    cohl_ctx_mark_t inner = cohl_ctx_mark(ctx);
    x = residuals(w, x, s);
    if (!s->resample.weight)
        return cohl_settle(ctx, mark, x);
    if (s->time.weight)
        x = cohl_settle(ctx, inner, double_time(w, x, s->time));
    x = cohl_conv(ctx, cohl_upsample(ctx, x), NULL, s->resample.weight, s->resample.bias, &(cohl_conv_params){
        .stride_time = 1, .stride_space = 1,
        .pad_top = 1, .pad_bottom = 1, .pad_left = 1, .pad_right = 1 });
    return cohl_settle(ctx, mark, s->averaging ? cohl_add(ctx, x, skip) : x);
}

static cohl_tensor *unfold(cohl_ctx *ctx, cohl_tensor *x, int patch)
{
    if (!x)
        return NULL;
    int64_t frames = x->dim[0], height = x->dim[1], width = x->dim[2];
    x = cohl_reshape(ctx, x, 6, (int64_t[]){ frames, height, width, 3, patch, patch });
    x = cohl_permute(ctx, x, (int[]){ 0, 1, 5, 2, 4, 3 });
    return cohl_reshape(ctx, x, 4, (int64_t[]){ frames, patch * height, patch * width, 3 });
}

/* Stages from `stage` on, and the way out: [frames, height, width, 3 patch patch]. */
static cohl_tensor *finish(walk *w, const cohl_vae_net *net, cohl_tensor *x, int stage)
{
    cohl_ctx_mark_t mark = cohl_ctx_mark(w->ctx);
    for (; stage < net->stage_count; stage++)
        x = cohl_settle(w->ctx, mark, up(w, x, &net->decoder.stage[stage]));
    return cube(w, cohl_channel_norm(w->ctx, x, net->decoder.gain, true), net->decoder.last);
}

/* The same a frame at a time, in a stream: behind the last stage that doubles frames each layer needs no more
 * than what it remembers, and there pictures are largest. */
static cohl_tensor *finish_frames(walk *w, const cohl_vae_net *net, cohl_tensor *x, int stage)
{
    cohl_ctx *ctx = w->ctx;
    int next = w->next, space = 1;
    for (int i = stage; i < net->stage_count; i++)
        space *= net->decoder.stage[i].resample.weight ? 2 : 1;
    cohl_tensor *all = !x ? NULL : cohl_tensor_new(ctx, COHL_F32, 4, (int64_t[]){
        x->dim[0], x->dim[1] * space, x->dim[2] * space, net->decoder.last.weight->dim[0] });
    for (int64_t f = 0; all && f < x->dim[0] && cohl_ctx_fine(ctx); f++) {
        cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
        w->next = next;
        cohl_tensor *one = finish(w, net, cohl_slice(ctx, x, 0, f, 1), stage);
        if (one)
            ctx->backend->slice_into(ctx, all, one, 0, f, false);
        cohl_ctx_release(ctx, mark);
    }
    return all;
}

/* The first stage behind the last that doubles frames. */
static int steady_stage(const cohl_vae_net *net)
{
    int stage = net->stage_count;
    while (stage > 0 && !net->decoder.stage[stage - 1].time.weight)
        stage--;
    return stage;
}

cohl_tensor *vae_net_decode(cohl_ctx *ctx, const cohl_vae_net *net, cohl_vae_stream *stream,
                            cohl_tensor *latent)
{
    walk w = { ctx, stream, 0 };
    const vae_half *half = &net->decoder;
    int steady = steady_stage(net);
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_tensor *x = cohl_linear(ctx, latent, net->conv2.weight, net->conv2.bias);
    x = cube(&w, x, half->first);
    x = middle(&w, x, half);
    for (int i = 0; i < steady; i++)
        x = cohl_settle(ctx, mark, up(&w, x, &half->stage[i]));
    x = unfold(ctx, (stream ? finish_frames : finish)(&w, net, x, steady), net->patch);
    if (net->linear)
        x = cohl_add(ctx, map(&w, net, latent, false), cohl_scale(ctx, x, LINEAR_REST));
    return cohl_settle(ctx, mark, x);
}
