/* recipe.h - what a training run is, as a short file.
 *
 *     { "task": "vae", "seed": 1, "steps": 20000, "batch": 4,
 *       "optimizer": { "matrix": "muon", "matrix_rate": 0.003, "rate": 0.001 },
 *       "schedule": { "warmup": 100, "decay": 0.4 },
 *       "model": { ... }, "data": { ... } }
 *
 * A recipe and a step decide everything a run does. What it needs beyond the
 * common part stands in sections that the task reads. */
#ifndef COHL_TRAIN_RECIPE_H
#define COHL_TRAIN_RECIPE_H

#include "train/optimizer.h"
#include "weights/config.h"

typedef struct cohl_recipe {
    char     name[64];              /* the file's name without folder and ending      */
    char     task[32];              /* a name of cohl_task_kinds                       */
    uint64_t seed;                  /* 0..2^31-1                                   (0) */
    int      steps;                 /* 1..1e9                                          */
    int      batch;                 /* 1..4096 samples a step                          */
    double   warmup;                /* steps of linear rise                      (100) */
    double   decay;                 /* part of the run that falls linearly to 0  (0.4) */
    int      evaluate_every;        /* steps between held-out losses             (500) */
    int      sheet_every;           /* steps between sample sheets, 0 = never   (2000) */
    double   save_seconds;          /* between checkpoints                       (120) */
    cohl_optimizer_params optimizer;
    char    *start_from;            /* folder of weights to begin with, or NULL        */
    cohl_config *config;            /* the whole file, for the task's sections         */
} cohl_recipe;

/* COHL_ERR_FORMAT  not JSON, a key missing or out of range: one sentence */
cohl_status cohl_recipe_open(cohl_recipe *recipe, const char *path, cohl_error *err);
cohl_status cohl_recipe_parse(cohl_recipe *recipe, const char *name, const char *text, size_t size,
                              cohl_error *err);
void cohl_recipe_close(cohl_recipe *recipe);

/* An object of the recipe as a config of its own; an absent one is empty. Close it. */
cohl_status cohl_recipe_section(const cohl_recipe *recipe, const char *key, cohl_config **out,
                                cohl_error *err);

/* The section as canonical text (sorted keys, no spaces), "{}" when absent; free() it.
 * Equal texts mean the same model. NULL when memory is out. */
char *cohl_recipe_section_text(const cohl_recipe *recipe, const char *key);

/* The factor of the learning rates at a step: warm-up, stable, decay. */
double cohl_recipe_rate(const cohl_recipe *recipe, int64_t step);

#endif
