/* latents.h - film rendered and encoded ahead, in files.
 *
 * A store is a list of shards, each 64 clips of one shape, encoded by
 * one autoencoder: bf16 latents, which cells hold a subject, and the seed each
 * scene came from (captions, labels and the camera follow from it). Which shard
 * holds what follows from its number, so a lost file is made again, the same.
 *
 *     cohl_latents_open(&store, &params, err);
 *     cohl_latents_need(store, shard_count, err);          renders what is missing
 *     const cohl_shard *shard = cohl_latents_shard(store, i); */
#ifndef COHL_TRAIN_LATENTS_H
#define COHL_TRAIN_LATENTS_H

#include "model/vae.h"
#include "theatre/scene.h"

enum { COHL_SHAPES_MAX = 8, COHL_SHARD_CLIPS = 64 };

/* A size and length of film. */
typedef struct cohl_film_shape {
    int width, height;    /* pixels, multiples of 32 */
    int frames;           /* 4k+1 */
} cohl_film_shape;

typedef struct cohl_latents_params {
    cohl_ctx   *ctx;
    const char *vae_folder;            /* config.json and model.safetensors */
    const char *folder;                /* where shards lie; made if missing */
    cohl_scene_request request;        /* act, actors; width, height, frames come from the shape */
    cohl_film_shape shape[COHL_SHAPES_MAX];   /* shard i has shape i % shape_count */
    int         shape_count;
    uint64_t    seed;
} cohl_latents_params;

typedef struct cohl_shard {
    cohl_scene_request request;               /* as its scenes were drawn */
    int frames, height, width, channels;      /* of a latent */
    uint16_t *latent;    /* bf16 [COHL_SHARD_CLIPS, frames, height, width, channels] */
    uint8_t  *cell;      /* [COHL_SHARD_CLIPS, frames, height, width]: 255 * share of subject */
    uint64_t *seed;      /* [COHL_SHARD_CLIPS] */
} cohl_shard;

typedef struct cohl_latents cohl_latents;

cohl_status cohl_latents_open(cohl_latents **out, const cohl_latents_params *params, cohl_error *err);
void        cohl_latents_close(cohl_latents *latents);

/* Have shards 0..count-1 in memory: read, or rendered, encoded and written. Uses the context; shards
 * that are there never move, so another thread may read them meanwhile. */
cohl_status cohl_latents_need(cohl_latents *latents, int count, cohl_error *err);

/* How many are there, and one of them. */
int cohl_latents_count(const cohl_latents *latents);
const cohl_shard *cohl_latents_shard(const cohl_latents *latents, int index);

const cohl_vae *cohl_latents_vae(const cohl_latents *latents);

#endif
