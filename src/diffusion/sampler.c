/* sampler.c - the one denoising loop.
 *
 * A frame joins the run at the first step whose sigma is at most its level and
 * waits, noised to that sigma, until then; a known frame joins at the end,
 * where sigma is 0, and so is never stepped. */
#include "diffusion/sampler.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* What a run needs beside the sample, from the arena. */
typedef struct room {
    int   *join;       /* [frames] */
    float *time;       /* [frames] */
    float *v;          /* [frames, frame_size] */
    float *history;    /* [frames, COHL_SOLVER_HISTORY, frame_size] */
} room;

static size_t aligned(size_t bytes)
{
    return (bytes + COHL_ARENA_ALIGN - 1) / COHL_ARENA_ALIGN * COHL_ARENA_ALIGN;
}

size_t cohl_sampler_bytes(int frames, size_t frame_size)
{
    size_t values = (size_t)frames * frame_size;
    return aligned((size_t)frames * sizeof(int)) + aligned((size_t)frames * sizeof(float)) +
           aligned(values * sizeof(float)) +
           aligned(COHL_SOLVER_HISTORY * values * sizeof(float)) + COHL_ARENA_ALIGN;
}

static cohl_status take_room(room *out, const cohl_sampler *s, cohl_arena *scratch,
                             cohl_error *err)
{
    size_t frames = (size_t)s->frames, values = frames * s->frame_size;
    out->join = cohl_arena_take(scratch, frames * sizeof *out->join);
    out->time = cohl_arena_take(scratch, frames * sizeof *out->time);
    out->v = cohl_arena_take(scratch, values * sizeof *out->v);
    out->history = cohl_arena_take(scratch, COHL_SOLVER_HISTORY * values * sizeof *out->history);
    if (!out->join || !out->time || !out->v || !out->history)
        return cohl_fail(err, COHL_ERR_MEMORY, "the sampler needs %zu bytes of scratch",
                         cohl_sampler_bytes(s->frames, s->frame_size));
    memset(out->history, 0, COHL_SOLVER_HISTORY * values * sizeof *out->history);
    return COHL_OK;
}

/* x = (1 - sigma) * known + sigma * noise, the noise being in x. */
static void noise_frame(float *x, const float *known, size_t size, double sigma)
{
    for (size_t i = 0; i < size; i++)
        x[i] = (float)((1 - sigma) * known[i] + sigma * x[i]);
}

/* Bring each frame to the level where it waits, and find where it joins. */
static cohl_status place_frames(int *join, const cohl_sampler *s, float *x, cohl_error *err)
{
    for (int f = 0; f < s->frames; f++) {
        float level = s->level ? s->level[f] : 1;
        size_t at = (size_t)f * s->frame_size;
        if (!(level >= 0 && level <= 1))
            return cohl_fail(err, COHL_ERR_ARGUMENT, "latent frame %d: level is %g, expected 0 "
                             "to 1", f, level);
        if (level < 1 && !s->known)
            return cohl_fail(err, COHL_ERR_ARGUMENT, "latent frame %d starts at level %g, but "
                             "no known frames were given", f, level);
        join[f] = cohl_schedule_join(s->schedule, level);
        if (level == 0)
            memcpy(x + at, s->known + at, s->frame_size * sizeof *x);
        else if (level < 1)
            noise_frame(x + at, s->known + at, s->frame_size, s->schedule->sigma[join[f]]);
    }
    return COHL_OK;
}

static cohl_status check_finite(const cohl_sampler *s, const float *v, int step, cohl_error *err)
{
    for (int f = 0; f < s->frames; f++, v += s->frame_size) {
        for (size_t i = 0; i < s->frame_size; i++) {
            if (!isfinite(v[i]))
                return cohl_fail(err, COHL_ERR_FORMAT, "step %d: the network's velocity is not "
                                 "finite in latent frame %d", step, f);
        }
    }
    return COHL_OK;
}

/* Step the frames that have joined; v becomes the data estimate of all. */
static void step_frames(const cohl_sampler *s, const room *room, int step, float *x)
{
    const cohl_schedule *schedule = s->schedule;
    size_t size = s->frame_size;
    for (int f = 0; f < s->frames; f++) {
        float *frame = x + (size_t)f * size, *v = room->v + (size_t)f * size;
        float *history = room->history + COHL_SOLVER_HISTORY * (size_t)f * size;
        int join = room->join[f];
        if (join <= step) {
            cohl_step_weights weights = cohl_solver_weights(s->solver, schedule->sigma,
                                                            schedule->steps, join, step);
            cohl_solver_apply(&weights, size, frame, v, history);
            memcpy(v, cohl_solver_data(history, size), size * sizeof *v);
        } else {
            double sigma = schedule->sigma[join];
            for (size_t i = 0; i < size; i++)
                v[i] = (float)(frame[i] - sigma * v[i]);
        }
    }
}

static cohl_status run_step(const cohl_sampler *s, const room *room, int step, float *x,
                            cohl_error *err)
{
    const cohl_schedule *schedule = s->schedule;
    cohl_status st;
    for (int f = 0; f < s->frames; f++)
        room->time[f] = schedule->time[room->join[f] > step ? room->join[f] : step];
    if ((st = s->velocity.fn(s->velocity.ctx, x, room->time, room->v, err)) ||
        (st = check_finite(s, room->v, step + 1, err)))
        return st;
    step_frames(s, room, step, x);
    if (s->observer.fn)
        st = s->observer.fn(s->observer.ctx, step + 1, schedule->steps, x, room->v, err);
    return st;
}

cohl_status cohl_sample(const cohl_sampler *sampler, float *x, cohl_arena *scratch,
                        cohl_error *err)
{
    cohl_mark mark = cohl_arena_mark(scratch);
    int step = sampler->schedule->steps;
    room room;
    cohl_status st = take_room(&room, sampler, scratch, err);

    if (!st)
        st = place_frames(room.join, sampler, x, err);
    for (int f = 0; f < sampler->frames && !st; f++)
        step = room.join[f] < step ? room.join[f] : step;
    for (; step < sampler->schedule->steps && !st; step++)
        st = run_step(sampler, &room, step, x, err);
    cohl_arena_release(scratch, mark);
    return st;
}

static cohl_status guided(void *ctx, const float *x, const float *time, float *v,
                          cohl_error *err)
{
    const cohl_guidance *g = ctx;
    cohl_status st = g->with.fn(g->with.ctx, x, time, v, err);
    if (st || g->scale == 1)
        return st;
    if ((st = g->without.fn(g->without.ctx, x, time, g->room, err)))
        return st;
    for (size_t i = 0; i < g->count; i++)
        v[i] = g->room[i] + g->scale * (v[i] - g->room[i]);
    return COHL_OK;
}

cohl_velocity cohl_guidance_velocity(cohl_guidance *guidance)
{
    assert(guidance->scale == 1 || guidance->room);
    return (cohl_velocity){ guided, guidance };
}
