/* film_model.h - a model that makes film, as a folder.
 *
 * A Wan model is taken as it was downloaded, in any layout (film_places.h): it is known by its shape and
 * sampled as its authors do (family.h). A model of our own says of itself what it is, in the
 * diffusers library's layout:
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
 *     scheduler: { "solver": "unipc", "steps": 30, "shift": 5, "guidance": 5, "reuse": 0 }
 *
 * Loaded once, then read-only and safe for several runs at a time. A text encoder of billions of
 * parameters and the image encoder stay in their files, which are open as long as the model; with a
 * room, transformers do too. */
#ifndef COHL_MODEL_FILM_MODEL_H
#define COHL_MODEL_FILM_MODEL_H

#include "diffusion/known.h"
#include "diffusion/schedule.h"
#include "diffusion/solver.h"
#include "model/dit.h"
#include "model/image_encoder.h"
#include "model/picture.h"
#include "model/taehv.h"
#include "model/text_encoder.h"
#include "model/tokenizer.h"
#include "model/vae.h"

enum { COHL_MODEL_SIZES_MAX = 32, COHL_MODEL_FRAMES_MAX = 4097 };

/* What a model can, as its model_index.json or its family says. */
typedef struct cohl_film_abilities {
    char   name[64], about[256];
    double fps;                            /* of its films                          (16) */
    int    frames_min, frames_max;         /* 4k+1: the shortest and longest it learned (17, 81) */
    int    size_count;
    int    size[COHL_MODEL_SIZES_MAX][2];  /* width, height it learned; the first is the usual one */
    int    words;                          /* 0: any language; 1, 2: the act of film/words.h it knows */
    const cohl_known_kind *known;          /* diffusion/known.h               (none)     */
    int    grid;                           /* sizes are multiples of it, 32 or 16        */
    cohl_picture_fitting fit;              /* of given pictures to the film's size       */
    bool   follows_pictures;               /* a film from a picture has its proportions, where no size is asked for */
} cohl_film_abilities;

/* How it is sampled when nobody asks for anything else. */
typedef struct cohl_film_sampling {
    const cohl_solver *solver;             /* (unipc) */
    int    steps;                          /* (30)    */
    double shift, guidance;                /* (5, 5)  */
    double boundary, low_guidance;         /* of two experts: where the second takes over, 0..1, and its guidance */
    const char *negative;                  /* the usual negative prompt; NULL = the empty one */
    double reuse;                          /* threshold of step reuse (diffusion/reuse.h)  (0: none) */
} cohl_film_sampling;

typedef struct cohl_film_model {
    char               *folder;
    cohl_film_abilities can;
    cohl_film_sampling  sampling;
    cohl_tokenizer     *tokenizer;
    cohl_text_encoder  *text;
    cohl_dit           *dit;
    cohl_dit           *low_dit;           /* the second of two experts, or NULL */
    cohl_vae           *vae;
    cohl_image_encoder *image;             /* NULL where the transformer takes no image tokens */
    cohl_taehv         *fast;              /* a fast autoencoder that lies beside the other, or NULL */
    cohl_weights       *text_weights, *image_weights;   /* of what stays in its file */
    cohl_weights       *dit_weights, *low_weights;
} cohl_film_model;

/* What a folder says of itself, without reading its weights.
 *
 * COHL_ERR_IO           the folder or a file is missing
 * COHL_ERR_FORMAT       a value is out of range; or frames or sizes off the grid
 * COHL_ERR_UNSUPPORTED  a solver or a way of knowing frames that is not here; a transformer of no
 *                       known form                                               */
cohl_status cohl_film_model_describe(cohl_film_abilities *can, cohl_film_sampling *sampling, const char *folder,
                                     cohl_error *err);

/* Weights come into the memory of ctx's back end, as `dtype` (F32 or BF16; the
 * autoencoder's as F32); ctx outlives the model. As above, and COHL_ERR_FORMAT where a
 * weight is missing or the parts do not fit each other: the sentence names both. */
cohl_status cohl_film_model_load(cohl_film_model **out, const char *folder, cohl_ctx *ctx, cohl_dtype dtype,
                                 cohl_error *err);
/* How it is loaded. */
typedef struct cohl_film_loading {
    const char *loras;        /* files laid over the transformer as it is read, "FILE[:0.8],..." (weights/lora.h);
                                 one that is known to need few steps changes how the model is usually sampled (NULL) */
    cohl_dtype  dtype;        /* F32, BF16 or Q8, as of cohl_params_use                              (F32) */
    cohl_room  *room;         /* for transformers that stay in their files (shelf.h); borrowed as long as the
                                 model; NULL = they are held                                        (NULL) */
    int64_t     held_most;    /* with a room: parameters above which a network stays in its file       (0) */
} cohl_film_loading;

/* The same, in more ways. */
cohl_status cohl_film_model_load_as(cohl_film_model **out, const char *folder, const cohl_film_loading *how,
                                    cohl_ctx *ctx, cohl_error *err);
void        cohl_film_model_free(cohl_film_model *model);

#endif
