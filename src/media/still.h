/* still.h - single pictures in and out.
 *
 *     cohl_frame *frame;
 *     if ((st = cohl_still_read(&frame, "start.jpg", err))) return st;
 *     st = cohl_still_write("copy.png", frame, NULL, 0, err);
 *     cohl_frame_free(frame);
 *
 * Reads PNG, JPEG, WebP, BMP and PPM, told apart by their bytes, never by their
 * name. Turned as a JPEG's Exif orientation says; what is transparent shows
 * white. A build without FFmpeg (-Dprofile=train) only writes: its read and
 * decode answer COHL_ERR_UNSUPPORTED.
 *
 * Writes PNG (RGB, 8 bits, marked sRGB) whose bytes depend on the pixels and
 * tags alone: packing is our own, so it is the same with every library. */
#ifndef COHL_MEDIA_STILL_H
#define COHL_MEDIA_STILL_H

#include <stdbool.h>

#include "base/text.h"
#include "media/frame.h"
#include "media/tag.h"

/* COHL_ERR_IO      the file cannot be opened or is larger than 256 MiB
 * COHL_ERR_FORMAT  not a picture, broken, or larger than COHL_FRAME_*_MAX */
cohl_status cohl_still_read(cohl_frame **out, const char *path, cohl_error *err);

/* Does the file begin as one of these pictures does? */
bool cohl_still_begins(const char *path);

/* The same from memory; name is what an error sentence calls it. */
cohl_status cohl_still_decode(cohl_frame **out, const uint8_t *data, size_t size,
                              const char *name, cohl_error *err);

/* Write a PNG, beside and renamed (base/file.h). Tags become iTXt chunks: keys of
 * 1..79 printable ASCII letters, values UTF-8. tags may be NULL when count is 0. */
cohl_status cohl_still_write(const char *path, const cohl_frame *frame, const cohl_tag *tags,
                             int tag_count, cohl_error *err);

/* Append the bytes of that PNG to out. */
cohl_status cohl_still_encode(cohl_text *out, const cohl_frame *frame, const cohl_tag *tags,
                              int tag_count, cohl_error *err);

/* Append to tags every uncompressed iTXt and tEXt chunk of a PNG in memory; bytes
 * that are not a whole PNG give what stands before the break. */
cohl_status cohl_still_tags(cohl_tags *tags, const uint8_t *data, size_t size, cohl_error *err);

/* The checksum of a PNG's chunk: over its type and data (W3C PNG, section 5.5). */
uint32_t cohl_png_crc(const uint8_t *data, size_t size);

#endif
