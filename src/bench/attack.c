/* attack.c - the list, and frames through a coder and back. */
#define _GNU_SOURCE
#include "bench/attack.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/reader.h"
#include "media/resize.h"
#include "media/writer.h"

/* ---- changes of frames --------------------------------------------------------- */

static void scale(cohl_frame *to, const cohl_frame *from) { cohl_resize(to, from, NULL); }

static void mirror(cohl_frame *to, const cohl_frame *from)
{
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++)
            memcpy(cohl_frame_row(to, y) + 3 * x, cohl_frame_row(from, y) + 3 * (from->width - 1 - x), 3);
}

static void recolour(cohl_frame *to, const cohl_frame *from, const double gain[3], double lift)
{
    for (size_t i = 0; i < cohl_frame_bytes(to); i++) {
        double value = from->rgb[i] * gain[i % 3] + lift;
        to->rgb[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
    }
}

static void brighten(cohl_frame *to, const cohl_frame *from) { recolour(to, from, (double[]){ 1, 1, 1 }, 30); }
static void darken(cohl_frame *to, const cohl_frame *from) { recolour(to, from, (double[]){ 0.7, 0.7, 0.7 }, 0); }
static void harden(cohl_frame *to, const cohl_frame *from) { recolour(to, from, (double[]){ 1.3, 1.3, 1.3 }, -38); }
static void warm(cohl_frame *to, const cohl_frame *from) { recolour(to, from, (double[]){ 1.15, 1, 0.8 }, 0); }

/* The part of three quarters whose corner is a tenth in. */
static void crop(cohl_frame *to, const cohl_frame *from)
{
    cohl_frame_paste(to, from, -from->width / 10, -from->height / 10);
}

/* On a wall of twice its sides, not in the middle. */
static void hang(cohl_frame *to, const cohl_frame *from)
{
    cohl_frame_fill(to, 0, 0, to->width, to->height, 0x6c7484);
    cohl_frame_paste(to, from, from->width / 3, from->height / 4);
}

#define X264 "libx264"
#define CRF(n) "preset=medium:crf=" #n

const cohl_attack cohl_attacks[] = {
    { "H.264 CRF 18", NULL, 0, 0, X264, CRF(18), 1, 0, 1, true },
    { "H.264 CRF 23", NULL, 0, 0, X264, CRF(23), 1, 0, 1, true },
    { "H.264 CRF 28", NULL, 0, 0, X264, CRF(28), 1, 0, 1, true },
    { "H.264 CRF 33", NULL, 0, 0, X264, CRF(33), 1, 0, 1, false },
    { "H.264 CRF 40", NULL, 0, 0, X264, CRF(40), 1, 0, 0.9, false },
    { "HEVC CRF 32", NULL, 0, 0, "libx265", "preset=fast:crf=32:x265-params=log-level=none\\:pools=none\\:frame-threads=1", 1, 0, 1, false },
    { "AV1 CRF 35", NULL, 0, 0, "libsvtav1", "preset=8:crf=35:svtav1-params=lp=1", 1, 0, 1, false },
    { "VP9 CRF 33", NULL, 0, 0, "libvpx-vp9", "deadline=good:cpu-used=5:crf=33", 1, 0, 1, false },
    { "50 % size, H.264 CRF 23", scale, 0.5, 0.5, X264, CRF(23), 1, 0, 1, false },
    { "75 % size, H.264 CRF 23", scale, 0.75, 0.75, X264, CRF(23), 1, 0, 1, false },
    { "150 % size, H.264 CRF 23", scale, 1.5, 1.5, X264, CRF(23), 1, 0, 1, false },
    { "200 % size, H.264 CRF 23", scale, 2, 2, X264, CRF(23), 1, 0, 1, false },
    { "mirrored, H.264 CRF 23", mirror, 0, 0, X264, CRF(23), 1, 0, 1, true },
    { "half rate, H.264 CRF 23", NULL, 0, 0, X264, CRF(23), 2, 0, 1, true },
    { "trimmed to a second, H.264 CRF 23", NULL, 0, 0, X264, CRF(23), 1, 1 / 3.0, 1, true },
    { "brighter by 30, H.264 CRF 23", brighten, 0, 0, X264, CRF(23), 1, 0, 1, true },
    { "darker by 30 %, H.264 CRF 23", darken, 0, 0, X264, CRF(23), 1, 0, 1, true },
    { "contrast 130 %, H.264 CRF 23", harden, 0, 0, X264, CRF(23), 1, 0, 1, false },
    { "warmer, H.264 CRF 23", warm, 0, 0, X264, CRF(23), 1, 0, 1, false },
    { "crop to 75 %, H.264 CRF 23", crop, 0.75, 0.75, X264, CRF(23), 1, 0, 1, false },
    { "picture in a frame, H.264 CRF 23", hang, 2, 2, X264, CRF(23), 1, 0, 1, false },
    { "GIF", NULL, 0, 0, "gif", "", 1, 0, 1, false },
    { NULL, NULL, 0, 0, NULL, NULL, 0, 0, 0, false },
};

/* ---- through a coder ------------------------------------------------------------- */

typedef struct coder {
    AVCodecContext    *encoder, *decoder;
    AVPacket          *packet;
    AVFrame           *in, *out;
    struct SwsContext *to_yuv;
    cohl_frame        *grey;             /* decoded luma, as a frame without colour */
    cohl_attack_put_fn *put;
    void              *user;
    const char        *name;
} coder;

static cohl_status coder_fail(const coder *c, int code, cohl_error *err)
{
    return cohl_fail(err, code == AVERROR(ENOMEM) ? COHL_ERR_MEMORY : COHL_ERR_FORMAT, "%s: %s", c->name, av_err2str(code));
}

static int open_encoder(coder *c, const cohl_attack *attack, int width, int height, double fps)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(attack->codec);
    AVDictionary *options = NULL;
    if (!codec)
        return AVERROR_ENCODER_NOT_FOUND;
    setenv("SVT_LOG", "1", 0);              /* SVT-AV1 tells its settings to stderr; 1: errors only */
    if (!(c->encoder = avcodec_alloc_context3(codec)))
        return AVERROR(ENOMEM);
    c->encoder->width = width, c->encoder->height = height;
    c->encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    c->encoder->time_base = av_d2q(1 / fps, 100000);
    c->encoder->framerate = av_inv_q(c->encoder->time_base);
    c->encoder->thread_count = 1;
    int code = av_dict_parse_string(&options, attack->options, "=", ":", 0);
    if (code >= 0)
        code = avcodec_open2(c->encoder, codec, &options);
    av_dict_free(&options);
    return code;
}

static int open_decoder(coder *c)
{
    const AVCodec *codec = avcodec_find_decoder(c->encoder->codec_id);
    if (!codec)
        return AVERROR_DECODER_NOT_FOUND;
    if (!(c->decoder = avcodec_alloc_context3(codec)))
        return AVERROR(ENOMEM);
    c->decoder->thread_count = 1;
    return avcodec_open2(c->decoder, codec, NULL);
}

static cohl_status open_coder(coder *c, const cohl_attack *attack, int width, int height, double fps, cohl_error *err)
{
    int code = open_encoder(c, attack, width, height, fps);
    if (code == AVERROR_ENCODER_NOT_FOUND)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "this FFmpeg has no coder %s", attack->codec);
    if (code >= 0)
        code = open_decoder(c);
    c->packet = av_packet_alloc(), c->in = av_frame_alloc(), c->out = av_frame_alloc();
    c->to_yuv = sws_getContext(width, height, AV_PIX_FMT_RGB24, width, height, AV_PIX_FMT_YUV420P, SWS_BICUBIC, NULL, NULL, NULL);
    if (code >= 0 && (!c->packet || !c->in || !c->out || !c->to_yuv))
        code = AVERROR(ENOMEM);
    if (code < 0)
        return coder_fail(c, code, err);
    c->in->format = AV_PIX_FMT_YUV420P, c->in->width = width, c->in->height = height;
    code = av_frame_get_buffer(c->in, 0);
    return code < 0 ? coder_fail(c, code, err) : cohl_frame_new(&c->grey, width, height, err);
}

static void close_coder(coder *c)
{
    avcodec_free_context(&c->encoder);
    avcodec_free_context(&c->decoder);
    av_packet_free(&c->packet);
    av_frame_free(&c->in);
    av_frame_free(&c->out);
    sws_freeContext(c->to_yuv);
    cohl_frame_free(c->grey);
}

/* Hand on what the decoder has ready. */
static cohl_status drain_decoder(coder *c, cohl_error *err)
{
    int code;
    cohl_status st = COHL_OK;
    while (!st && (code = avcodec_receive_frame(c->decoder, c->out)) >= 0) {
        for (int y = 0; y < c->grey->height; y++) {
            const uint8_t *from = c->out->data[0] + (ptrdiff_t)y * c->out->linesize[0];
            uint8_t *to = cohl_frame_row(c->grey, y);
            for (int x = 0; x < c->grey->width; x++)
                to[3 * x] = to[3 * x + 1] = to[3 * x + 2] = from[x];
        }
        st = c->put(c->user, c->grey, err);
    }
    return st ? st : code == AVERROR(EAGAIN) || code == AVERROR_EOF ? COHL_OK : coder_fail(c, code, err);
}

static cohl_status drain_encoder(coder *c, cohl_error *err)
{
    int code;
    cohl_status st = COHL_OK;
    while (!st && (code = avcodec_receive_packet(c->encoder, c->packet)) >= 0) {
        code = avcodec_send_packet(c->decoder, c->packet);
        av_packet_unref(c->packet);
        if (code < 0)
            return coder_fail(c, code, err);
        st = drain_decoder(c, err);
    }
    return st ? st : code == AVERROR(EAGAIN) || code == AVERROR_EOF ? COHL_OK : coder_fail(c, code, err);
}

static cohl_status code_frame(coder *c, const cohl_frame *frame, int64_t at, cohl_error *err)
{
    const uint8_t *rows[4] = { frame->rgb };
    int strides[4] = { 3 * frame->width };
    int code = av_frame_make_writable(c->in);
    if (code >= 0)
        code = sws_scale(c->to_yuv, rows, strides, 0, frame->height, c->in->data, c->in->linesize);
    c->in->pts = at;
    if (code >= 0)
        code = avcodec_send_frame(c->encoder, c->in);
    return code < 0 ? coder_fail(c, code, err) : drain_encoder(c, err);
}

static cohl_status finish_coding(coder *c, cohl_error *err)
{
    avcodec_send_frame(c->encoder, NULL);
    cohl_status st = drain_encoder(c, err);
    avcodec_send_packet(c->decoder, NULL);
    return st ? st : drain_decoder(c, err);
}

/* ---- GIF, through a file --------------------------------------------------------- */

static cohl_status read_back(const char *path, cohl_frame *frame, cohl_attack_put_fn *put, void *user, cohl_error *err)
{
    cohl_film_reader *reader;
    bool more;
    cohl_status st = cohl_film_reader_open(&reader, path, frame->width, frame->height, err);
    while (!st && !(st = cohl_film_reader_next(reader, frame, &more, err)) && more)
        st = put(user, frame, err);
    cohl_film_reader_close(reader);
    return st;
}

static cohl_status run_gif(cohl_frame *const *frame, int count, double fps, cohl_attack_put_fn *put, void *user,
                           cohl_error *err)
{
    char path[] = "/tmp/cohl-bench-XXXXXX.gif";
    cohl_film_params params = { .width = frame[0]->width, .height = frame[0]->height, .fps = fps, .crf = -1 };
    cohl_film_target target;
    cohl_film_writer *writer = NULL;
    cohl_frame *back = NULL;
    int file = mkstemps(path, 4);
    if (file < 0)
        return cohl_fail(err, COHL_ERR_IO, "%s: cannot be written", path);
    close(file);
    cohl_status st = cohl_film_target_parse(&target, path, err);
    if (!st) {
        st = cohl_film_writer_open(&writer, &target, &params, err);
        for (int i = 0; i < count && !st; i++)
            st = cohl_film_writer_put(writer, frame[i], err);
        st = cohl_film_writer_close(writer, st, NULL, err);
        cohl_film_target_free(&target);
    }
    if (!st) st = cohl_frame_copy(&back, frame[0], err);
    if (!st) st = read_back(path, back, put, user, err);
    cohl_frame_free(back);
    unlink(path);
    return st;
}

/* ---- all of it ----------------------------------------------------------------------- */

static int even(double size) { return (int)(size / 2 + 0.5) * 2; }

/* What is left of a film that is cut on both sides. */
static int trim(cohl_frame *const **frame, int count, double keep)
{
    int left = keep > 0 && count * keep >= 1 ? (int)(count * keep) : count;
    *frame += (count - left) / 2;
    return left;
}

cohl_status cohl_attack_run(const cohl_attack *attack, cohl_frame *const *frame, int count, double fps,
                            cohl_attack_put_fn *put, void *user, cohl_error *err)
{
    count = trim(&frame, count, attack->keep);
    int width = even(frame[0]->width * (attack->wide > 0 ? attack->wide : 1));
    int height = even(frame[0]->height * (attack->high > 0 ? attack->high : 1));
    coder c = { .put = put, .user = user, .name = attack->name };
    cohl_frame *changed = NULL;
    if (!strcmp(attack->codec, "gif"))
        return run_gif(frame, count, fps, put, user, err);
    cohl_status st = open_coder(&c, attack, width, height, fps / attack->every, err);
    if (!st) st = cohl_frame_new(&changed, width, height, err);
    for (int i = 0; i < count && !st; i += attack->every) {
        if (attack->change)
            attack->change(changed, frame[i]);
        st = code_frame(&c, attack->change ? changed : frame[i], i / attack->every, err);
    }
    if (!st)
        st = finish_coding(&c, err);
    cohl_frame_free(changed);
    close_coder(&c);
    return st;
}
