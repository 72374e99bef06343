/* prompt.c - a prompt's text, made clean. */
#include "model/prompt.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* ---- characters ---------------------------------------------------------- */

/* The character at *at, which moves on. */
static uint32_t take(const char **at)
{
    const unsigned char *s = (const unsigned char *)*at;
    int more = s[0] < 0x80 ? 0 : s[0] < 0xE0 ? 1 : s[0] < 0xF0 ? 2 : 3;
    uint32_t c = more ? s[0] & (0x3Fu >> more) : s[0];
    for (int i = 1; i <= more; i++)
        c = c << 6 | (s[i] & 0x3Fu);
    *at += 1 + more;
    return c;
}

static void put(cohl_text *out, uint32_t c)
{
    static const uint32_t lead[] = { 0, 0xC0, 0xE0, 0xF0 };
    char bytes[4];
    int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    for (int i = more; i > 0; i--, c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3F));
    bytes[0] = (char)(lead[more] | c);
    cohl_text_add_bytes(out, bytes, (size_t)more + 1);
}

static bool is_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || c == 0x7F || (c >= 0x206A && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFC);
}

/* Characters that are written as others; to NULL ends. */
static const struct { uint32_t from; const char *to; } OTHERS[] = {
    { 0x02BC, "'" }, { 0x2018, "'" }, { 0x2019, "'" }, { 0x201A, "'" }, { 0x201B, "'" },
    { 0x201C, "\"" }, { 0x201D, "\"" }, { 0x201E, "\"" }, { 0x201F, "\"" },
    { 0xFB00, "ff" }, { 0xFB01, "fi" }, { 0xFB02, "fl" }, { 0xFB03, "ffi" }, { 0xFB04, "ffl" }, { 0xFB05, "st" },
    { 0xFB06, "st" }, { 0x0132, "IJ" }, { 0x0133, "ij" }, { 0, NULL },
};

static void put_repaired(cohl_text *out, uint32_t c)
{
    if (c >= 0xFF01 && c <= 0xFF5E)
        c -= 0xFEE0;                       /* full-width forms of ASCII */
    for (int i = 0; OTHERS[i].to; i++)
        if (OTHERS[i].from == c) {
            cohl_text_add(out, OTHERS[i].to);
            return;
        }
    put(out, c);
}

/* Bytes of a terminal's colour sequence at `at`: ESC [ digits m; 0 = none. */
static size_t colour_bytes(const char *at)
{
    if (at[0] != 0x1B || at[1] != '[')
        return 0;
    size_t size = 2 + strspn(at + 2, "0123456789;");
    return at[size] && strchr("mK", at[size]) ? size + 1 : 0;
}

/* ---- entities ------------------------------------------------------------ */

static const struct { const char *name; uint32_t c; } ENTITIES[] = {
    { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' }, { "nbsp", 0xA0 },
    { "hellip", 0x2026 }, { "ndash", 0x2013 }, { "mdash", 0x2014 }, { "lsquo", 0x2018 }, { "rsquo", 0x2019 },
    { "ldquo", 0x201C }, { "rdquo", 0x201D }, { "laquo", 0xAB }, { "raquo", 0xBB }, { "deg", 0xB0 }, { "copy", 0xA9 },
    { "reg", 0xAE }, { "trade", 0x2122 }, { "times", 0xD7 }, { "euro", 0x20AC }, { "agrave", 0xE0 }, { "acirc", 0xE2 },
    { "auml", 0xE4 }, { "ccedil", 0xE7 }, { "egrave", 0xE8 }, { "eacute", 0xE9 }, { "ecirc", 0xEA }, { "euml", 0xEB },
    { "icirc", 0xEE }, { "iuml", 0xEF }, { "ntilde", 0xF1 }, { "ocirc", 0xF4 }, { "ouml", 0xF6 }, { "ugrave", 0xF9 },
    { "ucirc", 0xFB }, { "uuml", 0xFC }, { "szlig", 0xDF }, { "oelig", 0x153 }, { "Eacute", 0xC9 }, { "Agrave", 0xC0 },
    { NULL, 0 },
};

static bool is_character(unsigned long c)
{
    return c > 0 && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}

/* What "&name;" or "&#number;" at `at` stands for, and its bytes; 0 = none. */
static size_t entity(const char *at, uint32_t *c)
{
    size_t size = at[0] == '&' ? strcspn(at, ";") : 0;
    if (!size || at[size] != ';' || size < 2 || size > 12)
        return 0;
    if (at[1] == '#') {
        char *end;
        bool hex = at[2] == 'x' || at[2] == 'X';
        const char *digits = at + (hex ? 3 : 2);
        unsigned long value = strtoul(digits, &end, hex ? 16 : 10);
        *c = (uint32_t)value;
        return *digits && strchr("0123456789abcdefABCDEF", *digits) && end == at + size && is_character(value) ? size + 1 : 0;
    }
    for (int i = 0; ENTITIES[i].name; i++)
        if (strlen(ENTITIES[i].name) == size - 1 && !strncmp(ENTITIES[i].name, at + 1, size - 1)) {
            *c = ENTITIES[i].c;
            return size + 1;
        }
    return 0;
}

static char *resolve(const char *text)
{
    cohl_text out = { 0 };
    while (*text) {
        uint32_t c;
        size_t size = entity(text, &c);
        if (size)
            put(&out, c), text += size;
        else
            put(&out, take(&text));
    }
    if (!out.failed && !out.data)
        return strdup("");
    return out.failed ? (cohl_text_free(&out), NULL) : out.data;
}

/* ---- together ------------------------------------------------------------ */

static char *repair(const char *text)
{
    cohl_text out = { 0 };
    bool space = false;
    while (*text) {
        size_t colour = colour_bytes(text);
        text += colour;
        if (colour || !*text)
            continue;
        uint32_t c = take(&text);
        if (is_space(c)) {
            space = out.size > 0;
        } else if (!is_control(c)) {
            if (space)
                cohl_text_add(&out, " ");
            space = false;
            put_repaired(&out, c);
        }
    }
    if (!out.failed && !out.data)
        return strdup("");
    return out.failed ? (cohl_text_free(&out), NULL) : out.data;
}

/* Entities may be written in entities: "&amp;quot;". */
char *cohl_prompt_clean(const char *text)
{
    char *once = resolve(text), *twice = once ? resolve(once) : NULL, *clean = twice ? repair(twice) : NULL;
    free(once);
    free(twice);
    return clean;
}
