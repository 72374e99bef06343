/* stamp.c - trusted time in a signature (RFC 3161; C2PA specification 2.2, section 10.3.2.5).
 *
 * "sigTst" holds a whole response about the claim, "sigTst2" a token about the signature. */
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <string.h>

#include "provenance/cose.h"

static PKCS7 *read_token(cohl_bytes der)
{
    const unsigned char *at = der.data;
    TS_RESP *response = d2i_TS_RESP(NULL, &at, (long)der.size);
    PKCS7 *token = NULL;
    if (response) {
        token = TS_RESP_get_token(response) ? PKCS7_dup(TS_RESP_get_token(response)) : NULL;
    } else {
        at = der.data;
        token = d2i_PKCS7(NULL, &at, (long)der.size);
    }
    TS_RESP_free(response);
    return token;
}

/* The token speaks of these bytes. */
static bool is_about(TS_TST_INFO *info, const cohl_text *what)
{
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    const ASN1_OBJECT *name;
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned size;
    X509_ALGOR_get0(&name, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    const EVP_MD *md = EVP_get_digestbyobj(name);
    const ASN1_OCTET_STRING *said = TS_MSG_IMPRINT_get_msg(imprint);
    return md && EVP_Digest(what->data, what->size, sum, &size, md, NULL) &&
           ASN1_STRING_length(said) == (int)size && !memcmp(ASN1_STRING_get0_data(said), sum, size);
}

static bool read_stamp(cohl_bytes der, const cohl_text *what, time_t *at)
{
    PKCS7 *token = read_token(der);
    TS_TST_INFO *info = token && PKCS7_type_is_signed(token) ? PKCS7_to_TS_TST_INFO(token) : NULL;
    BIO *said = BIO_new(BIO_s_mem());
    struct tm tm;
    bool good = info && said && is_about(info, what) &&
                PKCS7_verify(token, NULL, NULL, NULL, said, PKCS7_NOVERIFY) == 1 &&
                ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm);
    if (good)
        *at = timegm(&tm);
    BIO_free(said);
    TS_TST_INFO_free(info);
    PKCS7_free(token);
    ERR_clear_error();
    return good;
}

static void put_countersigned(cohl_text *out, const cohl_cose *cose, const uint8_t *payload, size_t size)
{
    cohl_cbor_array(out, 4);
    cohl_cbor_text(out, "CounterSignature");
    cohl_cbor_bytes(out, cose->protected_bytes.data, cose->protected_bytes.size);
    cohl_cbor_bytes(out, "", 0);
    cohl_cbor_bytes(out, payload, size);
}

cohl_stamp cohl_cose_stamp(const cohl_cose *cose, const uint8_t *claim, size_t size, time_t *at)
{
    const cbor_item_t *unprotected = cohl_cbor_at(cose->tree, 1);
    const cbor_item_t *second = cohl_cbor_get(unprotected, "sigTst2"), *first = cohl_cbor_get(unprotected, "sigTst");
    const cbor_item_t *tokens = cohl_cbor_get(second ? second : first, "tstTokens");
    cohl_bytes der = cohl_cbor_bytes_of(cohl_cbor_get(cohl_cbor_at(tokens, 0), "val"));
    cohl_text what = { 0 }, signature = { 0 };
    cohl_stamp stamp = first || second ? COHL_STAMP_BAD : COHL_STAMP_NONE;
    if (second) {
        cohl_cbor_bytes(&signature, cose->signature.data, cose->signature.size);
        put_countersigned(&what, cose, (uint8_t *)signature.data, signature.size);
    } else {
        put_countersigned(&what, cose, claim, size);
    }
    if (der.data && cohl_cbor_count(tokens) == 1 && !what.failed && read_stamp(der, &what, at))
        stamp = COHL_STAMP_GOOD;
    cohl_text_free(&what);
    cohl_text_free(&signature);
    return stamp;
}
