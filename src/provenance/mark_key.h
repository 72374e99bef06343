/* mark_key.h - the keys of the two marks, and what a key decides.
 *
 * The public key stands in the source: any Cohl finds it, anyone can forge or remove it.
 * A private key is an installation's own, 32 random bytes in a file of the user's key
 * folder: "1.key", "2.key", ... The highest number marks; all of them are looked for, so a
 * key that was replaced still finds its films.
 *
 * Everything comes from a key through one pseudo-random function: block n of a label is
 * HMAC-SHA-256(key, label || n), n as eight bytes, big-endian. */
#ifndef COHL_PROVENANCE_MARK_KEY_H
#define COHL_PROVENANCE_MARK_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { COHL_MARK_KEY_BYTES = 32, COHL_MARK_KEYS_MAX = 64, COHL_MARK_ID_BITS = 40, COHL_MARK_ID_HEX = 11 };

typedef struct cohl_mark_key {
    uint8_t secret[COHL_MARK_KEY_BYTES];
    int     number;                        /* of its file; 0: the public key */
} cohl_mark_key;

extern const cohl_mark_key cohl_mark_public;

/* The keys of an installation, newest first. */
typedef struct cohl_mark_keys {
    cohl_mark_key key[COHL_MARK_KEYS_MAX];
    int           count;
    bool          exposed;                 /* a file of them can be read by other users */
} cohl_mark_keys;

/* The user's folder of these keys, "keys/marks" of base/home.h, in new memory; free() it. */
cohl_status cohl_mark_keys_folder(char **out, cohl_error *err);

/* All keys of a folder; a folder that is not there has none.
 * COHL_ERR_FORMAT  a key file is broken */
cohl_status cohl_mark_keys_load(cohl_mark_keys *keys, const char *folder, cohl_error *err);

/* Add a key of fresh random bytes, mode 0600, and put it first: the next film is marked with it. */
cohl_status cohl_mark_keys_add(cohl_mark_keys *keys, const char *folder, cohl_error *err);

/* Load; if there is none, make the first. */
cohl_status cohl_mark_keys_need(cohl_mark_keys *keys, const char *folder, cohl_error *err);

/* size bytes of the function above. */
void cohl_mark_stream(const cohl_mark_key *key, const char *label, uint8_t *out, size_t size);

/* A film's identifier: the first 40 bits of HMAC-SHA-256(K, recipe), K = HMAC-SHA-256(key, "identifier"). The same
 * request under the same key has the same; without the key nobody can tell one from another. */
uint64_t cohl_mark_identifier(const cohl_mark_key *key, const char *recipe);
void cohl_mark_identifier_text(char out[COHL_MARK_ID_HEX], uint64_t identifier);

#endif
