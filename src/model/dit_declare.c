/* dit_declare.c - the transformer's configuration and parameters, named as the
 * official release names them, in its order. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/dit_net.h"

cohl_status cohl_dit_config_read(cohl_dit_config *out, cohl_config *json, cohl_error *err)
{
    const char *type;
    bool qk_norm, cross_norm;
    double eps;
    cohl_status st;
    *out = (cohl_dit_config){ 0 };
    cohl_config_string_or(json, "model_type", "t2v", &type);
    cohl_config_int_or(json, "in_dim", 1, 4096, 16, &out->in_dim);
    cohl_config_int_or(json, "out_dim", 1, 4096, 16, &out->out_dim);
    cohl_config_int(json, "dim", 1, 65536, &out->dim);
    cohl_config_int(json, "ffn_dim", 1, 1 << 20, &out->ffn_dim);
    cohl_config_int(json, "num_heads", 1, 1024, &out->num_heads);
    cohl_config_int(json, "num_layers", 1, 1024, &out->num_layers);
    cohl_config_int_or(json, "freq_dim", 2, 65536, 256, &out->freq_dim);
    cohl_config_int_or(json, "text_dim", 1, 65536, 4096, &out->text_dim);
    cohl_config_int_or(json, "text_len", 1, 65536, 512, &out->text_len);
    cohl_config_float_or(json, "eps", 0, 1, 1e-6, &eps);
    cohl_config_bool_or(json, "qk_norm", true, &qk_norm);
    cohl_config_bool_or(json, "cross_attn_norm", true, &cross_norm);
    cohl_config_int_or(json, "pooled_text_dim", 0, 65536, 0, &out->pooled_text_dim);
    cohl_config_int_or(json, "camera_dim", 0, 65536, 0, &out->camera_dim);
    if ((st = cohl_config_done(json, err)))
        return st;
    out->eps = (float)eps;
    if (strcmp(type, "t2v") && strcmp(type, "ti2v") && strcmp(type, "i2v22"))
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: transformers of type \"%s\" are not supported; "
                         "\"t2v\", \"ti2v\" and \"i2v22\" are", cohl_config_name(json), type);
    if (!qk_norm || !cross_norm)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: a transformer without qk_norm or cross_attn_norm, "
                         "expected both", cohl_config_name(json));
    if (out->dim % out->num_heads || out->dim / out->num_heads % 2 || out->freq_dim % 2)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: dim %d does not split into %d heads of even width, or "
                         "freq_dim %d is odd", cohl_config_name(json), out->dim, out->num_heads, out->freq_dim);
    if (out->pooled_text_dim && out->pooled_text_dim != out->text_dim)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: pooled_text_dim is %d, expected 0 or text_dim %d",
                         cohl_config_name(json), out->pooled_text_dim, out->text_dim);
    return COHL_OK;
}

static const cohl_init ZERO = { COHL_INIT_ZERO, 0, 0 };

static cohl_tensor *modulation(cohl_params *params, int parts, int dim, const char *name, int layer)
{
    cohl_param_spec spec = {
        .shape = { 1, { (int64_t)parts * dim } }, .stored = { 3, { 1, parts, dim } },
        .init = cohl_init_normal(1 / sqrtf((float)dim)), .group = COHL_PARAM_OTHER,
    };
    return layer < 0 ? cohl_params_add(params, &spec, "%s.modulation", name)
                     : cohl_params_add(params, &spec, "%s.%d.modulation", name, layer);
}

static cohl_affine projection(cohl_params *params, int out, int in, int layer, const char *name)
{
    return cohl_params_linear(params, out, in, true, cohl_init_glorot(out, in), "blocks.%d.%s", layer, name);
}

static dit_attention attention(cohl_params *params, int dim, int layer, const char *name)
{
    dit_attention a;
    static const char *const parts[] = { "q", "k", "v", "o" };
    cohl_affine *to[] = { &a.q, &a.k, &a.v, &a.o };
    for (int i = 0; i < 4; i++)
        *to[i] = cohl_params_linear(params, dim, dim, true, cohl_init_glorot(dim, dim), "blocks.%d.%s.%s", layer,
                                    name, parts[i]);
    a.norm_q = cohl_params_vector(params, dim, true, "blocks.%d.%s.norm_q.weight", layer, name);
    a.norm_k = cohl_params_vector(params, dim, true, "blocks.%d.%s.norm_k.weight", layer, name);
    return a;
}

static dit_block block(cohl_params *params, const cohl_dit_config *c, int layer)
{
    dit_block b;
    b.modulation = modulation(params, 6, c->dim, "blocks", layer);
    b.self = attention(params, c->dim, layer, "self_attn");
    b.norm3.weight = cohl_params_vector(params, c->dim, true, "blocks.%d.norm3.weight", layer);
    b.norm3.bias = cohl_params_vector(params, c->dim, false, "blocks.%d.norm3.bias", layer);
    b.cross = attention(params, c->dim, layer, "cross_attn");
    b.ffn_in = projection(params, c->ffn_dim, c->dim, layer, "ffn.0");
    b.ffn_out = projection(params, c->dim, c->ffn_dim, layer, "ffn.2");
    return b;
}

static cohl_affine patch(cohl_params *params, const cohl_dit_config *c)
{
    int in = COHL_DIT_PATCH * COHL_DIT_PATCH * c->in_dim;
    return (cohl_affine){
        cohl_params_add(params, &(cohl_param_spec){
            .shape = { 2, { c->dim, in } },
            .stored = { 5, { c->dim, c->in_dim, 1, COHL_DIT_PATCH, COHL_DIT_PATCH } },
            .init = cohl_init_glorot(c->dim, in), .narrow = true,
        }, "patch_embedding.weight"),
        cohl_params_vector(params, c->dim, false, "patch_embedding.bias"),
    };
}

/* The two projections of our own, without biases: at the start they add nothing. */
static void declare_extras(cohl_dit_net *net, const cohl_dit_config *c, cohl_params *params)
{
    if (c->pooled_text_dim)
        net->pooled = cohl_params_linear(params, c->dim, c->pooled_text_dim, false, ZERO, "pooled_text").weight;
    if (c->camera_dim)
        net->camera = cohl_params_linear(params, c->dim, c->camera_dim, false, ZERO, "camera").weight;
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
    cohl_dit_net *net = calloc(1, sizeof *net + (size_t)c->num_layers * sizeof *net->block);
    cohl_init small = cohl_init_normal(0.02f);
    int patch_out = COHL_DIT_PATCH * COHL_DIT_PATCH * c->out_dim;
    if (!net)
        return NULL;
    net->patch = patch(params, c);
    net->text_in = cohl_params_linear(params, c->dim, c->text_dim, true, small, "text_embedding.0");
    net->text_out = cohl_params_linear(params, c->dim, c->dim, true, small, "text_embedding.2");
    net->time_in = cohl_params_linear(params, c->dim, c->freq_dim, true, small, "time_embedding.0");
    net->time_out = cohl_params_linear(params, c->dim, c->dim, true, small, "time_embedding.2");
    net->time_projection = cohl_params_linear(params, 6 * c->dim, c->dim, true,
                                              cohl_init_glorot(6 * c->dim, c->dim), "time_projection.1");
    for (int i = 0; i < c->num_layers; i++)
        net->block[i] = block(params, c, i);
    net->head_modulation = modulation(params, 2, c->dim, "head", -1);
    net->head = cohl_params_linear(params, patch_out, c->dim, true, ZERO, "head.head");
    declare_extras(net, c, params);
    sort_groups(params);
    return net;
}
