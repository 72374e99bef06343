/* inner.h - what the files of the reference back end share. */
#ifndef COHL_TENSOR_REF_INNER_H
#define COHL_TENSOR_REF_INNER_H

#include "base/half.h"
#include "tensor/ref/ref.h"

/* The values of an F32 tensor, NULL of NULL. */
static inline float *f32(cohl_in t) { return t ? t->data : NULL; }

/* Value i of an F32 or BF16 tensor. */
static inline float value_of(cohl_in t, int64_t i)
{
    if (t->dtype == COHL_BF16)
        return cohl_bf16_to_f32(((const uint16_t *)t->data)[i]);
    return ((const float *)t->data)[i];
}

/* An input of a product, as the precision of the context has it. */
static inline double rounded(const cohl_ctx *ctx, float value)
{
    if (ctx->precision == COHL_PRECISION_BF16)
        return cohl_bf16_to_f32(cohl_f32_to_bf16(value));
    return value;
}

/* count sums at zero, out of scratch; NULL when there is no room, and the
 * context then says so. The caller takes a mark before. */
double *cohl_ref_sums(cohl_ctx *ctx, int64_t count);
/* y += sums, value by value; nothing when y is NULL. */
void cohl_ref_add_sums(cohl_tensor *y, const double *sums);

#endif
