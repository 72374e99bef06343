/* share.c - scratch, inputs of products, sums in a fixed order. */
#include "tensor/cpu/library.h"

#include <string.h>

#include "base/half.h"

enum { CHUNK = 1 << 15 };    /* values a tile of an element by element loop takes */

float *cohl_cpu_take(cohl_ctx *ctx, int64_t count)
{
    float *at = cohl_arena_take(&ctx->scratch, (size_t)count * sizeof(float));
    if (!at)
        cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "scratch has no room for %lld more bytes",
                      (long long)count * (long long)sizeof(float));
    return at;
}

/* ---- inputs of products ------------------------------------------------ */

typedef struct widen_job { float *to; cohl_in from; int64_t count; bool round; } widen_job;

static void widen_tile(void *arg, int tile, int thread)
{
    const widen_job *job = arg;
    int64_t begin = (int64_t)tile * CHUNK, end = cohl_cpu_least(begin + CHUNK, job->count);
    float *to = job->to;

    if (job->from->dtype == COHL_BF16) {
        const uint16_t *from = job->from->data;
        for (int64_t i = begin; i < end; i++)
            to[i] = cohl_bf16_to_f32(from[i]);
    } else {
        const float *from = job->from->data;
        for (int64_t i = begin; i < end; i++)
            to[i] = cohl_bf16_to_f32(cohl_f32_to_bf16(from[i]));
    }
}

const float *cohl_cpu_factor(cohl_ctx *ctx, cohl_in t)
{
    if (t->dtype == COHL_F32 && (ctx->precision == COHL_PRECISION_F32
                                 || cohl_cpu_library(ctx) == COHL_FACTOR_BF16))
        return t->data;
    widen_job job = { .from = t, .count = cohl_tensor_count(t) };
    if (!(job.to = cohl_cpu_take(ctx, job.count)))
        return NULL;
    cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(job.count, CHUNK), widen_tile, &job);
    return job.to;
}

const float *cohl_cpu_widen(cohl_ctx *ctx, const float *row, int64_t count)
{
    int64_t width = cohl_cpu_panels(cohl_cpu_kernels(ctx), count) * cohl_cpu_kernels(ctx)->block_columns;
    float *wide = cohl_cpu_take(ctx, width);
    if (wide) {
        memset(wide, 0, (size_t)width * sizeof *wide);
        memcpy(wide, row, (size_t)count * sizeof *wide);
    }
    return wide;
}

/* ---- sums over slabs --------------------------------------------------- */

typedef struct slab_job { float *sum; const float *part; int slabs; int64_t count; } slab_job;

static void add_slabs_tile(void *arg, int tile, int thread)
{
    const slab_job *job = arg;
    enum { WIDTH = 4096 };
    int64_t begin = (int64_t)tile * WIDTH, end = cohl_cpu_least(begin + WIDTH, job->count);

    for (int s = 0; s < job->slabs; s++) {
        const float *part = job->part + s * job->count;
        for (int64_t i = begin; i < end; i++)
            job->sum[i] += part[i];
    }
}

void cohl_cpu_add_slabs(cohl_ctx *ctx, float *sum, const float *part, int slabs, int64_t count)
{
    slab_job job = { sum, part, slabs, count };
    cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(count, 4096), add_slabs_tile, &job);
}

typedef struct column_job { float *part; const float *x; int64_t rows, width, slab; } column_job;

static void column_tile(void *arg, int tile, int thread)
{
    const column_job *job = arg;
    int64_t begin = tile * job->slab, end = cohl_cpu_least(begin + job->slab, job->rows);
    float *sum = job->part + tile * job->width;

    memset(sum, 0, (size_t)job->width * sizeof *sum);
    for (int64_t r = begin; r < end; r++) {
        const float *x = job->x + r * job->width;
        for (int64_t i = 0; i < job->width; i++)
            sum[i] += x[i];
    }
}

void cohl_cpu_column_sums(cohl_ctx *ctx, float *sum, const float *x, int64_t rows, int64_t width)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int64_t slab = cohl_cpu_parts(rows, 64) < 256 ? 256 : cohl_cpu_parts(rows, 64);
    int slabs = (int)cohl_cpu_parts(rows, slab);
    column_job job = { cohl_cpu_take(ctx, slabs * width), x, rows, width, slab };

    if (job.part) {
        cohl_workers_run(ctx->workers, slabs, column_tile, &job);
        cohl_cpu_add_slabs(ctx, sum, job.part, slabs, width);
    }
    cohl_arena_release(&ctx->scratch, mark);
}
