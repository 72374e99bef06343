/* Tests of diffusion: schedules and solvers against recorded runs of the
 * official ones, and the laws that every entry of their tables obeys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/rng.h"
#include "diffusion/known.h"
#include "diffusion/reuse.h"
#include "diffusion/sampler.h"
#include "weights/safetensors.h"

#define GOLDEN "tests/goldens/schedulers/io.safetensors"

enum { COUNT = 24 };   /* elements of the recorded samples */

/* --- recorded runs ------------------------------------------------------ */

static const struct { double shift; int steps; } combinations[] = {
    { 1, 10 }, { 3, 10 }, { 3, 20 }, { 3, 50 }, { 5, 1 }, { 5, 2 }, { 5, 4 }, { 5, 10 },
    { 5, 20 }, { 5, 50 }, { 8, 8 }, { 8, 10 }, { 8, 20 }, { 8, 50 }, { 12, 40 },
};

static cohl_safetensors *open_golden(void)
{
    cohl_safetensors *file;
    cohl_error err;
    if (cohl_safetensors_open(&file, GOLDEN, &err))
        fail_msg("%s (run from the repository's root)", err.text);
    return file;
}

/* A tensor of a recorded run. */
static const cohl_weight *recorded(const cohl_safetensors *file, const char *solver, int which,
                                   const char *part)
{
    char name[96];
    snprintf(name, sizeof name, "%s.shift%g.steps%d.%s", solver, combinations[which].shift,
             combinations[which].steps, part);
    const cohl_weight *found = cohl_safetensors_find(file, name);
    if (!found)
        fail_msg("%s: no %s", GOLDEN, name);
    return found;
}

enum { COMBINATIONS = sizeof combinations / sizeof *combinations };

static void make_schedule(cohl_schedule *out, const cohl_solver *solver, int which)
{
    const cohl_schedule_kind *kind = cohl_schedule_kind_find(solver->schedule);
    assert_non_null(kind);
    assert_int_equal(cohl_schedule_make(out, kind, combinations[which].steps,
                                        combinations[which].shift, NULL), COHL_OK);
}

static void test_schedules_are_the_official_tables(void **state)
{
    cohl_safetensors *file = open_golden();
    static cohl_schedule schedule;
    for (int s = 0; cohl_solvers[s]; s++) {
        for (int k = 0; k < COMBINATIONS; k++) {
            const char *name = cohl_solvers[s]->name;
            const cohl_weight *sigmas = recorded(file, name, k, "sigmas");
            float sigma[64], time[64];
            make_schedule(&schedule, cohl_solvers[s], k);
            assert_int_equal(sigmas->count, schedule.steps + 1);
            cohl_weight_read_f32(sigmas, 0, sigmas->count, sigma);
            cohl_weight_read_f32(recorded(file, name, k, "timesteps"), 0, sigmas->count - 1, time);
            for (int i = 0; i <= schedule.steps; i++) {
                if (!(fabsf(sigma[i] - schedule.sigma[i]) <= 6e-8f))
                    fail_msg("%s shift %g steps %d: sigma[%d] is %.9g, expected %.9g", name,
                             combinations[k].shift, schedule.steps, i, schedule.sigma[i],
                             sigma[i]);
                if (i < schedule.steps && time[i] != schedule.time[i])
                    fail_msg("%s shift %g steps %d: time[%d] is %.9g, expected %.9g", name,
                             combinations[k].shift, schedule.steps, i, schedule.time[i], time[i]);
            }
        }
    }
    cohl_safetensors_close(file);
}

static double read_f64(const cohl_weight *weight, size_t i)
{
    double value;
    assert_int_equal(weight->type, COHL_F64);
    memcpy(&value, (const char *)weight->data + 8 * i, 8);
    return value;
}

/* Walk one recorded run in both storages and return the largest differences:
 * double against traj64, float against traj64 relative to the largest value. */
static void walk(const cohl_safetensors *file, const cohl_solver *solver, int which,
                 double *worst64, double *worst32)
{
    const cohl_weight *traj = recorded(file, solver->name, which, "traj64");
    const cohl_weight *sigmas = recorded(file, solver->name, which, "sigmas");
    const cohl_weight *times = recorded(file, solver->name, which, "timesteps");
    int steps = combinations[which].steps;
    double x64[COUNT], v64[COUNT], history64[3 * COUNT] = { 0 }, largest = 1;
    float x32[COUNT], v32[COUNT], history32[3 * COUNT] = { 0 }, a[COUNT], b[COUNT];
    float sigma[64], time[64];

    *worst64 = *worst32 = 0;
    cohl_weight_read_f32(sigmas, 0, sigmas->count, sigma);
    cohl_weight_read_f32(times, 0, times->count, time);
    cohl_weight_read_f32(cohl_safetensors_find(file, "a"), 0, COUNT, a);
    cohl_weight_read_f32(cohl_safetensors_find(file, "b"), 0, COUNT, b);
    for (int e = 0; e < COUNT; e++)
        x64[e] = read_f64(traj, (size_t)e), x32[e] = (float)x64[e];
    for (int i = 0; i < steps; i++) {
        for (int e = 0; e < COUNT; e++) {
            v64[e] = a[e] * x64[e] + b[e] * (time[i] / 1000.0);
            v32[e] = a[e] * x32[e] + b[e] * (time[i] / 1000);
        }
        cohl_step_weights weights = cohl_solver_weights(solver, sigma, steps, 0, i);
        cohl_solver_apply_f64(&weights, COUNT, x64, v64, history64);
        cohl_solver_apply(&weights, COUNT, x32, v32, history32);
        for (int e = 0; e < COUNT; e++) {
            double expected = read_f64(traj, (size_t)(i + 1) * COUNT + (size_t)e);
            largest = fmax(largest, fabs(expected));
            *worst64 = fmax(*worst64, fabs(x64[e] - expected));
            *worst32 = fmax(*worst32, fabs(x32[e] - expected));
        }
    }
    *worst32 /= largest;
}

static void test_solvers_follow_the_official_trajectories(void **state)
{
    cohl_safetensors *file = open_golden();
    double all64 = 0, all32 = 0;
    for (int s = 0; cohl_solvers[s]; s++) {
        for (int k = 0; k < COMBINATIONS; k++) {
            double worst64, worst32;
            walk(file, cohl_solvers[s], k, &worst64, &worst32);
            if (!(worst64 <= 1e-9 && worst32 <= 2e-5))
                fail_msg("%s shift %g steps %d: double %g, float %g", cohl_solvers[s]->name,
                         combinations[k].shift, combinations[k].steps, worst64, worst32);
            all64 = fmax(all64, worst64), all32 = fmax(all32, worst32);
        }
    }
    print_message("largest difference: double %.2g, float %.2g\n", all64, all32);
    cohl_safetensors_close(file);
}

/* --- laws of every schedule --------------------------------------------- */

static void test_every_schedule_falls_and_ends_at_zero(void **state)
{
    static const int steps[] = { 1, 2, 4, 7, 50, 333, 1000 };
    static const double shifts[] = { 0.01, 0.5, 1, 3, 17, 100 };
    static cohl_schedule schedule;
    for (int k = 0; cohl_schedule_kinds[k]; k++) {
        for (int c = 0; c < 7 * 6; c++) {
            const cohl_schedule_kind *kind = cohl_schedule_kinds[k];
            int n = steps[c % 7];
            assert_int_equal(cohl_schedule_make(&schedule, kind, n, shifts[c / 7], NULL), COHL_OK);
            assert_true(schedule.sigma[0] <= 1 && schedule.time[0] <= 1000);
            assert_true(schedule.sigma[n] == 0 && schedule.time[n] == 0);
            for (int i = 0; i < n; i++) {
                if (!(schedule.sigma[i] > schedule.sigma[i + 1] &&
                      schedule.time[i] >= schedule.time[i + 1]))
                    fail_msg("%s, %d steps, shift %g: step %d has sigma %g then %g", kind->name, n,
                             shifts[c / 7], i, schedule.sigma[i], schedule.sigma[i + 1]);
                assert_int_equal(cohl_schedule_join(&schedule, schedule.sigma[i]), i);
            }
            assert_int_equal(cohl_schedule_join(&schedule, 0), n);
            assert_int_equal(cohl_schedule_join(&schedule, 1), 0);
        }
    }
}

static void test_schedules_refuse_impossible_requests(void **state)
{
    static cohl_schedule schedule;
    const cohl_schedule_kind *kind = cohl_schedule_kinds[0];
    static const struct { int steps; double shift; } cases[] = {
        { 0, 5 }, { -1, 5 }, { 1001, 5 }, { 10, 0 }, { 10, -1 }, { 10, NAN }, { 10, INFINITY },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(cohl_schedule_make(&schedule, kind, cases[i].steps, cases[i].shift, NULL),
                         COHL_ERR_ARGUMENT);
    assert_null(cohl_schedule_kind_find("karras"));
    assert_null(cohl_solver_find("heun"));
}

static void test_shift_keeps_the_ends_and_one_is_neutral(void **state)
{
    for (double shift = 0.25; shift < 20; shift *= 2) {
        assert_true(cohl_shift(0, shift) == 0 && cohl_shift(1, shift) == 1);
        for (double s = 0; s <= 1; s += 0.125) {
            assert_true(cohl_shift(s, 1) == s);
            assert_true(fabs(cohl_shift(cohl_shift(s, shift), 1 / shift) - s) < 1e-12);
        }
    }
}

/* --- laws of every solver ----------------------------------------------- */

/* When the data is one point the velocity is (x - data) / sigma, and its paths
 * are straight lines: each solver must arrive in any number of steps. */
static void test_every_solver_is_exact_on_straight_paths(void **state)
{
    static cohl_schedule schedule;
    for (int s = 0; cohl_solvers[s]; s++) {
        for (int k = 0; cohl_schedule_kinds[k]; k++) {
            for (int steps = 1; steps <= 12; steps++) {
                double data = 0.7, noise = -1.3, history[3] = { 0 };
                cohl_schedule_make(&schedule, cohl_schedule_kinds[k], steps, 5, NULL);
                double x = data + schedule.sigma[0] * (noise - data);
                for (int i = 0; i < steps; i++) {
                    double v = (x - data) / schedule.sigma[i];
                    cohl_step_weights weights =
                        cohl_solver_weights(cohl_solvers[s], schedule.sigma, steps, 0, i);
                    cohl_solver_apply_f64(&weights, 1, &x, &v, history);
                    double on_line = data + schedule.sigma[i + 1] * (noise - data);
                    if (!(fabs(x - on_line) < 1e-12))
                        fail_msg("%s on %s, %d steps: x is %.15g after step %d, expected %.15g",
                                 cohl_solvers[s]->name, cohl_schedule_kinds[k]->name, steps, x, i,
                                 on_line);
                }
            }
        }
    }
}

/* The error at the end for data of normal distribution N(0, spread^2), whose
 * velocity is known: v = x * (sigma - (1 - sigma) spread^2) / var(sigma). */
static double gaussian_error(const cohl_solver *solver, int steps)
{
    static cohl_schedule schedule;
    const double spread = 0.3, start = 1.1;
    double history[3] = { 0 };
    cohl_schedule_make(&schedule, cohl_schedule_kind_find("dpmpp"), steps, 1, NULL);
    double x = start;
    for (int i = 0; i < steps; i++) {
        double sigma = schedule.sigma[i], clean = 1 - sigma;
        double v = x * (sigma - clean * spread * spread) /
                   (sigma * sigma + clean * clean * spread * spread);
        cohl_step_weights weights = cohl_solver_weights(solver, schedule.sigma, steps, 0, i);
        cohl_solver_apply_f64(&weights, 1, &x, &v, history);
    }
    return fabs(x - start * spread);
}

static void test_solvers_converge_with_their_order(void **state)
{
    static const struct { const char *name; double gain; } cases[] = {
        { "euler", 1.8 }, { "dpmpp", 2.7 }, { "unipc", 2.7 },   /* 2^1, and towards 2^2 */
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const cohl_solver *solver = cohl_solver_find(cases[c].name);
        double coarse = gaussian_error(solver, 64), fine = gaussian_error(solver, 128);
        if (!(coarse / fine > cases[c].gain && coarse < 0.05))
            fail_msg("%s: error %g at 64 steps, %g at 128", solver->name, coarse, fine);
    }
}

/* --- the loop ----------------------------------------------------------- */

enum { FRAMES = 5, SIZE = 37 };

/* A network that knows where each frame should go. */
typedef struct oracle {
    const cohl_schedule *schedule;
    const float         *target;       /* [FRAMES, SIZE] */
    int                  calls, fail_at;
    float                time[64][FRAMES];
    int                  broken_frame; /* NaN there, or -1 */
} oracle;

static cohl_status oracle_velocity(void *ctx, const float *x, const float *time, float *v,
                                   cohl_error *err)
{
    oracle *o = ctx;
    if (o->fail_at && o->calls + 1 == o->fail_at)
        return cohl_fail(err, COHL_ERR_CANCELLED, "stopped");
    memcpy(o->time[o->calls++], time, FRAMES * sizeof *time);
    for (int f = 0; f < FRAMES; f++) {
        int step = 0;
        while (o->schedule->time[step] != time[f])
            step++;
        double sigma = o->schedule->sigma[step];
        for (int i = f * SIZE; i < (f + 1) * SIZE; i++) {
            double gap = x[i] - o->target[i];
            v[i] = (float)(sigma > 0 ? gap / sigma : gap);
            if (f == o->broken_frame)
                v[i] = NAN;
        }
    }
    return COHL_OK;
}

typedef struct scene {
    cohl_schedule schedule;
    oracle        oracle;
    cohl_sampler  sampler;
    cohl_arena    scratch;
    float         target[FRAMES * SIZE], known[FRAMES * SIZE], x[FRAMES * SIZE];
} scene;

static void set_scene(scene *s, const char *solver, const float *level)
{
    const cohl_solver *chosen = cohl_solver_find(solver);
    memset(s, 0, sizeof *s);
    assert_int_equal(cohl_schedule_make(&s->schedule, cohl_schedule_kind_find(chosen->schedule),
                                        10, 3, NULL), COHL_OK);
    cohl_rng_fill_normal(s->target, 0, FRAMES * SIZE, 1, 1);
    cohl_rng_fill_normal(s->known, 0, FRAMES * SIZE, 1, 2);
    cohl_rng_fill_normal(s->x, 0, FRAMES * SIZE, 1, 3);
    s->oracle = (oracle){ .schedule = &s->schedule, .target = s->target, .broken_frame = -1 };
    s->sampler = (cohl_sampler){
        .schedule = &s->schedule, .solver = chosen, .frames = FRAMES, .frame_size = SIZE,
        .level = level, .known = s->known, .velocity = { oracle_velocity, &s->oracle },
    };
    assert_int_equal(cohl_arena_open(&s->scratch, cohl_sampler_bytes(FRAMES, SIZE), NULL), COHL_OK);
}

static bool frame_is(const float *x, const float *expected, int frame, float bound)
{
    for (int i = frame * SIZE; i < (frame + 1) * SIZE; i++) {
        if (!(fabsf(x[i] - expected[i]) <= bound))
            return false;
    }
    return true;
}

static void test_sampler_arrives_with_every_solver(void **state)
{
    static scene s;
    for (int k = 0; cohl_solvers[k]; k++) {
        set_scene(&s, cohl_solvers[k]->name, NULL);
        assert_int_equal(cohl_sample(&s.sampler, s.x, &s.scratch, NULL), COHL_OK);
        assert_int_equal(s.oracle.calls, 10);
        assert_int_equal(s.scratch.used, 0);
        for (int f = 0; f < FRAMES; f++)
            assert_true(frame_is(s.x, s.target, f, 1e-5f));
        cohl_arena_close(&s.scratch);
    }
}

static void test_known_frames_stay_and_are_told_zero(void **state)
{
    static const float level[FRAMES] = { 0, 1, 0, 1, 1 };
    static scene s;
    for (int k = 0; cohl_solvers[k]; k++) {
        set_scene(&s, cohl_solvers[k]->name, level);
        assert_int_equal(cohl_sample(&s.sampler, s.x, &s.scratch, NULL), COHL_OK);
        for (int f = 0; f < FRAMES; f++) {
            assert_true(frame_is(s.x, level[f] == 0 ? s.known : s.target, f,
                                 level[f] == 0 ? 0 : 1e-5f));
            for (int i = 0; i < 10; i++)
                assert_true(s.oracle.time[i][f] == (level[f] == 0 ? 0 : s.schedule.time[i]));
        }
        cohl_arena_close(&s.scratch);
    }
}

static void test_remixed_frames_wait_at_their_level(void **state)
{
    static const float level[FRAMES] = { 0, 0.6f, 1, 0.999f, 0.3f };
    static scene s;
    for (int k = 0; cohl_solvers[k]; k++) {
        set_scene(&s, cohl_solvers[k]->name, level);
        assert_int_equal(cohl_sample(&s.sampler, s.x, &s.scratch, NULL), COHL_OK);
        for (int f = 1; f < FRAMES; f++) {
            int join = cohl_schedule_join(&s.schedule, level[f]);
            assert_true(frame_is(s.x, s.target, f, 1e-5f));
            for (int i = 0; i < 10; i++)
                assert_true(s.oracle.time[i][f] == s.schedule.time[i > join ? i : join]);
        }
        cohl_arena_close(&s.scratch);
    }
}

/* All frames half noised: the run begins where they are, from a mixture. */
static void test_remix_skips_the_steps_above_its_level(void **state)
{
    static const float level[FRAMES] = { 0.5f, 0.5f, 0.5f, 0.5f, 0 };
    static scene s;
    set_scene(&s, "euler", level);
    int join = cohl_schedule_join(&s.schedule, 0.5f);
    assert_true(join > 0 && join < 10);
    assert_int_equal(cohl_sample(&s.sampler, s.x, &s.scratch, NULL), COHL_OK);
    assert_int_equal(s.oracle.calls, 10 - join);
    cohl_arena_close(&s.scratch);
}

static void test_a_run_of_known_frames_calls_nothing(void **state)
{
    static const float level[FRAMES] = { 0 };
    static scene s;
    set_scene(&s, "unipc", level);
    assert_int_equal(cohl_sample(&s.sampler, s.x, &s.scratch, NULL), COHL_OK);
    assert_int_equal(s.oracle.calls, 0);
    assert_memory_equal(s.x, s.known, sizeof s.x);
    cohl_arena_close(&s.scratch);
}

/* ---- step reuse ------------------------------------------------------------ */

/* v = a + b t + c t^2 for each value, whatever x; counts, and keeps the times it is asked at. */
typedef struct curve { float c; int asked; float time[16][FRAMES]; } curve;

static cohl_status curve_velocity(void *ctx, const float *x, const float *time, float *v, cohl_error *err)
{
    curve *k = ctx;
    memcpy(k->time[k->asked++], time, FRAMES * sizeof *time);
    for (int i = 0; i < FRAMES * SIZE; i++) {
        float t = time[i / SIZE] / 1000;
        v[i] = (float)(i % 7) - 3 + t * (float)(i % 5) + k->c * t * t;
    }
    return COHL_OK;
}

typedef struct reusing { scene s; curve curve; cohl_reuse reuse; float room[2 * FRAMES * (SIZE + 1)]; } reusing;

/* One run of ten steps; threshold 0: without reuse. */
static void reuse_run(reusing *r, float c, double threshold, const float *level)
{
    set_scene(&r->s, "euler", level);
    assert_int_equal(cohl_reuse_values(FRAMES, SIZE), sizeof r->room / sizeof *r->room);
    r->curve = (curve){ .c = c };
    r->reuse = (cohl_reuse){ .inner = { curve_velocity, &r->curve }, .threshold = threshold, .frames = FRAMES,
                             .frame_size = SIZE, .room = r->room };
    r->s.sampler.velocity = threshold > 0 ? cohl_reuse_velocity(&r->reuse) : r->reuse.inner;
    assert_int_equal(cohl_sample(&r->s.sampler, r->s.x, &r->s.scratch, NULL), COHL_OK);
    cohl_arena_close(&r->s.scratch);
}

static void test_a_straight_velocity_is_foretold_from_two(void **state)
{
    static reusing full, reused;
    reuse_run(&full, 0, 0, NULL);
    reuse_run(&reused, 0, 1e-4, NULL);
    assert_int_equal(full.curve.asked, 10);
    assert_int_equal(reused.curve.asked, 3);            /* two, and one that measures */
    assert_int_equal(reused.reuse.skipped, 7);
    for (int f = 0; f < FRAMES; f++)
        assert_true(frame_is(reused.s.x, full.s.x, f, 1e-4f));
}

static void test_a_bent_velocity_is_asked_the_more_the_less_it_may_err(void **state)
{
    static const double thresholds[] = { 1e-9, 0.02, 0.1, 1 };
    static reusing full, reused;
    int before = 11;
    double worse = -1;
    reuse_run(&full, 8, 0, NULL);
    for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++) {
        double most = 0;
        reuse_run(&reused, 8, thresholds[i], NULL);
        for (int k = 0; k < FRAMES * SIZE; k++)
            most = fmax(most, fabs((double)reused.s.x[k] - full.s.x[k]));
        assert_int_equal(reused.reuse.asked, reused.curve.asked);
        assert_int_equal(reused.reuse.asked + reused.reuse.skipped, 10);
        if (!(reused.reuse.asked <= before && most >= worse))
            fail_msg("threshold %g: asked %d, error %g", thresholds[i], reused.reuse.asked, most);
        if (!i) {
            assert_int_equal(reused.reuse.asked, 10);
            assert_memory_equal(reused.s.x, full.s.x, sizeof full.s.x);
        }
        before = reused.reuse.asked, worse = most;
    }
    assert_true(before < 6);
}

/* Known frames are told 0 for ever; one that waits has no slope at the step after it joined. */
static void test_a_frame_that_joins_is_asked_for(void **state)
{
    static const float level[FRAMES] = { 0, 0.6f, 1, 1, 0.3f };
    static reusing full, reused;
    reuse_run(&full, 0, 0, level);
    reuse_run(&reused, 0, 1e-4, level);
    assert_true(reused.reuse.skipped > 0);
    for (int f = 0; f < FRAMES; f++)
        assert_true(frame_is(reused.s.x, full.s.x, f, 1e-4f));
    for (int f = 1; f < FRAMES; f += 3) {
        int join = cohl_schedule_join(&reused.s.schedule, level[f]), found = 0;
        for (int i = 0; i < reused.curve.asked; i++)
            found += reused.curve.time[i][f] == reused.s.schedule.time[join + 1];
        assert_true(found);
    }
}

static void test_what_is_forgotten_is_asked_anew(void **state)
{
    static reusing r;
    float x[FRAMES * SIZE] = { 0 }, v[FRAMES * SIZE], time[FRAMES];
    reuse_run(&r, 0, 1e-4, NULL);
    for (int i = 0; i < 5; i++) {
        cohl_velocity velocity = cohl_reuse_velocity(&r.reuse);
        for (int f = 0; f < FRAMES; f++)
            time[f] = 500 - (float)i;
        if (!i) {
            cohl_reuse_forget(&r.reuse);
            r.curve.asked = 0;
        }
        assert_int_equal(velocity.fn(velocity.ctx, x, time, v, NULL), COHL_OK);
        assert_int_equal(r.curve.asked, i < 3 ? i + 1 : 3);
    }
}

typedef struct watcher { scene *scene; int calls, stop_at; float worst; } watcher;

static cohl_status watch(void *ctx, int step, int steps, const float *x, const float *data,
                         cohl_error *err)
{
    watcher *w = ctx;
    w->calls++;
    assert_int_equal(step, w->calls);
    assert_int_equal(steps, 10);
    for (int i = 0; i < FRAMES * SIZE; i++)      /* the oracle's estimate is always right */
        w->worst = fmaxf(w->worst, fabsf(data[i] - w->scene->target[i]));
    return step == w->stop_at ? cohl_fail(err, COHL_ERR_CANCELLED, "enough") : COHL_OK;
}

static void test_observer_sees_each_step_and_may_stop(void **state)
{
    static scene s;
    cohl_error err;
    for (int stop = 0; stop <= 10; stop++) {
        watcher w = { .scene = &s, .stop_at = stop };
        set_scene(&s, "unipc", NULL);
        s.sampler.observer = (cohl_observer){ watch, &w };
        assert_int_equal(cohl_sample(&s.sampler, s.x, &s.scratch, &err),
                         stop ? COHL_ERR_CANCELLED : COHL_OK);
        assert_int_equal(w.calls, stop ? stop : 10);
        assert_true(w.worst < 1e-4f);
        assert_int_equal(s.scratch.used, 0);
        cohl_arena_close(&s.scratch);
    }
}

static void test_sampler_says_what_is_wrong(void **state)
{
    static const float above[FRAMES] = { 1, 2, 1, 1, 1 }, half[FRAMES] = { 1, 1, 1, 1, 0.5f };
    static scene s;
    cohl_error err;
    set_scene(&s, "euler", above);
    assert_int_equal(cohl_sample(&s.sampler, s.x, &s.scratch, &err), COHL_ERR_ARGUMENT);
    assert_string_equal(err.text, "latent frame 1: level is 2, expected 0 to 1");
    s.sampler.level = half;
    s.sampler.known = NULL;
    assert_int_equal(cohl_sample(&s.sampler, s.x, &s.scratch, &err), COHL_ERR_ARGUMENT);
    s.sampler.level = NULL;
    s.oracle.broken_frame = 3;
    assert_int_equal(cohl_sample(&s.sampler, s.x, &s.scratch, &err), COHL_ERR_FORMAT);
    assert_string_equal(err.text, "step 1: the network's velocity is not finite in latent frame 3");
    s.oracle.broken_frame = -1;
    s.oracle.fail_at = s.oracle.calls + 3;
    assert_int_equal(cohl_sample(&s.sampler, s.x, &s.scratch, &err), COHL_ERR_CANCELLED);
    assert_string_equal(err.text, "stopped");
    s.scratch.size -= COHL_ARENA_ALIGN;
    assert_int_equal(cohl_sample(&s.sampler, s.x, &s.scratch, &err), COHL_ERR_MEMORY);
    s.scratch.size += COHL_ARENA_ALIGN;
    cohl_arena_close(&s.scratch);
}

/* --- guidance ----------------------------------------------------------- */

static cohl_status constant_velocity(void *ctx, const float *x, const float *time, float *v,
                                     cohl_error *err)
{
    float *value = ctx;
    value[1] += 1;
    for (int i = 0; i < 3; i++)
        v[i] = value[0];
    return COHL_OK;
}

static void test_guidance_mixes_and_one_calls_once(void **state)
{
    static const float scales[] = { 0, 1, 5, -2 };
    for (int k = 0; k < 4; k++) {
        float with[2] = { 3, 0 }, without[2] = { 1, 0 }, room[3], v[3];
        cohl_guidance guidance = { .with = { constant_velocity, with },
                                   .without = { constant_velocity, without },
                                   .scale = scales[k], .room = room, .count = 3 };
        cohl_velocity velocity = cohl_guidance_velocity(&guidance);
        assert_int_equal(velocity.fn(velocity.ctx, v, v, v, NULL), COHL_OK);
        assert_true(v[2] == 1 + scales[k] * 2);
        assert_true(without[1] == (scales[k] == 1 ? 0 : 1));
    }
}

/* --- what a network takes ----------------------------------------------- */

static void test_known_frames_map_to_what_a_network_takes(void **state)
{
    static const struct {
        const char *kind;
        float       level[3];
        cohl_status status;
        float       held[3];
        bool        given[3];
    } cases[] = {
        { "timestep:any",   { 0, 0.5f, 1 }, COHL_OK, { 0, 0.5f, 1 }, { 0 } },
        { "timestep:any",   { 1, 1, 1.5f }, COHL_ERR_ARGUMENT, { 0 }, { 0 } },
        { "timestep:first", { 0, 1, 1 }, COHL_OK, { 0, 1, 1 }, { 0 } },
        { "timestep:first", { 1, 1, 0 }, COHL_ERR_UNSUPPORTED, { 0 }, { 0 } },
        { "timestep:first", { 0, 0.5f, 1 }, COHL_ERR_UNSUPPORTED, { 0 }, { 0 } },
        { "mask-channels",  { 0, 1, 0 }, COHL_OK, { 1, 1, 1 }, { 1, 0, 1 } },
        { "mask-channels",  { 0, 0, 0 }, COHL_OK, { 0, 0, 0 }, { 1, 1, 1 } },
        { "vace-context",   { 0.5f, 0, 0.5f }, COHL_OK, { 0.5f, 0.5f, 0.5f }, { 0, 1, 0 } },
        { "none",           { 0.7f, 0.7f, 0.7f }, COHL_OK, { 0.7f, 0.7f, 0.7f }, { 0 } },
        { "none",           { 0, 1, 1 }, COHL_ERR_UNSUPPORTED, { 0 }, { 0 } },
        { "none",           { 1, 0.5f, 1 }, COHL_ERR_UNSUPPORTED, { 0 }, { 0 } },
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        float held[3];
        bool given[3];
        cohl_error err;
        const cohl_known_kind *kind = cohl_known_kind_find(cases[c].kind);
        cohl_status st = cohl_known_map(kind, 3, cases[c].level, held, given, &err);
        if (st != cases[c].status ||
            (!st && (memcmp(held, cases[c].held, sizeof held) ||
                     memcmp(given, cases[c].given, sizeof given))))
            fail_msg("case %zu, %s: status %d", c, cases[c].kind, st);
        if (st == COHL_ERR_UNSUPPORTED)
            assert_non_null(strstr(err.text, kind->about));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedules_are_the_official_tables),
        cmocka_unit_test(test_solvers_follow_the_official_trajectories),
        cmocka_unit_test(test_every_schedule_falls_and_ends_at_zero),
        cmocka_unit_test(test_schedules_refuse_impossible_requests),
        cmocka_unit_test(test_shift_keeps_the_ends_and_one_is_neutral),
        cmocka_unit_test(test_every_solver_is_exact_on_straight_paths),
        cmocka_unit_test(test_solvers_converge_with_their_order),
        cmocka_unit_test(test_sampler_arrives_with_every_solver),
        cmocka_unit_test(test_known_frames_stay_and_are_told_zero),
        cmocka_unit_test(test_remixed_frames_wait_at_their_level),
        cmocka_unit_test(test_remix_skips_the_steps_above_its_level),
        cmocka_unit_test(test_a_run_of_known_frames_calls_nothing),
        cmocka_unit_test(test_a_straight_velocity_is_foretold_from_two),
        cmocka_unit_test(test_a_bent_velocity_is_asked_the_more_the_less_it_may_err),
        cmocka_unit_test(test_a_frame_that_joins_is_asked_for),
        cmocka_unit_test(test_what_is_forgotten_is_asked_anew),
        cmocka_unit_test(test_observer_sees_each_step_and_may_stop),
        cmocka_unit_test(test_sampler_says_what_is_wrong),
        cmocka_unit_test(test_guidance_mixes_and_one_calls_once),
        cmocka_unit_test(test_known_frames_map_to_what_a_network_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
