/* winograd.c - convolution by kernels of 3x3 with 16 products in place of 36.
 *
 * A tile is 2x2 pixels, which see 4x4. Both what they see, d, and the kernel, g, are brought to 4x4 sums where
 * convolving is multiplying, place by place (Lavin & Gray 2016, "Fast algorithms for convolutional neural
 * networks", section 4.1, F(2x2, 3x3)):
 *
 *     y = A' [ sum over channels and time of (G g G') * (B' d B) ] A
 *
 * so for each of the 16 places there is one product [tiles, taps of time * channels] x [.., out] of the usual
 * kind. Sums of a few numbers are exact to the last bits of float: the error is about twice that of the plain
 * way. Kernels are brought and packed once a call, tiles BLOCK at a time by each thread. */
#include "tensor/cpu/conv.h"

#include <string.h>

enum {
    PLACES = 16,
    BLOCK = 48,             /* tiles; a multiple of every block's rows */
    STRETCH = 256,          /* of depth that a block sums at a time */
    PAD = 16,               /* floats between places, so that they do not fall on the same cache lines */
    FEWEST = 8,             /* channels on either side: below, bringing costs more than is spared */
    SMALLEST = 128,         /* pixels of a picture: below, packing does */
};

typedef struct winograd {
    const view  *v;
    const cohl_kernels *kernels;
    const float *w, *bias;
    float       *panels;            /* [PLACES][panel][depth][columns] */
    float       *y;
    int64_t      depth, across, down, tiles;
    float       *seen, *sums;       /* a thread: PLACES of [BLOCK, depth], of [BLOCK, out], PAD behind each */
} winograd;

static int64_t seen_place(const winograd *g) { return BLOCK * g->depth + PAD; }
static int64_t sums_place(const winograd *g) { return BLOCK * g->v->out + PAD; }

/* ---- kernels ------------------------------------------------------------- */

/* Values of as many kernels as a panel has columns, side by side. */
typedef float line[COHL_BLOCK_COLUMNS_MAX];

/* G g of three lines a step apart, `count` values of each. */
static void bring_three(line to[4], const line *g, int step, int64_t count)
{
    for (int64_t j = 0; j < count; j++) {
        float first = g[0][j], last = g[2 * step][j], sum = 0.5f * (first + last), middle = 0.5f * g[step][j];
        to[0][j] = first, to[1][j] = sum + middle, to[2][j] = sum - middle, to[3][j] = last;
    }
}

/* u = G g G'. */
static void bring_kernels(line u[PLACES], const line g[9], int64_t count)
{
    line half[3][4];
    for (int i = 0; i < 3; i++)
        bring_three(half[i], g + i, 3, count);      /* down the columns */
    for (int r = 0; r < 4; r++)
        bring_three(u + 4 * r, &half[0][r], 4, count);
}

static void pack_panel(void *arg, int panel, int thread)
{
    const winograd *g = arg;
    const view *v = g->v;
    int64_t columns = g->kernels->block_columns, place = cohl_cpu_panels(g->kernels, v->out) * columns * g->depth;
    int64_t first = panel * columns, there = cohl_cpu_least(columns, v->out - first), step = g->depth * 9;
    float *to = g->panels + first * g->depth;
    line kernel[9] = { { 0 } }, u[PLACES];

    for (int64_t t = 0; t < v->kt; t++)
        for (int64_t c = 0; c < v->channels; c++, to += columns) {
            const float *w = g->w + ((first * v->channels + c) * v->kt + t) * 9;
            for (int64_t j = 0; j < there; j++, w += step)
                for (int i = 0; i < 9; i++)
                    kernel[i][j] = w[i];
            bring_kernels(u, kernel, columns);
            for (int p = 0; p < PLACES; p++)
                memcpy(to + p * place, u[p], (size_t)columns * sizeof *to);
        }
}

/* ---- tiles ----------------------------------------------------------------- */

/* Where the 4x4 pixels lie that tile (i, j) sees in frame `frame`. */
static void find_seen(const view *v, const float *seen[PLACES], int64_t frame, int64_t i, int64_t j)
{
    for (int64_t p = 0; p < 4; p++) {
        const char *row = view_row(v, frame, 2 * i + v->from_y + p);
        for (int64_t q = 0; q < 4; q++) {
            int64_t at = 2 * j + v->from_x + q;
            seen[4 * p + q] = row && at >= 0 && at < v->width ? (const float *)(row + (size_t)at * v->pixel_bytes)
                                                              : v->zeros;
        }
    }
}

static void bring_tiles(const winograd *g, int64_t begin, int64_t count, float *to)
{
    const view *v = g->v;
    for (int64_t n = begin; n < begin + count; n++, to += g->depth) {
        int64_t t = n / g->across / g->down * v->stride_time + v->from_t;
        for (int64_t a = 0; a < v->kt; a++) {
            const float *seen[PLACES];
            find_seen(v, seen, t + a, n / g->across % g->down, n % g->across);
            g->kernels->winograd_in(to + a * v->channels, seen_place(g), seen, v->channels);
        }
    }
}

/* sums [count, out] = seen [count, depth] times the panels of one place. */
static void multiply_place(const winograd *g, int place, int64_t count, const float *seen, float *sums)
{
    int64_t rows = g->kernels->block_rows, columns = g->kernels->block_columns, out = g->v->out;
    const float *panels = g->panels + place * cohl_cpu_panels(g->kernels, out) * columns * g->depth;
    const float *row[BLOCK];
    cohl_block block = { .segments = 1, .step = 1, .c_stride = out };

    for (int64_t at = 0; at < g->depth; at += block.length, block.add = true) {
        block.length = cohl_cpu_least(STRETCH, g->depth - at);
        for (int64_t n = 0; n < BLOCK; n++)
            row[n] = seen + cohl_cpu_least(n, count - 1) * g->depth + at;
        for (int64_t column = 0; column < out; column += columns) {
            block.b = panels + column * g->depth + at * columns;
            block.columns = (int)cohl_cpu_least(columns, out - column);
            for (int64_t n = 0; n < count; n += rows) {
                block.a = row + n;
                block.rows = (int)cohl_cpu_least(rows, count - n);
                block.c = sums + n * out + column;
                g->kernels->block(&block);
            }
        }
    }
}

/* Four pixels a tile, fewer at an odd border. */
static void write_tiles(const winograd *g, int64_t begin, int64_t count, const float *sums)
{
    const view *v = g->v;
    for (int64_t n = begin; n < begin + count; n++, sums += v->out) {
        int64_t j = n % g->across * 2, i = n / g->across % g->down * 2, t = n / g->across / g->down;
        float *first = g->y + ((t * v->out_height + i) * v->out_width + j) * v->out, *to[4];
        for (int k = 0; k < 4; k++) {
            bool there = i + k / 2 < v->out_height && j + k % 2 < v->out_width;
            to[k] = there ? first + (k / 2 * v->out_width + k % 2) * v->out : NULL;
        }
        g->kernels->winograd_out(to, sums, sums_place(g), g->bias, v->out);
    }
}

static void run_block(void *arg, int tile, int thread)
{
    const winograd *g = arg;
    int64_t begin = (int64_t)tile * BLOCK, count = cohl_cpu_least(BLOCK, g->tiles - begin);
    float *seen = g->seen + thread * PLACES * seen_place(g), *sums = g->sums + thread * PLACES * sums_place(g);

    bring_tiles(g, begin, count, seen);
    for (int p = 0; p < PLACES; p++)
        multiply_place(g, p, count, seen + p * seen_place(g), sums + p * sums_place(g));
    write_tiles(g, begin, count, sums);
}

/* ---- all of it --------------------------------------------------------------- */

static bool is_spared(const view *v)
{
    return v->kh == 3 && v->kw == 3 && v->stride_space == 1 && v->channels >= FEWEST && v->out >= FEWEST
        && v->out_height * v->out_width >= SMALLEST;
}

bool cohl_cpu_winograd(cohl_ctx *ctx, const view *v, const float *w, const float *bias, float *y)
{
    winograd g = { .v = v, .kernels = cohl_cpu_kernels(ctx), .w = w, .bias = bias, .y = y, .depth = v->kt * v->channels,
                   .across = cohl_cpu_parts(v->out_width, 2), .down = cohl_cpu_parts(v->out_height, 2) };
    if (!is_spared(v))
        return false;
    int64_t panels = cohl_cpu_panels(g.kernels, v->out), threads = cohl_workers_count(ctx->workers);
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    g.tiles = v->out_frames * g.down * g.across;
    g.panels = cohl_cpu_take(ctx, PLACES * panels * g.kernels->block_columns * g.depth);
    g.seen = cohl_cpu_take(ctx, threads * PLACES * seen_place(&g));
    g.sums = cohl_cpu_take(ctx, threads * PLACES * sums_place(&g));
    if (cohl_ctx_fine(ctx)) {
        cohl_workers_run(ctx->workers, (int)panels, pack_panel, &g);
        cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(g.tiles, BLOCK), run_block, &g);
    }
    cohl_arena_release(&ctx->scratch, mark);
    return true;
}
