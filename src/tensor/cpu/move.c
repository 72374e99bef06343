/* move.c - values brought to other places, in runs as long as they lie together. */
#include "tensor/cpu/cpu.h"

#include <string.h>

enum { STRETCH = 1 << 15 };     /* values a tile takes, about */

static void copy_values(float *to, const float *from, int64_t count, bool add)
{
    if (!add) {
        memcpy(to, from, (size_t)count * sizeof *to);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        to[i] += from[i];
}

/* ---- axes -------------------------------------------------------------- */

typedef struct permute_job {
    float       *y;
    const float *x;
    int          rank;                      /* of y without its last axis */
    int64_t      dim[COHL_RANK_MAX], stride[COHL_RANK_MAX];
    int64_t      runs, length, step, block; /* of the last axis; runs a tile */
    bool         add;
} permute_job;

static void permute_run(const permute_job *job, int64_t run)
{
    const float *x = job->x;
    float *y = job->y + run * job->length;
    for (int axis = job->rank - 1; axis >= 0; axis--) {
        x += run % job->dim[axis] * job->stride[axis];
        run /= job->dim[axis];
    }
    if (job->step == 1) {
        copy_values(y, x, job->length, job->add);
        return;
    }
    for (int64_t i = 0; !job->add && i < job->length; i++)
        y[i] = x[i * job->step];
    for (int64_t i = 0; job->add && i < job->length; i++)
        y[i] += x[i * job->step];
}

static void permute_tile(void *arg, int tile, int thread)
{
    const permute_job *job = arg;
    int64_t begin = tile * job->block, end = cohl_cpu_least(begin + job->block, job->runs);
    for (int64_t run = begin; run < end; run++)
        permute_run(job, run);
}

void cohl_cpu_permute(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, const int *order, bool add)
{
    permute_job job = { .y = y->data, .x = x->data, .add = add, .rank = y->rank - 1,
                        .length = cohl_tensor_width(y), .runs = cohl_tensor_rows(y) };
    for (int axis = 0; axis < y->rank; axis++) {
        job.dim[axis] = y->dim[axis];
        job.stride[axis] = 1;
        for (int inner = order[axis] + 1; inner < x->rank; inner++)
            job.stride[axis] *= x->dim[inner];
    }
    job.step = job.stride[job.rank];
    job.block = cohl_cpu_parts(STRETCH, job.length);
    cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(job.runs, job.block), permute_tile, &job);
}

/* Runs of `length`, `count` of them: to[i*to_step] = or += from[i*from_step]. */
typedef struct run_job {
    float       *to;
    const float *from;
    int64_t      runs, length, to_step, from_step, block;
    bool         add;
} run_job;

static void run_tile(void *arg, int tile, int thread)
{
    const run_job *job = arg;
    int64_t begin = tile * job->block, end = cohl_cpu_least(begin + job->block, job->runs);
    for (int64_t i = begin; i < end; i++)
        copy_values(job->to + i * job->to_step, job->from + i * job->from_step, job->length, job->add);
}

/* Long runs are cut, so that there is more than one tile. */
static void run_runs(cohl_ctx *ctx, run_job job)
{
    if (job.runs == 1 && job.length > STRETCH) {
        int64_t whole = job.length / STRETCH * STRETCH;
        copy_values(job.to + whole, job.from + whole, job.length - whole, job.add);
        job.runs = whole / STRETCH;
        job.length = job.to_step = job.from_step = STRETCH;
    }
    job.block = cohl_cpu_parts(STRETCH, job.length > 0 ? job.length : 1);
    cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(job.runs, job.block), run_tile, &job);
}

/* y, a part, lies at `at` of an axis of x; both as [runs, length]. */
static run_job part_of(cohl_in x, cohl_in y, int axis, int64_t at, int64_t *offset)
{
    int64_t inner = 1;
    run_job job = { .runs = 1 };
    for (int i = 0; i < axis; i++)
        job.runs *= x->dim[i];
    for (int i = axis + 1; i < x->rank; i++)
        inner *= x->dim[i];
    job.length = y->dim[axis] * inner;
    job.to_step = job.length, job.from_step = x->dim[axis] * inner;
    *offset = at * inner;
    return job;
}

void cohl_cpu_slice(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int axis, int64_t at)
{
    int64_t offset;
    run_job job = part_of(x, y, axis, at, &offset);
    job.to = y->data;
    job.from = (const float *)x->data + offset;
    run_runs(ctx, job);
}

void cohl_cpu_slice_into(cohl_ctx *ctx, cohl_tensor *x, cohl_in y, int axis, int64_t at, bool add)
{
    int64_t offset;
    run_job job = part_of(x, y, axis, at, &offset);
    int64_t step = job.to_step;
    job.to_step = job.from_step, job.from_step = step;
    job.to = (float *)x->data + offset;
    job.from = y->data;
    job.add = add;
    run_runs(ctx, job);
}

/* ---- pictures ---------------------------------------------------------- */

/* A tile is one row of the smaller picture. */
typedef struct upsample_job { float *large, *small; int64_t width, channels; } upsample_job;

static void upsample_tile(void *arg, int row, int thread)
{
    const upsample_job *job = arg;
    int64_t c = job->channels, line = 2 * job->width * c;
    const float *x = job->small + row * job->width * c;
    float *y = job->large + 2 * row * line;
    for (int64_t j = 0; j < job->width; j++) {
        memcpy(y + 2 * j * c, x + j * c, (size_t)c * sizeof *y);
        memcpy(y + (2 * j + 1) * c, x + j * c, (size_t)c * sizeof *y);
    }
    memcpy(y + line, y, (size_t)line * sizeof *y);
}

void cohl_cpu_upsample(cohl_ctx *ctx, cohl_tensor *y, cohl_in x)
{
    cohl_workers_run(ctx->workers, (int)(x->dim[0] * x->dim[1]), upsample_tile,
                     &(upsample_job){ y->data, x->data, x->dim[2], x->dim[3] });
}

static void upsample_back_tile(void *arg, int row, int thread)
{
    const upsample_job *job = arg;
    int64_t c = job->channels, line = 2 * job->width * c;
    float *dx = job->small + row * job->width * c;
    const float *dy = job->large + 2 * row * line;
    for (int64_t j = 0; j < job->width; j++, dx += c, dy += 2 * c)
        for (int64_t i = 0; i < c; i++)
            dx[i] += (dy[i] + dy[c + i]) + (dy[line + i] + dy[line + c + i]);
}

void cohl_cpu_upsample_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy)
{
    cohl_workers_run(ctx->workers, (int)(dx->dim[0] * dx->dim[1]), upsample_back_tile,
                     &(upsample_job){ dy->data, dx->data, dx->dim[2], dx->dim[3] });
}

/* ---- shortcuts of the video autoencoder -------------------------------- */

/* A pixel of `coarse` stands for ft x fs x fs pixels of `fine`, whose values are counted
 * (channel, dt, dy, dx), the last fastest, in groups of one coarse value each. A tile is
 * one row of coarse pixels. */
typedef struct fold_job {
    float   *fine, *coarse;
    int64_t  dim[4], fine_dim[4];
    int64_t  ft, fs, count, group;
    int64_t *offset, *frame;        /* [count]: of value n, from the first value of the block */
    enum { AVERAGE, AVERAGE_BACK, REPEAT, REPEAT_BACK } what;
} fold_job;

static void fold_pixel(const fold_job *job, float *fine, float *coarse, int64_t first_frame)
{
    for (int64_t o = 0; o < job->dim[3]; o++) {
        float sum = 0, value = job->what == AVERAGE_BACK ? coarse[o] / (float)job->group : coarse[o];
        for (int64_t n = o * job->group; n < (o + 1) * job->group; n++) {
            if (first_frame + job->frame[n] < 0)
                continue;
            float *at = fine + job->offset[n];
            if (job->what == REPEAT)
                *at = value;
            else if (job->what == AVERAGE_BACK)
                *at += value;
            else
                sum += *at;
        }
        if (job->what == AVERAGE)
            coarse[o] = sum / (float)job->group;
        else if (job->what == REPEAT_BACK)
            coarse[o] += sum;
    }
}

static void fold_tile(void *arg, int row, int thread)
{
    const fold_job *job = arg;
    int64_t t = row / job->dim[1], i = row % job->dim[1], channels = job->fine_dim[3];
    int64_t first_frame = t * job->ft - (job->dim[0] * job->ft - job->fine_dim[0]);
    int64_t line = (first_frame * job->fine_dim[1] + i * job->fs) * job->fine_dim[2] * channels;
    float *coarse = job->coarse + row * job->dim[2] * job->dim[3];

    for (int64_t j = 0; j < job->dim[2]; j++, coarse += job->dim[3])
        fold_pixel(job, job->fine + line + j * job->fs * channels, coarse, first_frame);
}

static void fold(cohl_ctx *ctx, cohl_in fine, cohl_in coarse, int ft, int fs, int what)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    fold_job job = { .fine = fine->data, .coarse = coarse->data, .ft = ft, .fs = fs, .what = what };
    memcpy(job.dim, coarse->dim, sizeof job.dim);
    memcpy(job.fine_dim, fine->dim, sizeof job.fine_dim);
    job.count = fine->dim[3] * ft * fs * fs;
    job.group = job.count / coarse->dim[3];
    job.offset = (void *)cohl_cpu_take(ctx, 2 * job.count);
    job.frame = (void *)cohl_cpu_take(ctx, 2 * job.count);
    for (int64_t n = 0; cohl_ctx_fine(ctx) && n < job.count; n++) {
        int64_t dx = n % fs, dy = n / fs % fs, channel = n / (fs * fs * ft);
        job.frame[n] = n / (fs * fs) % ft;
        job.offset[n] = ((job.frame[n] * fine->dim[1] + dy) * fine->dim[2] + dx) * fine->dim[3] + channel;
    }
    if (cohl_ctx_fine(ctx))
        cohl_workers_run(ctx->workers, (int)(coarse->dim[0] * coarse->dim[1]), fold_tile, &job);
    cohl_arena_release(&ctx->scratch, mark);
}

void cohl_cpu_average_down(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int ft, int fs)
{
    fold(ctx, x, y, ft, fs, AVERAGE);
}

void cohl_cpu_average_down_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, int ft, int fs)
{
    fold(ctx, dx, dy, ft, fs, AVERAGE_BACK);
}

void cohl_cpu_repeat_up(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int ft, int fs, int drop)
{
    fold(ctx, y, x, ft, fs, REPEAT);
}

void cohl_cpu_repeat_up_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, int ft, int fs, int drop)
{
    fold(ctx, dy, dx, ft, fs, REPEAT_BACK);
}

/* ---- rows of a table ------------------------------------------------------ */

typedef struct gather_job {
    float         *to;
    const float   *from;
    const int32_t *id;
    int64_t        rows, width, block;
} gather_job;

static void gather_tile(void *arg, int tile, int thread)
{
    const gather_job *job = arg;
    int64_t begin = tile * job->block, end = cohl_cpu_least(begin + job->block, job->rows);
    for (int64_t i = begin; i < end; i++)
        memcpy(job->to + i * job->width, job->from + job->id[i] * job->width,
               (size_t)job->width * sizeof *job->to);
}

void cohl_cpu_gather(cohl_ctx *ctx, cohl_tensor *y, cohl_in table, cohl_in id)
{
    if (table->dtype != COHL_F32) {
        cohl_backend_ref.gather(ctx, y, table, id);
        return;
    }
    gather_job job = { y->data, table->data, id->data, cohl_tensor_rows(y), cohl_tensor_width(y), 0 };
    job.block = cohl_cpu_parts(STRETCH, job.width);
    cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(job.rows, job.block), gather_tile, &job);
}

/* Rows may meet in one entry: a tile owns columns, and adds the rows in their order. */
static void gather_back_tile(void *arg, int tile, int thread)
{
    const gather_job *job = arg;
    int64_t begin = tile * job->block, end = cohl_cpu_least(begin + job->block, job->width);
    for (int64_t i = 0; i < job->rows; i++) {
        float *to = job->to + job->id[i] * job->width;
        const float *from = job->from + i * job->width;
        for (int64_t j = begin; j < end; j++)
            to[j] += from[j];
    }
}

void cohl_cpu_gather_back(cohl_ctx *ctx, cohl_tensor *dtable, cohl_in dy, cohl_in id)
{
    gather_job job = { dtable->data, dy->data, id->data, cohl_tensor_rows(dy), cohl_tensor_width(dy), 64 };
    cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(job.width, job.block), gather_back_tile, &job);
}
