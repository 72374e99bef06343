/* clip.h - a film or picture that was given, as frames of the size and at the seconds one asks for.
 *
 *     engine_clip *clip;
 *     if ((st = engine_clip_open(&clip, "a.mp4", 320, 192, err))) return st;
 *     for (int i = 0; i / 16.0 < engine_clip_seconds(clip); i++)
 *         st = engine_clip_at(clip, i / 16.0, &frame, err);
 *     engine_clip_close(clip);
 *
 * A frame is scaled to cover the size and its middle kept (media/resize.h). A second shows the
 * picture that the film shows then, however its pictures are spaced; before the first it shows the
 * first, after the last the last. Memory does not grow with the film. */
#ifndef COHL_ENGINE_CLIP_H
#define COHL_ENGINE_CLIP_H

#include <stdbool.h>

#include "media/frame.h"
#include "model/picture.h"

enum { ENGINE_CLIP_SECONDS_MAX = 3600 };

typedef struct engine_clip engine_clip;

/* The film is read through once: only so its length is sure, and what is broken found at once.
 *
 * COHL_ERR_IO        there is no such file
 * COHL_ERR_FORMAT    neither a film nor a picture, no picture in it, or broken
 * COHL_ERR_ARGUMENT  longer than ENGINE_CLIP_SECONDS_MAX                        */
cohl_status engine_clip_open(engine_clip **out, const char *path, int width, int height, cohl_error *err);
/* How a model's makers fit a picture (model/picture.h): the size that this rule gives it is reached by
 * `fit`; any other by covering it. */
typedef struct engine_fitting {
    cohl_picture_fitting fit;
    long area;                 /* pixels of the model's usual size */
    int  grid;
} engine_fitting;

/* The film's size for a picture. COHL_ERR_FORMAT: none that can be read. */
cohl_status engine_picture_size(const engine_fitting *rule, const char *path, int *width, int *height, cohl_error *err);
/* A picture of that size. COHL_ERR_FORMAT: none that can be read. */
cohl_status engine_clip_open_picture(engine_clip **out, const char *path, int width, int height,
                                     const engine_fitting *rule, cohl_error *err);
/* Another reader of the same film, which is not read through again. */
cohl_status engine_clip_again(engine_clip **out, const engine_clip *clip, cohl_error *err);
void        engine_clip_close(engine_clip *clip);      /* NULL is fine */

bool   engine_clip_is_picture(const engine_clip *clip);
double engine_clip_seconds(const engine_clip *clip);   /* 0 of a picture */
/* Pictures of the film, 1 of a picture. */
int    engine_clip_pictures(const engine_clip *clip);
/* Of its pictures as they are in the file, upright. */
void   engine_clip_size(const engine_clip *clip, int *width, int *height);
/* The shortest and the longest time that a picture of it lasts. */
void   engine_clip_spacing(const engine_clip *clip, double *shortest, double *longest);

/* *frame lives until the next call. Going back begins the film anew, which takes its time. */
cohl_status engine_clip_at(engine_clip *clip, double second, const cohl_frame **frame, cohl_error *err);

#endif
