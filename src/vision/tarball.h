/* tarball.h - a package as registries send it: a tar archive (POSIX.1-1988, ustar), packed with gzip.
 *
 *     cohl_tarball tarball;
 *     if ((st = cohl_tarball_open(&tarball, "nsfwjs-4.4.0.tgz", bytes, size, err))) return st;
 *     st = cohl_tarball_find(&tarball, "dist/model.js", &data, &count, err);
 *     cohl_tarball_close(&tarball);
 *
 * Unpacked into memory, nothing onto the disk; so no path of it can lead anywhere. */
#ifndef COHL_VISION_TARBALL_H
#define COHL_VISION_TARBALL_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* What a package may unpack to. */
enum { COHL_TARBALL_BYTES_MAX = 256 << 20 };

typedef struct cohl_tarball {
    char    *name;                   /* for sentences */
    uint8_t *data;
    size_t   size;
} cohl_tarball;

/* COHL_ERR_FORMAT  not gzip, cut, or larger than COHL_TARBALL_BYTES_MAX */
cohl_status cohl_tarball_open(cohl_tarball *out, const char *name, const void *bytes, size_t size, cohl_error *err);
void cohl_tarball_close(cohl_tarball *tarball);

/* The regular file whose path, without its first folder, is `path`; the bytes are the tarball's.
 * COHL_ERR_FORMAT  there is none, or the archive is broken before it */
cohl_status cohl_tarball_find(const cohl_tarball *tarball, const char *path, const uint8_t **data, size_t *size,
                              cohl_error *err);

#endif
