/* gguf.h - the GGUF file: read in place, written in order.
 *
 *     "GGUF", version (2 or 3), number of tensors, number of keys, little-endian
 *     keys      name, type, value: numbers, strings, arrays
 *     tensors   name, sizes (fastest first), type, offset from the data
 *     data      at a multiple of general.alignment (32), each tensor too
 *
 * Plain types and the packings of packing.h are read; others (the IQ formats)
 * are refused by name. The format has no place for more than four sizes in the
 * eyes of some of its writers: trailing sizes of one are dropped and a fifth is
 * joined to the fourth, or kept under comfy.gguf.orig_shape.NAME. So a weight
 * from here is `loose` (weight.h).
 *
 * Open files are read-only and safe for several threads. */
#ifndef COHL_WEIGHTS_GGUF_H
#define COHL_WEIGHTS_GGUF_H

#include <jansson.h>

#include "base/file.h"
#include "weights/weight.h"

typedef struct cohl_gguf cohl_gguf;

/* "GGUF" in front, in either byte order. */
bool cohl_gguf_is(const uint8_t *bytes, size_t size);

/* COHL_ERR_FORMAT       a length, size or offset that is not inside the file, two tensors of one
 *                       name or on one place
 * COHL_ERR_UNSUPPORTED  version 1, big-endian, or a type that is not read
 * bytes must outlive it; name is for sentences. */
cohl_status cohl_gguf_parse(cohl_gguf **out, const char *name, const void *bytes, size_t size, cohl_error *err);
void        cohl_gguf_close(cohl_gguf *file);

/* Tensors in the order of the file. */
size_t             cohl_gguf_count(const cohl_gguf *file);
const cohl_weight *cohl_gguf_at(const cohl_gguf *file, size_t index);
/* All keys, an object: numbers, strings, arrays of up to 16 numbers; of other arrays their length. */
const json_t      *cohl_gguf_metadata(const cohl_gguf *file);
int                cohl_gguf_version(const cohl_gguf *file);

/* ---- writing ------------------------------------------------------------- */

/* Everything before the data, for weights (name, sizes, type or packing; data is not looked at) in this order.
 * Values follow by cohl_writer_put, each tensor's followed by cohl_gguf_pad.
 *
 * COHL_ERR_UNSUPPORTED  a type that GGUF has not */
cohl_status cohl_gguf_begin(cohl_writer *out, const char *architecture, const cohl_weight *weight, size_t count,
                            cohl_error *err);
/* Zeros up to the alignment after `bytes` bytes of a tensor. */
cohl_status cohl_gguf_pad(cohl_writer *out, size_t bytes, cohl_error *err);

#endif
