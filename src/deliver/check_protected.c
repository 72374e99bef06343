/* check_protected.c - no frame shows a picture that is protected. */
#include "deliver/check_protected.h"

#include <stdlib.h>
#include <time.h>

#include "protect/list.h"

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

/* No state where nothing is protected. */
static cohl_status open_pictures(void **state, const cohl_check_view *about, cohl_error *err)
{
    cohl_gallery *gallery = NULL;
    cohl_status st = about->ledger ? cohl_protect_gallery(&gallery, about->ledger, (int64_t)time(NULL), err) : COHL_OK;
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
