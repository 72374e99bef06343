/* writing_line.h - where a frame seems to hold writing, before anything is read.
 *
 * Letters of a line are patches of one colour, about as high as each other, side by side and apart from what
 * is behind them (connected components at fixed levels, chained: Neumann and Matas 2012 without the learning).
 * What is found is told as a clean picture of the line, black on white, so that a reader of printed pages can
 * read what stands over any picture. Lines run from left to right within about ten degrees. */
#ifndef COHL_VISION_WRITING_LINE_H
#define COHL_VISION_WRITING_LINE_H

#include "media/frame.h"

enum { COHL_WRITING_LINES_MOST = 8 };

typedef struct cohl_writing_line {
    int      left, top, right, bottom;   /* in the frame as it was looked at: only for order and comparison */
    int      letters;                    /* patches in a row                                                */
    float    even;                       /* 0..1: how level they stand, and how like each other in size      */
    int      width, height;
    uint8_t *pixel;                      /* [height, width], 0 black: the line by itself                    */
} cohl_writing_line;

typedef struct cohl_writing_finder cohl_writing_finder;

cohl_status cohl_writing_finder_new(cohl_writing_finder **out, cohl_error *err);
void        cohl_writing_finder_free(cohl_writing_finder *finder);

/* The lines of a frame from top to bottom, of too many those that are most like writing; they live until
 * the next call. Same frame, same lines. One thread at a time. */
cohl_status cohl_writing_find(const cohl_writing_line **line, int *count, cohl_writing_finder *finder,
                              const cohl_frame *frame, cohl_error *err);

#endif
