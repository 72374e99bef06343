/* conv.c - convolution as products whose rows are read where they lie.
 *
 * What an output pixel sees is, tap by tap, a run of channels of x; a tile lists
 * the addresses of these runs (or of zeros), and the product's inner block reads
 * through the list (Dukhan 2019, "The indirect convolution algorithm"). Nothing
 * is copied, but where the channels are few. The weight is packed once a call
 * into panels of [taps*channels, columns]. The gradient of the
 * input is a convolution again, over dy with the taps turned round, so the same
 * code does it: for stride 2 the input's pixels fall into phases (even, odd) and
 * each phase sees its own subset of the taps. So every tile owns its pixels. */
#include "tensor/cpu/cpu.h"

#include <string.h>

enum {
    SLABS = 16,             /* of pixels, for the gradient of the weight */
    TILE = 96,              /* pixels; a multiple of every block's rows */
    STRETCH = 256,          /* of taps*channels a block sums at a time, about */
    FEW = 8,                /* channels: fewer are copied into one run a pixel */
    CHUNK = 192,            /* pixels summed at a time, for the gradient of the weight */
};

/* Pixels (t, i, j) of a grid, each seeing kt*kh*kw pixels of x from
 * (t*stride_time + from_t, i*stride_space + from_y, j*stride_space + from_x) on. */
typedef struct view {
    const float *x, *history;                      /* [frames, height, width, channels] */
    const float *zeros;                            /* [channels] */
    int64_t frames, height, width, channels, history_frames;
    int64_t kt, kh, kw;
    int64_t stride_time, stride_space, from_t, from_y, from_x;
    int64_t out_frames, out_height, out_width, out;
} view;

static int64_t view_pixels(const view *v) { return v->out_frames * v->out_height * v->out_width; }
static int64_t view_taps(const view *v) { return v->kt * v->kh * v->kw; }
static int64_t view_depth(const view *v) { return view_taps(v) * v->channels; }

static const float *zeros_of(cohl_ctx *ctx, int64_t count)
{
    float *zeros = cohl_cpu_take(ctx, count);
    if (zeros)
        memset(zeros, 0, (size_t)count * sizeof *zeros);
    return zeros;
}

/* Row `row` of frame `frame` of x, of its history, or NULL: zeros. */
static const float *view_row(const view *v, int64_t frame, int64_t row)
{
    const float *x = v->x;
    int64_t frames = v->frames;
    if (frame < 0 && v->history) {
        x = v->history;
        frame += frames = v->history_frames;
    }
    if (frame < 0 || frame >= frames || row < 0 || row >= v->height)
        return NULL;
    return x + (frame * v->height + row) * v->width * v->channels;
}

/* Addresses of what pixels begin..begin+count-1 see: pixel n's tap at
 * seen[n / rows * rows * taps + tap * rows + n % rows]. Blocks are filled up
 * with the last pixel. */
static void list_seen(const view *v, int64_t begin, int64_t count, int rows, const float **seen)
{
    int64_t taps = view_taps(v), j = begin % v->out_width;
    int64_t i = begin / v->out_width % v->out_height, t = begin / v->out_width / v->out_height;

    for (int64_t n = 0; n < cohl_cpu_parts(count, rows) * rows; n++) {
        const float **to = seen + n / rows * rows * taps + n % rows;
        int64_t left = j * v->stride_space + v->from_x;
        for (int64_t a = 0; a < v->kt; a++)
            for (int64_t p = 0; p < v->kh; p++) {
                const float *row = view_row(v, t * v->stride_time + v->from_t + a,
                                            i * v->stride_space + v->from_y + p);
                for (int64_t q = left; q < left + v->kw; q++, to += rows)
                    *to = row && q >= 0 && q < v->width ? row + q * v->channels : v->zeros;
            }
        if (n + 1 < count && ++j == v->out_width) {
            j = 0;
            if (++i == v->out_height)
                i = 0, t++;
        }
    }
}

/* The same with a copy of each pixel's run, [taps*channels], in `copy`: one address a pixel. */
static void copy_seen(const view *v, int64_t count, int rows, const float **seen, float *copy)
{
    int64_t taps = view_taps(v), c = v->channels, padded = cohl_cpu_parts(count, rows) * rows;

    for (int64_t n = 0; n < padded; n++) {
        const float **from = seen + n / rows * rows * taps + n % rows;
        float *to = copy + n * taps * c;
        for (int64_t tap = 0; tap < taps; tap++, from += rows)
            for (int64_t k = 0; k < c; k++)
                *to++ = (*from)[k];
    }
    for (int64_t n = 0; n < padded; n++)
        seen[n] = copy + n * taps * c;
}

/* ---- products over a view ---------------------------------------------- */

typedef struct conv_job {
    const view  *v;
    const cohl_kernels *kernels;
    const float *panels;                /* the weight, [panel][depth][columns] */
    const float *bias;                  /* [panels * columns], or NULL */
    float       *y;                     /* pixel (t, i, j) at y + t*step_t + i*step_y + j*step_x */
    int64_t      step_t, step_y, step_x;
    bool         add, apart;            /* apart: the pixels of y have gaps */
    float       *results;               /* a thread: [TILE, out], when apart */
    float       *copies;                /* a thread: [TILE, depth], when the channels are few */
    const float **seen;                 /* a thread: [TILE, taps] */
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

/* y [count, out] (+)= what `seen` lists, `segments` runs of `length` a pixel, times the panels. */
static void multiply_seen(const conv_job *job, const float **seen, int64_t segments, int64_t length,
                          float *y, int64_t count)
{
    int64_t rows = job->kernels->block_rows, columns = job->kernels->block_columns;
    int64_t out = job->v->out, depth = segments * length;
    int64_t most = STRETCH / length > 0 ? STRETCH / length : 1;
    cohl_block block = { .length = length, .step = 1, .c_stride = out, .add = job->add && !job->apart };

    for (int64_t s = 0; s < segments; s += block.segments, block.add = true) {
        block.segments = cohl_cpu_least(most, segments - s);
        for (int64_t column = 0; column < out; column += columns) {
            block.b = job->panels + column * depth + s * length * columns;
            block.bias = job->bias ? job->bias + column : NULL;
            block.columns = (int)cohl_cpu_least(columns, out - column);
            for (int64_t n = 0; n < count; n += rows) {
                block.a = seen + n * segments + s * rows;
                block.rows = (int)cohl_cpu_least(rows, count - n);
                block.c = y + n * out + column;
                job->kernels->block(&block);
            }
        }
    }
}

static void conv_tile(void *arg, int tile, int thread)
{
    const conv_job *job = arg;
    const view *v = job->v;
    int rows = job->kernels->block_rows;
    int64_t begin = (int64_t)tile * TILE, count = cohl_cpu_least(TILE, view_pixels(v) - begin);
    const float **seen = job->seen + thread * TILE * view_taps(v);
    float *y = job->apart ? job->results + thread * TILE * v->out : job->y + begin * v->out;

    list_seen(v, begin, count, rows, seen);
    if (job->copies) {
        copy_seen(v, count, rows, seen, job->copies + thread * TILE * view_depth(v));
        multiply_seen(job, seen, 1, view_depth(v), y, count);
    } else {
        multiply_seen(job, seen, view_taps(v), v->channels, y, count);
    }
    if (job->apart)
        scatter_add(job, begin, count, y);
}

static void run_view(cohl_ctx *ctx, conv_job *job)
{
    const view *v = job->v;
    int64_t threads = cohl_workers_count(ctx->workers);
    if (view_pixels(v) == 0)
        return;
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    job->apart = job->step_x != v->out || job->step_y != v->out * v->out_width
              || job->step_t != v->out * v->out_width * v->out_height;
    job->seen = (void *)cohl_cpu_take(ctx, threads * TILE * view_taps(v) * 2);
    job->results = job->apart ? cohl_cpu_take(ctx, threads * TILE * v->out) : NULL;
    job->copies = v->channels < FEW ? cohl_cpu_take(ctx, threads * TILE * view_depth(v)) : NULL;
    if (cohl_ctx_fine(ctx))
        cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(view_pixels(v), TILE), conv_tile, job);
    cohl_arena_release(&ctx->scratch, mark);
}

/* ---- weights ----------------------------------------------------------- */

/* The taps of a view among those of w [out, in, kt, kh, kw]: along each axis
 * first, first + step, ... ; back: turned round, and the roles of in and out too. */
typedef struct pack_job {
    const float *w;
    float       *panels;        /* [panel][taps][depth][columns] */
    int64_t      out, in, whole[3], first[3], step[3], count[3];
    int          columns;
    bool         back;
} pack_job;

/* Where tap `tap` of the view lies among all taps of w. */
static int64_t whole_tap(const pack_job *job, int64_t tap)
{
    int64_t at[3] = { tap / (job->count[1] * job->count[2]), tap / job->count[2] % job->count[1],
                      tap % job->count[2] };
    for (int i = 0; i < 3; i++)
        at[i] = job->first[i] + job->step[i] * (job->back ? job->count[i] - 1 - at[i] : at[i]);
    return (at[0] * job->whole[1] + at[1]) * job->whole[2] + at[2];
}

static void pack_tile(void *arg, int panel, int thread)
{
    const pack_job *job = arg;
    int64_t whole = job->whole[0] * job->whole[1] * job->whole[2];
    int64_t taps = job->count[0] * job->count[1] * job->count[2];
    int64_t columns = job->back ? job->in : job->out, depth = job->back ? job->out : job->in;
    int64_t column_step = job->back ? whole : job->in * whole;
    int64_t depth_step = job->back ? job->in * whole : whole;
    int64_t first = (int64_t)panel * job->columns;
    float *to = job->panels + first * taps * depth;

    for (int64_t tap = 0; tap < taps; tap++) {
        const float *w = job->w + whole_tap(job, tap) + first * column_step;
        for (int64_t k = 0; k < depth; k++, w += depth_step)
            for (int64_t j = 0; j < job->columns; j++)
                *to++ = first + j < columns ? w[j * column_step] : 0;
    }
}

/* False when scratch has no room. */
static bool pack(cohl_ctx *ctx, pack_job *job)
{
    const cohl_kernels *kernels = cohl_cpu_kernels(ctx);
    int64_t panels = cohl_cpu_panels(kernels, job->back ? job->in : job->out);
    int64_t depth = (job->back ? job->out : job->in) * job->count[0] * job->count[1] * job->count[2];

    job->columns = kernels->block_columns;
    job->panels = cohl_cpu_take(ctx, panels * job->columns * depth);
    if (job->panels)
        cohl_workers_run(ctx->workers, (int)panels, pack_tile, job);
    return job->panels != NULL;
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
    v.zeros = zeros_of(ctx, v.channels);
    pack_job weight = { .w = cohl_cpu_factor(ctx, w), .out = v.out, .in = v.channels,
                        .whole = { v.kt, v.kh, v.kw }, .step = { 1, 1, 1 },
                        .count = { v.kt, v.kh, v.kw } };
    const float *bias = b ? cohl_cpu_widen(ctx, b->data, v.out) : NULL;
    if (cohl_ctx_fine(ctx) && pack(ctx, &weight))
        run_view(ctx, &(conv_job){ .v = &v, .kernels = cohl_cpu_kernels(ctx), .panels = weight.panels,
                                   .bias = bias, .y = y->data,
                                   .step_x = v.out, .step_y = v.out * v.out_width,
                                   .step_t = v.out * v.out_width * v.out_height });
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
    v.zeros = zeros_of(ctx, v.channels);
    pack_job weight = { .w = w, .out = f->out, .in = f->channels, .back = true,
                        .whole = { f->kt, f->kh, f->kw }, .first = { t.first, y.first, x.first },
                        .step = { st, ss, ss }, .count = { t.taps, y.taps, x.taps } };
    int64_t row = f->width * f->channels;
    if (v.zeros && pack(ctx, &weight))
        run_view(ctx, &(conv_job){
            .v = &v, .kernels = cohl_cpu_kernels(ctx), .panels = weight.panels, .add = true,
            .y = dx + (index[0] * f->height + index[1]) * row + index[2] * f->channels,
            .step_x = ss * f->channels, .step_y = ss * row, .step_t = st * f->height * row });
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
    const view   *v;
    const cohl_kernels *kernels;
    const float  *dy;           /* [pixels, out] */
    float        *part;         /* [slabs, depth, out] */
    int64_t       slab;         /* pixels */
    float        *panels;       /* a thread: [panel][CHUNK][columns] of dy */
    const float **seen;         /* a thread: [taps, CHUNK] */
} weight_job;

static void pack_rows(const float *dy, int64_t count, int64_t out, int64_t columns, float *to)
{
    for (int64_t first = 0; first < out; first += columns)
        for (int64_t n = 0; n < count; n++, to += columns) {
            int64_t whole = cohl_cpu_least(columns, out - first);
            for (int64_t j = 0; j < whole; j++)
                to[j] = dy[n * out + first + j];
            for (int64_t j = whole; j < columns; j++)
                to[j] = 0;
        }
}

/* sum [taps, channels, out] (+)= the outer products of `count` pixels. */
static void multiply_outer(const weight_job *job, const float **seen, const float *panels,
                           int64_t count, float *sum, bool add)
{
    const view *v = job->v;
    int64_t rows = job->kernels->block_rows, columns = job->kernels->block_columns;
    cohl_block block = { .segments = count, .c_stride = v->out, .add = add };

    for (int64_t column = 0; column < v->out; column += columns) {
        block.b = panels + column * count;
        block.columns = (int)cohl_cpu_least(columns, v->out - column);
        for (int64_t tap = 0; tap < view_taps(v); tap++) {
            block.a = seen + tap * count;
            for (block.offset = 0; block.offset < v->channels; block.offset += rows) {
                block.rows = (int)cohl_cpu_least(rows, v->channels - block.offset);
                block.c = sum + (tap * v->channels + block.offset) * v->out + column;
                job->kernels->block_outer(&block);
            }
        }
    }
}

static void weight_tile(void *arg, int slab, int thread)
{
    const weight_job *job = arg;
    const view *v = job->v;
    int64_t columns = job->kernels->block_columns, panels = cohl_cpu_panels(job->kernels, v->out);
    int64_t begin = slab * job->slab, end = cohl_cpu_least(begin + job->slab, view_pixels(v));
    const float **seen = job->seen + thread * view_taps(v) * CHUNK;
    float *packed = job->panels + thread * panels * columns * CHUNK;

    for (int64_t at = begin; at < end; at += CHUNK) {
        int64_t count = cohl_cpu_least(CHUNK, end - at);
        list_seen(v, at, count, (int)count, seen);
        pack_rows(job->dy + at * v->out, count, v->out, columns, packed);
        multiply_outer(job, seen, packed, count, job->part + slab * view_depth(v) * v->out, at > begin);
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
    const cohl_kernels *kernels = cohl_cpu_kernels(ctx);
    int64_t pixels = view_pixels(v), count = view_depth(v) * v->out;
    int64_t threads = cohl_workers_count(ctx->workers);
    weight_job job = { .v = v, .kernels = kernels, .dy = dy,
                       .slab = cohl_cpu_parts(cohl_cpu_parts(pixels, SLABS), CHUNK) * CHUNK };
    int slabs = (int)cohl_cpu_parts(pixels, job.slab);
    float *sum = cohl_cpu_take(ctx, count);
    job.part = cohl_cpu_take(ctx, slabs * count);
    job.seen = (void *)cohl_cpu_take(ctx, threads * view_taps(v) * CHUNK * 2);
    job.panels = cohl_cpu_take(ctx, threads * cohl_cpu_panels(kernels, v->out)
                                    * kernels->block_columns * CHUNK);
    if (!cohl_ctx_fine(ctx))
        return;
    cohl_workers_run(ctx->workers, slabs, weight_tile, &job);
    memset(sum, 0, (size_t)count * sizeof *sum);
    cohl_cpu_add_slabs(ctx, sum, job.part, slabs, count);
    cohl_workers_run(ctx->workers, (int)v->out, unpack_tile,
                     &(unpack_job){ dw, sum, v->out, v->channels, view_taps(v) });
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
        v.zeros = zeros_of(ctx, v.channels);
        if (cohl_ctx_fine(ctx))
            weight_back(ctx, dw->data, &v, dy_factor);
    }
    if (db)
        cohl_cpu_column_sums(ctx, db->data, dy->data, cohl_tensor_rows(dy), v.out);
    cohl_arena_release(&ctx->scratch, mark);
}
