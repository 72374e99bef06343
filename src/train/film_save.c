/* film_save.c - the networks a film recipe trains: opened from it, saved as a model folder. */
#include "train/film_save.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static const size_t COPY_BYTES_MAX = (size_t)1 << 30;

/* An object inside section "model", as a config of its own. */
static cohl_status part_config(const cohl_recipe *recipe, const char *part, cohl_config **out, cohl_error *err)
{
    const json_t *model = json_object_get(cohl_config_json(recipe->config), "model");
    const json_t *section = json_object_get(model, part);
    if (!json_is_object(section))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: \"model\" has no object \"%s\"", recipe->name, part);
    char *text = json_dumps(section, JSON_COMPACT);
    if (!text)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory", recipe->name);
    cohl_status st = cohl_config_parse(out, part, text, strlen(text), err);
    free(text);
    return st;
}

static cohl_status start(cohl_params *params, const cohl_recipe *recipe, const char *part, cohl_ctx *ctx,
                         cohl_error *err)
{
    cohl_status st = cohl_params_alloc(params, ctx, &(cohl_params_use){ .train = true }, err);
    if (st)
        return st;
    if (!recipe->start_from)
        return cohl_params_start(params, recipe->seed, err);
    char *folder = cohl_path_join(recipe->start_from, part);
    st = folder ? cohl_params_load_path(params, folder, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory");
    free(folder);
    return st;
}

cohl_status cohl_film_nets_open(cohl_film_nets *nets, const cohl_recipe *recipe, cohl_ctx *ctx,
                                cohl_error *err)
{
    cohl_config *json = NULL;
    cohl_text_encoder_config text;
    cohl_dit_config dit;
    cohl_status st;

    *nets = (cohl_film_nets){ NULL, NULL };
    if (!(st = part_config(recipe, "text_encoder", &json, err)) &&
        !(st = cohl_text_encoder_config_read(&text, json, err)) &&
        !(st = cohl_text_encoder_new(&nets->text, &text, err)))
        st = start(&nets->text->params, recipe, "text_encoder", ctx, err);
    cohl_config_close(json);
    json = NULL;
    if (!st && !(st = part_config(recipe, "transformer", &json, err)) &&
        !(st = cohl_dit_config_read(&dit, json, err)) && !(st = cohl_dit_new(&nets->dit, &dit, err)))
        st = start(&nets->dit->params, recipe, "transformer", ctx, err);
    cohl_config_close(json);
    if (!st && dit.text_dim != text.dim)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: the transformer's text_dim is %d, expected the text "
                       "encoder's dim, %d", recipe->name, dit.text_dim, text.dim);
    return st;
}

static cohl_status write_json(const char *path, const json_t *json, cohl_error *err)
{
    char *text = json ? json_dumps(json, JSON_INDENT(1)) : strdup("{}");
    if (!text)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory", path);
    cohl_status st = cohl_file_write(path, text, strlen(text), err);
    free(text);
    return st;
}

/* *copied counts up where there is such a file. */
static cohl_status copy_file(const char *from, const char *to, const char *name, int *copied, cohl_error *err)
{
    char *source = cohl_path_join(from, name), *target = cohl_path_join(to, name), *data = NULL;
    size_t size;
    cohl_status st = COHL_OK;
    if (!source || !target)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for names");
    else if (cohl_file_exists(source) && ++*copied && !(st = cohl_file_read(&data, &size, source, COPY_BYTES_MAX, err)))
        st = cohl_file_write(target, data, size, err);
    free(source);
    free(target);
    free(data);
    return st;
}

/* All names that cohl_vae_load and cohl_tokenizer_open know; one of those that fill a part must be there. */
static const char *const beside[] = { "config.json", "words.tsv" };
static const char *const filling[] = { "model.safetensors", "diffusion_pytorch_model.safetensors", "spiece.model",
                                       "sentencepiece.model", "tokenizer.model", "tokenizer.json" };
enum { BESIDE = sizeof beside / sizeof *beside, FILLING = sizeof filling / sizeof *filling };

static cohl_status fail_empty(const char *folder, const char *part, cohl_error *err)
{
    return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: what fills it is in none of the files that a trained model's %s is copied "
                     "from, model.safetensors or spiece.model", folder, part);
}

/* Of what is not there at all, the one who loads it tells. */
static cohl_status check_part(const char *folder, const char *part, cohl_error *err)
{
    bool filled = access(folder, F_OK);
    for (int i = 0; i < FILLING; i++) {
        char *path = cohl_path_join(folder, filling[i]);
        if (!path)
            return cohl_fail(err, COHL_ERR_MEMORY, "no memory for names");
        filled = filled || cohl_file_exists(path);
        free(path);
    }
    return filled ? COHL_OK : fail_empty(folder, part, err);
}

cohl_status cohl_film_save_check(const char *vae_folder, const char *tokenizer_folder, cohl_error *err)
{
    cohl_status st = check_part(vae_folder, "vae", err);
    return st ? st : check_part(tokenizer_folder, "tokenizer", err);
}

/* folder/part/config.json, and what fills the part: weights of our own, or copied files. */
static cohl_status save_part(const char *folder, const char *part, const json_t *config, cohl_params *params,
                             const char *copy_from, cohl_dtype dtype, cohl_error *err)
{
    char *at = cohl_path_join(folder, part);
    char *config_path = at ? cohl_path_join(at, "config.json") : NULL;
    char *weights = at ? cohl_path_join(at, "model.safetensors") : NULL;
    cohl_status st = config_path && weights ? cohl_folder_make(at, err)
                                            : cohl_fail(err, COHL_ERR_MEMORY, "no memory for names");
    int others = 0, filled = 0;
    for (int i = 0; i < BESIDE && copy_from && !st; i++)
        st = copy_file(copy_from, at, beside[i], &others, err);
    for (int i = 0; i < FILLING && copy_from && !st; i++)
        st = copy_file(copy_from, at, filling[i], &filled, err);
    if (copy_from && !filled && !st)
        st = fail_empty(copy_from, part, err);
    if (config && !st)
        st = write_json(config_path, config, err);
    if (params && !st)
        st = cohl_params_save(params, weights, dtype, NULL, err);
    free(at);
    free(config_path);
    free(weights);
    return st;
}

cohl_status cohl_film_save_folder(const cohl_film_save *save, const char *folder, cohl_error *err)
{
    const json_t *all = cohl_config_json(save->recipe->config), *model = json_object_get(all, "model");
    const json_t *text = json_object_get(model, "text_encoder"), *dit = json_object_get(model, "transformer");
    char *index = cohl_path_join(folder, "model_index.json");
    cohl_status st = index ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");

    if (!st && !(st = save_part(folder, "text_encoder", text, &save->nets->text->params, NULL, save->dtype, err)) &&
        !(st = save_part(folder, "transformer", dit, &save->nets->dit->params, NULL, save->dtype, err)) &&
        !(st = save_part(folder, "vae", NULL, NULL, save->vae_folder, save->dtype, err)) &&
        !(st = save_part(folder, "tokenizer", NULL, NULL, save->tokenizer_folder, save->dtype, err)) &&
        !(st = save_part(folder, "scheduler", json_object_get(all, "scheduler"), NULL, NULL, save->dtype, err)))
        st = write_json(index, json_object_get(all, "index"), err);
    free(index);
    return st;
}
