/* Tests of the installed networks: made-up ones a few numbers wide; the real ones where they are installed. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "../folder.h"
#include "base/file.h"
#include "base/home.h"
#include "vision/convert.h"
#include "vision/cut.h"
#include "vision/explicit.h"
#include "vision/faces.h"
#include "vision/install.h"
#include "vision/tarball.h"
#include "tiny_nets.h"
#include "weights/safetensors.h"

static char *data_home;            /* what the environment said before */

static cohl_frame *paint(int width, int height, uint32_t colour)
{
    cohl_frame *frame;
    assert_int_equal(cohl_frame_new(&frame, width, height, NULL), COHL_OK);
    cohl_frame_fill(frame, 0, 0, width, height, colour);
    return frame;
}

/* ---- cutting out -------------------------------------------------------------- */

static void test_a_picture_of_its_size_stays_as_it_is(void **state)
{
    const cohl_pixels plain = { { 0 }, 1 };
    cohl_frame *frame = paint(8, 8, 0);
    float out[8 * 8 * 3];
    for (int i = 0; i < 8 * 8 * 3; i++)
        frame->rgb[i] = (uint8_t)(i * 37);
    for (int corners = 0; corners < 2; corners++) {
        cohl_cut cut = cohl_cut_whole(frame);
        cohl_cut_resize(out, frame, &cut, 8, corners, &plain);
        for (int i = 0; i < 8 * 8 * 3; i++)
            assert_float_equal(out[i], frame->rgb[i], 1e-6);
    }
    cohl_cut_turned(out, frame, &(cohl_turned){ .side = 8, .cosine = 1 }, 8, &plain);
    for (int i = 0; i < 8 * 8 * 3; i++)
        assert_float_equal(out[i], frame->rgb[i], 1e-6);
    cohl_frame_free(frame);
}

static void test_corners_lie_on_corners_or_beside_them(void **state)
{
    const cohl_pixels plain = { { 0 }, 1 };
    cohl_frame *frame = paint(2, 1, 0);
    float out[4 * 4 * 3];
    cohl_cut cut = cohl_cut_whole(frame);
    frame->rgb[3] = 90;                                        /* red: 0 90 */
    cohl_cut_resize(out, frame, &cut, 4, true, &plain);
    for (int i = 0; i < 4; i++)
        assert_float_equal(out[3 * i], 30 * i, 1e-4);          /* 0 30 60 90 */
    cohl_cut_resize(out, frame, &cut, 4, false, &plain);
    for (int i = 0; i < 4; i++)
        assert_float_equal(out[3 * i], i < 2 ? 45 * i : 90, 1e-4);   /* 0 45 90 90 */
    cohl_frame_free(frame);
}

static void test_a_box_is_cut_at_the_edges_and_made_square(void **state)
{
    cohl_frame *frame = paint(40, 20, 0xffffff);
    static const struct { float box[4]; int cut[7]; } cases[] = {
        { { 5.7f, 3.2f, 10, 8 }, { 5, 3, 10, 8, 0, 1, 10 } },
        { { -4, -4, 10, 30 }, { 0, 0, 6, 20, 7, 0, 20 } },
        { { 38, 2, 10, 3 }, { 38, 2, 2, 3, 0, 0, 3 } },
        { { 41, 2, 10, 3 }, { 0 } }, { { 2, 2, 0.4f, 9 }, { 0 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const float *b = cases[i].box;
        cohl_cut c = cohl_cut_box(frame, b[0], b[1], b[2], b[3]);
        int found[7] = { c.left, c.top, c.width, c.height, c.before_x, c.before_y, c.wide };
        for (int j = 0; j < 7; j++)
            if (found[j] != cases[i].cut[j])
                fail_msg("case %zu: number %d is %d, expected %d", i, j, found[j], cases[i].cut[j]);
    }
    cohl_frame_free(frame);
}

/* ---- networks ------------------------------------------------------------------ */

static void test_a_network_that_is_not_installed_says_how(void **state)
{
    cohl_explicit *look;
    cohl_faces *faces;
    cohl_error err = { 0 };
    assert_int_equal(cohl_explicit_new(&look, NULL, &err), COHL_ERR_UNSUPPORTED);
    assert_null(look);
    assert_non_null(strstr(err.text, "cohl checks install"));
    assert_int_equal(cohl_faces_new(&faces, NULL, &err), COHL_ERR_UNSUPPORTED);
    assert_false(cohl_networks_installed());
}

static void test_red_is_explicit_to_a_network_that_says_so(void **state)
{
    static const struct { uint32_t colour; bool refused; } cases[] = {
        { 0xff0000, true }, { 0x000000, false }, { 0x00ff00, false }, { 0xffffff, false } };
    cohl_explicit *look;
    cohl_explicit_scores scores;
    cohl_error err = { 0 };
    cohl_workers *workers;
    assert_int_equal(cohl_workers_new(&workers, 2, NULL), COHL_OK);
    assert_int_equal(tiny_explicit_write(&err), COHL_OK);
    if (cohl_explicit_new(&look, workers, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_frame *frame = paint(64, 48, cases[i].colour);
        assert_int_equal(cohl_explicit_look(look, frame, &scores, &err), COHL_OK);
        float sum = 0;
        for (int c = 0; c < COHL_CLASS_COUNT; c++)
            sum += scores.score[c];
        assert_float_equal(sum, 1, 1e-5);
        if (cohl_explicit_refused(&scores) != cases[i].refused)
            fail_msg("%06x: scores %g for explicit", cases[i].colour, (double)scores.score[COHL_CLASS_PORN]);
        cohl_frame_free(frame);
    }
    cohl_explicit_free(look);
    cohl_workers_free(workers);
}

static void test_lines_are_where_they_are_said_to_be(void **state)
{
    static const struct { float score[COHL_CLASS_COUNT]; bool refused; } cases[] = {
        { { 0.5f, 0, 0.5f, 0, 0 }, false },        { { 0, 0.3f, 0.41f, 0.29f, 0 }, false },
        { { 0, 0.3f, 0.4f, 0.31f, 0 }, true },     { { 0, 0, 0.2f, 0, 0.8f }, false },
        { { 0, 0, 0.05f, 0.3f, 0.65f }, true },    { { NAN, NAN, NAN, NAN, NAN }, true } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_explicit_scores scores;
        memcpy(scores.score, cases[i].score, sizeof scores.score);
        if (cohl_explicit_refused(&scores) != cases[i].refused)
            fail_msg("case %zu", i);
    }
}

/* Overwrite, cut or rename what the file of a network holds, and open it. */
static void test_a_broken_file_is_one_sentence(void **state)
{
    char *path, *bytes;
    size_t size;
    cohl_error err = { 0 };
    cohl_explicit *look;
    assert_int_equal(tiny_explicit_write(&err), COHL_OK);
    assert_int_equal(cohl_network_path(&path, &cohl_network_explicit, &err), COHL_OK);
    assert_int_equal(cohl_file_read(&bytes, &size, path, 1 << 20, &err), COHL_OK);
    static const char *const from[] = { "\"network\":\"explicit\"", "Conv_1.weight", "\"classes.bias\"", "[5,2]" };
    static const char *const to[] =   { "\"network\":\"implicit\"", "Conv_2.weight", "\"classes.bass\"", "[2,5]" };
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        char *other = malloc(size), *at;
        memcpy(other, bytes, size);
        if (!(at = memmem(other, size, from[i], strlen(from[i]))))
            fail_msg("the file says no %s", from[i]);
        memcpy(at, to[i], strlen(to[i]));
        assert_int_equal(cohl_file_write(path, other, size, &err), COHL_OK);
        free(other);
        cohl_status st = cohl_explicit_new(&look, NULL, &err);
        if (i == 2 ? st != COHL_OK : st != COHL_ERR_FORMAT)        /* a bias may be missing */
            fail_msg("%s -> %s: status %d, %s", from[i], to[i], st, err.text);
        cohl_explicit_free(look);
    }
    for (size_t cut = 0; cut < size; cut += cut < 64 ? 7 : 997) {
        assert_int_equal(cohl_file_write(path, bytes, cut, &err), COHL_OK);
        assert_int_equal(cohl_explicit_new(&look, NULL, &err), COHL_ERR_FORMAT);
        assert_non_null(strstr(err.text, "explicit.safetensors"));
    }
    float nan = NAN;
    memcpy(bytes + size - sizeof nan, &nan, sizeof nan);
    assert_int_equal(cohl_file_write(path, bytes, size, &err), COHL_OK);
    assert_int_equal(cohl_explicit_new(&look, NULL, &err), COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "not finite"));
    free(bytes);
    free(path);
    assert_int_equal(tiny_explicit_write(&err), COHL_OK);
}

/* ---- faces ---------------------------------------------------------------------- */

static cohl_faces *open_faces(void)
{
    cohl_faces *faces;
    cohl_error err = { 0 };
    assert_int_equal(tiny_faces_write(&err), COHL_OK);
    assert_true(cohl_faces_installed());
    if (cohl_faces_new(&faces, NULL, &err))
        fail_msg("%s", err.text);
    return faces;
}

static const cohl_face *look_at(cohl_faces *faces, cohl_frame *frame, int number)
{
    cohl_error err = { 0 };
    if (cohl_faces_look(faces, frame, number, &err))
        fail_msg("%s", err.text);
    return cohl_faces_count(faces) ? cohl_faces_at(faces, 0) : NULL;
}

static void test_a_face_is_followed_while_it_stays(void **state)
{
    cohl_faces *faces = open_faces();
    cohl_frame *frame = paint(64, 64, 0x00ff80), *black = paint(64, 64, 0);
    assert_null(look_at(faces, black, 0));
    const cohl_face *face = look_at(faces, frame, 1);
    assert_non_null(face);
    int track = face->track;
    for (int i = 2; i < 6; i++) {
        face = look_at(faces, frame, i);
        assert_int_equal(face->track, track);
        assert_int_equal(face->seen, i);
        assert_int_equal(face->frame, i);
    }
    for (int i = 6; i < 16; i++)
        assert_null(look_at(faces, black, i));
    assert_int_equal(look_at(faces, frame, 16)->track, track);       /* away for ten frames */
    assert_int_not_equal(look_at(faces, frame, 40)->track, track);   /* and for twenty */
    cohl_frame_free(frame);
    cohl_frame_free(black);
    cohl_faces_free(faces);
}

static void test_numbers_tell_faces_apart(void **state)
{
    cohl_faces *faces = open_faces();
    cohl_frame *green = paint(96, 64, 0x40ffc0), *blue = paint(96, 64, 0xc040ff);
    float first[COHL_FACE_NUMBERS];
    memcpy(first, look_at(faces, green, 0)->embedding, sizeof first);
    assert_float_equal(cohl_face_distance(first, look_at(faces, green, 1)->embedding), 0, 1e-6);
    assert_true(cohl_face_distance(first, look_at(faces, blue, 2)->embedding) > 0.3);
    cohl_frame_free(green);
    cohl_frame_free(blue);
    cohl_faces_free(faces);
}

/* ---- converting ------------------------------------------------------------------- */

static cohl_bytes bytes_of(const char *text) { return (cohl_bytes){ (const uint8_t *)text, strlen(text) }; }

static const char json[] = "[{\"paths\":[\"a\"],\"weights\":["
    "{\"name\":\"one/filters\",\"shape\":[1,1,2,1],\"dtype\":\"float32\",\"quantization\":{\"dtype\":\"uint8\",\"min\":-1,\"scale\":0.5}},"
    "{\"name\":\"one/bias\",\"shape\":[1],\"dtype\":\"float32\",\"quantization\":{\"dtype\":\"uint8\",\"min\":1,\"scale\":0.25}}]}]";
static const char module[] = "!function(d){}({1:[function(t,e){e.exports={format:\"layers\",weightsManifest:[{paths:['a'],weights:["
    "{name:\"one/filters\",shape:[1,1,2,1],dtype:\"float32\",quantization:{dtype:\"uint8\",min:-1,scale:.5},trainable:!0},"
    "{name:\"one/bias\",shape:[1],dtype:\"float32\",quantization:{dtype:\"uint8\",min:1,scale:.25}}]}]}},{}]});";

static void test_json_and_a_module_say_the_same(void **state)
{
    const uint8_t raw[] = { 4, 0, 8 };                      /* 1, -1; 3 */
    const cohl_bytes manifests[] = { bytes_of(json), bytes_of(module) };
    const cohl_bytes shards[] = { { raw, 3 }, bytes_of("!function(d){a(\"BAAI\")}({1:0})") };
    cohl_error err = { 0 };
    for (int i = 0; i < 4; i++) {
        cohl_safetensors *file;
        cohl_network_kind kind = cohl_network_explicit;
        float value;
        if (cohl_network_convert(path_of("made.safetensors"), &kind, "made", manifests[i / 2], &shards[i % 2], 1, &err) ||
            cohl_safetensors_open(&file, path_of("made.safetensors"), &err))
            fail_msg("case %d: %s", i, err.text);
        const cohl_weight *w = cohl_safetensors_find(file, "one.weight"), *b = cohl_safetensors_find(file, "one.bias");
        assert_true(w && b && w->rank == 5 && w->dim[1] == 2);
        for (size_t j = 0; j < 2; j++) {
            cohl_weight_read_f32(w, j, 1, &value);
            assert_float_equal(value, j ? -1 : 1, 1e-6);
        }
        cohl_weight_read_f32(b, 0, 1, &value);
        assert_float_equal(value, 3, 1e-6);
        assert_string_equal(cohl_safetensors_metadata(file, "network"), "explicit");
        cohl_safetensors_close(file);
    }
}

static void test_what_is_no_network_is_one_sentence(void **state)
{
    static const struct { const char *manifest, *values, *said; } cases[] = {
        { "", "", "weightsManifest" },
        { "{}", "", "no list" },
        { "[{\"weights\":[{\"name\":\"a/bias\",\"shape\":[2],\"dtype\":\"float32\",\"quantization\":{\"dtype\":\"uint8\"}}]}]", "x", "end inside" },
        { "[{\"weights\":[{\"name\":\"a/bias\",\"shape\":[2],\"dtype\":\"float32\",\"quantization\":{\"dtype\":\"uint8\"}}]}]", "xyz", "hold 3 bytes" },
        { "[{\"weights\":[{\"name\":\"a/bias\",\"shape\":[0],\"dtype\":\"float32\"}]}]", "", "side 0" },
        { "[{\"weights\":[{\"name\":\"a/bias\",\"shape\":[4000000000],\"dtype\":\"float32\"}]}]", "", "side 0" },
        { "[{\"weights\":[{\"name\":\"a/bias\",\"shape\":[1],\"dtype\":\"complex64\"}]}]", "xxxxxxxx", "complex64" },
        { "[{\"weights\":[{\"name\":\"a/what\",\"shape\":[1],\"dtype\":\"float32\"}]}]", "xxxx", "no known kind" },
        { "[{\"weights\":[{\"shape\":[1],\"dtype\":\"float32\"}]}]", "xxxx", "no name" },
        { "weightsManifest:[{weights:[{name:f()}]}]", "", "no literal" },
        { "weightsManifest:[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "", "no literal" },
        { "[{\"weights\":[{\"name\":\"a.scale\",\"shape\":[1],\"dtype\":\"float32\"}]}]", "xxxx", "no known kind" },
        { "[{\"weights\":[{\"name\":\"a/scale/weights\",\"shape\":[1],\"dtype\":\"float32\"}]}]", "xxxx", "not whole" },
        { "[{\"weights\":[{\"name\":\"a/filters\",\"shape\":[1],\"dtype\":\"float32\"}]}]", "xxxx", "4 sides" },
        { "[]", "!function(){\"nothing, of base64\"}", "no base64" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_error err = { 0 };
        cohl_bytes shard = bytes_of(cases[i].values);
        cohl_status st = cohl_network_convert(path_of("never.safetensors"), &cohl_network_explicit, "made",
                                              bytes_of(cases[i].manifest), &shard, 1, &err);
        if (!st || !strstr(err.text, cases[i].said))
            fail_msg("case %zu: status %d, \"%s\", expected \"%s\"", i, st, err.text, cases[i].said);
        assert_false(cohl_file_exists(path_of("never.safetensors")));
    }
}

/* ---- packages ---------------------------------------------------------------------- */

static size_t pack(uint8_t *out, size_t room, const void *data, size_t size)
{
    z_stream zip = { .next_in = (Bytef *)data, .avail_in = (uInt)size, .next_out = out, .avail_out = (uInt)room };
    assert_int_equal(deflateInit2(&zip, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&zip, Z_FINISH), Z_STREAM_END);
    size_t count = zip.total_out;
    deflateEnd(&zip);
    return count;
}

static void add_file(uint8_t *tar, size_t *at, const char *name, const char *text)
{
    uint8_t *header = tar + *at;
    unsigned sum = 0;
    memset(header, 0, 512);
    memcpy(header, name, strlen(name));
    snprintf((char *)header + 124, 12, "%011o", (unsigned)strlen(text));
    memcpy(header + 257, "ustar\00000", 8);
    header[156] = '0';
    memset(header + 148, ' ', 8);
    for (int i = 0; i < 512; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
    memset(header + 512, 0, 512);
    memcpy(header + 512, text, strlen(text));
    *at += 1024;
}

static void test_files_are_found_in_a_tarball_and_cuts_are_told(void **state)
{
    uint8_t tar[8192] = { 0 }, packed[8192];
    size_t size = 0, count;
    const uint8_t *data;
    cohl_error err = { 0 };
    cohl_tarball t;
    add_file(tar, &size, "package/a.txt", "one");
    add_file(tar, &size, "package/deep/b.txt", "two, longer");
    size_t all = pack(packed, sizeof packed, tar, size + 1024);
    if (cohl_tarball_open(&t, "made.tgz", packed, all, &err) || cohl_tarball_find(&t, "deep/b.txt", &data, &count, &err))
        fail_msg("%s", err.text);
    assert_int_equal(count, 11);
    assert_memory_equal(data, "two, longer", 11);
    assert_int_equal(cohl_tarball_find(&t, "b.txt", &data, &count, &err), COHL_ERR_FORMAT);
    assert_string_equal(err.text, "made.tgz: holds no b.txt");
    cohl_tarball_close(&t);
    for (size_t cut = 0; cut < all; cut++) {
        assert_int_equal(cohl_tarball_open(&t, "made.tgz", packed, cut, &err), COHL_ERR_FORMAT);
        cohl_tarball_close(&t);
    }
    assert_non_null(strstr(err.text, "is cut"));
    tar[124] = '7';                                            /* larger than the archive, and the sum is wrong */
    all = pack(packed, sizeof packed, tar, size + 1024);
    assert_int_equal(cohl_tarball_open(&t, "made.tgz", packed, all, &err), COHL_OK);
    assert_int_equal(cohl_tarball_find(&t, "a.txt", &data, &count, &err), COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "damaged"));
    cohl_tarball_close(&t);
}

static void test_an_install_that_cannot_be_says_why(void **state)
{
    cohl_error err = { 0 };
    char *path = strdup(getenv("PATH"));
    assert_int_equal(cohl_networks_install(&(cohl_install_params){ .from = path_of("nowhere") }, &err), COHL_ERR_IO);
    assert_int_equal(cohl_networks_install(&(cohl_install_params){ .from = folder }, &err), COHL_ERR_IO);
    assert_non_null(strstr(err.text, "npm pack nsfwjs@4.4.0"));
    assert_int_equal(cohl_file_write(path_of("nsfwjs-4.4.0.tgz"), "other", 5, &err), COHL_OK);
    assert_int_equal(cohl_networks_install(&(cohl_install_params){ .from = folder }, &err), COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "SHA-512"));
    assert_int_equal(cohl_networks_install(&(cohl_install_params){ .from = path_of("nsfwjs-4.4.0.tgz") }, &err), COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "none of the packages"));
    setenv("PATH", "/nowhere", 1);
    assert_int_equal(cohl_networks_install(&(cohl_install_params){ 0 }, &err), COHL_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "npm is not installed"));
    setenv("PATH", path, 1);
    free(path);
}

static void test_npm_that_fails_is_told_in_its_own_words(void **state)
{
    static const char script[] = "#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\n"
                                 "echo 'npm error request to https://r.example/nsfwjs failed' >&2\nexit 1\n";
    cohl_error err = { 0 };
    char *path = strdup(getenv("PATH"));
    assert_int_equal(cohl_file_write(path_of("npm"), script, sizeof script - 1, &err), COHL_OK);
    assert_int_equal(chmod(path_of("npm"), 0700), 0);
    setenv("PATH", folder, 1);
    assert_int_equal(cohl_networks_install(&(cohl_install_params){ 0 }, &err), COHL_ERR_IO);
    setenv("PATH", path, 1);
    assert_non_null(strstr(err.text, "request to https://r.example/nsfwjs failed"));
    free(path);
}

static volatile bool stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = true;
}

/* npm has left something when the interrupt comes, and would go on for ever. */
static void test_an_install_that_is_interrupted_leaves_nothing(void **state)
{
    static const char script[] = "#!/bin/sh\n: > \"$4/half.tgz\"\nwhile kill -INT $PPID; do sleep 0.1; done\n";
    struct sigaction action = { .sa_handler = on_signal }, before;
    cohl_error err = { 0 };
    char *path = strdup(getenv("PATH")), *search = NULL;
    assert_int_equal(cohl_file_write(path_of("npm"), script, sizeof script - 1, &err), COHL_OK);
    assert_int_equal(chmod(path_of("npm"), 0700), 0);
    assert_int_equal(mkdir(path_of("temporary"), 0700), 0);
    assert_true(asprintf(&search, "%s:%s", folder, path) > 0);
    setenv("PATH", search, 1);
    setenv("TMPDIR", path_of("temporary"), 1);
    sigaction(SIGINT, &action, &before);
    assert_int_equal(cohl_networks_install(&(cohl_install_params){ .cancel = &stopped }, &err), COHL_ERR_CANCELLED);
    sigaction(SIGINT, &before, NULL);
    unsetenv("TMPDIR");
    setenv("PATH", path, 1);
    assert_string_equal(err.text, "cancelled; nothing was installed");
    assert_int_equal(rmdir(path_of("temporary")), 0);
    free(search);
    free(path);
}

/* It was heeded only while npm ran. */
static void test_an_install_from_a_folder_heeds_a_cancel_too(void **state)
{
    const volatile bool cancel = true;
    cohl_error err = { 0 };
    assert_int_equal(cohl_file_write(path_of("nsfwjs-4.4.0.tgz"), "other", 5, &err), COHL_OK);
    assert_int_equal(cohl_networks_install(&(cohl_install_params){ .from = folder, .cancel = &cancel }, &err), COHL_ERR_CANCELLED);
    assert_string_equal(err.text, "cancelled; nothing was installed");
}

static void test_networks_are_taken_away(void **state)
{
    int count;
    assert_int_equal(tiny_explicit_write(NULL), COHL_OK);
    assert_int_equal(tiny_faces_write(NULL), COHL_OK);
    assert_true(cohl_networks_installed());
    assert_int_equal(cohl_networks_remove(&count, NULL), COHL_OK);
    assert_int_equal(count, 4);
    assert_int_equal(cohl_networks_remove(&count, NULL), COHL_OK);
    assert_int_equal(count, 0);
}

/* ---- the real ones ------------------------------------------------------------------ */

static void test_the_real_networks_where_they_are_installed(void **state)
{
    cohl_explicit *look;
    cohl_explicit_scores scores;
    cohl_faces *faces;
    cohl_error err = { 0 };
    char *own = strdup(getenv("XDG_DATA_HOME"));
    if (data_home)
        setenv("XDG_DATA_HOME", data_home, 1);
    else
        unsetenv("XDG_DATA_HOME");
    bool there = cohl_networks_installed();
    if (there) {
        if (cohl_explicit_new(&look, NULL, &err) || cohl_faces_new(&faces, NULL, &err))
            fail_msg("%s", err.text);
        cohl_frame *grey = paint(320, 192, 0x808080);
        assert_int_equal(cohl_explicit_look(look, grey, &scores, &err), COHL_OK);
        assert_false(cohl_explicit_refused(&scores));
        assert_int_equal(cohl_faces_look(faces, grey, 0, &err), COHL_OK);
        assert_int_equal(cohl_faces_count(faces), 0);
        cohl_frame_free(grey);
        cohl_explicit_free(look);
        cohl_faces_free(faces);
    }
    setenv("XDG_DATA_HOME", own, 1);
    free(own);
    if (!there) {
        print_message("the networks are not installed (`cohl checks install`): not tried\n");
        skip();
    }
}

static int begin(void **state)
{
    data_home = getenv("XDG_DATA_HOME") ? strdup(getenv("XDG_DATA_HOME")) : NULL;
    return folder_make(state) || setenv("XDG_DATA_HOME", folder, 1);
}

static int end(void **state)
{
    free(data_home);
    return folder_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_picture_of_its_size_stays_as_it_is),
        cmocka_unit_test(test_corners_lie_on_corners_or_beside_them),
        cmocka_unit_test(test_a_box_is_cut_at_the_edges_and_made_square),
        cmocka_unit_test(test_a_network_that_is_not_installed_says_how),
        cmocka_unit_test(test_red_is_explicit_to_a_network_that_says_so),
        cmocka_unit_test(test_lines_are_where_they_are_said_to_be),
        cmocka_unit_test(test_a_broken_file_is_one_sentence),
        cmocka_unit_test(test_a_face_is_followed_while_it_stays),
        cmocka_unit_test(test_numbers_tell_faces_apart),
        cmocka_unit_test(test_json_and_a_module_say_the_same),
        cmocka_unit_test(test_what_is_no_network_is_one_sentence),
        cmocka_unit_test(test_files_are_found_in_a_tarball_and_cuts_are_told),
        cmocka_unit_test(test_an_install_that_cannot_be_says_why),
        cmocka_unit_test(test_an_install_that_is_interrupted_leaves_nothing),
        cmocka_unit_test(test_an_install_from_a_folder_heeds_a_cancel_too),
        cmocka_unit_test(test_npm_that_fails_is_told_in_its_own_words),
        cmocka_unit_test(test_networks_are_taken_away),
        cmocka_unit_test(test_the_real_networks_where_they_are_installed),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
