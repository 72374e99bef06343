/* still_plain.c - reading pictures in a build without FFmpeg: refused in a sentence. */
#include "media/still.h"

cohl_status cohl_still_decode(cohl_frame **out, const uint8_t *data, size_t size,
                              const char *name, cohl_error *err)
{
    *out = NULL;
    return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: this build cannot read pictures; "
                     "it was made with -Dprofile=train, without FFmpeg", name);
}

cohl_status cohl_still_read(cohl_frame **out, const char *path, cohl_error *err)
{
    return cohl_still_decode(out, NULL, 0, path, err);
}
