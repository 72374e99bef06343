/* faces.h - whose faces a film shows: found, followed, and turned into numbers.
 *
 *     cohl_faces *faces;
 *     if ((st = cohl_faces_new(&faces, workers, err))) return st;
 *     for each frame in order:
 *         st = cohl_faces_look(faces, frame, number, err);
 *         for (int i = 0; i < cohl_faces_count(faces); i++) ... cohl_faces_at(faces, i) ...
 *     cohl_faces_free(faces);
 *
 * Three installed networks (network.h): a detector gives boxes; landmarks inside a box say
 * how the face is held; the face, turned upright and cut out by them, becomes 128 numbers that
 * are near for one person and far for two. Faces of consecutive frames whose boxes overlap, or whose
 * numbers are near, are one track: a face turned away or hidden for half a second keeps its track.
 *
 * One thread at a time. Same frames, same faces, with any number of threads. */
#ifndef COHL_VISION_FACES_H
#define COHL_VISION_FACES_H

#include <stdbool.h>

#include "base/worker.h"
#include "media/frame.h"

enum { COHL_FACE_NUMBERS = 128, COHL_FACE_POINTS = 68, COHL_FACES_MOST = 16 };

typedef struct cohl_face {
    int   frame;                             /* its number in the film                            */
    int   track;                             /* 0, 1, ... in the order in which tracks begin      */
    int   seen;                              /* faces of this track so far, this one included     */
    float left, top, width, height;          /* the detector's box in pixels; may reach outside   */
    float score;                             /* of the detector, 0..1                             */
    float point[COHL_FACE_POINTS][2];        /* x, y in pixels; 36..41 and 42..47 are the eyes    */
    float embedding[COHL_FACE_NUMBERS];      /* compared by cohl_face_distance                    */
} cohl_face;

typedef struct cohl_faces cohl_faces;

/* All three networks are installed; sound or not, cohl_faces_new will say. */
bool cohl_faces_installed(void);

/* workers borrowed until free; NULL: the caller's thread alone.
 *
 * COHL_ERR_UNSUPPORTED  they are not installed: the sentence tells how
 * COHL_ERR_FORMAT       an installed network is broken
 * COHL_ERR_IO           it cannot be read */
cohl_status cohl_faces_new(cohl_faces **out, cohl_workers *workers, cohl_error *err);
void cohl_faces_free(cohl_faces *faces);

/* The faces of the film's next frame, the surest first; at most COHL_FACES_MOST. */
cohl_status cohl_faces_look(cohl_faces *faces, const cohl_frame *frame, int number, cohl_error *err);
int              cohl_faces_count(const cohl_faces *faces);
const cohl_face *cohl_faces_at(const cohl_faces *faces, int index);   /* until the next look */

/* Euclidean, 0 for the same numbers. One person's faces lie mostly under 0.45, two persons' mostly
 * over 0.53 (docs/checks.md), so a match of one frame says little: ask for several of a track. */
double cohl_face_distance(const float a[COHL_FACE_NUMBERS], const float b[COHL_FACE_NUMBERS]);

#endif
