/* digest.h - SHA-256 (FIPS 180-4) of bytes and files, in hex.
 *
 *     cohl_digest *digest = cohl_digest_new();
 *     cohl_digest_add(digest, data, size);
 *     cohl_digest_text text = cohl_digest_end(digest);      frees it
 *     puts(text.hex);
 */
#ifndef COHL_MEDIA_DIGEST_H
#define COHL_MEDIA_DIGEST_H

#include <stddef.h>

#include "base/status.h"

typedef struct cohl_digest cohl_digest;
typedef struct cohl_digest_text { char hex[65]; } cohl_digest_text;   /* small letters, or "" */

/* NULL when memory is out. */
cohl_digest *cohl_digest_new(void);
void cohl_digest_add(cohl_digest *digest, const void *data, size_t size);
/* The digest of all that was added; digest is freed and may be NULL, which gives "". */
cohl_digest_text cohl_digest_end(cohl_digest *digest);

/* Of a whole file of any size. COHL_ERR_IO when it cannot be read. */
cohl_status cohl_digest_file(cohl_digest_text *out, const char *path, cohl_error *err);

#endif
