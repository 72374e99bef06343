/* rng.h - counter-based random numbers (Philox4x32-10, Salmon et al. 2011).
 *
 * A number is a pure function of (seed, stream, position), so any part of any
 * sequence can be made by any thread in any order. A stream is one purpose:
 * give each purpose its own number and none disturbs another.
 *
 *     cohl_rng rng = cohl_rng_make(seed, stream);
 *     uint32_t die = cohl_rng_below(&rng, 6);
 *
 * The integer and uniform calls are exact on every machine. cohl_rng_normal
 * uses log and cos of libm: the same on one kind of machine. */
#ifndef COHL_BASE_RNG_H
#define COHL_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct cohl_rng {
    uint64_t seed, stream, position;   /* position in blocks of four words */
    uint32_t block[4];
    int      left;                     /* words of block not yet given out */
} cohl_rng;

cohl_rng cohl_rng_make(uint64_t seed, uint64_t stream);

uint32_t cohl_rng_u32(cohl_rng *rng);
uint64_t cohl_rng_u64(cohl_rng *rng);
/* 0..bound-1, without bias; bound >= 1. */
uint32_t cohl_rng_below(cohl_rng *rng, uint32_t bound);
/* [0, 1), 24 bits, exact in float and double. */
double   cohl_rng_uniform(cohl_rng *rng);
/* lo + (hi - lo) * uniform. */
double   cohl_rng_between(cohl_rng *rng, double lo, double hi);
/* Normal, mean 0, variance 1 (Box and Muller 1958). */
double   cohl_rng_normal(cohl_rng *rng);

/* out[i] = normal number first+i of (seed, stream), independent of how the
 * range is cut: element 2k and 2k+1 come from block k. */
void cohl_rng_fill_normal(float *out, uint64_t first, size_t count,
                          uint64_t seed, uint64_t stream);

/* A seed made of two: for "sample i of seed s". */
uint64_t cohl_rng_mix(uint64_t a, uint64_t b);

#endif
