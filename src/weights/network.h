/* network.h - which network a file of weights holds, told from its names and shapes alone.
 *
 * For files that come without a config.json, and for saying what a file is. */
#ifndef COHL_WEIGHTS_NETWORK_H
#define COHL_WEIGHTS_NETWORK_H

#include "weights/weights.h"

typedef enum cohl_network_kind {
    COHL_NETWORK_UNKNOWN,
    COHL_NETWORK_TRANSFORMER,      /* Wan's denoising transformer             */
    COHL_NETWORK_TEXT,             /* UMT5's encoder                          */
    COHL_NETWORK_VAE,              /* Wan's autoencoder                       */
    COHL_NETWORK_IMAGE,            /* CLIP's image branch                     */
    COHL_NETWORK_TAEHV,            /* the small fast autoencoder              */
    COHL_NETWORK_LORA,             /* changes to a network, not one (lora.h)  */
} cohl_network_kind;

typedef struct cohl_network {
    cohl_network_kind kind;
    const char       *name;        /* "transformer" */
    const char       *model;       /* the published model of this shape, "Wan 2.1 T2V 1.3B"; or NULL */
    int64_t           parameters;
    int               layers;
    int64_t           dim;
    /* of a transformer */
    int64_t           ffn_dim, text_dim, in_dim, out_dim;
    bool              image;       /* attends to image tokens (I2V of Wan 2.1)      */
    bool              ends;        /* knows first and last picture apart (emb_pos)  */
    int               vace_layers; /* control blocks                                */
} cohl_network;

cohl_network cohl_network_identify(const cohl_weights *weights);

#endif
