/* vae_declare.c - the autoencoder's parameters, named as the official release
 * names them, in its order. */
#include "model/vae_net.h"

#include <math.h>
#include <stdio.h>

static const cohl_kernel CUBE = { 3, 3, 5 }, POINT = { 1, 1, 5 }, POINT_2D = { 1, 1, 4 },
                         SQUARE_2D = { 1, 3, 4 }, TIME = { 3, 1, 5 };

/* Deviation 1 / sqrt(3 fan_in): the variance of the uniform start that the official code leaves. */
static cohl_init start(int in, cohl_kernel kernel)
{
    return cohl_init_normal(1 / sqrtf(3.0f * (float)(in * kernel.time * kernel.space * kernel.space)));
}

static cohl_affine conv(cohl_params *params, int out, int in, cohl_kernel kernel, const char *name)
{
    return cohl_params_conv(params, out, in, kernel, start(in, kernel), "%s", name);
}

/* A gain [width], stored with ones behind it: rank 4, or 3 in the attention. */
static cohl_tensor *gain(cohl_params *params, int width, int stored_rank, const char *name)
{
    return cohl_params_add(params, &(cohl_param_spec){
        .shape = { 1, { width } }, .stored = { stored_rank, { width, 1, 1, 1 } },
        .init = { COHL_INIT_ONE, 0, 0 }, .group = COHL_PARAM_OTHER,
    }, "%s", name);
}

typedef struct name_text { char text[96]; } name_text;

static name_text in_module(const char *module, const char *part)
{
    name_text name;
    snprintf(name.text, sizeof name.text, "%.60s.%.30s", module, part);
    return name;
}

static vae_residual residual(cohl_params *params, int out, int in, const char *module)
{
    vae_residual r = { 0 };
    r.gain_a = gain(params, in, 4, in_module(module, "residual.0.gamma").text);
    r.conv_a = conv(params, out, in, CUBE, in_module(module, "residual.2").text);
    r.gain_b = gain(params, out, 4, in_module(module, "residual.3.gamma").text);
    /* A block starts as its shortcut, so that a fresh network is nearly linear and learns from the
     * first step (Zhang et al. 2019, "Fixup"). */
    r.conv_b = cohl_params_conv(params, out, out, CUBE, (cohl_init){ COHL_INIT_ZERO, 0, 0 }, "%s",
                                in_module(module, "residual.6").text);
    if (in != out)
        r.shortcut = conv(params, out, in, POINT, in_module(module, "shortcut").text);
    return r;
}

static vae_attention attention(cohl_params *params, int width, const char *module)
{
    vae_attention a = { 0 };
    a.gain = gain(params, width, 3, in_module(module, "norm.gamma").text);
    a.qkv = conv(params, 3 * width, width, POINT_2D, in_module(module, "to_qkv").text);
    a.proj = cohl_params_conv(params, width, width, POINT_2D, (cohl_init){ COHL_INIT_ZERO, 0, 0 }, "%s.proj",
                              module);
    return a;
}

static void middle(vae_half *half, cohl_params *params, int width, const char *side)
{
    half->middle_a = residual(params, width, width, in_module(side, "middle.0").text);
    half->attention = attention(params, width, in_module(side, "middle.1").text);
    half->middle_b = residual(params, width, width, in_module(side, "middle.2").text);
}

/* Layer k of stage i of "downsamples" or "upsamples": the list's name appears twice, or in Wan 2.1,
 * where every layer of a side stands in one list, once. */
static name_text layer_name(const vae_stage *s, const cohl_vae_config *c, const char *side, const char *list, int i, int k)
{
    name_text name;
    if (c->plain)
        snprintf(name.text, sizeof name.text, "%s.%s.%d", side, list, i * (s->residual_count + 1) + k);
    else
        snprintf(name.text, sizeof name.text, "%s.%s.%d.%s.%d", side, list, i, list, k);
    return name;
}

/* Returns the channels that the next stage is given. */
static int stage(vae_stage *s, const cohl_vae_config *c, cohl_params *params, const char *side, const char *list, int i,
                 bool resized, bool timed)
{
    bool up = list[0] == 'u';
    int handed_on = up && resized && c->plain ? s->out / 2 : s->out;
    for (int k = 0; k < s->residual_count; k++)
        s->residual[k] = residual(params, s->out, k ? s->out : s->in, layer_name(s, c, side, list, i, k).text);
    name_text name = layer_name(s, c, side, list, i, s->residual_count);
    if (resized)
        s->resample = conv(params, handed_on, s->out, SQUARE_2D, in_module(name.text, "resample.1").text);
    /* A time convolution starts as the identity: down keeps the middle frame of
     * three, up doubles the present one. */
    if (timed)
        s->time = cohl_params_conv(params, up ? 2 * s->out : s->out, s->out, TIME,
                                   (cohl_init){ COHL_INIT_DELTA, 0, up ? 2 : 1 }, "%s.time_conv", name.text);
    s->averaging = !c->plain && (resized || !up);
    return handed_on;
}

static void declare_encoder(vae_half *half, const cohl_vae_config *c, cohl_params *params)
{
    int last = c->stage_count - 1, width = c->dim;
    half->first = conv(params, width, 3 * c->patch * c->patch, CUBE, "encoder.conv1");
    for (int i = 0; i <= last; i++) {
        vae_stage *s = &half->stage[i];
        *s = (vae_stage){ .in = width, .out = c->dim * c->dim_mult[i],
                          .residual_count = c->num_res_blocks };
        width = stage(s, c, params, "encoder", "downsamples", i, i < last, i < last && c->temporal_down[i]);
    }
    middle(half, params, width, "encoder");
    half->gain = gain(params, width, 4, "encoder.head.0.gamma");
    half->last = conv(params, 2 * c->z_dim, width, CUBE, "encoder.head.2");
}

static void declare_decoder(vae_half *half, const cohl_vae_config *c, cohl_params *params)
{
    int last = c->stage_count - 1, width = c->dec_dim * c->dim_mult[last];
    half->first = conv(params, width, c->z_dim, CUBE, "decoder.conv1");
    middle(half, params, width, "decoder");
    for (int i = 0; i <= last; i++) {
        vae_stage *s = &half->stage[i];
        *s = (vae_stage){ .in = width, .out = c->dec_dim * c->dim_mult[last - i],
                          .residual_count = c->num_res_blocks + 1 };
        width = stage(s, c, params, "decoder", "upsamples", i, i < last, i < last && c->temporal_down[last - 1 - i]);
    }
    half->gain = gain(params, width, 4, "decoder.head.0.gamma");
    /* beside the linear map the network starts as nothing */
    half->last = cohl_params_conv(params, 3 * c->patch * c->patch, width, CUBE,
                                  c->linear ? (cohl_init){ COHL_INIT_ZERO, 0, 0 } : start(width, CUBE), "decoder.head.2");
}

/* Fitted, not trained: see train/vae_linear.h. */
static cohl_affine fixed(cohl_params *params, int out, int in, const char *module, const char *part)
{
    cohl_affine map = cohl_params_linear(params, out, in, true, (cohl_init){ COHL_INIT_ZERO, 0, 0 }, "%s.linear.%s",
                                         module, part);
    cohl_params_fix(params, map.weight);
    cohl_params_fix(params, map.bias);
    return map;
}

static void declare_linear(cohl_vae_net *net, int z, cohl_params *params)
{
    int frame = 3 * COHL_VAE_SPACE * COHL_VAE_SPACE, frames = COHL_VAE_TIME * frame;
    net->to_latent = (vae_linear){ fixed(params, z, frame, "encoder", "first"), fixed(params, z, frames, "encoder", "rest") };
    net->to_pixels = (vae_linear){ fixed(params, frame, z, "decoder", "first"), fixed(params, frames, z, "decoder", "rest") };
}

void vae_net_declare(cohl_vae_net *net, const cohl_vae_config *c, cohl_params *params)
{
    net->stage_count = c->stage_count;
    net->patch = c->patch;
    if ((net->linear = c->linear)) {
        declare_linear(net, c->z_dim, params);
    } else {
        declare_encoder(&net->encoder, c, params);
        net->conv1 = conv(params, 2 * c->z_dim, 2 * c->z_dim, POINT, "conv1");
    }
    net->conv2 = conv(params, c->z_dim, c->z_dim, POINT, "conv2");
    declare_decoder(&net->decoder, c, params);
}

int vae_net_memories(const cohl_vae_config *c)
{
    int middle_and_ends = 2 * 2 + 2, a_stage = 2 * (c->num_res_blocks + 1) + 1;
    return middle_and_ends + c->stage_count * a_stage;
}
