/* look.h - a film that is made in parts keeps its look: mean colour and contrast.
 *
 * The look of a frame is the mean of each channel, and how far values deviate from it. Windows of
 * a film, and frames of a window, each come out a little brighter, duller or harsher than the film they
 * belong to, and nothing in the next window knows. While what was made in the last second or so looks
 * nearly as the film does, its frames are given the film's look. What is further off than drift goes is
 * film (night falls, the camera turns to the sky): it is brought back by no more than drift. No look
 * changes faster from frame to frame than is seen as a flash.
 *
 * A frame is changed by one curve a channel: scaled about its mean, moved, cut at black and white.
 * What the cut takes is made up for, so the look that was wanted is the look that is shown.
 *
 * Levels are 0..255. Pure host arithmetic on whole numbers in a fixed order. */
#ifndef COHL_ENGINE_LOOK_H
#define COHL_ENGINE_LOOK_H

#include <stdbool.h>

#include "media/frame.h"

/* Of one frame, or the mean of many. Starts as { 0 }. */
typedef struct engine_look {
    int    frames;
    double mean[3];       /* of each channel                                 */
    double deviation;     /* root mean square of value - mean of its channel */
} engine_look;

void engine_look_add(engine_look *look, const cohl_frame *frame);
/* `part` of the way from a to b; of one alone where the other is of no frame. */
engine_look engine_look_between(const engine_look *a, const engine_look *b, double part);

/* Where a film stands. Starts as { 0 }. */
typedef struct engine_looking {
    engine_look shown;    /* the last frame, as it came out                        */
    engine_look made;     /* about the last second, as it was made; of no frame: nothing was */
} engine_looking;

/* A frame that is shown as it is. */
void engine_look_pass(engine_looking *looking, const cohl_frame *frame);
/* Give a frame the look that it should have. film: the film's; of no frame: the frame keeps its own, but for
 * flashes. */
void engine_look_hold(engine_looking *looking, const engine_look *film, cohl_frame *frame);

#endif
