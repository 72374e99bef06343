/* log.c - an append-only log whose entries hold each other. */
#define _GNU_SOURCE
#include "requests/log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ledger/moment.h"

static const char *const steps[] = {
    "CREATE TABLE request_log (\n"
    "    entry    INTEGER PRIMARY KEY,         -- 1, 2, 3, ... without a gap\n"
    "    at       INTEGER NOT NULL,            -- seconds since 1970, UTC\n"
    "    request  INTEGER NOT NULL,            -- whose event it is\n"
    "    event    TEXT NOT NULL,               -- received, acknowledged, decided, ...\n"
    "    body     TEXT NOT NULL,               -- JSON on one line\n"
    "    previous TEXT NOT NULL,               -- digest of the entry before\n"
    "    digest   TEXT NOT NULL\n"
    ") STRICT;\n"
    "CREATE INDEX request_log_of ON request_log (request);\n"
    "CREATE TABLE request_log_end (\n"
    "    one    INTEGER PRIMARY KEY CHECK (one = 1),\n"
    "    entry  INTEGER NOT NULL,              -- the last one\n"
    "    digest TEXT NOT NULL\n"
    ") STRICT;\n"
    "CREATE TRIGGER request_log_stays BEFORE UPDATE ON request_log\n"
    "BEGIN SELECT RAISE(ABORT, 'the log of requests is only added to'); END;\n"
    "CREATE TRIGGER request_log_keeps BEFORE DELETE ON request_log\n"
    "BEGIN SELECT RAISE(ABORT, 'the log of requests is only added to'); END",
    NULL };

const cohl_store_room cohl_case_log_room = { "request log", steps };

static const char beginning[] = "0000000000000000000000000000000000000000000000000000000000000000";

/* ---- digests ------------------------------------------------------------- */

static cohl_status digest_of(char out[COHL_DIGEST_HEX], const char *previous, int64_t at, int64_t case_number,
                             const char *event, const char *body, cohl_error *err)
{
    cohl_text text = { 0 };
    cohl_text_addf(&text, "%s\n%lld\n%lld\n%s\n", previous, (long long)at, (long long)case_number, event);
    cohl_text_add(&text, body);
    cohl_text_add(&text, "\n");
    cohl_status st = text.failed ? cohl_fail(err, COHL_ERR_MEMORY, "no memory for an entry of the log")
                                 : cohl_digest_bytes(out, text.data, text.size, err);
    cohl_text_free(&text);
    return st;
}

cohl_status cohl_receipt_read(cohl_receipt *out, const char *text, cohl_error *err)
{
    char *colon;
    long long entry = strtoll(text, &colon, 10);
    bool good = entry > 0 && *colon == ':' && strlen(colon + 1) == COHL_DIGEST_HEX - 1;
    for (int i = 0; good && i < COHL_DIGEST_HEX - 1; i++)
        good = isxdigit((unsigned char)colon[1 + i]);
    if (!good)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "\"%.80s\" is no receipt; expected NUMBER:DIGEST, the digest of 64 "
                         "hexadecimal digits", text);
    out->entry = entry;
    for (int i = 0; i < COHL_DIGEST_HEX; i++)
        out->digest[i] = (char)tolower((unsigned char)colon[1 + i]);
    return COHL_OK;
}

/* ---- add ----------------------------------------------------------------- */

static cohl_status read_end(cohl_receipt *end, cohl_store *store, cohl_error *err)
{
    cohl_rows *rows;
    *end = (cohl_receipt){ 0 };
    memcpy(end->digest, beginning, sizeof end->digest);
    cohl_status st = cohl_rows_open(&rows, store, "SELECT entry, digest FROM request_log_end", COHL_NO_VALUES, err);
    if (cohl_rows_next(rows)) {
        end->entry = cohl_rows_int(rows, 0);
        snprintf(end->digest, sizeof end->digest, "%s", cohl_rows_text(rows, 1));
    }
    return cohl_rows_close(rows, st, err);
}

static cohl_status write_entry(cohl_receipt *out, cohl_store *store, const cohl_receipt *end, int64_t at,
                               int64_t case_number, const char *event, const char *body, cohl_error *err)
{
    out->entry = end->entry + 1;
    cohl_status st = digest_of(out->digest, end->digest, at, case_number, event, body, err);
    if (!st)
        st = cohl_store_do(store, "INSERT INTO request_log (entry, at, request, event, body, previous, digest) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?)",
                           COHL_VALUES(cohl_value_int(out->entry), cohl_value_int(at), cohl_value_int(case_number),
                                       cohl_value_text(event), cohl_value_text(body), cohl_value_text(end->digest),
                                       cohl_value_text(out->digest)), err);
    if (!st)
        st = cohl_store_do(store, "INSERT INTO request_log_end (one, entry, digest) VALUES (1, ?, ?) "
                           "ON CONFLICT (one) DO UPDATE SET entry = excluded.entry, digest = excluded.digest",
                           COHL_VALUES(cohl_value_int(out->entry), cohl_value_text(out->digest)), err);
    return st;
}

cohl_status cohl_case_log_add(cohl_receipt *out, cohl_store *store, int64_t at, int64_t case_number, const char *event,
                           const json_t *body, cohl_error *err)
{
    cohl_receipt end;
    char *text = json_dumps(body, JSON_COMPACT);
    cohl_status st = text ? read_end(&end, store, err)
                          : cohl_fail(err, COHL_ERR_MEMORY, "no memory for an entry of the log");
    if (!st)
        st = write_entry(out, store, &end, at, case_number, event, text, err);
    free(text);
    return st;
}

/* ---- audit --------------------------------------------------------------- */

static void say(json_t *wrong, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(json_t *wrong, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(wrong, json_string(text));
}

/* Where a digest stands in the log, 0: nowhere. */
static cohl_status find_digest(int64_t *entry, cohl_store *store, const char *digest, cohl_error *err)
{
    return cohl_store_count(entry, store, "SELECT entry FROM request_log WHERE digest = ?",
                            COHL_VALUES(cohl_value_text(digest)), 0, err);
}

/* The link to the entry before is broken: was it moved, or is something gone? */
static cohl_status say_link(json_t *wrong, cohl_store *store, int64_t entry, const char *previous, cohl_error *err)
{
    int64_t before = 0;
    bool first = !strcmp(previous, beginning);
    cohl_status st = first ? COHL_OK : find_digest(&before, store, previous, err);
    if (st)
        return st;
    if (first)
        say(wrong, "entry %lld is out of order: it was the first", (long long)entry);
    else if (before)
        say(wrong, "entry %lld is out of order: it was made after what is now entry %lld", (long long)entry,
            (long long)before);
    else
        say(wrong, "what stood before entry %lld is gone, or was replaced", (long long)entry);
    return COHL_OK;
}

typedef struct walk {
    int64_t last, at;
    char    digest[COHL_DIGEST_HEX];
} walk;

static cohl_status audit_row(json_t *wrong, walk *w, cohl_store *store, const cohl_rows *r, cohl_error *err)
{
    char digest[COHL_DIGEST_HEX];
    int64_t entry = cohl_rows_int(r, 0), at = cohl_rows_int(r, 1);
    const char *previous = cohl_rows_text(r, 5), *stored = cohl_rows_text(r, 6);
    cohl_status st = digest_of(digest, previous, at, cohl_rows_int(r, 2), cohl_rows_text(r, 3), cohl_rows_text(r, 4), err);
    if (st)
        return st;
    if (entry == w->last + 2)
        say(wrong, "entry %lld is missing", (long long)entry - 1);
    else if (entry != w->last + 1)
        say(wrong, "entries %lld to %lld are missing", (long long)w->last + 1, (long long)entry - 1);
    if (strcmp(digest, stored))
        say(wrong, "entry %lld was changed: its words do not give its digest", (long long)entry);
    else if (strcmp(previous, w->digest) && entry == w->last + 1)
        st = say_link(wrong, store, entry, previous, err);
    w->last = entry, w->at = at;
    snprintf(w->digest, sizeof w->digest, "%s", stored);
    return st;
}

static cohl_status audit_end(json_t *wrong, const walk *w, cohl_store *store, cohl_error *err)
{
    cohl_receipt end;
    cohl_status st = read_end(&end, store, err);
    if (st)
        return st;
    if (w->last < end.entry)
        say(wrong, "the log is cut: it ends with entry %lld and went on to %lld", (long long)w->last,
            (long long)end.entry);
    else if (w->last > end.entry)
        say(wrong, "entries after %lld were added by another hand", (long long)end.entry);
    else if (strcmp(w->digest, end.digest))
        say(wrong, "the last entry, %lld, is not the one that was made", (long long)w->last);
    return COHL_OK;
}

static cohl_status audit_receipt(json_t *wrong, cohl_store *store, const cohl_receipt *receipt, cohl_error *err)
{
    int64_t entry;
    cohl_status st = find_digest(&entry, store, receipt->digest, err);
    if (!st && entry != receipt->entry)
        say(wrong, "the receipt %lld:%.12s... is not in the log: it was replaced, or this is another's",
            (long long)receipt->entry, receipt->digest);
    return st;
}

cohl_status cohl_case_log_audit(json_t **out, cohl_store *store, const cohl_receipt *receipt, int receipt_count,
                             cohl_error *err)
{
    cohl_rows *rows;
    walk w = { 0 };
    json_t *wrong = json_array();
    memcpy(w.digest, beginning, sizeof w.digest);
    cohl_status st = cohl_rows_open(&rows, store, "SELECT entry, at, request, event, body, previous, digest "
                                    "FROM request_log ORDER BY entry", COHL_NO_VALUES, err);
    while (!st && cohl_rows_next(rows))
        st = audit_row(wrong, &w, store, rows, err);
    st = cohl_rows_close(rows, st, err);
    if (!st) st = audit_end(wrong, &w, store, err);
    for (int i = 0; i < receipt_count && !st; i++)
        st = audit_receipt(wrong, store, &receipt[i], err);
    if (st)
        json_decref(wrong);
    *out = st ? NULL : wrong;
    return st;
}

/* ---- told ---------------------------------------------------------------- */

cohl_status cohl_case_log_json(json_t **out, cohl_store *store, int64_t case_number, cohl_error *err)
{
    cohl_rows *rows;
    char at[COHL_MOMENT_BYTES];
    json_t *list = json_array();
    cohl_status st = cohl_rows_open(&rows, store, "SELECT entry, at, request, event, body, previous, digest "
                                    "FROM request_log WHERE ?1 = 0 OR request = ?1 ORDER BY entry",
                                    COHL_VALUES(cohl_value_int(case_number)), err);
    while (cohl_rows_next(rows)) {
        json_t *body = json_loads(cohl_rows_text(rows, 4), JSON_DECODE_ANY, NULL);
        json_array_append_new(list, json_pack("{s:I, s:s, s:I, s:s, s:o, s:s, s:s}",
                              "entry", (json_int_t)cohl_rows_int(rows, 0), "at",
                              cohl_moment_text(at, cohl_rows_int(rows, 1)), "request",
                              (json_int_t)cohl_rows_int(rows, 2), "event", cohl_rows_text(rows, 3), "body",
                              body ? body : json_string(cohl_rows_text(rows, 4)), "previous", cohl_rows_text(rows, 5),
                              "digest", cohl_rows_text(rows, 6)));
    }
    st = cohl_rows_close(rows, st, err);
    if (st)
        json_decref(list);
    *out = st ? NULL : list;
    return st;
}
