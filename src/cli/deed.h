/* deed.h - commands of several deeds: the word after the command says which. */
#ifndef COHL_CLI_DEED_H
#define COHL_CLI_DEED_H

#include "cohl/cohl.h"

typedef struct cohl_deed {
    const char *name;
    const char *takes;      /* what must follow the name, in the words of the help; NULL: nothing need follow */
    cohl_status (*run)(void *asked, cohl_error *err);   /* asked: the command's own struct */
} cohl_deed;

/* The deed that word[0] names in a table that ends with an empty entry; without
 * a word, the first. NULL when there is none of that name, or when what it takes
 * is missing as word[1]: then said on standard error as `cohl COMMAND: ...`, and
 * the command ends with COHL_EXIT_USAGE. */
const cohl_deed *cohl_deed_find(const char *command, const cohl_deed *deeds, const char *const word[2]);

#endif
