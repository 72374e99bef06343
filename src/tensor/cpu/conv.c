/* conv.c - convolution as products of gathered pixels.
 *
 * A tile of output pixels gathers what each pixel sees into the rows of a
 * matrix [pixels, taps*channels] that stays in the cache, and multiplies it by
 * the weight, packed once a call as [taps*channels, out]. The gradient of the
 * input is a convolution again, over dy with the taps turned round, so the same
 * code does it: for stride 2 the input's pixels fall into phases (even, odd) and
 * each phase sees its own subset of the taps. So every tile owns its pixels. */
#include "tensor/cpu/cpu.h"

#include <assert.h>
#include <string.h>

enum { SLABS = 16, GATHER = 1 << 18 };   /* floats gathered at a time, about */

/* Pixels (t, i, j) of a grid, each seeing kt*kh*kw pixels of x from
 * (t*stride_time + from_t, i*stride_space + from_y, j*stride_space + from_x) on. */
typedef struct view {
    const float *x, *history;                      /* [frames, height, width, channels] */
    int64_t frames, height, width, channels, history_frames;
    int64_t kt, kh, kw;
    int64_t stride_time, stride_space, from_t, from_y, from_x;
    int64_t out_frames, out_height, out_width, out;
    int64_t tile;                                  /* pixels gathered at a time */
} view;

static int64_t view_pixels(const view *v) { return v->out_frames * v->out_height * v->out_width; }
static int64_t view_depth(const view *v) { return v->kt * v->kh * v->kw * v->channels; }

static void view_set_tile(view *v)
{
    int64_t tile = GATHER / view_depth(v) & ~(int64_t)15;
    v->tile = tile < 96 ? 96 : tile > 512 ? 512 : tile;
}

/* Row `row` of frame `frame` of x, of its history, or NULL: zeros. */
static const float *view_row(const view *v, int64_t frame, int64_t row)
{
    const float *x = v->x;
    if (frame < 0 && v->history) {
        x = v->history;
        frame += v->history_frames;
    }
    if (frame < 0 || row < 0 || row >= v->height || (x == v->x && frame >= v->frames))
        return NULL;
    return x + (frame * v->height + row) * v->width * v->channels;
}

static void copy_run(float *to, const float *from, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = from[i];
}

/* What pixels begin..begin+count-1 of the grid see, a row each: to [count, depth]. */
static void gather(const view *v, int64_t begin, int64_t count, float *to)
{
    int64_t run = v->kw * v->channels;
    int64_t j = begin % v->out_width, i = begin / v->out_width % v->out_height;
    int64_t t = begin / v->out_width / v->out_height;

    for (int64_t n = 0; n < count; n++) {
        int64_t left = j * v->stride_space + v->from_x;
        int64_t skip = left < 0 ? cohl_cpu_least(-left, v->kw) * v->channels : 0;
        int64_t end = cohl_cpu_least(v->kw, v->width - left) * v->channels;
        for (int64_t a = 0; a < v->kt; a++)
            for (int64_t p = 0; p < v->kh; p++, to += run) {
                const float *row = view_row(v, t * v->stride_time + v->from_t + a,
                                            i * v->stride_space + v->from_y + p);
                if (!row || end <= skip) {
                    memset(to, 0, (size_t)run * sizeof *to);
                    continue;
                }
                copy_run(to + skip, row + left * v->channels + skip, end - skip);
                if (skip)
                    memset(to, 0, (size_t)skip * sizeof *to);
                if (end < run)
                    memset(to + end, 0, (size_t)(run - end) * sizeof *to);
            }
        if (++j == v->out_width) {
            j = 0;
            if (++i == v->out_height)
                i = 0, t++;
        }
    }
}

/* ---- products over a view ---------------------------------------------- */

typedef struct conv_job {
    const view  *v;
    const float *w;                     /* [depth, out] */
    const float *bias;                  /* or NULL */
    float       *y;                     /* pixel (t, i, j) at y + t*step_t + i*step_y + j*step_x */
    int64_t      step_t, step_y, step_x;
    bool         add;
    float       *buffer;                /* a thread: [tile, depth + out] */
} conv_job;

static void scatter_add(const conv_job *job, int64_t begin, int64_t count, const float *from)
{
    const view *v = job->v;
    for (int64_t n = begin; n < begin + count; n++, from += v->out) {
        float *y = job->y + n % v->out_width * job->step_x
                 + n / v->out_width % v->out_height * job->step_y
                 + n / v->out_width / v->out_height * job->step_t;
        for (int64_t c = 0; c < v->out; c++)
            y[c] += from[c];
    }
}

static void conv_tile(void *arg, int tile, int thread)
{
    const conv_job *job = arg;
    const view *v = job->v;
    int64_t depth = view_depth(v), begin = tile * v->tile;
    int64_t count = cohl_cpu_least(v->tile, view_pixels(v) - begin);
    float *seen = job->buffer + thread * v->tile * (depth + v->out);
    bool apart = job->step_x != v->out || job->step_y != v->out * v->out_width
              || job->step_t != v->out * v->out_width * v->out_height;
    float *y = apart ? seen + v->tile * depth : job->y + begin * v->out;

    gather(v, begin, count, seen);
    for (int64_t n = 0; n < count && job->bias; n++)
        memcpy(y + n * v->out, job->bias, (size_t)v->out * sizeof *y);
    cohl_product_run(&(cohl_product){
        .m = count, .n = v->out, .k = depth, .a = seen, .a_stride = depth,
        .b = job->w, .b_stride = v->out, .c = y, .c_stride = v->out,
        .alpha = 1, .beta = job->bias || (job->add && !apart) });
    if (apart)
        scatter_add(job, begin, count, y);
}

static void run_view(cohl_ctx *ctx, conv_job *job)
{
    const view *v = job->v;
    if (view_pixels(v) == 0)
        return;
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    job->buffer = cohl_cpu_take(ctx, cohl_workers_count(ctx->workers) * v->tile
                                     * (view_depth(v) + v->out));
    if (job->buffer)
        cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(view_pixels(v), v->tile), conv_tile, job);
    cohl_arena_release(&ctx->scratch, mark);
}

/* ---- weights ----------------------------------------------------------- */

/* The taps of a view among those of w [out, in, kt, kh, kw]: along each axis
 * first, first + step, ... ; back: turned round, and the roles of in and out too. */
typedef struct pack_job {
    const float *w;
    float       *to;
    int64_t      out, in, whole[3], first[3], step[3], count[3];
    bool         back;
} pack_job;

static void pack_tile(void *arg, int tap, int thread)
{
    const pack_job *job = arg;
    int64_t at[3] = { tap / (job->count[1] * job->count[2]), tap / job->count[2] % job->count[1],
                      tap % job->count[2] };
    int64_t taps = job->whole[0] * job->whole[1] * job->whole[2];
    float *to = job->to + tap * job->in * job->out;

    for (int i = 0; i < 3; i++)
        at[i] = job->first[i] + job->step[i] * (job->back ? job->count[i] - 1 - at[i] : at[i]);
    const float *w = job->w + (at[0] * job->whole[1] + at[1]) * job->whole[2] + at[2];
    if (job->back) {
        for (int64_t i = 0; i < job->out * job->in; i++)
            to[i] = w[i * taps];
        return;
    }
    for (int64_t c = 0; c < job->in; c++)
        for (int64_t o = 0; o < job->out; o++)
            to[c * job->out + o] = w[(o * job->in + c) * taps];
}

static void pack(cohl_ctx *ctx, pack_job *job)
{
    cohl_workers_run(ctx->workers, (int)(job->count[0] * job->count[1] * job->count[2]),
                     pack_tile, job);
}

/* ---- forward ----------------------------------------------------------- */

static view view_of(cohl_in y, cohl_in x, cohl_in history, cohl_in w, const cohl_conv_params *p)
{
    view v = {
        .frames = x->dim[0], .height = x->dim[1], .width = x->dim[2], .channels = x->dim[3],
        .history_frames = history ? history->dim[0] : 0,
        .kt = w->dim[2], .kh = w->dim[3], .kw = w->dim[4],
        .stride_time = p->stride_time, .stride_space = p->stride_space,
        .from_t = -p->pad_front, .from_y = -p->pad_top, .from_x = -p->pad_left,
        .out_frames = y->dim[0], .out_height = y->dim[1], .out_width = y->dim[2], .out = w->dim[0],
    };
    view_set_tile(&v);
    return v;
}

/* One tap, no padding, no stride: a linear layer. */
static bool is_linear(cohl_in w, const cohl_conv_params *p)
{
    return w->dim[2] == 1 && w->dim[3] == 1 && w->dim[4] == 1
        && p->stride_time == 1 && p->stride_space == 1 && p->pad_front == 0
        && p->pad_top == 0 && p->pad_bottom == 0 && p->pad_left == 0 && p->pad_right == 0;
}

void cohl_cpu_conv(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in history, cohl_in w, cohl_in b,
                   const cohl_conv_params *params)
{
    if (is_linear(w, params)) {
        cohl_cpu_linear(ctx, y, x, w, b);
        return;
    }
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    view v = view_of(y, x, history, w, params);
    v.x = cohl_cpu_factor(ctx, x);
    v.history = history ? cohl_cpu_factor(ctx, history) : NULL;
    pack_job weight = { .w = cohl_cpu_factor(ctx, w), .out = v.out, .in = v.channels,
                        .whole = { v.kt, v.kh, v.kw }, .step = { 1, 1, 1 },
                        .count = { v.kt, v.kh, v.kw },
                        .to = cohl_cpu_take(ctx, view_depth(&v) * v.out) };
    if (v.x && (v.history || !history) && weight.w && weight.to) {
        pack(ctx, &weight);
        run_view(ctx, &(conv_job){ .v = &v, .w = weight.to, .bias = b ? b->data : NULL, .y = y->data,
                                   .step_x = v.out, .step_y = v.out * v.out_width,
                                   .step_t = v.out * v.out_width * v.out_height });
    }
    cohl_arena_release(&ctx->scratch, mark);
}

/* ---- gradient of the input --------------------------------------------- */

/* One axis of one phase: pixels phase, phase + stride, ... of x see the taps
 * first, first + stride, ... turned round, from dy's pixel `from` on. */
typedef struct phase { int64_t pixels, first, taps, from; } phase;

static phase phase_of(int64_t index, int64_t stride, int64_t size, int64_t pad, int64_t taps)
{
    phase p = { .pixels = (size - index + stride - 1) / stride, .first = (index + pad) % stride };
    p.taps = p.first < taps ? (taps - p.first + stride - 1) / stride : 0;
    p.from = (index + pad - p.first) / stride - (p.taps - 1);
    return p;
}

static void input_phase(cohl_ctx *ctx, float *dx, const view *forward, const float *dy,
                        const float *w, const int64_t index[3])
{
    const view *f = forward;
    int64_t st = f->stride_time, ss = f->stride_space;
    phase t = phase_of(index[0], st, f->frames, -f->from_t, f->kt);
    phase y = phase_of(index[1], ss, f->height, -f->from_y, f->kh);
    phase x = phase_of(index[2], ss, f->width, -f->from_x, f->kw);
    if (t.taps == 0 || y.taps == 0 || x.taps == 0)
        return;
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    view v = {
        .x = dy, .frames = f->out_frames, .height = f->out_height, .width = f->out_width,
        .channels = f->out, .kt = t.taps, .kh = y.taps, .kw = x.taps,
        .stride_time = 1, .stride_space = 1, .from_t = t.from, .from_y = y.from, .from_x = x.from,
        .out_frames = t.pixels, .out_height = y.pixels, .out_width = x.pixels, .out = f->channels,
    };
    view_set_tile(&v);
    pack_job weight = { .w = w, .out = f->out, .in = f->channels, .back = true,
                        .whole = { f->kt, f->kh, f->kw }, .first = { t.first, y.first, x.first },
                        .step = { st, ss, ss }, .count = { t.taps, y.taps, x.taps },
                        .to = cohl_cpu_take(ctx, view_depth(&v) * v.out) };
    if (weight.to) {
        int64_t row = f->width * f->channels;
        pack(ctx, &weight);
        run_view(ctx, &(conv_job){
            .v = &v, .w = weight.to, .add = true,
            .y = dx + (index[0] * f->height + index[1]) * row + index[2] * f->channels,
            .step_x = ss * f->channels, .step_y = ss * row, .step_t = st * f->height * row });
    }
    cohl_arena_release(&ctx->scratch, mark);
}

static void input_back(cohl_ctx *ctx, float *dx, const view *v, const float *dy, const float *w)
{
    int64_t at[3];
    for (at[0] = 0; at[0] < v->stride_time; at[0]++)
        for (at[1] = 0; at[1] < v->stride_space; at[1]++)
            for (at[2] = 0; at[2] < v->stride_space; at[2]++)
                input_phase(ctx, dx, v, dy, w, at);
}

/* ---- gradient of the weight -------------------------------------------- */

typedef struct weight_job {
    const view  *v;
    const float *dy;            /* [pixels, out] */
    float       *part;          /* [slabs, depth, out] */
    int64_t      slab;          /* pixels */
    float       *buffer;        /* a thread: [tile, depth] */
} weight_job;

static void weight_tile(void *arg, int slab, int thread)
{
    const weight_job *job = arg;
    const view *v = job->v;
    int64_t depth = view_depth(v);
    int64_t end = cohl_cpu_least((slab + 1) * job->slab, view_pixels(v));
    float *seen = job->buffer + thread * v->tile * depth;

    for (int64_t at = slab * job->slab, first = at; at < end; at += v->tile) {
        int64_t count = cohl_cpu_least(v->tile, end - at);
        gather(v, at, count, seen);
        cohl_product_run(&(cohl_product){
            .m = depth, .n = v->out, .k = count, .a = seen, .a_stride = depth, .transpose_a = true,
            .b = job->dy + at * v->out, .b_stride = v->out,
            .c = job->part + slab * depth * v->out, .c_stride = v->out,
            .alpha = 1, .beta = at > first });
    }
}

/* dw [out, in, taps] += packed [taps, in, out]. */
typedef struct unpack_job { float *dw; const float *packed; int64_t out, in, taps; } unpack_job;

static void unpack_tile(void *arg, int o, int thread)
{
    const unpack_job *job = arg;
    for (int64_t c = 0; c < job->in; c++)
        for (int64_t tap = 0; tap < job->taps; tap++)
            job->dw[(o * job->in + c) * job->taps + tap]
                += job->packed[(tap * job->in + c) * job->out + o];
}

static void weight_back(cohl_ctx *ctx, float *dw, const view *v, const float *dy)
{
    int64_t pixels = view_pixels(v), depth = view_depth(v);
    weight_job job = { .v = v, .dy = dy };
    job.slab = cohl_cpu_parts(cohl_cpu_parts(pixels, SLABS), v->tile) * v->tile;
    int slabs = (int)cohl_cpu_parts(pixels, job.slab);
    float *sum = cohl_cpu_take(ctx, depth * v->out);
    job.part = cohl_cpu_take(ctx, slabs * depth * v->out);
    job.buffer = cohl_cpu_take(ctx, cohl_workers_count(ctx->workers) * v->tile * depth);
    if (!sum || !job.part || !job.buffer)
        return;
    cohl_workers_run(ctx->workers, slabs, weight_tile, &job);
    memset(sum, 0, (size_t)(depth * v->out) * sizeof *sum);
    cohl_cpu_add_slabs(ctx, sum, job.part, slabs, depth * v->out);
    cohl_workers_run(ctx->workers, (int)v->out, unpack_tile,
                     &(unpack_job){ dw, sum, v->out, v->channels, v->kt * v->kh * v->kw });
}

void cohl_cpu_conv_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dw, cohl_tensor *db,
                        cohl_in dy, cohl_in x, cohl_in history, cohl_in w,
                        const cohl_conv_params *params)
{
    if (is_linear(w, params)) {
        cohl_cpu_linear_back(ctx, dx, dw, db, dy, x, w);
        return;
    }
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    view v = view_of(dy, x, history, w, params);
    const float *dy_factor = cohl_cpu_factor(ctx, dy);

    if (dx && dy_factor) {
        const float *weight = cohl_cpu_factor(ctx, w);
        if (weight)
            input_back(ctx, dx->data, &v, dy_factor, weight);
    }
    if (dw && dy_factor) {
        v.x = cohl_cpu_factor(ctx, x);
        v.history = history ? cohl_cpu_factor(ctx, history) : NULL;
        if (v.x && (v.history || !history))
            weight_back(ctx, dw->data, &v, dy_factor);
    }
    if (db)
        cohl_cpu_column_sums(ctx, db->data, dy->data, cohl_tensor_rows(dy), v.out);
    cohl_arena_release(&ctx->scratch, mark);
}
