/* reader.h - a film in: frames of any file FFmpeg can decode, one at a time.
 *
 *     cohl_film_reader *reader;
 *     if ((st = cohl_film_reader_open(&reader, "film.mp4", 0, 0, err))) return st;
 *     const cohl_film_info *info = cohl_film_reader_info(reader);
 *     cohl_frame_new(&frame, info->width, info->height, err);
 *     while (!(st = cohl_film_reader_next(reader, frame, &more, err)) && more)
 *         look(frame);
 *     cohl_film_reader_close(reader);
 *
 * Only the named file is read: playlists, which could name others, and addresses
 * are refused. A film turned by its maker's phone comes upright, pixels that are not square come
 * square, any depth comes as 8 bits, and pictures have the times they have: seconds() says them. */
#ifndef COHL_MEDIA_READER_H
#define COHL_MEDIA_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "media/frame.h"
#include "media/tag.h"

typedef struct cohl_film_info {
    int       width, height;               /* of the frames that next() gives          */
    int       native_width, native_height; /* of the film, upright, its pixels square   */
    double    fps;                         /* average                                  */
    int64_t   frames;                      /* as the container says, else by duration; 0:
                                              unknown; only reading to the end is sure */
    double    seconds;                     /* 0: unknown                               */
    const char *container, *codec;         /* "mov,mp4,m4a,3gp,3g2,mj2", "h264"        */
    cohl_tags tags;                        /* the container's, then the stream's       */
} cohl_film_info;

typedef struct cohl_film_reader cohl_film_reader;

/* Frames come at width x height; 0, 0 means the film's own size, and one of them 0
 * keeps its shape.
 * COHL_ERR_IO        the file cannot be opened
 * COHL_ERR_FORMAT    not a film, no picture in it, or larger than COHL_FRAME_*_MAX
 * COHL_ERR_ARGUMENT  a size that no frame can have */
cohl_status cohl_film_reader_open(cohl_film_reader **out, const char *path, int width, int height,
                                  cohl_error *err);

/* Valid until close. */
const cohl_film_info *cohl_film_reader_info(const cohl_film_reader *reader);

/* The next frame into `frame`, which has info's width and height; NULL passes over it (its
 * seconds are told all the same). At the end *more is false and frame is untouched.
 * COHL_ERR_FORMAT  the film is broken here */
cohl_status cohl_film_reader_next(cohl_film_reader *reader, cohl_frame *frame, bool *more,
                                  cohl_error *err);

/* Seconds since the film's begin of the frame that next() gave last. */
double cohl_film_reader_seconds(const cohl_film_reader *reader);

void cohl_film_reader_close(cohl_film_reader *reader);

#endif
