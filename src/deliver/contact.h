/* contact.h - the sheet beside a film: some of its frames, kept small as they pass. */
#ifndef COHL_DELIVER_CONTACT_H
#define COHL_DELIVER_CONTACT_H

#include "base/text.h"
#include "media/frame.h"
#include "media/tag.h"

enum { COHL_CONTACT_PLACES = 12, COHL_CONTACT_WIDTH = 320 };

typedef struct cohl_contact cohl_contact;

/* For a film of `frames` frames, 1 or more. */
cohl_status cohl_contact_new(cohl_contact **out, int frames, double fps, cohl_error *err);
/* Frame number `index` passes; it is kept if it has a place on the sheet. */
cohl_status cohl_contact_take(cohl_contact *contact, int index, const cohl_frame *frame,
                              cohl_error *err);
/* Append the sheet as PNG; title may be NULL. */
cohl_status cohl_contact_encode(cohl_text *out, const cohl_contact *contact, const char *title,
                                const cohl_tag *tags, int tag_count, cohl_error *err);
void cohl_contact_free(cohl_contact *contact);

#endif
