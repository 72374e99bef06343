/* find.c - which films of this installation a file, an identifier or a description is about. */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "provenance/detect.h"
#include "requests/inside.h"

/* ---- by a file ----------------------------------------------------------- */

static cohl_status merge(cohl_film_hits *into, const cohl_film_hits *from, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (int i = 0; i < from->count && !st; i++)
        st = cohl_film_hits_add(into, from->hit[i].film, from->hit[i].found_by, from->hit[i].share, err);
    return st;
}

static cohl_status find_more(cohl_film_hits *hits, cohl_store *store, const cohl_film_key *key, cohl_error *err)
{
    cohl_film_hits more;
    cohl_status st = cohl_ledger_find(&more, store, key, err);
    if (!st) st = merge(hits, &more, err);
    cohl_film_hits_free(&more);
    return st;
}

/* Every manifest in the file counts: what was edited elsewhere still carries ours before its own. */
static cohl_status find_manifests(cohl_film_hits *hits, json_t *evidence, cohl_store *store, const json_t *manifests,
                                  cohl_error *err)
{
    json_t *labels = json_array(), *manifest;
    cohl_status st = COHL_OK;
    size_t i;
    json_array_foreach((json_t *)manifests, i, manifest) {
        const char *label = json_string_value(json_object_get(manifest, "label"));
        if (!st && label) {
            json_array_append_new(labels, json_string(label));
            st = find_more(hits, store, &(cohl_film_key){ .credential = label }, err);
        }
    }
    json_object_set_new(evidence, "manifests", labels);
    return st;
}

/* Credentials, marks, fingerprints. A file that shows no pictures still has its digest: why is evidence. */
static cohl_status find_traces(cohl_film_hits *hits, json_t *evidence, cohl_store *store, const char *path,
                               cohl_error *err)
{
    cohl_mark_keys *keys = calloc(1, sizeof *keys);
    char *folder = NULL;
    cohl_error why = { 0 };
    cohl_trust trust = { 0 };
    cohl_detection found;
    if (!keys)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to look at it", path);
    cohl_status st = cohl_mark_keys_folder(&folder, err);
    if (!st) st = cohl_mark_keys_load(keys, folder, err);
    cohl_status seen = st ? st : cohl_detect(&found, path, &(cohl_detect_params){ .keys = keys, .ledger = store, .trust = &trust }, &why);
    if (!st && seen == COHL_ERR_FORMAT) {
        json_object_set_new(evidence, "unseen", json_string(why.text));
    } else if (!st && seen) {
        st = cohl_fail(err, seen, "%s", why.text);
    } else if (!st) {
        st = find_manifests(hits, evidence, store, found.credentials.findings.manifests, err);
        if (!st) st = merge(hits, &found.films, err);
        json_object_set_new(evidence, "found", cohl_detection_json(&found));
        cohl_detection_free(&found);
    }
    free(folder);
    free(keys);
    return st;
}

cohl_status cohl_case_find_file(cohl_film_hits *out, json_t **evidence, cohl_store *store, const char *path,
                                cohl_error *err)
{
    char digest[COHL_DIGEST_HEX];
    *out = (cohl_film_hits){ 0 };
    *evidence = NULL;
    cohl_status st = cohl_digest_file(digest, path, err);
    if (st)
        return st;
    *evidence = json_pack("{s:s}", "digest", digest);
    st = find_more(out, store, &(cohl_film_key){ .digest = digest }, err);
    if (!st) st = find_traces(out, *evidence, store, path, err);
    if (st) {
        cohl_film_hits_free(out);
        json_decref(*evidence);
        *evidence = NULL;
    }
    return st;
}

/* ---- by an identifier ---------------------------------------------------- */

static bool is_hex(const char *text, size_t size)
{
    if (strlen(text) != size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!isxdigit((unsigned char)text[i]))
            return false;
    return true;
}

static cohl_status find_number(cohl_film_hits *out, cohl_store *store, const char *digits, cohl_error *err)
{
    int64_t film;
    cohl_status st = cohl_store_count(&film, store, "SELECT id FROM films WHERE id = ?",
                                      COHL_VALUES(cohl_value_int(strtoll(digits, NULL, 10))), 0, err);
    const cohl_film_hit hit = { .film = film };
    return st || !film ? st : merge(out, &(cohl_film_hits){ (cohl_film_hit *)&hit, 1 }, err);
}

cohl_status cohl_case_find_identifier(cohl_film_hits *out, cohl_store *store, const char *identifier, cohl_error *err)
{
    char lower[COHL_DIGEST_HEX] = "";
    *out = (cohl_film_hits){ 0 };
    for (int i = 0; i < COHL_DIGEST_HEX - 1 && identifier[i]; i++)
        lower[i] = (char)tolower((unsigned char)identifier[i]);
    if (!strncmp(identifier, "urn:", 4))
        return cohl_ledger_find(out, store, &(cohl_film_key){ .credential = identifier }, err);
    if (is_hex(identifier, COHL_DIGEST_HEX - 1))
        return cohl_ledger_find(out, store, &(cohl_film_key){ .digest = lower }, err);
    if (is_hex(identifier, COHL_MARK_BITS / 4))
        return cohl_ledger_find(out, store, &(cohl_film_key){ .marked = true, .mark = strtoull(lower, NULL, 16) }, err);
    if (*identifier && strspn(identifier, "0123456789") == strlen(identifier) && strlen(identifier) < COHL_MARK_BITS / 4)
        return find_number(out, store, identifier, err);
    return cohl_fail(err, COHL_ERR_ARGUMENT, "\"%.80s\" is no identifier; expected urn:c2pa:..., a mark's 10 "
                     "hexadecimal digits, a SHA-256, or a film's number", identifier);
}

/* ---- by a description ---------------------------------------------------- */

enum { FILMS_FEW = 20, WORDS_FEW = 12, WORD_SHORT = 4 };

/* Words that say something: the longer ones, at most WORDS_FEW. */
static int pick_words(char *text, const char *word[WORDS_FEW])
{
    int count = 0;
    char *rest = NULL;
    for (char *at = strtok_r(text, " \t\n,.;:!?\"'()%_", &rest); at && count < WORDS_FEW;
         at = strtok_r(NULL, " \t\n,.;:!?\"'()%_", &rest))
        if (strlen(at) >= WORD_SHORT)
            word[count++] = at;
    return count;
}

cohl_status cohl_case_find_words(cohl_film_hits *out, cohl_store *store, const char *text, cohl_error *err)
{
    const char *word[WORDS_FEW];
    char *copy = strdup(text);
    cohl_text sql = { 0 };
    cohl_value value[WORDS_FEW];
    cohl_rows *rows = NULL;
    *out = (cohl_film_hits){ 0 };
    int count = copy ? pick_words(copy, word) : 0;
    cohl_status st = copy ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a description");
    cohl_text_add(&sql, "SELECT id FROM films WHERE 1");
    for (int i = 0; i < count; i++) {
        cohl_text_addf(&sql, " AND instr(lower(coalesce(title, '') || ' ' || coalesce(recipe, '')), lower(?%d))", i + 1);
        value[i] = cohl_value_text(word[i]);
    }
    cohl_text_addf(&sql, " ORDER BY id DESC LIMIT %d", FILMS_FEW);
    if (!st && sql.failed)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a description");
    if (!st && count)
        st = cohl_rows_open(&rows, store, sql.data, (cohl_values){ value, count }, err);
    while (!st && cohl_rows_next(rows)) {
        const cohl_film_hit hit = { .film = cohl_rows_int(rows, 0) };
        st = merge(out, &(cohl_film_hits){ (cohl_film_hit *)&hit, 1 }, err);
    }
    st = cohl_rows_close(rows, st, err);
    cohl_text_free(&sql);
    free(copy);
    return st;
}
