/* Tests of engine: faces in what is given, and faces that are protected; by made-up networks. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../folder.h"
#include "../vision/tiny_nets.h"
#include "base/file.h"
#include "cohl/cohl.h"
#include "deliver/door.h"
#include "ledger/films.h"
#include "media/still.h"
#include "protect/consent.h"
#include "protect/list.h"
#include "provenance/verify.h"
#include "tiny.h"

enum { SIDE = 64 };

static char model[64];
static cohl_engine *engine;
static cohl_store *store;
static char *picture;

static cohl_frame *paint(uint32_t colour)
{
    cohl_frame *frame;
    assert_int_equal(cohl_frame_new(&frame, SIDE, SIDE, NULL), COHL_OK);
    cohl_frame_fill(frame, 0, 0, SIDE, SIDE, colour);
    return frame;
}

static int set_up(void **state)
{
    cohl_error err;
    if (folder_make(state) || setenv("XDG_DATA_HOME", folder, 1))
        return 1;
    snprintf(model, sizeof model, "%s/model", folder);
    if (tiny_model_write(model, &err) || tiny_explicit_write(&err) || tiny_faces_write(&err) ||
        cohl_engine_open(&engine, &(cohl_engine_params){ .model = model, .threads = 2 }, &err) ||
        cohl_protect_open(&store, NULL, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    cohl_frame *face = paint(0x40ffc0);
    picture = strdup(path_of("ann.png"));
    cohl_status st = cohl_still_write(picture, face, NULL, 0, &err);
    cohl_frame_free(face);
    return st;
}

static int tear_down(void **state)
{
    free(picture);
    cohl_store_close(store);
    cohl_engine_close(engine);
    return folder_remove(state);
}

static cohl_status make(const char *image, const char *name, int64_t *film, cohl_error *err)
{
    cohl_request r = cohl_request_default();
    cohl_run_report report;
    cohl_run *run;
    r.prompt = "a red ball", r.frames = 5, r.steps = 1, r.image = image;
    cohl_status st = cohl_run_new(&run, engine, &r, err);
    if (st)
        return st;
    st = cohl_run_film(run, &(cohl_film){ .path = path_of(name) }, &report, err);
    *film = report.ledger_film;
    cohl_run_free(run);
    return st;
}

/* What the made-up networks make of a colour. */
static void numbers_of(cohl_face_print *out, uint32_t colour)
{
    cohl_faces *faces;
    cohl_frame *frame = paint(colour);
    *out = (cohl_face_print){ 0 };
    assert_int_equal(cohl_faces_new(&faces, NULL, NULL), COHL_OK);
    assert_int_equal(cohl_faces_look(faces, frame, 0, NULL), COHL_OK);
    for (int i = 0; i < cohl_faces_count(faces); i++)
        cohl_face_print_add(out, cohl_faces_at(faces, i)->embedding);
    assert_true(out->count > 0);
    cohl_faces_free(faces);
    cohl_frame_free(frame);
}

static bool credentials_tell(const char *path, const char *id)
{
    cohl_verification v;
    cohl_trust nobody = { 0 };
    assert_int_equal(cohl_verify(&v, path, &nobody, NULL), COHL_OK);
    const json_t *own = json_array_get(v.findings.manifests, json_array_size(v.findings.manifests) - 1);
    const json_t *ids = json_object_get(json_object_get(own, "facts"), "consents");
    bool told = json_array_size(ids) == 1 && !strcmp(json_string_value(json_array_get(ids, 0)), id);
    cohl_verification_free(&v);
    return told;
}

static void test_a_given_face_needs_a_consent_that_is_in_force(void **state)
{
    char id[COHL_CONSENT_ID];
    cohl_face_print print;
    cohl_error err = { 0 };
    int64_t film, later, *linked, now = (int64_t)time(NULL);
    int count;
    assert_int_equal(make(picture, "no.mp4", &film, &err), COHL_ERR_REFUSED);
    if (!strstr(err.text, "ann.png: a face is seen at frame 0 that no consent in force is for"))
        fail_msg("%s", err.text);
    assert_false(cohl_file_exists(path_of("no.mp4")));
    assert_int_equal(make(NULL, "words.mp4", &film, &err), COHL_OK);         /* words alone need none */

    numbers_of(&print, 0x40ffc0);
    const cohl_consent_given given = { .who = "Ann", .why = "the spring film", .print = &print };
    assert_int_equal(cohl_consent_give(id, store, &given, now, NULL), COHL_OK);
    if (make(picture, "yes.mp4", &film, &err))
        fail_msg("%s", err.text);
    assert_true(credentials_tell(path_of("yes.mp4"), id));
    assert_int_equal(cohl_ledger_linked(&linked, &count, store, "consent", id, NULL), COHL_OK);
    assert_true(count == 1 && linked[0] == film);
    free(linked);

    assert_int_equal(cohl_consent_revoke(store, id, "changed her mind", now, NULL), COHL_OK);
    assert_int_equal(make(picture, "late.mp4", &later, &err), COHL_ERR_REFUSED);
    cohl_request r = cohl_request_default();
    cohl_run *run;
    char *clip = strdup(path_of("yes.mp4"));
    r.prompt = "a red ball", r.frames = 4, r.steps = 1, r.given = COHL_GIVEN_EXTEND, r.clip[0] = clip;
    assert_int_equal(cohl_run_new(&run, engine, &r, &err), COHL_OK);
    assert_int_equal(cohl_run_film(run, &(cohl_film){ .path = path_of("more.mp4") }, NULL, &err), COHL_ERR_REFUSED);
    assert_non_null(strstr(err.text, "which is not in force any more"));
    cohl_run_free(run);
    free(clip);
}

/* A protected face through the one door: three frames of it, and none of them goes out. */
static void test_a_protected_face_leaves_no_film(void **state)
{
    static const uint32_t colours[] = { 0xc040ff, 0x40ffc0 };
    cohl_face_print print;
    cohl_text kept = { 0 };
    int64_t id;
    numbers_of(&print, 0x40ffc0);
    assert_int_equal(cohl_face_print_seal(&kept, &print, NULL), COHL_OK);
    const cohl_protect_entry entry = { .kind = COHL_PROTECT_FACE, .name = "Ann", .who = "Ann", .why = "it is me",
                                       .kept = kept.data, .kept_size = kept.size };
    assert_int_equal(cohl_protect_add(&id, store, &entry, (int64_t)time(NULL), NULL), COHL_OK);
    for (int i = 0; i < 2; i++) {
        cohl_door_params params = cohl_door_params_default();
        cohl_door *door;
        cohl_frame *frame = paint(colours[i]);
        cohl_error err = { 0 };
        params.path = path_of(i ? "ann.mp4" : "other.mp4"), params.width = params.height = SIDE;
        params.frames = 5, params.lists = store;
        assert_int_equal(cohl_door_open(&door, &params, NULL), COHL_OK);
        cohl_status st = COHL_OK;
        for (int k = 0; k < 5 && !st; k++)
            st = cohl_door_put(door, frame, &err);
        st = cohl_door_close(door, st, NULL, &err);
        assert_int_equal(st, i ? COHL_ERR_REFUSED : COHL_OK);
        assert_int_equal(cohl_file_exists(params.path), !i);
        if (i && !strstr(err.text, "at frame 2, a face has come near protected face"))
            fail_msg("%s", err.text);
        cohl_frame_free(frame);
    }
    assert_int_equal(cohl_protect_remove(store, id, NULL), COHL_OK);
    cohl_text_free(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_given_face_needs_a_consent_that_is_in_force),
        cmocka_unit_test(test_a_protected_face_leaves_no_film),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
