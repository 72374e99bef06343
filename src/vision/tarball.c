/* tarball.c - a package as registries send it. */
#include "vision/tarball.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { BLOCK = 512, STEP = 4 << 20 };

/* ---- gzip ------------------------------------------------------------------ */

static cohl_status grow(cohl_tarball *t, size_t *room, cohl_error *err)
{
    if (t->size < *room)
        return COHL_OK;
    if (*room >= COHL_TARBALL_BYTES_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: unpacks to more than %d MB", t->name, COHL_TARBALL_BYTES_MAX >> 20);
    *room = *room ? *room * 2 : STEP;
    uint8_t *more = realloc(t->data, *room);
    if (!more)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to unpack it", t->name);
    t->data = more;
    return COHL_OK;
}

cohl_status cohl_tarball_open(cohl_tarball *t, const char *name, const void *bytes, size_t size, cohl_error *err)
{
    z_stream zip = { .next_in = (Bytef *)bytes, .avail_in = (uInt)size };
    size_t room = 0;
    cohl_status st = COHL_OK;
    int state = Z_OK;
    *t = (cohl_tarball){ .name = strdup(name) };
    if (!t->name || inflateInit2(&zip, 15 + 16) != Z_OK) {
        free(t->name);
        *t = (cohl_tarball){ 0 };
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to unpack it", name);
    }
    if (size > COHL_TARBALL_BYTES_MAX)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: is larger than %d MB", name, COHL_TARBALL_BYTES_MAX >> 20);
    while (!st && state == Z_OK && !(st = grow(t, &room, err))) {
        zip.next_out = t->data + t->size;
        zip.avail_out = (uInt)(room - t->size);
        state = inflate(&zip, Z_NO_FLUSH);
        t->size = room - zip.avail_out;
    }
    inflateEnd(&zip);
    if (!st && state != Z_STREAM_END)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: %s", name, state == Z_BUF_ERROR ? "is cut: the packed bytes end too early"
                                                                                  : "is not packed with gzip, or damaged");
    if (st)
        cohl_tarball_close(t);
    return st;
}

void cohl_tarball_close(cohl_tarball *t)
{
    free(t->name);
    free(t->data);
    *t = (cohl_tarball){ 0 };
}

/* ---- tar ------------------------------------------------------------------- */

/* Where fields of a header stand, and their widths. */
enum { NAME_BYTES = 100, SIZE_AT = 124, SIZE_BYTES = 12, SUM_AT = 148, SUM_BYTES = 8, TYPE_AT = 156, PREFIX_AT = 345,
       PREFIX_BYTES = 155 };

static bool read_octal(uint64_t *out, const uint8_t *field, int bytes)
{
    int at = 0, digits = 0;
    *out = 0;
    while (at < bytes && field[at] == ' ')
        at++;
    for (; at < bytes && field[at] >= '0' && field[at] <= '7'; at++, digits++)
        *out = *out << 3 | (uint64_t)(field[at] - '0');
    return digits && (at == bytes || field[at] == ' ' || !field[at]);
}

/* The sum of all bytes of the header, its own field as spaces. */
static bool sum_is_right(const uint8_t *header)
{
    uint64_t told, sum = 0;
    for (int i = 0; i < BLOCK; i++)
        sum += i >= SUM_AT && i < SUM_AT + SUM_BYTES ? ' ' : header[i];
    return read_octal(&told, header + SUM_AT, SUM_BYTES) && told == sum;
}

/* The header's path, prefix and all, without the first folder, is this one. */
static bool is_called(const uint8_t *header, const char *path)
{
    char full[PREFIX_BYTES + 1 + NAME_BYTES + 1] = "";
    if (!memcmp(header + 257, "ustar", 5) && header[PREFIX_AT]) {
        memcpy(full, header + PREFIX_AT, PREFIX_BYTES);
        strcat(full, "/");
    }
    strncat(full, (const char *)header, NAME_BYTES);
    const char *slash = strchr(full, '/');
    return slash && !strcmp(slash + 1, path);
}

cohl_status cohl_tarball_find(const cohl_tarball *t, const char *path, const uint8_t **data, size_t *size, cohl_error *err)
{
    uint64_t count;
    for (size_t at = 0; at + BLOCK <= t->size && t->data[at]; at += BLOCK + (size_t)(count + BLOCK - 1) / BLOCK * BLOCK) {
        const uint8_t *header = t->data + at;
        if (!sum_is_right(header) || !read_octal(&count, header + SIZE_AT, SIZE_BYTES) || count > t->size - at - BLOCK)
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: is no tar archive, or damaged at byte %zu", t->name, at);
        if ((header[TYPE_AT] == '0' || !header[TYPE_AT]) && is_called(header, path)) {
            *data = header + BLOCK;
            *size = (size_t)count;
            return COHL_OK;
        }
    }
    return cohl_fail(err, COHL_ERR_FORMAT, "%s: holds no %s", t->name, path);
}
