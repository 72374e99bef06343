/* rng.c - counter-based random numbers (Philox4x32-10). */
#include "base/rng.h"

#include <math.h>

static void philox(uint32_t out[4], uint64_t seed, uint64_t stream, uint64_t position)
{
    uint32_t c0 = (uint32_t)position, c1 = (uint32_t)(position >> 32);
    uint32_t c2 = (uint32_t)stream, c3 = (uint32_t)(stream >> 32);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);

    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1, c3 = (uint32_t)p0;
        c0 = n0, c2 = n2;
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

cohl_rng cohl_rng_make(uint64_t seed, uint64_t stream)
{
    return (cohl_rng){ .seed = seed, .stream = stream };
}

uint32_t cohl_rng_u32(cohl_rng *rng)
{
    if (rng->left == 0) {
        philox(rng->block, rng->seed, rng->stream, rng->position++);
        rng->left = 4;
    }
    return rng->block[4 - rng->left--];
}

uint64_t cohl_rng_u64(cohl_rng *rng)
{
    uint64_t low = cohl_rng_u32(rng);
    return low | (uint64_t)cohl_rng_u32(rng) << 32;
}

uint32_t cohl_rng_below(cohl_rng *rng, uint32_t bound)
{
    /* Lemire 2019: multiply, and reject the few values that would favour some. */
    uint64_t product = (uint64_t)cohl_rng_u32(rng) * bound;
    if ((uint32_t)product < bound) {
        uint32_t floor = -bound % bound;
        while ((uint32_t)product < floor)
            product = (uint64_t)cohl_rng_u32(rng) * bound;
    }
    return (uint32_t)(product >> 32);
}

double cohl_rng_uniform(cohl_rng *rng)
{
    return (cohl_rng_u32(rng) >> 8) * 0x1p-24;
}

double cohl_rng_between(cohl_rng *rng, double lo, double hi)
{
    return lo + (hi - lo) * cohl_rng_uniform(rng);
}

/* One pair from one block; u1 in (0, 1] keeps the logarithm finite. */
static void normal_pair(double pair[2], const uint32_t block[4])
{
    uint64_t a = (uint64_t)block[0] << 21 | block[1] >> 11;
    uint64_t b = (uint64_t)block[2] << 21 | block[3] >> 11;
    double radius = sqrt(-2.0 * log((double)(a + 1) * 0x1p-53));
    double angle = 6.283185307179586 * ((double)b * 0x1p-53);

    pair[0] = radius * cos(angle);
    pair[1] = radius * sin(angle);
}

double cohl_rng_normal(cohl_rng *rng)
{
    uint32_t block[4];
    double pair[2];
    for (int i = 0; i < 4; i++)
        block[i] = cohl_rng_u32(rng);
    normal_pair(pair, block);
    return pair[0];
}

void cohl_rng_fill_normal(float *out, uint64_t first, size_t count,
                          uint64_t seed, uint64_t stream)
{
    uint32_t block[4];
    double pair[2];
    uint64_t have = UINT64_MAX;

    for (size_t i = 0; i < count; i++) {
        uint64_t at = (first + i) / 2;
        if (at != have) {
            philox(block, seed, stream, at);
            normal_pair(pair, block);
            have = at;
        }
        out[i] = (float)pair[(first + i) % 2];
    }
}

uint64_t cohl_rng_mix(uint64_t a, uint64_t b)
{
    uint32_t out[4];
    philox(out, a, b, 0x636F686Cu);
    return out[0] | (uint64_t)out[1] << 32;
}
