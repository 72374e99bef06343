/* dit_precondition.h - the transformer is asked only for what no straight line knows; for dit*.c only.
 *
 * Where the deviation s of each channel of clean latents is known, the velocity noise - data of a cell
 * x = (1 - t) data + t noise has a best straight guess, and what it misses a known size:
 *
 *     d = (1 - t)^2 s^2 + t^2         guess = (t - (1 - t) s^2) / d x         missed ~ s / sqrt(d)
 *
 * The network is shown x / sqrt(d), and answers what is missed in units of s / sqrt(d): the
 * preconditioning of Karras et al. 2022 (arXiv:2206.00364, table 1), for straight paths. Without it a network
 * has to carry the noise of all values of a token through its own width, and a token of a small
 * model holds as many values as it is wide. */
#ifndef COHL_MODEL_DIT_PRECONDITION_H
#define COHL_MODEL_DIT_PRECONDITION_H

#include "model/dit_net.h"

typedef struct dit_precondition { cohl_tensor *in, *slope, *missed; } dit_precondition;    /* [cells, channels] each */

/* time as cohl_dit_forward's. The configuration has data_std. */
dit_precondition dit_precondition_at(cohl_ctx *ctx, const cohl_dit_config *config, const cohl_dit_clip *clip,
                                     const float *time);
/* x [cells, channels] -> what the network sees; what it answers -> the velocity. */
cohl_tensor *dit_precondition_in(cohl_ctx *ctx, const dit_precondition *p, cohl_tensor *x);
cohl_tensor *dit_precondition_out(cohl_ctx *ctx, const dit_precondition *p, cohl_tensor *x, cohl_tensor *answer);

#endif
