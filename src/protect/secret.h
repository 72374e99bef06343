/* secret.h - bytes that are kept encrypted: the numbers of faces.
 *
 * AES-256-GCM (NIST SP 800-38D) under a key of 32 random bytes in the user's key folder, "keys/faces.key" of base/home.h,
 * mode 0600, made at the first use. A copy of the ledger alone - a backup, a file sent for help, a
 * disk that went out with the database on it - tells nothing without that key. Against who can read the user's
 * own files, key included, it protects nothing. Removing the key makes all that is kept under it unreadable for good. */
#ifndef COHL_PROTECT_SECRET_H
#define COHL_PROTECT_SECRET_H

#include "base/status.h"
#include "base/text.h"

/* Append the encrypted bytes. purpose goes into the check: what was kept as one thing does not open as another.
 * COHL_ERR_IO  the key cannot be made or read   COHL_ERR_FORMAT  it is no key */
cohl_status cohl_secret_seal(cohl_text *out, const char *purpose, const void *data, size_t size, cohl_error *err);

/* The bytes again, appended. COHL_ERR_FORMAT: they were changed, cut, kept for another purpose or under another key. */
cohl_status cohl_secret_open(cohl_text *out, const char *purpose, const void *sealed, size_t size, cohl_error *err);

#endif
