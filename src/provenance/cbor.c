/* cbor.c - CBOR: heads by libcbor's encoders, trees by its loader, limits by our own walk. */
#include "provenance/cbor.h"

#include <string.h>

/* ---- write ----------------------------------------------------------------- */

enum { HEAD_MOST = 9 };

typedef size_t encode_head(size_t count, unsigned char *out, size_t room);

static void add_head(cohl_text *out, encode_head *encode, size_t count)
{
    unsigned char head[HEAD_MOST];
    cohl_text_add_bytes(out, head, encode(count, head, sizeof head));
}

void cohl_cbor_uint(cohl_text *out, uint64_t value)
{
    unsigned char head[HEAD_MOST];
    cohl_text_add_bytes(out, head, cbor_encode_uint(value, head, sizeof head));
}

void cohl_cbor_int(cohl_text *out, int64_t value)
{
    unsigned char head[HEAD_MOST];
    if (value >= 0)
        cohl_cbor_uint(out, (uint64_t)value);
    else
        cohl_text_add_bytes(out, head, cbor_encode_negint((uint64_t)(-1 - value), head, sizeof head));
}

void cohl_cbor_real(cohl_text *out, double value)
{
    unsigned char head[HEAD_MOST];
    cohl_text_add_bytes(out, head, cbor_encode_double(value, head, sizeof head));
}

void cohl_cbor_bool(cohl_text *out, bool value)
{
    unsigned char head[HEAD_MOST];
    cohl_text_add_bytes(out, head, cbor_encode_bool(value, head, sizeof head));
}

void cohl_cbor_null(cohl_text *out)
{
    unsigned char head[HEAD_MOST];
    cohl_text_add_bytes(out, head, cbor_encode_null(head, sizeof head));
}

void cohl_cbor_text(cohl_text *out, const char *value)
{
    add_head(out, cbor_encode_string_start, strlen(value));
    cohl_text_add(out, value);
}

void cohl_cbor_bytes(cohl_text *out, const void *value, size_t size)
{
    add_head(out, cbor_encode_bytestring_start, size);
    cohl_text_add_bytes(out, value, size);
}

void cohl_cbor_array(cohl_text *out, size_t count) { add_head(out, cbor_encode_array_start, count); }
void cohl_cbor_map(cohl_text *out, size_t count) { add_head(out, cbor_encode_map_start, count); }

void cohl_cbor_tag(cohl_text *out, uint64_t tag)
{
    unsigned char head[HEAD_MOST];
    cohl_text_add_bytes(out, head, cbor_encode_tag(tag, head, sizeof head));
}

/* ---- form ------------------------------------------------------------------ */

enum { MAJOR_BYTES = 2, MAJOR_TEXT = 3, MAJOR_ARRAY = 4, MAJOR_MAP = 5, MAJOR_TAG = 6, MAJOR_SIMPLE = 7,
       INDEFINITE = 31, BREAK = 0xff };

typedef struct walk {
    const uint8_t *at, *end;
    size_t         items;
} walk;

/* The head's argument; false when it is cut or reserved. info is the head's low five bits. */
static bool read_argument(walk *w, int info, uint64_t *value)
{
    size_t size = info < 24 ? 0 : (size_t)1 << (info - 24);
    *value = (uint64_t)info;
    if (!size)
        return true;
    if (info > 27 || (size_t)(w->end - w->at) < size)
        return false;
    *value = 0;
    while (size--)
        *value = *value << 8 | *w->at++;
    return true;
}

static bool walk_item(walk *w, int depth);

/* Chunks of one definite string each, or items, up to a break. */
static bool walk_indefinite(walk *w, int major, int depth)
{
    for (size_t count = 0; w->at < w->end; count++) {
        if (*w->at == BREAK) {
            w->at++;
            return major != MAJOR_MAP || count % 2 == 0;
        }
        bool string = major == MAJOR_BYTES || major == MAJOR_TEXT;
        if (string && (*w->at >> 5 != major || (*w->at & 31) == INDEFINITE))
            return false;
        if (!walk_item(w, depth + 1))
            return false;
    }
    return false;
}

static bool walk_items(walk *w, uint64_t count, int depth)
{
    if (count > (uint64_t)(w->end - w->at))      /* an item is at least a byte */
        return false;
    for (; count; count--)
        if (!walk_item(w, depth + 1))
            return false;
    return true;
}

static bool walk_item(walk *w, int depth)
{
    uint64_t value;
    if (w->at >= w->end || depth > COHL_CBOR_DEPTH_MAX || ++w->items > COHL_CBOR_ITEMS_MAX)
        return false;
    int major = *w->at >> 5, info = *w->at & 31;
    w->at++;
    if (info == INDEFINITE)
        return major >= MAJOR_BYTES && major <= MAJOR_MAP && walk_indefinite(w, major, depth);
    if (!read_argument(w, info, &value))
        return false;
    switch (major) {
    case MAJOR_BYTES:
    case MAJOR_TEXT:
        if (value > (uint64_t)(w->end - w->at))
            return false;
        w->at += value;
        return true;
    case MAJOR_ARRAY:  return walk_items(w, value, depth);
    case MAJOR_MAP:    return value <= UINT64_MAX / 2 && walk_items(w, value * 2, depth);
    case MAJOR_TAG:    return walk_items(w, 1, depth);
    case MAJOR_SIMPLE: return info < 20 ? false : info != 24;   /* unassigned ones, which libcbor does not know */
    default:           return true;
    }
}

size_t cohl_cbor_measure(const uint8_t *data, size_t size)
{
    walk w = { data, data + size, 0 };
    if (!size || size > COHL_CBOR_BYTES_MAX || !walk_item(&w, 0))
        return 0;
    return (size_t)(w.at - data);
}

/* ---- trees ----------------------------------------------------------------- */

cbor_item_t *cohl_cbor_read(const uint8_t *data, size_t size)
{
    struct cbor_load_result result;
    if (!size || cohl_cbor_measure(data, size) != size)
        return NULL;
    cbor_item_t *item = cbor_load(data, size, &result);
    if (item && (result.error.code != CBOR_ERR_NONE || result.read != size))
        cohl_cbor_free(item), item = NULL;
    return item;
}

void cohl_cbor_free(cbor_item_t *item)
{
    if (item)
        cbor_decref(&item);
}

bool cohl_cbor_is_map(const cbor_item_t *item) { return item && cbor_isa_map(item); }
bool cohl_cbor_is_array(const cbor_item_t *item) { return item && cbor_isa_array(item); }

cohl_bytes cohl_cbor_text_of(const cbor_item_t *item)
{
    cohl_bytes none = { 0 };
    if (!item || !cbor_isa_string(item) || !cbor_string_is_definite(item))
        return none;
    size_t size = cbor_string_length(item);
    const char *data = (const char *)cbor_string_handle(item);
    if (!size)
        return (cohl_bytes){ (const uint8_t *)"", 0 };
    if (memchr(data, 0, size) || cohl_utf8_check(data, size) != size)
        return none;
    return (cohl_bytes){ (const uint8_t *)data, size };
}

cohl_bytes cohl_cbor_bytes_of(const cbor_item_t *item)
{
    if (!item || !cbor_isa_bytestring(item) || !cbor_bytestring_is_definite(item))
        return (cohl_bytes){ 0 };
    size_t size = cbor_bytestring_length(item);
    return (cohl_bytes){ size ? cbor_bytestring_handle(item) : (const uint8_t *)"", size };
}

bool cohl_cbor_int_of(const cbor_item_t *item, int64_t *value)
{
    bool positive = item && cbor_isa_uint(item);
    if (!positive && !(item && cbor_isa_negint(item)))
        return false;
    uint64_t magnitude = cbor_get_int(item);
    if (magnitude > INT64_MAX)
        return false;
    *value = positive ? (int64_t)magnitude : -1 - (int64_t)magnitude;
    return true;
}

bool cohl_cbor_bool_of(const cbor_item_t *item, bool *value)
{
    if (!item || !cbor_isa_float_ctrl(item) || !cbor_float_ctrl_is_ctrl(item) || !cbor_is_bool(item))
        return false;
    *value = cbor_ctrl_value(item) == CBOR_CTRL_TRUE;
    return true;
}

bool cohl_cbor_real_of(const cbor_item_t *item, double *value)
{
    if (!item || !cbor_isa_float_ctrl(item) || cbor_float_ctrl_is_ctrl(item))
        return false;
    *value = cbor_float_get_float(item);
    return true;
}

bool cohl_bytes_are(cohl_bytes bytes, const char *text)
{
    return bytes.data && bytes.size == strlen(text) && !memcmp(bytes.data, text, bytes.size);
}

cbor_item_t *cohl_cbor_get(const cbor_item_t *item, const char *key)
{
    cbor_item_t *found = NULL;
    if (!cohl_cbor_is_map(item))
        return NULL;
    const struct cbor_pair *pair = cbor_map_handle(item);
    for (size_t i = 0; i < cbor_map_size(item); i++)
        if (cohl_bytes_are(cohl_cbor_text_of(pair[i].key), key)) {
            if (found)
                return NULL;
            found = pair[i].value;
        }
    return found;
}

cbor_item_t *cohl_cbor_get_int(const cbor_item_t *item, int64_t key)
{
    cbor_item_t *found = NULL;
    int64_t value;
    if (!cohl_cbor_is_map(item))
        return NULL;
    const struct cbor_pair *pair = cbor_map_handle(item);
    for (size_t i = 0; i < cbor_map_size(item); i++)
        if (cohl_cbor_int_of(pair[i].key, &value) && value == key) {
            if (found)
                return NULL;
            found = pair[i].value;
        }
    return found;
}

size_t cohl_cbor_count(const cbor_item_t *item)
{
    if (cohl_cbor_is_map(item))
        return cbor_map_size(item);
    return cohl_cbor_is_array(item) ? cbor_array_size(item) : 0;
}

cbor_item_t *cohl_cbor_at(const cbor_item_t *array, size_t index)
{
    if (!cohl_cbor_is_array(array) || index >= cbor_array_size(array))
        return NULL;
    return cbor_array_handle(array)[index];
}

bool cohl_cbor_copy_text(const cbor_item_t *map, const char *key, char *out, size_t room)
{
    cohl_bytes text = cohl_cbor_text_of(cohl_cbor_get(map, key));
    size_t size = text.size < room ? text.size : room - 1;
    while (size < text.size && size && (text.data[size] & 0xc0) == 0x80)      /* no half of a sign */
        size--;
    if (text.data)
        memcpy(out, text.data, size);
    out[text.data ? size : 0] = 0;
    return text.data != NULL;
}
