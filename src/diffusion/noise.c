/* noise.c - the noise that a film starts from, by its kinds. */
#include "diffusion/noise.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "diffusion/torch_rng.h"

enum { STREAM_NOISE = 0x6e6f69 };   /* of the seed's streams, the one the film's noise has */

static size_t count_of(const cohl_noise_shape *s)
{
    return (size_t)s->frames * (size_t)s->height * (size_t)s->width * (size_t)s->channels;
}

static cohl_status fill_cohl(float *out, const cohl_noise_shape *shape, uint64_t seed, cohl_error *err)
{
    cohl_rng_fill_normal(out, 0, count_of(shape), seed, STREAM_NOISE);
    return COHL_OK;
}

/* Python's latents are [channels, frames, height, width]: the numbers come in that order. */
static cohl_status fill_torch(float *out, const cohl_noise_shape *shape, uint64_t seed, cohl_error *err)
{
    size_t count = count_of(shape), channels = (size_t)shape->channels, cells = count / channels;
    float *first = malloc(count * sizeof *first);
    if (!first)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for noise of %zu values", count);
    cohl_torch_rng rng = cohl_torch_rng_make(seed);
    cohl_torch_rng_normal(&rng, first, count);
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < cells; i++)
            out[i * channels + c] = first[c * cells + i];
    free(first);
    return COHL_OK;
}

static const cohl_noise ours = { "cohl", "a pure function of seed and place, on any number of threads", fill_cohl };
static const cohl_noise torch = { "torch", "what PyTorch's CPU generator makes: the noise of tools in Python",
                                  fill_torch };

const cohl_noise *const cohl_noises[] = { &ours, &torch, NULL };

const cohl_noise *cohl_noise_find(const char *name)
{
    for (int i = 0; cohl_noises[i]; i++)
        if (!strcmp(cohl_noises[i]->name, name))
            return cohl_noises[i];
    return NULL;
}
