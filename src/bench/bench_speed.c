/* bench_speed.c - how fast, and what share of what the processor can do.
 *
 * Weights are random in the shape of the model that ships, so no model need be there. The
 * products' rate is that of the model's own shapes in this same run: single calls as the back
 * end does them, and oneDNN's on one thread. A training step's operations are counted as 6 a
 * parameter and token and 12 a layer for each pair of tokens and value of width, a denoising
 * step's as a third of that; those of all else as the context counts its products. What has no
 * products is measured by the bytes that it must read and write. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "bench/bench.h"
#include "bench/rates.h"
#include "model/dit.h"
#include "model/text_encoder.h"
#include "model/vae.h"
#include "tensor/backend.h"

enum { DIM = 256, FFN = 768, HEADS = 4, LAYERS = 6, TEXT = 192, TEXT_ROWS = 24, CHANNELS = 48, ROWS = 1920,
       STREAM = 0x737064 };

static const double PATIENCE = 0.6;    /* seconds for one row */
static const double SHARE_TRAINING = 0.5, SHARE_STEP = 0.65;       /* of the products' rate */
static const double FILM_SECONDS = 20, MEMORY_MB = 1000;            /* of the usual film     */

enum { FILM_STEPS = 20, FILM_LATENTS = 21 };     /* 5 s of 320x192: 81 frames, guided */

typedef struct bench_run {
    cohl_ctx           ctx;
    cohl_workers      *workers;
    cohl_bench_report *report;
    double             rate;           /* of products here, operations a second */
    double             unit;           /* operations of one run of what is measured */
    double             counted;        /* the same as the context counts them */
    cohl_tensor       *in[4];
    const cohl_dit    *dit;
    const cohl_vae    *vae;
    const cohl_text_encoder *text;
    int                samples, frames, height, width;
    double             film_seconds;   /* of what the usual film takes, so far */
} bench_run;

typedef void measured_fn(bench_run *r);

static cohl_tensor *draw(cohl_ctx *ctx, int rank, const int64_t *dim)
{
    cohl_tensor *t = cohl_tensor_new(ctx, COHL_F32, rank, dim);
    size_t count = t ? (size_t)cohl_tensor_count(t) : 0;
    float *values = malloc((count + 1) * sizeof *values);
    if (t && values) {
        cohl_rng_fill_normal(values, 0, count, STREAM, 0);
        ctx->backend->upload(ctx, t->data, values, count * sizeof *values);
    }
    free(values);
    return t;
}

static cohl_tensor *matrix(bench_run *r, int64_t rows, int64_t width)
{
    return draw(&r->ctx, 2, (int64_t[]){ rows, width });
}

/* Best seconds of one run; at least two runs, the first to warm up. */
static double best_of(bench_run *r, measured_fn *fn)
{
    double best = 1e30, begin = cohl_clock_seconds();
    for (int i = 0; i < 2 || cohl_clock_seconds() - begin < PATIENCE; i++) {
        cohl_ctx_mark_t mark = cohl_ctx_mark(&r->ctx);
        double start = cohl_clock_seconds(), operations = r->ctx.operations;
        fn(r);
        double seconds = cohl_clock_seconds() - start;
        r->counted = r->ctx.operations - operations;
        cohl_ctx_release(&r->ctx, mark);
        best = seconds < best ? seconds : best;
    }
    return best;
}

/* Rows: milliseconds, and with operations known their rate and share of the products' rate. */
static void tell(bench_run *r, const char *name, double seconds, double floor)
{
    cohl_bench_add(r->report, COHL_BENCH_NO_FLOOR, 0, "ms", seconds * 1e3, "%s", name);
    if (r->unit <= 0)
        return;
    cohl_bench_add(r->report, COHL_BENCH_NO_FLOOR, 0, "GFLOP/s", r->unit / seconds * 1e-9, "%s, rate", name);
    cohl_bench_add(r->report, floor > 0 ? COHL_BENCH_AT_LEAST : COHL_BENCH_NO_FLOOR, floor, "share",
                   r->unit / seconds / r->rate, "%s, share", name);
}

/* unit 0: as the context counts. Returns the seconds of one run. */
static double measure(bench_run *r, const char *name, double unit, double floor, measured_fn *fn)
{
    double seconds = best_of(r, fn);
    r->unit = unit > 0 ? unit : r->counted;
    tell(r, name, seconds, floor);
    return seconds;
}

/* What moves `values` floats and multiplies no matrices. */
static void measure_moving(bench_run *r, const char *name, int64_t values, measured_fn *fn)
{
    double seconds = measure(r, name, 0, 0, fn);
    cohl_bench_add(r->report, COHL_BENCH_NO_FLOOR, 0, "GB/s", 4.0 * (double)values / seconds * 1e-9, "%s, rate", name);
}

/* ---- products --------------------------------------------------------------- */

static void do_linear(bench_run *r) { cohl_linear(&r->ctx, r->in[0], r->in[1], NULL); }

/* The rate of a product as wide as the feed-forward, in a precision. */
static double linear_rate(bench_run *r, cohl_precision precision)
{
    cohl_precision usual = r->ctx.precision;
    cohl_ctx_mark_t mark = cohl_ctx_mark(&r->ctx);
    r->ctx.precision = precision;
    r->in[0] = matrix(r, ROWS, DIM), r->in[1] = matrix(r, FFN, DIM);
    double seconds = best_of(r, do_linear);
    r->ctx.precision = usual;
    cohl_ctx_release(&r->ctx, mark);
    return 2.0 * ROWS * DIM * FFN / seconds;
}

static void measure_products(bench_run *r)
{
    static const struct { cohl_factor type; const char *name; } types[] = {
        { COHL_FACTOR_F32, "f32" }, { COHL_FACTOR_BF16, "bf16" }, { COHL_FACTOR_S8, "int8" },
    };
    r->rate = linear_rate(r, r->ctx.precision);
    cohl_bench_add(r->report, COHL_BENCH_NO_FLOOR, 0, "GFLOP/s", linear_rate(r, COHL_PRECISION_F32) * 1e-9,
                   "products, f32");
    if (r->ctx.precision == COHL_PRECISION_BF16)
        cohl_bench_add(r->report, COHL_BENCH_NO_FLOOR, 0, "GFLOP/s", r->rate * 1e-9, "products, bf16");
    else
        cohl_text_add(&r->report->words, "products in bf16: not on this processor\n");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        double rate = cohl_bench_library_rate(types[i].type, DIM);
        if (rate > 0)
            cohl_bench_add(r->report, COHL_BENCH_NO_FLOOR, 0, "GFLOP/s", rate * 1e-9, "oneDNN %s, one thread",
                           types[i].name);
        else
            cohl_text_addf(&r->report->words, "oneDNN in %s: not on this processor or build\n", types[i].name);
    }
}

/* ---- one layer of each kind --------------------------------------------------- */

static void do_attention(bench_run *r)
{
    cohl_span span = { 0, 300, 0, 300 };
    cohl_attention(&r->ctx, r->in[0], r->in[1], r->in[2], NULL, &span, 1, 0.125f);
}

static void do_rope(bench_run *r) { cohl_rope(&r->ctx, r->in[0], r->in[1]); }
static void do_modulate(bench_run *r)
{
    cohl_layer_norm_modulate(&r->ctx, r->in[0], r->in[1], r->in[1], r->in[3], 1e-6f);
}
static void do_gated_add(bench_run *r) { cohl_gated_add(&r->ctx, r->in[0], r->in[2], r->in[1], r->in[3]); }
static void do_norm(bench_run *r) { cohl_rms_norm(&r->ctx, r->in[0], r->in[1], 1e-6f); }
static void do_gelu(bench_run *r) { cohl_activate(&r->ctx, r->in[0], COHL_GELU_TANH); }

static void do_conv(bench_run *r)
{
    const cohl_conv_params params = { .stride_time = 1, .stride_space = 1, .pad_front = 2, .pad_top = 1,
                                      .pad_bottom = 1, .pad_left = 1, .pad_right = 1 };
    cohl_conv(&r->ctx, r->in[0], NULL, r->in[1], NULL, &params);
}

/* As large as a step of film: modulation and gates have a row for each latent frame. */
static void measure_moves(bench_run *r)
{
    const int64_t rows = ROWS, width = DIM;
    static int32_t group[ROWS];
    for (int i = 0; i < ROWS; i++)
        group[i] = i * FILM_LATENTS / ROWS;
    r->in[0] = draw(&r->ctx, 3, (int64_t[]){ rows, HEADS, width / HEADS });
    r->in[1] = draw(&r->ctx, 3, (int64_t[]){ rows, width / HEADS / 2, 2 });
    measure_moving(r, "rotary", 2 * rows * width + rows * width / HEADS, do_rope);
    r->in[0] = matrix(r, rows, width), r->in[1] = matrix(r, FILM_LATENTS, width), r->in[2] = matrix(r, rows, width);
    r->in[3] = cohl_tensor_upload(&r->ctx, group, COHL_I32, 1, &rows);
    measure_moving(r, "norm and modulation", 2 * rows * width, do_modulate);
    measure_moving(r, "gated addition", 3 * rows * width, do_gated_add);
    r->in[1] = draw(&r->ctx, 1, &width);
    measure_moving(r, "norm", 2 * rows * width, do_norm);
    r->in[0] = matrix(r, rows, FFN);
    measure_moving(r, "gelu", 2 * rows * FFN, do_gelu);
}

static void measure_layers(bench_run *r)
{
    cohl_ctx_mark_t mark = cohl_ctx_mark(&r->ctx);
    r->in[0] = matrix(r, ROWS, DIM), r->in[1] = matrix(r, FFN, DIM);
    measure(r, "linear", 0, 0, do_linear);
    for (int i = 0; i < 3; i++)
        r->in[i] = draw(&r->ctx, 3, (int64_t[]){ 300, HEADS, DIM / HEADS });
    measure(r, "attention", 0, 0, do_attention);
    measure_moves(r);
    r->in[0] = draw(&r->ctx, 4, (int64_t[]){ 5, 32, 32, CHANNELS });
    r->in[1] = draw(&r->ctx, 5, (int64_t[]){ CHANNELS, CHANNELS, 3, 3, 3 });
    measure(r, "conv", 0, 0, do_conv);
    cohl_ctx_release(&r->ctx, mark);
}

/* ---- whole networks ------------------------------------------------------------- */

/* One pass over r->samples samples of r->frames x r->height x r->width latent cells. */
static cohl_tensor *pass(bench_run *r)
{
    cohl_dit_sample sample[64];
    float time[64 * 32];
    for (int i = 0; i < r->samples; i++)
        sample[i] = (cohl_dit_sample){ r->frames, r->height, r->width, i * TEXT_ROWS, TEXT_ROWS };
    for (int i = 0; i < r->samples * r->frames; i++)
        time[i] = 500;
    cohl_dit_request request = { .sample = sample, .sample_count = r->samples, .text = r->in[1] };
    cohl_dit_clip *clip = cohl_dit_clip_open(&r->ctx, r->dit, &request);
    return cohl_dit_forward(&r->ctx, r->dit, clip, r->in[0], time);
}

static void do_step(bench_run *r) { pass(r); }

static void do_training_step(bench_run *r)
{
    cohl_error err;
    if (cohl_tape_new(&r->ctx.tape, &err))
        return;
    cohl_tape_backward(&r->ctx, cohl_loss_mse(&r->ctx, pass(r), r->in[0], NULL), 1, &err);
    cohl_tape_free(r->ctx.tape);
    r->ctx.tape = NULL;
}

/* Returns the seconds of one. */
static double measure_step(bench_run *r, int samples, int frames, bool training)
{
    r->samples = samples, r->frames = frames, r->height = 12, r->width = 20;
    int64_t cells = (int64_t)samples * frames * r->height * r->width;
    double tokens = (double)cells / samples / (COHL_DIT_PATCH * COHL_DIT_PATCH);
    double unit = samples * (2.0 * (double)cohl_params_size(&r->dit->params) * tokens
                             + 4.0 * LAYERS * tokens * tokens * DIM);
    char name[64];
    cohl_ctx_mark_t mark = cohl_ctx_mark(&r->ctx);

    r->in[0] = matrix(r, cells, CHANNELS), r->in[1] = matrix(r, samples * TEXT_ROWS, TEXT);
    snprintf(name, sizeof name, "%s, %d of %.0f tokens", training ? "training step" : "step", samples, tokens);
    double floor = training ? SHARE_TRAINING : frames == FILM_LATENTS ? SHARE_STEP : 0;
    double seconds = measure(r, name, training ? 3 * unit : unit, floor, training ? do_training_step : do_step);
    cohl_ctx_release(&r->ctx, mark);
    return seconds;
}

static cohl_status measure_dit(bench_run *r, cohl_error *err)
{
    const cohl_dit_config config = {
        .in_dim = CHANNELS, .out_dim = CHANNELS, .dim = DIM, .ffn_dim = FFN, .num_heads = HEADS,
        .num_layers = LAYERS, .freq_dim = 128, .text_dim = TEXT, .text_len = 64, .eps = 1e-6f,
        .pooled_text_dim = TEXT,
    };
    cohl_dit *dit = NULL;
    cohl_status st = cohl_dit_new(&dit, &config, err);
    if (!st) st = cohl_params_alloc(&dit->params, &r->ctx, &(cohl_params_use){ .train = true }, err);
    if (!st) st = cohl_params_start(&dit->params, 1, err);
    r->dit = dit;
    if (!st) {
        measure_step(r, 2, 1, false);
        measure_step(r, 2, 5, false);
        r->film_seconds = FILM_STEPS * measure_step(r, 2, FILM_LATENTS, false);
        cohl_bench_add(r->report, COHL_BENCH_AT_MOST, MEMORY_MB, "MB", (double)cohl_peak_resident_bytes() * 1e-6,
                       "memory, sampling 5 s");
        measure_step(r, 32, 1, true);
        measure_step(r, 4, 5, true);
    }
    cohl_dit_free(dit);
    return st;
}

static void do_text(bench_run *r)
{
    int32_t id[TEXT_ROWS];
    for (int i = 0; i < TEXT_ROWS; i++)
        id[i] = i + 1;
    cohl_text_encode(&r->ctx, r->text, id, (int[]){ TEXT_ROWS }, 1);
}

static cohl_status measure_text(bench_run *r, cohl_error *err)
{
    const cohl_text_encoder_config config = {
        .vocab = 1280, .dim = TEXT, .dim_attn = TEXT, .dim_ffn = 512, .num_heads = 4, .num_layers = 2,
        .num_buckets = 32, .max_distance = 128, .eps = 1e-6f,
    };
    cohl_text_encoder *text = NULL;
    cohl_status st = cohl_text_encoder_new(&text, &config, err);
    if (!st) st = cohl_params_alloc(&text->params, &r->ctx, &(cohl_params_use){ .train = false }, err);
    if (!st) st = cohl_params_start(&text->params, 1, err);
    r->text = text;
    if (!st)
        measure(r, "text", 0, 0, do_text);
    cohl_text_encoder_free(text);
    return st;
}

static void do_encode(bench_run *r) { cohl_vae_encode(&r->ctx, r->vae, r->in[0]); }
static void do_decode(bench_run *r) { cohl_vae_decode(&r->ctx, r->vae, r->in[1]); }

/* All of a film, piece by piece as it is done. */
static cohl_status decode_film(bench_run *r, cohl_error *err)
{
    cohl_vae_stream *stream;
    cohl_status st = cohl_vae_stream_open(&stream, &r->ctx, r->vae, COHL_VAE_DECODE, err);
    if (st)
        return st;
    double start = cohl_clock_seconds(), operations = r->ctx.operations;
    for (int i = 0; i < FILM_LATENTS; i++) {
        cohl_ctx_mark_t mark = cohl_ctx_mark(&r->ctx);
        cohl_vae_stream_next(stream, r->in[1]);
        cohl_ctx_release(&r->ctx, mark);
    }
    double seconds = cohl_clock_seconds() - start;
    cohl_vae_stream_close(stream);
    r->unit = r->ctx.operations - operations;
    tell(r, "decode 81 frames, streaming", seconds, 0);
    r->film_seconds += seconds;
    return COHL_OK;
}

static cohl_status measure_vae(bench_run *r, cohl_error *err)
{
    cohl_vae_config config = { .dim = 48, .dec_dim = 48, .z_dim = CHANNELS, .patch = 4, .stage_count = 3,
                               .dim_mult = { 1, 2, 2 }, .num_res_blocks = 1, .temporal_down = { true, true } };
    cohl_vae *vae = NULL;
    for (int i = 0; i < CHANNELS; i++)
        config.latent_std[i] = 1;
    cohl_status st = cohl_vae_new(&vae, &config, err);
    if (!st) st = cohl_params_alloc(&vae->params, &r->ctx, &(cohl_params_use){ .train = false }, err);
    if (!st) st = cohl_params_start(&vae->params, 1, err);
    r->vae = vae;
    if (!st) {
        r->in[0] = draw(&r->ctx, 4, (int64_t[]){ 5, 192, 320, 3 });
        r->in[1] = draw(&r->ctx, 4, (int64_t[]){ 2, 12, 20, CHANNELS });
        measure(r, "encode 5 frames", 0, 0, do_encode);
        measure(r, "decode 5 frames", 0, 0, do_decode);
        r->in[1] = draw(&r->ctx, 4, (int64_t[]){ 1, 12, 20, CHANNELS });
        st = decode_film(r, err);
    }
    cohl_vae_free(vae);
    return st;
}

/* Speed is the machine's only when nothing else runs on it. */
static void note_load(cohl_bench_report *report, int threads)
{
    double load;
    if (getloadavg(&load, 1) == 1 && load > 0.25 * threads)
        cohl_text_addf(&report->words, "other programs ran: a load of %.1f on %d threads before this began; the rows "
                       "are theirs too\n", load, threads);
}

cohl_status cohl_bench_speed(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err)
{
    bench_run r = { .report = report };
    const cohl_backend *backend = cohl_backend_best();
    cohl_status st = cohl_workers_new(&r.workers, params->threads, err);
    cohl_ctx_params ctx = { .backend = backend, .workers = r.workers,
                            .precision = cohl_backend_fast_precision(backend) };
    if (!st && !(st = cohl_ctx_open(&r.ctx, &ctx, err))) {
        note_load(report, cohl_workers_count(r.workers));
        measure_products(&r);
        measure_layers(&r);
        st = measure_text(&r, err);
        if (!st) st = measure_dit(&r, err);
        if (!st) st = measure_vae(&r, err);
        if (!st)
            cohl_bench_add(report, COHL_BENCH_AT_MOST, FILM_SECONDS, "s", r.film_seconds,
                           "film of 5 s, 20 guided steps and decoding");
        if (!st) st = cohl_ctx_status(&r.ctx, err);
        cohl_ctx_close(&r.ctx);
    }
    cohl_workers_free(r.workers);
    return st;
}
