/* taehv.c - TAEHV: a tiny autoencoder for Wan's latents.
 *
 * The decoder goes depth first: where time doubles, the first of the two frames is brought to its
 * pixels before the second is begun, so that no more than one frame stands at full size. */
#include "model/taehv.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/settle.h"
#include "tensor/backend.h"
#include "tensor/ops.h"

enum { STAGES = COHL_TAEHV_STAGES, MEMORIES = COHL_TAEHV_MEMORIES, STAGE_LAYERS = MEMORIES + 3 };

/* Sees a frame and the one before; a residual. */
typedef struct memory_block { cohl_affine conv[3]; } memory_block;

typedef struct taehv_stage {
    memory_block memory[MEMORIES];
    cohl_tensor *time;       /* 1x1: [c, c t] that pools t frames, or [c t, c] that grows them */
    cohl_tensor *space;      /* 3x3, of stride 2 or after doubling */
} taehv_stage;

typedef struct taehv_half {
    cohl_affine first, last; /* 3x3 */
    taehv_stage stage[STAGES];
} taehv_half;

struct cohl_taehv_net { taehv_half encoder, decoder; };

struct cohl_taehv_stream {
    cohl_ctx         *ctx;
    const cohl_taehv *taehv;
    int               piece;                   /* latent frames done */
    cohl_tensor       seen[STAGES * MEMORIES]; /* what each block saw last: [1, h, w, c]; data NULL before */
    cohl_tensor      *out;                     /* of the present latent frame: [4, H, W, 3] */
    int               out_count;
};

/* ---- configuration ------------------------------------------------------- */

static int64_t size_of(const cohl_weights *weights, int axis, const char *format, int number)
{
    char name[64];
    snprintf(name, sizeof name, format, number);
    const cohl_weight *w = cohl_weights_find(weights, name);
    return w && w->rank == 4 ? w->dim[axis] : 0;
}

/* Where stage i's layers stand in the release's lists: the encoder's pooling, and the decoder's growth. */
static int encoder_place(int i) { return 2 + i * (MEMORIES + 2); }
static int decoder_place(int i) { return 3 + i * STAGE_LAYERS; }

static bool infer(cohl_taehv_config *c, const cohl_weights *weights)
{
    int64_t pixels = size_of(weights, 1, "encoder.%d.weight", 0), width = size_of(weights, 0, "encoder.%d.weight", 0);
    c->patch = pixels == 3 ? 1 : pixels == 12 ? 2 : 0;
    c->encoder_width = (int)width;
    c->z_dim = (int)size_of(weights, 1, "decoder.%d.weight", 1);
    for (int i = 0; i < STAGES; i++) {
        int64_t grow = size_of(weights, 0, "decoder.%d.conv.weight", decoder_place(i) + MEMORIES + 1);
        c->decoder_width[i] = (int)size_of(weights, 1, "decoder.%d.conv.weight", decoder_place(i) + MEMORIES + 1);
        c->time_up[i] = c->decoder_width[i] && grow == 2 * c->decoder_width[i];
        c->time_down[i] = width && size_of(weights, 1, "encoder.%d.conv.weight", encoder_place(i)) == 2 * width;
    }
    c->decoder_width[STAGES] = (int)size_of(weights, 0, "decoder.%d.weight", decoder_place(STAGES) - 1);
    for (int i = 0; i <= STAGES; i++)
        if (c->decoder_width[i] < 1 || c->decoder_width[i] > 4096)
            return false;
    return c->patch && width >= 1 && width <= 4096 && c->z_dim >= 1 && c->z_dim <= 512;
}

cohl_status cohl_taehv_config_infer(cohl_taehv_config *out, const cohl_weights *weights, cohl_error *err)
{
    int down = 0, up = 0;
    *out = (cohl_taehv_config){ 0 };
    if (cohl_weights_find(weights, "decoder.1.conv.0.weight"))
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: is a \"super\" TAEHV, whose decoder is another network; taew2_1 and "
                         "taew2_2 are supported", cohl_weights_path(weights));
    if (!infer(out, weights))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: its weights are not those of a TAEHV autoencoder (encoder.0, "
                         "decoder.1 and what follows)", cohl_weights_path(weights));
    for (int i = 0; i < STAGES; i++)
        down += out->time_down[i], up += out->time_up[i];
    if (down != 2 || up != 2)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: %d of its stages halve and %d double time, expected 2: four "
                         "frames in a latent one", cohl_weights_path(weights), down, up);
    return COHL_OK;
}

int cohl_taehv_space(const cohl_taehv *taehv) { return taehv->config.patch << STAGES; }

/* ---- parameters ---------------------------------------------------------- */

/* A kernel of 3 (or 1) as the file has it, without a bias. */
static cohl_tensor *kernel(cohl_params *params, int out, int in, int size, const char *name)
{
    return cohl_params_add(params, &(cohl_param_spec){
        .shape = { size == 1 ? 2 : 5, { out, in, 1, size, size } }, .stored = { 4, { out, in, size, size } },
        .init = cohl_init_glorot(out, in * size * size), .group = COHL_PARAM_MATRIX, .narrow = size == 1,
    }, "%s.weight", name);
}

static cohl_affine conv(cohl_params *params, int out, int in, const char *side, int place)
{
    return cohl_params_conv(params, out, in, (cohl_kernel){ 1, 3, 4 }, cohl_init_glorot(out, 9 * in), "%s.%d", side, place);
}

static memory_block memory(cohl_params *params, int width, const char *side, int place)
{
    memory_block m;
    for (int i = 0; i < 3; i++)
        m.conv[i] = cohl_params_conv(params, width, i ? width : 2 * width, (cohl_kernel){ 1, 3, 4 },
                                     cohl_init_glorot(width, 9 * width), "%s.%d.conv.%d", side, place, 2 * i);
    return m;
}

static void declare_encoder(taehv_half *half, const cohl_taehv_config *c, cohl_params *params)
{
    int width = c->encoder_width;
    char name[32];
    half->first = conv(params, width, 3 * c->patch * c->patch, "encoder", 0);
    for (int i = 0; i < STAGES; i++) {
        int place = encoder_place(i);
        snprintf(name, sizeof name, "encoder.%d.conv", place);
        half->stage[i].time = kernel(params, width, (c->time_down[i] ? 2 : 1) * width, 1, name);
        snprintf(name, sizeof name, "encoder.%d", place + 1);
        half->stage[i].space = kernel(params, width, width, 3, name);
        for (int k = 0; k < MEMORIES; k++)
            half->stage[i].memory[k] = memory(params, width, "encoder", place + 2 + k);
    }
    half->last = conv(params, c->z_dim, width, "encoder", encoder_place(STAGES));
}

static void declare_decoder(taehv_half *half, const cohl_taehv_config *c, cohl_params *params)
{
    char name[32];
    half->first = conv(params, c->decoder_width[0], c->z_dim, "decoder", 1);
    for (int i = 0; i < STAGES; i++) {
        int place = decoder_place(i), width = c->decoder_width[i];
        for (int k = 0; k < MEMORIES; k++)
            half->stage[i].memory[k] = memory(params, width, "decoder", place + k);
        snprintf(name, sizeof name, "decoder.%d.conv", place + MEMORIES + 1);
        half->stage[i].time = kernel(params, (c->time_up[i] ? 2 : 1) * width, width, 1, name);
        snprintf(name, sizeof name, "decoder.%d", place + MEMORIES + 2);
        half->stage[i].space = kernel(params, c->decoder_width[i + 1], width, 3, name);
    }
    half->last = conv(params, 3 * c->patch * c->patch, c->decoder_width[STAGES], "decoder", decoder_place(STAGES) + 1);
}

cohl_status cohl_taehv_new(cohl_taehv **out, const cohl_taehv_config *config, cohl_error *err)
{
    cohl_taehv *taehv = calloc(1, sizeof *taehv);
    if (taehv)
        taehv->net = calloc(1, sizeof *taehv->net);
    if (!taehv || !taehv->net) {
        cohl_taehv_free(taehv);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for an autoencoder");
    }
    taehv->config = *config;
    declare_encoder(&taehv->net->encoder, config, &taehv->params);
    taehv->decoder_first = taehv->params.count;
    declare_decoder(&taehv->net->decoder, config, &taehv->params);
    *out = taehv;
    return COHL_OK;
}

cohl_status cohl_taehv_load_decoder(cohl_taehv **out, cohl_ctx *ctx, const char *path, cohl_error *err)
{
    cohl_taehv_config config;
    cohl_taehv *taehv = NULL;
    cohl_weights *weights;
    cohl_status st = cohl_weights_open(&weights, path, err);
    *out = NULL;
    if (st)
        return st;
    if (!(st = cohl_taehv_config_infer(&config, weights, err)) && !(st = cohl_taehv_new(&taehv, &config, err)) &&
        !(st = cohl_params_alloc(&taehv->params, ctx, &(cohl_params_use){ .first = taehv->decoder_first }, err)))
        st = cohl_params_load(&taehv->params, weights, COHL_SURPLUS_REFUSED, err);
    cohl_weights_close(weights);
    if (st)
        cohl_taehv_free(taehv);
    else
        *out = taehv;
    return st;
}

void cohl_taehv_free(cohl_taehv *taehv)
{
    if (!taehv)
        return;
    cohl_params_free(&taehv->params);
    free(taehv->net);
    free(taehv);
}

/* ---- layers -------------------------------------------------------------- */

static cohl_tensor *same(cohl_ctx *ctx, cohl_tensor *x, cohl_affine conv)
{
    return cohl_conv(ctx, x, NULL, conv.weight, conv.bias, &(cohl_conv_params){
        .stride_time = 1, .stride_space = 1, .pad_top = 1, .pad_bottom = 1, .pad_left = 1, .pad_right = 1 });
}

static cohl_tensor *relu(cohl_ctx *ctx, cohl_tensor *x) { return cohl_activate(ctx, x, COHL_RELU); }

/* x * factor + shift */
static cohl_tensor *adjust(cohl_ctx *ctx, cohl_tensor *x, float factor, float shift)
{
    int64_t width = 3;
    float by[] = { shift, shift, shift };
    x = cohl_scale(ctx, x, factor);
    return x ? cohl_add_row(ctx, x, cohl_tensor_upload(ctx, by, COHL_F32, 1, &width)) : NULL;
}

/* The frame before each of x's; what stands before the first is in `seen`, which becomes x's last. */
static cohl_tensor *frames_before(cohl_ctx *ctx, cohl_tensor *seen, cohl_tensor *x)
{
    cohl_tensor shape = *x;
    shape.dim[0] = 1;
    size_t bytes = (size_t)cohl_tensor_count(&shape) * sizeof(float);
    cohl_tensor *past = seen->data ? cohl_slice(ctx, seen, 0, 0, 1) : cohl_tensor_zero(ctx, COHL_F32, 4, shape.dim);
    if (x->dim[0] > 1)
        past = past ? cohl_concat(ctx, (cohl_tensor *[]){ past, cohl_slice(ctx, x, 0, 0, x->dim[0] - 1) }, 2, 0) : NULL;
    if (!seen->data) {
        *seen = (cohl_tensor){ .dtype = COHL_F32, .rank = 4, .dim = { 1, x->dim[1], x->dim[2], x->dim[3] } };
        if (!(seen->data = ctx->backend->alloc(ctx, bytes)))
            return cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no room to remember a frame (%zu bytes)", bytes);
    }
    cohl_tensor *last = past ? cohl_slice(ctx, x, 0, x->dim[0] - 1, 1) : NULL;
    if (last)
        ctx->backend->copy(ctx, seen->data, last->data, bytes);
    return past;
}

static cohl_tensor *remembering(cohl_ctx *ctx, cohl_tensor *x, const memory_block *m, cohl_tensor *seen)
{
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_tensor *past = x ? frames_before(ctx, seen, x) : NULL;
    cohl_tensor *h = past ? cohl_concat(ctx, (cohl_tensor *[]){ x, past }, 2, 3) : NULL;
    h = relu(ctx, same(ctx, h, m->conv[0]));
    h = relu(ctx, same(ctx, h, m->conv[1]));
    h = same(ctx, h, m->conv[2]);
    return cohl_settle(ctx, mark, relu(ctx, cohl_add(ctx, h, x)));
}

static void free_seen(cohl_ctx *ctx, cohl_tensor *seen)
{
    for (int i = 0; i < STAGES * MEMORIES; i++)
        if (seen[i].data)
            ctx->backend->free(ctx, seen[i].data);
}

/* ---- encode -------------------------------------------------------------- */

/* patch x patch pixels to channels, index = (colour * patch + row) * patch + column. */
static cohl_tensor *fold(cohl_ctx *ctx, cohl_tensor *x, int patch)
{
    if (!x || patch == 1)
        return x;
    int64_t frames = x->dim[0], height = x->dim[1] / patch, width = x->dim[2] / patch;
    x = cohl_reshape(ctx, x, 6, (int64_t[]){ frames, height, patch, width, patch, 3 });
    x = cohl_permute(ctx, x, (int[]){ 0, 1, 3, 5, 2, 4 });
    return cohl_reshape(ctx, x, 4, (int64_t[]){ frames, height, width, 3 * patch * patch });
}

/* Each two frames' channels side by side, then one frame of them. */
static cohl_tensor *pool(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *weight)
{
    if (x && weight->dim[1] == 2 * x->dim[3]) {
        int64_t frames = x->dim[0] / 2, height = x->dim[1], width = x->dim[2], channels = x->dim[3];
        x = cohl_reshape(ctx, x, 5, (int64_t[]){ frames, 2, height, width, channels });
        x = cohl_permute(ctx, x, (int[]){ 0, 2, 3, 1, 4 });
        x = cohl_reshape(ctx, x, 4, (int64_t[]){ frames, height, width, 2 * channels });
    }
    return cohl_linear(ctx, x, weight, NULL);
}

/* Four frames to one latent frame. */
static cohl_tensor *encode_group(cohl_ctx *ctx, const cohl_taehv *taehv, cohl_tensor *rgb, cohl_tensor *seen)
{
    const taehv_half *half = &taehv->net->encoder;
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_tensor *x = adjust(ctx, rgb, 0.5f, 0.5f);
    x = relu(ctx, same(ctx, fold(ctx, x, taehv->config.patch), half->first));
    for (int i = 0; i < STAGES; i++) {
        const taehv_stage *s = &half->stage[i];
        x = cohl_conv(ctx, pool(ctx, x, s->time), NULL, s->space, NULL, &(cohl_conv_params){
            .stride_time = 1, .stride_space = 2, .pad_top = 1, .pad_left = 1 });
        x = cohl_settle(ctx, mark, x);
        for (int k = 0; k < MEMORIES; k++)
            x = remembering(ctx, x, &s->memory[k], &seen[i * MEMORIES + k]);
    }
    return cohl_settle(ctx, mark, same(ctx, x, half->last));
}

/* Frames 4 group .. of a clip, the last repeated where it ends. */
static cohl_tensor *take_group(cohl_ctx *ctx, cohl_tensor *rgb, int64_t group)
{
    int64_t at = group * COHL_TAEHV_TIME, left = rgb->dim[0] - at;
    cohl_tensor *part[COHL_TAEHV_TIME];
    int parts = 0;
    if (left >= COHL_TAEHV_TIME)
        return cohl_slice(ctx, rgb, 0, at, COHL_TAEHV_TIME);
    while (parts < COHL_TAEHV_TIME) {
        int64_t frame = at + parts < rgb->dim[0] ? at + parts : rgb->dim[0] - 1;
        part[parts++] = cohl_slice(ctx, rgb, 0, frame, 1);
    }
    return cohl_concat(ctx, part, parts, 0);
}

cohl_tensor *cohl_taehv_encode(cohl_ctx *ctx, const cohl_taehv *taehv, cohl_tensor *rgb)
{
    if (!rgb)
        return NULL;
    int space = cohl_taehv_space(taehv);
    assert(taehv->params.item[0].tensor->data);
    assert(!ctx->tape && rgb->rank == 4 && rgb->dim[1] % space == 0 && rgb->dim[2] % space == 0);
    int64_t groups = (rgb->dim[0] + COHL_TAEHV_TIME - 1) / COHL_TAEHV_TIME;
    cohl_tensor seen[STAGES * MEMORIES] = { 0 };
    cohl_tensor *out = cohl_tensor_new(ctx, COHL_F32, 4, (int64_t[]){ groups, rgb->dim[1] / space, rgb->dim[2] / space,
                                                                      taehv->config.z_dim });
    for (int64_t i = 0; i < groups && out; i++) {
        cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
        cohl_tensor *latent = encode_group(ctx, taehv, take_group(ctx, rgb, i), seen);
        size_t bytes = latent ? (size_t)cohl_tensor_count(latent) * sizeof(float) : 0;
        if (latent)
            ctx->backend->copy(ctx, (char *)out->data + (size_t)i * bytes, latent->data, bytes);
        cohl_ctx_release(ctx, mark);
    }
    free_seen(ctx, seen);
    return cohl_ctx_fine(ctx) ? out : NULL;
}

/* ---- decode -------------------------------------------------------------- */

cohl_status cohl_taehv_stream_open(cohl_taehv_stream **out, cohl_ctx *ctx, const cohl_taehv *taehv, cohl_error *err)
{
    cohl_taehv_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a stream of frames");
    stream->ctx = ctx;
    stream->taehv = taehv;
    *out = stream;
    return COHL_OK;
}

void cohl_taehv_stream_close(cohl_taehv_stream *stream)
{
    if (!stream)
        return;
    free_seen(stream->ctx, stream->seen);
    free(stream);
}

static cohl_tensor *unfold(cohl_ctx *ctx, cohl_tensor *x, int patch)
{
    if (!x || patch == 1)
        return x;
    int64_t frames = x->dim[0], height = x->dim[1], width = x->dim[2];
    x = cohl_reshape(ctx, x, 6, (int64_t[]){ frames, height, width, 3, patch, patch });
    x = cohl_permute(ctx, x, (int[]){ 0, 1, 4, 2, 5, 3 });
    return cohl_reshape(ctx, x, 4, (int64_t[]){ frames, patch * height, patch * width, 3 });
}

/* The end of the decoder, into the next frame of the result. */
static void put_frame(cohl_taehv_stream *s, cohl_tensor *x)
{
    const cohl_taehv *t = s->taehv;
    x = unfold(s->ctx, same(s->ctx, relu(s->ctx, x), t->net->decoder.last), t->config.patch);
    x = adjust(s->ctx, x, 2, -1);
    if (!x || !s->out)
        return;
    size_t bytes = (size_t)cohl_tensor_count(x) * sizeof(float);
    s->ctx->backend->copy(s->ctx, (char *)s->out->data + (size_t)s->out_count++ * bytes, x->data, bytes);
}

/* One frame x from stage i on to its pixels. Growth is linear for each pixel, so it is done before
 * the doubling that the release does first: the same values, a quarter of the work. */
static void decode_from(cohl_taehv_stream *s, cohl_tensor *x, int i)
{
    cohl_ctx *ctx = s->ctx;
    if (i == STAGES || !x) {
        put_frame(s, x);
        return;
    }
    const taehv_stage *stage = &s->taehv->net->decoder.stage[i];
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    for (int k = 0; k < MEMORIES; k++)
        x = cohl_settle(ctx, mark, remembering(ctx, x, &stage->memory[k], &s->seen[i * MEMORIES + k]));
    int64_t width = s->taehv->config.decoder_width[i];
    x = cohl_settle(ctx, mark, cohl_linear(ctx, x, stage->time, NULL));
    for (int64_t at = 0; x && at < x->dim[3]; at += width) {
        cohl_ctx_mark_t frame = cohl_ctx_mark(ctx);
        cohl_tensor *y = cohl_upsample(ctx, cohl_slice(ctx, x, 3, at, width));
        y = cohl_settle(ctx, frame, same(ctx, y, (cohl_affine){ stage->space, NULL }));
        decode_from(s, y, i + 1);
        cohl_ctx_release(ctx, frame);
    }
    cohl_ctx_release(ctx, mark);
}

cohl_tensor *cohl_taehv_stream_next(cohl_taehv_stream *s, cohl_tensor *latent)
{
    cohl_ctx *ctx = s->ctx;
    int space = cohl_taehv_space(s->taehv);
    if (!latent)
        return NULL;
    assert(!ctx->tape && latent->rank == 4 && latent->dim[0] == 1 && latent->dim[3] == s->taehv->config.z_dim);
    s->out_count = 0;
    s->out = cohl_tensor_new(ctx, COHL_F32, 4, (int64_t[]){ COHL_TAEHV_TIME, space * latent->dim[1],
                                                            space * latent->dim[2], 3 });
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_tensor *x = cohl_activate(ctx, cohl_scale(ctx, latent, 1.0f / 3), COHL_TANH);
    x = relu(ctx, same(ctx, cohl_scale(ctx, x, 3), s->taehv->net->decoder.first));
    decode_from(s, cohl_settle(ctx, mark, x), 0);
    cohl_ctx_release(ctx, mark);
    if (!cohl_ctx_fine(ctx))
        return NULL;
    assert(s->out_count == COHL_TAEHV_TIME);
    /* the first latent frame stands for the first frame alone */
    return s->piece++ ? s->out : cohl_slice(ctx, s->out, 0, COHL_TAEHV_TIME - 1, 1);
}
