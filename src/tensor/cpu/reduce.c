/* reduce.c - sums over everything: one in double a fixed stretch, added in order. */
#include "tensor/cpu/cpu.h"

#include <math.h>

enum { STRETCH = 1 << 15 };

typedef enum distance { SQUARE, ABSOLUTE } distance;

typedef struct sum_job {
    double      *part;                  /* [tiles] */
    const float *a, *b, *weight;        /* b NULL: zeros; weight [count/width] or NULL */
    float       *da;                    /* backward */
    double       factor;
    int64_t      count, width;
    distance     kind;
} sum_job;

static double squares(const float *a, const float *b, int64_t count)
{
    double sum[8] = { 0 };
    int64_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (int j = 0; j < 8; j++) {
            double d = b ? (double)a[i + j] - b[i + j] : a[i + j];
            sum[j] += d * d;
        }
    for (; i < count; i++) {
        double d = b ? (double)a[i] - b[i] : a[i];
        sum[0] += d * d;
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static double absolutes(const float *a, const float *b, int64_t count)
{
    double sum[8] = { 0 };
    int64_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (int j = 0; j < 8; j++)
            sum[j] += fabs((double)a[i + j] - b[i + j]);
    for (; i < count; i++)
        sum[0] += fabs((double)a[i] - b[i]);
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* One weighted row's share after the other, as far as they lie in the stretch. */
static void sum_tile(void *arg, int tile, int thread)
{
    const sum_job *job = arg;
    int64_t begin = (int64_t)tile * STRETCH, end = cohl_cpu_least(begin + STRETCH, job->count);
    double sum = 0;
    while (begin < end) {
        int64_t row = begin / job->width;
        int64_t stop = job->weight ? cohl_cpu_least(end, (row + 1) * job->width) : end;
        const float *b = job->b ? job->b + begin : NULL;
        double part = job->kind == SQUARE ? squares(job->a + begin, b, stop - begin)
                                          : absolutes(job->a + begin, b, stop - begin);
        sum += job->weight ? part * job->weight[row] : part;
        begin = stop;
    }
    job->part[tile] = sum;
}

/* Weighted sum of distances of a and b; 0 without room in scratch. */
static double run_sum(cohl_ctx *ctx, sum_job *job)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int tiles = (int)cohl_cpu_parts(job->count, STRETCH);
    double sum = 0;
    job->part = (void *)cohl_cpu_take(ctx, 2 * (int64_t)tiles);
    if (job->part) {
        cohl_workers_run(ctx->workers, tiles, sum_tile, job);
        for (int i = 0; i < tiles; i++)
            sum += job->part[i];
    }
    cohl_arena_release(&ctx->scratch, mark);
    return sum;
}

void cohl_cpu_sum_squares(cohl_ctx *ctx, cohl_tensor *y, cohl_in x)
{
    sum_job job = { .a = x->data, .count = cohl_tensor_count(x), .width = cohl_tensor_count(x) };
    float *to = y->data;
    to[0] = (float)(to[0] + run_sum(ctx, &job));
}

/* ---- distances --------------------------------------------------------- */

static double weight_sum(cohl_in weight, int64_t rows)
{
    double sum = 0;
    for (int64_t r = 0; weight && r < rows; r++)
        sum += ((const float *)weight->data)[r];
    return weight ? sum : (double)rows;
}

static void loss(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b, cohl_in weight, distance kind)
{
    sum_job job = { .a = a->data, .b = b->data, .weight = weight ? weight->data : NULL, .kind = kind,
                    .count = cohl_tensor_count(a), .width = cohl_tensor_width(a) };
    double all = weight_sum(weight, cohl_tensor_rows(a));
    ((float *)y->data)[0] = all != 0 ? (float)(run_sum(ctx, &job) / (double)job.width / all) : 0;
}

static void loss_back_tile(void *arg, int tile, int thread)
{
    const sum_job *job = arg;
    int64_t begin = (int64_t)tile * STRETCH, end = cohl_cpu_least(begin + STRETCH, job->count);
    while (begin < end) {
        int64_t row = begin / job->width;
        int64_t stop = job->weight ? cohl_cpu_least(end, (row + 1) * job->width) : end;
        float part = (float)(job->weight ? job->factor * job->weight[row] : job->factor);
        for (int64_t i = begin; job->kind == SQUARE && i < stop; i++)
            job->da[i] += 2 * part * (job->a[i] - job->b[i]);
        for (int64_t i = begin; job->kind == ABSOLUTE && i < stop; i++)
            job->da[i] += job->a[i] > job->b[i] ? part : job->a[i] < job->b[i] ? -part : 0;
        begin = stop;
    }
}

static void loss_back(cohl_ctx *ctx, cohl_tensor *da, cohl_in dy, cohl_in a, cohl_in b,
                      cohl_in weight, distance kind)
{
    sum_job job = { .a = a->data, .b = b->data, .weight = weight ? weight->data : NULL, .kind = kind,
                    .da = da->data, .count = cohl_tensor_count(a), .width = cohl_tensor_width(a) };
    double all = weight_sum(weight, cohl_tensor_rows(a));
    if (all == 0)
        return;
    job.factor = ((const float *)dy->data)[0] / (all * (double)job.width);
    cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(job.count, STRETCH), loss_back_tile, &job);
}

void cohl_cpu_loss_mse(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b, cohl_in weight)
{
    loss(ctx, y, a, b, weight, SQUARE);
}

void cohl_cpu_loss_mse_back(cohl_ctx *ctx, cohl_tensor *da, cohl_in dy, cohl_in a, cohl_in b,
                            cohl_in weight)
{
    loss_back(ctx, da, dy, a, b, weight, SQUARE);
}

void cohl_cpu_loss_l1(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b, cohl_in weight)
{
    loss(ctx, y, a, b, weight, ABSOLUTE);
}

void cohl_cpu_loss_l1_back(cohl_ctx *ctx, cohl_tensor *da, cohl_in dy, cohl_in a, cohl_in b,
                           cohl_in weight)
{
    loss_back(ctx, da, dy, a, b, weight, ABSOLUTE);
}
