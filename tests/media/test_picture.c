/* Tests of media's pictures: packing, PNG, reading, scaling, font, sheet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "media/ffmpeg.h"
#include "media/font.h"
#include "media/resize.h"
#include "media/sheet.h"
#include "media/still.h"

/* kind 0 noise, 1 flat, 2 slopes, 3 a few colours */
static cohl_frame *picture_of(int width, int height, int kind)
{
    cohl_frame *frame;
    cohl_rng rng = cohl_rng_make(7, (uint64_t)kind);
    assert_int_equal(cohl_frame_new(&frame, width, height, NULL), COHL_OK);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width * 3; x++) {
            uint8_t noise = (uint8_t)cohl_rng_u32(&rng);
            cohl_frame_row(frame, y)[x] = kind == 0 ? noise : kind == 1 ? 200
                                        : kind == 2 ? (uint8_t)(x + y * 2) : noise % 3 * 100;
        }
    return frame;
}

static void test_png_comes_back_as_it_was(void **state)
{
    static const int sizes[][2] = { { 1, 1 }, { 2, 3 }, { 17, 5 }, { 320, 192 }, { 301, 201 },
                                    { 1, 700 }, { 2000, 1 } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int kind = 0; kind < 4; kind++) {
            cohl_frame *out = picture_of(sizes[i][0], sizes[i][1], kind), *in;
            cohl_text bytes = { 0 };
            cohl_error err = { 0 };
            assert_int_equal(cohl_still_encode(&bytes, out, NULL, 0, &err), COHL_OK);
            if (cohl_still_decode(&in, (uint8_t *)bytes.data, bytes.size, "x.png", &err))
                fail_msg("%d x %d kind %d: %s", out->width, out->height, kind, err.text);
            assert_int_equal(in->width, out->width);
            assert_int_equal(in->height, out->height);
            assert_memory_equal(in->rgb, out->rgb, cohl_frame_bytes(out));
            cohl_frame_free(in);
            cohl_frame_free(out);
            cohl_text_free(&bytes);
        }
}

static void test_png_packs_what_repeats(void **state)
{
    cohl_frame *flat = picture_of(320, 192, 1), *few = picture_of(320, 192, 3);
    cohl_text bytes = { 0 };
    assert_int_equal(cohl_still_encode(&bytes, flat, NULL, 0, NULL), COHL_OK);
    assert_true(bytes.size < 1200);
    cohl_text_free(&bytes);
    assert_int_equal(cohl_still_encode(&bytes, few, NULL, 0, NULL), COHL_OK);
    assert_true(bytes.size < cohl_frame_bytes(few) / 4);   /* log2(3) bits a byte: 1/5 at best */
    cohl_text_free(&bytes);
    cohl_frame_free(flat);
    cohl_frame_free(few);
}

static void test_png_carries_its_words(void **state)
{
    static const cohl_tag tags[] = { { "Title", "L'été" }, { COHL_TAG_RECIPE, "{\"seed\":7}" } };
    cohl_frame *frame = picture_of(8, 8, 2);
    cohl_text bytes = { 0 };
    cohl_tags read = { 0 };
    assert_int_equal(cohl_still_encode(&bytes, frame, tags, 2, NULL), COHL_OK);
    assert_int_equal(cohl_still_tags(&read, (uint8_t *)bytes.data, bytes.size, NULL), COHL_OK);
    assert_int_equal(read.count, 2);
    assert_string_equal(cohl_tags_find(&read, "title"), "L'été");
    assert_string_equal(cohl_tags_find(&read, COHL_TAG_RECIPE), "{\"seed\":7}");
    cohl_tags_free(&read);
    for (size_t size = 0; size < bytes.size; size++) {   /* cut anywhere, nothing bad happens */
        uint8_t *part = malloc(size ? size : 1);
        memcpy(part, bytes.data, size);
        assert_int_equal(cohl_still_tags(&read, part, size, NULL), COHL_OK);
        cohl_tags_free(&read);
        free(part);
    }
    cohl_text_free(&bytes);
    assert_int_equal(cohl_still_encode(&bytes, frame, &(cohl_tag){ "", "x" }, 1, NULL),
                     COHL_ERR_ARGUMENT);
    cohl_text_free(&bytes);
    assert_int_equal(cohl_still_encode(&bytes, frame, &(cohl_tag){ "a", "\xff" }, 1, NULL),
                     COHL_ERR_ARGUMENT);
    cohl_text_free(&bytes);
    cohl_frame_free(frame);
}

/* A picture of one colour through one of libavcodec's encoders; false without it. */
static bool encode_with(cohl_text *out, const char *name, enum AVPixelFormat format,
                        const uint8_t *planes, int width, int height)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    if (!codec)
        return false;
    AVCodecContext *encoder = avcodec_alloc_context3(codec);
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = av_packet_alloc();
    encoder->width = frame->width = width;
    encoder->height = frame->height = height;
    encoder->pix_fmt = frame->format = format;
    encoder->time_base = (AVRational){ 1, 25 };
    encoder->color_range = AVCOL_RANGE_JPEG;
    assert_int_equal(avcodec_open2(encoder, codec, NULL), 0);
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int p = 0; p < 4 && frame->data[p]; p++) {
        int rows = p && format != AV_PIX_FMT_RGB24 ? height / 2 : height;
        for (int i = 0; i < rows * frame->linesize[p]; i++)   /* one colour */
            frame->data[p][i] = planes[format == AV_PIX_FMT_RGB24 ? i % 3 : p];
    }
    assert_int_equal(avcodec_send_frame(encoder, frame), 0);
    avcodec_send_frame(encoder, NULL);
    assert_int_equal(avcodec_receive_packet(encoder, packet), 0);
    cohl_text_add_bytes(out, packet->data, (size_t)packet->size);
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&encoder);
    return true;
}

static void assert_colour(const cohl_frame *frame, int x, int y, int r, int g, int b, int near)
{
    const uint8_t *at = cohl_frame_row(frame, y) + 3 * x;
    if (abs(at[0] - r) > near || abs(at[1] - g) > near || abs(at[2] - b) > near)
        fail_msg("pixel %d, %d is %d %d %d, expected %d %d %d", x, y, at[0], at[1], at[2], r, g, b);
}

/* iTXt whose key ends, and nothing after it. */
static void test_a_png_whose_words_do_not_end_has_none(void **state)
{
    static const uint8_t file[] = "\x89PNG\r\n\x1a\n" "\0\0\0\x0a" "iTXt" "Title\0\0\0L2" "\0\0\0\0";
    cohl_tags read = { 0 };
    assert_int_equal(cohl_still_tags(&read, file, sizeof file - 1, NULL), COHL_OK);
    assert_int_equal(read.count, 0);
    cohl_tags_free(&read);
}

static void test_other_formats_are_read(void **state)
{
    /* JPEG's and WebP's YUV of (230, 40, 30): full-range and limited BT.601. */
    static const uint8_t red601[3] = { 96, 91, 224 }, plain[3] = { 230, 40, 30 };
    static const uint8_t grey77[3] = { 77, 77, 77 }, limited601[3] = { 98, 96, 212 };
    static const struct {
        const char *codec;
        enum AVPixelFormat format;
        const uint8_t *planes;
        int near;
    } cases[] = {
        { "mjpeg", AV_PIX_FMT_YUVJ420P, red601, 4 },
        { "bmp", AV_PIX_FMT_BGR24, grey77, 0 },
        { "ppm", AV_PIX_FMT_RGB24, plain, 0 },
        { "png", AV_PIX_FMT_RGB24, plain, 0 },
        { "libwebp", AV_PIX_FMT_YUV420P, limited601, 8 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_text bytes = { 0 };
        cohl_frame *frame;
        cohl_error err = { 0 };
        bool grey = cases[i].format == AV_PIX_FMT_BGR24;
        if (!encode_with(&bytes, cases[i].codec, cases[i].format, cases[i].planes, 48, 32))
            continue;
        if (cohl_still_decode(&frame, (uint8_t *)bytes.data, bytes.size, cases[i].codec, &err))
            fail_msg("%s", err.text);
        assert_int_equal(frame->width, 48);
        assert_int_equal(frame->height, 32);
        if (grey)
            assert_colour(frame, 20, 10, 77, 77, 77, 0);
        else
            assert_colour(frame, 20, 10, 230, 40, 30, cases[i].near);
        cohl_frame_free(frame);
        cohl_text_free(&bytes);
    }
}

static void test_a_photograph_is_turned_upright(void **state)
{
    /* APP1: Exif, big-endian, one entry: Orientation (0x112) = 6, a quarter turn right */
    static const uint8_t exif[] = {
        0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
        0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0 };
    cohl_text plain = { 0 }, turned = { 0 };
    cohl_frame *frame;
    if (!encode_with(&plain, "mjpeg", AV_PIX_FMT_YUVJ420P, (const uint8_t[]){ 90, 128, 128 }, 48, 32))
        skip();
    cohl_text_add_bytes(&turned, plain.data, 2);
    cohl_text_add_bytes(&turned, exif, sizeof exif);
    cohl_text_add_bytes(&turned, plain.data + 2, plain.size - 2);
    assert_int_equal(cohl_still_decode(&frame, (uint8_t *)turned.data, turned.size, "x", NULL),
                     COHL_OK);
    assert_int_equal(frame->width, 32);
    assert_int_equal(frame->height, 48);
    cohl_frame_free(frame);
    cohl_text_free(&plain);
    cohl_text_free(&turned);
}

/* All eight ways along the axes: what a matrix says of a place is where its pixel is found. */
static void test_a_display_matrix_turns_and_mirrors(void **state)
{
    enum { WIDTH = 3, HEIGHT = 2 };
    for (int way = 0; way < 8; way++) {
        int first = way & 1 ? -1 : 1, second = way & 2 ? -1 : 1;
        bool swaps = way & 4;
        int a = swaps ? 0 : first, b = swaps ? first : 0, c = swaps ? second : 0, d = swaps ? 0 : second;
        const int32_t matrix[9] = { a * 65536, b * 65536, 0, c * 65536, d * 65536, 0, 0, 0, 1 << 30 };
        cohl_frame *frame = picture_of(WIDTH, HEIGHT, 0), *turned;
        assert_int_equal(cohl_frame_copy(&turned, frame, NULL), COHL_OK);
        assert_int_equal(cohl_ffmpeg_turn(&turned, cohl_ffmpeg_turns(matrix), NULL), COHL_OK);
        assert_int_equal(turned->width, swaps ? HEIGHT : WIDTH);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                int to_x = a * x + c * y, to_y = b * x + d * y;
                to_x += a + c < 0 ? turned->width - 1 : 0, to_y += b + d < 0 ? turned->height - 1 : 0;
                assert_memory_equal(cohl_frame_row(turned, to_y) + 3 * to_x, cohl_frame_row(frame, y) + 3 * x, 3);
            }
        cohl_frame_free(frame);
        cohl_frame_free(turned);
    }
}

static void test_grey_has_all_levels(void **state)
{
    cohl_text bytes = { 0 };
    cohl_frame *frame;
    if (!encode_with(&bytes, "png", AV_PIX_FMT_GRAY8, (const uint8_t[]){ 77 }, 16, 16))
        skip();
    assert_int_equal(cohl_still_decode(&frame, (uint8_t *)bytes.data, bytes.size, "x", NULL), COHL_OK);
    assert_colour(frame, 3, 3, 77, 77, 77, 0);
    cohl_frame_free(frame);
    cohl_text_free(&bytes);
}

static void test_what_is_transparent_shows_white(void **state)
{
    /* 24-bit PAM is not read; a PNG with alpha is, made by libavcodec */
    cohl_text bytes = { 0 };
    cohl_frame *frame;
    if (!encode_with(&bytes, "png", AV_PIX_FMT_RGBA, (const uint8_t[]){ 0 }, 16, 16))
        skip();
    assert_int_equal(cohl_still_decode(&frame, (uint8_t *)bytes.data, bytes.size, "x", NULL),
                     COHL_OK);
    assert_colour(frame, 3, 3, 255, 255, 255, 0);
    cohl_frame_free(frame);
    cohl_text_free(&bytes);
}

static void test_what_is_no_picture_is_refused_in_a_sentence(void **state)
{
    uint8_t huge[64] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D',
                         'R', 0, 0, 0x9c, 0x40, 0, 0, 0x9c, 0x40, 8, 2 };   /* 40000 x 40000 */
    const struct { const char *about; const void *bytes; size_t size; const char *says; } cases[] = {
        { "empty", "", 0, "not a picture that can be read" },
        { "text", "hello, world", 12, "expected PNG, JPEG, WebP, BMP or PPM" },
        { "cut png", "\x89PNG\r\n\x1a\n", 8, "broken PNG" },
        { "huge png", huge, sizeof huge, "x.png: not a picture" },
        { "cut jpeg", "\xff\xd8\xff\xe0", 4, "broken JPEG" },
        { "bad bmp", "BM______________________________________________________", 56, "broken BMP" },
        { "huge ppm", "P6 60000 60000 255\n", 19, "broken PPM" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_frame *frame = (void *)1;
        cohl_error err = { 0 };
        uint8_t *own = malloc(cases[i].size + 1);
        memcpy(own, cases[i].bytes, cases[i].size);
        assert_int_equal(cohl_still_decode(&frame, own, cases[i].size, "x.png", &err),
                         COHL_ERR_FORMAT);
        assert_null(frame);
        if (!strstr(err.text, cases[i].says) || !strstr(err.text, "x.png: "))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].about, err.text, cases[i].says);
        free(own);
    }
    cohl_frame *frame;
    assert_int_equal(cohl_still_read(&frame, "/nowhere/x.png", NULL), COHL_ERR_IO);
}

static void test_a_broken_png_never_gives_half_a_picture(void **state)
{
    cohl_frame *out = picture_of(40, 30, 2), *in;
    cohl_text bytes = { 0 };
    assert_int_equal(cohl_still_encode(&bytes, out, NULL, 0, NULL), COHL_OK);
    for (size_t size = 0; size + 12 < bytes.size; size += 7) {
        uint8_t *part = malloc(size + 1);
        memcpy(part, bytes.data, size);
        if (cohl_still_decode(&in, part, size, "x", NULL) == COHL_OK)
            fail_msg("%zu of %zu bytes were taken for a picture", size, bytes.size);
        free(part);
    }
    cohl_text_free(&bytes);
    cohl_frame_free(out);
}

static void test_scaling_keeps_flat_colours_flat(void **state)
{
    static const int sizes[][4] = { { 7, 5, 3, 2 }, { 3, 2, 64, 40 }, { 320, 192, 33, 21 },
                                    { 1, 1, 9, 9 }, { 50, 50, 50, 50 }, { 1000, 3, 1, 7 } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cohl_frame *from = picture_of(sizes[i][0], sizes[i][1], 1), *to;
        assert_int_equal(cohl_frame_new(&to, sizes[i][2], sizes[i][3], NULL), COHL_OK);
        assert_int_equal(cohl_resize(to, from, NULL), COHL_OK);
        for (size_t p = 0; p < cohl_frame_bytes(to); p++)
            assert_int_equal(to->rgb[p], 200);
        assert_int_equal(cohl_resize_cover(to, from, NULL), COHL_OK);
        for (size_t p = 0; p < cohl_frame_bytes(to); p++)
            assert_int_equal(to->rgb[p], 200);
        cohl_frame_free(from);
        cohl_frame_free(to);
    }
}

static void test_shrinking_averages_and_the_same_size_copies(void **state)
{
    cohl_frame *from = picture_of(4, 2, 0), *half, *same;
    assert_int_equal(cohl_frame_new(&half, 2, 1, NULL), COHL_OK);
    assert_int_equal(cohl_frame_new(&same, 4, 2, NULL), COHL_OK);
    assert_int_equal(cohl_resize(half, from, NULL), COHL_OK);
    assert_int_equal(cohl_resize(same, from, NULL), COHL_OK);
    assert_memory_equal(same->rgb, from->rgb, cohl_frame_bytes(from));
    for (int x = 0; x < 2; x++)
        for (int c = 0; c < 3; c++) {
            const uint8_t *a = cohl_frame_row(from, 0) + 6 * x + c, *b = cohl_frame_row(from, 1) + 6 * x + c;
            int mean = a[0] + a[3] + b[0] + b[3];
            assert_true(abs(4 * half->rgb[3 * x + c] - mean) <= 3);
        }
    cohl_frame_free(from);
    cohl_frame_free(half);
    cohl_frame_free(same);
}

static void test_covering_cuts_the_middle(void **state)
{
    cohl_frame *from, *to;
    assert_int_equal(cohl_frame_new(&from, 90, 30, NULL), COHL_OK);
    assert_int_equal(cohl_frame_new(&to, 15, 15, NULL), COHL_OK);
    cohl_frame_fill(from, 30, 0, 30, 30, 0xff8000);
    assert_int_equal(cohl_resize_cover(to, from, NULL), COHL_OK);
    assert_colour(to, 0, 0, 255, 128, 0, 0);
    assert_colour(to, 14, 14, 255, 128, 0, 0);
    cohl_frame_free(from);
    cohl_frame_free(to);
}

static int ink(const cohl_frame *frame)
{
    int dots = 0;
    for (size_t i = 0; i < cohl_frame_bytes(frame); i += 3)
        dots += frame->rgb[i] != 0;
    return dots;
}

static void test_every_letter_is_drawn_and_differs(void **state)
{
    static const char *french[] = { "é", "è", "ê", "ë", "à", "ç", "ô", "î", "ï", "û", "e" };
    cohl_frame *before = NULL, *frame;
    for (int c = '!'; c <= '~'; c++) {
        char text[2] = { (char)c, 0 };
        assert_int_equal(cohl_frame_new(&frame, 6, 10, NULL), COHL_OK);
        assert_int_equal(cohl_font_draw(frame, 0, 0, 1, 0xffffff, text, 1), 1);
        assert_true(ink(frame) > 0);
        if (before)
            assert_true(memcmp(before->rgb, frame->rgb, cohl_frame_bytes(frame)));
        cohl_frame_free(before);
        before = frame;
    }
    for (size_t i = 0; i < sizeof french / sizeof *french; i++) {
        assert_int_equal(cohl_frame_new(&frame, 6, 10, NULL), COHL_OK);
        assert_int_equal(cohl_font_draw(frame, 0, 0, 1, 0xffffff, french[i], 1),
                         strlen(french[i]));
        assert_true(memcmp(before->rgb, frame->rgb, cohl_frame_bytes(frame)));
        cohl_frame_free(before);
        before = frame;
    }
    cohl_frame_free(before);
}

static void test_words_wrap_at_spaces(void **state)
{
    static const struct { const char *text; int letters; size_t fits; } cases[] = {
        { "", 5, 0 }, { "abc", 5, 3 }, { "ab cd ef", 5, 5 }, { "ab cd ef", 4, 2 },
        { "abcdefgh", 5, 5 }, { "a\nbc", 5, 1 }, { "été ici", 4, 5 }, { "abcde f", 5, 5 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (cohl_font_fit(cases[i].text, cases[i].letters) != cases[i].fits)
            fail_msg("\"%s\" in %d: %zu, expected %zu", cases[i].text, cases[i].letters,
                     cohl_font_fit(cases[i].text, cases[i].letters), cases[i].fits);
}

static void test_a_sheet_has_its_pictures_where_they_belong(void **state)
{
    cohl_sheet_params params = cohl_sheet_params_default();
    cohl_frame *sheet, *again, *colour[5];
    cohl_sheet_cell cells[5];
    params.columns = 3, params.cell_width = 40, params.title = "five";
    for (int i = 0; i < 5; i++) {
        assert_int_equal(cohl_frame_new(&colour[i], 80, 48, NULL), COHL_OK);
        cohl_frame_fill(colour[i], 0, 0, 80, 48, (uint32_t)(i * 40 + 10) << 16);
        cells[i] = (cohl_sheet_cell){ i == 3 ? NULL : colour[i], i == 1 ? "two words" : NULL };
    }
    assert_int_equal(cohl_sheet_new(&sheet, cells, 5, &params, NULL), COHL_OK);
    assert_int_equal(sheet->width, 3 * 48 + 8);
    int line = COHL_FONT_HEIGHT, top = 8 + line + 8, step = 24 + 8 + 2 * line + 2;
    assert_int_equal(sheet->height, top + 2 * step);
    assert_colour(sheet, 8, top, 10, 0, 0, 0);
    assert_colour(sheet, 8 + 48 + 39, top + 23, 50, 0, 0, 0);
    assert_colour(sheet, 8 + 48 + 40, top + 23, 0xf4, 0xef, 0xe4, 0);
    assert_colour(sheet, 8, top + step, 0xf4, 0xef, 0xe4, 0);
    assert_colour(sheet, 8 + 48, top + step, 170, 0, 0, 0);
    assert_int_equal(cohl_sheet_new(&again, cells, 5, &params, NULL), COHL_OK);
    assert_memory_equal(sheet->rgb, again->rgb, cohl_frame_bytes(sheet));
    cohl_frame_free(sheet);
    cohl_frame_free(again);
    assert_int_equal(cohl_sheet_new(&sheet, &cells[3], 1, &params, NULL), COHL_ERR_ARGUMENT);
    params.cell_width = 12000;
    assert_int_equal(cohl_sheet_new(&sheet, cells, 5, &params, NULL), COHL_ERR_ARGUMENT);
    for (int i = 0; i < 5; i++)
        cohl_frame_free(colour[i]);
}

static void test_a_sheet_shows_the_first_and_the_last_frame(void **state)
{
    for (int frames = 1; frames < 200; frames++) {
        int places = frames < 12 ? frames : 12;
        assert_int_equal(cohl_sheet_pick(0, places, frames), 0);
        assert_int_equal(cohl_sheet_pick(places - 1, places, frames), frames - 1);
        for (int i = 1; i < places; i++)
            assert_true(cohl_sheet_pick(i, places, frames) > cohl_sheet_pick(i - 1, places, frames));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png_comes_back_as_it_was),
        cmocka_unit_test(test_png_packs_what_repeats),
        cmocka_unit_test(test_png_carries_its_words),
        cmocka_unit_test(test_a_png_whose_words_do_not_end_has_none),
        cmocka_unit_test(test_other_formats_are_read),
        cmocka_unit_test(test_a_photograph_is_turned_upright),
        cmocka_unit_test(test_a_display_matrix_turns_and_mirrors),
        cmocka_unit_test(test_grey_has_all_levels),
        cmocka_unit_test(test_what_is_transparent_shows_white),
        cmocka_unit_test(test_what_is_no_picture_is_refused_in_a_sentence),
        cmocka_unit_test(test_a_broken_png_never_gives_half_a_picture),
        cmocka_unit_test(test_scaling_keeps_flat_colours_flat),
        cmocka_unit_test(test_shrinking_averages_and_the_same_size_copies),
        cmocka_unit_test(test_covering_cuts_the_middle),
        cmocka_unit_test(test_every_letter_is_drawn_and_differs),
        cmocka_unit_test(test_words_wrap_at_spaces),
        cmocka_unit_test(test_a_sheet_has_its_pictures_where_they_belong),
        cmocka_unit_test(test_a_sheet_shows_the_first_and_the_last_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
