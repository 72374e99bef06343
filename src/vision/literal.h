/* literal.h - a JavaScript literal as JSON: objects with plain keys, arrays, strings, numbers, !0 and !1. */
#ifndef COHL_VISION_LITERAL_H
#define COHL_VISION_LITERAL_H

#include <jansson.h>
#include <stddef.h>

#include "base/status.h"

/* The literal that begins at text[0]; what follows it is not read. New reference.
 * COHL_ERR_FORMAT  something else stands there: which byte */
cohl_status cohl_literal_read(json_t **out, const char *name, const char *text, size_t size, cohl_error *err);

#endif
