/* text.c - strings that grow, and UTF-8 that is checked at the door. */
#define _GNU_SOURCE
#include "base/text.h"

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(cohl_text *text, size_t more)
{
    if (text->failed)
        return false;
    size_t need = text->size + more + 1;
    if (need <= text->room)
        return true;
    size_t room = text->room ? text->room * 2 : 64;
    while (room < need)
        room *= 2;
    char *data = realloc(text->data, room);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data, text->room = room;
    return true;
}

void cohl_text_add_bytes(cohl_text *text, const void *more, size_t size)
{
    if (!make_room(text, size))
        return;
    if (size)
        memcpy(text->data + text->size, more, size);
    text->size += size;
    text->data[text->size] = 0;
}

void cohl_text_add(cohl_text *text, const char *more)
{
    cohl_text_add_bytes(text, more, strlen(more));
}

void cohl_text_addf(cohl_text *text, const char *format, ...)
{
    char *line = NULL;
    va_list args;
    va_start(args, format);
    int size = vasprintf(&line, format, args);
    va_end(args);
    if (size < 0) {
        text->failed = true;
        return;
    }
    cohl_text_add_bytes(text, line, (size_t)size);
    free(line);
}

void cohl_text_free(cohl_text *text)
{
    free(text->data);
    *text = (cohl_text){ 0 };
}

/* Length of the sequence that begins at s, or 0 if it is not valid. */
static size_t sequence_length(const uint8_t *s, size_t left)
{
    if (s[0] < 0x80)
        return 1;
    size_t n = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return n;
}

size_t cohl_utf8_check(const char *data, size_t size)
{
    size_t at = 0;
    while (at < size) {
        size_t n = sequence_length((const uint8_t *)data + at, size - at);
        if (!n)
            break;
        at += n;
    }
    return at;
}

char *cohl_utf8_mend(char *text)
{
    size_t size = strlen(text), at = 0;
    while ((at += cohl_utf8_check(text + at, size - at)) < size)
        text[at++] = '?';
    return text;
}

int cohl_utf8_fit(const char *text, int most)
{
    int size = (int)strnlen(text, (size_t)most + 1);
    if (size <= most)
        return size;
    for (size = most; size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80;)
        size--;
    return size;
}

/* Made once, for good; NULL when memory is out, and then the program's own locale must do. */
static locale_t plain;
static void make_plain(void) { plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

double cohl_text_real(const char *text, char **end)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_plain);
    return plain ? strtod_l(text, end, plain) : strtod(text, end);
}

bool cohl_text_whole(const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno)
        return false;
    *value = number;
    return true;
}

int cohl_text_distance(const char *a, const char *b)
{
    enum { LONGEST = 63 };
    int row[LONGEST + 1];
    size_t na = strnlen(a, LONGEST), nb = strnlen(b, LONGEST);

    for (size_t j = 0; j <= nb; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= na; i++) {
        int corner = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= nb; j++) {
            int best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[nb];
}
