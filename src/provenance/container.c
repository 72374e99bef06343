/* container.c - find a manifest store in a file. */
#include "provenance/container.h"

#include <stdlib.h>
#include <string.h>

#include "provenance/jumbf.h"

static const uint8_t png_signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

cohl_container_kind cohl_container_kind_of(const uint8_t *file, size_t size)
{
    if (size >= 12 && !memcmp(file + 4, "ftyp", 4))
        return COHL_CONTAINER_BMFF;
    if (size >= 8 && !memcmp(file, png_signature, 8))
        return COHL_CONTAINER_PNG;
    if (size >= 3 && file[0] == 0xff && file[1] == 0xd8 && file[2] == 0xff)
        return COHL_CONTAINER_JPEG;
    return COHL_CONTAINER_OTHER;
}

const char *cohl_container_mime(const uint8_t *file, size_t size)
{
    switch (cohl_container_kind_of(file, size)) {
    case COHL_CONTAINER_BMFF: return !memcmp(file + 8, "qt", 2) ? "video/quicktime" : "video/mp4";
    case COHL_CONTAINER_PNG:  return "image/png";
    case COHL_CONTAINER_JPEG: return "image/jpeg";
    default:
        if (size >= 4 && !memcmp(file, "\x1a\x45\xdf\xa3", 4)) return "video/webm";
        if (size >= 4 && !memcmp(file, "GIF8", 4))             return "image/gif";
        return "application/octet-stream";
    }
}

/* uuid, version and flags, a purpose that ends with zero, 8 bytes of offset, the store. */
static cohl_store_bytes find_in_bmff(const uint8_t *file, size_t size)
{
    enum { UUID = 16, FULL = 4, OFFSET = 8 };
    cohl_store_bytes found = { 0 };
    const uint8_t *at = file;
    cohl_box box;
    bool seen = false;
    int got;
    if (!cohl_be32(file)) {
        found.broken = "its first box says no size";
        return found;
    }
    while ((got = cohl_box_next(&box, &at, file + size)) == 1) {
        if (strcmp(box.type, "uuid") || box.size < UUID + FULL + 1 || memcmp(box.data, cohl_bmff_c2pa_uuid, UUID))
            continue;
        seen = true;
        const uint8_t *purpose = box.data + UUID + FULL, *end = box.data + box.size;
        const uint8_t *zero = memchr(purpose, 0, (size_t)(end - purpose));
        if (!zero || (strcmp((const char *)purpose, "manifest") && strcmp((const char *)purpose, "original")))
            continue;
        if (found.bytes.data) {
            found.broken = "it holds more than one manifest store";
            return found;
        }
        if (end - zero - 1 < OFFSET) {
            found.broken = "the box of its manifest store is cut";
            return found;
        }
        found.bytes = (cohl_bytes){ zero + 1 + OFFSET, (size_t)(end - zero - 1 - OFFSET) };
    }
    if (seen && !found.bytes.data)
        found.broken = "the box of its manifest store holds none";
    if (got < 0)
        found.broken = "a box of it has a size that cannot be";
    return found;
}

static cohl_store_bytes find_in_png(const uint8_t *file, size_t size)
{
    cohl_store_bytes found = { 0 };
    size_t at = sizeof png_signature;
    bool ended = false;
    while (!ended && size - at >= 12) {
        size_t length = cohl_be32(file + at);
        if (length > size - at - 12) {
            found.broken = "a chunk of it goes past its end";
            return found;
        }
        if (cohl_utf8_check((const char *)file + at + 4, 4) < 4) {
            found.broken = "a chunk of it has a name that is no text";
            return found;
        }
        if (!memcmp(file + at + 4, "caBX", 4)) {
            if (found.bytes.data) {
                found.broken = "it holds more than one manifest store";
                return found;
            }
            found.bytes = (cohl_bytes){ file + at + 8, length };
        }
        ended = !memcmp(file + at + 4, "IEND", 4);
        at += length + 12;
    }
    if (!ended)
        found.broken = "it ends before its last chunk";
    return found;
}

/* A segment of JUMBF: "JP", which box, which part of it, and the box's first 8 bytes each time
 * (ISO/IEC 19566-5, annex D). Parts come in order. */
typedef struct jpeg_parts {
    cohl_text all;
    int       instance;      /* of the box whose parts are taken, -1: none yet */
} jpeg_parts;

static void take_part(jpeg_parts *parts, const uint8_t *data, size_t size)
{
    enum { MARK = 2, INSTANCE = 2, NUMBER = 4, BOX_HEAD = 8 };
    if (size < MARK + INSTANCE + NUMBER + BOX_HEAD || memcmp(data, "JP", MARK))
        return;
    int instance = data[2] << 8 | data[3];
    uint32_t number = cohl_be32(data + 4);
    const uint8_t *box = data + MARK + INSTANCE + NUMBER;
    size_t left = size - MARK - INSTANCE - NUMBER;
    if (number == 1 && parts->instance < 0 && left >= 29 && !memcmp(box + 4, "jumb", 4) && !memcmp(box + 16, "c2pa", 4))
        parts->instance = instance;
    else if (instance == parts->instance)
        box += BOX_HEAD, left -= BOX_HEAD;
    else
        return;
    cohl_text_add_bytes(&parts->all, box, left);
}

static cohl_store_bytes find_in_jpeg(const uint8_t *file, size_t size)
{
    enum { APP11 = 0xeb, START_OF_SCAN = 0xda, END = 0xd9 };
    cohl_store_bytes found = { 0 };
    jpeg_parts parts = { .instance = -1 };
    size_t at = 2;
    while (size - at >= 4 && file[at] == 0xff && file[at + 1] != START_OF_SCAN && file[at + 1] != END) {
        size_t length = (size_t)file[at + 2] << 8 | file[at + 3];
        if (length < 2 || length > size - at - 2) {
            found.broken = "a segment of it goes past its end";
            break;
        }
        if (file[at + 1] == APP11)
            take_part(&parts, file + at + 4, length - 2);
        at += length + 2;
    }
    if (parts.all.failed) {
        found.broken = "there is no memory for its manifest store";
        cohl_text_free(&parts.all);
    } else if (parts.all.data) {
        found.owned = (uint8_t *)parts.all.data;
        found.bytes = (cohl_bytes){ found.owned, parts.all.size };
    }
    return found;
}

cohl_store_bytes cohl_container_find(const uint8_t *file, size_t size)
{
    switch (cohl_container_kind_of(file, size)) {
    case COHL_CONTAINER_BMFF: return find_in_bmff(file, size);
    case COHL_CONTAINER_PNG:  return find_in_png(file, size);
    case COHL_CONTAINER_JPEG: return find_in_jpeg(file, size);
    default:                  return (cohl_store_bytes){ 0 };
    }
}
