/* reader.c - a film in. */
#define _GNU_SOURCE
#include "media/reader.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "media/ffmpeg.h"

/* Containers that hold their film themselves. Absent on purpose: hls, dash, concat and
 * image2, which open other files, and everything that reads a device. */
static const char containers[] =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,gif,avi,mpegts,mpeg,mpegvideo,ogg,flv,asf,mxf,nut,ivf,"
    "yuv4mpegpipe,apng,h264,hevc,m4v,obu,av1,dv,webp_pipe,png_pipe,jpeg_pipe";

enum { THREADS = 4 };   /* decoding gives the same pictures with any number */
static const double FRAMES_MOST = 1e15;   /* whatever a file claims */

struct cohl_film_reader {
    char            *path;
    cohl_film_info   info;
    AVFormatContext *file;
    AVStream        *stream;
    AVCodecContext  *decoder;
    AVPacket        *packet;
    AVFrame         *picture;
    cohl_ffmpeg_view view;
    int              turns;
    bool             ended;     /* no packet is left */
    int64_t          pictures;
    double           seconds;
};

/* Of a file that ends early some demuxers say EIO, as of a disk that fails. */
static cohl_status status_of(int code) { return code == AVERROR(EIO) ? COHL_ERR_FORMAT : cohl_ffmpeg_status(code); }

static cohl_status fail(const cohl_film_reader *reader, int code, cohl_error *err)
{
    const char *reason = cohl_ffmpeg_reason(code);
    if (!strncmp(reason, "Format not on whitelist", 23))
        reason = "it begins as no film does that is known here";
    return cohl_fail(err, status_of(code), "%s: not a film that can be read: %s", reader->path, reason);
}

static int open_file(cohl_film_reader *reader)
{
    AVDictionary *options = NULL;
    char *url = NULL;
    if (asprintf(&url, "file:%s", reader->path) < 0)
        return AVERROR(ENOMEM);
    av_dict_set(&options, "format_whitelist", containers, 0);
    av_dict_set(&options, "protocol_whitelist", "file", 0);
    int code = avformat_open_input(&reader->file, url, NULL, &options);
    av_dict_free(&options);
    free(url);
    if (code >= 0)
        code = avformat_find_stream_info(reader->file, NULL);
    return code;
}

static int open_decoder(cohl_film_reader *reader)
{
    const AVCodec *codec = NULL;
    int index = av_find_best_stream(reader->file, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    if (index < 0)
        return index;
    reader->stream = reader->file->streams[index];
    for (unsigned i = 0; i < reader->file->nb_streams; i++)
        if ((int)i != index)
            reader->file->streams[i]->discard = AVDISCARD_ALL;
    reader->decoder = avcodec_alloc_context3(codec);
    reader->packet = av_packet_alloc();
    reader->picture = av_frame_alloc();
    if (!reader->decoder || !reader->packet || !reader->picture)
        return AVERROR(ENOMEM);
    int code = avcodec_parameters_to_context(reader->decoder, reader->stream->codecpar);
    if (code < 0)
        return code;
    reader->decoder->thread_count = THREADS;
    reader->decoder->max_pixels = COHL_FRAME_PIXELS_MAX;
    reader->decoder->pkt_timebase = reader->stream->time_base;
    return avcodec_open2(reader->decoder, codec, NULL);
}

static cohl_status take_tags(cohl_tags *tags, const AVDictionary *from, cohl_error *err)
{
    const AVDictionaryEntry *entry = NULL;
    cohl_status st = COHL_OK;
    while (!st && (entry = av_dict_get(from, "", entry, AV_DICT_IGNORE_SUFFIX)))
        st = cohl_tags_add(tags, entry->key, entry->value, err);
    return st;
}

static void measure(cohl_film_reader *reader)
{
    cohl_film_info *info = &reader->info;
    const AVStream *stream = reader->stream;
    AVRational rate = av_guess_frame_rate(reader->file, reader->stream, NULL);
    if (stream->avg_frame_rate.num > 0 && stream->avg_frame_rate.den > 0)
        rate = stream->avg_frame_rate;
    info->fps = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
    if (stream->duration > 0)
        info->seconds = (double)stream->duration * av_q2d(stream->time_base);
    else if (reader->file->duration > 0)
        info->seconds = (double)reader->file->duration / AV_TIME_BASE;
    info->frames = stream->nb_frames > 0 ? stream->nb_frames : (int64_t)fmin(info->seconds * info->fps + 0.5, FRAMES_MOST);
    info->container = reader->file->iformat->name;
    info->codec = avcodec_get_name(stream->codecpar->codec_id);
}

/* Pixels that are not square are made so: the film's own width is what it is shown at. */
static int shown_width(const cohl_film_reader *reader, int width)
{
    AVRational shape = av_guess_sample_aspect_ratio(reader->file, reader->stream, NULL);
    if (shape.num < 1 || shape.den < 1 || shape.num == shape.den)
        return width;
    int64_t shown = av_rescale(width, shape.num, shape.den);
    return shown < 1 || shown > COHL_FRAME_SIDE_MAX ? width : (int)shown;
}

static cohl_status choose_size(cohl_film_reader *reader, int width, int height, cohl_error *err)
{
    cohl_film_info *info = &reader->info;
    int w = reader->stream->codecpar->width, h = reader->stream->codecpar->height;
    reader->turns = cohl_ffmpeg_stream_turns(reader->stream);
    if (w < 1 || h < 1 || w > COHL_FRAME_SIDE_MAX || h > COHL_FRAME_SIDE_MAX ||
        (int64_t)w * h > COHL_FRAME_PIXELS_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: a film of %d x %d pixels, expected at most %d "
                         "a side", reader->path, w, h, COHL_FRAME_SIDE_MAX);
    if ((int64_t)shown_width(reader, w) * h <= COHL_FRAME_PIXELS_MAX)
        w = shown_width(reader, w);
    info->native_width = reader->turns % 2 ? h : w;
    info->native_height = reader->turns % 2 ? w : h;
    w = info->native_width, h = info->native_height;
    if (width < 0 || height < 0 || width > COHL_FRAME_SIDE_MAX || height > COHL_FRAME_SIDE_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: frames of %d x %d pixels were asked for, "
                         "expected at most %d a side", reader->path, width, height,
                         COHL_FRAME_SIDE_MAX);
    if (!width && !height)
        width = w, height = h;
    else if (!width)
        width = (int)(((int64_t)w * height + h / 2) / h);
    else if (!height)
        height = (int)(((int64_t)h * width + w / 2) / w);
    info->width = width > 0 ? width : 1;
    info->height = height > 0 ? height : 1;
    return COHL_OK;
}

cohl_status cohl_film_reader_open(cohl_film_reader **out, const char *path, int width, int height,
                                  cohl_error *err)
{
    struct stat file;
    cohl_status st = COHL_OK;
    *out = NULL;
    if (stat(path, &file))
        return cohl_fail(err, COHL_ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    if (!S_ISREG(file.st_mode))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: not a regular file", path);
    cohl_film_reader *reader = calloc(1, sizeof *reader);
    if (!reader || !(reader->path = strdup(path))) {
        free(reader);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to read it", path);
    }
    cohl_ffmpeg_begin();
    int code = open_file(reader);
    if (code >= 0)
        code = open_decoder(reader);
    if (code == AVERROR_STREAM_NOT_FOUND)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: holds no picture", path);
    else if (code < 0)
        st = fail(reader, code, err);
    if (!st) st = choose_size(reader, width, height, err);
    if (!st) st = take_tags(&reader->info.tags, reader->file->metadata, err);
    if (!st) st = take_tags(&reader->info.tags, reader->stream->metadata, err);
    if (st) {
        cohl_film_reader_close(reader);
        return st;
    }
    measure(reader);
    *out = reader;
    return COHL_OK;
}

const cohl_film_info *cohl_film_reader_info(const cohl_film_reader *reader)
{
    return &reader->info;
}

/* One packet more into the decoder, or, after the last, the wish to be drained. */
static int feed(cohl_film_reader *reader)
{
    int code = av_read_frame(reader->file, reader->packet);
    if (code == AVERROR_EOF) {
        reader->ended = true;
        return avcodec_send_packet(reader->decoder, NULL);
    }
    if (code >= 0 && reader->packet->stream_index == reader->stream->index)
        code = avcodec_send_packet(reader->decoder, reader->packet);
    av_packet_unref(reader->packet);
    return code;
}

static cohl_status show(cohl_film_reader *reader, cohl_frame *frame, cohl_error *err)
{
    bool aside = reader->turns % 2;
    cohl_frame *lying = frame;
    cohl_status st = COHL_OK;
    if (reader->turns)
        st = cohl_frame_new(&lying, aside ? frame->height : frame->width,
                            aside ? frame->width : frame->height, err);
    if (!st)
        st = cohl_ffmpeg_to_rgb(&reader->view, lying, reader->picture, reader->path, err);
    if (!st && reader->turns && !(st = cohl_ffmpeg_turn(&lying, reader->turns, err)))
        memcpy(frame->rgb, lying->rgb, cohl_frame_bytes(frame));
    if (lying != frame)
        cohl_frame_free(lying);
    return st;
}

static void read_clock(cohl_film_reader *reader)
{
    int64_t time = reader->picture->best_effort_timestamp;
    int64_t start = reader->stream->start_time == AV_NOPTS_VALUE ? 0 : reader->stream->start_time;
    if (time != AV_NOPTS_VALUE)
        reader->seconds = ((double)time - (double)start) * av_q2d(reader->stream->time_base);
    else if (reader->info.fps > 0)
        reader->seconds = (double)reader->pictures / reader->info.fps;
    reader->pictures++;
}

cohl_status cohl_film_reader_next(cohl_film_reader *reader, cohl_frame *frame, bool *more,
                                  cohl_error *err)
{
    int code;
    *more = false;
    if (frame && (frame->width != reader->info.width || frame->height != reader->info.height))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: a frame of %d x %d pixels was given, "
                         "expected %d x %d", reader->path, frame->width, frame->height,
                         reader->info.width, reader->info.height);
    cohl_ffmpeg_begin();
    while ((code = avcodec_receive_frame(reader->decoder, reader->picture)) == AVERROR(EAGAIN) &&
           !reader->ended)
        if ((code = feed(reader)) < 0)
            break;
    if (code == AVERROR_EOF)
        return COHL_OK;
    if (code < 0)
        return cohl_fail(err, status_of(code), "%s: broken after frame %lld: %s",
                         reader->path, (long long)reader->pictures, cohl_ffmpeg_reason(code));
    read_clock(reader);
    cohl_status st = frame ? show(reader, frame, err) : COHL_OK;
    av_frame_unref(reader->picture);
    *more = !st;
    return st;
}

double cohl_film_reader_seconds(const cohl_film_reader *reader)
{
    return reader->seconds;
}

void cohl_film_reader_close(cohl_film_reader *reader)
{
    if (!reader)
        return;
    cohl_ffmpeg_view_close(&reader->view);
    av_frame_free(&reader->picture);
    av_packet_free(&reader->packet);
    avcodec_free_context(&reader->decoder);
    avformat_close_input(&reader->file);
    cohl_tags_free(&reader->info.tags);
    free(reader->path);
    free(reader);
}
