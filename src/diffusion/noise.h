/* noise.h - the noise that a film starts from.
 *
 * A kind of noise is a rule that fills a latent from a seed. Ours is a pure
 * function of seed and place; the other is what tools in Python begin with, so
 * that their seeds give their films.
 *
 *     const cohl_noise *noise = cohl_noise_find("torch");
 *     st = noise->fill(latent, &(cohl_noise_shape){ 21, 60, 104, 16 }, seed, err); */
#ifndef COHL_DIFFUSION_NOISE_H
#define COHL_DIFFUSION_NOISE_H

#include <stdint.h>

#include "base/status.h"

/* Of a latent [frames, height, width, channels]. */
typedef struct cohl_noise_shape { int frames, height, width, channels; } cohl_noise_shape;

typedef struct cohl_noise {
    const char *name;      /* what a user types: "torch" */
    const char *about;
    /* out: values of mean 0 and variance 1 in the latent's order. COHL_ERR_MEMORY. */
    cohl_status (*fill)(float *out, const cohl_noise_shape *shape, uint64_t seed, cohl_error *err);
} cohl_noise;

extern const cohl_noise *const cohl_noises[];   /* the first is the usual one; ends with NULL */

/* NULL when there is none of this name. */
const cohl_noise *cohl_noise_find(const char *name);

#endif
