/* json.h - what comes from outside as JSON: jansson takes UTF-8 alone. */
#ifndef COHL_BASE_JSON_H
#define COHL_BASE_JSON_H

#include <jansson.h>
#include <stdint.h>

/* A file's name, mended (cohl_utf8_mend): a new reference; JSON's null for NULL and when memory is out. */
json_t *cohl_json_name(const char *name);

/* JSON's whole numbers end at 2^63-1; a greater one is written as a string. A new reference. */
json_t *cohl_json_whole(uint64_t value);

/* A file's path that is to be opened again. Valid UTF-8 stands as it is; other bytes stand as in a URL of a file, after
 * "file:", each as % and two hex digits ("file:caf%E9.png"), and so does a path that begins so itself. A new
 * reference; JSON's null for NULL and when memory is out. */
json_t *cohl_json_path(const char *path);

/* Put back the bytes of such a path, which stands in the object under this key, if it does: they may be no UTF-8, so
 * the object is not to be written after this. What is no such path stays. */
void cohl_json_path_restore(json_t *object, const char *key);

#endif
