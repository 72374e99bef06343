/* print.h - what commands print, told once. */
#ifndef COHL_CLI_PRINT_H
#define COHL_CLI_PRINT_H

#include <jansson.h>

/* Words of strangers go to a terminal: control characters become blanks. */
void cohl_print_clean(const char *text);

/* To standard output, indented, with a newline; frees. */
void cohl_print_json(json_t *json);

/* A text under a key; "" when there is none. */
const char *cohl_text_of(const json_t *json, const char *key);

#endif
