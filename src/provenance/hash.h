/* hash.h - what binds a manifest to its file: hashes over bytes, with parts left out.
 *
 * Sums are OpenSSL's; which bytes are summed is told here (C2PA specification 2.2, sections
 * 9.2, 18.5 data hash and 18.7 BMFF hash). */
#ifndef COHL_PROVENANCE_HASH_H
#define COHL_PROVENANCE_HASH_H

#include "provenance/cbor.h"

enum { COHL_HASH_MOST = 64 };

typedef struct cohl_hash {
    uint8_t  bytes[COHL_HASH_MOST];
    unsigned size;                    /* 0: there is none */
} cohl_hash;

/* A sum that is being made. NULL in all but `begin` does nothing. */
typedef struct cohl_summing cohl_summing;

/* alg: "sha256", "sha384", "sha512"; NULL for another one or when memory is out. */
cohl_summing *cohl_summing_begin(const char *alg);
void cohl_summing_add(cohl_summing *sum, const void *data, size_t size);
/* Ends and frees. */
cohl_hash cohl_summing_end(cohl_summing *sum);

/* All at once; size 0 when the algorithm is unknown. */
cohl_hash cohl_hash_of(const char *alg, const void *data, size_t size);
bool cohl_hash_is(const cohl_hash *hash, cohl_bytes expected);

/* ---- hard bindings ---------------------------------------------------------- */

typedef enum cohl_binding_answer {
    COHL_BINDING_MATCH,
    COHL_BINDING_MISMATCH,       /* the file is not the one that was signed             */
    COHL_BINDING_MALFORMED,      /* the assertion is not one                            */
    COHL_BINDING_UNSUPPORTED,    /* an algorithm or a form (Merkle trees) not known here */
} cohl_binding_answer;

/* c2pa.hash.data against the bytes of a file. alg is the claim's, for assertions without one. */
cohl_binding_answer cohl_binding_data(const cbor_item_t *assertion, const char *alg, const uint8_t *file, size_t size);

/* c2pa.hash.bmff of version 1, 2 or 3. *wider: it leaves out more than the version asks. */
cohl_binding_answer cohl_binding_bmff(const cbor_item_t *assertion, int version, const char *alg, const uint8_t *file,
                                      size_t size, bool *wider);

/* UUID of the box that holds a manifest store. */
extern const uint8_t cohl_bmff_c2pa_uuid[16];

#endif
