/* cose.c - COSE_Sign1 as C2PA uses it. */
#include "provenance/cose.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

enum { TAG_SIGN1 = 18, HEADER_ALG = 1, HEADER_CHAIN = 33, SIGNATURE_MOST = 1024 };

static const cohl_cose_alg algs[] = {
    { "es256", -7, EVP_PKEY_EC, "SHA256", "prime256v1", 32, false },
    { "es384", -35, EVP_PKEY_EC, "SHA384", "secp384r1", 48, false },
    { "es512", -36, EVP_PKEY_EC, "SHA512", "secp521r1", 66, false },
    { "ed25519", -8, EVP_PKEY_ED25519, NULL, NULL, 0, false },
    { "ps256", -37, EVP_PKEY_RSA, "SHA256", NULL, 0, true },
    { "ps384", -38, EVP_PKEY_RSA, "SHA384", NULL, 0, true },
    { "ps512", -39, EVP_PKEY_RSA, "SHA512", NULL, 0, true },
};

enum { ALGS = sizeof algs / sizeof *algs };

const cohl_cose_alg *cohl_cose_alg_of(EVP_PKEY *key)
{
    char group[32] = "";
    int base = EVP_PKEY_get_base_id(key);
    if (base == EVP_PKEY_EC)
        EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
    for (int i = 0; i < ALGS; i++)
        if ((algs[i].key == base || (algs[i].pss && base == EVP_PKEY_RSA_PSS)) &&
            (!algs[i].group || !strcmp(algs[i].group, group)))
            return &algs[i];
    return NULL;
}

/* What is signed (RFC 9052, section 4.4): [context, protected, external = h'', payload]. */
static void put_structure(cohl_text *out, const char *context, cohl_bytes header, const void *payload, size_t size)
{
    cohl_cbor_array(out, 4);
    cohl_cbor_text(out, context);
    cohl_cbor_bytes(out, header.data, header.size);
    cohl_cbor_bytes(out, "", 0);
    cohl_cbor_bytes(out, payload, size);
}

static bool set_padding(EVP_PKEY_CTX *ctx, const cohl_cose_alg *alg)
{
    return !alg->pss || (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
                         EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0);
}

/* ---- write ------------------------------------------------------------------ */

static void put_header(cohl_text *out, const cohl_chain *chain, const cohl_cose_alg *alg)
{
    int count = chain->count;
    X509 *last = chain->certificate[count - 1];
    if (count > 1 && !X509_NAME_cmp(X509_get_subject_name(last), X509_get_issuer_name(last)))
        count--;                                        /* the root stays at home */
    cohl_cbor_map(out, 2);
    cohl_cbor_uint(out, HEADER_ALG), cohl_cbor_int(out, alg->number);
    cohl_cbor_uint(out, HEADER_CHAIN);
    if (count > 1)
        cohl_cbor_array(out, (size_t)count);
    for (int i = 0; i < count; i++) {
        unsigned char *der = NULL;
        int size = i2d_X509(chain->certificate[i], &der);
        out->failed |= size < 0;
        if (size >= 0)
            cohl_cbor_bytes(out, der, (size_t)size);
        OPENSSL_free(der);
    }
}

/* DER to the two numbers side by side. */
static size_t flatten(unsigned char *out, const unsigned char *der, size_t size, int part)
{
    const unsigned char *at = der;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)size);
    bool fits = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, part) == part &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + part, part) == part;
    ECDSA_SIG_free(pair);
    return fits ? 2 * (size_t)part : 0;
}

static size_t sign(unsigned char out[SIGNATURE_MOST], EVP_PKEY *key, const cohl_cose_alg *alg, const cohl_text *what)
{
    unsigned char raw[SIGNATURE_MOST];
    size_t size = sizeof raw;
    EVP_PKEY_CTX *inner;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool done = ctx && EVP_DigestSignInit_ex(ctx, &inner, alg->hash, NULL, NULL, key, NULL) > 0 &&
                set_padding(inner, alg) &&
                EVP_DigestSign(ctx, raw, &size, (const unsigned char *)what->data, what->size) > 0;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    if (!done)
        return 0;
    if (alg->part)
        return flatten(out, raw, size, alg->part);
    memcpy(out, raw, size);
    return size;
}

cohl_status cohl_cose_sign(cohl_text *out, const cohl_chain *chain, const void *claim, size_t size, cohl_error *err)
{
    const cohl_cose_alg *alg = cohl_cose_alg_of(chain->key);
    cohl_text header = { 0 }, what = { 0 };
    unsigned char signature[SIGNATURE_MOST];
    cohl_status st = COHL_OK;
    put_header(&header, chain, alg);
    cohl_bytes header_bytes = { (const uint8_t *)header.data, header.size };
    put_structure(&what, "Signature1", header_bytes, claim, size);
    size_t length = header.failed || what.failed ? 0 : sign(signature, chain->key, alg, &what);
    if (header.failed || what.failed) {
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory to sign");
    } else if (!length) {
        st = cohl_fail(err, COHL_ERR_IO, "the signer's key does not sign");
    } else {
        cohl_cbor_tag(out, TAG_SIGN1);
        cohl_cbor_array(out, 4);
        cohl_cbor_bytes(out, header.data, header.size);
        cohl_cbor_map(out, 0);
        cohl_cbor_null(out);
        cohl_cbor_bytes(out, signature, length);
    }
    cohl_text_free(&header);
    cohl_text_free(&what);
    return st;
}

/* ---- read ------------------------------------------------------------------- */

/* Under its number, or under the name that older files use. */
static const cbor_item_t *find_chain(const cbor_item_t *header)
{
    const cbor_item_t *found = cohl_cbor_get_int(header, HEADER_CHAIN);
    return found ? found : cohl_cbor_get(header, "x5chain");
}

static void read_chain(cohl_cose *cose, const cbor_item_t *unprotected)
{
    const cbor_item_t *chain = find_chain(cose->header), *older = cohl_cbor_get(unprotected, "x5chain");
    if (chain && older)
        return;                          /* one place, not both */
    chain = chain ? chain : older;
    cohl_bytes one = cohl_cbor_bytes_of(chain);
    bool fine = one.data && cohl_chain_add(&cose->chain, one.data, one.size);
    for (size_t i = 0; i < (cohl_cbor_is_array(chain) ? cohl_cbor_count(chain) : 0); i++) {
        one = cohl_cbor_bytes_of(cohl_cbor_at(chain, i));
        fine = (one.data && cohl_chain_add(&cose->chain, one.data, one.size));
        if (!fine)
            break;
    }
    if (!fine)
        cohl_chain_free(&cose->chain);
}

/* The tag is taken off by hand: libcbor before 0.9 does not know most of the tags below 24. */
bool cohl_cose_open(cohl_cose *out, const uint8_t *data, size_t size)
{
    bool tagged = size > 1 && data[0] == (0xc0 | TAG_SIGN1);
    *out = (cohl_cose){ .tree = tagged ? cohl_cbor_read(data + 1, size - 1) : NULL };
    const cbor_item_t *four = out->tree;
    cohl_bytes header = cohl_cbor_bytes_of(cohl_cbor_at(four, 0));
    cohl_bytes signature = cohl_cbor_bytes_of(cohl_cbor_at(four, 3));
    int64_t number;
    bool fits = cohl_cbor_count(four) == 4 && header.data && signature.data &&
                cohl_cbor_is_map(cohl_cbor_at(four, 1)) &&
                (out->header = cohl_cbor_read(header.data, header.size)) && cohl_cbor_is_map(out->header);
    if (!fits) {
        cohl_cose_close(out);
        return false;
    }
    out->protected_bytes = header;
    out->signature = signature;
    if (cohl_cbor_int_of(cohl_cbor_get_int(out->header, HEADER_ALG), &number))
        for (int i = 0; i < ALGS; i++)
            if (algs[i].number == number)
                out->alg = &algs[i];
    read_chain(out, cohl_cbor_at(four, 1));
    return true;
}

void cohl_cose_close(cohl_cose *cose)
{
    cohl_cbor_free(cose->tree);
    cohl_cbor_free(cose->header);
    cohl_chain_free(&cose->chain);
    *cose = (cohl_cose){ 0 };
}

/* The two numbers side by side to DER, which OpenSSL frees. */
static int unflatten(unsigned char **der, cohl_bytes raw, int part)
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = raw.size == 2 * (size_t)part ? BN_bin2bn(raw.data, part, NULL) : NULL;
    BIGNUM *s = r ? BN_bin2bn(raw.data + part, part, NULL) : NULL;
    int size = 0;
    if (pair && r && s && ECDSA_SIG_set0(pair, r, s)) {
        size = i2d_ECDSA_SIG(pair, der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(pair);
    return size > 0 ? size : 0;
}

static bool verify(EVP_PKEY *key, const cohl_cose_alg *alg, const unsigned char *signature, size_t size,
                   const cohl_text *what)
{
    EVP_PKEY_CTX *inner;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx && EVP_DigestVerifyInit_ex(ctx, &inner, alg->hash, NULL, NULL, key, NULL) > 0 &&
                set_padding(inner, alg) &&
                EVP_DigestVerify(ctx, signature, size, (const unsigned char *)what->data, what->size) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return good;
}

bool cohl_cose_signed(const cohl_cose *cose, const uint8_t *claim, size_t size)
{
    EVP_PKEY *key = cose->chain.count ? X509_get0_pubkey(cose->chain.certificate[0]) : NULL;
    const cohl_cose_alg *alg = cose->alg;
    cohl_text what = { 0 };
    unsigned char *der = NULL;
    bool good = false;
    int base = key ? EVP_PKEY_get_base_id(key) : 0;
    if (!key || !alg || !(alg->key == base || (alg->pss && base == EVP_PKEY_RSA_PSS)))
        return false;
    put_structure(&what, "Signature1", cose->protected_bytes, claim, size);
    if (!what.failed && alg->part) {
        int length = unflatten(&der, cose->signature, alg->part);
        good = length && verify(key, alg, der, (size_t)length, &what);
    } else if (!what.failed) {
        good = verify(key, alg, cose->signature.data, cose->signature.size, &what);
    }
    OPENSSL_free(der);
    cohl_text_free(&what);
    return good;
}
