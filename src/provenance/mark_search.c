/* mark_search.c - coarse search by correlation, then refinement. */
#include "provenance/mark_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "provenance/mark_fft.h"

enum {
    WIDTH = COHL_MARK_GRID_WIDTH, HEIGHT = COHL_MARK_GRID_HEIGHT,
    COLUMNS = COHL_MARK_COLUMNS, ROWS = COHL_MARK_ROWS, ACROSS = 2 * COLUMNS, DOWN = 2 * ROWS,   /* half cells */
    SPECTRA = 3,
    ROUNDS = 6, MOVES = 10,           /* of refinement */
};

static const double LEAST = 0.45, MOST = 2.2, STEP = 1.015;
static const double CUT = 3;          /* of samples, in deviations */
static const double SEEN_LEAST = 0.15;

/* The transform of both patterns for pictures of one size: plain as the real part, mirrored as the imaginary. */
typedef struct spectrum {
    int       width, height;
    cohl_fft *fft;
    float    *re, *im;                /* [height, width] */
} spectrum;

typedef struct search {
    const float *sum;
    const cohl_mark_owners *owners;
    const cohl_mark_signs  *signs;
    spectrum spectrum[SPECTRA];
    float   *re, *im, *lattice;       /* scratch, of the largest size */
    float    across[HEIGHT * COHL_FFT_SIDE_MAX];
    int      samples_across, samples_down;
    double   energy;                  /* of the lattice, a sample     */
    double   tried;
    cohl_mark_found *found;
} search;

/* ---- set up ------------------------------------------------------------------- */

static cohl_status open_spectrum(search *s, spectrum *to, int width, int height, cohl_error *err)
{
    size_t area = (size_t)width * (size_t)height;
    cohl_status st = cohl_fft_new(&to->fft, width, height, err);
    if (st)
        return st;
    to->width = width, to->height = height;
    if (!(to->re = calloc(2 * area, sizeof *to->re)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to look for marks");
    to->im = to->re + area;
    for (int i = 0; i < COHL_MARK_CELLS; i++) {
        if (s->owners->of[i] != COHL_MARK_PUBLIC_OWNER)
            continue;
        int u = i % COLUMNS, y = (height - (2 * (i / COLUMNS) + 1)) % height;      /* reversed: a correlation */
        to->re[y * width + (width - (2 * u + 1)) % width] = s->signs->of[i];
        to->im[y * width + (width - (2 * (COLUMNS - 1 - u) + 1)) % width] = s->signs->of[i];
    }
    cohl_fft_forward(to->fft, to->re, to->im);
    return COHL_OK;
}

static cohl_status open_search(search *s, cohl_error *err)
{
    static const int size[SPECTRA][2] = { { 256, 128 }, { 256, 256 }, { 512, 256 } };
    size_t area = (size_t)size[SPECTRA - 1][0] * (size_t)size[SPECTRA - 1][1];
    cohl_status st = COHL_OK;
    if (!(s->re = malloc(3 * area * sizeof *s->re)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to look for marks");
    s->im = s->re + area, s->lattice = s->im + area;
    for (int i = 0; i < SPECTRA && !st; i++)
        st = open_spectrum(s, &s->spectrum[i], size[i][0], size[i][1], err);
    return st;
}

static void close_search(search *s)
{
    for (int i = 0; i < SPECTRA; i++) {
        cohl_fft_free(s->spectrum[i].fft);
        free(s->spectrum[i].re);
    }
    free(s->re);
    free(s);
}

/* ---- the picture on a lattice of half cells -------------------------------------- */

static int inside(int i, int size) { return i < 0 ? 0 : i >= size ? size - 1 : i; }

/* The integral of a row up to x, from its running sums. */
static double up_to(const double *running, double x, int size)
{
    x = x < 0 ? 0 : x > size ? size : x;
    int at = (int)x < size ? (int)x : size - 1;
    return running[at] + (running[at + 1] - running[at]) * (x - at);
}

/* out[i * out_step] = the mean over one cell about sample i, for i < count. */
static void average(float *out, int out_step, int count, const float *in, int in_step, int size, double half_cell)
{
    double running[WIDTH + 1];
    running[0] = 0;
    for (int i = 0; i < size; i++)
        running[i + 1] = running[i] + in[i * in_step];
    for (int i = 0; i < count; i++) {
        double from = (i - 1) * half_cell, to = (i + 1) * half_cell;
        out[i * out_step] = (float)((up_to(running, to, size) - up_to(running, from, size)) / (2 * half_cell));
    }
}

/* Less the eight neighbours a cell away, cut at CUT deviations, into re; im becomes 0. */
static void fill_picture(search *s, const spectrum *to)
{
    int across = s->samples_across, down = s->samples_down;
    double square = 0;
    memset(s->re, 0, (size_t)to->width * (size_t)to->height * sizeof *s->re);
    memset(s->im, 0, (size_t)to->width * (size_t)to->height * sizeof *s->im);
    for (int y = 0; y < down; y++) {
        const float *here = s->lattice + y * across;
        const float *above = s->lattice + inside(y - 2, down) * across, *below = s->lattice + inside(y + 2, down) * across;
        for (int x = 0; x < across; x++) {
            int l = inside(x - 2, across), r = inside(x + 2, across);
            float around = above[l] + above[x] + above[r] + here[l] + here[r] + below[l] + below[x] + below[r];
            float value = s->re[y * to->width + x] = here[x] - around / 8;
            square += (double)value * value;
        }
    }
    float most = (float)(CUT * sqrt(square / (across * down)));
    s->energy = 1e-30;
    for (int y = 0; y < down; y++)
        for (int x = 0; x < across; x++) {
            float *value = &s->re[y * to->width + x];
            *value = fminf(fmaxf(*value, -most), most);
            s->energy += (double)*value * *value / (across * down);
        }
}

static const spectrum *make_lattice(search *s, double size)
{
    double cell_x = size * WIDTH / ACROSS, cell_y = size * HEIGHT / DOWN;
    int across = s->samples_across = (int)(WIDTH / cell_x) + 1, down = s->samples_down = (int)(HEIGHT / cell_y) + 1;
    const spectrum *to = s->spectrum;
    while (to->width < across || to->height < down)
        to++;
    for (int y = 0; y < HEIGHT; y++)
        average(s->across + y * across, 1, across, s->sum + y * WIDTH, 1, WIDTH, cell_x);
    for (int x = 0; x < across; x++)
        average(s->lattice + x, across, down, s->across + x, across, HEIGHT, cell_y);
    fill_picture(s, to);
    return to;
}

/* ---- the coarse search ------------------------------------------------------------- */

static double shift_of(const cohl_mark_geometry *g) { return fmin(g->left, g->left + g->width); }

static bool are_near(const cohl_mark_geometry *a, const cohl_mark_geometry *b)
{
    double cell = fabs(a->width) / COLUMNS;
    return (a->width < 0) == (b->width < 0) && fabs(log(a->width / b->width)) < 0.04 &&
           fabs(shift_of(a) + fabs(a->width) / 2 - shift_of(b) - fabs(b->width) / 2) < 1.5 * cell &&
           fabs(a->top + a->height / 2 - b->top - b->height / 2) < 1.5 * cell;
}

/* Keep the best, one of a neighbourhood. */
static void note(cohl_mark_found *found, const cohl_mark_place *place)
{
    int at = 0;
    while (at < found->count && !are_near(&found->place[at].geometry, &place->geometry))
        at++;
    if (at < found->count) {
        if (found->place[at].z >= place->z)
            return;
    } else if (found->count < COHL_MARK_PLACES) {
        found->count++;
    } else {
        at = COHL_MARK_PLACES - 1;
        if (found->place[at].z >= place->z)
            return;
    }
    for (; at > 0 && found->place[at - 1].z < place->z; at--)
        found->place[at] = found->place[at - 1];
    found->place[at] = *place;
}

/* Half cells shared by a canvas of `own` of them, shifted by d, and a picture of `shown`. */
static int shared(int d, int own, int shown)
{
    int from = d > 0 ? d : 0, to = d + own < shown ? d + own : shown;
    return to > from ? to - from : 0;
}

/* The correlations stand in re (plain) and im (mirrored), at shifts modulo the spectrum's size. */
static void look_at_shifts(search *s, const spectrum *in, double size)
{
    int slack_x = s->samples_across - 1 - ACROSS, slack_y = s->samples_down - 1 - DOWN;
    int x_from = (slack_x < 0 ? slack_x : 0) - 1, x_to = (slack_x > 0 ? slack_x : 0) + 1;
    int y_from = (slack_y < 0 ? slack_y : 0) - 1, y_to = (slack_y > 0 ? slack_y : 0) + 1;
    double share = (double)COHL_MARK_PUBLIC_CELLS / COHL_MARK_CELLS;
    double area = (double)in->width * in->height;
    for (int dy = y_from; dy <= y_to; dy++)
        for (int dx = x_from; dx <= x_to; dx++) {
            int cells = shared(dx, ACROSS, s->samples_across) * shared(dy, DOWN, s->samples_down) / 4;
            if (cells < SEEN_LEAST * COHL_MARK_CELLS)
                continue;
            int at = (dy & (in->height - 1)) * in->width + (dx & (in->width - 1));
            double unit = 1 / (area * sqrt(s->energy * cells * share));
            double z[2] = { s->re[at] * unit, s->im[at] * unit };
            s->tried += 2;
            for (int mirrored = 0; mirrored < 2; mirrored++) {
                if (s->found->count == COHL_MARK_PLACES && z[mirrored] <= s->found->place[COHL_MARK_PLACES - 1].z)
                    continue;
                double left = dx * size / ACROSS, top = dy * size / DOWN;
                note(s->found, &(cohl_mark_place){ { mirrored ? left + size : left, top, mirrored ? -size : size, size },
                                                   z[mirrored] });
            }
        }
}

static void look_at_size(search *s, double size)
{
    const spectrum *with = make_lattice(s, size);
    size_t area = (size_t)with->width * (size_t)with->height;
    cohl_fft_forward(with->fft, s->re, s->im);
    for (size_t i = 0; i < area; i++) {
        float re = s->re[i] * with->re[i] - s->im[i] * with->im[i];
        s->im[i] = s->re[i] * with->im[i] + s->im[i] * with->re[i];
        s->re[i] = re;
    }
    cohl_fft_forward(with->fft, s->im, s->re);       /* exchanged: the inverse */
    look_at_shifts(s, with, size);
}

/* ---- refinement ----------------------------------------------------------------------- */

static double exact(const search *s, const cohl_mark_geometry *g)
{
    cohl_mark_cells cells;
    cohl_mark_cells_of(&cells, s->sum, g);
    return cells.seen < SEEN_LEAST * COHL_MARK_CELLS ? 0
           : cohl_mark_correlate(&cells, s->signs, s->owners, COHL_MARK_PUBLIC_OWNER);
}

/* A shift, or a change of size about the middle, by `part` of a cell at the canvas's edge. */
static cohl_mark_geometry moved(cohl_mark_geometry g, int move, double part)
{
    double way = move % 2 ? part : -part, x = g.width / COLUMNS * way, y = g.height / ROWS * way;
    switch (move / 2) {
    case 0: g.left += x; break;
    case 1: g.top += y; break;
    case 2: g.left -= x, g.width += 2 * x; break;
    case 3: g.top -= y, g.height += 2 * y; break;
    default: g.left -= x, g.width += 2 * x, y *= (double)ROWS / COLUMNS, g.top -= y, g.height += 2 * y; break;
    }
    return g;
}

/* ROUNDS times the best of MOVES and staying, by ever smaller steps. */
static void refine(const search *s, cohl_mark_place *place)
{
    static const double part[ROUNDS] = { 0.5, 0.25, 0.25, 0.25, 0.125, 0.125 };
    place->z = exact(s, &place->geometry);
    for (int round = 0; round < ROUNDS; round++) {
        cohl_mark_place best = *place;
        for (int move = 0; move < MOVES; move++) {
            cohl_mark_place next = { .geometry = moved(place->geometry, move, part[round]) };
            next.z = exact(s, &next.geometry);
            if (next.z > best.z)
                best = next;
        }
        *place = best;
    }
}

static int best_first(const void *a, const void *b)
{
    double x = ((const cohl_mark_place *)a)->z, y = ((const cohl_mark_place *)b)->z;
    return (x < y) - (x > y);
}

cohl_status cohl_mark_search(cohl_mark_found *found, const float *sum, const cohl_mark_owners *owners,
                             const cohl_mark_signs *public_signs, cohl_error *err)
{
    *found = (cohl_mark_found){ .count = 0 };
    search *s = calloc(1, sizeof *s);
    if (!s)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to look for marks");
    s->sum = sum, s->owners = owners, s->signs = public_signs, s->found = found;
    cohl_status st = open_search(s, err);
    if (!st) {
        for (double size = LEAST; size <= MOST; size *= STEP)
            look_at_size(s, size);
        for (int i = 0; i < found->count; i++)
            refine(s, &found->place[i]);
        qsort(found->place, (size_t)found->count, sizeof *found->place, best_first);
        found->log_tried = log(s->tried) + ROUNDS * log(MOVES + 1);
    }
    close_search(s);
    return st;
}
