/* weight.h - one named tensor as a source offers it: its name, type and shape,
 * and where its values come from. Readers need not know which:
 *
 *     data                 count values in a mapped file, row-major
 *     data with packing    the same packed in blocks (packing.h), perhaps with scales
 *     recipe               nothing is stored: the name makes them (procedural.h)
 *     part                 several weights of other names, one after the other
 *     change               any of these, and low-rank updates added (lora.h)
 *
 * A weight belongs to its source and lives as long. Reading is thread-safe. */
#ifndef COHL_WEIGHTS_WEIGHT_H
#define COHL_WEIGHTS_WEIGHT_H

#include <stdint.h>

#include "weights/dtype.h"
#include "weights/packing.h"

/* value i = bf16(offset + amplitude * u(hash, i)); see procedural.h. */
typedef struct cohl_weight_recipe {
    uint64_t hash;
    double   offset, amplitude;
    bool     has_crc;
    uint32_t crc;               /* CRC-32 of the little-endian bf16 bytes */
} cohl_weight_recipe;

typedef struct cohl_weight {
    const char *name;
    cohl_dtype  type;                          /* of a value; F32 when packed */
    int         rank;                          /* 0 (a scalar) .. 8       */
    int64_t     dim[COHL_RANK_MAX];            /* slowest first, 0 allowed */
    size_t      count;                         /* product of dim          */
    const void *data;                          /* any alignment; NULL with a recipe or parts */
    const cohl_weight_recipe *recipe;
    const cohl_packing       *packing;         /* NULL: data are count values of type */
    const float              *scale;           /* of packed values: value i times scale[i / scale_run]; or NULL */
    size_t                    scale_run;
    const struct cohl_weight *part;            /* [part_count], whole rows, in order */
    int                       part_count;
    const struct cohl_change *change;          /* a list that ends with NULL */
    bool        loose;                         /* the format forgets sizes of one, and joins what is above rank 4 */
} cohl_weight;

/* Values first .. first+count-1 of the flat tensor; inside it. */
void cohl_weight_read_f32(const cohl_weight *weight, size_t first, size_t count, float *out);
void cohl_weight_read_bf16(const cohl_weight *weight, size_t first, size_t count, uint16_t *out);

/* Its values are bf16 as they are: nothing is lost by holding them so. */
bool cohl_weight_is_bf16(const cohl_weight *weight);

/* Bytes its values take in the file (what they would take, with a recipe), and its type there: "Q4_K". */
size_t      cohl_weight_bytes(const cohl_weight *weight);
const char *cohl_weight_type_name(const cohl_weight *weight);

/* "[3, 4]", for sentences. */
typedef struct cohl_weight_shape { char text[192]; } cohl_weight_shape;
cohl_weight_shape cohl_shape_write(const int64_t *dim, int rank);

#endif
