/* linear.c - matrix products over all threads, and the linear layer.
 *
 * A product is cut into tiles of c; when c is small and k long (gradients of
 * weights) k is cut into slabs too, each with its own partial c. */
#include "tensor/cpu/cpu.h"

#include <assert.h>
#include <string.h>

#include "base/half.h"

enum {
    TILES_WANTED = 16,      /* so many processors stay busy */
    CHUNK = 1 << 15,        /* values a tile of an element by element loop takes */
};

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
    if (t->dtype == COHL_F32 && ctx->precision == COHL_PRECISION_F32)
        return t->data;
    widen_job job = { .from = t, .count = cohl_tensor_count(t) };
    if (!(job.to = cohl_cpu_take(ctx, job.count)))
        return NULL;
    cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(job.count, CHUNK), widen_tile, &job);
    return job.to;
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

/* ---- products ---------------------------------------------------------- */

typedef struct cut {
    int64_t tile_m, tile_n, slab;       /* sizes  */
    int     across, tiles, slabs;       /* counts: tiles in a row of tiles, tiles, slabs of k */
} cut;

/* Tiles near 256 x 256 run at oneDNN's best rate; smaller ones are the price of
 * keeping several processors busy when the product is small. */
static cut cut_product(int64_t m, int64_t n, int64_t k)
{
    cut c = { .tile_m = 256, .tile_n = n <= 384 ? n : 256, .slabs = 1 };
    int64_t tiles;

#define TILES() (cohl_cpu_parts(m, c.tile_m) * cohl_cpu_parts(n, c.tile_n))
    if ((tiles = TILES()) < TILES_WANTED && k >= 1024) {
        c.slabs = (int)cohl_cpu_least(cohl_cpu_parts(TILES_WANTED, tiles), k / 512);
    } else {
        if (TILES() < TILES_WANTED)
            c.tile_m = 128;
        while (TILES() < TILES_WANTED && c.tile_n > 64)
            c.tile_n = (c.tile_n / 2 + 15) & ~(int64_t)15;
        if (TILES() < TILES_WANTED)
            c.tile_m = 64;
    }
#undef TILES
    c.slab = (cohl_cpu_parts(k, c.slabs) + 15) & ~(int64_t)15;
    c.slabs = (int)cohl_cpu_parts(k, c.slab);
    c.across = (int)cohl_cpu_parts(n, c.tile_n);
    c.tiles = (int)cohl_cpu_parts(m, c.tile_m) * c.across;
    return c;
}

typedef struct product_job {
    const cohl_product *whole;
    const float        *bias;
    float              *part;       /* [slabs, m, n] when there are several slabs */
    cut                 cut;
} product_job;

static void fill_rows(float *c, int64_t stride, const float *row, int64_t m, int64_t n)
{
    for (int64_t i = 0; i < m; i++)
        memcpy(c + i * stride, row, (size_t)n * sizeof *c);
}

static void product_tile(void *arg, int index, int thread)
{
    const product_job *job = arg;
    const cut *cut = &job->cut;
    cohl_product p = *job->whole;
    int slab = index / cut->tiles, tile = index % cut->tiles;
    int64_t i = tile / cut->across * cut->tile_m, j = tile % cut->across * cut->tile_n;
    int64_t at = slab * cut->slab;

    if (job->part) {
        p.c = job->part + slab * p.m * p.n;
        p.c_stride = p.n;
        p.beta = 0;
    }
    p.a += p.transpose_a ? at * p.a_stride + i : i * p.a_stride + at;
    p.b += p.transpose_b ? j * p.b_stride + at : at * p.b_stride + j;
    p.c += i * p.c_stride + j;
    p.m = cohl_cpu_least(cut->tile_m, p.m - i);
    p.n = cohl_cpu_least(cut->tile_n, p.n - j);
    p.k = cohl_cpu_least(cut->slab, p.k - at);
    if (job->bias) {
        fill_rows(p.c, p.c_stride, job->bias + j, p.m, p.n);
        p.beta = 1;
    }
    cohl_product_run(&p);
}

/* c = beta * c + the slabs in their order; c has no gaps. */
static void gather_slabs(cohl_ctx *ctx, const cohl_product *p, const float *part, int slabs)
{
    assert(p->c_stride == p->n);
    if (p->beta == 0)
        memset(p->c, 0, (size_t)(p->m * p->n) * sizeof *p->c);
    for (int64_t i = 0; i < p->m * p->n && p->beta != 0 && p->beta != 1; i++)
        p->c[i] *= p->beta;
    cohl_cpu_add_slabs(ctx, p->c, part, slabs, p->m * p->n);
}

void cohl_cpu_product(cohl_ctx *ctx, const cohl_product *p, const float *bias)
{
    if (p->m == 0 || p->n == 0)
        return;
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    product_job job = { .whole = p, .bias = bias, .cut = cut_product(p->m, p->n, p->k) };
    cohl_product biased = *p;

    if (job.cut.slabs > 1) {
        if (!(job.part = cohl_cpu_take(ctx, job.cut.slabs * p->m * p->n)))
            return;
        if (bias) {
            fill_rows(p->c, p->c_stride, bias, p->m, p->n);
            biased.beta = 1;
            job.bias = NULL;
        }
    }
    cohl_workers_run(ctx->workers, job.cut.tiles * job.cut.slabs, product_tile, &job);
    if (job.part)
        gather_slabs(ctx, &biased, job.part, job.cut.slabs);
    cohl_arena_release(&ctx->scratch, mark);
}

void cohl_cpu_matmul(cohl_ctx *ctx, cohl_tensor *c, cohl_in a, bool transpose_a, cohl_in b,
                     bool transpose_b, float alpha, float beta)
{
    cohl_product p = {
        .m = c->dim[0], .n = c->dim[1], .k = a->dim[transpose_a ? 0 : 1],
        .a = a->data, .a_stride = a->dim[1], .transpose_a = transpose_a,
        .b = b->data, .b_stride = b->dim[1], .transpose_b = transpose_b,
        .c = c->data, .c_stride = c->dim[1], .alpha = alpha, .beta = beta,
    };
    cohl_cpu_product(ctx, &p, NULL);
}

/* ---- y = x w^T + b ----------------------------------------------------- */

void cohl_cpu_linear(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int64_t out = w->dim[0], in = w->dim[1];
    cohl_product p = {
        .m = cohl_tensor_rows(x), .n = out, .k = in,
        .a = cohl_cpu_factor(ctx, x), .a_stride = in,
        .b = cohl_cpu_factor(ctx, w), .b_stride = in, .transpose_b = true,
        .c = y->data, .c_stride = out, .alpha = 1,
    };
    if (p.a && p.b)
        cohl_cpu_product(ctx, &p, b ? b->data : NULL);
    cohl_arena_release(&ctx->scratch, mark);
}

/* dx += dy w, dw += dy^T x, db += column sums of dy. */
void cohl_cpu_linear_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dw, cohl_tensor *db,
                          cohl_in dy, cohl_in x, cohl_in w)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int64_t out = w->dim[0], in = w->dim[1], rows = cohl_tensor_rows(dy);
    const float *dy_factor = cohl_cpu_factor(ctx, dy);

    if (dx && dy_factor) {
        cohl_product p = {
            .m = rows, .n = in, .k = out, .a = dy_factor, .a_stride = out,
            .b = cohl_cpu_factor(ctx, w), .b_stride = in,
            .c = dx->data, .c_stride = in, .alpha = 1, .beta = 1,
        };
        if (p.b)
            cohl_cpu_product(ctx, &p, NULL);
    }
    if (dw && dy_factor) {
        cohl_product p = {
            .m = out, .n = in, .k = rows, .a = dy_factor, .a_stride = out, .transpose_a = true,
            .b = cohl_cpu_factor(ctx, x), .b_stride = in,
            .c = dw->data, .c_stride = in, .alpha = 1, .beta = 1,
        };
        if (p.b)
            cohl_cpu_product(ctx, &p, NULL);
    }
    if (db)
        cohl_cpu_column_sums(ctx, db->data, dy->data, rows, out);
    cohl_arena_release(&ctx->scratch, mark);
}
