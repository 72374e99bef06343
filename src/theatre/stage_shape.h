/* stage_shape.h - the solids and paper cards everything is built of.
 *
 * A shape is a unit form (ball, box, cone ...) under a pose. Rays are carried into the
 * unit form's space, so one intersection per kind serves every size, lean and squash.
 * They come in sheaves of up to 64 that share a plan: ray i starts at
 * from + u[i] * slide and goes along ahead + u[i] * aside + v[i] * above. A camera's
 * rays share their start, the rays of a shadow map their direction. */
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
    PATTERN_WINDOWS,   /* second paint in a grid on the sides of a box, some
                        * windows in the third and glowing                   */
    PATTERN_RIM,       /* second paint along the edge of a card              */
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
    vec3  paint, paint2, paint3;   /* linear                                  */
    pose  at;                 /* unit form to world                           */
    vec3  row[3];             /* world to unit form                           */
    int   x0, y0, x1, y1;     /* pixels it may cover, x1 and y1 excluded      */
    float near;               /* smallest depth                               */
} shape;

/* Fill in row[] from at; call after at is set. */
void shape_settle(shape *s);
/* Corner extents of the unit form. */
void shape_bounds(const shape *s, vec3 *lo, vec3 *hi);

/* How the rays of a sheaf run, in the space of the world or of a unit form. */
typedef struct ray_plan {
    vec3 from, slide, ahead, aside, above;
} ray_plan;

enum { SHEAF = 64 };

/* What a sheaf has met so far. */
typedef struct sheaf {
    float u[SHEAF], v[SHEAF];
    float depth[SHEAF];        /* nearest so far                             */
    int   number[SHEAF];       /* what the caller called that shape          */
    int   face[SHEAF];         /* which side of it                           */
} sheaf;

/* The plan as the unit form sees it. */
ray_plan shape_plan(const shape *s, const ray_plan *world);
/* Rays first..last-1 that enter the form at 0.05 or more and nearer than before note it. */
void shape_meet(const shape *s, const ray_plan *plan, sheaf *rays, int first, int last, int number);
/* Outward normal in the world at the unit-space point p, unit length. */
vec3 shape_normal(const shape *s, vec3 p, int face);
/* Paint at p; *part numbers differently painted parts. */
vec3 shape_paint(const shape *s, vec3 p, int face, int *part);

#endif
