/* weight.c - reading a weight, wherever its values come from. */
#include "weights/weight.h"

#include <assert.h>
#include <stdio.h>

#include "base/half.h"
#include "weights/change.h"
#include "weights/procedural.h"

static void read_recipe(const cohl_weight *weight, size_t first, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = cohl_bf16_to_f32(cohl_recipe_value(weight->recipe, first + i));
}

/* Whole blocks straight into out; of a block that is wanted in part, that part. */
static void read_packed(const cohl_weight *weight, size_t first, size_t count, float *out)
{
    const cohl_packing *packing = weight->packing;
    size_t values = (size_t)packing->values;
    float block[COHL_PACKING_VALUES_MAX];
    for (size_t at = first; at < first + count;) {
        const uint8_t *from = (const uint8_t *)weight->data + at / values * (size_t)packing->bytes;
        size_t skip = at % values, n = values - skip;
        if (n > first + count - at)
            n = first + count - at;
        packing->unpack(n == values ? out : block, from);
        for (size_t i = 0; n < values && i < n; i++)
            out[i] = block[skip + i];
        if (weight->scale)
            for (size_t i = 0; i < n; i++)
                out[i] *= weight->scale[(at + i) / weight->scale_run];
        at += n, out += n;
    }
}

static void read_parts(const cohl_weight *weight, size_t first, size_t count, float *out)
{
    for (int k = 0; k < weight->part_count && count; k++) {
        const cohl_weight *part = &weight->part[k];
        if (first < part->count) {
            size_t n = part->count - first < count ? part->count - first : count;
            cohl_weight_read_f32(part, first, n, out);
            out += n, count -= n, first = 0;
        } else {
            first -= part->count;
        }
    }
}

void cohl_weight_read_f32(const cohl_weight *weight, size_t first, size_t count, float *out)
{
    assert(first <= weight->count && count <= weight->count - first);
    if (weight->part)
        read_parts(weight, first, count, out);
    else if (weight->recipe)
        read_recipe(weight, first, count, out);
    else if (weight->packing)
        read_packed(weight, first, count, out);
    else
        cohl_dtype_to_f32(out, (const char *)weight->data + first * cohl_dtype_bytes(weight->type), weight->type,
                          count);
    if (weight->change)
        cohl_change_add(weight, first, count, out);
}

void cohl_weight_read_bf16(const cohl_weight *weight, size_t first, size_t count, uint16_t *out)
{
    enum { PIECE = 4096 };
    float piece[PIECE];
    assert(first <= weight->count && count <= weight->count - first);
    if (weight->data && !weight->packing && !weight->change) {
        size_t skip = first * cohl_dtype_bytes(weight->type);
        cohl_dtype_to_bf16(out, (const char *)weight->data + skip, weight->type, count);
        return;
    }
    for (size_t done = 0; done < count; done += PIECE) {
        size_t n = count - done < PIECE ? count - done : PIECE;
        cohl_weight_read_f32(weight, first + done, n, piece);
        cohl_dtype_from_f32(out + done, COHL_BF16, piece, n);
    }
}

bool cohl_weight_is_bf16(const cohl_weight *weight)
{
    bool all = !weight->change && !weight->packing && (weight->part || weight->type == COHL_BF16);
    for (int k = 0; k < weight->part_count && all; k++)
        all = cohl_weight_is_bf16(&weight->part[k]);
    return all;
}

size_t cohl_weight_bytes(const cohl_weight *weight)
{
    size_t bytes = 0;
    for (int k = 0; k < weight->part_count; k++)
        bytes += cohl_weight_bytes(&weight->part[k]);
    if (weight->part)
        return bytes;
    if (weight->packing)
        return weight->count / (size_t)weight->packing->values * (size_t)weight->packing->bytes;
    return weight->count * cohl_dtype_bytes(weight->type);
}

const char *cohl_weight_type_name(const cohl_weight *weight)
{
    if (weight->part)
        return cohl_weight_type_name(weight->part);
    return weight->packing ? weight->packing->name : cohl_dtype_name(weight->type);
}

cohl_weight_shape cohl_shape_write(const int64_t *dim, int rank)
{
    cohl_weight_shape out;
    size_t used = 0;
    assert(rank <= COHL_RANK_MAX);          /* 8 x 22 characters fit */
    used += (size_t)snprintf(out.text, sizeof out.text, "[");
    for (int k = 0; k < rank; k++)
        used += (size_t)snprintf(out.text + used, sizeof out.text - used, "%s%lld",
                                 k ? ", " : "", (long long)dim[k]);
    snprintf(out.text + used, sizeof out.text - used, "]");
    return out;
}
