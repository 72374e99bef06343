/* decoder.h - latents to frames, by the model's own autoencoder or by the fast one that lies beside it. */
#ifndef COHL_ENGINE_DECODER_H
#define COHL_ENGINE_DECODER_H

#include "model/film_model.h"

typedef struct engine_decoder {
    cohl_vae_stream   *full;
    cohl_taehv_stream *fast;
} engine_decoder;

/* { 0 } is closed. fast: the model has one. */
cohl_status  engine_decoder_open(engine_decoder *decoder, cohl_ctx *ctx, const cohl_film_model *model, bool fast,
                                 cohl_error *err);
/* latent [1, h, w, z] -> one frame the first time, then four: [.., height, width, 3], near -1..1, in scratch. */
cohl_tensor *engine_decoder_next(const engine_decoder *decoder, cohl_tensor *latent);
void         engine_decoder_close(engine_decoder *decoder);

#endif
