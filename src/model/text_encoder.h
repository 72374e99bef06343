/* text_encoder.h - the UMT5 encoder: token ids to text states.
 *
 * Prompts are packed one behind the other, without padding: the official
 * pipeline pads to 512 and masks, which gives the real tokens the same numbers.
 *
 *     int32_t id[] = { 259, 1421, 1,  77, 1 };
 *     cohl_tensor *states = cohl_text_encode(ctx, encoder, id, (int[]){ 3, 2 }, 2);   [5, dim]
 *
 * UMT5-XXL has 5.7 billion parameters and is asked once a film, so it may stay in its file:
 *
 *     cohl_text_encoder_stream(encoder, ctx, weights, COHL_BF16, NULL, err);
 *     states = cohl_text_encode(...);                          brings layer after layer
 *
 * Names as in the Wan release ("blocks.0.attn.q.weight"). */
#ifndef COHL_MODEL_TEXT_ENCODER_H
#define COHL_MODEL_TEXT_ENCODER_H

#include "model/shelf.h"
#include "weights/config.h"

typedef struct cohl_text_encoder_config {
    int   vocab;                       /* entries of the embedding */
    int   dim, dim_attn, dim_ffn;      /* widths: a state, all heads together, the feed-forward */
    int   num_heads, num_layers;
    int   num_buckets, max_distance;   /* of relative positions: 32, and 128 tokens away */
    float eps;
} cohl_text_encoder_config;

/* The keys are the fields' names, or those of the transformers library ("d_model", "d_kv", "d_ff").
 * COHL_ERR_UNSUPPORTED with shared_pos. */
cohl_status cohl_text_encoder_config_read(cohl_text_encoder_config *out, cohl_config *json, cohl_error *err);
/* The same from the shapes of the weights alone. COHL_ERR_FORMAT where they are no UMT5 encoder. */
cohl_status cohl_text_encoder_config_infer(cohl_text_encoder_config *out, const cohl_weights *weights, cohl_error *err);

typedef struct cohl_text_encoder_net cohl_text_encoder_net;

typedef struct cohl_text_encoder {
    cohl_text_encoder_config config;
    cohl_params              params;
    cohl_text_encoder_net   *net;
    const cohl_weights      *weights;  /* that parameters are brought from; NULL = all are held */
    cohl_shelf              *shelf;
} cohl_text_encoder;

/* Declares the parameters; cohl_params_alloc gives them memory. */
cohl_status cohl_text_encoder_new(cohl_text_encoder **out, const cohl_text_encoder_config *config,
                                  cohl_error *err);
void        cohl_text_encoder_free(cohl_text_encoder *encoder);

/* In place of cohl_params_alloc and a load: parameters are brought from `weights`, one layer at a
 * time, whenever prompts are encoded; of the embedding only the rows of their tokens are read.
 * room: what layers may stay in, or NULL = none stays. ctx, weights and room outlive the encoder.
 * Prompts of several threads wait for each other. Errors as cohl_params_load. */
cohl_status cohl_text_encoder_stream(cohl_text_encoder *encoder, cohl_ctx *ctx, const cohl_weights *weights,
                                     cohl_dtype dtype, cohl_room *room, cohl_error *err);
/* The memory that layers take turns in, when streamed. */
size_t      cohl_text_encoder_slot(const cohl_text_encoder *encoder);

/* id: all prompts' tokens, end-of-sequence included; length[prompts], each at least 1.
 * -> [sum of lengths, dim]. An id outside the vocabulary is COHL_ERR_ARGUMENT in the context. */
cohl_tensor *cohl_text_encode(cohl_ctx *ctx, const cohl_text_encoder *encoder, const int32_t *id,
                              const int *length, int prompts);

/* Bucket of the offset key - query: half of them for each sign, exact when near, then
 * logarithmic up to max_distance (Raffel et al. 2020, 2.1). */
int cohl_text_bucket(int offset, int num_buckets, int max_distance);

#endif
