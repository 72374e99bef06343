/* writer_kind.h - what the kinds of film writers share. Not for other rooms. */
#ifndef COHL_MEDIA_WRITER_KIND_H
#define COHL_MEDIA_WRITER_KIND_H

#include <libavformat/avformat.h>

#include "base/digest.h"
#include "media/writer.h"

struct cohl_film_writer {
    const cohl_film_target *target;
    cohl_film_params        params;
    AVRational              rate;     /* frames a second */
    int                     frames;   /* put so far */
    uint64_t                bytes;
    cohl_digest            *sum;      /* of what was coded */
    void                   *state;    /* of the kind */
};

/* How one codec in one container is written: constants of a format. */
typedef struct cohl_film_coding {
    const char        *muxer, *muxer_options;   /* options as "a=b:c=d" */
    const char        *codec, *codec_options;
    enum AVPixelFormat pixels;
    int                threads;      /* fixed: output may depend on it */
    /* Change the first packet before it is written (NULL: as it is). */
    int (*first_packet)(AVPacket *packet, const cohl_film_params *params);
} cohl_film_coding;

/* A kind of writer. open sets writer->state; finish is called once after the last
 * frame if all went well; drop always, state may then be NULL. */
typedef struct cohl_film_kind {
    const cohl_film_coding *coding;   /* NULL: needs no codec of FFmpeg */
    cohl_status (*open)(cohl_film_writer *writer, cohl_error *err);
    cohl_status (*put)(cohl_film_writer *writer, const cohl_frame *frame, cohl_error *err);
    cohl_status (*finish)(cohl_film_writer *writer, cohl_error *err);
    void        (*drop)(cohl_film_writer *writer);
} cohl_film_kind;

extern const cohl_film_kind cohl_film_kind_mp4, cohl_film_kind_webm, cohl_film_kind_mov,
                            cohl_film_kind_gif, cohl_film_kind_still, cohl_film_kind_folder;

/* One coded stream in a container. */
typedef struct cohl_mux cohl_mux;

cohl_status cohl_mux_open(cohl_mux **out, cohl_film_writer *writer,
                          const cohl_film_coding *coding, cohl_error *err);
/* A picture in coding->pixels, its pts counting frames; NULL after the last. */
cohl_status cohl_mux_put(cohl_mux *mux, const AVFrame *picture, cohl_error *err);
/* After NULL was put: end the file and let go of it. */
cohl_status cohl_mux_finish(cohl_mux *mux, cohl_error *err);
void cohl_mux_free(cohl_mux *mux);

/* "film.mp4: cannot write: No space left on device" */
cohl_status cohl_film_fail(const cohl_film_writer *writer, int code, cohl_error *err);

#endif
