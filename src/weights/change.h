/* change.h - what is added to a weight as it is read: W + s B A, or W + s D.
 *
 * A low-rank update (Hu et al. 2021, "LoRA", eq. 3) of a matrix W [out, in] has
 * factors A [rank, in] and B [out, rank]; a difference D has W's own shape. The
 * sum is made in f32 and rounded once, so a weight read as bf16 is the rounding
 * of the changed weight, whatever the type it is stored in. */
#ifndef COHL_WEIGHTS_CHANGE_H
#define COHL_WEIGHTS_CHANGE_H

#include "weights/weight.h"

typedef struct cohl_change {
    const float *down;        /* A [rank, width], or D when rank is 0 */
    const float *up;          /* B [rows, rank] */
    int          rank;
    size_t       width;       /* of a row: the product of W's dims after the first */
    float        scale;
    const struct cohl_change *next;
} cohl_change;

/* Add weight->change to values first .. first+count-1 in out. */
void cohl_change_add(const cohl_weight *weight, size_t first, size_t count, float *out);

#endif
