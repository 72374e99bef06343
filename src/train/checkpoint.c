/* checkpoint.c - the whole state of a run in one safetensors file. */
#include "train/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tensor/backend.h"
#include "weights/weights.h"
#include "weights/safetensors.h"

enum { PARTS = 4 };
static const char *const part_names[PARTS] = { "weights", "m", "v", "average" };

static cohl_tensor *part_of(cohl_slot *slot, int part)
{
    cohl_tensor *const parts[PARTS] = { slot->param->tensor, &slot->m, &slot->v, &slot->average };
    return parts[part]->data ? parts[part] : NULL;
}

static cohl_status describe(cohl_weight *w, cohl_optimizer *opt, cohl_slot *slot, int part, cohl_error *err)
{
    const cohl_tensor *t = part_of(slot, part);
    size_t count = (size_t)cohl_tensor_count(t);
    char *name = malloc(strlen(slot->name) + 16);
    float *data = malloc(count * sizeof *data);

    *w = (cohl_weight){ .name = name, .type = COHL_F32, .rank = t->rank, .count = count, .data = data };
    if (!name || !data)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to save %s", slot->name);
    sprintf(name, "%s/%s", part_names[part], slot->name);
    memcpy(w->dim, t->dim, (size_t)t->rank * sizeof *t->dim);
    opt->ctx->backend->download(opt->ctx, data, t->data, count * sizeof *data);
    return COHL_OK;
}

cohl_status cohl_checkpoint_save(const char *path, cohl_optimizer *opt, const cohl_recipe *recipe,
                                 const cohl_progress *progress, cohl_error *err)
{
    char step[32], seed[32], seconds[32], joules[32];
    size_t count = 0;
    cohl_status st = COHL_OK;
    char *model = cohl_recipe_section_text(recipe, "model");
    cohl_weight *weights = calloc((size_t)opt->count * PARTS, sizeof *weights);

    if (!model || !weights)
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its list of tensors", path);
    for (int part = 0; part < PARTS && !st; part++)
        for (int i = 0; i < opt->count && !st; i++)
            if (part_of(&opt->slot[i], part))
                st = describe(&weights[count++], opt, &opt->slot[i], part, err);
    snprintf(step, sizeof step, "%lld", (long long)progress->step);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)recipe->seed);
    snprintf(seconds, sizeof seconds, "%.1f", progress->seconds);
    snprintf(joules, sizeof joules, "%.0f", progress->joules);
    const cohl_metadata metadata[] = {
        { "cohl.step", step }, { "cohl.seed", seed }, { "cohl.task", recipe->task },
        { "cohl.model", model }, { "cohl.seconds", seconds }, { "cohl.joules", joules }, { NULL, NULL },
    };
    if (!st)
        st = cohl_safetensors_write(path, weights, count, metadata, err);
    for (size_t i = 0; i < count; i++) {
        free((void *)weights[i].name);
        free((void *)weights[i].data);
    }
    free(weights);
    free(model);
    return st;
}

static cohl_status expect_text(const cohl_weights *file, const char *path, const char *key,
                               const char *want, cohl_error *err)
{
    const char *have = cohl_weights_metadata(file, key);
    if (!have || strcmp(have, want))
        return cohl_fail(err, COHL_ERR_FORMAT,
                         "%s: a checkpoint of another recipe: its %s is %.150s, the recipe's %.150s",
                         path, key + 5, have ? have : "missing", want);
    return COHL_OK;
}

static cohl_status check_recipe(const cohl_weights *file, const char *path, const cohl_recipe *recipe,
                                cohl_error *err)
{
    char seed[32];
    cohl_status st;
    char *model = cohl_recipe_section_text(recipe, "model");
    if (!model)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory", path);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)recipe->seed);
    if (!(st = expect_text(file, path, "cohl.task", recipe->task, err)) &&
        !(st = expect_text(file, path, "cohl.model", model, err)))
        st = expect_text(file, path, "cohl.seed", seed, err);
    free(model);
    return st;
}

static cohl_status load_part(const cohl_weights *file, cohl_optimizer *opt, cohl_slot *slot, int part,
                             cohl_error *err)
{
    char name[300];
    cohl_tensor *t = part_of(slot, part);
    if (!t)
        return COHL_OK;
    size_t count = (size_t)cohl_tensor_count(t);
    float *data = malloc(count * sizeof *data);
    if (!data)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to load %s", slot->name);
    snprintf(name, sizeof name, "%s/%s", part_names[part], slot->name);
    cohl_status st = cohl_weights_tensor_f32(file, name, t->dim, t->rank, data, err);
    if (!st)
        opt->ctx->backend->upload(opt->ctx, t->data, data, count * sizeof *data);
    free(data);
    return st;
}

/* A number of 0..most of the metadata; others are COHL_ERR_FORMAT. */
static cohl_status read_number(const cohl_weights *file, const char *path, const char *key, double most,
                               double *out, cohl_error *err)
{
    const char *text = cohl_weights_metadata(file, key);
    char *end = NULL;
    *out = text ? cohl_text_real(text, &end) : 0;
    if (!text || end == text || *end || !(*out >= 0 && *out <= most))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: its %s is %.40s, expected a number from 0 to %g", path,
                         key + 5, text ? text : "missing", most);
    return COHL_OK;
}

static cohl_status read_progress(const cohl_weights *file, const char *path, cohl_progress *progress,
                                 cohl_error *err)
{
    double step;
    cohl_status st;
    if ((st = read_number(file, path, "cohl.step", 1e9, &step, err)) ||
        (st = read_number(file, path, "cohl.seconds", 1e12, &progress->seconds, err)) ||
        (st = read_number(file, path, "cohl.joules", 1e18, &progress->joules, err)))
        return st;
    progress->step = (int64_t)step;
    return COHL_OK;
}

cohl_status cohl_checkpoint_load(const char *path, cohl_optimizer *opt, const cohl_recipe *recipe,
                                 cohl_progress *progress, cohl_error *err)
{
    cohl_weights *file;
    cohl_status st = cohl_weights_open(&file, path, err);
    if (st)
        return st;
    if (!(st = check_recipe(file, path, recipe, err)))
        st = read_progress(file, path, progress, err);
    for (int part = 0; part < PARTS && !st; part++)
        for (int i = 0; i < opt->count && !st; i++)
            st = load_part(file, opt, &opt->slot[i], part, err);
    cohl_weights_close(file);
    return st;
}
