/* q8_rows.h - what all sets of inner loops in eight bits do with single rows.
 *
 * Included by q8_ISA.c, which defines LANES, the floats of its vectors, VALUE, the type of a row's
 * value, and ADDED, what is added to it. */
#include <math.h>
#include <string.h>

#include "tensor/cpu/q8.h"

#define INLINE static inline __attribute__((always_inline))

typedef float q8_floats __attribute__((vector_size(4 * LANES)));
typedef int32_t q8_ints __attribute__((vector_size(4 * LANES)));
typedef VALUE q8_values __attribute__((vector_size(sizeof(VALUE) * LANES)));

INLINE q8_floats q8_load(const float *from, int64_t count)
{
    q8_floats v = { 0 };
    memcpy(&v, from, (count < LANES ? (size_t)count : LANES) * sizeof *from);
    return v;
}

/* The largest |x|, NaN when one of x is not finite. Bits of sizes are in the order of sizes, and
 * those of what is not finite are the largest. */
INLINE float q8_most(const float *x, int64_t count)
{
    q8_ints most = { 0 };
    int32_t largest = 0;
    for (int64_t i = 0; i < count; i += LANES) {
        q8_ints size = (q8_ints)q8_load(x + i, count - i) & 0x7fffffff, more = size > most;
        most = (size & more) | (most & ~more);
    }
    for (int i = 0; i < LANES; i++)
        largest = most[i] > largest ? most[i] : largest;
    float value;
    memcpy(&value, &largest, sizeof value);
    return largest < 0x7f800000 ? value : NAN;
}

/* Adding 1.5 * 2^23 rounds to a whole number, nearest and ties to even, in the low bits. */
INLINE q8_ints q8_whole(q8_floats x, float inverse)
{
    const float shift = 0x1.8p23f;
    const q8_floats high = (q8_floats){ 0 } + COHL_Q8_MOST;
    q8_floats v = x * inverse;
    q8_ints above = v > high, below = v < -high;
    v = (q8_floats)(((q8_ints)high & above) | ((q8_ints)-high & below) | ((q8_ints)v & ~(above | below)));
    return (q8_ints)(v + shift) - 0x4b400000;
}

static float row(void *to, const float *x, int64_t count)
{
    VALUE *at = to;
    float scale = cohl_q8_scale(q8_most(x, count)), inverse = cohl_q8_inverse(scale);
    int64_t filled = cohl_q8_filled(count);
    for (int64_t i = 0; i < filled; i += LANES) {
        q8_values v = __builtin_convertvector(q8_whole(q8_load(x + i, count - i), inverse) + ADDED, q8_values);
        int64_t left = filled - i;
        memcpy(at + i, &v, (left < LANES ? (size_t)left : LANES) * sizeof *at);
    }
    return scale;
}

static void finish(float *c, const int32_t *sum, const cohl_q8_panel *panel, float scale, const float *bias)
{
    for (int i = 0; i < COHL_Q8_COLUMNS; i += LANES) {
        q8_ints whole, own;
        memcpy(&whole, sum + i, sizeof whole);
        memcpy(&own, panel->sum + i, sizeof own);
        q8_floats scales = q8_load(panel->scale + i, LANES) * scale, more = q8_load(bias + i, LANES);
        q8_floats y = __builtin_convertvector(whole - ADDED * own, q8_floats) * scales + more;
        memcpy(c + i, &y, sizeof y);
    }
}
