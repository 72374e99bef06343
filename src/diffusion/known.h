/* known.h - how much of each latent frame is known when a run begins.
 *
 * Each latent frame has a level, the noise it starts with:
 *
 *     1        made from noise alone
 *     0        known: held clean, and told to the network as t = 0
 *     between  remixed: noised to this level, held there until the run has come
 *              down to it, then denoised with the others
 *
 * So text to video, image to video, extending, filling, looping and remixing
 * are the same run with other levels. A run in which no frame starts above a
 * level skips the steps above it.
 *
 * Networks were not all trained for this; each declares what it can take, and
 * cohl_known_map turns the request into its mechanism or refuses it by name. */
#ifndef COHL_DIFFUSION_KNOWN_H
#define COHL_DIFFUSION_KNOWN_H

#include <stdbool.h>

#include "base/status.h"

typedef struct cohl_known_kind {
    const char *name;           /* as a model's config.json says it: "timestep:any" */
    const char *about;          /* what can be known, ends the sentence that refuses */
    bool by_time;               /* known frames are in the sample, at their own t   */
    bool by_condition;          /* known frames are given beside the sample         */
    bool anywhere;              /* not only the first frame                         */
} cohl_known_kind;

extern const cohl_known_kind *const cohl_known_kinds[];   /* ends with NULL */

/* NULL when there is none of this name. */
const cohl_known_kind *cohl_known_kind_find(const char *name);

/* What a network of this kind is given for these levels.
 *
 * level  [frames] asked for, 0..1
 * held   [frames] the levels for the sampler
 * given  [frames] true: the frame goes into the network's own condition (mask
 *        channels, control context), because held does not carry it
 *
 * COHL_ERR_ARGUMENT     a level is not 0..1
 * COHL_ERR_UNSUPPORTED  the network cannot; the sentence says what it can    */
cohl_status cohl_known_map(const cohl_known_kind *kind, int frames, const float *level,
                           float *held, bool *given, cohl_error *err);

#endif
