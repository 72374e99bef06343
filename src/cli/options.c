/* options.c - what a command accepts, as a table: parser, help and errors walk it. */
#include "cli/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"

enum { NAME_COLUMN = 26 };

static struct { cohl_usage_fn *fn; void *user; } listener;

static void print_help(const cohl_usage *usage)
{
    printf("usage: cohl %s%s%s [options]\n\n%s\n\n", usage->command, *usage->words ? " " : "",
           usage->words, usage->about);
    for (const cohl_option *o = usage->options; o->names; o++) {
        char left[96];
        snprintf(left, sizeof left, "%s%s%s", o->names, o->value ? " " : "", o->value ? o->value : "");
        printf("  %-*s %s\n", NAME_COLUMN, left, o->about);
    }
    printf("  %-*s %s\n", NAME_COLUMN, "--help", "this page");
}

void cohl_options_tell(cohl_usage_fn *fn, void *user)
{
    listener.fn = fn, listener.user = user;
}

bool cohl_option_spelling(const char **names, char out[COHL_OPTION_NAME_BYTES])
{
    const char *at = *names + strspn(*names, ", ");
    size_t length = strcspn(at, ", ");
    if (!length || length >= COHL_OPTION_NAME_BYTES)
        return false;
    memcpy(out, at, length);
    out[length] = 0;
    *names = at + length;
    return true;
}

static const cohl_option *find_option(const cohl_usage *usage, const char *name)
{
    char spelling[COHL_OPTION_NAME_BYTES];
    for (const cohl_option *o = usage->options; o->names; o++)
        for (const char *names = o->names; cohl_option_spelling(&names, spelling); )
            if (!strcmp(spelling, name))
                return o;
    return NULL;
}

int cohl_mistake(const char *typed, const char *known)
{
    int length = (int)strlen(typed), distance = cohl_text_distance(typed, known);
    if (length > 1 && !strncmp(typed, known, (size_t)length))
        return 0;
    return length > 2 && distance <= (length + 1) / 3 ? distance : COHL_MISTAKE_NONE;
}

static int unknown_option(const cohl_usage *usage, const char *name)
{
    char spelling[COHL_OPTION_NAME_BYTES], nearest[COHL_OPTION_NAME_BYTES] = "--help";
    int best = COHL_MISTAKE_NONE;
    for (const cohl_option *o = usage->options; o->names; o++)
        for (const char *names = o->names; cohl_option_spelling(&names, spelling); ) {
            int distance = cohl_mistake(name, spelling);
            if (distance < best) {
                best = distance;
                strcpy(nearest, spelling);
            }
        }
    fprintf(stderr, "cohl %s: there is no option %s%s%s%s\n", usage->command, name,
            best < COHL_MISTAKE_NONE ? "; did you mean " : "", best < COHL_MISTAKE_NONE ? nearest : "",
            best < COHL_MISTAKE_NONE ? "?" : "; --help lists them");
    return COHL_EXIT_USAGE;
}

static bool bad_value(const cohl_usage *usage, const cohl_option *o, const char *name, const char *value)
{
    char range[80] = "";
    if (o->kind == COHL_OPTION_SEED)
        snprintf(range, sizeof range, " from 0 to %llu", (unsigned long long)UINT64_MAX);
    else if (o->most > o->least)
        snprintf(range, sizeof range, " from %.15g to %.15g", o->least, o->most);
    fprintf(stderr, "cohl %s: %s is \"%.80s\", expected a %s%s\n", usage->command, name, value,
            o->kind == COHL_OPTION_NUMBER ? "number" : "whole number", range);
    return false;
}

static bool set_number(const cohl_usage *usage, const cohl_option *o, const char *name, const char *value)
{
    char *end;
    double number = cohl_text_real(value, &end);
    bool good = end != value && !*end && isfinite(number) &&
                (o->most <= o->least || (number >= o->least && number <= o->most));
    if (o->kind == COHL_OPTION_INT)
        good = good && number == floor(number) && fabs(number) <= 2147483647.0;
    if (!good)
        return bad_value(usage, o, name, value);
    if (o->kind == COHL_OPTION_INT)
        *(int *)o->target = (int)number;
    else
        *(double *)o->target = number;
    return true;
}

static bool set_seed(const cohl_usage *usage, const cohl_option *o, const char *name, const char *value)
{
    return cohl_text_whole(value, o->target) || bad_value(usage, o, name, value);
}

static bool set_value(const cohl_usage *usage, const cohl_option *o, const char *name, const char *value)
{
    switch (o->kind) {
    case COHL_OPTION_FLAG:   *(bool *)o->target = true; return true;
    case COHL_OPTION_PAIR:
    case COHL_OPTION_TEXT:   *(const char **)o->target = value; return true;
    case COHL_OPTION_SEED:   return set_seed(usage, o, name, value);
    case COHL_OPTION_INT:
    case COHL_OPTION_NUMBER: return set_number(usage, o, name, value);
    }
    return false;
}

/* One option at argv[*at]; moves *at past its value. */
static bool take_option(const cohl_usage *usage, int argc, char **argv, int *at)
{
    char name[COHL_OPTION_NAME_BYTES];
    const char *equals = strchr(argv[*at], '='), *value = NULL;
    size_t length = equals ? (size_t)(equals - argv[*at]) : strlen(argv[*at]);

    if (length >= sizeof name)
        length = sizeof name - 1;
    memcpy(name, argv[*at], length);
    name[length] = 0;
    const cohl_option *o = find_option(usage, name);
    if (!o) {
        unknown_option(usage, name);
        return false;
    }
    if (o->kind == COHL_OPTION_FLAG && equals) {
        fprintf(stderr, "cohl %s: %s takes no value\n", usage->command, name);
        return false;
    }
    if (equals)
        value = equals + 1;
    else if (o->kind != COHL_OPTION_FLAG && *at + 1 < argc && !find_option(usage, argv[*at + 1]))
        value = argv[++*at];
    if (o->kind != COHL_OPTION_FLAG && !value) {
        fprintf(stderr, "cohl %s: %s needs a value: %s %s\n", usage->command, name, name, o->value);
        return false;
    }
    if (o->kind != COHL_OPTION_PAIR)
        return set_value(usage, o, name, value);
    if (equals || *at + 1 >= argc) {
        fprintf(stderr, "cohl %s: %s needs two values: %s %s\n", usage->command, name, name, o->value);
        return false;
    }
    ((const char **)o->target)[0] = value;
    ((const char **)o->target)[1] = argv[++*at];
    return true;
}

bool cohl_options_parse(const cohl_usage *usage, int argc, char **argv, const char **words,
                        int words_min, int words_max, int *exit_code)
{
    int count = 0;
    bool options = true;

    if (listener.fn) {
        listener.fn(listener.user, usage);
        *exit_code = COHL_EXIT_OK;
        return false;
    }
    *exit_code = COHL_EXIT_USAGE;
    for (int i = 0; i < words_max; i++)
        words[i] = NULL;
    for (int i = 1; i < argc; i++) {
        if (options && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))) {
            print_help(usage);
            *exit_code = COHL_EXIT_OK;
            return false;
        }
        if (options && !strcmp(argv[i], "--")) {
            options = false;
        } else if (options && argv[i][0] == '-' && argv[i][1]) {
            if (!take_option(usage, argc, argv, &i))
                return false;
        } else if (count < words_max) {
            words[count++] = argv[i];
        } else {
            fprintf(stderr, "cohl %s: \"%.80s\" is one word too many; text with spaces needs quotes\n",
                    usage->command, argv[i]);
            return false;
        }
    }
    if (count < words_min) {
        fprintf(stderr, "cohl %s: missing %s; cohl %s --help tells more\n", usage->command,
                usage->words, usage->command);
        return false;
    }
    return true;
}
