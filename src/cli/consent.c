/* consent.c - `cohl consent`: who agreed to be shown. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/day.h"
#include "cli/deed.h"
#include "cli/options.h"
#include "cli/print.h"
#include "protect/consent.h"
#include "protect/list.h"

typedef struct asked {
    const char *word[2];
    const char *who, *why, *until, *ledger;
    bool        json;
    cohl_store *store;
    int64_t     now;
} asked;

static void print_films(const json_t *consent)
{
    const json_t *films = json_object_get(consent, "films"), *film;
    size_t i;
    printf("  films made with it: %zu", json_array_size(films));
    json_array_foreach(films, i, film)
        printf("%s %lld", i ? "," : ":", (long long)json_integer_value(film));
    puts("");
}

static void print_consent(const json_t *consent)
{
    printf("%s  %-8s  ", cohl_text_of(consent, "id"), cohl_text_of(consent, "state"));
    cohl_print_clean(cohl_text_of(consent, "who"));
    printf(": ");
    cohl_print_clean(cohl_text_of(consent, "why"));
    printf("  (%s to %s)%s\n", cohl_text_of(consent, "given"),
           json_object_get(consent, "until") ? cohl_text_of(consent, "until") : "always",
           json_is_true(json_object_get(consent, "face")) ? "" : "  face forgotten");
}

/* One consent, whole. */
static cohl_status tell(const asked *a, const char *id, cohl_error *err)
{
    json_t *json;
    cohl_status st = cohl_consent_json(&json, a->store, id, a->now, err);
    if (st)
        return st;
    if (a->json) {
        cohl_print_json(json_pack("{s:b, s:o}", "ok", 1, "consent", json));
        return COHL_OK;
    }
    print_consent(json);
    if (json_object_get(json, "revoked")) {
        printf("  revoked %s: ", cohl_text_of(json, "revoked"));
        cohl_print_clean(cohl_text_of(json, "revoked_why"));
        puts("");
    }
    print_films(json);
    json_decref(json);
    return COHL_OK;
}

/* ---- deeds ---------------------------------------------------------------------- */

static cohl_status give(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    char id[COHL_CONSENT_ID];
    cohl_face_print print;
    cohl_consent_given given = { .who = a->who, .why = a->why, .print = &print };
    cohl_status st = a->until ? cohl_read_day(&given.until, a->until, err) : COHL_OK;
    if (!st) st = cohl_face_print_read(&print, a->word[1], err);
    if (!st) st = cohl_consent_give(id, a->store, &given, a->now, err);
    cohl_face_print_wipe(&print);
    return st ? st : tell(a, id, err);
}

static cohl_status list(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    json_t *all, *one;
    size_t i;
    cohl_status st = cohl_consent_list(&all, a->store, a->now, err);
    if (st)
        return st;
    if (a->json) {
        cohl_print_json(json_pack("{s:b, s:o}", "ok", 1, "consents", all));
        return COHL_OK;
    }
    json_array_foreach(all, i, one)
        print_consent(one);
    if (!json_array_size(all))
        puts("nobody has given consent; `cohl consent give PICTURE --who ... --why ...` records one");
    json_decref(all);
    return COHL_OK;
}

static cohl_status show(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    return tell(a, a->word[1], err);
}

static cohl_status revoke(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    cohl_status st = cohl_consent_revoke(a->store, a->word[1], a->why, a->now, err);
    return st ? st : tell(a, a->word[1], err);
}

static cohl_status forget(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    cohl_status st = cohl_consent_forget(a->store, a->word[1], err);
    return st ? st : tell(a, a->word[1], err);
}

/* ---- the command -------------------------------------------------------------------- */

static const cohl_deed deeds[] = {
    { "list", NULL, list }, { "give", "PICTURE", give }, { "show", "ID", show }, { "revoke", "ID", revoke },
    { "forget", "ID", forget }, { 0 }
};

static int run(asked *a)
{
    cohl_error err = { 0 };
    const cohl_deed *deed = cohl_deed_find("consent", deeds, a->word);
    if (!deed)
        return COHL_EXIT_USAGE;
    cohl_status st = cohl_protect_open(&a->store, a->ledger, &err);
    if (!st) st = deed->run(a, &err);
    cohl_store_close(a->store);
    return st ? cohl_command_fail(&err) : COHL_EXIT_OK;
}

static int run_consent(int argc, char **argv)
{
    asked a = { .now = (int64_t)time(NULL) };
    int exit_code;
    const cohl_option options[] = {
        { "--who", "TEXT", "give: who agrees to be shown", COHL_OPTION_TEXT, &a.who, 0, 0 },
        { "--why", "TEXT", "give: to what; revoke: the reason", COHL_OPTION_TEXT, &a.why, 0, 0 },
        { "--until", "DAY", "give: the last day it holds, 2027-01-31 (always)", COHL_OPTION_TEXT, &a.until, 0, 0 },
        { "--ledger", "FILE", "another ledger (ledger.db in Cohl's home)", COHL_OPTION_TEXT, &a.ledger, 0, 0 },
        { "--json", NULL, "answer as JSON", COHL_OPTION_FLAG, &a.json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "consent", "list|give|show|revoke|forget [PICTURE|ID]",
                               "Who agreed to be shown. Where the networks that see faces are installed (cohl checks), a picture\n"
                               "or film that is given and shows a face needs the consent of that person; its id stands in the\n"
                               "film's credentials. Of a face numbers are kept, encrypted; forget removes them. revoke and show\n"
                               "list the films that were made with it.", options };
    if (!cohl_options_parse(&usage, argc, argv, a.word, 0, 2, &exit_code))
        return exit_code;
    return run(&a);
}

const cohl_command cohl_command_consent = { "consent", "who agreed to be shown", run_consent };
