/* command.h - a command is a row: its name, a line about it, its function. */
#ifndef COHL_CLI_COMMAND_H
#define COHL_CLI_COMMAND_H

#include "base/status.h"

/* Exit codes: 0 done, 1 could not be done, 2 asked wrongly, 3 refused, 130 cancelled. */
enum { COHL_EXIT_OK = 0, COHL_EXIT_FAILED = 1, COHL_EXIT_USAGE = 2, COHL_EXIT_REFUSED = 3,
       COHL_EXIT_CANCELLED = 130 };

typedef struct cohl_command {
    const char *name;      /* "generate" */
    const char *about;     /* one line for `cohl --help` */
    int (*run)(int argc, char **argv);   /* argv[0] is the command's name; returns an exit code */
} cohl_command;

extern const cohl_command *const cohl_commands[];   /* ends with NULL */

/* Print "cohl: SENTENCE" to stderr and give the exit code of its status. */
int cohl_command_fail(const cohl_error *err);

#endif
