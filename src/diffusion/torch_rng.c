/* torch_rng.c - the Mersenne Twister (Matsumoto & Nishimura 1998), and normal numbers from it
 * in pairs (Box & Muller 1958), in the order in which PyTorch takes them. */
#include "diffusion/torch_rng.h"

#include <math.h>

enum { WORDS = COHL_TORCH_RNG_WORDS, SHIFT = 397, BLOCK = 16, HALF = BLOCK / 2 };

cohl_torch_rng cohl_torch_rng_make(uint64_t seed)
{
    cohl_torch_rng rng = { .at = WORDS };
    rng.word[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < WORDS; i++)
        rng.word[i] = 1812433253u * (rng.word[i - 1] ^ rng.word[i - 1] >> 30) + i;
    return rng;
}

static void next_words(cohl_torch_rng *rng)
{
    uint32_t *w = rng->word;
    for (int i = 0; i < WORDS; i++) {
        uint32_t y = (w[i] & 0x80000000u) | (w[(i + 1) % WORDS] & 0x7fffffffu);
        w[i] = w[(i + SHIFT) % WORDS] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    rng->at = 0;
}

static uint32_t next_u32(cohl_torch_rng *rng)
{
    if (rng->at == WORDS)
        next_words(rng);
    uint32_t y = rng->word[rng->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

/* [0, 1): 53 bits of two words, the high one first. */
static double next_uniform(cohl_torch_rng *rng)
{
    uint64_t high = next_u32(rng), low = next_u32(rng);
    return (double)((high << 32 | low) & (((uint64_t)1 << 53) - 1)) * 0x1p-53;
}

/* Calls of fewer than a block: pairs in double, whose second waits for the next short call. */
static float next_single(cohl_torch_rng *rng)
{
    if (rng->has_kept) {
        rng->has_kept = false;
        return (float)rng->kept;
    }
    double turn = 2 * M_PI * next_uniform(rng), radius = sqrt(-2 * log1p(-next_uniform(rng)));
    rng->kept = radius * sin(turn);
    rng->has_kept = true;
    return (float)(radius * cos(turn));
}

/* Number i of a block and number i + 8 are a pair. */
static void transform_block(float *x)
{
    for (int i = 0; i < HALF; i++) {
        float radius = sqrtf(-2 * logf(1 - x[i])), turn = 2 * (float)M_PI * x[i + HALF];
        x[i] = radius * cosf(turn);
        x[i + HALF] = radius * sinf(turn);
    }
}

static void fill_uniform(cohl_torch_rng *rng, float *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(next_u32(rng) & 0xffffff) * 0x1p-24f;
}

void cohl_torch_rng_normal(cohl_torch_rng *rng, float *out, size_t count)
{
    if (count < BLOCK) {
        for (size_t i = 0; i < count; i++)
            out[i] = next_single(rng);
        return;
    }
    fill_uniform(rng, out, count);
    for (size_t i = 0; i + BLOCK <= count; i += BLOCK)
        transform_block(out + i);
    if (count % BLOCK) {   /* the last sixteen are drawn anew */
        fill_uniform(rng, out + count - BLOCK, BLOCK);
        transform_block(out + count - BLOCK);
    }
}
