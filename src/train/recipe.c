/* recipe.c - what a training run is, as a short file. */
#include "train/recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { RECIPE_BYTES_MAX = 1 << 20 };

/* What a recipe may have besides its common part. */
static const char *const sections[] = {
    "optimizer", "schedule", "model", "data", "draw", "index", "scheduler", NULL,
};

static cohl_status read_optimizer(cohl_config *c, const char *recipe, cohl_optimizer_params *o, cohl_error *err)
{
    const char *matrix;
    cohl_config_string_or(c, "matrix", "muon", &matrix);
    o->muon = !strcmp(matrix, "muon");
    cohl_config_float_or(c, "matrix_rate", 0, 1, 3e-3, &o->matrix_rate);
    cohl_config_float_or(c, "rate", 0, 1, 1e-3, &o->rate);
    cohl_config_float_or(c, "matrix_momentum", 0, 0.9999, 0.95, &o->matrix_momentum);
    cohl_config_float_or(c, "beta1", 0, 0.9999, 0.9, &o->beta1);
    cohl_config_float_or(c, "beta2", 0, 0.99999, 0.98, &o->beta2);
    cohl_config_float_or(c, "decay", 0, 1, 0.01, &o->decay);
    cohl_config_float_or(c, "clip", 0, 1e9, 1.0, &o->clip);
    cohl_config_float_or(c, "average", 1, 100, 9, &o->average);
    cohl_status st = cohl_config_done_whole(c, NULL, err);
    if (!st && !o->muon && strcmp(matrix, "adamw"))
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s, section \"optimizer\": \"matrix\": expected \"muon\" or "
                       "\"adamw\", found \"%.40s\"", recipe, matrix);
    return st;
}

static cohl_status read_schedule(cohl_recipe *r, cohl_error *err)
{
    cohl_config *c;
    cohl_status st = cohl_recipe_section(r, "schedule", &c, err);
    if (st)
        return st;
    cohl_config_float_or(c, "warmup", 0, 1e9, 100, &r->warmup);
    cohl_config_float_or(c, "decay", 0, 1, 0.4, &r->decay);
    cohl_config_int_or(c, "evaluate_every", 1, 1000000000, 500, &r->evaluate_every);
    cohl_config_int_or(c, "sheet_every", 0, 1000000000, 2000, &r->sheet_every);
    cohl_config_float_or(c, "save_seconds", 0, 1e6, 120, &r->save_seconds);
    st = cohl_config_done_whole(c, NULL, err);
    cohl_config_close(c);
    return st;
}

static cohl_status read_all(cohl_recipe *r, cohl_error *err)
{
    const char *task, *start;
    int seed;
    cohl_config *optimizer = NULL;
    cohl_status st;

    cohl_config_string(r->config, "task", &task);
    cohl_config_int_or(r->config, "seed", 0, 2147483647, 0, &seed);
    cohl_config_int(r->config, "steps", 1, 1000000000, &r->steps);
    cohl_config_int(r->config, "batch", 1, 4096, &r->batch);
    cohl_config_string_or(r->config, "start_from", "", &start);
    if ((st = cohl_config_done_whole(r->config, sections, err)))
        return st;
    r->seed = (uint64_t)seed;
    snprintf(r->task, sizeof r->task, "%s", task);
    if (*start && !(r->start_from = strdup(start)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a recipe");
    if ((st = read_schedule(r, err)) || (st = cohl_recipe_section(r, "optimizer", &optimizer, err)))
        return st;
    st = read_optimizer(optimizer, r->name, &r->optimizer, err);
    cohl_config_close(optimizer);
    return st;
}

/* "recipes/film.json" -> "film" */
static void set_name(cohl_recipe *r, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    int length = dot ? (int)(dot - name) : (int)strlen(name);
    snprintf(r->name, sizeof r->name, "%.*s", length, name);
}

cohl_status cohl_recipe_parse(cohl_recipe *recipe, const char *name, const char *text, size_t size,
                              cohl_error *err)
{
    *recipe = (cohl_recipe){ .seed = 0 };
    set_name(recipe, name);
    cohl_status st = cohl_config_parse(&recipe->config, name, text, size, err);
    if (!st)
        st = read_all(recipe, err);
    if (st)
        cohl_recipe_close(recipe);
    return st;
}

cohl_status cohl_recipe_open(cohl_recipe *recipe, const char *path, cohl_error *err)
{
    char *text;
    size_t size;
    *recipe = (cohl_recipe){ .seed = 0 };
    cohl_status st = cohl_file_read(&text, &size, path, RECIPE_BYTES_MAX, err);
    if (st)
        return st;
    st = cohl_recipe_parse(recipe, path, text, size, err);
    free(text);
    return st;
}

void cohl_recipe_close(cohl_recipe *recipe)
{
    cohl_config_close(recipe->config);
    free(recipe->start_from);
    *recipe = (cohl_recipe){ .seed = 0 };
}

char *cohl_recipe_section_text(const cohl_recipe *recipe, const char *key)
{
    const json_t *section = json_object_get(cohl_config_json(recipe->config), key);
    return section ? json_dumps(section, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)
                   : strdup("{}");
}

cohl_status cohl_recipe_section(const cohl_recipe *recipe, const char *key, cohl_config **out,
                                cohl_error *err)
{
    char name[160], *text = cohl_recipe_section_text(recipe, key);
    *out = NULL;
    if (!text)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for section \"%s\"", recipe->name, key);
    snprintf(name, sizeof name, "%s, section \"%s\"", recipe->name, key);
    cohl_status st = cohl_config_parse(out, name, text, strlen(text), err);
    free(text);
    return st;
}

double cohl_recipe_rate(const cohl_recipe *recipe, int64_t step)
{
    double left = (double)(recipe->steps - step), falling = recipe->decay * recipe->steps;
    double rise = (double)(step + 1) / (recipe->warmup + 1);
    double fall = falling > 0 && left < falling ? left / falling : 1;
    return (rise < 1 ? rise : 1) * (fall > 0 ? fall : 0);
}
