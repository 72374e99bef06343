/* seeds.h - which scenes a run of training renders: each is a seed, and each seed follows from the
 * recipe's. Tasks render by these functions and the register of training data counts by them. */
#ifndef COHL_TRAIN_SEEDS_H
#define COHL_TRAIN_SEEDS_H

#include <math.h>

#include "base/rng.h"

/* What numbers are drawn for. */
enum { COHL_STREAM_TRAIN = 1, COHL_STREAM_HELD_OUT = 2, COHL_STREAM_FIT = 5 };

/* Of a batch; clip i of it is cohl_rng_mix(seed, i) in the autoencoder's task. */
static inline uint64_t cohl_seed_of_batch(uint64_t recipe_seed, uint64_t stream, int64_t step)
{
    return cohl_rng_mix(cohl_rng_mix(recipe_seed, stream), (uint64_t)step);
}

/* Of clip i that a linear autoencoder is fitted to. */
static inline uint64_t cohl_seed_of_fit(uint64_t recipe_seed, int i)
{
    return cohl_rng_mix(cohl_rng_mix(recipe_seed, COHL_STREAM_FIT), (uint64_t)i);
}

/* Of clip i of a shard; store_seed is cohl_rng_mix(recipe seed, stream). */
static inline uint64_t cohl_seed_of_shard_clip(uint64_t store_seed, int shard, int i)
{
    return cohl_rng_mix(cohl_rng_mix(store_seed, 0x5ead0000u + (uint64_t)shard), (uint64_t)i);
}

/* Shards that a film recipe has rendered when it draws the batch of a step. */
static inline int cohl_shards_at(int first, int most, double repeats, int shard_clips, int batch, int64_t step)
{
    double want = first + floor((double)(step + 1) * batch / (repeats * shard_clips));
    return want < most ? (int)want : most;
}

#endif
