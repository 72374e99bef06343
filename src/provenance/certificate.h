/* certificate.h - who signed: what C2PA asks of a signing certificate, and whom we trust.
 *
 * Types are OpenSSL's. The profile is that of the C2PA specification 2.2, section 14.5. */
#ifndef COHL_PROVENANCE_CERTIFICATE_H
#define COHL_PROVENANCE_CERTIFICATE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <time.h>

#include "base/status.h"

enum { COHL_CHAIN_MOST = 16 };

/* Certificates, the signer's own first, then each one's issuer; and a private key where a file
 * holds one. Starts as { 0 }. */
typedef struct cohl_chain {
    X509     *certificate[COHL_CHAIN_MOST];
    int       count;
    EVP_PKEY *key;
} cohl_chain;

/* PEM blocks of a file: certificates in their order, at most one private key.
 * COHL_ERR_IO      it cannot be opened
 * COHL_ERR_FORMAT  a broken block, too many certificates, or none */
cohl_status cohl_chain_read(cohl_chain *out, const char *path, cohl_error *err);
/* The private key alone; EVP_PKEY_free it. */
cohl_status cohl_key_read(EVP_PKEY **out, const char *path, cohl_error *err);
/* One more certificate in DER; false when it is none or there are too many. */
bool cohl_chain_add(cohl_chain *chain, const unsigned char *der, size_t size);
void cohl_chain_free(cohl_chain *chain);

/* What is wrong with a signing certificate at a time: a code of the C2PA specification, and the
 * end of a sentence in *why ("is expired"); NULL when it is right. */
const char *cohl_certificate_fault(X509 *certificate, time_t at, const char **why);

/* Whether each certificate was issued by the next; *place is the first that was not. */
bool cohl_chain_in_order(const cohl_chain *chain, int *place);

/* Roots that are trusted. Starts as { 0 }. Bundles of any size. */
typedef struct cohl_trust {
    STACK_OF(X509) *root;
} cohl_trust;

cohl_status cohl_trust_add(cohl_trust *trust, const char *path, cohl_error *err);
void cohl_trust_free(cohl_trust *trust);

/* Whether the chain ends in a trusted root. at < 0: dates are not looked at. */
bool cohl_chain_trusted(const cohl_chain *chain, const cohl_trust *trust, time_t at);

/* Words about a certificate; "" where it says nothing. */
typedef struct cohl_certificate_words {
    char   name[128], organisation[128];   /* of whom it names */
    char   issuer[128];                    /* who vouches: common name, else organisation */
    char   serial[64];                     /* decimal */
    time_t from, until;
} cohl_certificate_words;

cohl_certificate_words cohl_certificate_about(const X509 *certificate);

/* A time as RFC 3339 in UTC: "2026-01-02T03:04:05Z". */
void cohl_time_text(char out[32], time_t at);

#endif
