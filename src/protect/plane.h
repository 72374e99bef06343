/* plane.h - a grey picture of bytes, and the few things that are done to it. */
#ifndef COHL_PROTECT_PLANE_H
#define COHL_PROTECT_PLANE_H

#include <stdbool.h>

#include "media/frame.h"

/* Starts as { 0 }; what it holds is kept and grown from use to use. */
typedef struct cohl_plane {
    int      width, height;
    uint8_t *at;             /* [height, width] */
    size_t   room;
} cohl_plane;

void cohl_plane_free(cohl_plane *plane);

/* A frame's luma (BT.601), its longer side made `side` where it is longer: each pixel the mean of those it
 * covers, of every other row of them where it covers many. mirrored: left and right change places. */
cohl_status cohl_plane_of(cohl_plane *out, const cohl_frame *frame, int side, bool mirrored, cohl_error *err);

/* To four fifths of its size. */
cohl_status cohl_plane_smaller(cohl_plane *out, const cohl_plane *from, cohl_error *err);

/* [1 4 6 4 1] / 16 both ways; the two pixels at each side stay. */
cohl_status cohl_plane_smooth(cohl_plane *out, const cohl_plane *from, cohl_error *err);

/* Standard deviation of its values. */
double cohl_plane_contrast(const cohl_plane *plane);

/* out [side, side]: means of its parts. */
void cohl_plane_means(float *out, int side, const cohl_plane *plane);

#endif
