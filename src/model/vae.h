/* vae.h - the video autoencoders of Wan 2.1 and 2.2: clips to latents and back.
 *
 * Causal in time: latent frame 0 stands for frame 0 alone, each later one for
 * four frames, and none looks ahead. So a clip may be coded whole (training,
 * with a tape) or piece by piece with the same numbers (a film of any length
 * in fixed memory). A latent cell covers 16 x 16 pixels, in Wan 2.1's 8 x 8.
 *
 *     cohl_vae_new(&vae, &config, err);
 *     cohl_params_alloc(&vae->params, ctx, &(cohl_params_use){ 0 }, err);
 *     cohl_params_load(&vae->params, weights, err);
 *     cohl_tensor *latent = cohl_vae_encode(ctx, vae, rgb);
 *     cohl_tensor *again  = cohl_vae_decode(ctx, vae, latent);
 *
 *     cohl_vae_stream_open(&stream, ctx, vae, COHL_VAE_DECODE, err);
 *     for (int i = 0; i < latent_frames; i++) {
 *         cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
 *         cohl_tensor *rgb = cohl_vae_stream_next(stream, latent_frame[i]);   1, then 4 frames
 *         ...
 *         cohl_ctx_release(ctx, mark);
 *     }
 *     cohl_vae_stream_close(stream);
 *
 * Layout as in the official release, names of its state dict
 * ("encoder.downsamples.0.downsamples.0.residual.2.weight").
 *
 * A small autoencoder may be `linear`: then a cell's latent is a linear map of its pixels,
 * the same everywhere (its principal components: "encoder.linear.first" for frame 0,
 * "encoder.linear.rest" for four frames), and there is no encoder network; the decoder adds its
 * network, which sees the neighbours, to the map back ("decoder.linear.first", ".rest"). Latents
 * are final before any training, and stay valid while the decoder goes on learning. */
#ifndef COHL_MODEL_VAE_H
#define COHL_MODEL_VAE_H

#include "model/params.h"
#include "weights/config.h"

enum {
    COHL_VAE_STAGE_MAX = 6, COHL_VAE_Z_MAX = 128,
    COHL_VAE_SPACE = 16, COHL_VAE_TIME = 4,   /* pixels (of ours and Wan 2.2's) and frames a latent cell covers */
};

typedef struct cohl_vae_config {
    int   dim, dec_dim;                          /* base widths of encoder and decoder */
    int   z_dim;                                 /* latent channels */
    int   patch;                                 /* pixels folded into channels, each way: 1, 2, 4 (2) */
    bool  linear;                                /* cells are coded by a linear map, see below (false) */
    int   stage_count;
    int   dim_mult[COHL_VAE_STAGE_MAX];          /* width of each stage, in base widths */
    int   num_res_blocks;
    bool  plain;                                 /* Wan 2.1: stages without averaging shortcuts, and up stages
                                                    hand on half their width (false) */
    bool  temporal_down[COHL_VAE_STAGE_MAX - 1]; /* also halves time */
    float latent_mean[COHL_VAE_Z_MAX], latent_std[COHL_VAE_Z_MAX];
} cohl_vae_config;

/* Keys dim, dec_dim (default dim), z_dim, patch (default 2), linear (default false), dim_mult,
 * num_res_blocks, temperal_downsample, is_residual (default true; the opposite of plain), latent_mean and latent_std (defaults 0 and 1). The diffusers library's
 * spelling is read too: base_dim, decoder_base_dim, patch_size, latents_mean, latents_std; there
 * is_residual is false where it is missing. COHL_ERR_UNSUPPORTED where the stages do not make
 * 16 x 16 x 4 or 8 x 8 x 4, COHL_ERR_FORMAT where widths do not divide as the shortcuts need. */
cohl_status cohl_vae_config_read(cohl_vae_config *out, cohl_config *json, cohl_error *err);

/* The releases' own: Wan 2.1's for 16 latent channels, Wan 2.2's for 48; those files say nothing of
 * themselves. False where the weights are neither. */
bool cohl_vae_config_infer(cohl_vae_config *out, const cohl_weights *weights);
/* Pixels a side of a latent cell: 8 or 16. */
int  cohl_vae_space(const cohl_vae_config *config);

typedef struct cohl_vae_net cohl_vae_net;

typedef struct cohl_vae {
    cohl_vae_config config;
    cohl_params     params;
    cohl_vae_net   *net;    /* the parameters by their place */
} cohl_vae;

/* Declares the parameters; cohl_params_alloc gives them memory. */
cohl_status cohl_vae_new(cohl_vae **out, const cohl_vae_config *config, cohl_error *err);
void        cohl_vae_free(cohl_vae *vae);

/* rgb [1+4k, height, width, 3], -1..1; height and width multiples of the cell's s pixels
 * -> [1+k, height/s, width/s, z_dim], the posterior mean, normalised: (mean - latent_mean) / latent_std. */
cohl_tensor *cohl_vae_encode(cohl_ctx *ctx, const cohl_vae *vae, cohl_tensor *rgb);
/* latent [1+k, h, w, z_dim], normalised -> [1+4k, s h, s w, 3], near -1..1, not clamped. */
cohl_tensor *cohl_vae_decode(cohl_ctx *ctx, const cohl_vae *vae, cohl_tensor *latent);
/* The same without the normalisation, for training before mean and deviation are known. */
cohl_tensor *cohl_vae_encode_raw(cohl_ctx *ctx, const cohl_vae *vae, cohl_tensor *rgb);
cohl_tensor *cohl_vae_decode_raw(cohl_ctx *ctx, const cohl_vae *vae, cohl_tensor *latent);

/* ---- piece by piece ------------------------------------------------------ */

typedef enum cohl_vae_direction { COHL_VAE_ENCODE, COHL_VAE_DECODE } cohl_vae_direction;
typedef struct cohl_vae_stream cohl_vae_stream;

/* vae and ctx outlive the stream. What it remembers lies outside scratch and
 * stops growing after the second piece. */
cohl_status cohl_vae_stream_open(cohl_vae_stream **out, cohl_ctx *ctx, const cohl_vae *vae,
                                 cohl_vae_direction direction, cohl_error *err);
void        cohl_vae_stream_close(cohl_vae_stream *stream);

/* Decode: one latent frame [1, h, w, z_dim] in; the first gives 1 frame, each other 4.
 * Encode: frame 0 [1, height, width, 3] in, then four at a time; each gives one latent frame.
 * Normalised latents. The result lies in scratch. NULL after a failure, told by the context.
 * Not while a tape records. */
cohl_tensor *cohl_vae_stream_next(cohl_vae_stream *stream, cohl_tensor *piece);

#endif
