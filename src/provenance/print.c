/* print.c - fingerprints of frames. */
#include "provenance/print.h"

#include <math.h>
#include <stdlib.h>

#include "media/resize.h"

enum { SIDE = 32, LOW = 8 };

static const float FLAT = 6;       /* steps of 256 between a picture's darkest and lightest part; both marks make less */

static cohl_status luma_of(float luma[SIDE * SIDE], const cohl_frame *frame, cohl_error *err)
{
    cohl_frame *small;
    cohl_status st = cohl_frame_new(&small, SIDE, SIDE, err);
    if (st)
        return st;
    if (!(st = cohl_resize(small, frame, err)))
        for (int i = 0; i < SIDE * SIDE; i++)
            luma[i] = (float)(77 * small->rgb[3 * i] + 150 * small->rgb[3 * i + 1] + 29 * small->rgb[3 * i + 2]);
    cohl_frame_free(small);
    return st;
}

/* The lowest LOW x LOW frequencies but the mean, whose place the next one across takes. A mirror turns the
 * signs of the odd ones across. */
static void low_frequencies(float out[LOW * LOW], const float luma[SIDE * SIDE], bool mirrored)
{
    float wave[LOW + 1][SIDE], across[SIDE][LOW + 1];
    for (int u = 0; u <= LOW; u++)
        for (int i = 0; i < SIDE; i++)
            wave[u][i] = (float)cos(M_PI * u * (i + 0.5) / SIDE);
    for (int y = 0; y < SIDE; y++)
        for (int u = 0; u <= LOW; u++) {
            float sum = 0;
            for (int x = 0; x < SIDE; x++)
                sum += luma[y * SIDE + x] * wave[u][x];
            across[y][u] = mirrored && u % 2 ? -sum : sum;
        }
    for (int v = 0; v < LOW; v++)
        for (int u = 0; u < LOW; u++) {
            float sum = 0;
            for (int y = 0; y < SIDE; y++)
                sum += across[y][u || v ? u : LOW] * wave[v][y];
            out[v * LOW + u] = sum;
        }
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

uint64_t cohl_print_of_luma(const float luma[SIDE * SIDE], bool mirrored)
{
    float low[LOW * LOW], sorted[LOW * LOW];
    uint64_t print = 0;
    low_frequencies(low, luma, mirrored);
    for (int i = 0; i < LOW * LOW; i++)
        sorted[i] = low[i];
    qsort(sorted, LOW * LOW, sizeof *sorted, by_size);
    for (int i = 0; i < LOW * LOW; i++)
        print |= (uint64_t)(low[i] > sorted[LOW * LOW / 2]) << i;
    return print;
}

/* All flat frames are alike: their bits are those of rounding. luma is in 1/256 of a step. */
static bool is_flat(const float luma[SIDE * SIDE])
{
    float least = luma[0], most = luma[0];
    for (int i = 1; i < SIDE * SIDE; i++)
        least = fminf(least, luma[i]), most = fmaxf(most, luma[i]);
    return most - least < FLAT * 256;
}

static cohl_status print_of(uint64_t *print, const cohl_frame *frame, bool mirrored, cohl_error *err)
{
    float luma[SIDE * SIDE];
    cohl_status st = luma_of(luma, frame, err);
    *print = st || is_flat(luma) ? 0 : cohl_print_of_luma(luma, mirrored);
    return st;
}

cohl_status cohl_print_of(uint64_t *print, const cohl_frame *frame, cohl_error *err)
{
    return print_of(print, frame, false, err);
}

cohl_status cohl_print_of_mirrored(uint64_t *print, const cohl_frame *frame, cohl_error *err)
{
    return print_of(print, frame, true, err);
}
