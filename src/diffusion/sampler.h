/* sampler.h - the one denoising loop.
 *
 * It knows a schedule, a solver, a velocity and an observer, and nothing of
 * networks: the velocity is a callback, and what changes it (guidance, step
 * reuse, two experts) wraps the callback.
 *
 *     cohl_guidance guidance = { .with = conditioned, .without = plain, .scale = 5,
 *                                .room = room, .count = frames * frame_size };
 *     cohl_sampler sampler = { .schedule = &schedule, .solver = solver,
 *                              .frames = frames, .frame_size = height * width * channels,
 *                              .velocity = cohl_guidance_velocity(&guidance) };
 *     cohl_rng_fill_normal(x, 0, frames * frame_size, seed, stream);
 *     st = cohl_sample(&sampler, x, &scratch, err);
 *
 * Latents are [frames, height, width, channels], so a frame is one piece. Each
 * frame has its own level (known.h) and its own history, and what one frame
 * does in the loop depends on no other: the network alone connects them. */
#ifndef COHL_DIFFUSION_SAMPLER_H
#define COHL_DIFFUSION_SAMPLER_H

#include "base/arena.h"
#include "base/status.h"
#include "diffusion/schedule.h"
#include "diffusion/solver.h"

/* v = velocity at x: x and v [frames, frame_size], time [frames], 0..1000. A
 * status other than COHL_OK ends the run and is passed on. */
typedef struct cohl_velocity {
    cohl_status (*fn)(void *ctx, const float *x, const float *time, float *v, cohl_error *err);
    void *ctx;
} cohl_velocity;

/* Called after each step; step counts from 1 to steps, and starts later when
 * steps were skipped. x is the sample now, data what the network holds the
 * clean sample to be (for previews); both are borrowed for the call. Another
 * status than COHL_OK (COHL_ERR_CANCELLED) ends the run. */
typedef struct cohl_observer {
    cohl_status (*fn)(void *ctx, int step, int steps, const float *x, const float *data,
                      cohl_error *err);
    void *ctx;
} cohl_observer;

typedef struct cohl_sampler {
    const cohl_schedule *schedule;
    const cohl_solver   *solver;
    int                  frames;
    size_t               frame_size;   /* values of a frame                          */
    const float         *level;        /* [frames], known.h; NULL: all 1             */
    const float         *known;        /* [frames, frame_size] clean; read where a
                                          level is below 1; NULL when none is        */
    cohl_velocity        velocity;
    cohl_observer        observer;     /* fn NULL: none                              */
} cohl_sampler;

/* What cohl_sample takes from the arena. */
size_t cohl_sampler_bytes(int frames, size_t frame_size);

/* x [frames, frame_size]: noise comes in, the sample goes out.
 *
 * COHL_ERR_ARGUMENT  a level is not 0..1, or below 1 without known
 * COHL_ERR_MEMORY    the arena is too small
 * COHL_ERR_FORMAT    the velocity is not finite; names step and frame        */
cohl_status cohl_sample(const cohl_sampler *sampler, float *x, cohl_arena *scratch,
                        cohl_error *err);

/* Classifier-free guidance (Ho & Salimans 2022): v = without + scale * (with -
 * without). At scale 1 `without` is not called. */
typedef struct cohl_guidance {
    cohl_velocity with, without;
    float         scale;
    float        *room;         /* [count], of the caller; may be NULL at scale 1 */
    size_t        count;        /* frames * frame_size */
} cohl_guidance;

/* The guided velocity; the guidance must outlive it. */
cohl_velocity cohl_guidance_velocity(cohl_guidance *guidance);

#endif
