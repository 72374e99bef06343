/* list.c - what must not be shown, as a table of the ledger. */
#define _GNU_SOURCE
#include "protect/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/films.h"
#include "ledger/models.h"
#include "ledger/settings.h"
#include "media/still.h"
#include "protect/consent.h"
#include "protect/face_print.h"

static const char *const steps[] = {
    "CREATE TABLE protected (\n"
    "    id       INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "    kind     TEXT NOT NULL,             -- picture, face\n"
    "    added_at INTEGER NOT NULL,          -- seconds since 1970, UTC\n"
    "    until    INTEGER,                   -- asked until then; NULL: for good\n"
    "    name     TEXT NOT NULL,             -- what the operator calls it\n"
    "    who      TEXT NOT NULL,             -- who asked for it, or signs for it\n"
    "    why      TEXT NOT NULL,\n"
    "    request  INTEGER,                   -- by which request; NULL: by none\n"
    "    kept     BLOB NOT NULL              -- a picture's trace, a face's numbers encrypted\n"
    ") STRICT",
    NULL };

const cohl_store_room cohl_protect_room = { "protected", steps };

static const char *const kinds[] = { "picture", "face" };

cohl_status cohl_protect_open(cohl_store **out, const char *path, cohl_error *err)
{
    char *usual = NULL;
    cohl_status st = path ? COHL_OK : cohl_store_usual_path(&usual, err);
    *out = NULL;
    if (!st)
        st = cohl_store_open(out, path ? path : usual,
                             COHL_ROOMS(&cohl_ledger_films_room, &cohl_ledger_models_room, &cohl_ledger_settings_room,
                                        &cohl_protect_room, &cohl_consent_room), err);
    free(usual);
    return st;
}

/* ---- the file beside the ledger --------------------------------------------------- */

static char *beside(const char *ledger)
{
    char *path;
    return asprintf(&path, "%s.protects", ledger) < 0 ? NULL : path;
}

cohl_status cohl_protect_unread(const char *path, cohl_error *err)
{
    char *usual = NULL, *says = NULL;
    if (!path && cohl_store_usual_path(&usual, NULL))
        return COHL_OK;                          /* there is no place for a ledger at all */
    says = beside(path ? path : usual);
    cohl_status st = says ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    if (!st && cohl_file_exists(says))
        st = cohl_fail(err, COHL_ERR_REFUSED, "%s: cannot be read, and it lists pictures or faces that are protected: no "
                       "film is made before it can be", path ? path : usual);
    free(says);
    free(usual);
    return st;
}

cohl_status cohl_protect_say(cohl_store *store, cohl_error *err)
{
    static const char text[] = "This ledger lists what must not be shown. While this file stands, no film is made where "
                               "the ledger cannot be read.\n";
    char *path = beside(cohl_store_path(store));
    cohl_status st = path ? cohl_file_write(path, text, sizeof text - 1, err)
                          : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    free(path);
    return st;
}

/* After a removal: nothing is protected any more. */
static cohl_status say_no_more(cohl_store *store, cohl_error *err)
{
    int64_t left = 0;
    cohl_status st = cohl_store_count(&left, store, "SELECT count(*) FROM protected", COHL_NO_VALUES, 0, err);
    char *path = st || left ? NULL : beside(cohl_store_path(store));
    if (path)
        unlink(path);
    free(path);
    return st;
}

/* ---- entries ---------------------------------------------------------------------- */

cohl_status cohl_protect_check_text(const char *needs, const char *text, cohl_error *err)
{
    size_t size = text ? strlen(text) : 0;
    if (!text || !text[strspn(text, " \t\n")])
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s", needs);
    if (size > COHL_PROTECT_TEXT_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s, of at most %d bytes; found %zu", needs, COHL_PROTECT_TEXT_MAX, size);
    return cohl_utf8_check(text, size) == size ? COHL_OK
                                               : cohl_fail(err, COHL_ERR_ARGUMENT, "%s, in UTF-8", needs);
}

static cohl_status check_new(cohl_store *store, const cohl_protect_entry *e, int64_t now, cohl_error *err)
{
    int64_t same = 0;
    cohl_status st = cohl_protect_check_text("what is protected needs a name", e->name, err);
    if (!st) st = cohl_protect_check_text("what is protected needs who asked for it (--who)", e->who, err);
    if (!st) st = cohl_protect_check_text("what is protected needs a reason (--why)", e->why, err);
    if (!st && e->until && e->until <= now)
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "\"%.100s\" would be protected until a day that is over", e->name);
    if (!st)
        st = cohl_store_count(&same, store, "SELECT id FROM protected WHERE kept = ? AND (until IS NULL OR until > ?) AND "
                              "request IS ?", COHL_VALUES(cohl_value_blob(e->kept, e->kept_size), cohl_value_int(now),
                                  e->request ? cohl_value_int(e->request) : cohl_value_null()), 0, err);
    if (!st && same)
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "\"%.100s\" is protected already, as number %lld", e->name, (long long)same);
    return st;
}

cohl_status cohl_protect_add(int64_t *id, cohl_store *store, const cohl_protect_entry *e, int64_t now, cohl_error *err)
{
    cohl_status st = check_new(store, e, now, err);
    if (!st)
        st = cohl_store_do(store, "INSERT INTO protected (kind, added_at, until, name, who, why, request, kept) VALUES "
                           "(?, ?, ?, ?, ?, ?, ?, ?)",
                           COHL_VALUES(cohl_value_text(kinds[e->kind]), cohl_value_int(now),
                                       e->until ? cohl_value_int(e->until) : cohl_value_null(), cohl_value_text(e->name),
                                       cohl_value_text(e->who), cohl_value_text(e->why),
                                       e->request ? cohl_value_int(e->request) : cohl_value_null(),
                                       cohl_value_blob(e->kept, e->kept_size)), err);
    *id = st ? 0 : cohl_store_last_row(store);
    return st;
}

cohl_status cohl_protect_remove(cohl_store *store, int64_t id, cohl_error *err)
{
    cohl_status st = cohl_store_do(store, "DELETE FROM protected WHERE id = ?", COHL_VALUES(cohl_value_int(id)), err);
    if (!st && !cohl_store_changed(store))
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "nothing is protected under number %lld; `cohl protect list` tells",
                       (long long)id);
    return st ? st : say_no_more(store, err);
}

/* ---- pictures ----------------------------------------------------------------------- */

cohl_status cohl_protect_read(cohl_text *kept, const char *path, cohl_error *err)
{
    cohl_feature_finder *finder = NULL;
    cohl_frame *picture = NULL;
    cohl_picture_trace trace = { 0 };
    cohl_status st = cohl_still_read(&picture, path, err);
    if (!st) st = cohl_feature_finder_new(&finder, err);
    if (!st) st = cohl_picture_trace_of(&trace, finder, picture, path, err);
    if (!st) {
        cohl_picture_trace_write(kept, &trace);
        if (kept->failed)
            st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its trace", path);
    }
    cohl_picture_trace_free(&trace);
    cohl_feature_finder_free(finder);
    cohl_frame_free(picture);
    return st;
}

cohl_status cohl_protect_read_face(cohl_text *kept, const char *path, cohl_error *err)
{
    cohl_face_print print;
    cohl_status st = cohl_face_print_read(&print, path, err);
    if (!st) st = cohl_face_print_seal(kept, &print, err);
    cohl_face_print_wipe(&print);
    return st;
}

static cohl_status add_row(cohl_gallery *gallery, const cohl_rows *rows, cohl_error *err)
{
    cohl_picture_trace trace;
    cohl_error why;
    size_t size;
    const void *kept = cohl_rows_blob(rows, 1, &size);
    if (cohl_picture_trace_read(&trace, kept, size, &why))
        return cohl_fail(err, COHL_ERR_REFUSED, "protected picture %lld cannot be read (%s): no film is made before it is "
                         "removed or added anew", (long long)cohl_rows_int(rows, 0), why.text);
    cohl_status st = cohl_gallery_add(gallery, cohl_rows_int(rows, 0), &trace, err);
    cohl_picture_trace_free(&trace);
    return st;
}

cohl_status cohl_protect_gallery(cohl_gallery **out, cohl_store *store, int64_t now, cohl_error *err)
{
    cohl_rows *rows;
    *out = NULL;
    cohl_status st = cohl_rows_open(&rows, store, "SELECT id, kept FROM protected WHERE kind = 'picture' AND (until IS NULL "
                                    "OR until > ?) ORDER BY id", COHL_VALUES(cohl_value_int(now)), err);
    while (!st && cohl_rows_next(rows)) {
        if (!*out)
            st = cohl_gallery_new(out, err);
        if (!st)
            st = add_row(*out, rows, err);
    }
    st = cohl_rows_close(rows, st, err);
    if (!st && *out)
        st = cohl_gallery_close_list(*out, err);
    if (st) {
        cohl_gallery_free(*out);
        *out = NULL;
    }
    return st;
}

cohl_status cohl_protect_can_see(cohl_store *store, int64_t now, cohl_error *err)
{
    int64_t faces = 0;
    if (cohl_faces_installed())
        return COHL_OK;
    cohl_status st = cohl_store_count(&faces, store, "SELECT count(*) FROM protected WHERE kind = 'face' AND (until IS NULL OR "
                                      "until > ?)", COHL_VALUES(cohl_value_int(now)), 0, err);
    if (st || !faces)
        return st;
    return cohl_fail(err, COHL_ERR_REFUSED, "faces are protected here, and the networks that see faces are not installed: no "
                     "film is made before they are (`cohl checks install`) or before those entries are removed");
}

/* ---- told ------------------------------------------------------------------------------ */

json_t *cohl_protect_day(const cohl_rows *rows, int column, int64_t before)
{
    char text[32];
    struct tm utc;
    time_t at = (time_t)(cohl_rows_int(rows, column) - before);
    if (cohl_rows_is_null(rows, column) || !gmtime_r(&at, &utc))
        return NULL;
    strftime(text, sizeof text, "%Y-%m-%d", &utc);
    return json_string(text);
}

static json_t *row_json(const cohl_rows *rows, int64_t now)
{
    bool over = !cohl_rows_is_null(rows, 6) && cohl_rows_int(rows, 6) <= now;
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:o, s:o*, s:o*, s:b}", "id", (json_int_t)cohl_rows_int(rows, 0), "kind",
                     cohl_rows_text(rows, 1), "name", cohl_rows_text(rows, 2), "who", cohl_rows_text(rows, 3), "why",
                     cohl_rows_text(rows, 4), "added", cohl_protect_day(rows, 5, 0), "until", cohl_protect_day(rows, 6, 1), "request",
                     cohl_rows_is_null(rows, 7) ? NULL : json_integer(cohl_rows_int(rows, 7)), "over", over);
}

cohl_status cohl_protect_json(json_t **out, cohl_store *store, int64_t now, cohl_error *err)
{
    cohl_rows *rows;
    *out = json_array();
    cohl_status st = cohl_rows_open(&rows, store, "SELECT id, kind, name, who, why, added_at, until, request FROM protected "
                                    "ORDER BY id", COHL_NO_VALUES, err);
    while (cohl_rows_next(rows))
        json_array_append_new(*out, row_json(rows, now));
    st = cohl_rows_close(rows, st, err);
    if (st) {
        json_decref(*out);
        *out = NULL;
    }
    return st;
}

void cohl_protect_name(char *out, size_t size, cohl_store *store, int64_t id)
{
    cohl_rows *rows;
    cohl_status st = cohl_rows_open(&rows, store, "SELECT kind, name, why FROM protected WHERE id = ?",
                                    COHL_VALUES(cohl_value_int(id)), NULL);
    snprintf(out, size, "something protected, number %lld", (long long)id);
    if (cohl_rows_next(rows))
        snprintf(out, size, "protected %s %lld (%.80s; %.160s)", cohl_rows_text(rows, 0), (long long)id,
                 cohl_rows_text(rows, 1), cohl_rows_text(rows, 2));
    cohl_rows_close(rows, st, NULL);
}
