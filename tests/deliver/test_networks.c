/* Tests of what installed networks mean to the one door: made-up ones that take red for explicit. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "../folder.h"
#include "../vision/tiny_nets.h"
#include "base/file.h"
#include "deliver/check.h"
#include "deliver/door.h"
#include "vision/install.h"

enum { WIDTH = 64, HEIGHT = 48, FRAMES = 5 };

/* What stands in the folder of films, hidden or not. */
static int names(void)
{
    struct dirent *entry;
    DIR *open = opendir(path_of("films"));
    int count = -2;
    while ((entry = readdir(open)))
        count++;
    closedir(open);
    return count;
}

static cohl_door_params params_of(const char *path)
{
    cohl_door_params params = cohl_door_params_default();
    params.path = path, params.width = WIDTH, params.height = HEIGHT, params.frames = FRAMES;
    return params;
}

/* A grey film whose frame `red` is red. */
static cohl_status deliver(const cohl_door_params *params, int red, cohl_error *err)
{
    cohl_door *door;
    cohl_frame *frame;
    cohl_status st = cohl_door_open(&door, params, err);
    if (st)
        return st;
    assert_int_equal(cohl_frame_new(&frame, WIDTH, HEIGHT, NULL), COHL_OK);
    for (int i = 0; i < FRAMES && !st; i++) {
        cohl_frame_fill(frame, 0, 0, WIDTH, HEIGHT, i == red ? 0xff0000 : 0x606060);
        st = cohl_door_put(door, frame, err);
    }
    cohl_frame_free(frame);
    return cohl_door_close(door, st, NULL, err);
}

static void test_an_explicit_frame_anywhere_leaves_no_film(void **state)
{
    static const char *const films[] = { "films/a.mp4", "films/a.webm", "films/a.mov", "films/a.gif", "films/shot/" };
    char *sheet = strdup(path_of("films/a.png"));
    cohl_error err = { 0 };
    char said[64];
    assert_int_equal(tiny_explicit_write(NULL), COHL_OK);
    for (size_t i = 0; i < sizeof films / sizeof *films; i++)
        for (int red = 0; red < FRAMES; red++) {
            cohl_door_params params = params_of(path_of(films[i]));
            params.sheet = sheet;
            cohl_status st = deliver(&params, red, &err);
            snprintf(said, sizeof said, "at frame %d, the picture seems to be explicit", red);
            if (st != COHL_ERR_REFUSED || !strstr(err.text, said))
                fail_msg("%s, frame %d: status %d, \"%s\"", films[i], red, st, err.text);
            assert_int_equal(names(), 0);
        }
    free(sheet);
}

/* A caller that takes frames as they come. */
static void test_an_explicit_frame_reaches_no_caller(void **state)
{
    const cohl_check_view about = { .name = "x", .width = WIDTH, .height = HEIGHT, .fps = 16 };
    cohl_window *window;
    const cohl_frame *ready;
    cohl_frame *frame;
    cohl_error err = { 0 };
    assert_int_equal(tiny_explicit_write(NULL), COHL_OK);
    assert_int_equal(cohl_window_new(&window, cohl_checks, NULL, &about, &err), COHL_OK);
    assert_int_equal(cohl_frame_new(&frame, WIDTH, HEIGHT, NULL), COHL_OK);
    assert_int_equal(cohl_window_push(window, frame, &ready, &err), COHL_OK);
    cohl_frame_fill(frame, 0, 0, WIDTH, HEIGHT, 0xff0000);
    assert_int_equal(cohl_window_push(window, frame, &ready, &err), COHL_ERR_REFUSED);
    assert_null(ready);
    assert_null(cohl_window_rest(window));
    cohl_frame_free(frame);
    cohl_window_free(window);
}

static void test_a_network_that_cannot_be_read_refuses_the_film(void **state)
{
    cohl_error err = { 0 };
    cohl_door_params params = params_of(path_of("films/b.mp4"));
    assert_int_equal(cohl_file_write(path_of("cohl/checks/explicit.safetensors"), "cut", 3, NULL), COHL_OK);
    assert_int_equal(deliver(&params, -1, &err), COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "explicit.safetensors"));
    assert_int_equal(names(), 0);
    assert_int_equal(tiny_explicit_write(NULL), COHL_OK);
}

static bool credentials_say(const char *path, const char *words)
{
    char *bytes;
    size_t size;
    assert_int_equal(cohl_file_read(&bytes, &size, path, 1 << 24, NULL), COHL_OK);
    bool found = memmem(bytes, size, words, strlen(words));
    free(bytes);
    return found;
}

/* With the network, then without; the credentials are CBOR, in which a short text stands as it is. */
static void test_credentials_name_the_checks_that_ran(void **state)
{
    cohl_error err = { 0 };
    int count;
    for (int installed = 1; installed >= 0; installed--) {
        cohl_door_params params = params_of(path_of(installed ? "films/with.mp4" : "films/without.mp4"));
        if (installed)
            assert_int_equal(tiny_explicit_write(NULL), COHL_OK);
        else
            assert_int_equal(cohl_networks_remove(&count, NULL), COHL_OK);
        if (deliver(&params, -1, &err))
            fail_msg("%s", err.text);
        assert_true(credentials_say(params.path, "flashing"));
        assert_int_equal(credentials_say(params.path, "explicit"), installed);
    }
}

/* ---- faces ---------------------------------------------------------------------- */

static int faces_seen, asked;

static cohl_status watch(void *state, const cohl_check_view *view, cohl_error *err)
{
    (void)state, (void)err;
    asked++;
    faces_seen += view->face_count;
    if (view->face_count)
        assert_int_equal(view->face[0].frame, view->first + view->count - 1);
    return COHL_OK;
}

static bool nothing_to_compare;

static cohl_status open_watch(void **state, const cohl_check_view *about, cohl_error *err)
{
    (void)about, (void)err;
    *state = nothing_to_compare ? NULL : &asked;
    return COHL_OK;
}

static void close_watch(void *state) { assert_ptr_equal(state, &asked); }

static void test_a_check_of_faces_is_given_them_where_it_has_a_use_for_them(void **state)
{
    static const cohl_check faces = { .name = "faces", .about = "sees faces", .window = 1, .faces = true,
                                      .open = open_watch, .close = close_watch, .look = watch };
    static const struct { bool installed, nothing; int asked; } cases[] = {
        { false, false, 0 }, { true, true, 0 }, { true, false, FRAMES } };
    const cohl_check_view about = { .name = "x", .width = WIDTH, .height = HEIGHT, .fps = 16 };
    static const cohl_check *const none[] = { NULL };
    cohl_frame *frame;
    int count;
    assert_int_equal(cohl_frame_new(&frame, WIDTH, HEIGHT, NULL), COHL_OK);
    cohl_frame_fill(frame, 0, 0, WIDTH, HEIGHT, 0x80ff80);
    cohl_networks_remove(&count, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_window *window;
        cohl_error err = { 0 };
        const cohl_frame *ready;
        if (cases[i].installed)
            assert_int_equal(tiny_faces_write(NULL), COHL_OK);
        nothing_to_compare = cases[i].nothing;
        asked = faces_seen = 0;
        if (cohl_window_new(&window, none, &faces, &about, &err))
            fail_msg("%s", err.text);
        const char *name = cohl_window_check(window, 0);
        assert_int_equal(name != NULL, cases[i].asked > 0);
        for (int f = 0; f < FRAMES; f++)
            assert_int_equal(cohl_window_push(window, frame, &ready, &err), COHL_OK);
        assert_int_equal(asked, cases[i].asked);
        assert_int_equal(faces_seen > 0, cases[i].asked > 0);
        cohl_window_free(window);
    }
    cohl_frame_free(frame);
}

static int begin(void **state)
{
    return folder_make(state) || setenv("XDG_DATA_HOME", folder, 1) || cohl_folder_make(path_of("films"), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_explicit_frame_anywhere_leaves_no_film),
        cmocka_unit_test(test_an_explicit_frame_reaches_no_caller),
        cmocka_unit_test(test_a_network_that_cannot_be_read_refuses_the_film),
        cmocka_unit_test(test_credentials_name_the_checks_that_ran),
        cmocka_unit_test(test_a_check_of_faces_is_given_them_where_it_has_a_use_for_them),
    };
    return cmocka_run_group_tests(tests, begin, folder_remove);
}
