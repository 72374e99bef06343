/* network.h - the pretrained networks that look at frames: which there are, where an installation
 * keeps them, and the layers they are written in.
 *
 *     cohl_network *network;
 *     if ((st = cohl_network_open(&network, &cohl_network_explicit, workers, err))) return st;
 *     cohl_ctx *ctx = cohl_network_begin(network);
 *     cohl_tensor *x = cohl_tensor_upload(ctx, pixels, COHL_F32, 4, (int64_t[]){ 1, 224, 224, 3 });
 *     x = cohl_network_conv(network, x, 2, COHL_EDGES_SAME, "Conv");
 *     ...
 *     st = cohl_network_end(network, out, x, 5, err);
 *     cohl_network_close(network);
 *
 * None ships with Cohl. `cohl checks install` (vision/install.h) brings them from the packages that
 * publish them, in one safetensors file each, in checks/ of the user's data folder. The order of the layers
 * is code; how wide each is, its file says, so a layer checks what it gets, and a file that
 * does not fit ends in a sentence, never in a wrong score.
 *
 * Tensors of a file, for a layer NAME:
 *     NAME.weight   [out, in, 1, height, width]  a convolution
 *                   [height, width, channels]    a depthwise one
 *                   [out, in]                    a dense layer
 *     NAME.bias     [out]                        may be missing */
#ifndef COHL_VISION_NETWORK_H
#define COHL_VISION_NETWORK_H

#include "tensor/ops.h"

/* A package as the npm registry has it. */
typedef struct cohl_network_package {
    const char *name, *version, *licence;
    const char *file;                /* as `npm pack` names it */
    const char *sha512;              /* of that file, hex       */
} cohl_network_package;

enum { COHL_NETWORK_SHARDS = 2 };

typedef struct cohl_network_kind {
    const char *name;                /* "explicit": of its file too     */
    const char *about;               /* one line for lists              */
    const cohl_network_package *package;
    const char *manifest;            /* what names its tensors: a path inside the package */
    const char *shard[COHL_NETWORK_SHARDS + 1];   /* their values, in order; ends with NULL */
} cohl_network_kind;

extern const cohl_network_kind cohl_network_explicit, cohl_network_face_detector, cohl_network_face_landmarks,
                               cohl_network_face_embedding;
extern const cohl_network_kind *const cohl_network_kinds[];   /* all of them; ends with NULL */

/* "…/checks/NAME.safetensors" in new memory; free() it. */
cohl_status cohl_network_path(char **out, const cohl_network_kind *kind, cohl_error *err);
/* Its file is there, whatever is in it. */
bool cohl_network_installed(const cohl_network_kind *kind);
/* All of them are. */
bool cohl_networks_installed(void);

typedef struct cohl_network cohl_network;

/* Read and check it; workers are borrowed, NULL: the caller's thread alone.
 *
 * COHL_ERR_UNSUPPORTED  it is not installed
 * COHL_ERR_FORMAT       its file is no such network: cut, of another kind, values that are not finite
 * COHL_ERR_IO           its file cannot be read */
cohl_status cohl_network_open(cohl_network **out, const cohl_network_kind *kind, cohl_workers *workers,
                              cohl_error *err);
void cohl_network_close(cohl_network *network);

/* A pass begins: what the last one made is gone. */
cohl_ctx *cohl_network_begin(cohl_network *network);
/* It ends: copy the `count` values of x out. COHL_ERR_FORMAT: the file's layers do not fit together, make
 * another number of values, or values that are not finite. */
cohl_status cohl_network_end(cohl_network *network, float *out, const cohl_tensor *x, int64_t count, cohl_error *err);

/* ---- layers ------------------------------------------------------------- */

/* What a window sees beside the picture: zeros, so many that ceil(size / stride) places come out,
 * the odd one after (TensorFlow's SAME); or nothing, it stays inside (VALID). */
typedef enum cohl_edges { COHL_EDGES_SAME, COHL_EDGES_VALID } cohl_edges;

/* x [1, height, width, channels] in and out. The name is printf's. NULL when the context has failed. */
cohl_tensor *cohl_network_conv(cohl_network *network, cohl_tensor *x, int stride, cohl_edges edges, const char *name, ...)
    __attribute__((format(printf, 5, 6)));
cohl_tensor *cohl_network_depthwise(cohl_network *network, cohl_tensor *x, int stride, cohl_edges edges,
                                    const char *name, ...) __attribute__((format(printf, 5, 6)));
/* x [..., in] -> [..., out]. */
cohl_tensor *cohl_network_dense(cohl_network *network, cohl_tensor *x, const char *name);
cohl_tensor *cohl_network_pool(cohl_network *network, cohl_tensor *x, cohl_pooling kind, int size, int stride,
                               cohl_edges edges);
/* Mean of each channel: [1, height, width, channels] -> [1, channels]. */
cohl_tensor *cohl_network_mean(cohl_network *network, cohl_tensor *x);
/* The sum; a file whose layers give them two shapes is told so. */
cohl_tensor *cohl_network_add(cohl_network *network, cohl_tensor *a, cohl_tensor *b);
/* Zeros after, to so many rows, columns and channels. */
cohl_tensor *cohl_network_grow(cohl_network *network, cohl_tensor *x, const int64_t dim[4]);

/* The file has this layer. */
bool cohl_network_has(const cohl_network *network, const char *name, ...) __attribute__((format(printf, 2, 3)));

#endif
