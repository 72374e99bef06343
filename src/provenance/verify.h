/* verify.h - the credentials of a file, found and checked.
 *
 *     cohl_trust trust = { 0 };
 *     cohl_verification v;
 *     cohl_trust_add(&trust, "root.pem", err);
 *     if ((st = cohl_verify(&v, "film.mp4", &trust, err))) return st;
 *     if (v.findings.verdict == COHL_TRUSTED) ...
 *     cohl_verification_free(&v);
 */
#ifndef COHL_PROVENANCE_VERIFY_H
#define COHL_PROVENANCE_VERIFY_H

#include "provenance/validate.h"

typedef struct cohl_verification {
    cohl_findings findings;
    const char   *mime;        /* of the file, by its bytes                           */
    char         *beside;      /* the file where the credentials stand; NULL: inside  */
} cohl_verification;

/* Looks inside the file, then for FILE.c2pa beside it. A file without credentials is a verdict
 * (COHL_NO_CREDENTIALS), as is a broken one (COHL_INVALID, with a finding that says where).
 *
 * COHL_ERR_IO, COHL_ERR_FORMAT  the file cannot be opened; is no regular file; is a .c2pa itself */
cohl_status cohl_verify(cohl_verification *out, const char *path, const cohl_trust *trust, cohl_error *err);
/* What a film's record keeps of its credentials: the whole store, new memory, and the label of
 * its active manifest. path: a signed file, or a store of its own. False: there is none. */
bool cohl_verify_keep(const char *path, uint8_t **store, size_t *size, char label[256]);

void cohl_verification_free(cohl_verification *verification);

#endif
