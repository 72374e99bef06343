/* convert.h - weights in another type, as safetensors or GGUF.
 *
 *     cohl_convert(weights, &(cohl_convert_params){ .type = "q4_k", .report = print_row }, "small.gguf", err);
 *
 * The file has the original release's names, whatever naming came in, and any
 * change laid over the weights (lora.h). Tensors are read, packed and written
 * piece by piece, so memory does not grow with the model; what a piece becomes
 * does not depend on the number of threads. The file appears whole or not at all.
 *
 * A packed type is for matrices whose rows fill its blocks; a matrix whose rows
 * fill only blocks of 32 becomes Q8_0. First and last layers, which every value
 * passes and which are few, become BF16, and all that is no matrix F32. Plain
 * types (f32, f16, bf16) are for all. f8_e4m3 is for safetensors, each matrix
 * with its scale as ComfyUI reads it. */
#ifndef COHL_WEIGHTS_CONVERT_H
#define COHL_WEIGHTS_CONVERT_H

#include "base/worker.h"
#include "weights/weights.h"

/* What became of one tensor. */
typedef struct cohl_converted {
    const char *name, *from, *to;      /* types: "BF16", "Q4_K" */
    int         rank;
    int64_t     dim[COHL_RANK_MAX];
    size_t      bytes_from, bytes_to;
    double      error;                 /* root mean square of the change over that of the values */
    size_t      index, count;          /* of all, for progress */
} cohl_converted;

typedef struct cohl_convert_params {
    const char   *type;                /* "q4_k", in either case */
    cohl_workers *workers;             /* NULL: the caller's thread alone */
    void        (*report)(void *user, const cohl_converted *one);   /* after each; may be NULL */
    void         *user;
    const volatile bool *cancel;       /* NULL, or: stop when it becomes true */
} cohl_convert_params;

/* "f32, f16, bf16, q8_0, ..." for help and sentences. */
const char *cohl_convert_types(void);

/* COHL_ERR_ARGUMENT   an unknown type, an ending that is neither .gguf nor .safetensors, a type that
 *                     the format has not
 * COHL_ERR_FORMAT     a value that is no number, or too large for the type: the sentence names the tensor
 * COHL_ERR_IO         the disk refused; nothing is left
 * COHL_ERR_CANCELLED  asked to stop; nothing is left */
cohl_status cohl_convert(const cohl_weights *weights, const cohl_convert_params *params, const char *path,
                         cohl_error *err);

#endif
