/* recipe.c - the request that makes a film again, as the JSON that the film carries.
 *
 * Nothing in it depends on clock, machine or threads: the same request gives the same bytes. */
#include "engine/engine.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/build.h"
#include "engine/given.h"
#include "media/reader.h"
#include "media/still.h"

enum { PICTURE_BYTES_MAX = 256 << 20 };

static const char *const clip_keys[] = { "film", "second_film" };
static const char *const clip_sum_keys[] = { "film_sha256", "second_film_sha256" };

/* Keys whose texts are paths; of LoRAs, several with their strengths. */
static const char *const path_keys[] = { "image", "last_image", "film", "second_film", "loras" };

struct cohl_recipe_text { json_t *json; };

/* ---- write --------------------------------------------------------------- */

static void set_text(json_t *json, const char *key, const char *text)
{
    if (text)
        json_object_set_new(json, key, json_string(text));
}

static void set_path(json_t *json, const char *key, const char *path)
{
    if (path)
        json_object_set_new(json, key, cohl_json_path(path));
}

static void write_clips(json_t *json, const cohl_request *r)
{
    const given_kind *kind = given_kind_of(r->given);
    if (r->loop)
        json_object_set_new(json, "loop", json_true());
    if (!kind)
        return;
    set_text(json, "given", kind->name);
    for (int i = 0; i < kind->clips; i++) {
        set_path(json, clip_keys[i], r->clip[i]);
        set_text(json, clip_sum_keys[i], r->clip_sha256[i]);
    }
    if (r->given == COHL_GIVEN_FILL)
        json_object_set_new(json, "gap", json_pack("[f, f]", r->gap_begin, r->gap_end));
    if (kind->remakes)
        json_object_set_new(json, "strength", json_real(r->strength));
}

char *engine_recipe_write(const cohl_engine *engine, const cohl_request *r, const cohl_plan *plan)
{
    json_t *json = json_object();
    set_text(json, "cohl", COHL_VERSION);
    set_text(json, "model", engine->model->can.name);
    set_path(json, "loras", engine->loras);
    set_text(json, "precision", engine->precision_asked);
    set_text(json, "prompt", r->prompt);
    set_text(json, "negative", r->negative ? r->negative : engine->model->sampling.negative);
    json_object_set_new(json, "width", json_integer(plan->width));
    json_object_set_new(json, "height", json_integer(plan->height));
    /* of a film with given film: what is made of it, which decides the rest */
    json_object_set_new(json, "frames", json_integer(r->given || r->loop ? plan->asked_frames : plan->frames));
    json_object_set_new(json, "fps", json_real(plan->fps));
    json_object_set_new(json, "seed", cohl_json_whole(r->seed));
    json_object_set_new(json, "steps", json_integer(plan->steps));
    json_object_set_new(json, "guidance", json_real(plan->guidance));
    json_object_set_new(json, "shift", json_real(plan->shift));
    set_text(json, "solver", plan->solver);
    if (plan->reuse > 0)
        json_object_set_new(json, "reuse", json_real(plan->reuse));
    set_text(json, "noise", r->noise);
    set_text(json, "decoder", plan->fast_decoder ? r->decoder : NULL);
    set_path(json, "image", r->image);
    set_text(json, "image_sha256", r->image_sha256);
    set_path(json, "last_image", r->last_image);
    set_text(json, "last_image_sha256", r->last_image_sha256);
    write_clips(json, r);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

/* ---- read ---------------------------------------------------------------- */

static bool read_seed(uint64_t *seed, const json_t *value)
{
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *seed = (uint64_t)json_integer_value(value);
        return true;
    }
    return json_is_string(value) && cohl_text_whole(json_string_value(value), seed);
}

/* What no int can hold becomes what no request may ask. */
static int read_int(const json_t *json, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(json, key));
    return value >= 0 && value <= INT_MAX ? (int)value : -1;
}

static cohl_status read_clips(cohl_request *out, const json_t *json, const char *path, cohl_error *err)
{
    const char *name = json_string_value(json_object_get(json, "given"));
    const given_kind *kind = given_kind_named(name);
    const json_t *gap = json_object_get(json, "gap"), *strength = json_object_get(json, "strength");
    out->loop = json_is_true(json_object_get(json, "loop"));
    if (!name)
        return COHL_OK;
    if (!kind)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: its recipe gives film to \"%.40s\", which this build does not know",
                         path, name);
    out->given = kind->given;
    for (int i = 0; i < kind->clips; i++) {
        out->clip[i] = json_string_value(json_object_get(json, clip_keys[i]));
        out->clip_sha256[i] = json_string_value(json_object_get(json, clip_sum_keys[i]));
    }
    out->gap_begin = json_number_value(json_array_get(gap, 0));
    out->gap_end = json_number_value(json_array_get(gap, 1));
    if (json_is_number(strength))
        out->strength = json_number_value(strength);
    return COHL_OK;
}

static cohl_status read_request(cohl_request *out, json_t *json, const char *path, cohl_error *err)
{
    for (size_t i = 0; i < sizeof path_keys / sizeof *path_keys; i++)
        cohl_json_path_restore(json, path_keys[i]);
    *out = cohl_request_default();
    out->prompt = json_string_value(json_object_get(json, "prompt"));
    out->negative = json_string_value(json_object_get(json, "negative"));
    out->solver = json_string_value(json_object_get(json, "solver"));
    out->decoder = json_string_value(json_object_get(json, "decoder"));
    out->noise = json_string_value(json_object_get(json, "noise"));
    out->image = json_string_value(json_object_get(json, "image"));
    out->last_image = json_string_value(json_object_get(json, "last_image"));
    out->image_sha256 = json_string_value(json_object_get(json, "image_sha256"));
    out->last_image_sha256 = json_string_value(json_object_get(json, "last_image_sha256"));
    out->width = read_int(json, "width");
    out->height = read_int(json, "height");
    out->frames = read_int(json, "frames");
    out->steps = read_int(json, "steps");
    out->fps = json_number_value(json_object_get(json, "fps"));
    out->shift = json_number_value(json_object_get(json, "shift"));
    if (json_is_number(json_object_get(json, "guidance")))
        out->guidance = json_number_value(json_object_get(json, "guidance"));
    out->reuse = json_number_value(json_object_get(json, "reuse"));
    if (!out->prompt || !read_seed(&out->seed, json_object_get(json, "seed")))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: its recipe has no prompt or no seed", path);
    return read_clips(out, json, path, err);
}

/* A GIF has one comment and no keys; what begins as an object is the recipe. */
static cohl_status parse_recipe(cohl_request *out, cohl_recipe_text **recipe, const char *text, const char *path,
                                cohl_error *err)
{
    json_error_t wrong;
    cohl_status st;
    if (!text)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: carries no recipe; only films that Cohl made do", path);
    cohl_recipe_text *own = calloc(1, sizeof *own);
    if (!own)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to read its recipe", path);
    own->json = json_loads(text, 0, &wrong);
    if (!json_is_object(own->json))
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: its recipe is not a JSON object", path);
    else
        st = read_request(out, own->json, path, err);
    if (st)
        cohl_recipe_free(own);
    else
        *recipe = own;
    return st;
}

static bool is_png(const char *path)
{
    static const uint8_t begin[4] = { 0x89, 'P', 'N', 'G' };
    cohl_map map;
    if (cohl_map_open(&map, path, NULL))
        return false;
    bool png = map.size > sizeof begin && !memcmp(map.data, begin, sizeof begin);
    cohl_map_close(&map);
    return png;
}

static cohl_status picture_tags(cohl_tags *tags, const char *path, cohl_error *err)
{
    char *bytes;
    size_t size;
    cohl_status st = cohl_file_read(&bytes, &size, path, PICTURE_BYTES_MAX, err);
    if (st)
        return st;
    st = cohl_still_tags(tags, (const uint8_t *)bytes, size, err);
    free(bytes);
    return st;
}

cohl_status cohl_request_from_film(cohl_request *out, cohl_recipe_text **recipe, const char *path, cohl_error *err)
{
    cohl_film_reader *reader = NULL;
    cohl_tags tags = { 0 };
    const cohl_tags *all = &tags;
    cohl_status st;

    *recipe = NULL;
    if (is_png(path))
        st = picture_tags(&tags, path, err);
    else if (!(st = cohl_film_reader_open(&reader, path, 0, 0, err)))
        all = &cohl_film_reader_info(reader)->tags;
    if (!st)
        st = parse_recipe(out, recipe, cohl_tags_recipe(all), path, err);
    cohl_film_reader_close(reader);
    cohl_tags_free(&tags);
    return st;
}

const char *cohl_recipe_loras(const cohl_recipe_text *recipe)
{
    return recipe ? json_string_value(json_object_get(recipe->json, "loras")) : NULL;
}

const char *cohl_recipe_precision(const cohl_recipe_text *recipe)
{
    return recipe ? json_string_value(json_object_get(recipe->json, "precision")) : NULL;
}

void cohl_recipe_free(cohl_recipe_text *recipe)
{
    if (!recipe)
        return;
    json_decref(recipe->json);
    free(recipe);
}
