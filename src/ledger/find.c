/* find.c - a film from what is left of it; films from films. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "ledger/films.h"

/* ---- lists of numbers ---------------------------------------------------- */

typedef struct numbers {
    int64_t *film;
    int      count, room;
} numbers;

static cohl_status out_of_memory(cohl_error *err)
{
    return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a list of films");
}

static bool has_number(const numbers *list, int64_t film)
{
    for (int i = 0; i < list->count; i++)
        if (list->film[i] == film)
            return true;
    return false;
}

static cohl_status add_number(numbers *list, int64_t film, cohl_error *err)
{
    if (list->count == list->room) {
        int room = 2 * list->room + 16;
        int64_t *grown = realloc(list->film, (size_t)room * sizeof *grown);
        if (!grown)
            return out_of_memory(err);
        list->film = grown, list->room = room;
    }
    list->film[list->count++] = film;
    return COHL_OK;
}

/* The first column of a query, as numbers that the caller owns. */
static cohl_status read_numbers(int64_t **out, int *count, cohl_store *store, const char *sql, cohl_values values,
                                cohl_error *err)
{
    numbers list = { 0 };
    cohl_rows *rows;
    cohl_status st = cohl_rows_open(&rows, store, sql, values, err);
    while (!st && cohl_rows_next(rows))
        st = add_number(&list, cohl_rows_int(rows, 0), err);
    st = cohl_rows_close(rows, st, err);
    if (st) {
        free(list.film);
        list = (numbers){ 0 };
    }
    *out = list.film, *count = list.count;
    return st;
}

/* ---- by what is left ----------------------------------------------------- */

const char *cohl_found_by_name(unsigned one)
{
    switch (one) {
    case COHL_FOUND_BY_DIGEST:     return "file";
    case COHL_FOUND_BY_CREDENTIAL: return "credentials";
    case COHL_FOUND_BY_MARK:       return "mark";
    default:                       return "fingerprint";
    }
}

cohl_status cohl_film_hits_add(cohl_film_hits *hits, int64_t film, unsigned found_by, double share, cohl_error *err)
{
    for (int i = 0; i < hits->count; i++)
        if (hits->hit[i].film == film) {
            hits->hit[i].found_by |= found_by;
            hits->hit[i].share = share > hits->hit[i].share ? share : hits->hit[i].share;
            return COHL_OK;
        }
    cohl_film_hit *grown = realloc(hits->hit, (size_t)(hits->count + 1) * sizeof *grown);
    if (!grown)
        return out_of_memory(err);
    hits->hit = grown;
    hits->hit[hits->count++] = (cohl_film_hit){ film, found_by, share };
    return COHL_OK;
}

static cohl_status find_value(cohl_film_hits *hits, cohl_store *store, const char *sql, cohl_value value,
                              unsigned found_by, cohl_error *err)
{
    cohl_rows *rows;
    cohl_status st = cohl_rows_open(&rows, store, sql, COHL_VALUES(value), err);
    while (!st && cohl_rows_next(rows))
        st = cohl_film_hits_add(hits, cohl_rows_int(rows, 0), found_by, 0, err);
    return cohl_rows_close(rows, st, err);
}

/* One film's prints come one after another; `seen` says which of the key's were alike. */
typedef struct matching {
    const cohl_film_key *key;
    int64_t film;
    int     alike;
    bool   *seen;
} matching;

static void match_print(matching *m, uint64_t bits)
{
    for (int i = 0; i < m->key->print_count; i++)
        if (!m->seen[i] && __builtin_popcountll(bits ^ m->key->print[i].bits) <= m->key->print_bits)
            m->seen[i] = true, m->alike++;
}

static cohl_status end_film(matching *m, cohl_film_hits *hits, cohl_error *err)
{
    double share = (double)m->alike / m->key->print_count;
    bool enough = m->alike > 0 && share >= m->key->print_share;
    cohl_status st = enough ? cohl_film_hits_add(hits, m->film, COHL_FOUND_BY_FINGERPRINT, share, err) : COHL_OK;
    memset(m->seen, 0, (size_t)m->key->print_count * sizeof *m->seen);
    m->alike = 0;
    return st;
}

/* Every print of every film is looked at: a nanosecond for each pair. */
static cohl_status find_prints(cohl_film_hits *hits, cohl_store *store, const cohl_film_key *key, cohl_error *err)
{
    cohl_rows *rows;
    matching m = { .key = key, .seen = calloc((size_t)key->print_count, sizeof *m.seen) };
    if (!m.seen)
        return out_of_memory(err);
    cohl_status st = cohl_rows_open(&rows, store, "SELECT film, bits FROM film_prints ORDER BY film", COHL_NO_VALUES,
                                    err);
    while (!st && cohl_rows_next(rows)) {
        int64_t film = cohl_rows_int(rows, 0);
        if (film != m.film)
            st = end_film(&m, hits, err);
        m.film = film;
        match_print(&m, (uint64_t)cohl_rows_int(rows, 1));
    }
    if (!st)
        st = end_film(&m, hits, err);
    free(m.seen);
    return cohl_rows_close(rows, st, err);
}

/* More kinds of evidence first, then the stronger kind, then more pictures alike, then the newer. */
static int compare_hits(const void *a, const void *b)
{
    const cohl_film_hit *x = a, *y = b;
    int kinds = __builtin_popcount(y->found_by) - __builtin_popcount(x->found_by);
    unsigned strongest_x = x->found_by & -x->found_by, strongest_y = y->found_by & -y->found_by;
    if (kinds)
        return kinds;
    if (strongest_x != strongest_y)
        return strongest_x < strongest_y ? -1 : 1;
    if (x->share != y->share)
        return x->share > y->share ? -1 : 1;
    return (x->film < y->film) - (x->film > y->film);
}

cohl_status cohl_ledger_find(cohl_film_hits *out, cohl_store *store, const cohl_film_key *key, cohl_error *err)
{
    cohl_status st = COHL_OK;
    *out = (cohl_film_hits){ 0 };
    if (key->digest)
        st = find_value(out, store, "SELECT DISTINCT film FROM film_files WHERE digest = ?",
                        cohl_value_text(key->digest), COHL_FOUND_BY_DIGEST, err);
    if (!st && key->credential)
        st = find_value(out, store, "SELECT DISTINCT film FROM film_files WHERE credential = ?",
                        cohl_value_text(key->credential), COHL_FOUND_BY_CREDENTIAL, err);
    if (!st && key->marked)
        st = find_value(out, store, "SELECT id FROM films WHERE mark = ?", cohl_value_int((int64_t)key->mark),
                        COHL_FOUND_BY_MARK, err);
    if (!st && key->print_count)
        st = find_prints(out, store, key, err);
    if (st)
        cohl_film_hits_free(out);
    else if (out->count)
        qsort(out->hit, (size_t)out->count, sizeof *out->hit, compare_hits);
    return st;
}

void cohl_film_hits_free(cohl_film_hits *hits)
{
    free(hits->hit);
    *hits = (cohl_film_hits){ 0 };
}

cohl_status cohl_ledger_manifest(void **out, size_t *size, cohl_store *store, int64_t film, const char *digest,
                                 const char *credential, cohl_error *err)
{
    cohl_rows *rows;
    *out = NULL, *size = 0;
    cohl_status st = cohl_rows_open(&rows, store, "SELECT manifest FROM film_files WHERE film = ?1 AND manifest IS NOT "
                                    "NULL AND (?2 IS NULL OR digest = ?2) AND (?3 IS NULL OR credential = ?3) "
                                    "ORDER BY place LIMIT 1",
                                    COHL_VALUES(cohl_value_int(film), cohl_value_text(digest),
                                                cohl_value_text(credential)), err);
    if (cohl_rows_next(rows)) {
        size_t bytes;
        const void *data = cohl_rows_blob(rows, 0, &bytes);
        if (!(*out = malloc(bytes + 1)))
            st = out_of_memory(err);
        else
            memcpy(*out, data, bytes), *size = bytes;
    }
    return cohl_rows_close(rows, st, err);
}

/* ---- by other films ------------------------------------------------------ */

cohl_status cohl_ledger_newest(int64_t **out, int *count, cohl_store *store, int most, cohl_error *err)
{
    return read_numbers(out, count, store, "SELECT id FROM films ORDER BY id DESC LIMIT ?",
                        COHL_VALUES(cohl_value_int(most)), err);
}

cohl_status cohl_ledger_linked(int64_t **out, int *count, cohl_store *store, const char *relation, const char *name,
                               cohl_error *err)
{
    return read_numbers(out, count, store, "SELECT DISTINCT film FROM film_links WHERE relation = ? AND name = ? "
                        "ORDER BY film", COHL_VALUES(cohl_value_text(relation), cohl_value_text(name)), err);
}

/* Breadth first; a film that is met again is not followed again. */
cohl_status cohl_ledger_descendants(int64_t **out, int *count, cohl_store *store, int64_t film, cohl_error *err)
{
    static const char children[] =
        "SELECT DISTINCT l.film FROM film_files f JOIN film_links l "
        "ON l.digest = f.digest OR (f.credential IS NOT NULL AND l.name = f.credential) "
        "WHERE f.film = ? AND l.relation <> 'consent' ORDER BY l.film";
    numbers all = { 0 };
    cohl_status st = add_number(&all, film, err);
    for (int at = 0; at < all.count && !st; at++) {
        int64_t *near = NULL;
        int near_count = 0;
        st = read_numbers(&near, &near_count, store, children, COHL_VALUES(cohl_value_int(all.film[at])), err);
        for (int i = 0; i < near_count && !st; i++)
            if (!has_number(&all, near[i]))
                st = add_number(&all, near[i], err);
        free(near);
    }
    *count = st ? 0 : all.count - 1;
    if (st)
        free(all.film);
    else
        memmove(all.film, all.film + 1, (size_t)*count * sizeof *all.film);
    *out = st ? NULL : all.film;
    return st;
}
