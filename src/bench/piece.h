/* piece.h - clips to measure marks on: three seconds of footage, films of the theatre, parts of either.
 *
 *     cohl_footage footage;
 *     if ((st = cohl_footage_list(&footage, folder, 44, err))) return st;
 *     st = cohl_piece_read(&piece, &footage.cut[0], err);
 *     ...
 *     cohl_piece_clear(&piece); cohl_footage_free(&footage); */
#ifndef COHL_BENCH_PIECE_H
#define COHL_BENCH_PIECE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "media/frame.h"

enum { COHL_PIECE_FRAMES_MAX = 256, COHL_PIECES_MAX = 256, COHL_PIECE_NAME_BYTES = 80 };

#define COHL_PIECE_SECONDS 3.0

/* Frames in memory; starts as { .frames = 0 }. */
typedef struct cohl_piece {
    char        name[COHL_PIECE_NAME_BYTES];
    cohl_frame *frame[COHL_PIECE_FRAMES_MAX];
    int         frames;
    double      fps;
} cohl_piece;

/* Where a piece is cut: a film, and seconds from its begin. */
typedef struct cohl_cut {
    char  *path;
    double start;
    char   name[COHL_PIECE_NAME_BYTES];        /* "cars.mp4 at 3.2 s" */
} cohl_cut;

typedef struct cohl_footage {
    cohl_cut cut[COHL_PIECES_MAX];
    int      cuts;
} cohl_footage;

/* About `pieces` places, evenly over the films (.mp4, .mkv, .webm) of a folder, at least one in each; where the
 * footage is short they overlap.
 * COHL_ERR_IO  no such folder, or no films in it */
cohl_status cohl_footage_list(cohl_footage *footage, const char *folder, int pieces, cohl_error *err);
void cohl_footage_free(cohl_footage *footage);

cohl_status cohl_piece_read(cohl_piece *piece, const cohl_cut *cut, cohl_error *err);

/* The scene of a seed at the small model's size, 320 x 192 at 16 frames a second. */
cohl_status cohl_piece_render(cohl_piece *piece, uint64_t seed, int frames, cohl_error *err);

/* `frames` frames of another piece, a part of each, 0.4 to 1 of its sides, drawn from rng. */
cohl_status cohl_piece_cut(cohl_piece *piece, const cohl_piece *from, int frames, cohl_rng *rng, cohl_error *err);

/* Free the frames; the piece is empty then. */
void cohl_piece_clear(cohl_piece *piece);

#endif
