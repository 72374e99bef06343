/* ffmpeg.c - what the files that call FFmpeg's libraries share. */
#define _GNU_SOURCE
#include "media/ffmpeg.h"

#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A library does not print: the libraries' log keeps only the last complaint, for
 * the sentence of our own error. */
static _Thread_local char complaint[256];

static void remember_complaint(void *from, int level, const char *format, va_list args)
{
    if (level > AV_LOG_ERROR)
        return;
    char line[sizeof complaint];
    vsnprintf(line, sizeof line, format, args);
    size_t size = strcspn(line, "\n");
    while (size && (line[size - 1] == '.' || line[size - 1] == ' '))
        size--;
    if (size) {
        line[size] = 0;
        memcpy(complaint, line, size + 1);
    }
}

static void take_log(void)
{
    av_log_set_callback(remember_complaint);
}

void cohl_ffmpeg_begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, take_log);
    complaint[0] = 0;
}

const char *cohl_ffmpeg_reason(int code)
{
    static _Thread_local char meaning[AV_ERROR_MAX_STRING_SIZE];
    bool from_system = code == AVERROR(ENOSPC) || code == AVERROR(EFBIG) ||
                       code == AVERROR(EACCES) || code == AVERROR(ENOENT);
    if (complaint[0] && !from_system)
        return complaint;
    av_strerror(code, meaning, sizeof meaning);
    return meaning;
}

cohl_status cohl_ffmpeg_status(int code)
{
    switch (code) {
    case AVERROR(ENOMEM): return COHL_ERR_MEMORY;
    case AVERROR(ENOSPC): case AVERROR(EFBIG): case AVERROR(EDQUOT): case AVERROR(EIO):
    case AVERROR(ENOENT): case AVERROR(EACCES): case AVERROR(EISDIR): case AVERROR(EROFS):
        return COHL_ERR_IO;
    default: return COHL_ERR_FORMAT;
    }
}

/* The matrix takes column x and row y to (a x + c y, b x + d y); turns are along the axes. */
int cohl_ffmpeg_turns(const int32_t *matrix)
{
    if (!matrix)
        return 0;
    double a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
    if (fabs(a) + fabs(d) >= fabs(b) + fabs(c))
        return a < 0 ? (d < 0 ? 2 : COHL_MIRRORED) : d < 0 ? COHL_MIRRORED + 2 : 0;
    return c < 0 ? (b < 0 ? COHL_MIRRORED + 1 : 1) : b < 0 ? 3 : COHL_MIRRORED + 3;
}

int cohl_ffmpeg_stream_turns(const AVStream *stream)
{
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
    const AVCodecParameters *par = stream->codecpar;
    const AVPacketSideData *side = av_packet_side_data_get(
        par->coded_side_data, par->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
    return side && side->size >= 36 ? cohl_ffmpeg_turns((const int32_t *)side->data) : 0;
#else
    size_t size = 0;
    const uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    return data && size >= 36 ? cohl_ffmpeg_turns((const int32_t *)data) : 0;
#endif
}

static bool has_alpha(int format)
{
    const AVPixFmtDescriptor *about = av_pix_fmt_desc_get(format);
    return about && (about->flags & (AV_PIX_FMT_FLAG_ALPHA | AV_PIX_FMT_FLAG_PAL));
}

/* The "j" formats are the plain ones at full range; the scaler warns of them. */
static int plain_format(int format, int *range)
{
    switch (format) {
    case AV_PIX_FMT_YUVJ420P: *range = 1; return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P: *range = 1; return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P: *range = 1; return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P: *range = 1; return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ411P: *range = 1; return AV_PIX_FMT_YUV411P;
    default: return format;
    }
}

static int matrix_of(const AVFrame *from)
{
    switch (from->colorspace) {
    case AVCOL_SPC_BT709: return SWS_CS_ITU709;
    case AVCOL_SPC_BT2020_NCL: case AVCOL_SPC_BT2020_CL: return SWS_CS_BT2020;
    case AVCOL_SPC_BT470BG: case AVCOL_SPC_SMPTE170M: return SWS_CS_ITU601;
    case AVCOL_SPC_FCC: return SWS_CS_FCC;
    case AVCOL_SPC_SMPTE240M: return SWS_CS_SMPTE240M;
    default: return from->height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
    }
}

/* Pictures are BT.601 at any size (JPEG by JFIF 1.02, WebP by its container's text) and say nothing. */
static int space_of(const AVFrame *from, bool still)
{
    return still && from->colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_ITU601 : matrix_of(from);
}

/* Grey has all levels where it does not say otherwise; what has colour differences, those of television. */
static int range_of(const AVFrame *from)
{
    const AVPixFmtDescriptor *about = av_pix_fmt_desc_get(from->format);
    bool grey = about && about->nb_components < 3;
    return from->color_range == AVCOL_RANGE_JPEG || (grey && from->color_range == AVCOL_RANGE_UNSPECIFIED);
}

static cohl_status open_scaler(cohl_ffmpeg_view *view, const cohl_frame *to,
                               const AVFrame *from, int format, int space, int range,
                               const char *name, cohl_error *err)
{
    int out = has_alpha(from->format) ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24;
    sws_freeContext(view->scaler);
    av_frame_free(&view->canvas);
    view->scaler = sws_getContext(from->width, from->height, format, to->width, to->height, out,
                                  SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT |
                                  SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP, NULL, NULL, NULL);
    if (!view->scaler)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: pixels of the kind %s cannot be shown", name,
                         av_get_pix_fmt_name(from->format));
    const int *matrix = sws_getCoefficients(space);
    sws_setColorspaceDetails(view->scaler, matrix, range, sws_getCoefficients(SWS_CS_ITU709), 1,
                             0, 1 << 16, 1 << 16);
    view->width = from->width, view->height = from->height;
    view->format = format, view->space = space, view->range = range;
    view->to_width = to->width, view->to_height = to->height;
    return COHL_OK;
}

static cohl_status open_canvas(cohl_ffmpeg_view *view, const cohl_frame *to, int format,
                               const char *name, cohl_error *err)
{
    if (!view->canvas && (view->canvas = av_frame_alloc())) {
        view->canvas->format = format;
        view->canvas->width = to->width, view->canvas->height = to->height;
        if (av_frame_get_buffer(view->canvas, 0) < 0)
            av_frame_free(&view->canvas);
    }
    return view->canvas ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for a picture "
                                              "of %d x %d pixels", name, to->width, to->height);
}

/* The canvas onto white paper. */
static void lay_on_white(cohl_frame *to, const AVFrame *canvas, bool alpha)
{
    int step = alpha ? 4 : 3;
    for (int y = 0; y < to->height; y++) {
        const uint8_t *at = canvas->data[0] + (ptrdiff_t)y * canvas->linesize[0];
        uint8_t *row = cohl_frame_row(to, y);
        for (int x = 0; x < to->width; x++, at += step, row += 3)
            for (int c = 0; c < 3; c++)
                row[c] = alpha ? (uint8_t)((at[c] * at[3] + 255 * (255 - at[3]) + 127) / 255)
                               : at[c];
    }
}

cohl_status cohl_ffmpeg_to_rgb(cohl_ffmpeg_view *view, cohl_frame *to, const AVFrame *from,
                               const char *name, cohl_error *err)
{
    int range = range_of(from);
    int format = plain_format(from->format, &range), space = space_of(from, view->still);
    bool alpha = has_alpha(from->format);
    cohl_status st = COHL_OK;
    if (!view->scaler || view->width != from->width || view->height != from->height ||
        view->format != format || view->space != space || view->range != range ||
        view->to_width != to->width || view->to_height != to->height)
        st = open_scaler(view, to, from, format, space, range, name, err);
    if (!st)
        st = open_canvas(view, to, alpha ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24, name, err);
    if (st)
        return st;
    int done = sws_scale(view->scaler, (const uint8_t *const *)from->data, from->linesize, 0,
                         from->height, view->canvas->data, view->canvas->linesize);
    if (done < 0)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: cannot be shown: %s", name,
                         cohl_ffmpeg_reason(done));
    lay_on_white(to, view->canvas, alpha);
    return COHL_OK;
}

void cohl_ffmpeg_view_close(cohl_ffmpeg_view *view)
{
    sws_freeContext(view->scaler);
    av_frame_free(&view->canvas);
    *view = (cohl_ffmpeg_view){ 0 };
}

cohl_status cohl_ffmpeg_turn(cohl_frame **frame, int turns, cohl_error *err)
{
    cohl_frame *from = *frame, *to;
    int w = from->width, h = from->height;
    bool mirrored = turns & COHL_MIRRORED;
    if (!turns)
        return COHL_OK;
    turns %= COHL_MIRRORED;
    cohl_status st = cohl_frame_new(&to, turns % 2 ? h : w, turns % 2 ? w : h, err);
    if (st)
        return st;
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++) {
            int from_x = turns == 0 ? x : turns == 1 ? y : turns == 2 ? w - 1 - x : w - 1 - y;
            int from_y = turns == 0 ? y : turns == 1 ? h - 1 - x : turns == 2 ? h - 1 - y : x;
            from_x = mirrored ? w - 1 - from_x : from_x;
            memcpy(cohl_frame_row(to, y) + 3 * x, cohl_frame_row(from, from_y) + 3 * from_x, 3);
        }
    cohl_frame_free(from);
    *frame = to;
    return COHL_OK;
}
