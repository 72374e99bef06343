/* product.c - linear maps and convolutions, and their gradients. */
#include <assert.h>

#include "tensor/q8.h"
#include "tensor/ref/inner.h"

/* ---- y = x w^T + b ----------------------------------------------------- */

/* The same in eight bits: whole numbers are multiplied and summed, their scales come last. */
static void linear_q8(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b)
{
    int64_t rows = cohl_tensor_rows(x), in = cohl_tensor_width(x), out = cohl_tensor_width(y);
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int8_t *q = cohl_arena_take(&ctx->scratch, (size_t)in);
    for (int64_t r = 0; q && r < rows; r++) {
        float scale = cohl_q8_row(q, f32(x) + r * in, in);
        for (int64_t o = 0; o < out; o++) {
            const cohl_q8_panel *panel = cohl_q8_panel_of(w->data, o, in);
            int64_t sum = 0;
            for (int64_t i = 0; i < in; i++)
                sum += q[i] * cohl_q8_value(panel, o % COHL_Q8_COLUMNS, i);
            float product = (float)sum * (scale * panel->scale[o % COHL_Q8_COLUMNS]);
            f32(y)[r * out + o] = product + (b ? value_of(b, o) : 0);
        }
    }
    if (!q)
        cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "scratch has no room for a row of %lld", (long long)in);
    cohl_arena_release(&ctx->scratch, mark);
}

void cohl_ref_linear(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b)
{
    if (w->dtype == COHL_Q8) {
        linear_q8(ctx, y, x, w, b);
        return;
    }
    int64_t rows = cohl_tensor_rows(x), in = cohl_tensor_width(x), out = cohl_tensor_width(y);
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t o = 0; o < out; o++) {
            const float *from = f32(x) + r * in;
            double sum = b ? value_of(b, o) : 0;
            for (int64_t i = 0; i < in; i++)
                sum += rounded(ctx, from[i]) * rounded(ctx, value_of(w, o * in + i));
            f32(y)[r * out + o] = (float)sum;
        }
    }
}

/* dx = dy w */
static void linear_back_x(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, cohl_in w)
{
    int64_t rows = cohl_tensor_rows(dx), in = cohl_tensor_width(dx), out = cohl_tensor_width(dy);
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t i = 0; i < in; i++) {
            double sum = 0;
            for (int64_t o = 0; o < out; o++)
                sum += rounded(ctx, f32(dy)[r * out + o]) * rounded(ctx, value_of(w, o * in + i));
            f32(dx)[r * in + i] += (float)sum;
        }
    }
}

/* dw = dy^T x */
static void linear_back_w(cohl_ctx *ctx, cohl_tensor *dw, cohl_in dy, cohl_in x)
{
    int64_t rows = cohl_tensor_rows(x), in = cohl_tensor_width(x), out = cohl_tensor_width(dy);
    for (int64_t o = 0; o < out; o++) {
        for (int64_t i = 0; i < in; i++) {
            double sum = 0;
            for (int64_t r = 0; r < rows; r++)
                sum += rounded(ctx, f32(dy)[r * out + o]) * rounded(ctx, f32(x)[r * in + i]);
            f32(dw)[o * in + i] += (float)sum;
        }
    }
}

void cohl_ref_linear_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dw, cohl_tensor *db,
                          cohl_in dy, cohl_in x, cohl_in w)
{
    if (dx)
        linear_back_x(ctx, dx, dy, w);
    if (dw)
        linear_back_w(ctx, dw, dy, x);
    if (db)
        cohl_ref_add_row_back(ctx, db, dy);
}

/* ---- convolution ------------------------------------------------------- */

/* The sizes of one convolution, and one place in it. */
typedef struct place {
    int64_t channels, kt, kh, kw, frames, height, width;   /* of w, of x */
    int64_t t, i, j;                                       /* of y */
    const cohl_conv_params *params;
} place;

static place first_place(cohl_in x, cohl_in w, const cohl_conv_params *params)
{
    return (place){ .channels = w->dim[1], .kt = w->dim[2], .kh = w->dim[3], .kw = w->dim[4],
                    .frames = x->dim[0], .height = x->dim[1], .width = x->dim[2],
                    .params = params };
}

/* Index of channel 0 of the pixel of x under tap (a, p, q). Frames of the
 * history are counted below zero: `inside` is 1 in x, -1 in the history's
 * frames, 0 beside the picture. */
static int64_t pixel_under(const place *at, int64_t a, int64_t p, int64_t q, int *inside)
{
    const cohl_conv_params *c = at->params;
    int64_t t = at->t * c->stride_time + a - c->pad_front;
    int64_t i = at->i * c->stride_space + p - c->pad_top;
    int64_t j = at->j * c->stride_space + q - c->pad_left;
    bool beside = i < 0 || i >= at->height || j < 0 || j >= at->width || t >= at->frames;
    *inside = beside ? 0 : t < 0 ? -1 : 1;
    if (t < 0)
        t += c->pad_front;
    return ((t * at->height + i) * at->width + j) * at->channels;
}

/* The channels under a tap, NULL where they are zeros. */
static const float *channels_under(const place *at, cohl_in x, cohl_in history, int64_t a,
                                   int64_t p, int64_t q)
{
    int inside;
    int64_t pixel = pixel_under(at, a, p, q, &inside);
    if (inside < 0)
        return history ? f32(history) + pixel : NULL;
    return inside ? f32(x) + pixel : NULL;
}

static int64_t weight_index(const place *at, int64_t o, int64_t c, int64_t a, int64_t p, int64_t q)
{
    return (((o * at->channels + c) * at->kt + a) * at->kh + p) * at->kw + q;
}

static double conv_at(cohl_ctx *ctx, const place *at, int64_t o, cohl_in x, cohl_in history,
                      cohl_in w)
{
    double sum = 0;
    for (int64_t a = 0; a < at->kt; a++)
        for (int64_t p = 0; p < at->kh; p++)
            for (int64_t q = 0; q < at->kw; q++) {
                const float *from = channels_under(at, x, history, a, p, q);
                for (int64_t c = 0; from && c < at->channels; c++)
                    sum += rounded(ctx, from[c])
                         * rounded(ctx, value_of(w, weight_index(at, o, c, a, p, q)));
            }
    return sum;
}

void cohl_ref_conv(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in history, cohl_in w,
                   cohl_in b, const cohl_conv_params *params)
{
    place at = first_place(x, w, params);
    int64_t out = w->dim[0];
    float *to = y->data;
    for (at.t = 0; at.t < y->dim[0]; at.t++)
        for (at.i = 0; at.i < y->dim[1]; at.i++)
            for (at.j = 0; at.j < y->dim[2]; at.j++)
                for (int64_t o = 0; o < out; o++)
                    *to++ = (float)((b ? value_of(b, o) : 0) + conv_at(ctx, &at, o, x, history, w));
}

/* Add one pixel's share to the sums of dx and dw; dy [out] is the pixel's. */
static void conv_back_at(cohl_ctx *ctx, const place *at, const float *dy, int64_t out, cohl_in x,
                         cohl_in history, cohl_in w, double *dx, double *dw,
                         int64_t a, int64_t p, int64_t q)
{
    int inside;
    int64_t pixel = pixel_under(at, a, p, q, &inside);
    const float *from = channels_under(at, x, history, a, p, q);
    for (int64_t o = 0; from && o < out; o++) {
        double slope = rounded(ctx, dy[o]);
        for (int64_t c = 0; c < at->channels; c++) {
            int64_t weight = weight_index(at, o, c, a, p, q);
            if (dw)
                dw[weight] += slope * rounded(ctx, from[c]);
            if (dx && inside > 0)
                dx[pixel + c] += slope * rounded(ctx, value_of(w, weight));
        }
    }
}

static void conv_back_sums(cohl_ctx *ctx, cohl_in dy, cohl_in x, cohl_in history, cohl_in w,
                           const cohl_conv_params *params, double *dx, double *dw)
{
    place at = first_place(x, w, params);
    int64_t out = w->dim[0];
    const float *slopes = dy->data;
    for (at.t = 0; at.t < dy->dim[0]; at.t++)
        for (at.i = 0; at.i < dy->dim[1]; at.i++)
            for (at.j = 0; at.j < dy->dim[2]; at.j++, slopes += out)
                for (int64_t a = 0; a < at.kt; a++)
                    for (int64_t p = 0; p < at.kh; p++)
                        for (int64_t q = 0; q < at.kw; q++)
                            conv_back_at(ctx, &at, slopes, out, x, history, w, dx, dw, a, p, q);
}

void cohl_ref_conv_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dw, cohl_tensor *db,
                        cohl_in dy, cohl_in x, cohl_in history, cohl_in w,
                        const cohl_conv_params *params)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    double *dx_sums = dx ? cohl_ref_sums(ctx, cohl_tensor_count(dx)) : NULL;
    double *dw_sums = dw ? cohl_ref_sums(ctx, cohl_tensor_count(dw)) : NULL;
    if ((!dx || dx_sums) && (!dw || dw_sums)) {
        if (dx || dw)
            conv_back_sums(ctx, dy, x, history, w, params, dx_sums, dw_sums);
        cohl_ref_add_sums(dx, dx_sums);
        cohl_ref_add_sums(dw, dw_sums);
        if (db)
            cohl_ref_add_row_back(ctx, db, dy);
    }
    cohl_arena_release(&ctx->scratch, mark);
}

/* ---- matrices ---------------------------------------------------------- */

void cohl_ref_matmul(cohl_ctx *ctx, cohl_tensor *c, cohl_in a, bool transpose_a, cohl_in b,
                     bool transpose_b, float alpha, float beta)
{
    int64_t m = c->dim[0], n = c->dim[1], depth = a->dim[transpose_a ? 0 : 1];
    assert(a->dim[transpose_a ? 1 : 0] == m && b->dim[transpose_b ? 0 : 1] == n);
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t k = 0; k < depth; k++)
                sum += (double)f32(a)[transpose_a ? k * m + i : i * depth + k]
                     * f32(b)[transpose_b ? j * depth + k : k * n + j];
            float *to = f32(c) + i * n + j;
            *to = (float)(alpha * sum + (beta != 0 ? (double)beta * *to : 0));
        }
    }
}
