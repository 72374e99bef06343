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

/* The grid at a place, in grid steps from the middle of its first sample; bilinear. */
static float sample(const float *sum, double x, double y)
{
    int u = (int)x, v = (int)y;
    u = u > WIDTH - 2 ? WIDTH - 2 : u;
    v = v > HEIGHT - 2 ? HEIGHT - 2 : v;
    float right = (float)(x - u), down = (float)(y - v);
    const float *p = sum + v * WIDTH + u;
    float upper = p[0] + (p[1] - p[0]) * right, lower = p[WIDTH] + (p[WIDTH + 1] - p[WIDTH]) * right;
    return upper + (lower - upper) * down;
}

/* The mean over a cell, NaN when not all of it is in the picture. */
static float cell_mean(const float *sum, const cohl_mark_geometry *g, int row, int column)
{
    float total = 0;
    for (int t = 0; t < TAPS; t++) {
        double y = (g->top + g->height * (row + (t + 0.5) / TAPS) / ROWS) * HEIGHT - 0.5;
        for (int s = 0; s < TAPS; s++) {
            double x = (g->left + g->width * (column + (s + 0.5) / TAPS) / COLUMNS) * WIDTH - 0.5;
            if (!(x > -0.51 && y > -0.51 && x < WIDTH - 0.49 && y < HEIGHT - 0.49))
                return NAN;
            total += sample(sum, fmax(x, 0), fmax(y, 0));
        }
    }
    return total / (TAPS * TAPS);
}

/* A value less the mean of those of its eight neighbours that are seen. */
static float less_neighbours(const float *mean, int row, int column)
{
    float total = 0;
    int count = 0;
    for (int v = row - 1; v <= row + 1; v++)
        for (int u = column - 1; u <= column + 1; u++)
            if ((v != row || u != column) && v >= 0 && v < ROWS && u >= 0 && u < COLUMNS &&
                !isnan(mean[v * COLUMNS + u])) {
                total += mean[v * COLUMNS + u];
                count++;
            }
    return mean[row * COLUMNS + column] - (count ? total / (float)count : 0);
}

/* The deviation of what is seen in the 5 x 5 cells around. */
static float deviation(const float *value, int row, int column)
{
    float total = 0;
    int count = 0;
    for (int v = row - 2; v <= row + 2; v++)
        for (int u = column - 2; u <= column + 2; u++)
            if (v >= 0 && v < ROWS && u >= 0 && u < COLUMNS && !isnan(value[v * COLUMNS + u])) {
                total += value[v * COLUMNS + u] * value[v * COLUMNS + u];
                count++;
            }
    return sqrtf(total / (float)count);
}

void cohl_mark_cells_of(cohl_mark_cells *cells, const float *sum, const cohl_mark_geometry *g)
{
    float mean[COHL_MARK_CELLS], value[COHL_MARK_CELLS], all = 0;
    for (int i = 0; i < COHL_MARK_CELLS; i++)
        mean[i] = cell_mean(sum, g, i / COLUMNS, i % COLUMNS);
    cells->seen = 0;
    for (int i = 0; i < COHL_MARK_CELLS; i++) {
        value[i] = isnan(mean[i]) ? NAN : less_neighbours(mean, i / COLUMNS, i % COLUMNS);
        cells->seen += !isnan(mean[i]);
        all += isnan(mean[i]) ? 0 : value[i] * value[i];
    }
    float least = CELL_FLOOR * sqrtf(all / (float)(cells->seen ? cells->seen : 1));
    for (int i = 0; i < COHL_MARK_CELLS; i++) {
        cells->value[i] = 0;
        if (isnan(value[i]) || all <= 0)
            continue;
        float unit = deviation(value, i / COLUMNS, i % COLUMNS) + least;
        cells->value[i] = fminf(fmaxf(value[i] / unit, -CELL_CUT), CELL_CUT);
    }
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
