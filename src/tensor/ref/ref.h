/* ref.h - the reference back end: plain, scalar, every sum in double.
 *
 * Each function fills the entry of its name in `struct cohl_backend`, whose
 * comments in backend.h and ops.h are its contract. Another back end starts
 * from a copy of cohl_backend_ref and replaces the entries it does better; the
 * memory is the host's, so such tables may mix. With COHL_PRECISION_BF16 the
 * inputs of products (linear, conv, attention, and their gradients) are rounded
 * to bf16, nearest even, before they are multiplied; sums are not. */
#ifndef COHL_TENSOR_REF_REF_H
#define COHL_TENSOR_REF_REF_H

#include "tensor/backend.h"

/* memory */
cohl_status cohl_ref_open(cohl_ctx *ctx, size_t scratch_bytes, cohl_error *err);
void cohl_ref_close(cohl_ctx *ctx);
void *cohl_ref_alloc(cohl_ctx *ctx, size_t bytes);
void cohl_ref_free(cohl_ctx *ctx, void *data);
void cohl_ref_upload(cohl_ctx *ctx, void *data, const void *host, size_t bytes);
void cohl_ref_download(cohl_ctx *ctx, void *host, const void *data, size_t bytes);
void cohl_ref_clear(cohl_ctx *ctx, void *data, size_t bytes);
void cohl_ref_copy(cohl_ctx *ctx, void *to, const void *from, size_t bytes);

/* products */
void cohl_ref_linear(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b);
void cohl_ref_linear_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dw, cohl_tensor *db,
                          cohl_in dy, cohl_in x, cohl_in w);
void cohl_ref_conv(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in history, cohl_in w,
                   cohl_in b, const cohl_conv_params *params);
void cohl_ref_conv_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dw, cohl_tensor *db,
                        cohl_in dy, cohl_in x, cohl_in history, cohl_in w,
                        const cohl_conv_params *params);
void cohl_ref_depthwise(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b,
                        const cohl_conv_params *params);
void cohl_ref_depthwise_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dw, cohl_tensor *db,
                             cohl_in dy, cohl_in x, cohl_in w, const cohl_conv_params *params);
void cohl_ref_pool(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_pooling kind, int size,
                   const cohl_conv_params *params);
void cohl_ref_pool_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, cohl_in x, cohl_pooling kind,
                        int size, const cohl_conv_params *params);
void cohl_ref_attention(cohl_ctx *ctx, cohl_tensor *y, cohl_tensor *lse, cohl_in q, cohl_in k,
                        cohl_in v, cohl_in bias, const cohl_span *spans, int span_count,
                        float scale);
void cohl_ref_attention_back(cohl_ctx *ctx, cohl_tensor *dq, cohl_tensor *dk, cohl_tensor *dv,
                             cohl_tensor *dbias, cohl_in dy, cohl_in y, cohl_in lse, cohl_in q,
                             cohl_in k, cohl_in v, cohl_in bias, const cohl_span *spans,
                             int span_count, float scale);
void cohl_ref_matmul(cohl_ctx *ctx, cohl_tensor *c, cohl_in a, bool transpose_a, cohl_in b,
                     bool transpose_b, float alpha, float beta);

/* norms */
void cohl_ref_rms_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, float eps);
void cohl_ref_rms_norm_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dgain, cohl_in dy,
                            cohl_in x, cohl_in gain, float eps);
void cohl_ref_channel_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, bool silu);
void cohl_ref_channel_norm_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dgain, cohl_in dy,
                                cohl_in x, cohl_in gain, bool silu);
void cohl_ref_layer_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, cohl_in bias,
                         float eps);
void cohl_ref_layer_norm_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dgain,
                              cohl_tensor *dbias, cohl_in dy, cohl_in x, cohl_in gain, float eps);
void cohl_ref_layer_norm_modulate(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in shift,
                                  cohl_in scale, cohl_in row, float eps);
void cohl_ref_layer_norm_modulate_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dshift,
                                       cohl_tensor *dscale, cohl_in dy, cohl_in x, cohl_in scale,
                                       cohl_in row, float eps);
void cohl_ref_gated_add(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in h, cohl_in gate,
                        cohl_in row);
void cohl_ref_gated_add_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dh, cohl_tensor *dgate,
                             cohl_in dy, cohl_in h, cohl_in gate, cohl_in row);

/* element by element */
void cohl_ref_add(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b);
void cohl_ref_mul(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b);
void cohl_ref_mul_back(cohl_ctx *ctx, cohl_tensor *da, cohl_tensor *db, cohl_in dy, cohl_in a,
                       cohl_in b);
void cohl_ref_add_row(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in v);
void cohl_ref_add_row_back(cohl_ctx *ctx, cohl_tensor *dv, cohl_in dy);
void cohl_ref_axpy(cohl_ctx *ctx, cohl_tensor *y, float factor, cohl_in x);
void cohl_ref_scale(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, float factor);
void cohl_ref_activate(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_activation f);
void cohl_ref_activate_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, cohl_in x,
                            cohl_activation f);
void cohl_ref_rope(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in turn, bool inverse,
                   bool add);

/* moving values */
void cohl_ref_gather(cohl_ctx *ctx, cohl_tensor *y, cohl_in table, cohl_in id);
void cohl_ref_gather_back(cohl_ctx *ctx, cohl_tensor *dtable, cohl_in dy, cohl_in id);
void cohl_ref_permute(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, const int *order, bool add);
void cohl_ref_slice(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int axis, int64_t at);
void cohl_ref_slice_into(cohl_ctx *ctx, cohl_tensor *x, cohl_in y, int axis, int64_t at,
                         bool add);
void cohl_ref_upsample(cohl_ctx *ctx, cohl_tensor *y, cohl_in x);
void cohl_ref_upsample_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy);
void cohl_ref_average_down(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int ft, int fs);
void cohl_ref_average_down_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, int ft, int fs);
void cohl_ref_repeat_up(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int ft, int fs, int drop);
void cohl_ref_repeat_up_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, int ft, int fs,
                             int drop);

/* to one number */
void cohl_ref_mean_ranges(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, const cohl_range *ranges,
                          int count);
void cohl_ref_mean_ranges_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy,
                               const cohl_range *ranges, int count);
void cohl_ref_loss_mse(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b, cohl_in weight);
void cohl_ref_loss_mse_back(cohl_ctx *ctx, cohl_tensor *da, cohl_in dy, cohl_in a, cohl_in b,
                            cohl_in weight);
void cohl_ref_loss_l1(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b, cohl_in weight);
void cohl_ref_loss_l1_back(cohl_ctx *ctx, cohl_tensor *da, cohl_in dy, cohl_in a, cohl_in b,
                           cohl_in weight);
void cohl_ref_loss_cross_entropy(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in label);
void cohl_ref_loss_cross_entropy_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, cohl_in x,
                                      cohl_in label);

/* for the optimiser */
void cohl_ref_sum_squares(cohl_ctx *ctx, cohl_tensor *y, cohl_in x);
void cohl_ref_adamw(cohl_ctx *ctx, cohl_tensor *p, cohl_tensor *m, cohl_tensor *v, cohl_in g,
                    const cohl_adamw *step);
void cohl_ref_lerp(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, float part);

#endif
