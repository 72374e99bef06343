/* proportion.c - how large each figure of the theatre is built.
 *
 * Toys, not nature: a lighthouse is less than twice a person, so that any two subjects
 * share a picture and each is large enough to name. One list for who builds the figures,
 * who places them and who writes the truth. */
#include <assert.h>

#include "theatre/scene.h"

static const cohl_figure_size figure_size[COHL_SUBJECT_COUNT] = {
    [COHL_SUBJECT_BALLOON]      = { 1.25, 1.00, 1.00, true  },
    [COHL_SUBJECT_PERSON]       = { 1.80, 0.75, 0.50, false },
    [COHL_SUBJECT_BALLOON_HEAD] = { 2.00, 0.80, 0.70, false },
    [COHL_SUBJECT_BALL]         = { 0.95, 0.95, 0.95, false },
    [COHL_SUBJECT_HOUSE]        = { 2.20, 2.00, 1.60, false },
    [COHL_SUBJECT_TREE]         = { 2.50, 1.60, 1.60, false },
    [COHL_SUBJECT_BOAT]         = { 1.80, 0.90, 2.00, false },
    [COHL_SUBJECT_DOG]          = { 1.05, 0.45, 1.35, false },
    [COHL_SUBJECT_CUBE]         = { 1.00, 1.00, 1.00, false },
    [COHL_SUBJECT_CHAIR]        = { 1.30, 0.75, 0.75, false },
    [COHL_SUBJECT_BIRD]         = { 0.75, 1.60, 1.10, true  },
    [COHL_SUBJECT_FISH]         = { 0.85, 0.40, 1.40, true  },
    [COHL_SUBJECT_OCTOPUS]      = { 1.30, 1.60, 1.60, false },
    [COHL_SUBJECT_CRAB]         = { 0.75, 1.50, 0.80, false },
    [COHL_SUBJECT_CAR]          = { 1.10, 1.05, 2.10, false },
    [COHL_SUBJECT_TRAIN]        = { 1.20, 0.90, 3.40, false },
    [COHL_SUBJECT_LIGHTHOUSE]   = { 3.00, 1.10, 1.10, false },
};

cohl_figure_size cohl_subject_size(cohl_subject subject)
{
    assert(subject >= 0 && subject < COHL_SUBJECT_COUNT);
    return figure_size[subject];
}
