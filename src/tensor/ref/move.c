/* move.c - values brought to other places. */
#include <string.h>

#include "tensor/ref/inner.h"

/* ---- rows of a table --------------------------------------------------- */

void cohl_ref_gather(cohl_ctx *ctx, cohl_tensor *y, cohl_in table, cohl_in id)
{
    int64_t count = cohl_tensor_count(y), width = cohl_tensor_width(y);
    const int32_t *entry = id->data;
    for (int64_t i = 0; i < count; i++)
        f32(y)[i] = value_of(table, entry[i / width] * width + i % width);
}

void cohl_ref_gather_back(cohl_ctx *ctx, cohl_tensor *dtable, cohl_in dy, cohl_in id)
{
    int64_t count = cohl_tensor_count(dy), width = cohl_tensor_width(dy);
    const int32_t *entry = id->data;
    for (int64_t i = 0; i < count; i++)
        f32(dtable)[entry[i / width] * width + i % width] += f32(dy)[i];
}

/* ---- axes -------------------------------------------------------------- */

void cohl_ref_permute(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, const int *order, bool add)
{
    int64_t stride[COHL_RANK_MAX], count = cohl_tensor_count(x);
    for (int axis = 0; axis < y->rank; axis++) {
        stride[axis] = 1;
        for (int inner = order[axis] + 1; inner < x->rank; inner++)
            stride[axis] *= x->dim[inner];
    }
    for (int64_t i = 0; i < count; i++) {
        int64_t from = 0, rest = i;
        for (int axis = y->rank - 1; axis >= 0; axis--) {
            from += rest % y->dim[axis] * stride[axis];
            rest /= y->dim[axis];
        }
        f32(y)[i] = f32(x)[from] + (add ? f32(y)[i] : 0);
    }
}

/* y, a part, lies at `at` of an axis of x: both as [outer, count, inner]. */
typedef struct part { int64_t outer, count, inner, whole, at; } part;

static part part_of(cohl_in x, cohl_in y, int axis, int64_t at)
{
    part p = { .outer = 1, .count = y->dim[axis], .inner = 1, .whole = x->dim[axis], .at = at };
    for (int i = 0; i < axis; i++)
        p.outer *= x->dim[i];
    for (int i = axis + 1; i < x->rank; i++)
        p.inner *= x->dim[i];
    return p;
}

void cohl_ref_slice(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int axis, int64_t at)
{
    part p = part_of(x, y, axis, at);
    int64_t run = p.count * p.inner;
    for (int64_t o = 0; o < p.outer; o++)
        for (int64_t i = 0; i < run; i++)
            f32(y)[o * run + i] = f32(x)[(o * p.whole + p.at) * p.inner + i];
}

void cohl_ref_slice_into(cohl_ctx *ctx, cohl_tensor *x, cohl_in y, int axis, int64_t at, bool add)
{
    part p = part_of(x, y, axis, at);
    int64_t run = p.count * p.inner;
    for (int64_t o = 0; o < p.outer; o++)
        for (int64_t i = 0; i < run; i++) {
            float *to = f32(x) + (o * p.whole + p.at) * p.inner + i;
            *to = f32(y)[o * run + i] + (add ? *to : 0);
        }
}

/* ---- pictures ---------------------------------------------------------- */

/* Index of channel 0 of a pixel of t [frames, height, width, channels]. */
static int64_t pixel(cohl_in t, int64_t frame, int64_t i, int64_t j)
{
    return ((frame * t->dim[1] + i) * t->dim[2] + j) * t->dim[3];
}

void cohl_ref_upsample(cohl_ctx *ctx, cohl_tensor *y, cohl_in x)
{
    size_t bytes = (size_t)x->dim[3] * sizeof(float);
    for (int64_t t = 0; t < y->dim[0]; t++)
        for (int64_t i = 0; i < y->dim[1]; i++)
            for (int64_t j = 0; j < y->dim[2]; j++)
                memcpy(f32(y) + pixel(y, t, i, j), f32(x) + pixel(x, t, i / 2, j / 2), bytes);
}

void cohl_ref_upsample_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy)
{
    for (int64_t t = 0; t < dx->dim[0]; t++)
        for (int64_t i = 0; i < dx->dim[1]; i++)
            for (int64_t j = 0; j < dx->dim[2]; j++)
                for (int64_t c = 0; c < dx->dim[3]; c++) {
                    double sum = 0;
                    for (int corner = 0; corner < 4; corner++)
                        sum += f32(dy)[pixel(dy, t, 2 * i + corner / 2, 2 * j + corner % 2) + c];
                    f32(dx)[pixel(dx, t, i, j) + c] += (float)sum;
                }
}

/* ---- shortcuts of the video autoencoder -------------------------------- */

/* A block of ft x fs x fs pixels of `fine` and the pixel of `coarse` that stands for it. Values of
 * a block are counted (channel, dt, dy, dx), the last fastest. */
typedef struct block { cohl_in fine; int ft, fs; int64_t first_frame, t, i, j; } block;

/* Index in `fine` of value n of the block, -1 when it lies before the first frame. */
static int64_t fine_value(const block *at, int64_t n)
{
    int64_t dx = n % at->fs, dy = n / at->fs % at->fs, dt = n / (at->fs * at->fs) % at->ft;
    int64_t channel = n / (at->fs * at->fs * at->ft);
    int64_t frame = at->t * at->ft + dt - at->first_frame;
    if (frame < 0)
        return -1;
    return pixel(at->fine, frame, at->i * at->fs + dy, at->j * at->fs + dx) + channel;
}

/* What is done with a block: values [n, n + group) belong to coarse value `at`. */
typedef void block_fn(const block *b, int64_t n, int64_t group, float *fine, float *coarse);

static void each_block(cohl_in fine, cohl_in coarse, int ft, int fs, block_fn *fn)
{
    int64_t out = coarse->dim[3], group = fine->dim[3] * ft * fs * fs / out;
    block at = { .fine = fine, .ft = ft, .fs = fs,
                 .first_frame = coarse->dim[0] * ft - fine->dim[0] };
    for (at.t = 0; at.t < coarse->dim[0]; at.t++)
        for (at.i = 0; at.i < coarse->dim[1]; at.i++)
            for (at.j = 0; at.j < coarse->dim[2]; at.j++)
                for (int64_t o = 0; o < out; o++)
                    fn(&at, o * group, group, fine->data,
                       f32(coarse) + pixel(coarse, at.t, at.i, at.j) + o);
}

static void average_block(const block *at, int64_t n, int64_t group, float *fine, float *coarse)
{
    double sum = 0;
    for (int64_t i = 0; i < group; i++) {
        int64_t from = fine_value(at, n + i);
        sum += from < 0 ? 0 : fine[from];
    }
    *coarse = (float)(sum / group);
}

void cohl_ref_average_down(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int ft, int fs)
{
    each_block(x, y, ft, fs, average_block);
}

static void average_block_back(const block *at, int64_t n, int64_t group, float *fine,
                               float *coarse)
{
    for (int64_t i = 0; i < group; i++) {
        int64_t to = fine_value(at, n + i);
        if (to >= 0)
            fine[to] += *coarse / (float)group;
    }
}

void cohl_ref_average_down_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, int ft, int fs)
{
    each_block(dx, dy, ft, fs, average_block_back);
}

static void repeat_block(const block *at, int64_t n, int64_t group, float *fine, float *coarse)
{
    for (int64_t i = 0; i < group; i++) {
        int64_t to = fine_value(at, n + i);
        if (to >= 0)
            fine[to] = *coarse;
    }
}

void cohl_ref_repeat_up(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int ft, int fs, int drop)
{
    each_block(y, x, ft, fs, repeat_block);
}

static void repeat_block_back(const block *at, int64_t n, int64_t group, float *fine,
                              float *coarse)
{
    double sum = 0;
    for (int64_t i = 0; i < group; i++) {
        int64_t from = fine_value(at, n + i);
        sum += from < 0 ? 0 : fine[from];
    }
    *coarse = (float)(*coarse + sum);
}

void cohl_ref_repeat_up_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, int ft, int fs, int drop)
{
    each_block(dy, dx, ft, fs, repeat_block_back);
}
