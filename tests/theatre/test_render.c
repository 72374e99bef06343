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

/* FNV-1a over the bytes of a plane. */
static uint64_t hash_on(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *byte = data;
    for (size_t i = 0; i < size; i++) hash = (hash ^ byte[i]) * 1099511628211u;
    return hash;
}

/* First, middle and last frame of the film of a seed: pixels, mask and depth. */
static uint64_t film_hash(uint64_t seed)
{
    static plate p;
    uint64_t hash = 14695981039346656037u;
    cohl_scene scene;
    cohl_scene_request request = cohl_scene_request_default();
    request.width = WIDE;
    request.height = HIGH;
    request.frames = 33;
    cohl_scene_draw(&scene, &request, seed);
    for (int frame = 0; frame < 33; frame += 16) {
        shoot(&scene, frame, &p);
        hash = hash_on(hash, p.rgb, HIGH * WIDE * 3);
        hash = hash_on(hash, p.mask, HIGH * WIDE);
        hash = hash_on(hash, p.depth, HIGH * WIDE * sizeof p.depth[0]);
    }
    return hash;
}

/* The same on x86-64 and aarch64, from -O0 to -O3 -march=native. A change of the look, of
 * the cast or of the camera changes them: then the new ones are printed. */
static void test_films_are_the_same_on_any_machine(void **state)
{
    (void)state;
    static const uint64_t known[20] = {
        0x81004e401ce0eccdu, 0xc41435ef905c2e68u, 0x2ece9aa32942e167u, 0xe6600e56f16a2a1du,
        0x48561edb7770237fu, 0x8e318b720425bab1u, 0xf6892636f9e0c947u, 0x924a56a701c5375eu,
        0xbc3a34033b0383bdu, 0x49235977096e1010u, 0x8e97996ef624c8cfu, 0x4b1ab8e7504202bfu,
        0xaf603e6a81ac5cb9u, 0xf6abc38991b7df43u, 0xd99442e4135ff9b7u, 0xee830b33635b9365u,
        0x47065a684b66afbbu, 0xfbd3e97383db2b62u, 0xc65e4be7c24739d1u, 0x4ad363c9c07ca84du,
    };
    int differ = 0;
    for (int i = 0; i < 20; i++) {
        uint64_t hash = film_hash(1000 + (uint64_t)i);
        if (hash == known[i]) continue;
        print_message("film %d: 0x%016llx\n", i, (unsigned long long)hash);
        differ++;
    }
    if (differ) fail_msg("%d of 20 films differ from what they were", differ);
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
        cmocka_unit_test(test_films_are_the_same_on_any_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
