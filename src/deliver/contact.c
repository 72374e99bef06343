/* contact.c - the sheet beside a film. */
#include "deliver/contact.h"

#include <stdio.h>
#include <stdlib.h>

#include "media/resize.h"
#include "media/sheet.h"
#include "media/still.h"

enum { COLUMNS = 4 };

struct cohl_contact {
    int         frames, places;
    double      fps;
    cohl_frame *kept[COHL_CONTACT_PLACES];
};

cohl_status cohl_contact_new(cohl_contact **out, int frames, double fps, cohl_error *err)
{
    cohl_contact *contact = *out = calloc(1, sizeof *contact);
    if (!contact)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a contact sheet");
    contact->frames = frames;
    contact->fps = fps;
    contact->places = frames < COHL_CONTACT_PLACES ? frames : COHL_CONTACT_PLACES;
    return COHL_OK;
}

cohl_status cohl_contact_take(cohl_contact *contact, int index, const cohl_frame *frame,
                              cohl_error *err)
{
    int place = 0, width = frame->width, height = frame->height;
    while (place < contact->places &&
           cohl_sheet_pick(place, contact->places, contact->frames) != index)
        place++;
    if (place == contact->places || contact->kept[place])
        return COHL_OK;
    if (width > COHL_CONTACT_WIDTH) {
        height = (int)((int64_t)height * COHL_CONTACT_WIDTH / width);
        width = COHL_CONTACT_WIDTH;
    }
    cohl_status st = cohl_frame_new(&contact->kept[place], width, height > 0 ? height : 1, err);
    return st ? st : cohl_resize(contact->kept[place], frame, err);
}

cohl_status cohl_contact_encode(cohl_text *out, const cohl_contact *contact, const char *title,
                                const cohl_tag *tags, int tag_count, cohl_error *err)
{
    cohl_sheet_params params = cohl_sheet_params_default();
    cohl_sheet_cell cells[COHL_CONTACT_PLACES];
    char captions[COHL_CONTACT_PLACES][48];
    cohl_frame *sheet;
    params.columns = COLUMNS;
    params.title = title;
    if (contact->kept[0])
        params.cell_width = contact->kept[0]->width;
    for (int i = 0; i < contact->places; i++) {
        int index = cohl_sheet_pick(i, contact->places, contact->frames);
        snprintf(captions[i], sizeof captions[i], "%d  %.2f s", index, index / contact->fps);
        cells[i] = (cohl_sheet_cell){ contact->kept[i], captions[i] };
    }
    cohl_status st = cohl_sheet_new(&sheet, cells, contact->places, &params, err);
    if (!st)
        st = cohl_still_encode(out, sheet, tags, tag_count, err);
    cohl_frame_free(sheet);
    return st;
}

void cohl_contact_free(cohl_contact *contact)
{
    if (!contact)
        return;
    for (int i = 0; i < COHL_CONTACT_PLACES; i++)
        cohl_frame_free(contact->kept[i]);
    free(contact);
}
