/* dit.c - the diffusion transformer: noisy latents to velocity. */
#include "model/dit.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "model/dit_net.h"
#include "model/dit_precondition.h"
#include "model/settle.h"
#include "tensor/backend.h"

cohl_status cohl_dit_new(cohl_dit **out, const cohl_dit_config *config, cohl_error *err)
{
    cohl_dit *dit = calloc(1, sizeof *dit);
    if (dit)
        dit->net = dit_net_new(config, &dit->params);
    if (!dit || !dit->net) {
        cohl_dit_free(dit);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a transformer");
    }
    dit->config = *config;
    if (!config->rope_theta)
        dit->config.rope_theta = COHL_DIT_ROPE_THETA;
    if (!config->rope_scale)
        dit->config.rope_scale = 1;
    *out = dit;
    return COHL_OK;
}

void cohl_dit_free(cohl_dit *dit)
{
    if (!dit)
        return;
    cohl_shelf_close(dit->shelf);
    cohl_params_free(&dit->params);
    free(dit->net);
    free(dit);
}

/* ---- parameters that are brought ----------------------------------------- */

static int block_count(const cohl_dit *dit) { return dit->config.num_layers + dit->config.control_count; }

cohl_status cohl_dit_stream(cohl_dit *dit, cohl_ctx *ctx, const cohl_weights *weights, cohl_dtype dtype,
                            cohl_room *room, cohl_error *err)
{
    const cohl_dit_net *net = dit->net;
    const cohl_shelf_use use = { .room = room, .dtype = dtype, .surplus = COHL_SURPLUS_REFUSED };
    cohl_status st = cohl_shelf_open(&dit->shelf, &dit->params, ctx, weights, &use, err);
    int next = 0;
    const dit_part *brought[2] = { &net->text, &net->time };
    for (int i = 0; i < 2 && !st; i++) {
        st = cohl_shelf_keep(dit->shelf, next, brought[i]->first - next, err);
        next = brought[i]->first + brought[i]->count;
    }
    for (int i = 0; i < block_count(dit) && !st; i++) {
        const dit_part *first = &net->block[i].part[DIT_SELF], *last = &net->block[i].part[DIT_FEED];
        st = cohl_shelf_keep(dit->shelf, next, first->first - next, err);
        next = last->first + last->count;
    }
    return st ? st : cohl_shelf_keep(dit->shelf, next, dit->params.count - next, err);
}

cohl_dit_memory cohl_dit_memory_of(const cohl_dit *dit)
{
    cohl_dit_memory m = { .all = cohl_shelf_bytes(dit->shelf, 0, dit->params.count) };
    const cohl_dit_net *net = dit->net;
    size_t brought = 0;
    for (int i = -2; i < block_count(dit) * DIT_PARTS; i++) {
        const dit_part *part = i == -2 ? &net->text : i == -1 ? &net->time
                             : &net->block[i / DIT_PARTS].part[i % DIT_PARTS];
        size_t bytes = cohl_shelf_bytes(dit->shelf, part->first, part->count);
        brought += bytes;
        m.slot = bytes > m.slot ? bytes : m.slot;
    }
    m.kept = m.all - brought;
    return m;
}

bool dit_bring(cohl_ctx *ctx, const cohl_dit *dit, dit_part part, dit_part next)
{
    cohl_error err;
    cohl_status st = cohl_ctx_fine(ctx) ? cohl_shelf_bring(dit->shelf, part.first, part.count, &err) : COHL_OK;
    if (st)
        cohl_ctx_fail(ctx, st, "%s", err.text);
    else
        cohl_shelf_ahead(dit->shelf, next.first, next.count);
    return cohl_ctx_fine(ctx);
}

cohl_tensor *dit_affine(cohl_ctx *ctx, cohl_tensor *x, cohl_affine affine)
{
    return cohl_linear(ctx, x, affine.weight, affine.bias);
}

cohl_tensor *dit_heads(cohl_ctx *ctx, cohl_tensor *x, int heads)
{
    return x ? cohl_reshape(ctx, x, 3, (int64_t[]){ x->dim[0], heads, x->dim[1] / heads }) : NULL;
}

/* ---- time ---------------------------------------------------------------- */

/* Cosines first, then sines, of time * 10000^(-k / half) (Vaswani et al. 2017, 3.5). */
static void sinusoid(float *out, double time, int half)
{
    for (int k = 0; k < half; k++) {
        double angle = time * pow(10000, -(double)k / half);
        out[k] = (float)cos(angle);
        out[half + k] = (float)sin(angle);
    }
}

/* -> e [groups, dim] */
static cohl_tensor *embed_time(cohl_ctx *ctx, const cohl_dit *dit, const cohl_dit_clip *clip, const float *time)
{
    int width = dit->config.freq_dim;
    float *host = malloc((size_t)clip->groups * (size_t)width * sizeof *host);
    if (!host)
        return cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no memory for %d times", clip->groups);
    for (int i = 0; i < clip->groups; i++)
        sinusoid(host + (size_t)i * (size_t)width, time[i], width / 2);
    cohl_tensor *x = cohl_tensor_upload(ctx, host, COHL_F32, 2, (int64_t[]){ clip->groups, width });
    free(host);
    x = cohl_activate(ctx, dit_affine(ctx, x, dit->net->time_in), COHL_SILU);
    x = dit_affine(ctx, x, dit->net->time_out);
    return clip->added ? cohl_add(ctx, x, clip->added) : x;
}

/* ---- a block ------------------------------------------------------------- */

typedef struct pass {
    cohl_ctx            *ctx;
    const cohl_dit      *dit;
    const cohl_dit_clip *clip;
    float                eps, scale;
} pass;

/* q or k: normed over all heads, then split. */
static cohl_tensor *normed_heads(const pass *p, cohl_tensor *x, cohl_affine affine, cohl_tensor *gain)
{
    x = cohl_rms_norm(p->ctx, dit_affine(p->ctx, x, affine), gain, p->eps);
    return dit_heads(p->ctx, x, p->dit->config.num_heads);
}

/* Heads side by side again, and out. */
static cohl_tensor *merge(const pass *p, cohl_tensor *x, cohl_affine out)
{
    x = x ? cohl_reshape(p->ctx, x, 2, (int64_t[]){ x->dim[0], p->dit->config.dim }) : NULL;
    return dit_affine(p->ctx, x, out);
}

/* Turned by their positions; what led to them is given back. */
static cohl_tensor *turned_heads(const pass *p, cohl_tensor *x, cohl_affine affine, cohl_tensor *gain)
{
    cohl_ctx_mark_t mark = cohl_ctx_mark(p->ctx);
    return cohl_settle(p->ctx, mark, cohl_rope(p->ctx, normed_heads(p, x, affine, gain), p->clip->turn));
}

static cohl_tensor *self_attention(const pass *p, cohl_tensor *x, const dit_attention *a)
{
    cohl_ctx *ctx = p->ctx;
    cohl_tensor *q = turned_heads(p, x, a->q, a->norm_q);
    cohl_tensor *k = turned_heads(p, x, a->k, a->norm_k);
    cohl_tensor *v = dit_heads(ctx, dit_affine(ctx, x, a->v), p->dit->config.num_heads);
    x = cohl_attention(ctx, q, k, v, NULL, p->clip->self, p->clip->sample_count, p->scale);
    return merge(p, x, a->o);
}

/* Rows of the text's keys or values that samples look at. */
static cohl_tensor *text_rows(const pass *p, cohl_tensor *x)
{
    return dit_heads(p->ctx, cohl_gather(p->ctx, x, p->clip->row), p->dit->config.num_heads);
}

/* Text and, where there are any, image tokens are looked at apart: each has its own softmax. */
static cohl_tensor *cross_attention(const pass *p, cohl_tensor *x, const dit_attention *a, int layer)
{
    const cohl_dit_clip *clip = p->clip;
    cohl_tensor *q = normed_heads(p, x, a->q, a->norm_q);
    x = cohl_attention(p->ctx, q, text_rows(p, clip->k[layer]), text_rows(p, clip->v[layer]), NULL, clip->cross,
                       clip->sample_count, p->scale);
    if (clip->image)
        x = cohl_add(p->ctx, x, cohl_attention(p->ctx, q, clip->image_k[layer], clip->image_v[layer], NULL,
                                               clip->image, clip->sample_count, p->scale));
    return merge(p, x, a->o);
}

static cohl_tensor *feed_rows(const pass *p, cohl_tensor *x, const dit_block *b)
{
    x = cohl_activate(p->ctx, dit_affine(p->ctx, x, b->ffn_in), COHL_GELU_TANH);
    return dit_affine(p->ctx, x, b->ffn_out);
}

/* Some thousand rows at a time: inside it is several times as wide as the network. */
static cohl_tensor *feed_forward(const pass *p, cohl_tensor *x, const dit_block *b)
{
    enum { ROWS = 4096 };
    cohl_ctx *ctx = p->ctx;
    int64_t rows = x ? x->dim[0] : 0;
    if (rows <= ROWS || ctx->tape)
        return feed_rows(p, x, b);
    cohl_tensor *y = cohl_tensor_new(ctx, COHL_F32, 2, (int64_t[]){ rows, p->dit->config.dim });
    for (int64_t at = 0; at < rows && y && cohl_ctx_fine(ctx); at += ROWS) {
        cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
        int64_t count = rows - at < ROWS ? rows - at : ROWS;
        cohl_tensor *part = feed_rows(p, cohl_slice(ctx, x, 0, at, count), b);
        if (part)
            ctx->backend->slice_into(ctx, y, part, 0, at, false);
        cohl_ctx_release(ctx, mark);
    }
    return y;
}

/* Brings a part of block `layer`; the one that follows is read meanwhile. */
static bool bring(const pass *p, int layer, int part)
{
    const dit_block *b = &p->dit->net->block[layer];
    bool last = layer + 1 == p->dit->config.num_layers || layer + 1 == block_count(p->dit);
    const dit_part next = part < DIT_FEED ? b->part[part + 1] : last ? p->dit->net->time : b[1].part[DIT_SELF];
    return dit_bring(p->ctx, p->dit, b->part[part], next);
}

/* Shift, scale and gate of attention, then of the feed-forward: [groups, dim] each. */
static void modulate(const pass *p, cohl_tensor *m[6], cohl_tensor *e6, const dit_block *b)
{
    cohl_tensor *h = cohl_add_row(p->ctx, e6, b->modulation);
    for (int i = 0; i < 6; i++)
        m[i] = h ? cohl_slice(p->ctx, h, 1, (int64_t)i * p->dit->config.dim, p->dit->config.dim) : NULL;
}

/* x [tokens, dim]; e6 [groups, 6 dim] */
static cohl_tensor *run_block(const pass *p, cohl_tensor *x, cohl_tensor *e6, int layer)
{
    cohl_ctx *ctx = p->ctx;
    const dit_block *b = &p->dit->net->block[layer];
    const cohl_tensor *group = p->clip->group;
    cohl_tensor *m[6], *h;
    if (!bring(p, layer, DIT_SELF))
        return NULL;
    modulate(p, m, e6, b);
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    h = cohl_layer_norm_modulate(ctx, x, m[0], m[1], group, p->eps);
    x = cohl_settle(ctx, mark, cohl_gated_add(ctx, x, self_attention(p, h, &b->self), m[2], group));
    if (!bring(p, layer, DIT_CROSS))
        return NULL;
    h = cohl_layer_norm(ctx, x, b->norm3.weight, b->norm3.bias, p->eps);
    x = cohl_settle(ctx, mark, cohl_add(ctx, x, cross_attention(p, h, &b->cross, layer)));
    if (!bring(p, layer, DIT_FEED))
        return NULL;
    h = cohl_layer_norm_modulate(ctx, x, m[3], m[4], group, p->eps);
    return cohl_gated_add(ctx, x, feed_forward(p, h, b), m[5], group);
}

/* ---- the control branch -------------------------------------------------- */

/* The branch is a second row of blocks over its own tokens c; each of them hands a hint to the
 * block of the main row that it belongs to (Jiang et al. 2025, VACE, 3.3). Main and branch go
 * side by side, so no more than one hint is held. */
typedef struct branch {
    cohl_tensor *c;         /* [tokens, dim]; NULL = no control */
    int          next;      /* its next block */
} branch;

/* A tensor that outlives a block's scratch. While a tape records nothing is given back. */
static cohl_tensor *keep(cohl_ctx *ctx, cohl_tensor *place, cohl_tensor *x)
{
    if (!place || !x || ctx->tape)
        return x;
    ctx->backend->copy(ctx, place->data, x->data, (size_t)cohl_tensor_count(x) * sizeof(float));
    return place;
}

static branch open_branch(const pass *p, cohl_tensor *x)
{
    cohl_tensor *control = p->clip->control;
    if (!control)
        return (branch){ 0 };
    const dit_block *first = &p->dit->net->block[p->dit->config.num_layers];
    if (!dit_bring(p->ctx, p->dit, first->part[DIT_FEED], p->dit->net->block[0].part[DIT_SELF]))
        return (branch){ 0 };
    cohl_ctx_mark_t mark = cohl_ctx_mark(p->ctx);
    cohl_tensor *c = cohl_add(p->ctx, dit_affine(p->ctx, control, first->before), x);
    return (branch){ cohl_settle(p->ctx, mark, c), 0 };
}

/* x with the hint for block `layer`, if the branch has one. */
static cohl_tensor *add_hint(const pass *p, branch *b, cohl_tensor *x, cohl_tensor *e6, int layer)
{
    const cohl_dit_config *c = &p->dit->config;
    if (!b->c || b->next >= c->control_count || c->control_layer[b->next] != layer)
        return x;
    int at = c->num_layers + b->next++;
    b->c = keep(p->ctx, b->c, run_block(p, b->c, e6, at));
    cohl_tensor *hint = dit_affine(p->ctx, b->c, p->dit->net->block[at].after);
    return cohl_add(p->ctx, x, cohl_scale(p->ctx, hint, p->clip->control_scale));
}

/* ---- in and out ---------------------------------------------------------- */

cohl_tensor *dit_patches(cohl_ctx *ctx, const cohl_dit_clip *clip, cohl_tensor *cells, cohl_affine embedding)
{
    int64_t tokens = clip->tokens, channels = cells ? cohl_tensor_count(cells) / clip->cells : 0;
    cohl_tensor *x = cells ? cohl_reshape(ctx, cells, 2, (int64_t[]){ clip->cells, channels }) : NULL;
    x = cohl_gather(ctx, x, clip->patch_cell);
    x = cohl_reshape(ctx, x, 3, (int64_t[]){ tokens, 4, channels });
    x = cohl_permute(ctx, x, (int[]){ 0, 2, 1 });
    x = cohl_reshape(ctx, x, 2, (int64_t[]){ tokens, 4 * channels });
    return dit_affine(ctx, x, embedding);
}

/* x [tokens, dim], e [groups, dim] -> [cells, out_dim] */
static cohl_tensor *head(const pass *p, cohl_tensor *x, cohl_tensor *e)
{
    cohl_ctx *ctx = p->ctx;
    const cohl_dit_net *net = p->dit->net;
    int64_t dim = p->dit->config.dim;
    cohl_tensor *shift = cohl_add_row(ctx, e, cohl_slice(ctx, net->head_modulation, 0, 0, dim));
    cohl_tensor *scale = cohl_add_row(ctx, e, cohl_slice(ctx, net->head_modulation, 0, dim, dim));
    x = cohl_layer_norm_modulate(ctx, x, shift, scale, p->clip->group, p->eps);
    x = dit_affine(ctx, x, net->head);
    x = cohl_reshape(ctx, x, 2, (int64_t[]){ p->clip->cells, p->dit->config.out_dim });
    return cohl_gather(ctx, x, p->clip->cell_patch);
}

static cohl_tensor *forward(const pass *p, cohl_tensor *latent, const float *time)
{
    cohl_ctx *ctx = p->ctx;
    const cohl_dit *dit = p->dit;
    cohl_ctx_mark_t start = cohl_ctx_mark(ctx);
    if (!dit_bring(ctx, dit, dit->net->time, dit->net->block[0].part[DIT_SELF]))
        return NULL;
    cohl_tensor *e = embed_time(ctx, dit, p->clip, time);
    cohl_tensor *e6 = dit_affine(ctx, cohl_activate(ctx, e, COHL_SILU), dit->net->time_projection);
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_tensor *x = dit_patches(ctx, p->clip, latent, dit->net->patch);
    x = cohl_settle(ctx, mark, p->clip->place ? cohl_add(ctx, x, p->clip->place) : x);
    branch control = open_branch(p, x);
    if (control.c)
        mark = cohl_ctx_mark(ctx);
    for (int i = 0; i < dit->config.num_layers; i++)
        x = cohl_settle(ctx, mark, add_hint(p, &control, run_block(p, x, e6, i), e6, i));
    return cohl_settle(ctx, start, head(p, x, e));
}

/* The same for a network that answers what a straight guess misses. */
static cohl_tensor *forward_scaled(const pass *p, cohl_tensor *latent, const float *time)
{
    cohl_ctx *ctx = p->ctx;
    const cohl_dit_config *c = &p->dit->config;
    cohl_ctx_mark_t start = cohl_ctx_mark(ctx);
    dit_precondition scales = dit_precondition_at(ctx, c, p->clip, time);
    cohl_tensor *x = cohl_reshape(ctx, latent, 2, (int64_t[]){ p->clip->cells, c->in_dim });
    cohl_tensor *answer = forward(p, dit_precondition_in(ctx, &scales, x), time);
    return cohl_settle(ctx, start, dit_precondition_out(ctx, &scales, x, answer));
}

cohl_tensor *cohl_dit_forward(cohl_ctx *ctx, const cohl_dit *dit, const cohl_dit_clip *clip,
                              cohl_tensor *latent, const float *time)
{
    const cohl_dit_config *c = &dit->config;
    if (!clip || !latent)
        return NULL;
    assert(cohl_tensor_count(latent) == (int64_t)clip->cells * c->in_dim);
    assert(!dit->shelf || !ctx->tape);
    pass p = { ctx, dit, clip, c->eps, 1 / sqrtf((float)(c->dim / c->num_heads)) };
    cohl_shelf_begin(dit->shelf);
    cohl_tensor *velocity = c->data_std_count ? forward_scaled(&p, latent, time) : forward(&p, latent, time);
    cohl_shelf_end(dit->shelf);
    return velocity;
}
