/* prompts.c - prompts with what a film of them must show. */
#include "bench/prompts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"

enum { FILE_BYTES_MAX = 1 << 20, ACTORS_MAX = COHL_CRITIC_ACTORS_MAX };

void cohl_prompts_free(cohl_prompts *prompts)
{
    for (int i = 0; i < prompts->count; i++)
        free(prompts->item[i].text);
    free(prompts->item);
    *prompts = (cohl_prompts){ NULL, 0 };
}

/* ---- from the theatre ---------------------------------------------------------- */

cohl_status cohl_prompts_from_theatre(cohl_prompts *out, const cohl_scene_request *request, int count,
                                      uint64_t seed, cohl_error *err)
{
    cohl_scene_request held_out = *request;
    *out = (cohl_prompts){ calloc((size_t)count, sizeof *out->item), 0 };
    held_out.held_out = true;
    for (; out->item && out->count < count; out->count++) {
        cohl_text text = { 0 };
        cohl_scene scene;
        cohl_scene_draw(&scene, &held_out, cohl_rng_mix(seed, (uint64_t)out->count));
        cohl_scene_caption(&scene, &text, COHL_ENGLISH, false, 0);
        if (text.failed || !text.data) {
            cohl_text_free(&text);
            break;
        }
        out->item[out->count] = (cohl_prompt){ text.data, cohl_wanted_of_scene(&scene) };
    }
    if (out->count == count)
        return COHL_OK;
    cohl_prompts_free(out);
    return cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d prompts", count);
}

/* ---- from a file ----------------------------------------------------------------- */

/* Where a sentence says that something is wrong. */
typedef struct place { const char *name; int line; } place;

/* The entry a key names, -1 when the key is not there. */
static cohl_status read_word(const json_t *object, cohl_word_kind kind, int *out, const place *at, cohl_error *err)
{
    const char *key = cohl_word_kind_name(kind);
    const json_t *value = json_object_get(object, key);
    *out = -1;
    if (!value || json_is_null(value))
        return COHL_OK;
    if (json_is_string(value))
        *out = cohl_word_find(kind, json_string_value(value));
    if (*out >= 0)
        return COHL_OK;
    return cohl_fail(err, COHL_ERR_FORMAT, "%s, line %d: %s is %s%.60s%s, which film/words does not list", at->name,
                     at->line, key, json_is_string(value) ? "\"" : "no ",
                     json_is_string(value) ? json_string_value(value) : "string", json_is_string(value) ? "\"" : "");
}

static cohl_status read_actor(const json_t *object, cohl_wanted *w, const place *at, cohl_error *err)
{
    int subject, colour, action;
    cohl_status st;
    if ((st = read_word(object, COHL_WORD_SUBJECT, &subject, at, err)) ||
        (st = read_word(object, COHL_WORD_COLOUR, &colour, at, err)) ||
        (st = read_word(object, COHL_WORD_ACTION, &action, at, err)))
        return st;
    if (subject < 0 && colour < 0 && action < 0)
        return COHL_OK;
    if (w->actor_count == ACTORS_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s, line %d: more than %d subjects", at->name, at->line, ACTORS_MAX);
    w->actor[w->actor_count].subject = subject;
    w->actor[w->actor_count].colour = colour;
    w->actor[w->actor_count++].action = action;
    return COHL_OK;
}

static cohl_status read_prompt(cohl_prompt *out, const json_t *object, const place *at, cohl_error *err)
{
    cohl_wanted *w = &out->wanted;
    const char *text = json_string_value(json_object_get(object, "text"));
    const json_t *actors = json_object_get(object, "subjects");
    cohl_status st;
    *out = (cohl_prompt){ NULL, { .actor_count = 0 } };
    if (!text || !*text)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s, line %d: there is no \"text\"", at->name, at->line);
    if ((st = read_word(object, COHL_WORD_SETTING, &w->setting, at, err)) ||
        (st = read_word(object, COHL_WORD_DAYTIME, &w->daytime, at, err)) ||
        (st = read_word(object, COHL_WORD_MOVE, &w->move, at, err)) || (st = read_actor(object, w, at, err)))
        return st;
    for (size_t i = 0; i < json_array_size(actors) && !st; i++)
        st = read_actor(json_array_get(actors, i), w, at, err);
    if (!st && !(out->text = strdup(text)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory", at->name);
    return st;
}

static cohl_status read_line(cohl_prompts *out, const char *line, size_t size, const place *at, cohl_error *err)
{
    json_error_t wrong;
    if (strspn(line, " \t\r") >= size)
        return COHL_OK;
    json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES, &wrong);
    if (!json_is_object(object)) {
        json_decref(object);
        return cohl_fail(err, COHL_ERR_FORMAT, "%s, line %d: not a JSON object", at->name, at->line);
    }
    cohl_prompt *more = realloc(out->item, (size_t)(out->count + 1) * sizeof *more);
    cohl_status st = COHL_ERR_MEMORY;
    if (more) {
        out->item = more;
        st = read_prompt(&out->item[out->count], object, at, err);
        out->count += !st;
    } else {
        cohl_fail(err, st, "%s: no memory for prompts", at->name);
    }
    json_decref(object);
    return st;
}

cohl_status cohl_prompts_parse(cohl_prompts *out, const char *name, const char *text, cohl_error *err)
{
    cohl_status st = COHL_OK;
    *out = (cohl_prompts){ NULL, 0 };
    place at = { name, 1 };
    for (; *text && !st; at.line++) {
        size_t size = strcspn(text, "\n");
        st = read_line(out, text, size, &at, err);
        text += size + (text[size] == '\n');
    }
    if (!st && !out->count)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: no prompt in it", name);
    if (st)
        cohl_prompts_free(out);
    return st;
}

cohl_status cohl_prompts_from_file(cohl_prompts *out, const char *path, cohl_error *err)
{
    char *text;
    cohl_status st = cohl_file_read(&text, NULL, path, FILE_BYTES_MAX, err);
    *out = (cohl_prompts){ NULL, 0 };
    if (st)
        return st;
    st = cohl_prompts_parse(out, path, text, err);
    free(text);
    return st;
}
