/* check_protected.c - no frame shows a picture, and no track a face, that is protected. */
#include "deliver/check_protected.h"

#include <stdlib.h>
#include <time.h>

#include "protect/face_list.h"
#include "protect/list.h"

/* ---- pictures -------------------------------------------------------------------- */

typedef struct watch {
    cohl_store   *store;
    cohl_gallery *gallery;
} watch;

static void close_pictures(void *state)
{
    watch *w = state;
    cohl_gallery_free(w->gallery);
    free(w);
}

/* No state where nothing is protected. Asked whatever is installed, so here too: can protected faces be seen? */
static cohl_status open_pictures(void **state, const cohl_check_view *about, cohl_error *err)
{
    cohl_gallery *gallery = NULL;
    int64_t now = (int64_t)time(NULL);
    cohl_status st = about->ledger ? cohl_protect_can_see(about->ledger, now, err) : COHL_OK;
    if (!st && about->ledger) st = cohl_protect_gallery(&gallery, about->ledger, now, err);
    if (st || !gallery)
        return st;
    watch *w = *state = malloc(sizeof *w);
    if (!w) {
        cohl_gallery_free(gallery);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to look for protected pictures", about->name);
    }
    *w = (watch){ about->ledger, gallery };
    return COHL_OK;
}

static cohl_status look_for_pictures(void *state, const cohl_check_view *view, cohl_error *err)
{
    watch *w = state;
    cohl_sighting seen = { 0 };
    char name[320];
    cohl_status st = w ? cohl_gallery_look(&seen, w->gallery, view->frame[view->count - 1], err) : COHL_OK;
    if (st || !seen.picture)
        return st;
    cohl_protect_name(name, sizeof name, w->store, seen.picture);
    if (seen.whole)
        return cohl_fail(err, COHL_ERR_REFUSED, "%s: frame %d is %s%s: %d of 64 bits of its fingerprint differ", view->name,
                         view->first + view->count - 1, name, seen.mirrored ? ", in a mirror" : "", seen.bits);
    return cohl_fail(err, COHL_ERR_REFUSED, "%s: frame %d shows %s%s: %d places agree over %.0f %% of it", view->name,
                     view->first + view->count - 1, name, seen.mirrored ? ", in a mirror" : "", seen.places,
                     100.0 * (seen.share < 1 ? seen.share : 1));
}

const cohl_check cohl_check_protected_pictures = {
    .name = "protected pictures", .about = "no picture that this installation protects (cohl protect)",
    .window = 1, .open = open_pictures, .close = close_pictures, .look = look_for_pictures };

/* ---- faces ----------------------------------------------------------------------- */

typedef struct face_watch {
    cohl_store     *store;
    cohl_face_list *list;
} face_watch;

static void close_faces(void *state)
{
    face_watch *w = state;
    cohl_face_list_free(w->list);
    free(w);
}

/* No state where nobody is protected. */
static cohl_status open_faces(void **state, const cohl_check_view *about, cohl_error *err)
{
    cohl_face_list *list = NULL;
    cohl_status st = about->ledger ? cohl_face_list_load(&list, about->ledger, about->frames, (int64_t)time(NULL), err)
                                   : COHL_OK;
    if (st || !list)
        return st;
    face_watch *w = *state = malloc(sizeof *w);
    if (!w) {
        cohl_face_list_free(list);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to look for protected faces", about->name);
    }
    *w = (face_watch){ about->ledger, list };
    return COHL_OK;
}

static cohl_status look_for_faces(void *state, const cohl_check_view *view, cohl_error *err)
{
    face_watch *w = state;
    cohl_face_hit hit;
    char name[320];
    if (!cohl_face_list_look(&hit, w->list, view->face, view->face_count))
        return COHL_OK;
    cohl_protect_name(name, sizeof name, w->store, hit.entry);
    return cohl_fail(err, COHL_ERR_REFUSED, "%s: at frame %d, a face has come near %s in %d frames: distance %.2f, expected "
                     "at least %.2f", view->name, view->first + view->count - 1, name, hit.frames, hit.distance,
                     COHL_FACE_NEAR);
}

const cohl_check cohl_check_protected_faces = {
    .name = "protected faces", .about = "no face that this installation protects (cohl protect)", .faces = true,
    .window = COHL_FACE_LEAST, .open = open_faces, .close = close_faces, .look = look_for_faces };
