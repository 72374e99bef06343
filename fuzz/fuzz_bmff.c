/* fuzz_bmff.c - any bytes, taken for a film or picture: its credentials are looked for and checked,
 * and room for others is laid out in it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "provenance/container.h"
#include "provenance/validate.h"

static cohl_status count(void *user, const void *data, size_t size, cohl_error *err)
{
    *(size_t *)user += size;
    return COHL_OK;
}

static void lay_out(const uint8_t *data, size_t size)
{
    static const uint8_t store[64];
    cohl_layout *layout;
    size_t written = 0;
    if (cohl_layout_new(&layout, data, size, "<xmp/>", "fuzz", NULL))
        return;
    if (!cohl_layout_place(layout, sizeof store, NULL)) {
        cohl_layout_sum(layout, "sha256");
        cohl_layout_write(layout, store, count, &written, NULL);
    }
    cohl_layout_free(layout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cohl_trust nobody = { 0 };
    cohl_findings findings;
    cohl_store_bytes found = cohl_container_find(data, size);
    if (found.bytes.data && !cohl_validate(&findings, found.bytes, data, size, &nobody, NULL))
        cohl_findings_free(&findings);
    free(found.owned);
    lay_out(data, size);
    return 0;
}
