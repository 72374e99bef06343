/* cases_move.c - operations that bring values to other places. */
#include "cases.h"

/* Ids repeat, so that rows of the table get several gradients. */
static void prepare_gather(setup *s)
{
    int64_t entries = size(s, 65, 1000, 1000), width = size(s, 129, 256, 256);
    int table = floats(s, IN_GRAD, 1, DIMS(entries, width));
    if (s->variant % 4 == 3)
        narrow(s, table);
    integers(s, size(s, 300, 960, 5040), 0, (int)entries - 1);
}

static cohl_tensor *run_gather(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_gather(ctx, in[0], in[1]);
}

static void prepare_permute(setup *s)
{
    int64_t dim[5] = { size(s, 17, 17, 17), size(s, 17, 40, 80), size(s, 9, 24, 48),
                       size(s, 9, 64, 64), size(s, 5, 1, 1) };
    int rank = s->bench ? 4 : pick(s, 2, 5);
    floats(s, IN_GRAD, 1, rank, dim);
    for (int i = 0; i < rank; i++)
        s->order[i] = i;
    for (int i = rank - 1; i > 0; i--) {
        int j = pick(s, 0, i), was = s->order[i];
        s->order[i] = s->order[j];
        s->order[j] = was;
    }
}

static cohl_tensor *run_permute(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_permute(ctx, in[0], s->order);
}

static void prepare_slice(setup *s)
{
    int64_t dim[4] = { size(s, 17, 17, 17), size(s, 33, 40, 80), size(s, 9, 24, 48),
                       size(s, 9, 64, 64) };
    int rank = s->bench ? 4 : pick(s, 1, 4), axis = pick(s, 0, rank - 1);
    floats(s, IN_GRAD, 1, rank, dim);
    s->whole[0] = axis;
    s->whole[1] = pick(s, 0, (int)dim[axis] - 1);
    s->whole[2] = pick(s, 1, (int)dim[axis] - s->whole[1]);
}

static cohl_tensor *run_slice(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_slice(ctx, in[0], s->whole[0], s->whole[1], s->whole[2]);
}

static void prepare_concat(setup *s)
{
    int64_t dim[3] = { size(s, 33, 17, 17), size(s, 33, 960, 5040), size(s, 33, 64, 64) };
    int rank = s->bench ? 3 : pick(s, 1, 3), parts = pick(s, 1, 4);
    s->whole[0] = pick(s, 0, rank - 1);
    for (int i = 0; i < parts; i++) {
        floats(s, IN_GRAD, 1, rank, dim);
        dim[s->whole[0]] = size(s, 33, 64, 64);
    }
}

static cohl_tensor *run_concat(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_concat(ctx, in, s->count, s->whole[0]);
}

static void prepare_upsample(setup *s)
{
    floats(s, IN_GRAD, 1, DIMS(size(s, 4, 5, 17), size(s, 17, 40, 80), size(s, 17, 24, 48),
                               size(s, 33, 64, 64)));
}

static cohl_tensor *run_upsample(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_upsample(ctx, in[0]);
}

/* A random divisor of whole. */
static int divisor(setup *s, int64_t whole)
{
    for (;;) {
        int d = pick(s, 1, (int)whole);
        if (whole % d == 0)
            return d;
    }
}

static void prepare_average_down(setup *s)
{
    int ft = s->bench ? 2 : pick(s, 1, 3), fs = s->bench ? 2 : pick(s, 1, 3);
    int64_t channels = size(s, 17, 64, 64);
    floats(s, IN_GRAD, 1, DIMS(size(s, 5, 5, 17), fs * size(s, 9, 20, 40), fs * size(s, 9, 12, 24),
                               channels));
    s->whole[0] = ft, s->whole[1] = fs;
    s->whole[2] = s->bench ? 128 : divisor(s, channels * ft * fs * fs);
}

static cohl_tensor *run_average_down(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_average_down(ctx, in[0], s->whole[0], s->whole[1], s->whole[2]);
}

static void prepare_repeat_up(setup *s)
{
    int ft = s->bench ? 2 : pick(s, 1, 3), fs = s->bench ? 2 : pick(s, 1, 3);
    int out = (int)size(s, 17, 64, 64), channels = s->bench ? 128 : divisor(s, out * ft * fs * fs);
    floats(s, IN_GRAD, 1, DIMS(size(s, 4, 3, 9), size(s, 9, 20, 40), size(s, 9, 12, 24), channels));
    s->whole[0] = ft, s->whole[1] = fs, s->whole[2] = out, s->whole[3] = coin(s) ? ft - 1 : 0;
}

static cohl_tensor *run_repeat_up(cohl_ctx *ctx, cohl_tensor **in, const setup *s)
{
    return cohl_repeat_up(ctx, in[0], s->whole[0], s->whole[1], s->whole[2], s->whole[3]);
}

const op_case move_cases[] = {
    { "gather", 10, 1e-6, 0, prepare_gather, run_gather },
    { "permute", 14, 1e-6, 0, prepare_permute, run_permute },
    { "slice", 14, 1e-6, 0, prepare_slice, run_slice },
    { "slice_into", 14, 1e-6, 0, prepare_concat, run_concat },
    { "upsample", 8, 1e-6, 0, prepare_upsample, run_upsample },
    { "average_down", 14, 1e-6, 0, prepare_average_down, run_average_down },
    { "repeat_up", 14, 2e-6, 0, prepare_repeat_up, run_repeat_up },
    { 0 },
};
