/* fuzz_weights.c - any bytes as a file of weights of any format: GGUF, PyTorch's archive, safetensors.
 *
 * What opens must be sound: sorted, each name once, and of every tensor the
 * first and the last values can be read. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "weights/network.h"
#include "weights/weights.h"

enum { CHUNK = 300 };

static void read_ends(const cohl_weight *weight)
{
    float values[CHUNK];
    size_t n = weight->count < CHUNK ? weight->count : CHUNK;
    cohl_weight_read_f32(weight, 0, n, values);
    cohl_weight_read_f32(weight, weight->count - n, n, values);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    cohl_weights *weights = NULL;
    cohl_error err = { 0 };
    cohl_status st = cohl_weights_parse(&weights, "fuzz", bytes, size, &err);
    if (st) {
        assert(err.text[0] && err.status == st);
        return 0;
    }
    for (size_t i = 0; i < cohl_weights_count(weights); i++) {
        const cohl_weight *w = cohl_weights_at(weights, i);
        assert(!i || strcmp(cohl_weights_at(weights, i - 1)->name, w->name) < 0);
        assert(cohl_weights_find(weights, w->name) == w);
        read_ends(w);
    }
    cohl_network_identify(weights);
    cohl_weights_close(weights);
    return 0;
}
