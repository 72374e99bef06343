/* json.h - what comes from outside as JSON: jansson takes UTF-8 alone. */
#ifndef COHL_BASE_JSON_H
#define COHL_BASE_JSON_H

#include <jansson.h>

/* A file's name, mended (cohl_utf8_mend): a new reference; JSON's null for NULL and when memory is out. */
json_t *cohl_json_name(const char *name);

#endif
