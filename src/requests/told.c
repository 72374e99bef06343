/* told.c - cases as JSON, and what is wrong with them. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "ledger/moment.h"
#include "requests/inside.h"

/* ---- cases --------------------------------------------------------------- */

#define COLUMNS "number, kind, state, about, contact, received_at, acknowledge_by, acknowledged_at, decide_by, " \
                "decided_at, done_at, accepted, why"

static void set_moment(json_t *json, const char *key, const cohl_rows *rows, int column)
{
    char text[COHL_MOMENT_BYTES];
    json_object_set_new(json, key, cohl_rows_is_null(rows, column) ? json_null() :
                        json_string(cohl_moment_text(text, cohl_rows_int(rows, column))));
}

/* The clock that runs now: until when, and whether it is over. */
static void set_clock(json_t *json, const cohl_rows *rows, int64_t now)
{
    bool acknowledged = !cohl_rows_is_null(rows, 7), decided = !cohl_rows_is_null(rows, 9);
    char text[COHL_MOMENT_BYTES];
    if (decided)
        return;
    int64_t by = cohl_rows_int(rows, acknowledged ? 8 : 6);
    json_object_set_new(json, "next", json_pack("{s:s, s:s, s:f, s:b}", "step", acknowledged ? "decide" : "acknowledge",
                                                "by", cohl_moment_text(text, by), "hours_left",
                                                (double)(by - now) / 3600, "overdue", now > by));
}

static json_t *row_json(const cohl_rows *rows, int64_t now)
{
    json_t *json = json_pack("{s:I, s:s, s:s, s:s?, s:s?}", "request", (json_int_t)cohl_rows_int(rows, 0), "kind",
                             cohl_rows_text(rows, 1), "state", cohl_rows_text(rows, 2), "about",
                             cohl_rows_text(rows, 3), "from", cohl_rows_text(rows, 4));
    set_moment(json, "received", rows, 5);
    set_moment(json, "acknowledged", rows, 7);
    set_moment(json, "decided", rows, 9);
    set_moment(json, "done", rows, 10);
    if (!cohl_rows_is_null(rows, 11)) {
        json_object_set_new(json, "accepted", json_boolean(cohl_rows_int(rows, 11)));
        json_object_set_new(json, "why", json_string(cohl_rows_text(rows, 12)));
    }
    set_clock(json, rows, now);
    return json;
}

static cohl_status set_films(json_t *json, cohl_store *store, int64_t number, cohl_error *err)
{
    cohl_rows *rows;
    json_t *films = json_array();
    cohl_status st = cohl_rows_open(&rows, store, "SELECT r.film, r.found_by, r.share, r.blocked, f.title, (SELECT path "
                                    "FROM film_files WHERE film = r.film ORDER BY place LIMIT 1) FROM request_films r "
                                    "LEFT JOIN films f ON f.id = r.film WHERE r.request = ? ORDER BY r.film",
                                    COHL_VALUES(cohl_value_int(number)), err);
    while (cohl_rows_next(rows))
        json_array_append_new(films, json_pack("{s:I, s:s, s:f, s:b, s:s?, s:o}", "film",
                              (json_int_t)cohl_rows_int(rows, 0), "found_by", cohl_rows_text(rows, 1), "share",
                              cohl_rows_real(rows, 2), "blocked", (int)cohl_rows_int(rows, 3), "title",
                              cohl_rows_text(rows, 4), "path", cohl_json_name(cohl_rows_text(rows, 5))));
    json_object_set_new(json, "films", films);
    return cohl_rows_close(rows, st, err);
}

cohl_status cohl_case_json(json_t **out, cohl_store *store, int64_t number, int64_t now, cohl_error *err)
{
    cohl_rows *rows;
    json_t *log = NULL;
    *out = NULL;
    cohl_status st = cohl_rows_open(&rows, store, "SELECT " COLUMNS " FROM requests WHERE number = ?",
                                    COHL_VALUES(cohl_value_int(number)), err);
    if (cohl_rows_next(rows))
        *out = row_json(rows, now);
    else if (!st)
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "there is no request %lld", (long long)number);
    st = cohl_rows_close(rows, st, err);
    if (!st) st = set_films(*out, store, number, err);
    if (!st && !(st = cohl_case_log_json(&log, store, number, err)))
        json_object_set_new(*out, "log", log);
    if (st) {
        json_decref(*out);
        *out = NULL;
    }
    return st;
}

cohl_status cohl_case_list(json_t **out, cohl_store *store, bool all, int64_t now, cohl_error *err)
{
    cohl_rows *rows;
    *out = json_array();
    cohl_status st = cohl_rows_open(&rows, store, "SELECT " COLUMNS " FROM requests WHERE ? OR state <> 'done' ORDER BY "
                                    "state = 'done', decided_at IS NOT NULL, coalesce(decide_by, acknowledge_by), "
                                    "number", COHL_VALUES(cohl_value_int(all)), err);
    while (cohl_rows_next(rows))
        json_array_append_new(*out, row_json(rows, now));
    st = cohl_rows_close(rows, st, err);
    if (st) {
        json_decref(*out);
        *out = NULL;
    }
    return st;
}

/* ---- audit --------------------------------------------------------------- */

/* A sentence for each row of a query: its first column. */
static cohl_status say_rows(json_t *wrong, cohl_store *store, const char *sql, cohl_error *err)
{
    cohl_rows *rows;
    cohl_status st = cohl_rows_open(&rows, store, sql, COHL_NO_VALUES, err);
    while (cohl_rows_next(rows))
        json_array_append_new(wrong, json_string(cohl_rows_text(rows, 0)));
    return cohl_rows_close(rows, st, err);
}

/* States follow from the log, and effects from states. */
static const char *const laws[] = {
    "SELECT 'request ' || r.number || ' is ' || r.state || ', but its log says ' || coalesce(l.event, 'nothing') "
    "FROM requests r LEFT JOIN request_log l ON l.entry = (SELECT max(entry) FROM request_log WHERE request = r.number "
    "AND event IN ('received', 'acknowledged', 'decided', 'done')) WHERE l.event IS NOT r.state",
    "SELECT DISTINCT 'request ' || l.request || ' is gone, but its log is there' FROM request_log l "
    "WHERE l.request NOT IN (SELECT number FROM requests)",
    "SELECT 'film ' || r.film || ' is not blocked, though request ' || r.request || ' blocked it' FROM request_films r "
    "JOIN films f ON f.id = r.film WHERE r.blocked AND f.blocked IS NULL",
    "SELECT 'request ' || r.number || ' is decided otherwise than its log says' FROM requests r JOIN request_log l "
    "ON l.entry = (SELECT max(entry) FROM request_log WHERE request = r.number AND event = 'decided') "
    "WHERE json_valid(l.body) AND (json_extract(l.body, '$.accepted') IS NOT r.accepted OR "
    "json_extract(l.body, '$.why') IS NOT r.why)",
    "SELECT 'request ' || r.number || ' blocks other films than its log says' FROM requests r JOIN request_log l "
    "ON l.entry = (SELECT max(entry) FROM request_log WHERE request = r.number AND event = 'decided') "
    "WHERE json_valid(l.body) AND (SELECT group_concat(value) FROM (SELECT DISTINCT value FROM json_each(l.body, "
    "'$.effects.blocked') ORDER BY value)) IS NOT (SELECT group_concat(film) FROM (SELECT film FROM request_films "
    "WHERE request = r.number AND blocked ORDER BY film))",
};

static cohl_status audit_pack(json_t *wrong, cohl_store *store, const char *folder, cohl_error *err)
{
    char *path = NULL, *expected = NULL, *found = NULL, sentence[600];
    cohl_status st = case_pack_path(&path, folder, err);
    if (!st) st = case_pack_text(&expected, store, err);
    if (!st && cohl_file_exists(path))
        st = cohl_file_read(&found, NULL, path, 64 << 20, err);
    if (!st && strcmp(expected ? expected : "", found ? found : "")) {
        snprintf(sentence, sizeof sentence, "%.500s: does not hold the words of accepted requests; `cohl requests pack` "
                 "writes it again", path);
        json_array_append_new(wrong, json_string(sentence));
    }
    free(path);
    free(expected);
    free(found);
    return st;
}

cohl_status cohl_case_audit(json_t **out, cohl_store *store, const cohl_receipt *receipt, int receipt_count,
                            const char *folder, cohl_error *err)
{
    cohl_status st = cohl_case_log_audit(out, store, receipt, receipt_count, err);
    for (size_t i = 0; i < sizeof laws / sizeof *laws && !st; i++)
        st = say_rows(*out, store, laws[i], err);
    if (!st) st = audit_pack(*out, store, folder, err);
    if (st) {
        json_decref(*out);
        *out = NULL;
    }
    return st;
}
