/* film_model.h - a model that makes film, as a folder in the diffusers library's layout.
 *
 *     model_index.json                 what it is, and under "cohl" what it can
 *     tokenizer/                       tokenizer.h
 *     text_encoder/  config.json and safetensors
 *     transformer/   config.json and safetensors, sharded or not
 *     vae/           config.json and safetensors
 *     scheduler/     config.json       how it is best sampled
 *
 *     "cohl": { "name": "mini", "about": "...", "known": "timestep:any", "fps": 16,
 *               "frames": [17, 81], "sizes": [[320, 192], [192, 320]], "words": 2 }
 *     scheduler: { "solver": "unipc", "steps": 30, "shift": 5, "guidance": 5 }
 *
 * Loaded once, then read-only and safe for several runs at a time. */
#ifndef COHL_MODEL_FILM_MODEL_H
#define COHL_MODEL_FILM_MODEL_H

#include "diffusion/known.h"
#include "diffusion/schedule.h"
#include "diffusion/solver.h"
#include "model/dit.h"
#include "model/text_encoder.h"
#include "model/tokenizer.h"
#include "model/vae.h"

enum { COHL_MODEL_SIZES_MAX = 32, COHL_MODEL_FRAMES_MAX = 4097,
       COHL_MODEL_GRID = COHL_VAE_SPACE * COHL_DIT_PATCH };   /* sizes are multiples of it */

/* What model_index.json says a model can. */
typedef struct cohl_film_abilities {
    char   name[64], about[256];
    double fps;                            /* of its films                          (16) */
    int    frames_min, frames_max;         /* 4k+1: the shortest and longest it learned (17, 81) */
    int    size_count;
    int    size[COHL_MODEL_SIZES_MAX][2];  /* width, height it learned; the first is the usual one */
    int    words;                          /* 0: any language; 1, 2: the act of film/words.h it knows */
    const cohl_known_kind *known;          /* diffusion/known.h               (none)     */
} cohl_film_abilities;

/* How it is sampled when nobody asks for anything else. */
typedef struct cohl_film_sampling {
    const cohl_solver *solver;             /* (unipc) */
    int    steps;                          /* (30)    */
    double shift, guidance;                /* (5, 5)  */
} cohl_film_sampling;

typedef struct cohl_film_model {
    char               *folder;
    cohl_film_abilities can;
    cohl_film_sampling  sampling;
    cohl_tokenizer     *tokenizer;
    cohl_text_encoder  *text;
    cohl_dit           *dit;
    cohl_vae           *vae;
} cohl_film_model;

/* What a folder says of itself, without its weights.
 *
 * COHL_ERR_IO           the folder or a file is missing
 * COHL_ERR_FORMAT       a value is out of range; or frames or sizes off the grid
 * COHL_ERR_UNSUPPORTED  a solver or a way of knowing frames that is not here    */
cohl_status cohl_film_model_describe(cohl_film_abilities *can, cohl_film_sampling *sampling, const char *folder,
                                     cohl_error *err);

/* Weights come into the memory of ctx's back end, as `dtype` (F32 or BF16; the
 * autoencoder's as F32); ctx outlives the model. As above, and COHL_ERR_FORMAT where a
 * weight is missing or the parts do not fit each other: the sentence names both. */
cohl_status cohl_film_model_load(cohl_film_model **out, const char *folder, cohl_ctx *ctx, cohl_dtype dtype,
                                 cohl_error *err);
void        cohl_film_model_free(cohl_film_model *model);

#endif
