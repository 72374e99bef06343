/* gallery.h - protected pictures, looked for in the frames of a film.
 *
 *     cohl_gallery *gallery;
 *     if ((st = cohl_gallery_new(&gallery, err))) return st;
 *     st = cohl_gallery_add(gallery, 7, &trace, err);             each picture
 *     st = cohl_gallery_close_list(gallery, err);                 once, after the last
 *     st = cohl_gallery_look(&seen, gallery, frame, err);         each frame
 *     if (seen.picture) ...
 *     cohl_gallery_free(gallery);
 *
 * A picture is seen when its fingerprint is the frame's but for a few bits, or when enough of its features
 * are found again at places that fit one turn, size and shift (agree.h): so it is also found cut, in a
 * mirror, larger or smaller, or as a part of the frame. Features are found by multi-index hashing (Norouzi, Punjani and
 * Fleet 2012): two that are near mostly have one of 17 groups of bits the same, so that a frame is
 * compared with few features, however many pictures there are. docs/checks.md says what was measured. */
#ifndef COHL_PROTECT_GALLERY_H
#define COHL_PROTECT_GALLERY_H

#include "protect/trace.h"

typedef struct cohl_gallery cohl_gallery;

cohl_status cohl_gallery_new(cohl_gallery **out, cohl_error *err);
void        cohl_gallery_free(cohl_gallery *gallery);

/* A copy is kept. id: 1 or more, the picture's number. */
cohl_status cohl_gallery_add(cohl_gallery *gallery, int64_t id, const cohl_picture_trace *trace, cohl_error *err);
/* All are there; nothing can be added any more. */
cohl_status cohl_gallery_close_list(cohl_gallery *gallery, cohl_error *err);

typedef struct cohl_sighting {
    int64_t picture;        /* its number; 0: none was seen                                  */
    bool    mirrored;
    bool    whole;          /* the frame is it, by its fingerprint                           */
    int     bits;           /* of 64, that differ from its fingerprint                       */
    int     places;         /* that agree                                                    */
    float   share, size;    /* of the picture that they span, 0..1; frame's size to picture's */
} cohl_sighting;

/* The picture that is seen most surely. One thread at a time. */
cohl_status cohl_gallery_look(cohl_sighting *out, cohl_gallery *gallery, const cohl_frame *frame, cohl_error *err);

#endif
