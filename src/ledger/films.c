/* films.c - films are entered, confirmed, blocked. */
#define _GNU_SOURCE
#include "ledger/films.h"

#include <stdlib.h>
#include <time.h>

#include "ledger/models.h"
#include "ledger/settings.h"

static const char *const steps[] = {
    "CREATE TABLE films (\n"
    "    id           INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "    made_at      INTEGER NOT NULL,          -- seconds since 1970, UTC\n"
    "    named        INTEGER NOT NULL,          -- 0 until the film has its name, then 1\n"
    "    title        TEXT,\n"
    "    recipe       TEXT,                      -- JSON, as the film carries it\n"
    "    model        TEXT,                      -- its name\n"
    "    model_digest TEXT,                      -- SHA-256 of its folder\n"
    "    packets      TEXT,                      -- SHA-256 of the coded packets\n"
    "    width        INTEGER NOT NULL,\n"
    "    height       INTEGER NOT NULL,\n"
    "    frames       INTEGER NOT NULL,\n"
    "    fps          REAL NOT NULL,\n"
    "    mark         INTEGER,                   -- 40 bits of the private mark\n"
    "    mark_key     TEXT,                      -- short name of its key\n"
    "    cost         TEXT,                      -- JSON: seconds, joules, money, ...\n"
    "    blocked      TEXT                       -- why, or NULL\n"
    ") STRICT;\n"
    "CREATE INDEX films_by_mark ON films (mark) WHERE mark IS NOT NULL;\n"
    "CREATE INDEX films_blocked ON films (recipe) WHERE blocked IS NOT NULL;\n"
    "CREATE TABLE film_files (\n"
    "    film       INTEGER NOT NULL REFERENCES films (id) ON DELETE CASCADE,\n"
    "    place      INTEGER NOT NULL,            -- 0 the film, then pictures, sheet\n"
    "    path       TEXT NOT NULL,               -- where it was delivered\n"
    "    digest     TEXT NOT NULL,               -- SHA-256 of the file\n"
    "    bytes      INTEGER NOT NULL,\n"
    "    credential TEXT,                        -- label of its active manifest\n"
    "    manifest   BLOB,                        -- its manifest store\n"
    "    PRIMARY KEY (film, place)\n"
    ") STRICT, WITHOUT ROWID;\n"
    "CREATE INDEX film_files_by_digest ON film_files (digest);\n"
    "CREATE INDEX film_files_by_credential ON film_files (credential) WHERE credential IS NOT NULL;\n"
    "CREATE TABLE film_prints (\n"
    "    film    INTEGER NOT NULL REFERENCES films (id) ON DELETE CASCADE,\n"
    "    seconds REAL NOT NULL,                  -- of the frame in the film\n"
    "    bits    INTEGER NOT NULL                -- perceptual hash, 64 bits\n"
    ") STRICT;\n"
    "CREATE INDEX film_prints_of ON film_prints (film);\n"
    "CREATE TABLE film_links (\n"
    "    film     INTEGER NOT NULL REFERENCES films (id) ON DELETE CASCADE,\n"
    "    relation TEXT NOT NULL,                 -- parent, component, input, consent\n"
    "    digest   TEXT,                          -- SHA-256 of the file that was used\n"
    "    name     TEXT                           -- its credential, or a consent's id\n"
    ") STRICT;\n"
    "CREATE INDEX film_links_of ON film_links (film);\n"
    "CREATE INDEX film_links_by_digest ON film_links (digest) WHERE digest IS NOT NULL;\n"
    "CREATE INDEX film_links_by_name ON film_links (name) WHERE name IS NOT NULL",
    NULL };

const cohl_store_room cohl_ledger_films_room = { "films", steps };

cohl_status cohl_ledger_open(cohl_store **out, const char *path, cohl_error *err)
{
    char *usual = NULL;
    cohl_status st = path ? COHL_OK : cohl_store_usual_path(&usual, err);
    *out = NULL;
    if (!st)
        st = cohl_store_open(out, path ? path : usual, COHL_ROOMS(&cohl_ledger_films_room, &cohl_ledger_models_room,
                                                                 &cohl_ledger_settings_room), err);
    free(usual);
    return st;
}

/* ---- enter --------------------------------------------------------------- */

static cohl_status add_row(cohl_store *store, const cohl_film_made *m, cohl_error *err)
{
    return cohl_store_do(store, "INSERT INTO films (made_at, named, title, recipe, model, model_digest, packets, width, "
                         "height, frames, fps, mark, mark_key) VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                         COHL_VALUES(cohl_value_int((int64_t)time(NULL)), cohl_value_text(m->title),
                                     cohl_value_text(m->recipe), cohl_value_text(m->model),
                                     cohl_value_text(m->model_digest), cohl_value_text(m->packets),
                                     cohl_value_int(m->width), cohl_value_int(m->height), cohl_value_int(m->frames),
                                     cohl_value_real(m->fps),
                                     m->marked ? cohl_value_int((int64_t)m->mark) : cohl_value_null(),
                                     cohl_value_text(m->marked ? m->mark_key : NULL)), err);
}

static cohl_status add_file(cohl_store *store, int64_t film, int place, const cohl_film_file *f, cohl_error *err)
{
    return cohl_store_do(store, "INSERT INTO film_files (film, place, path, digest, bytes, credential, manifest) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?)",
                         COHL_VALUES(cohl_value_int(film), cohl_value_int(place), cohl_value_text(f->path),
                                     cohl_value_text(f->digest), cohl_value_int(f->bytes),
                                     cohl_value_text(f->credential), cohl_value_blob(f->manifest, f->manifest_size)),
                         err);
}

static cohl_status add_print(cohl_store *store, int64_t film, const cohl_film_print *p, cohl_error *err)
{
    return cohl_store_do(store, "INSERT INTO film_prints (film, seconds, bits) VALUES (?, ?, ?)",
                         COHL_VALUES(cohl_value_int(film), cohl_value_real(p->seconds),
                                     cohl_value_int((int64_t)p->bits)), err);
}

static cohl_status add_link(cohl_store *store, int64_t film, const cohl_film_link *l, cohl_error *err)
{
    return cohl_store_do(store, "INSERT INTO film_links (film, relation, digest, name) VALUES (?, ?, ?, ?)",
                         COHL_VALUES(cohl_value_int(film), cohl_value_text(l->relation), cohl_value_text(l->digest),
                                     cohl_value_text(l->name)), err);
}

cohl_status cohl_ledger_add(cohl_store *store, const cohl_film_made *made, int64_t *film, cohl_error *err)
{
    cohl_status st = cohl_store_begin(store, err);
    if (st)
        return st;
    st = add_row(store, made, err);
    *film = cohl_store_last_row(store);
    for (int i = 0; i < made->file_count && !st; i++)
        st = add_file(store, *film, i, &made->file[i], err);
    for (int i = 0; i < made->print_count && !st; i++)
        st = add_print(store, *film, &made->print[i], err);
    for (int i = 0; i < made->link_count && !st; i++)
        st = add_link(store, *film, &made->link[i], err);
    return cohl_store_end(store, st, err);
}

/* ---- change -------------------------------------------------------------- */

static cohl_status of_one(cohl_store *store, int64_t film, cohl_status st, cohl_error *err)
{
    if (!st && !cohl_store_changed(store))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the ledger has no film %lld", (long long)film);
    return st;
}

cohl_status cohl_ledger_confirm(cohl_store *store, int64_t film, cohl_error *err)
{
    return of_one(store, film, cohl_store_do(store, "UPDATE films SET named = 1 WHERE id = ?",
                                             COHL_VALUES(cohl_value_int(film)), err), err);
}

cohl_status cohl_ledger_withdraw(cohl_store *store, int64_t film, cohl_error *err)
{
    return of_one(store, film, cohl_store_do(store, "DELETE FROM films WHERE id = ?",
                                             COHL_VALUES(cohl_value_int(film)), err), err);
}

cohl_status cohl_ledger_set_cost(cohl_store *store, int64_t film, const char *cost, cohl_error *err)
{
    return of_one(store, film, cohl_store_do(store, "UPDATE films SET cost = ? WHERE id = ?",
                                             COHL_VALUES(cohl_value_text(cost), cohl_value_int(film)), err), err);
}

/* ---- blocked films ------------------------------------------------------- */

cohl_status cohl_ledger_block(cohl_store *store, int64_t film, const char *why, cohl_error *err)
{
    return of_one(store, film, cohl_store_do(store, "UPDATE films SET blocked = ? WHERE id = ?",
                                             COHL_VALUES(cohl_value_text(why), cohl_value_int(film)), err), err);
}

cohl_status cohl_ledger_unblock(cohl_store *store, int64_t film, cohl_error *err)
{
    return of_one(store, film, cohl_store_do(store, "UPDATE films SET blocked = NULL WHERE id = ?",
                                             COHL_VALUES(cohl_value_int(film)), err), err);
}

cohl_status cohl_ledger_check(cohl_store *store, const char *recipe, const char *digest, const char *credential,
                              cohl_error *err)
{
    cohl_rows *rows;
    cohl_status st = cohl_rows_open(&rows, store, "SELECT id, blocked FROM films WHERE blocked IS NOT NULL AND "
                                    "(recipe = ?1 OR id IN (SELECT film FROM film_files WHERE digest = ?2 OR "
                                    "credential = ?3)) LIMIT 1",
                                    COHL_VALUES(cohl_value_text(recipe), cohl_value_text(digest),
                                                cohl_value_text(credential)), err);
    if (cohl_rows_next(rows))
        st = cohl_fail(err, COHL_ERR_REFUSED, "film %lld of this installation is blocked: %.300s",
                       (long long)cohl_rows_int(rows, 0), cohl_rows_text(rows, 1));
    return cohl_rows_close(rows, st, err);
}
