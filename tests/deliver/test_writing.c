/* Tests of what is written in frames: read, asked of the policy, refused at the door. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../folder.h"
#include "base/text.h"
#include "deliver/check_writing.h"
#include "deliver/door.h"
#include "media/font.h"
#include "provenance/verify.h"
#include "vision/writing.h"

enum { WIDTH = 320, HEIGHT = 192, FRAMES = 20 };

static cohl_policy *policy;

/* Hills and a few stones, so that the writing does not stand on plain paper. */
static cohl_frame *scene(int at)
{
    cohl_frame *frame;
    assert_int_equal(cohl_frame_new(&frame, WIDTH, HEIGHT, NULL), COHL_OK);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            uint8_t *p = cohl_frame_row(frame, y) + 3 * x;
            double hill = 110 + 50 * sin((x + at) / 40.0) + 20 * cos(y / 23.0);
            p[0] = (uint8_t)hill, p[1] = (uint8_t)(hill * 0.8 + 20), p[2] = (uint8_t)(200 - hill);
        }
    for (int i = 0; i < 8; i++)
        cohl_frame_fill(frame, 20 + 37 * i, 150 + (i * 7) % 20, 9 + i, 8, 0x604020);
    return frame;
}

static void write_on(cohl_frame *frame, int top, int scale, uint32_t colour, const char *words)
{
    cohl_font_draw(frame, 12, top, scale, colour, words, 60);
}

static void test_words_are_read_over_a_picture(void **state)
{
    static const struct { const char *words; int scale; uint32_t colour; } all[] = {
        { "Welcome to the garden", 2, 0xffffff }, { "OPEN LATE", 3, 0x000000 }, { "Bonne nuit les enfants", 2, 0xffff60 },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        cohl_writing *writing;
        cohl_text text = { 0 };
        cohl_error err = { 0 };
        cohl_frame *frame = scene(0);
        write_on(frame, 60, all[i].scale, all[i].colour, all[i].words);
        if (cohl_writing_new(&writing, &err) || cohl_writing_read(&text, writing, frame, &err))
            fail_msg("%s", err.text);
        if (!text.data || !strcasestr(text.data, all[i].words))
            fail_msg("expected \"%s\", read \"%s\"", all[i].words, text.data ? text.data : "");
        cohl_text_free(&text);
        cohl_writing_free(writing);
        cohl_frame_free(frame);
    }
}

static void test_a_picture_without_words_says_nothing(void **state)
{
    cohl_writing *writing;
    cohl_text text = { 0 };
    assert_int_equal(cohl_writing_new(&writing, NULL), COHL_OK);
    for (int i = 0; i < 4; i++) {
        cohl_frame *frame = scene(30 * i);
        assert_int_equal(cohl_writing_read(&text, writing, frame, NULL), COHL_OK);
        cohl_frame_free(frame);
    }
    assert_int_equal(text.size, 0);
    cohl_text_free(&text);
    cohl_writing_free(writing);
}

/* A film whose frames from..to carry the words. */
static cohl_status deliver(const char *name, const char *words, int from, int to, cohl_error *err)
{
    cohl_door_params params = cohl_door_params_default();
    cohl_door *door;
    params.path = path_of(name), params.width = WIDTH, params.height = HEIGHT, params.frames = FRAMES;
    params.policy = policy;
    cohl_status st = cohl_door_open(&door, &params, err);
    for (int i = 0; i < FRAMES && !st; i++) {
        cohl_frame *frame = scene(i);
        if (i >= from && i <= to)
            write_on(frame, 60, 2, 0xffffff, words);
        st = cohl_door_put(door, frame, err);
        cohl_frame_free(frame);
    }
    return cohl_door_close(door, st, NULL, err);
}

static void test_a_film_with_words_that_the_policy_refuses_gets_no_name(void **state)
{
    static const struct { const char *words; int from, to; const char *frame; } all[] = {
        { "Mickey Mouse dances", 0, FRAMES, "frame 0" }, { "Mickey Mouse dances", 3, 12, "frame 8" },
        { "Spider Man", 19, 19, "frame 19" }, { "Des femmes nues", 9, 18, "frame 16" },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        cohl_error err = { 0 };
        cohl_status st = deliver("bad.mp4", all[i].words, all[i].from, all[i].to, &err);
        if (st != COHL_ERR_REFUSED || !strstr(err.text, all[i].frame) || !strstr(err.text, "writing is refused"))
            fail_msg("%s: status %d, \"%s\"", all[i].words, st, err.text);
        assert_int_equal(access(path_of("bad.mp4"), F_OK), -1);
    }
}

static void test_harmless_words_pass_and_the_credentials_say_that_they_were_read(void **state)
{
    cohl_error err = { 0 };
    cohl_verification v;
    if (deliver("good.mp4", "Happy birthday Anna", 0, FRAMES, &err) || cohl_verify(&v, path_of("good.mp4"), &(cohl_trust){ 0 }, &err))
        fail_msg("%s", err.text);
    const json_t *facts = json_object_get(json_array_get(v.findings.manifests, 0), "facts"), *name;
    size_t i;
    bool said = false;
    json_array_foreach(json_object_get(facts, "checks"), i, name)
        said = said || !strcmp(json_string_value(name), cohl_check_writing.name);
    assert_true(said);
    cohl_verification_free(&v);
}

static void test_no_frame_goes_on_before_the_one_that_is_read(void **state)
{
    static const cohl_check *const checks[] = { &cohl_check_writing, NULL };
    const cohl_check_view about = { .name = "film", .width = WIDTH, .height = HEIGHT, .fps = 16, .policy = policy };
    const cohl_frame *ready = NULL;
    cohl_window *window;
    cohl_status st = cohl_window_new(&window, checks, NULL, &about, NULL);
    int passed = 0;
    for (int i = 0; i < FRAMES && !st; i++) {
        cohl_frame *frame = scene(i);
        if (i >= 1)
            write_on(frame, 60, 2, 0xffffff, "Mickey Mouse dances");
        st = cohl_window_push(window, frame, &ready, NULL);
        passed += !st && ready;
        cohl_frame_free(frame);
    }
    assert_int_equal(st, COHL_ERR_REFUSED);
    assert_int_equal(passed, 1);               /* the first, which had no words */
    cohl_window_free(window);
}

/* A check that is always there and cannot look stops every film, before any work. */
static void test_without_its_data_no_film_is_made(void **state)
{
    cohl_error err = { 0 };
    setenv("TESSDATA_PREFIX", folder, 1);
    assert_int_equal(deliver("blind.mp4", "", 1, 0, &err), COHL_ERR_IO);
    assert_non_null(strstr(err.text, "tesseract-ocr-eng"));
    assert_int_equal(access(path_of("blind.mp4"), F_OK), -1);
    cohl_text broken = { 0 };
    cohl_text_addf(&broken, "%s/eng.traineddata", folder);
    FILE *file = fopen(broken.data, "w");
    assert_non_null(file);
    fputs("no data", file);
    fclose(file);
    assert_int_equal(deliver("blind.mp4", "Happy birthday", 0, FRAMES, &err), COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "Tesseract cannot use the data"));
    assert_int_equal(access(path_of("blind.mp4"), F_OK), -1);
    unlink(broken.data);
    cohl_text_free(&broken);
    unsetenv("TESSDATA_PREFIX");
}

static int open_all(void **state)
{
    cohl_error err = { 0 };
    if (folder_make(state) || setenv("XDG_DATA_HOME", folder, 1))
        return -1;
    if (cohl_policy_open(&policy, &(cohl_policy_params){ COHL_SOURCE "/share/cohl/policy", NULL }, &err))
        return fprintf(stderr, "%s\n", err.text), -1;
    return 0;
}

static int close_all(void **state)
{
    cohl_policy_close(policy);
    return folder_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_are_read_over_a_picture),
        cmocka_unit_test(test_a_picture_without_words_says_nothing),
        cmocka_unit_test(test_a_film_with_words_that_the_policy_refuses_gets_no_name),
        cmocka_unit_test(test_harmless_words_pass_and_the_credentials_say_that_they_were_read),
        cmocka_unit_test(test_no_frame_goes_on_before_the_one_that_is_read),
        cmocka_unit_test(test_without_its_data_no_film_is_made),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
