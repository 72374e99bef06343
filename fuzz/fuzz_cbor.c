/* fuzz_cbor.c - any bytes, taken for CBOR, a signature and a hard binding. */
#include <stddef.h>
#include <stdint.h>

#include "provenance/cose.h"
#include "provenance/describe.h"
#include "provenance/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cohl_cose cose;
    bool wider;
    time_t at;
    cbor_item_t *item = cohl_cbor_read(data, size);
    if (item) {
        json_decref(cohl_cbor_json(item));
        cohl_binding_data(item, "sha256", data, size);
        cohl_binding_bmff(item, 3, "sha256", data, size, &wider);
    }
    cohl_cbor_free(item);
    if (cohl_cose_open(&cose, data, size)) {
        cohl_cose_signed(&cose, data, size);
        cohl_cose_stamp(&cose, data, size, &at);
        cohl_cose_close(&cose);
    }
    return 0;
}
