/* mark_embed.c - both marks into a frame, in whole numbers.
 *
 * The change of a pixel is interpolated bilinearly between the middles of cells, whose signed
 * strengths are in 1/256 of a step of eight bits. A row of cells is spread to a row of
 * pixels' bytes once; a pixel row is a mix of two such rows. Rounding is dithered by a pattern
 * that stands still. */
#include "provenance/mark_embed.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS = COHL_MARK_COLUMNS, ROWS = COHL_MARK_ROWS, CELLS = COHL_MARK_CELLS,
    ONE = 256,                    /* a step of eight bits                             */
    BASE = ONE,                   /* strength where there is no texture, before scaling */
    MOST = 6 * ONE,               /* and the most of it                                */
    GAIN_PERCENT = 20,            /* of a cell's mean difference between neighbours    */
    SCALE_MOST_PERCENT = 250,
    FRACTION = 1 << 15,
    SAMPLES_A_CELL = 8,           /* along each side, at most, where texture is measured */
};

/* 42.4 dB: 0.4 are kept for what the estimate leaves out; of 18 pieces of footage the worst frame took 0.18. */
static const double ENERGY_MOST = 65025 / 17378.01 * ONE * ONE;
/* Rounding with a dither of uniform levels adds f (1 - f), 1/6 on average. */
static const double ENERGY_ROUNDING = 1 / 6.0 * ONE * ONE;

/* Bayer's order of 4 x 4. */
static const uint8_t dither[4][4] = { { 0, 8, 2, 10 }, { 12, 4, 14, 6 }, { 3, 11, 1, 9 }, { 15, 7, 13, 5 } };

struct cohl_marker {
    int      width, height, step;     /* step: of the pixels where texture is measured     */
    int8_t   sign[CELLS];
    int16_t  strength[CELLS];         /* of the frame, signed                              */
    int32_t  texture[CELLS];          /* mean difference of neighbours, 1/256              */
    int16_t *sample_column;           /* [samples across], the cell it falls in            */
    uint8_t *luma[2];                 /* [samples across], two rows                        */
    int16_t *column, *column_part;    /* [width] the cell left of a pixel (-1..), and how far right of it */
    int16_t *spread[2];               /* [3 * width] two rows of cells as bytes of pixels  */
    int16_t *dither[4];               /* [3 * width]                                       */
};

/* ---- set up -------------------------------------------------------------------- */

/* Where the middle of pixel i of `size` lies among `cells`: *at + *part / FRACTION cell middles. */
static void place(int i, int size, int cells, int16_t *at, int16_t *part)
{
    int64_t twice = (int64_t)(2 * i + 1) * cells - size;    /* (i + 1/2) * cells / size - 1/2, times 2 size */
    int64_t whole = twice >= 0 ? twice / (2 * size) : -1;
    *at = (int16_t)whole;
    *part = (int16_t)((twice - whole * 2 * size) * (FRACTION - 1) / (2 * size));
}

static bool take_rows(cohl_marker *m)
{
    size_t width = (size_t)m->width;
    bool all = (m->column = malloc(2 * width * sizeof *m->column)) && (m->sample_column = malloc(width * sizeof *m->column));
    for (int i = 0; i < 2; i++)
        all = all && (m->luma[i] = malloc(width)) && (m->spread[i] = malloc(3 * width * sizeof **m->spread));
    for (int i = 0; i < 4; i++)
        all = all && (m->dither[i] = malloc(3 * width * sizeof **m->dither));
    m->column_part = m->column + width;
    return all;
}

static void fill_rows(cohl_marker *m)
{
    for (int x = 0; x < m->width; x++) {
        place(x, m->width, COLUMNS, &m->column[x], &m->column_part[x]);
        for (int y = 0; y < 4; y++)
            for (int c = 0; c < 3; c++)
                m->dither[y][3 * x + c] = (int16_t)(dither[y][x % 4] * 16 + 8);
    }
    for (int s = 0; s * m->step < m->width; s++)
        m->sample_column[s] = (int16_t)((int64_t)s * m->step * COLUMNS / m->width);
}

static void fill_signs(cohl_marker *m, const cohl_mark_key *key, uint64_t identifier)
{
    cohl_mark_owners owners = cohl_mark_layout();
    cohl_mark_word word = cohl_mark_encode(identifier);
    cohl_mark_signs public, private;
    cohl_mark_signs_of(&public, &cohl_mark_public);
    cohl_mark_signs_of(&private, key);
    for (int i = 0; i < CELLS; i++) {
        int owner = owners.of[i];
        m->sign[i] = owner == COHL_MARK_PUBLIC_OWNER ? public.of[i] : private.of[i];
        if (owner >= 0)
            m->sign[i] = (int8_t)(m->sign[i] * cohl_mark_word_sign(&word, owner));
    }
}

cohl_status cohl_marker_new(cohl_marker **out, int width, int height, const cohl_mark_key *key, uint64_t identifier,
                            cohl_error *err)
{
    cohl_marker *m = calloc(1, sizeof *m);
    *out = NULL;
    if (m) {
        m->width = width, m->height = height;
        m->step = width / (COLUMNS * SAMPLES_A_CELL) + 1;
    }
    if (!m || !take_rows(m)) {
        cohl_marker_free(m);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to mark frames of %d x %d", width, height);
    }
    fill_rows(m);
    fill_signs(m, key, identifier);
    *out = m;
    return COHL_OK;
}

void cohl_marker_free(cohl_marker *m)
{
    if (!m)
        return;
    for (int i = 0; i < 2; i++) {
        free(m->luma[i]);
        free(m->spread[i]);
    }
    for (int i = 0; i < 4; i++)
        free(m->dither[i]);
    free(m->column);
    free(m->sample_column);
    free(m);
}

/* ---- how strong ------------------------------------------------------------------ */

static void sample_row(const cohl_marker *m, const cohl_frame *frame, int y, uint8_t *luma)
{
    const uint8_t *p = cohl_frame_row(frame, y);
    for (int s = 0, x = 0; x < m->width; s++, x += m->step)
        luma[s] = (uint8_t)((77 * p[3 * x] + 150 * p[3 * x + 1] + 29 * p[3 * x + 2] + 128) >> 8);
}

/* Mean absolute difference of neighbouring samples, right and below, in each cell. */
static void measure_texture(cohl_marker *m, const cohl_frame *frame)
{
    int32_t count[CELLS] = { 0 };
    int across = (m->width + m->step - 1) / m->step;
    memset(m->texture, 0, sizeof m->texture);
    sample_row(m, frame, 0, m->luma[0]);
    for (int y = 0, row = 0; y < m->height; y += m->step, row ^= 1) {
        const uint8_t *here = m->luma[row], *below = m->luma[row ^ 1];
        int first = (int)((int64_t)y * ROWS / m->height) * COLUMNS;
        bool last = y + m->step >= m->height;
        if (last)
            below = here;
        else
            sample_row(m, frame, y + m->step, m->luma[row ^ 1]);
        for (int s = 0; s + 1 < across; s++) {
            int cell = first + m->sample_column[s];
            m->texture[cell] += abs(here[s] - here[s + 1]) + abs(here[s] - below[s]);
            count[cell] += last ? 1 : 2;
        }
    }
    for (int i = 0; i < CELLS; i++)
        m->texture[i] = count[i] ? m->texture[i] * ONE / count[i] : 0;
}

static int inside(int i, int size) { return i < 0 ? 0 : i >= size ? size - 1 : i; }

/* Half the least and half the mean of a cell and its eight neighbours: an edge of a smooth area is smooth. */
static int32_t calm_texture(const cohl_marker *m, int row, int column)
{
    int32_t least = INT32_MAX, sum = 0;
    for (int v = -1; v <= 1; v++)
        for (int u = -1; u <= 1; u++) {
            int32_t t = m->texture[inside(row + v, ROWS) * COLUMNS + inside(column + u, COLUMNS)];
            least = t < least ? t : least;
            sum += t;
        }
    return least / 2 + sum / 18;
}

/* The mean square of the bilinear surface between four cell middles (a tensor product of
 * integral (a + (b - a) t)^2 = (a^2 + ab + b^2) / 3). */
static int64_t surface_energy(int64_t a, int64_t b, int64_t c, int64_t d)
{
    return (2 * (a * a + b * b + c * c + d * d) + 2 * (a * b + c * d + a * c + b * d) + a * d + b * c) / 18;
}

static double mean_energy(const int16_t *strength)
{
    int64_t sum = 0;
    for (int v = 0; v + 1 < ROWS; v++)
        for (int u = 0; u + 1 < COLUMNS; u++) {
            const int16_t *s = strength + v * COLUMNS + u;
            sum += surface_energy(s[0], s[1], s[COLUMNS], s[COLUMNS + 1]);
        }
    return (double)sum / ((ROWS - 1) * (COLUMNS - 1));
}

static void choose_strength(cohl_marker *m)
{
    for (int v = 0; v < ROWS; v++)
        for (int u = 0; u < COLUMNS; u++) {
            int32_t s = BASE + calm_texture(m, v, u) * GAIN_PERCENT / 100;
            m->strength[v * COLUMNS + u] = (int16_t)((s < MOST ? s : MOST) * m->sign[v * COLUMNS + u]);
        }
    double scale = sqrt((ENERGY_MOST - ENERGY_ROUNDING) / mean_energy(m->strength));
    int scaled = scale > SCALE_MOST_PERCENT / 100.0 ? SCALE_MOST_PERCENT * ONE / 100 : (int)(scale * ONE);
    for (int i = 0; i < CELLS; i++)
        m->strength[i] = (int16_t)(m->strength[i] * scaled / ONE);
}

/* ---- into the pixels ----------------------------------------------------------------- */

/* A row of cells to bytes of pixels: interpolated across, each value three times. */
static void spread_row(const cohl_marker *m, int row, int16_t *out)
{
    const int16_t *s = m->strength + inside(row, ROWS) * COLUMNS;
    for (int x = 0; x < m->width; x++) {
        int a = s[inside(m->column[x], COLUMNS)], b = s[inside(m->column[x] + 1, COLUMNS)];
        int16_t value = (int16_t)(a + (b - a) * m->column_part[x] / FRACTION);
        out[3 * x] = out[3 * x + 1] = out[3 * x + 2] = value;
    }
}

/* bytes += upper + (lower - upper) * part, rounded by the dither, cut to 0..255. Strengths stay below
 * MOST * 2.5, so twice a difference fits 16 bits. */
static void mark_row(uint8_t *restrict bytes, const int16_t *restrict upper, const int16_t *restrict lower,
                     const int16_t *restrict rounding, int16_t part, int count)
{
    for (int i = 0; i < count; i++) {
        int16_t twice = (int16_t)(2 * (lower[i] - upper[i]));
        int16_t change = (int16_t)(upper[i] + (int16_t)(twice * part >> 16) + rounding[i]);
        int16_t value = (int16_t)(bytes[i] + (int16_t)(change >> 8));
        value = value < 0 ? 0 : value;
        bytes[i] = (uint8_t)(value > 255 ? 255 : value);
    }
}

void cohl_marker_frame(cohl_marker *m, cohl_frame *frame)
{
    int have = -2;       /* the row of cells in spread[0] */
    assert(frame->width == m->width && frame->height == m->height);
    measure_texture(m, frame);
    choose_strength(m);
    for (int y = 0; y < m->height; y++) {
        int16_t at, part;
        place(y, m->height, ROWS, &at, &part);
        if (at != have) {
            spread_row(m, at, m->spread[0]);
            spread_row(m, at + 1, m->spread[1]);
            have = at;
        }
        mark_row(cohl_frame_row(frame, y), m->spread[0], m->spread[1], m->dither[y % 4], part, 3 * m->width);
    }
}
