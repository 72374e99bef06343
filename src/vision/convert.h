/* convert.h - an installed network's file, made from what its package holds.
 *
 * TensorFlow.js keeps kernels as [height, width, in, out]; the file has them in the order of network.h, as F32. A
 * layer that is scaled and shifted after its convolution (a folded batch norm) becomes one convolution. The same
 * package gives the same bytes. */
#ifndef COHL_VISION_CONVERT_H
#define COHL_VISION_CONVERT_H

#include "vision/network.h"
#include "vision/tfjs.h"

/* Write it to path, whole or not at all; name is the package's, for sentences.
 *
 * As cohl_tfjs_read; and
 * COHL_ERR_FORMAT  a tensor of no known kind, or that does not fit its layer
 * COHL_ERR_IO      the disk refused */
cohl_status cohl_network_convert(const char *path, const cohl_network_kind *kind, const char *name, cohl_bytes manifest,
                                 const cohl_bytes *shard, int shards, cohl_error *err);

#endif
