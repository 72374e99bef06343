/* solver.c - from one noise level to the next.
 *
 * lambda = ln((1 - sigma) / sigma) is the log of the signal-to-noise ratio, h
 * its growth over a step. At sigma = 1 lambda is -inf and at sigma = 0 it is
 * +inf; the formulas are written so that these infinities give the limits. */
#include "diffusion/solver.h"

#include <math.h>
#include <string.h>

static double lambda(double sigma)
{
    return log1p(-sigma) - log(sigma);
}

/* --- Euler: x' = x + (sigma' - sigma) * v ------------------------------- */

static void weigh_euler(cohl_step_weights *out, const float *sigma, int steps, int first, int i)
{
    out->predictor.x = 1;
    out->predictor.v = (double)sigma[i + 1] - sigma[i];
}

/* --- DPM-Solver++ 2M (Lu et al. 2022b, algorithm 2, for flows) ---------- */

static void weigh_dpmpp(cohl_step_weights *out, const float *sigma, int steps, int first, int i)
{
    double now = sigma[i], next = sigma[i + 1];
    double h = lambda(next) - lambda(now);
    double gain = -(1 - next) * expm1(-h);
    double slope = 0;                                /* of the data estimate, half a step on */

    if (i > first && i < steps - 1)                  /* the ends are of first order */
        slope = 0.5 * h / (lambda(now) - lambda(sigma[i - 1]));
    out->predictor.x = next / now;
    out->predictor.m0 = gain * (1 + slope);
    out->predictor.m1 = -gain * slope;
}

/* --- UniPC, order 2, B(h) = expm1(-h) (Zhao et al. 2023, section 3) ------ */

static int min_int(int a, int b) { return a < b ? a : b; }

/* Orders rise from 1 at the start and fall to 1 at the end. */
static int unipc_order(int steps, int first, int i)
{
    return min_int(2, min_int(steps - i, i - first + 1));
}

/* Weights of D1 and of the new estimate in the corrector of order 2:
 * [[1, 1], [r, 1]] rho = [b1, b2]. */
static void solve_rho(double r, double h, double *rho_old, double *rho_new)
{
    double phi_1 = expm1(-h);
    double phi_2 = phi_1 / -h - 1;
    double phi_3 = phi_2 / -h - 0.5;
    double b1 = phi_2 / phi_1, b2 = 2 * phi_3 / phi_1;
    *rho_old = (b2 - b1) / (r - 1);
    *rho_new = b1 - *rho_old;
}

/* Where the step before should have come to, now that its end is known. */
static void weigh_corrector(cohl_step_weights *out, const float *sigma, int steps, int first,
                            int i)
{
    double before = sigma[i - 1], now = sigma[i];
    double h = lambda(now) - lambda(before);
    double gain = -(1 - now) * expm1(-h);
    double rho_old = 0, rho_new = 0.5, r = 1;

    if (unipc_order(steps, first, i - 1) == 2) {
        r = (lambda(sigma[i - 2]) - lambda(before)) / h;
        solve_rho(r, h, &rho_old, &rho_new);
    }
    out->correct = true;
    out->corrector.last = now / before;
    out->corrector.m0 = gain * rho_new;
    out->corrector.m1 = gain * (1 - rho_new - rho_old / r);
    out->corrector.m2 = gain * rho_old / r;
}

static void weigh_unipc(cohl_step_weights *out, const float *sigma, int steps, int first, int i)
{
    double now = sigma[i], next = sigma[i + 1];
    double h = lambda(next) - lambda(now);
    double gain = -(1 - next) * expm1(-h);
    double slope = 0;

    if (i > first)
        weigh_corrector(out, sigma, steps, first, i);
    if (unipc_order(steps, first, i) == 2)
        slope = 0.5 * h / (lambda(sigma[i - 1]) - lambda(now));
    out->predictor.x = next / now;
    out->predictor.m0 = gain * (1 - slope);
    out->predictor.m1 = gain * slope;
}

/* --- the table ---------------------------------------------------------- */

static const cohl_solver unipc = {
    "unipc", "UniPC, second order with a corrector; best at 20 to 50 steps", "unipc", weigh_unipc
};
static const cohl_solver dpmpp = {
    "dpmpp", "DPM-Solver++ 2M, second order, multistep", "dpmpp", weigh_dpmpp
};
static const cohl_solver euler = {
    "euler", "Euler on the diffusers table; for distilled models of 4 to 8 steps", "euler",
    weigh_euler
};
static const cohl_solver euler_wan = {
    "euler_wan", "Euler on the UniPC table and its whole timesteps", "unipc", weigh_euler
};

const cohl_solver *const cohl_solvers[] = { &unipc, &dpmpp, &euler, &euler_wan, NULL };

const cohl_solver *cohl_solver_find(const char *name)
{
    for (int i = 0; cohl_solvers[i]; i++) {
        if (strcmp(cohl_solvers[i]->name, name) == 0)
            return cohl_solvers[i];
    }
    return NULL;
}

cohl_step_weights cohl_solver_weights(const cohl_solver *solver, const float *sigma, int steps,
                                      int first, int i)
{
    cohl_step_weights out = { .sigma = sigma[i] };
    solver->weigh(&out, sigma, steps, first, i);
    return out;
}

/* The arithmetic of one element, once for both storages. */
typedef struct element { double x, last, m1, m2; } element;

static inline element advance(const cohl_step_weights *w, element e, double v)
{
    double m0 = e.x - w->sigma * v;                  /* from the uncorrected x */
    double x = e.x;
    if (w->correct)
        x = w->corrector.last * e.last + w->corrector.m0 * m0 + w->corrector.m1 * e.m1 +
            w->corrector.m2 * e.m2;
    double next = w->predictor.x * x + w->predictor.v * v + w->predictor.m0 * m0 +
                  w->predictor.m1 * e.m1;
    return (element){ .x = next, .last = x, .m1 = m0, .m2 = e.m1 };
}

void cohl_solver_apply(const cohl_step_weights *weights, size_t count, float *x, const float *v,
                       float *history)
{
    const cohl_step_weights w = *weights;
    float *restrict last = history, *restrict m1 = last + count, *restrict m2 = m1 + count;
    for (size_t i = 0; i < count; i++) {
        element e = advance(&w, (element){ x[i], last[i], m1[i], m2[i] }, v[i]);
        x[i] = (float)e.x, last[i] = (float)e.last, m1[i] = (float)e.m1, m2[i] = (float)e.m2;
    }
}

void cohl_solver_apply_f64(const cohl_step_weights *weights, size_t count, double *x,
                           const double *v, double *history)
{
    const cohl_step_weights w = *weights;
    double *last = history, *m1 = last + count, *m2 = m1 + count;
    for (size_t i = 0; i < count; i++) {
        element e = advance(&w, (element){ x[i], last[i], m1[i], m2[i] }, v[i]);
        x[i] = e.x, last[i] = e.last, m1[i] = e.m1, m2[i] = e.m2;
    }
}
