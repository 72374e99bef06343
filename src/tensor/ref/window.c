/* window.c - a window over each channel apart: depthwise convolution, and pooling. */
#include "tensor/ref/inner.h"

/* One place of a window: where it lies in x, cut at the picture's edges. */
typedef struct place {
    int64_t frame, top, left;                    /* the window's corner, perhaps outside */
    int64_t from_y, to_y, from_x, to_x;          /* of its taps, those inside */
} place;

static place place_at(cohl_in x, cohl_in y, int64_t pixel, int64_t high, int64_t wide, const cohl_conv_params *p)
{
    int64_t width = y->dim[2], height = y->dim[1];
    place at = { .frame = pixel / (width * height), .top = pixel / width % height * p->stride_space - p->pad_top,
                 .left = pixel % width * p->stride_space - p->pad_left };
    at.from_y = at.top < 0 ? -at.top : 0;
    at.from_x = at.left < 0 ? -at.left : 0;
    at.to_y = at.top + high > x->dim[1] ? x->dim[1] - at.top : high;
    at.to_x = at.left + wide > x->dim[2] ? x->dim[2] - at.left : wide;
    return at;
}

/* Index of channel c of x under tap (i, j). */
static int64_t under(cohl_in x, const place *at, int64_t i, int64_t j, int64_t c)
{
    return ((at->frame * x->dim[1] + at->top + i) * x->dim[2] + at->left + j) * x->dim[3] + c;
}

/* ---- depthwise convolution --------------------------------------------- */

void cohl_ref_depthwise(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b, const cohl_conv_params *p)
{
    int64_t channels = x->dim[3], pixels = cohl_tensor_rows(y);
    for (int64_t n = 0; n < pixels; n++) {
        place at = place_at(x, y, n, w->dim[0], w->dim[1], p);
        for (int64_t c = 0; c < channels; c++) {
            double sum = b ? value_of(b, c) : 0;
            for (int64_t i = at.from_y; i < at.to_y; i++)
                for (int64_t j = at.from_x; j < at.to_x; j++)
                    sum += (double)f32(x)[under(x, &at, i, j, c)] * f32(w)[(i * w->dim[1] + j) * channels + c];
            f32(y)[n * channels + c] = (float)sum;
        }
    }
}

static void depthwise_back_at(const place *at, const float *dy, cohl_in x, cohl_in w, double *dx, double *dw)
{
    int64_t channels = x->dim[3];
    for (int64_t i = at->from_y; i < at->to_y; i++)
        for (int64_t j = at->from_x; j < at->to_x; j++)
            for (int64_t c = 0; c < channels; c++) {
                int64_t pixel = under(x, at, i, j, c), weight = (i * w->dim[1] + j) * channels + c;
                if (dx)
                    dx[pixel] += (double)dy[c] * f32(w)[weight];
                if (dw)
                    dw[weight] += (double)dy[c] * f32(x)[pixel];
            }
}

void cohl_ref_depthwise_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dw, cohl_tensor *db, cohl_in dy, cohl_in x,
                             cohl_in w, const cohl_conv_params *p)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    double *dx_sums = dx ? cohl_ref_sums(ctx, cohl_tensor_count(dx)) : NULL;
    double *dw_sums = dw ? cohl_ref_sums(ctx, cohl_tensor_count(dw)) : NULL;
    if ((!dx || dx_sums) && (!dw || dw_sums)) {
        for (int64_t n = 0; n < cohl_tensor_rows(dy); n++) {
            place at = place_at(x, dy, n, w->dim[0], w->dim[1], p);
            depthwise_back_at(&at, f32(dy) + n * x->dim[3], x, w, dx_sums, dw_sums);
        }
        cohl_ref_add_sums(dx, dx_sums);
        cohl_ref_add_sums(dw, dw_sums);
        if (db)
            cohl_ref_add_row_back(ctx, db, dy);
    }
    cohl_arena_release(&ctx->scratch, mark);
}

/* ---- pooling ----------------------------------------------------------- */

/* The first tap with the largest value. */
static int64_t largest(cohl_in x, const place *at, int64_t c)
{
    int64_t best = under(x, at, at->from_y, at->from_x, c);
    for (int64_t i = at->from_y; i < at->to_y; i++)
        for (int64_t j = at->from_x; j < at->to_x; j++)
            if (f32(x)[under(x, at, i, j, c)] > f32(x)[best])
                best = under(x, at, i, j, c);
    return best;
}

static double mean(cohl_in x, const place *at, int64_t c)
{
    double sum = 0;
    for (int64_t i = at->from_y; i < at->to_y; i++)
        for (int64_t j = at->from_x; j < at->to_x; j++)
            sum += f32(x)[under(x, at, i, j, c)];
    return sum / (double)((at->to_y - at->from_y) * (at->to_x - at->from_x));
}

void cohl_ref_pool(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_pooling kind, int size, const cohl_conv_params *p)
{
    int64_t channels = x->dim[3], pixels = cohl_tensor_rows(y);
    for (int64_t n = 0; n < pixels; n++) {
        place at = place_at(x, y, n, size, size, p);
        for (int64_t c = 0; c < channels; c++)
            f32(y)[n * channels + c] = kind == COHL_POOL_MAX ? f32(x)[largest(x, &at, c)] : (float)mean(x, &at, c);
    }
}

void cohl_ref_pool_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, cohl_in x, cohl_pooling kind, int size,
                        const cohl_conv_params *p)
{
    int64_t channels = x->dim[3], pixels = cohl_tensor_rows(dy);
    for (int64_t n = 0; n < pixels; n++) {
        place at = place_at(x, dy, n, size, size, p);
        float share = 1.0f / (float)((at.to_y - at.from_y) * (at.to_x - at.from_x));
        for (int64_t c = 0; c < channels; c++) {
            float slope = f32(dy)[n * channels + c];
            if (kind == COHL_POOL_MAX)
                f32(dx)[largest(x, &at, c)] += slope;
            for (int64_t i = at.from_y; kind == COHL_POOL_MEAN && i < at.to_y; i++)
                for (int64_t j = at.from_x; j < at.to_x; j++)
                    f32(dx)[under(x, &at, i, j, c)] += slope * share;
        }
    }
}
