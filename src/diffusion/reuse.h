/* reuse.h - step reuse: a step's network is skipped where what it will say can be foretold.
 *
 * Between two steps a velocity changes little and smoothly, so it is extrapolated from the last two
 * that the network gave, each frame along its own time. How far that leads astray is measured, not
 * assumed: whenever the network is asked, its answer is held against what the extrapolation would
 * have said, and the second difference found so says what the next one will be worth:
 *
 *     v'(t)  = v1 + (v1 - v0) (t - t1) / (t1 - t0)
 *     error  = c |t - t1| |t - t0|        c from the last measured |v' - v| / |v|
 *
 * While the error foretold is at most the threshold, the network rests. It is Newton's remainder of a
 * linear interpolation, with the derivative measured; that a change measured while running decides
 * what is skipped is the idea of TeaCache (Liu et al. 2024), which fits a polynomial for each model
 * to the change of the network's input instead; nothing here is fitted to a model.
 *
 *     cohl_reuse reuse = { .inner = network, .threshold = 0.05, .frames = frames,
 *                          .frame_size = size, .room = room };
 *     sampler.velocity = cohl_reuse_velocity(&reuse);
 *
 * The whole velocity is foretold, guidance included, so a skipped step saves both passes. Frames that
 * are clean (time 0) or wait for their step count for nothing, and a frame that has just joined is
 * asked for. The same run skips the same steps, with any number of threads. */
#ifndef COHL_DIFFUSION_REUSE_H
#define COHL_DIFFUSION_REUSE_H

#include "diffusion/sampler.h"

/* "auto": of the thresholds of `cohl bench reuse` the largest whose every film stayed above 40 dB (docs/performance.md). */
#define COHL_REUSE_MEASURED 0.15

typedef struct cohl_reuse {
    cohl_velocity inner;
    double  threshold;          /* relative root mean square, above 0 */
    int     frames;
    size_t  frame_size;
    float  *room;               /* [cohl_reuse_values], of the caller */

    int     seen;               /* answers it has by now, 0..2                             */
    double  bend;               /* c above, of times 0..1000; < 0: not measured yet        */
    int     asked, skipped;     /* steps of the network, and without                       */
} cohl_reuse;

/* Floats of the room. */
size_t cohl_reuse_values(int frames, size_t frame_size);

/* The reused velocity; the reuse must outlive it, and starts as above with zeros. */
cohl_velocity cohl_reuse_velocity(cohl_reuse *reuse);

/* What was seen is of another network now (the second of two experts): it is asked again. */
void cohl_reuse_forget(cohl_reuse *reuse);

#endif
