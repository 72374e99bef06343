/* face_nets.h - the three networks that find a face and turn it into numbers; for faces.c.
 *
 * Each is given pixels and says what is in them. Values are those of @vladmandic/face-api 1.7.15 with
 * the same weights (tests/vision/compare.sh holds both against each other). */
#ifndef COHL_VISION_FACE_NETS_H
#define COHL_VISION_FACE_NETS_H

#include "vision/cut.h"
#include "vision/faces.h"
#include "vision/network.h"

enum { COHL_DETECTOR_SIDE = 416, COHL_LANDMARKS_SIDE = 112, COHL_EMBEDDING_SIDE = 150 };

/* Sides in parts of the picture's. */
typedef struct cohl_face_box { float left, top, width, height, score; } cohl_face_box;

extern const cohl_pixels cohl_detector_pixels, cohl_face_pixels;

/* picture [side, side, 3], side COHL_DETECTOR_SIDE. Boxes that score more than 0.5, the surest first; of two that
 * overlap by more than 0.4 of what they cover together, the surer. *count of at most COHL_FACES_MOST. */
cohl_status cohl_face_detect(cohl_network *network, const float *picture, cohl_face_box box[COHL_FACES_MOST], int *count,
                             cohl_error *err);
/* picture [112, 112, 3] -> x, y of each point, in parts of the picture. */
cohl_status cohl_face_landmarks(cohl_network *network, const float *picture, float point[COHL_FACE_POINTS][2],
                                cohl_error *err);
/* picture [150, 150, 3] */
cohl_status cohl_face_embed(cohl_network *network, const float *picture, float embedding[COHL_FACE_NUMBERS],
                            cohl_error *err);

#endif
