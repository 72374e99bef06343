/* solver.h - from one noise level to the next.
 *
 * The network says the velocity v = noise - data at x, so the data estimate is
 * m = x - sigma * v. Every solver here is linear in what it has seen, so a
 * solver is nothing but a rule that gives the weights of one step:
 *
 *     corrected x  =  keep x  or  last * x_last + m1 * m[-1] + m2 * m[-2] + m0 * m
 *     next x       =  x * x + v * v + m0 * m + m1 * m[-1]
 *
 * and one loop applies them, in double whatever the storage. x_last is the
 * corrected x of the step before; m[-1], m[-2] the data estimates of the two
 * steps before. Pure host mathematics: no tensors, no allocation.
 *
 *     float *history = calloc(COHL_SOLVER_HISTORY * count, sizeof *history);
 *     for (int i = 0; i < schedule.steps; i++) {
 *         velocity(x, schedule.time[i], v);
 *         cohl_step_weights w = cohl_solver_weights(solver, schedule.sigma, schedule.steps, 0, i);
 *         cohl_solver_apply(&w, count, x, v, history);
 *     }
 */
#ifndef COHL_DIFFUSION_SOLVER_H
#define COHL_DIFFUSION_SOLVER_H

#include <stdbool.h>
#include <stddef.h>

/* History is three arrays of the sample's size, one behind the other; it
 * starts as zeros and belongs to the solver between steps. */
enum { COHL_SOLVER_HISTORY = 3 };

typedef struct cohl_step_weights {
    double sigma;
    bool   correct;
    struct { double last, m0, m1, m2; } corrector;
    struct { double x, v, m0, m1; } predictor;
} cohl_step_weights;

typedef struct cohl_solver {
    const char *name;        /* what a user types: "unipc"                */
    const char *about;       /* one line for help                         */
    const char *schedule;    /* the kind of schedule it is published with */
    /* Fill correct, corrector and predictor for step i of a run that began at
     * step `first`; all are zero before. 0 <= first <= i < steps. */
    void (*weigh)(cohl_step_weights *out, const float *sigma, int steps, int first, int i);
} cohl_solver;

extern const cohl_solver *const cohl_solvers[];   /* ends with NULL */

/* NULL when there is none of this name. */
const cohl_solver *cohl_solver_find(const char *name);

/* sigma [steps + 1], strictly falling to 0. A sample that joined the run at
 * step `first` has no history from before it. */
cohl_step_weights cohl_solver_weights(const cohl_solver *solver, const float *sigma, int steps,
                                      int first, int i);

/* One step in place. x, v [count]; history [3 * count]. Elements are
 * independent, so a sample may be stepped in parts, each with its own history. */
void cohl_solver_apply(const cohl_step_weights *weights, size_t count, float *x, const float *v,
                       float *history);
void cohl_solver_apply_f64(const cohl_step_weights *weights, size_t count, double *x,
                           const double *v, double *history);

/* The data estimate of the step just applied: [count], inside the history. */
static inline const float *cohl_solver_data(const float *history, size_t count)
{
    return history + count;
}

#endif
