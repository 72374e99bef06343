/* schedule.c - noise levels for a denoising run.
 *
 * Each table follows the order of roundings of the program it comes from,
 * because a network's timestep is a truncated product: one bit too few in a
 * sigma can be a whole timestep. */
#include "diffusion/schedule.h"

#include <string.h>

double cohl_shift(double sigma, double shift)
{
    return shift * sigma / (1 + (shift - 1) * sigma);
}

/* With a shift below 1 rounding can carry the first one past 1. */
static float shift_f32(float sigma, float shift)
{
    float above = shift * sigma, below = 1 + (shift - 1) * sigma;
    return above < below ? above / below : 1;
}

/* Value i of steps+1 equally spaced ones from top down to 0, without the last. */
static double falling(double top, int i, int steps)
{
    return i * (-top / steps) + top;
}

static void fill_from(cohl_schedule *schedule, double top, double shift)
{
    for (int i = 0; i < schedule->steps; i++) {
        double sigma = cohl_shift(falling(top, i, schedule->steps), shift);
        schedule->sigma[i] = (float)sigma;
        schedule->time[i] = (float)(int)(sigma * 1000);
    }
}

static void fill_unipc(cohl_schedule *schedule, double shift)
{
    fill_from(schedule, 0.999f, shift);
}

static void fill_dpmpp(cohl_schedule *schedule, double shift)
{
    fill_from(schedule, 1, shift);
}

/* The ends are those of the shifted training table 1/1000..1, and what lies
 * between them is shifted again. */
static void fill_euler(cohl_schedule *schedule, double shift)
{
    float s = (float)shift;
    double top = (double)shift_f32(1, s) * 1000, low = (double)shift_f32(0.001f, s) * 1000;
    double stride = schedule->steps > 1 ? (low - top) / (schedule->steps - 1) : 0;
    for (int i = 0; i < schedule->steps; i++) {
        double time = i == schedule->steps - 1 && i > 0 ? low : i * stride + top;
        schedule->sigma[i] = (float)cohl_shift(time / 1000, shift);
        schedule->time[i] = schedule->sigma[i] * 1000;
    }
}

static const cohl_schedule_kind unipc = {
    "unipc", "from 0.999 in equal steps, shifted; whole timesteps (Wan)", fill_unipc
};
static const cohl_schedule_kind dpmpp = {
    "dpmpp", "from 1 in equal steps, shifted; whole timesteps (Wan)", fill_dpmpp
};
static const cohl_schedule_kind euler = {
    "euler", "from 1 to the training table's least, shifted twice (diffusers)", fill_euler
};

const cohl_schedule_kind *const cohl_schedule_kinds[] = { &unipc, &dpmpp, &euler, NULL };

const cohl_schedule_kind *cohl_schedule_kind_find(const char *name)
{
    for (int i = 0; cohl_schedule_kinds[i]; i++) {
        if (strcmp(cohl_schedule_kinds[i]->name, name) == 0)
            return cohl_schedule_kinds[i];
    }
    return NULL;
}

cohl_status cohl_schedule_make(cohl_schedule *out, const cohl_schedule_kind *kind, int steps,
                               double shift, cohl_error *err)
{
    if (steps < 1 || steps > COHL_STEPS_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "steps must be 1 to %d, found %d",
                         COHL_STEPS_MAX, steps);
    if (!(shift >= 0.01 && shift <= 100))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "shift must be 0.01 to 100, found %g", shift);
    memset(out, 0, sizeof *out);
    out->steps = steps;
    kind->fill(out, shift);
    return COHL_OK;
}

int cohl_schedule_join(const cohl_schedule *schedule, float level)
{
    int step = 0;
    while (step < schedule->steps && schedule->sigma[step] > level)
        step++;
    return step;
}
