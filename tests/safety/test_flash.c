/* Tests of the search for flashes: what strobes is told, with its frame; what is bright, slow,
 * small or merely moves is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "safety/flash.h"
#include "theatre/scene.h"

enum { WIDTH = 160, HEIGHT = 96, FPS = 24, FRAMES = 96 };

/* The colour of frame i, and of how much of the picture, from the left. */
typedef uint32_t paint(int i);

/* The first frame that is told, or -1. */
static int first_harm(paint *colour, int width, int fps, cohl_flash_kind *kind)
{
    cohl_flash *flash;
    cohl_frame *frame;
    int found = -1;
    assert_int_equal(cohl_frame_new(&frame, WIDTH, HEIGHT, NULL), COHL_OK);
    assert_int_equal(cohl_flash_new(&flash, WIDTH, HEIGHT, fps, NULL), COHL_OK);
    cohl_frame_fill(frame, 0, 0, WIDTH, HEIGHT, 0x101010);
    for (int i = 0; i < FRAMES && found < 0; i++) {
        cohl_frame_fill(frame, 0, 0, width, HEIGHT, colour(i));
        cohl_flash_look(flash, frame);
        cohl_flash_harm harm = cohl_flash_harm_now(flash);
        *kind = harm.kind;
        found = harm.kind ? i : -1;
    }
    cohl_flash_free(flash);
    cohl_frame_free(frame);
    return found;
}

static uint32_t strobe(int i) { return i / 3 % 2 ? 0xffffff : 0x000000; }             /* 4 a second */
static uint32_t slow_strobe(int i) { return i / 4 % 2 ? 0xffffff : 0x000000; }        /* 3 a second */
static uint32_t bright(int i) { return i % 2 ? 0xffffff : 0xe8e8e8; }
static uint32_t faint(int i) { return i % 2 ? 0x707070 : 0x606060; }
static uint32_t red(int i) { return i / 3 % 2 ? 0x900000 : 0x000000; }
static uint32_t blue(int i) { return i / 3 % 2 ? 0x000090 : 0x000000; }
static uint32_t fade(int i) { return (uint32_t)(i * 255 / FRAMES) * 0x010101; }

static void test_a_strobe_is_told_at_its_seventh_turn(void **state)
{
    cohl_flash_kind kind;
    assert_int_equal(first_harm(strobe, WIDTH, FPS, &kind), 21);
    assert_int_equal(kind, COHL_FLASH_GENERAL);
}

static void test_three_flashes_a_second_may_be(void **state)
{
    cohl_flash_kind kind;
    assert_int_equal(first_harm(slow_strobe, WIDTH, FPS, &kind), -1);
    assert_true(first_harm(slow_strobe, WIDTH, 60, &kind) > 0);     /* the same frames, shown faster */
}

static void test_small_bright_faint_and_slow_changes_may_be(void **state)
{
    cohl_flash_kind kind;
    assert_int_equal(first_harm(strobe, WIDTH / 5, FPS, &kind), -1);
    assert_true(first_harm(strobe, WIDTH / 3, FPS, &kind) > 0);
    assert_int_equal(first_harm(bright, WIDTH, FPS, &kind), -1);
    assert_int_equal(first_harm(faint, WIDTH, FPS, &kind), -1);
    assert_int_equal(first_harm(fade, WIDTH, FPS, &kind), -1);
}

static void test_red_flashes_are_told_though_they_are_dark(void **state)
{
    cohl_flash_kind kind;
    assert_int_equal(first_harm(red, WIDTH, FPS, &kind), 21);
    assert_int_equal(kind, COHL_FLASH_RED);
    assert_int_equal(first_harm(blue, WIDTH, FPS, &kind), -1);      /* as dark, and not red */
}

static void test_film_of_the_theatre_passes(void **state)
{
    cohl_frame *frame;
    assert_int_equal(cohl_frame_new(&frame, WIDTH, HEIGHT, NULL), COHL_OK);
    for (uint64_t seed = 1; seed <= 6; seed++) {
        cohl_scene_request request = cohl_scene_request_default();
        cohl_scene scene;
        cohl_flash *flash;
        request.width = WIDTH, request.height = HEIGHT, request.frames = 33, request.act = 2;
        cohl_scene_draw(&scene, &request, seed);
        assert_int_equal(cohl_flash_new(&flash, WIDTH, HEIGHT, 16, NULL), COHL_OK);
        for (int i = 0; i < scene.frames; i++) {
            cohl_scene_render(&scene, i, &(cohl_picture){ .rgb = frame->rgb });
            cohl_flash_look(flash, frame);
            assert_int_equal(cohl_flash_harm_now(flash).kind, COHL_FLASH_NONE);
        }
        cohl_flash_free(flash);
    }
    cohl_frame_free(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_strobe_is_told_at_its_seventh_turn),
        cmocka_unit_test(test_three_flashes_a_second_may_be),
        cmocka_unit_test(test_small_bright_faint_and_slow_changes_may_be),
        cmocka_unit_test(test_red_flashes_are_told_though_they_are_dark),
        cmocka_unit_test(test_film_of_the_theatre_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
