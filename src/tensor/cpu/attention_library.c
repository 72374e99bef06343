/* attention_library.c - attention with products in oneDNN's tiles, where the processor multiplies bf16.
 *
 * The walk is attention.c's: a tile is some queries of one head of one span, and looks at blocks of keys,
 * each query keeping its largest logit and sum. Keys and values are packed once for all tiles; queries
 * are scaled before they are rounded; the weights e^(s - most) are rounded for their product with the
 * values, and summed before. Blocks are larger than attention.c's, so that a call is long beside what
 * calling costs. */
#include "tensor/cpu/library.h"

#include <string.h>

enum {
    OWNED = 96,         /* queries a tile owns */
    OTHERS = 384,       /* keys it looks at at a time: whole steps, at most COHL_LIBRARY_COLUMNS */
    START = -1000000,   /* below any logit */
};

/* One head of one span. */
typedef struct unit {
    const cohl_span *span;
    int64_t          head, first_tile, block;       /* block: keys at a time, filled up */
    cohl_right       k, v;                          /* [dim, keys], [keys in blocks, dim] */
    const cohl_onednn_product *logits[2][2];        /* [last queries][last keys] */
    const cohl_onednn_product *values[2][2];        /* [last queries][add] */
} unit;

typedef struct library_job {
    const cohl_kernels *kernels;
    cohl_factor  type;
    unit        *unit;
    int64_t      units, heads, dim, filled;         /* filled: dim in whole steps */
    const float *q;
    float       *y, scale;
    char        *buffer;                            /* a thread: queries, logits, weights, sums, scratch */
    size_t       left_bytes, logit_bytes, weight_bytes, sum_bytes, buffer_bytes;
} library_job;

/* ---- what can be done ------------------------------------------------------ */

static const cohl_onednn_product *product(const library_job *job, int64_t m, int64_t n, int64_t k, int64_t c_stride,
                                          bool add, size_t *scratch)
{
    const cohl_onednn_product *found = cohl_onednn_product_of(&(cohl_onednn_shape){
        .type = job->type, .m = m, .n = n, .k = k, .c_stride = c_stride, .add = add });
    if (found)
        *scratch = cohl_library_larger(*scratch, cohl_library_lines(cohl_onednn_scratch(found)));
    return found;
}

/* All kinds of tile there are in a unit; false when the library refuses one. */
static bool find_products(const library_job *job, unit *u, size_t *scratch)
{
    int64_t last_m = u->span->q_count % OWNED, last_n = u->span->k_count % u->k.tile_n;
    for (int kind = 0; kind < 4; kind++) {
        bool rows = kind & 2, other = kind & 1;
        int64_t m = rows ? cohl_library_filled(last_m) : OWNED;
        if ((rows && !last_m) || (!rows && u->span->q_count < OWNED))
            continue;
        if (!(u->values[rows][other] = product(job, m, job->dim, u->block, job->dim, other, scratch)))
            return false;
        if (other && !last_n)
            continue;
        int64_t n = other ? last_n : u->k.tile_n;
        if (!(u->logits[rows][other] = product(job, m, n, job->filled, u->block, false, scratch)))
            return false;
    }
    return true;
}

static bool open_unit(cohl_ctx *ctx, library_job *job, unit *u, const float *k, const float *v, size_t *scratch)
{
    int64_t stride = job->heads * job->dim, at = u->span->k_begin * stride + u->head * job->dim;
    int64_t keys = u->span->k_count;
    u->block = cohl_cpu_least(OTHERS, cohl_library_filled(keys));
    u->k = (cohl_right){ .type = job->type, .k = job->dim, .n = keys, .depth = job->filled, .b = k + at,
                         .tile_n = cohl_cpu_least(u->block, keys), .stride = stride, .transposed = true };
    u->v = (cohl_right){ .type = job->type, .k = keys, .n = job->dim, .depth = u->block, .b = v + at,
                         .tile_n = job->dim, .stride = stride };
    return find_products(job, u, scratch) && cohl_library_pack(ctx, &u->k) && cohl_library_pack(ctx, &u->v);
}

static bool take_buffers(cohl_ctx *ctx, library_job *job, size_t scratch)
{
    size_t size = cohl_factor_bytes(job->type);
    job->left_bytes = cohl_library_lines((size_t)(OWNED * job->filled) * size);
    job->logit_bytes = sizeof(float) * OWNED * OTHERS;
    job->weight_bytes = size * OWNED * OTHERS;
    job->sum_bytes = cohl_library_lines((size_t)(OWNED * job->dim) * sizeof(float));
    job->buffer_bytes = job->left_bytes + job->logit_bytes + job->weight_bytes + job->sum_bytes + scratch;
    job->buffer = cohl_library_take(ctx, (size_t)cohl_workers_count(ctx->workers) * job->buffer_bytes);
    return job->buffer != NULL;
}

/* ---- tiles ------------------------------------------------------------------- */

/* Queries times the scale, rounded, zeros beyond count and dim; `row` is a buffer. */
static void convert_queries(const library_job *job, const float *q, int64_t count, int64_t filled, float *row, char *to)
{
    size_t line = (size_t)job->filled * cohl_factor_bytes(job->type);
    memset(to, 0, (size_t)filled * line);
    for (int64_t i = 0; i < count; i++, q += job->heads * job->dim, to += line) {
        for (int64_t d = 0; d < job->dim; d++)
            row[d] = job->scale * q[d];
        cohl_library_convert(job->kernels, job->type, to, row, job->dim);
    }
}

/* Logits of n keys to weights, in s and rounded in p, zeros beyond n; what y holds is scaled to match. */
static void soften_rows(const library_job *job, const unit *u, float *s, char *p, int64_t count, int64_t n, bool first,
                        float *most, float *sum, float *y)
{
    size_t size = cohl_factor_bytes(job->type);
    for (int64_t i = 0; i < count; i++, s += u->block, p += (size_t)u->block * size, y += job->dim) {
        float before = job->kernels->soften(s, n, &most[i], &sum[i]);
        for (int64_t d = 0; !first && d < job->dim; d++)
            y[d] *= before;
        cohl_library_convert(job->kernels, job->type, p, s, n);
        memset(p + (size_t)n * size, 0, (size_t)(u->block - n) * size);
    }
}

static void attend_tile(void *arg, int index, int thread)
{
    const library_job *job = arg;
    const unit *u = job->unit;
    while (u + 1 < job->unit + job->units && index >= u[1].first_tile)
        u++;
    int64_t begin = (index - u->first_tile) * OWNED, count = cohl_cpu_least(OWNED, u->span->q_count - begin);
    bool last = count < OWNED;
    int64_t stride = job->heads * job->dim, at = (u->span->q_begin + begin) * stride + u->head * job->dim;
    int64_t filled = last ? cohl_library_filled(count) : OWNED;
    char *left = job->buffer + (size_t)thread * job->buffer_bytes, *p = left + job->left_bytes + job->logit_bytes;
    float *s = (float *)(left + job->left_bytes), *y = (float *)(p + job->weight_bytes);
    void *scratch = p + job->weight_bytes + job->sum_bytes;
    float most[OWNED], sum[OWNED];

    for (int64_t i = 0; i < count; i++)
        most[i] = START, sum[i] = 0;
    convert_queries(job, job->q + at, count, filled, s, left);
    memset(p, 0, job->weight_bytes);
    for (int64_t block = 0; block < u->k.across; block++) {
        int64_t n = cohl_right_columns(&u->k, block);
        cohl_onednn_multiply(u->logits[last][n < u->k.tile_n], left, cohl_right_at(&u->k, 0, block), s, scratch);
        soften_rows(job, u, s, p, count, n, block == 0, most, sum, y);
        cohl_onednn_multiply(u->values[last][block > 0], p, cohl_right_at(&u->v, block, 0), y, scratch);
    }
    for (int64_t i = 0; i < count; i++)
        for (int64_t d = 0; d < job->dim; d++)
            job->y[at + i * stride + d] = y[i * job->dim + d] / sum[i];
}

/* ---- whole calls --------------------------------------------------------------- */

static bool open_units(cohl_ctx *ctx, library_job *job, const float *k, const float *v, const cohl_span *spans,
                       int64_t *tiles)
{
    size_t scratch = 0;
    *tiles = 0;
    for (int64_t i = 0; i < job->units; i++) {
        unit *u = &job->unit[i];
        *u = (unit){ .span = spans + i / job->heads, .head = i % job->heads, .first_tile = *tiles };
        *tiles += cohl_cpu_parts(u->span->q_count, OWNED);
        if (!open_unit(ctx, job, u, k, v, &scratch))
            return false;
    }
    return take_buffers(ctx, job, scratch);
}

static bool long_enough(const cohl_span *spans, int span_count)
{
    for (int i = 0; i < span_count; i++)
        if (spans[i].q_count < COHL_LIBRARY_STEP || spans[i].k_count < COHL_LIBRARY_STEP)
            return false;
    return span_count > 0;
}

bool cohl_library_attention(cohl_ctx *ctx, cohl_tensor *y, cohl_in q, cohl_in k, cohl_in v, const cohl_span *spans,
                            int span_count, float scale)
{
    library_job job = { .kernels = cohl_cpu_kernels(ctx), .type = cohl_cpu_library(ctx), .heads = q->dim[1],
                        .dim = q->dim[2], .filled = cohl_library_filled(q->dim[2]), .y = y->data, .scale = scale };
    if (job.type == COHL_FACTOR_NONE || job.dim > COHL_LIBRARY_COLUMNS || !long_enough(spans, span_count))
        return false;
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int64_t tiles;
    job.units = span_count * job.heads;
    job.unit = (void *)cohl_library_take(ctx, (size_t)job.units * sizeof *job.unit);
    job.q = cohl_cpu_factor(ctx, q);
    const float *keys = cohl_cpu_factor(ctx, k), *values = cohl_cpu_factor(ctx, v);
    bool done = cohl_ctx_fine(ctx) && open_units(ctx, &job, keys, values, spans, &tiles);
    if (done)
        cohl_workers_run(ctx->workers, (int)tiles, attend_tile, &job);
    cohl_arena_release(&ctx->scratch, mark);
    return done;
}
