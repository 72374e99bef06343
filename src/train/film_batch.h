/* film_batch.h - what the film model learns from at a step: noisy latents, words, known frames.
 *
 * A pure function of (recipe seed, step, shards): drawn in host memory, by any thread. */
#ifndef COHL_TRAIN_FILM_BATCH_H
#define COHL_TRAIN_FILM_BATCH_H

#include "model/dit.h"
#include "model/tokenizer.h"
#include "theatre/camera_code.h"
#include "train/latents.h"

/* How samples are drawn; the section "draw" of a recipe. */
typedef struct cohl_film_draw {
    int    text_max;        /* tokens of a caption at most                        (64)   */
    double drop_text;       /* part of the samples without words                  (0.1)  */
    double give_camera;     /* part that gets the camera's path as numbers        (0.3)  */
    double french, dense;   /* parts of the captions                        (0.35, 0.15) */
    double shift;           /* noise levels: s u / (1 + (s - 1) u), u logit-normal (2.5)  */
    double high;            /* part drawn evenly from [0.95, 1] instead           (0.12) */
    double known_first;     /* part with the first frame known                    (0.2)  */
    double known_some;      /* part with any subset of frames known               (0.1)  */
    double level_each;      /* part with a level of its own for each frame        (0.1)  */
    double subject_weight;  /* of cells that hold a subject, against 1            (3)    */
} cohl_film_draw;

/* Samples packed one behind the other, as cohl_dit_request takes them. */
typedef struct cohl_film_batch {
    int      count;                /* samples */
    int64_t  cells, frames;        /* of all latents */
    int      channels;
    cohl_dit_sample *sample;       /* [count] */
    int32_t *id;                   /* tokens of all captions */
    int     *id_count;             /* [count] */
    float   *noisy, *velocity;     /* [cells, channels] */
    float   *weight;               /* [cells] 0 where nothing is to be learned */
    float   *time;                 /* [frames] 0..1000 */
    float   *camera;               /* [frames, COHL_CAMERA_CODE] */
} cohl_film_batch;

/* seed decides all; samples come from shards 0..shard_count-1. */
cohl_status cohl_film_batch_draw(cohl_film_batch **out, const cohl_film_draw *draw,
                                 const cohl_latents *latents, int shard_count,
                                 const cohl_tokenizer *tokenizer, int count, uint64_t seed, cohl_error *err);
void cohl_film_batch_free(cohl_film_batch *batch);

#endif
