/* container.h - where a manifest store stands: inside a file, or in a file beside it.
 *
 *     MP4, MOV    a uuid box on top level           (BMFF hash)
 *     PNG         a caBX chunk                      (data hash)
 *     JPEG        APP11 segments; read only         (data hash)
 *     any other   FILE.c2pa beside it, whole store  (data hash over the whole file)       */
#ifndef COHL_PROVENANCE_CONTAINER_H
#define COHL_PROVENANCE_CONTAINER_H

#include "base/text.h"
#include "provenance/hash.h"

typedef enum cohl_container_kind {
    COHL_CONTAINER_OTHER,
    COHL_CONTAINER_BMFF,
    COHL_CONTAINER_PNG,
    COHL_CONTAINER_JPEG,
} cohl_container_kind;

cohl_container_kind cohl_container_kind_of(const uint8_t *file, size_t size);

/* "video/mp4", "image/png", ... by the bytes; "application/octet-stream" for others. */
const char *cohl_container_mime(const uint8_t *file, size_t size);

/* A store found in a file. owned is free()d by the caller; bytes point into it or into file. */
typedef struct cohl_store_bytes {
    cohl_bytes  bytes;         /* data NULL: there is none          */
    uint8_t    *owned;
    const char *broken;        /* why the file cannot be read, or NULL: a sentence's end */
} cohl_store_bytes;

/* Look inside. Memory being out shows as `broken`. */
cohl_store_bytes cohl_container_find(const uint8_t *file, size_t size);

/* ---- write: a file with room for a store ------------------------------------- */

/* A file that is being signed, as pieces of the old one and new bytes between them. */
typedef struct cohl_layout cohl_layout;

/* xmp: a packet that goes in as the plain tag (base/text is enough: UTF-8), or NULL.
 * file is borrowed until free.
 *
 * COHL_ERR_FORMAT       the file is broken
 * COHL_ERR_ARGUMENT     it carries credentials already
 * COHL_ERR_UNSUPPORTED  of a kind that holds none (cohl_container_kind_of: OTHER, JPEG), or
 *                       made of fragments */
cohl_status cohl_layout_new(cohl_layout **out, const uint8_t *file, size_t size, const char *xmp, const char *name,
                            cohl_error *err);
void cohl_layout_free(cohl_layout *layout);

/* Make room for a store of so many bytes: places of all that follows are known now.
 * COHL_ERR_UNSUPPORTED  a place does not fit its 32 bits any more */
cohl_status cohl_layout_place(cohl_layout *layout, size_t store_size, cohl_error *err);

/* What the hard binding sums, with the room as placed: the whole file but for what
 * cohl_layout_binding's exclusions leave out. */
cohl_hash cohl_layout_sum(const cohl_layout *layout, const char *alg);

/* Append the hard binding's assertion; *label is its name ("c2pa.hash.bmff.v3"). */
void cohl_layout_binding(const cohl_layout *layout, cohl_text *out, const char *alg, const cohl_hash *hash,
                         const char **label);

/* Hand out the finished file in order. store has the size that was placed. */
typedef cohl_status cohl_layout_put_fn(void *user, const void *data, size_t size, cohl_error *err);
cohl_status cohl_layout_write(const cohl_layout *layout, const void *store, cohl_layout_put_fn *put, void *user,
                              cohl_error *err);

#endif
