/* text_encoder.c - the UMT5 encoder: token ids to text states. */
#include "model/text_encoder.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/settle.h"
#include "tensor/ops.h"

typedef struct text_block {
    cohl_tensor *norm1, *norm2;            /* [dim] */
    cohl_tensor *q, *k, *v, *o;            /* [dim_attn, dim], o [dim, dim_attn] */
    cohl_tensor *gate, *fc1, *fc2;         /* [dim_ffn, dim], fc2 [dim, dim_ffn] */
    cohl_tensor *position;                 /* [num_buckets, num_heads] */
} text_block;

enum { BLOCK_PARAMS = 10 };            /* of a block, in the order of the list: 1 + i * BLOCK_PARAMS on */

struct cohl_text_encoder_net {
    cohl_tensor *embedding;                /* [vocab, dim] */
    cohl_tensor *norm;                     /* [dim] */
    text_block   block[];
};

/* ---- configuration and parameters ---------------------------------------- */

static cohl_status check_config(const cohl_text_encoder_config *c, const char *name, cohl_error *err)
{
    if (c->dim_attn % c->num_heads || c->num_buckets % 4 || c->max_distance <= c->num_buckets / 4)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: dim_attn %d does not split into %d heads, or %d buckets "
                         "do not reach %d", name, c->dim_attn, c->num_heads, c->num_buckets, c->max_distance);
    return COHL_OK;
}

/* The transformers library's spelling. */
static void read_library(cohl_text_encoder_config *c, cohl_config *json)
{
    int head;
    cohl_config_int(json, "vocab_size", 2, 1 << 24, &c->vocab);
    cohl_config_int(json, "d_model", 1, 65536, &c->dim);
    cohl_config_int(json, "d_kv", 1, 1024, &head);
    cohl_config_int(json, "d_ff", 1, 1 << 20, &c->dim_ffn);
    cohl_config_int(json, "num_heads", 1, 64, &c->num_heads);
    cohl_config_int(json, "num_layers", 1, 1024, &c->num_layers);
    cohl_config_int_or(json, "relative_attention_num_buckets", 4, 4096, 32, &c->num_buckets);
    cohl_config_int_or(json, "relative_attention_max_distance", 2, 1 << 20, 128, &c->max_distance);
    c->dim_attn = head * c->num_heads;
}

static void read_release(cohl_text_encoder_config *c, cohl_config *json)
{
    cohl_config_int(json, "vocab", 2, 1 << 24, &c->vocab);
    cohl_config_int(json, "dim", 1, 65536, &c->dim);
    cohl_config_int_or(json, "dim_attn", 1, 65536, c->dim, &c->dim_attn);
    cohl_config_int(json, "dim_ffn", 1, 1 << 20, &c->dim_ffn);
    cohl_config_int(json, "num_heads", 1, 1024, &c->num_heads);
    cohl_config_int(json, "num_layers", 1, 1024, &c->num_layers);
    cohl_config_int_or(json, "num_buckets", 4, 4096, 32, &c->num_buckets);
    cohl_config_int_or(json, "max_distance", 2, 1 << 20, 128, &c->max_distance);
}

cohl_status cohl_text_encoder_config_read(cohl_text_encoder_config *out, cohl_config *json, cohl_error *err)
{
    bool library = cohl_config_has(json, "d_model"), shared;
    double eps;
    cohl_status st;
    *out = (cohl_text_encoder_config){ 0 };
    (library ? read_library : read_release)(out, json);
    cohl_config_bool_or(json, "shared_pos", false, &shared);
    cohl_config_float_or(json, library ? "layer_norm_epsilon" : "eps", 0, 1, 1e-6, &eps);
    if ((st = cohl_config_done(json, err)))
        return st;
    out->eps = (float)eps;
    if (shared)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: a text encoder with one table of positions for all "
                         "layers, expected one a layer", cohl_config_name(json));
    return check_config(out, cohl_config_name(json), err);
}

/* Dimension `axis` of a matrix, 0 when there is none of this name. */
static int dimension(const cohl_weights *weights, const char *name, int axis)
{
    const cohl_weight *w = cohl_weights_find(weights, name);
    return w && w->rank == 2 && w->dim[axis] >= 1 && w->dim[axis] <= 1 << 24 ? (int)w->dim[axis] : 0;
}

cohl_status cohl_text_encoder_config_infer(cohl_text_encoder_config *out, const cohl_weights *weights, cohl_error *err)
{
    cohl_text_encoder_config c = { .max_distance = 128, .eps = 1e-6f };
    const struct { int *to; const char *name; int axis; } places[] = {
        { &c.vocab, "token_embedding.weight", 0 },      { &c.dim, "token_embedding.weight", 1 },
        { &c.dim_attn, "blocks.0.attn.q.weight", 0 },   { &c.dim_ffn, "blocks.0.ffn.fc1.weight", 0 },
        { &c.num_buckets, "blocks.0.pos_embedding.embedding.weight", 0 },
        { &c.num_heads, "blocks.0.pos_embedding.embedding.weight", 1 },
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!(*places[i].to = dimension(weights, places[i].name, places[i].axis)))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: holds no matrix %s, so it is no UMT5 encoder",
                             cohl_weights_path(weights), places[i].name);
    char name[64];
    do
        snprintf(name, sizeof name, "blocks.%d.attn.q.weight", c.num_layers);
    while (c.num_layers < 1024 && cohl_weights_find(weights, name) && ++c.num_layers);
    *out = c;
    return check_config(out, cohl_weights_path(weights), err);
}

static cohl_tensor *matrix(cohl_params *params, int out, int in, float std, int layer, const char *name)
{
    return cohl_params_linear(params, out, in, false, cohl_init_normal(std), "blocks.%d.%s", layer, name).weight;
}

static cohl_tensor *table(cohl_params *params, int rows, int width, float std, const char *name)
{
    return cohl_params_add(params, &(cohl_param_spec){
        .shape = { 2, { rows, width } }, .init = cohl_init_normal(std), .group = COHL_PARAM_OTHER, .narrow = true,
    }, "%s", name);
}

/* Deviations as the official code starts them: without a scale in the attention,
 * q begins smaller by the root of a head's width. */
static text_block block(cohl_params *params, const cohl_text_encoder_config *c, int i)
{
    float in = 1 / sqrtf((float)c->dim), attn = 1 / sqrtf((float)c->dim_attn), ffn = 1 / sqrtf((float)c->dim_ffn);
    float head = 1 / sqrtf((float)(c->dim_attn / c->num_heads));
    text_block b;
    b.norm1 = cohl_params_vector(params, c->dim, true, "blocks.%d.norm1.weight", i);
    b.q = matrix(params, c->dim_attn, c->dim, in * head, i, "attn.q");
    b.k = matrix(params, c->dim_attn, c->dim, in, i, "attn.k");
    b.v = matrix(params, c->dim_attn, c->dim, in, i, "attn.v");
    b.o = matrix(params, c->dim, c->dim_attn, attn, i, "attn.o");
    b.norm2 = cohl_params_vector(params, c->dim, true, "blocks.%d.norm2.weight", i);
    b.gate = matrix(params, c->dim_ffn, c->dim, in, i, "ffn.gate.0");
    b.fc1 = matrix(params, c->dim_ffn, c->dim, in, i, "ffn.fc1");
    b.fc2 = matrix(params, c->dim, c->dim_ffn, ffn, i, "ffn.fc2");
    b.position = cohl_params_add(params, &(cohl_param_spec){
        .shape = { 2, { c->num_buckets, c->num_heads } }, .group = COHL_PARAM_OTHER,
        .init = cohl_init_normal(1 / sqrtf(2.0f * (float)(c->num_buckets * c->num_heads))),
    }, "blocks.%d.pos_embedding.embedding.weight", i);
    return b;
}

static cohl_text_encoder_net *new_net(const cohl_text_encoder_config *c, cohl_params *params)
{
    cohl_text_encoder_net *net = calloc(1, sizeof *net + (size_t)c->num_layers * sizeof *net->block);
    if (!net)
        return NULL;
    net->embedding = table(params, c->vocab, c->dim, 1, "token_embedding.weight");
    for (int i = 0; i < c->num_layers; i++)
        net->block[i] = block(params, c, i);
    net->norm = cohl_params_vector(params, c->dim, true, "norm.weight");
    assert(params->failed || params->count == 2 + c->num_layers * BLOCK_PARAMS);
    return net;
}

cohl_status cohl_text_encoder_new(cohl_text_encoder **out, const cohl_text_encoder_config *config,
                                  cohl_error *err)
{
    cohl_text_encoder *encoder = calloc(1, sizeof *encoder);
    if (encoder)
        encoder->net = new_net(config, &encoder->params);
    if (!encoder || !encoder->net) {
        cohl_text_encoder_free(encoder);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a text encoder");
    }
    encoder->config = *config;
    *out = encoder;
    return COHL_OK;
}

void cohl_text_encoder_free(cohl_text_encoder *encoder)
{
    if (!encoder)
        return;
    cohl_shelf_close(encoder->shelf);
    cohl_params_free(&encoder->params);
    free(encoder->net);
    free(encoder);
}

cohl_status cohl_text_encoder_stream(cohl_text_encoder *encoder, cohl_ctx *ctx, const cohl_weights *weights,
                                     cohl_dtype dtype, cohl_room *room, cohl_error *err)
{
    const cohl_shelf_use use = { .room = room, .dtype = dtype, .surplus = COHL_SURPLUS_REFUSED };
    cohl_status st = cohl_shelf_open(&encoder->shelf, &encoder->params, ctx, weights, &use, err);
    if (st)
        return st;
    encoder->weights = weights;
    return cohl_shelf_keep(encoder->shelf, encoder->params.count - 1, 1, err);      /* the last norm */
}

size_t cohl_text_encoder_slot(const cohl_text_encoder *encoder)
{
    return cohl_shelf_bytes(encoder->shelf, 1, BLOCK_PARAMS);
}

/* ---- positions ----------------------------------------------------------- */

int cohl_text_bucket(int offset, int num_buckets, int max_distance)
{
    int half = num_buckets / 2, exact = half / 2, distance = abs(offset);
    int bucket = distance;
    if (distance >= exact) {
        float far = logf((float)distance / (float)exact) / (float)log((double)max_distance / exact);
        bucket = exact + (int)(far * (float)(half - exact));
        if (bucket > half - 1)
            bucket = half - 1;
    }
    return bucket + (offset > 0 ? half : 0);
}

/* The bucket of every offset key - query from 1-reach to reach-1. */
static cohl_tensor *offsets(cohl_ctx *ctx, const cohl_text_encoder_config *c, int reach)
{
    int64_t count = 2 * (int64_t)reach - 1;
    int32_t *bucket = malloc((size_t)count * sizeof *bucket);
    if (!bucket)
        return cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no memory for the positions of %d tokens", reach);
    for (int i = 0; i < count; i++)
        bucket[i] = cohl_text_bucket(i - (reach - 1), c->num_buckets, c->max_distance);
    cohl_tensor *t = cohl_tensor_upload(ctx, bucket, COHL_I32, 1, &count);
    free(bucket);
    return t;
}

/* ---- forward ------------------------------------------------------------- */

typedef struct text_pass {
    cohl_ctx                       *ctx;
    const cohl_text_encoder_config *config;
    const cohl_span                *spans;
    int                             prompts;
    const cohl_tensor              *offset;   /* I32 [2*reach-1] */
} text_pass;

static cohl_tensor *heads(const text_pass *p, cohl_tensor *x, cohl_tensor *w)
{
    int64_t count = p->config->num_heads;
    x = cohl_linear(p->ctx, x, w, NULL);
    return x ? cohl_reshape(p->ctx, x, 3, (int64_t[]){ x->dim[0], count, p->config->dim_attn / count }) : NULL;
}

/* The attention has no scale: the weights were trained without. */
static cohl_tensor *attend(const text_pass *p, cohl_tensor *x, const text_block *b)
{
    cohl_tensor *q = heads(p, x, b->q), *k = heads(p, x, b->k), *v = heads(p, x, b->v);
    cohl_tensor *bias = cohl_gather(p->ctx, b->position, p->offset);
    cohl_tensor *y = cohl_attention(p->ctx, q, k, v, bias, p->spans, p->prompts, 1);
    y = y ? cohl_reshape(p->ctx, y, 2, (int64_t[]){ y->dim[0], p->config->dim_attn }) : NULL;
    return cohl_linear(p->ctx, y, b->o, NULL);
}

static cohl_tensor *feed_forward(const text_pass *p, cohl_tensor *x, const text_block *b)
{
    cohl_tensor *gate = cohl_activate(p->ctx, cohl_linear(p->ctx, x, b->gate, NULL), COHL_GELU_TANH);
    x = cohl_mul(p->ctx, cohl_linear(p->ctx, x, b->fc1, NULL), gate);
    return cohl_linear(p->ctx, x, b->fc2, NULL);
}

static cohl_tensor *run_block(const text_pass *p, cohl_tensor *x, const text_block *b)
{
    x = cohl_add(p->ctx, x, attend(p, cohl_rms_norm(p->ctx, x, b->norm1, p->config->eps), b));
    return cohl_add(p->ctx, x, feed_forward(p, cohl_rms_norm(p->ctx, x, b->norm2, p->config->eps), b));
}

static bool ids_known(cohl_ctx *ctx, const int32_t *id, int64_t count, int vocab)
{
    for (int64_t i = 0; i < count; i++)
        if (id[i] < 0 || id[i] >= vocab) {
            cohl_ctx_fail(ctx, COHL_ERR_ARGUMENT, "token %lld has id %d, the text encoder knows 0 to %d",
                          (long long)i, (int)id[i], vocab - 1);
            return false;
        }
    return true;
}

/* One span a prompt; *reach is the longest, the sum is returned. */
static int64_t lay_out(cohl_span *spans, const int *length, int prompts, int *reach)
{
    int begin = 0;
    *reach = 1;
    for (int i = 0; i < prompts; begin += length[i++]) {
        assert(length[i] >= 1);
        spans[i] = (cohl_span){ begin, length[i], begin, length[i] };
        *reach = length[i] > *reach ? length[i] : *reach;
    }
    return begin;
}

/* The embedding's rows of these ids, out of the file when it is not held. */
static cohl_tensor *embed(cohl_ctx *ctx, const cohl_text_encoder *encoder, const int32_t *id, int64_t count)
{
    int64_t dim = encoder->config.dim;
    if (!encoder->weights)
        return cohl_gather(ctx, encoder->net->embedding, cohl_tensor_upload(ctx, id, COHL_I32, 1, &count));
    const cohl_weight *table = cohl_weights_find(encoder->weights, encoder->params.item[0].name);
    float *row = malloc((size_t)(count * dim) * sizeof *row);
    if (!row)
        return cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no memory for %lld tokens", (long long)count);
    for (int64_t i = 0; i < count; i++)
        cohl_weight_read_f32(table, (size_t)(id[i] * dim), (size_t)dim, row + i * dim);
    cohl_tensor *x = cohl_tensor_upload(ctx, row, COHL_F32, 2, (int64_t[]){ count, dim });
    free(row);
    return x;
}

/* The same block whether its parameters are held or brought for the moment. */
static cohl_tensor *pass_block(const text_pass *p, const cohl_text_encoder *encoder, cohl_tensor *x, int i)
{
    cohl_error err;
    int first = 1 + i * BLOCK_PARAMS;
    cohl_status st = cohl_ctx_fine(p->ctx) ? cohl_shelf_bring(encoder->shelf, first, BLOCK_PARAMS, &err) : COHL_OK;
    if (st)
        return cohl_ctx_fail(p->ctx, st, "%s", err.text);
    if (i + 1 < p->config->num_layers)
        cohl_shelf_ahead(encoder->shelf, first + BLOCK_PARAMS, BLOCK_PARAMS);
    return run_block(p, x, &encoder->net->block[i]);
}

static cohl_tensor *pass_all(const text_pass *p, const cohl_text_encoder *encoder, cohl_tensor *x)
{
    cohl_ctx_mark_t mark = cohl_ctx_mark(p->ctx);
    for (int i = 0; i < p->config->num_layers; i++)
        x = cohl_settle(p->ctx, mark, pass_block(p, encoder, x, i));
    return x;
}

cohl_tensor *cohl_text_encode(cohl_ctx *ctx, const cohl_text_encoder *encoder, const int32_t *id,
                              const int *length, int prompts)
{
    const cohl_text_encoder_config *c = &encoder->config;
    cohl_ctx_mark_t start = cohl_ctx_mark(ctx);
    int reach;
    cohl_span *spans = cohl_arena_take(&ctx->nodes, (size_t)prompts * sizeof *spans);
    if (!spans)
        return cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no room for the spans of %d prompts", prompts);
    int64_t count = lay_out(spans, length, prompts, &reach);
    if (!ids_known(ctx, id, count, c->vocab))
        return NULL;
    assert(!encoder->weights || !ctx->tape);
    text_pass p = { ctx, c, spans, prompts, offsets(ctx, c, reach) };
    cohl_shelf_begin(encoder->shelf);
    cohl_tensor *x = pass_all(&p, encoder, embed(ctx, encoder, id, count));
    cohl_shelf_end(encoder->shelf);
    return cohl_settle(ctx, start, cohl_rms_norm(ctx, x, encoder->net->norm, c->eps));
}
