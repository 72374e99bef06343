/* half.c - IEEE 754 binary16 by integer arithmetic on the bits. */
#include "base/half.h"

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float cohl_f16_to_f32(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31;
    uint32_t fraction = half & 0x3ff;
    if (exponent == 31)
        return from_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent == 0) {                          /* fraction * 2^-24, exact in f32 */
        float value = (float)fraction * 0x1p-24f;
        return sign ? -value : value;
    }
    return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

/* fraction >> drop, to nearest, ties to even; 1 <= drop <= 31 */
static uint32_t shift_round(uint32_t fraction, int drop)
{
    uint32_t kept = fraction >> drop, rest = fraction & ((1u << drop) - 1);
    uint32_t tie = 1u << (drop - 1);
    return kept + (rest > tie || (rest == tie && (kept & 1)));
}

uint16_t cohl_f32_to_f16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x1ff));
    if (magnitude >= 0x47800000u)                 /* 65536 and more */
        return sign | 0x7c00;
    if (magnitude >= 0x38800000u)                 /* 2^-14 and more: normal; a carry out of the
                                                     fraction raises the exponent, up to infinity */
        return (uint16_t)(sign | (shift_round(magnitude, 13) - (112u << 10)));
    if (magnitude < 0x33000000u)                  /* below 2^-25: zero */
        return sign;
    int exponent = (int)(magnitude >> 23);
    return (uint16_t)(sign | shift_round((magnitude & 0x7fffffu) | 0x800000u, 126 - exponent));
}
