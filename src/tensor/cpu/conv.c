/* conv.c - convolution as products whose rows are read where they lie.
 *
 * What an output pixel sees is, tap by tap, a run of channels of x; a tile lists
 * the addresses of these runs (or of zeros), and the product's inner block reads
 * through the list (Dukhan 2019, "The indirect convolution algorithm"). Nothing
 * is copied, but where the channels are few. The weight is packed once a call
 * into panels of [taps*channels, columns]. The gradient of the
 * input is a convolution again, over dy with the taps turned round, so the same
 * code does it: for stride 2 the input's pixels fall into phases (even, odd) and
 * each phase sees its own subset of the taps. So every tile owns its pixels.
 *
 * Kernels of 3x3 have a way with fewer products (winograd.c).
 *
 * Where oneDNN multiplies (library.h), a tile copies what its pixels see into a
 * matrix instead, of values brought to the library's type once a call. */
#include "tensor/cpu/conv.h"
#include "tensor/cpu/library.h"

#include <string.h>

enum {
    SLABS = 16,             /* of pixels, for the gradient of the weight */
    TILE = 96,              /* pixels; a multiple of every block's rows */
    STRETCH = 256,          /* of taps*channels a block sums at a time, about */
    FEW = 8,                /* channels: fewer are copied into one run a pixel */
    CHUNK = 192,            /* pixels summed at a time, for the gradient of the weight */
    LIBRARY_CHANNELS = 32,  /* with fewer on either side, copying costs more than bf16 saves */
};

static const float *zeros_of(cohl_ctx *ctx, int64_t count)
{
    float *zeros = cohl_cpu_take(ctx, count);
    if (zeros)
        memset(zeros, 0, (size_t)count * sizeof *zeros);
    return zeros;
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
                const char *row = view_row(v, t * v->stride_time + v->from_t + a,
                                           i * v->stride_space + v->from_y + p);
                for (int64_t q = left; q < left + v->kw; q++, to += rows)
                    *to = row && q >= 0 && q < v->width
                        ? (const float *)(row + (size_t)q * v->pixel_bytes) : v->zeros;
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

/* One line of taps of a pixel, from column `left` of a row (NULL: zeros) on. */
static char *copy_line(const view *v, const char *row, int64_t left, char *to)
{
    size_t bytes = v->pixel_bytes;
    if (row && left >= 0 && left + v->kw <= v->width) {
        memcpy(to, row + (size_t)left * bytes, (size_t)v->kw * bytes);
        return to + (size_t)v->kw * bytes;
    }
    for (int64_t q = left; q < left + v->kw; q++, to += bytes) {
        if (row && q >= 0 && q < v->width)
            memcpy(to, row + (size_t)q * bytes, bytes);
        else
            memset(to, 0, bytes);
    }
    return to;
}

/* What pixels begin..begin+count-1 see, [filled, taps*channels], zeros beyond count. */
static void copy_matrix(const view *v, int64_t begin, int64_t count, int64_t filled, char *to)
{
    int64_t j = begin % v->out_width, i = begin / v->out_width % v->out_height;
    int64_t t = begin / v->out_width / v->out_height;

    for (int64_t n = 0; n < count; n++) {
        for (int64_t a = 0; a < v->kt; a++)
            for (int64_t p = 0; p < v->kh; p++)
                to = copy_line(v, view_row(v, t * v->stride_time + v->from_t + a,
                                           i * v->stride_space + v->from_y + p),
                               j * v->stride_space + v->from_x, to);
        if (++j == v->out_width && (j = 0, ++i == v->out_height))
            i = 0, t++;
    }
    memset(to, 0, (size_t)((filled - count) * view_taps(v)) * v->pixel_bytes);
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
    cohl_factor  type;                  /* what the library multiplies, or NONE */
    cohl_right   right;                 /* the weight, for it */
    const cohl_onednn_product *product[2][2];   /* [last tile][last columns] */
    char        *buffer;                /* a thread: what a tile sees, then scratch */
    size_t       buffer_bytes, matrix_bytes;
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

/* y [count, out] (+)= from + bias. */
static void write_rows(const conv_job *job, float *y, const float *from, int64_t count)
{
    int64_t out = job->v->out;
    for (int64_t n = 0; n < count; n++, y += out, from += out)
        for (int64_t c = 0; c < out; c++)
            y[c] = from[c] + (job->add ? y[c] : job->bias ? job->bias[c] : 0);
}

static void library_tile(void *arg, int tile, int thread)
{
    const conv_job *job = arg;
    const view *v = job->v;
    int64_t begin = (int64_t)tile * TILE, count = cohl_cpu_least(TILE, view_pixels(v) - begin);
    char *matrix = job->buffer + (size_t)thread * job->buffer_bytes;
    float *y = job->results + thread * TILE * v->out;

    copy_matrix(v, begin, count, count < TILE ? cohl_library_filled(count) : TILE, matrix);
    for (int across = 0; across < job->right.across; across++) {
        bool narrow = cohl_right_columns(&job->right, across) < job->right.tile_n;
        cohl_onednn_multiply(job->product[count < TILE][narrow], matrix,
                             cohl_right_at(&job->right, 0, across), y + across * job->right.tile_n,
                             matrix + job->matrix_bytes);
    }
    if (job->apart)
        scatter_add(job, begin, count, y);
    else
        write_rows(job, job->y + begin * v->out, y, count);
}

/* The kinds of tile there are; false when the library refuses one. */
static bool find_products(conv_job *job, size_t *scratch)
{
    const view *v = job->v;
    int64_t last_m = view_pixels(v) % TILE, last_n = v->out % job->right.tile_n;
    for (int kind = 0; kind < 4; kind++) {
        bool rows = kind & 2, columns = kind & 1;
        if ((rows && !last_m) || (!rows && view_pixels(v) < TILE) || (columns && !last_n))
            continue;
        const cohl_onednn_product *found = cohl_onednn_product_of(&(cohl_onednn_shape){
            .type = job->type, .m = rows ? cohl_library_filled(last_m) : TILE,
            .n = columns ? last_n : job->right.tile_n, .k = view_depth(v), .c_stride = v->out });
        if (!(job->product[rows][columns] = found))
            return false;
        *scratch = cohl_library_larger(*scratch, cohl_onednn_scratch(found));
    }
    return true;
}

/* The view with pictures of the library's type. */
static view library_view(cohl_ctx *ctx, const view *v, cohl_factor type)
{
    view made = *v;
    int64_t frame = v->height * v->width * v->channels;
    made.x = cohl_library_factor(ctx, type, v->x, v->frames * frame);
    if (v->history)
        made.history = cohl_library_factor(ctx, type, v->history, v->history_frames * frame);
    made.pixel_bytes = (size_t)v->channels * cohl_factor_bytes(type);
    return made;
}

/* The view by the library, its weight as one panel; false, with y untouched, when it does not do it. */
static bool run_library(cohl_ctx *ctx, conv_job *whole)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    view made = library_view(ctx, whole->v, whole->type), *v = &made;
    conv_job copy = *whole, *job = &copy;
    int64_t threads = cohl_workers_count(ctx->workers), depth = view_depth(v);
    size_t scratch = 0;

    job->v = v;
    job->right = (cohl_right){ .type = job->type, .k = depth, .n = v->out, .depth = depth,
                               .tile_n = cohl_cpu_least(v->out, COHL_LIBRARY_COLUMNS),
                               .b = job->panels, .stride = v->out };
    job->matrix_bytes = cohl_library_lines((size_t)(TILE * depth) * cohl_factor_bytes(job->type));
    bool done = cohl_ctx_fine(ctx) && find_products(job, &scratch) && cohl_library_pack(ctx, &job->right);
    if (done) {
        job->buffer_bytes = job->matrix_bytes + cohl_library_lines(scratch);
        job->buffer = cohl_library_take(ctx, (size_t)threads * job->buffer_bytes);
        job->results = cohl_cpu_take(ctx, threads * TILE * v->out);
        if (cohl_ctx_fine(ctx))
            cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(view_pixels(v), TILE), library_tile, job);
    }
    cohl_arena_release(&ctx->scratch, mark);
    return done;
}

static void run_ours(cohl_ctx *ctx, conv_job *job)
{
    const view *v = job->v;
    int64_t threads = cohl_workers_count(ctx->workers);
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
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

/* Into panels so wide; NULL when scratch has no room. */
static const float *pack(cohl_ctx *ctx, pack_job *job, int64_t columns)
{
    int64_t panels = cohl_cpu_parts(job->back ? job->in : job->out, columns);
    int64_t depth = (job->back ? job->out : job->in) * job->count[0] * job->count[1] * job->count[2];

    job->columns = (int)columns;
    job->panels = cohl_cpu_take(ctx, panels * columns * depth);
    if (job->panels)
        cohl_workers_run(ctx->workers, (int)panels, pack_tile, job);
    return job->panels;
}

/* What the library multiplies for a convolution between so many channels. */
static cohl_factor library_of(const cohl_ctx *ctx, int64_t channels, int64_t out)
{
    cohl_factor type = cohl_cpu_library(ctx);
    bool few = channels < LIBRARY_CHANNELS || out < LIBRARY_CHANNELS;
    return type == COHL_FACTOR_BF16 && few ? COHL_FACTOR_NONE : type;
}

static void run_view(cohl_ctx *ctx, conv_job *job, pack_job *weight)
{
    const view *v = job->v;
    if (view_pixels(v) == 0)
        return;
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    job->kernels = cohl_cpu_kernels(ctx);
    job->apart = job->step_x != v->out || job->step_y != v->out * v->out_width
              || job->step_t != v->out * v->out_width * v->out_height;
    job->type = library_of(ctx, v->channels, v->out);
    bool done = job->type != COHL_FACTOR_NONE && (job->panels = pack(ctx, weight, v->out))
             && run_library(ctx, job);
    if (!done && (job->panels = pack(ctx, weight, job->kernels->block_columns)))
        run_ours(ctx, job);
    cohl_arena_release(&ctx->scratch, mark);
}

/* ---- forward ----------------------------------------------------------- */

static view view_of(cohl_in y, cohl_in x, cohl_in history, cohl_in w, const cohl_conv_params *p)
{
    view v = {
        .frames = x->dim[0], .height = x->dim[1], .width = x->dim[2], .channels = x->dim[3],
        .history_frames = history ? history->dim[0] : 0,
        .pixel_bytes = (size_t)x->dim[3] * sizeof(float),
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
    bool ours = library_of(ctx, v.channels, v.out) == COHL_FACTOR_NONE;
    if (cohl_ctx_fine(ctx) && !(ours && cohl_cpu_winograd(ctx, &v, weight.w, bias, y->data)))
        run_view(ctx, &(conv_job){ .v = &v, .bias = bias, .y = y->data,
                                   .step_x = v.out, .step_y = v.out * v.out_width,
                                   .step_t = v.out * v.out_width * v.out_height }, &weight);
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
        .channels = f->out, .pixel_bytes = (size_t)f->out * sizeof(float), .kt = t.taps, .kh = y.taps, .kw = x.taps,
        .stride_time = 1, .stride_space = 1, .from_t = t.from, .from_y = y.from, .from_x = x.from,
        .out_frames = t.pixels, .out_height = y.pixels, .out_width = x.pixels, .out = f->channels,
    };
    v.zeros = zeros_of(ctx, v.channels);
    pack_job weight = { .w = w, .out = f->out, .in = f->channels, .back = true,
                        .whole = { f->kt, f->kh, f->kw }, .first = { t.first, y.first, x.first },
                        .step = { st, ss, ss }, .count = { t.taps, y.taps, x.taps } };
    int64_t row = f->width * f->channels;
    if (v.zeros)
        run_view(ctx, &(conv_job){
            .v = &v, .add = true,
            .y = dx + (index[0] * f->height + index[1]) * row + index[2] * f->channels,
            .step_x = ss * f->channels, .step_y = ss * row, .step_t = st * f->height * row }, &weight);
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
    cohl_factor   type;         /* what the library multiplies */
    const cohl_onednn_pack    *pack[2];         /* of a whole CHUNK, of the last */
    const cohl_onednn_product *product[2][2];   /* [last][add] */
    char         *buffer;       /* a thread: what a CHUNK sees, dy, dy packed, scratch */
    size_t        buffer_bytes, matrix_bytes, dy_bytes, packed_bytes;
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

/* The same by the library: what the pixels see, transposed, times dy. */
static void library_weight_tile(void *arg, int slab, int thread)
{
    const weight_job *job = arg;
    const view *v = job->v;
    int64_t begin = slab * job->slab, end = cohl_cpu_least(begin + job->slab, view_pixels(v));
    char *matrix = job->buffer + (size_t)thread * job->buffer_bytes, *dy = matrix + job->matrix_bytes;
    char *packed = dy + job->dy_bytes, *scratch = packed + job->packed_bytes;

    for (int64_t at = begin; at < end; at += CHUNK) {
        int64_t count = cohl_cpu_least(CHUNK, end - at), filled = cohl_library_filled(count);
        size_t values = (size_t)(count * v->out), bytes = cohl_factor_bytes(job->type);
        bool last = count < CHUNK;
        copy_matrix(v, at, count, filled, matrix);
        cohl_library_convert(job->kernels, job->type, dy, job->dy + at * v->out, (int64_t)values);
        memset(dy + values * bytes, 0, (size_t)((filled - count) * v->out) * bytes);
        cohl_onednn_pack_run(job->pack[last], dy, packed, scratch);
        cohl_onednn_multiply(job->product[last][at > begin], matrix, packed,
                             job->part + slab * view_depth(v) * v->out, scratch);
    }
}

/* Kinds of CHUNK there are, and how much a thread needs; false when the library refuses one. */
static bool find_weight_products(weight_job *job, size_t *scratch)
{
    const view *v = job->v;
    int64_t rest = view_pixels(v) % CHUNK;
    for (int last = 0; last < 2; last++) {
        int64_t k = last ? cohl_library_filled(rest) : CHUNK;
        if (last ? !rest : view_pixels(v) < CHUNK)
            continue;
        if (!(job->pack[last] = cohl_onednn_pack_of(job->type, k, v->out, false)))
            return false;
        *scratch = cohl_library_larger(*scratch, cohl_onednn_pack_scratch(job->pack[last]));
        for (int add = 0; add < 2; add++) {
            const cohl_onednn_product *found = cohl_onednn_product_of(&(cohl_onednn_shape){
                .type = job->type, .m = view_depth(v), .n = v->out, .k = k, .c_stride = v->out,
                .transpose_a = true, .add = add });
            if (!(job->product[last][add] = found))
                return false;
            *scratch = cohl_library_larger(*scratch, cohl_onednn_scratch(found));
        }
        size_t packed = cohl_library_lines(cohl_onednn_packed_bytes(job->pack[last]));
        job->packed_bytes = cohl_library_larger(job->packed_bytes, packed);
    }
    return true;
}

/* Partial sums by the library; false, with nothing done, when it does not do it. */
static bool run_library_weight(cohl_ctx *ctx, weight_job *whole, int slabs)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    weight_job job = *whole;
    size_t scratch = 0, bytes = cohl_factor_bytes(job.type);
    view made = library_view(ctx, whole->v, job.type);

    job.v = &made;
    job.matrix_bytes = cohl_library_lines((size_t)(CHUNK * view_depth(&made)) * bytes);
    job.dy_bytes = cohl_library_lines((size_t)(CHUNK * made.out) * bytes);
    bool done = find_weight_products(&job, &scratch);
    if (done) {
        job.buffer_bytes = job.matrix_bytes + job.dy_bytes + job.packed_bytes + cohl_library_lines(scratch);
        job.buffer = cohl_library_take(ctx, (size_t)cohl_workers_count(ctx->workers) * job.buffer_bytes);
        if (cohl_ctx_fine(ctx))
            cohl_workers_run(ctx->workers, slabs, library_weight_tile, &job);
    }
    cohl_arena_release(&ctx->scratch, mark);
    return done;
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
    job.type = library_of(ctx, v->channels, v->out);
    if (job.type == COHL_FACTOR_NONE || !run_library_weight(ctx, &job, slabs))
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
