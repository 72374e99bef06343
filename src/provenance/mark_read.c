/* mark_read.c - from frames to values of cells. */
#include "provenance/mark_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/resize.h"

enum {
    WIDTH = COHL_MARK_GRID_WIDTH, HEIGHT = COHL_MARK_GRID_HEIGHT, AREA = WIDTH * HEIGHT,
    COLUMNS = COHL_MARK_COLUMNS, ROWS = COHL_MARK_ROWS,
    AROUND = 4,              /* grid steps each way that count as surroundings: 2 1/4 cells across */
    TAPS = 4,                /* samples of a cell, each way                                    */
    REACH_MAX = 2,           /* cells that are looked at around one, each way                  */
};

static const float CUT = 3, FLOOR = 1;      /* of frames: in deviations; the least deviation, in luma steps */
static const float CELL_CUT = 2.5f, CELL_FLOOR = 0.05f;   /* of cells; the least in shares of all cells'    */

struct cohl_mark_reader {
    cohl_frame *grid;                  /* scratch: a frame of the grid's size */
    int         frames;
    float       sum[AREA];
    float       luma[AREA], square[AREA], mean[AREA], across[AREA];   /* scratch */
};

cohl_status cohl_mark_reader_new(cohl_mark_reader **out, cohl_error *err)
{
    cohl_mark_reader *reader = calloc(1, sizeof *reader);
    *out = reader;
    if (!reader)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to look for marks");
    cohl_status st = cohl_frame_new(&reader->grid, WIDTH, HEIGHT, err);
    if (st) {
        cohl_mark_reader_free(reader);
        *out = NULL;
    }
    return st;
}

void cohl_mark_reader_free(cohl_mark_reader *reader)
{
    if (reader)
        cohl_frame_free(reader->grid);
    free(reader);
}

const float *cohl_mark_reader_sum(const cohl_mark_reader *reader) { return reader->sum; }

/* ---- frames ------------------------------------------------------------------- */

static int inside(int i, int size) { return i < 0 ? 0 : i >= size ? size - 1 : i; }

/* Mean over a square of 2 AROUND + 1, the edges repeated; a running sum each way. */
static void blur(float *restrict out, const float *restrict in, float *restrict across)
{
    float column[WIDTH] = { 0 };
    for (int y = 0; y < HEIGHT; y++) {
        const float *row = in + y * WIDTH;
        float running = 0;
        for (int x = -AROUND; x <= AROUND; x++)
            running += row[inside(x, WIDTH)];
        for (int x = 0; x < WIDTH; x++) {
            across[y * WIDTH + x] = running;
            running += row[inside(x + AROUND + 1, WIDTH)] - row[inside(x - AROUND, WIDTH)];
        }
    }
    for (int y = -AROUND; y <= AROUND; y++)
        for (int x = 0; x < WIDTH; x++)
            column[x] += across[inside(y, HEIGHT) * WIDTH + x];
    for (int y = 0; y < HEIGHT; y++) {
        const float *enters = across + inside(y + AROUND + 1, HEIGHT) * WIDTH;
        const float *leaves = across + inside(y - AROUND, HEIGHT) * WIDTH;
        for (int x = 0; x < WIDTH; x++) {
            out[y * WIDTH + x] = column[x] * (1.0f / ((2 * AROUND + 1) * (2 * AROUND + 1)));
            column[x] += enters[x] - leaves[x];
        }
    }
}

/* A frame's luma less its surroundings, over their deviation, cut, onto the sum. Restless places count less:
 * over deviation^1.5 in all did best of the powers 0.8, 1 and 1.5 at H.264's CRF 40. */
static void add_normalised(cohl_mark_reader *r)
{
    blur(r->mean, r->luma, r->across);
    for (int i = 0; i < AREA; i++) {
        r->luma[i] -= r->mean[i];
        r->square[i] = r->luma[i] * r->luma[i];
    }
    blur(r->mean, r->square, r->across);
    for (int i = 0; i < AREA; i++) {
        float unit = sqrtf(fmaxf(r->mean[i], 0) + FLOOR * FLOOR);
        r->sum[i] += fminf(fmaxf(r->luma[i] / unit, -CUT), CUT) / sqrtf(unit);
    }
}

cohl_status cohl_mark_reader_add(cohl_mark_reader *r, const cohl_frame *frame, cohl_error *err)
{
    const cohl_frame *grid = frame;
    if (frame->width != WIDTH || frame->height != HEIGHT) {
        cohl_status st = cohl_resize(r->grid, frame, err);
        if (st)
            return st;
        grid = r->grid;
    }
    for (int i = 0; i < AREA; i++) {
        const uint8_t *p = grid->rgb + 3 * i;
        r->luma[i] = (float)(77 * p[0] + 150 * p[1] + 29 * p[2]) * (1.0f / 256);
    }
    add_normalised(r);
    r->frames++;
    return COHL_OK;
}

/* ---- cells --------------------------------------------------------------------- */

/* Where the samples of cells lie along one side of the grid: between steps at and at + 1. */
typedef struct taps {
    int   at[COLUMNS * TAPS];
    float part[COLUMNS * TAPS];
    bool  seen[COLUMNS];                 /* all of the cell is in the picture */
} taps;

/* The canvas goes from `from` over `extent`, in shares of the picture; the grid has `size` steps. */
static void place_taps(taps *t, double from, double extent, int cells, int size)
{
    for (int cell = 0; cell < cells; cell++) {
        t->seen[cell] = true;
        for (int s = 0; s < TAPS; s++) {
            double at = (from + extent * (cell + (s + 0.5) / TAPS) / cells) * size - 0.5;
            bool inside_picture = at > -0.51 && at < size - 0.49;
            at = inside_picture ? fmax(at, 0) : 0;
            int step = at < size - 2 ? (int)at : size - 2;
            t->at[cell * TAPS + s] = step;
            t->part[cell * TAPS + s] = (float)(at - step);
            t->seen[cell] = t->seen[cell] && inside_picture;
        }
    }
}

/* Sum of the grid's rows at the taps of a row of cells. */
static void add_rows(float *restrict out, const float *restrict sum, const taps *down, int row)
{
    memset(out, 0, WIDTH * sizeof *out);
    for (int t = row * TAPS; t < (row + 1) * TAPS; t++) {
        const float *upper = sum + down->at[t] * WIDTH, *lower = upper + WIDTH;
        float part = down->part[t];
        for (int x = 0; x < WIDTH; x++)
            out[x] += upper[x] + (lower[x] - upper[x]) * part;
    }
}

/* The mean over each cell, bilinear between grid steps; 0 and not seen when not all of it is in the picture. */
static void cell_means(float mean[COHL_MARK_CELLS], float seen[COHL_MARK_CELLS], const float *sum, const cohl_mark_geometry *g)
{
    taps across, down;
    float rows[WIDTH];
    place_taps(&across, g->left, g->width, COLUMNS, WIDTH);
    place_taps(&down, g->top, g->height, ROWS, HEIGHT);
    for (int i = 0; i < COHL_MARK_CELLS; i++) {
        int row = i / COLUMNS, column = i % COLUMNS;
        if (!column && down.seen[row])
            add_rows(rows, sum, &down, row);
        seen[i] = across.seen[column] && down.seen[row];
        mean[i] = 0;
        for (int t = column * TAPS; t < (column + 1) * TAPS && seen[i] > 0; t++) {
            const float *left = rows + across.at[t];
            mean[i] += left[0] + (left[1] - left[0]) * across.part[t];
        }
        mean[i] *= 1.0f / (TAPS * TAPS);
    }
}

/* The sum over the cells up to `reach` away, each way. */
static void sum_around(float *restrict out, const float *restrict in, int reach)
{
    for (int row = 0; row < ROWS; row++) {
        float column[COLUMNS + 2 * REACH_MAX] = { 0 };
        for (int v = row - reach < 0 ? 0 : row - reach; v <= row + reach && v < ROWS; v++)
            for (int u = 0; u < COLUMNS; u++)
                column[REACH_MAX + u] += in[v * COLUMNS + u];
        for (int u = 0; u < COLUMNS; u++) {
            float total = 0;
            for (int d = -reach; d <= reach; d++)
                total += column[REACH_MAX + u + d];
            out[row * COLUMNS + u] = total;
        }
    }
}

/* Each mean less that of its neighbours in the 3 x 3 around that are seen. */
static void less_neighbours(float *restrict value, const float *restrict mean, const float *restrict seen)
{
    float total[COHL_MARK_CELLS], count[COHL_MARK_CELLS];
    sum_around(total, mean, 1);
    sum_around(count, seen, 1);
    for (int i = 0; i < COHL_MARK_CELLS; i++)
        value[i] = seen[i] * (mean[i] - (count[i] > 1 ? (total[i] - mean[i]) / (count[i] - 1) : 0));
}

/* Over the deviation of what is seen in the 5 x 5 around, and cut. */
static void normalise(float *restrict out, const float *restrict value, const float *restrict seen, float least)
{
    float square[COHL_MARK_CELLS], total[COHL_MARK_CELLS], count[COHL_MARK_CELLS];
    for (int i = 0; i < COHL_MARK_CELLS; i++)
        square[i] = value[i] * value[i];
    sum_around(total, square, REACH_MAX);
    sum_around(count, seen, REACH_MAX);
    for (int i = 0; i < COHL_MARK_CELLS; i++) {
        float unit = sqrtf(fmaxf(total[i], 0) / fmaxf(count[i], 1)) + least;
        out[i] = seen[i] > 0 ? fminf(fmaxf(value[i] / unit, -CELL_CUT), CELL_CUT) : 0;
    }
}

void cohl_mark_cells_of(cohl_mark_cells *cells, const float *sum, const cohl_mark_geometry *g)
{
    float mean[COHL_MARK_CELLS], seen[COHL_MARK_CELLS], value[COHL_MARK_CELLS], all = 0;
    cell_means(mean, seen, sum, g);
    less_neighbours(value, mean, seen);
    cells->seen = 0;
    for (int i = 0; i < COHL_MARK_CELLS; i++) {
        cells->seen += seen[i] > 0;
        all += value[i] * value[i];
    }
    float least = CELL_FLOOR * sqrtf(all / (float)(cells->seen ? cells->seen : 1));
    if (all > 0)
        normalise(cells->value, value, seen, least);
    else
        memset(cells->value, 0, sizeof cells->value);
}

double cohl_mark_correlate(const cohl_mark_cells *cells, const cohl_mark_signs *signs, const cohl_mark_owners *owners,
                           int owner)
{
    double sum = 0, square = 0;
    for (int i = 0; i < COHL_MARK_CELLS; i++) {
        if (owners->of[i] != owner)
            continue;
        sum += signs->of[i] * (double)cells->value[i];
        square += (double)cells->value[i] * cells->value[i];
    }
    return square > 0 ? sum / sqrt(square) : 0;
}
