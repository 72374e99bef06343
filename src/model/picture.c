/* picture.c - given pictures, brought to the size a network sees. */
#include "model/picture.h"

#include <math.h>

enum { TAPS = 4, COLOURS = 3 };

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

static int to_grid(double side, int grid)
{
    int cells = (int)lround(side / grid);
    return (cells < 1 ? 1 : cells) * grid;
}

void cohl_picture_size(int *out_width, int *out_height, int width, int height, long area, int grid)
{
    double aspect = (double)height / width;
    *out_height = to_grid(sqrt((double)area * aspect), grid);
    *out_width = to_grid(sqrt((double)area / aspect), grid);
}
