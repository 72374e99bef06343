/* sample.h - conditions in, latents out: one run of the transformer from noise.
 *
 * Whoever needs a film's latents comes here: the engine, the trainer's sample sheets, the bench.
 *
 *     cohl_sample_request request = { .text = text, .dit = dit, .id = id, .id_count = count,
 *                                     .frames = 21, .height = 12, .width = 20,
 *                                     .schedule = &schedule, .solver = solver, .guidance = 5 };
 *     st = cohl_sample_latents(&ctx, &request, latent, err);
 *
 * Text states are worked out once. With guidance the prompt and its counterpart are two samples
 * of one pack, so a step is one forward pass. A model of two experts (Wan 2.2 A14B) has one for the
 * noisy steps and one for the others, each with its own guidance; one at a time has its keys in memory.
 * With reuse, steps that can be foretold ask no network (diffusion/reuse.h).
 * Noise is a pure function of the seed. */
#ifndef COHL_MODEL_SAMPLE_H
#define COHL_MODEL_SAMPLE_H

#include "diffusion/noise.h"
#include "diffusion/sampler.h"
#include "model/dit.h"
#include "model/text_encoder.h"

/* Steps that were made, and those that asked the network. */
typedef struct cohl_sample_count { int steps, passes; } cohl_sample_count;

/* Everything is borrowed for the call. */
typedef struct cohl_sample_request {
    const cohl_text_encoder *text;
    const cohl_dit *dit;
    const cohl_dit *low_dit;           /* takes over where the noise is below `boundary`; NULL = dit to the end */
    double         boundary;           /* 0..1, of the timestep's thousand */
    const int32_t *id;                 /* the prompt's tokens, end of sequence included */
    int            id_count;           /* 1..text_len */
    const int32_t *negative_id;        /* what guidance leads away from; NULL = the empty prompt */
    int            negative_count;
    const float   *states;             /* cohl_sample_states of these tokens; NULL = they are worked out here */
    int            frames, height, width;   /* of the latent; height and width even */
    const cohl_schedule *schedule;
    const cohl_solver   *solver;
    float          guidance;           /* 1 = one branch only (Ho & Salimans 2022) */
    float          low_guidance;       /* low_dit's */
    uint64_t       seed;
    const cohl_noise    *noise;        /* NULL = the usual one */
    const float   *start;              /* [frames, height, width, channels] instead of noise from the seed, or NULL */
    const float   *level;              /* [frames] diffusion/known.h; NULL = all from noise */
    const float   *known;              /* [frames, height, width, channels] clean latents; read where level < 1 */
    const float   *camera;             /* [frames, camera_dim] or NULL */
    const float   *condition;          /* [frames, height, width, in_dim - out_dim] (condition.h); NULL where there
                                          are no such channels */
    const float   *image;              /* [image_tokens, image_dim] (image_encoder.h); NULL without image_dim */
    int            image_tokens;
    const float   *control;            /* [frames, height, width, control_dim] (condition.h), or NULL */
    float          control_scale;      /* of its hints (1) */
    double         reuse;              /* threshold of step reuse (diffusion/reuse.h); 0 = every step asks the network */
    cohl_sample_count *count;          /* counted up; NULL = not counted */
    cohl_observer  observer;           /* after each step; fn NULL = none */
} cohl_sample_request;

/* latent [frames, height, width, channels], host memory of the caller. The context's scratch is
 * as before when the call is over; its cancel stops the run within an operation.
 *
 * COHL_ERR_CANCELLED, COHL_ERR_MEMORY  and what cohl_sample and cohl_text_encode say */
cohl_status cohl_sample_latents(cohl_ctx *ctx, const cohl_sample_request *request, float *latent, cohl_error *err);

/* The text states of the request's tokens, [cohl_sample_rows, text_dim] in memory of the caller: for who
 * samples with the same words several times. */
int         cohl_sample_rows(const cohl_sample_request *request);
cohl_status cohl_sample_states(cohl_ctx *ctx, const cohl_sample_request *request, float *states, cohl_error *err);

#endif
