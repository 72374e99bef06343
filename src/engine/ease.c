/* ease.c - beside a join no step from frame to frame is larger than the film's own. */
#include "engine/ease.h"

#include <math.h>
#include <stdlib.h>

/* Of the median beside a join, at the join: of the whole film 1.5 are to be the most. What a step may
 * grow by from there on, whatever was made; what the way may grow by: frames that flicker
 * get on but little with each step. */
static const double EASE_STEPS = 0.9, STEP_LEAST = 0.5, GROWTH = 1.25, WAY_GROWS = 2;
enum { BESIDE = 2, SHORT = 3 };     /* frames at the join; fewer than SHORT to ease over are all alike */

static void measure(const cohl_frame *before, const cohl_frame *frame, double *step, double shift[3])
{
    size_t size = cohl_frame_bytes(frame);
    int64_t sum = 0, moved[3] = { 0 };
    for (size_t i = 0; i < size; i += 3)
        for (size_t c = 0; c < 3; c++) {
            int difference = frame->rgb[i + c] - before->rgb[i + c];
            sum += abs(difference);
            moved[c] += difference;
        }
    *step = (double)sum / (double)size;
    for (int c = 0; c < 3; c++)
        shift[c] = (double)moved[c] / (double)(size / 3);
}

static double largest(const double shift[3]) { return fmax(fmax(fabs(shift[0]), fabs(shift[1])), fabs(shift[2])); }

void engine_steps_add(engine_steps *steps, const cohl_frame *before, const cohl_frame *frame)
{
    double step, shift[3];
    if (steps->count == ENGINE_EASE_STEPS_MAX)
        return;
    measure(before, frame, &step, shift);
    steps->step[steps->count] = step;
    steps->colour[steps->count++] = largest(shift);
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

engine_ease engine_steps_median(engine_steps *s)
{
    if (!s->count)
        return (engine_ease){ 0 };
    qsort(s->step, (size_t)s->count, sizeof *s->step, by_size);
    qsort(s->colour, (size_t)s->count, sizeof *s->colour, by_size);
    return (engine_ease){ .step = fmax(s->step[s->count / 2], STEP_LEAST),
                          .colour = fmax(s->colour[s->count / 2], STEP_LEAST) };
}

void engine_ease_begin(engine_ease *e)
{
    e->way = e->way_colour = 0;
    e->open = e->step > 0;
}

void engine_ease_way(engine_ease *e, const cohl_frame *given, const cohl_frame *made)
{
    double way, shift[3];
    measure(given, made, &way, shift);
    e->way = fmax(e->way, way);
    e->way_colour = fmax(e->way_colour, largest(shift));
}

/* The step that may lie `distance` frames from the join. */
static double most_step(double median, double way, int distance, int over)
{
    double at_join = EASE_STEPS * median;
    way *= WAY_GROWS;
    if (over < SHORT)
        return fmax(at_join, way / over);
    if (distance <= BESIDE)
        return at_join;
    return fmax(at_join * pow(GROWTH, distance - BESIDE), (way - BESIDE * at_join) / (over - BESIDE));
}

void engine_ease_frame(engine_ease *e, cohl_frame *frame, const cohl_frame *beside, int distance, int over)
{
    double step, shift[3];
    if (!e->open || distance < 1)
        return;
    double most = most_step(e->step, e->way, distance, over);
    double most_colour = most_step(e->colour, e->way_colour, distance, over);
    measure(beside, frame, &step, shift);
    double colour = largest(shift), part = fmin(step > most ? most / step : 1, colour > most_colour ? most_colour / colour : 1);
    e->open = distance < over || part < 1;
    if (part >= 1)
        return;
    for (size_t i = 0; i < cohl_frame_bytes(frame); i++)
        frame->rgb[i] = (uint8_t)lrint(beside->rgb[i] + part * (frame->rgb[i] - beside->rgb[i]));
}
