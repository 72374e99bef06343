/* json.c - what comes from outside as JSON. */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

json_t *cohl_json_name(const char *name)
{
    char *own = name ? strdup(name) : NULL;
    json_t *json = own ? json_string(cohl_utf8_mend(own)) : json_null();
    free(own);
    return json;
}
