/* frame.c - one picture in memory. */
#include "media/frame.h"

#include <stdlib.h>
#include <string.h>

cohl_status cohl_frame_new(cohl_frame **out, int width, int height, cohl_error *err)
{
    *out = NULL;
    if (width < 1 || height < 1 || width > COHL_FRAME_SIDE_MAX || height > COHL_FRAME_SIDE_MAX ||
        (int64_t)width * height > COHL_FRAME_PIXELS_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT,
                         "a picture of %d x %d pixels, expected at most %d a side and %d in all",
                         width, height, COHL_FRAME_SIDE_MAX, COHL_FRAME_PIXELS_MAX);
    cohl_frame *frame = malloc(sizeof *frame);
    uint8_t *rgb = calloc((size_t)width * (size_t)height, 3);
    if (!frame || !rgb) {
        free(frame);
        free(rgb);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a picture of %d x %d pixels",
                         width, height);
    }
    *frame = (cohl_frame){ width, height, rgb };
    *out = frame;
    return COHL_OK;
}

cohl_status cohl_frame_copy(cohl_frame **out, const cohl_frame *from, cohl_error *err)
{
    cohl_status st = cohl_frame_new(out, from->width, from->height, err);
    if (!st)
        memcpy((*out)->rgb, from->rgb, cohl_frame_bytes(from));
    return st;
}

void cohl_frame_free(cohl_frame *frame)
{
    if (!frame)
        return;
    free(frame->rgb);
    free(frame);
}

static int at_least(int a, int b) { return a > b ? a : b; }
static int at_most(int a, int b) { return a < b ? a : b; }

void cohl_frame_fill(cohl_frame *frame, int left, int top, int width, int height,
                     uint32_t colour)
{
    int right = at_most(left + width, frame->width), bottom = at_most(top + height, frame->height);
    for (int y = at_least(top, 0); y < bottom; y++) {
        uint8_t *row = cohl_frame_row(frame, y);
        for (int x = at_least(left, 0); x < right; x++) {
            row[3 * x] = (uint8_t)(colour >> 16);
            row[3 * x + 1] = (uint8_t)(colour >> 8);
            row[3 * x + 2] = (uint8_t)colour;
        }
    }
}

void cohl_frame_paste(cohl_frame *frame, const cohl_frame *from, int left, int top)
{
    int x0 = at_least(left, 0), x1 = at_most(left + from->width, frame->width);
    int y1 = at_most(top + from->height, frame->height);
    for (int y = at_least(top, 0); x0 < x1 && y < y1; y++)
        memcpy(cohl_frame_row(frame, y) + 3 * x0,
               cohl_frame_row(from, y - top) + 3 * (x0 - left), (size_t)(x1 - x0) * 3);
}
