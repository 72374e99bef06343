/* Tests of the two marks: keys, code, embedding, reading, searching, and the bound. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "media/resize.h"
#include "provenance/mark_embed.h"
#include "provenance/mark_fft.h"
#include "provenance/mark_find.h"
#include "provenance/print.h"
#include "theatre/scene.h"

enum { WIDTH = 320, HEIGHT = 192, FRAMES = 12 };

static const uint64_t IDENTIFIER = 0x5a17c0ffee;
static const cohl_mark_key ours = { "a key of an installation, tests", 1 }, theirs = { "another one's key, for no film.", 1 };

/* ---- keys ------------------------------------------------------------------- */

static char folder[64];

static int make_folder(void **state)
{
    strcpy(folder, "/tmp/cohl-mark-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void test_first_key_is_made_and_kept_to_its_owner(void **state)
{
    static cohl_mark_keys keys, again;
    char place[96], path[128];
    struct stat about;
    snprintf(place, sizeof place, "%s/first", folder);
    assert_int_equal(cohl_mark_keys_load(&keys, place, NULL), COHL_OK);
    assert_int_equal(keys.count, 0);
    assert_int_equal(cohl_mark_keys_need(&keys, place, NULL), COHL_OK);
    assert_int_equal(cohl_mark_keys_need(&again, place, NULL), COHL_OK);
    assert_int_equal(again.count, 1);
    assert_memory_equal(keys.key[0].secret, again.key[0].secret, COHL_MARK_KEY_BYTES);
    assert_false(again.exposed);
    snprintf(path, sizeof path, "%s/1.key", place);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(cohl_mark_keys_load(&again, place, NULL), COHL_OK);
    assert_true(again.exposed);
}

static void test_a_new_key_comes_first_and_old_ones_stay(void **state)
{
    static cohl_mark_keys keys, again;
    char place[96];
    snprintf(place, sizeof place, "%s/rotated", folder);
    for (int i = 0; i < 12; i++)
        assert_int_equal(cohl_mark_keys_add(&keys, place, NULL), COHL_OK);
    assert_int_equal(cohl_mark_keys_load(&again, place, NULL), COHL_OK);
    assert_int_equal(again.count, 12);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(again.key[i].number, 12 - i);
        assert_memory_equal(again.key[i].secret, keys.key[i].secret, COHL_MARK_KEY_BYTES);
    }
}

static void test_broken_keys_are_refused_by_name(void **state)
{
    static const char *const broken[] = { "", "cohl mark key 1\n", "cohl mark key 2\n00\n", "nonsense" };
    static cohl_mark_keys keys;
    char path[128];
    cohl_error err;
    snprintf(path, sizeof path, "%s/7.key", folder);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        assert_int_equal(cohl_file_write(path, broken[i], strlen(broken[i]), NULL), COHL_OK);
        assert_int_equal(cohl_mark_keys_load(&keys, folder, &err), COHL_ERR_FORMAT);
        assert_non_null(strstr(err.text, "7.key"));
    }
    unlink(path);
}

static void test_identifier_follows_recipe_and_key(void **state)
{
    uint64_t one = cohl_mark_identifier(&ours, "{\"seed\":1}");
    assert_true(one < (uint64_t)1 << COHL_MARK_ID_BITS);
    assert_true(one == cohl_mark_identifier(&ours, "{\"seed\":1}"));
    assert_true(one != cohl_mark_identifier(&ours, "{\"seed\":2}"));
    assert_true(one != cohl_mark_identifier(&theirs, "{\"seed\":1}"));
}

/* Expected is what Python says: hmac.new(secret, b"signs" + bytes(8), "sha256"). */
static void test_stream_is_hmac(void **state)
{
    static const uint8_t expected[4] = { 0xb0, 0x9e, 0xf2, 0xbd };
    uint8_t out[40], first[5];
    cohl_mark_stream(&ours, "signs", out, sizeof out);
    cohl_mark_stream(&ours, "signs", first, sizeof first);
    assert_memory_equal(out, expected, sizeof expected);
    assert_memory_equal(out, first, sizeof first);
}

/* ---- code ------------------------------------------------------------------- */

static void soften(float soft[COHL_MARK_CODE_LENGTH], uint64_t identifier, double signal, uint64_t seed)
{
    cohl_mark_word word = cohl_mark_encode(identifier);
    cohl_rng rng = cohl_rng_make(seed, 1);
    for (int i = 0; i < COHL_MARK_CODE_LENGTH; i++)
        soft[i] = (float)(signal * cohl_mark_word_sign(&word, i) + cohl_rng_normal(&rng));
}

static void test_codewords_are_far_from_each_other(void **state)
{
    cohl_rng rng = cohl_rng_make(3, 1);
    for (int round = 0; round < 200; round++) {
        uint64_t a = cohl_rng_u64(&rng) >> 24, b = round < 40 ? a ^ (uint64_t)1 << round : cohl_rng_u64(&rng) >> 24;
        cohl_mark_word x = cohl_mark_encode(a), y = cohl_mark_encode(b);
        int differ = 0;
        for (int w = 0; w < COHL_MARK_CODE_LENGTH / 64; w++)
            differ += __builtin_popcountll(x.bits[w] ^ y.bits[w]);
        if (differ < 86)
            fail_msg("%llx and %llx differ in %d places", (unsigned long long)a, (unsigned long long)b, differ);
    }
}

/* Signal 0.8 a place is Z = 12.8 over all of them. */
static void test_identifiers_are_read_from_noise(void **state)
{
    float soft[COHL_MARK_CODE_LENGTH];
    cohl_mark_word word;
    uint64_t identifier;
    int right = 0;
    for (uint64_t i = 0; i < 40; i++) {
        uint64_t sent = cohl_rng_mix(i, 5) >> 24;
        soften(soft, sent, 0.8, i);
        right += cohl_mark_decode(&identifier, &word, soft) && identifier == sent;
    }
    assert_true(right >= 39);
}

/* ---- films ------------------------------------------------------------------ */

static void render(cohl_frame **frame, uint64_t seed, int width, int height)
{
    cohl_scene_request request = cohl_scene_request_default();
    cohl_scene scene;
    request.width = width, request.height = height, request.frames = 81;
    cohl_scene_draw(&scene, &request, seed);
    for (int i = 0; i < FRAMES; i++) {
        assert_int_equal(cohl_frame_new(&frame[i], width, height, NULL), COHL_OK);
        cohl_scene_render(&scene, 4 * i, &(cohl_picture){ .rgb = frame[i]->rgb });
    }
}

static void mark(cohl_frame **frame, const cohl_mark_key *key)
{
    cohl_marker *marker;
    assert_int_equal(cohl_marker_new(&marker, frame[0]->width, frame[0]->height, key, IDENTIFIER, NULL), COHL_OK);
    for (int i = 0; i < FRAMES; i++)
        cohl_marker_frame(marker, frame[i]);
    cohl_marker_free(marker);
}

static void free_frames(cohl_frame **frame)
{
    for (int i = 0; i < FRAMES; i++)
        cohl_frame_free(frame[i]);
}

static double decibels(const cohl_frame *a, const cohl_frame *b)
{
    double sum = 0;
    for (size_t i = 0; i < cohl_frame_bytes(a); i++)
        sum += (a->rgb[i] - b->rgb[i]) * (a->rgb[i] - b->rgb[i]);
    return 10 * log10(65025 * (double)cohl_frame_bytes(a) / sum);
}

/* What is done to each frame before it is read. */
typedef void change_fn(cohl_frame **frame);

static void keep(cohl_frame **frame) { }

static void mirror(cohl_frame **frame)
{
    for (int y = 0; y < (*frame)->height; y++) {
        uint8_t *row = cohl_frame_row(*frame, y), pixel[3];
        for (int l = 0, r = (*frame)->width - 1; l < r; l++, r--) {
            memcpy(pixel, row + 3 * l, 3);
            memcpy(row + 3 * l, row + 3 * r, 3);
            memcpy(row + 3 * r, pixel, 3);
        }
    }
}

static void cut(cohl_frame **frame)
{
    cohl_frame *part;
    assert_int_equal(cohl_frame_new(&part, (*frame)->width * 3 / 4, (*frame)->height * 3 / 4, NULL), COHL_OK);
    cohl_frame_paste(part, *frame, -30, -17);
    cohl_frame_free(*frame);
    *frame = part;
}

static void put_in_a_frame(cohl_frame **frame)
{
    cohl_frame *wall;
    assert_int_equal(cohl_frame_new(&wall, (*frame)->width * 8 / 5, (*frame)->height * 8 / 5, NULL), COHL_OK);
    cohl_frame_fill(wall, 0, 0, wall->width, wall->height, 0x806040);
    cohl_frame_paste(wall, *frame, 61, 40);
    cohl_frame_free(*frame);
    *frame = wall;
}

static void halve(cohl_frame **frame)
{
    cohl_frame *small;
    assert_int_equal(cohl_frame_new(&small, (*frame)->width / 2, (*frame)->height / 2, NULL), COHL_OK);
    assert_int_equal(cohl_resize(small, *frame, NULL), COHL_OK);
    cohl_frame_free(*frame);
    *frame = small;
}

static void find(cohl_mark_answer *public, cohl_mark_answer *private, cohl_frame **frame, const cohl_mark_key *key)
{
    static cohl_mark_keys keys;
    cohl_mark_reader *reader;
    keys = (cohl_mark_keys){ .count = 1, .key = { *key } };
    assert_int_equal(cohl_mark_reader_new(&reader, NULL), COHL_OK);
    for (int i = 0; i < FRAMES; i++)
        assert_int_equal(cohl_mark_reader_add(reader, frame[i], NULL), COHL_OK);
    assert_int_equal(cohl_mark_find(public, private, cohl_mark_reader_sum(reader), &keys, true, NULL), COHL_OK);
    cohl_mark_reader_free(reader);
}

static void test_marks_are_found_after_changes(void **state)
{
    static const struct { const char *name; change_fn *change; } cases[] = {
        { "none", keep }, { "mirrored", mirror }, { "cut to three quarters", cut },
        { "in a frame", put_in_a_frame }, { "half size", halve },
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        cohl_frame *frame[FRAMES];
        cohl_mark_answer public, private;
        render(frame, 11, WIDTH, HEIGHT);
        mark(frame, &ours);
        for (int i = 0; i < FRAMES; i++)
            cases[c].change(&frame[i]);
        find(&public, &private, frame, &ours);
        if (public.log10_bound > -6 || private.log10_bound > -12)
            fail_msg("%s: bounds 10^%.1f and 10^%.1f", cases[c].name, public.log10_bound, private.log10_bound);
        assert_true(private.has_identifier && private.identifier == IDENTIFIER);
        free_frames(frame);
    }
}

static void test_no_mark_is_found_without_one_or_with_another_key(void **state)
{
    cohl_frame *frame[FRAMES];
    cohl_mark_answer public, private;
    render(frame, 12, WIDTH, HEIGHT);
    find(&public, &private, frame, &ours);
    assert_true(public.log10_bound > -3 && private.log10_bound > -3);
    mark(frame, &theirs);
    find(&public, &private, frame, &ours);
    assert_true(public.log10_bound <= -12);
    assert_true(private.log10_bound > -3 && !private.has_identifier);
    free_frames(frame);
}

static void test_empty_pictures_have_no_mark(void **state)
{
    cohl_frame *frame[FRAMES];
    cohl_mark_answer public, private;
    for (int i = 0; i < FRAMES; i++)
        assert_int_equal(cohl_frame_new(&frame[i], 1 + i % 2, 1, NULL), COHL_OK);
    find(&public, &private, frame, &ours);
    assert_true(public.log10_bound == 0 && private.log10_bound == 0);
    free_frames(frame);
}

static void test_marks_keep_42_decibels_and_stand_still(void **state)
{
    static const int sizes[][2] = { { 320, 192 }, { 640, 360 }, { 192, 320 }, { 97, 61 } };
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        cohl_frame *plain[FRAMES], *marked[FRAMES];
        render(plain, 20 + s, sizes[s][0], sizes[s][1]);
        render(marked, 20 + s, sizes[s][0], sizes[s][1]);
        mark(marked, &ours);
        for (int i = 0; i < FRAMES; i++)
            if (!(decibels(plain[i], marked[i]) >= 42))
                fail_msg("%d x %d, frame %d: %.2f dB", sizes[s][0], sizes[s][1], i, decibels(plain[i], marked[i]));
        free_frames(plain);
        free_frames(marked);
    }
}

static void test_the_same_picture_is_marked_the_same_in_all_three_colours(void **state)
{
    cohl_frame *plain[FRAMES], *marked[FRAMES];
    render(plain, 30, WIDTH, HEIGHT);
    for (int i = 0; i < FRAMES; i++) {
        for (size_t p = 0; p < cohl_frame_bytes(plain[i]); p++)
            plain[i]->rgb[p] = (uint8_t)(40 + plain[0]->rgb[p] / 2);
        assert_int_equal(cohl_frame_copy(&marked[i], plain[i], NULL), COHL_OK);
    }
    mark(marked, &ours);
    for (int i = 2; i < FRAMES; i++)
        assert_memory_equal(marked[i]->rgb, marked[1]->rgb, cohl_frame_bytes(marked[1]));
    for (size_t p = 0; p < cohl_frame_bytes(plain[1]); p += 3)
        for (int c = 1; c < 3; c++)
            assert_int_equal(marked[1]->rgb[p + c] - plain[1]->rgb[p + c], marked[1]->rgb[p] - plain[1]->rgb[p]);
    free_frames(plain);
    free_frames(marked);
}

/* ---- the bound --------------------------------------------------------------- */

/* Any content, chosen before the key: how often Z passes t, over many keys, is at most exp(-t^2 / 2). */
static void test_bound_holds_over_keys_for_any_content(void **state)
{
    enum { KEYS = 4000 };
    cohl_mark_owners owners = cohl_mark_layout();
    cohl_mark_cells cells = { .seen = COHL_MARK_CELLS };
    for (int content = 0; content < 3; content++) {
        int above[4] = { 0 };
        for (int i = 0; i < COHL_MARK_CELLS; i++)
            cells.value[i] = content == 0 ? 1 : content == 1 ? (float)(i % 7) - 3 : i % 50 == 3 ? 100 : 0.1f;
        for (int k = 0; k < KEYS; k++) {
            cohl_mark_key key = ours;
            cohl_mark_signs signs;
            memcpy(key.secret, &k, sizeof k);
            cohl_mark_signs_of(&signs, &key);
            double z = cohl_mark_correlate(&cells, &signs, &owners, COHL_MARK_PRESENCE_OWNER);
            for (int t = 1; t < 4; t++)
                above[t] += z >= t;
        }
        for (int t = 1; t < 4; t++)
            if (above[t] > KEYS * exp(-t * t / 2.0))
                fail_msg("content %d: %d of %d keys reach %d", content, above[t], KEYS, t);
    }
}

static void test_layout_gives_each_owner_its_cells(void **state)
{
    cohl_mark_owners owners = cohl_mark_layout();
    int count[COHL_MARK_CODE_LENGTH + 2] = { 0 };
    for (int i = 0; i < COHL_MARK_CELLS; i++)
        count[owners.of[i] + 2]++;
    assert_int_equal(count[0], COHL_MARK_PUBLIC_CELLS);
    assert_int_equal(count[1], COHL_MARK_PRESENCE_CELLS);
    for (int i = 0; i < COHL_MARK_CODE_LENGTH; i++)
        assert_int_equal(count[i + 2], COHL_MARK_BIT_CELLS);
}

static void test_transform_is_the_sum_it_should_be(void **state)
{
    enum { W = 8, H = 4 };
    float re[H * W], im[H * W], re_in[H * W], im_in[H * W];
    cohl_rng rng = cohl_rng_make(1, 1);
    cohl_fft *fft;
    for (int i = 0; i < H * W; i++) {
        re[i] = re_in[i] = (float)cohl_rng_normal(&rng);
        im[i] = im_in[i] = (float)cohl_rng_normal(&rng);
    }
    assert_int_equal(cohl_fft_new(&fft, W, H, NULL), COHL_OK);
    cohl_fft_forward(fft, re, im);
    for (int v = 0; v < H; v++)
        for (int u = 0; u < W; u++) {
            double a = 0, b = 0;
            for (int y = 0; y < H; y++)
                for (int x = 0; x < W; x++) {
                    double angle = -2 * M_PI * ((double)u * x / W + (double)v * y / H);
                    a += re_in[y * W + x] * cos(angle) - im_in[y * W + x] * sin(angle);
                    b += re_in[y * W + x] * sin(angle) + im_in[y * W + x] * cos(angle);
                }
            assert_true(fabs(re[v * W + u] - a) < 1e-4 && fabs(im[v * W + u] - b) < 1e-4);
        }
    cohl_fft_free(fft);
}

/* ---- fingerprints -------------------------------------------------------------- */

static void test_fingerprints_outlive_scaling_and_tell_a_mirror(void **state)
{
    cohl_frame *frame[FRAMES];
    uint64_t before, after, mirrored;
    render(frame, 40, WIDTH, HEIGHT);
    for (int i = 0; i < FRAMES; i++) {
        assert_int_equal(cohl_print_of(&before, frame[i], NULL), COHL_OK);
        halve(&frame[i]);
        assert_int_equal(cohl_print_of(&after, frame[i], NULL), COHL_OK);
        assert_true(__builtin_popcountll(before ^ after) <= 4);
        mirror(&frame[i]);
        assert_int_equal(cohl_print_of_mirrored(&mirrored, frame[i], NULL), COHL_OK);
        assert_true(__builtin_popcountll(after ^ mirrored) <= 2);
    }
    free_frames(frame);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_key_is_made_and_kept_to_its_owner),
        cmocka_unit_test(test_a_new_key_comes_first_and_old_ones_stay),
        cmocka_unit_test(test_broken_keys_are_refused_by_name),
        cmocka_unit_test(test_identifier_follows_recipe_and_key),
        cmocka_unit_test(test_stream_is_hmac),
        cmocka_unit_test(test_codewords_are_far_from_each_other),
        cmocka_unit_test(test_identifiers_are_read_from_noise),
        cmocka_unit_test(test_no_mark_is_found_without_one_or_with_another_key),
        cmocka_unit_test(test_empty_pictures_have_no_mark),
        cmocka_unit_test(test_marks_keep_42_decibels_and_stand_still),
        cmocka_unit_test(test_the_same_picture_is_marked_the_same_in_all_three_colours),
        cmocka_unit_test(test_layout_gives_each_owner_its_cells),
        cmocka_unit_test(test_transform_is_the_sum_it_should_be),
        cmocka_unit_test(test_fingerprints_outlive_scaling_and_tell_a_mirror),
    };
    const struct CMUnitTest long_ones[] = {      /* the same code as above, over and over */
        cmocka_unit_test(test_marks_are_found_after_changes),
        cmocka_unit_test(test_bound_holds_over_keys_for_any_content),
    };
    if (argc > 1 && !strcmp(argv[1], "searched"))
        return cmocka_run_group_tests(long_ones, make_folder, remove_folder);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
