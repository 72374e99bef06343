/* print.h - a frame's fingerprint: 64 bits that stay nearly the same when it is recompressed,
 * scaled or recoloured. The signs of its lowest frequencies about their median (the
 * "pHash" of Zauner 2010): 32 x 32 luma, discrete cosine transform, 8 x 8 coefficients. */
#ifndef COHL_PROVENANCE_PRINT_H
#define COHL_PROVENANCE_PRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "media/frame.h"

/* 0, which no other has: the frame is flat, and says nothing. */
cohl_status cohl_print_of(uint64_t *print, const cohl_frame *frame, cohl_error *err);

/* The same of the frame seen in a mirror. */
cohl_status cohl_print_of_mirrored(uint64_t *print, const cohl_frame *frame, cohl_error *err);

/* Of a picture that is 32 x 32 luma already; scale and offset do not matter. */
uint64_t cohl_print_of_luma(const float luma[32 * 32], bool mirrored);

#endif
