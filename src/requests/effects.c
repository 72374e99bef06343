/* effects.c - what a decision does: films blocked, descendants listed, words for the policy. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/home.h"
#include "protect/list.h"
#include "requests/inside.h"

static const char pack_name[] = "requests.json";

json_t *case_words(const char *text)
{
    json_t *list = json_array();
    while (text && *text) {
        size_t skip = strspn(text, ", \t\n"), size = strcspn(text + skip, ",");
        const char *begin = text + skip;
        text = begin + size;
        while (size && isspace((unsigned char)begin[size - 1]))
            size--;
        if (size)
            json_array_append_new(list, json_stringn(begin, size));
    }
    return list;
}

/* ---- undo ---------------------------------------------------------------- */

/* What this case blocked is free again, or blocked by the next case that blocks it too; what an operator blocked
 * stays so. Its words go, and the pictures it protected. */
static cohl_status undo(cohl_store *store, int64_t number, cohl_error *err)
{
    const cohl_values one = COHL_VALUES(cohl_value_int(number));
    cohl_status st = cohl_store_do(store, "UPDATE films SET blocked = (SELECT 'by request ' || min(r.request) FROM "
                                   "request_films r WHERE r.film = films.id AND r.blocked AND r.request <> ?1) WHERE id IN "
                                   "(SELECT film FROM request_films WHERE request = ?1 AND blocked) AND blocked = "
                                   "'by request ' || ?1", one, err);
    if (!st) st = cohl_store_do(store, "UPDATE request_films SET blocked = 0 WHERE request = ?", one, err);
    if (!st) st = cohl_store_do(store, "DELETE FROM request_words WHERE request = ?", one, err);
    if (!st) st = cohl_store_do(store, "DELETE FROM protected WHERE request = ?", one, err);
    return st;
}

/* ---- films --------------------------------------------------------------- */

/* Whoever blocked it first is the reason that is told; each case keeps what it blocks. */
static cohl_status block(json_t *told, cohl_store *store, int64_t number, int64_t film, const char *how,
                         cohl_error *err)
{
    char why[80];
    int64_t before = 0;
    snprintf(why, sizeof why, "by request %lld", (long long)number);
    cohl_status st = cohl_store_count(&before, store, "SELECT count(*) FROM films WHERE id = ? AND blocked IS NOT NULL",
                                      COHL_VALUES(cohl_value_int(film)), 0, err);
    if (!st && !before) st = cohl_ledger_block(store, film, why, err);
    if (!st)
        st = cohl_store_do(store, "INSERT INTO request_films (request, film, found_by, share, blocked) VALUES "
                           "(?, ?, ?, 0, 1) ON CONFLICT (request, film) DO UPDATE SET blocked = 1",
                           COHL_VALUES(cohl_value_int(number), cohl_value_int(film), cohl_value_text(how)), err);
    if (!st)
        json_array_append_new(told, json_integer(film));
    return st;
}

/* Films that this case found, when a decision names none: new memory. */
static cohl_status found_films(int64_t **out, int *count, cohl_store *store, int64_t number, cohl_error *err)
{
    int64_t all = 0;
    cohl_rows *rows;
    cohl_status st = cohl_store_count(&all, store, "SELECT count(*) FROM request_films WHERE request = ? AND found_by "
                                      "NOT IN ('descent', 'hand')", COHL_VALUES(cohl_value_int(number)), 0, err);
    *count = 0;
    *out = calloc((size_t)all + 1, sizeof **out);
    if (!st && !*out)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a list of films");
    if (st)
        return st;
    st = cohl_rows_open(&rows, store, "SELECT film FROM request_films WHERE request = ? AND found_by NOT IN "
                        "('descent', 'hand') ORDER BY film", COHL_VALUES(cohl_value_int(number)), err);
    while (*count < all && cohl_rows_next(rows))
        (*out)[(*count)++] = cohl_rows_int(rows, 0);
    return cohl_rows_close(rows, st, err);
}

static cohl_status follow(json_t *blocked, json_t *descendants, cohl_store *store, int64_t number, int64_t film,
                          bool block_them, cohl_error *err)
{
    int64_t *child = NULL;
    int count = 0;
    cohl_status st = cohl_ledger_descendants(&child, &count, store, film, err);
    for (int i = 0; i < count && !st; i++) {
        json_array_append_new(descendants, json_integer(child[i]));
        if (block_them)
            st = block(blocked, store, number, child[i], "descent", err);
    }
    free(child);
    return st;
}

static cohl_status block_films(json_t *told, cohl_store *store, int64_t number, const cohl_case_decision *d,
                               cohl_error *err)
{
    json_t *blocked = json_object_get(told, "blocked"), *descendants = json_object_get(told, "descendants");
    int64_t *found = NULL;
    int count = d->block_count;
    cohl_status st = count < 0 ? found_films(&found, &count, store, number, err) : COHL_OK;
    const int64_t *film = found ? found : d->block;
    for (int i = 0; i < count && !st; i++) {
        st = block(blocked, store, number, film[i], "hand", err);
        if (!st)
            st = follow(blocked, descendants, store, number, film[i], d->descendants, err);
    }
    free(found);
    return st;
}

static cohl_status add_words(json_t *told, cohl_store *store, int64_t number, const char *text, cohl_error *err)
{
    json_t *words = case_words(text), *word;
    cohl_status st = COHL_OK;
    size_t i;
    json_array_foreach(words, i, word)
        if (!st)
            st = cohl_store_do(store, "INSERT OR IGNORE INTO request_words (request, words) VALUES (?, ?)",
                               COHL_VALUES(cohl_value_int(number), cohl_value_text(json_string_value(word))), err);
    json_object_set_new(told, "words", words);
    return st;
}

static cohl_status protect(json_t *told, cohl_store *store, int64_t number, const cohl_case_decision *d,
                           const cohl_text *picture, int64_t now, cohl_error *err)
{
    const char *slash = d->picture ? strrchr(d->picture, '/') : NULL;
    char who[40];
    int64_t id;
    snprintf(who, sizeof who, "request %lld", (long long)number);
    const cohl_protect_entry entry = { .name = slash ? slash + 1 : d->picture, .who = who, .why = d->why,
                                       .request = number, .kept = picture->data, .kept_size = picture->size };
    cohl_status st = d->picture ? cohl_protect_add(&id, store, &entry, now, err) : COHL_OK;
    if (!st && d->picture)
        json_array_append_new(json_object_get(told, "protected"), json_integer(id));
    return st;
}

cohl_status case_effects(json_t **told, cohl_store *store, int64_t number, const cohl_case_decision *decision,
                         const cohl_text *picture, int64_t now, cohl_error *err)
{
    *told = json_pack("{s:[], s:[], s:[]}", "blocked", "descendants", "protected");
    cohl_status st = undo(store, number, err);
    if (!st) st = block_films(*told, store, number, decision, err);
    if (!st) st = add_words(*told, store, number, decision->words, err);
    if (!st) st = protect(*told, store, number, decision, picture, now, err);
    if (st) {
        json_decref(*told);
        *told = NULL;
    }
    return st;
}

/* ---- the policy pack ----------------------------------------------------- */

static const char *category_of(const char *kind)
{
    return !strcmp(kind, "likeness") || !strcmp(kind, "copyright") ? kind : "request";
}

/* A list and a rule for each case with words, in order. */
static cohl_status fill_pack(json_t *lists, json_t *rules, cohl_store *store, cohl_error *err)
{
    cohl_rows *rows;
    int64_t last = 0;
    cohl_status st = cohl_rows_open(&rows, store, "SELECT w.request, w.words, r.kind FROM request_words w JOIN requests r "
                                    "ON r.number = w.request ORDER BY w.request, w.words", COHL_NO_VALUES, err);
    while (cohl_rows_next(rows)) {
        int64_t number = cohl_rows_int(rows, 0);
        if (number != last) {
            char class[32], code[32], origin[40];
            snprintf(class, sizeof class, "request.%lld", (long long)number);
            snprintf(code, sizeof code, "request.%lld", (long long)number);
            snprintf(origin, sizeof origin, "request %lld", (long long)number);
            json_array_append_new(lists, json_pack("{s:s, s:s, s:s, s:[]}", "class", class, "origin", origin, "why",
                                                   "a request was accepted", "words"));
            json_array_append_new(rules, json_pack("{s:s, s:s, s:s, s:s, s:[s]}", "code", code, "category",
                                                   category_of(cohl_rows_text(rows, 2)), "origin", origin, "why",
                                                   "a person or rights holder asked for it, and it was granted", "all",
                                                   class));
        }
        json_t *list = json_array_get(lists, json_array_size(lists) - 1);
        json_array_append_new(json_object_get(list, "words"), json_string(cohl_rows_text(rows, 1)));
        last = number;
    }
    return cohl_rows_close(rows, st, err);
}

cohl_status case_pack_text(char **out, cohl_store *store, cohl_error *err)
{
    json_t *lists = json_array(), *rules = json_array();
    *out = NULL;
    cohl_status st = fill_pack(lists, rules, store, err);
    bool empty = !json_array_size(lists);
    json_t *pack = json_pack("{s:s, s:s, s:s, s:o, s:o}", "pack", "requests", "version", "1", "about",
                             "words that accepted requests added; written by cohl requests", "lists", lists, "rules",
                             rules);
    if (!st && !empty && !(*out = json_dumps(pack, JSON_INDENT(1))))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for the pack of requests");
    json_decref(pack);
    return st;
}

cohl_status case_pack_path(char **out, const char *folder, cohl_error *err)
{
    char *usual = NULL;
    *out = NULL;
    cohl_status st = folder ? COHL_OK : cohl_home_path(&usual, "policy", err);
    if (!st && !(*out = cohl_path_join(folder ? folder : usual, pack_name)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    free(usual);
    return st;
}

cohl_status cohl_case_write_pack(cohl_store *store, const char *folder, cohl_error *err)
{
    char *text = NULL, *path = NULL, *made = NULL;
    cohl_status st = case_pack_path(&path, folder, err);
    if (!st) st = case_pack_text(&text, store, err);
    if (!st && text)
        st = folder ? cohl_folder_make(folder, err) : cohl_home_make(&made, "policy", err);
    if (!st && text)
        st = cohl_file_write(path, text, strlen(text), err);
    else if (!st && unlink(path) && errno != ENOENT)
        st = cohl_fail(err, COHL_ERR_IO, "%s: cannot be removed: %s", path, strerror(errno));
    free(text);
    free(path);
    free(made);
    return st;
}
