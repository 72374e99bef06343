/* torch_rng.h - the normal random numbers that PyTorch's CPU generator makes.
 *
 * Tools in Python start a film from them when they are told a CPU generator, so
 * the same seed gives their noise here. A sequence goes on from call to call as
 * `torch.randn(n, generator=g)` does, and depends on how it is cut into calls:
 *
 *     cohl_torch_rng rng = cohl_torch_rng_make(42);
 *     cohl_torch_rng_normal(&rng, noise, count);
 *
 * Equal to PyTorch within 2e-6: the two libraries' logarithms and cosines differ. */
#ifndef COHL_DIFFUSION_TORCH_RNG_H
#define COHL_DIFFUSION_TORCH_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COHL_TORCH_RNG_WORDS = 624 };

typedef struct cohl_torch_rng {
    uint32_t word[COHL_TORCH_RNG_WORDS];   /* of the Mersenne Twister */
    int      at;                           /* the next of them */
    bool     has_kept;                     /* a short call has left the second of a pair */
    double   kept;
} cohl_torch_rng;

/* Only the low 32 bits of the seed count, as in PyTorch. */
cohl_torch_rng cohl_torch_rng_make(uint64_t seed);
/* The next `count` numbers of mean 0 and variance 1. */
void cohl_torch_rng_normal(cohl_torch_rng *rng, float *out, size_t count);

#endif
