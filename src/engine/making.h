/* making.h - the inside of a run, and how it makes its film; for run.c and making*.c only. */
#ifndef COHL_ENGINE_MAKING_H
#define COHL_ENGINE_MAKING_H

#include "engine/book.h"
#include "engine/engine.h"
#include "engine/need.h"
#include "model/sample.h"
#include "engine/seam.h"
#include "engine/steady.h"

struct cohl_run {
    cohl_engine   *engine;
    engine_request own;
    cohl_plan      plan;
    engine_need    need;
    reel           reel;
    char          *recipe;
    engine_clip   *clip[2];            /* what is given, as it is shown                      */
    engine_clip   *source[2];          /* the same, as it is encoded: another place in it     */
    cohl_run_watch_fn *watch;
    void          *watch_user;
    volatile bool  cancel;
    bool           done;

    /* while it runs */
    cohl_ctx       ctx;
    int            height, width, channels;    /* of the latent                              */
    float         *latent;             /* [reel.latents, height, width, channels] known so far */
    float         *level;              /* [reel.latents] of what is in latent: 0 known        */
    float         *states;             /* of its words (words.c); NULL until they are there  */
    engine_steady  steady;             /* what latents of the film are like                  */
    engine_ease    ease[2];            /* steps of what is given before and behind what is made */
    engine_look    look[2];            /* and how it looks; of no frame: no film is given there */
    cohl_frame    *anchor;             /* the frame from which the next window goes on        */
    double         began, stage_began;
    int            stage_done;
    engine_book    book;
    cohl_run_report report;
    char          *cost;               /* JSON, once it was run                              */
};

/* Who takes the frames of the film, in order. */
typedef struct making_sink {
    cohl_status (*put)(void *user, const cohl_frame *frame, cohl_error *err);
    void *user;
} making_sink;

/* Make the film, whatever its length: what is given passes, what is not is made window by window.
 * latent, level and anchor are there; the report's times are added to. */
cohl_status making_film(cohl_run *run, making_sink to, cohl_error *err);

/* ---- what its two files share -------------------------------------------- */

static inline size_t making_frame_values(const cohl_run *run)
{
    return (size_t)run->height * (size_t)run->width * (size_t)run->channels;
}

void        making_begin_stage(cohl_run *run);
double      making_end_stage(const cohl_run *run);      /* seconds since it began */
/* `count` more of the stage are done; step counts the skipped ones too. */
cohl_status making_tell(cohl_run *run, const char *stage, int step, int steps, int count, cohl_error *err);
/* Broken weights give numbers that eight bits would hide as black. */
cohl_status making_check_finite(const cohl_run *run, const char *what, const float *values, size_t count,
                                cohl_error *err);

/* Latents of all that is given, at the place where it stands (making_known.c). */
cohl_status making_encode(cohl_run *run, cohl_error *err);
/* The latent of one frame that stands first. */
cohl_status making_encode_first(cohl_run *run, const cohl_frame *frame, float *latent, cohl_error *err);
/* The picture that is given for a frame of the model: of the clip, or of two that fade. */
cohl_status making_given(cohl_run *run, int frame, cohl_frame *out, cohl_error *err);

/* Are colour and contrast of what is made held to those of the film? (making.c) */
bool making_holds(const cohl_run *run);

/* run->states for the request's tokens, the same for all windows of the run (words.c). */
cohl_status making_words(cohl_run *run, const cohl_sample_request *request, cohl_error *err);

/* Make window `index`: its latents come to stand in run->latent (making_window.c). */
cohl_status making_window(cohl_run *run, int index, cohl_error *err);

#endif
