/* half.h - the two 16-bit floats, converted exactly.
 *
 * bf16 is the upper half of an f32; f16 is IEEE 754 binary16. Widening is
 * exact; narrowing rounds to nearest, ties to even. A NaN stays a NaN, an
 * infinity an infinity; what is too large for f16 becomes infinity. */
#ifndef COHL_BASE_HALF_H
#define COHL_BASE_HALF_H

#include <stdint.h>
#include <string.h>

static inline float cohl_bf16_to_f32(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint16_t cohl_f32_to_bf16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffffu) > 0x7f800000u)       /* rounding could clear a NaN's only bits */
        return (uint16_t)(bits >> 16 | 0x0040);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

float    cohl_f16_to_f32(uint16_t half);
uint16_t cohl_f32_to_f16(float value);

#endif
