/* weight.h - one named tensor as a source offers it: its name, type and shape,
 * and where its values come from: bytes in a mapped file, or a recipe that
 * makes them (procedural.h). Readers need not know which.
 *
 * A weight belongs to its source and lives as long. Reading is thread-safe. */
#ifndef COHL_WEIGHTS_WEIGHT_H
#define COHL_WEIGHTS_WEIGHT_H

#include <stdint.h>

#include "weights/dtype.h"

/* value i = bf16(offset + amplitude * u(hash, i)); see procedural.h. */
typedef struct cohl_weight_recipe {
    uint64_t hash;
    double   offset, amplitude;
    bool     has_crc;
    uint32_t crc;               /* CRC-32 of the little-endian bf16 bytes */
} cohl_weight_recipe;

typedef struct cohl_weight {
    const char *name;
    cohl_dtype  type;
    int         rank;                          /* 0 (a scalar) .. 8       */
    int64_t     dim[COHL_RANK_MAX];            /* slowest first, 0 allowed */
    size_t      count;                         /* product of dim          */
    const void *data;                          /* count values, any alignment; NULL with a recipe */
    const cohl_weight_recipe *recipe;          /* NULL with data          */
} cohl_weight;

/* Values first .. first+count-1 of the flat tensor; inside it. */
void cohl_weight_read_f32(const cohl_weight *weight, size_t first, size_t count, float *out);
void cohl_weight_read_bf16(const cohl_weight *weight, size_t first, size_t count, uint16_t *out);

/* "[3, 4]", for sentences. */
typedef struct cohl_weight_shape { char text[192]; } cohl_weight_shape;
cohl_weight_shape cohl_shape_write(const int64_t *dim, int rank);

#endif
