/* Tests of engine/decoder: the fast autoencoder in place of the model's own. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../folder.h"
#include "cohl/cohl.h"
#include "engine/unmarked.h"
#include "tiny.h"

static const float COLOUR[3] = { 0.25f, 0.5f, 0.75f };

static int set_up(void **state)
{
    cohl_error err = { 0 };
    if (folder_make(state))
        return 1;
    setenv("XDG_DATA_HOME", path_of("home"), 1);
    if (tiny_model_write(path_of("model"), &err))
        fprintf(stderr, "%s\n", err.text);
    return err.text[0] != 0;
}

static cohl_status open_model(cohl_engine **out, cohl_error *err)
{
    return cohl_engine_open(out, &(cohl_engine_params){ .model = path_of("model"), .threads = 2,
                                                        .without_frame_checks = true }, err);
}

static cohl_request usual(const char *decoder)
{
    cohl_request r = cohl_request_default();
    r.prompt = "a red balloon";
    r.frames = 9, r.decoder = decoder;
    return r;
}

typedef struct counted { int frames, flat; } counted;

static cohl_status count(void *user, int index, const uint8_t *rgb, cohl_error *err)
{
    counted *c = user;
    bool flat = true;
    for (int i = 0; i < 64 * 64 * 3; i++)
        flat = flat && abs(rgb[i] - (int)(COLOUR[i % 3] * 255 + 0.5f)) <= 1;
    c->frames++;
    c->flat += flat;
    return COHL_OK;
}

static counted make(cohl_engine *engine, const char *decoder)
{
    cohl_run *run;
    cohl_error err = { 0 };
    counted c = { 0 };
    cohl_request r = usual(decoder);
    if (cohl_run_new(&run, engine, &r, &err) || engine_run_unmarked(run, count, &c, NULL, &err))
        fail_msg("%s", err.text);
    cohl_run_free(run);
    return c;
}

static void test_without_a_fast_autoencoder_the_request_says_what_is_missing(void **state)
{
    cohl_engine *engine;
    cohl_run *run = NULL;
    cohl_error err = { 0 };
    cohl_request fast = usual("taehv"), other = usual("jpeg");
    assert_int_equal(open_model(&engine, NULL), COHL_OK);
    assert_int_equal(cohl_run_new(&run, engine, &fast, &err), COHL_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "no TAEHV lies beside the model"));
    assert_int_equal(cohl_run_new(&run, engine, &other, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "there are vae and taehv"));
    cohl_engine_close(engine);
}

static void test_the_fast_autoencoder_makes_the_frames_when_it_is_asked_to(void **state)
{
    cohl_engine *engine;
    cohl_error err = { 0 };
    if (tiny_fast_write(path_of("model/taew2_2.safetensors"), 6, COLOUR, &err) || open_model(&engine, &err))
        fail_msg("%s", err.text);
    counted fast = make(engine, "taehv"), full = make(engine, "vae"), usual_one = make(engine, NULL);
    assert_int_equal(fast.frames, 9);
    assert_int_equal(fast.flat, 9);
    assert_int_equal(full.frames, 9);
    assert_int_equal(full.flat, 0);
    assert_int_equal(usual_one.flat, 0);
    cohl_engine_close(engine);
}

static void test_a_fast_autoencoder_of_other_latents_is_refused(void **state)
{
    cohl_engine *engine = NULL;
    cohl_error err = { 0 };
    assert_int_equal(tiny_fast_write(path_of("model/taew2_2.safetensors"), 16, COLOUR, NULL), COHL_OK);
    assert_int_equal(open_model(&engine, &err), COHL_ERR_FORMAT);
    if (!strstr(err.text, "reads latents of 16 numbers for 16 pixels a side, the autoencoder's are 6 for 16"))
        fail_msg("\"%s\"", err.text);
    assert_int_equal(unlink(path_of("model/taew2_2.safetensors")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_fast_autoencoder_the_request_says_what_is_missing),
        cmocka_unit_test(test_the_fast_autoencoder_makes_the_frames_when_it_is_asked_to),
        cmocka_unit_test(test_a_fast_autoencoder_of_other_latents_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, folder_remove);
}
