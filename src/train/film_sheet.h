/* film_sheet.h - what the film model makes of held-out prompts, on one sheet. */
#ifndef COHL_TRAIN_FILM_SHEET_H
#define COHL_TRAIN_FILM_SHEET_H

#include "model/tokenizer.h"
#include "train/film_save.h"
#include "train/latents.h"

/* All borrowed. */
typedef struct cohl_film_sheet {
    cohl_ctx             *ctx;
    const cohl_film_nets *nets;
    const cohl_vae       *vae;
    const cohl_tokenizer *tokenizer;
    const cohl_shard     *shard;      /* whose first scenes give prompts and size */
    int                   text_max;
} cohl_film_sheet;

/* Twelve films, three frames each (or twenty-four stills), their prompts below. */
cohl_status cohl_film_sheet_write(const cohl_film_sheet *sheet, const char *path, cohl_error *err);

#endif
