/* feature.h - local features: corners of a picture, and what each looks like around.
 *
 *     cohl_feature_finder *finder;
 *     if ((st = cohl_feature_finder_new(&finder, err))) return st;
 *     st = cohl_feature_find(&list, finder, frame, false, err);
 *     for (int i = 0; i < list.count; i++) ... list.feature[i] ...
 *     cohl_feature_finder_free(finder);
 *
 * The picture is made grey and small (its longer side at most COHL_FEATURE_SIDE), then smaller by 4/5
 * four times. On each level corners are found (FAST-9: Rosten and Drummond, ECCV 2006) and the
 * best kept by Harris's measure, so many in each part of it; a corner is turned by the centroid of the light
 * around it (Rosin 1999) and described by 256 comparisons of two places near it (BRIEF: Calonder et al.,
 * ECCV 2010). That the three go well together is ORB's finding (Rublee et al., ICCV 2011). What two
 * pictures have in common has features whose bits differ in few places, at whatever size and turn. */
#ifndef COHL_PROTECT_FEATURE_H
#define COHL_PROTECT_FEATURE_H

#include <stdbool.h>

#include "media/frame.h"

enum { COHL_FEATURE_SIDE = 384, COHL_FEATURE_LEVELS = 5, COHL_FEATURE_TURNS = 32, COHL_FEATURES_MOST = 400 };

typedef struct cohl_feature {
    uint16_t x, y;         /* in sixteenths of a pixel of the small picture */
    uint8_t  level;        /* its size is (5/4)^level                       */
    uint8_t  turn;         /* of COHL_FEATURE_TURNS to a full circle        */
    uint64_t bits[4];
} cohl_feature;

typedef struct cohl_feature_list {
    int          width, height;      /* of the small picture */
    int          count;
    double       contrast;           /* standard deviation of its light, 0..127 */
    float        luma[32 * 32];      /* the picture at that size, for its hash  */
    cohl_feature feature[COHL_FEATURES_MOST];
} cohl_feature_list;

typedef struct cohl_feature_finder cohl_feature_finder;

cohl_status cohl_feature_finder_new(cohl_feature_finder **out, cohl_error *err);
void        cohl_feature_finder_free(cohl_feature_finder *finder);

/* Of a picture, or of it seen in a mirror. One thread at a time. */
cohl_status cohl_feature_find(cohl_feature_list *out, cohl_feature_finder *finder, const cohl_frame *frame,
                              bool mirrored, cohl_error *err);

/* Ones of two words, counted side by side (Warren, Hacker's Delight, section 5-1): a machine's own instruction for it is
 * not there on every x86-64, and the call that stands in for it is slower. */
static inline int cohl_feature_ones(uint64_t a, uint64_t b)
{
    const uint64_t two = 0x5555555555555555, four = 0x3333333333333333, eight = 0x0f0f0f0f0f0f0f0f;
    a -= a >> 1 & two, b -= b >> 1 & two;
    a = (a & four) + (a >> 2 & four) + (b & four) + (b >> 2 & four);
    a = (a & eight) + (a >> 4 & eight);
    return (int)(a * 0x0101010101010101 >> 56);
}

/* Of 256 bits; right up to `most`, else only more than it. */
static inline int cohl_feature_distance(const cohl_feature *a, const cohl_feature *b, int most)
{
    int half = cohl_feature_ones(a->bits[0] ^ b->bits[0], a->bits[1] ^ b->bits[1]);
    if (half > most)
        return half;
    return half + cohl_feature_ones(a->bits[2] ^ b->bits[2], a->bits[3] ^ b->bits[3]);
}

/* (5/4)^level */
float cohl_feature_size(int level);

#endif
