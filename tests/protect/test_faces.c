/* Tests of protected faces and consents, on made-up numbers: kept encrypted, matched along tracks, revoked. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../folder.h"
#include "base/file.h"
#include "ledger/films.h"
#include "protect/consent.h"
#include "protect/face_list.h"
#include "protect/list.h"
#include "protect/secret.h"

static const int64_t noon = 1795348800;       /* 2026-11-22T12:00:00Z */

static cohl_store *store;

static int begin(void **state)
{
    return folder_make(state) || setenv("XDG_DATA_HOME", folder, 1) || cohl_protect_open(&store, path_of("ledger.db"), NULL);
}

static int end(void **state)
{
    cohl_store_close(store);
    return folder_remove(state);
}

/* A person is one number of 128; `off` further along another it is still them, or not. */
static cohl_face face_of(int person, double off, int track)
{
    cohl_face face = { .track = track };
    face.embedding[person] = 1;
    face.embedding[100] = (float)off;
    return face;
}

static cohl_face_print print_of(int person)
{
    cohl_face_print print = { 0 };
    cohl_face face = face_of(person, 0, 0);
    assert_true(cohl_face_print_add(&print, face.embedding));
    return print;
}

static void test_what_is_kept_is_encrypted_and_tells_when_it_was_changed(void **state)
{
    static const char plain[] = "one hundred and twenty-eight numbers";
    cohl_text sealed = { 0 }, again = { 0 }, open = { 0 };
    cohl_error err = { 0 };
    struct stat info;
    if (cohl_secret_seal(&sealed, "face", plain, sizeof plain, &err))
        fail_msg("%s", err.text);
    assert_int_equal(cohl_secret_seal(&again, "face", plain, sizeof plain, NULL), COHL_OK);
    assert_null(memmem(sealed.data, sealed.size, plain, 8));
    assert_true(memcmp(sealed.data, again.data, sealed.size) != 0);          /* a nonce of its own each time */
    assert_int_equal(stat(path_of("cohl/keys/faces.key"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(stat(path_of("cohl"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(cohl_secret_open(&open, "face", sealed.data, sealed.size, NULL), COHL_OK);
    assert_int_equal(open.size, sizeof plain);
    assert_memory_equal(open.data, plain, sizeof plain);
    cohl_text_free(&open);
    assert_int_equal(cohl_secret_open(&open, "another", sealed.data, sealed.size, NULL), COHL_ERR_FORMAT);
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= 1;
        assert_int_equal(cohl_secret_open(&open, "face", sealed.data, sealed.size, NULL), COHL_ERR_FORMAT);
        sealed.data[i] ^= 1;
        assert_int_equal(cohl_secret_open(&open, "face", sealed.data, i, NULL), COHL_ERR_FORMAT);
    }
    assert_int_equal(open.size, 0);
    cohl_text_free(&sealed);
    cohl_text_free(&again);
}

static int64_t protect(int person)
{
    cohl_text kept = { 0 };
    cohl_face_print print = print_of(person);
    cohl_protect_entry entry = { .kind = COHL_PROTECT_FACE, .name = "Ann", .who = "Ann", .why = "it is me" };
    int64_t id;
    assert_int_equal(cohl_face_print_seal(&kept, &print, NULL), COHL_OK);
    entry.kept = kept.data, entry.kept_size = kept.size;
    assert_int_equal(cohl_protect_add(&id, store, &entry, noon, NULL), COHL_OK);
    cohl_text_free(&kept);
    return id;
}

static void test_a_face_is_protected_over_three_frames_of_one_track(void **state)
{
    static const struct { const char *name; int frames; double off[5]; int track[5], seen_at; } cases[] = {
        { "three near ones", 99, { 0.1, 0.1, 0.44 }, { 0, 0, 0 }, 2 },
        { "one of them far", 99, { 0.1, 0.46, 0.1, 0.2 }, { 0, 0, 0, 0 }, 3 },
        { "two tracks", 99, { 0.1, 0.1, 0.1, 0.1 }, { 0, 1, 0, 1 }, -1 },
        { "a stranger", 99, { 0.5, 0.5, 0.5, 0.6, 0.7 }, { 0, 0, 0, 0, 0 }, -1 },
        { "a still", 1, { 0.2 }, { 0 }, 0 },
    };
    int64_t id = protect(3);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        cohl_face_list *list;
        cohl_face_hit hit;
        int seen_at = -1;
        assert_int_equal(cohl_face_list_load(&list, store, cases[c].frames, noon, NULL), COHL_OK);
        for (int i = 0; i < 5 && cases[c].off[i] > 0 && seen_at < 0; i++) {
            cohl_face face = face_of(3, cases[c].off[i], cases[c].track[i]);
            seen_at = cohl_face_list_look(&hit, list, &face, 1) ? i : -1;
        }
        if (seen_at != cases[c].seen_at)
            fail_msg("%s: seen at %d, expected %d", cases[c].name, seen_at, cases[c].seen_at);
        if (seen_at >= 0)
            assert_true(hit.entry == id && hit.distance < 0.21);
        cohl_face_list_free(list);
    }
    assert_int_equal(cohl_protect_remove(store, id, NULL), COHL_OK);
}

/* Without its key nobody knows whom an entry protected: no film, rather than a film of them. */
static void test_a_lost_key_stops_every_film(void **state)
{
    cohl_face_list *list;
    cohl_error err = { 0 };
    int64_t id = protect(4);
    assert_int_equal(rename(path_of("cohl/keys/faces.key"), path_of("kept.key")), 0);
    assert_int_equal(cohl_face_list_load(&list, store, 9, noon, &err), COHL_ERR_REFUSED);
    assert_null(list);
    assert_non_null(strstr(err.text, "cannot be read"));
    assert_int_equal(rename(path_of("kept.key"), path_of("cohl/keys/faces.key")), 0);
    assert_int_equal(cohl_face_list_load(&list, store, 9, noon, &err), COHL_OK);
    cohl_face_list_free(list);
    assert_int_equal(cohl_protect_can_see(store, noon, &err), COHL_ERR_REFUSED);     /* no networks here */
    assert_non_null(strstr(err.text, "cohl checks install"));
    assert_int_equal(cohl_protect_remove(store, id, NULL), COHL_OK);
    assert_int_equal(cohl_protect_can_see(store, noon, NULL), COHL_OK);
}

static cohl_status give(char id[COHL_CONSENT_ID], int person, const char *who, int64_t until, cohl_error *err)
{
    cohl_face_print print = print_of(person);
    const cohl_consent_given given = { .who = who, .why = "the spring film", .until = until, .print = &print };
    return cohl_consent_give(id, store, &given, noon, err);
}

static bool found(char id[COHL_CONSENT_ID], int person, double off, int64_t now)
{
    cohl_face face = face_of(person, off, 0);
    double distance;
    cohl_consents *consents;
    assert_int_equal(cohl_consents_load(&consents, store, now, NULL), COHL_OK);
    bool is = cohl_consents_find(id, &distance, consents, face.embedding);
    cohl_consents_free(consents);
    return is;
}

static void test_a_consent_holds_for_one_face_until_it_ends(void **state)
{
    char ann[COHL_CONSENT_ID], bob[COHL_CONSENT_ID], id[COHL_CONSENT_ID];
    cohl_error err = { 0 };
    json_t *json;
    assert_int_equal(give(ann, 10, "", 0, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "--who"));
    assert_int_equal(give(ann, 10, "Ann", noon, &err), COHL_ERR_ARGUMENT);
    assert_int_equal(give(ann, 10, "Ann", 0, NULL), COHL_OK);
    assert_int_equal(give(bob, 11, "Bob", noon + 100, NULL), COHL_OK);
    assert_true(found(id, 10, 0.3, noon) && !strcmp(id, ann));
    assert_true(found(id, 11, 0.3, noon + 99) && !strcmp(id, bob));
    assert_false(found(id, 11, 0.3, noon + 100));
    assert_false(found(id, 10, 0.5, noon));
    assert_false(found(id, 12, 0, noon));
    assert_int_equal(cohl_consent_revoke(store, ann, NULL, noon, &err), COHL_ERR_ARGUMENT);
    assert_int_equal(cohl_consent_revoke(store, "consent-0", "no", noon, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "there is no consent"));
    assert_int_equal(cohl_consent_revoke(store, ann, "changed her mind", noon, NULL), COHL_OK);
    assert_int_equal(cohl_consent_revoke(store, ann, "again", noon, &err), COHL_ERR_ARGUMENT);
    assert_false(found(id, 10, 0, noon));
    assert_int_equal(cohl_consent_json(&json, store, ann, noon, NULL), COHL_OK);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "revoked");
    assert_string_equal(json_string_value(json_object_get(json, "revoked_why")), "changed her mind");
    json_decref(json);
    assert_int_equal(cohl_consent_forget(store, bob, NULL), COHL_OK);
    assert_false(found(id, 11, 0, noon));
    assert_int_equal(cohl_consent_list(&json, store, noon, NULL), COHL_OK);
    assert_int_equal(json_array_size(json), 2);
    json_decref(json);
}

/* Many, so that their list grows; and they had been decrypted though no face was seen. */
static void test_consents_are_opened_when_a_face_is_compared(void **state)
{
    enum { MANY = 40 };
    char id[COHL_CONSENT_ID], many[MANY][COHL_CONSENT_ID], *key = strdup(path_of("cohl/keys/faces.key"));
    cohl_face face = face_of(MANY - 1, 0.2, 0);
    double distance;
    for (int i = 0; i < MANY; i++)
        assert_int_equal(give(many[i], i, "Somebody", 0, NULL), COHL_OK);
    for (int gone = 0; gone < 2; gone++) {
        cohl_consents *consents;
        assert_int_equal(cohl_consents_load(&consents, store, noon, NULL), COHL_OK);
        if (gone)
            assert_int_equal(rename(key, path_of("elsewhere.key")), 0);
        assert_int_equal(cohl_consents_find(id, &distance, consents, face.embedding), !gone);
        assert_string_equal(id, gone ? "" : many[MANY - 1]);
        cohl_consents_free(consents);
    }
    assert_int_equal(rename(path_of("elsewhere.key"), key), 0);
    free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_kept_is_encrypted_and_tells_when_it_was_changed),
        cmocka_unit_test(test_a_face_is_protected_over_three_frames_of_one_track),
        cmocka_unit_test(test_a_lost_key_stops_every_film),
        cmocka_unit_test(test_a_consent_holds_for_one_face_until_it_ends),
        cmocka_unit_test(test_consents_are_opened_when_a_face_is_compared),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
