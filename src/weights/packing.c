/* packing.c - the plain block formats and the eight-bit floats; the table of all. */
#include "weights/packing.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/half.h"

enum { GROUP = 32, HALF_GROUP = GROUP / 2 };

static float load_half(const uint8_t *at)
{
    uint16_t half;
    memcpy(&half, at, 2);
    return cohl_f16_to_f32(half);
}

static void store_half(uint8_t *at, float value)
{
    uint16_t half = cohl_f32_to_f16(value);
    memcpy(at, &half, 2);
}

/* ---- how a group finds its scale ----------------------------------------- */

static int clamp(int q, int least, int most) { return q < least ? least : q > most ? most : q; }

/* The best scale for these q: sum(x q) / sum(q q), and the error it takes away. */
static float symmetric_gain(const float *value, int count, float inverse, int least, int most, float *scale)
{
    double xq = 0, qq = 0;
    for (int i = 0; i < count; i++) {
        int q = clamp((int)lrintf(value[i] * inverse), least, most);
        xq += (double)value[i] * q;
        qq += (double)q * q;
    }
    *scale = qq > 0 ? (float)(xq / qq) : 0;
    return qq > 0 ? (float)(xq * xq / qq) : 0;
}

/* The value farthest from zero may take the end that reaches farther (least); scales around that
 * are tried, since clipping it a little often rounds the many others better. */
float cohl_group_symmetric(int8_t *q, const float *value, int count, int least, int most)
{
    enum { TRIES = 9 };
    float peak = 0, best = 0, gain = -1;
    for (int i = 0; i < count; i++)
        if (fabsf(value[i]) > fabsf(peak))
            peak = value[i];
    for (int i = 0; i < count; i++)
        q[i] = 0;
    if (fabsf(peak) < 1e-30f)
        return 0;
    for (int side = 0; side < 2; side++)
        for (int k = -TRIES; k <= TRIES; k++) {
            float scale, end = side ? (float)most + 0.1f * (float)k : (float)least - 0.1f * (float)k;
            float found = symmetric_gain(value, count, end / peak, least, most, &scale);
            if (found > gain && scale != 0)
                gain = found, best = scale;
        }
    for (int i = 0; i < count; i++)
        q[i] = best != 0 ? (int8_t)clamp((int)lrintf(value[i] / best), least, most) : 0;
    return best;
}

/* For fixed q, scale and base by least squares; false where they say nothing. */
static int affine_fit(const uint8_t *q, const float *value, int count, int below, float *scale, float *base)
{
    double n = count, sq = 0, sqq = 0, sx = 0, sxq = 0;
    for (int i = 0; i < count; i++) {
        sq += q[i], sqq += (double)q[i] * q[i];
        sx += value[i], sxq += (double)value[i] * q[i];
    }
    double d = n * sqq - sq * sq;
    if (d > 0) {
        *scale = (float)((n * sxq - sx * sq) / d);
        *base = (float)((sx * sqq - sq * sxq) / d);
    }
    if (below && sqq > 0 && (d <= 0 || *base > 0)) {
        *base = 0;
        *scale = (float)(sxq / sqq);
        return *scale > 0;
    }
    return d > 0 && *scale > 0;
}

static double affine_error(uint8_t *q, const float *value, int count, int most, float scale, float base)
{
    double error = 0;
    for (int i = 0; i < count; i++) {
        q[i] = (uint8_t)clamp((int)lrintf((value[i] - base) / scale), 0, most);
        double off = value[i] - ((double)scale * q[i] + base);
        error += off * off;
    }
    return error;
}

float cohl_group_affine(uint8_t *q, float *base, const float *value, int count, int most, int below)
{
    enum { TRIES = 20 };
    float low = value[0], high = value[0], best = 0, best_base;
    uint8_t try[COHL_PACKING_VALUES_MAX];
    double least = INFINITY;
    for (int i = 1; i < count; i++)
        low = fminf(low, value[i]), high = fmaxf(high, value[i]);
    if (below)
        low = fminf(low, 0);
    for (int i = 0; i < count; i++)
        q[i] = 0;
    *base = best_base = low;
    if (high - low < 1e-30f)
        return 0;
    for (int k = 0; k <= TRIES; k++) {
        float scale = (high - low) / ((float)most - 0.5f + 0.08f * (float)k), at = low;
        affine_error(try, value, count, most, scale, at);
        if (k && !affine_fit(try, value, count, below, &scale, &at))
            continue;
        double error = affine_error(try, value, count, most, scale, at);
        if (error < least) {
            least = error, best = scale, best_base = at;
            for (int i = 0; i < count; i++)
                q[i] = try[i];
        }
    }
    *base = best_base;
    return best;
}

/* ---- plain formats ------------------------------------------------------- */

static void unpack_q8_0(float *out, const uint8_t *block)
{
    float d = load_half(block);
    for (int i = 0; i < GROUP; i++)
        out[i] = (float)(int8_t)block[2 + i] * d;
}

static void pack_q8_0(uint8_t *block, const float *value)
{
    float peak = 0;
    for (int i = 0; i < GROUP; i++)
        peak = fmaxf(peak, fabsf(value[i]));
    store_half(block, peak / 127);
    float d = load_half(block);
    for (int i = 0; i < GROUP; i++)
        block[2 + i] = (uint8_t)(int8_t)(d > 0 ? clamp((int)lrintf(value[i] / d), -127, 127) : 0);
}

/* Value i and i+16 share a byte, the lower in its lower half. */
static int nibble(const uint8_t *qs, int i) { return i < HALF_GROUP ? qs[i] & 15 : qs[i - HALF_GROUP] >> 4; }

static void put_nibbles(uint8_t *qs, const int *q)
{
    for (int i = 0; i < HALF_GROUP; i++)
        qs[i] = (uint8_t)((q[i] & 15) | (q[i + HALF_GROUP] & 15) << 4);
}

static int fifth(const uint8_t *qh, int i) { return (qh[i / 8] >> i % 8 & 1) << 4; }

static void put_fifths(uint8_t *qh, const int *q)
{
    memset(qh, 0, 4);
    for (int i = 0; i < GROUP; i++)
        qh[i / 8] |= (uint8_t)((q[i] >> 4 & 1) << i % 8);
}

static void unpack_q4_0(float *out, const uint8_t *block)
{
    float d = load_half(block);
    for (int i = 0; i < GROUP; i++)
        out[i] = (float)(nibble(block + 2, i) - 8) * d;
}

static void unpack_q5_0(float *out, const uint8_t *block)
{
    float d = load_half(block);
    for (int i = 0; i < GROUP; i++)
        out[i] = (float)((nibble(block + 6, i) | fifth(block + 2, i)) - 16) * d;
}

/* q for the scale as the file will hold it, plus the middle. */
static void symmetric_block(int *q, uint8_t *d_at, const float *value, int half)
{
    int8_t fit[GROUP];
    store_half(d_at, cohl_group_symmetric(fit, value, GROUP, -half, half - 1));
    float d = load_half(d_at);
    for (int i = 0; i < GROUP; i++)
        q[i] = half + (d != 0 ? clamp((int)lrintf(value[i] / d), -half, half - 1) : 0);
}

static void pack_q4_0(uint8_t *block, const float *value)
{
    int q[GROUP];
    symmetric_block(q, block, value, 8);
    put_nibbles(block + 2, q);
}

static void pack_q5_0(uint8_t *block, const float *value)
{
    int q[GROUP];
    symmetric_block(q, block, value, 16);
    put_fifths(block + 2, q);
    put_nibbles(block + 6, q);
}

static void unpack_q4_1(float *out, const uint8_t *block)
{
    float d = load_half(block), m = load_half(block + 2);
    for (int i = 0; i < GROUP; i++)
        out[i] = (float)nibble(block + 4, i) * d + m;
}

static void unpack_q5_1(float *out, const uint8_t *block)
{
    float d = load_half(block), m = load_half(block + 2);
    for (int i = 0; i < GROUP; i++)
        out[i] = (float)(nibble(block + 8, i) | fifth(block + 4, i)) * d + m;
}

static void affine_block(int *q, uint8_t *at, const float *value, int most)
{
    uint8_t fit[GROUP];
    float base, d = cohl_group_affine(fit, &base, value, GROUP, most, 0);
    store_half(at, d);
    store_half(at + 2, base);
    d = load_half(at), base = load_half(at + 2);
    for (int i = 0; i < GROUP; i++)
        q[i] = d > 0 ? clamp((int)lrintf((value[i] - base) / d), 0, most) : 0;
}

static void pack_q4_1(uint8_t *block, const float *value)
{
    int q[GROUP];
    affine_block(q, block, value, 15);
    put_nibbles(block + 4, q);
}

static void pack_q5_1(uint8_t *block, const float *value)
{
    int q[GROUP];
    affine_block(q, block, value, 31);
    put_fifths(block + 4, q);
    put_nibbles(block + 8, q);
}

/* ---- eight-bit floats ---------------------------------------------------- */

/* Sign, 4 bits of exponent with bias 7, 3 of mantissa; no infinity, 0x7f is NaN, 448 the largest. */
static void unpack_e4m3(float *out, const uint8_t *block)
{
    uint32_t sign = (uint32_t)(*block & 0x80) << 24, exponent = *block >> 3 & 15, mantissa = *block & 7;
    uint32_t bits = sign | (exponent + 120) << 23 | mantissa << 20;
    if ((*block & 0x7f) == 0x7f)
        bits = sign | 0x7fc00000;
    memcpy(out, &bits, 4);
    if (!exponent)
        *out = copysignf((float)mantissa * 0x1p-9f, sign ? -1.0f : 1.0f);
}

/* To nearest, ties to even; beyond 448 stays 448. */
static void pack_e4m3(uint8_t *block, const float *value)
{
    float size = fminf(fabsf(*value), 448);
    int exponent;
    frexpf(size, &exponent);
    exponent = clamp(exponent - 1, -6, 8);
    int steps = (int)lrintf(ldexpf(size, 3 - exponent));     /* 0..16 steps of 2^(exponent-3) */
    int code = steps < 8 ? steps : (exponent + 7) * 8 + steps - 8;
    *block = (uint8_t)(clamp(code, 0, 0x7e) | (signbit(*value) ? 0x80 : 0));
}

/* The upper byte of an f16. */
static void unpack_e5m2(float *out, const uint8_t *block) { *out = cohl_f16_to_f32((uint16_t)(*block << 8)); }

static void pack_e5m2(uint8_t *block, const float *value)
{
    float size = fminf(fabsf(*value), 57344);
    int exponent;
    frexpf(size, &exponent);
    exponent = clamp(exponent - 1, -14, 15);
    int steps = (int)lrintf(ldexpf(size, 2 - exponent));
    int code = steps < 4 ? steps : (exponent + 15) * 4 + steps - 4;
    *block = (uint8_t)(clamp(code, 0, 0x7b) | (signbit(*value) ? 0x80 : 0));
}

/* ---- the table ----------------------------------------------------------- */

static const cohl_packing q8_0 = { "Q8_0", 8, GROUP, 34, unpack_q8_0, pack_q8_0 },
                          q4_0 = { "Q4_0", 2, GROUP, 18, unpack_q4_0, pack_q4_0 },
                          q4_1 = { "Q4_1", 3, GROUP, 20, unpack_q4_1, pack_q4_1 },
                          q5_0 = { "Q5_0", 6, GROUP, 22, unpack_q5_0, pack_q5_0 },
                          q5_1 = { "Q5_1", 7, GROUP, 24, unpack_q5_1, pack_q5_1 },
                          e4m3 = { "F8_E4M3", COHL_PACKING_NO_GGML, 1, 1, unpack_e4m3, pack_e4m3 },
                          e5m2 = { "F8_E5M2", COHL_PACKING_NO_GGML, 1, 1, unpack_e5m2, pack_e5m2 };

const cohl_packing *const cohl_packings[] = {
    &q8_0, &q4_0, &q4_1, &q5_0, &q5_1, &cohl_packing_q2_k, &cohl_packing_q3_k, &cohl_packing_q4_k,
    &cohl_packing_q5_k, &cohl_packing_q6_k, &e4m3, &e5m2, NULL
};

const cohl_packing *cohl_packing_named(const char *name)
{
    for (int i = 0; cohl_packings[i]; i++)
        if (!strcasecmp(cohl_packings[i]->name, name))
            return cohl_packings[i];
    return NULL;
}

const cohl_packing *cohl_packing_of_ggml(uint32_t type)
{
    for (int i = 0; cohl_packings[i]; i++)
        if (cohl_packings[i]->ggml_type >= 0 && (uint32_t)cohl_packings[i]->ggml_type == type)
            return cohl_packings[i];
    return NULL;
}
