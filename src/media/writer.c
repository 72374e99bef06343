/* writer.c - a film out: formats, targets, and the path every kind of writer shares. */
#define _GNU_SOURCE
#include "media/writer.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libavutil/mem.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "media/ffmpeg.h"
#include "media/writer_kind.h"

static const cohl_film_format mp4 = {
    "mp4", ".mp4", "H.264 in MP4, plays everywhere", 2, 0, 17, 51, 0, &cohl_film_kind_mp4 };
static const cohl_film_format webm = {
    "webm", ".webm", "VP9 in WebM, smaller and slower to write", 2, 0, 24, 63, 0,
    &cohl_film_kind_webm };
static const cohl_film_format mov = {
    "mov", ".mov", "ProRes 422 HQ in QuickTime, large and nearly lossless, for editing", 2, 0, -1,
    -1, 0, &cohl_film_kind_mov };
/* Its clock has a hundred ticks a second, and browsers show one tick as ten. */
static const cohl_film_format gif = {
    "gif", ".gif", "animated GIF of 256 colours chosen for the film", 1, 0, -1, -1, 50,
    &cohl_film_kind_gif };
static const cohl_film_format folder = {
    "folder", "/", "a folder of PNG pictures; shot/take%04d.png names them", 1, 0, -1, -1, 0,
    &cohl_film_kind_folder };
static const cohl_film_format still = {
    "still", ".png", "one PNG picture, for a film of one frame", 1, 1, -1, -1, 0,
    &cohl_film_kind_still };

const cohl_film_format *const cohl_film_formats[] = { &mp4, &webm, &mov, &gif, &folder, &still, NULL };

enum { DIGITS = 5, DIGITS_MOST = 9 };

static int ends_with(const char *path, const char *ending)
{
    size_t size = strlen(path), length = strlen(ending);
    return size >= length && !strcasecmp(path + size - length, ending);
}

/* "take%04d.png" -> "take", 4. Any other use of % is refused. */
static cohl_status parse_pattern(cohl_film_target *target, const char *name, cohl_error *err)
{
    const char *percent = strchr(name, '%'), *at = percent + 1;
    while (isdigit((unsigned char)*at))
        at++;
    target->digits = at == percent + 1 ? 1 : at - percent > 3 ? DIGITS_MOST + 1 : atoi(percent + 1);
    if (strcasecmp(at, "d.png") || target->digits < 1 || target->digits > DIGITS_MOST)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: expected one number before .png, like "
                         "take%%04d.png", target->path);
    target->prefix = strndup(name, (size_t)(percent - name));
    return COHL_OK;
}

static cohl_status parse_folder(cohl_film_target *target, const char *path, cohl_error *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    cohl_status st = COHL_OK;
    target->format = &folder;
    target->digits = DIGITS;
    if (*name)
        st = parse_pattern(target, name, err);
    else
        target->prefix = strdup("frame");
    while (slash && slash > path && slash[-1] == '/')
        slash--;
    target->place = !slash ? strdup(".") : slash == path ? strdup("/")
                                         : strndup(path, (size_t)(slash - path));
    return st;
}

static cohl_status refuse_ending(const char *path, cohl_error *err)
{
    cohl_text known = { 0 };
    for (const cohl_film_format *const *f = cohl_film_formats; *f; f++)
        cohl_text_addf(&known, "%s%s", f == cohl_film_formats ? "" : f[1] ? ", " : " or ",
                       (*f)->ending);
    cohl_status st = cohl_fail(err, COHL_ERR_ARGUMENT, "%s: the ending says no known format, "
                               "expected %s", path, known.data ? known.data : "");
    cohl_text_free(&known);
    return st;
}

cohl_status cohl_film_target_parse(cohl_film_target *target, const char *path, cohl_error *err)
{
    cohl_status st = COHL_OK;
    const char *slash = strrchr(path, '/');
    *target = (cohl_film_target){ .path = strdup(path) };
    if (ends_with(path, "/") || (strchr(slash ? slash : path, '%') && ends_with(path, ".png"))) {
        st = parse_folder(target, path, err);
    } else {
        for (const cohl_film_format *const *f = cohl_film_formats; *f && !target->format; f++)
            if (ends_with(path, (*f)->ending))
                target->format = *f;
        target->place = strdup(path);
        target->prefix = strdup("");
        if (!target->format)
            st = refuse_ending(path, err);
    }
    if (!st && (!target->path || !target->place || !target->prefix))
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its name", path);
    if (st)
        cohl_film_target_free(target);
    return st;
}

void cohl_film_target_free(cohl_film_target *target)
{
    free(target->path);
    free(target->place);
    free(target->prefix);
    *target = (cohl_film_target){ 0 };
}

int cohl_film_target_is_folder(const cohl_film_target *target)
{
    return target->format == &folder;
}

/* Television's rates are whole numbers over 1.001. */
static AVRational rate_of(double fps)
{
    double whole = rint(fps * 1.001);
    if (fabs(fps - rint(fps)) > 1e-6 && fabs(whole / 1.001 - fps) < 2e-3)
        return (AVRational){ (int)whole * 1000, 1001 };
    return av_d2q(fps, 1000000);
}

cohl_status cohl_film_params_check(const cohl_film_target *target, const cohl_film_params *params,
                                   cohl_error *err)
{
    const cohl_film_format *format = target->format;
    const cohl_film_coding *coding = format->kind->coding;
    int w = params->width, h = params->height;
    if (w < 16 || h < 16 || w > COHL_FRAME_SIDE_MAX || h > COHL_FRAME_SIDE_MAX ||
        (int64_t)w * h > COHL_FRAME_PIXELS_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: a film of %d x %d pixels, expected 16 to %d "
                         "a side", target->path, w, h, COHL_FRAME_SIDE_MAX);
    if (w % format->multiple || h % format->multiple)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: a film of %d x %d pixels, but %s needs "
                         "multiples of %d", target->path, w, h, format->ending, format->multiple);
    double fps_most = format->fps_most > 0 ? format->fps_most : 240;
    if (!(params->fps >= 0.1 && params->fps <= fps_most))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: %g frames a second, %s takes 0.1 to %g",
                         target->path, params->fps, format->ending, fps_most);
    if (params->crf != -1 && format->crf < 0)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: %s has no quality to choose; .mp4 and .webm do", target->path,
                         cohl_film_target_is_folder(target) ? "a folder of pictures" : format->ending);
    if (params->crf != -1 && format->crf >= 0 && (params->crf < 0 || params->crf > format->crf_most))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: a quality of %d, expected 0 (finest) to %d",
                         target->path, params->crf, format->crf_most);
    if (coding && !avcodec_find_encoder_by_name(coding->codec))
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: this FFmpeg has no encoder %s",
                         target->path, coding->codec);
    return COHL_OK;
}

cohl_status cohl_film_fail(const cohl_film_writer *writer, int code, cohl_error *err)
{
    cohl_status st = cohl_ffmpeg_status(code);
    return cohl_fail(err, st == COHL_ERR_FORMAT ? COHL_ERR_IO : st, "%s: cannot write: %s",
                     writer->target->path, cohl_ffmpeg_reason(code));
}

static void free_writer(cohl_film_writer *writer)
{
    if (!writer)
        return;
    writer->target->format->kind->drop(writer);
    cohl_digest_end(writer->sum, NULL);
    free(writer);
}

cohl_status cohl_film_writer_open(cohl_film_writer **out, const cohl_film_target *target,
                                  const cohl_film_params *params, cohl_error *err)
{
    *out = NULL;
    cohl_ffmpeg_begin();
    cohl_status st = cohl_film_params_check(target, params, err);
    if (st)
        return st;
    cohl_film_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to write it", target->path);
    *writer = (cohl_film_writer){ .target = target, .params = *params,
                                  .rate = rate_of(params->fps) };
    if (writer->params.crf < 0)
        writer->params.crf = target->format->crf;
    if (!(st = cohl_digest_begin(&writer->sum, err)))
        st = target->format->kind->open(writer, err);
    if (st)
        free_writer(writer);
    else
        *out = writer;
    return st;
}

cohl_status cohl_film_writer_put(cohl_film_writer *writer, const cohl_frame *frame,
                                 cohl_error *err)
{
    const cohl_film_target *target = writer->target;
    cohl_ffmpeg_begin();
    if (frame->width != writer->params.width || frame->height != writer->params.height)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: frame %d is %d x %d pixels, expected %d x %d",
                         target->path, writer->frames, frame->width, frame->height,
                         writer->params.width, writer->params.height);
    if (target->format->most && writer->frames >= target->format->most)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: %s holds %d frame, and more came",
                         target->path, target->format->ending, target->format->most);
    cohl_status st = target->format->kind->put(writer, frame, err);
    writer->frames++;
    return st;
}

/* What was written reaches the disk before the film gets its name. */
static cohl_status sync_place(cohl_film_writer *writer, cohl_error *err)
{
    struct stat info;
    int fd = open(writer->target->place, O_RDONLY | O_CLOEXEC);
    int code = fd < 0 || fsync(fd) || fstat(fd, &info) ? AVERROR(errno) : 0;
    if (fd >= 0)
        close(fd);
    if (code)
        return cohl_film_fail(writer, code, err);
    if (S_ISREG(info.st_mode))
        writer->bytes = (uint64_t)info.st_size;
    return COHL_OK;
}

static void fill_report(cohl_film_report *report, cohl_film_writer *writer)
{
    uint8_t sum[COHL_DIGEST_BYTES];
    cohl_digest_end(writer->sum, sum);
    writer->sum = NULL;
    *report = (cohl_film_report){ .frames = writer->frames, .bytes = writer->bytes };
    cohl_digest_hex(report->packets, sum);
}

cohl_status cohl_film_writer_close(cohl_film_writer *writer, cohl_status st,
                                   cohl_film_report *report, cohl_error *err)
{
    if (!writer)
        return st;
    cohl_ffmpeg_begin();
    if (!st && !writer->frames)
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "%s: a film without frames", writer->target->path);
    if (!st)
        st = writer->target->format->kind->finish(writer, err);
    if (!st)
        st = sync_place(writer, err);
    if (!st && report)
        fill_report(report, writer);
    free_writer(writer);
    return st;
}
