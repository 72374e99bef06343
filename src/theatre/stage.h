/* stage.h - one moment of a scene, built of shapes and ready to be looked at.
 *
 *     stage_open(&stage, &scene, seconds);     lamps, sky, rings, ground, set, actors
 *     stage_ray(...)                           in render.c
 *
 * The world is a round theatre about (0, 0, 7): actors and props in the middle, paper
 * flats and hills on rings around, a painted dome above, so a camera that turns
 * anywhere sees a finished set. Colours are linear here: (display value)^2, which is
 * close to sRGB and undone by a square root. */
#ifndef COHL_THEATRE_STAGE_H
#define COHL_THEATRE_STAGE_H

#include <stdint.h>

#include "theatre/scene.h"
#include "theatre/stage_shape.h"

enum {
    STAGE_SHAPES = 640,
    STAGE_RINGS = 3,
    RING_STEPS = 512,          /* heights around a ring                      */
    NOISE_SIDE = 32,           /* lattice of the paper's mottling            */
    SHADOW_SIDE = 240,         /* texels of the shadow map                   */
};

#define STAGE_MIDDLE_Z  7.0f
#define SHADOW_TEXEL    0.075f   /* metres; the map covers 18 m by 18 m      */

/* What shines on a surface with normal n:
 * paint * (below..above by n.y  +  key * wrapped n.to_key  +  fill * n.to_front) */
typedef struct lamps {
    vec3 above, below, key, fill;
} lamps;

/* A paper flat that runs around the stage. */
typedef struct ring {
    float radius, top;         /* metres; the highest height                 */
    float height[RING_STEPS];
    vec3  paint, foot, edge;   /* as seen: lit and hazed; at the crest, at the foot, its rim */
    float rim;                 /* metres of rim                              */
    vec3  window;              /* lit windows of a skyline, when windows     */
    int   windows, stepped;    /* a skyline has steps                        */
} ring;

typedef struct sky {
    vec3  zenith, horizon, glow;   /* glow about the sun's foot              */
    vec3  disc_at, disc;           /* direction and colour of sun or moon    */
    float disc_size;               /* radius, radians                        */
    float halo;                    /* strength of the shine around the disc  */
    int   stars, crescent;
} sky;

/* How the ground is painted. */
typedef struct ground {
    vec3  paint, paint2;       /* mottled from one to the other              */
    vec3  path, water, foam;
    float mottle;              /* patches per metre                          */
    float shore;               /* z where water begins; 1e9 = none           */
    int   paths, dots, craters, ripples, tiles;
    vec3  dot;
} ground;

typedef struct contact {
    float x, z, radius, strength;
} contact;

typedef struct stage {
    const cohl_scene *scene;
    float  seconds;
    vec3   to_key;             /* towards the lamp that throws shadows       */
    lamps  world, actor;       /* actors are lit so that colours keep names  */
    float  shadow;             /* how dark a shadow is, 0..1                 */
    vec3   haze;               /* colour of distance                         */
    float  haze_far;           /* metres at which half is haze               */
    int    lit_windows;        /* night                                      */
    sky    sky;
    ground ground;
    ring   ring[STAGE_RINGS];
    int    ring_count;
    contact contact[COHL_ACTORS_MAX];
    int    contact_count;
    shape  shape[STAGE_SHAPES];
    int    shape_count;
    uint8_t noise[NOISE_SIDE * NOISE_SIDE];
    uint8_t shade[SHADOW_SIDE * SHADOW_SIDE];   /* 0 lit .. 255 in shadow    */
    float  shade_box[4];       /* where shade is not 0, texels: x0 z0 x1 z1  */
} stage;

/* A brush: what the next shape is made of and whose it is. */
typedef struct brush {
    stage *stage;
    int    owner, casts;
    float  gloss, glow;
    vec3   paint, paint2;
    shape_pattern pattern;
    float  pattern_size;
} brush;

/* Display-encoded 0..255 to linear. */
vec3 paint_rgb(int red, int green, int blue);
/* The ten colours of actors. */
vec3 paint_of(cohl_colour colour);

brush brush_make(stage *st, int owner, vec3 paint);
static inline brush brush_dip(brush b, vec3 paint) { b.paint = paint; return b; }
static inline brush brush_mark(brush b, shape_pattern pattern, vec3 paint2, float size)
{
    b.pattern = pattern;
    b.paint2 = paint2;
    b.pattern_size = size;
    return b;
}

/* Put a unit form under a pose. Full stages drop the shape (an assert in tests). */
shape *put(brush b, shape_kind kind, pose at, float size);
/* The same in the measures one thinks in; positions are in the space of p. */
void put_ball(brush b, pose p, float x, float y, float z, float rx, float ry, float rz);
void put_box(brush b, pose p, float x, float y, float z, float hx, float hy, float hz);
void put_limb(brush b, pose p, vec3 from, vec3 to, float radius);
void put_cone(brush b, pose p, vec3 from, vec3 to, float radius, float radius_end);
void put_card(brush b, pose p, card_cut cut, float hx, float hy, float size);

/* Build the moment; everything in *st is overwritten. */
void stage_open(stage *st, const cohl_scene *scene, double seconds);
/* The parts stage_open calls, in their own files. */
void stage_light(stage *st);                     /* stage_light.c  */
void stage_decorate(stage *st);                  /* stage_set.c    */
void stage_act(stage *st, int actor);            /* figure.c       */
void stage_throw_shadows(stage *st);             /* stage_ground.c */

/* Colour of the ground at (x, z) seen from `depth`, lit; *part numbers painted parts. */
vec3  stage_ground_colour(const stage *st, float x, float z, float depth, int *part);
/* Colour of the dome in direction d (any length). */
vec3  stage_sky_colour(const stage *st, vec3 d, int *part);
/* What rays met, beyond the shapes: numbers of a sheaf. */
enum { NUMBER_GROUND = -1, NUMBER_RING = 1 << 14 };

/* Rays that meet a ring nearer than what they met note NUMBER_RING + 2 * ring + rim. */
void stage_meet_rings(const stage *st, const ray_plan *plan, sheaf *rays, int count);
/* Colour of a ring, by that number, at height y. */
vec3 stage_ring_colour(const stage *st, int number, float y);

#endif
