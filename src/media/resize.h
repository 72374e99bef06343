/* resize.h - scale a frame without any library, the same bytes on any machine.
 *
 * Shrinking averages the area under each pixel; enlarging is bilinear. Weights
 * are integers, so there is nothing to round differently. */
#ifndef COHL_MEDIA_RESIZE_H
#define COHL_MEDIA_RESIZE_H

#include "media/frame.h"

/* Fill `to`, whose size is the size wanted; the shape may change. */
cohl_status cohl_resize(cohl_frame *to, const cohl_frame *from, cohl_error *err);

/* Fill `to` with the middle of `from`, cut to the shape of `to`: nothing is
 * stretched and nothing stays empty. */
cohl_status cohl_resize_cover(cohl_frame *to, const cohl_frame *from, cohl_error *err);

#endif
