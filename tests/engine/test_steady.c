/* Tests of what keeps a long film as it began: synthetic windows and frames that wander. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/look.h"
#include "engine/seam.h"
#include "engine/steady.h"

enum { CELLS = 600, CHANNELS = 3, WIDTH = 64, HEIGHT = 48, REACH = 16 };

/* ---- latents ------------------------------------------------------------- */

/* Spread evenly, in an order that seed turns. */
static void fill(float *values, const double mean[CHANNELS], const double deviation[CHANNELS], int seed)
{
    for (int c = 0; c < CHANNELS; c++)
        for (int i = 0; i < CELLS; i++) {
            double u = ((i * 7 + seed * 31) % CELLS + 0.5) / CELLS;
            values[i * CHANNELS + c] = (float)(mean[c] + deviation[c] * (u - 0.5) * sqrt(12));
        }
}

static void measure(const float *values, int channel, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < CELLS; i++)
        sum += values[i * CHANNELS + channel];
    *mean = sum / CELLS;
    for (int i = 0; i < CELLS; i++)
        squares += pow(values[i * CHANNELS + channel] - *mean, 2);
    *deviation = sqrt(squares / CELLS);
}

static void test_windows_that_wander_a_little_are_brought_back_wholly(void **state)
{
    const double mean[] = { 1, -2, 0 }, deviation[] = { 1, 0.5, 2 };
    const double moved[] = { 1.4, -2.2, 0.9 }, wider[] = { 1.35, 0.4, 1.7 };
    float *first = malloc(CELLS * CHANNELS * sizeof *first), *later = malloc(CELLS * CHANNELS * sizeof *later);
    engine_steady steady = { 0 };
    fill(first, mean, deviation, 1);
    engine_steady_learn(&steady, first, CELLS, CHANNELS);
    fill(later, moved, wider, 2);
    engine_steady_hold(&steady, later, CELLS, CHANNELS);
    for (int c = 0; c < CHANNELS; c++) {
        double m, d;
        measure(later, c, &m, &d);
        assert_true(fabs(m - steady.mean[c]) < 1e-4 && fabs(d - steady.deviation[c]) < 1e-4);
    }
    free(first);
    free(later);
}

static void test_windows_that_show_something_else_still_do(void **state)
{
    const double mean[] = { 0, 0, 0 }, deviation[] = { 1, 1, 1 }, moved[] = { 1.3, -1.2, 0 }, wider[] = { 1, 2.2, 0.4 };
    float *first = malloc(CELLS * CHANNELS * sizeof *first), *later = malloc(CELLS * CHANNELS * sizeof *later);
    engine_steady steady = { 0 };
    fill(first, mean, deviation, 1);
    engine_steady_learn(&steady, first, CELLS, CHANNELS);
    fill(later, moved, wider, 2);
    engine_steady_hold(&steady, later, CELLS, CHANNELS);
    for (int c = 0; c < CHANNELS; c++) {
        double m, d, moves = fabs(moved[c]) > 0;
        measure(later, c, &m, &d);
        assert_true(moves ? m / moved[c] > 0.5 && m / moved[c] < 0.7 : fabs(m) < 0.01);
        assert_true(wider[c] == 1 ? fabs(d - 1) < 0.01 : d / wider[c] > 1 / 1.41 && d / wider[c] < 1.41);
    }
    free(first);
    free(later);
}

static void test_of_a_difference_drift_is_taken(void **state)
{
    assert_true(engine_not_drift(0.9, 1) == 0 && engine_not_drift(-1, 1) == 0);
    assert_true(engine_not_drift(3, 1) == 2 && engine_not_drift(-3, 1) == -2);
}

/* ---- pictures ------------------------------------------------------------ */

/* A disc crosses a slope; its picture is brightened by shift and made harsher by factor. */
static void paint(cohl_frame *frame, int index, double shift, double factor)
{
    const double base[3] = { 150, 120, 90 };
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            int dx = x - index % WIDTH, dy = y - HEIGHT / 2, disc = dx * dx + dy * dy < 60;
            for (int c = 0; c < 3; c++) {
                double value = disc ? 40.0 * c : base[c] + (x - WIDTH / 2) * 1.2 + (y - HEIGHT / 2);
                frame->rgb[3 * (y * WIDTH + x) + c] =
                    (uint8_t)lrint(fmin(fmax(base[c] + shift + factor * (value - base[c]), 0), 255));
            }
        }
}

static double apart(const engine_look *a, const engine_look *b)
{
    double most = 0;
    for (int c = 0; c < 3; c++)
        most = fmax(most, fabs(a->mean[c] - b->mean[c]));
    return most;
}

/* What came out of the joins: the look of the first and of the last second, the largest step of colour. */
typedef struct shown { engine_look first, last, before; int count, total; double flash; } shown;

static cohl_status see(void *user, const cohl_frame *frame, cohl_error *err)
{
    shown *s = user;
    engine_look look = { 0 };
    engine_look_add(&look, frame);
    if (s->count)
        s->flash = fmax(s->flash, apart(&look, &s->before));
    if (s->count < REACH)
        engine_look_add(&s->first, frame);
    if (s->count >= s->total - REACH)
        engine_look_add(&s->last, frame);
    s->before = look;
    s->count++;
    return COHL_OK;
}

typedef void paint_fn(cohl_frame *frame, int index);

static shown pass(paint_fn *draw, int frames, bool holds)
{
    engine_seam *seam;
    cohl_frame *frame;
    shown s = { .total = frames };
    engine_seam_params params = { .reach = REACH, .joins = true, .holds = holds };
    assert_int_equal(cohl_frame_new(&frame, WIDTH, HEIGHT, NULL), COHL_OK);
    assert_int_equal(engine_seam_open(&seam, WIDTH, HEIGHT, &params, (engine_seam_sink){ see, &s }, NULL), COHL_OK);
    for (int i = 0; i < frames; i++) {
        draw(frame, i);
        assert_int_equal(engine_seam_made(seam, frame, 0, NULL), COHL_OK);
    }
    assert_int_equal(engine_seam_flush(seam, NULL), COHL_OK);
    engine_seam_close(seam);
    cohl_frame_free(frame);
    return s;
}

/* A window of 64 frames is a little brighter and harsher than the one before, and flickers. */
static void wander(cohl_frame *frame, int index)
{
    int window = index / 64;
    paint(frame, index, 0.5 * window + 3 * sin(index * 1.7), 1 + 0.008 * window + 0.03 * cos(index * 2.3));
}

static void test_a_minute_that_wanders_ends_as_it_began(void **state)
{
    shown loose = pass(wander, 960, false), held = pass(wander, 960, true);
    assert_true(apart(&loose.first, &loose.last) > 3);
    assert_true(loose.last.deviation / loose.first.deviation > 1.08);
    assert_true(apart(&held.first, &held.last) < 0.5);
    assert_true(fabs(held.last.deviation / held.first.deviation - 1) < 0.005);
    assert_true(held.flash < 3);
}

static void fall_night(cohl_frame *frame, int index) { paint(frame, index, index < 80 ? 0 : fmax(-70, 80 - index), 1); }

static void test_night_may_fall(void **state)
{
    shown loose = pass(fall_night, 240, false), held = pass(fall_night, 240, true);
    assert_true(apart(&loose.first, &loose.last) > 60 && apart(&held.first, &held.last) > 50);
    assert_true(held.flash < 2.6);
}

static void cut(cohl_frame *frame, int index) { paint(frame, index, index < 80 ? 0 : 60, 1); }

static void test_no_look_changes_at_once(void **state)
{
    shown held = pass(cut, 240, true);
    assert_true(held.flash < 2.6);
    assert_true(apart(&held.first, &held.last) > 45);
}

static void test_what_is_cut_at_white_is_made_up_for(void **state)
{
    cohl_frame *frame;
    engine_look film = { 0 }, got = { 0 };
    engine_looking looking = { 0 };
    assert_int_equal(cohl_frame_new(&frame, WIDTH, HEIGHT, NULL), COHL_OK);
    paint(frame, 20, 100, 1);
    engine_look_add(&film, frame);
    paint(frame, 20, 95, 1.1);
    engine_look_hold(&looking, &film, frame);
    engine_look_add(&got, frame);
    assert_true(apart(&got, &film) < 0.4 && fabs(got.deviation / film.deviation - 1) < 0.01);
    cohl_frame_free(frame);
}

static void test_a_frame_with_the_films_look_is_not_touched(void **state)
{
    cohl_frame *frame, *same;
    engine_look film = { 0 };
    engine_looking looking = { 0 };
    assert_int_equal(cohl_frame_new(&frame, WIDTH, HEIGHT, NULL), COHL_OK);
    paint(frame, 20, 0, 1);
    assert_int_equal(cohl_frame_copy(&same, frame, NULL), COHL_OK);
    engine_look_add(&film, frame);
    engine_look_hold(&looking, &film, frame);
    assert_memory_equal(frame->rgb, same->rgb, cohl_frame_bytes(frame));
    memset(frame->rgb, 7, cohl_frame_bytes(frame));     /* nothing is seen in it: nothing to divide by */
    engine_look_hold(&looking, &film, frame);
    assert_int_equal(frame->rgb[0], frame->rgb[3]);
    cohl_frame_free(frame);
    cohl_frame_free(same);
}

static void test_between_two_films_the_look_passes_over(void **state)
{
    engine_look a = { 4, { 10, 20, 30 }, 40 }, b = { 9, { 20, 0, 30 }, 60 }, none = { 0 };
    engine_look middle = engine_look_between(&a, &b, 0.25);
    assert_true(middle.frames && middle.mean[0] == 12.5 && middle.mean[1] == 15 && middle.deviation == 45);
    middle = engine_look_between(&none, &b, 0.25);
    assert_true(middle.mean[0] == 20 && middle.deviation == 60);
    assert_int_equal(engine_look_between(&none, &none, 0.5).frames, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_that_wander_a_little_are_brought_back_wholly),
        cmocka_unit_test(test_windows_that_show_something_else_still_do),
        cmocka_unit_test(test_of_a_difference_drift_is_taken),
        cmocka_unit_test(test_a_minute_that_wanders_ends_as_it_began),
        cmocka_unit_test(test_night_may_fall),
        cmocka_unit_test(test_no_look_changes_at_once),
        cmocka_unit_test(test_what_is_cut_at_white_is_made_up_for),
        cmocka_unit_test(test_a_frame_with_the_films_look_is_not_touched),
        cmocka_unit_test(test_between_two_films_the_look_passes_over),
    };
    return cmocka_run_group_tests_name("steady", tests, NULL, NULL);
}
