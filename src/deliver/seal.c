/* seal.c - credentials for everything a door lets out. */
#define _GNU_SOURCE
#include "deliver/seal.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

struct cohl_seal {
    const cohl_door_params *params;
    cohl_signer             signer;
    json_t                 *facts;
    const char             *mark;
    cohl_ingredient        *ingredient[COHL_INGREDIENTS_MOST];
    int                     ingredient_count;
};

cohl_status cohl_seal_check(const cohl_door_params *params, cohl_error *err)
{
    cohl_signer signer;
    cohl_status st = cohl_signer_open(&signer, params->signer, err);
    if (!st)
        cohl_signer_close(&signer);
    return st;
}

/* What the caller knows, and what the door does: by whom made, checked by what, labelled or not. */
static cohl_status gather_facts(cohl_seal *seal, const cohl_window *window, cohl_error *err)
{
    const cohl_door_params *p = seal->params;
    json_t *facts = seal->facts = p->facts ? json_loads(p->facts, 0, NULL) : json_object();
    json_t *checks = json_array();
    if (!json_is_object(facts) || !checks) {
        json_decref(checks);
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: what its credentials are to say is not a JSON object", p->path);
    }
    const char *name;
    for (int i = 0; (name = cohl_window_check(window, i)); i++)
        json_array_append_new(checks, json_string(name));
    if (p->model)
        json_object_set_new(facts, "model", json_pack("{s:s, s:s*}", "name", p->model, "sha256", p->model_digest &&
                                                      *p->model_digest ? p->model_digest : NULL));
    json_object_set_new(facts, "checks", checks);
    json_object_set_new(facts, "visible_label", json_boolean(p->label));
    return COHL_OK;
}

static cohl_status read_sources(cohl_seal *seal, cohl_error *err)
{
    const cohl_door_params *p = seal->params;
    cohl_trust trust = { 0 };
    char *root = cohl_signer_root_there();
    cohl_status st = root ? cohl_trust_add(&trust, root, err) : COHL_OK;
    if (!st && p->source_count > COHL_INGREDIENTS_MOST)
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "%s: made from %d files, its credentials tell at most %d", p->path,
                       p->source_count, COHL_INGREDIENTS_MOST);
    for (int i = 0; i < p->source_count && !st; i++) {
        st = cohl_ingredient_read(&seal->ingredient[i], p->source[i].path, p->source[i].relationship, &trust, err);
        seal->ingredient_count += !st;
    }
    cohl_trust_free(&trust);
    free(root);
    return st;
}

cohl_status cohl_seal_new(cohl_seal **out, const cohl_door_params *params, const cohl_window *window, cohl_error *err)
{
    cohl_seal *seal = *out = calloc(1, sizeof *seal);
    if (!seal)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to sign it", params->path);
    seal->params = params;
    cohl_status st = cohl_signer_open(&seal->signer, params->signer, err);
    if (!st) st = gather_facts(seal, window, err);
    if (!st) st = read_sources(seal, err);
    if (st) {
        cohl_seal_free(seal);
        *out = NULL;
    }
    return st;
}

void cohl_seal_free(cohl_seal *seal)
{
    if (!seal)
        return;
    for (int i = 0; i < seal->ingredient_count; i++)
        cohl_ingredient_free(seal->ingredient[i]);
    cohl_signer_close(&seal->signer);
    json_decref(seal->facts);
    free(seal);
}

void cohl_seal_mark(cohl_seal *seal, const char *mark) { seal->mark = mark; }

cohl_source cohl_seal_source(const cohl_seal *seal)
{
    cohl_credentials what = { .rendered = seal->params->rendered,
                              .ingredient = (const cohl_ingredient *const *)seal->ingredient,
                              .ingredient_count = seal->ingredient_count };
    return cohl_credentials_source(&what);
}

/* frame: the picture's number in a sequence, -1: none. */
static cohl_status sign(const cohl_seal *seal, const char *hidden, const char *beside, const char *place, int frame,
                        cohl_error *err)
{
    const char *slash = strrchr(place, '/');
    json_t *facts = json_copy(seal->facts);
    if (frame >= 0)
        json_object_set_new(facts, "frame", json_integer(frame));
    char *text = json_dumps(facts, JSON_COMPACT);
    json_decref(facts);
    char *title = strdup(slash ? slash + 1 : place);
    if (!text || !title) {
        free(text);
        free(title);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to sign it", place);
    }
    cohl_credentials what = {
        .name = place, .title = cohl_utf8_mend(title), .facts = text, .mark = seal->mark, .rendered = seal->params->rendered,
        .action = seal->params->action, .description = seal->params->description,
        .ingredient = (const cohl_ingredient *const *)seal->ingredient, .ingredient_count = seal->ingredient_count,
    };
    cohl_status st = cohl_credentials_sign(hidden, beside, &seal->signer, &what, err);
    free(title);
    free(text);
    return st;
}

cohl_status cohl_seal_file(const cohl_seal *seal, const char *hidden, const char *beside, const char *place,
                           cohl_error *err)
{
    return sign(seal, hidden, beside, place, -1, err);
}

static cohl_status seal_picture(const cohl_seal *seal, const char *hidden, const char *place, const char *name,
                                int frame, cohl_error *err)
{
    char *from = cohl_path_join(hidden, name), *to = cohl_path_join(place, name);
    cohl_status st = from && to ? sign(seal, from, NULL, to, frame, err)
                                : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to sign it", place);
    free(from);
    free(to);
    return st;
}

cohl_status cohl_seal_folder(const cohl_seal *seal, const char *hidden, const char *place, cohl_error *err)
{
    struct dirent **names;
    int count = scandir(hidden, &names, NULL, versionsort), frame = 0;
    cohl_status st = count < 0 ? cohl_fail(err, COHL_ERR_IO, "%s: cannot be listed", place) : COHL_OK;
    for (int i = 0; i < count; i++) {
        if (!st && names[i]->d_name[0] != '.')
            st = seal_picture(seal, hidden, place, names[i]->d_name, frame++, err);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    return st;
}
