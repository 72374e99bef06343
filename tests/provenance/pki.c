/* pki.c - certificates that tests make. */
#include "pki.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
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

static ASN1_INTEGER *first_serial(TS_RESP_CTX *ctx, void *user)
{
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_INTEGER_set(serial, 1);
    return serial;
}

static int told_time(TS_RESP_CTX *ctx, void *user, long *seconds, long *microseconds)
{
    *seconds = *(const long *)user, *microseconds = 0;
    return 1;
}

static BIO *stamp_request(const void *data, size_t size)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned length;
    TS_REQ *request = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *hash = X509_ALGOR_new();
    BIO *out = BIO_new(BIO_s_mem());
    X509_ALGOR_set_md(hash, EVP_sha256());
    assert(EVP_Digest(data, size, sum, &length, EVP_sha256(), NULL) && TS_REQ_set_version(request, 1) &&
           TS_MSG_IMPRINT_set_algo(imprint, hash) && TS_MSG_IMPRINT_set_msg(imprint, sum, (int)length) &&
           TS_REQ_set_msg_imprint(request, imprint) && TS_REQ_set_cert_req(request, 1) && i2d_TS_REQ_bio(out, request));
    X509_ALGOR_free(hash);
    TS_MSG_IMPRINT_free(imprint);
    TS_REQ_free(request);
    return out;
}

int pki_stamp(unsigned char **token, const void *data, size_t size, long at)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509 *clock = begin(key, "clock", NULL, -100, 900);
    TS_RESP_CTX *ctx = TS_RESP_CTX_new();
    ASN1_OBJECT *policy = OBJ_txt2obj("1.2.3.4", 1);
    BIO *request = stamp_request(data, size);
    extend(clock, clock, NID_ext_key_usage, "critical,timeStamping");
    assert(X509_sign(clock, key, EVP_sha256()));
    TS_RESP_CTX_set_serial_cb(ctx, first_serial, NULL);
    TS_RESP_CTX_set_time_cb(ctx, told_time, &at);
    assert(TS_RESP_CTX_set_signer_cert(ctx, clock) && TS_RESP_CTX_set_signer_key(ctx, key) &&
           TS_RESP_CTX_set_def_policy(ctx, policy) && TS_RESP_CTX_add_md(ctx, EVP_sha256()) &&
           TS_RESP_CTX_set_signer_digest(ctx, EVP_sha256()));
    TS_RESP *response = TS_RESP_create_response(ctx, request);
    *token = NULL;
    int length = response && TS_RESP_get_token(response) ? i2d_PKCS7(TS_RESP_get_token(response), token) : 0;
    TS_RESP_free(response);
    BIO_free(request);
    ASN1_OBJECT_free(policy);
    TS_RESP_CTX_free(ctx);
    X509_free(clock);
    EVP_PKEY_free(key);
    return length;
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
