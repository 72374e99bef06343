/* vae.c - the video autoencoders of Wan 2.1 and 2.2: clips to latents and back. */
#include "model/vae.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/vae_net.h"
#include "tensor/backend.h"
#include "tensor/ops.h"

/* ---- the model ----------------------------------------------------------- */

cohl_status cohl_vae_new(cohl_vae **out, const cohl_vae_config *config, cohl_error *err)
{
    cohl_vae *vae = calloc(1, sizeof *vae);
    if (vae)
        vae->net = calloc(1, sizeof *vae->net);
    if (!vae || !vae->net) {
        cohl_vae_free(vae);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for an autoencoder");
    }
    vae->config = *config;
    vae_net_declare(vae->net, config, &vae->params);
    *out = vae;
    return COHL_OK;
}

void cohl_vae_free(cohl_vae *vae)
{
    if (!vae)
        return;
    cohl_params_free(&vae->params);
    free(vae->net);
    free(vae);
}

/* A vector of the host as a constant of x's shape, repeated along the last axis. */
static cohl_tensor *spread(cohl_ctx *ctx, const float *vector, const cohl_tensor *x)
{
    int64_t rows = cohl_tensor_rows(x), width = cohl_tensor_width(x);
    cohl_tensor *table = cohl_tensor_upload(ctx, vector, COHL_F32, 2, (int64_t[]){ 1, width });
    cohl_tensor *zeros = cohl_tensor_zero(ctx, COHL_I32, 1, &rows);
    return cohl_reshape(ctx, cohl_gather(ctx, table, zeros), x->rank, x->dim);
}

/* y = (x + shift) * factor, channel by channel. */
static cohl_tensor *shift_scale(cohl_ctx *ctx, cohl_tensor *x, const float *shift, const float *factor)
{
    if (!x)
        return NULL;
    int64_t width = cohl_tensor_width(x);
    x = cohl_add_row(ctx, x, cohl_tensor_upload(ctx, shift, COHL_F32, 1, &width));
    return x ? cohl_mul(ctx, x, spread(ctx, factor, x)) : NULL;
}

static cohl_tensor *normalise(cohl_ctx *ctx, const cohl_vae *vae, cohl_tensor *mean)
{
    const cohl_vae_config *c = &vae->config;
    float shift[COHL_VAE_Z_MAX], factor[COHL_VAE_Z_MAX];
    for (int i = 0; i < c->z_dim; i++) {
        shift[i] = -c->latent_mean[i];
        factor[i] = 1 / c->latent_std[i];
    }
    return shift_scale(ctx, mean, shift, factor);
}

/* latent * std + mean = (latent + mean / std) * std */
static cohl_tensor *denormalise(cohl_ctx *ctx, const cohl_vae *vae, cohl_tensor *latent)
{
    const cohl_vae_config *c = &vae->config;
    float shift[COHL_VAE_Z_MAX];
    for (int i = 0; i < c->z_dim; i++)
        shift[i] = c->latent_mean[i] / c->latent_std[i];
    return shift_scale(ctx, latent, shift, c->latent_std);
}

static void check_rgb(const cohl_vae *vae, const cohl_tensor *rgb)
{
    int space = cohl_vae_space(&vae->config);
    assert(!rgb || (rgb->rank == 4 && rgb->dim[3] == 3));
    assert(!rgb || (rgb->dim[1] % space == 0 && rgb->dim[2] % space == 0));
}

cohl_tensor *cohl_vae_encode_raw(cohl_ctx *ctx, const cohl_vae *vae, cohl_tensor *rgb)
{
    check_rgb(vae, rgb);
    assert(!rgb || rgb->dim[0] % COHL_VAE_TIME == 1);
    return vae_net_encode(ctx, vae->net, NULL, rgb);
}

cohl_tensor *cohl_vae_encode(cohl_ctx *ctx, const cohl_vae *vae, cohl_tensor *rgb)
{
    return normalise(ctx, vae, cohl_vae_encode_raw(ctx, vae, rgb));
}

cohl_tensor *cohl_vae_decode_raw(cohl_ctx *ctx, const cohl_vae *vae, cohl_tensor *latent)
{
    assert(!latent || (latent->rank == 4 && latent->dim[3] == vae->config.z_dim));
    return vae_net_decode(ctx, vae->net, NULL, latent);
}

cohl_tensor *cohl_vae_decode(cohl_ctx *ctx, const cohl_vae *vae, cohl_tensor *latent)
{
    return cohl_vae_decode_raw(ctx, vae, denormalise(ctx, vae, latent));
}

/* ---- piece by piece ------------------------------------------------------ */

cohl_status cohl_vae_stream_open(cohl_vae_stream **out, cohl_ctx *ctx, const cohl_vae *vae,
                                 cohl_vae_direction direction, cohl_error *err)
{
    int count = vae_net_memories(&vae->config);
    cohl_vae_stream *stream = calloc(1, sizeof *stream + (size_t)count * sizeof *stream->seen);
    if (!stream)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a stream of frames");
    stream->ctx = ctx;
    stream->vae = vae;
    stream->direction = direction;
    stream->count = count;
    *out = stream;
    return COHL_OK;
}

void cohl_vae_stream_close(cohl_vae_stream *stream)
{
    if (!stream)
        return;
    for (int i = 0; i < stream->count; i++)
        if (stream->seen[i].data)
            stream->ctx->backend->free(stream->ctx, stream->seen[i].data);
    free(stream);
}

static cohl_tensor *encode_piece(cohl_vae_stream *stream, cohl_tensor *rgb)
{
    check_rgb(stream->vae, rgb);
    assert(!rgb || rgb->dim[0] == (stream->piece ? COHL_VAE_TIME : 1));
    cohl_tensor *mean = vae_net_encode(stream->ctx, stream->vae->net, stream, rgb);
    return normalise(stream->ctx, stream->vae, mean);
}

static cohl_tensor *decode_piece(cohl_vae_stream *stream, cohl_tensor *latent)
{
    assert(!latent || latent->dim[0] == 1);
    latent = denormalise(stream->ctx, stream->vae, latent);
    return vae_net_decode(stream->ctx, stream->vae->net, stream, latent);
}

cohl_tensor *cohl_vae_stream_next(cohl_vae_stream *stream, cohl_tensor *piece)
{
    assert(!stream->ctx->tape);
    cohl_tensor *result = stream->direction == COHL_VAE_ENCODE ? encode_piece(stream, piece)
                                                               : decode_piece(stream, piece);
    stream->piece++;
    return result;
}
