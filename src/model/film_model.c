/* film_model.c - what a model's folder says of itself. */
#include "model/film_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/family.h"
#include "model/film_parts.h"

/* ---- a model of our own -------------------------------------------------- */

cohl_status film_open_json(cohl_config **out, const char *folder, const char *name, cohl_error *err)
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
    cohl_status st = film_open_json(&index, folder, "model_index.json", err);
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

/* A model of ours says so in its index; one that cannot be read is ours to complain of. */
bool film_is_own(const char *folder)
{
    char *path = cohl_path_join(folder, "model_index.json");
    cohl_config *index = NULL;
    bool there = path && cohl_file_exists(path);
    bool own = there && (cohl_config_open(&index, path, NULL) || cohl_config_has(index, "cohl"));
    cohl_config_close(index);
    free(path);
    return own;
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
            if (side < can->grid || side > 16384 || side % can->grid)
                return cohl_fail(err, COHL_ERR_FORMAT, "%s/model_index.json: \"sizes\"[%zu]: expected two "
                                 "multiples of %d", folder, i, can->grid);
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
    cohl_status st = film_open_json(&json, folder, "scheduler/config.json", err);
    if (st)
        return st;
    cohl_config_string_or(json, "solver", "unipc", &solver);
    cohl_config_int_or(json, "steps", 1, COHL_STEPS_MAX, 30, &sampling->steps);
    cohl_config_float_or(json, "shift", 0.01, 100, 5, &sampling->shift);
    cohl_config_float_or(json, "guidance", 0, 100, 5, &sampling->guidance);
    cohl_config_float_or(json, "reuse", 0, 1, 0, &sampling->reuse);
    st = cohl_config_done(json, err);
    if (!st && !(sampling->solver = cohl_solver_find(solver)))
        st = cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s/scheduler/config.json: no solver is called \"%s\"", folder,
                       solver);
    cohl_config_close(json);
    return st;
}

static cohl_status describe_own(cohl_film_abilities *can, cohl_film_sampling *sampling, const char *folder,
                                cohl_error *err)
{
    cohl_config *json;
    cohl_status st = open_abilities(&json, folder, err);
    can->grid = COHL_VAE_SPACE * COHL_DIT_PATCH;
    can->fit = COHL_FIT_CROP;
    if (!st)
        st = describe_film(can, json, folder, err);
    cohl_config_close(json);
    return st ? st : describe_sampling(sampling, folder, err);
}

/* ---- a Wan model --------------------------------------------------------- */

static void take_family(cohl_film_abilities *can, cohl_film_sampling *sampling, const cohl_family *f)
{
    snprintf(can->name, sizeof can->name, "%s", f->name);
    snprintf(can->about, sizeof can->about, "%s", f->about);
    can->fps = f->fps;
    can->frames_min = 17 < f->frames ? 17 : f->frames, can->frames_max = f->frames;
    for (int i = 0; i < 4 && f->size[i][0]; i++, can->size_count++)
        memcpy(can->size[i], f->size[i], sizeof can->size[i]);
    can->known = cohl_known_kind_find(f->known);
    can->grid = f->space * COHL_DIT_PATCH;
    can->fit = f->fit;
    can->follows_pictures = true;
    *sampling = (cohl_film_sampling){
        .solver = cohl_solver_find("unipc"), .steps = f->steps, .shift = f->shift, .guidance = f->guidance,
        .boundary = f->boundary, .low_guidance = f->low_guidance, .negative = cohl_family_negative,
    };
}

static cohl_status describe_family(cohl_film_abilities *can, cohl_film_sampling *sampling, const char *folder,
                                   cohl_error *err)
{
    cohl_film_places places;
    cohl_weights *weights = NULL;
    cohl_dit_config dit;
    cohl_status st = cohl_film_places_find(&places, folder, err);
    if (st)
        return st;
    st = cohl_weights_open_part(&weights, places.transformer, COHL_PART_TRANSFORMER, err);
    if (!st)
        st = film_dit_config(&dit, places.transformer, weights, err);
    const cohl_family *family = st ? NULL : cohl_family_find(&dit, places.low != NULL);
    if (family)
        take_family(can, sampling, family);
    else if (!st)
        st = cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: a transformer of %d channels in and %d out%s%s is none of the Wan "
                       "family that is known here, and no model_index.json with a key \"cohl\" says more", places.transformer, dit.in_dim, dit.out_dim,
                       dit.image_dim ? ", with image tokens" : "", places.low ? ", one of two experts" : "");
    cohl_weights_close(weights);
    cohl_film_places_free(&places);
    return st;
}

cohl_status cohl_film_model_describe(cohl_film_abilities *can, cohl_film_sampling *sampling, const char *folder,
                                     cohl_error *err)
{
    *can = (cohl_film_abilities){ 0 };
    *sampling = (cohl_film_sampling){ 0 };
    if (cohl_file_exists(folder) && !cohl_folder_exists(folder))
        return cohl_fail(err, COHL_ERR_IO, "%s: is a file, expected a model's folder", folder);
    if (!cohl_folder_exists(folder))
        return cohl_fail(err, COHL_ERR_IO, "%s: there is no such folder", folder);
    return film_is_own(folder) ? describe_own(can, sampling, folder, err) : describe_family(can, sampling, folder, err);
}
