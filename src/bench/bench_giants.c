/* bench_giants.c - how fast the giants run here, and how exact: the transformer of Wan 2.1 1.3B, its
 * autoencoder and the fast one, with random weights of their real size.
 *
 * A row is seconds and what share of the processor that is: operations a second of processor time
 * against those of oneDNN's products in the same type, measured right before and after on as many threads.
 * Processor time, so that a share is the same beside other programs; seconds are the wall's. A pass is measured
 * when its memory has been touched, as all of a film's but the first are. The error of a pass in
 * bf16 or int8 is against the same pass in f32, relative root mean square. With params->quick
 * seconds are computed from a pass of two blocks, or a sixteenth of the picture, by operations. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/rng.h"
#include "bench/bench.h"
#include "bench/giants_memory.h"
#include "bench/giants_weights.h"
#include "bench/rates.h"
#include "model/dit.h"
#include "model/taehv.h"
#include "model/vae.h"
#include "tensor/backend.h"

enum { TEXT_ROWS = 24, HEADS = 12, DIM = 1536, LAYERS = 30, QUICK_LAYERS = 2, QUICK_PART = 4, Z = 16, SEED = 9 };

typedef struct giants {
    cohl_bench_report       *report;
    const cohl_bench_params *params;
    cohl_workers            *workers;
    bool                     here[COHL_FACTOR_S8 + 1];    /* types that oneDNN multiplies */
    float                   *truth;                       /* velocities of the small film's pass in f32 */
} giants;

/* What one measured piece of work took. */
typedef struct effort { double seconds, cpu_seconds, operations, peak_bytes, rate; } effort;

typedef struct film_size { int frames, height, width; } film_size;      /* of the latent */
static const film_size small_film = { 5, 32, 32 }, large_film = { 9, 34, 60 };

typedef struct giant_row giant_row;
typedef cohl_status giant_fn(giants *g, const giant_row *row, cohl_error *err);

/* A row of the table: what it is, what of it is asked. Shares are those of a floor in seconds of a
 * machine of 800 GFLOP/s in bf16 and 1500 in int8. */
struct giant_row {
    const char *name, *about;
    giant_fn   *run;
    cohl_dtype  dtype;
    const film_size *size;
    double      share, megabytes, error;       /* floors; 0 = none */
};

/* ---- measuring ------------------------------------------------------------- */

static cohl_factor factor_of(cohl_dtype dtype)
{
    return dtype == COHL_Q8 ? COHL_FACTOR_S8 : dtype == COHL_BF16 ? COHL_FACTOR_BF16 : COHL_FACTOR_F32;
}

/* Products a second and thread just now; of a type that is not here F32's. */
static double rate_of(const giants *g, cohl_dtype dtype)
{
    cohl_factor type = factor_of(dtype);
    return cohl_bench_library_rate_together(g->workers, g->here[type] ? type : COHL_FACTOR_F32, DIM);
}

static effort begin_effort(const giants *g, const cohl_ctx *ctx, cohl_dtype dtype)
{
    double rate = rate_of(g, dtype);
    return (effort){ cohl_clock_seconds(), cohl_clock_cpu_seconds(), ctx->operations, 0, rate };
}

static effort end_effort(const giants *g, const cohl_ctx *ctx, cohl_dtype dtype, effort begun)
{
    effort e = { cohl_clock_seconds() - begun.seconds, cohl_clock_cpu_seconds() - begun.cpu_seconds,
                 ctx->operations - begun.operations, (double)cohl_peak_resident_bytes(), begun.rate };
    double after = rate_of(g, dtype);
    e.rate = e.rate > 0 && after > 0 ? (e.rate + after) / 2 : 0;
    return e;
}

/* whole: operations of all of the work, of which e may be a part. */
static void tell(giants *g, const giant_row *row, effort e, double whole, bool memory)
{
    double speed = e.operations / e.seconds, of_cpu = e.operations / e.cpu_seconds;
    cohl_bench_add(g->report, COHL_BENCH_NO_FLOOR, 0, "s", whole / speed, "%s%s", row->name,
                   whole > 1.01 * e.operations ? ", computed from a part" : "");
    cohl_bench_add(g->report, COHL_BENCH_NO_FLOOR, 0, "GFLOP/s", speed * 1e-9, "%s, rate", row->name);
    cohl_bench_add(g->report, row->share > 0 ? COHL_BENCH_AT_LEAST : COHL_BENCH_NO_FLOOR, row->share, "share",
                   e.rate > 0 ? of_cpu / e.rate : NAN, "%s, share", row->name);
    if (memory)
        cohl_bench_add(g->report, row->megabytes > 0 ? COHL_BENCH_AT_MOST : COHL_BENCH_NO_FLOOR, row->megabytes, "MB",
                       e.peak_bytes * 1e-6, "%s, memory", row->name);
}

static cohl_tensor *draw(cohl_ctx *ctx, uint64_t stream, int rank, const int64_t *dim)
{
    cohl_tensor *t = cohl_tensor_new(ctx, COHL_F32, rank, dim);
    size_t count = t ? (size_t)cohl_tensor_count(t) : 0;
    float *values = malloc((count + 1) * sizeof *values);
    if (t && values) {
        cohl_rng_fill_normal(values, 0, count, SEED, stream);
        ctx->backend->upload(ctx, t->data, values, count * sizeof *values);
    }
    free(values);
    return t;
}

static cohl_status open_ctx(giants *g, cohl_ctx *ctx, cohl_dtype dtype, cohl_error *err)
{
    cohl_precision wide = dtype == COHL_Q8 ? cohl_backend_fast_precision(cohl_backend_best()) : COHL_PRECISION_F32;
    return cohl_ctx_open(ctx, &(cohl_ctx_params){
        .workers = g->workers, .precision = dtype == COHL_BF16 ? COHL_PRECISION_BF16 : wide }, err);
}

static double relative_rms(const float *a, const float *b, size_t count)
{
    double difference = 0, size = 1e-30;
    for (size_t i = 0; i < count; i++) {
        difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        size += (double)b[i] * b[i];
    }
    return sqrt(difference / size);
}

/* ---- the transformer --------------------------------------------------------- */

static const cohl_dit_config wan_13b = {
    .in_dim = Z, .out_dim = Z, .dim = DIM, .ffn_dim = 8960, .num_heads = HEADS, .num_layers = LAYERS,
    .freq_dim = 256, .text_dim = 4096, .text_len = 512, .eps = 1e-6f,
};

static size_t velocity_count(const film_size *s) { return (size_t)s->frames * (size_t)s->height * (size_t)s->width * Z; }

/* One pass at noise level 500, after one of a single block where *e, its effort, is asked for (else NULL); velocity
 * on the host. What a clip works out once is not counted. */
static void pass(const giants *g, cohl_ctx *ctx, const cohl_dit *dit, cohl_dtype dtype, const film_size *s,
                 float *velocity, effort *e)
{
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_dit_sample sample = { s->frames, s->height, s->width, 0, TEXT_ROWS };
    float time[16] = { 500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 500 };
    int64_t cells = (int64_t)s->frames * s->height * s->width;
    cohl_tensor *text = draw(ctx, 1, 2, (int64_t[]){ TEXT_ROWS, dit->config.text_dim });
    cohl_tensor *latent = draw(ctx, 2, 2, (int64_t[]){ cells, dit->config.in_dim });
    cohl_dit_request request = { .sample = &sample, .sample_count = 1, .text = text };
    cohl_dit_clip *clip = cohl_dit_clip_open(ctx, dit, &request);
    if (e) {
        cohl_dit one = *dit;
        one.config.num_layers = 1;
        cohl_dit_forward(ctx, &one, clip, latent, time);
        *e = begin_effort(g, ctx, dtype);
    }
    cohl_tensor *y = cohl_dit_forward(ctx, dit, clip, latent, time);
    if (e)
        *e = end_effort(g, ctx, dtype, *e);
    cohl_tensor_download(ctx, velocity, y);
    cohl_ctx_release(ctx, mark);
}

/* Operations of one pass through all blocks, from those of a pass through some. */
static double whole_pass(double operations, const cohl_dit_config *c, const film_size *s)
{
    double tokens = (double)s->frames * s->height * s->width / 4, dim = c->dim;
    double block = 2 * tokens * (6 * dim * dim + 2 * dim * c->ffn_dim) + 4 * tokens * tokens * dim
                 + 4 * tokens * c->text_len * dim;
    return operations + (LAYERS - c->num_layers) * block;
}

static cohl_status open_dit(giants *g, cohl_dit **out, cohl_ctx *ctx, cohl_dtype dtype, cohl_error *err)
{
    cohl_dit_config config = wan_13b;
    cohl_giants_use use = { .workers = g->workers, .stored = !g->params->quick, .say = g->params->say };
    cohl_weights *weights = NULL;
    config.num_layers = g->params->quick ? QUICK_LAYERS : LAYERS;
    cohl_status st = cohl_dit_new(out, &config, err);
    if (!st) st = cohl_giants_weights_open(&weights, &(*out)->params, "wan2.1-t2v-1.3b", &use, err);
    if (!st) st = cohl_params_alloc(&(*out)->params, ctx, &(cohl_params_use){ .dtype = dtype }, err);
    if (!st) st = cohl_params_load(&(*out)->params, weights, COHL_SURPLUS_ALLOWED, err);
    cohl_weights_close(weights);
    return st;
}

/* A pass in a type, on a context and a network of its own. */
static cohl_status run_pass(giants *g, cohl_dtype dtype, const film_size *size, float *velocity, effort *e,
                            double *whole, cohl_error *err)
{
    cohl_ctx ctx = { 0 };
    cohl_dit *dit = NULL;
    cohl_peak_resident_forget();
    cohl_status st = open_ctx(g, &ctx, dtype, err);
    if (st)
        return st;
    if (!(st = open_dit(g, &dit, &ctx, dtype, err))) {
        pass(g, &ctx, dit, dtype, size, velocity, e);
        *whole = whole_pass(e->operations, &dit->config, size);
        st = cohl_ctx_status(&ctx, err);
    }
    cohl_dit_free(dit);
    cohl_ctx_close(&ctx);
    return st;
}

/* The f32 pass that others are held against, once. */
static cohl_status find_truth(giants *g, effort *e, double *whole, cohl_error *err)
{
    if (g->truth)
        return COHL_OK;
    if (!(g->truth = malloc(velocity_count(&small_film) * sizeof *g->truth)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a pass");
    return run_pass(g, COHL_F32, &small_film, g->truth, e, whole, err);
}

static cohl_status measure_pass(giants *g, const giant_row *row, cohl_error *err)
{
    effort e;
    double whole;
    cohl_status st;
    if (row->dtype == COHL_F32) {
        if (!(st = find_truth(g, &e, &whole, err)))
            tell(g, row, e, whole, !g->params->quick);
        return st;
    }
    bool exact = row->size == &small_film;
    float *velocity = malloc(velocity_count(row->size) * sizeof *velocity);
    if (!velocity)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a pass");
    st = exact ? find_truth(g, &e, &whole, err) : COHL_OK;
    if (!st) st = run_pass(g, row->dtype, row->size, velocity, &e, &whole, err);
    if (!st) tell(g, row, e, whole, !g->params->quick);
    if (!st && exact)
        cohl_bench_add(g->report, COHL_BENCH_AT_MOST, row->error, "of 1",
                       relative_rms(velocity, g->truth, velocity_count(row->size)), "%s, error%s", row->name,
                       g->params->quick ? " of 2 blocks" : "");
    free(velocity);
    return st;
}

/* ---- which layers eight bits are enough for ---------------------------------------- */

static const film_size few_tokens = { 2, 12, 16 };

/* Parts of parameters' names; NULL stands for those that `--precision int8` brings to eight bits. */
static const char *const layer_types[] = {
    "self_attn.q.", "self_attn.k.", "self_attn.v.", "self_attn.o.", "cross_attn.q.", "cross_attn.k.", "cross_attn.v.",
    "cross_attn.o.", "ffn.0.", "ffn.2.", "patch_embedding.", "text_embedding.", "time_embedding.", "time_projection.",
    "head.head.", NULL,
};
enum { LAYER_TYPES = sizeof layer_types / sizeof *layer_types };

/* A network to ask, and its velocities with all weights wide. */
typedef struct asked {
    const char      *name;
    cohl_dit_config  config;
    cohl_weights    *weights;
    float           *truth, *velocity;
} asked;

/* velocity: of a pass where only the matrices of a type are in eight bits; wide: none are. */
static cohl_status pass_of_type(giants *g, const asked *a, const char *type, bool wide, float *velocity, cohl_error *err)
{
    cohl_ctx ctx = { 0 };
    cohl_dit *dit = NULL;
    cohl_status st = open_ctx(g, &ctx, COHL_F32, err);
    if (st)
        return st;
    st = cohl_dit_new(&dit, &a->config, err);
    for (int i = 0; !st && (wide || type) && i < dit->params.count; i++) {
        cohl_param *param = &dit->params.item[i];
        param->eight = !wide && param->narrow && strstr(param->name, type);
    }
    if (!st) st = cohl_params_alloc(&dit->params, &ctx, &(cohl_params_use){ .dtype = COHL_Q8 }, err);
    if (!st) st = cohl_params_load(&dit->params, a->weights, COHL_SURPLUS_ALLOWED, err);
    if (!st) {
        pass(g, &ctx, dit, COHL_F32, &few_tokens, velocity, NULL);
        st = cohl_ctx_status(&ctx, err);
    }
    cohl_dit_free(dit);
    cohl_ctx_close(&ctx);
    return st;
}

static cohl_status ask_types(giants *g, asked *a, cohl_error *err)
{
    size_t count = velocity_count(&few_tokens) / Z * (size_t)a->config.out_dim;
    a->truth = malloc(count * sizeof *a->truth), a->velocity = malloc(count * sizeof *a->velocity);
    if (!a->truth || !a->velocity)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a pass");
    cohl_status st = pass_of_type(g, a, NULL, true, a->truth, err);
    for (int i = 0; i < LAYER_TYPES && !st; i++)
        if (!(st = pass_of_type(g, a, layer_types[i], false, a->velocity, err)))
            cohl_bench_add(g->report, COHL_BENCH_NO_FLOOR, 0, "of 1", relative_rms(a->velocity, a->truth, count),
                           "%s, int8: %s", a->name, layer_types[i] ? layer_types[i] : "as used");
    return st;
}

static cohl_status ask_trained(giants *g, cohl_error *err)
{
    asked a = { .name = "trained" };
    cohl_config *json = NULL;
    char *folder = cohl_bench_part(g->params, "transformer"), *config = folder ? cohl_path_join(folder, "config.json") : NULL;
    cohl_status st = config ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    if (!st) st = cohl_config_open(&json, config, err);
    if (!st) st = cohl_dit_config_read(&a.config, json, err);
    if (!st) st = cohl_weights_open(&a.weights, folder, err);
    if (!st) st = ask_types(g, &a, err);
    cohl_config_close(json);
    cohl_weights_close(a.weights);
    free(a.truth), free(a.velocity);
    free(folder), free(config);
    return st;
}

static cohl_status ask_random(giants *g, cohl_error *err)
{
    asked a = { .name = "1.3B", .config = wan_13b };
    cohl_giants_use use = { .workers = g->workers, .stored = true, .say = g->params->say };
    cohl_dit *dit = NULL;
    cohl_status st = cohl_dit_new(&dit, &a.config, err);
    if (!st) st = cohl_giants_weights_open(&a.weights, &dit->params, "wan2.1-t2v-1.3b", &use, err);
    if (!st) st = ask_types(g, &a, err);
    cohl_dit_free(dit);
    cohl_weights_close(a.weights);
    free(a.truth), free(a.velocity);
    return st;
}

/* A model that was trained; and, as that is small, random weights of the giant's size. */
static cohl_status measure_types(giants *g, const giant_row *row, cohl_error *err)
{
    cohl_status st = ask_trained(g, err);
    return st || g->params->quick ? st : ask_random(g, err);
}

/* ---- attention ----------------------------------------------------------------- */

static cohl_status measure_attention(giants *g, const giant_row *row, cohl_error *err)
{
    cohl_ctx ctx;
    cohl_status st = open_ctx(g, &ctx, row->dtype, err);
    if (st)
        return st;
    int tokens = row->size->frames * row->size->height * row->size->width / 4;
    cohl_span span = { 0, tokens, 0, tokens };
    cohl_tensor *in[3];
    for (int i = 0; i < 3; i++)
        in[i] = draw(&ctx, (uint64_t)i, 3, (int64_t[]){ tokens, HEADS, DIM / HEADS });
    effort best = { .cpu_seconds = 1e30 };
    for (int i = 0; i < (g->params->quick ? 2 : 4); i++) {       /* the first touches its memory */
        cohl_ctx_mark_t mark = cohl_ctx_mark(&ctx);
        effort e = begin_effort(g, &ctx, row->dtype);
        cohl_attention(&ctx, in[0], in[1], in[2], NULL, &span, 1, 1 / sqrtf((float)DIM / HEADS));
        e = end_effort(g, &ctx, row->dtype, e);
        cohl_ctx_release(&ctx, mark);
        if (i > 0 && e.cpu_seconds < best.cpu_seconds)
            best = e;
    }
    st = cohl_ctx_status(&ctx, err);
    if (!st)
        tell(g, row, best, best.operations, false);
    cohl_ctx_close(&ctx);
    return st;
}

/* ---- decoders -------------------------------------------------------------------- */

/* Either decoder, a latent frame at a time. */
typedef struct decoder {
    cohl_vae_stream   *vae;
    cohl_taehv_stream *taehv;
} decoder;

/* A film of latents, streamed; its frames are left as they come. */
static effort decode(const giants *g, cohl_ctx *ctx, const decoder *d, cohl_dtype dtype, film_size s)
{
    effort e = begin_effort(g, ctx, dtype);
    for (int i = 0; i < s.frames; i++) {
        cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
        cohl_tensor *latent = draw(ctx, (uint64_t)i, 4, (int64_t[]){ 1, s.height, s.width, Z });
        if (d->vae)
            cohl_vae_stream_next(d->vae, latent);
        else
            cohl_taehv_stream_next(d->taehv, latent);
        cohl_ctx_release(ctx, mark);
    }
    return end_effort(g, ctx, dtype, e);
}

/* first: of the parameters that are held. */
static cohl_status load(giants *g, cohl_params *params, int first, cohl_ctx *ctx, const char *name, cohl_error *err)
{
    cohl_giants_use use = { .workers = g->workers, .stored = !g->params->quick, .say = g->params->say };
    cohl_weights *weights = NULL;
    cohl_status st = cohl_giants_weights_open(&weights, params, name, &use, err);
    if (!st) st = cohl_params_alloc(params, ctx, &(cohl_params_use){ .dtype = COHL_F32, .first = first }, err);
    if (!st) st = cohl_params_load(params, weights, COHL_SURPLUS_REFUSED, err);
    cohl_weights_close(weights);
    return st;
}

static void tell_decoding(giants *g, const giant_row *row, cohl_ctx *ctx, const decoder *d)
{
    film_size size = *row->size;
    if (g->params->quick)
        size.height /= QUICK_PART, size.width /= QUICK_PART;
    double share = (double)(row->size->height * row->size->width) / (size.height * size.width);
    effort e = decode(g, ctx, d, row->dtype, size);
    tell(g, row, e, share * e.operations, !g->params->quick);
}

static cohl_status measure_vae(giants *g, const giant_row *row, cohl_error *err)
{
    cohl_vae_config config = { .dim = 96, .dec_dim = 96, .z_dim = Z, .patch = 1, .stage_count = 4, .plain = true,
                               .dim_mult = { 1, 2, 4, 4 }, .num_res_blocks = 2, .temporal_down = { false, true, true } };
    cohl_vae *vae = NULL;
    decoder d = { 0 };
    cohl_ctx ctx;
    for (int i = 0; i < Z; i++)
        config.latent_std[i] = 1;
    cohl_peak_resident_forget();
    cohl_status st = open_ctx(g, &ctx, row->dtype, err);
    if (st)
        return st;
    st = cohl_vae_new(&vae, &config, err);
    if (!st) st = load(g, &vae->params, 0, &ctx, "wan2.1-vae", err);
    if (!st) st = cohl_vae_stream_open(&d.vae, &ctx, vae, COHL_VAE_DECODE, err);
    if (!st) tell_decoding(g, row, &ctx, &d);
    if (!st) st = cohl_ctx_status(&ctx, err);
    cohl_vae_stream_close(d.vae);
    cohl_vae_free(vae);
    cohl_ctx_close(&ctx);
    return st;
}

static cohl_status measure_taehv(giants *g, const giant_row *row, cohl_error *err)
{
    const cohl_taehv_config config = { .z_dim = Z, .patch = 1, .encoder_width = 64, .decoder_width = { 256, 128, 64, 64 },
                                       .time_down = { true, true, false }, .time_up = { false, true, true } };
    cohl_taehv *taehv = NULL;
    decoder d = { 0 };
    cohl_ctx ctx;
    cohl_peak_resident_forget();
    cohl_status st = open_ctx(g, &ctx, row->dtype, err);
    if (st)
        return st;
    st = cohl_taehv_new(&taehv, &config, err);
    if (!st) st = load(g, &taehv->params, taehv->decoder_first, &ctx, "taew2_1", err);
    if (!st) st = cohl_taehv_stream_open(&d.taehv, &ctx, taehv, err);
    if (!st) tell_decoding(g, row, &ctx, &d);
    if (!st) st = cohl_ctx_status(&ctx, err);
    cohl_taehv_stream_close(d.taehv);
    cohl_taehv_free(taehv);
    cohl_ctx_close(&ctx);
    return st;
}

/* ---- memory ---------------------------------------------------------------------- */

/* A film's, and what it may take. */
static const struct memory_line { const char *name, *about; cohl_giants_film film; } memory_lines[] = {
    { "memory-1.3b", "peak of 1.3B in BF16, 480x272x33, within 5 GB",
      { "wan2.1-t2v-1.3b", NULL, 480, 272, 33, 5000000000, 0 } },
    { "memory-5b", "peak of TI2V 5B in BF16, 480x288x33, within 8 GB",
      { "wan2.2-ti2v-5b", NULL, 480, 288, 33, 8000000000, 0 } },
    { "memory-14b", "peak of 14B in Q4_K, 480x272x33, within 12 GB",
      { "wan2.1-t2v-14b", "Q4_K", 480, 272, 33, 12000000000, 0 } },
};
enum { MEMORY_LINES = sizeof memory_lines / sizeof *memory_lines };

static cohl_status measure_memory(cohl_bench_report *report, const cohl_bench_params *params, int line, cohl_error *err)
{
    const struct memory_line *l = &memory_lines[line];
    cohl_giants_film film = l->film;
    cohl_giants_memory found;
    film.threads = params->threads;
    cohl_text_addf(&report->words, "%-16s %s\n", l->name, l->about);
    cohl_status st = cohl_giants_memory_measure(&found, &film, err);
    if (st)
        return st;
    cohl_bench_add(report, COHL_BENCH_AT_MOST, (double)film.limit * 1e-6, "MB", (double)found.peak * 1e-6, "%s", l->name);
    cohl_bench_add(report, COHL_BENCH_NO_FLOOR, 0, "MB", (double)found.least * 1e-6, "%s, computed least", l->name);
    cohl_bench_add(report, COHL_BENCH_NO_FLOOR, 0, "MB", (double)found.whole * 1e-6, "%s, computed whole", l->name);
    return COHL_OK;
}

/* ---- the table ------------------------------------------------------------------- */

static const giant_row rows[] = {
    { "pass-f32", "one pass of 1.3B, 256x256x17", measure_pass, COHL_F32, &small_film, 0, 0, 0 },
    { "pass-bf16", "the same in bf16", measure_pass, COHL_BF16, &small_film, 0.79, 0, 0.03 },
    { "pass-int8", "the same in int8", measure_pass, COHL_Q8, &small_film, 0.56, 0, 0.04 },
    { "large-bf16", "one pass of 1.3B, 480x272x33, in bf16", measure_pass, COHL_BF16, &large_film, 0.69, 5000, 0 },
    { "large-int8", "the same in int8", measure_pass, COHL_Q8, &large_film, 0, 5000, 0 },
    { "types", "error of a pass with only one type of layer in int8", measure_types, COHL_Q8, NULL, 0, 0, 0 },
    { "attention", "12 heads of 128 over 1,280 tokens", measure_attention, COHL_F32, &small_film, 0.5, 0, 0 },
    { "large-attention", "over 4,590", measure_attention, COHL_F32, &large_film, 0.5, 0, 0 },
    { "vae", "decoding of 256x256x17", measure_vae, COHL_F32, &small_film, 0.5, 800, 0 },
    { "taew", "the same by taew2_1", measure_taehv, COHL_F32, &small_film, 0.28, 200, 0 },
    { "large-taew", "480x272x33 by taew2_1", measure_taehv, COHL_F32, &large_film, 0.36, 300, 0 },
};
enum { ROWS = sizeof rows / sizeof *rows };

/* Whether `name` is in the list "A,B". */
static bool listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ','), at += at != NULL)
        if (!strncmp(at, name, length) && (at[length] == ',' || !at[length]))
            return true;
    return false;
}

static const char *row_name(int i) { return i < ROWS ? rows[i].name : memory_lines[i - ROWS].name; }

/* Every name of the list is a row's. */
static cohl_status check_rows(const char *list, cohl_error *err)
{
    for (const char *at = list; at; at = strchr(at, ','), at += at != NULL) {
        int length = (int)strcspn(at, ","), found = 0;
        for (int i = 0; i < ROWS + MEMORY_LINES; i++)
            found += (int)strlen(row_name(i)) == length && !strncmp(row_name(i), at, (size_t)length);
        if (found)
            continue;
        cohl_text text = { 0 };
        for (int i = 0; i < ROWS + MEMORY_LINES; i++)
            cohl_text_addf(&text, "%s%s", i ? ", " : "", row_name(i));
        cohl_status st = cohl_fail(err, COHL_ERR_ARGUMENT, "no row is called \"%.*s\"; there are %s", length, at,
                                   text.data ? text.data : "");
        cohl_text_free(&text);
        return st;
    }
    return COHL_OK;
}

static void measure_rates(giants *g)
{
    static const char *const names[] = { [COHL_FACTOR_F32] = "f32", [COHL_FACTOR_BF16] = "bf16", [COHL_FACTOR_S8] = "int8" };
    for (int type = COHL_FACTOR_F32; type <= COHL_FACTOR_S8; type++) {
        double rate = cohl_bench_library_rate((cohl_factor)type, DIM);
        g->here[type] = rate > 0;
        if (rate > 0)
            cohl_bench_add(g->report, COHL_BENCH_NO_FLOOR, 0, "GFLOP/s", rate * 1e-9, "oneDNN %s, one thread", names[type]);
        else
            cohl_text_addf(&g->report->words, "oneDNN in %s: not on this processor or build%s\n", names[type],
                           type == COHL_FACTOR_BF16 ? "; shares of bf16 are of f32's rate" : "");
    }
    if (!cohl_bench_library_exact())
        cohl_text_add(&g->report->words, "oneDNN's int8 is not exact here; ours is, and its shares are of oneDNN's rate\n");
}

/* Whether a row other than those of memory is asked for. */
static bool any_row(const char *list)
{
    bool any = !list;
    for (int i = 0; i < ROWS; i++)
        any = any || listed(list, rows[i].name);
    return any;
}

cohl_status cohl_bench_giants(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err)
{
    giants g = { .report = report, .params = params };
    cohl_status st = check_rows(params->rows, err);
    for (int i = 0; i < MEMORY_LINES && !st; i++)      /* before there are threads: each is a process */
        if (params->rows ? listed(params->rows, memory_lines[i].name) : !params->quick)
            st = measure_memory(report, params, i, err);
    if (st || !any_row(params->rows))
        return st;
    if (!st) st = cohl_workers_new(&g.workers, params->threads, err);
    if (st)
        return st;
    measure_rates(&g);
    for (int i = 0; i < ROWS && !st; i++) {
        if (params->rows && !listed(params->rows, rows[i].name))
            continue;
        if (params->progress)
            params->progress(i, ROWS);
        giant_row row = rows[i];
        if (row.run != measure_pass && cohl_backend_fast_precision(cohl_backend_best()) == COHL_PRECISION_BF16)
            row.dtype = COHL_BF16;              /* as a film is made */
        cohl_text_addf(&report->words, "%-16s %s\n", row.name, row.about);
        st = row.run(&g, &row, err);
    }
    if (params->progress)
        params->progress(ROWS, ROWS);
    if (params->quick)
        cohl_text_add(&report->words, "quick: seconds are computed by operations, from two blocks of thirty, or a "
                      "sixteenth of the picture\n");
    free(g.truth);
    cohl_workers_free(g.workers);
    return st;
}
