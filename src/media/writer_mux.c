/* writer_mux.c - coded film in a container, through libavcodec and libavformat.
 *
 * RGB becomes YUV by the BT.709 matrix in limited range, chroma sited left, and is
 * marked so: 4:2:0 of 8 bits for watching, 4:2:2 of 10 bits for cutting. Everything runs with the libraries' "bitexact" flags: no
 * version, date or random identifier enters the file. */
#define _GNU_SOURCE
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/ffmpeg.h"
#include "media/writer_kind.h"

/* Two threads and four: VP9 cuts a picture in tile columns, x264 codes several pictures
 * at once, and what x264 writes depends on how many. */
static const cohl_film_coding h264 = {
    .muxer = "mp4", .muxer_options = "movflags=+faststart+use_metadata_tags",
    .codec = "libx264", .codec_options = "preset=slow:profile=high",
    .pixels = AV_PIX_FMT_YUV420P, .threads = 4,
};
static const cohl_film_coding vp9 = {
    .muxer = "webm", .muxer_options = "",
    .codec = "libvpx-vp9",
    .codec_options = "deadline=good:cpu-used=2:row-mt=0:tile-columns=1:lag-in-frames=25:"
                     "auto-alt-ref=1",
    .pixels = AV_PIX_FMT_YUV420P, .threads = 2,
};

/* 422 HQ; slices of 8 macroblocks, whatever the width. No name of a maker. */
static const cohl_film_coding prores = {
    .muxer = "mov", .muxer_options = "movflags=+faststart+use_metadata_tags",
    .codec = "prores_ks", .codec_options = "profile=hq:vendor=cohl:mbs_per_slice=8",
    .pixels = AV_PIX_FMT_YUV422P10LE, .threads = 4,
};

struct cohl_mux {
    cohl_film_writer       *writer;
    const cohl_film_coding *coding;
    AVFormatContext        *file;
    AVCodecContext         *encoder;
    AVPacket               *packet;
    int64_t                 packets;
};

/* Options left over were not known: the build's FFmpeg is not one we were written for. */
static int no_option_left(AVDictionary **options, int code)
{
    const AVDictionaryEntry *left = av_dict_get(*options, "", NULL, AV_DICT_IGNORE_SUFFIX);
    if (code >= 0 && left) {
        av_log(NULL, AV_LOG_ERROR, "the option %s is not known\n", left->key);
        code = AVERROR_OPTION_NOT_FOUND;
    }
    av_dict_free(options);
    return code < 0 ? code : 0;
}

static int open_encoder(cohl_mux *mux)
{
    const cohl_film_coding *coding = mux->coding;
    const cohl_film_params *params = &mux->writer->params;
    const AVCodec *codec = avcodec_find_encoder_by_name(coding->codec);
    AVDictionary *options = NULL;
    AVCodecContext *encoder = mux->encoder = avcodec_alloc_context3(codec);
    if (!encoder)
        return AVERROR(ENOMEM);
    encoder->width = params->width, encoder->height = params->height;
    encoder->pix_fmt = coding->pixels;
    encoder->time_base = av_inv_q(mux->writer->rate);
    encoder->framerate = mux->writer->rate;
    encoder->sample_aspect_ratio = (AVRational){ 1, 1 };
    encoder->thread_count = coding->threads;
    encoder->flags |= AV_CODEC_FLAG_BITEXACT;
    if (mux->file->oformat->flags & AVFMT_GLOBALHEADER)
        encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (coding->pixels != AV_PIX_FMT_PAL8) {
        encoder->color_primaries = AVCOL_PRI_BT709;
        encoder->color_trc = AVCOL_TRC_BT709;
        encoder->colorspace = AVCOL_SPC_BT709;
        encoder->color_range = AVCOL_RANGE_MPEG;
        encoder->chroma_sample_location = AVCHROMA_LOC_LEFT;
        /* a keyframe at least every two seconds, so that a browser can seek */
        encoder->gop_size = (int)(params->fps * 2 + 0.5) > 1 ? (int)(params->fps * 2 + 0.5) : 1;
    }
    int code = av_dict_parse_string(&options, coding->codec_options, "=", ":", 0);
    if (code >= 0 && params->crf >= 0)
        code = av_dict_set_int(&options, "crf", params->crf, 0);
    if (code >= 0)
        code = avcodec_open2(encoder, codec, &options);
    return no_option_left(&options, code);
}

static int add_stream(cohl_mux *mux)
{
    AVStream *stream = avformat_new_stream(mux->file, NULL);
    if (!stream)
        return AVERROR(ENOMEM);
    stream->time_base = mux->encoder->time_base;
    stream->avg_frame_rate = mux->encoder->framerate;
    return avcodec_parameters_from_context(stream->codecpar, mux->encoder);
}

static int write_header(cohl_mux *mux)
{
    AVDictionary *options = NULL;
    int code = av_dict_parse_string(&options, mux->coding->muxer_options, "=", ":", 0);
    if (code >= 0)
        code = avio_open(&mux->file->pb, mux->file->url, AVIO_FLAG_WRITE);
    if (code >= 0)
        code = avformat_write_header(mux->file, &options);
    return no_option_left(&options, code);
}

cohl_status cohl_mux_open(cohl_mux **out, cohl_film_writer *writer,
                          const cohl_film_coding *coding, cohl_error *err)
{
    char *url = NULL;
    int code = 0;
    cohl_mux *mux = *out = calloc(1, sizeof *mux);
    /* "file:" keeps a name like "http:x.mp4" a name. */
    if (!mux || asprintf(&url, "file:%s", writer->target->place) < 0)
        return cohl_film_fail(writer, AVERROR(ENOMEM), err);
    mux->writer = writer;
    mux->coding = coding;
    mux->packet = av_packet_alloc();
    code = avformat_alloc_output_context2(&mux->file, NULL, coding->muxer, url);
    free(url);
    if (code < 0 || !mux->packet)
        return cohl_film_fail(writer, code < 0 ? code : AVERROR(ENOMEM), err);
    mux->file->flags |= AVFMT_FLAG_BITEXACT;
    for (int i = 0; code >= 0 && i < writer->params.tag_count; i++)
        code = av_dict_set(&mux->file->metadata, writer->params.tags[i].key,
                           writer->params.tags[i].value, 0);
    if (code >= 0) code = open_encoder(mux);
    if (code >= 0) code = add_stream(mux);
    if (code >= 0) code = write_header(mux);
    return code < 0 ? cohl_film_fail(writer, code, err) : COHL_OK;
}

static void sum_packet(cohl_mux *mux)
{
    int64_t times[2] = { mux->packet->pts, mux->packet->dts };
    cohl_digest_add(mux->writer->sum, times, sizeof times);
    cohl_digest_add(mux->writer->sum, mux->packet->data, (size_t)mux->packet->size);
}

static int write_packet(cohl_mux *mux)
{
    AVPacket *packet = mux->packet;
    int code = 0;
    packet->stream_index = 0;
    packet->duration = 1;
    sum_packet(mux);
    if (mux->packets++ == 0 && mux->coding->first_packet)
        code = mux->coding->first_packet(packet, &mux->writer->params);
    if (code < 0)
        return code;
    av_packet_rescale_ts(packet, mux->encoder->time_base, mux->file->streams[0]->time_base);
    return av_interleaved_write_frame(mux->file, packet);
}

cohl_status cohl_mux_put(cohl_mux *mux, const AVFrame *picture, cohl_error *err)
{
    int code = avcodec_send_frame(mux->encoder, picture);
    while (code >= 0) {
        code = avcodec_receive_packet(mux->encoder, mux->packet);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return COHL_OK;
        if (code >= 0)
            code = write_packet(mux);
    }
    return cohl_film_fail(mux->writer, code, err);
}

cohl_status cohl_mux_finish(cohl_mux *mux, cohl_error *err)
{
    int code = av_write_trailer(mux->file), closed = avio_closep(&mux->file->pb);
    if (code >= 0)
        code = closed;
    return code < 0 ? cohl_film_fail(mux->writer, code, err) : COHL_OK;
}

void cohl_mux_free(cohl_mux *mux)
{
    if (!mux)
        return;
    avcodec_free_context(&mux->encoder);
    av_packet_free(&mux->packet);
    if (mux->file && mux->file->pb)
        avio_closep(&mux->file->pb);
    avformat_free_context(mux->file);
    free(mux);
}

/* The kinds that need nothing but a colour conversion before the stream. */
typedef struct coded {
    cohl_mux          *mux;
    struct SwsContext *scaler;
    AVFrame           *picture;
} coded;

static int open_scaler(coded *film, enum AVPixelFormat pixels, int width, int height)
{
    struct SwsContext *s = film->scaler = sws_alloc_context();
    if (!s)
        return AVERROR(ENOMEM);
    av_opt_set_int(s, "srcw", width, 0);
    av_opt_set_int(s, "srch", height, 0);
    av_opt_set_int(s, "dstw", width, 0);
    av_opt_set_int(s, "dsth", height, 0);
    av_opt_set_int(s, "src_format", AV_PIX_FMT_RGB24, 0);
    av_opt_set_int(s, "dst_format", pixels, 0);
    av_opt_set_int(s, "dst_h_chr_pos", 0, 0);      /* sited left, 1/256 pixels */
    if (pixels == AV_PIX_FMT_YUV420P)
        av_opt_set_int(s, "dst_v_chr_pos", 128, 0);
    av_opt_set_int(s, "sws_flags", SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT |
                                   SWS_FULL_CHR_H_INP, 0);
    const int *matrix = sws_getCoefficients(SWS_CS_ITU709);
    sws_setColorspaceDetails(s, matrix, 1, matrix, 0, 0, 1 << 16, 1 << 16);
    return sws_init_context(s, NULL, NULL);
}

static cohl_status coded_open(cohl_film_writer *writer, cohl_error *err)
{
    int width = writer->params.width, height = writer->params.height, code = AVERROR(ENOMEM);
    enum AVPixelFormat pixels = writer->target->format->kind->coding->pixels;
    coded *film = writer->state = calloc(1, sizeof *film);
    if (film && (film->picture = av_frame_alloc())) {
        film->picture->format = pixels;
        film->picture->width = width, film->picture->height = height;
        film->picture->color_range = AVCOL_RANGE_MPEG;
        film->picture->colorspace = AVCOL_SPC_BT709;
        film->picture->color_primaries = AVCOL_PRI_BT709;
        film->picture->color_trc = AVCOL_TRC_BT709;
        film->picture->chroma_location = AVCHROMA_LOC_LEFT;
        code = av_frame_get_buffer(film->picture, 0);
    }
    if (code >= 0)
        code = open_scaler(film, pixels, width, height);
    if (code < 0)
        return cohl_film_fail(writer, code, err);
    return cohl_mux_open(&film->mux, writer, writer->target->format->kind->coding, err);
}

static cohl_status coded_put(cohl_film_writer *writer, const cohl_frame *frame, cohl_error *err)
{
    coded *film = writer->state;
    const uint8_t *rows[4] = { frame->rgb };
    int strides[4] = { frame->width * 3 };
    int code = av_frame_make_writable(film->picture);   /* the encoder may still hold the last */
    if (code >= 0)
        code = sws_scale(film->scaler, rows, strides, 0, frame->height, film->picture->data,
                         film->picture->linesize);
    if (code < 0)
        return cohl_film_fail(writer, code, err);
    film->picture->pts = writer->frames;
    return cohl_mux_put(film->mux, film->picture, err);
}

static cohl_status coded_finish(cohl_film_writer *writer, cohl_error *err)
{
    coded *film = writer->state;
    cohl_status st = cohl_mux_put(film->mux, NULL, err);
    return st ? st : cohl_mux_finish(film->mux, err);
}

static void coded_drop(cohl_film_writer *writer)
{
    coded *film = writer->state;
    if (!film)
        return;
    cohl_mux_free(film->mux);
    sws_freeContext(film->scaler);
    av_frame_free(&film->picture);
    free(film);
}

const cohl_film_kind cohl_film_kind_mp4 = { &h264, coded_open, coded_put, coded_finish,
                                            coded_drop };
const cohl_film_kind cohl_film_kind_webm = { &vp9, coded_open, coded_put, coded_finish,
                                             coded_drop };
const cohl_film_kind cohl_film_kind_mov = { &prores, coded_open, coded_put, coded_finish,
                                            coded_drop };
