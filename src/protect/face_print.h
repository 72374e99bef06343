/* face_print.h - what is kept of a face: a few times 128 numbers, never a picture.
 *
 *     cohl_face_print print = { 0 };
 *     st = cohl_face_print_read(&print, "ann.jpg", err);          a picture, or a film of one person
 *     st = cohl_face_print_seal(&bytes, &print, err);             for a row (secret.h)
 *     double distance = cohl_face_print_distance(&print, face->embedding);
 *     cohl_face_print_wipe(&print);
 *
 * They come from the installed networks (vision/faces.h), of an upright, aligned face. */
#ifndef COHL_PROTECT_FACE_PRINT_H
#define COHL_PROTECT_FACE_PRINT_H

#include "base/text.h"
#include "vision/faces.h"

enum { COHL_FACE_PRINT_MOST = 8 };

/* Faces nearer than this may be one person's (Euclidean; docs/checks.md). */
#define COHL_FACE_NEAR 0.45

typedef struct cohl_face_print {
    int   count;
    float numbers[COHL_FACE_PRINT_MOST][COHL_FACE_NUMBERS];
} cohl_face_print;

/* COHL_ERR_UNSUPPORTED  the networks are not installed
 * COHL_ERR_ARGUMENT     no face is in it, or more than one person's
 * COHL_ERR_IO, COHL_ERR_FORMAT  neither a picture nor a film */
cohl_status cohl_face_print_read(cohl_face_print *out, const char *path, cohl_error *err);

/* Leave nothing of it in memory, in which others come to lie. */
void cohl_face_print_wipe(cohl_face_print *print);

/* The same from faces that were found. false: there is room for no more. */
bool cohl_face_print_add(cohl_face_print *print, const float numbers[COHL_FACE_NUMBERS]);

cohl_status cohl_face_print_seal(cohl_text *out, const cohl_face_print *print, cohl_error *err);
cohl_status cohl_face_print_open(cohl_face_print *out, const void *sealed, size_t size, cohl_error *err);

/* The least of those to its numbers. */
double cohl_face_print_distance(const cohl_face_print *print, const float numbers[COHL_FACE_NUMBERS]);

#endif
