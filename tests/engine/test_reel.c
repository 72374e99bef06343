/* Tests of engine's planning: what of a film is given, what is made, in which windows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/reel.h"

/* 16 a second, 17 to 81 frames: 5 to 21 latent frames. */
static reel_limits limits_of(const char *known)
{
    return reel_limits_make(16, 17, 81, cohl_known_kind_find(known));
}

static reel plan(const reel_request *q)
{
    reel_limits limits = limits_of("timestep:any");
    cohl_error err = { 0 };
    reel r;
    if (reel_plan(&r, q, &limits, &err))
        fail_msg("%s", err.text);
    return r;
}

static const reel_request cases[] = {
    { .frames = 1 }, { .frames = 33 }, { .frames = 81 }, { .frames = 82 }, { .frames = 960 },
    { .frames = 33, .picture = { true } }, { .frames = 12, .picture = { true, true } },
    { .frames = 200, .picture = { false, true } },
    { .frames = 80, .loop = true }, { .frames = 5, .loop = true }, { .frames = 955, .loop = true },
    { .frames = 130, .loop = true, .picture = { true } },
    { .given = COHL_GIVEN_EXTEND, .clip_seconds = { 2 }, .frames = 32 },
    { .given = COHL_GIVEN_EXTEND, .clip_seconds = { 0.1 }, .frames = 5 },
    { .given = COHL_GIVEN_EXTEND, .clip_seconds = { 40 }, .frames = 960 },
    { .given = COHL_GIVEN_EXTEND, .picture = { true }, .frames = 90 },
    { .given = COHL_GIVEN_EXTEND, .clip_seconds = { 2 }, .frames = 31, .loop = true },
    { .given = COHL_GIVEN_EXTEND_BEFORE, .clip_seconds = { 2 }, .frames = 32 },
    { .given = COHL_GIVEN_EXTEND_BEFORE, .clip_seconds = { 0.2 }, .frames = 900 },
    { .given = COHL_GIVEN_FILL, .clip_seconds = { 5 }, .gap_begin = 2, .gap_end = 3.5 },
    { .given = COHL_GIVEN_FILL, .clip_seconds = { 5 }, .gap_begin = 0, .gap_end = 1 },
    { .given = COHL_GIVEN_FILL, .clip_seconds = { 5 }, .gap_begin = 4.2, .gap_end = 5 },
    { .given = COHL_GIVEN_FILL, .clip_seconds = { 60 }, .gap_begin = 10.3, .gap_end = 39.9 },
    { .given = COHL_GIVEN_BETWEEN, .clip_seconds = { 2, 3 }, .frames = 30 },
    { .given = COHL_GIVEN_BETWEEN, .picture = { true, true }, .frames = 300 },
    { .given = COHL_GIVEN_BLEND, .clip_seconds = { 2, 3 }, .frames = 17, .strength = 0.7 },
    { .given = COHL_GIVEN_REMIX, .clip_seconds = { 2 }, .strength = 0.6 },
    { .given = COHL_GIVEN_REMIX, .clip_seconds = { 30 }, .strength = 0.6 },
};
enum { CASES = sizeof cases / sizeof *cases };

static int latents_known_before(const reel *r, int window, const bool *made)
{
    int known = 0;
    for (int j = r->window[window].begin; j < r->window[window].begin + r->window[window].count; j++)
        known += made[j] || reel_level(r, j) == 0;
    return known;
}

static void test_windows_make_every_latent_once_and_know_their_neighbour(void **state)
{
    for (int i = 0; i < CASES; i++) {
        reel r = plan(&cases[i]);
        bool *made = calloc((size_t)r.latents, sizeof *made);
        for (int k = 0; k < r.window_count; k++) {
            int w = r.backwards ? r.window_count - 1 - k : k;
            reel_window at = r.window[w];
            if (at.count < 5 || at.count > 21 || at.begin < 0 || at.begin + at.count > r.latents)
                fail_msg("case %d: window %d is %d, %d of %d", i, w, at.begin, at.count, r.latents);
            if (k && !latents_known_before(&r, w, made))
                fail_msg("case %d: window %d knows nothing", i, w);
            /* the first latent of a window stands for one frame: it makes none of the take */
            for (int j = at.begin; j < at.begin + at.count; j++)
                made[j] = made[j] || !at.begin || j > at.begin;
        }
        for (int j = 0; j < r.latents; j++)
            if (!made[j])
                fail_msg("case %d: latent %d of %d is never made", i, j, r.latents);
        free(made);
    }
}

static void test_made_frames_lie_in_the_take_and_given_ones_are_known(void **state)
{
    for (int i = 0; i < CASES; i++) {
        reel r = plan(&cases[i]);
        int last = reel_latent_first(&r, r.latents - 1) + reel_latent_count(r.latents - 1);
        if (r.first < 0 || r.made_begin < r.first || r.made_end > last)
            fail_msg("case %d: frames %d to %d made, take %d to %d", i, r.made_begin, r.made_end, r.first, last);
        for (int j = 0; j < r.latents - r.returns; j++)
            for (int f = reel_latent_first(&r, j), n = 0; n < reel_latent_count(j); n++)
                if (reel_level(&r, j) < reel_at(&r, f + n)->level)
                    fail_msg("case %d: latent %d is better known than frame %d", i, j, f + n);
    }
}

static void test_lengths_are_what_was_asked(void **state)
{
    static const struct { int at, frames; } wanted[] = {
        { 1, 33 }, { 4, 960 }, { 8, 80 }, { 9, 20 }, { 10, 956 }, { 12, 64 }, { 13, 6 }, { 16, 64 }, { 17, 65 },
        { 19, 80 }, { 22, 960 }, { 23, 112 }, { 25, 63 }, { 26, 32 },
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (plan(&cases[wanted[i].at]).frames != wanted[i].frames)
            fail_msg("case %d: %d frames, expected %d", wanted[i].at, plan(&cases[wanted[i].at]).frames,
                     wanted[i].frames);
}

static void test_a_loop_ends_where_it_begins(void **state)
{
    for (int i = 8; i <= 11; i++) {
        reel r = plan(&cases[i]);
        assert_int_equal(r.frames % 4, 0);
        assert_true(r.returns > 0);
        /* the last frame of the group before those that return is frame 0 again */
        assert_int_equal(reel_latent_first(&r, r.latents - r.returns - 1) + 3, r.frames);
        assert_true(r.window[0].count > r.returns);
        assert_true(r.window[r.window_count - 1].begin + r.window[r.window_count - 1].count == r.latents);
        assert_true(r.window[0].count < r.latents - r.returns);
    }
}

static void test_what_is_impossible_is_said(void **state)
{
    static const struct { reel_request q; const char *known, *says; } bad[] = {
        { { .given = COHL_GIVEN_FILL, .clip_seconds = { 2 }, .gap_begin = 1, .gap_end = 3 }, "timestep:any", "outside" },
        { { .given = COHL_GIVEN_FILL, .clip_seconds = { 2 }, .gap_begin = 3, .gap_end = 4 }, "timestep:any", "outside" },
        { { .given = COHL_GIVEN_FILL, .clip_seconds = { 2 }, .gap_begin = 1, .gap_end = 1 }, "timestep:any", "before" },
        { { .given = COHL_GIVEN_FILL, .clip_seconds = { 2 }, .gap_begin = 1, .gap_end = 1.01 }, "timestep:any", "no frame" },
        { { .given = COHL_GIVEN_FILL, .clip_seconds = { 2 }, .gap_begin = 0, .gap_end = 2 }, "timestep:any", "all of" },
        { { .given = COHL_GIVEN_BLEND, .clip_seconds = { 2, 1 }, .frames = 20, .strength = 1 }, "timestep:any", "shorter" },
        { { .given = COHL_GIVEN_FILL, .clip_seconds = { 2 }, .gap_begin = 1, .gap_end = 1e300 }, "timestep:any", "outside" },
        { { .frames = 100 }, "none", "films at once" },
        { { .frames = 32, .loop = true }, "mask-channels", "loop" },
        { { .given = COHL_GIVEN_EXTEND_BEFORE, .clip_seconds = { 2 }, .frames = 300 }, "vace-context", "leads to" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        reel_limits limits = limits_of(bad[i].known);
        cohl_error err = { 0 };
        reel r;
        if (!reel_plan(&r, &bad[i].q, &limits, &err) || !strstr(err.text, bad[i].says))
            fail_msg("case %zu: \"%s\", expected \"%s\"", i, err.text, bad[i].says);
    }
}

static void test_a_model_that_knows_the_first_frame_goes_on_from_one(void **state)
{
    reel_limits limits = limits_of("timestep:first");
    reel_request q = { .frames = 960 };
    reel r;
    assert_int_equal(reel_plan(&r, &q, &limits, NULL), COHL_OK);
    assert_int_equal(reel_context(&limits), 1);
    for (int w = 1; w < r.window_count; w++)
        assert_int_equal(r.window[w].begin, r.window[w - 1].begin + r.window[w - 1].count - 1);
}

/* It cannot be told of latents, so its windows share the one frame that it can be told of. */
static void test_a_model_that_is_told_of_film_goes_on_from_one_frame(void **state)
{
    reel_limits limits = limits_of("mask-channels");
    reel_request q = { .given = COHL_GIVEN_EXTEND, .clip_seconds = { 2 }, .frames = 300 };
    reel r;
    assert_int_equal(reel_plan(&r, &q, &limits, NULL), COHL_OK);
    assert_int_equal(reel_latent_first(&r, reel_context(&limits)), r.made_begin);
    assert_true(r.window_count > 1);
    for (int w = 1; w < r.window_count; w++)
        assert_int_equal(r.window[w].begin, r.window[w - 1].begin + r.window[w - 1].count - 1);
}

/* Windows of two latent frames leave no room for what film before film would have to know. */
static void test_windows_that_would_make_nothing_new_are_refused(void **state)
{
    reel_limits limits = reel_limits_make(16, 5, 5, cohl_known_kind_find("timestep:any"));
    reel_request q = { .given = COHL_GIVEN_EXTEND_BEFORE, .clip_seconds = { 2 }, .frames = 40 };
    cohl_error err = { 0 };
    reel r;
    assert_int_equal(reel_plan(&r, &q, &limits, &err), COHL_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "films at once"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_make_every_latent_once_and_know_their_neighbour),
        cmocka_unit_test(test_made_frames_lie_in_the_take_and_given_ones_are_known),
        cmocka_unit_test(test_lengths_are_what_was_asked),
        cmocka_unit_test(test_a_loop_ends_where_it_begins),
        cmocka_unit_test(test_what_is_impossible_is_said),
        cmocka_unit_test(test_a_model_that_knows_the_first_frame_goes_on_from_one),
        cmocka_unit_test(test_a_model_that_is_told_of_film_goes_on_from_one_frame),
        cmocka_unit_test(test_windows_that_would_make_nothing_new_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
