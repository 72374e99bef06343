/* camera_code.h - the camera's path as the numbers a model is given.
 *
 * COHL_CAMERA_CODE numbers for a moment, all 0 for a camera that has not moved
 * but the first, which says that a path is given at all (all 0 = none given):
 *
 *     0      1
 *     1..3   how far it has gone to its first right, up and forward, in quarters of the
 *            distance to where it first aimed
 *     4..6   how far it has turned: pan (to the right), tilt (up), roll (clockwise), in
 *            quarters of a radian
 *     7      4 ln(focal length / first focal length)
 *
 * A move a person sees is of the order of 1 in its number. */
#ifndef COHL_THEATRE_CAMERA_CODE_H
#define COHL_THEATRE_CAMERA_CODE_H

#include "theatre/scene.h"

enum { COHL_CAMERA_CODE = 8 };

/* distance: metres from the first camera to where it aims, > 0. */
void cohl_camera_code(const cohl_camera *first, const cohl_camera *now, double distance,
                      float code[COHL_CAMERA_CODE]);

/* The code of each of latent_frames latent frames of a scene: frame 0, 4, 8, ... */
void cohl_scene_camera_code(const cohl_scene *scene, int latent_frames, float *code);

#endif
