/* q8.c - matrices in eight bits: packed, and read back. */
#include "tensor/q8.h"

#include <math.h>
#include <string.h>

size_t cohl_q8_panel_bytes(int64_t in)
{
    return sizeof(cohl_q8_panel) + (size_t)cohl_q8_filled(in) * COHL_Q8_COLUMNS;
}

size_t cohl_q8_bytes(int64_t out, int64_t in)
{
    return (size_t)cohl_q8_panels(out) * cohl_q8_panel_bytes(in);
}

float cohl_q8_most(const float *x, int64_t count, float most)
{
    for (int64_t i = 0; i < count; i++) {
        float size = fabsf(x[i]);
        most = size > most || isnan(size) ? size : most;
    }
    return most;
}

static int8_t whole(float x, float inverse)
{
    float v = x * inverse;
    return (int8_t)(v < -COHL_Q8_MOST ? -COHL_Q8_MOST : v > COHL_Q8_MOST ? COHL_Q8_MOST : lrintf(v));
}

void cohl_q8_put(cohl_q8_panel *panel, int column, int64_t i, const float *x, int64_t count)
{
    float inverse = cohl_q8_inverse(panel->scale[column]);
    for (int64_t end = i + count; i < end; i++, x++) {
        int8_t q = whole(*x, inverse);
        panel->q[(i / COHL_Q8_DEPTH * COHL_Q8_COLUMNS + column) * COHL_Q8_DEPTH + i % COHL_Q8_DEPTH] = q;
        panel->sum[column] += q;
    }
}

void cohl_q8_pack(void *matrix, const float *from, int64_t out, int64_t in)
{
    memset(matrix, 0, cohl_q8_bytes(out, in));
    for (int64_t o = 0; o < out; o++, from += in) {
        cohl_q8_panel *panel = (cohl_q8_panel *)cohl_q8_panel_of(matrix, o, in);
        int column = (int)(o % COHL_Q8_COLUMNS);
        panel->scale[column] = cohl_q8_scale(cohl_q8_most(from, in, 0));
        cohl_q8_put(panel, column, 0, from, in);
    }
}

void cohl_q8_unpack(float *to, const void *matrix, int64_t out, int64_t in)
{
    for (int64_t o = 0; o < out; o++) {
        const cohl_q8_panel *panel = cohl_q8_panel_of(matrix, o, in);
        for (int64_t i = 0; i < in; i++)
            *to++ = panel->scale[o % COHL_Q8_COLUMNS] * cohl_q8_value(panel, o % COHL_Q8_COLUMNS, i);
    }
}

float cohl_q8_row(int8_t *q, const float *x, int64_t count)
{
    float scale = cohl_q8_scale(cohl_q8_most(x, count, 0)), inverse = cohl_q8_inverse(scale);
    if (!isfinite(scale)) {
        memset(q, 0, (size_t)count);
        return NAN;
    }
    for (int64_t i = 0; i < count; i++)
        q[i] = whole(x[i], inverse);
    return scale;
}
