/* stage_shape.h - the solids and paper cards everything is built of.
 *
 * A shape is a unit form (ball, box, cone ...) under a pose. A ray is carried into
 * the unit form's space, so one intersection per kind serves every size, lean and
 * squash. Rays of one camera share their origin and are linear in the picture
 * coordinates, so a view prepares that once per shape. */
#ifndef COHL_THEATRE_STAGE_SHAPE_H
#define COHL_THEATRE_STAGE_SHAPE_H

#include <stdint.h>

#include "theatre/stage_vec.h"

typedef enum shape_kind {
    SHAPE_BALL,      /* |p| <= 1                                             */
    SHAPE_CAPSULE,   /* radius 1 about y from -size to size                  */
    SHAPE_CONE,      /* y 0..1, radius 1 at 0 and size at 1                  */
    SHAPE_BOX,       /* |x| |y| |z| <= 1                                     */
    SHAPE_ROOF,      /* y 0..1, |x| <= 1 - y, |z| <= 1                       */
    SHAPE_PYRAMID,   /* y 0..1, |x| |z| <= 1 - y                             */
    SHAPE_HULL,      /* y 0..1, a boat's, its bow at z = -1                  */
    SHAPE_SAIL,      /* y 0..1, z 0..1 - y, thin                             */
    SHAPE_CARD,      /* z = 0, cut out by card_cut                           */
} shape_kind;

typedef enum card_cut {
    CUT_DISC, CUT_CLOUD, CUT_FIR, CUT_WAVE, CUT_HILL, CUT_RECT, CUT_CACTUS
} card_cut;

typedef enum shape_pattern {
    PATTERN_PLAIN,
    PATTERN_BAND,      /* second paint about the equator and on the poles    */
    PATTERN_HOOPS,     /* second paint in `size2` hoops along y              */
    PATTERN_WINDOWS,   /* second paint in a grid on the sides of a box       */
    PATTERN_RIM,       /* second paint along the edge of a card              */
    PATTERN_SUCKERS,   /* second paint in dots on the underside              */
} shape_pattern;

typedef struct shape {
    shape_kind    kind;
    shape_pattern pattern;
    card_cut      cut;
    int   owner;              /* 0 the set, 1 + actor                         */
    float size;               /* kind's parameter                             */
    float size2;              /* pattern's parameter                          */
    float gloss;              /* 0 clay .. 1 balloon                          */
    float glow;               /* 0 lit by the lamps .. 1 by itself            */
    int   casts;              /* throws a shadow on the ground                */
    vec3  paint, paint2;      /* linear                                       */
    pose  at;                 /* unit form to world                           */
    vec3  row[3];             /* world to unit form                           */
    /* for the view: ray = from + depth * (ahead + sx * aside + sy * above)   */
    vec3  from, ahead, aside, above;
    int   x0, y0, x1, y1;     /* pixels it may cover, x1 and y1 excluded      */
    float near;               /* smallest depth                               */
} shape;

/* Fill in row[] from at; call after at is set. */
void shape_settle(shape *s);
/* Corner extents of the unit form. */
void shape_bounds(const shape *s, vec3 *lo, vec3 *hi);

/* Distance along from + t*d of the first entry with t > 0, or 1e9; from and d in the
 * unit form's space. face tells which side was hit. */
float shape_hit(const shape *s, vec3 from, vec3 d, int *face);
/* Outward normal in the world at the unit-space point p, unit length. */
vec3 shape_normal(const shape *s, vec3 p, int face);
/* Paint at p; *part numbers differently painted parts. */
vec3 shape_paint(const shape *s, vec3 p, int face, int *part);

#endif
