/* test_render.c - pixels of the toy theatre: complete, repeatable, true to their masks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "theatre/scene.h"

enum { WIDE = 100, HIGH = 60 };   /* no multiples of a tile */

/* A frame with guards behind each plane. */
typedef struct plate {
    uint8_t rgb[HIGH * WIDE * 3 + 8];
    uint8_t mask[HIGH * WIDE + 8];
    float   depth[HIGH * WIDE + 8];
} plate;

static cohl_scene stage_with(cohl_subject subject, cohl_colour colour, cohl_setting setting,
                             cohl_daytime daytime)
{
    cohl_scene scene = {
        .seed = 3, .width = WIDE, .height = HIGH, .frames = 17, .fps = 16, .setting = setting,
        .daytime = daytime, .actor_count = 1, .eye = { 0, 1.6, 0 }, .target = { 0, 1.2, 7 },
        .focal_mm = 35 };
    cohl_figure_size built = cohl_subject_size(subject);
    scene.actor[0] = (cohl_actor){ .subject = subject, .colour = colour, .action = COHL_ACTION_STAND,
                                   .end = 1, .home = { 0.2, built.floats ? 1.4 : 0, 6 },
                                   .facing = 0.6, .size = 1, .side = 1, .variant = 5 };
    return scene;
}

static void shoot(const cohl_scene *scene, int frame, plate *to)
{
    memset(to, 0xA5, sizeof *to);
    cohl_picture picture = { to->rgb, to->mask, to->depth };
    cohl_scene_render(scene, frame, &picture);
}

static int masked(const plate *p, int value)
{
    int count = 0;
    for (int i = 0; i < WIDE * HIGH; i++) count += p->mask[i] == value;
    return count;
}

static void assert_inside(const plate *p)
{
    static const uint8_t guard[8] = { 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5 };
    assert_memory_equal(p->rgb + HIGH * WIDE * 3, guard, 8);
    assert_memory_equal(p->mask + HIGH * WIDE, guard, 8);
    assert_memory_equal(p->depth + HIGH * WIDE, guard, 8);
    for (int i = 0; i < WIDE * HIGH; i++) {
        assert_true(p->mask[i] <= COHL_ACTORS_MAX);
        assert_true(p->depth[i] > 0 && p->depth[i] <= 1e9f);
    }
}

static void test_same_scene_gives_same_bytes(void **state)
{
    (void)state;
    static plate a, b;
    cohl_scene scene = stage_with(COHL_SUBJECT_PERSON, COHL_COLOUR_RED, COHL_SETTING_VILLAGE, COHL_DAYTIME_NIGHT);
    shoot(&scene, 4, &a);
    shoot(&scene, 9, &b);
    shoot(&scene, 4, &b);
    assert_memory_equal(&a, &b, sizeof a);
}

static void test_planes_may_be_left_out(void **state)
{
    (void)state;
    static plate a, b;
    cohl_scene scene = stage_with(COHL_SUBJECT_BALL, COHL_COLOUR_BLUE, COHL_SETTING_BEACH, COHL_DAYTIME_NOON);
    cohl_picture only_rgb = { .rgb = b.rgb }, only_mask = { .mask = b.mask };
    shoot(&scene, 0, &a);
    cohl_scene_render(&scene, 0, &only_rgb);
    cohl_scene_render(&scene, 0, &only_mask);
    assert_memory_equal(a.rgb, b.rgb, HIGH * WIDE * 3);
    assert_memory_equal(a.mask, b.mask, HIGH * WIDE);
}

static void test_every_subject_is_seen_where_its_mask_says(void **state)
{
    (void)state;
    static plate with, without;
    for (int s = 0; s < COHL_SUBJECT_COUNT; s++) {
        cohl_scene scene = stage_with(s, s % COHL_COLOUR_COUNT, COHL_SETTING_MEADOW, COHL_DAYTIME_NOON);
        shoot(&scene, 3, &with);
        assert_inside(&with);
        scene.actor_count = 0;
        shoot(&scene, 3, &without);
        assert_int_equal(masked(&without, 0), WIDE * HIGH);
        int seen = masked(&with, 1), changed = 0;
        for (int i = 0; i < WIDE * HIGH; i++)
            changed += with.mask[i] && memcmp(with.rgb + 3 * i, without.rgb + 3 * i, 3) != 0;
        if (seen < 60 || changed < seen * 9 / 10)
            fail_msg("subject %d covers %d pixels, %d of them changed", s, seen, changed);
    }
}

static void test_every_setting_and_time_fills_the_picture(void **state)
{
    (void)state;
    static plate p;
    for (int i = 0; i < COHL_SETTING_COUNT * COHL_DAYTIME_COUNT; i++) {
        cohl_scene scene = stage_with(COHL_SUBJECT_DOG, COHL_COLOUR_YELLOW, i / COHL_DAYTIME_COUNT, i % COHL_DAYTIME_COUNT);
        shoot(&scene, 1, &p);
        assert_inside(&p);
        int sky = 0;
        for (int k = 0; k < WIDE * HIGH; k++) sky += p.depth[k] == 1e9f;
        if (sky < 100 || sky > WIDE * HIGH * 2 / 3) fail_msg("setting and time %d: %d pixels of sky", i, sky);
    }
}

/* Mean colour of the actor's pixels. */
static void mean_colour(const plate *p, double mean[3])
{
    int count = masked(p, 1);
    mean[0] = mean[1] = mean[2] = 0;
    for (int i = 0; i < WIDE * HIGH; i++)
        for (int k = 0; p->mask[i] && k < 3; k++) mean[k] += (double)p->rgb[3 * i + k] / count;
}

static void test_colours_stay_apart_at_every_time(void **state)
{
    (void)state;
    static plate p;
    for (int t = 0; t < COHL_DAYTIME_COUNT; t++) {
        double mean[COHL_COLOUR_COUNT][3];
        for (int c = 0; c < COHL_COLOUR_COUNT; c++) {
            cohl_scene scene = stage_with(COHL_SUBJECT_TREE, c, COHL_SETTING_DESERT, t);
            shoot(&scene, 1, &p);
            mean_colour(&p, mean[c]);
        }
        for (int a = 0; a < COHL_COLOUR_COUNT; a++)
            for (int b = 0; b < a; b++) {
                double far = 0;
                for (int k = 0; k < 3; k++) far += (mean[a][k] - mean[b][k]) * (mean[a][k] - mean[b][k]);
                if (far < 30 * 30) fail_msg("time %d: colours %d and %d lie %g apart squared", t, a, b, far);
            }
    }
}

static void test_nearer_actor_hides_farther(void **state)
{
    (void)state;
    static plate p;
    cohl_scene scene = stage_with(COHL_SUBJECT_HOUSE, COHL_COLOUR_RED, COHL_SETTING_SNOW, COHL_DAYTIME_NOON);
    scene.actor[1] = scene.actor[0];
    scene.actor[1].home[2] = 9.5;
    scene.actor[1].size = 0.5;
    scene.actor_count = 2;
    shoot(&scene, 0, &p);
    assert_int_equal(masked(&p, 2), 0);
    assert_true(masked(&p, 1) > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_scene_gives_same_bytes),
        cmocka_unit_test(test_planes_may_be_left_out),
        cmocka_unit_test(test_every_subject_is_seen_where_its_mask_says),
        cmocka_unit_test(test_every_setting_and_time_fills_the_picture),
        cmocka_unit_test(test_colours_stay_apart_at_every_time),
        cmocka_unit_test(test_nearer_actor_hides_farther),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
