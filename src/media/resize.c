/* resize.c - scale a frame.
 *
 * Both directions are one list of taps each: an output pixel i is the weighted
 * sum of `count` neighbours from `first`, weights summing to ONE. Rows are scaled
 * first into 16 bits, then columns. */
#include "media/resize.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ONE = 1 << 14, ROW_SHIFT = 8 };   /* rows are kept in 8.6 bits */

typedef struct taps {
    int       most;      /* weights kept a pixel                  */
    int      *first;     /* [size]                                */
    int      *count;     /* [size]                                */
    int32_t  *weight;    /* [size, most], each row sums to ONE    */
} taps;

typedef struct area {
    int left, top, width, height;
} area;

static void free_taps(taps *t)
{
    free(t->first);
    free(t->count);
    free(t->weight);
}

/* What rounding left over goes to the heaviest tap. */
static void balance(int32_t *weight, int count)
{
    int32_t sum = 0;
    int heaviest = 0;
    for (int i = 0; i < count; i++) {
        sum += weight[i];
        if (weight[i] > weight[heaviest])
            heaviest = i;
    }
    weight[heaviest] += ONE - sum;
}

/* Pixel i covers [i * from, (i + 1) * from) of a line cut in `to` pieces a pixel. */
static void shrink_taps(taps *t, int i, int from, int to)
{
    int64_t begin = (int64_t)i * from, end = begin + from;
    int first = (int)(begin / to), last = (int)((end - 1) / to);
    int32_t *weight = t->weight + (size_t)i * (size_t)t->most;
    t->first[i] = first;
    t->count[i] = last - first + 1;
    for (int k = first; k <= last; k++) {
        int64_t a = (int64_t)k * to, b = a + to;
        int64_t shared = (b < end ? b : end) - (a > begin ? a : begin);
        weight[k - first] = (int32_t)((shared * ONE + from / 2) / from);
    }
    balance(weight, t->count[i]);
}

/* Pixel middles: source place = (2i + 1) * from / (2 to) - 1/2. */
static void enlarge_taps(taps *t, int i, int from, int to)
{
    int64_t twice = (2 * (int64_t)i + 1) * from - to;   /* place * 2 to */
    int64_t place = twice < 0 ? 0 : twice / (2 * to);
    int64_t rest = twice < 0 ? 0 : twice % (2 * to);
    int32_t *weight = t->weight + (size_t)i * (size_t)t->most;
    t->first[i] = (int)place;
    t->count[i] = place + 1 < from ? 2 : 1;
    weight[1] = t->count[i] == 2 ? (int32_t)((rest * ONE + to) / (2 * to)) : 0;
    weight[0] = ONE - weight[1];
}

static cohl_status make_taps(taps *t, int from, int to, cohl_error *err)
{
    size_t size = (size_t)to;
    t->most = to < from ? from / to + 2 : 2;
    t->first = malloc(size * sizeof *t->first);
    t->count = malloc(size * sizeof *t->count);
    t->weight = calloc(size * (size_t)t->most, sizeof *t->weight);
    if (!t->first || !t->count || !t->weight)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to scale %d pixels to %d", from, to);
    for (int i = 0; i < to; i++)
        (to < from ? shrink_taps : enlarge_taps)(t, i, from, to);
    return COHL_OK;
}

/* row [from] -> line [to], 3 channels, 8.6 bits */
static void scale_row(uint16_t *line, const uint8_t *row, const taps *t, int width)
{
    for (int x = 0; x < width; x++) {
        const int32_t *weight = t->weight + (size_t)x * (size_t)t->most;
        const uint8_t *at = row + 3 * (size_t)t->first[x];
        int32_t sum[3] = { 0 };
        for (int k = 0; k < t->count[x]; k++, at += 3)
            for (int c = 0; c < 3; c++)
                sum[c] += weight[k] * at[c];
        for (int c = 0; c < 3; c++)
            line[3 * x + c] = (uint16_t)((sum[c] + (1 << (ROW_SHIFT - 1))) >> ROW_SHIFT);
    }
}

static void scale_column(uint8_t *row, const uint16_t *lines, const taps *t, int y, int width)
{
    const int32_t *weight = t->weight + (size_t)y * (size_t)t->most;
    size_t size = (size_t)width * 3;
    const uint16_t *first = lines + (size_t)t->first[y] * size;
    const int shift = 28 - ROW_SHIFT;
    for (size_t i = 0; i < size; i++) {
        int64_t sum = 1 << (shift - 1);
        for (int k = 0; k < t->count[y]; k++)
            sum += (int64_t)weight[k] * first[(size_t)k * size + i];
        row[i] = (uint8_t)(sum >> shift);
    }
}

static cohl_status scale(cohl_frame *to, const cohl_frame *from, area cut, cohl_error *err)
{
    taps across = { 0 }, down = { 0 };
    size_t size = (size_t)to->width * 3;
    uint16_t *lines = malloc((size_t)cut.height * size * sizeof *lines);
    cohl_status st = lines ? COHL_OK
        : cohl_fail(err, COHL_ERR_MEMORY, "no memory to scale a picture to %d x %d pixels",
                    to->width, to->height);
    if (!st) st = make_taps(&across, cut.width, to->width, err);
    if (!st) st = make_taps(&down, cut.height, to->height, err);
    for (int y = 0; !st && y < cut.height; y++)
        scale_row(lines + (size_t)y * size, cohl_frame_row(from, cut.top + y) + 3 * cut.left,
                  &across, to->width);
    for (int y = 0; !st && y < to->height; y++)
        scale_column(cohl_frame_row(to, y), lines, &down, y, to->width);
    free(lines);
    free_taps(&across);
    free_taps(&down);
    return st;
}

cohl_status cohl_resize(cohl_frame *to, const cohl_frame *from, cohl_error *err)
{
    return scale(to, from, (area){ 0, 0, from->width, from->height }, err);
}

cohl_status cohl_resize_cover(cohl_frame *to, const cohl_frame *from, cohl_error *err)
{
    area cut = { 0, 0, from->width, from->height };
    int64_t wide = (int64_t)from->width * to->height, high = (int64_t)from->height * to->width;
    if (wide > high)
        cut.width = (int)((high + to->height / 2) / to->height);
    else
        cut.height = (int)((wide + to->width / 2) / to->width);
    if (cut.width < 1) cut.width = 1;
    if (cut.height < 1) cut.height = 1;
    cut.left = (from->width - cut.width) / 2;
    cut.top = (from->height - cut.height) / 2;
    return scale(to, from, cut, err);
}
