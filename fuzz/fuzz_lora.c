/* fuzz_lora.c - any bytes as a LoRA file, laid over a model of two matrices. What is laid over is read. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "weights/lora.h"

enum { HEADER_MAX = 256, FILE_BYTES = 8 + HEADER_MAX + 4 * (2 * 4 + 2 + 6) };

/* blocks.0.self_attn.q [2, 4] with a bias, blocks.0.modulation [1, 6]. */
static cohl_weights *model(uint8_t *file)
{
    static const char header[] =
        "{\"blocks.0.self_attn.q.weight\":{\"dtype\":\"F32\",\"shape\":[2,4],\"data_offsets\":[0,32]},"
        "\"blocks.0.self_attn.q.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[32,40]},"
        "\"blocks.0.modulation\":{\"dtype\":\"F32\",\"shape\":[1,6],\"data_offsets\":[40,64]}}";
    cohl_weights *weights = NULL;
    _Static_assert(sizeof header < HEADER_MAX, "the header fits");
    memset(file, 0, FILE_BYTES);
    memset(file + 8, ' ', HEADER_MAX);
    file[1] = HEADER_MAX >> 8;
    memcpy(file + 8, header, sizeof header - 1);
    cohl_status st = cohl_weights_parse(&weights, "model", file, FILE_BYTES, NULL);
    assert(!st);
    return weights;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint8_t file[FILE_BYTES];
    float values[8];
    cohl_weights *weights;
    cohl_lora *lora = NULL;
    cohl_error err = { 0 };
    cohl_status st = cohl_lora_parse(&lora, "fuzz", bytes, size, &err);
    if (st) {
        assert(err.text[0] && err.status == st);
        return 0;
    }
    weights = model(file);
    st = cohl_lora_apply(weights, lora, 0.5f, &err);
    assert(!st || err.text[0]);
    cohl_lora_close(lora);
    for (size_t i = 0; i < cohl_weights_count(weights); i++)
        cohl_weight_read_f32(cohl_weights_at(weights, i), 0, cohl_weights_at(weights, i)->count, values);
    cohl_weights_close(weights);
    return 0;
}
