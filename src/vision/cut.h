/* cut.h - from a frame to what a small picture network sees: cut out, made square, brought to size.
 *
 * Bilinear between the four nearest pixels, as TensorFlow's resizeBilinear: with `corners`, the corner pixels
 * of both pictures lie on each other; without, their corners do. Beside the cut is black. */
#ifndef COHL_VISION_CUT_H
#define COHL_VISION_CUT_H

#include <stdbool.h>

#include "media/frame.h"

/* A part of a frame, inside it, and the picture it is seen in. */
typedef struct cohl_cut {
    int left, top, width, height;       /* of the frame                       */
    int before_x, before_y;             /* black left of it and above         */
    int wide, high;                     /* of the picture, black included     */
} cohl_cut;

/* The whole frame; as the upper left of a square. */
cohl_cut cohl_cut_whole(const cohl_frame *frame);
cohl_cut cohl_cut_square(const cohl_frame *frame);
/* A box that may reach outside, cut at the frame's edges, in the middle of a square; width 0 when nothing is left. */
cohl_cut cohl_cut_box(const cohl_frame *frame, float left, float top, float width, float height);

enum { COHL_CUT_SIDE_MAX = 512 };

/* How a value v of 0..255 is given to a network: (v - mean) * scale. */
typedef struct cohl_pixels { float mean[3], scale; } cohl_pixels;

/* out [size, size, 3], size at most COHL_CUT_SIDE_MAX. */
void cohl_cut_resize(float *out, const cohl_frame *frame, const cohl_cut *cut, int size, bool corners,
                     const cohl_pixels *pixels);

/* A square of `side` pixels around nothing in particular: its upper left corner is at (left, top), and its upper
 * edge runs in the direction (cosine, sine). out [size, size, 3]. */
typedef struct cohl_turned { float left, top, side, cosine, sine; } cohl_turned;
void cohl_cut_turned(float *out, const cohl_frame *frame, const cohl_turned *square, int size, const cohl_pixels *pixels);

#endif
