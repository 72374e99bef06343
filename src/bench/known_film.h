/* known_film.h - films of the theatre as files to be given, and what is measured of a made one. */
#ifndef COHL_BENCH_KNOWN_FILM_H
#define COHL_BENCH_KNOWN_FILM_H

#include "cohl/cohl.h"
#include "media/frame.h"
#include "theatre/scene.h"

/* Render a scene to a file, nearly without loss. */
cohl_status known_film_write(const cohl_scene *scene, const char *path, cohl_error *err);

/* What is measured of a film as its frames come. */
typedef struct known_measures {
    int     width, height, count;
    double *difference;      /* [count] mean |frame - the one before|, levels; 0 of the first */
    double *colour;          /* [count] the largest step of a channel's mean                  */
    double (*mean)[3];       /* [count]                                                       */
    double *contrast;        /* [count] deviation of all values                               */
    cohl_frame *last;
} known_measures;

cohl_status known_measures_add(known_measures *m, const cohl_frame *frame, cohl_error *err);
void        known_measures_free(known_measures *m);

/* The greatest of `values` at the seam before frame `at`, in parts of the median of `own`: the step across it
 * and the next one on the made side, +1 behind it, -1 before it. (The step on the other side is the given film's
 * own.) A median under half a level, of a film in which nothing moves, counts as that. */
double known_seam(const double *values, int count, int at, int made, const double *own, int own_count);

/* Where the picture is most like the subject's colours: x, in parts of the width. truth and mask
 * [height, width] (1 = the subject) say what these are; frame is looked at. -1: not seen. */
double known_place(const cohl_frame *frame, const cohl_frame *truth, const uint8_t *mask);

#endif
