/* onednn_none.c - a build without oneDNN: no type of factor is multiplied by it. */
#include "tensor/cpu/onednn.h"

#include <assert.h>

bool cohl_onednn_has(cohl_factor type) { return false; }
const char *cohl_onednn_version(void) { return NULL; }

const cohl_onednn_product *cohl_onednn_product_of(const cohl_onednn_shape *shape) { return NULL; }

const cohl_onednn_pack *cohl_onednn_pack_of(cohl_factor type, int64_t k, int64_t n, bool transposed)
{
    return NULL;
}

/* Nobody has a pack or a product to ask about. */
size_t cohl_onednn_packed_bytes(const cohl_onednn_pack *pack) { assert(!pack); return 0; }
size_t cohl_onednn_pack_scratch(const cohl_onednn_pack *pack) { assert(!pack); return 0; }
size_t cohl_onednn_scratch(const cohl_onednn_product *product) { assert(!product); return 0; }

void cohl_onednn_pack_run(const cohl_onednn_pack *pack, const void *b, void *packed, void *scratch)
{
    assert(!"there is no pack without oneDNN");
}

void cohl_onednn_multiply(const cohl_onednn_product *product, const void *a, const void *packed,
                          void *c, void *scratch)
{
    assert(!"there is no product without oneDNN");
}
