/* writer_pictures.c - a film as PNG pictures: a folder of them, or a single one.
 *
 * Each carries the tags: a picture taken out of its folder still says what it is. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "media/still.h"
#include "media/writer_kind.h"

static cohl_status write_picture(cohl_film_writer *writer, const cohl_frame *frame,
                                 const char *path, cohl_error *err)
{
    cohl_text bytes = { 0 };
    FILE *file = NULL;
    cohl_status st = cohl_still_encode(&bytes, frame, writer->params.tags,
                                       writer->params.tag_count, err);
    if (!st) {
        cohl_digest_add(writer->sum, bytes.data, bytes.size);
        writer->bytes += bytes.size;
        file = fopen(path, "wbe");
        int broken = !file || fwrite(bytes.data, 1, bytes.size, file) != bytes.size ||
                     fflush(file) || fsync(fileno(file));
        int code = AVERROR(errno);
        if (file && fclose(file) && !broken)
            broken = 1, code = AVERROR(errno);
        if (broken)
            st = cohl_film_fail(writer, code, err);
    }
    cohl_text_free(&bytes);
    return st;
}

static cohl_status still_open(cohl_film_writer *writer, cohl_error *err) { return COHL_OK; }

static cohl_status still_put(cohl_film_writer *writer, const cohl_frame *frame, cohl_error *err)
{
    return write_picture(writer, frame, writer->target->place, err);
}

static cohl_status folder_open(cohl_film_writer *writer, cohl_error *err)
{
    return cohl_folder_make(writer->target->place, err);
}

static cohl_status folder_put(cohl_film_writer *writer, const cohl_frame *frame, cohl_error *err)
{
    const cohl_film_target *target = writer->target;
    char *path = NULL;
    if (asprintf(&path, "%s/%s%0*d.png", target->place, target->prefix, target->digits,
                 writer->frames) < 0)
        return cohl_film_fail(writer, AVERROR(ENOMEM), err);
    cohl_status st = write_picture(writer, frame, path, err);
    free(path);
    return st;
}

static cohl_status pictures_finish(cohl_film_writer *writer, cohl_error *err) { return COHL_OK; }

static void pictures_drop(cohl_film_writer *writer) { }

const cohl_film_kind cohl_film_kind_still = { NULL, still_open, still_put, pictures_finish,
                                              pictures_drop };
const cohl_film_kind cohl_film_kind_folder = { NULL, folder_open, folder_put, pictures_finish,
                                               pictures_drop };
