/* engine.c - a model's weights, loaded once, and the threads that its runs share. */
#define _GNU_SOURCE
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "base/memory.h"
#include "base/shipped.h"
#include "engine/origin.h"
#include "engine/build.h"
#include "fetch/pull.h"
#include "ledger/films.h"
#include "ledger/settings.h"
#include "tensor/backend.h"

static const char usual_model[] = "models/mini";

/* ---- where the model that ships is --------------------------------------- */

/* A folder; or the name of a model of the catalogue, which stands for where it was pulled to. */
static cohl_status find_model(char **out, const char *asked, cohl_error *err)
{
    if (asked && !cohl_folder_exists(asked) && cohl_model_entry_named(asked, NULL)) {
        cohl_status st = cohl_pull_folder(out, asked, err);
        if (!st && !cohl_folder_exists(*out)) {
            st = cohl_fail(err, COHL_ERR_IO, "%s: not here; `cohl models pull %s` brings it", asked, asked);
            free(*out);
            *out = NULL;
        }
        return st;
    }
    *out = asked ? strdup(asked) : cohl_shipped_folder(usual_model, COHL_DATA_FOLDER);
    if (*out)
        return COHL_OK;
    if (asked)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    return cohl_fail(err, COHL_ERR_IO, "no model was named, and none is at %s above the program or in %s",
                     usual_model, COHL_DATA_FOLDER);
}

/* ---- open and close ------------------------------------------------------ */

/* In int8, what is not held in eight bits is multiplied as is fastest here. */
static cohl_status read_precision(cohl_engine *engine, const char *name, cohl_error *err)
{
    static const char *const names[] = { "f32", "bf16", "int8" };
    cohl_precision fast = cohl_backend_fast_precision(cohl_backend_best());
    for (int i = 0; i < 3 && name; i++)
        if (!strcmp(names[i], name))
            engine->precision_asked = names[i];
    if (!name)
        name = fast == COHL_PRECISION_BF16 ? "bf16" : "f32";
    engine->precision = !strcmp(name, "f32") ? COHL_PRECISION_F32 : !strcmp(name, "bf16") ? COHL_PRECISION_BF16 : fast;
    engine->dtype = !strcmp(name, "f32") ? COHL_F32 : !strcmp(name, "bf16") ? COHL_BF16 : COHL_Q8;
    if (engine->dtype == COHL_Q8 && strcmp(name, "int8"))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "precision is \"%.40s\", expected f32, bf16 or int8", name);
    return COHL_OK;
}

static cohl_status open_vocabulary(cohl_engine *engine, const char *folder, cohl_error *err)
{
    char *path;
    if (!engine->model->can.words)
        return COHL_OK;
    if (!(path = cohl_path_join(folder, "tokenizer/words.tsv")))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    cohl_status st = cohl_vocabulary_new(&engine->vocabulary, engine->model->can.words, path, err);
    free(path);
    return st;
}

/* The ledger with the settings; NULL where there is none, or one that cannot be read: *unread tells of that. */
static cohl_store *open_settings(const char *ledger, cohl_error *unread)
{
    cohl_store *store = NULL;
    char *usual = NULL;
    if (cohl_ledger_open(&store, ledger, unread) &&
        ((!ledger && cohl_home_path(&usual, "ledger.db", NULL)) || !cohl_file_exists(ledger ? ledger : usual)))
        *unread = (cohl_error){ 0 };      /* nothing was ever set */
    free(usual);
    return store;
}

/* What was asked, or set, or else most of what is free: the system wants some for files. */
static cohl_status find_memory(cohl_engine *engine, uint64_t asked, cohl_error *err)
{
    static const double PART = 0.9;
    cohl_store *ledger = NULL;
    char *set = NULL;
    cohl_status st = COHL_OK;
    engine->memory = asked;
    if (!asked && (!engine->ledger || *engine->ledger))
        ledger = open_settings(engine->ledger, &engine->memory_unread);
    if (ledger)
        st = cohl_setting_text(&set, ledger, "memory.most", err);
    if (!st && set && *set)
        st = cohl_memory_read(&engine->memory, "the setting memory.most", set, err);
    engine->memory_asked = engine->memory > 0;
    if (!engine->memory_asked)
        engine->memory = (uint64_t)(PART * (double)cohl_memory_free());
    cohl_store_close(ledger);
    free(set);
    return st;
}

/* Parameters above which a network stays in its file where nobody asked for little memory. */
static const int64_t HELD_MOST = 500000000;

static cohl_status open_model(cohl_engine *engine, const char *asked, const char *loras, cohl_error *err)
{
    char *folder;
    cohl_status st = find_model(&folder, asked, err);
    const cohl_film_loading how = { .loras = loras, .dtype = engine->dtype, .room = engine->room,
                                    .held_most = engine->memory_asked ? 0 : HELD_MOST };
    if (!st) st = cohl_film_model_load_as(&engine->model, folder, &how, &engine->weights, err);
    if (!st) st = open_vocabulary(engine, folder, err);
    engine->own_weights = !st && engine_weights_are_own(engine);
    free(folder);
    return st;
}

/* The packs that ship, and those in the user's folder. A program that keeps no books keeps no log of
 * decisions either. */
static cohl_status open_policy(cohl_engine *engine, const cohl_engine_params *params, cohl_error *err)
{
    char *own = NULL;
    if (!engine->ledger || *engine->ledger)
        cohl_home_path(&own, "policy", NULL);
    cohl_status st = cohl_policy_open(&engine->policy, &(cohl_policy_params){ params->policy, own }, err);
    free(own);
    return st;
}

cohl_status cohl_engine_open(cohl_engine **out, const cohl_engine_params *params, cohl_error *err)
{
    const cohl_engine_params usual = { 0 };
    cohl_engine *engine = calloc(1, sizeof *engine);
    cohl_status st;

    *out = NULL;
    if (!engine)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for an engine");
    if (!params)
        params = &usual;
    engine->without_frame_checks = params->without_frame_checks;
    if ((params->loras && !(engine->loras = strdup(params->loras))) ||
        (params->ledger && !(engine->ledger = strdup(params->ledger)))) {
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
        goto done;
    }
    if ((st = read_precision(engine, params->precision, err)))                          goto done;
    if ((st = cohl_workers_new(&engine->workers, params->threads, err)))                            goto done;
    if ((st = cohl_ctx_open(&engine->weights, &(cohl_ctx_params){ .workers = engine->workers }, err))) goto done;
    if ((st = cohl_room_new(&engine->room, SIZE_MAX, err)))                                         goto done;
    if ((st = find_memory(engine, params->memory_bytes, err)))                                      goto done;
    if ((st = open_policy(engine, params, err)))                                                    goto done;
    st = open_model(engine, params->model, params->loras, err);
done:
    if (st)
        cohl_engine_close(engine);
    else
        *out = engine;
    return st;
}

void cohl_engine_close(cohl_engine *engine)
{
    if (!engine)
        return;
    cohl_vocabulary_free(engine->vocabulary);
    cohl_film_model_free(engine->model);
    cohl_room_free(engine->room);
    cohl_ctx_close(&engine->weights);
    cohl_workers_free(engine->workers);
    free(engine->loras);
    cohl_policy_close(engine->policy);
    free(engine->ledger);
    free(engine);
}

cohl_model_info cohl_engine_model(const cohl_engine *engine)
{
    const cohl_film_model *m = engine->model;
    return (cohl_model_info){
        .folder = m->folder, .name = m->can.name, .about = m->can.about, .fps = m->can.fps,
        .frames_min = m->can.frames_min, .frames_max = m->can.frames_max,
        .size_count = m->can.size_count, .size = m->can.size, .size_multiple = m->can.grid,
        .known = m->can.known->name, .solver = m->sampling.solver->name, .steps = m->sampling.steps,
        .shift = m->sampling.shift, .guidance = m->sampling.guidance,
        .text_parameters = cohl_params_size(&m->text->params),
        .transformer_parameters = cohl_params_size(&m->dit->params),
        .vae_parameters = cohl_params_size(&m->vae->params),
        .threads = cohl_workers_count(engine->workers),
    };
}
