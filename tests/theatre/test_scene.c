/* Scenes of the theatre: words that agree, cameras that move as they say, actors in the
 * picture, captions that tell it, and pairs that training never sees. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/text.h"
#include "theatre/casting.h"
#include "theatre/exact.h"
#include "theatre/scene.h"
#include "theatre/staging.h"

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

static const struct { int width, height, frames; } shapes[] = {
    { 320, 192, 81 }, { 320, 192, 17 }, { 192, 320, 17 }, { 256, 256, 49 }, { 160, 96, 17 }, { 320, 192, 5 },
};

static cohl_scene_request request_of(int shape, int act)
{
    cohl_scene_request request = cohl_scene_request_default();
    request.width = shapes[shape].width;
    request.height = shapes[shape].height;
    request.frames = shapes[shape].frames;
    request.act = act;
    return request;
}

static double last_second(const cohl_scene *scene)
{
    return (scene->frames - 1) / scene->fps;
}

static void test_exact_functions_agree_with_the_library(void **state)
{
    (void)state;
    for (int i = -4000; i <= 4000; i++) {
        double x = i * 0.0173;
        assert_true(fabs(cohl_exact_sin(x) - sin(x)) < 1e-13);
        assert_true(fabs(cohl_exact_cos(x) - cos(x)) < 1e-13);
        assert_true(fabs(cohl_exact_exp(x) / exp(x) - 1.0) < 1e-13);
        assert_true(fabs(cohl_exact_atan2(x, 3.0 - i * 0.01) - atan2(x, 3.0 - i * 0.01)) < 1e-13);
        assert_true(fabs(cohl_exact_log(fabs(x) + 1e-6) - log(fabs(x) + 1e-6)) < 1e-13);
        assert_true(fabsf(cohl_exact_sinf((float)x) - sinf((float)x)) < 2e-5f);
        assert_true(fabsf(cohl_exact_cosf((float)x) - cosf((float)x)) < 2e-5f);
        assert_true(fabsf(cohl_exact_expf((float)x) / expf((float)x) - 1.0f) < 4e-6f);
    }
    assert_true(cohl_exact_pow(0.0, 2.0) == 0.0);
    assert_true(fabs(cohl_exact_pow(3.0, 2.5) - pow(3.0, 2.5)) < 1e-12);
}

static void test_a_seed_gives_one_scene(void **state)
{
    (void)state;
    cohl_scene_request request = request_of(0, 2);
    for (uint64_t seed = 0; seed < 200; seed++) {
        cohl_scene one, other;
        memset(&one, 1, sizeof one);
        memset(&other, 2, sizeof other);
        cohl_scene_draw(&one, &request, seed);
        cohl_scene_draw(&other, &request, seed);
        assert_memory_equal(&one, &other, sizeof one);
    }
}

static void check_first_act(const cohl_scene *scene)
{
    assert_true(cohl_words_of(COHL_WORD_SETTING)[scene->setting].first_act);
    assert_true(cohl_words_of(COHL_WORD_MOVE)[scene->move].first_act);
    for (int i = 0; i < scene->actor_count; i++) {
        assert_true(cohl_words_of(COHL_WORD_SUBJECT)[scene->actor[i].subject].first_act);
        assert_true(cohl_words_of(COHL_WORD_COLOUR)[scene->actor[i].colour].first_act);
        assert_true(cohl_words_of(COHL_WORD_ACTION)[scene->actor[i].action].first_act);
    }
}

static void check_words_agree(const cohl_scene *scene)
{
    for (int i = 0; i < scene->actor_count; i++) {
        const cohl_actor *actor = &scene->actor[i];
        assert_true(cohl_casting_suits(actor->subject, actor->action) > 0);
        assert_true(cohl_casting_is_legible(actor->colour, scene->setting, scene->daytime));
        for (int j = 0; j < i; j++) assert_true(actor->colour != scene->actor[j].colour);
    }
}

static void test_training_never_sees_a_held_out_pair(void **state)
{
    (void)state;
    for (int act = 1; act <= 2; act++) {
        cohl_scene_request request = request_of(1, act);
        for (uint64_t seed = 0; seed < 20000; seed++) {
            cohl_scene scene;
            cohl_scene_draw(&scene, &request, seed);
            assert_false(cohl_scene_is_held_out(&scene));
            check_words_agree(&scene);
            if (act == 1) check_first_act(&scene);
        }
    }
}

static void test_held_out_requests_always_give_one(void **state)
{
    (void)state;
    for (int act = 1; act <= 2; act++) {
        cohl_scene_request request = request_of(1, act);
        int looks = 0, deeds = 0;
        request.held_out = true;
        for (uint64_t seed = 0; seed < 20000; seed++) {
            cohl_scene scene;
            cohl_scene_draw(&scene, &request, seed);
            const cohl_actor *actor = &scene.actor[0];
            assert_true(cohl_scene_is_held_out(&scene));
            looks += cohl_held_out_look(actor->subject, actor->colour, scene.setting);
            deeds += cohl_held_out_deed(actor->subject, actor->action);
            if (act == 1) check_first_act(&scene);
        }
        assert_true(looks > 4000 && deeds > 2000);
    }
}

/* Nothing is taken from training altogether. */
static void test_every_subject_keeps_its_colours_settings_and_actions(void **state)
{
    (void)state;
    for (int s = 0; s < COHL_SUBJECT_COUNT; s++) {
        bool colour[COHL_COLOUR_COUNT] = { false }, setting[COHL_SETTING_COUNT] = { false };
        int  actions = 0, first_act = 0;
        for (int c = 0; c < COHL_COLOUR_COUNT; c++)
            for (int k = 0; k < COHL_SETTING_COUNT; k++)
                if (!cohl_held_out_look(s, c, k) &&
                    cohl_casting_is_legible(c, k, COHL_DAYTIME_NOON)) {
                    if (s >= COHL_SUBJECT_CUBE ||
                        cohl_words_of(COHL_WORD_SETTING)[k].first_act) colour[c] = true;
                    if (s >= COHL_SUBJECT_CUBE ||
                        cohl_words_of(COHL_WORD_COLOUR)[c].first_act) setting[k] = true;
                }
        for (int c = 0; c < COHL_COLOUR_COUNT; c++) assert_true(colour[c]);
        for (int k = 0; k < COHL_SETTING_COUNT; k++) assert_true(setting[k]);
        for (int a = 0; a < COHL_ACTION_COUNT; a++)
            if (cohl_casting_suits(s, a) && !cohl_held_out_deed(s, a)) {
                actions++;
                first_act += cohl_words_of(COHL_WORD_ACTION)[a].first_act;
            }
        assert_true(actions >= 4);
        assert_true(first_act >= 3 || s >= COHL_SUBJECT_CUBE);
        assert_false(cohl_held_out_deed(s, COHL_ACTION_STAND));
    }
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void test_cameras_are_orthonormal_and_right_handed(void **state)
{
    (void)state;
    cohl_scene_request request = request_of(0, 2);
    for (uint64_t seed = 0; seed < 500; seed++) {
        cohl_scene scene;
        cohl_scene_draw(&scene, &request, seed);
        for (int k = 0; k <= 8; k++) {
            cohl_camera c = cohl_scene_camera(&scene, last_second(&scene) * k / 8);
            assert_true(fabs(dot(c.right, c.right) - 1.0) < 1e-12);
            assert_true(fabs(dot(c.up, c.up) - 1.0) < 1e-12);
            assert_true(fabs(dot(c.forward, c.forward) - 1.0) < 1e-12);
            assert_true(fabs(dot(c.right, c.up)) < 1e-12);
            assert_true(fabs(dot(c.right, c.forward)) < 1e-12);
            assert_true(fabs(dot(c.up, c.forward)) < 1e-12);
            /* x to the right, y up, z away: up x forward = right */
            double x = c.up[1] * c.forward[2] - c.up[2] * c.forward[1];
            assert_true(fabs(x - c.right[0]) < 1e-12);
            assert_true(c.position[1] > 0.1);
            assert_true(c.focal_mm > 8.0 && c.focal_mm < 90.0);
        }
    }
}

static double distance(const double a[3], const double b[3])
{
    double d[3] = { a[0] - b[0], a[1] - b[1], a[2] - b[2] };
    return sqrt(dot(d, d));
}

static void test_paths_have_no_jumps(void **state)
{
    (void)state;
    cohl_scene_request request = request_of(0, 2);
    for (uint64_t seed = 0; seed < 300; seed++) {
        cohl_scene scene;
        cohl_scene_draw(&scene, &request, seed);
        const double step = 1.0 / 480.0;
        for (double t = 0.0; t + step <= last_second(&scene); t += step) {
            cohl_camera a = cohl_scene_camera(&scene, t), b = cohl_scene_camera(&scene, t + step);
            assert_true(distance(a.position, b.position) < 0.05);
            assert_true(distance(a.forward, b.forward) < 0.03);
            for (int i = 0; i < scene.actor_count; i++) {
                cohl_actor_state p = cohl_scene_actor(&scene, i, t);
                cohl_actor_state q = cohl_scene_actor(&scene, i, t + step);
                assert_true(distance(p.position, q.position) < 0.06);
                assert_true(fabs(p.yaw - q.yaw) < 0.08 && fabs(p.pitch - q.pitch) < 0.08);
                assert_true(fabs(p.squash - q.squash) < 0.06);
                assert_true(fabs(p.arm - q.arm) < 0.06);
            }
        }
    }
}

/* Degrees between the lines of sight, first to last. */
static double turned(const cohl_scene *scene, cohl_camera *first, cohl_camera *last)
{
    *first = cohl_scene_camera(scene, 0.0);
    *last = cohl_scene_camera(scene, last_second(scene));
    return acos(fmin(1.0, dot(first->forward, last->forward))) * 180.0 / COHL_PI;
}

/* The widest angle from the first line of sight, over the clip. */
static double widest_sway(const cohl_scene *scene)
{
    cohl_camera first = cohl_scene_camera(scene, 0.0);
    double widest = 0.0;
    for (int f = 1; f < scene->frames; f++) {
        cohl_camera now = cohl_scene_camera(scene, f / scene->fps);
        widest = fmax(widest, acos(fmin(1.0, dot(first.forward, now.forward))));
    }
    return widest * 180.0 / COHL_PI;
}

static void check_move(const cohl_scene *scene)
{
    cohl_camera a, b;
    double degrees = turned(scene, &a, &b);
    double moved[3] = { b.position[0] - a.position[0], b.position[1] - a.position[1],
                        b.position[2] - a.position[2] };
    double target = distance(scene->eye, scene->target), way = sqrt(dot(moved, moved));
    double width = 24.0 / a.focal_mm * target * scene->width / scene->height;
    switch (scene->move) {
    case COHL_MOVE_STATIC:
        assert_true(degrees == 0.0 && way == 0.0);
        break;
    case COHL_MOVE_PAN_LEFT:
        assert_true(degrees > 24.5 && dot(b.forward, a.right) < 0.0 && way == 0.0);
        break;
    case COHL_MOVE_PAN_RIGHT:
        assert_true(degrees > 24.5 && dot(b.forward, a.right) > 0.0 && way == 0.0);
        break;
    case COHL_MOVE_TILT_UP:
        assert_true(degrees > 14.9 && b.forward[1] > a.forward[1] && way == 0.0);
        break;
    case COHL_MOVE_TILT_DOWN:
        assert_true(degrees > 14.9 && b.forward[1] < a.forward[1] && way == 0.0);
        break;
    case COHL_MOVE_DOLLY_IN:
        assert_true(dot(moved, a.forward) > 0.35 * target);
        break;
    case COHL_MOVE_DOLLY_OUT:
        assert_true(dot(moved, a.forward) < -0.35 * target);
        break;
    case COHL_MOVE_ORBIT_RIGHT:
        assert_true(degrees > 33.0 && dot(moved, a.right) > 0.0);
        assert_true(fabs(distance(b.position, scene->target) - target) < 1e-9);
        break;
    case COHL_MOVE_ORBIT_LEFT:
        assert_true(degrees > 33.0 && dot(moved, a.right) < 0.0);
        break;
    case COHL_MOVE_TRUCK_LEFT:
        assert_true(dot(moved, a.right) < -0.3 * width && degrees < 1e-5);
        break;
    case COHL_MOVE_TRUCK_RIGHT:
        assert_true(dot(moved, a.right) > 0.3 * width && degrees < 1e-5);
        break;
    case COHL_MOVE_PEDESTAL_UP:   assert_true(moved[1] > 0.5); break;
    case COHL_MOVE_PEDESTAL_DOWN: assert_true(moved[1] < -0.5); break;
    case COHL_MOVE_ZOOM_IN:       assert_true(b.focal_mm > 1.5 * a.focal_mm); break;
    case COHL_MOVE_ZOOM_OUT:      assert_true(b.focal_mm < a.focal_mm / 1.5); break;
    case COHL_MOVE_ROLL:          assert_true(dot(a.up, b.up) < 0.94); break;
    case COHL_MOVE_CRANE:         assert_true(moved[1] > 1.0 && b.forward[1] < a.forward[1]); break;
    case COHL_MOVE_TRACKING:      assert_true(way > 0.3 && degrees < 1e-5); break;
    case COHL_MOVE_WHIP_PAN:      assert_true(degrees > 50.0); break;
    case COHL_MOVE_DOLLY_ZOOM: {
        double before = target * 24.0 / a.focal_mm, after = (target - way) * 24.0 / b.focal_mm;
        assert_true(way > 0.4 * target && fabs(before / after - 1.0) < 1e-9);
        break;
    }
    case COHL_MOVE_HANDHELD: assert_true(scene->frames < 17 || widest_sway(scene) > 1.0); break;
    case COHL_MOVE_COUNT:    break;
    }
}

static void test_moves_are_large_enough_to_see(void **state)
{
    (void)state;
    for (int shape = 0; shape < COUNT(shapes); shape++) {
        cohl_scene_request request = request_of(shape, 2);
        for (uint64_t seed = 0; seed < 400; seed++) {
            cohl_scene scene;
            cohl_scene_draw(&scene, &request, seed);
            check_move(&scene);
        }
    }
}

static void test_actors_wait_before_and_rest_after(void **state)
{
    (void)state;
    cohl_scene_request request = request_of(0, 2);
    for (uint64_t seed = 0; seed < 500; seed++) {
        cohl_scene scene;
        cohl_scene_draw(&scene, &request, seed);
        for (int i = 0; i < scene.actor_count; i++) {
            const cohl_actor *actor = &scene.actor[i];
            cohl_actor_state before = cohl_scene_actor(&scene, i, actor->begin - 0.5);
            cohl_actor_state end = cohl_scene_actor(&scene, i, actor->end);
            cohl_actor_state after = cohl_scene_actor(&scene, i, actor->end + 1.0);
            assert_true(actor->begin >= 0.0 && actor->begin < actor->end);
            assert_true(actor->end <= last_second(&scene));
            assert_true(distance(before.position, actor->home) < 0.04);
            assert_true(distance(end.position, after.position) < 0.07);
            assert_true(fabs(end.yaw - after.yaw) < 1e-9);
            assert_true(end.squash > 0.999 && end.squash < 1.001);
        }
    }
}

/* While it should be seen: not after it left, not before it came. */
static double seen_at(const cohl_scene *scene, const cohl_actor *actor)
{
    if (actor->action == COHL_ACTION_LEAVE) return actor->begin;
    if (actor->action == COHL_ACTION_ARRIVE) return last_second(scene);
    return scene->move == COHL_MOVE_WHIP_PAN ? 0.75 * last_second(scene) : 0.5 * last_second(scene);
}

static void test_subjects_are_in_the_picture_and_large(void **state)
{
    (void)state;
    for (int shape = 0; shape < COUNT(shapes); shape++) {
        int actors = 0, outside = 0, small = 0, faulty = 0;
        cohl_scene_request request = request_of(shape, 2);
        for (uint64_t seed = 0; seed < 1000; seed++) {
            cohl_scene scene;
            cohl_scene_draw(&scene, &request, seed);
            faulty += cohl_staging_faults(&scene) > 0;
            for (int i = 0; i < scene.actor_count; i++) {
                double box[4], seconds = seen_at(&scene, &scene.actor[i]);
                assert_true(cohl_scene_box(&scene, i, seconds, box));
                double x = 0.5 * (box[0] + box[2]), y = 0.5 * (box[1] + box[3]);
                actors++;
                outside += x < 0 || y < 0 || x > scene.width || y > scene.height;
                small += box[3] - box[1] < 0.18 * fmin(scene.width, scene.height);
            }
        }
        if (outside > actors / 200 || small > actors / 25 || faulty > 120)
            fail_msg("%dx%d: of %d actors %d are outside, %d small; %d of 1000 scenes faulty",
                     request.width, request.height, actors, outside, small, faulty);
    }
}

static void test_stills_show_the_action_and_no_move(void **state)
{
    (void)state;
    cohl_scene_request request = request_of(0, 2);
    request.frames = 1;
    for (uint64_t seed = 0; seed < 300; seed++) {
        cohl_scene scene;
        cohl_scene_draw(&scene, &request, seed);
        assert_int_equal(scene.move, COHL_MOVE_STATIC);
        for (int i = 0; i < scene.actor_count; i++) {
            assert_true(scene.actor[i].begin < 0.0 && scene.actor[i].end > 0.0);
            assert_true(scene.actor[i].action != COHL_ACTION_LEAVE);
        }
    }
}

static int words_in(const char *text)
{
    int words = 0;
    for (const char *c = text; *c; c++) words += *c == ' ';
    return words + 1;
}

static bool contains_ignoring_case(const char *text, const char *part)
{
    size_t size = strlen(part);
    for (; *text; text++)
        if (strncasecmp(text, part, size) == 0) return true;
    return false;
}

/* One of the synonyms, from its second letter on: the first may be a capital "À". */
static bool says_one_of(const char *text, const char *const *synonyms)
{
    for (; *synonyms; synonyms++) {
        const char *rest = (unsigned char)**synonyms >= 0xc0 ? *synonyms + 2 : *synonyms;
        if (contains_ignoring_case(text, rest)) return true;
    }
    return false;
}

static void check_caption(const cohl_scene *scene, const cohl_text *text, bool french, bool dense)
{
    assert_false(text->failed);
    assert_int_equal(cohl_utf8_check(text->data, text->size), text->size);
    if (words_in(text->data) > (dense ? 110 : 60)) fail_msg("too long: %s", text->data);
    assert_null(strstr(text->data, "  "));
    assert_null(strpbrk(text->data, "#%$^~*&"));
    const cohl_word *setting = &cohl_words_of(COHL_WORD_SETTING)[scene->setting];
    const cohl_word *time = &cohl_words_of(COHL_WORD_DAYTIME)[scene->daytime];
    const cohl_word *move = &cohl_words_of(COHL_WORD_MOVE)[scene->move];
    assert_true(says_one_of(text->data, french ? setting->french : setting->english));
    assert_true(says_one_of(text->data, french ? time->french : time->english));
    if (scene->move != COHL_MOVE_STATIC)
        assert_true(says_one_of(text->data, french ? move->french : move->english));
    for (int i = 0; i < scene->actor_count; i++) {
        const cohl_word *colour = &cohl_words_of(COHL_WORD_COLOUR)[scene->actor[i].colour];
        /* French colours agree: their first four letters do not change. */
        char stem[5] = { 0 };
        memcpy(stem, colour->french[0], 4);
        if (french && scene->actor[i].colour != COHL_COLOUR_BROWN && !dense &&
            scene->actor[i].colour != COHL_COLOUR_PURPLE && !strstr(text->data, stem))
            fail_msg("no %s in: %s", stem, text->data);
        if (!french && !says_one_of(text->data, colour->english))
            fail_msg("no %s in: %s", colour->name, text->data);
    }
}

static void test_captions_say_the_labels_in_valid_utf8(void **state)
{
    (void)state;
    cohl_text text = { 0 };
    cohl_scene_request request = request_of(0, 2);
    request.actors_min = 0;
    request.actors_max = 3;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        cohl_scene scene;
        cohl_scene_draw(&scene, &request, seed);
        for (int k = 0; k < 4; k++) {
            cohl_scene_caption(&scene, &text, k & 1, k >> 1, seed % 7);
            check_caption(&scene, &text, k & 1, k >> 1);
        }
    }
    cohl_text_free(&text);
}

static void test_captions_keep_grammar(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        " a orange", " a eight", " a octopus", " an red", " an white", "maison blanc ",
        "maison blanc,", "maison vert,", "maison noir ", "ballon blanche", "chien noire",
        "chaise vert,", "voiture bleu,", "de un", "de une", "d'deux", "vêtu une", "une homme",
        "femme vêtu d", "un maison", "qu'il y", " .", " ,", "de le ",
    };
    cohl_text text = { 0 };
    cohl_scene_request request = request_of(0, 2);
    request.actors_max = 3;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        cohl_scene scene;
        cohl_scene_draw(&scene, &request, seed);
        for (int k = 0; k < 4; k++) {
            cohl_scene_caption(&scene, &text, k & 1, k >> 1, seed);
            for (int w = 0; w < COUNT(wrong); w++)
                if (strstr(text.data, wrong[w])) fail_msg("\"%s\" in: %s", wrong[w], text.data);
        }
    }
    cohl_text_free(&text);
}

static void test_a_scene_has_many_captions(void **state)
{
    (void)state;
    enum { VARIANTS = 200, LONGEST = 800 };
    static char seen[VARIANTS][LONGEST];
    cohl_text text = { 0 };
    cohl_scene_request request = request_of(0, 1);
    for (uint64_t seed = 0; seed < 20; seed++) {
        cohl_scene scene;
        cohl_scene_draw(&scene, &request, seed);
        for (int k = 0; k < 4; k++) {
            int distinct = 0;
            for (int v = 0; v < VARIANTS; v++) {
                bool known = false;
                cohl_scene_caption(&scene, &text, k & 1, k >> 1, (uint64_t)v);
                assert_true(text.size < LONGEST);
                for (int d = 0; d < distinct && !known; d++)
                    known = strcmp(seen[d], text.data) == 0;
                if (!known) strcpy(seen[distinct++], text.data);
            }
            assert_true(distinct >= 50);
        }
    }
    cohl_text_free(&text);
}

static void test_truth_is_json_with_an_entry_a_frame(void **state)
{
    (void)state;
    cohl_text text = { 0 };
    cohl_scene_request request = request_of(1, 2);
    for (uint64_t seed = 0; seed < 20; seed++) {
        cohl_scene scene;
        json_error_t error;
        cohl_scene_draw(&scene, &request, seed);
        text.size = 0;
        cohl_scene_truth(&scene, &text);
        json_t *truth = json_loadb(text.data, text.size, 0, &error);
        assert_non_null(truth);
        json_t *actors = json_object_get(truth, "actors");
        assert_int_equal(json_array_size(actors), scene.actor_count);
        json_t *first = json_array_get(actors, 0);
        assert_int_equal(json_array_size(json_object_get(first, "track")), scene.frames);
        json_t *camera = json_object_get(truth, "camera");
        assert_int_equal(json_array_size(json_object_get(camera, "path")), scene.frames);
        assert_string_equal(json_string_value(json_object_get(camera, "move")),
                            cohl_words_of(COHL_WORD_MOVE)[scene.move].name);
        json_decref(truth);
    }
    cohl_text_free(&text);
}

/* A word that is drawn rarely is learned badly: at least a third of its even share. */
static void test_no_word_is_rare(void **state)
{
    (void)state;
    for (int act = 1; act <= 2; act++) {
        int count[COHL_WORD_KIND_COUNT][32] = { { 0 } }, total[COHL_WORD_KIND_COUNT] = { 0 };
        cohl_scene_request request = request_of(1, act);
        for (uint64_t seed = 0; seed < 4000; seed++) {
            cohl_scene scene;
            cohl_scene_draw(&scene, &request, seed);
            count[COHL_WORD_SETTING][scene.setting]++;
            count[COHL_WORD_DAYTIME][scene.daytime]++;
            count[COHL_WORD_MOVE][scene.move]++;
            for (int i = 0; i < scene.actor_count; i++) {
                count[COHL_WORD_SUBJECT][scene.actor[i].subject]++;
                count[COHL_WORD_COLOUR][scene.actor[i].colour]++;
                count[COHL_WORD_ACTION][scene.actor[i].action]++;
            }
        }
        for (int kind = 0; kind < COHL_WORD_KIND_COUNT; kind++) {
            int words = 0;
            for (int i = 0; i < cohl_word_count(kind); i++) {
                words += act == 2 || cohl_words_of(kind)[i].first_act;
                total[kind] += count[kind][i];
            }
            for (int i = 0; i < cohl_word_count(kind); i++)
                if ((act == 2 || cohl_words_of(kind)[i].first_act) &&
                    3 * count[kind][i] * words < total[kind])
                    fail_msg("act %d: %s is drawn %d times of %d", act,
                             cohl_words_of(kind)[i].name, count[kind][i], total[kind]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_functions_agree_with_the_library),
        cmocka_unit_test(test_a_seed_gives_one_scene),
        cmocka_unit_test(test_training_never_sees_a_held_out_pair),
        cmocka_unit_test(test_held_out_requests_always_give_one),
        cmocka_unit_test(test_every_subject_keeps_its_colours_settings_and_actions),
        cmocka_unit_test(test_cameras_are_orthonormal_and_right_handed),
        cmocka_unit_test(test_paths_have_no_jumps),
        cmocka_unit_test(test_moves_are_large_enough_to_see),
        cmocka_unit_test(test_actors_wait_before_and_rest_after),
        cmocka_unit_test(test_subjects_are_in_the_picture_and_large),
        cmocka_unit_test(test_stills_show_the_action_and_no_move),
        cmocka_unit_test(test_captions_say_the_labels_in_valid_utf8),
        cmocka_unit_test(test_captions_keep_grammar),
        cmocka_unit_test(test_a_scene_has_many_captions),
        cmocka_unit_test(test_truth_is_json_with_an_entry_a_frame),
        cmocka_unit_test(test_no_word_is_rare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
