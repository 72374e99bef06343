/* q8_dots.h - a block in eight bits where four neighbours are multiplied and summed at once.
 *
 * Included once by each q8_ISA.c that has it, which defines ROWS of a block, two panels wide;
 * q8_sum, a sum for each of COLUMNS; and dots(sum, x, w), which adds to each the four products of x,
 * four unsigned bytes, and the column's four signed bytes at w. */
#define VALUE uint8_t
#define ADDED 128
#include "tensor/cpu/q8_rows.h"

INLINE void block_wide(const cohl_q8_block *b, int wide)
{
    q8_sum sum[ROWS][COHL_Q8_WIDE_MAX] = { 0 };
    for (int64_t i = 0; i < b->depth; i += COHL_Q8_DEPTH)
        for (int r = 0; r < ROWS; r++) {
            int32_t x;
            memcpy(&x, b->x[r] + i, sizeof x);
            for (int j = 0; j < wide; j++)
                dots(&sum[r][j], x, b->w[j] + i * COHL_Q8_COLUMNS);
        }
    for (int j = 0; j < wide; j++)
        for (int r = 0; r < ROWS; r++) {
            int32_t more[COHL_Q8_COLUMNS], *to = b->sum[j] + r * COHL_Q8_COLUMNS;
            memcpy(more, &sum[r][j], sizeof more);
            for (int c = 0; c < COHL_Q8_COLUMNS; c++)
                to[c] = more[c] + (b->add ? to[c] : 0);
        }
}

static void block(const cohl_q8_block *b)
{
    if (b->wide == 2)
        block_wide(b, 2);
    else
        block_wide(b, 1);
}

const cohl_q8_kernels TABLE = {
    .block_rows = ROWS, .block_wide = 2, .value_bytes = 1, .added = ADDED,
    .row = row, .block = block, .finish = finish,
};
