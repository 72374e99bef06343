/* dit_precondition.c - the transformer is asked only for what no straight line knows. */
#include "model/dit_precondition.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { TABLES = 3 };
static const double TIME_MAX = 1000;

/* What the scales are at noise level t for data of deviation s. */
static void scales_at(double t, double s, float *in, float *slope, float *missed)
{
    double square = (1 - t) * (1 - t) * s * s + t * t, deviation = sqrt(square);
    *in = (float)(1 / deviation);
    *slope = (float)((t - (1 - t) * s * s) / square);
    *missed = (float)(s / deviation);
}

dit_precondition dit_precondition_at(cohl_ctx *ctx, const cohl_dit_config *c, const cohl_dit_clip *clip, const float *time)
{
    const int64_t dim[2] = { clip->groups, c->in_dim };
    size_t values = (size_t)clip->groups * (size_t)c->in_dim;
    dit_precondition p = { 0 };
    assert(c->data_std_count == c->in_dim && c->data_std_count == c->out_dim);
    float *table = malloc(TABLES * values * sizeof *table);
    if (!table) {
        cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no memory for the scales of %d noise levels", clip->groups);
        return p;
    }
    for (size_t i = 0; i < values; i++)
        scales_at(time[i / (size_t)c->in_dim] / TIME_MAX, c->data_std[i % (size_t)c->in_dim], &table[i], &table[values + i],
                  &table[2 * values + i]);
    cohl_tensor **scale[TABLES] = { &p.in, &p.slope, &p.missed };
    for (int i = 0; i < TABLES; i++)
        *scale[i] = cohl_gather(ctx, cohl_tensor_upload(ctx, table + (size_t)i * values, COHL_F32, 2, dim), clip->cell_group);
    free(table);
    return p;
}

cohl_tensor *dit_precondition_in(cohl_ctx *ctx, const dit_precondition *p, cohl_tensor *x)
{
    return cohl_mul(ctx, x, p->in);
}

cohl_tensor *dit_precondition_out(cohl_ctx *ctx, const dit_precondition *p, cohl_tensor *x, cohl_tensor *answer)
{
    return cohl_add(ctx, cohl_mul(ctx, x, p->slope), cohl_mul(ctx, answer, p->missed));
}
