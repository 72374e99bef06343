/* cpu.h - what the files of the processor's back end share.
 *
 * Every entry cuts its work into tiles whose size depends on shapes alone; a
 * tile is done by one thread and writes only what is its own, so the result has
 * the same bits with any number of threads. Sums over tiles are kept as
 * partial sums, one per fixed slab, and added in the slabs' order.
 *
 * F32 products are our own: the inner block (kernels_body.h) runs at the rate of
 * the machine's multipliers, and since what it multiplies by is packed once a
 * call for all tiles, and a convolution's pixels are read where they lie, they
 * are faster than a library's single-threaded calls on each tile. Where the
 * processor multiplies bf16 and the context asks for it, the tiles are oneDNN's
 * (library.h). */
#ifndef COHL_TENSOR_CPU_CPU_H
#define COHL_TENSOR_CPU_CPU_H

#include "tensor/backend.h"
#include "tensor/cpu/kernels.h"

/* The inner loops of the context's instruction set. */
const cohl_kernels *cohl_cpu_kernels(const cohl_ctx *ctx);

/* count floats of scratch; NULL sets the context's status. Single-threaded:
 * taken before the tiles run, under the caller's mark. */
float *cohl_cpu_take(cohl_ctx *ctx, int64_t count);

/* The values of t as F32 for a product: t's own memory, or a copy in scratch
 * where it is narrower or the context rounds inputs of products to bf16. Where
 * products round while they read (library.h, BF16), F32 stays as it is. */
const float *cohl_cpu_factor(cohl_ctx *ctx, cohl_in t);

/* c = alpha * op(a) op(b) + beta * c (+ bias [n] to each row), all row-major.
 * op(a) [m, k], op(b) [k, n], c [m, n] without gaps; a stride is the distance of
 * two rows as they lie in memory. bias goes with beta = 0. */
typedef struct cohl_product {
    int64_t      m, n, k;
    const float *a;
    int64_t      a_stride;
    bool         transpose_a;
    const float *b;
    int64_t      b_stride;
    bool         transpose_b;
    float       *c;
    float        alpha, beta;
    const float *bias;
    const uint16_t *b_bf16;     /* takes the place of b where it is not NULL */
} cohl_product;

/* Values of a right factor that are packed at a time where c has many tiles: 16 MiB. */
enum { COHL_CPU_PORTION = 1 << 22 };

void cohl_cpu_product(cohl_ctx *ctx, const cohl_product *p);

/* Panels: op(b) [k, n] as the blocks read it, [ceil(n/columns)][k][columns]. */
static inline int64_t cohl_cpu_panels(const cohl_kernels *kernels, int64_t n)
{
    return (n + kernels->block_columns - 1) / kernels->block_columns;
}

/* factor * op(b) into panels; b's stride is that of its rows as they lie. One thread. */
void cohl_cpu_pack(const float *b, int64_t stride, bool transposed, int64_t k, int64_t n,
                   float factor, int columns, float *panels);

/* A row in scratch with zeros behind, as wide as whole panels; NULL sets the status. */
const float *cohl_cpu_widen(cohl_ctx *ctx, const float *row, int64_t count);

/* sum [width] += the column sums of x [rows, width]. */
void cohl_cpu_column_sums(cohl_ctx *ctx, float *sum, const float *x, int64_t rows, int64_t width);

/* sum [count] += the `slabs` vectors of `part` [slabs, count], in their order. */
void cohl_cpu_add_slabs(cohl_ctx *ctx, float *sum, const float *part, int slabs, int64_t count);

static inline int64_t cohl_cpu_least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t cohl_cpu_parts(int64_t whole, int64_t part) { return (whole + part - 1) / part; }

/* products (product.c, linear.c, conv.c, window.c) */
void cohl_cpu_matmul(cohl_ctx *ctx, cohl_tensor *c, cohl_in a, bool transpose_a, cohl_in b,
                     bool transpose_b, float alpha, float beta);
void cohl_cpu_linear(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b);
void cohl_cpu_linear_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dw, cohl_tensor *db,
                          cohl_in dy, cohl_in x, cohl_in w);
void cohl_cpu_conv(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in history, cohl_in w,
                   cohl_in b, const cohl_conv_params *params);
void cohl_cpu_conv_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dw, cohl_tensor *db,
                        cohl_in dy, cohl_in x, cohl_in history, cohl_in w,
                        const cohl_conv_params *params);

void cohl_cpu_depthwise(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b,
                        const cohl_conv_params *params);
void cohl_cpu_pool(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_pooling kind, int size,
                   const cohl_conv_params *params);

/* the rest (attention.c, norm.c, element.c, reduce.c, move.c) */
void cohl_cpu_attention(cohl_ctx *ctx, cohl_tensor *y, cohl_tensor *lse, cohl_in q, cohl_in k,
                        cohl_in v, cohl_in bias, const cohl_span *spans, int span_count, float scale);
void cohl_cpu_attention_back(cohl_ctx *ctx, cohl_tensor *dq, cohl_tensor *dk, cohl_tensor *dv,
                             cohl_tensor *dbias, cohl_in dy, cohl_in y, cohl_in lse, cohl_in q,
                             cohl_in k, cohl_in v, cohl_in bias, const cohl_span *spans,
                             int span_count, float scale);
void cohl_cpu_rms_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, float eps);
void cohl_cpu_rms_norm_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dgain, cohl_in dy,
                            cohl_in x, cohl_in gain, float eps);
void cohl_cpu_channel_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, bool silu);
void cohl_cpu_channel_norm_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dgain, cohl_in dy,
                                cohl_in x, cohl_in gain, bool silu);
void cohl_cpu_layer_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, cohl_in bias,
                         float eps);
void cohl_cpu_layer_norm_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dgain,
                              cohl_tensor *dbias, cohl_in dy, cohl_in x, cohl_in gain, float eps);
void cohl_cpu_layer_norm_modulate(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in shift,
                                  cohl_in scale, cohl_in row, float eps);
void cohl_cpu_layer_norm_modulate_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dshift,
                                       cohl_tensor *dscale, cohl_in dy, cohl_in x, cohl_in scale,
                                       cohl_in row, float eps);
void cohl_cpu_gated_add(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in h, cohl_in gate,
                        cohl_in row);
void cohl_cpu_gated_add_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dh, cohl_tensor *dgate,
                             cohl_in dy, cohl_in h, cohl_in gate, cohl_in row);
void cohl_cpu_add(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b);
void cohl_cpu_mul(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b);
void cohl_cpu_mul_back(cohl_ctx *ctx, cohl_tensor *da, cohl_tensor *db, cohl_in dy, cohl_in a,
                       cohl_in b);
void cohl_cpu_add_row(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in v);
void cohl_cpu_add_row_back(cohl_ctx *ctx, cohl_tensor *dv, cohl_in dy);
void cohl_cpu_axpy(cohl_ctx *ctx, cohl_tensor *y, float factor, cohl_in x);
void cohl_cpu_scale(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, float factor);
void cohl_cpu_activate(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_activation f);
void cohl_cpu_activate_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, cohl_in x, cohl_activation f);
void cohl_cpu_rope(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in turn, bool inverse, bool add);
void cohl_cpu_sum_squares(cohl_ctx *ctx, cohl_tensor *y, cohl_in x);
void cohl_cpu_loss_mse(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b, cohl_in weight);
void cohl_cpu_loss_mse_back(cohl_ctx *ctx, cohl_tensor *da, cohl_in dy, cohl_in a, cohl_in b,
                            cohl_in weight);
void cohl_cpu_loss_l1(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b, cohl_in weight);
void cohl_cpu_loss_l1_back(cohl_ctx *ctx, cohl_tensor *da, cohl_in dy, cohl_in a, cohl_in b,
                           cohl_in weight);
void cohl_cpu_adamw(cohl_ctx *ctx, cohl_tensor *p, cohl_tensor *m, cohl_tensor *v, cohl_in g,
                    const cohl_adamw *step);
void cohl_cpu_lerp(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, float part);
void cohl_cpu_gather(cohl_ctx *ctx, cohl_tensor *y, cohl_in table, cohl_in id);
void cohl_cpu_gather_back(cohl_ctx *ctx, cohl_tensor *dtable, cohl_in dy, cohl_in id);
void cohl_cpu_permute(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, const int *order, bool add);
void cohl_cpu_slice(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int axis, int64_t at);
void cohl_cpu_slice_into(cohl_ctx *ctx, cohl_tensor *x, cohl_in y, int axis, int64_t at, bool add);
void cohl_cpu_upsample(cohl_ctx *ctx, cohl_tensor *y, cohl_in x);
void cohl_cpu_upsample_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy);
void cohl_cpu_average_down(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int ft, int fs);
void cohl_cpu_average_down_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, int ft, int fs);
void cohl_cpu_repeat_up(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int ft, int fs, int drop);
void cohl_cpu_repeat_up_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, int ft, int fs, int drop);

#endif
