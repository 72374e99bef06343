/* deflate.h - pack bytes as a zlib stream (RFC 1950, RFC 1951).
 *
 * Our own, so a picture has the same bytes with whatever libraries a machine
 * has, and the training build needs none. Packing only: reading pictures is
 * FFmpeg's. */
#ifndef COHL_MEDIA_DEFLATE_H
#define COHL_MEDIA_DEFLATE_H

#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

/* Append the packed stream of data[size] to out.
 * COHL_ERR_MEMORY  no room; out is then of no use. */
cohl_status cohl_deflate(cohl_text *out, const uint8_t *data, size_t size, cohl_error *err);

#endif
