/* fuzz_jumbf.c - any bytes, taken for a manifest store: a verdict, and that it is never trusted. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "provenance/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t file[] = "a file that it might be about";
    cohl_findings findings;
    cohl_trust nobody = { 0 };
    if (cohl_validate(&findings, (cohl_bytes){ data, size }, file, sizeof file, &nobody, NULL))
        return 0;
    if (findings.verdict == COHL_TRUSTED)
        abort();
    cohl_findings_free(&findings);
    return 0;
}
