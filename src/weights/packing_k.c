/* packing_k.c - the K formats: 256 values, groups with small integers for scales.
 *
 *     Q2_K  scale 4 bits and least 4 bits for each 16 values; 64 bytes of 2 bits; d; dmin
 *     Q3_K  32 bytes of third bits; 64 bytes of 2 bits; 16 scales of 6 bits; d
 *     Q4_K  d; dmin; 8 pairs (scale, least) of 6 bits in 12 bytes; 128 bytes of 4 bits
 *     Q5_K  as Q4_K, with 32 bytes of fifth bits before the 4 bits
 *     Q6_K  128 bytes of 4 bits; 64 bytes of 2 bits; 16 signed bytes of scale; d
 *
 * Where value i lies in those bytes is said once for each format, by a function
 * that both ways use. */
#include <math.h>
#include <string.h>

#include "base/half.h"
#include "weights/packing.h"

enum { VALUES = 256 };

static float load_half(const uint8_t *at)
{
    uint16_t half;
    memcpy(&half, at, 2);
    return cohl_f16_to_f32(half);
}

/* Store, and give what was stored. */
static float store_half(uint8_t *at, float value)
{
    uint16_t half = cohl_f32_to_f16(value);
    memcpy(at, &half, 2);
    return cohl_f16_to_f32(half);
}

static int clamp(int q, int least, int most) { return q < least ? least : q > most ? most : q; }

static int quotient(float value, float scale, int least, int most)
{
    return scale != 0 ? clamp((int)lrintf(value / scale), least, most) : clamp(0, least, most);
}

/* Two bits of value i: 128 values share 32 bytes, 32 of them each pair of bits. */
static int two_byte(int i) { return i / 128 * 32 + i % 32; }
static int two_shift(int i) { return i % 128 / 32 * 2; }
/* Four bits of value i: 64 values share 32 bytes, the first 32 their lower halves. */
static int four_byte(int i) { return i / 64 * 32 + i % 32; }
static int four_shift(int i) { return i % 64 / 32 * 4; }

/* ---- pairs of scale and least value -------------------------------------- */

/* Values as groups y = scale q - least: all groups' scales and leasts, for d and dmin. */
typedef struct affine_groups {
    float scale[16], least[16];
    float scale_peak, least_peak;
} affine_groups;

static void fit_groups(affine_groups *g, const float *value, int groups, int most)
{
    uint8_t q[32];
    int width = VALUES / groups;
    g->scale_peak = g->least_peak = 0;
    for (int k = 0; k < groups; k++) {
        float base;
        g->scale[k] = cohl_group_affine(q, &base, value + k * width, width, most, 1);
        g->least[k] = -base;
        g->scale_peak = fmaxf(g->scale_peak, g->scale[k]);
        g->least_peak = fmaxf(g->least_peak, g->least[k]);
    }
}

/* ---- Q2_K ---------------------------------------------------------------- */

enum { Q2_QS = 16, Q2_D = 80, Q2_BYTES = 84 };

static void unpack_q2_k(float *out, const uint8_t *block)
{
    float d = load_half(block + Q2_D), dmin = load_half(block + Q2_D + 2);
    for (int i = 0; i < VALUES; i++) {
        int pair = block[i / 16], q = block[Q2_QS + two_byte(i)] >> two_shift(i) & 3;
        out[i] = d * (float)(pair & 15) * (float)q - dmin * (float)(pair >> 4);
    }
}

static void pack_q2_k(uint8_t *block, const float *value)
{
    affine_groups g;
    fit_groups(&g, value, 16, 3);
    memset(block, 0, Q2_BYTES);
    float d = store_half(block + Q2_D, g.scale_peak / 15), dmin = store_half(block + Q2_D + 2, g.least_peak / 15);
    for (int k = 0; k < 16; k++) {
        int scale = quotient(g.scale[k], d, 0, 15), least = quotient(g.least[k], dmin, 0, 15);
        block[k] = (uint8_t)(scale | least << 4);
        for (int i = 16 * k; i < 16 * k + 16; i++) {
            int q = quotient(value[i] + dmin * (float)least, d * (float)scale, 0, 3);
            block[Q2_QS + two_byte(i)] |= (uint8_t)(q << two_shift(i));
        }
    }
}

/* ---- Q3_K ---------------------------------------------------------------- */

enum { Q3_QS = 32, Q3_SCALES = 96, Q3_D = 108, Q3_BYTES = 110 };

/* The third bit of value i: a bit of 32 bytes for each 32 values. */
static int third_shift(int i) { return i / 32; }

/* 6 bits less 32: four below in a half byte of the first eight, two above in the last four. */
static int q3_scale(const uint8_t *scales, int k)
{
    int low = k < 8 ? scales[k] & 15 : scales[k - 8] >> 4;
    return (low | (scales[8 + k % 4] >> 2 * (k / 4) & 3) << 4) - 32;
}

static void put_q3_scale(uint8_t *scales, int k, int scale)
{
    int code = scale + 32;
    scales[k % 8] |= (uint8_t)((code & 15) << (k < 8 ? 0 : 4));
    scales[8 + k % 4] |= (uint8_t)((code >> 4) << 2 * (k / 4));
}

static void unpack_q3_k(float *out, const uint8_t *block)
{
    float d = load_half(block + Q3_D);
    for (int i = 0; i < VALUES; i++) {
        int q = block[Q3_QS + two_byte(i)] >> two_shift(i) & 3;
        q -= block[i % 32] >> third_shift(i) & 1 ? 0 : 4;
        out[i] = d * (float)q3_scale(block + Q3_SCALES, i / 16) * (float)q;
    }
}

/* Scales of 16 groups y = scale q; the peak keeps its sign, so that it takes the farther end. */
static float fit_symmetric_groups(float *scale, const float *value, int least, int most)
{
    int8_t q[16];
    float peak = 0;
    for (int k = 0; k < 16; k++) {
        scale[k] = cohl_group_symmetric(q, value + 16 * k, 16, least, most);
        if (fabsf(scale[k]) > fabsf(peak))
            peak = scale[k];
    }
    return peak;
}

static void pack_q3_k(uint8_t *block, const float *value)
{
    float scale[16], peak = fit_symmetric_groups(scale, value, -4, 3);
    memset(block, 0, Q3_BYTES);
    float d = store_half(block + Q3_D, peak / -32);
    for (int k = 0; k < 16; k++) {
        int s = quotient(scale[k], d, -32, 31);
        put_q3_scale(block + Q3_SCALES, k, s);
        for (int i = 16 * k; i < 16 * k + 16; i++) {
            int q = quotient(value[i], d * (float)s, -4, 3) + 4;
            block[Q3_QS + two_byte(i)] |= (uint8_t)((q & 3) << two_shift(i));
            block[i % 32] |= (uint8_t)((q >> 2) << third_shift(i));
        }
    }
}

/* ---- Q4_K and Q5_K ------------------------------------------------------- */

enum { PAIRS = 4, Q4_QS = 16, Q4_BYTES = 144, Q5_QH = 16, Q5_QS = 48, Q5_BYTES = 176 };

/* Eight pairs of 6 bits: the first four whole in bytes 0..7, whose upper two bits hold those of the
 * last four, whose lower four are in bytes 8..11. */
static void pair_of(const uint8_t *at, int k, int *scale, int *least)
{
    *scale = k < 4 ? at[k] & 63 : (at[k + 4] & 15) | at[k - 4] >> 6 << 4;
    *least = k < 4 ? at[k + 4] & 63 : at[k + 4] >> 4 | at[k] >> 6 << 4;
}

static void put_pair(uint8_t *at, int k, int scale, int least)
{
    if (k < 4) {
        at[k] |= (uint8_t)scale;
        at[k + 4] |= (uint8_t)least;
    } else {
        at[k + 4] = (uint8_t)((scale & 15) | (least & 15) << 4);
        at[k - 4] |= (uint8_t)(scale >> 4 << 6);
        at[k] |= (uint8_t)(least >> 4 << 6);
    }
}

static void unpack_pairs(float *out, const uint8_t *block, const uint8_t *fifths, const uint8_t *fours)
{
    float d = load_half(block), dmin = load_half(block + 2);
    for (int k = 0; k < 8; k++) {
        int scale, least;
        pair_of(block + PAIRS, k, &scale, &least);
        float by = d * (float)scale, down = dmin * (float)least;
        for (int i = 32 * k; i < 32 * k + 32; i++) {
            int q = fours[four_byte(i)] >> four_shift(i) & 15;
            q |= fifths ? (fifths[i % 32] >> k & 1) << 4 : 0;
            out[i] = by * (float)q - down;
        }
    }
}

static void pack_pairs(uint8_t *block, uint8_t *fifths, uint8_t *fours, const float *value)
{
    affine_groups g;
    int most = fifths ? 31 : 15;
    fit_groups(&g, value, 8, most);
    float d = store_half(block, g.scale_peak / 63), dmin = store_half(block + 2, g.least_peak / 63);
    for (int k = 0; k < 8; k++) {
        int scale = quotient(g.scale[k], d, 0, 63), least = quotient(g.least[k], dmin, 0, 63);
        put_pair(block + PAIRS, k, scale, least);
        for (int i = 32 * k; i < 32 * k + 32; i++) {
            int q = quotient(value[i] + dmin * (float)least, d * (float)scale, 0, most);
            fours[four_byte(i)] |= (uint8_t)((q & 15) << four_shift(i));
            if (fifths)
                fifths[i % 32] |= (uint8_t)((q >> 4) << k);
        }
    }
}

static void unpack_q4_k(float *out, const uint8_t *block) { unpack_pairs(out, block, NULL, block + Q4_QS); }
static void unpack_q5_k(float *out, const uint8_t *block) { unpack_pairs(out, block, block + Q5_QH, block + Q5_QS); }

static void pack_q4_k(uint8_t *block, const float *value)
{
    memset(block, 0, Q4_BYTES);
    pack_pairs(block, NULL, block + Q4_QS, value);
}

static void pack_q5_k(uint8_t *block, const float *value)
{
    memset(block, 0, Q5_BYTES);
    pack_pairs(block, block + Q5_QH, block + Q5_QS, value);
}

/* ---- Q6_K ---------------------------------------------------------------- */

enum { Q6_QH = 128, Q6_SCALES = 192, Q6_D = 208, Q6_BYTES = 210 };

/* Four bits of value i: 128 values share 64 bytes, the first 64 their lower halves. */
static int six_byte(int i) { return i / 128 * 64 + i % 64; }
static int six_shift(int i) { return i % 128 / 64 * 4; }

static void unpack_q6_k(float *out, const uint8_t *block)
{
    float d = load_half(block + Q6_D);
    for (int i = 0; i < VALUES; i++) {
        int q = block[six_byte(i)] >> six_shift(i) & 15;
        q |= (block[Q6_QH + two_byte(i)] >> two_shift(i) & 3) << 4;
        out[i] = d * (float)(int8_t)block[Q6_SCALES + i / 16] * (float)(q - 32);
    }
}

static void pack_q6_k(uint8_t *block, const float *value)
{
    float scale[16], peak = fit_symmetric_groups(scale, value, -32, 31);
    memset(block, 0, Q6_BYTES);
    float d = store_half(block + Q6_D, peak / -128);
    for (int k = 0; k < 16; k++) {
        int s = quotient(scale[k], d, -128, 127);
        block[Q6_SCALES + k] = (uint8_t)(int8_t)s;
        for (int i = 16 * k; i < 16 * k + 16; i++) {
            int q = quotient(value[i], d * (float)s, -32, 31) + 32;
            block[six_byte(i)] |= (uint8_t)((q & 15) << six_shift(i));
            block[Q6_QH + two_byte(i)] |= (uint8_t)((q >> 4) << two_shift(i));
        }
    }
}

const cohl_packing cohl_packing_q2_k = { "Q2_K", 10, VALUES, Q2_BYTES, unpack_q2_k, pack_q2_k },
                   cohl_packing_q3_k = { "Q3_K", 11, VALUES, Q3_BYTES, unpack_q3_k, pack_q3_k },
                   cohl_packing_q4_k = { "Q4_K", 12, VALUES, Q4_BYTES, unpack_q4_k, pack_q4_k },
                   cohl_packing_q5_k = { "Q5_K", 13, VALUES, Q5_BYTES, unpack_q5_k, pack_q5_k },
                   cohl_packing_q6_k = { "Q6_K", 14, VALUES, Q6_BYTES, unpack_q6_k, pack_q6_k };
