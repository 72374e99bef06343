/* need.c - what a run takes, part by part, before it. */
#include "engine/need.h"

#include <stdlib.h>

#include "base/memory.h"
#include "diffusion/sampler.h"
#include "engine/piece.h"
#include "model/tokenizer.h"
#include "tensor/dry.h"

/* Measured: docs/performance.md, "Memory". */
static const uint64_t PROGRAM_BYTES = 75000000;
enum {
    DELIVERED_FRAMES = 80,      /* that the encoder, checks and joins hold at one time, as RGB */
    SPARED_PART = 25,           /* this part of a limit is not filled with weights: counts are of what is asked for,
                                   and the system rounds that up to its pages */
};

/* ---- counting ------------------------------------------------------------ */

static cohl_status open_dry(cohl_ctx *ctx, const cohl_engine *engine, cohl_error *err)
{
    return cohl_ctx_open(ctx, &(cohl_ctx_params){ .backend = &cohl_backend_dry, .workers = engine->workers,
                                                    .precision = engine->precision }, err);
}

/* A context that is closed: its peak, its operations. */
static cohl_status close_dry(cohl_ctx *ctx, uint64_t *peak, double *operations, cohl_error *err)
{
    cohl_status st = cohl_ctx_status(ctx, err);
    *peak = cohl_dry_peak(ctx);
    if (operations)
        *operations = ctx->operations;
    cohl_ctx_close(ctx);
    return st;
}

static void copy_types(cohl_params *to, const cohl_params *from)
{
    for (int i = 0; i < to->count; i++)
        to->item[i].tensor->dtype = from->item[i].tensor->dtype;
}

static cohl_status count_steps(engine_need *need, const cohl_engine *engine, engine_piece piece, cohl_error *err)
{
    const cohl_dit *real = engine->model->dit;
    cohl_ctx ctx;
    cohl_dit *shape;
    cohl_status st = cohl_dit_new(&shape, &real->config, err);
    if (st)
        return st;
    copy_types(&shape->params, &real->params);
    if (!(st = open_dry(&ctx, engine, err))) {
        piece.dit = shape;
        engine_piece_step(&ctx, &piece);
        st = close_dry(&ctx, &need->steps, &need->step_operations, err);
    }
    cohl_dit_free(shape);
    return st;
}

/* Three pieces are enough: from then on all cost the same. */
static cohl_status count_frames(engine_need *need, const cohl_engine *engine, const engine_piece *piece, int latents,
                                bool fast, cohl_error *err)
{
    enum { PIECES = 3 };
    cohl_ctx ctx;
    engine_decoder decoder;
    cohl_status st = open_dry(&ctx, engine, err);
    if (st)
        return st;
    if (!(st = engine_decoder_open(&decoder, &ctx, piece->model, fast, err))) {
        double before = 0, last = 0;
        for (int i = 0; i < latents && i < PIECES; i++) {
            cohl_ctx_mark_t mark = cohl_ctx_mark(&ctx);
            before = ctx.operations;
            engine_piece_decode(&ctx, piece, &decoder);
            last = ctx.operations - before;
            cohl_ctx_release(&ctx, mark);
        }
        need->decode_operations = latents > PIECES ? last * (latents - PIECES) : 0;
        engine_decoder_close(&decoder);
    }
    double counted;
    cohl_status closed = close_dry(&ctx, &need->frames, &counted, st ? NULL : err);
    need->decode_operations += counted;
    return st ? st : closed;
}

static cohl_status count_pictures(engine_need *need, const cohl_engine *engine, const engine_piece *piece,
                                  cohl_error *err)
{
    int space = cohl_vae_space(&piece->model->vae->config);
    cohl_ctx ctx;
    cohl_vae_stream *stream;
    cohl_status st = open_dry(&ctx, engine, err);
    if (st)
        return st;
    if (!(st = cohl_vae_stream_open(&stream, &ctx, piece->model->vae, COHL_VAE_ENCODE, err))) {
        for (int i = 0; i < 2; i++) {
            cohl_ctx_mark_t mark = cohl_ctx_mark(&ctx);
            cohl_tensor *rgb = cohl_tensor_zero(&ctx, COHL_F32, 4, (int64_t[]){
                i ? COHL_VAE_TIME : 1, piece->height * space, piece->width * space, 3 });
            if (rgb)
                cohl_vae_stream_next(stream, rgb);
            cohl_ctx_release(&ctx, mark);
        }
        cohl_vae_stream_close(stream);
    }
    cohl_status closed = close_dry(&ctx, &need->pictures, NULL, st ? NULL : err);
    if (piece->model->image)
        need->pictures += cohl_image_encoder_slot(piece->model->image);
    return st ? st : closed;
}

static cohl_status count_words(engine_need *need, const cohl_engine *engine, const int rows[2], cohl_error *err)
{
    const cohl_text_encoder *real = engine->model->text;
    cohl_text_encoder *shape;
    cohl_ctx ctx;
    int32_t *id = calloc((size_t)(rows[0] + rows[1]), sizeof *id);
    cohl_status st = id ? cohl_text_encoder_new(&shape, &real->config, err)
                        : cohl_fail(err, COHL_ERR_MEMORY, "no memory for tokens");
    if (!st) {
        copy_types(&shape->params, &real->params);
        if (!(st = open_dry(&ctx, engine, err))) {
            cohl_text_encode(&ctx, shape, id, rows, rows[1] ? 2 : 1);
            st = close_dry(&ctx, &need->words, NULL, err);
        }
        cohl_text_encoder_free(shape);
    }
    if (real->shelf)
        need->words += cohl_text_encoder_slot(real);
    free(id);
    return st;
}

/* ---- what is held -------------------------------------------------------- */

/* From parameter `first` on. */
static uint64_t held_from(const cohl_params *params, int first)
{
    uint64_t bytes = 0;
    for (int i = first; i < params->count; i++)
        bytes += cohl_tensor_bytes(params->item[i].tensor);
    return bytes;
}

static uint64_t held_bytes(const cohl_params *params) { return held_from(params, 0); }

static void add_transformer(engine_need *need, const cohl_dit *dit)
{
    if (!dit)
        return;
    need->transformer += held_bytes(&dit->params);
    if (!dit->shelf)
        return;
    cohl_dit_memory memory = cohl_dit_memory_of(dit);
    need->streams = true;
    need->kept += memory.kept;
    need->slot = memory.slot > need->slot ? memory.slot : need->slot;
}

static void add_weights(engine_need *need, const cohl_film_model *m)
{
    need->decoder = held_bytes(&m->vae->params) + (m->fast ? held_from(&m->fast->params, m->fast->decoder_first) : 0);
    need->text = m->text->shelf ? 0 : held_bytes(&m->text->params);
    add_transformer(need, m->dit);
    add_transformer(need, m->low_dit);
}

/* How many tokens a text has; at most what the transformer reads. */
static cohl_status count_tokens(const cohl_film_model *m, const char *text, int *count, cohl_error *err)
{
    int most = m->dit->config.text_len;
    int32_t *id = malloc((size_t)most * sizeof *id);
    *count = 1;
    if (!id)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d tokens", most);
    cohl_status st = text ? cohl_tokenizer_encode(m->tokenizer, text, id, most, count, err) : COHL_OK;
    *count = *count > most ? most : *count;
    free(id);
    return st;
}

static bool has_pictures(const cohl_request *r) { return r->image || r->last_image || r->clip[0] || r->loop; }

/* ---- all of it ----------------------------------------------------------- */

cohl_status engine_need_of(engine_need *out, const cohl_engine *engine, const cohl_plan *plan,
                           const cohl_request *request, cohl_error *err)
{
    const cohl_film_model *m = engine->model;
    int space = cohl_vae_space(&m->vae->config), rows[2];
    int latents = (plan->model_frames - 1) / COHL_VAE_TIME + 1;
    engine_piece piece = { .model = m, .branches = plan->guidance == 1 ? 1 : 2, .frames = engine_window_latents(plan),
                           .height = plan->height / space, .width = plan->width / space };
    cohl_status st;
    *out = (engine_need){ 0 };
    add_weights(out, m);
    if ((st = count_tokens(m, request->prompt, &rows[0], err)) ||
        (st = count_tokens(m, request->negative ? request->negative : m->sampling.negative, &rows[1], err)))
        return st;
    piece.text_rows = rows[0] > rows[1] ? rows[0] : rows[1];
    if ((st = count_words(out, engine, rows, err)) || (st = count_steps(out, engine, piece, err)) ||
        (st = count_frames(out, engine, &piece, latents, plan->fast_decoder, err)))
        return st;
    if ((has_pictures(request) || plan->windows > 1) && (st = count_pictures(out, engine, &piece, err)))
        return st;
    uint64_t pixels = (uint64_t)plan->width * (uint64_t)plan->height * 3;
    uint64_t cells = (uint64_t)latents * (uint64_t)piece.height * (uint64_t)piece.width;
    uint64_t latent = cells * (uint64_t)m->vae->config.z_dim * sizeof(float);
    out->program = PROGRAM_BYTES + pixels * (DELIVERED_FRAMES + COHL_VAE_TIME * sizeof(float)) +
                   3 * latent + cohl_sampler_bytes(piece.frames, latent / sizeof(float) / (uint64_t)latents) +
                   2 * cells * (uint64_t)m->dit->config.in_dim * sizeof(float) + (plan->reuse > 0 ? 2 * latent : 0);
    return COHL_OK;
}

static uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* Scratch is one, as large as the hungriest stage; slots are beside it. */
static uint64_t working(const engine_need *n, uint64_t slot)
{
    return larger(larger(n->words, n->pictures), larger(n->steps + slot, n->frames));
}

static uint64_t fixed(const engine_need *n) { return n->program + n->decoder + n->text; }

uint64_t engine_need_least(const engine_need *n)
{
    return n->streams ? fixed(n) + n->kept + working(n, n->slot) : engine_need_whole(n);
}

uint64_t engine_need_whole(const engine_need *n) { return fixed(n) + n->transformer + working(n, 0); }

size_t engine_need_room(const engine_need *n, uint64_t limit)
{
    uint64_t besides = fixed(n) + working(n, n->slot), spared = limit - limit / SPARED_PART;
    if (engine_need_whole(n) <= spared)
        return SIZE_MAX;
    uint64_t left = besides < spared ? spared - besides : 0;
    return left > n->kept ? left : n->kept;      /* what is always held needs its place where little is spared */
}

/* ---- the limit ----------------------------------------------------------- */

static uint64_t refused_above(const cohl_engine *engine)
{
    return engine->memory_asked ? engine->memory : cohl_memory_whole();
}

cohl_status engine_memory_check(const cohl_engine *engine, const engine_need *need, cohl_error *err)
{
    uint64_t most = refused_above(engine), least = engine_need_least(need);
    char asked[COHL_MEMORY_TEXT], needed[COHL_MEMORY_TEXT];
    if (least <= most)
        return COHL_OK;
    cohl_memory_print(asked, most);
    cohl_memory_print(needed, least);
    return cohl_fail(err, COHL_ERR_MEMORY, "this film takes %s of memory at the least, and %s %s; smaller or shorter films "
                     "take less, and --plan says which fit", needed, engine->memory_asked ? "it may take" : "this machine has",
                     asked);
}

/* ---- told ---------------------------------------------------------------- */

/* A multiple of the model's grid at `part` of a length. */
static int shrink(int length, double part, int grid)
{
    int cells = (int)(length * part / grid);
    return (cells < 1 ? 1 : cells) * grid;
}

static cohl_status try(cohl_run_memory *out, const cohl_engine *engine, const cohl_plan *plan,
                       const cohl_request *request, cohl_error *err)
{
    engine_need need;
    cohl_status st = engine_need_of(&need, engine, plan, request, err);
    if (!st && engine_need_least(&need) <= refused_above(engine))
        out->best_width = plan->width, out->best_height = plan->height, out->best_frames = plan->window_frames;
    return st;
}

/* Shorter first, at the same size, down to the shortest that the model learned; then smaller and shorter. */
static cohl_status find_best(cohl_run_memory *out, const cohl_engine *engine, const cohl_plan *plan,
                             const cohl_request *request, cohl_error *err)
{
    static const double parts[] = { 1, 0.75, 0.5, 0.35, 0.25 };
    const cohl_film_abilities *can = &engine->model->can;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (int frames = plan->window_frames;; frames = (frames / 2 - 1) / COHL_VAE_TIME * COHL_VAE_TIME + 1) {
            cohl_plan smaller = *plan;
            smaller.width = shrink(plan->width, parts[i], can->grid);
            smaller.height = shrink(plan->height, parts[i], can->grid);
            smaller.window_frames = smaller.model_frames = frames;
            cohl_status st = try(out, engine, &smaller, request, err);
            if (st || out->best_frames)
                return st;
            if (frames <= can->frames_min)
                break;
        }
    return COHL_OK;
}

cohl_status engine_memory_tell(cohl_run_memory *out, const cohl_engine *engine, const cohl_plan *plan,
                               const cohl_request *request, const engine_need *need, cohl_error *err)
{
    size_t room = engine_need_room(need, engine->memory);
    *out = (cohl_run_memory){
        .limit = engine->memory, .least = engine_need_least(need), .whole = engine_need_whole(need),
        .program = need->program, .decoder = need->decoder, .text = need->text, .transformer = need->transformer,
        .words = need->words, .pictures = need->pictures, .steps = need->steps, .frames = need->frames,
    };
    out->transformer_held = !need->streams || room > need->transformer ? need->transformer : room;
    out->streams = out->transformer_held < need->transformer;
    out->fits = out->least <= refused_above(engine);
    return out->fits ? COHL_OK : find_best(out, engine, plan, request, err);
}
