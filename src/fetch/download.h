/* download.h - one file by HTTP: resumed where it was cut, checked before it gets its name.
 *
 *     cohl_download(&(cohl_download_params){ .url = url, .path = "model.safetensors" }, &done, err);
 *
 * What has come lies in PATH.partial until it is whole and its SHA-256 is right;
 * a cut connection leaves that, and the next call asks only for the rest. Beside
 * it PATH.partial.tag keeps the server's word for which version it was, so that
 * two versions are never mixed. While a download is at work PATH.partial.lock is
 * locked: a second one of the same file says so and ends.
 *
 * The sum is compared with the caller's, where the caller has one, and with the
 * one that the server publishes: Hugging Face and its mirrors send it as
 * X-Linked-ETag for large files. Where there is neither, `done.checked` is false:
 * only the length was compared.
 *
 * No call is made that the caller did not ask for. In full builds only. */
#ifndef COHL_FETCH_DOWNLOAD_H
#define COHL_FETCH_DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct cohl_download_params {
    const char *url, *path;
    const char *sha256;        /* what it must be, as hex; NULL: not known */
    int         tries;         /* after a cut, so many in all; 0 = 5       */
    /* While it comes: bytes so far and in all (0: not told). May be NULL. */
    void      (*progress)(void *user, int64_t bytes, int64_t all);
    void       *user;
    const volatile bool *cancel;      /* NULL, or: stop when it becomes true; what has come stays */
} cohl_download_params;

typedef struct cohl_downloaded {
    int64_t bytes;
    bool    checked;           /* its SHA-256 was known and is right */
    char    sha256[65];
} cohl_downloaded;

/* COHL_ERR_IO         no such file there, no connection, cut too often (what came stays); disk full;
 *                     another download of it is at work
 * COHL_ERR_FORMAT     another sum or another length than promised: what came is removed
 * COHL_ERR_CANCELLED  asked to stop */
cohl_status cohl_download(const cohl_download_params *params, cohl_downloaded *done, cohl_error *err);

#endif
