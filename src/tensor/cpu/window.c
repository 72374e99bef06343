/* window.c - a window over each channel apart: depthwise convolution, and pooling.
 *
 * A tile is one row of results. What a pixel sees is listed tap by tap as addresses of its
 * channels, which the inner loops then walk together. Gradients are the reference's: nothing
 * that is trained here has such layers. */
#include "tensor/cpu/cpu.h"

typedef struct window_job {
    const cohl_kernels *kernels;
    const float *x, *w, *bias;          /* w [high, wide, channels]; NULL when pooling */
    float       *y;
    int64_t      height, width, channels, out_height, out_width, high, wide;
    cohl_conv_params params;
    cohl_pooling kind;
} window_job;

enum { TAPS = 64 };                     /* listed at a time */

/* Taps of one pixel, given to the kernel in lists of at most TAPS. */
typedef struct walk {
    const float *seen[TAPS], *weight[TAPS];
    int          count, all;            /* in the lists; of the pixel so far */
    float       *y;
} walk;

static void flush(const window_job *job, walk *at)
{
    bool first = at->all == at->count;
    if (job->w)
        job->kernels->taps(at->y, at->seen, at->weight, first ? job->bias : at->y, at->count, job->channels);
    else if (job->kind == COHL_POOL_MAX)
        job->kernels->taps_most(at->y, at->seen, first ? NULL : at->y, at->count, job->channels);
    else
        job->kernels->taps(at->y, at->seen, NULL, first ? NULL : at->y, at->count, job->channels);
    at->count = 0;
}

static void walk_pixel(const window_job *job, walk *at, const float *frame, int64_t top, int64_t left)
{
    at->count = at->all = 0;
    for (int64_t i = top < 0 ? -top : 0; i < job->high && top + i < job->height; i++)
        for (int64_t j = left < 0 ? -left : 0; j < job->wide && left + j < job->width; j++) {
            if (at->count == TAPS)
                flush(job, at);
            at->seen[at->count] = frame + ((top + i) * job->width + left + j) * job->channels;
            at->weight[at->count++] = job->w ? job->w + (i * job->wide + j) * job->channels : NULL;
            at->all++;
        }
    flush(job, at);
    if (!job->w && job->kind == COHL_POOL_MEAN)
        for (int64_t c = 0; c < job->channels; c++)
            at->y[c] *= 1.0f / (float)at->all;
}

static void window_tile(void *arg, int row, int thread)
{
    const window_job *job = arg;
    int64_t top = row % job->out_height * job->params.stride_space - job->params.pad_top;
    const float *frame = job->x + row / job->out_height * job->height * job->width * job->channels;
    walk at = { .y = job->y + row * job->out_width * job->channels };
    (void)thread;
    for (int64_t j = 0; j < job->out_width; j++, at.y += job->channels)
        walk_pixel(job, &at, frame, top, j * job->params.stride_space - job->params.pad_left);
}

static void run(cohl_ctx *ctx, window_job *job, cohl_tensor *y, cohl_in x, const cohl_conv_params *params)
{
    job->kernels = cohl_cpu_kernels(ctx);
    job->x = x->data, job->y = y->data, job->params = *params;
    job->height = x->dim[1], job->width = x->dim[2], job->channels = x->dim[3];
    job->out_height = y->dim[1], job->out_width = y->dim[2];
    cohl_workers_run(ctx->workers, (int)(y->dim[0] * y->dim[1]), window_tile, job);
}

void cohl_cpu_depthwise(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b, const cohl_conv_params *params)
{
    if (b && b->dtype != COHL_F32) {
        cohl_backend_ref.depthwise(ctx, y, x, w, b, params);
        return;
    }
    window_job job = { .w = w->data, .bias = b ? b->data : NULL, .high = w->dim[0], .wide = w->dim[1] };
    run(ctx, &job, y, x, params);
}

void cohl_cpu_pool(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_pooling kind, int size, const cohl_conv_params *params)
{
    window_job job = { .high = size, .wide = size, .kind = kind };
    run(ctx, &job, y, x, params);
}
