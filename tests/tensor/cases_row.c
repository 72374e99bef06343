/* cases_row.c - norms, what is done value by value, means and losses. */
#include "cases.h"

#include <math.h>

enum { TOKENS = 2050, WIDTH = 257 };

static int64_t rows_of(setup *s)  { return size(s, TOKENS, 960, 5040); }
static int64_t width_of(setup *s) { return size(s, WIDTH, 256, 256); }

/* One or two values are nearly constant after a norm: their slopes are zero
 * and what is left is rounding, so widths of norms start at three; at five
 * where slopes are taken by differences. */
static int64_t norm_width(setup *s, int64_t width)
{
    int64_t least = s->cap > 8 ? 3 : 5;
    return width < least ? least : width;
}

/* gains around one */
static void gains(setup *s, int64_t width)
{
    float *gain = s->in[floats(s, IN_GRAD, 0.3, DIMS(width))].host;
    for (int64_t i = 0; i < width; i++)
        gain[i] += 1;
}

/* ---- norms ------------------------------------------------------------- */

static void prepare_rms_norm(setup *s)
{
    int64_t rows = rows_of(s), width = norm_width(s, width_of(s));
    floats(s, IN_GRAD, 2, DIMS(rows, width));
    gains(s, width);
}

static cohl_tensor *run_rms_norm(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_rms_norm(ctx, in[0], in[1], 1e-6f);
}

/* One draw has a pixel of zeros, where the slope is beyond all bounds. */
static void prepare_channel_norm(setup *s)
{
    int64_t frames = size(s, 4, 5, 17), height = size(s, 16, 40, 80), width = size(s, 16, 24, 48);
    int64_t channels = norm_width(s, size(s, 129, 64, 64));
    bool zero = s->variant == 1 && s->cap > 8;
    int x = floats(s, zero ? 0 : IN_GRAD, 2, DIMS(frames, height, width, channels));
    for (int64_t c = 0; zero && c < channels; c++)
        ((float *)s->in[x].host)[c] = 0;
    gains(s, channels);
    s->flag = s->variant % 2;
}

static cohl_tensor *run_channel_norm(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_channel_norm(ctx, in[0], in[1], s->flag);
}

static void prepare_layer_norm(setup *s)
{
    int64_t rows = rows_of(s), width = norm_width(s, width_of(s));
    floats(s, IN_GRAD, 2, DIMS(rows, width));
    if (coin(s)) {
        gains(s, width);
        floats(s, IN_GRAD, 1, DIMS(width));
    } else {
        absent(s);
        absent(s);
    }
    s->number = s->variant % 2 ? 1e-6f : 1e-5f;
}

static cohl_tensor *run_layer_norm(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_layer_norm(ctx, in[0], in[1], in[2], s->number);
}

static void prepare_modulate(setup *s)
{
    int64_t rows = rows_of(s), width = norm_width(s, width_of(s)), groups = size(s, 9, 5, 21);
    floats(s, IN_GRAD, 2, DIMS(rows, width));
    floats(s, IN_GRAD, 1, DIMS(groups, width));
    floats(s, IN_GRAD, 0.5, DIMS(groups, width));
    integers(s, rows, 0, (int)groups - 1);
}

static cohl_tensor *run_modulate(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_layer_norm_modulate(ctx, in[0], in[1], in[2], in[3], 1e-6f);
}

static void prepare_gated_add(setup *s)
{
    int64_t rows = rows_of(s), width = width_of(s), groups = size(s, 9, 5, 21);
    floats(s, IN_GRAD, 1, DIMS(rows, width));
    floats(s, IN_GRAD, 1, DIMS(rows, width));
    floats(s, IN_GRAD, 1, DIMS(groups, width));
    integers(s, rows, 0, (int)groups - 1);
}

static cohl_tensor *run_gated_add(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_gated_add(ctx, in[0], in[1], in[2], in[3]);
}

/* ---- value by value ---------------------------------------------------- */

static void prepare_two(setup *s)
{
    int64_t rows = rows_of(s), width = width_of(s);
    floats(s, IN_GRAD, 1, DIMS(rows, width));
    floats(s, IN_GRAD, 1, DIMS(rows, width));
    s->flag = s->variant % 3 == 2;
}

static cohl_tensor *run_add(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_add(ctx, in[0], in[s->flag ? 0 : 1]);     /* also x + x */
}

static cohl_tensor *run_mul(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_mul(ctx, in[0], in[s->flag ? 0 : 1]);
}

static void prepare_add_row(setup *s)
{
    int64_t rows = rows_of(s), width = width_of(s);
    floats(s, IN_GRAD, 1, DIMS(rows, width));
    floats(s, IN_GRAD, 1, DIMS(width));
}

static cohl_tensor *run_add_row(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_add_row(ctx, in[0], in[1]);
}

static void prepare_scale(setup *s)
{
    int64_t rows = rows_of(s), width = width_of(s);
    floats(s, IN_GRAD, 1, DIMS(rows, width));
}

static cohl_tensor *run_scale(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_scale(ctx, in[0], -1.7f);
}

/* Values far out too, where a careless exp overflows. */
static void prepare_activate(setup *s)
{
    int64_t rows = rows_of(s), width = size(s, WIDTH, 1024, 1024);
    int x = floats(s, IN_GRAD | IN_AWAY, 2, DIMS(rows, width));
    float *value = s->in[x].host;
    for (int64_t i = 0; s->cap > 8 && !s->bench && i < rows * width; i += 37)
        value[i] *= 50;
}

static cohl_tensor *run_activate(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_activate(ctx, in[0], (cohl_activation)(s->variant % COHL_ACTIVATION_COUNT));
}

static void prepare_rope(setup *s)
{
    int64_t rows = rows_of(s), heads = size(s, 5, 4, 4), pairs = size(s, 48, 32, 32);
    floats(s, IN_GRAD, 1, DIMS(rows, heads, 2 * pairs));
    float *turn = s->in[floats(s, 0, 1, DIMS(rows, pairs, 2))].host;
    for (int64_t i = 0; i < rows * pairs; i++) {
        double angle = cohl_rng_between(&s->rng, -3, 3);
        turn[2 * i] = (float)cos(angle);
        turn[2 * i + 1] = (float)sin(angle);
    }
}

static cohl_tensor *run_rope(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_rope(ctx, in[0], in[1]);
}

/* A value used several times, under two shapes, by operations that hand their gradient on
 * whole: sums of gradients must meet in the right place. */
static cohl_tensor *run_tape(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    cohl_tensor *a = cohl_mul(ctx, in[0], in[1]);
    cohl_tensor *flat = cohl_reshape(ctx, a, 1, (int64_t[]){ cohl_tensor_count(in[0]) });
    cohl_tensor *same = cohl_reshape(ctx, cohl_scale(ctx, flat, 0.5f), 2, in[0]->dim);
    cohl_tensor *sum = cohl_add(ctx, a, cohl_add(ctx, same, a));
    cohl_tensor *part[] = { sum, cohl_mul(ctx, sum, a), in[0], sum };
    return cohl_add(ctx, cohl_concat(ctx, part, 4, 0), cohl_concat(ctx, part, 4, 0));
}

/* ---- to one number ----------------------------------------------------- */

/* Ranges may overlap and leave rows out. */
static void prepare_mean_ranges(setup *s)
{
    int64_t rows = rows_of(s), width = width_of(s);
    floats(s, IN_GRAD, 1, DIMS(rows, width));
    s->list_count = pick(s, 1, CASE_SPANS);
    for (int i = 0; i < s->list_count; i++) {
        int begin = pick(s, 0, (int)rows - 1);
        s->range[i] = (cohl_range){ begin, pick(s, 1, (int)rows - begin) };
    }
}

static cohl_tensor *run_mean_ranges(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_mean_ranges(ctx, in[0], s->range, s->list_count);
}

/* b stays near zero, a away from it: |a - b| has its corner at zero. */
static void prepare_loss(setup *s)
{
    int64_t rows = rows_of(s), width = width_of(s);
    floats(s, IN_GRAD | IN_AWAY, 1, DIMS(rows, width));
    floats(s, 0, 0.01, DIMS(rows, width));
    if (coin(s)) {
        absent(s);
        return;
    }
    float *weight = s->in[floats(s, 0, 1, DIMS(rows))].host;
    for (int64_t i = 0; i < rows; i++)
        weight[i] = 0.1f + fabsf(weight[i]);
}

static cohl_tensor *run_loss_mse(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_loss_mse(ctx, in[0], in[1], in[2]);
}

static cohl_tensor *run_loss_l1(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_loss_l1(ctx, in[0], in[1], in[2]);
}

/* Label -1 does not count; in one draw no row counts. */
static void prepare_cross_entropy(setup *s)
{
    int64_t rows = rows_of(s), classes = size(s, 100, 100, 100) + 1;
    floats(s, IN_GRAD, 2, DIMS(rows, classes));
    integers(s, rows, -1, s->variant == 2 ? -1 : (int)classes - 1);
}

static cohl_tensor *run_cross_entropy(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_loss_cross_entropy(ctx, in[0], in[1]);
}

const op_case row_cases[] = {
    { "rms_norm", 10, 1e-5, 0, prepare_rms_norm, run_rms_norm },
    { "channel_norm", 10, 1e-5, 0, prepare_channel_norm, run_channel_norm },
    { "layer_norm", 10, 1e-5, 0, prepare_layer_norm, run_layer_norm },
    { "layer_norm_modulate", 10, 1e-5, 0, prepare_modulate, run_modulate },
    { "gated_add", 10, 1e-5, 0, prepare_gated_add, run_gated_add },
    { "add", 6, 1e-6, 0, prepare_two, run_add },
    { "mul", 6, 1e-6, 0, prepare_two, run_mul },
    { "tape", 6, 1e-6, 0, prepare_two, run_tape },
    { "add_row", 6, 1e-5, 0, prepare_add_row, run_add_row },
    { "scale", 6, 1e-6, 0, prepare_scale, run_scale },
    { "activate", 15, 5e-6, 0, prepare_activate, run_activate },
    { "rope", 8, 1e-6, 0, prepare_rope, run_rope },
    { "mean_ranges", 8, 1e-5, 0, prepare_mean_ranges, run_mean_ranges },
    { "loss_mse", 8, 1e-5, 0, prepare_loss, run_loss_mse },
    { "loss_l1", 8, 1e-5, 0, prepare_loss, run_loss_l1 },
    { "loss_cross_entropy", 8, 1e-5, 0, prepare_cross_entropy, run_cross_entropy },
    { 0 },
};
