/* safetensors.h - the safetensors file: read in place, written whole.
 *
 *     8 bytes    header length H, little-endian
 *     H bytes    JSON: name -> { "dtype", "shape", "data_offsets": [begin, end] },
 *                and "__metadata__": a map of strings; spaces may follow
 *     the rest   the values, row-major, little-endian
 *
 * The reader is strict, because the file comes from outside: a header that is
 * not JSON or says a name twice, an unknown dtype, a shape whose product
 * overflows, offsets that overlap, leave a hole or do not fit the shape, are
 * each refused by one sentence with the tensor's name. What opens is sound.
 *
 *     cohl_safetensors *file;
 *     if ((st = cohl_safetensors_open(&file, "model.safetensors", err))) return st;
 *     const cohl_weight *w = cohl_safetensors_find(file, "head.weight");
 *     cohl_weight_read_f32(w, 0, w->count, out);
 *     cohl_safetensors_close(file);
 *
 * Open files are read-only and safe for several threads. */
#ifndef COHL_WEIGHTS_SAFETENSORS_H
#define COHL_WEIGHTS_SAFETENSORS_H

#include "base/file.h"
#include "weights/weight.h"

/* Headers larger than this are refused, as by the format's own library. */
enum { COHL_SAFETENSORS_HEADER_MAX = 100000000 };

typedef struct cohl_safetensors cohl_safetensors;

/* COHL_ERR_IO      the file cannot be opened
 * COHL_ERR_FORMAT  it is not a sound safetensors file
 * The file stays mapped until close. */
cohl_status cohl_safetensors_open(cohl_safetensors **out, const char *path, cohl_error *err);
/* The same over bytes of the caller, which must outlive it; name is for sentences. */
cohl_status cohl_safetensors_parse(cohl_safetensors **out, const char *name,
                                   const void *bytes, size_t size, cohl_error *err);
void cohl_safetensors_close(cohl_safetensors *file);

/* Tensors in the order of their names (strcmp). */
size_t             cohl_safetensors_count(const cohl_safetensors *file);
const cohl_weight *cohl_safetensors_at(const cohl_safetensors *file, size_t index);
const cohl_weight *cohl_safetensors_find(const cohl_safetensors *file, const char *name);

/* A string of __metadata__, or NULL. */
const char *cohl_safetensors_metadata(const cohl_safetensors *file, const char *key);
const char *cohl_safetensors_path(const cohl_safetensors *file);

typedef struct cohl_metadata { const char *key, *value; } cohl_metadata;

/* Write weights (type, shape and data, or recipe as BF16) in the order given;
 * the same input gives the same bytes. metadata ends with a NULL key, or is
 * NULL. The file appears whole or not at all.
 *
 * COHL_ERR_ARGUMENT  a name twice, empty or not UTF-8, a count that is not the
 *                    product of dim
 * COHL_ERR_IO        the disk refused                                        */
cohl_status cohl_safetensors_write(const char *path, const cohl_weight *weight, size_t count,
                                   const cohl_metadata *metadata, cohl_error *err);
/* Only what stands before the values, of which weights say name, type or packing, and shape; the
 * values follow by cohl_writer_put, cohl_weight_bytes of each, in this order. */
cohl_status cohl_safetensors_begin(cohl_writer *out, const cohl_weight *weight, size_t count,
                                   const cohl_metadata *metadata, cohl_error *err);

#endif
