/* frame.h - one picture in memory: what generation ends in and encoding begins with.
 *
 *     cohl_frame *frame;
 *     if ((st = cohl_frame_new(&frame, 320, 192, err))) return st;
 *     cohl_frame_row(frame, y)[3 * x + 1] = 255;
 *     cohl_frame_free(frame);
 *
 * Pixels are [height, width, 3], display-encoded sRGB, red first, rows without gaps. */
#ifndef COHL_MEDIA_FRAME_H
#define COHL_MEDIA_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* What a file from outside may ask for: a side, and all pixels together (64 Mi,
 * 192 MiB as RGB). */
enum { COHL_FRAME_SIDE_MAX = 16384, COHL_FRAME_PIXELS_MAX = 1 << 26 };

typedef struct cohl_frame {
    int      width, height;   /* pixels, at least 1 */
    uint8_t *rgb;             /* [height, width, 3] */
} cohl_frame;

/* A black frame. COHL_ERR_ARGUMENT when a size is outside the limits above. */
cohl_status cohl_frame_new(cohl_frame **out, int width, int height, cohl_error *err);
cohl_status cohl_frame_copy(cohl_frame **out, const cohl_frame *from, cohl_error *err);
void cohl_frame_free(cohl_frame *frame);

static inline size_t cohl_frame_bytes(const cohl_frame *frame)
{
    return (size_t)frame->height * (size_t)frame->width * 3;
}

static inline uint8_t *cohl_frame_row(const cohl_frame *frame, int y)
{
    return frame->rgb + (size_t)y * (size_t)frame->width * 3;
}

/* Paint a rectangle, cut at the frame's edges. colour is 0xRRGGBB. */
void cohl_frame_fill(cohl_frame *frame, int left, int top, int width, int height,
                     uint32_t colour);
/* Lay `from` with its corner at (left, top), cut at the edges. */
void cohl_frame_paste(cohl_frame *frame, const cohl_frame *from, int left, int top);

#endif
