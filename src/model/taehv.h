/* taehv.h - TAEHV, the tiny autoencoder for the latents of Wan 2.1 and 2.2 (O. Boer Bohan, MIT).
 *
 * It makes nearly the frames of the model's own autoencoder at a twentieth of the work, for previews
 * and small machines. Everything is worked out frame by frame; only "memory" blocks see the frame
 * before. So a film of any length is decoded in fixed memory:
 *
 *     cohl_taehv_stream_open(&stream, ctx, taehv, err);
 *     for (int i = 0; i < latent_frames; i++) {
 *         cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
 *         cohl_tensor *rgb = cohl_taehv_stream_next(stream, latent_frame[i]);   1, then 4 frames
 *         ...
 *         cohl_ctx_release(ctx, mark);
 *     }
 *     cohl_taehv_stream_close(stream);
 *
 * It reads and makes the transformer's own latents, with no mean and deviation. Names as in the
 * published files ("decoder.3.conv.0.weight"). */
#ifndef COHL_MODEL_TAEHV_H
#define COHL_MODEL_TAEHV_H

#include "model/params.h"

enum { COHL_TAEHV_STAGES = 3, COHL_TAEHV_MEMORIES = 3, COHL_TAEHV_TIME = 4 };

typedef struct cohl_taehv_config {
    int  z_dim;                               /* latent channels                    (16, 48) */
    int  patch;                               /* pixels folded into channels         (1, 2)  */
    int  encoder_width;                       /*                                       (64)  */
    int  decoder_width[COHL_TAEHV_STAGES + 1];/*                          (256, 128, 64, 64) */
    bool time_down[COHL_TAEHV_STAGES];        /* stages that halve time (yes, yes, no)       */
    bool time_up[COHL_TAEHV_STAGES];          /* stages that double it  (no, yes, yes)       */
} cohl_taehv_config;

/* From the shapes of the weights: its files carry no configuration.
 *
 * COHL_ERR_FORMAT       they are no TAEHV
 * COHL_ERR_UNSUPPORTED  a form that codes other than four frames in one */
cohl_status cohl_taehv_config_infer(cohl_taehv_config *out, const cohl_weights *weights, cohl_error *err);

typedef struct cohl_taehv_net cohl_taehv_net;

typedef struct cohl_taehv {
    cohl_taehv_config config;
    cohl_params       params;
    cohl_taehv_net   *net;
    int               decoder_first;          /* the decoder's first parameter: the rest are its own */
} cohl_taehv;

/* Declares the parameters; cohl_params_alloc gives them memory. */
cohl_status cohl_taehv_new(cohl_taehv **out, const cohl_taehv_config *config, cohl_error *err);
/* What decodes, from a .safetensors file or a folder that holds one; the encoder's weights must be there and are not
 * held. */
cohl_status cohl_taehv_load_decoder(cohl_taehv **out, cohl_ctx *ctx, const char *path, cohl_error *err);
void        cohl_taehv_free(cohl_taehv *taehv);

/* Pixels a side of a latent cell: 8 or 16. */
int cohl_taehv_space(const cohl_taehv *taehv);

/* rgb [frames, height, width, 3], -1..1, sides multiples of cohl_taehv_space
 * -> [ceil(frames / 4), height / space, width / space, z_dim]; a group that is not full is filled
 * with the last frame. Not while a tape records, as all that follows. */
cohl_tensor *cohl_taehv_encode(cohl_ctx *ctx, const cohl_taehv *taehv, cohl_tensor *rgb);

typedef struct cohl_taehv_stream cohl_taehv_stream;

/* taehv and ctx outlive the stream. */
cohl_status cohl_taehv_stream_open(cohl_taehv_stream **out, cohl_ctx *ctx, const cohl_taehv *taehv, cohl_error *err);
void        cohl_taehv_stream_close(cohl_taehv_stream *stream);
/* latent [1, h, w, z_dim] -> [1, space h, space w, 3] the first time, then four frames; near -1..1,
 * not clamped. In scratch; NULL after a failure, told by the context. */
cohl_tensor *cohl_taehv_stream_next(cohl_taehv_stream *stream, cohl_tensor *latent);

#endif
