/* tiny.h - a whole model folder of a few thousand random numbers, for tests. */
#ifndef COHL_TESTS_ENGINE_TINY_H
#define COHL_TESTS_ENGINE_TINY_H

#include "base/status.h"

/* Write it; 64x64, 64x96 and 96x64 pixels, 5 to 33 frames at 8 a second, 4 steps of euler,
 * words of the first act. */
cohl_status tiny_model_write(const char *folder, cohl_error *err);
/* The same, 64x64 alone, that takes known frames beside the sample ("mask-channels"). */
cohl_status tiny_told_write(const char *folder, cohl_error *err);
/* A TAEHV of 16 pixels a side and z_dim latent channels that decodes whatever it is given to one colour, 0..1. */
cohl_status tiny_fast_write(const char *path, int z_dim, const float rgb[3], cohl_error *err);

#endif
