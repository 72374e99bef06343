/* text.h - strings that grow, and UTF-8 that is checked at the door. */
#ifndef COHL_BASE_TEXT_H
#define COHL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A string that grows; starts as { 0 }. data is zero-terminated, or NULL while
 * empty. When memory is out, `failed` is set and later additions do nothing:
 * ask once, at the end. */
typedef struct cohl_text {
    char  *data;
    size_t size, room;
    bool   failed;
} cohl_text;

void cohl_text_add(cohl_text *text, const char *more);
void cohl_text_add_bytes(cohl_text *text, const void *more, size_t size);
void cohl_text_addf(cohl_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cohl_text_free(cohl_text *text);

/* Offset of the first byte that is not part of valid UTF-8 (RFC 3629: no
 * overlong forms, no surrogates, at most U+10FFFF), or size if all is. */
size_t cohl_utf8_check(const char *data, size_t size);

/* Put '?' for each byte that is not part of valid UTF-8: a file's name may have any, and JSON, CBOR and a screen
 * take none. Returns text. */
char *cohl_utf8_mend(char *text);

/* How many bytes of text, at most `most`, end with a whole sign: for "%.*s". */
int cohl_utf8_fit(const char *text, int most);

/* strtod() with a point whatever the locale: a program that libcohl lives in may have chosen one with a comma. */
double cohl_text_real(const char *text, char **end);

/* A whole number in decimal digits and nothing else, up to 2^64-1; false: it is none, *value is as
 * it was. */
bool cohl_text_whole(const char *text, uint64_t *value);

/* Edit distance (Levenshtein 1966) of two words, for "did you mean". */
int cohl_text_distance(const char *a, const char *b);

#endif
