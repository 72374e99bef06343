/* rates.c - what this machine multiplies at. */
#include "bench/rates.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { M = 192, N = 384 };

static const double PATIENCE = 0.3;     /* processor seconds of calls, of each thread */

/* One product and its factors, all bytes of a factor alike; the right one is packed. */
typedef struct tile {
    const cohl_onednn_product *product;
    char *memory, *left, *right, *result, *scratch;
} tile;

static size_t lines(size_t bytes) { return (bytes + 63) / 64 * 64; }

static bool open_tile(tile *t, cohl_factor type, int depth, int byte)
{
    const cohl_onednn_pack *pack = cohl_onednn_has(type) ? cohl_onednn_pack_of(type, depth, N, false) : NULL;
    *t = (tile){ .product = pack ? cohl_onednn_product_of(&(cohl_onednn_shape){
        .type = type, .m = M, .n = N, .k = depth, .c_stride = N }) : NULL };
    if (!t->product)
        return false;
    size_t left = lines((size_t)M * (size_t)depth * cohl_factor_bytes(type));
    size_t plain = lines((size_t)N * (size_t)depth * cohl_factor_bytes(type));
    size_t packed = lines(cohl_onednn_packed_bytes(pack)), result = lines(sizeof(float) * M * N);
    size_t scratch = lines(cohl_onednn_scratch(t->product) + cohl_onednn_pack_scratch(pack));
    if (!(t->memory = aligned_alloc(64, left + plain + packed + result + scratch)))
        return false;
    memset(t->memory, byte, left + plain);
    t->left = t->memory, t->right = t->left + left + plain, t->result = t->right + packed, t->scratch = t->result + result;
    cohl_onednn_pack_run(pack, t->left + left, t->right, t->scratch);
    return true;
}

double cohl_bench_library_rate(cohl_factor type, int depth)
{
    double best = 1e30, begin = cohl_clock_cpu_seconds();
    tile t;
    if (!open_tile(&t, type, depth, 0))
        return 0;
    while (cohl_clock_cpu_seconds() - begin < PATIENCE) {
        double start = cohl_clock_cpu_seconds();
        cohl_onednn_multiply(t.product, t.left, t.right, t.result, t.scratch);
        double seconds = cohl_clock_cpu_seconds() - start;
        best = seconds < best ? seconds : best;
    }
    free(t.memory);
    return 2.0 * M * N * depth / best;
}

static void multiply_tile(void *arg, int tile, int thread)
{
    const struct tile *t = (const struct tile *)arg + thread;
    cohl_onednn_multiply(t->product, t->left, t->right, t->result, t->scratch);
}

double cohl_bench_library_rate_together(cohl_workers *workers, cohl_factor type, int depth)
{
    enum { EACH = 8 };
    int threads = cohl_workers_count(workers), open = 0, calls = 0;
    tile *t = calloc((size_t)threads, sizeof *t);
    while (t && open < threads && open_tile(&t[open], type, depth, 0))
        open++;
    double begin = cohl_clock_cpu_seconds(), seconds = 0;
    for (; t && open == threads && seconds < PATIENCE * threads; seconds = cohl_clock_cpu_seconds() - begin) {
        cohl_workers_run(workers, EACH * threads, multiply_tile, t);
        calls += EACH * threads;
    }
    for (int i = 0; i < open; i++)
        free(t[i].memory);
    free(t);
    return calls ? 2.0 * M * N * depth * calls / seconds : 0;
}

bool cohl_bench_library_exact(void)
{
    enum { DEPTH = 64, MOST = 127 };
    tile t;
    int32_t first;
    if (!open_tile(&t, COHL_FACTOR_S8, DEPTH, MOST))
        return false;
    cohl_onednn_multiply(t.product, t.left, t.right, t.result, t.scratch);
    memcpy(&first, t.result, sizeof first);
    free(t.memory);
    return first == MOST * MOST * DEPTH;
}
