/* main.c - `cohl COMMAND ...`: find the row, run it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/guard.h"
#include "cli/command.h"
#include "cli/options.h"

static void print_commands(FILE *to)
{
    fprintf(to, "usage: cohl COMMAND [options]\n\n"
                "Turns a written shot into video on your own machine.\n\n");
    for (int i = 0; cohl_commands[i]; i++)
        fprintf(to, "  %-10s %s\n", cohl_commands[i]->name, cohl_commands[i]->about);
    fprintf(to, "\n`cohl COMMAND --help` tells what a command takes.\n");
}

static int unknown_command(const char *name)
{
    const char *nearest = NULL;
    int best = COHL_MISTAKE_NONE;
    for (int i = 0; cohl_commands[i]; i++) {
        int distance = cohl_mistake(name, cohl_commands[i]->name);
        if (distance < best)
            best = distance, nearest = cohl_commands[i]->name;
    }
    fprintf(stderr, "cohl: there is no command \"%.60s\"%s%s%s\n", name, nearest ? "; did you mean " : "",
            nearest ? nearest : "", nearest ? "?" : "; cohl --help lists them");
    return COHL_EXIT_USAGE;
}

int cohl_command_fail(const cohl_error *err)
{
    cohl_error broken;               /* of which the rest comes */
    if (cohl_guard_check(&broken))
        err = &broken;
    fprintf(stderr, "cohl: %s\n", err->text);
    switch (err->status) {
    case COHL_ERR_ARGUMENT:  return COHL_EXIT_USAGE;
    case COHL_ERR_REFUSED:   return COHL_EXIT_REFUSED;
    case COHL_ERR_CANCELLED: return COHL_EXIT_CANCELLED;
    default:                 return COHL_EXIT_FAILED;
    }
}

/* An answer that could not be written is no answer. */
static int said(int exit_code)
{
    cohl_error err;
    if (exit_code == COHL_EXIT_OK && cohl_guard_check(&err))
        return cohl_command_fail(&err);
    if ((fflush(stdout) || ferror(stdout)) && exit_code == COHL_EXIT_OK) {
        fprintf(stderr, "cohl: standard output: cannot write: %s\n", strerror(errno));
        return COHL_EXIT_FAILED;
    }
    return exit_code;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        print_commands(stderr);
        return COHL_EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        if (argc < 3) {
            print_commands(stdout);
            return COHL_EXIT_OK;
        }
        argv[1] = argv[2];          /* `cohl help generate` is `cohl generate --help` */
        argv[2] = "--help";
    }
    if (!strcmp(argv[1], "--version")) {
        puts("cohl " COHL_VERSION);
        return COHL_EXIT_OK;
    }
    for (int i = 0; cohl_commands[i]; i++)
        if (!strcmp(cohl_commands[i]->name, argv[1]))
            return cohl_commands[i]->run(argc - 1, argv + 1);
    return unknown_command(argv[1]);
}

int main(int argc, char **argv)
{
    cohl_guard_begin();             /* a file that becomes shorter while it is read is an error too */
    signal(SIGXFSZ, SIG_IGN);       /* a file that may grow no more is an error of its writing, not the end */
    return said(run(argc, argv));
}
