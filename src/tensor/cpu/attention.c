/* attention.c - softmax(scale q k^T + bias) v of spans, without a matrix of all pairs.
 *
 * A tile is some queries of one head of one span. It walks over blocks of keys,
 * keeping each query's largest logit and sum so far (Milakov & Gimelshein 2018;
 * Dao et al. 2022). Keys and values are packed into panels once a call. Backward
 * recomputes the weights from the logarithm of their sum: a first pass owns
 * queries and sums over keys (dq), a second owns keys and sums over queries
 * (dk, dv). The second is the first with the roles changed. */
#include "tensor/cpu/library.h"

#include <math.h>
#include <string.h>

enum {
    OWNED = 48,         /* queries (or keys) a tile owns */
    OTHERS = 192,       /* keys (or queries) it looks at at a time; whole panels */
    START = -1000000,   /* below any logit */
};

/* One head of one span. */
typedef struct unit { const cohl_span *span; int64_t head; } unit;

typedef struct attend_job {
    const cohl_kernels *kernels;
    const cohl_span *spans;
    int64_t       span_count, heads, dim, reach;
    const float  *q, *k, *v, *dy;       /* [rows, heads, dim] */
    float        *y;                    /* forward */
    float        *lse;                  /* [queries, heads], or NULL */
    const float  *mean;                 /* backward: [heads, queries], mean slope of each query */
    const float  *lse_turned;           /*           [heads, queries] */
    const float  *bias;                 /* [heads, 2*reach-1], or NULL */
    float        *dq, *dk, *dv, *dbias; /* dbias: partial sums [spans, heads, 2*reach-1] */
    float         scale;
    int64_t       queries;
    int64_t      *first_tile;           /* [span_count + 1] of one head */
    float       **panels[4];            /* [span*heads + head]: packed matrices */
    float        *buffer;               /* a thread: [buffer_count] */
    int64_t       buffer_count;
} attend_job;

/* ---- packing ----------------------------------------------------------- */

typedef struct attend_pack {
    const attend_job *job;
    const float *from;                  /* [rows, heads, dim] */
    float      **panels;
    bool         keys;                  /* rows are the span's keys, else its queries */
    bool         transposed;            /* [dim, rows] is what is packed, else [rows, dim] */
    float        factor;
} attend_pack;

static void attend_pack_tile(void *arg, int index, int thread)
{
    const attend_pack *p = arg;
    const attend_job *job = p->job;
    const cohl_span *span = job->spans + index / job->heads;
    int64_t begin = p->keys ? span->k_begin : span->q_begin;
    int64_t count = p->keys ? span->k_count : span->q_count;
    const float *from = p->from + (begin * job->heads + index % job->heads) * job->dim;
    cohl_cpu_pack(from, job->heads * job->dim, p->transposed, p->transposed ? job->dim : count,
                  p->transposed ? count : job->dim, p->factor, job->kernels->block_columns,
                  p->panels[index]);
}

/* Pack one matrix of every unit; false when scratch has no room. */
static bool pack_all(cohl_ctx *ctx, const attend_job *job, float ***panels, const float *from,
                     bool keys, bool transposed, float factor)
{
    int64_t units = job->span_count * job->heads;
    int columns = job->kernels->block_columns;
    float **to = (void *)cohl_cpu_take(ctx, 2 * units);
    for (int64_t u = 0; to && u < units; u++) {
        const cohl_span *span = job->spans + u / job->heads;
        int64_t count = keys ? span->k_count : span->q_count;
        int64_t n = transposed ? count : job->dim, k = transposed ? job->dim : count;
        if (!(to[u] = cohl_cpu_take(ctx, cohl_cpu_panels(job->kernels, n) * columns * k)))
            return false;
    }
    if (!to)
        return false;
    *panels = to;
    cohl_workers_run(ctx->workers, (int)units, attend_pack_tile,
                     &(attend_pack){ job, from, to, keys, transposed, factor });
    return true;
}

/* ---- products of a tile ------------------------------------------------ */

/* c [m, n] (+)= a b: rows of a `a_stride` apart, b packed panels of depth k; the columns
 * from `column`, the values of k from `from` on. */
typedef struct small { const float *a; int64_t a_stride; const float *panels; int64_t depth, column, from; } small;

static void multiply(const cohl_kernels *kernels, const small *s, int64_t m, int64_t n, int64_t k,
                     float *c, int64_t c_stride, bool add)
{
    int rows = kernels->block_rows, columns = kernels->block_columns;
    const float *a[COHL_BLOCK_ROWS_MAX];
    cohl_block block = { .a = a, .segments = 1, .length = k, .step = 1, .c_stride = c_stride, .add = add };

    for (int64_t j = 0; j < n; j += columns) {
        block.b = s->panels + (s->column + j) * s->depth + s->from * columns;
        block.columns = (int)cohl_cpu_least(columns, n - j);
        for (int64_t i = 0; i < m; i += rows) {
            block.rows = (int)cohl_cpu_least(rows, m - i);
            for (int r = 0; r < rows; r++)
                a[r] = s->a + (i + (r < block.rows ? r : 0)) * s->a_stride;
            block.c = c + i * c_stride + j;
            kernels->block(&block);
        }
    }
}

/* logits [m, n] += bias of queries i.. and keys j.. */
static void add_bias(const float *bias, int64_t reach, float *s, int64_t i, int64_t m, int64_t j,
                     int64_t n)
{
    for (int64_t r = 0; r < m; r++) {
        const float *from = bias + j - (i + r) + reach - 1;
        for (int64_t c = 0; c < n; c++)
            s[r * OTHERS + c] += from[c];
    }
}

/* ---- tiles ------------------------------------------------------------- */

/* Tile `index` of all: its unit, and which of the unit's rows it owns. */
typedef struct owned { int64_t span, head, unit, begin, count; } owned;

static owned owned_by(const attend_job *job, int index, bool keys)
{
    int64_t per_head = job->first_tile[job->span_count];
    owned o = { .head = index / per_head };
    int64_t tile = index % per_head;
    while (tile >= job->first_tile[o.span + 1])
        o.span++;
    const cohl_span *span = job->spans + o.span;
    o.unit = o.span * job->heads + o.head;
    o.begin = (tile - job->first_tile[o.span]) * OWNED;
    o.count = cohl_cpu_least(OWNED, (keys ? span->k_count : span->q_count) - o.begin);
    return o;
}

/* Number the tiles of one head; returns how many tiles all heads have. */
static int number_tiles(attend_job *job, bool keys)
{
    job->first_tile[0] = 0;
    for (int64_t s = 0; s < job->span_count; s++)
        job->first_tile[s + 1] = job->first_tile[s]
            + cohl_cpu_parts(keys ? job->spans[s].k_count : job->spans[s].q_count, OWNED);
    return (int)(job->first_tile[job->span_count] * job->heads);
}

static void forward_tile(void *arg, int index, int thread)
{
    const attend_job *job = arg;
    const cohl_kernels *kernels = job->kernels;
    owned o = owned_by(job, index, false);
    const cohl_span *span = job->spans + o.span;
    int64_t dim = job->dim, stride = job->heads * dim;
    int64_t at = (span->q_begin + o.begin) * stride + o.head * dim;
    float *s = job->buffer + thread * job->buffer_count, *y = s + OWNED * OTHERS;
    float most[OWNED], sum[OWNED];

    for (int64_t i = 0; i < o.count; i++)
        most[i] = START, sum[i] = 0;
    for (int64_t j = 0; j < span->k_count; j += OTHERS) {
        int64_t n = cohl_cpu_least(OTHERS, span->k_count - j);
        multiply(kernels, &(small){ job->q + at, stride, job->panels[0][o.unit], dim, j, 0 },
                 o.count, n, dim, s, OTHERS, false);
        if (job->bias)
            add_bias(job->bias + o.head * (2 * job->reach - 1), job->reach, s, o.begin, o.count, j, n);
        for (int64_t i = 0; i < o.count; i++) {
            float before = kernels->soften(s + i * OTHERS, n, &most[i], &sum[i]);
            for (int64_t d = 0; j > 0 && d < dim; d++)
                y[i * dim + d] *= before;
        }
        multiply(kernels, &(small){ s, OTHERS, job->panels[1][o.unit], span->k_count, 0, j },
                 o.count, dim, n, y, dim, j > 0);
    }
    for (int64_t i = 0; i < o.count; i++) {
        float part = 1 / sum[i];
        for (int64_t d = 0; d < dim; d++)
            job->y[at + i * stride + d] = y[i * dim + d] * part;
        if (job->lse)
            job->lse[(span->q_begin + o.begin + i) * job->heads + o.head] = most[i] + logf(sum[i]);
    }
}

/* ---- forward ----------------------------------------------------------- */

/* bias [2*reach-1, heads] -> [heads, 2*reach-1]; or any [rows, heads]. */
static float *turn(cohl_ctx *ctx, const float *from, int64_t rows, int64_t heads)
{
    float *to = cohl_cpu_take(ctx, rows * heads);
    for (int64_t h = 0; to && h < heads; h++)
        for (int64_t r = 0; r < rows; r++)
            to[h * rows + r] = from[r * heads + h];
    return to;
}

static attend_job new_job(cohl_ctx *ctx, cohl_in q, cohl_in k, cohl_in v, cohl_in bias,
                          const cohl_span *spans, int span_count, float scale)
{
    attend_job job = {
        .kernels = cohl_cpu_kernels(ctx), .spans = spans, .span_count = span_count,
        .heads = q->dim[1], .dim = q->dim[2], .queries = q->dim[0], .scale = scale,
        .q = cohl_cpu_factor(ctx, q), .k = cohl_cpu_factor(ctx, k), .v = cohl_cpu_factor(ctx, v),
    };
    if (bias) {
        job.reach = (bias->dim[0] + 1) / 2;
        job.bias = turn(ctx, bias->data, bias->dim[0], job.heads);
    }
    job.buffer_count = 2 * OWNED * OTHERS + 2 * OWNED * job.dim;
    job.buffer = cohl_cpu_take(ctx, cohl_workers_count(ctx->workers) * job.buffer_count);
    job.first_tile = (void *)cohl_cpu_take(ctx, 2 * (span_count + 1));
    return job;
}

/* Rows in no span are zero. */
static void clear_outside(float *y, int64_t rows, int64_t width, const cohl_span *spans, int count)
{
    int64_t covered = 0;
    for (int s = 0; s < count; s++)
        covered += spans[s].q_count;
    if (covered < rows)
        memset(y, 0, (size_t)(rows * width) * sizeof *y);
}

void cohl_cpu_attention(cohl_ctx *ctx, cohl_tensor *y, cohl_tensor *lse, cohl_in q, cohl_in k,
                        cohl_in v, cohl_in bias, const cohl_span *spans, int span_count, float scale)
{
    clear_outside(y->data, q->dim[0], q->dim[1] * q->dim[2], spans, span_count);
    if (!lse && !bias && cohl_library_attention(ctx, y, q, k, v, spans, span_count, scale))
        return;
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    attend_job job = new_job(ctx, q, k, v, bias, spans, span_count, scale);
    if (lse)
        clear_outside(lse->data, job.queries, job.heads, spans, span_count);
    job.y = y->data;
    job.lse = lse ? lse->data : NULL;
    if (cohl_ctx_fine(ctx) && pack_all(ctx, &job, &job.panels[0], job.k, true, true, scale)
        && pack_all(ctx, &job, &job.panels[1], job.v, true, false, 1))
        cohl_workers_run(ctx->workers, number_tiles(&job, false), forward_tile, &job);
    cohl_arena_release(&ctx->scratch, mark);
}

/* ---- backward ---------------------------------------------------------- */

/* to [rows of the tensor] += factor * from [count, dim]. */
static void add_rows(float *to, int64_t stride, const float *from, int64_t count, int64_t dim,
                     float factor)
{
    for (int64_t i = 0; i < count; i++)
        for (int64_t d = 0; d < dim; d++)
            to[i * stride + d] += factor * from[i * dim + d];
}

/* dq of some queries. panels: 0 scale*k^T, 1 v^T, 2 k. */
static void query_tile(const attend_job *job, owned o, float *s, float *dbias)
{
    const cohl_kernels *kernels = job->kernels;
    const cohl_span *span = job->spans + o.span;
    int64_t dim = job->dim, stride = job->heads * dim, first = span->q_begin + o.begin;
    int64_t at = first * stride + o.head * dim;
    float *dp = s + OWNED * OTHERS, *dq = dp + OWNED * OTHERS;
    const float *lse = job->lse_turned + o.head * job->queries + first;
    const float *mean = job->mean + o.head * job->queries + first;

    for (int64_t j = 0; j < span->k_count; j += OTHERS) {
        int64_t n = cohl_cpu_least(OTHERS, span->k_count - j);
        multiply(kernels, &(small){ job->q + at, stride, job->panels[0][o.unit], dim, j, 0 },
                 o.count, n, dim, s, OTHERS, false);
        if (job->bias)
            add_bias(job->bias + o.head * (2 * job->reach - 1), job->reach, s, o.begin, o.count, j, n);
        multiply(kernels, &(small){ job->dy + at, stride, job->panels[1][o.unit], dim, j, 0 },
                 o.count, n, dim, dp, OTHERS, false);
        for (int64_t i = 0; i < o.count; i++) {
            kernels->soften_back(s + i * OTHERS, dp + i * OTHERS, lse + i, mean + i, false, n);
            for (int64_t c = 0; dbias && c < n; c++)
                dbias[j + c - (o.begin + i) + job->reach - 1] += dp[i * OTHERS + c];
        }
        if (job->dq)
            multiply(kernels, &(small){ dp, OTHERS, job->panels[2][o.unit], span->k_count, 0, j },
                     o.count, dim, n, dq, dim, j > 0);
    }
    if (job->dq)
        add_rows(job->dq + at, stride, dq, o.count, dim, job->scale);
}

static void dq_tile(void *arg, int index, int thread)
{
    const attend_job *job = arg;
    query_tile(job, owned_by(job, index, false), job->buffer + thread * job->buffer_count, NULL);
}

/* All queries of one unit, when the slopes of its biases are summed too. */
static void dbias_tile(void *arg, int index, int thread)
{
    const attend_job *job = arg;
    owned o = { .span = index / job->heads, .head = index % job->heads, .unit = index };
    int64_t count = 2 * job->reach - 1, queries = job->spans[o.span].q_count;
    float *dbias = job->dbias + index * count;

    memset(dbias, 0, (size_t)count * sizeof *dbias);
    for (; o.begin < queries; o.begin += OWNED) {
        o.count = cohl_cpu_least(OWNED, queries - o.begin);
        query_tile(job, o, job->buffer + thread * job->buffer_count, dbias);
    }
}

/* logits [keys from j][queries from i] += bias. */
static void add_bias_turned(const float *bias, int64_t reach, float *s, int64_t j, int64_t m,
                            int64_t i, int64_t n)
{
    for (int64_t r = 0; r < m; r++)
        for (int64_t c = 0; c < n; c++)
            s[r * OTHERS + c] += bias[j + r - (i + c) + reach - 1];
}

/* dk, dv of some keys. panels: 0 scale*q^T, 1 dy^T, 2 q, 3 dy. */
static void key_tile(void *arg, int index, int thread)
{
    const attend_job *job = arg;
    const cohl_kernels *kernels = job->kernels;
    owned o = owned_by(job, index, true);
    const cohl_span *span = job->spans + o.span;
    int64_t dim = job->dim, stride = job->heads * dim, queries = span->q_count;
    int64_t at = (span->k_begin + o.begin) * stride + o.head * dim;
    float *s = job->buffer + thread * job->buffer_count, *dp = s + OWNED * OTHERS;
    float *dk = dp + OWNED * OTHERS, *dv = dk + OWNED * dim;
    const float *lse = job->lse_turned + o.head * job->queries + span->q_begin;
    const float *mean = job->mean + o.head * job->queries + span->q_begin;

    if (queries == 0)
        return;
    for (int64_t i = 0; i < queries; i += OTHERS) {
        int64_t n = cohl_cpu_least(OTHERS, queries - i);
        multiply(kernels, &(small){ job->k + at, stride, job->panels[0][o.unit], dim, i, 0 },
                 o.count, n, dim, s, OTHERS, false);
        if (job->bias)
            add_bias_turned(job->bias + o.head * (2 * job->reach - 1), job->reach, s, o.begin,
                            o.count, i, n);
        multiply(kernels, &(small){ job->v + at, stride, job->panels[1][o.unit], dim, i, 0 },
                 o.count, n, dim, dp, OTHERS, false);
        for (int64_t r = 0; r < o.count; r++)
            kernels->soften_back(s + r * OTHERS, dp + r * OTHERS, lse + i, mean + i, true, n);
        multiply(kernels, &(small){ dp, OTHERS, job->panels[2][o.unit], queries, 0, i },
                 o.count, dim, n, dk, dim, i > 0);
        multiply(kernels, &(small){ s, OTHERS, job->panels[3][o.unit], queries, 0, i },
                 o.count, dim, n, dv, dim, i > 0);
    }
    if (job->dk)
        add_rows(job->dk + at, stride, dk, o.count, dim, job->scale);
    if (job->dv)
        add_rows(job->dv + at, stride, dv, o.count, dim, 1);
}

/* mean [heads, queries]: dy . y of each query. */
typedef struct mean_job { const cohl_kernels *kernels; float *mean; const float *dy, *y; int64_t queries, heads, dim; } mean_job;

static void mean_tile(void *arg, int tile, int thread)
{
    const mean_job *job = arg;
    int64_t begin = tile * 64, end = cohl_cpu_least(begin + 64, job->queries);
    for (int64_t i = begin; i < end; i++)
        for (int64_t h = 0; h < job->heads; h++) {
            int64_t at = (i * job->heads + h) * job->dim;
            job->mean[h * job->queries + i] = job->kernels->dot(job->dy + at, job->y + at, job->dim);
        }
}

/* dbias [2*reach-1, heads] += partial sums, span after span. */
static void add_biases(const attend_job *job, float *dbias)
{
    int64_t count = 2 * job->reach - 1;
    for (int64_t u = 0; u < job->span_count * job->heads; u++)
        for (int64_t r = 0; r < count; r++)
            dbias[r * job->heads + u % job->heads] += job->dbias[u * count + r];
}

static void back_to_queries(cohl_ctx *ctx, attend_job *job, cohl_tensor *dbias)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int64_t units = job->span_count * job->heads;
    if (dbias)
        job->dbias = cohl_cpu_take(ctx, units * (2 * job->reach - 1));
    if (cohl_ctx_fine(ctx) && pack_all(ctx, job, &job->panels[0], job->k, true, true, job->scale)
        && pack_all(ctx, job, &job->panels[1], job->v, true, true, 1)
        && pack_all(ctx, job, &job->panels[2], job->k, true, false, 1)) {
        if (dbias) {
            cohl_workers_run(ctx->workers, (int)units, dbias_tile, job);
            add_biases(job, dbias->data);
        } else {
            cohl_workers_run(ctx->workers, number_tiles(job, false), dq_tile, job);
        }
    }
    cohl_arena_release(&ctx->scratch, mark);
}

static void back_to_keys(cohl_ctx *ctx, attend_job *job)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    if (pack_all(ctx, job, &job->panels[0], job->q, false, true, job->scale)
        && pack_all(ctx, job, &job->panels[1], job->dy, false, true, 1)
        && pack_all(ctx, job, &job->panels[2], job->q, false, false, 1)
        && pack_all(ctx, job, &job->panels[3], job->dy, false, false, 1))
        cohl_workers_run(ctx->workers, number_tiles(job, true), key_tile, job);
    cohl_arena_release(&ctx->scratch, mark);
}

/* Spans may share keys: two tiles must not add to one row then. */
static bool keys_are_shared(const cohl_span *spans, int count)
{
    for (int a = 0; a < count; a++)
        for (int b = 0; b < a; b++)
            if (spans[a].k_begin < spans[b].k_begin + spans[b].k_count
                && spans[b].k_begin < spans[a].k_begin + spans[a].k_count)
                return true;
    return false;
}

void cohl_cpu_attention_back(cohl_ctx *ctx, cohl_tensor *dq, cohl_tensor *dk, cohl_tensor *dv,
                             cohl_tensor *dbias, cohl_in dy, cohl_in y, cohl_in lse, cohl_in q,
                             cohl_in k, cohl_in v, cohl_in bias, const cohl_span *spans,
                             int span_count, float scale)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    attend_job job = new_job(ctx, q, k, v, bias, spans, span_count, scale);
    float *mean = cohl_cpu_take(ctx, job.queries * job.heads);
    job.dy = cohl_cpu_factor(ctx, dy);
    job.lse_turned = turn(ctx, lse->data, job.queries, job.heads);
    job.dq = dq ? dq->data : NULL, job.dk = dk ? dk->data : NULL, job.dv = dv ? dv->data : NULL;
    job.mean = mean;
    if (cohl_ctx_fine(ctx)) {
        cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(job.queries, 64), mean_tile,
                         &(mean_job){ job.kernels, mean, dy->data, y->data, job.queries, job.heads, job.dim });
        if (dq || dbias)
            back_to_queries(ctx, &job, dbias);
        bool shared = keys_are_shared(spans, span_count);
        for (int s = 0; (dk || dv) && s < (shared ? span_count : 1); s++) {
            if (shared)
                job.spans = spans + s, job.span_count = 1;
            back_to_keys(ctx, &job);
        }
    }
    cohl_arena_release(&ctx->scratch, mark);
}
