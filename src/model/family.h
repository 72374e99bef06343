/* family.h - the Wan models there are: how each is known from its files, and how its films are made
 * when nobody asks for anything else.
 *
 * The numbers are those of the official programs (wan/configs, generate.py). The files do not name
 * themselves, so a row is found by the transformer's shape; a row without sizes of its own stands
 * for models of other sizes of the same form. */
#ifndef COHL_MODEL_FAMILY_H
#define COHL_MODEL_FAMILY_H

#include "model/dit.h"
#include "model/picture.h"

typedef struct cohl_family {
    const char *name;         /* "wan2.1-t2v-1.3b" */
    const char *about;
    const char *known;        /* how frames can be given: diffusion/known.h */

    /* what it is known by; 0 = any */
    int   dim, in_dim;
    bool  image, places, control, experts;   /* image tokens; their learned places; control blocks; two experts */

    /* how its films are made */
    int    space;             /* pixels a side of its latent cells */
    double fps;
    int    frames;            /* 4k+1, that it was trained for */
    int    size[4][2];        /* width, height; the first is the usual one; ends with 0 */
    int    steps;
    double shift, guidance;
    double boundary, low_guidance;   /* of two experts: where the second takes over, and its guidance */
    cohl_picture_fitting fit; /* of given pictures */
} cohl_family;

extern const cohl_family cohl_families[];        /* ends with name NULL */

/* The row of a transformer of this form; NULL when there is none. */
const cohl_family *cohl_family_find(const cohl_dit_config *dit, bool experts);

/* What the official programs lead away from when no negative prompt is given. */
extern const char cohl_family_negative[];

#endif
