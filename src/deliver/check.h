/* check.h - what every frame must pass before it is encoded.
 *
 * A check looks at a short window of frames, the newest last, each time a frame
 * arrives; a frame goes on only after every window it stands in has passed. A check that
 * follows the whole film keeps a state of its own. A new check is an entry of cohl_checks. */
#ifndef COHL_DELIVER_CHECK_H
#define COHL_DELIVER_CHECK_H

#include <stdbool.h>

#include "media/frame.h"
#include "vision/faces.h"
#include "safety/policy.h"
#include "store/store.h"

/* What a check sees; all of it borrowed. */
typedef struct cohl_check_view {
    const char              *name;            /* of the film, for sentences             */
    int                      width, height;   /* as announced                           */
    double                   fps;
    int                      frames;          /* it will have; 0: unknown               */
    cohl_store              *ledger;          /* where lists of this installation stand; NULL: none */
    const cohl_policy       *policy;          /* that writing is asked of; NULL: the installation's */
    cohl_workers            *workers;         /* for networks that look; NULL: the caller's thread  */
    int                      first;           /* number in the film of frame[0]         */
    int                      count;           /* 1..window; fewer only at the beginning */
    const cohl_frame *const *frame;           /* [count], oldest first                  */
    const cohl_face         *face;            /* [face_count] of the newest frame, for checks with `faces` */
    int                      face_count;
} cohl_check_view;

typedef struct cohl_check {
    const char *name;     /* "size"                                   */
    const char *about;    /* one line for help                        */
    bool      (*here)(void);   /* what it needs is installed; without, it is not asked. NULL: always */
    int         window;   /* frames it wants to see together, >= 1    */
    bool        faces;    /* it wants faces: without their networks, or where its open left *state NULL,
                             it is not asked, and credentials do not name it */
    /* Begin and end of a film; both NULL for a check without a state. `about` has no frames. */
    cohl_status (*open)(void **state, const cohl_check_view *about, cohl_error *err);
    void        (*close)(void *state);
    /* COHL_OK, or COHL_ERR_REFUSED (COHL_ERR_ARGUMENT for a caller's mistake) with a
     * sentence that says which frame and why. state is NULL without open. */
    cohl_status (*look)(void *state, const cohl_check_view *view, cohl_error *err);
} cohl_check;

/* Every check, in the order they are asked; ends with NULL. */
extern const cohl_check *const cohl_checks[];

/* Frames that wait until their windows have passed. Memory: the longest window. */
typedef struct cohl_window cohl_window;

/* All of checks are asked, then also (NULL: nothing more). about tells name, size, rate and ledger. What
 * both point to is borrowed until free. */
cohl_status cohl_window_new(cohl_window **out, const cohl_check *const *checks, const cohl_check *also,
                            const cohl_check_view *about, cohl_error *err);

/* Take a copy of the next frame and ask every check. *ready is then the frame that may
 * go on, valid until the next call, or NULL while the window fills. After a failure nothing goes
 * on any more, frames that wait included, and each call says that failure again. */
cohl_status cohl_window_push(cohl_window *window, const cohl_frame *frame,
                             const cohl_frame **ready, cohl_error *err);

/* Name of the i-th check that this film is asked, NULL after the last: what its credentials tell. */
const char *cohl_window_check(const cohl_window *window, int index);

/* What it needs is here; such that looks at faces, their networks. */
bool cohl_check_is_here(const cohl_check *check);

/* After the last frame: those that still wait, one a call, then NULL. */
const cohl_frame *cohl_window_rest(cohl_window *window);

void cohl_window_free(cohl_window *window);

#endif
