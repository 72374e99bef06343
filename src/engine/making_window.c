/* making_window.c - one window of a film: noise to latents, knowing what is known.
 *
 * What a window knows of the one before are its latents as they were made, so nothing is coded
 * twice; its first latent frame alone, which stands for one frame, is that frame encoded. */
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "diffusion/known.h"
#include "engine/making_condition.h"
#include "model/sample.h"

/* The ids of a text, at most `most`, the end of sequence last; free() them. */
static cohl_status tokenize(const cohl_run *run, const char *text, int32_t **id, int *count, cohl_error *err)
{
    const cohl_film_model *m = run->engine->model;
    int most = m->dit->config.text_len;
    if (!(*id = malloc((size_t)most * sizeof **id)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d tokens", most);
    return cohl_tokenizer_encode(m->tokenizer, text, *id, most, count, err);
}

typedef struct window {
    cohl_run   *run;
    reel_window at;
    int         done;            /* windows made before this one                             */
    float      *level, *held;    /* [count]: as it is known; as the sampler holds it         */
    bool       *given;           /* [count]: known, and told beside the sample               */
    float      *known, *latent;  /* [count, height, width, channels]                         */
} window;

static cohl_status after_step(void *user, int step, int steps, const float *x, const float *data, cohl_error *err)
{
    window *w = user;
    int windows = w->run->reel.window_count;
    return making_tell(w->run, "steps", w->done * steps + step, windows * steps, 1, err);
}

/* The second expert's own, unless another than the usual was asked for. */
static float low_guidance(const cohl_run *run)
{
    const cohl_film_sampling *usual = &run->engine->model->sampling;
    return (float)(run->plan.guidance == usual->guidance ? usual->low_guidance : run->plan.guidance);
}

static cohl_status sample(window *w, cohl_error *err)
{
    cohl_run *run = w->run;
    const cohl_film_model *m = run->engine->model;
    const cohl_request *r = &run->own.request;
    const cohl_solver *solver = cohl_solver_find(run->plan.solver);
    cohl_schedule schedule;
    making_condition given = { 0 };
    const char *away = r->negative ? r->negative : m->sampling.negative;
    cohl_sample_count made = { 0 };
    bool held = false;
    int32_t *id = NULL, *negative = NULL;
    int count = 0, negative_count = 0;
    cohl_status st;

    if ((st = cohl_schedule_make(&schedule, cohl_schedule_kind_find(solver->schedule), run->plan.steps,
                                 run->plan.shift, err)))                        goto done;
    if ((st = tokenize(run, r->prompt, &id, &count, err)))                      goto done;
    if (away && (st = tokenize(run, away, &negative, &negative_count, err)))    goto done;
    if ((st = making_condition_new(&given, run, &w->at, err)))                  goto done;
    if ((st = cohl_known_map(m->can.known, w->at.count, w->level, w->held, w->given, err))) goto done;
    for (int i = 0; i < w->at.count; i++)
        held = held || w->held[i] < 1;
    cohl_sample_request request = {
        .text = m->text, .dit = m->dit, .low_dit = m->low_dit, .boundary = m->sampling.boundary,
        .low_guidance = low_guidance(run), .id = id, .id_count = count,
        .negative_id = negative, .negative_count = negative_count,
        .frames = w->at.count, .height = run->height, .width = run->width,
        .schedule = &schedule, .solver = solver, .guidance = (float)run->plan.guidance,
        .reuse = run->plan.reuse, .count = &made,
        .seed = w->at.begin ? cohl_rng_mix(r->seed, (uint64_t)w->at.begin) : r->seed,
        .level = held ? w->held : NULL, .known = held ? w->known : NULL,
        .condition = given.beside, .control = given.control, .control_scale = 1,
        .image = given.tokens, .image_tokens = given.token_count,
        .noise = r->noise ? cohl_noise_find(r->noise) : NULL, .observer = { after_step, w },
    };
    if ((st = making_words(run, &request, err)))                                goto done;
    request.states = run->states;
    st = cohl_sample_latents(&run->ctx, &request, w->latent, err);
    run->report.steps += made.steps, run->report.passes += made.passes;
    if (!st)
        st = making_check_finite(run, "latents", w->latent, (size_t)w->at.count * making_frame_values(run), err);
done:
    free(id);
    free(negative);
    making_condition_free(&given);
    return st;
}

/* What is known of it by now. */
static cohl_status gather(window *w, cohl_error *err)
{
    cohl_run *run = w->run;
    size_t frame = making_frame_values(run);
    memcpy(w->level, run->level + w->at.begin, (size_t)w->at.count * sizeof *w->level);
    memcpy(w->known, run->latent + (size_t)w->at.begin * frame, (size_t)w->at.count * frame * sizeof *w->known);
    if (!w->at.begin || w->level[0] > 0)
        return COHL_OK;
    return making_encode_first(run, run->anchor, w->known, err);
}

/* Groups of the take that are known, or else the first window, say what the film is held to; its
 * latents that stand for one frame are of another kind. Made groups of a window lie side by side. */
static void hold_steady(window *w)
{
    cohl_run *run = w->run;
    size_t frame = making_frame_values(run), cells = (size_t)run->height * (size_t)run->width;
    int first = 1, made = 0;
    if (!making_holds(run))
        return;
    while (first < w->at.count && w->level[first] == 0)
        first++;
    int known = first - 1;
    while (first + made < w->at.count && w->level[first + made] > 0)
        made++;
    if (!run->steady.set && known)
        engine_steady_learn(&run->steady, w->known + frame, (size_t)known * cells, run->channels);
    engine_steady_hold(&run->steady, w->latent + (size_t)first * frame, (size_t)made * cells, run->channels);
    if (!run->steady.set)
        engine_steady_learn(&run->steady, w->latent + (size_t)first * frame, (size_t)made * cells, run->channels);
}

/* A first latent frame that stands for one frame is no group of the take. */
static void keep(window *w)
{
    cohl_run *run = w->run;
    size_t frame = making_frame_values(run);
    for (int i = w->at.begin ? 1 : 0; i < w->at.count; i++) {
        int j = w->at.begin + i;
        if (run->level[j] > 0)
            memcpy(run->latent + (size_t)j * frame, w->latent + (size_t)i * frame, frame * sizeof *w->latent);
        run->level[j] = 0;
    }
}

/* What a loop begins with is what follows its end. */
static void bring_back(cohl_run *run)
{
    const reel *reel = &run->reel;
    size_t frame = making_frame_values(run);
    int from = reel->latents - reel->returns;
    memcpy(run->latent + (size_t)from * frame, run->latent + frame, (size_t)reel->returns * frame * sizeof *run->latent);
    for (int j = from; j < reel->latents; j++)
        run->level[j] = 0;
}

cohl_status making_window(cohl_run *run, int index, cohl_error *err)
{
    const reel *reel = &run->reel;
    window w = { .run = run, .at = reel->window[index],
                 .done = reel->backwards ? reel->window_count - 1 - index : index };
    size_t values = (size_t)w.at.count * making_frame_values(run);
    cohl_status st = COHL_OK;

    making_begin_stage(run);
    w.level = malloc((size_t)w.at.count * sizeof *w.level);
    w.held = malloc((size_t)w.at.count * sizeof *w.held);
    w.given = malloc((size_t)w.at.count * sizeof *w.given);
    w.known = malloc(values * sizeof *w.known);
    w.latent = malloc(values * sizeof *w.latent);
    if (!w.level || !w.held || !w.given || !w.known || !w.latent)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for latents of %d frames", w.at.count);
    if (!st) st = gather(&w, err);
    if (!st) st = sample(&w, err);
    if (!st) {
        hold_steady(&w);
        keep(&w);
        if (reel->returns && index == 0)
            bring_back(run);
    }
    free(w.level);
    free(w.held);
    free(w.given);
    free(w.known);
    free(w.latent);
    run->report.sample_seconds += making_end_stage(run);
    return st;
}
