/* film_model.c - a model that makes film, as a folder in the diffusers library's layout. */
#include "model/film_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/vae_file.h"

/* ---- what it says of itself ---------------------------------------------- */

static cohl_status open_json(cohl_config **out, const char *folder, const char *name, cohl_error *err)
{
    char *path = cohl_path_join(folder, name);
    *out = NULL;
    if (!path)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    cohl_status st = cohl_config_open(out, path, err);
    free(path);
    return st;
}

/* The "cohl" object of model_index.json as a config of its own; one that is absent is empty. */
static cohl_status open_abilities(cohl_config **out, const char *folder, cohl_error *err)
{
    char name[512];
    cohl_config *index;
    cohl_status st = open_json(&index, folder, "model_index.json", err);
    *out = NULL;
    if (st)
        return st;
    json_t *own = json_object_get(cohl_config_json(index), "cohl");
    char *text = own ? json_dumps(own, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("{}");
    snprintf(name, sizeof name, "%s/model_index.json: cohl", folder);
    st = text ? cohl_config_parse(out, name, text, strlen(text), err)
              : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory", name);
    free(text);
    cohl_config_close(index);
    return st;
}

static cohl_status read_sizes(cohl_film_abilities *can, const cohl_config *json, const char *folder, cohl_error *err)
{
    const json_t *list = json_object_get(cohl_config_json(json), "sizes");
    size_t count = json_array_size(list);
    if (count < 1 || count > COHL_MODEL_SIZES_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s/model_index.json: \"sizes\" is a list of 1 to %d pairs "
                         "[width, height]", folder, COHL_MODEL_SIZES_MAX);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < 2; k++) {
            json_int_t side = json_integer_value(json_array_get(json_array_get(list, i), k));
            if (side < COHL_MODEL_GRID || side > 16384 || side % COHL_MODEL_GRID)
                return cohl_fail(err, COHL_ERR_FORMAT, "%s/model_index.json: \"sizes\"[%zu]: expected two "
                                 "multiples of %d", folder, i, COHL_MODEL_GRID);
            can->size[i][k] = (int)side;
        }
    can->size_count = (int)count;
    return COHL_OK;
}

/* "frames" lists lengths, or only the shortest and the longest. */
static cohl_status read_frames(cohl_film_abilities *can, cohl_config *json, const char *folder, cohl_error *err)
{
    int frames[64], count;
    can->frames_min = 17, can->frames_max = 81;
    if (!cohl_config_has(json, "frames"))
        return COHL_OK;
    cohl_status st = cohl_config_ints(json, "frames", 1, COHL_MODEL_FRAMES_MAX, 1, 64, frames, &count);
    if (st)
        return cohl_config_done(json, err);
    can->frames_min = can->frames_max = frames[0];
    for (int i = 0; i < count; i++) {
        if (frames[i] % COHL_VAE_TIME != 1)
            return cohl_fail(err, COHL_ERR_FORMAT, "%s/model_index.json: \"frames\": %d is not 4k+1", folder,
                             frames[i]);
        can->frames_min = frames[i] < can->frames_min ? frames[i] : can->frames_min;
        can->frames_max = frames[i] > can->frames_max ? frames[i] : can->frames_max;
    }
    return COHL_OK;
}

static cohl_status describe_film(cohl_film_abilities *can, cohl_config *json, const char *folder, cohl_error *err)
{
    const char *name, *about, *known;
    cohl_config_string_or(json, "name", "model", &name);
    cohl_config_string_or(json, "about", "", &about);
    cohl_config_string_or(json, "known", "none", &known);
    cohl_config_float_or(json, "fps", 0.1, 240, 16, &can->fps);
    cohl_config_int_or(json, "words", 0, 2, 0, &can->words);
    cohl_status st = cohl_config_done(json, err);
    if (st)
        return st;
    snprintf(can->name, sizeof can->name, "%s", name);
    snprintf(can->about, sizeof can->about, "%s", about);
    if (!(can->known = cohl_known_kind_find(known)))
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s/model_index.json: no way of knowing frames is called "
                         "\"%s\"", folder, known);
    if ((st = read_frames(can, json, folder, err)))
        return st;
    if (cohl_config_has(json, "sizes"))
        return read_sizes(can, json, folder, err);
    can->size_count = 1, can->size[0][0] = 832, can->size[0][1] = 480;
    return COHL_OK;
}

static cohl_status describe_sampling(cohl_film_sampling *sampling, const char *folder, cohl_error *err)
{
    cohl_config *json;
    const char *solver;
    cohl_status st = open_json(&json, folder, "scheduler/config.json", err);
    if (st)
        return st;
    cohl_config_string_or(json, "solver", "unipc", &solver);
    cohl_config_int_or(json, "steps", 1, COHL_STEPS_MAX, 30, &sampling->steps);
    cohl_config_float_or(json, "shift", 0.01, 100, 5, &sampling->shift);
    cohl_config_float_or(json, "guidance", 0, 100, 5, &sampling->guidance);
    st = cohl_config_done(json, err);
    if (!st && !(sampling->solver = cohl_solver_find(solver)))
        st = cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s/scheduler/config.json: no solver is called \"%s\"", folder,
                       solver);
    cohl_config_close(json);
    return st;
}

cohl_status cohl_film_model_describe(cohl_film_abilities *can, cohl_film_sampling *sampling, const char *folder,
                                     cohl_error *err)
{
    cohl_config *json;
    *can = (cohl_film_abilities){ 0 };
    if (cohl_file_exists(folder) && !cohl_folder_exists(folder))
        return cohl_fail(err, COHL_ERR_IO, "%s: is a file, expected a model's folder, which has a model_index.json",
                         folder);
    if (!cohl_folder_exists(folder))
        return cohl_fail(err, COHL_ERR_IO, "%s: there is no such folder", folder);
    cohl_status st = open_abilities(&json, folder, err);
    if (!st)
        st = describe_film(can, json, folder, err);
    cohl_config_close(json);
    return st ? st : describe_sampling(sampling, folder, err);
}

/* ---- its parts ----------------------------------------------------------- */

/* Memory for the declared parameters, filled from the part's folder. */
static cohl_status fill(cohl_params *params, const char *folder, const char *part, cohl_ctx *ctx, cohl_dtype dtype,
                        cohl_error *err)
{
    cohl_status st = cohl_params_alloc(params, ctx, &(cohl_params_use){ .dtype = dtype }, err);
    char *path = cohl_path_join(folder, part);
    if (!path)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    if (!st)
        st = cohl_params_load_path(params, path, err);
    free(path);
    return st;
}

static cohl_status load_text(cohl_film_model *m, cohl_ctx *ctx, cohl_dtype dtype, cohl_error *err)
{
    cohl_config *json;
    cohl_text_encoder_config config;
    cohl_status st = open_json(&json, m->folder, "text_encoder/config.json", err);
    if (!st) st = cohl_text_encoder_config_read(&config, json, err);
    if (!st) st = cohl_text_encoder_new(&m->text, &config, err);
    if (!st) st = fill(&m->text->params, m->folder, "text_encoder", ctx, dtype, err);
    cohl_config_close(json);
    return st;
}

static cohl_status load_dit(cohl_film_model *m, cohl_ctx *ctx, cohl_dtype dtype, cohl_error *err)
{
    cohl_config *json;
    cohl_dit_config config;
    cohl_status st = open_json(&json, m->folder, "transformer/config.json", err);
    if (!st) st = cohl_dit_config_read(&config, json, err);
    if (!st) st = cohl_dit_new(&m->dit, &config, err);
    if (!st) st = fill(&m->dit->params, m->folder, "transformer", ctx, dtype, err);
    cohl_config_close(json);
    return st;
}

/* In F32 whatever the others are: it is small beside them, and rounds pixels. */
static cohl_status load_vae(cohl_film_model *m, cohl_ctx *ctx, cohl_error *err)
{
    char *path = cohl_path_join(m->folder, "vae");
    cohl_status st = path ? cohl_vae_load(&m->vae, ctx, path, err)
                          : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    free(path);
    return st;
}

static cohl_status load_tokenizer(cohl_film_model *m, cohl_error *err)
{
    char *path = cohl_path_join(m->folder, "tokenizer");
    cohl_status st = path ? cohl_tokenizer_open(&m->tokenizer, path, err)
                          : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    free(path);
    return st;
}

/* Widths that one part hands to the next. */
static cohl_status check_fit(const cohl_film_model *m, cohl_error *err)
{
    const cohl_dit_config *dit = &m->dit->config;
    int id_most = cohl_tokenizer_id_most(m->tokenizer), vocab = m->text->config.vocab;
    if (id_most >= vocab)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the tokenizer gives ids up to %d, the text encoder knows those "
                         "below %d", m->folder, id_most, vocab);
    if (dit->text_dim != m->text->config.dim)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the transformer reads text states of %d numbers, the text "
                         "encoder makes %d", m->folder, dit->text_dim, m->text->config.dim);
    if (dit->in_dim != m->vae->config.z_dim || dit->out_dim != m->vae->config.z_dim)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the transformer takes %d and makes %d channels, the "
                         "autoencoder's latents have %d", m->folder, dit->in_dim, dit->out_dim,
                         m->vae->config.z_dim);
    return COHL_OK;
}

cohl_status cohl_film_model_load(cohl_film_model **out, const char *folder, cohl_ctx *ctx, cohl_dtype dtype,
                                 cohl_error *err)
{
    cohl_status st;
    cohl_film_model *m = calloc(1, sizeof *m);
    *out = NULL;
    if (!m || !(m->folder = strdup(folder))) {
        free(m);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a model");
    }
    if ((st = cohl_film_model_describe(&m->can, &m->sampling, folder, err))) goto done;
    if ((st = load_tokenizer(m, err)))                                       goto done;
    if ((st = load_text(m, ctx, dtype, err)))                                goto done;
    if ((st = load_dit(m, ctx, dtype, err)))                                 goto done;
    if ((st = load_vae(m, ctx, err)))                                        goto done;
    st = check_fit(m, err);
done:
    if (st)
        cohl_film_model_free(m);
    else
        *out = m;
    return st;
}

void cohl_film_model_free(cohl_film_model *m)
{
    if (!m)
        return;
    cohl_tokenizer_close(m->tokenizer);
    cohl_text_encoder_free(m->text);
    cohl_dit_free(m->dit);
    cohl_vae_free(m->vae);
    free(m->folder);
    free(m);
}
