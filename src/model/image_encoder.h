/* image_encoder.h - the image branch of CLIP ViT-H/14: a picture to the tokens that Wan 2.1's image
 * models look at.
 *
 *     cohl_image_encoder_open(&encoder, &config, ctx, weights, COHL_BF16, err);
 *     cohl_tensor *tokens = cohl_image_encode(ctx, encoder, rgb, width, height);   [257, 1280]
 *
 * It is asked once a film, so its 630 million parameters stay in their file and are brought layer by
 * layer. The tokens are those of the last layer but one (all of them, the class token first),
 * without a final norm. Names as in the Wan release ("visual.transformer.0.attn.to_qkv.weight"). */
#ifndef COHL_MODEL_IMAGE_ENCODER_H
#define COHL_MODEL_IMAGE_ENCODER_H

#include "model/params.h"
#include "weights/config.h"

typedef struct cohl_image_encoder_config {
    int   image_size, patch_size;    /* pixels a side; the first a multiple of the second (224, 14) */
    int   dim, mlp_dim;              /* of a token, and inside the feed-forward   (1280, 5120) */
    int   num_heads, num_layers;     /* the last layer is never used              (16, 32)     */
    float eps;                       /* of all norms                              (1e-5)       */
} cohl_image_encoder_config;

/* The release's own sizes. */
cohl_image_encoder_config cohl_image_encoder_config_default(void);
/* The keys are the fields' names (mlp_ratio for mlp_dim), or those of the transformers library
 * ("hidden_size"); what is missing is as in the release. */
cohl_status cohl_image_encoder_config_read(cohl_image_encoder_config *out, cohl_config *json, cohl_error *err);

typedef struct cohl_image_encoder cohl_image_encoder;

/* ctx and weights outlive the encoder. The weights may hold more than this: the text tower, the last
 * layer. `dtype` is that of the matrices while they are used.
 *
 * COHL_ERR_FORMAT  one is missing or has another shape */
cohl_status cohl_image_encoder_open(cohl_image_encoder **out, const cohl_image_encoder_config *config, cohl_ctx *ctx,
                                    const cohl_weights *weights, cohl_dtype dtype, cohl_error *err);
void cohl_image_encoder_close(cohl_image_encoder *encoder);
int  cohl_image_encoder_tokens(const cohl_image_encoder *encoder);
int  cohl_image_encoder_dim(const cohl_image_encoder *encoder);      /* of a token */
size_t  cohl_image_encoder_slot(const cohl_image_encoder *encoder);   /* bytes that its layers take turns in */
int64_t cohl_image_encoder_size(const cohl_image_encoder *encoder);   /* parameters */

/* rgb  host memory [height, width, 3], -1..1, of any size: it is stretched to a square.
 * -> [tokens, dim]. Callers of several threads wait for each other. */
cohl_tensor *cohl_image_encode(cohl_ctx *ctx, cohl_image_encoder *encoder, const float *rgb, int width, int height);

/* The square that the network sees, normed: [image_size, image_size, 3]; free() it. NULL when memory
 * is out. */
float *cohl_image_encoder_pixels(const cohl_image_encoder *encoder, const float *rgb, int width, int height);

#endif
