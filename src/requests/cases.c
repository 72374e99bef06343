/* cases.c - a case goes from received to done, a transaction a step. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "ledger/models.h"
#include "ledger/settings.h"
#include "protect/consent.h"
#include "protect/list.h"
#include "requests/inside.h"

static const char *const steps[] = {
    "CREATE TABLE requests (\n"
    "    number          INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "    kind            TEXT NOT NULL,          -- likeness, copyright, training, other\n"
    "    state           TEXT NOT NULL,          -- received, acknowledged, decided, done\n"
    "    about           TEXT,                   -- in the words of who asks\n"
    "    contact         TEXT,                   -- how to reach them; may be forgotten\n"
    "    received_at     INTEGER NOT NULL,       -- all times: seconds since 1970, UTC\n"
    "    acknowledge_by  INTEGER NOT NULL,\n"
    "    acknowledged_at INTEGER,\n"
    "    decide_by       INTEGER,\n"
    "    decided_at      INTEGER,\n"
    "    done_at         INTEGER,\n"
    "    accepted        INTEGER,                -- 1 yes, 0 no\n"
    "    why             TEXT\n"
    ") STRICT;\n"
    "CREATE TABLE request_films (\n"
    "    request    INTEGER NOT NULL REFERENCES requests (number),\n"
    "    film       INTEGER NOT NULL,            -- its number in the ledger\n"
    "    found_by   TEXT NOT NULL,               -- file, credentials, mark, fingerprint, words, descent\n"
    "    share      REAL NOT NULL,               -- of pictures alike\n"
    "    blocked    INTEGER NOT NULL DEFAULT 0,  -- by this request\n"
    "    PRIMARY KEY (request, film)\n"
    ") STRICT, WITHOUT ROWID;\n"
    "CREATE TABLE request_words (\n"
    "    request INTEGER NOT NULL REFERENCES requests (number),\n"
    "    words   TEXT NOT NULL,                  -- an entry of the policy pack\n"
    "    PRIMARY KEY (request, words)\n"
    ") STRICT, WITHOUT ROWID",
    NULL };

const cohl_store_room cohl_case_room = { "requests", steps };

static const struct { const char *name, *about; } kinds[COHL_CASE_KIND_COUNT] = {
    { "likeness", "a real person is shown without consent" },
    { "copyright", "a protected work or character is shown" },
    { "training", "was something in what the model was trained on?" },
    { "other", "anything else" },
};
static const char *const states[] = { "received", "acknowledged", "decided", "done" };

const char *cohl_case_kind_name(cohl_case_kind kind) { return kinds[kind].name; }
const char *cohl_case_kind_about(cohl_case_kind kind) { return kinds[kind].about; }
const char *cohl_case_state_name(cohl_case_state state) { return states[state]; }

bool case_kind_find(cohl_case_kind *out, const char *name)
{
    for (int i = 0; i < COHL_CASE_KIND_COUNT; i++)
        if (!strcmp(kinds[i].name, name)) {
            *out = (cohl_case_kind)i;
            return true;
        }
    return false;
}

cohl_status cohl_case_open(cohl_store **out, const char *path, cohl_error *err)
{
    char *usual = NULL;
    cohl_status st = path ? COHL_OK : cohl_store_usual_path(&usual, err);
    *out = NULL;
    if (!st)
        st = cohl_store_open(out, path ? path : usual,
                             COHL_ROOMS(&cohl_ledger_films_room, &cohl_ledger_models_room, &cohl_ledger_settings_room,
                                        &cohl_case_log_room, &cohl_case_room, &cohl_protect_room, &cohl_consent_room), err);
    free(usual);
    return st;
}

cohl_status case_state(cohl_case_state *out, cohl_store *store, int64_t number, cohl_error *err)
{
    cohl_rows *rows;
    int found = -1;
    cohl_status st = cohl_rows_open(&rows, store, "SELECT state FROM requests WHERE number = ?",
                                    COHL_VALUES(cohl_value_int(number)), err);
    if (cohl_rows_next(rows))
        for (int i = 0; i < 4; i++)
            if (!strcmp(states[i], cohl_rows_text(rows, 0)))
                found = i;
    st = cohl_rows_close(rows, st, err);
    if (!st && found < 0)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "there is no request %lld", (long long)number);
    *out = (cohl_case_state)(found < 0 ? 0 : found);
    return st;
}

/* ---- taken in ------------------------------------------------------------ */

static cohl_status check_text(const char *what, const char *text, cohl_error *err)
{
    size_t size = text ? strlen(text) : 0;
    if (size > COHL_CASE_TEXT_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s is %zu bytes long, expected at most %d", what, size,
                         COHL_CASE_TEXT_MAX);
    if (size && cohl_utf8_check(text, size) != size)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s is not UTF-8", what);
    return COHL_OK;
}

static cohl_status check_intake(const cohl_case_intake *in, cohl_error *err)
{
    const struct { const char *what, *text; } all[] = {
        { "the identifier", in->identifier }, { "the description", in->about },
        { "the address", in->from } };
    cohl_status st = COHL_OK;
    bool about_film = in->file || in->identifier;
    for (size_t i = 0; i < sizeof all / sizeof *all && !st; i++)
        st = check_text(all[i].what, all[i].text, err);
    if (!st && !about_film && (!in->about || !in->about[strspn(in->about, " \t\n")]))
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "a request needs a file, an identifier or a description");
    return st;
}

/* What is found, and the log's words about it. */
static cohl_status look(cohl_film_hits *hits, json_t *body, cohl_store *store, const cohl_case_intake *in,
                        cohl_error *err)
{
    json_t *evidence = NULL;
    cohl_status st = COHL_OK;
    const char *how = "words";
    *hits = (cohl_film_hits){ 0 };
    if (in->file)
        how = "file", st = cohl_case_find_file(hits, &evidence, store, in->file, err);
    else if (in->identifier)
        how = "identifier", st = cohl_case_find_identifier(hits, store, in->identifier, err);
    else
        st = cohl_case_find_words(hits, store, in->about, err);
    json_object_set_new(body, "by", json_string(how));
    if (evidence)
        json_object_set_new(body, "evidence", evidence);
    return st;
}

static json_t *found_by_json(const cohl_film_hit *hit)
{
    json_t *list = json_array();
    for (unsigned one = 1; one <= COHL_FOUND_BY_FINGERPRINT; one *= 2)
        if (hit->found_by & one)
            json_array_append_new(list, json_string(cohl_found_by_name(one)));
    if (!hit->found_by)
        json_array_append_new(list, json_string("words"));
    return list;
}

static cohl_status add_films(json_t *body, cohl_store *store, int64_t number, const cohl_film_hits *hits,
                             cohl_error *err)
{
    json_t *films = json_array();
    cohl_status st = COHL_OK;
    for (int i = 0; i < hits->count && !st; i++) {
        const cohl_film_hit *hit = &hits->hit[i];
        const char *first = hit->found_by ? cohl_found_by_name(hit->found_by & -hit->found_by) : "words";
        json_array_append_new(films, json_pack("{s:I, s:o, s:f}", "film", (json_int_t)hit->film, "found_by",
                                               found_by_json(hit), "share", hit->share));
        st = cohl_store_do(store, "INSERT INTO request_films (request, film, found_by, share) VALUES (?, ?, ?, ?)",
                           COHL_VALUES(cohl_value_int(number), cohl_value_int(hit->film), cohl_value_text(first),
                                       cohl_value_real(hit->share)), err);
    }
    json_object_set_new(body, "films", films);
    return st;
}

static cohl_status hours_from(int64_t *out, cohl_store *store, const char *setting, int64_t now, cohl_error *err)
{
    double hours = 0;
    cohl_status st = cohl_setting_number(&hours, store, setting, err);
    *out = now + (int64_t)(3600 * hours);
    return st;
}

static cohl_status receive(cohl_case_made *out, json_t *body, cohl_store *store, const cohl_case_intake *in,
                           const cohl_film_hits *hits, int64_t now, cohl_error *err)
{
    int64_t by;
    cohl_status st = hours_from(&by, store, "requests.acknowledge", now, err);
    if (!st)
        st = cohl_store_do(store, "INSERT INTO requests (kind, state, about, contact, received_at, acknowledge_by) "
                           "VALUES (?, 'received', ?, ?, ?, ?)",
                           COHL_VALUES(cohl_value_text(kinds[in->kind].name), cohl_value_text(in->about),
                                       cohl_value_text(in->from), cohl_value_int(now), cohl_value_int(by)), err);
    if (st)
        return st;
    out->number = cohl_store_last_row(store), out->found = hits->count;
    json_object_set_new(body, "acknowledge_by", json_integer(by));
    st = add_films(body, store, out->number, hits, err);
    return st ? st : cohl_case_log_add(&out->receipt, store, now, out->number, "received", body, err);
}

cohl_status cohl_case_receive(cohl_case_made *out, cohl_store *store, const cohl_case_intake *intake, int64_t now,
                              cohl_error *err)
{
    cohl_film_hits hits;
    cohl_status st = check_intake(intake, err);
    if (st)
        return st;
    const char *slash = intake->file ? strrchr(intake->file, '/') : NULL;
    json_t *answer = intake->answer ? json_loads(intake->answer, 0, NULL) : NULL;
    json_t *body = json_pack("{s:s, s:s?, s:o, s:s?, s:o*}", "kind", kinds[intake->kind].name, "about", intake->about,
                             "file", cohl_json_name(slash ? slash + 1 : intake->file), "identifier", intake->identifier, "answer",
                             answer);
    st = look(&hits, body, store, intake, err);
    if (!st && !(st = cohl_store_begin(store, err)))
        st = cohl_store_end(store, receive(out, body, store, intake, &hits, now, err), err);
    cohl_film_hits_free(&hits);
    json_decref(body);
    return st;
}

/* ---- carried on ---------------------------------------------------------- */

static cohl_status expect_state(cohl_store *store, int64_t number, cohl_case_state least, cohl_case_state most,
                                const char *deed, cohl_error *err)
{
    cohl_case_state state;
    cohl_status st = case_state(&state, store, number, err);
    if (!st && (state < least || state > most))
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "request %lld is %s; only one that is %s%s%s can be %s",
                       (long long)number, states[state], states[least], least < most ? " to " : "",
                       least < most ? states[most] : "", deed);
    return st;
}

static json_t *note_json(const char *note) { return json_pack("{s:s?}", "note", note); }

static cohl_status acknowledge(cohl_receipt *out, cohl_store *store, int64_t number, const char *note, int64_t now,
                               cohl_error *err)
{
    int64_t by = 0;
    json_t *body = note_json(note);
    cohl_status st = expect_state(store, number, COHL_CASE_RECEIVED, COHL_CASE_RECEIVED, "acknowledged", err);
    if (!st) st = hours_from(&by, store, "requests.decide", now, err);
    json_object_set_new(body, "decide_by", json_integer(by));
    if (!st)
        st = cohl_store_do(store, "UPDATE requests SET state = 'acknowledged', acknowledged_at = ?, decide_by = ? "
                           "WHERE number = ?", COHL_VALUES(cohl_value_int(now), cohl_value_int(by),
                                                           cohl_value_int(number)), err);
    if (!st) st = cohl_case_log_add(out, store, now, number, "acknowledged", body, err);
    json_decref(body);
    return st;
}

cohl_status cohl_case_acknowledge(cohl_receipt *out, cohl_store *store, int64_t number, const char *note, int64_t now,
                                  cohl_error *err)
{
    cohl_status st = check_text("the note", note, err);
    if (st || (st = cohl_store_begin(store, err)))
        return st;
    return cohl_store_end(store, acknowledge(out, store, number, note, now, err), err);
}

static cohl_status decide(cohl_receipt *out, cohl_store *store, int64_t number, const cohl_case_decision *d,
                          const cohl_text *picture, int64_t now, cohl_error *err)
{
    json_t *effects = NULL, *body;
    cohl_status st = expect_state(store, number, COHL_CASE_ACKNOWLEDGED, COHL_CASE_DONE, "decided", err);
    if (!st)
        st = cohl_store_do(store, "UPDATE requests SET state = 'decided', decided_at = ?, done_at = NULL, accepted = ?, "
                           "why = ? WHERE number = ?",
                           COHL_VALUES(cohl_value_int(now), cohl_value_int(d->accepted), cohl_value_text(d->why),
                                       cohl_value_int(number)), err);
    if (!st) st = case_effects(&effects, store, number, d, picture, now, err);
    if (st)
        return st;
    body = json_pack("{s:b, s:s, s:o}", "accepted", d->accepted, "why", d->why, "effects", effects);
    st = cohl_case_log_add(out, store, now, number, "decided", body, err);
    json_decref(body);
    return st;
}

cohl_status cohl_case_decide(cohl_receipt *out, cohl_store *store, int64_t number, const cohl_case_decision *decision,
                             int64_t now, cohl_error *err)
{
    cohl_status st = check_text("the reason", decision->why, err);
    if (!st) st = check_text("the words", decision->words, err);
    if (!st && (!decision->why || !*decision->why))
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "a decision needs its reason");
    if (!st && !decision->accepted && (decision->block_count || decision->words || decision->picture))
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "a request that is refused has no effects: nothing to block, no words, no "
                       "picture");
    cohl_text picture = { 0 };
    if (!st && decision->picture && !(st = cohl_protect_read(&picture, decision->picture, err)))
        st = cohl_protect_say(store, err);
    if (!st && !(st = cohl_store_begin(store, err)))
        st = cohl_store_end(store, decide(out, store, number, decision, &picture, now, err), err);
    if (!st && decision->picture)
        st = cohl_protect_say(store, err);      /* again: a removal beside this one may have found none left */
    cohl_text_free(&picture);
    return st;
}

static cohl_status finish(cohl_receipt *out, cohl_store *store, int64_t number, const char *note, int64_t now,
                          cohl_error *err)
{
    json_t *body = note_json(note);
    cohl_status st = expect_state(store, number, COHL_CASE_DECIDED, COHL_CASE_DECIDED, "done", err);
    if (!st)
        st = cohl_store_do(store, "UPDATE requests SET state = 'done', done_at = ? WHERE number = ?",
                           COHL_VALUES(cohl_value_int(now), cohl_value_int(number)), err);
    if (!st) st = cohl_case_log_add(out, store, now, number, "done", body, err);
    json_decref(body);
    return st;
}

cohl_status cohl_case_finish(cohl_receipt *out, cohl_store *store, int64_t number, const char *note, int64_t now,
                             cohl_error *err)
{
    cohl_status st = check_text("the note", note, err);
    if (st || (st = cohl_store_begin(store, err)))
        return st;
    return cohl_store_end(store, finish(out, store, number, note, now, err), err);
}

static cohl_status forget(cohl_receipt *out, cohl_store *store, int64_t number, int64_t now, cohl_error *err)
{
    json_t *body = json_object();
    cohl_case_state any;
    cohl_status st = case_state(&any, store, number, err);
    if (!st)
        st = cohl_store_do(store, "UPDATE requests SET contact = NULL WHERE number = ?",
                           COHL_VALUES(cohl_value_int(number)), err);
    if (!st) st = cohl_case_log_add(out, store, now, number, "contact forgotten", body, err);
    json_decref(body);
    return st;
}

cohl_status cohl_case_forget(cohl_receipt *out, cohl_store *store, int64_t number, int64_t now, cohl_error *err)
{
    cohl_status st = cohl_store_begin(store, err);
    return st ? st : cohl_store_end(store, forget(out, store, number, now, err), err);
}
