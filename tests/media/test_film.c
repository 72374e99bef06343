/* Tests of media's films: round trips, same bytes, metadata, refusals. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../folder.h"
#include "base/file.h"
#include "media/reader.h"
#include "media/still.h"
#include "media/writer.h"

enum { WIDTH = 160, HEIGHT = 96, FRAMES = 20 };

static const cohl_tag tags[] = { { "title", "Un été" }, { "comment", "made by a machine" },
                                 { COHL_TAG_RECIPE, "{\"seed\":7,\"prompt\":\"a red balloon\"}" } };
static const char corpus[] = COHL_CORPUS;   /* fuzz/corpus/film */

/* A disc crosses a slope of colours. */
static cohl_frame *scene(int index, int width, int height)
{
    cohl_frame *frame;
    assert_int_equal(cohl_frame_new(&frame, width, height, NULL), COHL_OK);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint8_t *at = cohl_frame_row(frame, y) + 3 * x;
            int dx = x - 4 * index - 20, dy = y - height / 2;
            int disc = dx * dx + dy * dy < 500;
            at[0] = (uint8_t)(disc ? 220 : x * 200 / width);
            at[1] = (uint8_t)(disc ? 40 : y * 200 / height);
            at[2] = (uint8_t)(disc ? 60 : 120);
        }
    return frame;
}

static cohl_status write_film(const char *path, int frames, double fps, cohl_film_report *report,
                              cohl_error *err)
{
    cohl_film_params params = { WIDTH, HEIGHT, fps, -1, tags, 3 };
    cohl_film_target target;
    cohl_film_writer *writer = NULL;
    cohl_status st = cohl_film_target_parse(&target, path, err);
    if (st)
        return st;
    st = cohl_film_writer_open(&writer, &target, &params, err);
    for (int i = 0; !st && i < frames; i++) {
        cohl_frame *frame = scene(i, WIDTH, HEIGHT);
        st = cohl_film_writer_put(writer, frame, err);
        cohl_frame_free(frame);
    }
    st = cohl_film_writer_close(writer, st, report, err);
    cohl_film_target_free(&target);
    return st;
}

static double psnr(const cohl_frame *a, const cohl_frame *b)
{
    double sum = 0;
    for (size_t i = 0; i < cohl_frame_bytes(a); i++)
        sum += (a->rgb[i] - b->rgb[i]) * (a->rgb[i] - b->rgb[i]);
    return 10 * log10(255.0 * 255.0 / (sum / (double)cohl_frame_bytes(a) + 1e-9));
}

static void test_every_film_comes_back(void **state)
{
    static const struct { const char *name; double fps, least_psnr; bool all_tags; } cases[] = {
        { "a.mp4", 16, 30, true }, { "b.mp4", 23.976, 30, true }, { "a.webm", 25, 30, true },
        { "a.mov", 16, 33, true }, { "a.gif", 10, 24, false } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_film_report report;
        cohl_film_reader *reader;
        cohl_error err = { 0 };
        cohl_frame *frame;
        bool more = true;
        int read = 0;
        const char *path = path_of(cases[i].name);
        if (write_film(path, FRAMES, cases[i].fps, &report, &err) ||
            cohl_film_reader_open(&reader, path, 0, 0, &err))
            fail_msg("%s", err.text);
        const cohl_film_info *info = cohl_film_reader_info(reader);
        assert_int_equal(report.frames, FRAMES);
        assert_true(report.bytes > 500);
        assert_int_equal(info->width, WIDTH);
        assert_int_equal(info->height, HEIGHT);
        assert_true(fabs(info->fps - cases[i].fps) < 0.01);
        assert_true(llabs(info->frames - FRAMES) <= 0);
        assert_true(fabs(info->seconds - FRAMES / cases[i].fps) < 0.03);
        if (cases[i].all_tags) {
            assert_string_equal(cohl_tags_find(&info->tags, "title"), tags[0].value);
            assert_string_equal(cohl_tags_find(&info->tags, "comment"), tags[1].value);
            assert_string_equal(cohl_tags_find(&info->tags, COHL_TAG_RECIPE), tags[2].value);
        } else {
            assert_string_equal(cohl_tags_find(&info->tags, "comment"), tags[2].value);
        }
        assert_null(cohl_tags_find(&info->tags, "creation_time"));
        assert_int_equal(cohl_frame_new(&frame, WIDTH, HEIGHT, NULL), COHL_OK);
        while (!cohl_film_reader_next(reader, frame, &more, &err) && more) {
            cohl_frame *wanted = scene(read, WIDTH, HEIGHT);
            double found = psnr(frame, wanted);
            if (found < cases[i].least_psnr)
                fail_msg("%s: frame %d at %.1f dB", path, read, found);
            assert_true(fabs(cohl_film_reader_seconds(reader) - read / cases[i].fps) < 0.02);
            cohl_frame_free(wanted);
            read++;
        }
        assert_int_equal(read, FRAMES);
        cohl_frame_free(frame);
        cohl_film_reader_close(reader);
    }
}

static void test_a_folder_of_pictures_comes_back_exactly(void **state)
{
    cohl_error err = { 0 };
    if (write_film(path_of("shot/take%03d.png"), 3, 16, NULL, &err))
        fail_msg("%s", err.text);
    for (int i = 0; i < 3; i++) {
        char name[32];
        cohl_frame *frame, *wanted = scene(i, WIDTH, HEIGHT);
        cohl_tags words = { 0 };
        char *bytes;
        size_t size;
        snprintf(name, sizeof name, "shot/take%03d.png", i);
        assert_int_equal(cohl_still_read(&frame, path_of(name), &err), COHL_OK);
        assert_memory_equal(frame->rgb, wanted->rgb, cohl_frame_bytes(frame));
        assert_int_equal(cohl_file_read(&bytes, &size, path_of(name), 1 << 20, NULL), COHL_OK);
        assert_int_equal(cohl_still_tags(&words, (uint8_t *)bytes, size, NULL), COHL_OK);
        assert_string_equal(cohl_tags_find(&words, COHL_TAG_RECIPE), tags[2].value);
        cohl_tags_free(&words);
        free(bytes);
        cohl_frame_free(frame);
        cohl_frame_free(wanted);
    }
}

static void test_frames_are_read_at_the_size_asked_for(void **state)
{
    static const int sizes[][4] = { { 80, 48, 80, 48 }, { 40, 0, 40, 24 }, { 0, 192, 320, 192 } };
    assert_int_equal(write_film(path_of("size.mp4"), 2, 16, NULL, NULL), COHL_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cohl_film_reader *reader;
        cohl_frame *frame, *small;
        bool more;
        assert_int_equal(cohl_film_reader_open(&reader, path_of("size.mp4"), sizes[i][0],
                                               sizes[i][1], NULL), COHL_OK);
        const cohl_film_info *info = cohl_film_reader_info(reader);
        assert_int_equal(info->width, sizes[i][2]);
        assert_int_equal(info->height, sizes[i][3]);
        assert_int_equal(info->native_width, WIDTH);
        assert_int_equal(cohl_frame_new(&frame, info->width, info->height, NULL), COHL_OK);
        assert_int_equal(cohl_frame_new(&small, 8, 8, NULL), COHL_OK);
        assert_int_equal(cohl_film_reader_next(reader, small, &more, NULL), COHL_ERR_ARGUMENT);
        assert_int_equal(cohl_film_reader_next(reader, frame, &more, NULL), COHL_OK);
        assert_true(more);
        cohl_frame_free(frame);
        cohl_frame_free(small);
        cohl_film_reader_close(reader);
    }
}

static void test_same_frames_same_bytes_on_any_processors(void **state)
{
    static const char *endings[] = { "mp4", "webm", "mov", "gif" };
    cpu_set_t all, one;
    sched_getaffinity(0, sizeof all, &all);
    CPU_ZERO(&one);
    for (int c = 0; c < CPU_SETSIZE && !CPU_COUNT(&one); c++)
        if (CPU_ISSET(c, &all))
            CPU_SET(c, &one);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char name[2][32], *bytes[2];
        size_t size[2];
        cohl_film_report report[2];
        for (int k = 0; k < 2; k++) {
            snprintf(name[k], sizeof name[k], "%s%d.%s", k ? "longer" : "s", k, endings[i]);
            sched_setaffinity(0, sizeof one, k ? &one : &all);
            assert_int_equal(write_film(path_of(name[k]), 60, 16, &report[k], NULL), COHL_OK);
            sched_setaffinity(0, sizeof all, &all);
            assert_int_equal(cohl_file_read(&bytes[k], &size[k], path_of(name[k]), 1 << 24, NULL),
                             COHL_OK);
        }
        if (size[0] != size[1] || memcmp(bytes[0], bytes[1], size[0]))
            fail_msg("two %s of the same frames differ", endings[i]);
        assert_string_equal(report[0].packets, report[1].packets);
        free(bytes[0]);
        free(bytes[1]);
    }
}

static void test_mp4_begins_with_its_index(void **state)
{
    char *bytes;
    size_t size;
    assert_int_equal(write_film(path_of("fast.mp4"), 4, 16, NULL, NULL), COHL_OK);
    assert_int_equal(cohl_file_read(&bytes, &size, path_of("fast.mp4"), 1 << 24, NULL), COHL_OK);
    char *index = memmem(bytes, size, "moov", 4), *data = memmem(bytes, size, "mdat", 4);
    assert_true(index && data && index < data);
    free(bytes);
}

static void test_a_target_is_read_off_its_name(void **state)
{
    static const struct { const char *path, *format, *place, *prefix; int digits; } cases[] = {
        { "a.mp4", "mp4", "a.mp4", "", 0 }, { "A.MP4", "mp4", "A.MP4", "", 0 },
        { "d/a.webm", "webm", "d/a.webm", "", 0 }, { "a.gif", "gif", "a.gif", "", 0 },
        { "shot/", "folder", "shot", "frame", 5 }, { "d/s//", "folder", "d/s", "frame", 5 },
        { "s/t%04d.png", "folder", "s", "t", 4 }, { "t%d.png", "folder", ".", "t", 1 },
        { "one.png", "still", "one.png", "", 0 }, { "d%/a.mp4", "mp4", "d%/a.mp4", "", 0 },
    };
    static const char *wrong[] = { "", "a", "a.avi", "mp4", "s/t%s.png", "t%4d%4d.png",
                                   "t%99d.png", "t%04d.jpg", "t%n.png" };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_film_target target;
        if (cohl_film_target_parse(&target, cases[i].path, NULL))
            fail_msg("%s was refused", cases[i].path);
        assert_string_equal(target.format->name, cases[i].format);
        assert_string_equal(target.place, cases[i].place);
        assert_string_equal(target.prefix, cases[i].prefix);
        assert_int_equal(target.digits, cases[i].digits);
        cohl_film_target_free(&target);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cohl_film_target target;
        cohl_error err = { 0 };
        if (cohl_film_target_parse(&target, wrong[i], &err) != COHL_ERR_ARGUMENT)
            fail_msg("\"%s\" was taken", wrong[i]);
    }
    cohl_film_target target;
    cohl_error err = { 0 };
    cohl_film_target_parse(&target, "a.avi", &err);
    assert_string_equal(err.text, "a.avi: the ending says no known format, expected .mp4, .webm, .mov, "
                                  ".gif, / or .png");
}

static void test_sizes_and_rates_that_cannot_be_are_refused(void **state)
{
    static const struct { const char *path; int width, height; double fps; int crf; } cases[] = {
        { "a.mp4", 321, 192, 16, -1 }, { "a.mp4", 320, 191, 16, -1 }, { "a.webm", 33, 33, 16, -1 },
        { "a.gif", 0, 16, 16, -1 }, { "a.mp4", 99999, 16, 16, -1 }, { "a.mp4", 320, 192, 0, -1 },
        { "a.mp4", 320, 192, NAN, -1 }, { "a.mp4", 320, 192, 1000, -1 },
        { "a.mp4", 320, 192, 16, 52 }, { "a.mp4", 16384, 16384, 16, -1 }, { "a.gif", 320, 192, 60, -1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_film_params params = { cases[i].width, cases[i].height, cases[i].fps, cases[i].crf,
                                    NULL, 0 };
        cohl_film_target target;
        assert_int_equal(cohl_film_target_parse(&target, cases[i].path, NULL), COHL_OK);
        if (cohl_film_params_check(&target, &params, NULL) != COHL_ERR_ARGUMENT)
            fail_msg("case %zu was taken", i);
        cohl_film_target_free(&target);
    }
}

static void test_what_is_no_film_is_refused_in_a_sentence(void **state)
{
    static const struct { const char *name, *bytes; } cases[] = {
        { "empty.mp4", "" }, { "text.mp4", "not a film at all, only words and words" },
        { "list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n/etc/passwd\n" },
        { "list.ffconcat", "ffconcat version 1.0\nfile /etc/passwd\n" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_film_reader *reader;
        cohl_error err = { 0 };
        assert_int_equal(cohl_file_write(path_of(cases[i].name), cases[i].bytes,
                                         strlen(cases[i].bytes), NULL), COHL_OK);
        if (cohl_film_reader_open(&reader, path_of(cases[i].name), 0, 0, &err) != COHL_ERR_FORMAT)
            fail_msg("%s: \"%s\"", cases[i].name, err.text);
        assert_non_null(strstr(err.text, "not a film that can be read"));
        assert_null(reader);
    }
    cohl_film_reader *reader;
    assert_int_equal(cohl_film_reader_open(&reader, "http://127.0.0.1/x.mp4", 0, 0, NULL),
                     COHL_ERR_IO);
}

static void test_a_film_cut_short_ends_or_fails_but_never_worse(void **state)
{
    char *bytes;
    size_t size;
    assert_int_equal(write_film(path_of("whole.mp4"), 10, 16, NULL, NULL), COHL_OK);
    assert_int_equal(cohl_file_read(&bytes, &size, path_of("whole.mp4"), 1 << 24, NULL), COHL_OK);
    for (size_t part = 0; part < size; part += size / 23 + 1) {
        cohl_film_reader *reader;
        cohl_frame *frame;
        bool more = true;
        assert_int_equal(cohl_file_write(path_of("part.mp4"), bytes, part, NULL), COHL_OK);
        if (cohl_film_reader_open(&reader, path_of("part.mp4"), 0, 0, NULL))
            continue;
        const cohl_film_info *info = cohl_film_reader_info(reader);
        assert_int_equal(cohl_frame_new(&frame, info->width, info->height, NULL), COHL_OK);
        for (int i = 0; more && i < 100; i++)
            if (cohl_film_reader_next(reader, frame, &more, NULL))
                break;
        cohl_frame_free(frame);
        cohl_film_reader_close(reader);
    }
    free(bytes);
}

/* ---- films of other makers ------------------------------------------------- */

static void test_films_of_phones_and_cameras_come_as_they_are_shown(void **state)
{
    static const struct { const char *name; int width, height, pictures; double last; } cases[] = {
        { "small.mp4", 64, 48, 8, 0.7 }, { "turned.mp4", 48, 64, 8, 0.7 }, { "wide.mp4", 128, 48, 3, 0.2 },
        { "deep.mkv", 64, 48, 3, 0.2 }, { "uneven.mkv", 64, 48, 4, 0.7 }, { "small.gif", 64, 48, 3, 0.2 },
        { "small.webm", 64, 48, 3, 0.2 }, { "small.avi", 64, 48, 5, 0.4 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[256];
        cohl_film_reader *reader;
        cohl_frame *frame;
        cohl_error err = { 0 };
        bool more = true;
        int pictures = 0;
        snprintf(path, sizeof path, "%s/%s", corpus, cases[i].name);
        if (cohl_film_reader_open(&reader, path, 0, 0, &err))
            fail_msg("%s", err.text);
        const cohl_film_info *info = cohl_film_reader_info(reader);
        if (info->width != cases[i].width || info->height != cases[i].height)
            fail_msg("%s: %d x %d", path, info->width, info->height);
        assert_int_equal(cohl_frame_new(&frame, info->width, info->height, NULL), COHL_OK);
        while (!cohl_film_reader_next(reader, pictures % 2 ? NULL : frame, &more, &err) && more)
            pictures++;
        assert_int_equal(pictures, cases[i].pictures);
        if (fabs(cohl_film_reader_seconds(reader) - cases[i].last) > 0.02)
            fail_msg("%s: the last picture stands at %g s", path, cohl_film_reader_seconds(reader));
        cohl_frame_free(frame);
        cohl_film_reader_close(reader);
    }
}

/* FFmpeg's test picture has red at the right of its upper half, which turned stands below. */
static void test_a_turned_film_is_turned_the_right_way(void **state)
{
    static const char *const names[] = { "small.mp4", "turned.mp4" };
    cohl_frame *frame[2];
    for (int i = 0; i < 2; i++) {
        char path[256];
        cohl_film_reader *reader;
        bool more;
        snprintf(path, sizeof path, "%s/%s", corpus, names[i]);
        assert_int_equal(cohl_film_reader_open(&reader, path, 0, 0, NULL), COHL_OK);
        assert_int_equal(cohl_frame_new(&frame[i], i ? 48 : 64, i ? 64 : 48, NULL), COHL_OK);
        assert_int_equal(cohl_film_reader_next(reader, frame[i], &more, NULL), COHL_OK);
        cohl_film_reader_close(reader);
    }
    /* displayed a quarter counter-clockwise: the right edge becomes the upper one */
    for (int y = 0; y < 64; y++)
        assert_memory_equal(cohl_frame_row(frame[1], y) + 3 * 10, cohl_frame_row(frame[0], 10) + 3 * (63 - y), 3);
    cohl_frame_free(frame[0]);
    cohl_frame_free(frame[1]);
}

static void test_sound_alone_is_no_film(void **state)
{
    char path[256];
    cohl_film_reader *reader;
    cohl_error err = { 0 };
    snprintf(path, sizeof path, "%s/sound.mkv", corpus);
    assert_int_equal(cohl_film_reader_open(&reader, path, 0, 0, &err), COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "holds no picture"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_film_comes_back),
        cmocka_unit_test(test_a_folder_of_pictures_comes_back_exactly),
        cmocka_unit_test(test_frames_are_read_at_the_size_asked_for),
        cmocka_unit_test(test_same_frames_same_bytes_on_any_processors),
        cmocka_unit_test(test_mp4_begins_with_its_index),
        cmocka_unit_test(test_a_target_is_read_off_its_name),
        cmocka_unit_test(test_sizes_and_rates_that_cannot_be_are_refused),
        cmocka_unit_test(test_what_is_no_film_is_refused_in_a_sentence),
        cmocka_unit_test(test_a_film_cut_short_ends_or_fails_but_never_worse),
        cmocka_unit_test(test_films_of_phones_and_cameras_come_as_they_are_shown),
        cmocka_unit_test(test_a_turned_film_is_turned_the_right_way),
        cmocka_unit_test(test_sound_alone_is_no_film),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
