/* still.c - read a picture through libavcodec.
 *
 * The first bytes choose the decoder, and the whole file is one packet: no
 * demuxer, no probing, no other file or address that a picture could name. */
#include "media/still.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "media/ffmpeg.h"

enum { FILE_BYTES_MAX = 256 << 20 };

typedef struct kind {
    const char    *name;
    const char    *magic;     /* '?' matches any byte */
    enum AVCodecID codec;
} kind;

static const kind kinds[] = {
    { "PNG",  "\x89PNG\r\n\x1a\n", AV_CODEC_ID_PNG },
    { "JPEG", "\xff\xd8\xff",      AV_CODEC_ID_MJPEG },
    { "WebP", "RIFF????WEBP",      AV_CODEC_ID_WEBP },
    { "BMP",  "BM",                AV_CODEC_ID_BMP },
    { "PPM",  "P6",                AV_CODEC_ID_PPM },
    { "PGM",  "P5",                AV_CODEC_ID_PGM },
};

static const kind *find_kind(const uint8_t *data, size_t size)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t length = strlen(kinds[k].magic), same = 0;
        while (length <= size && same < length &&
               (kinds[k].magic[same] == '?' || (uint8_t)kinds[k].magic[same] == data[same]))
            same++;
        if (same == length)
            return &kinds[k];
    }
    return NULL;
}

bool cohl_still_begins(const char *path)
{
    cohl_map map;
    if (cohl_map_open(&map, path, NULL))
        return false;
    bool begins = find_kind(map.data, map.size);
    cohl_map_close(&map);
    return begins;
}

/* The decoder's limit keeps a small file from asking for a huge picture. */
static int open_decoder(AVCodecContext **out, const kind *kind)
{
    const AVCodec *codec = avcodec_find_decoder(kind->codec);
    AVCodecContext *decoder = codec ? avcodec_alloc_context3(codec) : NULL;
    *out = decoder;
    if (!decoder)
        return codec ? AVERROR(ENOMEM) : AVERROR_DECODER_NOT_FOUND;
    decoder->thread_count = 1;
    decoder->max_pixels = COHL_FRAME_PIXELS_MAX;
    decoder->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
    return avcodec_open2(decoder, codec, NULL);
}

static int decode(AVCodecContext *decoder, AVFrame *picture, const uint8_t *data, size_t size)
{
    AVPacket *packet = av_packet_alloc();
    int code = packet ? av_new_packet(packet, (int)size) : AVERROR(ENOMEM);
    if (!code) {
        memcpy(packet->data, data, size);
        code = avcodec_send_packet(decoder, packet);
        if (!code)
            code = avcodec_send_packet(decoder, NULL);
        if (!code)
            code = avcodec_receive_frame(decoder, picture);
    }
    av_packet_free(&packet);
    return code;
}

/* Exif orientation, 1 to 8. */
static int turns_of(const AVFrame *picture)
{
    static const int turns[9] = { 0, 0, COHL_MIRRORED, 2, COHL_MIRRORED + 2, COHL_MIRRORED + 3, 1, COHL_MIRRORED + 1, 3 };
    const AVDictionaryEntry *said = av_dict_get(picture->metadata, "Orientation", NULL, 0);
    int orientation = said ? atoi(said->value) : 1;
    return orientation >= 1 && orientation <= 8 ? turns[orientation] : 0;
}

static cohl_status show(cohl_frame **out, const AVFrame *picture, const char *name,
                        cohl_error *err)
{
    cohl_ffmpeg_view view = { .still = true };
    cohl_status st;
    if (picture->width < 1 || picture->width > COHL_FRAME_SIDE_MAX ||
        picture->height < 1 || picture->height > COHL_FRAME_SIDE_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: %d x %d pixels, expected at most %d a side",
                         name, picture->width, picture->height, COHL_FRAME_SIDE_MAX);
    if ((st = cohl_frame_new(out, picture->width, picture->height, err)))
        return st;
    st = cohl_ffmpeg_to_rgb(&view, *out, picture, name, err);
    if (!st)
        st = cohl_ffmpeg_turn(out, turns_of(picture), err);
    cohl_ffmpeg_view_close(&view);
    if (st) {
        cohl_frame_free(*out);
        *out = NULL;
    }
    return st;
}

cohl_status cohl_still_decode(cohl_frame **out, const uint8_t *data, size_t size,
                              const char *name, cohl_error *err)
{
    AVCodecContext *decoder = NULL;
    AVFrame *picture = NULL;
    cohl_status st;

    *out = NULL;
    const kind *kind = size <= FILE_BYTES_MAX ? find_kind(data, size) : NULL;
    if (!kind)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: not a picture that can be read: expected PNG, "
                         "JPEG, WebP, BMP or PPM of at most %d MiB", name, FILE_BYTES_MAX >> 20);
    cohl_ffmpeg_begin();
    int code = open_decoder(&decoder, kind);
    if (!code && !(picture = av_frame_alloc()))
        code = AVERROR(ENOMEM);
    if (!code)
        code = decode(decoder, picture, data, size);
    if (code)
        st = cohl_fail(err, code == AVERROR(ENOMEM) ? COHL_ERR_MEMORY : COHL_ERR_FORMAT,
                       "%s: not a picture that can be read: broken %s: %s", name, kind->name,
                       code == AVERROR(EAGAIN) || code == AVERROR_EOF ? "it ends too early"
                                                     : cohl_ffmpeg_reason(code));
    else
        st = show(out, picture, name, err);
    av_frame_free(&picture);
    avcodec_free_context(&decoder);
    return st;
}

cohl_status cohl_still_read(cohl_frame **out, const char *path, cohl_error *err)
{
    char *data = NULL;
    size_t size = 0;
    *out = NULL;
    cohl_status st = cohl_file_read(&data, &size, path, FILE_BYTES_MAX, err);
    if (!st)
        st = cohl_still_decode(out, (const uint8_t *)data, size, path, err);
    free(data);
    return st;
}
