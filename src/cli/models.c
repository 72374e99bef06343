/* models.c - `cohl models`: which open models there are, and bringing one here. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/stop.h"
#include "fetch/pull.h"
#include "ledger/films.h"
#include "ledger/settings.h"

/* ---- the list ------------------------------------------------------------ */

/* Weights as they may be held, largest first; the bits of Q4_K are 144 bytes for 256 values. */
static const struct { const char *name; double bits; } FORMS[] = { { "bf16", 16 }, { "q8_0", 8.5 }, { "q4_k", 4.5 } };
enum { FORM_COUNT = sizeof FORMS / sizeof *FORMS };

static double machine_gigabytes(void)
{
    return (double)cohl_memory_whole() / 1e9;
}

static bool is_installed(const cohl_model_entry *entry, char **folder)
{
    return !cohl_pull_folder(folder, entry->name, NULL) && cohl_pull_installed(entry, *folder);
}

/* The form whose weights leave a quarter of the memory to everything else; "streams" if none does. */
static const char *form_here(const cohl_model_entry *entry)
{
    for (int i = 0; i < FORM_COUNT; i++)
        if (cohl_model_gigabytes(entry, FORMS[i].bits) < 0.75 * machine_gigabytes())
            return FORMS[i].name;
    return "streams";
}

static json_t *entry_json(const cohl_model_entry *e)
{
    char *folder;
    bool installed = is_installed(e, &folder);
    json_t *memory = json_object();
    for (int i = 0; i < FORM_COUNT; i++)
        json_object_set_new(memory, FORMS[i].name, json_real(cohl_model_gigabytes(e, FORMS[i].bits)));
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:f, s:i, s:o, s:s, s:b, s:s*}", "name", e->name, "about", e->about,
                             "repository", e->repository, "licence", e->licence, "can", e->can, "billions",
                             e->billions, "experts", e->experts, "weights_gb", memory, "fits_here_as", form_here(e),
                             "installed", installed, "folder", folder);
    free(folder);
    return json;
}

static void print_list(void)
{
    printf("%-20s %-11s %-9s %-6s %-6s %-6s %-9s %-29s %s\n", "name", "licence", "billions", "bf16", "q8_0", "q4_k",
           "fits here", "takes", "installed");
    for (const cohl_model_entry *e = cohl_model_catalogue; e->name; e++) {
        char *folder, size[32];
        bool installed = is_installed(e, &folder);
        snprintf(size, sizeof size, "%s%.1f", e->experts > 1 ? "2 x " : "", e->billions);
        printf("%-20s %-11s %-9s %-6.1f %-6.1f %-6.1f %-9s %-29s %s\n", e->name, e->licence, size,
               cohl_model_gigabytes(e, FORMS[0].bits), cohl_model_gigabytes(e, FORMS[1].bits),
               cohl_model_gigabytes(e, FORMS[2].bits), form_here(e), e->can, installed ? folder : "-");
        free(folder);
    }
    printf("\nGigabytes are those of the transformer's weights in each form, computed; one expert works at a time.\n"
           "The text encoder (5.7 billion) streams. This machine has %.1f GB of memory. `cohl models pull NAME`\n"
           "brings one here, `cohl convert` packs it.\n", machine_gigabytes());
}

static int list(bool as_json)
{
    if (!as_json) {
        print_list();
        return COHL_EXIT_OK;
    }
    json_t *all = json_array();
    for (const cohl_model_entry *e = cohl_model_catalogue; e->name; e++)
        json_array_append_new(all, entry_json(e));
    cohl_print_json(all);
    return COHL_EXIT_OK;
}

/* ---- pulling ------------------------------------------------------------- */

typedef struct show {
    bool   terminal;
    double last;             /* when the bar was drawn */
    double begun;
    int    unchecked;
} show;

static void show_begin(void *user, const char *path, int done, int files)
{
    show *s = user;
    s->last = 0;
    s->begun = cohl_clock_seconds();
    fprintf(stderr, "[%d/%d] %s\n", done + 1, files, path);
}

static void show_progress(void *user, int64_t bytes, int64_t all)
{
    enum { WIDTH = 40 };
    show *s = user;
    double now = cohl_clock_seconds();
    if (!s->terminal || now - s->last < 0.2)
        return;
    s->last = now;
    double part = all > 0 ? (double)bytes / (double)all : 0, rate = (double)bytes / 1e6 / (now - s->begun + 1e-3);
    int full = (int)(part * WIDTH);
    fprintf(stderr, "\r[%.*s%*s] %5.1f %%  %.1f MB  %.1f MB/s  ", full, "########################################",
            WIDTH - full, "", 100 * part, (double)bytes / 1e6, rate);
}

static void show_end(void *user, const char *path, const cohl_downloaded *done)
{
    show *s = user;
    if (s->terminal)
        fprintf(stderr, "\r%78s\r", "");
    if (!done)
        fprintf(stderr, "      is there\n");
    else
        fprintf(stderr, "      %.1f MB, SHA-256 %.16s... %s\n", (double)done->bytes / 1e6, done->sha256,
                done->checked ? "is right" : "(none is published to compare; its length is right)");
    s->unchecked += done && !done->checked;
}

/* --from, else the setting. */
static cohl_status find_base(char **out, const char *from, cohl_error *err)
{
    cohl_store *store = NULL;
    if (from) {
        *out = strdup(from);
        return *out ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    }
    cohl_status st = cohl_ledger_open(&store, NULL, err);
    if (!st)
        st = cohl_setting_text(out, store, "models.url", err);
    cohl_store_close(store);
    return st;
}

static cohl_status pull(const char *name, const char *from, const char *folder, cohl_error *err)
{
    const char *nearest;
    const cohl_model_entry *entry = cohl_model_entry_named(name, &nearest);
    char *base = NULL, *where = NULL;
    show s = { .terminal = isatty(STDERR_FILENO) };
    if (!entry)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "no model is called \"%.80s\"%s%s%s", name,
                         nearest ? "; did you mean " : "", nearest ? nearest : "",
                         nearest ? "?" : "; cohl models lists them");
    cohl_status st = find_base(&base, from, err);
    if (!st && !folder)
        st = cohl_pull_folder(&where, name, err);
    if (!st) {
        size_t length = strlen(base);
        if (length && base[length - 1] == '/')
            base[length - 1] = 0;
        st = cohl_pull(entry, &(cohl_pull_params){ .base = base, .folder = folder ? folder : where, .begin = show_begin,
                                                   .progress = show_progress, .end = show_end, .user = &s,
                                                   .cancel = cohl_stop_watch() }, err);
    }
    if (st && s.terminal)
        fputc('\n', stderr);
    if (!st)
        printf("%s: %s, %s%s\n", name, folder ? folder : where, entry->licence,
               s.unchecked ? "; files without a published sum were compared by length alone" : "");
    free(base);
    free(where);
    return st;
}

static int run_models(int argc, char **argv)
{
    const char *words[2], *from = NULL, *folder = NULL;
    bool as_json = false;
    int exit_code;
    cohl_error err = { 0 };
    const cohl_option options[] = {
        { "--from", "URL", "where files are (the setting models.url: https://huggingface.co)", COHL_OPTION_TEXT, &from,
          0, 0 },
        { "--into", "FOLDER", "where they go (~/.cache/cohl/models/NAME)", COHL_OPTION_TEXT, &folder, 0, 0 },
        { "--json", NULL, "the list as JSON", COHL_OPTION_FLAG, &as_json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "models", "[pull NAME]",
        "Without words: the open models that are known, what they take and need, and whether they are here.\n"
        "pull NAME downloads one; cut, the same command goes on where it was. Each file's SHA-256 is held\n"
        "against the one its hub publishes. Nothing is downloaded unless you say so.", options };

    if (!cohl_options_parse(&usage, argc, argv, words, 0, 2, &exit_code))
        return exit_code;
    if (!words[0])
        return list(as_json);
    if (strcmp(words[0], "pull") || !words[1]) {
        fprintf(stderr, "cohl models: expected `cohl models` or `cohl models pull NAME`\n");
        return COHL_EXIT_USAGE;
    }
    return pull(words[1], from, folder, &err) ? cohl_command_fail(&err) : COHL_EXIT_OK;
}

const cohl_command cohl_command_models = { "models", "open models: which there are, and bringing one here", run_models };
