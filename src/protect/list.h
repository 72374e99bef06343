/* list.h - what must not be shown: pictures and faces that an operator protects.
 *
 *     cohl_store *store;
 *     cohl_protect_open(&store, NULL, err);
 *     cohl_protect_entry entry = { .name = "the hamster", .who = "Ann, for the studio", .why = "our work" };
 *     st = cohl_protect_read(&trace, "hamster.png", err);
 *     st = cohl_protect_add(&id, store, &entry, now, err);
 *
 *     st = cohl_protect_gallery(&gallery, store, now, err);       what the door asks (gallery.h)
 *
 * Of a picture its trace is kept (trace.h), of a face its numbers, encrypted (face_list.h): never a picture. The
 * list stands in the ledger. While it has entries a file beside the ledger says so, LEDGER.protects: where
 * the ledger cannot be read then, no film is made, since nobody can tell what it may not show. */
#ifndef COHL_PROTECT_LIST_H
#define COHL_PROTECT_LIST_H

#include <jansson.h>

#include "protect/gallery.h"
#include "store/store.h"

extern const cohl_store_room cohl_protect_room;

/* The store at path with the rooms of films, models, settings, consents and this one; NULL: the installation's own. */
cohl_status cohl_protect_open(cohl_store **out, const char *path, cohl_error *err);

/* Of a ledger that could not be opened (path as above): COHL_ERR_REFUSED when it protects something. */
cohl_status cohl_protect_unread(const char *path, cohl_error *err);

typedef enum cohl_protect_kind { COHL_PROTECT_PICTURE, COHL_PROTECT_FACE } cohl_protect_kind;

/* Texts 1..COHL_PROTECT_TEXT_MAX bytes of UTF-8. */
enum { COHL_PROTECT_TEXT_MAX = 1024 };

typedef struct cohl_protect_entry {
    cohl_protect_kind kind;
    const char *name;        /* what the operator calls it                       */
    const char *who, *why;   /* who asked for it, or signs for it; the reason     */
    int64_t     until;       /* asked until then, seconds since 1970; 0: for good */
    int64_t     request;     /* by which request (requests/case.h); 0: by none    */
    const void *kept;        /* a trace as bytes, or a face's numbers, encrypted  */
    size_t      kept_size;
} cohl_protect_entry;

/* The trace of a picture file as bytes, for an entry; appended.
 * COHL_ERR_IO, COHL_ERR_FORMAT  no picture   COHL_ERR_ARGUMENT  too little in it to know it again */
cohl_status cohl_protect_read(cohl_text *kept, const char *path, cohl_error *err);

/* The same of a face: its numbers, encrypted (face_print.h), from a picture or film of one person. */
cohl_status cohl_protect_read_face(cohl_text *kept, const char *path, cohl_error *err);

/* Says in the file beside the ledger that there are entries now; before the first is added, outside any transaction. */
cohl_status cohl_protect_say(cohl_store *store, cohl_error *err);

/* May stand in a caller's transaction, after cohl_protect_say.
 * COHL_ERR_ARGUMENT  a text is missing, too long or not UTF-8; the same picture is there already */
cohl_status cohl_protect_add(int64_t *id, cohl_store *store, const cohl_protect_entry *entry, int64_t now,
                             cohl_error *err);
/* COHL_ERR_ARGUMENT: there is no such entry. */
cohl_status cohl_protect_remove(cohl_store *store, int64_t id, cohl_error *err);

/* All entries: id, kind, name, who, why, added, until, request, over (its time is). New reference. */
cohl_status cohl_protect_json(json_t **out, cohl_store *store, int64_t now, cohl_error *err);

/* The pictures whose time is not over; *out is NULL when there are none. */
cohl_status cohl_protect_gallery(cohl_gallery **out, cohl_store *store, int64_t now, cohl_error *err);

/* For rooms of this kind: a text of an entry that is required, and the day of a row's second, less so many; NULL
 * for NULL. */
cohl_status cohl_protect_check_text(const char *needs, const char *text, cohl_error *err);
json_t     *cohl_protect_day(const cohl_rows *rows, int column, int64_t before);

/* COHL_ERR_REFUSED: faces are protected now, and the networks that see faces are not installed. */
cohl_status cohl_protect_can_see(cohl_store *store, int64_t now, cohl_error *err);

/* "protected picture 7 (the hamster; our work)", for a sentence. */
void cohl_protect_name(char *out, size_t size, cohl_store *store, int64_t id);

#endif
