/* pki.h - certificates that tests make: right ones, and each kind of wrong one. */
#ifndef COHL_TESTS_PKI_H
#define COHL_TESTS_PKI_H

#include <openssl/x509.h>
#include <stdbool.h>

typedef enum pki_fault {
    PKI_RIGHT, PKI_EXPIRED, PKI_NOT_YET, PKI_WRONG_USAGE, PKI_ANY_USAGE, PKI_NO_USAGE, PKI_NOT_SIGNING, PKI_AUTHORITY,
    PKI_SELF_SIGNED, PKI_NO_ISSUER_KEY, PKI_SMALL_KEY,
} pki_fault;

/* A root, an intermediate it signed, and a leaf of the intermediate's with this fault; keys are
 * ES256 but for the small one, 1024 bits of RSA. */
typedef struct pki {
    EVP_PKEY *root_key, *middle_key, *leaf_key;
    X509     *root, *middle, *leaf;
} pki;

void pki_make(pki *out, pki_fault fault);
void pki_free(pki *p);

/* A time stamp (RFC 3161) that says the SHA-256 of these bytes was seen at that second since 1970, by a clock that
 * nobody vouches for: OPENSSL_free(*token). Returns its size. */
int pki_stamp(unsigned char **token, const void *data, size_t size, long at);

/* A PEM file of what is not NULL, in this order. */
void pki_write(const char *path, EVP_PKEY *key, X509 *first, X509 *second, X509 *third);

#endif
