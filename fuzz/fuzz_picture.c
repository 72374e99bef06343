/* fuzz_picture.c - any bytes, taken for a picture: a frame or a refusal, never more. */
#include <stddef.h>
#include <stdint.h>

#include "media/still.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cohl_frame *frame;
    cohl_tags tags = { 0 };
    cohl_still_decode(&frame, data, size, "fuzz", NULL);
    cohl_still_tags(&tags, data, size, NULL);
    cohl_tags_free(&tags);
    cohl_frame_free(frame);
    return 0;
}
