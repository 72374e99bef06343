/* engine.h - the inside of the engine's two nouns; for engine/ only. include/cohl/cohl.h is
 * the manual. */
#ifndef COHL_ENGINE_ENGINE_H
#define COHL_ENGINE_ENGINE_H

#include "base/worker.h"
#include "cohl/cohl.h"
#include "engine/vocabulary.h"
#include "media/frame.h"
#include "model/film_model.h"

struct cohl_engine {
    cohl_ctx         weights;       /* whose back end holds them; its scratch is not used */
    cohl_precision   precision;
    cohl_workers    *workers;
    cohl_film_model *model;
    cohl_vocabulary *vocabulary;    /* NULL: the model was not taught from a list */
};

/* A request with strings of its own. */
typedef struct engine_request {
    cohl_request request;
    char        *text[7];           /* prompt, negative, solver, pictures and their digests */
} engine_request;

cohl_status engine_request_copy(engine_request *out, const cohl_request *from, cohl_error *err);
void        engine_request_free(engine_request *request);

/* The request as JSON, new memory; NULL when there is none. The plan's figures stand in it, so
 * that a model with other defaults makes the same film. */
char *engine_recipe_write(const cohl_engine *engine, const cohl_request *request, const cohl_plan *plan);

/* Level of each latent frame: 0 where a picture stands, else 1. Returns whether any is 0.
 * level [model frames / 4 + 1] */
bool engine_levels(const cohl_request *request, const cohl_plan *plan, float *level);
static inline int engine_latent_frames(const cohl_plan *plan) { return (plan->model_frames - 1) / COHL_VAE_TIME + 1; }

/* cohl_run_estimate of a plan; *cancel ends it. */
cohl_status engine_estimate(const cohl_engine *engine, const cohl_plan *plan, const volatile bool *cancel,
                            cohl_run_estimate *out, cohl_error *err);

/* Which frame of the model is shown as frame `index` of the film. */
int engine_shown(const cohl_plan *plan, int index);

#endif
