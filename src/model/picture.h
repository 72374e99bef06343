/* picture.h - given pictures, brought to the size a network sees.
 *
 * A network gets what the reference programs give it: the same size, proportions and filter. Values
 * are floats -1..1 or bytes, pixels channels last: [height, width, 3].
 *
 *     cohl_picture_size(COHL_FIT_CROP, &width, &height, 4000, 3000, 1280 * 704, 32);    1088 x 800
 *     cohl_picture_fit(COHL_FIT_CROP, to, width, height, from, 4000, 3000, err); */
#ifndef COHL_MODEL_PICTURE_H
#define COHL_MODEL_PICTURE_H

#include <stdint.h>

#include "base/status.h"

/* How a picture becomes the film's frame. */
typedef enum cohl_picture_fitting {
    COHL_FIT_STRETCH,   /* both sides cut to the grid, the picture stretched to that, bicubic (Wan 2.1, A14B) */
    COHL_FIT_CROP,      /* scaled until nothing is empty, Lanczos, and the middle cut out (Wan 2.2 TI2V) */
} cohl_picture_fitting;

/* The film's size for a picture of this shape: sides are multiples of `grid`, at most `area` pixels, the
 * picture's proportions as nearly as the rule has them; at least one `grid` each way. STRETCH cuts
 * both sides to the grid; CROP cuts one, gives the other what is left of the area, and takes the
 * better of the two ways. */
void cohl_picture_size(cohl_picture_fitting fit, int *out_width, int *out_height, int width, int height, long area,
                       int grid);

/* The frame of that size, in bytes. COHL_ERR_MEMORY. */
cohl_status cohl_picture_fit(cohl_picture_fitting fit, uint8_t *to, int to_width, int to_height, const uint8_t *from,
                             int width, int height, cohl_error *err);

/* Bicubic with a = -0.75, half-pixel centres, edges repeated, no smoothing when shrinking
 * (Keys 1981; as torch.nn.functional.interpolate). to and from do not overlap. */
void cohl_picture_resize(float *to, int to_width, int to_height, const float *from, int width, int height);

#endif
