/* requests.c - `cohl requests`: what people ask of films that are out. */
#define _GNU_SOURCE
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/deed.h"
#include "cli/options.h"
#include "cli/print.h"
#include "requests/case.h"
#include "train/register.h"

enum { WORDS_MAX = 3, FILMS_MAX = 1000 };

typedef struct asked {
    const char *word[WORDS_MAX];
    const char *file, *id, *about, *from, *why, *note, *block, *words, *protect, *receipt, *model, *out, *ledger;
    bool        all, block_found, descendants, json;
    cohl_store *store;
    int64_t     now;
    int         code;           /* exit code when all went well */
} asked;

/* ---- words to values ----------------------------------------------------- */

static cohl_status read_number(int64_t *out, const char *text, const char *what, cohl_error *err)
{
    char *end = NULL;
    errno = 0;
    long long number = text ? strtoll(text, &end, 10) : 0;
    if (!text)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "which %s? expected its number; `cohl requests` lists them", what);
    if (number < 1 || *end || errno)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "\"%.40s\" is no number of a %s", text, what);
    *out = number;
    return COHL_OK;
}

static cohl_status read_kind(cohl_case_kind *out, const char *text, cohl_error *err)
{
    for (int i = 0; text && i < COHL_CASE_KIND_COUNT; i++)
        if (!strcmp(text, cohl_case_kind_name((cohl_case_kind)i))) {
            *out = (cohl_case_kind)i;
            return COHL_OK;
        }
    return cohl_fail(err, COHL_ERR_ARGUMENT, "what is it about? expected likeness, copyright, training or other%s%.40s%s",
                     text ? ", found \"" : "", text ? text : "", text ? "\"" : "");
}

/* "12,13" */
static cohl_status read_films(int64_t film[FILMS_MAX], int *count, const char *text, cohl_error *err)
{
    char *copy = strdup(text), *rest = NULL;
    cohl_status st = copy ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a list of films");
    *count = 0;
    for (char *at = copy ? strtok_r(copy, ", ", &rest) : NULL; at && !st; at = strtok_r(NULL, ", ", &rest)) {
        if (*count == FILMS_MAX)
            st = cohl_fail(err, COHL_ERR_ARGUMENT, "--block names more than %d films", FILMS_MAX);
        else
            st = read_number(&film[(*count)++], at, "film", err);
    }
    free(copy);
    return st;
}

/* ---- what is told -------------------------------------------------------- */

static void tell_receipt(const asked *a, int64_t number, const char *event, const cohl_receipt *receipt, int found)
{
    char text[100];
    snprintf(text, sizeof text, "%lld:%s", (long long)receipt->entry, receipt->digest);
    if (a->json) {
        json_t *json = json_pack("{s:b, s:I, s:s, s:s}", "ok", 1, "request", (json_int_t)number, "event", event, "receipt",
                                 text);
        if (found >= 0)
            json_object_set_new(json, "films", json_integer(found));
        cohl_print_json(json);
        return;
    }
    printf("request %lld is %s", (long long)number, event);
    if (found >= 0)
        printf("; films of this installation that it may be about: %d", found);
    printf("\nreceipt %s\n", text);
}

static void print_clock(const json_t *next)
{
    double hours = json_number_value(json_object_get(next, "hours_left"));
    if (next)
        printf("  %s by %s (%.0f h %s)", cohl_text_of(next, "step"), cohl_text_of(next, "by"),
               hours < 0 ? -hours : hours, hours < 0 ? "OVERDUE" : "left");
}

static void print_line(const json_t *json)
{
    printf("%4lld  %-9s %-12s", (long long)json_integer_value(json_object_get(json, "request")),
           cohl_text_of(json, "kind"), cohl_text_of(json, "state"));
    print_clock(json_object_get(json, "next"));
    printf("  ");
    cohl_print_clean(cohl_text_of(json, "about"));
    puts("");
}

static void print_row(const char *what, const char *text)
{
    if (!*text)
        return;
    printf("  %-14s ", what);
    cohl_print_clean(text);
    puts("");
}

static void print_film(const json_t *film)
{
    printf("  film %-9lld by %s%s  ", (long long)json_integer_value(json_object_get(film, "film")),
           cohl_text_of(film, "found_by"), json_is_true(json_object_get(film, "blocked")) ? ", blocked" : "");
    cohl_print_clean(cohl_text_of(film, "path"));
    printf("  ");
    cohl_print_clean(cohl_text_of(film, "title"));
    puts("");
}

static void print_case(const json_t *json)
{
    static const char *const rows[] = { "from", "received", "acknowledged", "decided", "done", "why" };
    size_t i;
    json_t *item;
    print_line(json);
    for (i = 0; i < sizeof rows / sizeof *rows; i++)
        print_row(rows[i], cohl_text_of(json, rows[i]));
    if (json_object_get(json, "accepted"))
        print_row("accepted", json_is_true(json_object_get(json, "accepted")) ? "yes" : "no");
    json_array_foreach(json_object_get(json, "films"), i, item)
        print_film(item);
    json_array_foreach(json_object_get(json, "log"), i, item) {
        char *body = json_dumps(json_object_get(item, "body"), JSON_COMPACT);
        printf("  log %-10lld %s %s ", (long long)json_integer_value(json_object_get(item, "entry")),
               cohl_text_of(item, "at"), cohl_text_of(item, "event"));
        cohl_print_clean(body ? body : "");
        puts("");
        free(body);
    }
}

/* Packs stand beside the ledger that they come from, in new memory; NULL: the installation's own. Words of
 * another ledger are not put in force here. */
static cohl_status packs_of(char **out, const asked *a, cohl_error *err)
{
    const char *slash = a->ledger ? strrchr(a->ledger, '/') : NULL;
    int size = slash ? (int)(slash + 1 - a->ledger) : 0;
    *out = NULL;
    if (a->ledger && asprintf(out, "%.*spolicy", size, a->ledger) < 0) {
        *out = NULL;
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    }
    return COHL_OK;
}

static cohl_status write_pack(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    char *packs;
    cohl_status st = packs_of(&packs, a, err);
    if (!st)
        st = cohl_case_write_pack(a->store, packs, err);
    free(packs);
    return st;
}

/* ---- deeds --------------------------------------------------------------- */

static cohl_status list(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    json_t *all, *item;
    size_t i;
    cohl_status st = cohl_case_list(&all, a->store, a->all, a->now, err);
    if (st)
        return st;
    if (a->json) {
        cohl_print_json(json_pack("{s:b, s:o}", "ok", 1, "requests", all));
        return COHL_OK;
    }
    json_array_foreach(all, i, item)
        print_line(item);
    if (!json_array_size(all))
        puts(a->all ? "no request was ever taken in" : "no request is open");
    json_decref(all);
    return COHL_OK;
}

/* What the register of a model says to the request: JSON in new memory, NULL when none is asked. */
static cohl_status ask_register(char **out, const asked *a, cohl_error *err)
{
    cohl_register *reg;
    const char *what = a->file ? a->file : a->about;
    *out = NULL;
    if (!a->model || !what)
        return COHL_OK;
    cohl_status st = cohl_register_open(&reg, a->model, err);
    if (st)
        return st;
    json_t *answer = cohl_register_ask(reg, what);
    *out = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    json_decref(answer);
    cohl_register_free(reg);
    return COHL_OK;
}

static cohl_status take_in(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    cohl_case_made made;
    char *answer = NULL;
    cohl_case_intake in = { .file = a->file, .identifier = a->id, .about = a->about, .from = a->from };
    cohl_status st = read_kind(&in.kind, a->word[1], err);
    if (!st) st = ask_register(&answer, a, err);
    in.answer = answer;
    if (!st) st = cohl_case_receive(&made, a->store, &in, a->now, err);
    if (!st)
        tell_receipt(a, made.number, "received", &made.receipt, made.found);
    free(answer);
    return st;
}

static cohl_status show(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    int64_t number = 0;
    json_t *json = NULL;
    cohl_status st = read_number(&number, a->word[1], "request", err);
    if (!st) st = cohl_case_json(&json, a->store, number, a->now, err);
    if (!st && a->json)
        cohl_print_json(json_incref(json));
    else if (!st)
        print_case(json);
    json_decref(json);
    return st;
}

static cohl_status acknowledge(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    int64_t number = 0;
    cohl_receipt receipt;
    cohl_status st = read_number(&number, a->word[1], "request", err);
    if (!st) st = cohl_case_acknowledge(&receipt, a->store, number, a->note, a->now, err);
    if (!st)
        tell_receipt(a, number, "acknowledged", &receipt, -1);
    return st;
}

static cohl_status decide(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    static int64_t film[FILMS_MAX];
    int64_t number = 0;
    cohl_receipt receipt;
    cohl_case_decision d = { .why = a->why, .words = a->words, .picture = a->protect, .block = film, .descendants = a->descendants };
    cohl_status st = read_number(&number, a->word[1], "request", err);
    bool yes = a->word[2] && !strcmp(a->word[2], "accept"), no = a->word[2] && !strcmp(a->word[2], "refuse");
    d.accepted = yes;
    if (!st && !yes && !no)
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "how is it decided? expected cohl requests decide %lld accept, or refuse",
                       (long long)number);
    if (!st && a->block && a->block_found)
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "--block names films, --block-found takes all that were found: one of "
                       "them");
    if (!st && a->block)
        st = read_films(film, &d.block_count, a->block, err);
    if (a->block_found)
        d.block_count = -1;
    if (!st) st = cohl_case_decide(&receipt, a->store, number, &d, a->now, err);
    if (st)
        return st;
    tell_receipt(a, number, yes ? "accepted" : "refused", &receipt, -1);
    return write_pack(a, err);
}

static cohl_status finish(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    int64_t number = 0;
    cohl_receipt receipt;
    cohl_status st = read_number(&number, a->word[1], "request", err);
    if (!st) st = write_pack(a, err);
    if (!st) st = cohl_case_finish(&receipt, a->store, number, a->note, a->now, err);
    if (!st)
        tell_receipt(a, number, "done", &receipt, -1);
    return st;
}

static cohl_status forget(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    int64_t number = 0;
    cohl_receipt receipt;
    cohl_status st = read_number(&number, a->word[1], "request", err);
    if (!st) st = cohl_case_forget(&receipt, a->store, number, a->now, err);
    if (!st)
        tell_receipt(a, number, "without an address now", &receipt, -1);
    return st;
}

static cohl_status audit(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    cohl_receipt receipt;
    json_t *wrong, *item;
    char *packs = NULL;
    size_t i;
    cohl_status st = a->receipt ? cohl_receipt_read(&receipt, a->receipt, err) : COHL_OK;
    if (!st) st = packs_of(&packs, a, err);
    if (!st) st = cohl_case_audit(&wrong, a->store, &receipt, a->receipt != NULL, packs, err);
    free(packs);
    if (st)
        return st;
    a->code = json_array_size(wrong) ? COHL_EXIT_FAILED : COHL_EXIT_OK;
    if (a->json) {
        cohl_print_json(json_pack("{s:b, s:o}", "ok", !a->code, "wrong", wrong));
        return COHL_OK;
    }
    json_array_foreach(wrong, i, item)
        puts(json_string_value(item));
    if (!a->code)
        puts("the log is whole, and states and effects follow from it");
    json_decref(wrong);
    return COHL_OK;
}

static cohl_status export_all(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    json_t *cases = NULL, *log = NULL;
    cohl_status st = cohl_case_list(&cases, a->store, true, a->now, err);
    if (!st) st = cohl_case_log_json(&log, a->store, 0, err);
    json_t *all = st ? NULL : json_pack("{s:O, s:O}", "requests", cases, "log", log);
    char *text = st ? NULL : json_dumps(all, JSON_INDENT(1));
    if (!st && !text)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for the log");
    else if (!st && a->out)
        st = cohl_file_write(a->out, text, strlen(text), err);
    else if (!st)
        puts(text);
    free(text);
    json_decref(all);
    json_decref(cases);
    json_decref(log);
    return st;
}

static const cohl_deed deeds[] = {
    { "list", NULL, list }, { "new", NULL, take_in }, { "show", NULL, show }, { "acknowledge", NULL, acknowledge },
    { "decide", NULL, decide }, { "done", NULL, finish }, { "forget", NULL, forget }, { "audit", NULL, audit },
    { "export", NULL, export_all }, { "pack", NULL, write_pack }, { 0 }
};

/* ---- the command --------------------------------------------------------- */

static int run(asked *a)
{
    cohl_error err = { 0 };
    const cohl_deed *deed = cohl_deed_find("requests", deeds, a->word);
    if (!deed)
        return COHL_EXIT_USAGE;
    cohl_status st = cohl_case_open(&a->store, a->ledger, &err);
    if (!st) st = deed->run(a, &err);
    cohl_store_close(a->store);
    return st ? cohl_command_fail(&err) : a->code;
}

static int run_requests(int argc, char **argv)
{
    asked a = { .now = (int64_t)time(NULL) };
    int exit_code;
    const cohl_option options[] = {
        { "--file", "FILE", "new: a film or picture that shows it", COHL_OPTION_TEXT, &a.file, 0, 0 },
        { "--id", "ID", "new: urn:c2pa:..., a mark's 10 hex digits, a SHA-256, or a film's number", COHL_OPTION_TEXT, &a.id, 0, 0 },
        { "--about", "TEXT", "new: what is asked, in the words of who asks", COHL_OPTION_TEXT, &a.about, 0, 0 },
        { "--from", "TEXT", "new: how to reach who asks; not in the log, `forget` removes it", COHL_OPTION_TEXT, &a.from, 0, 0 },
        { "--model", "FOLDER", "new training: the model whose register answers, into the log", COHL_OPTION_TEXT, &a.model, 0, 0 },
        { "--note", "TEXT", "acknowledge, done: goes into the log", COHL_OPTION_TEXT, &a.note, 0, 0 },
        { "--why", "TEXT", "decide: the reason", COHL_OPTION_TEXT, &a.why, 0, 0 },
        { "--block", "N,N", "decide accept: these films are not made again and not used", COHL_OPTION_TEXT, &a.block, 0, 0 },
        { "--block-found", NULL, "decide accept: all films that were found", COHL_OPTION_FLAG, &a.block_found, 0, 0 },
        { "--descendants", NULL, "decide accept: and all films made from them", COHL_OPTION_FLAG, &a.descendants, 0, 0 },
        { "--words", "A, B", "decide accept: names that prompts may not hold from now on", COHL_OPTION_TEXT, &a.words, 0, 0 },
        { "--protect", "FILE", "decide accept: no film may show this picture from now on", COHL_OPTION_TEXT, &a.protect, 0, 0 },
        { "--receipt", "N:DIGEST", "audit: that was given out, and must be in the log", COHL_OPTION_TEXT, &a.receipt, 0, 0 },
        { "-o, --out", "FILE", "export: where the log goes (standard output)", COHL_OPTION_TEXT, &a.out, 0, 0 },
        { "--all", NULL, "list: the closed ones too", COHL_OPTION_FLAG, &a.all, 0, 0 },
        { "--ledger", "FILE", "another ledger, its words into policy/ beside it (ledger.db in Cohl's home)", COHL_OPTION_TEXT, &a.ledger, 0, 0 },
        { "--json", NULL, "answer as JSON", COHL_OPTION_FLAG, &a.json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "requests", "list|new|show|acknowledge|decide|done|forget|audit|export|pack [KIND|N] [accept|refuse]",
        "What people ask of films that are out, from received to done:\n\n"
        "  new likeness|copyright|training|other   take one in, by --file, --id or --about\n"
        "  acknowledge N                           within 48 hours (cohl settings requests.acknowledge)\n"
        "  decide N accept|refuse --why TEXT       with --block, --words; may be decided anew\n"
        "  done N                                  when its effects are in place\n"
        "  list, show N, forget N                  what is due next; one with its log; the address goes\n"
        "  audit, export, pack                     is the log whole (exit code 1: no)? the log as JSON;\n"
        "                                          the policy pack of accepted words written again\n\n"
        "Each step prints its receipt: give it to who asks, and `audit --receipt` finds it again.", options };

    if (!cohl_options_parse(&usage, argc, argv, a.word, 0, WORDS_MAX, &exit_code))
        return exit_code;
    return run(&a);
}

const cohl_command cohl_command_requests = { "requests", "what people ask of films that are out", run_requests };
