/* product.c - matrix products over all threads.
 *
 * The right factor is packed once into panels as wide as a block of the inner
 * loop; tiles of c then run down the panels, a stretch of k at a time, so that
 * a panel's stretch stays in the first cache and the tile's rows of a in the
 * second. A large right factor is packed and multiplied in portions that the
 * last cache holds, so that they take little memory too. When c is small and k
 * long (gradients of weights) k is cut into slabs, each with its own partial c. */
#include "tensor/cpu/cpu.h"

#include <string.h>

#include "base/half.h"

enum {
    TILES_WANTED = 16,      /* so many processors stay busy */
    STRETCH = 256,          /* of k: 256 x 24 floats are 24 KiB */
    TILE_ROWS = 192,        /* multiples of every block's rows */
    DEPTH = 8 * STRETCH,    /* of a portion at the most */
    WIDENED = 128,          /* of k: values of a panel that are widened at a time */
};

/* ---- packing ----------------------------------------------------------- */

/* factor * 4 x 4 values, turned in registers. */
static void turn_four(const float *b, int64_t stride, float factor, int64_t columns, float *to)
{
    typedef float four __attribute__((vector_size(16)));
    four r[4];
    for (int j = 0; j < 4; j++) {
        memcpy(&r[j], b + j * stride, sizeof r[j]);
        r[j] *= factor;
    }
    four low = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
    four low_too = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
    four high = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
    four high_too = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
    r[0] = __builtin_shufflevector(low, low_too, 0, 1, 4, 5);
    r[1] = __builtin_shufflevector(low, low_too, 2, 3, 6, 7);
    r[2] = __builtin_shufflevector(high, high_too, 0, 1, 4, 5);
    r[3] = __builtin_shufflevector(high, high_too, 2, 3, 6, 7);
    for (int i = 0; i < 4; i++)
        memcpy(to + i * columns, &r[i], sizeof r[i]);
}

static void pack_panel_turned(const float *b, int64_t stride, int64_t k, int64_t count,
                              float factor, int64_t columns, float *to)
{
    enum { BAND = 16 };                 /* lines of b stay cached while rows fill */
    int64_t fours = count / 4 * 4;
    for (int64_t k0 = 0; k0 < k; k0 += BAND) {
        int64_t end = cohl_cpu_least(k0 + BAND, k), whole = k0 + (end - k0) / 4 * 4;
        for (int64_t j = 0; j < fours; j += 4)
            for (int64_t i = k0; i < whole; i += 4)
                turn_four(b + j * stride + i, stride, factor, columns, to + i * columns + j);
        for (int64_t j = 0; j < columns; j++)
            for (int64_t i = j < fours ? whole : k0; i < end; i++)
                to[i * columns + j] = j < count ? factor * b[j * stride + i] : 0;
    }
}

static void pack_panel(const float *b, int64_t stride, int64_t k, int64_t count, float factor,
                       int64_t columns, float *to)
{
    for (int64_t i = 0; i < k; i++, b += stride, to += columns) {
        for (int64_t j = 0; j < count; j++)
            to[j] = factor * b[j];
        for (int64_t j = count; j < columns; j++)
            to[j] = 0;
    }
}

void cohl_cpu_pack(const float *b, int64_t stride, bool transposed, int64_t k, int64_t n,
                   float factor, int columns, float *panels)
{
    for (int64_t j = 0; j < n; j += columns, panels += k * columns) {
        int64_t count = cohl_cpu_least(columns, n - j);
        if (transposed)
            pack_panel_turned(b + j * stride, stride, k, count, factor, columns, panels);
        else
            pack_panel(b + j, stride, k, count, factor, columns, panels);
    }
}

/* Some columns and values of k of the right factor. */
typedef struct portion { int64_t column, columns, k, depth; } portion;

typedef struct pack_job { const cohl_product *p; portion at; float *panels; int columns; } pack_job;

/* The values of a panel from b on that are bf16, by way of few that are widened. */
static void pack_widened(const cohl_product *p, const uint16_t *b, int64_t depth, int64_t count, int columns, float *to)
{
    float wide[WIDENED * COHL_BLOCK_COLUMNS_MAX];
    for (int64_t k = 0; k < depth; k += WIDENED, to += WIDENED * columns) {
        int64_t some = cohl_cpu_least(WIDENED, depth - k);
        int64_t lines = p->transpose_b ? count : some, width = p->transpose_b ? some : count;
        const uint16_t *from = b + (p->transpose_b ? k : k * p->b_stride);
        for (int64_t i = 0; i < lines; i++, from += p->b_stride)
            for (int64_t j = 0; j < width; j++)
                wide[i * width + j] = cohl_bf16_to_f32(from[j]);
        cohl_cpu_pack(wide, width, p->transpose_b, some, count, p->alpha, columns, to);
    }
}

static void pack_tile(void *arg, int panel, int thread)
{
    const pack_job *job = arg;
    const cohl_product *p = job->p;
    int64_t first = (int64_t)panel * job->columns, column = job->at.column + first, k = job->at.k;
    int64_t from = p->transpose_b ? column * p->b_stride + k : k * p->b_stride + column;
    int64_t count = cohl_cpu_least(job->columns, job->at.columns - first), depth = job->at.depth;
    float *to = job->panels + first * depth;

    if (p->b_bf16)
        pack_widened(p, p->b_bf16 + from, depth, count, job->columns, to);
    else
        cohl_cpu_pack(p->b + from, p->b_stride, p->transpose_b, depth, count, p->alpha, job->columns, to);
}

/* ---- cutting ----------------------------------------------------------- */

typedef struct cut {
    int64_t tile_m, tile_n, slab;       /* sizes  */
    int     slabs;                      /* how many, of k */
    portion most;                       /* the first portion, which none is larger than */
} cut;

/* The whole right factor, or portions of about as many columns each. */
static portion cut_portions(int64_t n, int64_t k, int64_t tile_n)
{
    portion p = { .columns = n, .depth = k };
    if (n * k <= COHL_CPU_PORTION)
        return p;
    p.depth = cohl_cpu_least(k, DEPTH);
    int64_t most = COHL_CPU_PORTION / p.depth / tile_n * tile_n;
    int64_t count = cohl_cpu_parts(n, most > tile_n ? most : tile_n);
    p.columns = cohl_cpu_least(n, cohl_cpu_parts(cohl_cpu_parts(n, count), tile_n) * tile_n);
    return p;
}

/* columns: of a block. Neither that nor the tiles touch the order of a sum; slabs do, and
 * they come from m, n, k alone. */
static cut cut_product(int64_t m, int64_t n, int64_t k, int columns)
{
    cut c = { .tile_m = TILE_ROWS, .tile_n = 8 * 48, .slabs = 1 };
    int64_t tiles = cohl_cpu_parts(m, c.tile_m) * cohl_cpu_parts(n, c.tile_n);

    if (tiles < TILES_WANTED && k >= 1024)
        c.slabs = (int)cohl_cpu_least(cohl_cpu_parts(TILES_WANTED, tiles), k / 512);
    else if (tiles < TILES_WANTED) {
        c.tile_m = TILE_ROWS / 2;
        for (c.tile_n = 192; c.tile_n > 48; c.tile_n /= 2)
            if (cohl_cpu_parts(m, c.tile_m) * cohl_cpu_parts(n, c.tile_n) >= TILES_WANTED)
                break;
    }
    c.tile_n = cohl_cpu_parts(c.tile_n, columns) * columns;
    c.slab = cohl_cpu_parts(k, c.slabs);
    c.slabs = (int)cohl_cpu_parts(k, c.slab > 0 ? c.slab : 1);
    c.most = c.slabs > 1 ? (portion){ .columns = n, .depth = k } : cut_portions(n, k, c.tile_n);
    return c;
}

/* ---- tiles ------------------------------------------------------------- */

typedef struct product_job {
    const cohl_product *p;
    const cohl_kernels *kernels;
    const float        *panels;
    float              *part;       /* [slabs, m, n] when there are several slabs */
    float              *buffer;     /* a thread: [TILE_ROWS, STRETCH], rows of a transposed */
    const float        *bias;       /* [n filled up to panels], or NULL */
    cut                 cut;
    portion             at;         /* what the panels hold */
} product_job;

/* `rows` values each of `depth` lines, one behind the other. */
static void turn_block(const float *a, int64_t stride, int64_t depth, int64_t rows, float *to)
{
    if (rows == 4)                  /* the sizes of the blocks: one load and store a line */
        for (int64_t d = 0; d < depth; d++)
            memcpy(to + 4 * d, a + d * stride, 4 * sizeof *to);
    else if (rows == 8)
        for (int64_t d = 0; d < depth; d++)
            memcpy(to + 8 * d, a + d * stride, 8 * sizeof *to);
    else
        for (int64_t d = 0; d < depth; d++)
            memcpy(to + rows * d, a + d * stride, (size_t)rows * sizeof *to);
}

/* Rows i.. of op(a), values k..: as [row / rows][k][rows], for a that lies transposed. */
static void turn_rows(const cohl_product *p, int64_t i, int64_t m, int64_t k, int64_t depth,
                      int rows, float *to)
{
    const float *a = p->a + k * p->a_stride + i;
    for (int64_t r = 0; r < m; r += rows, to += rows * depth) {
        if (m - r >= rows) {
            turn_block(a + r, p->a_stride, depth, rows, to);
            continue;
        }
        for (int64_t d = 0; d < depth; d++)
            for (int64_t j = 0; j < rows; j++)
                to[d * rows + j] = j < m - r ? a[d * p->a_stride + r + j] : 0;
    }
}

/* c [m, panels from j] over k..k+depth. */
static void stretch(const product_job *job, cohl_block *block, const float *turned, float *c,
                    int64_t i, int64_t m, int64_t j, int64_t n, int64_t k)
{
    const cohl_product *p = job->p;
    int rows = job->kernels->block_rows, columns = job->kernels->block_columns;
    const float *a[COHL_BLOCK_ROWS_MAX];

    block->a = a;
    block->step = turned ? rows : 1;
    for (int64_t column = j; column < j + n; column += columns) {
        block->b = job->panels + (column - job->at.column) * job->at.depth + (k - job->at.k) * columns;
        block->columns = (int)cohl_cpu_least(columns, j + n - column);
        block->bias = job->bias ? job->bias + column : NULL;
        for (int64_t row = i; row < i + m; row += rows) {
            block->rows = (int)cohl_cpu_least(rows, i + m - row);
            for (int r = 0; r < rows; r++)
                a[r] = turned ? turned + (row - i) * block->length + r
                              : p->a + (row + (r < block->rows ? r : 0)) * p->a_stride + k;
            block->c = c + row * p->n + column;
            job->kernels->block(block);
        }
    }
}

static void product_tile(void *arg, int index, int thread)
{
    const product_job *job = arg;
    const cohl_product *p = job->p;
    const cut *cut = &job->cut;
    const portion *at = &job->at;
    int64_t down = cohl_cpu_parts(p->m, cut->tile_m), across = cohl_cpu_parts(at->columns, cut->tile_n);
    int64_t slab = index / (down * across), tile = index % (down * across);
    int64_t i = tile / across * cut->tile_m, j = tile % across * cut->tile_n;
    int64_t m = cohl_cpu_least(cut->tile_m, p->m - i), n = cohl_cpu_least(cut->tile_n, at->columns - j);
    int64_t first = at->k + slab * cut->slab, end = at->k + at->depth;
    float *c = job->part ? job->part + slab * p->m * p->n : p->c;
    float *turned = p->transpose_a ? job->buffer + (int64_t)thread * TILE_ROWS * STRETCH : NULL;
    cohl_block block = { .segments = 1, .c_stride = p->n, .add = at->k > 0 || (!job->part && p->beta != 0) };

    if (cut->slabs > 1)
        end = cohl_cpu_least(first + cut->slab, end);
    for (int64_t k = first; k < end; k += block.length, block.add = true) {
        block.length = cohl_cpu_least(STRETCH, end - k);
        if (turned)
            turn_rows(p, i, m, k, block.length, job->kernels->block_rows, turned);
        stretch(job, &block, turned, c, i, m, at->column + j, n, k);
    }
}

/* ---- whole products ---------------------------------------------------- */

static void scale_whole(float *c, int64_t count, float factor)
{
    for (int64_t i = 0; i < count; i++)
        c[i] = factor == 0 ? 0 : c[i] * factor;
}

/* Packs a portion, and all tiles of c that it is in. */
static void run_portion(cohl_ctx *ctx, product_job *job, float *panels, portion at)
{
    const cohl_product *p = job->p;
    int columns = job->kernels->block_columns;
    int64_t tiles = cohl_cpu_parts(p->m, job->cut.tile_m) * cohl_cpu_parts(at.columns, job->cut.tile_n) * job->cut.slabs;
    job->panels = panels;
    job->at = at;
    cohl_workers_run(ctx->workers, (int)cohl_cpu_panels(job->kernels, at.columns), pack_tile,
                     &(pack_job){ p, at, panels, columns });
    cohl_workers_run(ctx->workers, (int)tiles, product_tile, job);
}

static void run_portions(cohl_ctx *ctx, product_job *job, float *panels)
{
    const cohl_product *p = job->p;
    const portion *most = &job->cut.most;
    if (p->k == 0) {
        run_portion(ctx, job, panels, *most);
        return;
    }
    for (int64_t k = 0; k < p->k; k += most->depth)
        for (int64_t j = 0; j < p->n; j += most->columns)
            run_portion(ctx, job, panels, (portion){ j, cohl_cpu_least(most->columns, p->n - j), k,
                                                     cohl_cpu_least(most->depth, p->k - k) });
}

static void run_product(cohl_ctx *ctx, product_job *job)
{
    const cohl_product *p = job->p;
    const portion *most = &job->cut.most;
    int64_t columns = job->kernels->block_columns, count = p->m * p->n;
    float *panels = cohl_cpu_take(ctx, cohl_cpu_panels(job->kernels, most->columns) * columns * most->depth);
    int threads = cohl_workers_count(ctx->workers);

    if (!panels
        || (p->transpose_a
            && !(job->buffer = cohl_cpu_take(ctx, (int64_t)threads * TILE_ROWS * STRETCH)))
        || (p->bias && !(job->bias = cohl_cpu_widen(ctx, p->bias, p->n)))
        || (job->cut.slabs > 1 && !(job->part = cohl_cpu_take(ctx, job->cut.slabs * count))))
        return;
    if (job->part && p->bias) {
        job->bias = NULL;
        for (int64_t i = 0; i < p->m; i++)
            memcpy(p->c + i * p->n, p->bias, (size_t)p->n * sizeof *p->c);
    } else if (p->beta != 1 && (p->beta != 0 || job->part)) {
        scale_whole(p->c, count, p->beta);
    }
    run_portions(ctx, job, panels);
    if (job->part)
        cohl_cpu_add_slabs(ctx, p->c, job->part, job->cut.slabs, count);
}

void cohl_cpu_product(cohl_ctx *ctx, const cohl_product *p)
{
    if (p->m == 0 || p->n == 0)
        return;
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    const cohl_kernels *kernels = cohl_cpu_kernels(ctx);
    run_product(ctx, &(product_job){ .p = p, .kernels = kernels,
                                     .cut = cut_product(p->m, p->n, p->k, kernels->block_columns) });
    cohl_arena_release(&ctx->scratch, mark);
}

void cohl_cpu_matmul(cohl_ctx *ctx, cohl_tensor *c, cohl_in a, bool transpose_a, cohl_in b,
                     bool transpose_b, float alpha, float beta)
{
    cohl_product p = {
        .m = c->dim[0], .n = c->dim[1], .k = a->dim[transpose_a ? 0 : 1],
        .a = a->data, .a_stride = a->dim[1], .transpose_a = transpose_a,
        .b = b->data, .b_stride = b->dim[1], .transpose_b = transpose_b,
        .c = c->data, .alpha = alpha, .beta = beta,
    };
    cohl_cpu_product(ctx, &p);
}

