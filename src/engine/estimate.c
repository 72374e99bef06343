/* estimate.c - what a run will cost, before it: small pieces of it, timed.
 *
 * No table of machines: the model that is loaded does, on this machine as busy as it is, a pass
 * over a few latent frames (of a large network through its first layers), the attention of some rows to
 * all of the film's tokens, and three pieces of the decoder (of a large picture its corner). A pass over
 * all costs
 *
 *     frames/few * (pass over few - its attention) + attention of all tokens
 *
 * since everything else in a transformer is linear in tokens and layers; a decoder's pieces of four frames
 * all cost the same, but for the first of them, which readies its kernels, and are linear in pixels.
 * Reading words, encoding given pictures and writing the file are not counted, and which steps can be foretold
 * (reuse) is not known before: all are counted. */
#include "engine/engine.h"

#include <math.h>

#include "base/clock.h"
#include "engine/book.h"
#include "engine/need.h"
#include "engine/piece.h"
#include "tensor/ops.h"

enum { ROWS_FEW = 256,        /* of a product: enough that all threads have work */
       ROWS_ATTENTION = 128, TRIES = 3,
       PIECES = 3 };          /* of the decoder: one frame, the first four, the next */
static const double PATIENCE = 0.1;    /* seconds after which nothing is timed twice */
static const double OPERATIONS = 3e11; /* of a piece, at the most: some seconds of a slow machine */

typedef struct cost { double seconds, cpu_seconds, operations; } cost;

typedef struct timing {
    cohl_ctx ctx;
    const cohl_film_model *model;
    int  branches, frames, height, width;      /* of the latent */
    int  few;                                  /* latent frames of the timed pass */
    cohl_dit shallow;                          /* the model's network, or its first layers */
    int  corner[2];                            /* height, width of the decoder's pieces */
    int  tokens;                               /* that the attention timed now sees */
    engine_decoder decoder;
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

static void do_pass(timing *t)
{
    engine_piece_step(&t->ctx, &(engine_piece){ .model = t->model, .dit = &t->shallow, .branches = t->branches,
                                                .frames = t->few, .height = t->height, .width = t->width, .text_rows = 1 });
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
    engine_piece_decode(&t->ctx, &(engine_piece){ .model = t->model, .height = t->corner[0], .width = t->corner[1] },
                        &t->decoder);
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

/* The network's first layers, so few that the pass is soon over: its blocks are alike. Says for how many
 * each of them stands. */
static double cut_layers(timing *t, double step_operations)
{
    cohl_dit_config *c = &t->shallow.config;
    t->shallow = *t->model->dit;
    double layers = c->num_layers * OPERATIONS / (step_operations * t->few / t->frames);
    int all = c->num_layers + c->control_count;
    if (layers >= c->num_layers)
        return 1;
    c->num_layers = layers < 1 ? 1 : (int)layers;
    c->control_count = 0;
    return (double)all / c->num_layers;
}

/* A whole step. */
static cost step_cost(timing *t, double operations)
{
    int a_frame = t->height / COHL_DIT_PATCH * (t->width / COHL_DIT_PATCH);
    t->few = (ROWS_FEW + a_frame - 1) / a_frame;
    t->few = t->few < t->frames ? t->few : t->frames;
    double layers = cut_layers(t, operations);
    cost pass = scaled(time_piece(t, do_pass), layers);
    if (t->few == t->frames)
        return pass;
    cost rest = plus(pass, scaled(attention(t, t->few * a_frame), -1));
    return plus(scaled(rest, (double)t->frames / t->few), attention(t, t->frames * a_frame));
}

/* A length of the corner: `side` of the whole, but some cells at least. */
static int cut_side(int length, double side)
{
    enum { LEAST = 4 };
    int cut = (int)(length * side), least = length < LEAST ? length : LEAST;
    return cut < least ? least : cut;
}

/* A corner of the picture whose pieces are soon over; says how often the picture holds it. */
static double cut_corner(timing *t, double operations, int latents)
{
    double pieces = operations * (latents < PIECES ? 1 : (double)PIECES / latents);
    double side = pieces > OPERATIONS ? sqrt(OPERATIONS / pieces) : 1;
    t->corner[0] = cut_side(t->height, side), t->corner[1] = cut_side(t->width, side);
    return (double)t->height * t->width / (t->corner[0] * t->corner[1]);
}

static cohl_status decode_cost(timing *t, int latents, bool fast, double operations, cost *out, cohl_error *err)
{
    double corners = cut_corner(t, operations, latents);
    cohl_status st = engine_decoder_open(&t->decoder, &t->ctx, t->model, fast, err);
    if (st)
        return st;
    cost piece = { 0 };
    *out = piece;
    for (int i = 0; i < latents && i < PIECES; i++)
        *out = plus(*out, piece = time_once(t, do_decode));
    if (latents > PIECES)
        *out = plus(*out, scaled(piece, latents - PIECES));
    *out = scaled(*out, corners);
    engine_decoder_close(&t->decoder);
    return COHL_OK;
}

cohl_status engine_estimate(const cohl_engine *engine, const cohl_plan *plan, const engine_need *need,
                            const volatile bool *cancel, cohl_run_estimate *out, cohl_error *err)
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
    cost sample = scaled(step_cost(&t, need->step_operations), (double)plan->steps * plan->windows);
    st = decode_cost(&t, (plan->model_frames - 1) / COHL_VAE_TIME + 1, plan->fast_decoder, need->decode_operations, &decode, err);
    if (!st)
        st = cohl_ctx_fine(&t.ctx) ? COHL_OK : cohl_ctx_status(&t.ctx, err);
    cost all = plus(sample, decode);
    *out = (cohl_run_estimate){
        .seconds = all.seconds, .sample_seconds = sample.seconds, .decode_seconds = decode.seconds,
        .about = plan->reuse > 0 ? "timed on small pieces of this run, as if no step could be foretold; without writing the file"
                                 : "timed on small pieces of this run; without writing the file",
    };
    engine_book book;
    engine_book_open(&book, engine);            /* for the tariff */
    engine_cost_estimate(&out->cost, &book.tariff, all.cpu_seconds, all.operations);
    engine_book_close(&book);
    cohl_ctx_close(&t.ctx);
    return st;
}
