/* vae_config.c - what an autoencoder's files say of its sizes, and what the releases leave unsaid. */
#include <string.h>

#include "model/vae_net.h"

/* ---- rules of every spelling --------------------------------------------- */

int cohl_vae_space(const cohl_vae_config *c) { return c->patch << (c->stage_count - 1); }

/* jansson's own list: booleans have no reader of lists. */
static cohl_status read_temporal(cohl_vae_config *out, cohl_config *json, cohl_error *err)
{
    const json_t *list = json_object_get(cohl_config_json(json), "temperal_downsample");
    int doublings = 0, space = cohl_vae_space(out);
    if (!json_is_array(list) || (int)json_array_size(list) != out->stage_count - 1)
        return cohl_fail(err, COHL_ERR_FORMAT, "temperal_downsample is not a list of %d of true or false",
                         out->stage_count - 1);
    for (int i = 0; i < out->stage_count - 1; i++)
        doublings += out->temporal_down[i] = json_is_true(json_array_get(list, (size_t)i));
    if (out->linear && space != COHL_VAE_SPACE)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "a linear autoencoder codes cells of %d x %d pixels, its stages make "
                         "%d x %d", COHL_VAE_SPACE, COHL_VAE_SPACE, space, space);
    if ((space != COHL_VAE_SPACE && space != COHL_VAE_SPACE / 2) || doublings != 2)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED,
                         "an autoencoder of %d stages, %d of them in time, on patches of %d pixels does not code "
                         "%d x %d or %d x %d pixels and %d frames in a cell", out->stage_count, doublings, out->patch,
                         COHL_VAE_SPACE, COHL_VAE_SPACE, COHL_VAE_SPACE / 2, COHL_VAE_SPACE / 2, COHL_VAE_TIME);
    return COHL_OK;
}

/* The shortcuts average whole groups of channels and repeat them whole times. */
static cohl_status check_shortcuts(const cohl_vae_config *c, cohl_error *err)
{
    int last = c->stage_count - 1;
    for (int i = 0, in = c->dim; i <= last; i++) {
        int out = c->dim * c->dim_mult[i], factor = (i < last ? 4 : 1) * (i < last && c->temporal_down[i] ? 2 : 1);
        if (in * factor % out)
            return cohl_fail(err, COHL_ERR_FORMAT, "encoder stage %d: %d channels times %d do not average to %d",
                             i, in, factor, out);
        in = out;
    }
    for (int i = 0, in = c->dec_dim * c->dim_mult[last]; i < last; i++) {
        int out = c->dec_dim * c->dim_mult[last - i], factor = c->temporal_down[last - 1 - i] ? 8 : 4;
        if (out * factor % in)
            return cohl_fail(err, COHL_ERR_FORMAT, "decoder stage %d: %d channels do not repeat to %d times %d", i,
                             in, out, factor);
        in = out;
    }
    return COHL_OK;
}

/* Up stages without shortcuts halve their width. */
static cohl_status check_halves(const cohl_vae_config *c, cohl_error *err)
{
    for (int i = 1; i < c->stage_count; i++)
        if (c->dec_dim * c->dim_mult[i] % 2)
            return cohl_fail(err, COHL_ERR_FORMAT, "a decoder stage of %d channels does not halve",
                             c->dec_dim * c->dim_mult[i]);
    return COHL_OK;
}

/* ---- from config.json ---------------------------------------------------- */

static void read_normal(cohl_config *json, const char *key, double low, double fallback, int z_dim, float *out)
{
    double value[COHL_VAE_Z_MAX];
    int count = 0;
    for (int i = 0; i < z_dim; i++)
        out[i] = (float)fallback;
    if (!cohl_config_has(json, key))
        return;
    cohl_config_floats(json, key, low, 1e4, z_dim, z_dim, value, &count);
    for (int i = 0; i < count && i < z_dim; i++)
        out[i] = (float)value[i];
}

cohl_status cohl_vae_config_read(cohl_vae_config *out, cohl_config *json, cohl_error *err)
{
    bool library = cohl_config_has(json, "base_dim");   /* the diffusers library's spelling */
    bool averaging;
    cohl_status st;
    *out = (cohl_vae_config){ 0 };
    cohl_config_int(json, library ? "base_dim" : "dim", 1, 4096, &out->dim);
    cohl_config_int_or(json, library ? "decoder_base_dim" : "dec_dim", 1, 4096, out->dim, &out->dec_dim);
    cohl_config_int(json, "z_dim", 1, COHL_VAE_Z_MAX, &out->z_dim);
    cohl_config_int_or(json, library ? "patch_size" : "patch", 1, 4, library ? 1 : 2, &out->patch);
    cohl_config_bool_or(json, "linear", false, &out->linear);
    cohl_config_ints(json, "dim_mult", 1, 64, 2, COHL_VAE_STAGE_MAX, out->dim_mult, &out->stage_count);
    cohl_config_int(json, "num_res_blocks", 1, COHL_VAE_RES_MAX - 1, &out->num_res_blocks);
    cohl_config_bool_or(json, "is_residual", !library, &averaging);
    read_normal(json, library ? "latents_mean" : "latent_mean", -1e4, 0, out->z_dim, out->latent_mean);
    read_normal(json, library ? "latents_std" : "latent_std", 1e-6, 1, out->z_dim, out->latent_std);
    out->plain = !averaging;
    if ((st = cohl_config_done(json, err)))      return st;
    if ((st = read_temporal(out, json, err)))    return st;
    return out->plain ? check_halves(out, err) : check_shortcuts(out, err);
}

/* ---- from the weights ---------------------------------------------------- */

enum { Z_21 = 16, Z_22 = 48 };

/* Wan 2.1, wan/modules/vae.py. */
static const float MEAN_21[Z_21] = {
    -0.7571f, -0.7089f, -0.9113f, 0.1075f, -0.1745f, 0.9653f, -0.1517f, 1.5508f, 0.4134f, -0.0715f, 0.5517f, -0.3632f,
    -0.1922f, -0.9497f, 0.2503f, -0.2921f,
};
static const float STD_21[Z_21] = {
    2.8184f, 1.4541f, 2.3275f, 2.6558f, 1.2196f, 1.7708f, 2.6052f, 2.0743f, 3.2687f, 2.1526f, 2.8652f, 1.5579f,
    1.6382f, 1.1253f, 2.8251f, 1.916f,
};
/* Wan 2.2, wan/modules/vae2_2.py. */
static const float MEAN_22[Z_22] = {
    -0.2289f, -0.0052f, -0.1323f, -0.2339f, -0.2799f, 0.0174f, 0.1838f, 0.1557f, -0.1382f, 0.0542f, 0.2813f, 0.0891f,
    0.157f, -0.0098f, 0.0375f, -0.1825f, -0.2246f, -0.1207f, -0.0698f, 0.5109f, 0.2665f, -0.2108f, -0.2158f, 0.2502f,
    -0.2055f, -0.0322f, 0.1109f, 0.1567f, -0.0729f, 0.0899f, -0.2799f, -0.123f, -0.0313f, -0.1649f, 0.0117f, 0.0723f,
    -0.2839f, -0.2083f, -0.052f, 0.3748f, 0.0152f, 0.1957f, 0.1433f, -0.2944f, 0.3573f, -0.0548f, -0.1681f, -0.0667f,
};
static const float STD_22[Z_22] = {
    0.4765f, 1.0364f, 0.4514f, 1.1677f, 0.5313f, 0.499f, 0.4818f, 0.5013f, 0.8158f, 1.0344f, 0.5894f, 1.0901f,
    0.6885f, 0.6165f, 0.8454f, 0.4978f, 0.5759f, 0.3523f, 0.7135f, 0.6804f, 0.5833f, 1.4146f, 0.8986f, 0.5659f,
    0.7069f, 0.5338f, 0.4889f, 0.4917f, 0.4069f, 0.4999f, 0.6866f, 0.4093f, 0.5709f, 0.6065f, 0.6415f, 0.4944f,
    0.5726f, 1.2042f, 0.5458f, 1.6887f, 0.3971f, 1.06f, 0.3943f, 0.5537f, 0.5444f, 0.4089f, 0.7468f, 0.7744f,
};

static int first_dimension(const cohl_weights *weights, const char *name)
{
    const cohl_weight *w = cohl_weights_find(weights, name);
    return w && w->rank >= 1 && w->dim[0] >= 1 && w->dim[0] <= 4096 ? (int)w->dim[0] : 0;
}

bool cohl_vae_config_infer(cohl_vae_config *out, const cohl_weights *weights)
{
    bool folded = cohl_weights_find(weights, "encoder.downsamples.0.downsamples.0.residual.2.weight") != NULL;
    int z = folded ? Z_22 : Z_21;
    *out = (cohl_vae_config){
        .dim = first_dimension(weights, "encoder.conv1.bias"),
        .dec_dim = first_dimension(weights, "decoder.head.0.gamma"), .z_dim = z,
        .patch = folded ? 2 : 1, .stage_count = 4, .dim_mult = { 1, 2, 4, 4 }, .num_res_blocks = 2,
        .plain = !folded, .temporal_down = { false, true, true },
    };
    memcpy(out->latent_mean, folded ? MEAN_22 : MEAN_21, (size_t)z * sizeof *out->latent_mean);
    memcpy(out->latent_std, folded ? STD_22 : STD_21, (size_t)z * sizeof *out->latent_std);
    return out->dim && out->dec_dim && first_dimension(weights, "conv2.bias") == z;
}
