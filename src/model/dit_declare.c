/* dit_declare.c - the transformer's parameters, named as the official release names them, in its order. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/dit_net.h"

static const cohl_init ZERO = { COHL_INIT_ZERO, 0, 0 };

static cohl_tensor *modulation(cohl_params *params, int parts, int dim, const char *module)
{
    return cohl_params_add(params, &(cohl_param_spec){
        .shape = { 1, { (int64_t)parts * dim } }, .stored = { 3, { 1, parts, dim } },
        .init = cohl_init_normal(1 / sqrtf((float)dim)), .group = COHL_PARAM_OTHER,
    }, "%s.modulation", module);
}

/* "MODULE.NAME", out x in, with its bias. */
static cohl_affine projection(cohl_params *params, int out, int in, const char *module, const char *name)
{
    return cohl_params_linear(params, out, in, true, cohl_init_glorot(out, in), "%s.%s", module, name);
}

/* The same in a block: most of all values, and eight bits are enough for them. */
static cohl_affine hidden(cohl_params *params, int out, int in, const char *module, const char *name)
{
    cohl_affine affine = projection(params, out, in, module, name);
    cohl_params_eight(params, affine.weight);
    return affine;
}

static cohl_affine learned_norm(cohl_params *params, int width, const char *name)
{
    return (cohl_affine){ cohl_params_vector(params, width, true, "%s.weight", name),
                          cohl_params_vector(params, width, false, "%s.bias", name) };
}

static dit_attention attention(cohl_params *params, int dim, bool image, const char *module, const char *name)
{
    dit_attention a = { 0 };
    static const char *const parts[] = { "q", "k", "v", "o" };
    cohl_affine *to[] = { &a.q, &a.k, &a.v, &a.o };
    char path[64];
    snprintf(path, sizeof path, "%s.%s", module, name);
    for (int i = 0; i < 4; i++)
        *to[i] = hidden(params, dim, dim, path, parts[i]);
    a.norm_q = cohl_params_vector(params, dim, true, "%s.norm_q.weight", path);
    a.norm_k = cohl_params_vector(params, dim, true, "%s.norm_k.weight", path);
    if (!image)
        return a;
    a.k_image = hidden(params, dim, dim, path, "k_img");
    a.v_image = hidden(params, dim, dim, path, "v_img");
    a.norm_k_image = cohl_params_vector(params, dim, true, "%s.norm_k_img.weight", path);
    return a;
}

/* Block `layer` of "blocks" or "vace_blocks". */
static dit_block block(cohl_params *params, const cohl_dit_config *c, const char *list, int layer)
{
    dit_block b = { 0 };
    char module[40], norm[48];
    snprintf(module, sizeof module, "%s.%d", list, layer);
    snprintf(norm, sizeof norm, "%s.norm3", module);
    int first = params->count;
    b.modulation = modulation(params, 6, c->dim, module);
    b.self = attention(params, c->dim, false, module, "self_attn");
    int cross = params->count;
    b.norm3 = learned_norm(params, c->dim, norm);
    b.cross = attention(params, c->dim, c->image_dim > 0, module, "cross_attn");
    int feed = params->count;
    b.ffn_in = hidden(params, c->ffn_dim, c->dim, module, "ffn.0");
    b.ffn_out = hidden(params, c->dim, c->ffn_dim, module, "ffn.2");
    b.part[DIT_SELF] = (dit_part){ first, cross - first };
    b.part[DIT_CROSS] = (dit_part){ cross, feed - cross };
    b.part[DIT_FEED] = (dit_part){ feed, params->count - feed };
    return b;
}

static cohl_affine patch(cohl_params *params, const cohl_dit_config *c, int channels, const char *name)
{
    int in = COHL_DIT_PATCH * COHL_DIT_PATCH * channels;
    return (cohl_affine){
        cohl_params_add(params, &(cohl_param_spec){
            .shape = { 2, { c->dim, in } },
            .stored = { 5, { c->dim, channels, 1, COHL_DIT_PATCH, COHL_DIT_PATCH } },
            .init = cohl_init_glorot(c->dim, in), .narrow = true,
        }, "%s.weight", name),
        cohl_params_vector(params, c->dim, false, "%s.bias", name),
    };
}

static void declare_image(dit_image *image, const cohl_dit_config *c, cohl_params *params)
{
    image->norm_in = learned_norm(params, c->image_dim, "img_emb.proj.0");
    image->in = projection(params, c->image_dim, c->image_dim, "img_emb", "proj.1");
    image->out = projection(params, c->dim, c->image_dim, "img_emb", "proj.3");
    image->norm_out = learned_norm(params, c->dim, "img_emb.proj.4");
    if (c->image_positions)
        image->position = cohl_params_add(params, &(cohl_param_spec){
            .shape = { 2, { c->image_positions, c->image_dim } },
            .stored = { 3, { 1, c->image_positions, c->image_dim } },
            .init = ZERO, .group = COHL_PARAM_OTHER,
        }, "img_emb.emb_pos");
}

/* The branch starts silent: its hints begin at zero. */
static void declare_control(cohl_dit_net *net, const cohl_dit_config *c, cohl_params *params)
{
    net->control_patch = patch(params, c, c->control_dim, "vace_patch_embedding");
    for (int i = 0; i < c->control_count; i++) {
        dit_block *b = &net->block[c->num_layers + i];
        *b = block(params, c, "vace_blocks", i);
        if (i == 0)
            b->before = cohl_params_linear(params, c->dim, c->dim, true, ZERO, "vace_blocks.0.before_proj");
        b->after = cohl_params_linear(params, c->dim, c->dim, true, ZERO, "vace_blocks.%d.after_proj", i);
        b->part[DIT_FEED].count = params->count - b->part[DIT_FEED].first;
    }
}

/* The projections of our own, without biases: at the start they add nothing. */
static void declare_extras(cohl_dit_net *net, const cohl_dit_config *c, cohl_params *params)
{
    if (c->pooled_text_dim)
        net->pooled = cohl_params_linear(params, c->dim, c->pooled_text_dim, false, ZERO, "pooled_text").weight;
    if (c->camera_dim)
        net->camera = cohl_params_linear(params, c->dim, c->camera_dim, false, ZERO, "camera").weight;
    if (c->position_dim)
        net->position = cohl_params_linear(params, c->dim, c->position_dim, false, ZERO, "position").weight;
}

/* Only the blocks' matrices are hidden layers. */
static void sort_groups(cohl_params *params)
{
    for (int i = 0; i < params->count; i++)
        if (strncmp(params->item[i].name, "blocks.", 7))
            params->item[i].group = COHL_PARAM_OTHER;
}

cohl_dit_net *dit_net_new(const cohl_dit_config *c, cohl_params *params)
{
    size_t blocks = (size_t)(c->num_layers + c->control_count);
    cohl_dit_net *net = calloc(1, sizeof *net + blocks * sizeof *net->block);
    cohl_init small = cohl_init_normal(0.02f);
    int patch_out = COHL_DIT_PATCH * COHL_DIT_PATCH * c->out_dim;
    if (!net)
        return NULL;
    net->patch = patch(params, c, c->in_dim, "patch_embedding");
    int first = params->count;
    net->text_in = cohl_params_linear(params, c->dim, c->text_dim, true, small, "text_embedding.0");
    net->text_out = cohl_params_linear(params, c->dim, c->dim, true, small, "text_embedding.2");
    net->text = (dit_part){ first, params->count - first };
    first = params->count;
    net->time_in = cohl_params_linear(params, c->dim, c->freq_dim, true, small, "time_embedding.0");
    net->time_out = cohl_params_linear(params, c->dim, c->dim, true, small, "time_embedding.2");
    net->time_projection = cohl_params_linear(params, 6 * c->dim, c->dim, true,
                                              cohl_init_glorot(6 * c->dim, c->dim), "time_projection.1");
    net->time = (dit_part){ first, params->count - first };
    for (int i = 0; i < c->num_layers; i++)
        net->block[i] = block(params, c, "blocks", i);
    net->head_modulation = modulation(params, 2, c->dim, "head");
    net->head = cohl_params_linear(params, patch_out, c->dim, true, ZERO, "head.head");
    if (c->image_dim)
        declare_image(&net->image, c, params);
    if (c->control_count)
        declare_control(net, c, params);
    declare_extras(net, c, params);
    sort_groups(params);
    return net;
}
