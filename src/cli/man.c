/* man.c - `cohl man`: the manual page, from the tables that the commands parse by.
 *
 * In the macros of man(7). The build writes it to cohl.1 and installs it. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/listing.h"

/* Text as it is: no escapes, no hyphens for minus signs, no requests at the beginning of a line. */
static void put(const char *text)
{
    bool begins = true;
    for (; *text; begins = *text++ == '\n') {
        if (begins && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
    }
}

static void put_capitals(const char *text)
{
    for (; *text; text++)
        putchar(toupper((unsigned char)*text));
}

static void put_item(const char *names, const char *value, const char *about)
{
    fputs(".TP\n\\fB", stdout);
    put(names);
    fputs("\\fR", stdout);
    if (value) {
        fputs(" \\fI", stdout);
        put(value);
        fputs("\\fR", stdout);
    }
    putchar('\n');
    put(about);
    putchar('\n');
}

static void put_line(void *user, const cohl_command *command, const cohl_usage *usage)
{
    put_item(command->name, *usage->words ? usage->words : NULL, command->about);
}

static void put_command(void *user, const cohl_command *command, const cohl_usage *usage)
{
    fputs(".SH COHL ", stdout);
    put_capitals(command->name);
    printf("\n.B cohl %s\n", command->name);
    if (*usage->words) {
        fputs(".I ", stdout);
        put(usage->words);
        putchar('\n');
    }
    puts("[options]\n.PP");
    put(usage->about);
    putchar('\n');
    for (const cohl_option *o = usage->options; o->names; o++)
        put_item(o->names, o->value, o->about);
}

static void print_page(void)
{
    puts(".TH COHL 1 \"\" \"cohl " COHL_VERSION "\" \"Cohl\"\n.SH NAME\ncohl \\- a written shot becomes film\n"
         ".SH SYNOPSIS\n.B cohl\n.I command\n[options]\n.SH DESCRIPTION\n"
         "Turns a written shot into video on your own machine, without a network. The model that ships is an\n"
         "instrument for control, trained on the film of a toy theatre; photographic film needs the large open\n"
         "models. Every film carries the recipe that makes it again and says that it was generated.\n.PP\n"
         "The commands are");
    cohl_listing_walk(put_line, NULL);
    puts(".PP\nEach takes\n.B \\-\\-help\nas well, and\n.B cohl \\-\\-version\ntells the version.");
    cohl_listing_walk(put_command, NULL);
    puts(".SH EXIT STATUS\n.TP\n0\ndone\n.TP\n1\nit could not be done, or a floor of a bench was missed\n.TP\n2\n"
         "asked wrongly: an option, a value, a word\n.TP\n3\nrefused by a check or a policy\n.TP\n130\ncancelled\n"
         ".PP\nWhat fails says why in one sentence on standard error and leaves nothing half\\-written.\n"
         ".SH EXAMPLES\n.nf\n"
         "cohl generate \"a red balloon drifts over a white village\" \\-o balloon.mp4\n"
         "cohl generate \\-\\-again balloon.mp4 \\-\\-seed 2 \\-o another.mp4\n"
         "cohl info balloon.mp4\n"
         "cohl theatre render \\-\\-seed 7 \\-o scene.mp4 \\-\\-truth scene.json\n.fi");
}

static int run_man(int argc, char **argv)
{
    const cohl_option options[] = { { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 } };
    const cohl_usage usage = { "man", "", "Print the manual page: cohl man | man -l -", options };
    int exit_code;

    if (!cohl_options_parse(&usage, argc, argv, NULL, 0, 0, &exit_code))
        return exit_code;
    print_page();
    return COHL_EXIT_OK;
}

const cohl_command cohl_command_man = { "man", "print the manual page", run_man };
