/* told.c - a film of the ledger as JSON. */
#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>

#include "base/json.h"
#include "ledger/films.h"
#include "ledger/moment.h"

static void set_text(json_t *json, const char *key, const char *text)
{
    json_object_set_new(json, key, text ? json_string(text) : json_null());
}

/* Text that is JSON stands as JSON. */
static void set_json(json_t *json, const char *key, const char *text)
{
    json_t *value = text ? json_loads(text, 0, NULL) : NULL;
    json_object_set_new(json, key, value ? value : text ? json_string(text) : json_null());
}

static json_t *row_json(const cohl_rows *r)
{
    char mark[16] = "", made[COHL_MOMENT_BYTES];
    int64_t named = cohl_rows_int(r, 2);
    json_t *json = json_pack("{s:I, s:s, s:s}", "film", (json_int_t)cohl_rows_int(r, 0), "made",
                             cohl_moment_text(made, cohl_rows_int(r, 1)), "state",
                             !cohl_rows_is_null(r, 14) ? "blocked" : named ? "delivered" : "not named");
    set_text(json, "title", cohl_rows_text(r, 3));
    set_json(json, "recipe", cohl_rows_text(r, 4));
    set_text(json, "model", cohl_rows_text(r, 5));
    set_text(json, "model_digest", cohl_rows_text(r, 6));
    set_text(json, "packets", cohl_rows_text(r, 7));
    json_object_set_new(json, "width", json_integer(cohl_rows_int(r, 8)));
    json_object_set_new(json, "height", json_integer(cohl_rows_int(r, 9)));
    json_object_set_new(json, "frames", json_integer(cohl_rows_int(r, 10)));
    json_object_set_new(json, "fps", json_real(cohl_rows_real(r, 11)));
    if (!cohl_rows_is_null(r, 12))
        snprintf(mark, sizeof mark, "%010llx", (unsigned long long)cohl_rows_int(r, 12));
    set_text(json, "mark", *mark ? mark : NULL);
    set_text(json, "mark_key", cohl_rows_text(r, 13));
    set_text(json, "blocked", cohl_rows_text(r, 14));
    set_json(json, "cost", cohl_rows_text(r, 15));
    return json;
}

typedef json_t *part_fn(const cohl_rows *rows);

static json_t *file_json(const cohl_rows *r)
{
    return json_pack("{s:o, s:s, s:I, s:s?, s:b}", "path", cohl_json_name(cohl_rows_text(r, 0)), "digest", cohl_rows_text(r, 1),
                     "bytes", (json_int_t)cohl_rows_int(r, 2), "credential", cohl_rows_text(r, 3), "manifest_kept",
                     !cohl_rows_is_null(r, 4));
}

static json_t *link_json(const cohl_rows *r)
{
    return json_pack("{s:s, s:s?, s:o}", "relation", cohl_rows_text(r, 0), "digest", cohl_rows_text(r, 1), "name",
                     cohl_json_name(cohl_rows_text(r, 2)));
}

static cohl_status set_parts(json_t *json, const char *key, cohl_store *store, const char *sql, int64_t film,
                             part_fn *fn, cohl_error *err)
{
    cohl_rows *rows;
    json_t *list = json_array();
    cohl_status st = cohl_rows_open(&rows, store, sql, COHL_VALUES(cohl_value_int(film)), err);
    while (cohl_rows_next(rows))
        json_array_append_new(list, fn(rows));
    json_object_set_new(json, key, list);
    return cohl_rows_close(rows, st, err);
}

cohl_status cohl_ledger_film_json(json_t **out, cohl_store *store, int64_t film, cohl_error *err)
{
    cohl_rows *rows;
    int64_t prints = 0;
    *out = NULL;
    cohl_status st = cohl_rows_open(&rows, store, "SELECT id, made_at, named, title, recipe, model, model_digest, packets, "
                                    "width, height, frames, fps, mark, mark_key, blocked, cost FROM films WHERE id = ?",
                                    COHL_VALUES(cohl_value_int(film)), err);
    if (cohl_rows_next(rows))
        *out = row_json(rows);
    else if (!st)
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "the ledger has no film %lld", (long long)film);
    st = cohl_rows_close(rows, st, err);
    if (!st)
        st = set_parts(*out, "files", store, "SELECT path, digest, bytes, credential, manifest FROM film_files WHERE "
                       "film = ? ORDER BY place", film, file_json, err);
    if (!st)
        st = set_parts(*out, "links", store, "SELECT relation, digest, name FROM film_links WHERE film = ? "
                       "ORDER BY rowid", film, link_json, err);
    if (!st)
        st = cohl_store_count(&prints, store, "SELECT count(*) FROM film_prints WHERE film = ?",
                              COHL_VALUES(cohl_value_int(film)), 0, err);
    if (st) {
        json_decref(*out);
        *out = NULL;
    } else {
        json_object_set_new(*out, "prints", json_integer(prints));
    }
    return st;
}
