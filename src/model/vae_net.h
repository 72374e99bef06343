/* vae_net.h - the inside of the video autoencoder; for vae*.c only. */
#ifndef COHL_MODEL_VAE_NET_H
#define COHL_MODEL_VAE_NET_H

#include "model/vae.h"

enum { COHL_VAE_RES_MAX = 8 };

typedef struct vae_residual {
    cohl_tensor *gain_a, *gain_b;    /* [in], [out] */
    cohl_affine  conv_a, conv_b;     /* 3x3x3 */
    cohl_affine  shortcut;           /* [out, in]; weight NULL when in = out */
} vae_residual;

typedef struct vae_attention {
    cohl_tensor *gain;               /* [c] */
    cohl_affine  qkv, proj;          /* [3c, c], [c, c] */
} vae_attention;

/* Residual blocks, then a change of size. */
typedef struct vae_stage {
    int          in, out, residual_count;
    bool         averaging;          /* a shortcut without parameters round the whole stage */
    vae_residual residual[COHL_VAE_RES_MAX];
    cohl_affine  resample;           /* 3x3 in space; weight NULL = the size stays */
    cohl_affine  time;               /* 3 in time; weight NULL = the rate stays */
} vae_stage;

typedef struct vae_half {
    cohl_affine   first, last;       /* 3x3x3 */
    cohl_tensor  *gain;              /* before the last */
    vae_residual  middle_a, middle_b;
    vae_attention attention;
    vae_stage     stage[COHL_VAE_STAGE_MAX];
} vae_half;

/* A linear map of cells: [out, in], one for the clip's frame 0 and one for each four frames after it. */
typedef struct vae_linear { cohl_affine first, rest; } vae_linear;

struct cohl_vae_net {
    int         stage_count, patch;
    bool        linear;              /* then encoder and conv1 are empty */
    vae_linear  to_latent, to_pixels;
    vae_half    encoder, decoder;
    cohl_affine conv1, conv2;        /* [2z, 2z] after the encoder, [z, z] before the decoder */
};

/* What causal layers remember between pieces of one clip: the last frames each
 * has seen, one entry a layer in the order of the walk. */
struct cohl_vae_stream {
    cohl_ctx          *ctx;
    const cohl_vae    *vae;
    cohl_vae_direction direction;
    int                piece;        /* number of pieces done */
    int                count;
    cohl_tensor        seen[];       /* [1 or 2, height, width, channels]; data NULL before first use */
};

void vae_net_declare(cohl_vae_net *net, const cohl_vae_config *config, cohl_params *params);
/* Layers that remember, at most. */
int  vae_net_memories(const cohl_vae_config *config);

/* stream NULL = the whole clip at once. rgb -> mean, and back; neither normalised. */
cohl_tensor *vae_net_encode(cohl_ctx *ctx, const cohl_vae_net *net, cohl_vae_stream *stream, cohl_tensor *rgb);
cohl_tensor *vae_net_decode(cohl_ctx *ctx, const cohl_vae_net *net, cohl_vae_stream *stream,
                            cohl_tensor *latent);

#endif
