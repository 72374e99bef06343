/* engine.h - the inside of the engine's two nouns; for engine/ only. include/cohl/cohl.h is
 * the manual. */
#ifndef COHL_ENGINE_ENGINE_H
#define COHL_ENGINE_ENGINE_H

#include "base/worker.h"
#include "cohl/cohl.h"
#include "engine/clip.h"
#include "engine/reel.h"
#include "engine/vocabulary.h"
#include "media/frame.h"
#include "model/film_model.h"
#include "safety/policy.h"

struct cohl_engine {
    cohl_ctx         weights;       /* whose back end holds them; its scratch is not used */
    cohl_precision   precision;
    cohl_dtype       dtype;       /* that the transformer's and the encoders' weights are held in */
    cohl_workers    *workers;
    uint64_t         memory;        /* bytes that a film may take (need.h)                    */
    bool             memory_asked;  /* or set; else it is what was free                       */
    cohl_error       memory_unread; /* why it is not known whether it is set; a plan notes it */
    cohl_room       *room;          /* of weights that stay in their files                    */
    cohl_film_model *model;
    cohl_vocabulary *vocabulary;    /* NULL: the model was not taught from a list */
    char            *loras;         /* laid over the model, as asked; or NULL */
    const char      *precision_asked;   /* "f32", "bf16", "int8"; NULL = what is fast here */
    bool             own_weights;   /* origin.h */
    char            *ledger;        /* the file; NULL: the installation's own; "": none */
    cohl_policy     *policy;
    bool             without_frame_checks;   /* origin.h */
    const struct cohl_check *also;  /* asked of every frame besides those of deliver/check.h; NULL */
};

enum { ENGINE_REQUEST_TEXTS = 13 };

/* A request with strings of its own. */
typedef struct engine_request {
    cohl_request request;
    char        *text[ENGINE_REQUEST_TEXTS];   /* prompt, negative, solver, noise, pictures, films, their digests */
} engine_request;

cohl_status engine_request_copy(engine_request *out, const cohl_request *from, cohl_error *err);
void        engine_request_free(engine_request *request);

/* The request as JSON, new memory; NULL when there is none. The plan's figures stand in it, so
 * that a model with other defaults makes the same film. */
char *engine_recipe_write(const cohl_engine *engine, const cohl_request *request, const cohl_plan *plan);

/* cohl_request_check, and what a run needs besides: the reel, and the given films opened, which are
 * the caller's to close, also after a failure. Pictures are not opened. */
cohl_status engine_plan(const cohl_engine *engine, const cohl_request *request, cohl_plan *plan, reel *reel,
                        engine_clip *clip[2], cohl_error *err);
/* Ask the policy about a text of a request or film, which `what` names; NULL is fine. Refusals are noted,
 * with `made` what is allowed too. */
cohl_status engine_ask_policy(const cohl_engine *engine, cohl_policy_kind kind, const char *what, const char *text,
                              bool made, cohl_error *err);
/* About what a film is called: the last part of its path, and its title. */
cohl_status engine_ask_names(const cohl_engine *engine, const cohl_film *film, cohl_error *err);
/* Its part about time: rate, length, windows, what is given (length.c). */
cohl_status engine_plan_length(cohl_plan *plan, const cohl_request *request, const cohl_film_abilities *can, reel *reel,
                               engine_clip *clip[2], cohl_error *err);
/* A sentence worth telling; those beyond COHL_PLAN_NOTES_MAX are not kept. */
void engine_note(cohl_plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How pictures are fitted for a model whose makers have a rule. */
static inline engine_fitting engine_fitting_of(const cohl_film_abilities *can)
{
    return (engine_fitting){ can->fit, (long)can->size[0][0] * can->size[0][1], can->grid };
}

/* cohl_run_estimate of a plan that needs so much (need.h); *cancel ends it. */
struct engine_need;
cohl_status engine_estimate(const cohl_engine *engine, const cohl_plan *plan, const struct engine_need *need,
                            const volatile bool *cancel, cohl_run_estimate *out, cohl_error *err);

/* Latent frames of the longest window. */
static inline int engine_window_latents(const cohl_plan *plan) { return (plan->window_frames - 1) / COHL_VAE_TIME + 1; }

/* Which frame of the model is shown as frame `index` of the film. */
int engine_shown(const cohl_plan *plan, int index);

#endif
