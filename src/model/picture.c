/* picture.c - given pictures, brought to the size a network sees. */
#include "model/picture.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TAPS = 4, COLOURS = 3 };

/* ---- bicubic ------------------------------------------------------------- */

/* Where one output pixel looks along an axis, and how much each counts. */
typedef struct look { int at[TAPS]; float weight[TAPS]; } look;

/* Keys' kernel at distance d from a neighbour. */
static double cubic(double d)
{
    const double a = -0.75;
    d = fabs(d);
    if (d <= 1)
        return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

static look look_at(int i, int to, int from)
{
    look l;
    double centre = (i + 0.5) * from / to - 0.5, base = floor(centre);
    for (int k = 0; k < TAPS; k++) {
        int at = (int)base + k - 1;
        l.weight[k] = (float)cubic(centre - base - (k - 1));
        l.at[k] = at < 0 ? 0 : at < from ? at : from - 1;
    }
    return l;
}

static float sample(const look *x, const look *y, const float *from, int width, int colour)
{
    double sum = 0;
    for (int j = 0; j < TAPS; j++) {
        const float *row = from + (long)y->at[j] * width * COLOURS + colour;
        double line = 0;
        for (int i = 0; i < TAPS; i++)
            line += (double)x->weight[i] * row[x->at[i] * COLOURS];
        sum += y->weight[j] * line;
    }
    return (float)sum;
}

void cohl_picture_resize(float *to, int to_width, int to_height, const float *from, int width, int height)
{
    for (int i = 0; i < to_height; i++) {
        look y = look_at(i, to_height, height);
        for (int j = 0; j < to_width; j++) {
            look x = look_at(j, to_width, width);
            for (int c = 0; c < COLOURS; c++)
                *to++ = sample(&x, &y, from, width, c);
        }
    }
}

/* ---- the film's size ----------------------------------------------------- */

static int cut(double side, int grid)
{
    int cells = (int)(side / grid);
    return (cells < 1 ? 1 : cells) * grid;
}

/* How far two proportions are apart, 1 = not at all. */
static double apart(double a, double b) { return a > b ? a / b : b / a; }

void cohl_picture_size(cohl_picture_fitting fit, int *out_width, int *out_height, int width, int height, long area,
                       int grid)
{
    double ratio = (double)width / height;
    int wide = cut(sqrt((double)area * ratio), grid), high = cut(sqrt((double)area / ratio), grid);
    int left_high = cut((double)area / wide, grid), left_wide = cut((double)area / high, grid);
    bool by_width = apart(ratio, (double)wide / left_high) < apart(ratio, (double)left_wide / high);
    *out_width = fit == COHL_FIT_STRETCH || by_width ? wide : left_wide;
    *out_height = fit == COHL_FIT_CROP && by_width ? left_high : high;
}

/* ---- Lanczos, as the Pillow library does it -------------------------------- */

enum { LOBES = 3 };

typedef struct taps { int first, count; double *weight; } taps;

static double lanczos(double x)
{
    if (x <= -LOBES || x >= LOBES)
        return 0;
    if (x == 0)
        return 1;
    return LOBES * sin(M_PI * x) * sin(M_PI * x / LOBES) / (M_PI * M_PI * x * x);
}

/* What output pixel i of `to` sees of `from` pixels: as many lobes as it shrinks. weight has room. */
static taps taps_at(int i, int to, int from, double *weight)
{
    double scale = (double)from / to, wide = scale > 1 ? scale : 1, centre = (i + 0.5) * scale, sum = 0;
    int first = (int)(centre - LOBES * wide + 0.5), end = (int)(centre + LOBES * wide + 0.5);
    first = first < 0 ? 0 : first, end = end > from ? from : end;
    for (int k = first; k < end; k++)
        sum += weight[k - first] = lanczos((k - centre + 0.5) / wide);
    for (int k = 0; k < end - first; k++)
        weight[k] /= sum;
    return (taps){ first, end - first, weight };
}

static uint8_t to_byte(double x) { return x <= 0 ? 0 : x >= 255 ? 255 : (uint8_t)(x + 0.5); }

static uint8_t sum_taps(const taps *t, const uint8_t *from, size_t step)
{
    double sum = 0;
    for (int k = 0; k < t->count; k++)
        sum += t->weight[k] * from[(size_t)(t->first + k) * step];
    return to_byte(sum);
}

/* A range of a side: of `to` pixels, of which count from `first` on are wanted. */
typedef struct part { int to, first, count; } part;

/* Rows of `width` pixels to rows of the part. */
static void scale_rows(uint8_t *to, part p, const uint8_t *from, int width, int rows, double *weight)
{
    for (int j = 0; j < p.count; j++) {
        taps t = taps_at(p.first + j, p.to, width, weight);
        for (int i = 0; i < rows; i++)
            for (int c = 0; c < COLOURS; c++)
                to[((size_t)i * (size_t)p.count + (size_t)j) * COLOURS + (size_t)c] =
                    sum_taps(&t, from + (size_t)i * (size_t)width * COLOURS + c, COLOURS);
    }
}

/* Columns of `height` pixels to columns of the part; from begins with the source's row `above`. */
static void scale_columns(uint8_t *to, part p, const uint8_t *from, int height, int above, int width, double *weight)
{
    size_t row = (size_t)width * COLOURS;
    for (int i = 0; i < p.count; i++) {
        taps t = taps_at(p.first + i, p.to, height, weight);
        t.first -= above;
        for (size_t k = 0; k < row; k++)
            to[(size_t)i * row + k] = sum_taps(&t, from + k, row);
    }
}

static part middle(int side, double scale, int wanted)
{
    int to = (int)lround(side * scale);
    return (part){ to, (to - wanted) / 2, wanted };
}

/* Scaled until nothing is empty, and the middle kept: only what is seen of it is scaled. */
static cohl_status crop(uint8_t *to, int to_width, int to_height, const uint8_t *from, int width, int height,
                        cohl_error *err)
{
    double x = (double)to_width / width, y = (double)to_height / height, scale = x > y ? x : y;
    part wide = middle(width, scale, to_width), high = middle(height, scale, to_height);
    double *weight = malloc((size_t)(width > height ? width : height) * sizeof *weight);
    uint8_t *rows = NULL;
    if (weight) {
        taps last = taps_at(high.first + high.count - 1, high.to, height, weight);
        int above = taps_at(high.first, high.to, height, weight).first, below = last.first + last.count;
        if ((rows = malloc((size_t)to_width * (size_t)(below - above) * COLOURS))) {
            scale_rows(rows, wide, from + (size_t)above * (size_t)width * COLOURS, width, below - above, weight);
            scale_columns(to, high, rows, height, above, to_width, weight);
        }
    }
    bool room = rows;
    free(rows);
    free(weight);
    return room ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory to scale a picture of %d x %d", width, height);
}

/* ---- the film's frame ---------------------------------------------------- */

static cohl_status stretch(uint8_t *to, int to_width, int to_height, const uint8_t *from, int width, int height,
                           cohl_error *err)
{
    size_t count = (size_t)to_width * (size_t)to_height * COLOURS, given = (size_t)width * (size_t)height * COLOURS;
    float *source = malloc(given * sizeof *source), *result = malloc(count * sizeof *result);
    bool room = source && result;
    for (size_t i = 0; i < given && room; i++)
        source[i] = from[i];
    if (room)
        cohl_picture_resize(result, to_width, to_height, source, width, height);
    for (size_t i = 0; i < count && room; i++)
        to[i] = to_byte(result[i]);
    free(source);
    free(result);
    return room ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory to scale a picture of %d x %d", width, height);
}

cohl_status cohl_picture_fit(cohl_picture_fitting fit, uint8_t *to, int to_width, int to_height, const uint8_t *from,
                             int width, int height, cohl_error *err)
{
    if (to_width == width && to_height == height) {
        memcpy(to, from, (size_t)width * (size_t)height * COLOURS);
        return COHL_OK;
    }
    return (fit == COHL_FIT_CROP ? crop : stretch)(to, to_width, to_height, from, width, height, err);
}
