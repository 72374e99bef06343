/* picture.h - given pictures, brought to the size a network sees.
 *
 * Values are floats and pixels channels last: [height, width, 3]. The resampling is the one that the
 * reference programs use for a model's own inputs (bicubic without smoothing), so that a network
 * gets what it was trained on; films are scaled by media/resize.h. */
#ifndef COHL_MODEL_PICTURE_H
#define COHL_MODEL_PICTURE_H

/* Bicubic with a = -0.75, half-pixel centres, edges repeated, no smoothing when shrinking
 * (Keys 1981; as torch.nn.functional.interpolate). to and from do not overlap. */
void cohl_picture_resize(float *to, int to_width, int to_height, const float *from, int width, int height);

/* The film's size for a picture of this shape: as many pixels as `area` allows, the picture's
 * proportions as nearly as sides that are multiples of `grid` can have, each rounded to the nearest
 * (Wan's image to video). At least one `grid` each way. */
void cohl_picture_size(int *out_width, int *out_height, int width, int height, long area, int grid);

#endif
