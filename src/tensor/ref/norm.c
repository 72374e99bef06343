/* norm.c - rows brought to one size, and what adapts them to a condition.
 *
 * All gradients have one form: with h = x brought to size, and g the slope
 * of h, dx = (g - the part of g that only changes the size [and mean]) / size. */
#include <math.h>

#include "tensor/ref/inner.h"

/* ---- root mean square -------------------------------------------------- */

static double square_sum(const float *x, int64_t width)
{
    double sum = 0;
    for (int64_t i = 0; i < width; i++)
        sum += (double)x[i] * x[i];
    return sum;
}

void cohl_ref_rms_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, float eps)
{
    int64_t rows = cohl_tensor_rows(x), width = cohl_tensor_width(x);
    for (int64_t r = 0; r < rows; r++) {
        const float *from = f32(x) + r * width;
        double size = sqrt(square_sum(from, width) / width + eps);
        for (int64_t i = 0; i < width; i++)
            f32(y)[r * width + i] = (float)(from[i] / size * f32(gain)[i]);
    }
}

/* One row; dx or dgain NULL: not wanted. */
static void rms_norm_back_row(float *dx, double *dgain, const float *dy, const float *x,
                              const float *gain, int64_t width, double eps)
{
    double size = sqrt(square_sum(x, width) / width + eps), along = 0;
    for (int64_t i = 0; i < width; i++) {
        along += (double)dy[i] * gain[i] * x[i] / size;
        if (dgain)
            dgain[i] += dy[i] * (x[i] / size);
    }
    for (int64_t i = 0; dx && i < width; i++)
        dx[i] += (float)(((double)dy[i] * gain[i] - x[i] / size * along / width) / size);
}

void cohl_ref_rms_norm_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dgain, cohl_in dy,
                            cohl_in x, cohl_in gain, float eps)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int64_t rows = cohl_tensor_rows(x), width = cohl_tensor_width(x);
    double *sums = cohl_ref_sums(ctx, width);
    for (int64_t r = 0; sums && r < rows; r++)
        rms_norm_back_row(dx ? f32(dx) + r * width : NULL, sums, f32(dy) + r * width,
                          f32(x) + r * width, f32(gain), width, eps);
    if (sums)
        cohl_ref_add_sums(dgain, sums);
    cohl_arena_release(&ctx->scratch, mark);
}

/* ---- channels of a picture --------------------------------------------- */

static double silu(double x) { return x / (1 + exp(-x)); }

static double silu_slope(double x)
{
    double gate = 1 / (1 + exp(-x));
    return gate * (1 + x * (1 - gate));
}

/* Length over sqrt(width); below 1e-12 the length counts as constant. */
static double channel_size(const float *x, int64_t width, bool *constant)
{
    double length = sqrt(square_sum(x, width));
    *constant = length < 1e-12;
    return (*constant ? 1e-12 : length) / sqrt((double)width);
}

void cohl_ref_channel_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, bool with_silu)
{
    int64_t rows = cohl_tensor_rows(x), width = cohl_tensor_width(x);
    for (int64_t r = 0; r < rows; r++) {
        const float *from = f32(x) + r * width;
        bool constant;
        double size = channel_size(from, width, &constant);
        for (int64_t i = 0; i < width; i++) {
            double value = from[i] / size * f32(gain)[i];
            f32(y)[r * width + i] = (float)(with_silu ? silu(value) : value);
        }
    }
}

static double channel_slope(double dy, double h, double gain, bool with_silu)
{
    return with_silu ? dy * silu_slope(h * gain) : dy;
}

static void channel_norm_back_row(float *dx, double *dgain, const float *dy, const float *x,
                                  const float *gain, int64_t width, bool with_silu)
{
    bool constant;
    double size = channel_size(x, width, &constant), along = 0;
    for (int64_t i = 0; i < width; i++) {
        double h = x[i] / size, slope = channel_slope(dy[i], h, gain[i], with_silu);
        along += slope * gain[i] * h;
        dgain[i] += slope * h;
    }
    for (int64_t i = 0; dx && i < width; i++) {
        double h = x[i] / size, slope = channel_slope(dy[i], h, gain[i], with_silu);
        dx[i] += (float)((slope * gain[i] - (constant ? 0 : h * along / width)) / size);
    }
}

void cohl_ref_channel_norm_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dgain, cohl_in dy,
                                cohl_in x, cohl_in gain, bool with_silu)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int64_t rows = cohl_tensor_rows(x), width = cohl_tensor_width(x);
    double *sums = cohl_ref_sums(ctx, width);
    for (int64_t r = 0; sums && r < rows; r++)
        channel_norm_back_row(dx ? f32(dx) + r * width : NULL, sums, f32(dy) + r * width,
                              f32(x) + r * width, f32(gain), width, with_silu);
    if (sums)
        cohl_ref_add_sums(dgain, sums);
    cohl_arena_release(&ctx->scratch, mark);
}

/* ---- mean and variance ------------------------------------------------- */

typedef struct spread { double mean, size; } spread;

static spread measure(const float *x, int64_t width, double eps)
{
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < width; i++)
        mean += x[i];
    mean /= (double)width;
    for (int64_t i = 0; i < width; i++)
        variance += (x[i] - mean) * (x[i] - mean);
    return (spread){ mean, sqrt(variance / width + eps) };
}

/* Factor and offset of value i of a row: gain or 1 + scale; each may be NULL. */
static double factor(const float *gain, const float *scale, int64_t i)
{
    return gain ? gain[i] : scale ? 1.0 + scale[i] : 1.0;
}

static void layer_norm_row(float *y, const float *x, const float *gain, const float *scale,
                           const float *offset, int64_t width, double eps)
{
    spread s = measure(x, width, eps);
    for (int64_t i = 0; i < width; i++) {
        double h = (x[i] - s.mean) / s.size;
        y[i] = (float)(h * factor(gain, scale, i) + (offset ? offset[i] : 0));
    }
}

/* dfactor and doffset [width] are sums, or NULL; so dx. */
static void layer_norm_back_row(float *dx, double *dfactor, double *doffset, const float *dy,
                                const float *x, const float *gain, const float *scale,
                                int64_t width, double eps)
{
    spread s = measure(x, width, eps);
    double along = 0, level = 0;
    for (int64_t i = 0; i < width; i++) {
        double h = (x[i] - s.mean) / s.size, slope = dy[i] * factor(gain, scale, i);
        along += slope * h / width;
        level += slope / width;
        if (dfactor)
            dfactor[i] += dy[i] * h;
        if (doffset)
            doffset[i] += dy[i];
    }
    for (int64_t i = 0; dx && i < width; i++) {
        double h = (x[i] - s.mean) / s.size, slope = dy[i] * factor(gain, scale, i);
        dx[i] += (float)((slope - level - h * along) / s.size);
    }
}

void cohl_ref_layer_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, cohl_in bias,
                         float eps)
{
    int64_t rows = cohl_tensor_rows(x), width = cohl_tensor_width(x);
    for (int64_t r = 0; r < rows; r++)
        layer_norm_row(f32(y) + r * width, f32(x) + r * width, f32(gain), NULL, f32(bias), width,
                       eps);
}

void cohl_ref_layer_norm_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dgain,
                              cohl_tensor *dbias, cohl_in dy, cohl_in x, cohl_in gain, float eps)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int64_t rows = cohl_tensor_rows(x), width = cohl_tensor_width(x);
    double *sums = cohl_ref_sums(ctx, 2 * width);
    for (int64_t r = 0; sums && r < rows; r++)
        layer_norm_back_row(dx ? f32(dx) + r * width : NULL, sums, sums + width,
                            f32(dy) + r * width, f32(x) + r * width, f32(gain), NULL, width, eps);
    if (sums) {
        cohl_ref_add_sums(dgain, sums);
        cohl_ref_add_sums(dbias, sums + width);
    }
    cohl_arena_release(&ctx->scratch, mark);
}

/* ---- modulation -------------------------------------------------------- */

static int64_t group_of(cohl_in row, int64_t i)
{
    return ((const int32_t *)row->data)[i];
}

void cohl_ref_layer_norm_modulate(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in shift,
                                  cohl_in scale, cohl_in row, float eps)
{
    int64_t rows = cohl_tensor_rows(x), width = cohl_tensor_width(x);
    for (int64_t r = 0; r < rows; r++) {
        int64_t group = group_of(row, r) * width;
        layer_norm_row(f32(y) + r * width, f32(x) + r * width, NULL, f32(scale) + group,
                       f32(shift) + group, width, eps);
    }
}

void cohl_ref_layer_norm_modulate_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dshift,
                                       cohl_tensor *dscale, cohl_in dy, cohl_in x, cohl_in scale,
                                       cohl_in row, float eps)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int64_t rows = cohl_tensor_rows(x), width = cohl_tensor_width(x);
    int64_t count = cohl_tensor_count(scale);
    double *sums = cohl_ref_sums(ctx, 2 * count);
    for (int64_t r = 0; sums && r < rows; r++) {
        int64_t group = group_of(row, r) * width;
        layer_norm_back_row(dx ? f32(dx) + r * width : NULL, sums + group, sums + count + group,
                            f32(dy) + r * width, f32(x) + r * width, NULL, f32(scale) + group,
                            width, eps);
    }
    if (sums) {
        cohl_ref_add_sums(dscale, sums);
        cohl_ref_add_sums(dshift, sums + count);
    }
    cohl_arena_release(&ctx->scratch, mark);
}

void cohl_ref_gated_add(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in h, cohl_in gate,
                        cohl_in row)
{
    int64_t count = cohl_tensor_count(x), width = cohl_tensor_width(x);
    for (int64_t i = 0; i < count; i++) {
        double by = f32(gate)[group_of(row, i / width) * width + i % width];
        f32(y)[i] = (float)(f32(x)[i] + f32(h)[i] * by);
    }
}

void cohl_ref_gated_add_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dh, cohl_tensor *dgate,
                             cohl_in dy, cohl_in h, cohl_in gate, cohl_in row)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int64_t count = cohl_tensor_count(dy), width = cohl_tensor_width(dy);
    double *sums = cohl_ref_sums(ctx, cohl_tensor_count(gate));
    for (int64_t i = 0; sums && i < count; i++) {
        int64_t at = group_of(row, i / width) * width + i % width;
        if (dx)
            f32(dx)[i] += f32(dy)[i];
        if (dh)
            f32(dh)[i] += f32(dy)[i] * f32(gate)[at];
        sums[at] += (double)f32(dy)[i] * f32(h)[i];
    }
    if (sums)
        cohl_ref_add_sums(dgate, sums);
    cohl_arena_release(&ctx->scratch, mark);
}
