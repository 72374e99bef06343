/* writer.h - a film out: frames pushed one at a time into a file or a folder.
 *
 *     cohl_film_target target;
 *     cohl_film_params params = { .width = 320, .height = 192, .fps = 16, .crf = -1 };
 *     cohl_film_writer *writer = NULL;
 *     if ((st = cohl_film_target_parse(&target, "film.mp4", err))) return st;
 *     st = cohl_film_writer_open(&writer, &target, &params, err);
 *     while (!st && next(frame))
 *         st = cohl_film_writer_put(writer, frame, err);
 *     st = cohl_film_writer_close(writer, st, NULL, err);
 *     cohl_film_target_free(&target);
 *
 * The name's ending chooses the format. The same frames give the same bytes:
 * threads and every setting belong to the format, never to the machine, and no
 * clock, host or random number reaches the file. Memory does not grow with the
 * film (a GIF keeps its frames in a nameless file beside the target until its
 * palette is known).
 *
 * The writer writes to `place` as it goes; that a film has no name until it is
 * whole, and that a broken one vanishes, is deliver/door.h's work. */
#ifndef COHL_MEDIA_WRITER_H
#define COHL_MEDIA_WRITER_H

#include <stdint.h>

#include "media/frame.h"
#include "media/tag.h"

/* One way to write a film. */
typedef struct cohl_film_format {
    const char *name;       /* "mp4"                                             */
    const char *ending;     /* what a path ends with: ".mp4", "/"                */
    const char *about;      /* one line for help                                 */
    int         multiple;   /* width and height are multiples of it              */
    int         most;       /* most frames it holds, 0: no limit                 */
    int         crf;        /* constant quality: lower is finer; -1: has none    */
    int         crf_most;
    double      fps_most;   /* frames a second; 0: 240                           */
    const struct cohl_film_kind *kind;   /* how; media's own */
} cohl_film_format;

/* Every format, the usual one first; ends with NULL. */
extern const cohl_film_format *const cohl_film_formats[];

/* Where a film goes, read off its path:
 *     film.mp4 .webm .mov .gif        one file
 *     still.png                       one file, a film of a single frame
 *     shot/                           folder of frame00000.png, frame00001.png, ...
 *     shot/take%04d.png               the same with names of one's own          */
typedef struct cohl_film_target {
    const cohl_film_format *format;
    char *path;       /* as given, for sentences                       */
    char *place;      /* the file, or the folder, that comes into being */
    char *prefix;     /* of pictures in a folder: "frame"              */
    int   digits;
} cohl_film_target;

/* COHL_ERR_ARGUMENT  the ending is unknown (the sentence names those that are) */
cohl_status cohl_film_target_parse(cohl_film_target *target, const char *path, cohl_error *err);
void cohl_film_target_free(cohl_film_target *target);
/* Whether place is a folder. */
int cohl_film_target_is_folder(const cohl_film_target *target);

typedef struct cohl_film_params {
    int             width, height;   /* pixels of every frame                        */
    double          fps;             /* 0.1..240; 23.976 and kin mean 24000/1001     */
    int             crf;             /* -1: the format's own                         */
    const cohl_tag *tags;            /* "title", "comment", COHL_TAG_RECIPE, ...; UTF-8;
                                        borrowed until close                         */
    int             tag_count;
} cohl_film_params;

/* Can this build write such a film there? Asks nothing of the disk.
 * COHL_ERR_ARGUMENT     a size, a rate or a quality the format does not take
 * COHL_ERR_UNSUPPORTED  this FFmpeg was built without the encoder */
cohl_status cohl_film_params_check(const cohl_film_target *target, const cohl_film_params *params,
                                   cohl_error *err);

typedef struct cohl_film_report {
    int      frames;
    uint64_t bytes;         /* of the file, or of all pictures                   */
    char     packets[65];   /* SHA-256, in hex, of coded pictures and their times */
} cohl_film_report;

typedef struct cohl_film_writer cohl_film_writer;

/* target is borrowed until close. On failure *out is NULL. */
cohl_status cohl_film_writer_open(cohl_film_writer **out, const cohl_film_target *target,
                                  const cohl_film_params *params, cohl_error *err);

/* The next frame, of the size announced. Borrowed for the call. After a failure only
 * close may follow. */
cohl_status cohl_film_writer_put(cohl_film_writer *writer, const cohl_frame *frame,
                                 cohl_error *err);

/* With COHL_OK: finish the film and sync it to the disk; report may be NULL. With
 * another status: let go of it and return that status. Frees the writer, which may be
 * NULL. What lies at place after a failure is not a film. */
cohl_status cohl_film_writer_close(cohl_film_writer *writer, cohl_status st,
                                   cohl_film_report *report, cohl_error *err);

#endif
