/* fuzz_film.c - any bytes, taken for a film that is given: frames or a refusal, never more.
 *
 * The bytes lie in a file without a name. Few pictures are read, and none of large films: how long
 * a decoder may work is not what is tested. */
#define _GNU_SOURCE
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/clip.h"
#include "media/reader.h"

enum { PICTURES = 12, PIXELS_MAX = 1 << 18 };

/* The first pictures; whether there were few of a small film. */
static int read_some(const char *path)
{
    cohl_film_reader *reader;
    cohl_frame *frame = NULL;
    cohl_error err = { 0 };
    int count = 0;
    if (cohl_film_reader_open(&reader, path, 0, 0, &err)) {
        assert(err.text[0]);
        return 0;
    }
    const cohl_film_info *info = cohl_film_reader_info(reader);
    assert(info->width >= 1 && info->height >= 1 && info->width <= COHL_FRAME_SIDE_MAX);
    int small = (int64_t)info->width * info->height <= PIXELS_MAX;
    if (small && !cohl_frame_new(&frame, info->width, info->height, NULL))
        for (bool more = true; more && count < PICTURES; count += more)
            if (cohl_film_reader_next(reader, count % 2 ? frame : NULL, &more, NULL))
                break;
    cohl_frame_free(frame);
    cohl_film_reader_close(reader);
    return small && count < PICTURES;
}

/* As a film to go on from: at some moments, and one before them. */
static void read_moments(const char *path)
{
    static const double moments[] = { 0, 0.05, 0.3, 0.1, 1e9 };
    engine_clip *clip;
    cohl_error err = { 0 };
    const cohl_frame *frame;
    if (engine_clip_open(&clip, path, 32, 32, &err)) {
        assert(err.text[0]);
        return;
    }
    assert(engine_clip_pictures(clip) >= 1 && engine_clip_seconds(clip) >= 0);
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        if (!engine_clip_at(clip, moments[i], &frame, NULL))
            assert(frame->width == 32 && frame->height == 32);
    engine_clip_close(clip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int file = memfd_create("film", 0);
    if (file < 0)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (write(file, data, size) == (ssize_t)size && read_some(path))
        read_moments(path);
    close(file);
    return 0;
}
