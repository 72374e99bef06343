/* pack_json.h - reading JSON with sentences: which pack, where in it, what was expected. */
#ifndef COHL_SAFETY_PACK_JSON_H
#define COHL_SAFETY_PACK_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "base/status.h"

/* Where a value stands: "people.json: lists[3]". */
typedef struct pack_place {
    const char *path, *what;
    size_t      index;
} pack_place;

/* Does the object have no other keys than these (ends with NULL)? */
cohl_status pack_keys(const pack_place *at, const json_t *object, const char *const *known, cohl_error *err);
/* A string; *out is NULL where an optional one is missing. */
cohl_status pack_string(const char **out, const pack_place *at, const json_t *object, const char *key, bool needed,
                        cohl_error *err);
/* A number least..most; `usual` where it is missing. */
cohl_status pack_number(double *out, const pack_place *at, const json_t *object, const char *key, double usual,
                        double least, double most, cohl_error *err);
cohl_status pack_bool(bool *out, const pack_place *at, const json_t *object, const char *key, cohl_error *err);
/* An array of strings, NULL where an optional one is missing. */
cohl_status pack_strings(const json_t **out, const pack_place *at, const json_t *object, const char *key, bool needed,
                         cohl_error *err);

#endif
