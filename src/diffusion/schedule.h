/* schedule.h - noise levels for a denoising run.
 *
 * A schedule is a falling list of sigmas: sigma[steps] is 0, and a sample at
 * sigma is x = (1 - sigma) * data + sigma * noise. Beside each sigma stands the
 * timestep the network is told, 0..1000; a clean frame is told 0. Every solver
 * walks the list; none computes its own.
 *
 *     cohl_schedule schedule;
 *     const cohl_schedule_kind *kind = cohl_schedule_kind_find("unipc");
 *     st = cohl_schedule_make(&schedule, kind, 50, 5.0, err);
 *
 * The kinds are the tables that Wan's and diffusers' schedulers make, to the
 * last bit of their sigmas. All apply the shift s (Esser et al. 2024, section
 * 5.3.2), sigma' = s*sigma / (1 + (s-1)*sigma), which spends more steps at
 * high noise as frames grow. */
#ifndef COHL_DIFFUSION_SCHEDULE_H
#define COHL_DIFFUSION_SCHEDULE_H

#include "base/status.h"

enum { COHL_STEPS_MAX = 1000 };

typedef struct cohl_schedule {
    int   steps;                       /* 1..COHL_STEPS_MAX                       */
    float sigma[COHL_STEPS_MAX + 1];   /* [steps + 1], falling, 1 at most, last 0 */
    float time[COHL_STEPS_MAX + 1];    /* [steps + 1], never rising, last 0       */
} cohl_schedule;

typedef struct cohl_schedule_kind {
    const char *name;                  /* what a user types: "unipc" */
    const char *about;
    void (*fill)(cohl_schedule *schedule, double shift);   /* steps is set */
} cohl_schedule_kind;

extern const cohl_schedule_kind *const cohl_schedule_kinds[];   /* ends with NULL */

/* NULL when there is none of this name. */
const cohl_schedule_kind *cohl_schedule_kind_find(const char *name);

/* COHL_ERR_ARGUMENT when steps are not 1..1000 or shift is not 0.01..100. */
cohl_status cohl_schedule_make(cohl_schedule *out, const cohl_schedule_kind *kind, int steps,
                               double shift, cohl_error *err);

/* sigma 0..1, shifted; 0 and 1 stay. */
double cohl_shift(double sigma, double shift);

/* The first step whose sigma is at most level; steps when only the last 0 is.
 * A sample that is noised to sigma[this] may join the run there. */
int cohl_schedule_join(const cohl_schedule *schedule, float level);

#endif
