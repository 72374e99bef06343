/* writer_gif.c - an animated GIF whose 256 colours are chosen for the whole film.
 *
 * The palette is known only after the last frame, so frames are kept on the disk, in
 * a file without a name beside the target, and read again: memory does not grow with
 * the film. Counting and dithering are libavfilter's palettegen and paletteuse. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "media/ffmpeg.h"
#include "media/writer_kind.h"

enum { COMMENT_BLOCK = 255 };

typedef struct graph {
    AVFilterGraph   *graph;
    AVFilterContext *in[2];   /* frames, palette */
    AVFilterContext *out;
} graph;

typedef struct gif {
    FILE     *kept;       /* [frames, height, width, 3] */
    AVFrame  *picture;    /* RGB32, the filters' form   */
    graph     count;      /* frames in, palette out     */
    graph     apply;      /* frames and palette in, indexed pictures out */
    cohl_mux *mux;
} gif;

static int add_source(graph *g, int i, int width, int height, AVRational rate)
{
    char args[160], name[8];
    snprintf(name, sizeof name, "in%d", i);
    snprintf(args, sizeof args, "video_size=%dx%d:pix_fmt=%d:time_base=%d/%d:pixel_aspect=1/1",
             width, height, AV_PIX_FMT_RGB32, rate.den, rate.num);
    return avfilter_graph_create_filter(&g->in[i], avfilter_get_by_name("buffer"), name, args,
                                        NULL, g->graph);
}

/* sources -> filter -> sink */
static int open_graph(graph *g, const cohl_film_writer *writer, const char *filter,
                      const char *args, int sources)
{
    AVFilterContext *middle = NULL;
    int code = AVERROR(ENOMEM);
    if (!(g->graph = avfilter_graph_alloc()))
        return code;
    g->graph->nb_threads = 1;
    if (!avfilter_get_by_name(filter))
        return AVERROR_FILTER_NOT_FOUND;
    code = add_source(g, 0, writer->params.width, writer->params.height, writer->rate);
    if (code >= 0 && sources > 1)
        code = add_source(g, 1, 16, 16, writer->rate);
    if (code >= 0)
        code = avfilter_graph_create_filter(&middle, avfilter_get_by_name(filter), filter, args,
                                            NULL, g->graph);
    if (code >= 0)
        code = avfilter_graph_create_filter(&g->out, avfilter_get_by_name("buffersink"), "out",
                                            NULL, NULL, g->graph);
    for (int i = 0; code >= 0 && i < sources; i++)
        code = avfilter_link(g->in[i], 0, middle, (unsigned)i);
    if (code >= 0) code = avfilter_link(middle, 0, g->out, 0);
    if (code >= 0) code = avfilter_graph_config(g->graph, NULL);
    return code < 0 ? code : 0;
}

static FILE *open_kept(const char *place)
{
    const char *slash = strrchr(place, '/');
    char *path = NULL;
    if (asprintf(&path, "%.*s.cohl-XXXXXX", slash ? (int)(slash - place + 1) : 0, place) < 0)
        return NULL;
    int fd = mkostemp(path, O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w+b");
    if (fd >= 0)
        unlink(path);
    if (fd >= 0 && !file)
        close(fd);
    free(path);
    return file;
}

static cohl_status gif_open(cohl_film_writer *writer, cohl_error *err)
{
    gif *film = writer->state = calloc(1, sizeof *film);
    if (!film || !(film->picture = av_frame_alloc()))
        return cohl_film_fail(writer, AVERROR(ENOMEM), err);
    if (!(film->kept = open_kept(writer->target->place)))
        return cohl_film_fail(writer, AVERROR(errno), err);
    film->picture->format = AV_PIX_FMT_RGB32;
    film->picture->width = writer->params.width, film->picture->height = writer->params.height;
    film->picture->sample_aspect_ratio = (AVRational){ 1, 1 };
    int code = av_frame_get_buffer(film->picture, 0);
    if (code >= 0)
        code = open_graph(&film->count, writer, "palettegen", NULL, 1);
    return code < 0 ? cohl_film_fail(writer, code, err) : COHL_OK;
}

/* RGB rows into the picture; pts counts frames. */
static int fill_picture(AVFrame *picture, const uint8_t *rgb, int64_t pts)
{
    int code = av_frame_make_writable(picture);
    for (int y = 0; code >= 0 && y < picture->height; y++) {
        uint32_t *row = (uint32_t *)(picture->data[0] + (ptrdiff_t)y * picture->linesize[0]);
        for (int x = 0; x < picture->width; x++, rgb += 3)
            row[x] = 0xff000000u | (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
    }
    picture->pts = pts;
    return code;
}

static cohl_status gif_put(cohl_film_writer *writer, const cohl_frame *frame, cohl_error *err)
{
    gif *film = writer->state;
    size_t size = cohl_frame_bytes(frame);
    if (fwrite(frame->rgb, 1, size, film->kept) != size)
        return cohl_film_fail(writer, AVERROR(errno), err);
    int code = fill_picture(film->picture, frame->rgb, writer->frames);
    if (code >= 0)
        code = av_buffersrc_add_frame_flags(film->count.in[0], film->picture,
                                            AV_BUFFERSRC_FLAG_KEEP_REF | AV_BUFFERSRC_FLAG_PUSH);
    return code < 0 ? cohl_film_fail(writer, code, err) : COHL_OK;
}

/* End the count, and give its palette to the second graph. */
static int pass_palette(gif *film)
{
    AVFrame *palette = av_frame_alloc();
    int code = palette ? av_buffersrc_add_frame(film->count.in[0], NULL) : AVERROR(ENOMEM);
    if (code >= 0)
        code = av_buffersink_get_frame(film->count.out, palette);
    if (code >= 0) {
        palette->pts = 0;
        code = av_buffersrc_add_frame(film->apply.in[1], palette);
    }
    if (code >= 0)
        code = av_buffersrc_add_frame(film->apply.in[1], NULL);
    av_frame_free(&palette);
    avfilter_graph_free(&film->count.graph);
    return code;
}

/* Code every indexed picture that is ready. */
static cohl_status drain(cohl_film_writer *writer, AVFrame *indexed, cohl_error *err)
{
    gif *film = writer->state;
    for (;;) {
        int code = av_buffersink_get_frame(film->apply.out, indexed);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return COHL_OK;
        if (code < 0)
            return cohl_film_fail(writer, code, err);
        cohl_status st = cohl_mux_put(film->mux, indexed, err);
        av_frame_unref(indexed);
        if (st)
            return st;
    }
}

static cohl_status apply_palette(cohl_film_writer *writer, uint8_t *rgb, AVFrame *indexed,
                                 cohl_error *err)
{
    gif *film = writer->state;
    size_t size = (size_t)writer->params.width * (size_t)writer->params.height * 3;
    cohl_status st = COHL_OK;
    for (int f = 0; !st && f < writer->frames; f++) {
        errno = EIO;
        int code = fread(rgb, 1, size, film->kept) == size ? 0 : AVERROR(errno);
        if (code >= 0)
            code = fill_picture(film->picture, rgb, f);
        if (code >= 0)
            code = av_buffersrc_add_frame_flags(film->apply.in[0], film->picture,
                                                AV_BUFFERSRC_FLAG_KEEP_REF);
        st = code < 0 ? cohl_film_fail(writer, code, err) : drain(writer, indexed, err);
    }
    int code = st ? 0 : av_buffersrc_add_frame(film->apply.in[0], NULL);
    if (code < 0)
        st = cohl_film_fail(writer, code, err);
    return st ? st : drain(writer, indexed, err);
}

static cohl_status gif_finish(cohl_film_writer *writer, cohl_error *err)
{
    gif *film = writer->state;
    uint8_t *rgb = malloc((size_t)writer->params.width * (size_t)writer->params.height * 3);
    AVFrame *indexed = av_frame_alloc();
    int code = rgb && indexed ? 0 : AVERROR(ENOMEM);
    if (code >= 0 && (fflush(film->kept) || fseeko(film->kept, 0, SEEK_SET)))
        code = AVERROR(errno);
    if (code >= 0)
        code = open_graph(&film->apply, writer, "paletteuse",
                          "dither=sierra2_4a:diff_mode=rectangle", 2);
    if (code >= 0)
        code = pass_palette(film);
    cohl_status st = code < 0 ? cohl_film_fail(writer, code, err) : COHL_OK;
    if (!st) st = cohl_mux_open(&film->mux, writer, writer->target->format->kind->coding, err);
    if (!st) st = apply_palette(writer, rgb, indexed, err);
    if (!st) st = cohl_mux_put(film->mux, NULL, err);
    if (!st) st = cohl_mux_finish(film->mux, err);
    av_frame_free(&indexed);
    free(rgb);
    return st;
}

static void gif_drop(cohl_film_writer *writer)
{
    gif *film = writer->state;
    if (!film)
        return;
    cohl_mux_free(film->mux);
    avfilter_graph_free(&film->count.graph);
    avfilter_graph_free(&film->apply.graph);
    av_frame_free(&film->picture);
    if (film->kept)
        fclose(film->kept);
    free(film);
}

static const char *tag_of(const cohl_film_params *params, const char *key)
{
    for (int i = 0; i < params->tag_count; i++)
        if (!strcmp(params->tags[i].key, key))
            return params->tags[i].value;
    return NULL;
}

/* A Comment Extension (GIF89a, section 24): the recipe, else the plain comment. */
static void put_comment(cohl_text *out, const cohl_film_params *params)
{
    const char *recipe = tag_of(params, COHL_TAG_RECIPE), *said = recipe ? recipe : tag_of(params, "comment");
    size_t size = said ? strlen(said) : 0;
    if (!size)
        return;
    cohl_text_add(out, "\x21\xfe");
    for (size_t from = 0; from < size; from += COMMENT_BLOCK) {
        uint8_t part = (uint8_t)(size - from < COMMENT_BLOCK ? size - from : COMMENT_BLOCK);
        cohl_text_add_bytes(out, &part, 1);
        cohl_text_add_bytes(out, said + from, part);
    }
    cohl_text_add_bytes(out, "", 1);
}

/* An Application Extension with XMP (XMP specification part 3, 1.1.2). The packet stands there without
 * blocks; whoever reads its bytes as lengths of blocks is led to the end by the bytes behind it: 1, then
 * 255 falling to 0, and the 0 that ends the extension. */
static void put_xmp(cohl_text *out, const cohl_film_params *params)
{
    const char *xmp = tag_of(params, COHL_TAG_XMP);
    if (!xmp)
        return;
    cohl_text_add(out, "\x21\xff\x0bXMP DataXMP");
    cohl_text_add(out, xmp);
    cohl_text_add(out, "\x01");
    for (int i = 255; i >= 0; i--)
        cohl_text_add_bytes(out, &(uint8_t){ (uint8_t)i }, 1);
    cohl_text_add_bytes(out, "", 1);
}

/* Of the file's header, with the global palette; 0 when the packet does not begin with one. */
static int header_size(const AVPacket *packet)
{
    int header = 13;
    if (packet->size >= header && packet->data[10] & 0x80)
        header += 3 << ((packet->data[10] & 7) + 1);
    return header <= packet->size ? header : 0;
}

/* The muxer knows no extensions of this kind: they go into the first packet, behind the header. */
static int add_extensions(AVPacket *packet, const cohl_film_params *params)
{
    cohl_text more = { 0 };
    int old = packet->size, header = header_size(packet), code = 0;
    put_comment(&more, params);
    put_xmp(&more, params);
    if (more.failed)
        code = AVERROR(ENOMEM);
    if (!code && header && more.size && (code = av_grow_packet(packet, (int)more.size)) >= 0 &&
        (code = av_packet_make_writable(packet)) >= 0) {
        memmove(packet->data + header + more.size, packet->data + header, (size_t)(old - header));
        memcpy(packet->data + header, more.data, more.size);
    }
    cohl_text_free(&more);
    return code;
}

static const cohl_film_coding gif_coding = {
    .muxer = "gif", .muxer_options = "loop=0",
    .codec = "gif", .codec_options = "",
    .pixels = AV_PIX_FMT_PAL8, .threads = 1, .first_packet = add_extensions,
};

const cohl_film_kind cohl_film_kind_gif = { &gif_coding, gif_open, gif_put, gif_finish, gif_drop };
