/* face_print.c - what is kept of a face. */
#include "protect/face_print.h"

#include <math.h>
#include <openssl/crypto.h>
#include <string.h>

#include "media/reader.h"
#include "media/still.h"
#include "protect/secret.h"

enum { FRAMES_MOST = 300 };          /* of a film that shows one person */

static const char purpose[] = "face";

void cohl_face_print_wipe(cohl_face_print *print) { OPENSSL_cleanse(print, sizeof *print); }

bool cohl_face_print_add(cohl_face_print *print, const float numbers[COHL_FACE_NUMBERS])
{
    if (print->count == COHL_FACE_PRINT_MOST)
        return false;
    memcpy(print->numbers[print->count++], numbers, sizeof print->numbers[0]);
    return true;
}

double cohl_face_print_distance(const cohl_face_print *print, const float numbers[COHL_FACE_NUMBERS])
{
    double least = INFINITY;
    for (int i = 0; i < print->count; i++)
        least = fmin(least, cohl_face_distance(print->numbers[i], numbers));
    return least;
}

/* ---- from pictures -------------------------------------------------------------- */

/* Of one person all along: every fourth face of the track is kept, so that they are not all alike. */
static cohl_status take(cohl_face_print *out, cohl_faces *faces, const cohl_frame *frame, int number, const char *path,
                        cohl_error *err)
{
    cohl_status st = cohl_faces_look(faces, frame, number, err);
    if (st || !cohl_faces_count(faces))
        return st;
    const cohl_face *face = cohl_faces_at(faces, 0);
    if (cohl_faces_count(faces) > 1 || face->track > 0)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: shows more than one face at frame %d, expected one person's alone",
                         path, number);
    if ((face->seen - 1) % 4 == 0)
        cohl_face_print_add(out, face->embedding);
    return COHL_OK;
}

static cohl_status read_picture(cohl_face_print *out, cohl_faces *faces, const char *path, cohl_error *err)
{
    cohl_frame *picture;
    cohl_status st = cohl_still_read(&picture, path, err);
    if (st)
        return st;
    st = take(out, faces, picture, 0, path, err);
    cohl_frame_free(picture);
    return st;
}

static cohl_status read_film(cohl_face_print *out, cohl_faces *faces, const char *path, cohl_error *err)
{
    cohl_film_reader *reader;
    cohl_frame *frame = NULL;
    bool more = true;
    cohl_status st = cohl_film_reader_open(&reader, path, 0, 0, err);
    if (st)
        return st;
    const cohl_film_info *info = cohl_film_reader_info(reader);
    st = cohl_frame_new(&frame, info->width, info->height, err);
    for (int i = 0; i < FRAMES_MOST && !st && out->count < COHL_FACE_PRINT_MOST; i++) {
        st = cohl_film_reader_next(reader, frame, &more, err);
        if (st || !more)
            break;
        st = take(out, faces, frame, i, path, err);
    }
    cohl_frame_free(frame);
    cohl_film_reader_close(reader);
    return st;
}

cohl_status cohl_face_print_read(cohl_face_print *out, const char *path, cohl_error *err)
{
    cohl_faces *faces;
    *out = (cohl_face_print){ 0 };
    cohl_status st = cohl_faces_new(&faces, NULL, err);
    if (st)
        return st;
    st = cohl_still_begins(path) ? read_picture(out, faces, path, err) : read_film(out, faces, path, err);
    if (!st && !out->count)
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "%s: no face is seen in it", path);
    cohl_faces_free(faces);
    return st;
}

/* ---- as bytes -------------------------------------------------------------------- */

cohl_status cohl_face_print_seal(cohl_text *out, const cohl_face_print *print, cohl_error *err)
{
    return cohl_secret_seal(out, purpose, print->numbers, (size_t)print->count * sizeof print->numbers[0], err);
}

cohl_status cohl_face_print_open(cohl_face_print *out, const void *sealed, size_t size, cohl_error *err)
{
    cohl_text open = { 0 };
    *out = (cohl_face_print){ 0 };
    cohl_status st = cohl_secret_open(&open, purpose, sealed, size, err);
    if (!st && (open.size % sizeof out->numbers[0] || open.size > sizeof out->numbers))
        st = cohl_fail(err, COHL_ERR_FORMAT, "%zu bytes that are no numbers of a face", open.size);
    if (!st) {
        memcpy(out->numbers, open.data, open.size);
        out->count = (int)(open.size / sizeof out->numbers[0]);
    }
    if (open.data)
        OPENSSL_cleanse(open.data, open.size);
    cohl_text_free(&open);
    return st;
}
