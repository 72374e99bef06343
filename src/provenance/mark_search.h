/* mark_search.h - where in the picture a marked canvas lies, by its public mark.
 *
 * A film that was cropped shows a part of the canvas, one that stands in a frame shows all of it
 * small. For 107 sizes of the canvas (0.45 to 2.2 times the picture's, 1.5 % apart) and every
 * half cell of shift, plain and mirrored, the public signs are correlated with the picture, a size
 * at once by Fourier transform. The best places are then refined by steps as small as an eighth of
 * a cell, width and height by themselves.
 *
 * What the search knows is the public key and the picture. So the places it gives are, for
 * anyone without the private key, fixed before that key is drawn. */
#ifndef COHL_PROVENANCE_MARK_SEARCH_H
#define COHL_PROVENANCE_MARK_SEARCH_H

#include "provenance/mark_read.h"

enum { COHL_MARK_PLACES = 6 };

typedef struct cohl_mark_place {
    cohl_mark_geometry geometry;
    double             z;             /* of the public mark there */
} cohl_mark_place;

typedef struct cohl_mark_found {
    cohl_mark_place place[COHL_MARK_PLACES];   /* best first */
    int             count;
    double          log_tried;        /* natural logarithm of how many geometries could have been chosen */
} cohl_mark_found;

cohl_status cohl_mark_search(cohl_mark_found *found, const float *sum, const cohl_mark_owners *owners,
                             const cohl_mark_signs *public_signs, cohl_error *err);

#endif
