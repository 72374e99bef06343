/* clip.h - a piece of rendered film as training takes it. */
#ifndef COHL_TRAIN_CLIP_H
#define COHL_TRAIN_CLIP_H

#include "base/rng.h"
#include "base/status.h"
#include "theatre/scene.h"

/* One clip in host memory, cut out of a scene. */
typedef struct cohl_clip {
    cohl_scene scene;
    int      frames, height, width;
    uint8_t *rgb;     /* [frames, height, width, 3] */
    uint8_t *mask;    /* [frames, height, width], 0 = no subject */
} cohl_clip;

/* Which part of a scene's film: frames first.., pixels from (left, top). */
typedef struct cohl_cut { int first, frames, left, top, width, height; } cohl_cut;

/* Render that part; the cut lies inside the scene. Renders whole frames, one thread. */
cohl_status cohl_clip_render(cohl_clip *clip, const cohl_scene *scene, const cohl_cut *cut, cohl_error *err);
void cohl_clip_free(cohl_clip *clip);

/* out [frames, height, width, 3] = rgb / 127.5 - 1. */
void cohl_clip_values(const cohl_clip *clip, float *out);

#endif
