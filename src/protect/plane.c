/* plane.c - a grey picture of bytes. */
#include "protect/plane.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void cohl_plane_free(cohl_plane *plane)
{
    free(plane->at);
    *plane = (cohl_plane){ 0 };
}

static cohl_status set_size(cohl_plane *plane, int width, int height, cohl_error *err)
{
    size_t size = (size_t)width * (size_t)height;
    if (size > plane->room) {
        free(plane->at);
        plane->at = malloc(size);
        plane->room = plane->at ? size : 0;
        if (!plane->at)
            return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a picture of %d x %d pixels", width, height);
    }
    plane->width = width, plane->height = height;
    return COHL_OK;
}

/* ---- from a frame --------------------------------------------------------------- */

/* Luma of a row, in 1/256. */
static void luma_row(uint16_t *luma, const uint8_t *rgb, int width)
{
    for (int x = 0; x < width; x++)
        luma[x] = (uint16_t)(77 * rgb[3 * x] + 150 * rgb[3 * x + 1] + 29 * rgb[3 * x + 2]);
}

/* Where part `i` of `parts` begins. */
static int begin_of(int i, int whole, int parts) { return (int)((int64_t)i * whole / parts); }

/* Sums of the row's parts, which begin at begin[0 .. width] of it. */
static void add_parts(uint32_t *sum, const uint16_t *luma, const int *begin, int width)
{
    for (int x = 0; x < width; x++)
        for (int i = begin[x]; i < begin[x + 1]; i++)
            sum[x] += luma[i];
}

static void shrink(cohl_plane *out, const cohl_frame *frame, bool mirrored, uint16_t *luma, uint32_t *sum, int *begin)
{
    int width = out->width, height = out->height;
    for (int x = 0; x <= width; x++)
        begin[x] = begin_of(x, frame->width, width);
    for (int y = 0; y < height; y++) {
        int top = begin_of(y, frame->height, height), bottom = begin_of(y + 1, frame->height, height), rows = 0;
        uint8_t *to = out->at + (size_t)y * (size_t)width;
        memset(sum, 0, (size_t)width * sizeof *sum);
        for (int i = top; i < bottom; i += bottom - top >= 3 ? 2 : 1, rows++) {
            luma_row(luma, cohl_frame_row(frame, i), frame->width);
            add_parts(sum, luma, begin, width);
        }
        for (int x = 0; x < width; x++) {
            uint32_t mean = sum[x] / (uint32_t)(rows * (begin[x + 1] - begin[x]));
            to[mirrored ? width - 1 - x : x] = (uint8_t)(mean >> 8);
        }
    }
}

cohl_status cohl_plane_of(cohl_plane *out, const cohl_frame *frame, int side, bool mirrored, cohl_error *err)
{
    int longer = frame->width > frame->height ? frame->width : frame->height;
    int width = longer > side ? begin_of(frame->width, side, longer) : frame->width;
    int height = longer > side ? begin_of(frame->height, side, longer) : frame->height;
    cohl_status st = set_size(out, width ? width : 1, height ? height : 1, err);
    if (st)
        return st;
    uint16_t *luma = malloc((size_t)frame->width * sizeof *luma);
    uint32_t *sum = malloc((size_t)out->width * sizeof *sum);
    int *begin = malloc((size_t)(out->width + 1) * sizeof *begin);
    if (luma && sum && begin)
        shrink(out, frame, mirrored, luma, sum, begin);
    else
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a picture of %d x %d pixels", frame->width, frame->height);
    free(luma);
    free(sum);
    free(begin);
    return st;
}

/* ---- smaller, smoother ------------------------------------------------------------ */

/* Between four pixels: weights in 1/16 of a pixel. */
static void blend_row(uint8_t *to, int width, const uint8_t *above, const uint8_t *below, int down, int last)
{
    for (int x = 0; x < width; x++) {
        int place = 20 * x + 2, left = place / 16, across = place % 16, right = left < last ? left + 1 : last;
        int up = (16 - across) * above[left] + across * above[right];
        int low = (16 - across) * below[left] + across * below[right];
        to[x] = (uint8_t)(((16 - down) * up + down * low + 128) >> 8);
    }
}

cohl_status cohl_plane_smaller(cohl_plane *out, const cohl_plane *from, cohl_error *err)
{
    int width = from->width * 4 / 5, height = from->height * 4 / 5;
    cohl_status st = set_size(out, width ? width : 1, height ? height : 1, err);
    for (int y = 0; y < out->height && !st; y++) {
        int place = 20 * y + 2, top = place / 16, bottom = top < from->height - 1 ? top + 1 : from->height - 1;
        top = top < from->height ? top : from->height - 1;
        blend_row(out->at + (size_t)y * (size_t)out->width, out->width, from->at + (size_t)top * (size_t)from->width,
                  from->at + (size_t)bottom * (size_t)from->width, place % 16, from->width - 1);
    }
    return st;
}

/* Down the columns of one row: the row's values, 16 times too large. */
static void smooth_down(uint16_t *sum, const uint8_t *row, int width)
{
    const uint8_t *a = row - 2 * width, *b = row - width, *d = row + width, *e = row + 2 * width;
    for (int x = 0; x < width; x++)
        sum[x] = (uint16_t)(a[x] + e[x] + 4 * (b[x] + d[x]) + 6 * row[x]);
}

static void smooth_across(uint8_t *to, const uint16_t *sum, int width)
{
    for (int x = 2; x < width - 2; x++)
        to[x] = (uint8_t)((sum[x - 2] + sum[x + 2] + 4 * (sum[x - 1] + sum[x + 1]) + 6 * sum[x] + 128) >> 8);
}

cohl_status cohl_plane_smooth(cohl_plane *out, const cohl_plane *from, cohl_error *err)
{
    int width = from->width;
    cohl_status st = set_size(out, width, from->height, err);
    uint16_t *sum = st ? NULL : malloc((size_t)width * sizeof *sum);
    if (!st && !sum)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a row of %d pixels", width);
    if (!st)
        memcpy(out->at, from->at, (size_t)width * (size_t)from->height);
    for (int y = 2; y < from->height - 2 && !st; y++) {
        smooth_down(sum, from->at + (size_t)y * (size_t)width, width);
        smooth_across(out->at + (size_t)y * (size_t)width, sum, width);
    }
    free(sum);
    return st;
}

/* ---- figures of it ------------------------------------------------------------------- */

double cohl_plane_contrast(const cohl_plane *plane)
{
    size_t count = (size_t)plane->width * (size_t)plane->height;
    uint64_t sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += plane->at[i];
        squares += (uint32_t)plane->at[i] * plane->at[i];
    }
    double mean = (double)sum / (double)count, variance = (double)squares / (double)count - mean * mean;
    return variance > 0 ? sqrt(variance) : 0;
}

/* From `at` on, at least one, of a side cut into parts. */
static int part_end(int begin, int end) { return end > begin ? end : begin + 1; }

void cohl_plane_means(float *out, int side, const cohl_plane *plane)
{
    for (int v = 0; v < side; v++)
        for (int u = 0; u < side; u++) {
            int left = u * plane->width / side, top = v * plane->height / side, sum = 0;
            int right = part_end(left, (u + 1) * plane->width / side);
            int bottom = part_end(top, (v + 1) * plane->height / side);
            for (int y = top; y < bottom; y++)
                for (int x = left; x < right; x++)
                    sum += plane->at[(size_t)y * (size_t)plane->width + (size_t)x];
            out[v * side + u] = (float)sum / (float)((right - left) * (bottom - top));
        }
}
