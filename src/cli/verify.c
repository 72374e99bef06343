/* verify.c - `cohl verify FILE`: who made it, how, and what is not known. */
#define _GNU_SOURCE
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/print.h"
#include "provenance/signer.h"
#include "provenance/verify.h"

/* ---- words ----------------------------------------------------------------- */

static const char *deed_of(const char *action)
{
    static const struct { const char *action, *words; } deeds[] = {
        { "c2pa.created", "made" }, { "c2pa.opened", "begun from another file" }, { "c2pa.placed", "other files placed in it" },
        { "c2pa.edited", "edited" }, { "c2pa.transcoded", "coded again" }, { "c2pa.trimmed", "trimmed" },
        { "c2pa.cropped", "cropped" }, { "c2pa.resized", "resized" }, { "c2pa.color_adjustments", "colours changed" },
        { "c2pa.published", "published" }, { "c2pa.removed", "something taken out" },
    };
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (!strcmp(deeds[i].action, action))
            return deeds[i].words;
    return action;
}

/* IPTC's words for how a thing came into being, said plainly. */
static const char *source_words(const char *source)
{
    static const struct { const char *end, *words; } sources[] = {
        { "/trainedAlgorithmicMedia", " by a trained model" },
        { "/compositeWithTrainedAlgorithmicMedia", ", in part by a trained model" },
        { "/algorithmicMedia", " by a program, not a trained model" }, { "/digitalCapture", " by a camera" },
        { "/digitalCreation", " by a person with a computer" }, { "/composite", " of several parts" },
    };
    const char *slash = strrchr(source, '/');
    for (size_t i = 0; slash && i < sizeof sources / sizeof *sources; i++)
        if (!strcmp(slash, sources[i].end))
            return sources[i].words;
    return "";
}

static void print_line(const char *what, const char *text)
{
    if (!*text)
        return;
    printf("  %-12s ", what);
    cohl_print_clean(text);
    putchar('\n');
}

static void print_signer(const json_t *signer, cohl_verdict verdict)
{
    char *line = NULL;
    const char *organisation = cohl_text_of(signer, "organisation"), *time = cohl_text_of(signer, "time");
    if (!signer)
        return;
    if (asprintf(&line, "%s%s%s, vouched for by %s%s%s", cohl_text_of(signer, "name"), *organisation ? ", " : "",
                 organisation, cohl_text_of(signer, "issuer"), *time ? ", by its time stamp on " : "", time) > 0)
        print_line(verdict == COHL_INVALID ? "said to be of" : "signed by", line);
    free(line);
}

static void print_actions(const json_t *actions)
{
    size_t i;
    json_t *action;
    json_array_foreach(actions, i, action) {
        char *line = NULL;
        const char *agent = cohl_text_of(action, "agent"), *when = cohl_text_of(action, "when");
        const char *said = cohl_text_of(action, "description");
        if (asprintf(&line, "%s%s%s%s%s%s%s%s", deed_of(cohl_text_of(action, "action")),
                     source_words(cohl_text_of(action, "source")), *agent ? ", with " : "", agent, *when ? ", " : "", when, *said ? ": " : "", said) > 0)
            print_line(i ? "" : "was", line);
        free(line);
    }
}

static const char *relationship_words(const char *relationship)
{
    return !strcmp(relationship, "parentOf") ? "an edit of" : !strcmp(relationship, "componentOf") ? "holds"
         : !strcmp(relationship, "inputTo") ? "the model saw" : relationship;
}

static void print_ingredients(const json_t *ingredients)
{
    size_t i;
    json_t *one;
    json_array_foreach(ingredients, i, one) {
        char *line = NULL;
        if (asprintf(&line, "%s%s", *cohl_text_of(one, "title") ? cohl_text_of(one, "title") : "a file without a name",
                     *cohl_text_of(one, "manifest") ? "" : ", of which nothing is known") > 0)
            print_line(relationship_words(cohl_text_of(one, "relationship")), line);
        free(line);
    }
}

static void print_facts(const json_t *facts)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)facts, key, value) {
        char *text = json_is_string(value) ? strdup(json_string_value(value)) : json_dumps(value, JSON_ENCODE_ANY);
        if (text)
            print_line(key, text);
        free(text);
    }
}

static void print_findings(const json_t *findings, const char *what)
{
    size_t i;
    json_t *one;
    json_array_foreach(findings, i, one) {
        printf("  %-12s ", what);
        cohl_print_clean(cohl_text_of(one, "text"));
        printf(" (");
        cohl_print_clean(cohl_text_of(one, "code"));
        printf(")\n");
    }
}

/* ---- the answer ------------------------------------------------------------- */

static const json_t *active_of(const cohl_findings *findings)
{
    size_t count = json_array_size(findings->manifests);
    return count ? json_array_get(findings->manifests, count - 1) : NULL;
}

static const char *headline(const cohl_verification *v)
{
    switch (v->findings.verdict) {
    case COHL_TRUSTED: return "its credentials are right, and who signed is trusted here";
    case COHL_VALID:   return "its credentials are right, but who signed is not known here";
    case COHL_INVALID: return "its credentials are NOT right: believe nothing that they say";
    default:           return "carries no credentials";
    }
}

static void print_unknown(const cohl_verification *v)
{
    const cohl_findings *f = &v->findings;
    bool generated = cohl_findings_say_generated(f);
    if (f->verdict == COHL_NO_CREDENTIALS)
        puts("  not known    who made it, and how; platforms strip credentials, so that says nothing about what it is.\n"
             "               `cohl detect` looks for marks in the pictures themselves.");
    else if (f->verdict == COHL_INVALID)
        puts("  not known    what the file was when it was signed, and who changed it");
    else
        printf("  not known    whether what its signer says is true%s\n", generated ? "" : "; it does not say that a model made it");
}

static void print_words(const cohl_verification *v, const char *path)
{
    const cohl_findings *f = &v->findings;
    const json_t *active = active_of(f);
    size_t count = json_array_size(f->manifests);
    printf("%s: %s\n", path, headline(v));
    if (v->beside)
        print_line("they stand", v->beside);
    print_findings(f->failures, "wrong");
    print_findings(f->ingredient_failures, "before it");
    print_findings(f->informational, "note");
    if (active) {
        print_signer(json_object_get(active, "signer"), f->verdict);
        print_line("title", cohl_text_of(active, "title"));
        print_actions(json_object_get(active, "actions"));
        print_ingredients(json_object_get(active, "ingredients"));
        print_facts(json_object_get(active, "facts"));
        print_line("mark", cohl_text_of(json_object_get(active, "watermark"), "identifier"));
    }
    if (count > 1)
        printf("  %-12s %zu manifests, one for each time it was signed (--json tells all)\n", "history", count);
    print_unknown(v);
}

static void print_json(const cohl_verification *v, const char *path)
{
    const cohl_findings *f = &v->findings;
    json_t *json = json_pack("{s:o, s:s, s:s, s:s, s:o, s:b, s:O, s:O, s:O, s:O, s:O}", "file", cohl_json_name(path), "format", v->mime, "verdict",
                             cohl_verdict_name(f->verdict), "place", f->verdict == COHL_NO_CREDENTIALS ? "none" : v->beside
                             ? "beside" : "inside", "beside", cohl_json_name(v->beside), "generated",
                             f->verdict >= COHL_VALID && cohl_findings_say_generated(f), "failures", f->failures,
                             "ingredient_failures", f->ingredient_failures, "informational", f->informational, "successes",
                             f->successes, "manifests", f->manifests);
    json_dumpf(json, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(json);
}

/* This installation's root counts when there is one; looking makes none. */
static cohl_status trust_roots(cohl_trust *trust, const char *path, cohl_error *err)
{
    char *own = cohl_signer_root_there();
    cohl_status st = path ? cohl_trust_add(trust, path, err) : COHL_OK;
    if (!st && own)
        st = cohl_trust_add(trust, own, err);
    free(own);
    return st;
}

static int run_verify(int argc, char **argv)
{
    const char *path, *roots = NULL;
    bool as_json = false;
    int exit_code;
    cohl_error err = { 0 };
    cohl_trust trust = { 0 };
    cohl_verification v = { 0 };
    const cohl_option options[] = {
        { "--trust", "ROOTS", "a PEM file of roots that are trusted besides this installation's own", COHL_OPTION_TEXT, &roots, 0, 0 },
        { "--json", NULL, "answer as JSON", COHL_OPTION_FLAG, &as_json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "verify", "FILE",
        "Check the credentials (C2PA) of a film or picture: who signed it, what was done to it, and\n"
        "what is not known. They stand inside MP4, MOV, PNG and JPEG, and in FILE.c2pa beside others.\n\n"
        "Exit code 0: the credentials are right; 1: they are not, or there are none.", options };
    if (!cohl_options_parse(&usage, argc, argv, &path, 1, 1, &exit_code))
        return exit_code;
    cohl_status st = trust_roots(&trust, roots, &err);
    if (!st) st = cohl_verify(&v, path, &trust, &err);
    exit_code = st ? cohl_command_fail(&err) : v.findings.verdict >= COHL_VALID ? COHL_EXIT_OK : COHL_EXIT_FAILED;
    if (!st && as_json)
        print_json(&v, path);
    else if (!st)
        print_words(&v, path);
    cohl_verification_free(&v);
    cohl_trust_free(&trust);
    return exit_code;
}

const cohl_command cohl_command_verify = { "verify", "who made a film, how, and is that still what they signed", run_verify };
