/* ops.h - the operations models are written in, and the table that does them.
 *
 * The functions here check shapes, make the result, call the context's back
 * end and record themselves when a tape runs. Pictures and clips are channels
 * last: [frames, height, width, channels]. Sequences are packed: several
 * samples' tokens one behind the other, told apart by spans; so one product
 * serves a whole batch of different sizes. "row" is an index into the first
 * axis of a matrix [rows, width].
 *
 * Each result is new scratch memory; nothing is done in place. */
#ifndef COHL_TENSOR_OPS_H
#define COHL_TENSOR_OPS_H

#include "tensor/tensor.h"

/* ---- products ---------------------------------------------------------- */

/* y = x w^T + b.  x [..., in], w [out, in] F32, BF16 or Q8, b [out] or NULL -> [..., out].
 * With Q8 each row of x is brought to eight bits too (q8.h); no gradient flows through it. */
cohl_tensor *cohl_linear(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *w, cohl_tensor *b);

/* Where a convolution looks. */
typedef struct cohl_conv_params {
    int stride_time, stride_space;           /* 1 or 2 */
    int pad_front;                           /* zero frames before the first */
    int pad_top, pad_bottom, pad_left, pad_right;
} cohl_conv_params;

/* y[t,i,j,o] = b[o] + sum w[o,c,a,p,q] x[t*st + a - pad_front, i*ss + p - pad_top, j*ss + q - pad_left, c].
 * x [frames, height, width, in]; w [out, in, kt, kh, kw] (checkpoint order); b [out] or NULL.
 * history: NULL, or [pad_front, height, width, in], the frames before x instead of zeros
 * (streaming; no gradient flows into it).
 * -> [(frames+pad_front-kt)/st+1, (height+pad_top+pad_bottom-kh)/ss+1, ..., out]. */
cohl_tensor *cohl_conv(cohl_ctx *ctx, cohl_tensor *x, const cohl_tensor *history, cohl_tensor *w,
                       cohl_tensor *b, const cohl_conv_params *params);

/* Each channel by itself: y[t,i,j,c] = b[c] + sum w[p,q,c] x[t, i*s + p - pad_top, j*s + q - pad_left, c].
 * x [frames, height, width, channels]; w [kh, kw, channels] F32; b [channels] or NULL; stride_time 1,
 * pad_front 0. */
cohl_tensor *cohl_depthwise(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *w, cohl_tensor *b,
                            const cohl_conv_params *params);

/* The largest, or the mean, of each channel under a window of size x size; beside the picture there
 * is nothing to count. Paddings are less than size; stride_time 1, pad_front 0. */
typedef enum cohl_pooling { COHL_POOL_MAX, COHL_POOL_MEAN } cohl_pooling;
cohl_tensor *cohl_pool(cohl_ctx *ctx, cohl_tensor *x, cohl_pooling kind, int size, const cohl_conv_params *params);

/* Rows [q_begin, q_begin+q_count) look at keys [k_begin, k_begin+k_count). Spans' query
 * ranges do not overlap; k_count >= 1. Rows in no span become zero. */
typedef struct cohl_span { int q_begin, q_count, k_begin, k_count; } cohl_span;

/* softmax(scale q k^T + bias) v, each head apart, without a tokens x tokens matrix in memory.
 * q [queries, heads, dim], k, v [keys, heads, dim]; spans[span_count] host memory, copied.
 * bias: NULL, or [2*reach-1, heads]: row (key - query) + reach - 1 of positions inside the
 * span is added to the logits (UMT5); reach >= every q_count and k_count. -> [queries, heads, dim]. */
cohl_tensor *cohl_attention(cohl_ctx *ctx, cohl_tensor *q, cohl_tensor *k, cohl_tensor *v,
                            cohl_tensor *bias, const cohl_span *spans, int span_count, float scale);

/* ---- norms ------------------------------------------------------------- */

/* y = x / sqrt(mean(x^2) + eps) * gain.  x [..., width], gain [width] (Zhang & Sennrich 2019). */
cohl_tensor *cohl_rms_norm(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *gain, float eps);

/* y = f(x / max(|x|_2, 1e-12) * sqrt(width) * gain), f = silu or nothing (Wan VAE "RMS_norm"). */
cohl_tensor *cohl_channel_norm(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *gain, bool silu);

/* y = (x - mean) / sqrt(var + eps) * gain + bias; gain and bias [width], both or neither NULL. */
cohl_tensor *cohl_layer_norm(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *gain, cohl_tensor *bias,
                             float eps);

/* y[i] = layer_norm(x[i]) * (1 + scale[row[i]]) + shift[row[i]].
 * x [rows, width]; shift, scale [groups, width]; row I32 [rows]. */
cohl_tensor *cohl_layer_norm_modulate(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *shift,
                                      cohl_tensor *scale, const cohl_tensor *row, float eps);

/* y[i] = x[i] + h[i] * gate[row[i]].  x, h [rows, width]; gate [groups, width]. */
cohl_tensor *cohl_gated_add(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *h, cohl_tensor *gate,
                            const cohl_tensor *row);

/* ---- element by element ------------------------------------------------ */

cohl_tensor *cohl_add(cohl_ctx *ctx, cohl_tensor *a, cohl_tensor *b);      /* same shape */
cohl_tensor *cohl_mul(cohl_ctx *ctx, cohl_tensor *a, cohl_tensor *b);      /* same shape */
/* y[i] = x[i] + v: x [..., width], v with count width. */
cohl_tensor *cohl_add_row(cohl_ctx *ctx, cohl_tensor *x, cohl_tensor *v);
cohl_tensor *cohl_scale(cohl_ctx *ctx, cohl_tensor *x, float factor);

typedef enum cohl_activation {
    COHL_SILU, COHL_GELU_TANH, COHL_GELU_ERF, COHL_RELU, COHL_TANH,
    COHL_RELU6,          /* min(max(x, 0), 6) */
    COHL_LEAKY_RELU,     /* x, below zero 0.1 x */
    COHL_ACTIVATION_COUNT
} cohl_activation;
cohl_tensor *cohl_activate(cohl_ctx *ctx, cohl_tensor *x, cohl_activation f);

/* Rotate pairs (2j, 2j+1) of each head: x [rows, heads, dim]; turn [rows, dim/2, 2] F32 holds
 * (cos, sin) and carries no gradient (Su et al. 2021). */
cohl_tensor *cohl_rope(cohl_ctx *ctx, cohl_tensor *x, const cohl_tensor *turn);

/* ---- moving values ----------------------------------------------------- */

/* y[i] = table[id[i]].  table [entries, width], id I32 [n] -> [n, width]. */
cohl_tensor *cohl_gather(cohl_ctx *ctx, cohl_tensor *table, const cohl_tensor *id);
/* Axis i of the result is axis order[i] of x. */
cohl_tensor *cohl_permute(cohl_ctx *ctx, cohl_tensor *x, const int *order);
/* Part [begin, begin+count) of an axis. */
cohl_tensor *cohl_slice(cohl_ctx *ctx, cohl_tensor *x, int axis, int64_t begin, int64_t count);
/* Parts one behind the other along an axis; 1..64 parts. */
cohl_tensor *cohl_concat(cohl_ctx *ctx, cohl_tensor *const *part, int parts, int axis);
/* Each pixel twice in both directions: [f, h, w, c] -> [f, 2h, 2w, c]. */
cohl_tensor *cohl_upsample(cohl_ctx *ctx, cohl_tensor *x);

/* Shortcut of a down stage (Wan VAE 2.2): front time padded with zeros to a multiple of ft,
 * values ordered (channel, dt, dy, dx), consecutive groups averaged down to `out` channels.
 * [f, h, w, c] -> [ceil(f/ft), h/fs, w/fs, out]; out divides c*ft*fs*fs. */
cohl_tensor *cohl_average_down(cohl_ctx *ctx, cohl_tensor *x, int ft, int fs, int out);
/* Its mirror for an up stage: channels repeated consecutively to out*ft*fs*fs, spread over
 * (dt, dy, dx); the first `drop` frames of the result left away. -> [f*ft-drop, h*fs, w*fs, out]. */
cohl_tensor *cohl_repeat_up(cohl_ctx *ctx, cohl_tensor *x, int ft, int fs, int out, int drop);

/* ---- to one number ----------------------------------------------------- */

/* Mean over the rows of each range: x [rows, width], begin/count pairs -> [ranges, width]. */
typedef struct cohl_range { int begin, count; } cohl_range;
cohl_tensor *cohl_mean_ranges(cohl_ctx *ctx, cohl_tensor *x, const cohl_range *ranges, int range_count);

/* sum_i weight[i] * mean_j (a[i,j] - b[i,j])^2 / sum weight; weight [rows] or NULL = 1.
 * b and weight carry no gradient. -> [1]. */
cohl_tensor *cohl_loss_mse(cohl_ctx *ctx, cohl_tensor *a, const cohl_tensor *b, const cohl_tensor *weight);
/* The same with |a - b|. */
cohl_tensor *cohl_loss_l1(cohl_ctx *ctx, cohl_tensor *a, const cohl_tensor *b, const cohl_tensor *weight);
/* Mean over rows of -log softmax(x)[label]; rows with label < 0 do not count. x [rows, classes],
 * label I32 [rows] -> [1]; 0 when no row counts. */
cohl_tensor *cohl_loss_cross_entropy(cohl_ctx *ctx, cohl_tensor *x, const cohl_tensor *label);

#endif
