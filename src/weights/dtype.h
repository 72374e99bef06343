/* dtype.h - the number types that a weight file may hold.
 *
 * What a file holds and what a tensor computes in are two lists: a file may
 * bring f16 or f64, which no operation takes. Whoever loads a weight names the
 * type it wants, and the values are converted on the way.
 *
 * Bytes are little-endian, as in the file, and need no alignment. */
#ifndef COHL_WEIGHTS_DTYPE_H
#define COHL_WEIGHTS_DTYPE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum cohl_stored {
    COHL_STORED_F64, COHL_STORED_F32, COHL_STORED_F16, COHL_STORED_BF16,
    COHL_STORED_I64, COHL_STORED_I32, COHL_STORED_U8,
    COHL_STORED_COUNT
} cohl_stored;

/* As safetensors writes it: "BF16". */
const char *cohl_stored_name(cohl_stored type);
bool cohl_stored_from_name(const char *name, cohl_stored *out);
/* "F64, F32, ..." for the sentence that refuses another. */
const char *cohl_stored_list(void);

size_t cohl_stored_bytes(cohl_stored type);   /* of one value, 1..8 */

/* out[i] = data[i], rounded once to f32. */
void cohl_stored_to_f32(float *out, const void *data, cohl_stored type, size_t count);
/* The same to bf16 (as 16-bit words); from BF16 the bits are kept. */
void cohl_stored_to_bf16(void *out, const void *data, cohl_stored type, size_t count);
/* out[i] = value[i] in the type; integers truncate and saturate, NaN becomes 0. */
void cohl_stored_from_f32(void *out, cohl_stored type, const float *value, size_t count);

#endif
