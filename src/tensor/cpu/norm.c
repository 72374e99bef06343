/* norm.c - rows brought to one size, over fixed blocks of rows.
 *
 * All four norms are one: y = f(h * gain + bias), h = (x - mean) * scale; they
 * differ in where mean, scale and gain come from (cohl_norm). Gradients of a gain
 * are summed a block of rows at a time and the blocks added in order; those of
 * modulations, which have a row per group, in a second pass that owns columns. */
#include "tensor/cpu/cpu.h"

#include <math.h>
#include <string.h>

enum {
    BLOCK = 1 << 14,        /* values a tile takes, about */
    SLABS = 64,             /* blocks of rows at most, where sums are kept */
    STRIP = 32,             /* columns a tile owns in the second pass */
};

typedef enum norm_kind { RMS, CHANNEL, LAYER } norm_kind;

typedef struct norm_job {
    const cohl_kernels *kernels;
    norm_kind      kind;
    float          eps;
    bool           silu;
    const float   *x, *gain, *bias;     /* gain, bias [width] or [groups, width] with row */
    const int32_t *row;                 /* [rows], or NULL */
    int64_t        rows, width, block;  /* rows a tile */
    float         *y;
    const float   *dy;                  /* backward: */
    float         *dx, *dgain, *dbias;  /* sums: [blocks, width]; each may be NULL */
    float         *spread;              /* [rows, 2]: mean and scale, for the second pass */
} norm_job;

static norm_job new_job(cohl_ctx *ctx, norm_kind kind, cohl_in x, cohl_in gain, float eps)
{
    norm_job job = { .kernels = cohl_cpu_kernels(ctx), .kind = kind, .eps = eps, .x = x->data,
                     .gain = gain ? gain->data : NULL,
                     .rows = cohl_tensor_rows(x), .width = cohl_tensor_width(x) };
    job.block = BLOCK / job.width > 0 ? BLOCK / job.width : 1;
    return job;
}

/* How row r is brought to size. */
static cohl_norm norm_of_row(const norm_job *job, int64_t r)
{
    cohl_spread s = job->kernels->measure(job->x + r * job->width, job->width, job->kind == LAYER);
    int64_t group = job->row ? job->row[r] * job->width : 0;
    cohl_norm n = { .mean = s.mean, .scale = 1 / sqrtf(s.square + job->eps),
                    .gain = job->gain ? job->gain + group : NULL,
                    .bias = job->bias ? job->bias + group : NULL,
                    .beside_one = job->row != NULL, .silu = job->silu,
                    .centred = job->kind == LAYER };
    if (job->kind == CHANNEL) {
        double length = sqrt((double)s.square * (double)job->width);
        n.constant = length < 1e-12;
        n.scale = (float)(sqrt((double)job->width) / (n.constant ? 1e-12 : length));
    }
    return n;
}

static void norm_tile(void *arg, int tile, int thread)
{
    const norm_job *job = arg;
    int64_t begin = tile * job->block, end = cohl_cpu_least(begin + job->block, job->rows);
    for (int64_t r = begin; r < end; r++) {
        cohl_norm n = norm_of_row(job, r);
        job->kernels->norm(job->y + r * job->width, job->x + r * job->width, &n, job->width);
    }
}

static void run_norm(cohl_ctx *ctx, norm_job *job)
{
    cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(job->rows, job->block), norm_tile, job);
}

static void norm_back_tile(void *arg, int tile, int thread)
{
    const norm_job *job = arg;
    int64_t begin = tile * job->block, end = cohl_cpu_least(begin + job->block, job->rows);
    float *dgain = job->dgain ? job->dgain + tile * job->width : NULL;
    float *dbias = job->dbias ? job->dbias + tile * job->width : NULL;

    if (dgain)
        memset(dgain, 0, (size_t)job->width * sizeof *dgain);
    if (dbias)
        memset(dbias, 0, (size_t)job->width * sizeof *dbias);
    for (int64_t r = begin; r < end; r++) {
        int64_t at = r * job->width;
        cohl_norm n = norm_of_row(job, r);
        job->kernels->norm_back(job->dx ? job->dx + at : NULL, dgain, dbias, job->dy + at,
                                job->x + at, &n, job->width);
        if (job->spread) {
            job->spread[2 * r] = n.mean;
            job->spread[2 * r + 1] = n.scale;
        }
    }
}

/* dx, dgain and dbias [width] are added to; each may be NULL. */
static void run_norm_back(cohl_ctx *ctx, norm_job *job, cohl_tensor *dgain, cohl_tensor *dbias)
{
    if (dgain || dbias)
        job->block = cohl_cpu_parts(job->rows, SLABS) > job->block
                   ? cohl_cpu_parts(job->rows, SLABS) : job->block;
    int blocks = (int)cohl_cpu_parts(job->rows, job->block);
    job->dgain = dgain ? cohl_cpu_take(ctx, blocks * job->width) : NULL;
    job->dbias = dbias ? cohl_cpu_take(ctx, blocks * job->width) : NULL;
    if (!cohl_ctx_fine(ctx))
        return;
    cohl_workers_run(ctx->workers, blocks, norm_back_tile, job);
    if (dgain)
        cohl_cpu_add_slabs(ctx, dgain->data, job->dgain, blocks, job->width);
    if (dbias)
        cohl_cpu_add_slabs(ctx, dbias->data, job->dbias, blocks, job->width);
}

static float *values(cohl_in t) { return t ? t->data : NULL; }

/* ---- one gain for all rows --------------------------------------------- */

void cohl_cpu_rms_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, float eps)
{
    norm_job job = new_job(ctx, RMS, x, gain, eps);
    job.y = y->data;
    run_norm(ctx, &job);
}

void cohl_cpu_rms_norm_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dgain, cohl_in dy,
                            cohl_in x, cohl_in gain, float eps)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    norm_job job = new_job(ctx, RMS, x, gain, eps);
    job.dy = dy->data, job.dx = values(dx);
    run_norm_back(ctx, &job, dgain, NULL);
    cohl_arena_release(&ctx->scratch, mark);
}

void cohl_cpu_channel_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, bool silu)
{
    norm_job job = new_job(ctx, CHANNEL, x, gain, 0);
    job.y = y->data, job.silu = silu;
    run_norm(ctx, &job);
}

void cohl_cpu_channel_norm_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dgain, cohl_in dy,
                                cohl_in x, cohl_in gain, bool silu)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    norm_job job = new_job(ctx, CHANNEL, x, gain, 0);
    job.dy = dy->data, job.dx = values(dx), job.silu = silu;
    run_norm_back(ctx, &job, dgain, NULL);
    cohl_arena_release(&ctx->scratch, mark);
}

void cohl_cpu_layer_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, cohl_in bias,
                         float eps)
{
    norm_job job = new_job(ctx, LAYER, x, gain, eps);
    job.y = y->data, job.bias = values(bias);
    run_norm(ctx, &job);
}

void cohl_cpu_layer_norm_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dgain,
                              cohl_tensor *dbias, cohl_in dy, cohl_in x, cohl_in gain, float eps)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    norm_job job = new_job(ctx, LAYER, x, gain, eps);
    job.dy = dy->data, job.dx = values(dx);
    run_norm_back(ctx, &job, dgain, dbias);
    cohl_arena_release(&ctx->scratch, mark);
}

/* ---- a gain per group of rows ------------------------------------------ */

void cohl_cpu_layer_norm_modulate(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in shift,
                                  cohl_in scale, cohl_in row, float eps)
{
    norm_job job = new_job(ctx, LAYER, x, scale, eps);
    job.y = y->data, job.bias = shift->data, job.row = row->data;
    run_norm(ctx, &job);
}

/* Sums over the rows of each group; a tile owns STRIP columns of all groups. */
typedef struct group_job {
    float         *sum, *plain;     /* sum[row[i]] += dy[i] * h[i], plain[row[i]] += dy[i]; or NULL */
    const float   *dy, *x, *spread; /* h = x, or (x - mean) * scale where spread is given */
    const int32_t *row;
    int64_t        rows, width;
} group_job;

static void group_tile(void *arg, int tile, int thread)
{
    const group_job *job = arg;
    int64_t begin = tile * STRIP, count = cohl_cpu_least(STRIP, job->width - begin);
    for (int64_t r = 0; r < job->rows; r++) {
        const float *dy = job->dy + r * job->width + begin, *x = job->x + r * job->width + begin;
        float mean = job->spread ? job->spread[2 * r] : 0;
        float scale = job->spread ? job->spread[2 * r + 1] : 1;
        int64_t to = job->row[r] * job->width + begin;
        for (int64_t i = 0; job->sum && i < count; i++)
            job->sum[to + i] += dy[i] * ((x[i] - mean) * scale);
        for (int64_t i = 0; job->plain && i < count; i++)
            job->plain[to + i] += dy[i];
    }
}

static void run_groups(cohl_ctx *ctx, group_job *job)
{
    if (job->sum || job->plain)
        cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(job->width, STRIP), group_tile, job);
}

void cohl_cpu_layer_norm_modulate_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dshift,
                                       cohl_tensor *dscale, cohl_in dy, cohl_in x, cohl_in scale,
                                       cohl_in row, float eps)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    norm_job job = new_job(ctx, LAYER, x, scale, eps);
    job.dy = dy->data, job.dx = values(dx), job.row = row->data;
    if ((job.spread = cohl_cpu_take(ctx, 2 * job.rows))) {
        run_norm_back(ctx, &job, NULL, NULL);
        run_groups(ctx, &(group_job){ values(dscale), values(dshift), job.dy, job.x, job.spread,
                                      job.row, job.rows, job.width });
    }
    cohl_arena_release(&ctx->scratch, mark);
}

typedef struct gate_job {
    float         *y, *dx;          /* forward writes y; backward adds to dx and y = dh */
    const float   *x, *h, *gate;
    const int32_t *row;
    int64_t        rows, width, block;
} gate_job;

static void gated_add_tile(void *arg, int tile, int thread)
{
    const gate_job *job = arg;
    int64_t begin = tile * job->block, end = cohl_cpu_least(begin + job->block, job->rows);
    for (int64_t r = begin; r < end; r++) {
        const float *gate = job->gate + job->row[r] * job->width;
        int64_t at = r * job->width;
        for (int64_t i = 0; i < job->width; i++)
            job->y[at + i] = job->x[at + i] + job->h[at + i] * gate[i];
    }
}

void cohl_cpu_gated_add(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in h, cohl_in gate,
                        cohl_in row)
{
    gate_job job = { .y = y->data, .x = x->data, .h = h->data, .gate = gate->data,
                     .row = row->data, .rows = x->dim[0], .width = x->dim[1] };
    job.block = BLOCK / job.width > 0 ? BLOCK / job.width : 1;
    cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(job.rows, job.block), gated_add_tile, &job);
}

static void gated_add_back_tile(void *arg, int tile, int thread)
{
    const gate_job *job = arg;
    int64_t begin = tile * job->block, end = cohl_cpu_least(begin + job->block, job->rows);
    for (int64_t r = begin; r < end; r++) {
        const float *gate = job->gate + job->row[r] * job->width;
        int64_t at = r * job->width;
        for (int64_t i = 0; job->dx && i < job->width; i++)
            job->dx[at + i] += job->x[at + i];
        for (int64_t i = 0; job->y && i < job->width; i++)
            job->y[at + i] += job->x[at + i] * gate[i];
    }
}

void cohl_cpu_gated_add_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dh, cohl_tensor *dgate,
                             cohl_in dy, cohl_in h, cohl_in gate, cohl_in row)
{
    gate_job job = { .y = values(dh), .dx = values(dx), .x = dy->data, .gate = gate->data,
                     .row = row->data, .rows = dy->dim[0], .width = dy->dim[1] };
    job.block = BLOCK / job.width > 0 ? BLOCK / job.width : 1;
    cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(job.rows, job.block), gated_add_back_tile,
                     &job);
    run_groups(ctx, &(group_job){ .sum = values(dgate), .dy = job.x, .x = h->data, .row = job.row,
                                  .rows = job.rows, .width = job.width });
}
