/* mark_fft.h - the discrete Fourier transform of pictures whose sides are powers of two. */
#ifndef COHL_PROVENANCE_MARK_FFT_H
#define COHL_PROVENANCE_MARK_FFT_H

#include "base/status.h"

enum { COHL_FFT_SIDE_MAX = 512 };

/* Transforms of one size, with their twiddle factors and scratch: one thread at a time. */
typedef struct cohl_fft cohl_fft;

/* Sides are powers of two from 4 to COHL_FFT_SIDE_MAX: asserted. */
cohl_status cohl_fft_new(cohl_fft **out, int width, int height, cohl_error *err);
void cohl_fft_free(cohl_fft *fft);

/* In place, forward, not scaled; re and im [height, width]. The inverse is the forward transform with re
 * and im exchanged, both on the way in and on the way out, over width * height. */
void cohl_fft_forward(cohl_fft *fft, float *re, float *im);

#endif
