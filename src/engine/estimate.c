/* estimate.c - what a run will cost, before it: small pieces of it, timed.
 *
 * No table of machines: the model that is loaded does, on this machine as busy as it is, a pass
 * over a few latent frames, the attention of some rows to all of the film's tokens, and the first
 * three pieces of the decoder. A pass over all frames costs
 *
 *     frames/few * (pass over few - its attention) + attention of all tokens
 *
 * since everything else in a transformer is linear in tokens; a decoder's pieces of four frames all
 * cost the same, but for the first of them, which readies its kernels. Reading words, encoding given pictures and writing the file are not counted. */
#include "engine/engine.h"

#include <stdlib.h>

#include "base/clock.h"
#include "engine/book.h"
#include "tensor/ops.h"

enum { ROWS_FEW = 256,        /* of a product: enough that all threads have work */
       ROWS_ATTENTION = 128, TRIES = 3,
       PIECES = 3 };          /* of the decoder: one frame, the first four, the next */
static const double PATIENCE = 0.1;    /* seconds after which nothing is timed twice */
static const double MIDDLE_TIME = 500; /* of the noise levels 0..1000; any costs the same */

typedef struct cost { double seconds, cpu_seconds, operations; } cost;

typedef struct timing {
    cohl_ctx ctx;
    const cohl_film_model *model;
    int  branches, frames, height, width;      /* of the latent */
    int  few;                                  /* latent frames of the timed pass */
    int  tokens;                               /* that the attention timed now sees */
    cohl_vae_stream *stream;
} timing;

typedef void piece_fn(timing *t);

static cost scaled(cost a, double factor)
{
    return (cost){ a.seconds * factor, a.cpu_seconds * factor, a.operations * factor };
}

static cost plus(cost a, cost b)
{
    return (cost){ a.seconds + b.seconds, a.cpu_seconds + b.cpu_seconds, a.operations + b.operations };
}

/* ---- pieces of a run ----------------------------------------------------- */

/* Of what the transformer is given beside text, as much as it always has. */
static void add_conditions(cohl_dit_request *request, timing *t)
{
    const cohl_dit_config *dit = &t->model->dit->config;
    int64_t cells = (int64_t)t->branches * t->few * t->height * t->width;
    if (dit->image_dim)
        request->image = cohl_tensor_zero(&t->ctx, COHL_F32, 2, (int64_t[]){
            dit->image_positions ? dit->image_positions : cohl_image_encoder_tokens(t->model->image), dit->image_dim });
    if (dit->control_count)
        request->control = cohl_tensor_zero(&t->ctx, COHL_F32, 2, (int64_t[]){ cells, dit->control_dim });
}

static void do_pass(timing *t)
{
    const cohl_dit_config *dit = &t->model->dit->config;
    const cohl_dit_sample sample[2] = { { t->few, t->height, t->width, 0, 1 }, { t->few, t->height, t->width, 0, 1 } };
    int times = t->branches * t->few;
    float *time = malloc((size_t)times * sizeof *time);
    if (!time) {
        cohl_ctx_fail(&t->ctx, COHL_ERR_MEMORY, "no memory for %d times", times);
        return;
    }
    for (int i = 0; i < times; i++)
        time[i] = (float)MIDDLE_TIME;
    cohl_tensor *text = cohl_tensor_zero(&t->ctx, COHL_F32, 2, (int64_t[]){ 1, dit->text_dim });
    cohl_tensor *latent = cohl_tensor_zero(&t->ctx, COHL_F32, 2, (int64_t[]){
        (int64_t)times * t->height * t->width, dit->in_dim });
    cohl_dit_request request = { .sample = sample, .sample_count = t->branches, .text = text, .control_scale = 1 };
    add_conditions(&request, t);
    cohl_dit_clip *clip = !text || !latent ? NULL : cohl_dit_clip_open(&t->ctx, t->model->dit, &request);
    if (clip)
        cohl_dit_forward(&t->ctx, t->model->dit, clip, latent, time);
    free(time);
}

static int attention_rows(const timing *t) { return t->tokens < ROWS_ATTENTION ? t->tokens : ROWS_ATTENTION; }

static void do_attention(timing *t)
{
    const cohl_dit_config *dit = &t->model->dit->config;
    int rows = attention_rows(t), dim = dit->dim / dit->num_heads;
    const cohl_span span = { 0, rows, 0, t->tokens };
    cohl_tensor *q = cohl_tensor_zero(&t->ctx, COHL_F32, 3, (int64_t[]){ rows, dit->num_heads, dim });
    cohl_tensor *k = cohl_tensor_zero(&t->ctx, COHL_F32, 3, (int64_t[]){ t->tokens, dit->num_heads, dim });
    if (q && k)
        cohl_attention(&t->ctx, q, k, k, NULL, &span, 1, 1);
}

static void do_decode(timing *t)
{
    cohl_tensor *latent = cohl_tensor_zero(&t->ctx, COHL_F32, 4, (int64_t[]){
        1, t->height, t->width, t->model->vae->config.z_dim });
    if (latent)
        cohl_vae_stream_next(t->stream, latent);
}

/* ---- their cost ---------------------------------------------------------- */

static cost time_once(timing *t, piece_fn *fn)
{
    cohl_ctx_mark_t mark = cohl_ctx_mark(&t->ctx);
    double seconds = cohl_clock_seconds(), cpu_seconds = cohl_clock_cpu_seconds(), operations = t->ctx.operations;
    fn(t);
    cohl_ctx_release(&t->ctx, mark);
    return (cost){ cohl_clock_seconds() - seconds, cohl_clock_cpu_seconds() - cpu_seconds,
                   t->ctx.operations - operations };
}

/* The least of several: the first compiles kernels and packs weights, once for all steps. */
static cost time_piece(timing *t, piece_fn *fn)
{
    double begin = cohl_clock_seconds();
    cost best = time_once(t, fn);
    for (int i = 1; i < TRIES && cohl_clock_seconds() - begin < PATIENCE && cohl_ctx_fine(&t->ctx); i++) {
        cost again = time_once(t, fn);
        best = again.seconds < best.seconds ? again : best;
    }
    return best;
}

/* Every layer's attention of `tokens` tokens to each other, in all branches. */
static cost attention(timing *t, int tokens)
{
    t->tokens = tokens;
    cost rows = time_piece(t, do_attention);
    return scaled(rows, (double)tokens / attention_rows(t) * t->model->dit->config.num_layers * t->branches);
}

/* A whole step. */
static cost step_cost(timing *t)
{
    int a_frame = t->height / COHL_DIT_PATCH * (t->width / COHL_DIT_PATCH);
    t->few = (ROWS_FEW + a_frame - 1) / a_frame;
    t->few = t->few < t->frames ? t->few : t->frames;
    cost pass = time_piece(t, do_pass);
    if (t->few == t->frames)
        return pass;
    cost rest = plus(pass, scaled(attention(t, t->few * a_frame), -1));
    return plus(scaled(rest, (double)t->frames / t->few), attention(t, t->frames * a_frame));
}

static cohl_status decode_cost(timing *t, int latents, cost *out, cohl_error *err)
{
    cohl_status st = cohl_vae_stream_open(&t->stream, &t->ctx, t->model->vae, COHL_VAE_DECODE, err);
    if (st)
        return st;
    cost piece = { 0 };
    *out = piece;
    for (int i = 0; i < latents && i < PIECES; i++)
        *out = plus(*out, piece = time_once(t, do_decode));
    if (latents > PIECES)
        *out = plus(*out, scaled(piece, latents - PIECES));
    cohl_vae_stream_close(t->stream);
    return COHL_OK;
}

cohl_status engine_estimate(const cohl_engine *engine, const cohl_plan *plan, const volatile bool *cancel,
                            cohl_run_estimate *out, cohl_error *err)
{
    int space = cohl_vae_space(&engine->model->vae->config);
    timing t = { .model = engine->model, .branches = plan->guidance == 1 ? 1 : 2,
                 .frames = engine_window_latents(plan), .height = plan->height / space,
                 .width = plan->width / space };
    cohl_ctx_params params = { .backend = engine->weights.backend, .workers = engine->workers,
                               .precision = engine->precision };
    cost decode = { 0 };
    cohl_status st = cohl_ctx_open(&t.ctx, &params, err);
    if (st)
        return st;
    t.ctx.cancel = cancel;
    cost sample = scaled(step_cost(&t), (double)plan->steps * plan->windows);
    st = decode_cost(&t, (plan->model_frames - 1) / COHL_VAE_TIME + 1, &decode, err);
    if (!st)
        st = cohl_ctx_fine(&t.ctx) ? COHL_OK : cohl_ctx_status(&t.ctx, err);
    cost all = plus(sample, decode);
    *out = (cohl_run_estimate){
        .seconds = all.seconds, .sample_seconds = sample.seconds, .decode_seconds = decode.seconds,
        .about = "timed on small pieces of this run; without writing the file",
    };
    engine_book book;
    engine_book_open(&book, engine);            /* for the tariff */
    engine_cost_estimate(&out->cost, &book.tariff, all.cpu_seconds, all.operations);
    engine_book_close(&book);
    cohl_ctx_close(&t.ctx);
    return st;
}
