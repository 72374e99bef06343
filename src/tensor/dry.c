/* dry.c - a back end that computes nothing: what a forward pass would take. */
#include "tensor/dry.h"

#include <stdlib.h>

typedef struct dry { size_t taken, peak; } dry;

/* So much is taken now, and `inside` more within an operation. */
static void note(cohl_ctx *ctx, size_t inside)
{
    dry *d = ctx->device;
    size_t now = d->taken + ctx->scratch.used + inside;
    d->peak = now > d->peak ? now : d->peak;
}

size_t cohl_dry_peak(cohl_ctx *ctx)
{
    dry *d = ctx->device;
    size_t peak = d->peak;
    d->peak = 0;
    return peak;
}

static size_t bytes_of(cohl_in t) { return t ? (size_t)cohl_tensor_count(t) * sizeof(float) : 0; }

/* The right factor packed, and a copy where it is rounded; the left one's copy where it is. In eight bits only the
 * left one is copied. */
static size_t product(const cohl_ctx *ctx, cohl_in x, cohl_in w)
{
    bool rounds = ctx->precision == COHL_PRECISION_BF16;
    if (w->dtype == COHL_Q8)
        return bytes_of(x) / 2;
    return bytes_of(w) * (rounds && w->dtype == COHL_F32 ? 2 : 1) + (rounds ? bytes_of(x) : 0);
}

/* ---- memory -------------------------------------------------------------- */

static cohl_status dry_open(cohl_ctx *ctx, size_t scratch_bytes, cohl_error *err)
{
    dry *d = calloc(1, sizeof *d);
    if (!d)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to count memory");
    cohl_status st = cohl_arena_open(&ctx->scratch, scratch_bytes, err);
    ctx->device = d;
    if (st)
        free(d);
    return st;
}

static void dry_close(cohl_ctx *ctx)
{
    cohl_arena_close(&ctx->scratch);
    free(ctx->device);
}

/* What stands for the memory remembers how much it is. */
static void *dry_alloc(cohl_ctx *ctx, size_t bytes)
{
    size_t *data = malloc(sizeof *data);
    if (!data)
        return NULL;
    *data = bytes;
    ((dry *)ctx->device)->taken += bytes;
    note(ctx, 0);
    return data;
}

static void dry_free(cohl_ctx *ctx, void *data)
{
    if (data)
        ((dry *)ctx->device)->taken -= *(size_t *)data;
    free(data);
}

static void dry_upload(cohl_ctx *ctx, void *data, const void *host, size_t bytes) { note(ctx, 0); }
static void dry_download(cohl_ctx *ctx, void *host, const void *data, size_t bytes) { note(ctx, 0); }
static void dry_clear(cohl_ctx *ctx, void *data, size_t bytes) { note(ctx, 0); }
static void dry_copy(cohl_ctx *ctx, void *to, const void *from, size_t bytes) { note(ctx, 0); }

/* ---- products ------------------------------------------------------------ */

static void dry_linear(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b) { note(ctx, product(ctx, x, w)); }

/* Kernels of 3x3 are packed as 4x4, and each thread brings 48 tiles to 16 places (cpu/winograd.c). */
static size_t winograd(const cohl_ctx *ctx, cohl_in w)
{
    size_t sides = (size_t)(w->dim[1] * w->dim[2] + w->dim[0]);
    if (w->dim[3] != 3 || w->dim[4] != 3)
        return 0;
    return bytes_of(w) * 7 / 9 + (size_t)cohl_workers_count(ctx->workers) * 16 * 48 * sides * sizeof(float);
}

static void dry_conv(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in history, cohl_in w, cohl_in b,
                     const cohl_conv_params *params)
{
    size_t widened = w->dtype == COHL_BF16 ? bytes_of(w) : 0;
    note(ctx, product(ctx, x, w) + widened + winograd(ctx, w));
}

/* Keys and values are packed for every head. */
static void dry_attention(cohl_ctx *ctx, cohl_tensor *y, cohl_tensor *lse, cohl_in q, cohl_in k, cohl_in v,
                          cohl_in bias, const cohl_span *spans, int span_count, float scale)
{
    bool rounds = ctx->precision == COHL_PRECISION_BF16;
    note(ctx, 2 * bytes_of(k) + (rounds ? bytes_of(q) + 2 * bytes_of(k) : 0));
}

/* ---- the rest needs nothing inside --------------------------------------- */

static void dry_rms_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, float eps) { note(ctx, 0); }
static void dry_channel_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, bool silu) { note(ctx, 0); }
static void dry_layer_norm(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in gain, cohl_in bias, float eps)
{
    note(ctx, 0);
}
static void dry_layer_norm_modulate(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in shift, cohl_in scale, cohl_in row,
                                    float eps)
{
    note(ctx, 0);
}
static void dry_gated_add(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in h, cohl_in gate, cohl_in row) { note(ctx, 0); }
static void dry_two(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b) { note(ctx, 0); }
static void dry_axpy(cohl_ctx *ctx, cohl_tensor *y, float factor, cohl_in x) { note(ctx, 0); }
static void dry_scale(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, float factor) { note(ctx, 0); }
static void dry_activate(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_activation f) { note(ctx, 0); }
static void dry_rope(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in turn, bool inverse, bool add) { note(ctx, 0); }
static void dry_permute(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, const int *order, bool add) { note(ctx, 0); }
static void dry_slice(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int axis, int64_t at) { note(ctx, 0); }
static void dry_slice_into(cohl_ctx *ctx, cohl_tensor *x, cohl_in y, int axis, int64_t at, bool add) { note(ctx, 0); }
static void dry_upsample(cohl_ctx *ctx, cohl_tensor *y, cohl_in x) { note(ctx, 0); }
static void dry_average_down(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int ft, int fs) { note(ctx, 0); }
static void dry_repeat_up(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, int ft, int fs, int drop) { note(ctx, 0); }
static void dry_mean_ranges(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, const cohl_range *ranges, int count)
{
    note(ctx, 0);
}

const cohl_backend cohl_backend_dry = {
    .name = "dry",
    .open = dry_open, .close = dry_close, .alloc = dry_alloc, .free = dry_free, .upload = dry_upload,
    .download = dry_download, .clear = dry_clear, .copy = dry_copy,
    .linear = dry_linear, .conv = dry_conv, .attention = dry_attention,
    .rms_norm = dry_rms_norm, .channel_norm = dry_channel_norm, .layer_norm = dry_layer_norm,
    .layer_norm_modulate = dry_layer_norm_modulate, .gated_add = dry_gated_add,
    .add = dry_two, .mul = dry_two, .add_row = dry_two, .gather = dry_two,
    .axpy = dry_axpy, .scale = dry_scale, .activate = dry_activate, .rope = dry_rope, .permute = dry_permute,
    .slice = dry_slice, .slice_into = dry_slice_into, .upsample = dry_upsample, .average_down = dry_average_down,
    .repeat_up = dry_repeat_up, .mean_ranges = dry_mean_ranges,
};
