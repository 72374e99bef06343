/* fuzz_trace.c - what is kept of a protected picture, read back and listed. */
#include <stddef.h>
#include <stdint.h>

#include "protect/gallery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cohl_picture_trace trace;
    cohl_gallery *gallery;
    if (cohl_picture_trace_read(&trace, data, size, NULL))
        return 0;
    if (!cohl_gallery_new(&gallery, NULL)) {
        if (!cohl_gallery_add(gallery, 1, &trace, NULL))
            cohl_gallery_close_list(gallery, NULL);
        cohl_gallery_free(gallery);
    }
    cohl_picture_trace_free(&trace);
    return 0;
}
