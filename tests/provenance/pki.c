/* pki.c - certificates that tests make. */
#include "pki.h"

#include <assert.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static void extend(X509 *c, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, c, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert(extension && X509_add_ext(c, extension, -1));
    X509_EXTENSION_free(extension);
}

static X509 *begin(EVP_PKEY *key, const char *name, X509 *issuer, long from_day, long until_day)
{
    static long serial = 1;
    X509 *c = X509_new();
    X509_set_version(c, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "O", MBSTRING_UTF8, (const unsigned char *)"Tests", -1, -1, 0);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(c, X509_get_subject_name(issuer ? issuer : c));
    X509_set_pubkey(c, key);
    X509_gmtime_adj(X509_getm_notBefore(c), from_day * 86400);
    X509_gmtime_adj(X509_getm_notAfter(c), until_day * 86400);
    return c;
}

static X509 *authority(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key)
{
    X509 *c = begin(key, name, issuer, -1, 1000);
    extend(c, c, NID_basic_constraints, "critical,CA:TRUE");
    extend(c, c, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(c, c, NID_subject_key_identifier, "hash");
    extend(c, issuer ? issuer : c, NID_authority_key_identifier, "keyid");
    assert(X509_sign(c, issuer_key, EVP_sha256()));
    return c;
}

static X509 *leaf(const pki *p, pki_fault fault)
{
    long from = fault == PKI_EXPIRED ? -20 : fault == PKI_NOT_YET ? 10 : -1;
    bool self = fault == PKI_SELF_SIGNED;
    X509 *issuer = self ? NULL : p->middle;
    X509 *c = begin(p->leaf_key, "leaf", issuer, from, fault == PKI_EXPIRED ? -10 : 900);
    X509 *above = self ? c : p->middle;
    const char *usage = fault == PKI_WRONG_USAGE ? "serverAuth" : fault == PKI_ANY_USAGE ? "anyExtendedKeyUsage"
                      : "emailProtection,1.3.6.1.4.1.62558.2.1";
    extend(c, above, NID_basic_constraints, fault == PKI_AUTHORITY ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extend(c, above, NID_key_usage, fault == PKI_NOT_SIGNING ? "critical,keyEncipherment" : "critical,digitalSignature");
    extend(c, above, NID_subject_key_identifier, "hash");
    if (fault != PKI_NO_ISSUER_KEY)
        extend(c, above, NID_authority_key_identifier, "keyid");
    if (fault != PKI_NO_USAGE)
        extend(c, above, NID_ext_key_usage, usage);
    assert(X509_sign(c, self ? p->leaf_key : p->middle_key, EVP_sha256()));
    return c;
}

void pki_make(pki *out, pki_fault fault)
{
    out->root_key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    out->middle_key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    out->leaf_key = fault == PKI_SMALL_KEY ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024)
                                           : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    out->root = authority(out->root_key, "root", NULL, out->root_key);
    out->middle = authority(out->middle_key, "middle", out->root, out->root_key);
    out->leaf = leaf(out, fault);
}

void pki_free(pki *p)
{
    EVP_PKEY_free(p->root_key), EVP_PKEY_free(p->middle_key), EVP_PKEY_free(p->leaf_key);
    X509_free(p->root), X509_free(p->middle), X509_free(p->leaf);
}

void pki_write(const char *path, EVP_PKEY *key, X509 *first, X509 *second, X509 *third)
{
    X509 *all[] = { first, second, third };
    FILE *file = fopen(path, "wb");
    assert(file && (!key || PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL)));
    for (int i = 0; i < 3; i++)
        assert(!all[i] || PEM_write_X509(file, all[i]));
    fclose(file);
}
