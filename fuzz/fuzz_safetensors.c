/* fuzz_safetensors.c - any bytes as a safetensors file.
 *
 * The first byte chooses: an even one takes the rest as the whole file; an odd
 * one takes it as the header, under a right length and before 64 bytes of data,
 * so that mutations reach the JSON and not only the length in front of it.
 * What opens must be sound: every value is read, and what is found by position
 * is found by name. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "weights/safetensors.h"

enum { LENGTH_BYTES = 8, DATA_BYTES = 64, CHUNK = 256 };

static void read_all(const cohl_weight *weight)
{
    float values[CHUNK];
    for (size_t first = 0; first < weight->count; first += CHUNK) {
        size_t left = weight->count - first;
        cohl_weight_read_f32(weight, first, left < CHUNK ? left : CHUNK, values);
    }
}

static void try_file(const uint8_t *bytes, size_t size)
{
    cohl_safetensors *file = NULL;
    cohl_error err = { 0 };
    cohl_status st = cohl_safetensors_parse(&file, "fuzz", bytes, size, &err);
    if (st) {
        assert(err.text[0] && err.status == st);
        return;
    }
    for (size_t i = 0; i < cohl_safetensors_count(file); i++) {
        const cohl_weight *weight = cohl_safetensors_at(file, i);
        assert(cohl_safetensors_find(file, weight->name) == weight);
        read_all(weight);
    }
    cohl_safetensors_metadata(file, "format");
    cohl_safetensors_close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    bool bare = bytes[0] % 2 != 0;
    bytes++, size--;
    if (!bare) {
        try_file(bytes, size);
        return 0;
    }
    uint8_t *whole = calloc(1, LENGTH_BYTES + size + DATA_BYTES);
    if (!whole)
        return 0;
    for (int i = 0; i < LENGTH_BYTES; i++)
        whole[i] = (uint8_t)((uint64_t)size >> (8 * i));
    memcpy(whole + LENGTH_BYTES, bytes, size);
    try_file(whole, LENGTH_BYTES + size + DATA_BYTES);
    free(whole);
    return 0;
}
