/* cose.h - signatures: COSE_Sign1 (RFC 9052) as C2PA uses it (specification 2.2, section 13.2).
 *
 * The payload is detached: it is the claim. The signer's chain travels in the protected header
 * (x5chain, RFC 9360), the root left out. */
#ifndef COHL_PROVENANCE_COSE_H
#define COHL_PROVENANCE_COSE_H

#include "provenance/cbor.h"
#include "provenance/certificate.h"

/* An algorithm: constants of a table. */
typedef struct cohl_cose_alg {
    const char *name;       /* "es256" */
    int         number;     /* -7, in the registry of COSE */
    int         key;        /* EVP_PKEY_EC, ... */
    const char *hash;       /* "SHA256"; NULL: none */
    const char *group;      /* of EC keys: "prime256v1" */
    int         part;       /* bytes of r and of s; 0: not ECDSA */
    bool        pss;
} cohl_cose_alg;

/* What a key signs with; NULL for a key that C2PA does not know. */
const cohl_cose_alg *cohl_cose_alg_of(EVP_PKEY *key);

/* ---- write ------------------------------------------------------------------ */

/* Append the tagged COSE_Sign1 over claim. Its size depends on the chain alone. chain->key is set. */
cohl_status cohl_cose_sign(cohl_text *out, const cohl_chain *chain, const void *claim, size_t size, cohl_error *err);

/* ---- read ------------------------------------------------------------------- */

typedef struct cohl_cose {
    cbor_item_t         *tree, *header;     /* the four members; the protected header */
    cohl_bytes           protected_bytes, signature;
    const cohl_cose_alg *alg;               /* NULL: missing, or none we know  */
    cohl_chain           chain;             /* count 0: none that can be read  */
} cohl_cose;

/* False when data is no COSE_Sign1; nothing is to be freed then. */
bool cohl_cose_open(cohl_cose *out, const uint8_t *data, size_t size);
void cohl_cose_close(cohl_cose *cose);

/* Whether the chain's first key signed the claim. */
bool cohl_cose_signed(const cohl_cose *cose, const uint8_t *claim, size_t size);

typedef enum cohl_stamp { COHL_STAMP_NONE, COHL_STAMP_GOOD, COHL_STAMP_BAD } cohl_stamp;

/* A trusted time's token (RFC 3161) in the signature, and the time it says. GOOD: it is signed
 * and is about this signature; who runs the clock is not judged. */
cohl_stamp cohl_cose_stamp(const cohl_cose *cose, const uint8_t *claim, size_t size, time_t *at);

#endif
