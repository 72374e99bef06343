/* sheet.h - a contact sheet: pictures in a grid, words under each.
 *
 *     cohl_sheet_params params = cohl_sheet_params_default();
 *     cohl_sheet_cell cells[2] = { { first, "frame 0" }, { last, "frame 80" } };
 *     cohl_frame *sheet;
 *     st = cohl_sheet_new(&sheet, cells, 2, &params, err);
 *
 * For the film's sheet beside the film, the trainer's samples and the bench; needs
 * no library. */
#ifndef COHL_MEDIA_SHEET_H
#define COHL_MEDIA_SHEET_H

#include "media/frame.h"

typedef struct cohl_sheet_cell {
    const cohl_frame *frame;     /* NULL leaves the place empty                  */
    const char       *caption;   /* UTF-8, wrapped to the cell's width; or NULL  */
} cohl_sheet_cell;

typedef struct cohl_sheet_params {
    const char *title;        /* one line above all, or NULL                (NULL) */
    int      columns;         /* pictures in a row; 0: by the square root      (0) */
    int      cell_width;      /* pixels; pictures are scaled to it           (320) */
    int      caption_lines;   /* most lines a caption may take                 (2) */
    int      margin;          /* pixels around every picture                   (8) */
    int      font_scale;      /* pixels a dot                                  (1) */
    uint32_t paper, ink;      /* 0xRRGGBB                        (f4efe4, 2b2722) */
} cohl_sheet_params;

cohl_sheet_params cohl_sheet_params_default(void);

/* Lay out `count` cells, 1 or more. A cell's height follows the shape of the
 * first picture that is there; others keep their own shape inside it.
 * COHL_ERR_ARGUMENT  no picture at all, or the sheet would be too large */
cohl_status cohl_sheet_new(cohl_frame **out, const cohl_sheet_cell *cells, int count,
                           const cohl_sheet_params *params, cohl_error *err);

/* Which of `frames` frames stands at place i of `places` on a film's sheet: evenly
 * spread, the first and the last among them. */
int cohl_sheet_pick(int i, int places, int frames);

#endif
