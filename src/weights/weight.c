/* weight.c - reading a weight, wherever its values come from. */
#include "weights/weight.h"

#include <assert.h>
#include <stdio.h>

#include "base/half.h"
#include "weights/procedural.h"

void cohl_weight_read_f32(const cohl_weight *weight, size_t first, size_t count, float *out)
{
    assert(first <= weight->count && count <= weight->count - first);
    if (weight->recipe) {
        for (size_t i = 0; i < count; i++)
            out[i] = cohl_bf16_to_f32(cohl_recipe_value(weight->recipe, first + i));
    } else {
        size_t skip = first * cohl_dtype_bytes(weight->type);
        cohl_dtype_to_f32(out, (const char *)weight->data + skip, weight->type, count);
    }
}

void cohl_weight_read_bf16(const cohl_weight *weight, size_t first, size_t count, uint16_t *out)
{
    assert(first <= weight->count && count <= weight->count - first);
    if (weight->recipe) {
        for (size_t i = 0; i < count; i++)
            out[i] = cohl_recipe_value(weight->recipe, first + i);
    } else {
        size_t skip = first * cohl_dtype_bytes(weight->type);
        cohl_dtype_to_bf16(out, (const char *)weight->data + skip, weight->type, count);
    }
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
