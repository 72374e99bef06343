/* mark_read.h - what a film shows of a mark, before any key is asked.
 *
 *     cohl_mark_reader *reader;
 *     if ((st = cohl_mark_reader_new(&reader, err))) return st;
 *     while (next(frame))                                    the film's frames, any size
 *         st = cohl_mark_reader_add(reader, frame, err);
 *     cohl_mark_cells_of(&cells, cohl_mark_reader_sum(reader), &geometry);
 *     z = cohl_mark_correlate(&cells, signs, owners, COHL_MARK_PRESENCE_OWNER);
 *
 * Each frame is scaled to a grid of 384 x 216 (4 x 4 for a cell), its luma taken less its
 * surroundings, divided by how much these vary and cut at three times that; the frames'
 * results are added. What moves fades, what stands still is the mark, and the still part of the
 * picture. Cells are then read off the sum under a geometry, less their eight neighbours, again
 * divided and cut. None of this knows a key, which the bound of mark_find.h rests on. */
#ifndef COHL_PROVENANCE_MARK_READ_H
#define COHL_PROVENANCE_MARK_READ_H

#include "media/frame.h"
#include "provenance/mark_layout.h"

enum { COHL_MARK_GRID_WIDTH = 4 * COHL_MARK_COLUMNS, COHL_MARK_GRID_HEIGHT = 4 * COHL_MARK_ROWS };

typedef struct cohl_mark_reader cohl_mark_reader;

cohl_status cohl_mark_reader_new(cohl_mark_reader **out, cohl_error *err);
void cohl_mark_reader_free(cohl_mark_reader *reader);

/* Best handed over at the grid's size already (media/reader.h scales). */
cohl_status cohl_mark_reader_add(cohl_mark_reader *reader, const cohl_frame *frame, cohl_error *err);

/* [grid height, grid width], the reader's own. */
const float *cohl_mark_reader_sum(const cohl_mark_reader *reader);

/* Where the marked canvas lies in the picture: its left top corner and its size, in shares of
 * the picture's; width < 0 is mirrored (left is then the right edge), height < 0 upside down.
 * {0, 0, 1, 1}: it is the picture. */
typedef struct cohl_mark_geometry { double left, top, width, height; } cohl_mark_geometry;

/* Values of cells [rows, columns]; 0 where the picture does not show one. */
typedef struct cohl_mark_cells {
    float value[COHL_MARK_CELLS];
    int   seen;
} cohl_mark_cells;

void cohl_mark_cells_of(cohl_mark_cells *cells, const float *sum, const cohl_mark_geometry *geometry);

/* Z = sum s_i x_i / |x| over the cells of one owner; 0 when none is seen. */
double cohl_mark_correlate(const cohl_mark_cells *cells, const cohl_mark_signs *signs, const cohl_mark_owners *owners,
                           int owner);

#endif
