/* decoder.c - latents to frames, by the model's own autoencoder or by the fast one. */
#include "engine/decoder.h"

cohl_status engine_decoder_open(engine_decoder *d, cohl_ctx *ctx, const cohl_film_model *m, bool fast, cohl_error *err)
{
    *d = (engine_decoder){ 0 };
    return fast ? cohl_taehv_stream_open(&d->fast, ctx, m->fast, err)
                : cohl_vae_stream_open(&d->full, ctx, m->vae, COHL_VAE_DECODE, err);
}

cohl_tensor *engine_decoder_next(const engine_decoder *d, cohl_tensor *latent)
{
    return d->fast ? cohl_taehv_stream_next(d->fast, latent) : cohl_vae_stream_next(d->full, latent);
}

void engine_decoder_close(engine_decoder *d)
{
    cohl_taehv_stream_close(d->fast);
    cohl_vae_stream_close(d->full);
    *d = (engine_decoder){ 0 };
}
