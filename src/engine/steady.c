/* steady.c - colour and contrast that do not wander from window to window. */
#include "engine/steady.h"

#include <assert.h>
#include <math.h>

/* Drift of a window at most: a part of the deviation, of one of so much where a film is flatter (of all that a model
 * has learned a channel's is about 1); a factor of it. */
static const double SHIFT_MAX = 0.5, SHIFT_OF_LEAST = 0.5, FACTOR_MAX = 1.4;

double engine_not_drift(double difference, double drift)
{
    return copysign(fmax(fabs(difference) - drift, 0), difference);
}

/* Mean and deviation of a channel. */
static void measure(const float *values, size_t cells, int channels, int channel, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < cells; i++)
        sum += values[i * (size_t)channels + (size_t)channel];
    *mean = sum / (double)cells;
    for (size_t i = 0; i < cells; i++) {
        double d = values[i * (size_t)channels + (size_t)channel] - *mean;
        squares += d * d;
    }
    *deviation = sqrt(squares / (double)cells);
}

void engine_steady_learn(engine_steady *s, const float *values, size_t cells, int channels)
{
    assert(channels <= ENGINE_STEADY_CHANNELS_MAX);
    if (!cells)
        return;
    for (int c = 0; c < channels; c++)
        measure(values, cells, channels, c, &s->mean[c], &s->deviation[c]);
    s->set = true;
}

void engine_steady_hold(const engine_steady *s, float *values, size_t cells, int channels)
{
    for (int c = 0; c < channels && s->set && cells; c++) {
        double mean, deviation, factor = 1;
        measure(values, cells, channels, c, &mean, &deviation);
        double wanted = s->mean[c] + engine_not_drift(mean - s->mean[c], SHIFT_MAX * fmax(s->deviation[c], SHIFT_OF_LEAST));
        if (deviation > 0 && s->deviation[c] > 0) {
            double wider = log(deviation / s->deviation[c]);
            factor = exp(engine_not_drift(wider, log(FACTOR_MAX)) - wider);
        }
        for (size_t i = 0; i < cells; i++) {
            float *at = &values[i * (size_t)channels + (size_t)c];
            *at = (float)(wanted + factor * (*at - mean));
        }
    }
}
