/* dtype.h - numbers as a weight file holds them.
 *
 * A file may bring types that no operation takes, f16 or f64. Whoever loads a
 * weight names the type it wants, and the values are converted on the way.
 *
 * Bytes are little-endian, as in the file, and need no alignment. */
#ifndef COHL_WEIGHTS_DTYPE_H
#define COHL_WEIGHTS_DTYPE_H

#include "tensor/tensor.h"

bool cohl_dtype_from_name(const char *name, cohl_dtype *out);
/* "F32, BF16, ..." for the sentence that refuses another. */
const char *cohl_dtype_list(void);

/* out[i] = data[i], rounded once to f32. */
void cohl_dtype_to_f32(float *out, const void *data, cohl_dtype type, size_t count);
/* The same to bf16 (as 16-bit words); from BF16 the bits are kept. */
void cohl_dtype_to_bf16(void *out, const void *data, cohl_dtype type, size_t count);
/* out[i] = value[i] in the type; integers truncate and saturate, NaN becomes 0. */
void cohl_dtype_from_f32(void *out, cohl_dtype type, const float *value, size_t count);

#endif
