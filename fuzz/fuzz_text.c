/* fuzz_text.c - any bytes as a word of the user.
 *
 * The UTF-8 check's answer must be the offset of a valid prefix, and the edit
 * distance of what is split at the first zero byte must obey its laws. As a path
 * it comes back from JSON byte for byte; as what stands there it may be anything. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

enum { WORD_MOST = 63 };    /* what the edit distance looks at */

static void measure(const char *bytes, size_t size)
{
    char a[WORD_MOST + 1] = { 0 }, b[WORD_MOST + 1] = { 0 };
    const char *cut = memchr(bytes, '\0', size);
    size_t left = cut ? (size_t)(cut - bytes) : size, right = cut ? size - left - 1 : 0;
    memcpy(a, bytes, left < WORD_MOST ? left : WORD_MOST);
    if (cut)
        memcpy(b, cut + 1, right < WORD_MOST ? right : WORD_MOST);
    int there = cohl_text_distance(a, b);
    size_t longer = strlen(a) > strlen(b) ? strlen(a) : strlen(b);
    assert(there == cohl_text_distance(b, a));
    assert(there >= 0 && (size_t)there <= longer);
    assert((there == 0) == (strcmp(a, b) == 0));
}

static void restore(const char *text, size_t size)
{
    char *path = strndup(text, size);
    json_t *json = json_object();
    assert(path && !json_object_set_new(json, "path", cohl_json_path(path)));
    if (!json_object_set_new(json, "any", json_string(path)))
        cohl_json_path_restore(json, "any");
    cohl_json_path_restore(json, "path");
    assert(!strcmp(json_string_value(json_object_get(json, "path")), path));
    json_decref(json);
    free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *text = (const char *)bytes;
    size_t valid = cohl_utf8_check(text, size);
    assert(valid <= size && cohl_utf8_check(text, valid) == valid);
    measure(text, size);
    restore(text, size);

    cohl_text copy = { 0 };
    cohl_text_add_bytes(&copy, text, size);
    assert(copy.failed || copy.size == size);
    cohl_text_free(&copy);
    return 0;
}
