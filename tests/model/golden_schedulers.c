/* golden_schedulers.c - records of the schedules and solvers: tables, and whole runs on a
 * model that is a formula, v = a x + b t/1000. Host mathematics: dtype and back end change nothing. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diffusion/schedule.h"
#include "diffusion/solver.h"
#include "golden.h"

enum { COUNT_MAX = 4096 };

typedef struct formula { int count; double x0[COUNT_MAX], a[COUNT_MAX], b[COUNT_MAX]; } formula;

static double value(const cohl_weight *w, size_t i)
{
    double wide;
    float narrow;
    if (w->type == COHL_F64) {
        memcpy(&wide, (const char *)w->data + i * sizeof wide, sizeof wide);
        return wide;
    }
    cohl_weight_read_f32(w, i, 1, &narrow);
    return narrow;
}

static const cohl_weight *find(const golden *g, const char *key, const char *what)
{
    char name[96];
    snprintf(name, sizeof name, "%s%s%s", key, *key ? "." : "", what);
    return cohl_safetensors_find(g->io, name);
}

/* The largest |got[i] - w[begin + i]|; compared as one number against nothing. */
static void compare(golden *g, const char *key, const char *what, const double *got, const cohl_weight *w,
                    size_t begin, size_t count, double tolerance)
{
    char name[96];
    float worst = 0, zero = 0;
    for (size_t i = 0; i < count; i++)
        worst = fmaxf(worst, (float)fabs(got[i] - value(w, begin + i)));
    snprintf(name, sizeof name, "%s.%s", key, what);
    golden_compare(g, name, &worst, &zero, 1, tolerance, 1);
}

static void compare_tables(golden *g, const char *key, const cohl_schedule *s)
{
    double sigma[COHL_STEPS_MAX + 1], time[COHL_STEPS_MAX + 1];
    const cohl_weight *sigmas = find(g, key, "sigmas"), *times = find(g, key, "timesteps");
    for (int i = 0; i <= s->steps; i++) {
        sigma[i] = s->sigma[i];
        time[i] = s->time[i];
    }
    if (sigmas)
        compare(g, key, "sigmas", sigma, sigmas, 0, (size_t)s->steps + 1, 6e-8);
    /* whole timesteps must be equal; float ones may differ in the last bit below 1000 */
    if (times)
        compare(g, key, "timesteps", time, times, 0, (size_t)s->steps, times->type == COHL_I64 ? 1e-9 : 6.2e-5);
}

/* One run in double and one in float beside it, both against the double record. */
static void compare_run(golden *g, const char *key, const formula *f, const cohl_schedule *s,
                        const cohl_solver *solver, double largest)
{
    static double x[COUNT_MAX], v[COUNT_MAX], history[COHL_SOLVER_HISTORY * COUNT_MAX], wide[COUNT_MAX];
    static float x32[COUNT_MAX], v32[COUNT_MAX], history32[COHL_SOLVER_HISTORY * COUNT_MAX];
    const cohl_weight *record = find(g, key, "traj64");
    size_t count = (size_t)f->count;
    memset(history, 0, sizeof history);
    memset(history32, 0, sizeof history32);
    for (size_t e = 0; e < count; e++)
        x32[e] = (float)(x[e] = f->x0[e]);
    for (int i = 0; i < s->steps && record; i++) {
        for (size_t e = 0; e < count; e++) {
            v[e] = f->a[e] * x[e] + f->b[e] * (s->time[i] / 1000.0);
            v32[e] = (float)(f->a[e] * x32[e] + f->b[e] * (s->time[i] / 1000.0));
        }
        cohl_step_weights weights = cohl_solver_weights(solver, s->sigma, s->steps, 0, i);
        cohl_solver_apply_f64(&weights, count, x, v, history);
        cohl_solver_apply(&weights, count, x32, v32, history32);
        for (size_t e = 0; e < count; e++)
            wide[e] = x32[e];
        compare(g, key, "traj64", x, record, ((size_t)i + 1) * count, count, 1e-9);
        compare(g, key, "traj64 in float", wide, record, ((size_t)i + 1) * count, count, 2e-5 * fmax(1, largest));
    }
}

static bool read_formula(formula *f, const golden *g)
{
    const cohl_weight *x0 = find(g, "", "x0"), *a = find(g, "", "a"), *b = find(g, "", "b");
    if (!x0 || !a || !b || x0->count > COUNT_MAX || a->count != x0->count || b->count != x0->count)
        return false;
    f->count = (int)x0->count;
    for (size_t i = 0; i < x0->count; i++) {
        f->x0[i] = value(x0, i);
        f->a[i] = value(a, i);
        f->b[i] = value(b, i);
    }
    return true;
}

static cohl_status run_combo(golden *g, const formula *f, const json_t *combo, cohl_error *err)
{
    static cohl_schedule schedule;
    const char *name = json_string_value(json_object_get(combo, "kind"));
    const char *key = json_string_value(json_object_get(combo, "key"));
    const cohl_solver *solver = name ? cohl_solver_find(name) : NULL;
    if (!solver || !key)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "no solver is called \"%s\"", name ? name : "");
    cohl_status st = cohl_schedule_make(&schedule, cohl_schedule_kind_find(solver->schedule),
                                        (int)golden_number(combo, "steps", 0), golden_number(combo, "shift", 0), err);
    if (st)
        return st;
    compare_tables(g, key, &schedule);
    compare_run(g, key, f, &schedule, solver, golden_number(combo, "absmax", 1));
    return COHL_OK;
}

cohl_status golden_schedulers(golden *g, cohl_error *err)
{
    static formula f;
    const json_t *combos = json_object_get(g->config, "combos"), *combo;
    cohl_status st = COHL_OK;
    size_t i;
    g->dtype = COHL_F32;
    if (!read_formula(&f, g))
        return cohl_fail(err, COHL_ERR_FORMAT, "io.safetensors has no x0, a and b");
    json_array_foreach(combos, i, combo)
        if (!st)
            st = run_combo(g, &f, combo, err);
    return st;
}
