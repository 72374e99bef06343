/* piece.h - pieces of a run, with zeros in place of words and noise: to be timed, or counted. */
#ifndef COHL_ENGINE_PIECE_H
#define COHL_ENGINE_PIECE_H

#include "engine/decoder.h"

typedef struct engine_piece {
    const cohl_film_model *model;
    const cohl_dit *dit;             /* of the model, or one shaped as it                       */
    int branches, frames, height, width;      /* of the latent                                  */
    int text_rows;                   /* states of one branch                                    */
} engine_piece;

/* A step: the clip's keys, and a pass through the network. Failures stay in the context. */
void engine_piece_step(cohl_ctx *ctx, const engine_piece *piece);
/* A latent frame through the decoder. */
void engine_piece_decode(cohl_ctx *ctx, const engine_piece *piece, const engine_decoder *decoder);

#endif
