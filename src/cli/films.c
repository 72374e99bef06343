/* films.c - `cohl films`: what this installation made, and what is known of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/deed.h"
#include "cli/options.h"
#include "cli/print.h"
#include "deliver/enter.h"
#include "requests/case.h"

typedef struct asked {
    const char *word[2];
    const char *ledger;
    int         most;
    bool        json;
    cohl_store *store;
} asked;

/* ---- list and show ------------------------------------------------------- */

static void print_line(const json_t *film)
{
    const json_t *file = json_array_get(json_object_get(film, "files"), 0), *cost = json_object_get(film, "cost");
    printf("%5lld  %s  %-9s  %.0f J  ", (long long)json_integer_value(json_object_get(film, "film")),
           cohl_text_of(film, "made"), cohl_text_of(film, "state"),
           json_number_value(json_object_get(cost, "joules")));
    cohl_print_clean(cohl_text_of(file, "path"));
    printf("  ");
    cohl_print_clean(cohl_text_of(film, "title"));
    puts("");
}

/* Films by number, as lines or as JSON. */
static cohl_status tell(const asked *a, const int64_t *film, int count, cohl_error *err)
{
    json_t *all = json_array();
    cohl_status st = COHL_OK;
    for (int i = 0; i < count && !st; i++) {
        json_t *one;
        if ((st = cohl_ledger_film_json(&one, a->store, film[i], err)))
            break;
        if (!a->json)
            print_line(one);
        json_array_append_new(all, one);
    }
    if (!st && a->json)
        cohl_print_json(json_pack("{s:b, s:O}", "ok", 1, "films", all));
    else if (!st && !count)
        puts("no film");
    json_decref(all);
    return st;
}

static cohl_status list(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    int64_t *film;
    int count;
    cohl_status st = cohl_ledger_newest(&film, &count, a->store, a->most, err);
    if (st)
        return st;
    st = tell(a, film, count, err);
    free(film);
    return st;
}

static cohl_status show(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    json_t *json;
    char *end;
    errno = 0;
    long long number = strtoll(a->word[1], &end, 10);
    if (number < 1 || *end || errno)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "\"%.40s\" is no number of a film; `cohl films` lists them", a->word[1]);
    cohl_status st = cohl_ledger_film_json(&json, a->store, number, err);
    if (!st)
        cohl_print_json(json);
    return st;
}

/* ---- find ---------------------------------------------------------------- */

static cohl_status find(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    cohl_film_hits hits;
    json_t *evidence = NULL;
    bool file = cohl_file_exists(a->word[1]);
    cohl_status st = file ? cohl_case_find_file(&hits, &evidence, a->store, a->word[1], err)
                          : cohl_case_find_identifier(&hits, a->store, a->word[1], err);
    json_decref(evidence);
    if (st)
        return st;
    int64_t *film = calloc((size_t)hits.count + 1, sizeof *film);
    for (int i = 0; film && i < hits.count; i++)
        film[i] = hits.hit[i].film;
    st = film ? tell(a, film, hits.count, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a list of films");
    free(film);
    cohl_film_hits_free(&hits);
    return st;
}

/* ---- add ----------------------------------------------------------------- */

static cohl_status add(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    int64_t film;
    cohl_status st = cohl_enter_afterwards(&film, a->store, a->word[1], err);
    return st ? st : tell(a, &film, 1, err);
}

/* ---- the command --------------------------------------------------------- */

static const cohl_deed deeds[] = {
    { "list", NULL, list }, { "show", "N", show }, { "find", "FILE or an identifier", find }, { "add", "FILE", add },
    { 0 }
};

static int run(asked *a)
{
    cohl_error err = { 0 };
    const cohl_deed *deed = cohl_deed_find("films", deeds, a->word);
    if (!deed)
        return COHL_EXIT_USAGE;
    cohl_status st = cohl_ledger_open(&a->store, a->ledger, &err);
    if (!st) st = deed->run(a, &err);
    cohl_store_close(a->store);
    return st ? cohl_command_fail(&err) : COHL_EXIT_OK;
}

static int run_films(int argc, char **argv)
{
    asked a = { .most = 20 };
    int exit_code;
    const cohl_option options[] = {
        { "--most", "N", "list: so many, the newest first (20)", COHL_OPTION_INT, &a.most, 1, 1000000 },
        { "--ledger", "FILE", "another ledger (ledger.db in Cohl's home)", COHL_OPTION_TEXT, &a.ledger, 0, 0 },
        { "--json", NULL, "answer as JSON", COHL_OPTION_FLAG, &a.json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "films", "list|show|find|add [N|FILE|ID]",
                               "The films that this installation made: the newest, one with its recipe, cost and files,\n"
                               "those that a file or an identifier is (urn:c2pa:..., a mark, a SHA-256), and a film\n"
                               "entered by hand that could not be entered when it was made.", options };
    if (!cohl_options_parse(&usage, argc, argv, a.word, 0, 2, &exit_code))
        return exit_code;
    return run(&a);
}

const cohl_command cohl_command_films = { "films", "the films this installation made", run_films };
