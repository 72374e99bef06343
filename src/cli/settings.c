/* settings.c - `cohl settings [NAME [VALUE]]`: what an operator sets once. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/print.h"
#include "ledger/films.h"
#include "ledger/settings.h"

static cohl_status tell_all(cohl_store *store, bool as_json, cohl_error *err)
{
    json_t *all = json_object();
    cohl_status st = COHL_OK;
    for (const cohl_setting_entry *e = cohl_settings; e->name && !st; e++) {
        char *value;
        if ((st = cohl_setting_text(&value, store, e->name, err)))
            break;
        if (as_json)
            json_object_set_new(all, e->name, json_string(value));
        else
            printf("%-21s %-8s %s\n", e->name, value, e->about);
        free(value);
    }
    if (as_json && !st)
        cohl_print_json(json_incref(all));
    json_decref(all);
    return st;
}

/* A name alone is read, with a value it is set; "" as value is what is usual again. */
static cohl_status change(cohl_store *store, const char *name, const char *value, bool as_json, cohl_error *err)
{
    const cohl_setting_entry *e = cohl_settings;
    char *now = NULL;
    while (e->name && strcmp(e->name, name))
        e++;
    cohl_status st = value || !e->name ? cohl_setting_set(store, name, value && *value ? value : NULL, err) : COHL_OK;
    if (!st) st = cohl_setting_text(&now, store, name, err);
    if (!st && as_json)
        cohl_print_json(json_pack("{s:s}", name, now));
    else if (!st)
        printf("%s %s\n", name, now);
    free(now);
    return st;
}

static int run_settings(int argc, char **argv)
{
    const char *word[2], *ledger = NULL;
    bool as_json = false;
    int exit_code;
    cohl_error err = { 0 };
    cohl_store *store;
    const cohl_option options[] = {
        { "--ledger", "FILE", "another ledger (ledger.db in Cohl's home)", COHL_OPTION_TEXT, &ledger, 0, 0 },
        { "--json", NULL, "answer as JSON", COHL_OPTION_FLAG, &as_json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "settings", "[NAME [VALUE]]",
                               "Without a name all settings with what they are for; with a value it is set; \"\" as\n"
                               "value: back to what is usual. The tariff by which films are priced, for one:\n"
                               "  cohl settings energy.price 0.25", options };
    if (!cohl_options_parse(&usage, argc, argv, word, 0, 2, &exit_code))
        return exit_code;
    cohl_status st = cohl_ledger_open(&store, ledger, &err);
    if (!st)
        st = word[0] ? change(store, word[0], word[1], as_json, &err) : tell_all(store, as_json, &err);
    cohl_store_close(store);
    return st ? cohl_command_fail(&err) : COHL_EXIT_OK;
}

const cohl_command cohl_command_settings = { "settings", "tariff, watts, hours", run_settings };
