/* critic.c - the critic's network.
 *
 * Five convolutions halve each frame; the later three also see the frame before
 * (at that scale the way anything moves from one looked-at frame to the next is a
 * cell or two, so motion is a local feature). What remains, 15 or 16 tokens a frame,
 * joins eleven learned tokens, one for the film and one for each colour, in a few
 * layers of attention. The film's token answers for the whole, a colour's token for
 * the subject of that colour. While learning, the cells of 16 x 16 pixels are named
 * too: the theatre knows what stands where, and saying so teaches the convolutions
 * many times faster than one word a film. */
#include "model/critic.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "media/resize.h"
#include "media/sheet.h"
#include "tensor/ops.h"

enum {
    FRAMES = COHL_CRITIC_FRAMES, STAGES = COHL_CRITIC_STAGES, COLOURS = COHL_COLOUR_COUNT,
    QUERIES = 1 + COLOURS,             /* the film, then the colours */
    CELL_STAGE = 4,                    /* stages before the cells are named: 2^4 = COHL_CRITIC_PATCH */
    TIMED_STAGE = 2,                   /* from here on convolutions see the frame before */
    TOKEN = 1 << STAGES,               /* pixels a side of a token */
    PLACES = COHL_CRITIC_SIDE_MAX / TOKEN,
    LAYERS_MAX = 12, CLIPS_MAX = 64,
    TARGET_PIXELS = 160 * 96,
};

typedef struct norm { cohl_tensor *gain, *bias; } norm;

typedef struct layer {
    norm        before_attention, before_ffn;
    cohl_affine qkv, proj, fc1, fc2;
} layer;

struct cohl_critic_net {
    struct { cohl_affine conv; cohl_tensor *gain; } stage[STAGES];
    cohl_tensor *time, *row, *column, *query;   /* [FRAMES, width], [PLACES, width] twice, [QUERIES, width] */
    layer        layer[LAYERS_MAX];
    norm         last;
    cohl_affine  setting, daytime, move, present, subject, action, cell_colour, cell_subject;
};

/* ---- configuration and parameters ------------------------------------------ */

cohl_status cohl_critic_config_read(cohl_critic_config *out, cohl_config *json, cohl_error *err)
{
    static const int channels[STAGES] = { 24, 48, 96, 128, 160 };
    cohl_status st;
    int count;
    *out = (cohl_critic_config){ .layers = 3 };
    memcpy(out->channels, channels, sizeof channels);
    if (cohl_config_has(json, "channels"))
        cohl_config_ints(json, "channels", 1, 4096, STAGES, STAGES, out->channels, &count);
    cohl_config_int_or(json, "layers", 1, LAYERS_MAX, 3, &out->layers);
    cohl_config_int_or(json, "heads", 1, 64, 5, &out->heads);
    if ((st = cohl_config_done(json, err)))
        return st;
    if (out->channels[STAGES - 1] % out->heads)
        return cohl_fail(err, COHL_ERR_FORMAT, "a critic of width %d does not split into %d heads",
                         out->channels[STAGES - 1], out->heads);
    return COHL_OK;
}

static norm declare_norm(cohl_params *p, int width, const char *name, int i)
{
    norm n;
    n.gain = cohl_params_vector(p, width, true, "%s.%d.weight", name, i);
    n.bias = cohl_params_vector(p, width, false, "%s.%d.bias", name, i);
    return n;
}

static cohl_tensor *declare_table(cohl_params *p, int rows, int width, const char *name)
{
    return cohl_params_add(p, &(cohl_param_spec){ .shape = { 2, { rows, width } },
        .init = cohl_init_normal(0.02f), .group = COHL_PARAM_OTHER }, "%s", name);
}

static cohl_affine declare_head(cohl_params *p, int classes, int width, const char *name)
{
    cohl_affine head;
    head.weight = cohl_params_add(p, &(cohl_param_spec){ .shape = { 2, { classes, width } },
        .init = cohl_init_normal(0.02f), .group = COHL_PARAM_OTHER }, "head.%s.weight", name);
    head.bias = cohl_params_vector(p, classes, false, "head.%s.bias", name);
    return head;
}

static void declare_stages(cohl_critic_net *net, const cohl_critic_config *c, cohl_params *p)
{
    for (int i = 0, in = 3; i < STAGES; in = c->channels[i], i++) {
        cohl_kernel kernel = { i >= TIMED_STAGE ? 2 : 1, 3, 5 };
        cohl_init start = cohl_init_normal(sqrtf(2.0f / (float)(in * 9 * kernel.time)));
        net->stage[i].conv = cohl_params_conv(p, c->channels[i], in, kernel, start, "stage.%d.conv", i);
        net->stage[i].gain = cohl_params_vector(p, c->channels[i], true, "stage.%d.gain", i);
    }
}

static void declare_layer(layer *l, int width, cohl_params *p, int i)
{
    l->before_attention = declare_norm(p, width, "layer.norm1", i);
    l->qkv = cohl_params_linear(p, 3 * width, width, true, cohl_init_glorot(width, width), "layer.qkv.%d", i);
    l->proj = cohl_params_linear(p, width, width, true, cohl_init_glorot(width, width), "layer.proj.%d", i);
    l->before_ffn = declare_norm(p, width, "layer.norm2", i);
    l->fc1 = cohl_params_linear(p, 4 * width, width, true, cohl_init_glorot(4 * width, width), "layer.fc1.%d", i);
    l->fc2 = cohl_params_linear(p, width, 4 * width, true, cohl_init_glorot(4 * width, width), "layer.fc2.%d", i);
}

static void declare(cohl_critic_net *net, const cohl_critic_config *c, cohl_params *p)
{
    int width = c->channels[STAGES - 1], cell = c->channels[CELL_STAGE - 1];
    declare_stages(net, c, p);
    net->time = declare_table(p, FRAMES, width, "position.time");
    net->row = declare_table(p, PLACES, width, "position.row");
    net->column = declare_table(p, PLACES, width, "position.column");
    net->query = declare_table(p, QUERIES, width, "query");
    for (int i = 0; i < c->layers; i++)
        declare_layer(&net->layer[i], width, p, i);
    net->last = declare_norm(p, width, "last", 0);
    net->setting = declare_head(p, COHL_SETTING_COUNT, width, "setting");
    net->daytime = declare_head(p, COHL_DAYTIME_COUNT, width, "daytime");
    net->move = declare_head(p, COHL_MOVE_COUNT, width, "move");
    net->present = declare_head(p, 2, width, "present");
    net->subject = declare_head(p, COHL_SUBJECT_COUNT, width, "subject");
    net->action = declare_head(p, COHL_ACTION_COUNT, width, "action");
    net->cell_colour = declare_head(p, COLOURS + 1, cell, "cell_colour");
    net->cell_subject = declare_head(p, COHL_SUBJECT_COUNT + 1, cell, "cell_subject");
}

cohl_status cohl_critic_new(cohl_critic **out, const cohl_critic_config *config, cohl_error *err)
{
    cohl_critic *critic = calloc(1, sizeof *critic);
    if (critic)
        critic->net = calloc(1, sizeof *critic->net);
    if (!critic || !critic->net) {
        cohl_critic_free(critic);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a critic");
    }
    critic->config = *config;
    declare(critic->net, config, &critic->params);
    *out = critic;
    return COHL_OK;
}

void cohl_critic_free(cohl_critic *critic)
{
    if (!critic)
        return;
    cohl_params_free(&critic->params);
    free(critic->net);
    free(critic);
}

static cohl_status load(cohl_critic **out, cohl_ctx *ctx, const char *config_path, const char *weights_path,
                        cohl_error *err)
{
    cohl_config *json;
    cohl_critic_config config;
    cohl_critic *critic = NULL;
    cohl_status st = cohl_config_open(&json, config_path, err);
    if (st)
        return st;
    st = cohl_critic_config_read(&config, json, err);
    cohl_config_close(json);
    if (!st && !(st = cohl_critic_new(&critic, &config, err)) &&
        !(st = cohl_params_alloc(&critic->params, ctx, &(cohl_params_use){ .train = false }, err)))
        st = cohl_params_load_path(&critic->params, weights_path, err);
    if (st)
        cohl_critic_free(critic);
    else
        *out = critic;
    return st;
}

cohl_status cohl_critic_load(cohl_critic **out, cohl_ctx *ctx, const char *folder, cohl_error *err)
{
    char *config = cohl_path_join(folder, "config.json");
    char *weights = cohl_path_join(folder, "model.safetensors");
    cohl_status st = config && weights ? load(out, ctx, config, weights, err)
                                       : cohl_fail(err, COHL_ERR_MEMORY, "no memory for names");
    free(config);
    free(weights);
    return st;
}

/* ---- forward ----------------------------------------------------------------- */

typedef struct clip_tokens {
    cohl_tensor *token, *cell;   /* [FRAMES * h * w, width], [cells, channels] */
} clip_tokens;

static cohl_tensor *halve(cohl_ctx *ctx, const cohl_critic_net *net, int i, cohl_tensor *x)
{
    x = cohl_conv(ctx, x, NULL, net->stage[i].conv.weight, net->stage[i].conv.bias, &(cohl_conv_params){
        .stride_time = 1, .stride_space = 2, .pad_front = i >= TIMED_STAGE, .pad_top = 1, .pad_left = 1 });
    return cohl_channel_norm(ctx, x, net->stage[i].gain, true);
}

/* A table's rows by place: rows of the result are (frame, row, column); which of the three counts. */
static cohl_tensor *places(cohl_ctx *ctx, cohl_tensor *table, const cohl_tensor *x, int axis)
{
    int32_t id[FRAMES * PLACES * PLACES];
    int64_t height = x->dim[1], width = x->dim[2], count = FRAMES * height * width;
    for (int64_t i = 0; i < count; i++)
        id[i] = (int32_t)(axis == 0 ? i / (height * width) : axis == 1 ? i / width % height : i % width);
    return cohl_gather(ctx, table, cohl_tensor_upload(ctx, id, COHL_I32, 1, &count));
}

static cohl_tensor *flat(cohl_ctx *ctx, cohl_tensor *x)
{
    return x ? cohl_reshape(ctx, x, 2, (int64_t[]){ cohl_tensor_rows(x), cohl_tensor_width(x) }) : NULL;
}

static clip_tokens look(cohl_ctx *ctx, const cohl_critic_net *net, cohl_tensor *x)
{
    clip_tokens t = { NULL, NULL };
    for (int i = 0; i < STAGES; i++) {
        if (i == CELL_STAGE)
            t.cell = flat(ctx, x);
        x = halve(ctx, net, i, x);
    }
    if (!x)
        return t;
    assert(x->dim[0] == FRAMES && x->dim[1] <= PLACES && x->dim[2] <= PLACES);
    t.token = flat(ctx, x);
    t.token = cohl_add(ctx, t.token, places(ctx, net->time, x, 0));
    t.token = cohl_add(ctx, t.token, places(ctx, net->row, x, 1));
    t.token = cohl_add(ctx, t.token, places(ctx, net->column, x, 2));
    return t;
}

static cohl_tensor *affine(cohl_ctx *ctx, cohl_tensor *x, cohl_affine a)
{
    return cohl_linear(ctx, x, a.weight, a.bias);
}

static cohl_tensor *normed(cohl_ctx *ctx, cohl_tensor *x, norm n)
{
    return cohl_layer_norm(ctx, x, n.gain, n.bias, 1e-5f);
}

static cohl_tensor *attend(cohl_ctx *ctx, const cohl_critic *critic, const layer *l, cohl_tensor *x,
                           const cohl_span *spans, int span_count)
{
    int64_t rows = cohl_tensor_rows(x), width = cohl_tensor_width(x), heads = critic->config.heads;
    cohl_tensor *part[3], *h = affine(ctx, normed(ctx, x, l->before_attention), l->qkv);
    for (int i = 0; i < 3; i++) {
        part[i] = h ? cohl_slice(ctx, h, 1, i * width, width) : NULL;
        part[i] = cohl_reshape(ctx, part[i], 3, (int64_t[]){ rows, heads, width / heads });
    }
    h = cohl_attention(ctx, part[0], part[1], part[2], NULL, spans, span_count,
                       1 / sqrtf((float)width / (float)heads));
    h = cohl_reshape(ctx, h, 2, (int64_t[]){ rows, width });
    return cohl_add(ctx, x, affine(ctx, h, l->proj));
}

static cohl_tensor *think(cohl_ctx *ctx, const cohl_critic *critic, cohl_tensor *x, const cohl_span *spans,
                          int span_count)
{
    const cohl_critic_net *net = critic->net;
    for (int i = 0; i < critic->config.layers && x; i++) {
        const layer *l = &net->layer[i];
        x = attend(ctx, critic, l, x, spans, span_count);
        cohl_tensor *h = affine(ctx, normed(ctx, x, l->before_ffn), l->fc1);
        x = cohl_add(ctx, x, affine(ctx, cohl_activate(ctx, h, COHL_GELU_TANH), l->fc2));
    }
    return normed(ctx, x, net->last);
}

/* The learned tokens among all rows: the film's of every clip, or every colour's. */
static cohl_tensor *pick(cohl_ctx *ctx, cohl_tensor *x, const cohl_span *spans, int clips, bool film)
{
    int32_t id[CLIPS_MAX * COLOURS];
    int64_t count = 0;
    for (int c = 0; c < clips; c++)
        for (int q = film ? 0 : 1; q < (film ? 1 : QUERIES); q++)
            id[count++] = spans[c].q_begin + q;
    return cohl_gather(ctx, x, cohl_tensor_upload(ctx, id, COHL_I32, 1, &count));
}

/* The film's token and the mean of what was seen. */
static cohl_tensor *whole(cohl_ctx *ctx, cohl_tensor *x, const cohl_span *spans, int clips)
{
    cohl_range range[CLIPS_MAX];
    for (int c = 0; c < clips; c++)
        range[c] = (cohl_range){ spans[c].q_begin + QUERIES, spans[c].q_count - QUERIES };
    return cohl_add(ctx, pick(ctx, x, spans, clips, true), cohl_mean_ranges(ctx, x, range, clips));
}

static void answer(cohl_ctx *ctx, const cohl_critic_net *net, cohl_tensor *x, const cohl_span *spans,
                   int clips, cohl_critic_output *out)
{
    cohl_tensor *film = whole(ctx, x, spans, clips), *colour = pick(ctx, x, spans, clips, false);
    out->setting = affine(ctx, film, net->setting);
    out->daytime = affine(ctx, film, net->daytime);
    out->move = affine(ctx, film, net->move);
    out->present = affine(ctx, colour, net->present);
    out->subject = affine(ctx, colour, net->subject);
    out->action = affine(ctx, colour, net->action);
}

cohl_critic_output cohl_critic_forward(cohl_ctx *ctx, const cohl_critic *critic, cohl_tensor *const *clip,
                                       int clip_count)
{
    cohl_tensor *part[2], *all[CLIPS_MAX], *cell[CLIPS_MAX];
    cohl_span spans[CLIPS_MAX];
    cohl_critic_output out = { 0 };
    int rows = 0;

    assert(clip_count >= 1 && clip_count <= CLIPS_MAX);
    for (int i = 0; i < clip_count; i++) {
        clip_tokens seen = look(ctx, critic->net, clip[i]);
        if (!seen.token)
            return out;
        part[0] = critic->net->query, part[1] = seen.token;
        all[i] = cohl_concat(ctx, part, 2, 0);
        cell[i] = seen.cell;
        int count = (int)seen.token->dim[0] + QUERIES;
        spans[i] = (cohl_span){ rows, count, rows, count };
        rows += count;
    }
    cohl_tensor *x = think(ctx, critic, cohl_concat(ctx, all, clip_count, 0), spans, clip_count);
    answer(ctx, critic->net, x, spans, clip_count, &out);
    if (ctx->tape) {
        cohl_tensor *cells = cohl_concat(ctx, cell, clip_count, 0);
        out.cell_colour = affine(ctx, cells, critic->net->cell_colour);
        out.cell_subject = affine(ctx, cells, critic->net->cell_subject);
    }
    if (!cohl_ctx_fine(ctx))
        out = (cohl_critic_output){ 0 };
    return out;
}

/* ---- frames ------------------------------------------------------------------- */

static int small_side(double side)
{
    int small = TOKEN * (int)(side / TOKEN + 0.5);
    return small < TOKEN ? TOKEN : small > COHL_CRITIC_SIDE_MAX ? COHL_CRITIC_SIDE_MAX : small;
}

void cohl_critic_size(int width, int height, int *small_width, int *small_height)
{
    double scale = sqrt((double)TARGET_PIXELS / ((double)width * height));
    *small_width = small_side(scale * width);
    *small_height = small_side(scale * height);
}

cohl_status cohl_critic_shrink(float *out, const cohl_frame *const *frames, int count, cohl_error *err)
{
    cohl_frame *small;
    int width, height;
    cohl_critic_size(frames[0]->width, frames[0]->height, &width, &height);
    cohl_status st = cohl_frame_new(&small, width, height, err);
    if (st)
        return st;
    for (int i = 0; i < FRAMES && !st; i++) {
        st = cohl_resize(small, frames[cohl_sheet_pick(i, FRAMES, count)], err);
        for (size_t k = 0; k < cohl_frame_bytes(small) && !st; k++)
            *out++ = (float)small->rgb[k] / 127.5f - 1.0f;
    }
    cohl_frame_free(small);
    return st;
}

cohl_status cohl_critic_judge(cohl_ctx *ctx, const cohl_critic *critic, const cohl_frame *const *frames,
                              int count, cohl_verdict *verdict, cohl_error *err)
{
    int width, height;
    cohl_critic_size(frames[0]->width, frames[0]->height, &width, &height);
    float *values = malloc((size_t)FRAMES * (size_t)width * (size_t)height * 3 * sizeof *values);
    if (!values)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to judge a film");
    cohl_status st = cohl_critic_shrink(values, frames, count, err);
    if (!st) {
        cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
        cohl_tensor *x = cohl_tensor_upload(ctx, values, COHL_F32, 4, (int64_t[]){ FRAMES, height, width, 3 });
        cohl_critic_output output = cohl_critic_forward(ctx, critic, &x, 1);
        st = cohl_critic_verdicts(ctx, &output, 1, verdict, err);
        cohl_ctx_release(ctx, mark);
    }
    free(values);
    return st;
}
