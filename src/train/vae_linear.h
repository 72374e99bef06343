/* vae_linear.h - fitting the linear maps of a linear autoencoder.
 *
 * Cells of freshly rendered film, [16, 16, 3] of a first frame and [4, 16, 16, 3] of later ones, are
 * coded by their principal components, each scaled to deviation one. The basis for first frames is
 * turned so that a still cell has nearly the same code in both: a channel means the same in every
 * latent frame, and what a first frame need not say of motion it says of detail. */
#ifndef COHL_TRAIN_VAE_LINEAR_H
#define COHL_TRAIN_VAE_LINEAR_H

#include "model/vae.h"
#include "theatre/scene.h"

/* Fit "encoder.linear.*" and "decoder.linear.*" of vae, whose parameters have memory, on `clips` scenes
 * of five frames each, drawn from seed as `request` says (its size; frames are set here). The same
 * arguments give the same maps. */
cohl_status cohl_vae_linear_fit(cohl_vae *vae, const cohl_scene_request *request, int clips, uint64_t seed,
                                cohl_error *err);

/* Write the fitted maps to a safetensors file, and read them back: a run that resumes keeps its code. */
cohl_status cohl_vae_linear_save(cohl_vae *vae, const char *path, cohl_error *err);
cohl_status cohl_vae_linear_load(cohl_vae *vae, const char *path, cohl_error *err);

#endif
