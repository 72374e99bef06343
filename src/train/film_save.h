/* film_save.h - the networks a film recipe trains: opened from it, saved as a model folder. */
#ifndef COHL_TRAIN_FILM_SAVE_H
#define COHL_TRAIN_FILM_SAVE_H

#include "model/dit.h"
#include "model/text_encoder.h"
#include "train/recipe.h"

typedef struct cohl_film_nets {
    cohl_text_encoder *text;
    cohl_dit          *dit;
} cohl_film_nets;

/* By "model": { "text_encoder": {...}, "transformer": {...} }, allocated for training, with the
 * weights of start_from or fresh ones. Whatever is set is the caller's to free, also on failure. */
cohl_status cohl_film_nets_open(cohl_film_nets *nets, const cohl_recipe *recipe, cohl_ctx *ctx,
                                cohl_error *err);

typedef struct cohl_film_save {
    const cohl_recipe    *recipe;
    const cohl_film_nets *nets;
    const char *vae_folder, *tokenizer_folder;    /* copied into the model's */
    cohl_dtype  dtype;
} cohl_film_save;

/* Can these be copied into a model's folder? Asked before the first step: hours later it would be too late.
 * COHL_ERR_UNSUPPORTED  one is in another layout */
cohl_status cohl_film_save_check(const char *vae_folder, const char *tokenizer_folder, cohl_error *err);

/* Write the whole model folder (model/film_model.h). "index" and "scheduler" of the recipe become
 * model_index.json and scheduler/config.json. */
cohl_status cohl_film_save_folder(const cohl_film_save *save, const char *folder, cohl_error *err);

#endif
