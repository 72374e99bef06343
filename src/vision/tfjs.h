/* tfjs.h - weights as TensorFlow.js keeps them, read into named tensors.
 *
 * A manifest names groups of tensors, each with its shape and type; their values stand one behind the other in
 * files, without gaps, little-endian, quantized ones as whole numbers q that mean q * scale + min:
 *
 *     [{ "paths": [...], "weights": [{ "name": "conv0/filters", "shape": [3, 3, 3, 16], "dtype": "float32",
 *        "quantization": { "dtype": "uint8", "min": -1.2, "scale": 0.009 } }, ...] }]
 *
 * It is JSON, alone or as "weightsManifest" of an object; or a JavaScript module in which that object
 * stands as a literal. A file of values is these bytes, or a JavaScript module whose longest string is their
 * base64. Nothing of a module is executed: what is no literal is refused. */
#ifndef COHL_VISION_TFJS_H
#define COHL_VISION_TFJS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct cohl_bytes { const uint8_t *data; size_t size; } cohl_bytes;

enum { COHL_TFJS_RANK_MAX = 4 };

typedef struct cohl_tfjs_tensor {
    char   *name;
    int     rank;
    int64_t dim[COHL_TFJS_RANK_MAX];
    size_t  count;                       /* product of dim */
    float  *value;
} cohl_tfjs_tensor;

typedef struct cohl_tfjs { cohl_tfjs_tensor *tensor; size_t count; } cohl_tfjs;

/* name is for sentences; free with cohl_tfjs_free, also after a failure.
 *
 * COHL_ERR_FORMAT       no manifest; a value out of range; the files hold more or fewer bytes than it says
 * COHL_ERR_UNSUPPORTED  a type of values that is not read */
cohl_status cohl_tfjs_read(cohl_tfjs *out, const char *name, cohl_bytes manifest, const cohl_bytes *shard, int shards,
                           cohl_error *err);
void cohl_tfjs_free(cohl_tfjs *tfjs);

#endif
