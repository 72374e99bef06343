/* digest.h - SHA-256 of bytes, of files and of folders (FIPS 180-4; OpenSSL's).
 *
 *     cohl_digest *digest;
 *     if ((st = cohl_digest_begin(&digest, err))) return st;
 *     cohl_digest_add(digest, data, size);
 *     cohl_digest_end(digest, bytes);
 *
 * In full builds only. */
#ifndef COHL_BASE_DIGEST_H
#define COHL_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { COHL_DIGEST_BYTES = 32, COHL_DIGEST_HEX = 65 };   /* the latter with its zero */

typedef struct cohl_digest cohl_digest;

cohl_status cohl_digest_begin(cohl_digest **out, cohl_error *err);
void        cohl_digest_add(cohl_digest *digest, const void *data, size_t size);
/* Writes the sum and frees. bytes may be NULL: only free; so may digest. */
void        cohl_digest_end(cohl_digest *digest, uint8_t bytes[COHL_DIGEST_BYTES]);

void cohl_digest_hex(char out[COHL_DIGEST_HEX], const uint8_t bytes[COHL_DIGEST_BYTES]);

/* All at once, as lower-case hex. */
cohl_status cohl_digest_bytes(char out[COHL_DIGEST_HEX], const void *data, size_t size, cohl_error *err);
cohl_status cohl_digest_file(char out[COHL_DIGEST_HEX], const char *path, cohl_error *err);

/* Of a folder: the digest of the lines "HEX  relative/path\n" of all regular files in it, in
 * byte order of their paths; links count as what they point to, names that begin with a dot are
 * left out. What
 *     find -L * -type f | LC_ALL=C sort | xargs sha256sum | sha256sum
 * says inside it. */
cohl_status cohl_digest_folder(char out[COHL_DIGEST_HEX], const char *path, cohl_error *err);

/* The same, when the caller knows files' digests: fn is asked instead of cohl_digest_file. */
typedef cohl_status cohl_digest_file_fn(void *user, char out[COHL_DIGEST_HEX], const char *path, cohl_error *err);
cohl_status cohl_digest_folder_by(char out[COHL_DIGEST_HEX], const char *path, cohl_digest_file_fn *fn, void *user,
                                  cohl_error *err);

#endif
