/* jumbf.c - boxes of JUMBF. */
#include "provenance/jumbf.h"

#include <string.h>

/* The rest of a type behind its four letters (ISO/IEC 19566-5, annex B). */
static const uint8_t type_rest[12] = { 0x00, 0x11, 0x00, 0x10, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71 };

enum { UUID_BYTES = 16, REQUESTABLE = 1, HAS_LABEL = 2, HAS_ID = 4, HAS_HASH = 8, HAS_PRIVATE = 16, ID_BYTES = 4, HASH_BYTES = 32 };

int cohl_box_next(cohl_box *box, const uint8_t **at, const uint8_t *end)
{
    size_t left = (size_t)(end - *at), head = 8;
    if (!left)
        return 0;
    if (left < head)
        return -1;
    uint64_t size = cohl_be32(*at);
    memcpy(box->type, *at + 4, 4);
    box->type[4] = 0;
    if (size == 1) {
        if (left < (head = 16))
            return -1;
        size = cohl_be64(*at + 8);
    } else if (size == 0) {
        size = left;
    }
    if (size < head || size > left)
        return -1;
    box->start = *at;
    box->data = *at + head;
    box->size = (size_t)size - head;
    *at += size;
    return 1;
}

/* The next box within a superbox: here each says its size, and a head of zeros is the end. */
static int next_inside(cohl_box *box, const uint8_t **at, const uint8_t *end)
{
    if (end - *at >= 8 && !cohl_be32(*at))
        return cohl_be32(*at + 4) ? -1 : 0;
    return cohl_box_next(box, at, end);
}

/* The same where the store's end is `end`, if last. */
static int next_in_store(cohl_box *box, const uint8_t **at, const uint8_t *end, bool last)
{
    const uint8_t *start = *at;
    bool longer = last && end - start >= 8 && !memcmp(start + 4, "jumb", 4) && cohl_be32(start) > (size_t)(end - start);
    if (!longer)
        return next_inside(box, at, end);
    *box = (cohl_box){ .type = "jumb", .start = start, .data = start + 8, .size = (size_t)(end - start) - 8 };
    *at = end;
    return 1;
}

/* What a description says behind its type: flags and the label, which only a box that may be asked for has. Nothing may
 * be left that no flag explains (ISO/IEC 19566-5, 5.3). */
static bool read_label(cohl_jumbf *out, const cohl_box *about)
{
    uint8_t flags = about->data[UUID_BYTES];
    const uint8_t *label = about->data + UUID_BYTES + 1, *end = about->data + about->size;
    size_t more = (flags & HAS_ID ? ID_BYTES : 0) + (flags & HAS_HASH ? HASH_BYTES : 0);
    if ((flags & (HAS_LABEL | REQUESTABLE)) == (HAS_LABEL | REQUESTABLE)) {
        const uint8_t *zero = memchr(label, 0, (size_t)(end - label));
        if (!zero || zero - label >= COHL_JUMBF_LABEL_MAX ||
            cohl_utf8_check((const char *)label, (size_t)(zero - label)) != (size_t)(zero - label))
            return false;
        memcpy(out->label, label, (size_t)(zero - label));
        label = zero + 1;
    }
    if ((size_t)(end - label) < more)
        return false;
    label += more;
    cohl_box own;                                                /* a salt, say */
    return (!(flags & HAS_PRIVATE) || next_inside(&own, &label, end) == 1) && label == end;
}

bool cohl_jumbf_open(cohl_jumbf *out, const cohl_box *box)
{
    const uint8_t *at = box->data;
    cohl_box about;
    if (strcmp(box->type, "jumb") || next_inside(&about, &at, box->data + box->size) != 1 ||
        strcmp(about.type, "jumd") || about.size < UUID_BYTES + 1)
        return false;
    *out = (cohl_jumbf){ .box = *box, .content = at, .content_size = (size_t)(box->data + box->size - at) };
    if (!memcmp(about.data + 4, type_rest, sizeof type_rest))
        memcpy(out->kind, about.data, 4);
    return read_label(out, &about);
}

bool cohl_jumbf_read(cohl_jumbf *out, const uint8_t *data, size_t size, const char *kind)
{
    cohl_box box;
    const uint8_t *at = data;
    if (!data || next_in_store(&box, &at, data + size, true) != 1 || !cohl_jumbf_open(out, &box) || strcmp(out->kind, kind))
        return false;
    out->last = at == data + size;
    return true;
}

int cohl_jumbf_next(cohl_jumbf *child, const cohl_jumbf *parent, const uint8_t **at)
{
    const uint8_t *end = parent->content + parent->content_size;
    cohl_box box;
    int found;
    if (!*at)
        *at = parent->content;
    while ((found = next_in_store(&box, at, end, parent->last)) == 1)
        if (!strcmp(box.type, "jumb")) {
            if (!cohl_jumbf_open(child, &box))
                return -1;
            child->last = parent->last && *at == end;
            return 1;
        }
    return found;
}

bool cohl_jumbf_child(cohl_jumbf *child, const cohl_jumbf *parent, const char *label)
{
    const uint8_t *at = NULL;
    cohl_jumbf one;
    int found = 0, got;
    while ((got = cohl_jumbf_next(&one, parent, &at)) == 1)
        if (!strcmp(one.label, label))
            *child = one, found++;
    return got == 0 && found == 1;
}

bool cohl_jumbf_content(cohl_box *box, const cohl_jumbf *jumbf, const char *type)
{
    const uint8_t *at = jumbf->content, *end = at + jumbf->content_size;
    while (next_inside(box, &at, end) == 1)
        if (!strcmp(box->type, type))
            return true;
    return false;
}

/* ---- write ----------------------------------------------------------------- */

size_t cohl_box_begin(cohl_text *out, const char *type)
{
    size_t start = out->size;
    cohl_text_add_bytes(out, "\0\0\0\0", 4);
    cohl_text_add_bytes(out, type, 4);
    return start;
}

void cohl_box_end(cohl_text *out, size_t start)
{
    if (!out->failed)
        cohl_put_be32((uint8_t *)out->data + start, (uint32_t)(out->size - start));
}

size_t cohl_jumbf_begin(cohl_text *out, const char *kind, const char *label)
{
    size_t start = cohl_box_begin(out, "jumb"), about = cohl_box_begin(out, "jumd");
    uint8_t toggles = HAS_LABEL | REQUESTABLE;
    cohl_text_add_bytes(out, kind, 4);
    cohl_text_add_bytes(out, type_rest, sizeof type_rest);
    cohl_text_add_bytes(out, &toggles, 1);
    cohl_text_add_bytes(out, label, strlen(label) + 1);
    cohl_box_end(out, about);
    return start;
}
