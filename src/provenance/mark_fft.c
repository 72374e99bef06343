/* mark_fft.c - radix 2, decimation in frequency, on whole columns at a time.
 *
 * A butterfly works on two rows of the picture, all columns side by side, which compilers turn
 * into vector code; for the other direction the picture is transposed. Results stand in
 * bit-reversed order after the butterflies and are put right by exchanging rows. */
#include "provenance/mark_fft.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

struct cohl_fft {
    int    width, height;
    float *cosine, *sine;              /* of 2 pi k / COHL_FFT_SIDE_MAX, k < half of it */
    float *re, *im;                    /* transposed, scratch                           */
};

static int is_side(int size) { return size >= 4 && size <= COHL_FFT_SIDE_MAX && (size & (size - 1)) == 0; }

cohl_status cohl_fft_new(cohl_fft **out, int width, int height, cohl_error *err)
{
    size_t area = (size_t)width * (size_t)height, half = COHL_FFT_SIDE_MAX / 2;
    assert(is_side(width) && is_side(height));
    cohl_fft *fft = *out = calloc(1, sizeof *fft);
    if (fft && (fft->cosine = malloc((2 * half + 2 * area) * sizeof *fft->cosine))) {
        fft->width = width, fft->height = height;
        fft->sine = fft->cosine + half;
        fft->re = fft->sine + half, fft->im = fft->re + area;
        for (size_t k = 0; k < half; k++) {
            fft->cosine[k] = (float)cos(M_PI * (double)k / (double)half);
            fft->sine[k] = (float)sin(M_PI * (double)k / (double)half);
        }
        return COHL_OK;
    }
    cohl_fft_free(fft);
    *out = NULL;
    return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a Fourier transform of %d x %d", width, height);
}

void cohl_fft_free(cohl_fft *fft)
{
    if (fft)
        free(fft->cosine);
    free(fft);
}

/* (a, b) -> (a + b, (a - b) w), w = c - i s. */
static void butterfly(float *restrict ar, float *restrict ai, float *restrict br, float *restrict bi, float c, float s,
                      int count)
{
    for (int i = 0; i < count; i++) {
        float dr = ar[i] - br[i], di = ai[i] - bi[i];
        ar[i] += br[i];
        ai[i] += bi[i];
        br[i] = dr * c + di * s;
        bi[i] = di * c - dr * s;
    }
}

static void exchange(float *restrict a, float *restrict b, int count)
{
    for (int i = 0; i < count; i++) {
        float swap = a[i];
        a[i] = b[i], b[i] = swap;
    }
}

/* Transform each column of [size, count]. */
static void columns(const cohl_fft *fft, float *re, float *im, int size, int count)
{
    for (int half = size / 2; half >= 1; half /= 2) {
        int stride = COHL_FFT_SIDE_MAX / (2 * half);
        for (int begin = 0; begin < size; begin += 2 * half)
            for (int k = 0; k < half; k++) {
                size_t a = (size_t)(begin + k) * (size_t)count, b = a + (size_t)half * (size_t)count;
                butterfly(re + a, im + a, re + b, im + b, fft->cosine[k * stride], fft->sine[k * stride], count);
            }
    }
    for (int i = 1, reversed = 0; i < size; i++) {
        int bit = size / 2;
        for (; reversed & bit; bit /= 2)
            reversed ^= bit;
        reversed |= bit;
        if (i < reversed) {
            exchange(re + (size_t)i * (size_t)count, re + (size_t)reversed * (size_t)count, count);
            exchange(im + (size_t)i * (size_t)count, im + (size_t)reversed * (size_t)count, count);
        }
    }
}

/* to [width, height] = from [height, width], in tiles that stay in the cache. */
static void transpose(float *restrict to, const float *restrict from, int height, int width)
{
    enum { TILE = 16 };
    for (int top = 0; top < height; top += TILE)
        for (int left = 0; left < width; left += TILE)
            for (int y = top; y < top + TILE && y < height; y++)
                for (int x = left; x < left + TILE && x < width; x++)
                    to[(size_t)x * (size_t)height + (size_t)y] = from[(size_t)y * (size_t)width + (size_t)x];
}

void cohl_fft_forward(cohl_fft *fft, float *re, float *im)
{
    columns(fft, re, im, fft->height, fft->width);
    transpose(fft->re, re, fft->height, fft->width);
    transpose(fft->im, im, fft->height, fft->width);
    columns(fft, fft->re, fft->im, fft->width, fft->height);
    transpose(re, fft->re, fft->width, fft->height);
    transpose(im, fft->im, fft->width, fft->height);
}
