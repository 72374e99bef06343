/* library.c - whole products by oneDNN, and the packing of right factors. */
#include "tensor/cpu/library.h"

#include <string.h>

#include "base/half.h"

enum {
    TILE_ROWS = 192,
    DEPTH = 1024,           /* most of k at a time: 192 x 1024 bf16 stay in the second cache */
    TILES_WANTED = 16,      /* so many processors stay busy */
    CHUNK = 1 << 15,        /* values converted at a time */
};

void cohl_library_convert(const cohl_kernels *kernels, cohl_factor type, void *to, const float *from,
                          int64_t count)
{
    if (type == COHL_FACTOR_BF16)
        kernels->to_bf16(to, from, count);
    else
        memcpy(to, from, (size_t)count * sizeof *from);
}

char *cohl_library_take(cohl_ctx *ctx, size_t bytes)
{
    return (char *)cohl_cpu_take(ctx, (int64_t)(cohl_library_lines(bytes) / sizeof(float)));
}

typedef struct convert_job { const cohl_kernels *kernels; uint16_t *to; const float *from; int64_t count; } convert_job;

static void convert_tile(void *arg, int tile, int thread)
{
    const convert_job *job = arg;
    int64_t begin = (int64_t)tile * CHUNK, count = cohl_cpu_least(CHUNK, job->count - begin);
    job->kernels->to_bf16(job->to + begin, job->from + begin, count);
}

const void *cohl_library_factor(cohl_ctx *ctx, cohl_factor type, const float *from, int64_t count)
{
    if (type == COHL_FACTOR_F32)
        return from;
    convert_job job = { cohl_cpu_kernels(ctx), NULL, from, count };
    if ((job.to = (void *)cohl_library_take(ctx, (size_t)count * sizeof *job.to)))
        cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(count, CHUNK), convert_tile, &job);
    return job.to;
}

/* to [rows filled up, width filled up] = factors of from [rows, width], zeros beyond. */
static void convert_rows(const cohl_kernels *kernels, cohl_factor type, const float *from,
                         int64_t stride, int64_t rows, int64_t width, int64_t filled_rows,
                         int64_t filled_width, char *to)
{
    size_t size = cohl_factor_bytes(type), line = (size_t)filled_width * size;
    for (int64_t i = 0; i < rows; i++, from += stride, to += line) {
        cohl_library_convert(kernels, type, to, from, width);
        if (width < filled_width)
            memset(to + (size_t)width * size, 0, (size_t)(filled_width - width) * size);
    }
    if (rows < filled_rows)
        memset(to, 0, (size_t)(filled_rows - rows) * line);
}

/* The same from values that are bf16 already. */
static void copy_rows(cohl_factor type, const uint16_t *from, int64_t stride, int64_t rows,
                      int64_t width, int64_t filled_rows, int64_t filled_width, char *to)
{
    size_t line = (size_t)filled_width * cohl_factor_bytes(type);
    memset(to, 0, (size_t)filled_rows * line);
    for (int64_t i = 0; i < rows; i++, from += stride, to += line) {
        if (type == COHL_FACTOR_BF16)
            memcpy(to, from, (size_t)width * sizeof *from);
        else
            for (int64_t j = 0; j < width; j++)
                ((float *)to)[j] = cohl_bf16_to_f32(from[j]);
    }
}

/* ---- right factors ------------------------------------------------------- */

typedef struct pack_job {
    const cohl_right   *right;
    const cohl_kernels *kernels;
    char               *buffer;         /* a thread: a tile as it lies, then the library's scratch */
    size_t              buffer_bytes, tile_bytes;
} pack_job;

static void pack_tile(void *arg, int index, int thread)
{
    const pack_job *job = arg;
    const cohl_right *r = job->right;
    int64_t piece = index / r->across, across = index % r->across;
    int64_t k = piece * r->depth, j = across * r->tile_n, n = cohl_right_columns(r, across);
    int64_t depth = cohl_cpu_least(r->depth, r->k - k);
    int64_t at = r->transposed ? j * r->stride + k : k * r->stride + j;
    int64_t rows = r->transposed ? n : depth, width = r->transposed ? depth : n;
    int64_t filled_rows = r->transposed ? n : r->depth, filled_width = r->transposed ? r->depth : n;
    char *buffer = job->buffer + (size_t)thread * job->buffer_bytes;

    if (r->b_bf16)
        copy_rows(r->type, r->b_bf16 + at, r->stride, rows, width, filled_rows, filled_width, buffer);
    else
        convert_rows(job->kernels, r->type, r->b + at, r->stride, rows, width, filled_rows,
                     filled_width, buffer);
    cohl_onednn_pack_run(r->pack[n < r->tile_n], buffer, (void *)cohl_right_at(r, piece, across),
                         buffer + job->tile_bytes);
}


bool cohl_library_pack(cohl_ctx *ctx, cohl_right *r)
{
    size_t scratch = 0;
    r->across = (int)cohl_cpu_parts(r->n, r->tile_n);
    r->pieces = (int)cohl_cpu_parts(r->k, r->depth);
    for (int last = 0; last < 2; last++) {
        int64_t n = last ? cohl_right_columns(r, r->across - 1) : r->tile_n;
        if (!(r->pack[last] = cohl_onednn_pack_of(r->type, r->depth, n, r->transposed)))
            return false;
        r->bytes = cohl_library_larger(r->bytes, cohl_library_lines(cohl_onednn_packed_bytes(r->pack[last])));
        scratch = cohl_library_larger(scratch, cohl_library_lines(cohl_onednn_pack_scratch(r->pack[last])));
    }
    pack_job job = { .right = r, .kernels = cohl_cpu_kernels(ctx) };
    job.tile_bytes = cohl_library_lines((size_t)(r->depth * r->tile_n) * cohl_factor_bytes(r->type));
    job.buffer_bytes = job.tile_bytes + scratch;
    if (!(r->packed = cohl_library_take(ctx, r->bytes * (size_t)(r->across * r->pieces))))
        return false;
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    job.buffer = cohl_library_take(ctx, (size_t)cohl_workers_count(ctx->workers) * job.buffer_bytes);
    if (job.buffer)
        cohl_workers_run(ctx->workers, r->across * r->pieces, pack_tile, &job);
    cohl_arena_release(&ctx->scratch, mark);
    return job.buffer != NULL;
}

/* ---- tiles ----------------------------------------------------------------- */

typedef struct tile_job {
    const cohl_product *p;
    const cohl_kernels *kernels;
    cohl_right          right;
    int64_t             tile_m;
    int                 slabs, slab_pieces;
    const cohl_onednn_product *product[2][2][2];    /* [last rows][last column][add] */
    float              *part;           /* [slabs, m, n] when there are several slabs */
    char               *buffer;         /* a thread: left tile, a last tile of c, scratch */
    size_t              buffer_bytes, left_bytes, c_bytes;
} tile_job;

/* Rows i.. of op(a), piece `piece` of k, as the library reads them. */
static void convert_left(const tile_job *job, int64_t i, int64_t m, int64_t filled, int64_t piece,
                         char *to)
{
    const cohl_product *p = job->p;
    int64_t k = piece * job->right.depth, depth = cohl_cpu_least(job->right.depth, p->k - k);
    if (p->transpose_a)
        convert_rows(job->kernels, job->right.type, p->a + k * p->a_stride + i, p->a_stride, depth,
                     m, job->right.depth, filled, to);
    else
        convert_rows(job->kernels, job->right.type, p->a + i * p->a_stride + k, p->a_stride, m, depth,
                     filled, job->right.depth, to);
}

static void fill_rows(float *c, int64_t stride, const float *row, int64_t m, int64_t n)
{
    for (int64_t i = 0; i < m; i++)
        memcpy(c + i * stride, row, (size_t)n * sizeof *c);
}

static void copy_tile(float *to, int64_t to_stride, const float *from, int64_t from_stride, int64_t m,
                      int64_t n)
{
    for (int64_t i = 0; i < m; i++)
        memcpy(to + i * to_stride, from + i * from_stride, (size_t)n * sizeof *to);
}

/* The last tiles of rows are filled up, so their c goes by way of a buffer. */
static void library_tile(void *arg, int index, int thread)
{
    const tile_job *job = arg;
    const cohl_product *p = job->p;
    const cohl_right *r = &job->right;
    int64_t across = index % r->across, tile = index / r->across;
    int64_t down = cohl_cpu_parts(p->m, job->tile_m), slab = tile / down;
    int64_t i = tile % down * job->tile_m, j = across * r->tile_n;
    int64_t m = cohl_cpu_least(job->tile_m, p->m - i), n = cohl_right_columns(r, across);
    bool last = m < job->tile_m, add = !job->part && (p->beta != 0 || p->bias);
    char *left = job->buffer + (size_t)thread * job->buffer_bytes, *edge = left + job->left_bytes;
    float *c = (job->part ? job->part + slab * p->m * p->n : p->c) + i * p->n + j;
    float *to = last ? (float *)edge : c;

    if (!job->part && p->bias)
        fill_rows(c, p->n, p->bias + j, m, n);
    if (last && add)
        copy_tile(to, p->n, c, p->n, m, n);
    for (int64_t piece = slab * job->slab_pieces; piece < r->pieces
         && piece < (slab + 1) * job->slab_pieces; piece++, add = true) {
        convert_left(job, i, m, last ? cohl_library_filled(m) : m, piece, left);
        cohl_onednn_multiply(job->product[last][n < r->tile_n][add], left,
                             cohl_right_at(r, piece, across), to, edge + job->c_bytes);
    }
    if (last)
        copy_tile(c, p->n, to, p->n, m, n);
}

/* ---- whole products ---------------------------------------------------------- */

/* Sizes of tiles from m, n, k alone. */
static void cut_tiles(tile_job *job)
{
    const cohl_product *p = job->p;
    cohl_right *r = &job->right;
    int64_t tile_n = cohl_cpu_least(p->n, COHL_LIBRARY_COLUMNS);
    int64_t tile_m = cohl_cpu_least(TILE_ROWS, cohl_library_filled(p->m)), slabs = 1;
    int64_t tiles = cohl_cpu_parts(p->m, tile_m) * cohl_cpu_parts(p->n, tile_n);

    if (tiles < TILES_WANTED && p->k >= 1024)
        slabs = cohl_cpu_least(cohl_cpu_parts(TILES_WANTED, tiles), p->k / 512);
    else if (tiles < TILES_WANTED) {
        tile_m = cohl_cpu_least(TILE_ROWS / 2, tile_m);
        while (tile_n > 64
               && cohl_cpu_parts(p->m, tile_m) * cohl_cpu_parts(p->n, tile_n) < TILES_WANTED)
            tile_n = cohl_cpu_parts(tile_n / 2, 16) * 16;
    }
    int64_t pieces = cohl_cpu_parts(cohl_cpu_parts(p->k, DEPTH), slabs) * slabs;
    r->depth = cohl_library_filled(cohl_cpu_parts(p->k, pieces));
    r->tile_n = tile_n;
    job->tile_m = tile_m;
    job->slab_pieces = (int)cohl_cpu_parts(cohl_cpu_parts(p->k, r->depth), slabs);
    job->slabs = (int)cohl_cpu_parts(cohl_cpu_parts(p->k, r->depth), job->slab_pieces);
}

/* All kinds of tile there are; false when the library refuses one. */
static bool find_products(tile_job *job, size_t *scratch)
{
    const cohl_product *p = job->p;
    const cohl_right *r = &job->right;
    int64_t last_m = p->m % job->tile_m, last_n = p->n % r->tile_n;
    for (int kind = 0; kind < 8; kind++) {
        bool rows = kind & 4, columns = kind & 2, add = kind & 1;
        if ((rows && !last_m) || (!rows && p->m < job->tile_m) || (columns && !last_n))
            continue;
        const cohl_onednn_product *found = cohl_onednn_product_of(&(cohl_onednn_shape){
            .type = r->type, .m = rows ? cohl_library_filled(last_m) : job->tile_m,
            .n = columns ? last_n : r->tile_n, .k = r->depth, .c_stride = p->n,
            .transpose_a = p->transpose_a, .add = add });
        if (!found)
            return false;
        job->product[rows][columns][add] = found;
        *scratch = cohl_library_larger(*scratch, cohl_library_lines(cohl_onednn_scratch(found)));
    }
    return true;
}

static bool take_buffers(cohl_ctx *ctx, tile_job *job, size_t scratch)
{
    const cohl_product *p = job->p;
    job->left_bytes = cohl_library_lines((size_t)(job->tile_m * job->right.depth) * cohl_factor_bytes(job->right.type));
    job->c_bytes = p->m % job->tile_m ? cohl_library_lines((size_t)(job->tile_m * p->n) * sizeof(float)) : 0;
    job->buffer_bytes = job->left_bytes + job->c_bytes + scratch;
    job->buffer = cohl_library_take(ctx, (size_t)cohl_workers_count(ctx->workers) * job->buffer_bytes);
    if (job->slabs > 1)
        job->part = cohl_cpu_take(ctx, job->slabs * p->m * p->n);
    return cohl_ctx_fine(ctx);
}

static void run_tiles(cohl_ctx *ctx, tile_job *job)
{
    const cohl_product *p = job->p;
    int64_t tiles = cohl_cpu_parts(p->m, job->tile_m) * job->right.across * job->slabs;

    if (job->part && p->bias)
        fill_rows(p->c, p->n, p->bias, p->m, p->n);
    else if (job->part && p->beta == 0)
        memset(p->c, 0, (size_t)(p->m * p->n) * sizeof *p->c);
    cohl_workers_run(ctx->workers, (int)tiles, library_tile, job);
    if (job->part)
        cohl_cpu_add_slabs(ctx, p->c, job->part, job->slabs, p->m * p->n);
}

bool cohl_library_product(cohl_ctx *ctx, const cohl_product *p, cohl_factor type)
{
    size_t scratch = 0;
    int64_t least = cohl_cpu_least(p->m, cohl_cpu_least(p->n, p->k));
    if (p->alpha != 1 || (p->beta != 0 && p->beta != 1) || least < COHL_LIBRARY_STEP)
        return false;
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    tile_job job = { .p = p, .kernels = cohl_cpu_kernels(ctx),
                     .right = { .type = type, .k = p->k, .n = p->n, .b = p->b, .b_bf16 = p->b_bf16,
                                .stride = p->b_stride, .transposed = p->transpose_b } };
    cut_tiles(&job);
    bool done = find_products(&job, &scratch) && take_buffers(ctx, &job, scratch)
             && cohl_library_pack(ctx, &job.right);
    if (done)
        run_tiles(ctx, &job);
    cohl_arena_release(&ctx->scratch, mark);
    return done;
}
