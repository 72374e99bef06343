/* json.c - what comes from outside as JSON. */
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char url[] = "file:";

json_t *cohl_json_name(const char *name)
{
    char *own = name ? strdup(name) : NULL;
    json_t *json = own ? json_string(cohl_utf8_mend(own)) : json_null();
    free(own);
    return json;
}

json_t *cohl_json_whole(uint64_t value)
{
    char digits[24];
    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    return json_string(digits);
}

static void add_escaped(cohl_text *out, const char *path)
{
    size_t size = strlen(path), at = 0;
    while (at < size) {
        size_t good = cohl_utf8_check(path + at, size - at);
        for (size_t i = 0; i < good; i++, at++)
            cohl_text_add_bytes(out, path[at] == '%' ? "%25" : path + at, path[at] == '%' ? 3 : 1);
        if (at < size)
            cohl_text_addf(out, "%%%02X", (uint8_t)path[at++]);
    }
}

json_t *cohl_json_path(const char *path)
{
    size_t size = path ? strlen(path) : 0;
    if (!path || (cohl_utf8_check(path, size) == size && strncmp(path, url, sizeof url - 1)))
        return path ? json_string(path) : json_null();
    cohl_text text = { 0 };
    cohl_text_add(&text, url);
    add_escaped(&text, path);
    json_t *json = text.failed ? json_null() : json_string(text.data);
    cohl_text_free(&text);
    return json;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* In place; false where a % begins no byte, or 0. */
static bool unescape(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++, to++) {
        *to = *at;
        if (*at != '%')
            continue;
        int high = hex_digit(at[1]), low = high < 0 ? -1 : hex_digit(at[2]);
        if (low < 0 || !(high | low))
            return false;
        *to = (char)(high << 4 | low);
        at += 2;
    }
    *to = 0;
    return true;
}

void cohl_json_path_restore(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (!text || strncmp(text, url, sizeof url - 1))
        return;
    char *path = strdup(text + sizeof url - 1);
    if (path && unescape(path))
        json_object_set_new(object, key, json_string_nocheck(path));
    free(path);
}
