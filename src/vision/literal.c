/* literal.c - a JavaScript literal as JSON. */
#include "vision/literal.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { DEPTH_MOST = 32, WORD_BYTES = 512 };

typedef struct reader { const char *text; size_t size, at; int depth; } reader;

static json_t *read_value(reader *r);

static int peek(reader *r)
{
    while (r->at < r->size && isspace((unsigned char)r->text[r->at]))
        r->at++;
    return r->at < r->size ? (unsigned char)r->text[r->at] : -1;
}

static bool take(reader *r, char sign)
{
    if (peek(r) != sign)
        return false;
    r->at++;
    return true;
}

/* A string without escapes but those of a quote or a backslash; word [WORD_BYTES]. */
static bool read_string(reader *r, char *word)
{
    char quote = r->text[r->at++];
    size_t count = 0;
    while (r->at < r->size && r->text[r->at] != quote) {
        if (r->text[r->at] == '\\' && ++r->at < r->size && !strchr("\\\"'/", r->text[r->at]))
            return false;
        if (r->at >= r->size || count + 1 == WORD_BYTES)
            return false;
        word[count++] = r->text[r->at++];
    }
    word[count] = 0;
    return r->at++ < r->size;
}

static bool read_key(reader *r, char *word)
{
    size_t count = 0;
    int first = peek(r);
    if (first == '"' || first == '\'')
        return read_string(r, word);
    while (r->at < r->size && count + 1 < WORD_BYTES &&
           (isalnum((unsigned char)r->text[r->at]) || strchr("_$", r->text[r->at])) && r->text[r->at])
        word[count++] = r->text[r->at++];
    word[count] = 0;
    return count;
}

static json_t *read_number(reader *r)
{
    char digits[64];
    size_t count = 0;
    while (r->at < r->size && count + 1 < sizeof digits && r->text[r->at] && strchr("+-.0123456789eE", r->text[r->at]))
        digits[count++] = r->text[r->at++];
    digits[count] = 0;
    char *end;
    double value = cohl_text_real(digits, &end);
    if (!count || *end)
        return NULL;
    return count < 16 && !strpbrk(digits, ".eE") ? json_integer((json_int_t)value) : json_real(value);
}

static json_t *read_word(reader *r)
{
    static const struct { const char *word; json_type type; } words[] = {
        { "!0", JSON_TRUE }, { "!1", JSON_FALSE }, { "true", JSON_TRUE }, { "false", JSON_FALSE }, { "null", JSON_NULL } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t size = strlen(words[i].word);
        if (r->size - r->at < size || memcmp(r->text + r->at, words[i].word, size))
            continue;
        r->at += size;
        return words[i].type == JSON_NULL ? json_null() : json_boolean(words[i].type == JSON_TRUE);
    }
    return NULL;
}

static json_t *read_array(reader *r)
{
    json_t *all = json_array();
    bool fine = all;
    r->at++;
    while (fine && !take(r, ']')) {
        fine = !json_array_append_new(all, read_value(r));
        if (fine && !take(r, ',') && peek(r) != ']')
            fine = false;
    }
    if (!fine)
        json_decref(all);
    return fine ? all : NULL;
}

static json_t *read_object(reader *r)
{
    char key[WORD_BYTES];
    json_t *all = json_object();
    bool fine = all;
    r->at++;
    while (fine && !take(r, '}')) {
        fine = read_key(r, key) && take(r, ':') && !json_object_get(all, key) && !json_object_set_new(all, key, read_value(r));
        if (fine && !take(r, ',') && peek(r) != '}')
            fine = false;
    }
    if (!fine)
        json_decref(all);
    return fine ? all : NULL;
}

static json_t *read_value(reader *r)
{
    char word[WORD_BYTES];
    json_t *value = NULL;
    int first = peek(r);
    if (first < 0 || ++r->depth > DEPTH_MOST)
        return NULL;
    if (first == '[')
        value = read_array(r);
    else if (first == '{')
        value = read_object(r);
    else if (first == '"' || first == '\'')
        value = read_string(r, word) ? json_string(word) : NULL;
    else if (strchr("+-.0123456789", first))
        value = read_number(r);
    else
        value = read_word(r);
    r->depth--;
    return value;
}

cohl_status cohl_literal_read(json_t **out, const char *name, const char *text, size_t size, cohl_error *err)
{
    reader r = { .text = text, .size = size };
    if ((*out = read_value(&r)))
        return COHL_OK;
    return cohl_fail(err, COHL_ERR_FORMAT, "%s: byte %zu of its list of tensors is no literal", name, r.at);
}
