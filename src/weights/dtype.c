/* dtype.c - numbers as a weight file holds them. */
#include "weights/dtype.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/half.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "weight files are read in place");

const char *cohl_dtype_list(void) { return "F32, BF16, F16, F64, I64, I32, U8"; }

bool cohl_dtype_from_name(const char *name, cohl_dtype *out)
{
    for (int t = 0; t < COHL_DTYPE_COUNT; t++) {
        if (strcmp(name, cohl_dtype_name((cohl_dtype)t)) == 0) {
            *out = (cohl_dtype)t;
            return true;
        }
    }
    return false;
}

static float load_one(const unsigned char *at, cohl_dtype type)
{
    union { double f64; uint16_t half; int64_t i64; int32_t i32; } as;
    memcpy(&as, at, cohl_dtype_bytes(type));
    switch (type) {
    case COHL_F64:  return (float)as.f64;
    case COHL_F16:  return cohl_f16_to_f32(as.half);
    case COHL_I64:  return (float)as.i64;
    case COHL_I32:  return (float)as.i32;
    case COHL_U8:   return (float)*at;
    default:        assert(!"handled by the caller"); return 0;
    }
}

void cohl_dtype_to_f32(float *out, const void *data, cohl_dtype type, size_t count)
{
    const unsigned char *at = data;
    if (count == 0)
        return;
    if (type == COHL_F32) {
        memcpy(out, data, 4 * count);
    } else if (type == COHL_BF16) {
        for (size_t i = 0; i < count; i++) {
            uint16_t half;
            memcpy(&half, at + 2 * i, 2);
            out[i] = cohl_bf16_to_f32(half);
        }
    } else {
        for (size_t i = 0; i < count; i++)
            out[i] = load_one(at + i * cohl_dtype_bytes(type), type);
    }
}

void cohl_dtype_to_bf16(void *out, const void *data, cohl_dtype type, size_t count)
{
    enum { PIECE = 1024 };
    float piece[PIECE];
    const unsigned char *at = data;
    unsigned char *to = out;
    if (type == COHL_BF16 && count > 0) {
        memcpy(out, data, 2 * count);
        return;
    }
    for (size_t first = 0; first < count; first += PIECE) {
        size_t n = count - first < PIECE ? count - first : PIECE;
        cohl_dtype_to_f32(piece, at + first * cohl_dtype_bytes(type), type, n);
        cohl_dtype_from_f32(to + 2 * first, COHL_BF16, piece, n);
    }
}

/* lo and hi are exact in f32 */
static int64_t truncate_into(float value, int64_t lo, double hi_exclusive)
{
    if (isnan(value))
        return 0;
    if (value <= (double)lo)
        return lo;
    if (value >= hi_exclusive)
        return hi_exclusive == 0x1p63 ? INT64_MAX : (int64_t)hi_exclusive - 1;
    return (int64_t)value;
}

static void store_one(unsigned char *at, cohl_dtype type, float value)
{
    union { double f64; float f32; uint16_t half; int64_t i64; int32_t i32; uint8_t u8; } as;
    switch (type) {
    case COHL_F64:  as.f64 = value;                                            break;
    case COHL_F32:  as.f32 = value;                                            break;
    case COHL_F16:  as.half = cohl_f32_to_f16(value);                          break;
    case COHL_BF16: as.half = cohl_f32_to_bf16(value);                         break;
    case COHL_I64:  as.i64 = truncate_into(value, INT64_MIN, 0x1p63);          break;
    case COHL_I32:  as.i32 = (int32_t)truncate_into(value, INT32_MIN, 0x1p31); break;
    case COHL_U8:   as.u8 = (uint8_t)truncate_into(value, 0, 0x1p8);           break;
    default:        assert(!"a dtype");                                        return;
    }
    memcpy(at, &as, cohl_dtype_bytes(type));
}

void cohl_dtype_from_f32(void *out, cohl_dtype type, const float *value, size_t count)
{
    unsigned char *at = out;
    for (size_t i = 0; i < count; i++)
        store_one(at + i * cohl_dtype_bytes(type), type, value[i]);
}
