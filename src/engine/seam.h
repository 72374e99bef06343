/* seam.h - frames at the joins of given and made film, so that no join shows.
 *
 * An autoencoder does not give a frame back as it was: it is softer, and its colours are a little
 * off. A made frame beside a given one would therefore flash. What the autoencoder lost of the
 * given frame at a join, given - decoded, is known, and made frames near the join get it back:
 *
 *     coarse  what is left of it after a wide blur, and with it any jump in colour or brightness
 *             between the given frame and the first made one
 *     fine    the rest: for long where the decoded picture has not changed since the join, so that
 *             detail of what stands still stays; for half as long where it moves
 *
 * Both fade over some frames on the side of each join; between two joins near each other they pass
 * over into each other. In a film with joins made frames keep the film's look (engine/look.h), which is that
 * of the given film beside them or of their own first second, and beside given film no step from frame
 * to frame is larger than that film's own (engine/ease.h): so no join flashes and nothing drifts. A film
 * made in one piece is left as it is. Frames go in as they are decoded and come out in order, later
 * where a given frame is still to come. Pure host arithmetic in a fixed order: the same bytes with any
 * number of threads. */
#ifndef COHL_ENGINE_SEAM_H
#define COHL_ENGINE_SEAM_H

#include <stdbool.h>

#include "engine/ease.h"
#include "engine/look.h"

typedef struct engine_seam engine_seam;

/* Takes a finished frame; borrowed for the call. */
typedef struct engine_seam_sink {
    cohl_status (*put)(void *user, const cohl_frame *frame, cohl_error *err);
    void *user;
} engine_seam_sink;

typedef struct engine_seam_params {
    int         reach;       /* frames over which a correction fades, 1 or more */
    bool        joins;       /* the film is not made in one piece               */
    bool        holds;       /* and keeps its look                              */
    engine_look look[2];     /* of what is given before and behind; of no frame: of the film's first second */
    engine_ease ease[2];     /* the steps of what is given before and behind     */
} engine_seam_params;

cohl_status engine_seam_open(engine_seam **out, int width, int height, const engine_seam_params *params,
                             engine_seam_sink sink, cohl_error *err);
void        engine_seam_close(engine_seam *seam);      /* NULL is fine */

/* A given frame: comes out as it is. decoded is what the autoencoder makes of it. */
cohl_status engine_seam_given(engine_seam *seam, const cohl_frame *given, const cohl_frame *decoded, cohl_error *err);

/* A made frame. until: frames to the next given one, 1 = it is the next; 0: none will follow. */
cohl_status engine_seam_made(engine_seam *seam, const cohl_frame *decoded, int until, cohl_error *err);

/* The film is over: what is still held comes out. */
cohl_status engine_seam_flush(engine_seam *seam, cohl_error *err);

#endif
