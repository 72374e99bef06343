/* element.c - each value apart: sums, products, activations, rotations. */
#include <math.h>

#include "tensor/ref/inner.h"

void cohl_ref_add(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b)
{
    int64_t count = cohl_tensor_count(y);
    for (int64_t i = 0; i < count; i++)
        f32(y)[i] = f32(a)[i] + f32(b)[i];
}

void cohl_ref_mul(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b)
{
    int64_t count = cohl_tensor_count(y);
    for (int64_t i = 0; i < count; i++)
        f32(y)[i] = f32(a)[i] * f32(b)[i];
}

void cohl_ref_mul_back(cohl_ctx *ctx, cohl_tensor *da, cohl_tensor *db, cohl_in dy, cohl_in a,
                       cohl_in b)
{
    int64_t count = cohl_tensor_count(dy);
    for (int64_t i = 0; i < count; i++) {
        if (da)
            f32(da)[i] += f32(dy)[i] * f32(b)[i];
        if (db)
            f32(db)[i] += f32(dy)[i] * f32(a)[i];
    }
}

void cohl_ref_add_row(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in v)
{
    int64_t count = cohl_tensor_count(y), width = cohl_tensor_width(y);
    for (int64_t i = 0; i < count; i++)
        f32(y)[i] = f32(x)[i] + f32(v)[i % width];
}

void cohl_ref_add_row_back(cohl_ctx *ctx, cohl_tensor *dv, cohl_in dy)
{
    int64_t rows = cohl_tensor_rows(dy), width = cohl_tensor_width(dy);
    for (int64_t i = 0; i < width; i++) {
        double sum = 0;
        for (int64_t r = 0; r < rows; r++)
            sum += f32(dy)[r * width + i];
        f32(dv)[i] = (float)(f32(dv)[i] + sum);
    }
}

void cohl_ref_axpy(cohl_ctx *ctx, cohl_tensor *y, float factor, cohl_in x)
{
    int64_t count = cohl_tensor_count(y);
    for (int64_t i = 0; i < count; i++)
        f32(y)[i] += factor * f32(x)[i];
}

void cohl_ref_scale(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, float factor)
{
    int64_t count = cohl_tensor_count(y);
    for (int64_t i = 0; i < count; i++)
        f32(y)[i] = factor * f32(x)[i];
}

/* ---- activations ------------------------------------------------------- */

/* sqrt(2/pi), 1/sqrt(2), 1/sqrt(2 pi) */
static const double GELU_SLOPE = 0.79788456080286535588, ROOT_HALF = 0.70710678118654752440,
                    NORMAL_PEAK = 0.39894228040143267794;
/* of Hendrycks and Gimpel 2016 */
static const double GELU_CUBE = 0.044715;
/* of a leaky unit, below zero (Redmon et al. 2016) */
static const double LEAK = 0.1;

static double activation(double x, cohl_activation f)
{
    switch (f) {
    case COHL_SILU:      return x / (1 + exp(-x));
    case COHL_GELU_TANH: return 0.5 * x * (1 + tanh(GELU_SLOPE * (x + GELU_CUBE * x * x * x)));
    case COHL_GELU_ERF:  return 0.5 * x * (1 + erf(x * ROOT_HALF));
    case COHL_RELU:      return x > 0 ? x : 0;
    case COHL_TANH:      return tanh(x);
    case COHL_RELU6:     return x > 0 ? x < 6 ? x : 6 : 0;
    case COHL_LEAKY_RELU: return x > 0 ? x : LEAK * x;
    case COHL_ACTIVATION_COUNT: break;
    }
    return 0;
}

static double activation_slope(double x, cohl_activation f)
{
    switch (f) {
    case COHL_SILU: {
        double gate = 1 / (1 + exp(-x));
        return gate * (1 + x * (1 - gate));
    }
    case COHL_GELU_TANH: {
        double t = tanh(GELU_SLOPE * (x + GELU_CUBE * x * x * x));
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * GELU_SLOPE * (1 + 3 * GELU_CUBE * x * x);
    }
    case COHL_GELU_ERF:
        return 0.5 * (1 + erf(x * ROOT_HALF)) + x * NORMAL_PEAK * exp(-0.5 * x * x);
    case COHL_RELU: return x > 0 ? 1 : 0;
    case COHL_TANH: return 1 - tanh(x) * tanh(x);
    case COHL_RELU6: return x > 0 && x < 6 ? 1 : 0;
    case COHL_LEAKY_RELU: return x > 0 ? 1 : LEAK;
    case COHL_ACTIVATION_COUNT: break;
    }
    return 0;
}

void cohl_ref_activate(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_activation f)
{
    int64_t count = cohl_tensor_count(y);
    for (int64_t i = 0; i < count; i++)
        f32(y)[i] = (float)activation(f32(x)[i], f);
}

void cohl_ref_activate_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, cohl_in x,
                            cohl_activation f)
{
    int64_t count = cohl_tensor_count(dx);
    for (int64_t i = 0; i < count; i++)
        f32(dx)[i] += (float)(f32(dy)[i] * activation_slope(f32(x)[i], f));
}

/* ---- rotation ---------------------------------------------------------- */

void cohl_ref_rope(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in turn, bool inverse, bool add)
{
    int64_t heads = x->dim[1], pairs = x->dim[2] / 2, count = cohl_tensor_count(x) / 2;
    for (int64_t i = 0; i < count; i++) {
        int64_t row = i / (heads * pairs), pair = i % pairs;
        const float *from = f32(x) + 2 * i, *angle = f32(turn) + 2 * (row * pairs + pair);
        float *to = f32(y) + 2 * i;
        double cosine = angle[0], sine = inverse ? -angle[1] : angle[1];
        double re = from[0] * cosine - from[1] * sine, im = from[0] * sine + from[1] * cosine;
        to[0] = (float)(re + (add ? to[0] : 0));
        to[1] = (float)(im + (add ? to[1] : 0));
    }
}
