/* ease.h - beside a join no step from frame to frame is larger than the film's own.
 *
 * What is made beside given film may show something else: a model that is not sure, a cut that
 * the words ask for. It does not flash up: a frame that is further from the one beside it than
 * EASE_STEPS of the given film's median steps is drawn towards that one. From the third frame on a
 * step may be as large as it must, in equal parts, for all of what was made to be seen in the end.
 * A continuation that moves as the film does is left as it is.
 *
 * Steps are mean |difference| over all values, colour the largest step of a channel's mean; both
 * in levels of 0..255. Pure host arithmetic in a fixed order. */
#ifndef COHL_ENGINE_EASE_H
#define COHL_ENGINE_EASE_H

#include <stdbool.h>

#include "media/frame.h"

/* The median steps of a film (0: not known, and nothing is eased); the join at hand. */
typedef struct engine_ease {
    double step, colour;
    double way, way_colour;   /* how far the given frame is from what was made */
    bool   open;              /* frames are still drawn towards it             */
} engine_ease;

enum { ENGINE_EASE_STEPS_MAX = 128 };

/* Steps as they are seen; more than the list holds are left out. Starts as { 0 }. */
typedef struct engine_steps {
    int    count;
    double step[ENGINE_EASE_STEPS_MAX], colour[ENGINE_EASE_STEPS_MAX];
} engine_steps;

void        engine_steps_add(engine_steps *steps, const cohl_frame *before, const cohl_frame *frame);
/* Half a level at least: of a film in which nothing moves. Not known of no step at all. */
engine_ease engine_steps_median(engine_steps *steps);

/* A join is eased next: the way of all that is made beside it is the longest of those it is told. */
void engine_ease_begin(engine_ease *ease);
void engine_ease_way(engine_ease *ease, const cohl_frame *given, const cohl_frame *made);
/* Draw a frame towards the one beside it. distance: frames to the join, 1 = beside it. Of `over` frames each is
 * drawn as far as needed; beyond them until one need not be. */
void engine_ease_frame(engine_ease *ease, cohl_frame *frame, const cohl_frame *beside, int distance, int over);

#endif
