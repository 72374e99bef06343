/* condition.h - what a network is told of the frames that are given.
 *
 * Networks that were not trained with a noise level for each frame take given frames beside the
 * sample, in channels of their own, worked out here from the frames' pixels:
 *
 *     image     4 mask channels, one for each frame a latent frame stands for, and the latent of a
 *               clip that is grey where nothing is given (Wan 2.1 and 2.2 image to video)
 *     control   the latents of what is given and of what is to be made, and the mask, 8 x 8 pixels
 *               folded into 64 channels (VACE)
 *
 * The clip goes through the autoencoder's stream, so memory does not grow with it. */
#ifndef COHL_MODEL_CONDITION_H
#define COHL_MODEL_CONDITION_H

#include "model/vae.h"

typedef struct cohl_given_clip {
    int                 frames;          /* of the clip, 1 + 4k */
    int                 width, height;   /* multiples of the cell's pixels */
    const float *const *frame;           /* [frames]: its pixels [height, width, 3], -1..1, or NULL: to be made */
} cohl_given_clip;

/* Channels of each condition for latents of z_dim channels. */
int cohl_condition_image_channels(int z_dim);      /* 4 + z_dim */
int cohl_condition_control_channels(int z_dim);    /* 2 z_dim + 64 */

/* out [1 + k, height / s, width / s, channels], host memory of the caller. The context's scratch is
 * as before. Not while a tape records. Errors: what the context says. */
cohl_status cohl_condition_image(cohl_ctx *ctx, const cohl_vae *vae, const cohl_given_clip *clip, float *out,
                                 cohl_error *err);
cohl_status cohl_condition_control(cohl_ctx *ctx, const cohl_vae *vae, const cohl_given_clip *clip, float *out,
                                   cohl_error *err);

#endif
