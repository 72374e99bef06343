/* scene.h - one staged scene of the toy theatre, wholly decided by a seed.
 *
 *     cohl_scene scene;
 *     cohl_scene_draw(&scene, &request, seed);
 *     for (int f = 0; f < scene.frames; f++)
 *         cohl_scene_render(&scene, f, &picture);
 *
 * The world: x to the right, y up, z away from the audience; metres; ground at
 * y = 0. The stage is about |x| < 4, 4 < z < 11; behind it stand flats and hills.
 * Everything is a pure function of (scene, seconds): no state, any frame in any
 * order, on any thread, the same bits on any machine (arithmetic of theatre/exact.h). */
#ifndef COHL_THEATRE_SCENE_H
#define COHL_THEATRE_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "film/words.h"

enum { COHL_ACTORS_MAX = 3 };

/* One subject and what it does. */
typedef struct cohl_actor {
    cohl_subject subject;
    cohl_colour  colour;
    cohl_action  action;
    double begin, end;      /* seconds of the action; before: waits, after: rests where it got to */
    double home[3];         /* where its foot stands (its middle, if it floats) before `begin` */
    double facing;          /* radians about y: 0 looks at the audience, + turns to its left */
    double size;            /* 1 = as the renderer's figure is built */
    int    side;            /* direction of travel: +1 to the right, -1 to the left */
    double reach;           /* metres travelled, metres jumped, radians turned */
    uint32_t variant;       /* free bits: hat or none, window count, ... */
} cohl_actor;

typedef struct cohl_scene {
    uint64_t     seed;
    int          width, height, frames;   /* pixels, frames */
    double       fps;
    cohl_setting setting;
    cohl_daytime daytime;
    int          actor_count;             /* 1..COHL_ACTORS_MAX; 0 is an empty stage */
    cohl_actor   actor[COHL_ACTORS_MAX];
    cohl_move    move;
    double       move_amount;             /* radians or metres or a factor, by move */
    double       move_begin, move_end;    /* seconds, eased */
    double       eye[3], target[3];       /* camera at second 0 */
    double       focal_mm;                /* picture height is 24 mm */
} cohl_scene;

typedef struct cohl_camera {
    double position[3];
    double right[3], up[3], forward[3];   /* orthonormal */
    double focal_mm;                      /* of a 24 mm high picture */
} cohl_camera;

/* What an actor looks like at a moment; the renderer builds its parts from it.
 * yaw turns as `facing` does (its front looks along (sin yaw, 0, -cos yaw)); pitch > 0
 * bends the front down (a rolling ball pitches on and on); roll > 0 tips the top towards
 * its own left. Pitch and roll turn about the figure's middle. */
typedef struct cohl_actor_state {
    double position[3];     /* of the foot, or the middle if it floats */
    double yaw, pitch, roll;/* radians */
    double stride;          /* phase of legs, fins, wings, wheels: radians, 0 = at rest. Legs: 2 pi
                               for two steps, one figure height of ground. Wheels: 2 pi for each
                               2 pi * 0.2 * size metres (radius 0.2 at size 1) */
    double stride_size;     /* 0..1 how much they move */
    double arm;             /* 0 hangs .. 1 raised; waves with `wave` */
    double wave;            /* radians of the raised hand */
    double squash;          /* 1 = as built; < 1 flatter and wider */
} cohl_actor_state;

/* How large a figure is built at size 1, metres: from foot to top, and along its own x
 * and z when it looks at the audience (vehicles, dogs, fish and birds are longest along
 * z: bow, nose, beak look the way they face). A figure that floats has its position in
 * its middle, height / 2 above its lowest point; the others stand on their position. */
typedef struct cohl_figure_size {
    double height, width, depth;
    bool   floats;
} cohl_figure_size;

cohl_figure_size cohl_subject_size(cohl_subject subject);

cohl_camera      cohl_scene_camera(const cohl_scene *scene, double seconds);
cohl_actor_state cohl_scene_actor(const cohl_scene *scene, int actor, double seconds);

/* Where a point stands in the picture: pixels from the top left corner. Returns its
 * distance along forward; x and y mean nothing when that is not positive. */
double cohl_scene_project(const cohl_scene *scene, const cohl_camera *camera,
                          const double point[3], double *x, double *y);

/* A box round an actor in the picture, pixels: left, top, right, bottom, from the corners
 * of its figure's bounds and not cut at the frame. false: (partly) behind the camera. */
bool cohl_scene_box(const cohl_scene *scene, int actor, double seconds, double box[4]);

/* The middle of the figure, in the world. */
void cohl_scene_actor_middle(const cohl_scene *scene, int actor, double seconds, double middle[3]);

/* Where frame f's pixels and truth go; NULL members are not made. */
typedef struct cohl_picture {
    uint8_t *rgb;       /* [height, width, 3], display-encoded sRGB            */
    uint8_t *mask;      /* [height, width] 0 = none, 1 + actor at the pixel's middle */
    float   *depth;     /* [height, width] metres along forward; 1e9 = sky     */
} cohl_picture;

void cohl_scene_render(const cohl_scene *scene, int frame, const cohl_picture *picture);

/* A number for what the theatre renders: pixels and masks of small scenes of every kind, drawn and rendered, about
 * 0.1 s. Another look, cast or camera gives another number, another machine the same. */
uint64_t cohl_theatre_fingerprint(void);

/* What scenes to draw. cohl_scene_request_default() fills it in. */
typedef struct cohl_scene_request {
    int    width, height, frames;          /* 320 x 192, 81 */
    double fps;                            /* 16 */
    int    act;                            /* 1 first act, 2 the whole vocabulary (2) */
    int    actors_min, actors_max;         /* 1..3 (1, 2) */
    bool   held_out;                       /* draw only scenes with a held-out combination */
} cohl_scene_request;

cohl_scene_request cohl_scene_request_default(void);

/* Draw the scene of a seed: never one too ambiguous for its caption, never a
 * held-out combination unless asked for (then always one). */
void cohl_scene_draw(cohl_scene *scene, const cohl_scene_request *request, uint64_t seed);

/* Kept out of training by a hash: (subject, colour, setting) and (subject, action). */
bool cohl_held_out_look(cohl_subject subject, cohl_colour colour, cohl_setting setting);
bool cohl_held_out_deed(cohl_subject subject, cohl_action action);
bool cohl_scene_is_held_out(const cohl_scene *scene);

typedef enum cohl_language { COHL_ENGLISH, COHL_FRENCH } cohl_language;

/* Write a caption; variant picks synonyms and order. Dense captions also give
 * times and places. text is emptied first. */
void cohl_scene_caption(const cohl_scene *scene, cohl_text *text, cohl_language language,
                        bool dense, uint64_t variant);

/* The truth as JSON: subjects, colours, actions with begin and end, setting, time,
 * camera per frame (pose, focal length), tracks (box and foot per frame), captions.
 * It is added to json. */
void cohl_scene_truth(const cohl_scene *scene, cohl_text *json);

#endif
