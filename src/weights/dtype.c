/* dtype.c - the number types that a weight file may hold. */
#include "weights/dtype.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/half.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "weight files are read in place");

static const struct { const char *name; size_t bytes; } types[COHL_STORED_COUNT] = {
    [COHL_STORED_F64] = { "F64", 8 }, [COHL_STORED_F32]  = { "F32", 4 },
    [COHL_STORED_F16] = { "F16", 2 }, [COHL_STORED_BF16] = { "BF16", 2 },
    [COHL_STORED_I64] = { "I64", 8 }, [COHL_STORED_I32]  = { "I32", 4 },
    [COHL_STORED_U8]  = { "U8", 1 },
};

const char *cohl_stored_name(cohl_stored type)  { return types[type].name; }
size_t      cohl_stored_bytes(cohl_stored type) { return types[type].bytes; }
const char *cohl_stored_list(void)              { return "F64, F32, F16, BF16, I64, I32, U8"; }

bool cohl_stored_from_name(const char *name, cohl_stored *out)
{
    for (int t = 0; t < COHL_STORED_COUNT; t++) {
        if (strcmp(name, types[t].name) == 0) {
            *out = (cohl_stored)t;
            return true;
        }
    }
    return false;
}

static float load_one(const unsigned char *at, cohl_stored type)
{
    union { double f64; uint16_t half; int64_t i64; int32_t i32; } as;
    memcpy(&as, at, types[type].bytes);
    switch (type) {
    case COHL_STORED_F64:  return (float)as.f64;
    case COHL_STORED_F16:  return cohl_f16_to_f32(as.half);
    case COHL_STORED_I64:  return (float)as.i64;
    case COHL_STORED_I32:  return (float)as.i32;
    case COHL_STORED_U8:   return (float)*at;
    default:               assert(!"handled by the caller"); return 0;
    }
}

void cohl_stored_to_f32(float *out, const void *data, cohl_stored type, size_t count)
{
    const unsigned char *at = data;
    if (count == 0)
        return;
    if (type == COHL_STORED_F32) {
        memcpy(out, data, 4 * count);
    } else if (type == COHL_STORED_BF16) {
        for (size_t i = 0; i < count; i++) {
            uint16_t half;
            memcpy(&half, at + 2 * i, 2);
            out[i] = cohl_bf16_to_f32(half);
        }
    } else {
        for (size_t i = 0; i < count; i++)
            out[i] = load_one(at + i * types[type].bytes, type);
    }
}

void cohl_stored_to_bf16(void *out, const void *data, cohl_stored type, size_t count)
{
    enum { PIECE = 1024 };
    float piece[PIECE];
    const unsigned char *at = data;
    unsigned char *to = out;
    if (type == COHL_STORED_BF16 && count > 0) {
        memcpy(out, data, 2 * count);
        return;
    }
    for (size_t first = 0; first < count; first += PIECE) {
        size_t n = count - first < PIECE ? count - first : PIECE;
        cohl_stored_to_f32(piece, at + first * types[type].bytes, type, n);
        cohl_stored_from_f32(to + 2 * first, COHL_STORED_BF16, piece, n);
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

static void store_one(unsigned char *at, cohl_stored type, float value)
{
    union { double f64; float f32; uint16_t half; int64_t i64; int32_t i32; uint8_t u8; } as;
    switch (type) {
    case COHL_STORED_F64:  as.f64 = value;                                              break;
    case COHL_STORED_F32:  as.f32 = value;                                              break;
    case COHL_STORED_F16:  as.half = cohl_f32_to_f16(value);                            break;
    case COHL_STORED_BF16: as.half = cohl_f32_to_bf16(value);                           break;
    case COHL_STORED_I64:  as.i64 = truncate_into(value, INT64_MIN, 0x1p63);            break;
    case COHL_STORED_I32:  as.i32 = (int32_t)truncate_into(value, INT32_MIN, 0x1p31);   break;
    case COHL_STORED_U8:   as.u8 = (uint8_t)truncate_into(value, 0, 0x1p8);             break;
    default:               assert(!"a stored type");                                    return;
    }
    memcpy(at, &as, types[type].bytes);
}

void cohl_stored_from_f32(void *out, cohl_stored type, const float *value, size_t count)
{
    unsigned char *at = out;
    for (size_t i = 0; i < count; i++)
        store_one(at + i * types[type].bytes, type, value[i]);
}
