/* q8.c (cpu) - y = x w^T + b with weights in eight bits.
 *
 * Rows of x are brought to eight bits once for all tiles. A tile is some rows and some panels; a
 * stretch of depth at a time, so that a panel's stretch stays in the first cache, its sums gather
 * in the thread's buffer, and scales and bias come last. How it is cut changes no bit: sums are exact. */
#include "tensor/cpu/q8.h"

#include <string.h>

enum {
    TILE_ROWS = 96,         /* whole blocks of every set */
    TILE_PANELS = 16,
    STRETCH = 1024,         /* of depth: 16 KiB of a panel */
    TILES_WANTED = 16,      /* so many processors stay busy */
    ROWS_AT_ONCE = 8,       /* brought to eight bits */
};

typedef struct q8_job {
    const cohl_q8_kernels *kernels;
    const float *x, *bias;              /* [rows, in], [out filled to panels] */
    float       *y;                     /* [rows, out] */
    const char  *matrix;                /* packed */
    size_t       panel_bytes;
    int64_t      rows, in, out, filled, panels, tile_panels, across;
    char        *left;                  /* [rows, filled] as the kernels write them */
    float       *scale;                 /* [rows] */
    int32_t     *sum;                   /* a thread: [tile_panels, TILE_ROWS, COLUMNS] */
} q8_job;

static void rows_tile(void *arg, int tile, int thread)
{
    const q8_job *job = arg;
    int64_t begin = (int64_t)tile * ROWS_AT_ONCE, end = cohl_cpu_least(begin + ROWS_AT_ONCE, job->rows);
    for (int64_t r = begin; r < end; r++)
        job->scale[r] = job->kernels->row(job->left + r * job->filled * job->kernels->value_bytes,
                                          job->x + r * job->in, job->in);
}

static const cohl_q8_panel *panel_at(const q8_job *job, int64_t panel)
{
    return (const void *)(job->matrix + (size_t)panel * job->panel_bytes);
}

/* sum of `count` rows from `first` on, over one stretch of some panels. */
static void stretch(const q8_job *job, cohl_q8_block *b, int64_t first, int64_t count, int64_t panel, int64_t at,
                    int32_t *sum)
{
    int rows = job->kernels->block_rows;
    int64_t bytes = job->kernels->value_bytes;
    for (int j = 0; j < b->wide; j++)
        b->w[j] = panel_at(job, panel + j)->q + at * COHL_Q8_COLUMNS;
    for (int64_t row = 0; row < count; row += rows) {
        for (int r = 0; r < rows; r++) {
            int64_t from = cohl_cpu_least(row + r, count - 1);
            b->x[r] = job->left + ((first + from) * job->filled + at) * bytes;
        }
        for (int j = 0; j < b->wide; j++)
            b->sum[j] = sum + (j * TILE_ROWS + row) * COHL_Q8_COLUMNS;
        job->kernels->block(b);
    }
}

static void finish_panel(const q8_job *job, int64_t first, int64_t count, int64_t panel, const int32_t *sum)
{
    int64_t column = panel * COHL_Q8_COLUMNS, width = cohl_cpu_least(COHL_Q8_COLUMNS, job->out - column);
    float edge[COHL_Q8_COLUMNS];
    for (int64_t r = 0; r < count; r++, sum += COHL_Q8_COLUMNS) {
        float *y = job->y + (first + r) * job->out + column;
        job->kernels->finish(width < COHL_Q8_COLUMNS ? edge : y, sum, panel_at(job, panel), job->scale[first + r],
                             job->bias + column);
        if (width < COHL_Q8_COLUMNS)
            memcpy(y, edge, (size_t)width * sizeof *y);
    }
}

static void linear_tile(void *arg, int index, int thread)
{
    const q8_job *job = arg;
    int64_t first = index / job->across * TILE_ROWS, count = cohl_cpu_least(TILE_ROWS, job->rows - first);
    int64_t begin = index % job->across * job->tile_panels;
    int64_t end = cohl_cpu_least(begin + job->tile_panels, job->panels), each = TILE_ROWS * COHL_Q8_COLUMNS;
    int32_t *sum = job->sum + thread * job->tile_panels * each;
    cohl_q8_block b = { .add = false };

    for (int64_t at = 0; at < job->filled; at += STRETCH, b.add = true) {
        b.depth = cohl_cpu_least(STRETCH, job->filled - at);
        for (int64_t p = begin; p < end; p += b.wide) {
            b.wide = (int)cohl_cpu_least(job->kernels->block_wide, end - p);
            stretch(job, &b, first, count, p, at, sum + (p - begin) * each);
        }
    }
    for (int64_t p = begin; p < end; p++)
        finish_panel(job, first, count, p, sum + (p - begin) * each);
}

/* The bias as wide as whole panels, zeros without one. */
static const float *whole_bias(cohl_ctx *ctx, const q8_job *job, cohl_in b)
{
    int64_t width = job->panels * COHL_Q8_COLUMNS;
    float *bias = cohl_cpu_take(ctx, width);
    if (!bias)
        return NULL;
    memset(bias, 0, (size_t)width * sizeof *bias);
    if (b)
        memcpy(bias, b->data, (size_t)job->out * sizeof *bias);
    return bias;
}

static bool take_buffers(cohl_ctx *ctx, q8_job *job, cohl_in b)
{
    int64_t bytes = job->rows * job->filled * job->kernels->value_bytes, threads = cohl_workers_count(ctx->workers);
    job->bias = whole_bias(ctx, job, b);
    job->left = (char *)cohl_cpu_take(ctx, cohl_cpu_parts(bytes, (int64_t)sizeof(float)));
    job->scale = cohl_cpu_take(ctx, job->rows);
    job->sum = (int32_t *)cohl_cpu_take(ctx, threads * job->tile_panels * TILE_ROWS * COHL_Q8_COLUMNS);
    return job->bias && job->left && job->scale && job->sum;
}

void cohl_cpu_linear_q8(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b)
{
    q8_job job = {
        .kernels = cohl_cpu_q8(ctx), .x = x->data, .y = y->data, .matrix = w->data,
        .panel_bytes = cohl_q8_panel_bytes(w->dim[1]), .rows = cohl_tensor_rows(x), .in = w->dim[1],
        .out = w->dim[0], .filled = cohl_q8_filled(w->dim[1]), .panels = cohl_q8_panels(w->dim[0]),
    };
    int64_t down = cohl_cpu_parts(job.rows, TILE_ROWS);
    job.tile_panels = cohl_cpu_least(TILE_PANELS, job.panels);
    while (job.tile_panels > 2 && down * cohl_cpu_parts(job.panels, job.tile_panels) < TILES_WANTED)
        job.tile_panels = (job.tile_panels + 1) / 2;
    job.across = cohl_cpu_parts(job.panels, job.tile_panels);
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    if (job.rows > 0 && take_buffers(ctx, &job, b)) {
        cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(job.rows, ROWS_AT_ONCE), rows_tile, &job);
        cohl_workers_run(ctx->workers, (int)(down * job.across), linear_tile, &job);
    }
    cohl_arena_release(&ctx->scratch, mark);
}
