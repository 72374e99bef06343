/* q8.h - matrices in eight bits, as products read them.
 *
 * A weight [out, in] has a scale for each of its rows, w[o, i] = scale[o] * q[o, i] with whole q in
 * -127..127; a row of activations gets its own scale when it is multiplied. So the sums are sums
 * of whole numbers, exact in 32 bits (up to in = COHL_Q8_INPUTS_MOST), the same in any order and on any machine,
 * and both scales are multiplied to them once at the end (as LLM.int8 does without its outliers,
 * Dettmers et al. 2022, section 2).
 *
 * A weight is packed once, where it is loaded: panels of COLUMNS outputs, in which DEPTH values of
 * one output stand together, zeros beyond out and in. Any instruction that sums two or four
 * neighbours reads it as it lies. */
#ifndef COHL_TENSOR_Q8_H
#define COHL_TENSOR_Q8_H

#include <float.h>
#include <stddef.h>
#include <stdint.h>

enum { COHL_Q8_COLUMNS = 16, COHL_Q8_DEPTH = 4, COHL_Q8_MOST = 127,
       COHL_Q8_INPUTS_MOST = INT32_MAX / (255 * COHL_Q8_MOST) };    /* rows made unsigned go up to 255 */

typedef struct cohl_q8_panel {
    float   scale[COHL_Q8_COLUMNS];
    int32_t sum[COHL_Q8_COLUMNS];       /* of q over in: for products of unsigned rows */
    int8_t  q[];                        /* [in / DEPTH, upwards][COLUMNS][DEPTH] */
} cohl_q8_panel;

/* in, filled up to whole groups; panels of out; bytes of one and of the matrix. */
static inline int64_t cohl_q8_filled(int64_t in) { return (in + COHL_Q8_DEPTH - 1) / COHL_Q8_DEPTH * COHL_Q8_DEPTH; }
static inline int64_t cohl_q8_panels(int64_t out) { return (out + COHL_Q8_COLUMNS - 1) / COHL_Q8_COLUMNS; }
size_t cohl_q8_panel_bytes(int64_t in);
size_t cohl_q8_bytes(int64_t out, int64_t in);

/* The panel that holds output o. */
static inline const cohl_q8_panel *cohl_q8_panel_of(const void *matrix, int64_t o, int64_t in)
{
    return (const void *)((const char *)matrix + (size_t)(o / COHL_Q8_COLUMNS) * cohl_q8_panel_bytes(in));
}

/* q of the panel's output `column`, input i. */
static inline int8_t cohl_q8_value(const cohl_q8_panel *panel, int64_t column, int64_t i)
{
    return panel->q[(i / COHL_Q8_DEPTH * COHL_Q8_COLUMNS + column) * COHL_Q8_DEPTH + i % COHL_Q8_DEPTH];
}

/* The scale at which values of at most `most` fill the eight bits, and what they are then multiplied
 * by; values too small for a scale become zero. */
static inline float cohl_q8_scale(float most) { return most / COHL_Q8_MOST; }
static inline float cohl_q8_inverse(float scale) { return scale >= FLT_MIN && scale <= FLT_MAX ? 1 / scale : 0; }
float cohl_q8_most(const float *x, int64_t count, float most);     /* the larger of it and of all |x| */

/* One row of a panel: its scale, then its values from i on, any number of times. A panel begins as zeros. */
void cohl_q8_put(cohl_q8_panel *panel, int column, int64_t i, const float *x, int64_t count);

/* from [out, in] into matrix, and back. */
void cohl_q8_pack(void *matrix, const float *from, int64_t out, int64_t in);
void cohl_q8_unpack(float *to, const void *matrix, int64_t out, int64_t in);

/* x [count] to whole numbers, nearest, ties to even; returns their scale, NaN when one of x is not finite. */
float cohl_q8_row(int8_t *q, const float *x, int64_t count);

#endif
