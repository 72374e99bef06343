/* fuzz_tokenizer.c - a tokenizer.json from outside: refused, or it splits any text. */
#include <stddef.h>
#include <stdint.h>

#include "model/tokenizer_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "a film \xC3\xA9t\xC3\xA9 \xE5\xA4\xA9 \xF0\x9F\x8E\xAC of a cat";
    tokenizer_json *t;
    int32_t id[64];
    cohl_error err;
    if (!tokenizer_json_parse(&t, "fuzz", (const char *)data, size, &err))
        tokenizer_json_encode(t, text, id, 64);
    tokenizer_json_close(t);
    return 0;
}
