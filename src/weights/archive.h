/* archive.h - the zip archive around a PyTorch file: named runs of bytes, read in place.
 *
 * Only what such a file needs: entries stored without compression, with the
 * 64-bit extension (APPNOTE.TXT 6.3, sections 4.3.6 to 4.3.16, 4.5.3). */
#ifndef COHL_WEIGHTS_ARCHIVE_H
#define COHL_WEIGHTS_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct cohl_archive_entry {
    char          *name;
    const uint8_t *data;
    size_t         size;
} cohl_archive_entry;

typedef struct cohl_archive {
    cohl_archive_entry *entry;      /* [count], by name */
    size_t              count;
} cohl_archive;

bool cohl_archive_is(const uint8_t *bytes, size_t size);

/* COHL_ERR_FORMAT       a cut archive, or a directory that points outside
 * COHL_ERR_UNSUPPORTED  a compressed or encrypted entry
 * bytes must outlive it; path is for sentences. */
cohl_status cohl_archive_parse(cohl_archive *out, const char *path, const uint8_t *bytes, size_t size, cohl_error *err);
void        cohl_archive_close(cohl_archive *archive);

const cohl_archive_entry *cohl_archive_find(const cohl_archive *archive, const char *name);

#endif
