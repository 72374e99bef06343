/* backend.h - the one table of operations; each back end fills it.
 *
 * Entries get checked shapes (ops.h tells them) and finished result tensors.
 * A `_back` entry stands behind its forward and adds (+=) into the gradients
 * it is given; one that is NULL is not wanted. Order of arguments: results,
 * then dy, then what the forward had. No entry allocates but from ctx->scratch
 * under a mark of its own; none depends on the number of threads.
 *
 * ref/ is plain, scalar, sums in double: the truth. cpu/ starts as a copy of
 * ref's table and replaces what it does better. */
#ifndef COHL_TENSOR_BACKEND_H
#define COHL_TENSOR_BACKEND_H

#include "tensor/ops.h"

typedef const cohl_tensor *cohl_in;

/* Constants of the optimisers, a step's worth. */
typedef struct cohl_adamw {
    float rate, beta1, beta2, eps, decay;   /* decay is decoupled: p -= rate*decay*p */
    float correct1, correct2;               /* 1 - beta^step */
    float grad_scale;                       /* g is multiplied by it first (clipping, batch) */
} cohl_adamw;

struct cohl_backend {
    const char *name;                    /* "ref", "cpu" */
    bool on_gpu;                         /* a graphics card does the work: its energy is asked too */

    /* memory: addresses of `data` belong to the back end */
    cohl_status (*open)(cohl_ctx *ctx, size_t scratch_bytes, cohl_error *err);
    void (*close)(cohl_ctx *ctx);
    void *(*alloc)(cohl_ctx *ctx, size_t bytes);             /* long-lived, zeroed; NULL = no room */
    void (*free)(cohl_ctx *ctx, void *data);
    void (*upload)(cohl_ctx *ctx, void *data, const void *host, size_t bytes);
    void (*download)(cohl_ctx *ctx, void *host, const void *data, size_t bytes);
    void (*clear)(cohl_ctx *ctx, void *data, size_t bytes);
    void (*copy)(cohl_ctx *ctx, void *to, const void *from, size_t bytes);

    /* products */
    void (*linear)(cohl_ctx *, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b);
    void (*linear_back)(cohl_ctx *, cohl_tensor *dx, cohl_tensor *dw, cohl_tensor *db,
                        cohl_in dy, cohl_in x, cohl_in w);
    void (*conv)(cohl_ctx *, cohl_tensor *y, cohl_in x, cohl_in history, cohl_in w, cohl_in b,
                 const cohl_conv_params *);
    void (*conv_back)(cohl_ctx *, cohl_tensor *dx, cohl_tensor *dw, cohl_tensor *db,
                      cohl_in dy, cohl_in x, cohl_in history, cohl_in w, const cohl_conv_params *);
    void (*depthwise)(cohl_ctx *, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b, const cohl_conv_params *);
    void (*depthwise_back)(cohl_ctx *, cohl_tensor *dx, cohl_tensor *dw, cohl_tensor *db,
                           cohl_in dy, cohl_in x, cohl_in w, const cohl_conv_params *);
    void (*pool)(cohl_ctx *, cohl_tensor *y, cohl_in x, cohl_pooling kind, int size, const cohl_conv_params *);
    /* of equals, the first has the gradient of the largest */
    void (*pool_back)(cohl_ctx *, cohl_tensor *dx, cohl_in dy, cohl_in x, cohl_pooling kind, int size,
                      const cohl_conv_params *);
    /* lse [queries, heads]: log of the softmax's denominator, NULL when nobody walks back */
    void (*attention)(cohl_ctx *, cohl_tensor *y, cohl_tensor *lse, cohl_in q, cohl_in k, cohl_in v,
                      cohl_in bias, const cohl_span *spans, int span_count, float scale);
    void (*attention_back)(cohl_ctx *, cohl_tensor *dq, cohl_tensor *dk, cohl_tensor *dv,
                           cohl_tensor *dbias, cohl_in dy, cohl_in y, cohl_in lse, cohl_in q,
                           cohl_in k, cohl_in v, cohl_in bias, const cohl_span *spans,
                           int span_count, float scale);
    /* c [m, n] = alpha * op(a) op(b) + beta * c; for the optimiser, all F32 matrices */
    void (*matmul)(cohl_ctx *, cohl_tensor *c, cohl_in a, bool transpose_a, cohl_in b,
                   bool transpose_b, float alpha, float beta);

    /* norms */
    void (*rms_norm)(cohl_ctx *, cohl_tensor *y, cohl_in x, cohl_in gain, float eps);
    void (*rms_norm_back)(cohl_ctx *, cohl_tensor *dx, cohl_tensor *dgain, cohl_in dy, cohl_in x,
                          cohl_in gain, float eps);
    void (*channel_norm)(cohl_ctx *, cohl_tensor *y, cohl_in x, cohl_in gain, bool silu);
    void (*channel_norm_back)(cohl_ctx *, cohl_tensor *dx, cohl_tensor *dgain, cohl_in dy, cohl_in x,
                              cohl_in gain, bool silu);
    void (*layer_norm)(cohl_ctx *, cohl_tensor *y, cohl_in x, cohl_in gain, cohl_in bias, float eps);
    void (*layer_norm_back)(cohl_ctx *, cohl_tensor *dx, cohl_tensor *dgain, cohl_tensor *dbias,
                            cohl_in dy, cohl_in x, cohl_in gain, float eps);
    void (*layer_norm_modulate)(cohl_ctx *, cohl_tensor *y, cohl_in x, cohl_in shift, cohl_in scale,
                                cohl_in row, float eps);
    void (*layer_norm_modulate_back)(cohl_ctx *, cohl_tensor *dx, cohl_tensor *dshift,
                                     cohl_tensor *dscale, cohl_in dy, cohl_in x, cohl_in scale,
                                     cohl_in row, float eps);
    void (*gated_add)(cohl_ctx *, cohl_tensor *y, cohl_in x, cohl_in h, cohl_in gate, cohl_in row);
    void (*gated_add_back)(cohl_ctx *, cohl_tensor *dx, cohl_tensor *dh, cohl_tensor *dgate,
                           cohl_in dy, cohl_in h, cohl_in gate, cohl_in row);

    /* element by element */
    void (*add)(cohl_ctx *, cohl_tensor *y, cohl_in a, cohl_in b);
    void (*mul)(cohl_ctx *, cohl_tensor *y, cohl_in a, cohl_in b);
    void (*mul_back)(cohl_ctx *, cohl_tensor *da, cohl_tensor *db, cohl_in dy, cohl_in a, cohl_in b);
    void (*add_row)(cohl_ctx *, cohl_tensor *y, cohl_in x, cohl_in v);
    void (*add_row_back)(cohl_ctx *, cohl_tensor *dv, cohl_in dy);          /* dv += column sums */
    void (*axpy)(cohl_ctx *, cohl_tensor *y, float factor, cohl_in x);      /* y += factor * x */
    void (*scale)(cohl_ctx *, cohl_tensor *y, cohl_in x, float factor);
    void (*activate)(cohl_ctx *, cohl_tensor *y, cohl_in x, cohl_activation f);
    void (*activate_back)(cohl_ctx *, cohl_tensor *dx, cohl_in dy, cohl_in x, cohl_activation f);
    /* inverse turns by the negative angle: the gradient of the turn. y = or += by `add`. */
    void (*rope)(cohl_ctx *, cohl_tensor *y, cohl_in x, cohl_in turn, bool inverse, bool add);

    /* moving values */
    void (*gather)(cohl_ctx *, cohl_tensor *y, cohl_in table, cohl_in id);
    void (*gather_back)(cohl_ctx *, cohl_tensor *dtable, cohl_in dy, cohl_in id);
    /* y = (or +=) x with axis i of y = axis order[i] of x */
    void (*permute)(cohl_ctx *, cohl_tensor *y, cohl_in x, const int *order, bool add);
    /* y is [outer, count, inner], x is [outer, whole, inner]; `at` is where y lies in x */
    void (*slice)(cohl_ctx *, cohl_tensor *y, cohl_in x, int axis, int64_t at);
    void (*slice_into)(cohl_ctx *, cohl_tensor *x, cohl_in y, int axis, int64_t at, bool add);
    void (*upsample)(cohl_ctx *, cohl_tensor *y, cohl_in x);
    void (*upsample_back)(cohl_ctx *, cohl_tensor *dx, cohl_in dy);
    void (*average_down)(cohl_ctx *, cohl_tensor *y, cohl_in x, int ft, int fs);
    void (*average_down_back)(cohl_ctx *, cohl_tensor *dx, cohl_in dy, int ft, int fs);
    void (*repeat_up)(cohl_ctx *, cohl_tensor *y, cohl_in x, int ft, int fs, int drop);
    void (*repeat_up_back)(cohl_ctx *, cohl_tensor *dx, cohl_in dy, int ft, int fs, int drop);

    /* to one number */
    void (*mean_ranges)(cohl_ctx *, cohl_tensor *y, cohl_in x, const cohl_range *ranges, int count);
    void (*mean_ranges_back)(cohl_ctx *, cohl_tensor *dx, cohl_in dy, const cohl_range *ranges, int count);
    void (*loss_mse)(cohl_ctx *, cohl_tensor *y, cohl_in a, cohl_in b, cohl_in weight);
    void (*loss_mse_back)(cohl_ctx *, cohl_tensor *da, cohl_in dy, cohl_in a, cohl_in b, cohl_in weight);
    void (*loss_l1)(cohl_ctx *, cohl_tensor *y, cohl_in a, cohl_in b, cohl_in weight);
    void (*loss_l1_back)(cohl_ctx *, cohl_tensor *da, cohl_in dy, cohl_in a, cohl_in b, cohl_in weight);
    void (*loss_cross_entropy)(cohl_ctx *, cohl_tensor *y, cohl_in x, cohl_in label);
    void (*loss_cross_entropy_back)(cohl_ctx *, cohl_tensor *dx, cohl_in dy, cohl_in x, cohl_in label);

    /* for the optimiser */
    void (*sum_squares)(cohl_ctx *, cohl_tensor *y, cohl_in x);            /* y [1] += sum x^2 */
    void (*adamw)(cohl_ctx *, cohl_tensor *p, cohl_tensor *m, cohl_tensor *v, cohl_in g,
                  const cohl_adamw *);
    void (*lerp)(cohl_ctx *, cohl_tensor *y, cohl_in x, float part);        /* y += part * (x - y) */
};

extern const cohl_backend cohl_backend_ref;
/* The processor's: NULL in cohl_backend_named() where it was not built. isa: NULL = the best
 * this machine has, or "scalar", "avx2", "avx512", "avx512bf16", "neon"; "onednn" takes
 * the products of avx512bf16 with F32 factors anywhere (for tests: --isa). */
const cohl_backend *cohl_backend_cpu(const char *isa);
/* "ref", "cpu", "cpu:avx2", ...; NULL if this build or machine has none such. */
const cohl_backend *cohl_backend_named(const char *name);
const cohl_backend *cohl_backend_best(void);

/* What products are fastest in: BF16 where the machine multiplies it, else F32. Who opens a
 * context and was not told a precision asks for this. */
cohl_precision cohl_backend_fast_precision(const cohl_backend *backend);

#endif
