/* image_encoder.c - the image branch of CLIP (Radford et al. 2021), as Wan 2.1 uses it. */
#include "model/image_encoder.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/picture.h"
#include "model/settle.h"
#include "model/shelf.h"
#include "tensor/ops.h"

typedef struct image_block {
    cohl_affine norm1, norm2;    /* [dim] */
    cohl_affine qkv, proj;       /* [3 dim, dim], [dim, dim] */
    cohl_affine mlp_in, mlp_out; /* [mlp_dim, dim], [dim, mlp_dim] */
} image_block;

enum { OUTER_PARAMS = 5, BLOCK_PARAMS = 12 };   /* the list: what stands before the blocks, then each */

struct cohl_image_encoder {
    cohl_image_encoder_config config;
    cohl_params         params;
    cohl_shelf         *shelf;
    cohl_tensor        *class_token, *position;   /* [1, dim], [tokens, dim] */
    cohl_tensor        *patch;                    /* [dim, 3 patch patch] */
    cohl_affine         norm;                     /* before the blocks */
    image_block         block[];                  /* [num_layers - 1] */
};

/* ---- configuration ------------------------------------------------------- */

cohl_image_encoder_config cohl_image_encoder_config_default(void)
{
    return (cohl_image_encoder_config){ .image_size = 224, .patch_size = 14, .dim = 1280, .mlp_dim = 5120,
                                        .num_heads = 16, .num_layers = 32, .eps = 1e-5f };
}

cohl_status cohl_image_encoder_config_read(cohl_image_encoder_config *out, cohl_config *json, cohl_error *err)
{
    cohl_image_encoder_config c = cohl_image_encoder_config_default();
    bool library = cohl_config_has(json, "hidden_size");   /* the transformers library's spelling */
    int ratio;
    double eps;
    cohl_status st;
    cohl_config_int_or(json, "image_size", 1, 8192, c.image_size, &c.image_size);
    cohl_config_int_or(json, "patch_size", 1, 8192, c.patch_size, &c.patch_size);
    cohl_config_int_or(json, library ? "hidden_size" : "dim", 1, 65536, c.dim, &c.dim);
    cohl_config_int_or(json, "mlp_ratio", 1, 64, 4, &ratio);
    cohl_config_int_or(json, "intermediate_size", 1, 1 << 20, ratio * c.dim, &c.mlp_dim);
    cohl_config_int_or(json, library ? "num_attention_heads" : "num_heads", 1, 1024, c.num_heads, &c.num_heads);
    cohl_config_int_or(json, library ? "num_hidden_layers" : "num_layers", 2, 1024, c.num_layers, &c.num_layers);
    cohl_config_float_or(json, library ? "layer_norm_eps" : "norm_eps", 0, 1, 1e-5, &eps);
    if ((st = cohl_config_done(json, err)))
        return st;
    c.eps = (float)eps;
    if (c.image_size % c.patch_size || c.dim % c.num_heads)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: %d pixels are no whole number of patches of %d, or %d does not "
                         "split into %d heads", cohl_config_name(json), c.image_size, c.patch_size, c.dim, c.num_heads);
    *out = c;
    return COHL_OK;
}

int cohl_image_encoder_tokens(const cohl_image_encoder *encoder)
{
    int side = encoder->config.image_size / encoder->config.patch_size;
    return side * side + 1;
}

int cohl_image_encoder_dim(const cohl_image_encoder *encoder) { return encoder->config.dim; }

int64_t cohl_image_encoder_size(const cohl_image_encoder *encoder)
{
    return cohl_params_size(&encoder->params);
}

size_t cohl_image_encoder_slot(const cohl_image_encoder *encoder)
{
    return cohl_shelf_bytes(encoder->shelf, OUTER_PARAMS, BLOCK_PARAMS);
}

/* ---- parameters ---------------------------------------------------------- */

static cohl_affine norm(cohl_params *params, int width, const char *name)
{
    return (cohl_affine){ cohl_params_vector(params, width, true, "%s.weight", name),
                          cohl_params_vector(params, width, false, "%s.bias", name) };
}

static cohl_affine matrix(cohl_params *params, int out, int in, const char *module, const char *name)
{
    return cohl_params_linear(params, out, in, true, cohl_init_glorot(out, in), "%s.%s", module, name);
}

static image_block block(cohl_params *params, const cohl_image_encoder_config *c, int i)
{
    char module[48], name[64];
    image_block b;
    snprintf(module, sizeof module, "visual.transformer.%d", i);
    snprintf(name, sizeof name, "%s.norm1", module);
    b.norm1 = norm(params, c->dim, name);
    b.qkv = matrix(params, 3 * c->dim, c->dim, module, "attn.to_qkv");
    b.proj = matrix(params, c->dim, c->dim, module, "attn.proj");
    snprintf(name, sizeof name, "%s.norm2", module);
    b.norm2 = norm(params, c->dim, name);
    b.mlp_in = matrix(params, c->mlp_dim, c->dim, module, "mlp.0");
    b.mlp_out = matrix(params, c->dim, c->mlp_dim, module, "mlp.2");
    return b;
}

static void declare(cohl_image_encoder *e)
{
    const cohl_image_encoder_config *c = &e->config;
    int patch = c->patch_size, tokens = cohl_image_encoder_tokens(e);
    cohl_init small = cohl_init_normal(0.02f);
    e->class_token = cohl_params_add(&e->params, &(cohl_param_spec){
        .shape = { 2, { 1, c->dim } }, .stored = { 3, { 1, 1, c->dim } }, .init = small }, "visual.cls_embedding");
    e->position = cohl_params_add(&e->params, &(cohl_param_spec){
        .shape = { 2, { tokens, c->dim } }, .stored = { 3, { 1, tokens, c->dim } }, .init = small },
        "visual.pos_embedding");
    e->patch = cohl_params_add(&e->params, &(cohl_param_spec){
        .shape = { 2, { c->dim, 3 * patch * patch } }, .stored = { 4, { c->dim, 3, patch, patch } }, .init = small,
        .narrow = true }, "visual.patch_embedding.weight");
    e->norm = norm(&e->params, c->dim, "visual.pre_norm");
    for (int i = 0; i < c->num_layers - 1; i++)
        e->block[i] = block(&e->params, c, i);
    assert(e->params.failed || e->params.count == OUTER_PARAMS + (c->num_layers - 1) * BLOCK_PARAMS);
}

cohl_status cohl_image_encoder_open(cohl_image_encoder **out, const cohl_image_encoder_config *config, cohl_ctx *ctx,
                                    const cohl_weights *weights, cohl_dtype dtype, cohl_error *err)
{
    size_t blocks = (size_t)(config->num_layers - 1) * sizeof(image_block);
    cohl_image_encoder *e = calloc(1, sizeof *e + blocks);
    *out = NULL;
    if (!e)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for an image encoder");
    e->config = *config;
    declare(e);
    cohl_status st = cohl_shelf_open(&e->shelf, &e->params, ctx, weights,
                                     &(cohl_shelf_use){ .dtype = dtype, .surplus = COHL_SURPLUS_ALLOWED }, err);
    if (st)
        cohl_image_encoder_close(e);
    else
        *out = e;
    return st;
}

void cohl_image_encoder_close(cohl_image_encoder *e)
{
    if (!e)
        return;
    cohl_shelf_close(e->shelf);
    cohl_params_free(&e->params);
    free(e);
}

/* ---- forward ------------------------------------------------------------- */

float *cohl_image_encoder_pixels(const cohl_image_encoder *encoder, const float *rgb, int width, int height)
{
    static const float mean[] = { 0.48145466f, 0.4578275f, 0.40821073f };
    static const float deviation[] = { 0.26862954f, 0.26130258f, 0.27577711f };
    int side = encoder->config.image_size;
    size_t count = (size_t)side * (size_t)side * 3;
    float *pixels = malloc(count * sizeof *pixels);
    if (!pixels)
        return NULL;
    cohl_picture_resize(pixels, side, side, rgb, width, height);
    for (size_t i = 0; i < count; i++)
        pixels[i] = (pixels[i] * 0.5f + 0.5f - mean[i % 3]) / deviation[i % 3];
    return pixels;
}

/* [side, side, 3] -> [patches, 3 patch patch], colour slowest as the weight has it. */
static cohl_tensor *patches(cohl_ctx *ctx, const cohl_image_encoder *e, const float *pixels)
{
    int64_t patch = e->config.patch_size, side = e->config.image_size / patch;
    cohl_tensor *x = cohl_tensor_upload(ctx, pixels, COHL_F32, 5, (int64_t[]){ side, patch, side, patch, 3 });
    x = x ? cohl_permute(ctx, x, (int[]){ 0, 2, 4, 1, 3 }) : NULL;
    x = x ? cohl_reshape(ctx, x, 2, (int64_t[]){ side * side, 3 * patch * patch }) : NULL;
    return cohl_linear(ctx, x, e->patch, NULL);
}

static cohl_tensor *layer_norm(cohl_ctx *ctx, const cohl_image_encoder *e, cohl_tensor *x, cohl_affine n)
{
    return cohl_layer_norm(ctx, x, n.weight, n.bias, e->config.eps);
}

static cohl_tensor *attend(cohl_ctx *ctx, const cohl_image_encoder *e, cohl_tensor *x, const image_block *b)
{
    int64_t dim = e->config.dim, heads = e->config.num_heads, tokens = cohl_image_encoder_tokens(e);
    cohl_span all = { 0, (int)tokens, 0, (int)tokens };
    cohl_tensor *part[3];
    x = cohl_linear(ctx, x, b->qkv.weight, b->qkv.bias);
    for (int i = 0; i < 3; i++) {
        part[i] = x ? cohl_slice(ctx, x, 1, i * dim, dim) : NULL;
        part[i] = part[i] ? cohl_reshape(ctx, part[i], 3, (int64_t[]){ tokens, heads, dim / heads }) : NULL;
    }
    x = cohl_attention(ctx, part[0], part[1], part[2], NULL, &all, 1, 1 / sqrtf((float)dim / (float)heads));
    x = x ? cohl_reshape(ctx, x, 2, (int64_t[]){ tokens, dim }) : NULL;
    return cohl_linear(ctx, x, b->proj.weight, b->proj.bias);
}

static cohl_tensor *run_block(cohl_ctx *ctx, const cohl_image_encoder *e, cohl_tensor *x, const image_block *b)
{
    x = cohl_add(ctx, x, attend(ctx, e, layer_norm(ctx, e, x, b->norm1), b));
    cohl_tensor *h = layer_norm(ctx, e, x, b->norm2);
    h = cohl_activate(ctx, cohl_linear(ctx, h, b->mlp_in.weight, b->mlp_in.bias), COHL_GELU_ERF);
    return cohl_add(ctx, x, cohl_linear(ctx, h, b->mlp_out.weight, b->mlp_out.bias));
}

/* Bring part of the list, or say in the context why not. */
static bool bring(cohl_ctx *ctx, cohl_image_encoder *e, int first, int count)
{
    cohl_error err;
    cohl_status st = cohl_ctx_fine(ctx) ? cohl_shelf_bring(e->shelf, first, count, &err) : COHL_OK;
    if (st)
        cohl_ctx_fail(ctx, st, "%s", err.text);
    else if (first + count < e->params.count)
        cohl_shelf_ahead(e->shelf, first + count, BLOCK_PARAMS);
    return cohl_ctx_fine(ctx);
}

static cohl_tensor *enter(cohl_ctx *ctx, cohl_image_encoder *e, const float *pixels)
{
    cohl_tensor *x = NULL;
    if (bring(ctx, e, 0, OUTER_PARAMS)) {
        x = patches(ctx, e, pixels);
        x = x ? cohl_concat(ctx, (cohl_tensor *[]){ e->class_token, x }, 2, 0) : NULL;
        x = layer_norm(ctx, e, cohl_add(ctx, x, e->position), e->norm);
    }
    return x;
}

cohl_tensor *cohl_image_encode(cohl_ctx *ctx, cohl_image_encoder *e, const float *rgb, int width, int height)
{
    assert(!ctx->tape);
    float *pixels = cohl_image_encoder_pixels(e, rgb, width, height);
    if (!pixels)
        return cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no memory for a picture of %d x %d", width, height);
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_shelf_begin(e->shelf);
    cohl_tensor *x = cohl_settle(ctx, mark, enter(ctx, e, pixels));
    for (int i = 0; i < e->config.num_layers - 1 && cohl_ctx_fine(ctx); i++) {
        int first = OUTER_PARAMS + i * BLOCK_PARAMS;
        x = bring(ctx, e, first, BLOCK_PARAMS) ? cohl_settle(ctx, mark, run_block(ctx, e, x, &e->block[i])) : NULL;
    }
    cohl_shelf_end(e->shelf);
    free(pixels);
    return cohl_ctx_fine(ctx) ? x : NULL;
}
