/* mark_layout.h - whose cell is whose: the canvas that all marks are drawn on.
 *
 * A frame of any size is a canvas of 96 x 54 cells. Each cell belongs to one mark, by a fixed
 * shuffle that the public key gives, so that every mark lies all over the picture:
 *
 *     1248 cells  public     +-1 by the public key
 *     1120 cells  presence   +-1 by the private key
 *     2816 cells  payload    +-1 by the private key, times one of 256 code bits (11 cells each)
 *
 * Coarser cells survive compression and small pictures better, finer ones are more: 96 x 54
 * was the best of 128 x 72, 96 x 54 and 64 x 36 where it is hardest, in small pictures and
 * at H.264's CRF 40 (docs/watermark.md). */
#ifndef COHL_PROVENANCE_MARK_LAYOUT_H
#define COHL_PROVENANCE_MARK_LAYOUT_H

#include "provenance/mark_code.h"
#include "provenance/mark_key.h"

enum {
    COHL_MARK_COLUMNS = 96, COHL_MARK_ROWS = 54, COHL_MARK_CELLS = COHL_MARK_COLUMNS * COHL_MARK_ROWS,
    COHL_MARK_PUBLIC_CELLS = 1248, COHL_MARK_PRESENCE_CELLS = 1120, COHL_MARK_BIT_CELLS = 11,
};

/* Owners of cells besides the code bits 0..255. */
enum { COHL_MARK_PUBLIC_OWNER = -2, COHL_MARK_PRESENCE_OWNER = -1 };

/* [rows, columns] */
typedef struct cohl_mark_owners { int16_t of[COHL_MARK_CELLS]; } cohl_mark_owners;
typedef struct cohl_mark_signs  { int8_t of[COHL_MARK_CELLS]; } cohl_mark_signs;

cohl_mark_owners cohl_mark_layout(void);

/* A key's sign for each cell; which of them count, the layout says. */
void cohl_mark_signs_of(cohl_mark_signs *signs, const cohl_mark_key *key);

#endif
