/* clip.c - a film or picture that was given, as frames of the size and at the seconds one asks for. */
#define _GNU_SOURCE
#include "engine/clip.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/reader.h"
#include "media/resize.h"
#include "media/still.h"

/* Containers round a picture's time, Matroska to whole milliseconds. */
static const double TIME_TOLERANCE = 2e-3;

struct engine_clip {
    char  *path;
    int    width, height;             /* wanted */
    int    native_width, native_height;
    int    pictures;
    double seconds, shortest, longest;
    cohl_frame *fitted;
    double fitted_second;             /* of the picture in `fitted`; < 0: none */

    /* while it is read */
    cohl_film_reader *reader;
    cohl_frame *now, *next;           /* as they are in the film */
    double now_second, next_second;
    bool   has_next;
    bool   picture;
};

void engine_clip_close(engine_clip *clip)
{
    if (!clip)
        return;
    cohl_film_reader_close(clip->reader);
    cohl_frame_free(clip->now);
    cohl_frame_free(clip->next);
    cohl_frame_free(clip->fitted);
    free(clip->path);
    free(clip);
}

bool engine_clip_is_picture(const engine_clip *clip) { return clip->picture; }
double engine_clip_seconds(const engine_clip *clip) { return clip->seconds; }
int engine_clip_pictures(const engine_clip *clip) { return clip->pictures; }

void engine_clip_size(const engine_clip *clip, int *width, int *height)
{
    *width = clip->native_width, *height = clip->native_height;
}

void engine_clip_spacing(const engine_clip *clip, double *shortest, double *longest)
{
    *shortest = clip->shortest, *longest = clip->longest;
}

static cohl_status new_clip(engine_clip **out, const char *path, int width, int height, cohl_error *err)
{
    engine_clip *clip = calloc(1, sizeof *clip);
    cohl_status st = COHL_OK;
    *out = NULL;
    if (!clip || !(clip->path = strdup(path)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to read it", path);
    if (!st) {
        clip->width = width, clip->height = height, clip->fitted_second = -1;
        st = cohl_frame_new(&clip->fitted, width, height, err);
    }
    if (st)
        engine_clip_close(clip);
    else
        *out = clip;
    return st;
}

/* ---- read through -------------------------------------------------------- */

static void note_spacing(engine_clip *clip, double gap)
{
    clip->shortest = clip->pictures == 2 || gap < clip->shortest ? gap : clip->shortest;
    clip->longest = clip->pictures == 2 || gap > clip->longest ? gap : clip->longest;
}

/* The last picture lasts as long as the one before it. */
static cohl_status read_through(engine_clip *clip, cohl_error *err)
{
    cohl_film_reader *reader;
    double last = 0, gap = 0;
    bool more = true;
    cohl_status st = cohl_film_reader_open(&reader, clip->path, 0, 0, err);
    if (st)
        return st;
    double fps = cohl_film_reader_info(reader)->fps;
    clip->native_width = cohl_film_reader_info(reader)->width;
    clip->native_height = cohl_film_reader_info(reader)->height;
    while (!(st = cohl_film_reader_next(reader, NULL, &more, err)) && more) {
        double second = cohl_film_reader_seconds(reader);
        clip->pictures++;
        if (clip->pictures > 1) {
            gap = second - last;
            note_spacing(clip, gap);
        }
        last = second;
        if (second > ENGINE_CLIP_SECONDS_MAX) {
            st = cohl_fail(err, COHL_ERR_ARGUMENT, "%s: longer than an hour; expected a shot", clip->path);
            break;
        }
    }
    if (!st && !clip->pictures)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: holds no picture", clip->path);
    clip->seconds = last + (gap > 0 ? gap : fps > 0 ? 1 / fps : 1.0 / 25);
    cohl_film_reader_close(reader);
    return st;
}

cohl_status engine_clip_open(engine_clip **out, const char *path, int width, int height, cohl_error *err)
{
    engine_clip *clip;
    cohl_status st = new_clip(&clip, path, width, height, err);
    *out = NULL;
    if (st)
        return st;
    if (!cohl_still_begins(path)) {
        st = read_through(clip, err);
    } else if (!(st = cohl_still_read(&clip->now, path, err))) {
        clip->picture = true, clip->pictures = 1;
        clip->native_width = clip->now->width, clip->native_height = clip->now->height;
        st = cohl_resize_cover(clip->fitted, clip->now, err);
        cohl_frame_free(clip->now);
        clip->now = NULL;
    }
    if (st)
        engine_clip_close(clip);
    else
        *out = clip;
    return st;
}

cohl_status engine_picture_size(const engine_fitting *rule, const char *path, int *width, int *height, cohl_error *err)
{
    cohl_frame *whole;
    cohl_status st = cohl_still_read(&whole, path, err);
    if (st)
        return st;
    cohl_picture_size(rule->fit, width, height, whole->width, whole->height, rule->area, rule->grid);
    cohl_frame_free(whole);
    return COHL_OK;
}

static cohl_status fit_picture(engine_clip *clip, const cohl_frame *whole, const engine_fitting *rule, cohl_error *err)
{
    int width, height;
    clip->picture = true, clip->pictures = 1;
    clip->native_width = whole->width, clip->native_height = whole->height;
    cohl_picture_size(rule->fit, &width, &height, whole->width, whole->height, rule->area, rule->grid);
    bool own = width == clip->width && height == clip->height;
    return cohl_picture_fit(own ? rule->fit : COHL_FIT_CROP, clip->fitted->rgb, clip->width, clip->height, whole->rgb,
                            whole->width, whole->height, err);
}

cohl_status engine_clip_open_picture(engine_clip **out, const char *path, int width, int height,
                                     const engine_fitting *rule, cohl_error *err)
{
    engine_clip *clip;
    cohl_frame *whole = NULL;
    cohl_status st = new_clip(&clip, path, width, height, err);
    *out = NULL;
    if (st)
        return st;
    if (!(st = cohl_still_read(&whole, path, err)))
        st = fit_picture(clip, whole, rule, err);
    cohl_frame_free(whole);
    if (st)
        engine_clip_close(clip);
    else
        *out = clip;
    return st;
}

cohl_status engine_clip_again(engine_clip **out, const engine_clip *clip, cohl_error *err)
{
    cohl_status st = new_clip(out, clip->path, clip->width, clip->height, err);
    if (st)
        return st;
    (*out)->picture = clip->picture, (*out)->pictures = clip->pictures, (*out)->seconds = clip->seconds;
    (*out)->shortest = clip->shortest, (*out)->longest = clip->longest;
    if (clip->picture)
        memcpy((*out)->fitted->rgb, clip->fitted->rgb, cohl_frame_bytes(clip->fitted));
    return COHL_OK;
}

/* ---- at a second --------------------------------------------------------- */

static cohl_status read_next(engine_clip *clip, cohl_error *err)
{
    cohl_status st = cohl_film_reader_next(clip->reader, clip->next, &clip->has_next, err);
    clip->next_second = cohl_film_reader_seconds(clip->reader);
    return st;
}

static void step(engine_clip *clip)
{
    cohl_frame *held = clip->now;
    clip->now = clip->next, clip->next = held;
    clip->now_second = clip->next_second;
}

static cohl_status begin(engine_clip *clip, cohl_error *err)
{
    cohl_film_reader_close(clip->reader);
    cohl_frame_free(clip->now);
    cohl_frame_free(clip->next);
    clip->reader = NULL, clip->now = clip->next = NULL, clip->fitted_second = -1;
    cohl_status st = cohl_film_reader_open(&clip->reader, clip->path, 0, 0, err);
    if (st)
        return st;
    const cohl_film_info *info = cohl_film_reader_info(clip->reader);
    st = cohl_frame_new(&clip->now, info->width, info->height, err);
    if (!st) st = cohl_frame_new(&clip->next, info->width, info->height, err);
    if (!st) st = read_next(clip, err);
    if (!st && !clip->has_next)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: holds no picture any more", clip->path);
    if (st)
        return st;
    step(clip);
    return read_next(clip, err);
}

cohl_status engine_clip_at(engine_clip *clip, double second, const cohl_frame **frame, cohl_error *err)
{
    cohl_status st = COHL_OK;
    *frame = clip->fitted;
    if (clip->picture)
        return COHL_OK;
    if (!clip->reader || (second < clip->now_second - TIME_TOLERANCE && clip->now_second > 0))
        st = begin(clip, err);
    while (!st && clip->has_next && clip->next_second <= second + TIME_TOLERANCE) {
        step(clip);
        st = read_next(clip, err);
    }
    if (st || clip->fitted_second == clip->now_second)
        return st;
    clip->fitted_second = clip->now_second;
    return cohl_resize_cover(clip->fitted, clip->now, err);
}
