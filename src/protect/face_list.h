/* face_list.h - protected faces, looked for along the tracks of a film.
 *
 *     cohl_face_list *list;
 *     if ((st = cohl_face_list_load(&list, store, frames, now, err))) return st;
 *     if (list && cohl_face_list_look(&hit, list, face, face_count)) ... hit.entry, hit.distance
 *     cohl_face_list_free(list);
 *
 * A single near face says little: strangers come near for a moment. So a face counts as protected when at least three
 * of one track are nearer than COHL_FACE_NEAR to one entry (vision/faces.h follows faces); in a film of fewer
 * frames, when all of its frames are. */
#ifndef COHL_PROTECT_FACE_LIST_H
#define COHL_PROTECT_FACE_LIST_H

#include "protect/face_print.h"
#include "store/store.h"

enum { COHL_FACE_LEAST = 3 };

typedef struct cohl_face_list cohl_face_list;

/* The protected faces whose time is not over; *out is NULL when there are none. frames: of the film.
 * COHL_ERR_REFUSED  an entry cannot be read: nobody knows whom it protected */
cohl_status cohl_face_list_load(cohl_face_list **out, cohl_store *store, int frames, int64_t now, cohl_error *err);
void        cohl_face_list_free(cohl_face_list *list);

typedef struct cohl_face_hit {
    int64_t entry;        /* its number (list.h)            */
    int     frames;       /* of the track that were near it */
    double  distance;     /* the least of them              */
} cohl_face_hit;

/* The faces of the next frame: true when one has been near often enough now. */
bool cohl_face_list_look(cohl_face_hit *hit, cohl_face_list *list, const cohl_face *face, int face_count);

#endif
