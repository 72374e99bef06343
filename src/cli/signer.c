/* signer.c - `cohl signer ...`: whose key signs the films. */
#define _GNU_SOURCE
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "provenance/cose.h"
#include "provenance/signer.h"

typedef struct asked {
    const char *word[2];
    const char *algorithm;
    bool        json;
} asked;

static void print_signer(const cohl_signer *signer, const char *root, bool as_json)
{
    const cohl_chain *chain = &signer->chain;
    cohl_certificate_words words = cohl_certificate_about(chain->certificate[0]);
    const char *algorithm = cohl_cose_alg_of(chain->key)->name;
    char until[32];
    cohl_time_text(until, words.until);
    if (as_json) {
        json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:i, s:s, s:s?}", "name", words.name, "organisation",
                                 words.organisation, "issuer", words.issuer, "algorithm", algorithm, "until", until,
                                 "serial", words.serial, "file", signer->path, "own", signer->own, "certificates",
                                 chain->count, "root", root, "warning", *signer->warning ? signer->warning : NULL);
        json_dumpf(json, stdout, JSON_INDENT(1));
        putchar('\n');
        json_decref(json);
        return;
    }
    printf("%s: %s%s%s, %s\n", signer->own ? "this installation signs" : "an operator's key signs", words.name,
           *words.organisation ? ", " : "", words.organisation, algorithm);
    printf("  certificate  serial %s, good until %.10s, by %s\n", words.serial, until, words.issuer);
    printf("  key          %s\n", signer->path);
    if (signer->own)
        printf("  root         %s\nNobody else trusts this root by itself: who checks a film must be given it, or you take a\n"
               "certificate from an authority on the C2PA trust list (cohl signer use FILE).\n", root);
}

static cohl_status show(const asked *a, cohl_error *err)
{
    cohl_signer signer = { 0 };
    char *root = NULL;
    cohl_status st = cohl_signer_open(&signer, NULL, err);
    if (!st) st = cohl_signer_root(&root, err);
    if (!st) {
        print_signer(&signer, root, a->json);
        if (*signer.warning)
            fprintf(stderr, "cohl: %s\n", signer.warning);
    }
    cohl_signer_close(&signer);
    free(root);
    return st;
}

static cohl_status print_root(const asked *a, cohl_error *err)
{
    char *root = NULL;
    cohl_status st = cohl_signer_root(&root, err);
    if (!st)
        puts(root);
    free(root);
    return st;
}

static cohl_status use(const asked *a, cohl_error *err)
{
    bool own = a->word[1] && !strcmp(a->word[1], "own");
    cohl_status st = a->word[1] ? cohl_signer_use(own ? NULL : a->word[1], err)
                                : cohl_fail(err, COHL_ERR_ARGUMENT, "`cohl signer use` takes a file with a key and its "
                                            "chain, or the word own");
    return st ? st : show(a, err);
}

static cohl_status rotate(const asked *a, cohl_error *err)
{
    cohl_status st = cohl_signer_rotate(a->algorithm, err);
    return st ? st : show(a, err);
}

typedef struct deed {
    const char *name;
    bool        takes_word, takes_algorithm;
    cohl_status (*run)(const asked *a, cohl_error *err);
} deed;

static const deed deeds[] = {
    { "show", false, false, show }, { "root", false, false, print_root }, { "use", true, false, use },
    { "rotate", false, true, rotate },
};

static cohl_status run_deed(const asked *a, cohl_error *err)
{
    const char *name = a->word[0] ? a->word[0] : "show";
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        if (strcmp(deeds[i].name, name))
            continue;
        if (a->word[1] && !deeds[i].takes_word)
            return cohl_fail(err, COHL_ERR_ARGUMENT, "`cohl signer %s` takes no word besides", name);
        if (a->algorithm && !deeds[i].takes_algorithm)
            return cohl_fail(err, COHL_ERR_ARGUMENT, "--algorithm goes with `cohl signer rotate`");
        return deeds[i].run(a, err);
    }
    return cohl_fail(err, COHL_ERR_ARGUMENT, "`cohl signer` knows no \"%.40s\", expected show, root, use or rotate", name);
}

static int run_signer(int argc, char **argv)
{
    asked a = { 0 };
    cohl_error err = { 0 };
    int exit_code;
    const cohl_option options[] = {
        { "--algorithm", "A", "of the new key: ed25519 or es256 (as before)", COHL_OPTION_TEXT, &a.algorithm, 0, 0 },
        { "--json", NULL, "answer as JSON", COHL_OPTION_FLAG, &a.json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "signer", "[show | root | use FILE | use own | rotate]",
        "Whose key signs the films made here.\n\n"
        "  show      who signs now, until when, and where the key lies\n"
        "  root      the path of this installation's root, to give to whoever checks its films\n"
        "  use FILE  sign with your own key: a PEM file with the private key and its chain, the\n"
        "            signer's certificate first; `use own` goes back to this installation's\n"
        "  rotate    a new key under the same root; films signed before stay good", options };
    if (!cohl_options_parse(&usage, argc, argv, a.word, 0, 2, &exit_code))
        return exit_code;
    return run_deed(&a, &err) ? cohl_command_fail(&err) : COHL_EXIT_OK;
}

const cohl_command cohl_command_signer = { "signer", "whose key signs the films made here", run_signer };
