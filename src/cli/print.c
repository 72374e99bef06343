/* print.c - what commands print, told once. */
#include "cli/print.h"

#include <stdio.h>

/* C0, DEL, and C1 (U+0080..U+009F, which UTF-8 spells C2 80..C2 9F). */
void cohl_print_clean(const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text, next = (unsigned char)text[1];
        if (c == 0xc2 && next >= 0x80 && next <= 0x9f) {
            putchar(' ');
            text++;
        } else {
            putchar(c < 0x20 || c == 0x7f ? ' ' : *text);
        }
    }
}

void cohl_print_json(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(json);
}

const char *cohl_text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? text : "";
}
