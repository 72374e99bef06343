/* golden_vae.c - records of the Wan 2.1 and 2.2 autoencoders: encode, decode, and both in pieces. */
#include <stdio.h>
#include <string.h>

#include "golden.h"
#include "model/vae.h"
#include "tensor/ops.h"

/* A clip through the stream, piece by piece, put together again. */
static cohl_tensor *in_pieces(golden *g, const cohl_vae *vae, cohl_vae_direction direction, cohl_tensor *clip)
{
    cohl_vae_stream *stream = NULL;
    cohl_tensor *part[64] = { 0 };
    int parts = 0, group = direction == COHL_VAE_ENCODE ? COHL_VAE_TIME : 1;
    if (!clip || cohl_vae_stream_open(&stream, g->ctx, vae, direction, &g->why))
        return NULL;
    for (int64_t at = 0, count = 1; at < clip->dim[0] && parts < 64; at += count, count = group)
        part[parts++] = cohl_vae_stream_next(stream, cohl_slice(g->ctx, clip, 0, at, count));
    cohl_vae_stream_close(stream);
    return cohl_concat(g->ctx, part, parts, 0);
}

static void run_case(golden *g, const cohl_vae *vae, int i, double latent_tolerance, double recon_tolerance)
{
    char latent_name[48], recon_name[48];
    snprintf(latent_name, sizeof latent_name, "case%d.latent", i);
    snprintf(recon_name, sizeof recon_name, "case%d.recon_raw", i);
    cohl_ctx_mark_t mark = cohl_ctx_mark(g->ctx);
    cohl_tensor *video = golden_upload(g, "case%d.video", i);
    if (video) {
        golden_compare_clip(g, cohl_vae_encode(g->ctx, vae, video), latent_name, latent_tolerance, 1);
        golden_compare_clip(g, in_pieces(g, vae, COHL_VAE_ENCODE, video), latent_name, latent_tolerance, 1);
    }
    cohl_tensor *latent = golden_upload(g, "case%d.latent", i);
    if (latent) {
        golden_compare_clip(g, cohl_vae_decode(g->ctx, vae, latent), recon_name, recon_tolerance, 1);
        golden_compare_clip(g, in_pieces(g, vae, COHL_VAE_DECODE, latent), recon_name, recon_tolerance, 1);
    }
    cohl_ctx_release(g->ctx, mark);
}

/* The records say by their kind, and by 2.2's own width of the decoder, what config.json has a key for. */
cohl_status golden_vae_config(cohl_vae_config *out, const golden *g, const char *key, cohl_error *err)
{
    json_t *object = key ? json_object_get(g->config, key) : (json_t *)g->config;
    cohl_config *json = NULL;
    static const char *const shared[] = { "latent_mean", "latent_std" };
    if (object && !json_object_get(object, "dec_dim")) {
        json_object_set_new(object, "patch", json_integer(1));
        json_object_set_new(object, "is_residual", json_false());
    }
    for (int i = 0; i < 2 && key; i++)
        json_object_set(object, shared[i], json_object_get(g->config, shared[i]));
    cohl_status st = golden_config(&json, g, key, err);
    if (!st)
        st = cohl_vae_config_read(out, json, err);
    cohl_config_close(json);
    return st;
}

cohl_status golden_vae(golden *g, cohl_error *err)
{
    cohl_vae_config config;
    cohl_vae *vae = NULL;
    cohl_status st;
    const json_t *tolerance = json_object_get(g->config, "tolerance");

    if ((st = golden_vae_config(&config, g, NULL, err)))           goto done;
    if ((st = cohl_vae_new(&vae, &config, err)))                   goto done;
    if ((st = golden_load(g, &vae->params, "weights.safetensors", err))) goto done;
    for (size_t i = 0; i < json_array_size(json_object_get(g->config, "cases")); i++)
        run_case(g, vae, (int)i, golden_number(tolerance, "latent_maxabs_f32", 3e-5),
                 golden_number(tolerance, "recon_maxabs_f32", 3e-5));
    st = cohl_ctx_status(g->ctx, err);
done:
    cohl_vae_free(vae);
    return st;
}
