/* steady.h - colour and contrast that do not wander from window to window.
 *
 * Each window of a long film is made from the end of the one before, so a small error in it is
 * handed on and grows: pictures get harsher, colours drift. The mean and deviation of each latent
 * channel over what is known first (given film, or the first window) are kept, and what later
 * windows make is brought back to them. What differs by more than drift does is film (night falls,
 * the camera turns to the sky): it is brought back by no more than drift. What is left of drift once it
 * is decoded is for engine/look.h.
 *
 * Pure host arithmetic in a fixed order. */
#ifndef COHL_ENGINE_STEADY_H
#define COHL_ENGINE_STEADY_H

#include <stdbool.h>
#include <stddef.h>

enum { ENGINE_STEADY_CHANNELS_MAX = 128 };

/* What is left of a difference when drift, 0 or more, is taken from it: nothing of one that is no larger. */
double engine_not_drift(double difference, double drift);

/* Starts as { 0 }. */
typedef struct engine_steady {
    bool   set;
    double mean[ENGINE_STEADY_CHANNELS_MAX], deviation[ENGINE_STEADY_CHANNELS_MAX];
} engine_steady;

/* values [cells, channels]: what the film is held to. */
void engine_steady_learn(engine_steady *steady, const float *values, size_t cells, int channels);
/* Bring values back; nothing while nothing was learned. */
void engine_steady_hold(const engine_steady *steady, float *values, size_t cells, int channels);

#endif
