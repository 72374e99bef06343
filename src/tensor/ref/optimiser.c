/* optimiser.c - steps of parameters (Loshchilov and Hutter 2019), and averages. */
#include <math.h>

#include "tensor/ref/inner.h"

void cohl_ref_sum_squares(cohl_ctx *ctx, cohl_tensor *y, cohl_in x)
{
    double sum = 0;
    int64_t count = cohl_tensor_count(x);
    for (int64_t i = 0; i < count; i++)
        sum += (double)f32(x)[i] * f32(x)[i];
    f32(y)[0] = (float)(f32(y)[0] + sum);
}

void cohl_ref_adamw(cohl_ctx *ctx, cohl_tensor *p, cohl_tensor *m, cohl_tensor *v, cohl_in g,
                    const cohl_adamw *step)
{
    int64_t count = cohl_tensor_count(p);
    for (int64_t i = 0; i < count; i++) {
        double slope = (double)f32(g)[i] * step->grad_scale;
        double mean = step->beta1 * (double)f32(m)[i] + (1.0 - step->beta1) * slope;
        double square = step->beta2 * (double)f32(v)[i] + (1.0 - step->beta2) * slope * slope;
        double move = mean / step->correct1 / (sqrt(square / step->correct2) + step->eps);
        f32(m)[i] = (float)mean;
        f32(v)[i] = (float)square;
        f32(p)[i] = (float)(f32(p)[i] - step->rate * (move + (double)step->decay * f32(p)[i]));
    }
}

void cohl_ref_lerp(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, float part)
{
    int64_t count = cohl_tensor_count(y);
    for (int64_t i = 0; i < count; i++)
        f32(y)[i] = (float)(f32(y)[i] + (double)part * ((double)f32(x)[i] - f32(y)[i]));
}
