/* options.h - what a command accepts, as a table: parser, help and errors walk it.
 *
 *     struct { const char *out; int seed; bool json; } a = { .seed = 0 };
 *     const cohl_option options[] = {
 *         { "-o, --out", "FILE", "where the film goes", COHL_OPTION_TEXT, &a.out },
 *         { "--seed", "N", "same seed, same film (0)", COHL_OPTION_INT, &a.seed, 0, 1e9 },
 *         { "--json", NULL, "answer as JSON", COHL_OPTION_FLAG, &a.json },
 *         { NULL },
 *     };
 *     const cohl_usage usage = { "generate", "PROMPT", "Make a film from words.", options };
 *     if (!cohl_options_parse(&usage, argc, argv, words, 1, 1, &exit_code)) return exit_code;
 */
#ifndef COHL_CLI_OPTIONS_H
#define COHL_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum cohl_option_kind {
    COHL_OPTION_FLAG,     /* bool *               */
    COHL_OPTION_TEXT,     /* const char **        */
    COHL_OPTION_PAIR,     /* const char *[2]: two values, "--between A B" */
    COHL_OPTION_INT,      /* int *, least..most   */
    COHL_OPTION_SEED,     /* uint64_t *           */
    COHL_OPTION_NUMBER,   /* double *, least..most */
} cohl_option_kind;

typedef struct cohl_option {
    const char      *names;     /* "-o, --out": every spelling */
    const char      *value;     /* what it takes: "FILE"; NULL for flags */
    const char      *about;     /* with the default in brackets */
    cohl_option_kind kind;
    void            *target;
    double           least, most;   /* of INT and NUMBER */
} cohl_option;

typedef struct cohl_usage {
    const char        *command;   /* "generate" */
    const char        *words;     /* what it takes besides: "PROMPT" or "" */
    const char        *about;     /* a sentence or two */
    const cohl_option *options;   /* ends with names NULL */
} cohl_usage;

enum { COHL_OPTION_NAME_BYTES = 64 };

/* Each spelling of `names` in turn, `*names` moving on; false after the last. */
bool cohl_option_spelling(const char **names, char out[COHL_OPTION_NAME_BYTES]);

/* How likely one means `known` by `typed`: 0 for its beginning, else how many letters are wrong;
 * COHL_MISTAKE_NONE where more than a third are. */
enum { COHL_MISTAKE_NONE = 1000 };
int cohl_mistake(const char *typed, const char *known);

/* For what lists commands (completion, the manual): while fn is set, cohl_options_parse hands it the
 * usage and ends the command. fn NULL: as usual again. */
typedef void cohl_usage_fn(void *user, const cohl_usage *usage);
void cohl_options_tell(cohl_usage_fn *fn, void *user);

/* Fill the targets; the other words go to words[] (words_min..words_max of them, the rest of
 * words[] NULL). "--name=value" and "--name value"; "--" ends options; --help prints the usage.
 * false: the command is over, with *exit_code (0 after --help, 2 with a sentence on stderr). */
bool cohl_options_parse(const cohl_usage *usage, int argc, char **argv, const char **words,
                        int words_min, int words_max, int *exit_code);

#endif
