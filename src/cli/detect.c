/* detect.c - `cohl detect FILE`: was this made by Cohl, by this installation, and how sure is that? */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/home.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/print.h"
#include "provenance/detect.h"
#include "provenance/signer.h"

typedef struct asked {
    const char *path, *manifest;
    bool        new_key, json;
} asked;

typedef struct session {
    asked           a;
    cohl_mark_keys  keys;
    cohl_trust      own;
    cohl_store     *ledger;
    cohl_detection  found;
} session;

/* ---- words ----------------------------------------------------------------------- */

static void print_credentials(const cohl_detection *d)
{
    static const char *const words[] = { "none", "broken: the file or they were changed", "right, but signed by someone not known here",
                                         "right, and signed by this installation" };
    printf("  credentials  %s%s\n", words[d->credentials.findings.verdict],
           d->tagged ? "; plain metadata say that Cohl made it" : "");
}

static void print_mark(const char *name, const cohl_mark_answer *mark, const char *meaning)
{
    if (mark->log10_bound > COHL_MARK_COUNTS) {
        printf("  %-12s not found\n", name);
        return;
    }
    printf("  %-12s found; %s chance is below 10^%.1f\n", name, meaning, mark->log10_bound);
    const cohl_mark_geometry *g = &mark->geometry;
    if (g->width < 0)
        printf("  %-12s the picture is mirrored\n", "");
    if (g->left < -0.02 || (g->left > 0.02 && g->width > 0))
        printf("  %-12s the film's canvas is %.0f %% of the picture wide, %.0f %% high\n", "", 100 * (g->width < 0 ? -g->width : g->width),
               100 * (g->height < 0 ? -g->height : g->height));
}

static void print_private(const cohl_mark_answer *mark)
{
    char identifier[COHL_MARK_ID_HEX];
    print_mark("private mark", mark, "without this installation's key the");
    if (mark->log10_bound > COHL_MARK_COUNTS)
        return;
    cohl_mark_identifier_text(identifier, mark->identifier);
    printf("  %-12s identifier %s, key %d\n", "", mark->has_identifier ? identifier : "too weak to be read", mark->key);
}

static void print_film(cohl_store *ledger, const cohl_film_hit *hit)
{
    json_t *film = NULL;
    if (cohl_ledger_film_json(&film, ledger, hit->film, NULL))
        return;
    printf("  %-12s number %lld, %s, ", "film", (long long)hit->film, cohl_text_of(film, "made"));
    cohl_print_clean(cohl_text_of(json_array_get(json_object_get(film, "files"), 0), "path"));
    printf(" (by");
    for (unsigned one = 1; one <= COHL_FOUND_BY_FINGERPRINT; one *= 2)
        if (hit->found_by & one)
            printf(" %s", cohl_found_by_name(one));
    puts(")");
    json_decref(film);
}

static void print_words(const session *s)
{
    const cohl_detection *d = &s->found;
    printf("%s: %s\n", s->a.path, cohl_trace_words(d->trace));
    print_credentials(d);
    if (d->frames) {
        print_mark("public mark", &d->public_mark, "anyone can lay or remove it; by accident the");
        print_private(&d->private_mark);
    } else {
        printf("  %-12s not looked for: %s\n", "marks", d->unseen.text);
    }
    for (int i = 0; i < d->films.count && i < 5; i++)
        print_film(s->ledger, &d->films.hit[i]);
    if (s->a.manifest)
        printf("  %-12s written: %s\n", "manifest", s->a.manifest);
    if (d->trace == COHL_TRACE_NONE)
        puts("  This does not say that the film is real: traces can be lost, and others leave none.");
}

/* ---- doing ------------------------------------------------------------------------ */

/* What this installation has; looking makes nothing. */
static cohl_status open_session(session *s, cohl_error *err)
{
    char *folder, *ledger = NULL, *root = cohl_signer_root_there();
    cohl_status st = cohl_mark_keys_folder(&folder, err);
    if (!st) {
        st = cohl_mark_keys_load(&s->keys, folder, err);
        if (!st && s->keys.exposed)
            fprintf(stderr, "cohl: %s: a key in it can be read by others; chmod 600 keeps it yours\n", folder);
        free(folder);
    }
    if (!st && root) st = cohl_trust_add(&s->own, root, err);
    if (!st) st = cohl_home_path(&ledger, "ledger.db", err);
    if (!st && cohl_file_exists(ledger))
        st = cohl_ledger_open(&s->ledger, ledger, err);
    free(ledger);
    free(root);
    return st;
}

static void close_session(session *s)
{
    cohl_detection_free(&s->found);
    cohl_store_close(s->ledger);
    cohl_trust_free(&s->own);
    free(s);
}

/* The credentials that the film had when it left, found by its mark or by what it looks like. */
static cohl_status give_back_manifest(const session *s, cohl_error *err)
{
    for (int i = 0; i < s->found.films.count; i++) {
        void *manifest = NULL;
        size_t size = 0;
        cohl_status st = cohl_ledger_manifest(&manifest, &size, s->ledger, s->found.films.hit[i].film, NULL, NULL, err);
        if (!st && size)
            st = cohl_file_write(s->a.manifest, manifest, size, err);
        free(manifest);
        if (st || size)
            return st;
    }
    return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: this installation keeps no credentials of it", s->a.path);
}

static cohl_status add_key(session *s, cohl_error *err)
{
    char *folder;
    cohl_status st = cohl_mark_keys_folder(&folder, err);
    if (st)
        return st;
    if (!(st = cohl_mark_keys_load(&s->keys, folder, err)) && !(st = cohl_mark_keys_add(&s->keys, folder, err)))
        printf("Films are marked with key %d from now on; %d older %s still found.\n", s->keys.key[0].number, s->keys.count - 1,
               s->keys.count == 2 ? "one is" : "ones are");
    free(folder);
    return st;
}

static cohl_status detect(session *s, cohl_error *err)
{
    cohl_status st = open_session(s, err);
    cohl_detect_params params = { .keys = &s->keys, .ledger = s->ledger, .trust = &s->own };
    if (!st) st = cohl_detect(&s->found, s->a.path, &params, err);
    if (!st && s->a.manifest) st = give_back_manifest(s, err);
    if (st)
        return st;
    json_t *json = s->a.json ? cohl_detection_json(&s->found) : NULL;
    if (json)
        json_object_set_new(json, "file", cohl_json_name(s->a.path));
    if (json)
        cohl_print_json(json);
    else
        print_words(s);
    return COHL_OK;
}

static int run_detect(int argc, char **argv)
{
    session *s = calloc(1, sizeof *s);
    int exit_code;
    cohl_error err = { 0 };
    if (!s)
        return COHL_EXIT_FAILED;
    const cohl_option options[] = {
        { "--manifest", "FILE", "write the credentials that the film had when it was made", COHL_OPTION_TEXT, &s->a.manifest, 0, 0 },
        { "--new-key", NULL, "without FILE: mark with a new private key from now on; old ones still find their films",
          COHL_OPTION_FLAG, &s->a.new_key, 0, 0 },
        { "--json", NULL, "answer as JSON", COHL_OPTION_FLAG, &s->a.json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "detect", "FILE",
        "Where does a film or picture come from? Looks at its credentials, at the marks in its pixels, and at\n"
        "what this installation made. Says one of: made by this installation, carries Cohl's public mark,\n"
        "says it is generated, no trace found. Exit code 0 when it could look, whatever it found.", options };
    if (!cohl_options_parse(&usage, argc, argv, &s->a.path, 0, 1, &exit_code)) {
        close_session(s);
        return exit_code;
    }
    if (!s->a.path == !s->a.new_key) {
        fprintf(stderr, "cohl detect: %s; cohl detect --help says more\n", s->a.path ? "--new-key takes no FILE" : "missing FILE");
        exit_code = COHL_EXIT_USAGE;
    } else {
        cohl_status st = s->a.new_key ? add_key(s, &err) : detect(s, &err);
        exit_code = st ? cohl_command_fail(&err) : COHL_EXIT_OK;
    }
    close_session(s);
    return exit_code;
}

const cohl_command cohl_command_detect = { "detect", "was this film made by Cohl, by this installation, and how sure is that", run_detect };
