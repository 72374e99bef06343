/* vae_file.h - an autoencoder as a folder: config.json and safetensors beside it. */
#ifndef COHL_MODEL_VAE_FILE_H
#define COHL_MODEL_VAE_FILE_H

#include "model/vae.h"

/* Values in F32 for use, not for training, in the memory of ctx's back end; ctx outlives it.
 *
 * COHL_ERR_IO      the folder or a file is missing
 * COHL_ERR_FORMAT  a value is out of range, or a weight missing or of another shape */
cohl_status cohl_vae_load(cohl_vae **out, cohl_ctx *ctx, const char *folder, cohl_error *err);

#endif
