/* checkpoint.h - the whole state of a run in one safetensors file.
 *
 * "weights/SLOT", "m/SLOT", "v/SLOT", "average/SLOT" in F32; the metadata say
 * step, seed, task and model. Written beside and renamed, so a kill at any
 * instant leaves the last whole one. */
#ifndef COHL_TRAIN_CHECKPOINT_H
#define COHL_TRAIN_CHECKPOINT_H

#include "train/optimizer.h"
#include "train/recipe.h"

typedef struct cohl_progress {
    int64_t step;            /* steps done */
    double  seconds;         /* spent so far, all sittings together */
    double  joules;          /* estimated, all sittings together */
} cohl_progress;

cohl_status cohl_checkpoint_save(const char *path, cohl_optimizer *opt, const cohl_recipe *recipe,
                                 const cohl_progress *progress, cohl_error *err);

/* COHL_ERR_FORMAT  it is of another task, model or seed: the sentence says which */
cohl_status cohl_checkpoint_load(const char *path, cohl_optimizer *opt, const cohl_recipe *recipe,
                                 cohl_progress *progress, cohl_error *err);

#endif
