/* giants_memory.c - how much memory a giant's film takes here, measured in a process of its own. */
#define _GNU_SOURCE
#include "bench/giants_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "engine/decoder.h"
#include "engine/engine.h"
#include "engine/need.h"
#include "engine/piece.h"
#include "fetch/pull.h"
#include "weights/gguf.h"
#include "weights/safetensors.h"

typedef struct giant { const char *name; cohl_dit_config dit; cohl_vae_config vae; } giant;

#define TEXT 4096
static const giant giants[] = {
    { "wan2.1-t2v-1.3b",
      { .in_dim = 16, .out_dim = 16, .dim = 1536, .ffn_dim = 8960, .num_heads = 12, .num_layers = 30, .freq_dim = 256,
        .text_dim = TEXT, .text_len = 512, .eps = 1e-6f },
      { .dim = 96, .dec_dim = 96, .z_dim = 16, .patch = 1, .stage_count = 4, .plain = true, .dim_mult = { 1, 2, 4, 4 },
        .num_res_blocks = 2, .temporal_down = { false, true, true } } },
    { "wan2.1-t2v-14b",
      { .in_dim = 16, .out_dim = 16, .dim = 5120, .ffn_dim = 13824, .num_heads = 40, .num_layers = 40, .freq_dim = 256,
        .text_dim = TEXT, .text_len = 512, .eps = 1e-6f },
      { .dim = 96, .dec_dim = 96, .z_dim = 16, .patch = 1, .stage_count = 4, .plain = true, .dim_mult = { 1, 2, 4, 4 },
        .num_res_blocks = 2, .temporal_down = { false, true, true } } },
    { "wan2.2-ti2v-5b",
      { .in_dim = 48, .out_dim = 48, .dim = 3072, .ffn_dim = 14336, .num_heads = 24, .num_layers = 30, .freq_dim = 256,
        .text_dim = TEXT, .text_len = 512, .eps = 1e-6f },
      { .dim = 160, .dec_dim = 256, .z_dim = 48, .patch = 2, .stage_count = 4, .dim_mult = { 1, 2, 4, 4 },
        .num_res_blocks = 2, .temporal_down = { false, true, true } } },
};

static const cohl_text_encoder_config umt5_xxl = {
    .vocab = 256384, .dim = TEXT, .dim_attn = TEXT, .dim_ffn = 10240, .num_heads = 64, .num_layers = 24,
    .num_buckets = 32, .max_distance = 128, .eps = 1e-6f,
};

static const giant *giant_named(const char *name)
{
    for (size_t i = 0; i < sizeof giants / sizeof *giants; i++)
        if (!strcmp(giants[i].name, name))
            return &giants[i];
    return NULL;
}

/* ---- hollow files ---------------------------------------------------------- */

static cohl_weight weight_of(const cohl_param *param, const cohl_packing *packing)
{
    cohl_weight w = { .name = param->name, .type = COHL_BF16, .rank = param->stored.rank, .count = 1 };
    memcpy(w.dim, param->stored.dim, sizeof param->stored.dim);
    for (int i = 0; i < w.rank; i++)
        w.count *= (size_t)w.dim[i];
    if (packing && param->eight && w.dim[w.rank - 1] % packing->values == 0)
        w.packing = packing, w.type = COHL_F32;
    return w;
}

/* The header of a file of these parameters, and a hole behind it. */
static cohl_status write_hollow(const cohl_params *params, const cohl_packing *packing, const char *path, cohl_error *err)
{
    enum { ALIGNMENT = 32 };
    cohl_weight *weight = calloc((size_t)params->count, sizeof *weight);
    cohl_writer file;
    off_t bytes = 0;
    if (!weight)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a list of weights");
    for (int i = 0; i < params->count; i++) {
        weight[i] = weight_of(&params->item[i], packing);
        bytes += (off_t)cohl_weight_bytes(&weight[i]) + (packing ? ALIGNMENT : 0);
    }
    cohl_status st = cohl_writer_open(&file, path, err);
    if (!st) {
        st = packing ? cohl_gguf_begin(&file, "wan", weight, (size_t)params->count, err)
                     : cohl_safetensors_begin(&file, weight, (size_t)params->count, NULL, err);
        if (!st && (fflush(file.file) || ftruncate(fileno(file.file), ftello(file.file) + bytes)))
            st = cohl_fail(err, COHL_ERR_IO, "%s: no hole of %.1f GB can be made", path, (double)bytes * 1e-9);
        st = cohl_writer_close(&file, st, err);
    }
    free(weight);
    return st;
}

static cohl_status write_dit(const giant *g, const cohl_packing *packing, const char *path, cohl_error *err)
{
    cohl_dit *dit;
    cohl_status st = cohl_dit_new(&dit, &g->dit, err);
    if (st)
        return st;
    st = write_hollow(&dit->params, packing, path, err);
    cohl_dit_free(dit);
    return st;
}

static cohl_status write_vae(const giant *g, const char *path, cohl_error *err)
{
    cohl_vae *vae;
    cohl_status st = cohl_vae_new(&vae, &g->vae, err);
    if (st)
        return st;
    st = write_hollow(&vae->params, NULL, path, err);
    cohl_vae_free(vae);
    return st;
}

static cohl_status write_text(const char *path, cohl_error *err)
{
    cohl_text_encoder *text;
    cohl_status st = cohl_text_encoder_new(&text, &umt5_xxl, err);
    if (st)
        return st;
    st = write_hollow(&text->params, NULL, path, err);
    cohl_text_encoder_free(text);
    return st;
}

static cohl_status write_words(const char *folder, cohl_error *err)
{
    static const char words[] = "#space\t3\n#byte\t100\na\t4\n";
    char *path = cohl_path_join(folder, "words.tsv");
    cohl_status st = path ? cohl_folder_make(folder, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    if (!st) st = cohl_file_write(path, words, sizeof words - 1, err);
    free(path);
    return st;
}

/* All of it, under the names that a model's parts have; free() *folder. */
static cohl_status write_folder(char **folder, const cohl_giants_film *film, cohl_error *err)
{
    const giant *g = giant_named(film->giant);
    const cohl_packing *packing = film->packing ? cohl_packing_named(film->packing) : NULL;
    char name[96], *path[4] = { NULL };
    snprintf(name, sizeof name, "hollow-%s%s%s", film->giant, packing ? "-" : "", packing ? packing->name : "");
    cohl_status st = cohl_pull_folder(folder, name, err);
    if (st)
        return st;
    static const char *const parts[4] = { "tokenizer", "umt5.safetensors", "wan-vae.safetensors", NULL };
    for (int i = 0; i < 4 && !st; i++)
        if (!(path[i] = cohl_path_join(*folder, i < 3 ? parts[i] : packing ? "t2v.gguf" : "t2v.safetensors")))
            st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    if (!st) st = cohl_folder_make(*folder, err);
    if (!st) st = write_words(path[0], err);
    if (!st) st = write_text(path[1], err);
    if (!st) st = write_vae(g, path[2], err);
    if (!st) st = write_dit(g, packing, path[3], err);
    for (int i = 0; i < 4; i++)
        free(path[i]);
    return st;
}

/* ---- the stages of a film ---------------------------------------------------- */

static void read_words(cohl_ctx *ctx, const cohl_film_model *m)
{
    enum { ROWS = 32 };
    const int32_t id[2 * ROWS] = { 0 };
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_text_encode(ctx, m->text, id, (int[]){ ROWS, ROWS }, 2);
    cohl_ctx_release(ctx, mark);
}

static void make_step(cohl_ctx *ctx, engine_piece piece, int layers)
{
    cohl_dit some = *piece.model->dit;
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    some.config.num_layers = layers;
    piece.dit = &some;
    engine_piece_step(ctx, &piece);
    cohl_ctx_release(ctx, mark);
}

static cohl_status decode(cohl_ctx *ctx, const engine_piece *piece, cohl_error *err)
{
    engine_decoder decoder;
    cohl_status st = engine_decoder_open(&decoder, ctx, piece->model, false, err);
    for (int i = 0; i < 2 && !st; i++) {
        cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
        engine_piece_decode(ctx, piece, &decoder);
        cohl_ctx_release(ctx, mark);
    }
    if (!st)
        engine_decoder_close(&decoder);
    return st;
}

static cohl_status run_stages(const cohl_engine *engine, const cohl_plan *plan, cohl_error *err)
{
    enum { ROWS = 32 };
    const cohl_film_model *m = engine->model;
    int space = cohl_vae_space(&m->vae->config);
    engine_piece whole = { .model = m, .branches = 2, .frames = engine_window_latents(plan),
                           .height = plan->height / space, .width = plan->width / space, .text_rows = ROWS };
    engine_piece few = whole;
    cohl_ctx ctx;
    cohl_status st = cohl_ctx_open(&ctx, &(cohl_ctx_params){ .backend = engine->weights.backend,
        .workers = engine->workers, .precision = engine->precision }, err);
    if (st)
        return st;
    few.frames = 1, few.height = few.width = 2 * COHL_DIT_PATCH;
    read_words(&ctx, m);
    make_step(&ctx, few, m->dit->config.num_layers);
    make_step(&ctx, whole, 1);
    st = decode(&ctx, &whole, err);
    if (!st) st = cohl_ctx_status(&ctx, err);
    cohl_ctx_close(&ctx);
    return st;
}

static cohl_status measure(cohl_giants_memory *out, const cohl_giants_film *film, cohl_error *err)
{
    cohl_request request = cohl_request_default();
    cohl_engine *engine = NULL;
    engine_need need;
    cohl_plan plan;
    char *folder = NULL;
    request.prompt = "a", request.width = film->width, request.height = film->height, request.frames = film->frames;
    cohl_status st = write_folder(&folder, film, err);
    if (!st) st = cohl_engine_open(&engine, &(cohl_engine_params){ .model = folder, .ledger = "",
        .threads = film->threads, .memory_bytes = film->limit }, err);
    if (!st) st = cohl_request_check(engine, &request, &plan, err);
    if (!st) st = engine_need_of(&need, engine, &plan, &request, err);
    if (!st) st = engine_memory_check(engine, &need, err);
    if (!st) {
        cohl_room_limit(engine->room, engine_need_room(&need, film->limit));
        st = run_stages(engine, &plan, err);
        *out = (cohl_giants_memory){ cohl_peak_resident_bytes(), engine_need_least(&need), engine_need_whole(&need) };
    }
    cohl_engine_close(engine);
    free(folder);
    return st;
}

/* ---- a process of its own ---------------------------------------------------- */

typedef struct answer { cohl_status st; cohl_error err; cohl_giants_memory found; } answer;

static void answer_from_child(int to, const cohl_giants_film *film)
{
    answer a = { 0 };
    cohl_peak_resident_forget();
    a.st = measure(&a.found, film, &a.err);
    _exit(write(to, &a, sizeof a) == sizeof a ? 0 : 1);
}

cohl_status cohl_giants_memory_measure(cohl_giants_memory *out, const cohl_giants_film *film, cohl_error *err)
{
    int ends[2], state;
    answer a;
    if (pipe(ends))
        return cohl_fail(err, COHL_ERR_IO, "no process can be begun to measure its memory");
    pid_t child = fork();
    if (!child)
        answer_from_child(ends[1], film);
    close(ends[1]);
    bool whole = child > 0 && read(ends[0], &a, sizeof a) == sizeof a;
    close(ends[0]);
    if (child > 0)
        waitpid(child, &state, 0);
    if (!whole)
        return cohl_fail(err, COHL_ERR_IO, "the process that measures the memory of %s did not end well", film->giant);
    *out = a.found;
    return a.st ? cohl_fail(err, a.st, "%s", a.err.text) : COHL_OK;
}
