/* conv.h - what the pixels of a convolution see; for conv.c and winograd.c only. */
#ifndef COHL_TENSOR_CPU_CONV_H
#define COHL_TENSOR_CPU_CONV_H

#include "tensor/cpu/cpu.h"

/* Pixels (t, i, j) of a grid, each seeing kt*kh*kw pixels of x from
 * (t*stride_time + from_t, i*stride_space + from_y, j*stride_space + from_x) on. */
typedef struct view {
    const void *x, *history;                       /* [frames, height, width, channels] */
    const float *zeros;                            /* [channels] */
    size_t  pixel_bytes;
    int64_t frames, height, width, channels, history_frames;
    int64_t kt, kh, kw;
    int64_t stride_time, stride_space, from_t, from_y, from_x;
    int64_t out_frames, out_height, out_width, out;
} view;

static inline int64_t view_pixels(const view *v) { return v->out_frames * v->out_height * v->out_width; }
static inline int64_t view_taps(const view *v) { return v->kt * v->kh * v->kw; }
static inline int64_t view_depth(const view *v) { return view_taps(v) * v->channels; }

/* Row `row` of frame `frame` of x, of its history, or NULL: zeros. */
static inline const char *view_row(const view *v, int64_t frame, int64_t row)
{
    const char *x = v->x;
    int64_t frames = v->frames;
    if (frame < 0 && v->history) {
        x = v->history;
        frame += frames = v->history_frames;
    }
    if (frame < 0 || frame >= frames || row < 0 || row >= v->height)
        return NULL;
    return x + (size_t)((frame * v->height + row) * v->width) * v->pixel_bytes;
}

/* y [pixels, out] = the convolution of a view by w [out, channels, kt, kh, kw], plus bias [out] or NULL, with fewer
 * products; false, with y untouched, when it is of a kind or size that has none to spare. A pixel's value does not
 * depend on how many frames there are. */
bool cohl_cpu_winograd(cohl_ctx *ctx, const view *v, const float *w, const float *bias, float *y);

#endif
