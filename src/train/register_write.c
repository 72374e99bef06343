/* register_write.c - training.json of a model that was trained here: what made the parts it began with, and its own run. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "train/register.h"

typedef struct writing {
    const cohl_recipe *recipe;
    const json_t *data;          /* of the recipe */
    json_t       *runs;
    cohl_error   *err;
    cohl_status   st;
} writing;

static void fail_memory(writing *w)
{
    if (!w->st)
        w->st = cohl_fail(w->err, COHL_ERR_MEMORY, "no memory for training.json");
}

/* ---- what it began with -------------------------------------------------- */

/* The model folder that a part's folder lies in: "models/mini" of "models/mini/vae". free() it. */
static char *folder_of(const char *part)
{
    size_t size = strlen(part);
    while (size > 1 && part[size - 1] == '/')
        size--;
    while (size && part[size - 1] != '/')
        size--;
    while (size > 1 && part[size - 1] == '/')
        size--;
    return size ? strndup(part, size) : strdup(".");
}

/* The runs of a task from the register of a folder, whose weights must be those that it names. */
static void add_runs_of(writing *w, const char *folder, const char *task)
{
    cohl_register *reg = NULL;
    json_t *run;
    size_t i;
    if (w->st)
        return;
    w->st = cohl_register_open(&reg, folder, w->err);
    if (!w->st) w->st = cohl_register_check(reg, w->err);
    json_array_foreach(reg && !w->st ? json_object_get(reg->file, "runs") : NULL, i, run)
        if (!strcmp(json_string_value(json_object_get(run, "task")), task) && json_array_append(w->runs, run))
            fail_memory(w);
    cohl_register_free(reg);
}

static void add_runs_of_part(writing *w, const char *part, const char *task)
{
    char *folder = part ? folder_of(part) : NULL;
    if (!folder)
        fail_memory(w);
    else
        add_runs_of(w, folder, task);
    free(folder);
}

static void add_beginnings(writing *w)
{
    bool film = !strcmp(w->recipe->task, "film");
    if (film) {
        add_runs_of_part(w, json_string_value(json_object_get(w->data, "tokenizer")), "tokenizer");
        add_runs_of_part(w, json_string_value(json_object_get(w->data, "vae")), "vae");
    }
    if (w->recipe->start_from && film)
        add_runs_of(w, w->recipe->start_from, "film");
    else if (w->recipe->start_from)
        add_runs_of_part(w, w->recipe->start_from, "vae");
}

/* ---- its own run --------------------------------------------------------- */

/* Frames of a clip, by the recipe: film names them as the third number of "shapes". */
static json_t *lengths_of(const writing *w)
{
    const json_t *shapes = json_object_get(w->data, "shapes"), *frames = json_object_get(w->data, "frames"), *shape;
    json_t *list = json_array();
    size_t i;
    if (frames)
        json_array_extend(list, (json_t *)frames);
    json_array_foreach((json_t *)shapes, i, shape)
        json_array_append(list, json_array_get(shape, 2));
    return list;
}

static void add_own(writing *w, const cohl_progress *progress)
{
    static const char *const copied[] = { "actors_min", "fit_clips", "shards_first", "shards_max", "repeats" };
    const json_t *act = json_object_get(w->data, "act"), *most = json_object_get(w->data, "actors_max");
    const json_t *least = json_object_get(w->data, "actors_min");
    bool film = !strcmp(w->recipe->task, "film");
    json_int_t usual_most = film ? least ? json_integer_value(least) : 1 : 2;
    if (w->st)
        return;
    json_t *run = json_pack("{s:s, s:s, s:s+, s:I, s:I, s:i, s:I, s:I, s:o, s:f, s:f}", "task", w->recipe->task, "part",
        film ? "film" : "autoencoder", "recipe", w->recipe->name, ".json", "seed", (json_int_t)w->recipe->seed, "steps",
        (json_int_t)progress->step, "batch", w->recipe->batch, "act", act ? json_integer_value(act) : (json_int_t)2,
        "actors_max", most ? json_integer_value(most) : usual_most, "frames", lengths_of(w), "hours",
        progress->seconds / 3600, "kilojoules", progress->joules / 1000);
    for (size_t i = 0; run && i < sizeof copied / sizeof *copied; i++)
        if (json_object_get(w->data, copied[i]))
            json_object_set(run, copied[i], json_object_get(w->data, copied[i]));
    if (!run || json_array_append_new(w->runs, run))
        fail_memory(w);
}

/* ---- whose weights ------------------------------------------------------- */

static json_t *weights_of(writing *w, const char *model)
{
    static const char *const files[] = { "text_encoder/model.safetensors", "transformer/model.safetensors",
                                         "vae/model.safetensors", "tokenizer/spiece.model" };
    json_t *sums = json_object();
    for (size_t i = 0; i < sizeof files / sizeof *files && !w->st; i++) {
        char hex[COHL_DIGEST_HEX], *path = cohl_path_join(model, files[i]);
        if (!path || !sums)
            fail_memory(w);
        else if (cohl_file_exists(path) && !(w->st = cohl_digest_file(hex, path, w->err)))
            json_object_set_new(sums, files[i], json_string(hex));
        free(path);
    }
    return sums;
}

static json_t *name_of(const writing *w)
{
    const json_t *index = json_object_get(cohl_config_json(w->recipe->config), "index");
    json_t *name = json_object_get(json_object_get(index, "cohl"), "name");
    return name ? json_incref(name) : json_string(w->recipe->name);
}

cohl_status cohl_register_write(const char *model, const cohl_recipe *recipe, const cohl_progress *progress, cohl_error *err)
{
    writing w = { .recipe = recipe, .data = json_object_get(cohl_config_json(recipe->config), "data"),
                  .runs = json_array(), .err = err };
    char *path = cohl_path_join(model, "training.json"), *text = NULL;
    json_t *sums, *all = NULL;
    if (!w.runs || !path)
        fail_memory(&w);
    add_beginnings(&w);
    add_own(&w, progress);
    sums = weights_of(&w, model);
    if (!w.st)
        all = json_pack("{s:o, s:s, s:s, s:O, s:O}", "model", name_of(&w), "released", "not released: trained on this machine",
                        "provider", "Whoever ran the training; no name was entered.", "weights", sums, "runs", w.runs);
    if (!w.st && !(all && (text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(9)))))
        fail_memory(&w);
    if (!w.st) w.st = cohl_file_write(path, text, strlen(text), err);
    free(text);
    free(path);
    json_decref(all);
    json_decref(sums);
    json_decref(w.runs);
    return w.st;
}
