/* reduce.c - means of rows, and losses. */
#include <math.h>

#include "tensor/ref/inner.h"

void cohl_ref_mean_ranges(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, const cohl_range *ranges,
                          int count)
{
    int64_t width = cohl_tensor_width(x);
    for (int n = 0; n < count; n++)
        for (int64_t i = 0; i < width; i++) {
            double sum = 0;
            for (int64_t r = 0; r < ranges[n].count; r++)
                sum += f32(x)[(ranges[n].begin + r) * width + i];
            f32(y)[n * width + i] = ranges[n].count ? (float)(sum / ranges[n].count) : 0;
        }
}

void cohl_ref_mean_ranges_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy,
                               const cohl_range *ranges, int count)
{
    int64_t width = cohl_tensor_width(dx);
    for (int n = 0; n < count; n++)
        for (int64_t r = 0; r < ranges[n].count; r++)
            for (int64_t i = 0; i < width; i++)
                f32(dx)[(ranges[n].begin + r) * width + i] +=
                    f32(dy)[n * width + i] / (float)ranges[n].count;
}

/* ---- distances --------------------------------------------------------- */

static double row_weight(cohl_in weight, int64_t row)
{
    return weight ? f32(weight)[row] : 1;
}

static double weight_sum(cohl_in weight, int64_t rows)
{
    double sum = 0;
    for (int64_t r = 0; r < rows; r++)
        sum += row_weight(weight, r);
    return sum;
}

/* Distance of one value, and its slope. */
static double square(double d) { return d * d; }
static double square_slope(double d) { return 2 * d; }
static double sign(double d) { return d > 0 ? 1 : d < 0 ? -1 : 0; }

static void loss(cohl_tensor *y, cohl_in a, cohl_in b, cohl_in weight, double (*distance)(double))
{
    int64_t rows = cohl_tensor_rows(a), width = cohl_tensor_width(a);
    double sum = 0, all = weight_sum(weight, rows);
    for (int64_t i = 0; i < rows * width; i++)
        sum += row_weight(weight, i / width) * distance((double)f32(a)[i] - f32(b)[i]);
    f32(y)[0] = all != 0 ? (float)(sum / width / all) : 0;
}

static void loss_back(cohl_tensor *da, cohl_in dy, cohl_in a, cohl_in b, cohl_in weight,
                      double (*slope)(double))
{
    int64_t rows = cohl_tensor_rows(a), width = cohl_tensor_width(a);
    double all = weight_sum(weight, rows), part = all != 0 ? f32(dy)[0] / (all * width) : 0;
    for (int64_t i = 0; i < rows * width; i++)
        f32(da)[i] += (float)(part * row_weight(weight, i / width)
                              * slope((double)f32(a)[i] - f32(b)[i]));
}

void cohl_ref_loss_mse(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b, cohl_in weight)
{
    loss(y, a, b, weight, square);
}

void cohl_ref_loss_mse_back(cohl_ctx *ctx, cohl_tensor *da, cohl_in dy, cohl_in a, cohl_in b,
                            cohl_in weight)
{
    loss_back(da, dy, a, b, weight, square_slope);
}

void cohl_ref_loss_l1(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b, cohl_in weight)
{
    loss(y, a, b, weight, fabs);
}

void cohl_ref_loss_l1_back(cohl_ctx *ctx, cohl_tensor *da, cohl_in dy, cohl_in a, cohl_in b,
                           cohl_in weight)
{
    loss_back(da, dy, a, b, weight, sign);
}

/* ---- cross entropy ----------------------------------------------------- */

static double log_sum_exp(const float *x, int64_t classes)
{
    double most = -INFINITY, sum = 0;
    for (int64_t i = 0; i < classes; i++)
        most = fmax(most, x[i]);
    for (int64_t i = 0; i < classes; i++)
        sum += exp(x[i] - most);
    return most + log(sum);
}

static int64_t rows_that_count(cohl_in label, int64_t rows)
{
    int64_t count = 0;
    for (int64_t r = 0; r < rows; r++)
        count += ((const int32_t *)label->data)[r] >= 0;
    return count;
}

void cohl_ref_loss_cross_entropy(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in label)
{
    int64_t rows = cohl_tensor_rows(x), classes = cohl_tensor_width(x);
    int64_t counting = rows_that_count(label, rows);
    const int32_t *right = label->data;
    double sum = 0;
    for (int64_t r = 0; r < rows; r++) {
        const float *from = f32(x) + r * classes;
        if (right[r] >= 0)
            sum += log_sum_exp(from, classes) - from[right[r]];
    }
    f32(y)[0] = counting ? (float)(sum / counting) : 0;
}

void cohl_ref_loss_cross_entropy_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, cohl_in x,
                                      cohl_in label)
{
    int64_t rows = cohl_tensor_rows(x), classes = cohl_tensor_width(x);
    int64_t counting = rows_that_count(label, rows);
    const int32_t *right = label->data;
    for (int64_t r = 0; r < rows; r++) {
        const float *from = f32(x) + r * classes;
        double part = right[r] >= 0 ? f32(dy)[0] / (double)counting : 0;
        double all = log_sum_exp(from, classes);
        for (int64_t i = 0; right[r] >= 0 && i < classes; i++)
            f32(dx)[r * classes + i] += (float)(part * (exp(from[i] - all) - (i == right[r])));
    }
}
