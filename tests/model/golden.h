/* golden.h - recorded numbers of the reference implementations, and what each kind of record asks.
 *
 * A golden is a folder: config.json names its kind and tolerance, io.safetensors
 * holds inputs and outputs, other files weights. A kind is a function that loads
 * the model, runs every case and compares. The runner and its table: goldens.c. */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <jansson.h>

#include "model/params.h"
#include "model/vae.h"
#include "weights/config.h"
#include "weights/safetensors.h"

typedef struct golden {
    const char       *folder;
    const json_t     *config;
    cohl_safetensors *io;
    cohl_ctx         *ctx;
    cohl_dtype        dtype;       /* of weights: F32; BF16, and of products; Q8 */
    double            error, tolerance;   /* of the comparison nearest to failing */
    const char       *worst;       /* its name, for the row; "" before the first */
    char              worst_text[96];
    int               compared;
    cohl_error        why;         /* a failure that is no comparison */
} golden;

/* Run it all; a status other than COHL_OK says why it could not be run. */
typedef cohl_status golden_kind_fn(golden *g, cohl_error *err);

golden_kind_fn golden_vae, golden_dit, golden_text_encoder, golden_t2v, golden_i2v, golden_ti2v, golden_schedulers, golden_randn,
    golden_image, golden_taehv, golden_latent;

/* f32: the largest difference, at most `tolerance`. bf16, int8: the relative root
 * mean square, at most 1.5 % and 4 % for each network pass that led here. */
void golden_compare(golden *g, const char *what, const float *got, const float *want, size_t count,
                    double tolerance, int passes);

/* Values of io's tensor "case3.latent", or NULL if it has none. The caller frees. */
float *golden_values(const golden *g, const cohl_weight **weight, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* [channels, frames, height, width] of the files, channels last for us, and back. Both make
 * new memory. */
float *golden_channels_last(const float *x, const int64_t *dim);
float *golden_channels_first(const float *x, const int64_t *dim);   /* dim as in the file */
/* Both at once: io's tensor [C, F, H, W] on the device as [F, H, W, C]. NULL when it has none. */
cohl_tensor *golden_upload(const golden *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A result [F, H, W, C] against io's tensor [C, F, H, W] of that name. */
void golden_compare_clip(golden *g, const cohl_tensor *got, const char *name, double tolerance, int passes);

double golden_number(const json_t *object, const char *key, double fallback);
/* A reader of the object at `key` ("dit"), or of the whole for NULL; needs cohl_config_close. */
cohl_status golden_config(cohl_config **out, const golden *g, const char *key, cohl_error *err);
/* An autoencoder's part of config.json. */
cohl_status golden_vae_config(cohl_vae_config *out, const golden *g, const char *key, cohl_error *err);
/* The weights in a file of the folder, or in a folder without it those that its manifest makes. */
cohl_status golden_weights(cohl_weights **out, const golden *g, const char *file, cohl_error *err);
/* Memory for the parameters, and their values from a file of the folder. */
cohl_status golden_load(golden *g, cohl_params *params, const char *file, cohl_error *err);

#endif
