/* certificate.c - what C2PA asks of a signing certificate, and whom we trust. */
#include "provenance/certificate.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

static const char expired[] = "signingCredential.expired", invalid[] = "signingCredential.invalid";

/* ---- files ------------------------------------------------------------------ */

bool cohl_chain_add(cohl_chain *chain, const unsigned char *der, size_t size)
{
    const unsigned char *at = der;
    X509 *one = chain->count < COHL_CHAIN_MOST && size <= 1 << 20 ? d2i_X509(NULL, &at, (long)size) : NULL;
    ERR_clear_error();
    if (!one)
        return false;
    chain->certificate[chain->count++] = one;
    return true;
}

void cohl_chain_free(cohl_chain *chain)
{
    for (int i = 0; i < chain->count; i++)
        X509_free(chain->certificate[i]);
    EVP_PKEY_free(chain->key);
    *chain = (cohl_chain){ 0 };
}

/* A file of PEM in memory; `most` bounds it. */
static cohl_status open_pem(BIO **bio, char **bytes, const char *path, cohl_error *err)
{
    enum { BYTES_MOST = 8 << 20 };
    size_t size;
    cohl_status st = cohl_file_read(bytes, &size, path, BYTES_MOST, err);
    if (st)
        return st;
    if (!(*bio = BIO_new_mem_buf(*bytes, (int)size))) {
        OPENSSL_cleanse(*bytes, size);
        free(*bytes);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to read it", path);
    }
    return COHL_OK;
}

static void close_pem(BIO *bio, char *bytes)
{
    OPENSSL_cleanse(bytes, strlen(bytes));
    BIO_free(bio);
    free(bytes);
    ERR_clear_error();
}

/* A key that asks for a password is refused: nobody is there to type it. */
static int no_password(char *out, int size, int writing, void *user) { return -1; }

static bool take_block(cohl_chain *out, const char *name, const unsigned char *data, long size)
{
    if (!strcmp(name, PEM_STRING_X509) || !strcmp(name, PEM_STRING_X509_OLD) || !strcmp(name, PEM_STRING_X509_TRUSTED))
        return cohl_chain_add(out, data, (size_t)size);
    return true;
}

cohl_status cohl_key_read(EVP_PKEY **out, const char *path, cohl_error *err)
{
    BIO *bio;
    char *bytes;
    *out = NULL;
    cohl_status st = open_pem(&bio, &bytes, path, err);
    if (st)
        return st;
    *out = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    close_pem(bio, bytes);
    return *out ? COHL_OK : cohl_fail(err, COHL_ERR_FORMAT, "%s: its private key cannot be read: broken, or under a "
                                      "password", path);
}

cohl_status cohl_chain_read(cohl_chain *out, const char *path, cohl_error *err)
{
    BIO *bio;
    char *bytes, *name, *header;
    unsigned char *data;
    long size;
    bool fine = true, key = false;
    *out = (cohl_chain){ 0 };
    cohl_status st = open_pem(&bio, &bytes, path, err);
    if (st)
        return st;
    while (fine && PEM_read_bio(bio, &name, &header, &data, &size)) {
        fine = take_block(out, name, data, size);
        key |= strstr(name, "PRIVATE KEY") != NULL;
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t)size);
    }
    close_pem(bio, bytes);
    if (!fine)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: certificate %d of it is broken, or they are more than %d", path,
                       out->count + 1, COHL_CHAIN_MOST);
    else if (!out->count)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: holds no certificate (PEM is expected, the signer's own first)", path);
    else if (key)
        st = cohl_key_read(&out->key, path, err);
    if (st)
        cohl_chain_free(out);
    return st;
}

/* ---- the profile ------------------------------------------------------------ */

static bool good_signature(const X509 *c)
{
    static const int known[] = { NID_sha256WithRSAEncryption, NID_sha384WithRSAEncryption, NID_sha512WithRSAEncryption,
                                 NID_ecdsa_with_SHA256, NID_ecdsa_with_SHA384, NID_ecdsa_with_SHA512, NID_rsassaPss,
                                 NID_ED25519 };
    int nid = X509_get_signature_nid(c);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (nid == known[i])
            return true;
    return false;
}

static bool good_key(const X509 *c)
{
    EVP_PKEY *key = X509_get0_pubkey(c);
    char group[32] = "";
    if (!key)
        return false;
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519: return true;
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS: return EVP_PKEY_get_bits(key) >= 2048;
    case EVP_PKEY_EC:
        EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
        return !strcmp(group, "prime256v1") || !strcmp(group, "secp384r1") || !strcmp(group, "secp521r1");
    default: return false;
    }
}

static bool is_usage(const ASN1_OBJECT *usage, const char *oid)
{
    char text[64];
    OBJ_obj2txt(text, sizeof text, usage, 1);
    return !strcmp(text, oid);
}

/* Usages that make a certificate a signer of claims. */
static const char *usage_fault(X509 *c)
{
    static const char *const signing[] = { "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1",
                                           "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9" };
    EXTENDED_KEY_USAGE *list = X509_get_ext_d2i(c, NID_ext_key_usage, NULL, NULL);
    bool any = false, found = false;
    int services = 0;      /* time stamping or OCSP, which stand alone */
    if (!list)
        return "names no extended key usage";
    for (int i = 0; i < sk_ASN1_OBJECT_num(list); i++) {
        const ASN1_OBJECT *usage = sk_ASN1_OBJECT_value(list, i);
        any |= is_usage(usage, "2.5.29.37.0");
        services += is_usage(usage, signing[3]) || is_usage(usage, signing[4]);
        for (size_t s = 0; s < sizeof signing / sizeof *signing; s++)
            found |= is_usage(usage, signing[s]);
    }
    int count = sk_ASN1_OBJECT_num(list);
    sk_ASN1_OBJECT_pop_free(list, ASN1_OBJECT_free);
    if (any)
        return "is for any usage, which is not allowed";
    if (!found)
        return "is not for signing: its extended key usage names neither e-mail protection, document signing nor C2PA";
    return services && count > 1 ? "mixes signing with time stamps or OCSP" : NULL;
}

static bool knows_critical(const X509 *c)
{
    for (int i = 0; i < X509_get_ext_count(c); i++) {
        X509_EXTENSION *extension = X509_get_ext(c, i);
        if (X509_EXTENSION_get_critical(extension) && !X509_supported_extension(extension))
            return false;
    }
    return true;
}

static bool in_dates(const X509 *c, time_t at)
{
    return X509_cmp_time(X509_get0_notBefore(c), &at) < 0 && X509_cmp_time(X509_get0_notAfter(c), &at) > 0;
}

const char *cohl_certificate_fault(X509 *c, time_t at, const char **why)
{
    const ASN1_BIT_STRING *own_id, *issuer_id;
    const char *usage;
    bool ca = X509_get_extension_flags(c) & EXFLAG_CA;
    uint32_t key_usage = X509_get_key_usage(c);
    *why = NULL;
    if (X509_get_version(c) != X509_VERSION_3) *why = "is not of version 3";
    else if (!in_dates(c, at)) {
        *why = X509_cmp_time(X509_get0_notAfter(c), &at) > 0 ? "is not valid yet" : "is expired";
        return expired;
    }
    X509_get0_uids(c, &issuer_id, &own_id);
    if (*why) ;
    else if (!good_signature(c)) *why = "is signed by an algorithm that C2PA does not allow";
    else if (!good_key(c)) *why = "holds a key that C2PA does not allow";
    else if (!X509_NAME_cmp(X509_get_subject_name(c), X509_get_issuer_name(c))) *why = "is signed by itself";
    else if (issuer_id || own_id) *why = "has unique identifiers, which are not allowed";
    else if (ca) *why = "is an authority's, not a signer's";
    else if ((usage = usage_fault(c))) *why = usage;
    else if (!(key_usage != UINT32_MAX && (key_usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION))) ||
             (key_usage & KU_KEY_CERT_SIGN)) *why = "is not for digital signatures";
    else if (X509_get_ext_by_NID(c, NID_authority_key_identifier, -1) < 0) *why = "does not identify its issuer's key";
    else if (!knows_critical(c)) *why = "has a critical extension that is not known here";
    ERR_clear_error();
    return *why ? invalid : NULL;
}

bool cohl_chain_in_order(const cohl_chain *chain, int *place)
{
    for (int i = 0; i + 1 < chain->count; i++) {
        EVP_PKEY *above = X509_get0_pubkey(chain->certificate[i + 1]);
        bool issued = !X509_NAME_cmp(X509_get_issuer_name(chain->certificate[i]),
                                     X509_get_subject_name(chain->certificate[i + 1])) &&
                      above && X509_verify(chain->certificate[i], above) == 1;
        ERR_clear_error();
        if (!issued) {
            *place = i;
            return false;
        }
    }
    return true;
}

/* ---- trust ------------------------------------------------------------------ */

cohl_status cohl_trust_add(cohl_trust *trust, const char *path, cohl_error *err)
{
    BIO *bio;
    char *bytes;
    X509 *one;
    int count = 0;
    cohl_status st = open_pem(&bio, &bytes, path, err);
    if (st)
        return st;
    if (!trust->root)
        trust->root = sk_X509_new_null();
    while ((one = PEM_read_bio_X509(bio, NULL, no_password, NULL)))
        if (trust->root && sk_X509_push(trust->root, one))
            count++;
        else
            X509_free(one);
    bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    close_pem(bio, bytes);
    if (!count)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: holds no certificate (PEM is expected)", path);
    return ended ? COHL_OK : cohl_fail(err, COHL_ERR_FORMAT, "%s: certificate %d in it is broken", path, count + 1);
}

void cohl_trust_free(cohl_trust *trust)
{
    sk_X509_pop_free(trust->root, X509_free);
    *trust = (cohl_trust){ 0 };
}

static bool verify_chain(X509_STORE *store, STACK_OF(X509) *above, const cohl_chain *chain, const cohl_trust *trust,
                         time_t at)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool trusted = false;
    for (int i = 1; i < chain->count; i++)
        if (!sk_X509_push(above, chain->certificate[i]))
            goto done;
    for (int i = 0; i < sk_X509_num(trust->root); i++)
        X509_STORE_add_cert(store, sk_X509_value(trust->root, i));
    if (!ctx || !X509_STORE_CTX_init(ctx, store, chain->certificate[0], above))
        goto done;
    /* An intermediate may stand on the list itself. */
    X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN |
                                  (at < 0 ? X509_V_FLAG_NO_CHECK_TIME : 0));
    if (at >= 0)
        X509_STORE_CTX_set_time(ctx, 0, at);
    trusted = X509_verify_cert(ctx) == 1;
done:
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
    return trusted;
}

bool cohl_chain_trusted(const cohl_chain *chain, const cohl_trust *trust, time_t at)
{
    int place;
    if (!chain->count || sk_X509_num(trust->root) < 1 || !cohl_chain_in_order(chain, &place))
        return false;
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *above = sk_X509_new_null();
    bool trusted = store && above && verify_chain(store, above, chain, trust, at);
    X509_STORE_free(store);
    sk_X509_free(above);
    return trusted;
}

/* ---- words ------------------------------------------------------------------ */

/* Of RFC 5280, 4.1.2.2: 20 octets; decimals of longer ones take a time that grows with the square. */
enum { SERIAL_BITS_MOST = 160 };

static void name_part(char out[128], const X509_NAME *name, int nid)
{
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    unsigned char *utf8 = NULL;
    *out = 0;
    if (at < 0)
        return;
    int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    for (int i = 0; i < size; i++)                 /* no line of a terminal may be forged */
        if (utf8[i] < 0x20 || utf8[i] == 0x7f)
            utf8[i] = ' ';
    if (size > 0)
        snprintf(out, 128, "%.*s", cohl_utf8_fit((const char *)utf8, size < 127 ? size : 127), utf8);
    OPENSSL_free(utf8);
    ERR_clear_error();
}

static time_t time_of(const ASN1_TIME *time)
{
    struct tm tm;
    return ASN1_TIME_to_tm(time, &tm) ? timegm(&tm) : 0;
}

cohl_certificate_words cohl_certificate_about(const X509 *c)
{
    cohl_certificate_words words = { .from = time_of(X509_get0_notBefore(c)), .until = time_of(X509_get0_notAfter(c)) };
    name_part(words.name, X509_get_subject_name(c), NID_commonName);
    name_part(words.organisation, X509_get_subject_name(c), NID_organizationName);
    name_part(words.issuer, X509_get_issuer_name(c), NID_commonName);
    if (!*words.issuer)
        name_part(words.issuer, X509_get_issuer_name(c), NID_organizationName);
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(c), NULL);
    char *digits = serial && BN_num_bits(serial) <= SERIAL_BITS_MOST ? BN_bn2dec(serial) : NULL;
    if (digits)
        snprintf(words.serial, sizeof words.serial, "%s", digits);
    OPENSSL_free(digits);
    BN_free(serial);
    return words;
}

void cohl_time_text(char out[32], time_t at)
{
    struct tm tm;
    *out = 0;
    if (gmtime_r(&at, &tm))
        strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
