/* jumbf.h - boxes of JUMBF (ISO/IEC 19566-5), the shelves of a manifest store.
 *
 * A superbox "jumb" holds a description "jumd" (a type and a label) and content: other
 * superboxes, or plain boxes such as "cbor". Everything read is borrowed from the bytes. */
#ifndef COHL_PROVENANCE_JUMBF_H
#define COHL_PROVENANCE_JUMBF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Types are four letters and a common rest. */
#define COHL_JUMBF_STORE      "c2pa"
#define COHL_JUMBF_MANIFEST   "c2ma"
#define COHL_JUMBF_UPDATE     "c2um"
#define COHL_JUMBF_ASSERTIONS "c2as"
#define COHL_JUMBF_CLAIM      "c2cl"
#define COHL_JUMBF_SIGNATURE  "c2cs"
#define COHL_JUMBF_CBOR       "cbor"
#define COHL_JUMBF_JSON       "json"

enum { COHL_JUMBF_LABEL_MAX = 256, COHL_JUMBF_DEPTH_MAX = 8 };

/* A box: four letters and what is in it. */
typedef struct cohl_box {
    char           type[5];
    const uint8_t *start;       /* of the box, header included */
    const uint8_t *data;        /* of its contents             */
    size_t         size;        /* of its contents             */
} cohl_box;

/* A superbox that was opened. */
typedef struct cohl_jumbf {
    cohl_box    box;
    char        kind[5];                         /* the type's four letters; "" for another UUID */
    char        label[COHL_JUMBF_LABEL_MAX];     /* "" when it has none                          */
    const uint8_t *content;                      /* behind the description                       */
    size_t      content_size;
    bool        last;                            /* nothing of the store stands behind it        */
} cohl_jumbf;

/* Walk boxes, of JUMBF and of BMFF: *at starts as the begin of bytes and moves behind the box. 1: a box; 0: the end;
 * -1: bytes that are no box (a size that is too small or goes past the end). */
int cohl_box_next(cohl_box *box, const uint8_t **at, const uint8_t *end);

/* Open a "jumb" box: its description must come first and be whole, without bytes that it does not explain. */
bool cohl_jumbf_open(cohl_jumbf *out, const cohl_box *box);
/* The only box at data, and it is a superbox of this kind. A superbox of a store that says it goes on past the store's
 * end ends there: what is signed lies inside, and the reference library reads it so. */
bool cohl_jumbf_read(cohl_jumbf *out, const uint8_t *data, size_t size, const char *kind);

/* Child superboxes of a superbox, in order: as cohl_box_next; other boxes are passed over.
 * *at starts as NULL. */
int cohl_jumbf_next(cohl_jumbf *child, const cohl_jumbf *parent, const uint8_t **at);
/* The only child with this label; false when there is none or more than one, or bytes among them that are no box. */
bool cohl_jumbf_child(cohl_jumbf *child, const cohl_jumbf *parent, const char *label);
/* The first plain box of a type among the content. */
bool cohl_jumbf_content(cohl_box *box, const cohl_jumbf *jumbf, const char *type);

/* ---- write ----------------------------------------------------------------- */

/* Begin returns what end wants; sizes are filled in at the end. */
size_t cohl_box_begin(cohl_text *out, const char *type);
void   cohl_box_end(cohl_text *out, size_t start);
size_t cohl_jumbf_begin(cohl_text *out, const char *kind, const char *label);

/* Numbers as boxes have them, most significant byte first. */
static inline uint32_t cohl_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t cohl_be64(const uint8_t *p) { return (uint64_t)cohl_be32(p) << 32 | cohl_be32(p + 4); }
static inline void cohl_put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24), p[1] = (uint8_t)(v >> 16), p[2] = (uint8_t)(v >> 8), p[3] = (uint8_t)v;
}
static inline void cohl_put_be64(uint8_t *p, uint64_t v)
{
    cohl_put_be32(p, (uint32_t)(v >> 32)), cohl_put_be32(p + 4, (uint32_t)v);
}

#endif
