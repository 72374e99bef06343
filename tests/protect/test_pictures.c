/* Tests of protected pictures: seen again however they were changed, never seen where they are not, listed. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "../folder.h"
#include "base/file.h"
#include "base/rng.h"
#include "media/reader.h"
#include "media/resize.h"
#include "media/still.h"
#include "media/writer.h"
#include "protect/list.h"

enum { WIDTH = 768, HEIGHT = 432, PICTURES = 4, OTHERS = 24 };

static const int64_t noon = 1795348800;       /* 2026-11-22T12:00:00Z */

/* A picture of its own for each number: boxes and grain, soft as a lens makes them. */
static cohl_frame *picture_of(uint64_t number)
{
    cohl_rng rng = cohl_rng_make(number, 7);
    cohl_frame *sharp, *soft;
    assert_int_equal(cohl_frame_new(&sharp, 2 * WIDTH, 2 * HEIGHT, NULL), COHL_OK);
    assert_int_equal(cohl_frame_new(&soft, WIDTH, HEIGHT, NULL), COHL_OK);
    cohl_frame_fill(sharp, 0, 0, sharp->width, sharp->height, cohl_rng_u32(&rng) & 0x7f7f7f);
    for (int i = 0; i < 120; i++) {
        int width = 16 + (int)cohl_rng_below(&rng, 240), height = 16 + (int)cohl_rng_below(&rng, 200);
        cohl_frame_fill(sharp, (int)cohl_rng_below(&rng, 2 * WIDTH) - width / 2,
                        (int)cohl_rng_below(&rng, 2 * HEIGHT) - height / 2, width, height, cohl_rng_u32(&rng) & 0xffffff);
    }
    assert_int_equal(cohl_resize(soft, sharp, NULL), COHL_OK);
    for (size_t i = 0; i < cohl_frame_bytes(soft); i++)
        soft->rgb[i] = (uint8_t)(soft->rgb[i] * 15 / 16 + cohl_rng_below(&rng, 8));
    cohl_frame_free(sharp);
    return soft;
}

static cohl_gallery *gallery_of(int count)
{
    cohl_feature_finder *finder;
    cohl_gallery *gallery;
    assert_int_equal(cohl_feature_finder_new(&finder, NULL), COHL_OK);
    assert_int_equal(cohl_gallery_new(&gallery, NULL), COHL_OK);
    for (int i = 1; i <= count; i++) {
        cohl_frame *picture = picture_of((uint64_t)i);
        cohl_picture_trace trace;
        cohl_error err = { 0 };
        if (cohl_picture_trace_of(&trace, finder, picture, "picture", &err) || cohl_gallery_add(gallery, i, &trace, &err))
            fail_msg("%s", err.text);
        cohl_picture_trace_free(&trace);
        cohl_frame_free(picture);
    }
    assert_int_equal(cohl_gallery_close_list(gallery, NULL), COHL_OK);
    cohl_feature_finder_free(finder);
    return gallery;
}

/* ---- ways to change a picture; each takes it and gives another ------------------------ */

static cohl_frame *scaled(cohl_frame *from, int width, int height)
{
    cohl_frame *to;
    assert_int_equal(cohl_frame_new(&to, width, height, NULL), COHL_OK);
    assert_int_equal(cohl_resize(to, from, NULL), COHL_OK);
    cohl_frame_free(from);
    return to;
}

static cohl_frame *as_it_is(cohl_frame *from) { return from; }
static cohl_frame *half(cohl_frame *from) { return scaled(from, WIDTH / 2, HEIGHT / 2); }
static cohl_frame *twice(cohl_frame *from) { return scaled(from, 2 * WIDTH, 2 * HEIGHT); }

static cohl_frame *mirrored(cohl_frame *from)
{
    for (int y = 0; y < from->height; y++)
        for (int x = 0; x < from->width / 2; x++)
            for (int c = 0; c < 3; c++) {
                uint8_t *row = cohl_frame_row(from, y), *a = &row[3 * x + c];
                uint8_t *b = &row[3 * (from->width - 1 - x) + c], keep = *a;
                *a = *b, *b = keep;
            }
    return from;
}

/* Three quarters of its width and height, off the middle, at the old size. */
static cohl_frame *cropped(cohl_frame *from)
{
    cohl_frame *cut;
    assert_int_equal(cohl_frame_new(&cut, WIDTH * 3 / 4, HEIGHT * 3 / 4, NULL), COHL_OK);
    cohl_frame_paste(cut, from, -WIDTH / 16, -HEIGHT / 6);
    cohl_frame_free(from);
    return scaled(cut, WIDTH, HEIGHT);
}

/* At three fifths of its size in another picture. */
static cohl_frame *framed(cohl_frame *from)
{
    cohl_frame *wall = picture_of(77777), *small = scaled(from, WIDTH * 3 / 5, HEIGHT * 3 / 5);
    cohl_frame_paste(wall, small, WIDTH / 3, HEIGHT / 5);
    cohl_frame_free(small);
    return wall;
}

static cohl_frame *darker(cohl_frame *from)
{
    for (size_t i = 0; i < cohl_frame_bytes(from); i++)
        from->rgb[i] = (uint8_t)(from->rgb[i] * 3 / 5 + 20);
    return from;
}

static cohl_frame *recompressed(cohl_frame *from)
{
    cohl_film_target target;
    cohl_film_writer *writer;
    cohl_film_reader *reader;
    cohl_film_report report;
    bool more;
    const cohl_film_params params = { .width = from->width, .height = from->height, .fps = 25, .crf = 36 };
    assert_int_equal(cohl_film_target_parse(&target, path_of("again.mp4"), NULL), COHL_OK);
    assert_int_equal(cohl_film_writer_open(&writer, &target, &params, NULL), COHL_OK);
    assert_int_equal(cohl_film_writer_put(writer, from, NULL), COHL_OK);
    assert_int_equal(cohl_film_writer_close(writer, COHL_OK, &report, NULL), COHL_OK);
    cohl_film_target_free(&target);
    assert_int_equal(cohl_film_reader_open(&reader, path_of("again.mp4"), 0, 0, NULL), COHL_OK);
    assert_int_equal(cohl_film_reader_next(reader, from, &more, NULL), COHL_OK);
    assert_true(more);
    cohl_film_reader_close(reader);
    return from;
}

static void test_a_picture_is_seen_however_it_was_changed(void **state)
{
    static const struct { const char *name; cohl_frame *(*change)(cohl_frame *); bool mirrored; } ways[] = {
        { "as it is", as_it_is, false }, { "half", half, false }, { "twice", twice, false },
        { "mirrored", mirrored, true }, { "cropped", cropped, false }, { "framed", framed, false },
        { "darker", darker, false }, { "recompressed", recompressed, false },
    };
    cohl_gallery *gallery = gallery_of(PICTURES);
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
        for (int i = 1; i <= PICTURES; i++) {
            cohl_frame *frame = ways[w].change(picture_of((uint64_t)i));
            cohl_sighting seen;
            assert_int_equal(cohl_gallery_look(&seen, gallery, frame, NULL), COHL_OK);
            if (seen.picture != i || seen.mirrored != ways[w].mirrored)
                fail_msg("%s: picture %d was seen as %d, %d places agree, %d bits differ", ways[w].name, i,
                         (int)seen.picture, seen.places, seen.bits);
            cohl_frame_free(frame);
        }
    cohl_gallery_free(gallery);
}

static void test_other_pictures_are_not_seen(void **state)
{
    cohl_gallery *gallery = gallery_of(PICTURES);
    for (int i = 1; i <= OTHERS; i++) {
        cohl_frame *frame = picture_of((uint64_t)(1000 + i));
        cohl_sighting seen;
        assert_int_equal(cohl_gallery_look(&seen, gallery, frame, NULL), COHL_OK);
        if (seen.picture)
            fail_msg("picture %d: %d places agree over %.2f, %d bits differ", i, seen.places, (double)seen.share, seen.bits);
        cohl_frame_free(frame);
    }
    cohl_gallery_free(gallery);
}

static void test_a_trace_is_read_back_and_every_cut_of_it_refused(void **state)
{
    cohl_feature_finder *finder;
    cohl_frame *picture = picture_of(1);
    cohl_picture_trace trace, again;
    cohl_text bytes = { 0 }, twice_written = { 0 };
    assert_int_equal(cohl_feature_finder_new(&finder, NULL), COHL_OK);
    assert_int_equal(cohl_picture_trace_of(&trace, finder, picture, "picture", NULL), COHL_OK);
    cohl_picture_trace_write(&bytes, &trace);
    assert_int_equal(cohl_picture_trace_read(&again, bytes.data, bytes.size, NULL), COHL_OK);
    cohl_picture_trace_write(&twice_written, &again);
    assert_int_equal(bytes.size, twice_written.size);
    assert_memory_equal(bytes.data, twice_written.data, bytes.size);
    cohl_picture_trace_free(&again);
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(cohl_picture_trace_read(&again, bytes.data, size, NULL), COHL_ERR_FORMAT);
    cohl_text_free(&bytes);
    cohl_text_free(&twice_written);
    cohl_picture_trace_free(&trace);
    cohl_feature_finder_free(finder);
    cohl_frame_free(picture);
}

/* ---- the list ------------------------------------------------------------------------ */

static char *write_picture(const char *name, uint64_t number)
{
    char *path = path_of(name);
    cohl_frame *picture = picture_of(number);
    assert_int_equal(cohl_still_write(path, picture, NULL, 0, NULL), COHL_OK);
    cohl_frame_free(picture);
    return path;
}

static cohl_status protect(int64_t *id, cohl_store *store, const char *path, int64_t until, cohl_error *err)
{
    cohl_text kept = { 0 };
    cohl_status st = cohl_protect_read(&kept, path, err);
    const cohl_protect_entry entry = { .name = "hamster", .who = "Ann", .why = "our work", .until = until,
                                       .kept = kept.data, .kept_size = kept.size };
    if (!st) st = cohl_protect_say(store, err);
    if (!st) st = cohl_protect_add(id, store, &entry, noon, err);
    cohl_text_free(&kept);
    return st;
}

static bool protects(cohl_store *store, int64_t now)
{
    cohl_gallery *gallery;
    assert_int_equal(cohl_protect_gallery(&gallery, store, now, NULL), COHL_OK);
    cohl_gallery_free(gallery);
    return gallery != NULL;
}

static void test_an_entry_holds_until_its_day_and_until_it_is_removed(void **state)
{
    cohl_store *store;
    cohl_error err = { 0 };
    int64_t first, second, third;
    char *path = write_picture("one.png", 1), *other = write_picture("two.png", 2);
    assert_int_equal(cohl_protect_open(&store, path_of("a.db"), NULL), COHL_OK);
    assert_false(protects(store, noon));
    assert_int_equal(cohl_protect_unread(path_of("a.db"), NULL), COHL_OK);
    if (protect(&first, store, path, noon + 100, &err))
        fail_msg("%s", err.text);
    assert_true(protects(store, noon + 99));
    assert_false(protects(store, noon + 100));
    assert_int_equal(protect(&second, store, path, 0, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "protected already, as number 1"));
    assert_int_equal(protect(&third, store, other, noon, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "a day that is over"));
    assert_int_equal(protect(&second, store, other, 0, &err), COHL_OK);
    assert_int_equal(cohl_protect_unread(path_of("a.db"), &err), COHL_ERR_REFUSED);
    assert_non_null(strstr(err.text, "no film is made"));
    assert_int_equal(cohl_protect_remove(store, first, NULL), COHL_OK);
    assert_int_equal(cohl_protect_remove(store, first, &err), COHL_ERR_ARGUMENT);
    assert_true(protects(store, noon + 1000000));
    assert_int_equal(cohl_protect_remove(store, second, NULL), COHL_OK);
    assert_false(protects(store, noon));
    assert_int_equal(cohl_protect_unread(path_of("a.db"), NULL), COHL_OK);
    cohl_store_close(store);
}

static void test_what_cannot_be_known_again_is_not_protected(void **state)
{
    cohl_frame *plain;
    cohl_text kept = { 0 };
    cohl_error err = { 0 };
    assert_int_equal(cohl_frame_new(&plain, WIDTH, HEIGHT, NULL), COHL_OK);
    cohl_frame_fill(plain, 0, 0, WIDTH, HEIGHT, 0x808080);
    assert_int_equal(cohl_still_write(path_of("plain.png"), plain, NULL, 0, NULL), COHL_OK);
    assert_int_equal(cohl_protect_read(&kept, path_of("plain.png"), &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "too little in it"));
    assert_int_equal(kept.size, 0);
    cohl_frame_free(plain);
}

/* A row that somebody changed: nobody knows what it protected. */
static void test_a_broken_entry_stops_every_film(void **state)
{
    cohl_store *store;
    cohl_gallery *gallery;
    cohl_error err = { 0 };
    int64_t id;
    assert_int_equal(cohl_protect_open(&store, path_of("b.db"), NULL), COHL_OK);
    assert_int_equal(protect(&id, store, write_picture("three.png", 3), 0, NULL), COHL_OK);
    assert_int_equal(cohl_store_do(store, "UPDATE protected SET kept = x'00'", COHL_NO_VALUES, NULL), COHL_OK);
    assert_int_equal(cohl_protect_gallery(&gallery, store, noon, &err), COHL_ERR_REFUSED);
    assert_null(gallery);
    assert_non_null(strstr(err.text, "protected picture 1 cannot be read"));
    cohl_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_picture_is_seen_however_it_was_changed),
        cmocka_unit_test(test_other_pictures_are_not_seen),
        cmocka_unit_test(test_a_trace_is_read_back_and_every_cut_of_it_refused),
        cmocka_unit_test(test_an_entry_holds_until_its_day_and_until_it_is_removed),
        cmocka_unit_test(test_what_cannot_be_known_again_is_not_protected),
        cmocka_unit_test(test_a_broken_entry_stops_every_film),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
