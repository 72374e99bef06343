/* consent.c - records of consent. */
#include "protect/consent.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ledger/films.h"
#include "protect/list.h"

static const char *const steps[] = {
    "CREATE TABLE consents (\n"
    "    id          TEXT PRIMARY KEY,          -- \"consent-\" and 16 hex digits\n"
    "    who         TEXT NOT NULL,             -- agreed\n"
    "    why         TEXT NOT NULL,             -- to what\n"
    "    given_at    INTEGER NOT NULL,          -- all times: seconds since 1970, UTC\n"
    "    until       INTEGER,                   -- NULL: for good\n"
    "    revoked_at  INTEGER,\n"
    "    revoked_why TEXT,\n"
    "    face        BLOB                       -- its numbers, encrypted; NULL: forgotten\n"
    ") STRICT, WITHOUT ROWID",
    NULL };

const cohl_store_room cohl_consent_room = { "consents", steps };

static cohl_status no_such(const char *id, cohl_error *err)
{
    return cohl_fail(err, COHL_ERR_ARGUMENT, "there is no consent \"%.60s\"; `cohl consent list` tells them", id);
}

/* ---- given ------------------------------------------------------------------------- */

cohl_status cohl_consent_give(char id[COHL_CONSENT_ID], cohl_store *store, const cohl_consent_given *given, int64_t now,
                              cohl_error *err)
{
    uint8_t random[8];
    cohl_text face = { 0 };
    cohl_status st = cohl_protect_check_text("a consent needs who gives it (--who)", given->who, err);
    if (!st) st = cohl_protect_check_text("a consent needs what it is for (--why)", given->why, err);
    if (!st && given->until && given->until <= now)
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "a consent until a day that is over is none");
    if (!st && RAND_bytes(random, sizeof random) != 1)
        st = cohl_fail(err, COHL_ERR_IO, "the system gives no random bytes for a name");
    if (!st) st = cohl_face_print_seal(&face, given->print, err);
    if (st)
        return st;
    memcpy(id, "consent-", 8);
    for (int i = 0; i < 8; i++)
        snprintf(id + 8 + 2 * i, 3, "%02x", random[i]);
    st = cohl_store_do(store, "INSERT INTO consents (id, who, why, given_at, until, face) VALUES (?, ?, ?, ?, ?, ?)",
                       COHL_VALUES(cohl_value_text(id), cohl_value_text(given->who), cohl_value_text(given->why),
                                   cohl_value_int(now), given->until ? cohl_value_int(given->until) : cohl_value_null(),
                                   cohl_value_blob(face.data, face.size)), err);
    cohl_text_free(&face);
    return st;
}

/* ---- looked up ------------------------------------------------------------------------ */

/* As it is kept: encrypted. */
typedef struct record { char id[COHL_CONSENT_ID]; cohl_text sealed; } record;

struct cohl_consents {
    int              count, room;
    record          *record;
    cohl_face_print *print;      /* of each; NULL: no face was compared yet */
};

static record *more(cohl_consents *c)
{
    if (c->count == c->room) {
        int room = c->room ? 2 * c->room : 16;
        record *grown = realloc(c->record, (size_t)room * sizeof *grown);
        if (!grown)
            return NULL;
        c->record = grown, c->room = room;
    }
    c->record[c->count] = (record){ .id = "" };
    return &c->record[c->count++];
}

static cohl_status take(cohl_consents *c, const cohl_rows *rows, cohl_error *err)
{
    size_t size;
    const void *face = cohl_rows_blob(rows, 1, &size);
    record *one = more(c);
    if (one)
        cohl_text_add_bytes(&one->sealed, face, size);
    if (!one || one->sealed.failed)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for the faces of consents");
    snprintf(one->id, sizeof one->id, "%s", cohl_rows_text(rows, 0));
    return COHL_OK;
}

cohl_status cohl_consents_load(cohl_consents **out, cohl_store *store, int64_t now, cohl_error *err)
{
    cohl_rows *rows;
    cohl_consents *c = *out = calloc(1, sizeof *c);
    if (!c)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for the faces of consents");
    cohl_status st = cohl_rows_open(&rows, store, "SELECT id, face FROM consents WHERE face IS NOT NULL AND revoked_at IS NULL "
                                    "AND (until IS NULL OR until > ?) ORDER BY id", COHL_VALUES(cohl_value_int(now)), err);
    while (!st && cohl_rows_next(rows))
        st = take(c, rows, err);
    if ((st = cohl_rows_close(rows, st, err))) {
        cohl_consents_free(c);
        *out = NULL;
    }
    return st;
}

void cohl_consents_free(cohl_consents *c)
{
    if (!c)
        return;
    for (int i = 0; i < c->count; i++)
        cohl_text_free(&c->record[i].sealed);
    if (c->print)
        OPENSSL_clear_free(c->print, (size_t)c->count * sizeof *c->print);
    free(c->record);
    free(c);
}

/* What cannot be read has no numbers, and is near to nobody. */
static bool open_all(cohl_consents *c)
{
    if (!c->print && c->count && (c->print = OPENSSL_zalloc((size_t)c->count * sizeof *c->print)))
        for (int i = 0; i < c->count; i++)
            cohl_face_print_open(&c->print[i], c->record[i].sealed.data, c->record[i].sealed.size, NULL);
    return c->print;
}

bool cohl_consents_find(char id[COHL_CONSENT_ID], double *distance, cohl_consents *c,
                        const float numbers[COHL_FACE_NUMBERS])
{
    *id = 0, *distance = 2;
    if (!c || !open_all(c))
        return false;
    for (int i = 0; i < c->count; i++) {
        double near = cohl_face_print_distance(&c->print[i], numbers);
        if (near < COHL_FACE_NEAR && near < *distance) {
            *distance = near;
            memcpy(id, c->record[i].id, COHL_CONSENT_ID);
        }
    }
    return *id;
}

cohl_status cohl_consent_holds(bool *out, cohl_store *store, const char *id, int64_t now, cohl_error *err)
{
    int64_t count = 0;
    cohl_status st = cohl_store_count(&count, store, "SELECT count(*) FROM consents WHERE id = ? AND revoked_at IS NULL AND "
                                      "(until IS NULL OR until > ?)", COHL_VALUES(cohl_value_text(id), cohl_value_int(now)),
                                      0, err);
    *out = count > 0;
    return st;
}

cohl_status cohl_consents_of_file(char (**id)[COHL_CONSENT_ID], int *count, bool *own, cohl_store *store,
                                  const char *digest, cohl_error *err)
{
    cohl_rows *rows;
    *id = NULL, *count = 0, *own = false;
    cohl_status st = cohl_rows_open(&rows, store, "SELECT DISTINCT l.name FROM film_files f LEFT JOIN film_links l ON l.film = "
                                    "f.film AND l.relation = 'consent' WHERE f.digest = ? ORDER BY l.name",
                                    COHL_VALUES(cohl_value_text(digest)), err);
    while (!st && cohl_rows_next(rows)) {
        *own = true;
        if (cohl_rows_is_null(rows, 0))
            continue;
        char (*grown)[COHL_CONSENT_ID] = realloc(*id, (size_t)(*count + 1) * sizeof *grown);
        if (!grown) {
            st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for consents of a film");
            break;
        }
        *id = grown;
        snprintf(grown[(*count)++], COHL_CONSENT_ID, "%s", cohl_rows_text(rows, 0));
    }
    return cohl_rows_close(rows, st, err);
}

/* ---- taken back -------------------------------------------------------------------------- */

cohl_status cohl_consent_revoke(cohl_store *store, const char *id, const char *why, int64_t now, cohl_error *err)
{
    int64_t before = -1;
    cohl_status st = cohl_protect_check_text("a revocation needs its reason (--why)", why, err);
    if (!st)
        st = cohl_store_count(&before, store, "SELECT revoked_at IS NOT NULL FROM consents WHERE id = ?",
                              COHL_VALUES(cohl_value_text(id)), -1, err);
    if (st || before < 0)
        return st ? st : no_such(id, err);
    if (before)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%.60s is revoked already", id);
    return cohl_store_do(store, "UPDATE consents SET revoked_at = ?, revoked_why = ? WHERE id = ?",
                         COHL_VALUES(cohl_value_int(now), cohl_value_text(why), cohl_value_text(id)), err);
}

cohl_status cohl_consent_forget(cohl_store *store, const char *id, cohl_error *err)
{
    cohl_status st = cohl_store_do(store, "UPDATE consents SET face = NULL WHERE id = ?", COHL_VALUES(cohl_value_text(id)),
                                   err);
    return st || cohl_store_changed(store) ? st : no_such(id, err);
}

/* ---- told ----------------------------------------------------------------------------------- */

static json_t *films_of(cohl_store *store, const char *id)
{
    int64_t *film;
    int count;
    json_t *list = json_array();
    if (cohl_ledger_linked(&film, &count, store, "consent", id, NULL))
        return list;
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_integer(film[i]));
    free(film);
    return list;
}

#define COLUMNS "id, who, why, given_at, until, revoked_at, revoked_why, face IS NOT NULL"

static json_t *row_json(cohl_store *store, const cohl_rows *rows, int64_t now)
{
    bool revoked = !cohl_rows_is_null(rows, 5), over = !cohl_rows_is_null(rows, 4) && cohl_rows_int(rows, 4) <= now;
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:o, s:b, s:o}", "id", cohl_rows_text(rows, 0), "who",
                             cohl_rows_text(rows, 1), "why", cohl_rows_text(rows, 2), "state",
                             revoked ? "revoked" : over ? "over" : "in force", "given", cohl_protect_day(rows, 3, 0), "face",
                             (int)cohl_rows_int(rows, 7), "films", films_of(store, cohl_rows_text(rows, 0)));
    if (!cohl_rows_is_null(rows, 4))
        json_object_set_new(json, "until", cohl_protect_day(rows, 4, 1));
    if (revoked) {
        json_object_set_new(json, "revoked", cohl_protect_day(rows, 5, 0));
        json_object_set_new(json, "revoked_why", json_string(cohl_rows_text(rows, 6)));
    }
    return json;
}

cohl_status cohl_consent_json(json_t **out, cohl_store *store, const char *id, int64_t now, cohl_error *err)
{
    cohl_rows *rows;
    *out = NULL;
    cohl_status st = cohl_rows_open(&rows, store, "SELECT " COLUMNS " FROM consents WHERE id = ?",
                                    COHL_VALUES(cohl_value_text(id)), err);
    if (cohl_rows_next(rows))
        *out = row_json(store, rows, now);
    st = cohl_rows_close(rows, st, err);
    return st || *out ? st : no_such(id, err);
}

cohl_status cohl_consent_list(json_t **out, cohl_store *store, int64_t now, cohl_error *err)
{
    cohl_rows *rows;
    *out = json_array();
    cohl_status st = cohl_rows_open(&rows, store, "SELECT " COLUMNS " FROM consents ORDER BY given_at, id", COHL_NO_VALUES,
                                    err);
    while (cohl_rows_next(rows))
        json_array_append_new(*out, row_json(store, rows, now));
    st = cohl_rows_close(rows, st, err);
    if (st) {
        json_decref(*out);
        *out = NULL;
    }
    return st;
}
