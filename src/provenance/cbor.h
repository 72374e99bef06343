/* cbor.h - CBOR (RFC 8949): a writer over a growing text, a reader of trees.
 *
 *     cohl_text out = { 0 };                       { "alg": "sha256", "hash": h'...' }
 *     cohl_cbor_map(&out, 2);
 *     cohl_cbor_text(&out, "alg"), cohl_cbor_text(&out, "sha256");
 *     cohl_cbor_text(&out, "hash"), cohl_cbor_bytes(&out, hash, 32);
 *
 * The writer makes definite lengths and shortest heads. The reader walks bytes from
 * outside once for form, depth and count before libcbor builds anything of them: a few
 * bytes that announce a great array cost nothing. */
#ifndef COHL_PROVENANCE_CBOR_H
#define COHL_PROVENANCE_CBOR_H

#include <cbor.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

/* ---- write; a text that is out of memory says so in its `failed` ---------- */

void cohl_cbor_uint(cohl_text *out, uint64_t value);
void cohl_cbor_int(cohl_text *out, int64_t value);
void cohl_cbor_real(cohl_text *out, double value);
void cohl_cbor_bool(cohl_text *out, bool value);
void cohl_cbor_null(cohl_text *out);
void cohl_cbor_text(cohl_text *out, const char *value);
void cohl_cbor_bytes(cohl_text *out, const void *value, size_t size);
/* Heads: `count` values, or pairs, follow. */
void cohl_cbor_array(cohl_text *out, size_t count);
void cohl_cbor_map(cohl_text *out, size_t count);
void cohl_cbor_tag(cohl_text *out, uint64_t tag);

/* ---- read ------------------------------------------------------------------ */

enum { COHL_CBOR_DEPTH_MAX = 32, COHL_CBOR_ITEMS_MAX = 1 << 18, COHL_CBOR_BYTES_MAX = 16 << 20 };

/* The size of the first item in data, or 0 when it is not well-formed (RFC 8949, appendix C),
 * nests deeper than COHL_CBOR_DEPTH_MAX or holds more than COHL_CBOR_ITEMS_MAX items. */
size_t cohl_cbor_measure(const uint8_t *data, size_t size);

/* The one item that data is, to be given back with cohl_cbor_free; NULL when it is not exactly
 * one within the limits above. */
cbor_item_t *cohl_cbor_read(const uint8_t *data, size_t size);
void cohl_cbor_free(cbor_item_t *item);      /* NULL is fine */

/* Bytes that stand inside an item, borrowed; data is NULL where there are none. */
typedef struct cohl_bytes {
    const uint8_t *data;
    size_t         size;
} cohl_bytes;

/* What stands under a key of a map: borrowed; NULL when item is no map or has no such key, or
 * (get) more than one. item may be NULL in all of these. */
cbor_item_t *cohl_cbor_get(const cbor_item_t *item, const char *key);
cbor_item_t *cohl_cbor_get_int(const cbor_item_t *item, int64_t key);
/* How many pairs or members; 0 for what is neither map nor array. */
size_t cohl_cbor_count(const cbor_item_t *item);
/* A member of an array; NULL past its end. */
cbor_item_t *cohl_cbor_at(const cbor_item_t *array, size_t index);

bool cohl_cbor_is_map(const cbor_item_t *item);
bool cohl_cbor_is_array(const cbor_item_t *item);
/* Text or bytes of definite length; text is valid UTF-8 without NUL. */
cohl_bytes cohl_cbor_text_of(const cbor_item_t *item);
cohl_bytes cohl_cbor_bytes_of(const cbor_item_t *item);
bool cohl_cbor_int_of(const cbor_item_t *item, int64_t *value);
/* libcbor's own questions about truth stop the program when asked of a number. */
bool cohl_cbor_bool_of(const cbor_item_t *item, bool *value);
bool cohl_cbor_real_of(const cbor_item_t *item, double *value);

bool cohl_bytes_are(cohl_bytes bytes, const char *text);
/* Text under a key as a C string cut to `room`, "" when there is none; returns whether there is. */
bool cohl_cbor_copy_text(const cbor_item_t *map, const char *key, char *out, size_t room);

#endif
