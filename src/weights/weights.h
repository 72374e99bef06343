/* weights.h - all weights of one network, wherever they lie.
 *
 * A source is one file (safetensors, GGUF, PyTorch's .pth), a sharded set with
 * its index, a folder of either, or a procedural manifest. Whatever naming the
 * files are in (names.h), a reader sees one list with the original release's
 * names, each eight-bit tensor with its scale.
 *
 *     cohl_weights *weights;
 *     cohl_binder   binder;
 *     if ((st = cohl_weights_open(&weights, "models/mini/transformer", err))) return st;
 *     cohl_binder_begin(&binder, weights);
 *     cohl_bind_f32(&binder, "head.weight", (int64_t[]){ 64, 256 }, 2, head);
 *     cohl_bind_f32(&binder, "head.bias", (int64_t[]){ 64 }, 1, bias);
 *     st = cohl_binder_end(&binder, COHL_SURPLUS_REFUSED, err);
 *     cohl_weights_close(weights);
 *
 * Open weights are read-only and safe for several threads; a binder is one
 * thread's. */
#ifndef COHL_WEIGHTS_WEIGHTS_H
#define COHL_WEIGHTS_WEIGHTS_H

#include "base/status.h"
#include "weights/names.h"
#include "weights/weight.h"

typedef struct cohl_weights cohl_weights;

/* path is a file of weights; an .index.json beside its shards; or a folder that
 * holds one index or, without any, one or more .safetensors files or one of
 * another format.
 *
 * COHL_ERR_FORMAT       a file is not sound, two shards hold one name, the index
 *                       names a tensor that its shard does not hold, or eight-bit
 *                       values lack their scale
 * COHL_ERR_UNSUPPORTED  a format's older version, or a type that is not read
 * COHL_ERR_IO           nothing there                                        */
cohl_status cohl_weights_open(cohl_weights **out, const char *path, cohl_error *err);
/* The same, and of a file that holds several networks behind prefixes, this one. */
cohl_status cohl_weights_open_part(cohl_weights **out, const char *path, cohl_part part, cohl_error *err);
/* One file that lies in memory of the caller, which must outlive it; name is for sentences. */
cohl_status cohl_weights_parse(cohl_weights **out, const char *name, const void *bytes, size_t size, cohl_error *err);
/* The weights of a manifest and seed (procedural.h). */
cohl_status cohl_weights_open_procedural(cohl_weights **out, const char *manifest_path,
                                         uint64_t seed, cohl_error *err);
void cohl_weights_close(cohl_weights *weights);

/* In the order of the names (strcmp). */
size_t             cohl_weights_count(const cohl_weights *weights);
const cohl_weight *cohl_weights_at(const cohl_weights *weights, size_t index);
const cohl_weight *cohl_weights_find(const cohl_weights *weights, const char *name);
const char        *cohl_weights_path(const cohl_weights *weights);
/* The first shard's __metadata__ string, or NULL. */
const char        *cohl_weights_metadata(const cohl_weights *weights, const char *key);
/* "GGUF"; "diffusers"; how many files. */
const char        *cohl_weights_format(const cohl_weights *weights);
const char        *cohl_weights_naming(const cohl_weights *weights);
size_t             cohl_weights_shards(const cohl_weights *weights);

/* The weight of this name and shape, or a sentence: it is missing (and which
 * name is near), or it has another shape. dim may be NULL at rank 0. */
cohl_status cohl_weights_expect(const cohl_weight **out, const cohl_weights *weights,
                                const char *name, const int64_t *dim, int rank,
                                cohl_error *err);
/* Its values, into memory of the caller for the product of dim. */
cohl_status cohl_weights_tensor_f32(const cohl_weights *weights, const char *name,
                                    const int64_t *dim, int rank, float *out, cohl_error *err);

/* Its values are wanted soon, and the system begins to read them; or they are not for now, and the
 * mapped pages leave memory until they are read again. Nothing for values that lie in no file. */
void cohl_weights_ahead(const cohl_weights *weights, const cohl_weight *weight);
void cohl_weights_let_go(const cohl_weights *weights, const cohl_weight *weight);

/* A binder takes weights one after the other and keeps the first failure:
 * after it nothing more is read, so a loader asks once, at the end. */
typedef struct cohl_binder {
    const cohl_weights *weights;
    unsigned char      *taken;      /* [count] */
    cohl_error          error;
} cohl_binder;

typedef enum cohl_surplus { COHL_SURPLUS_REFUSED, COHL_SURPLUS_ALLOWED } cohl_surplus;

void cohl_binder_begin(cohl_binder *binder, const cohl_weights *weights);
/* The weight itself, marked as taken; NULL after a failure. */
const cohl_weight *cohl_bind(cohl_binder *binder, const char *name, const int64_t *dim, int rank);
void cohl_bind_f32(cohl_binder *binder, const char *name, const int64_t *dim, int rank,
                   float *out);
void cohl_bind_bf16(cohl_binder *binder, const char *name, const int64_t *dim, int rank,
                    uint16_t *out);
bool cohl_binder_failed(const cohl_binder *binder);
/* Weight i of the list has not been taken. */
bool cohl_binder_is_surplus(const cohl_binder *binder, size_t index);
/* The first failure; or, when refused, that some were left over, with their
 * first names. Frees what the binder holds. */
cohl_status cohl_binder_end(cohl_binder *binder, cohl_surplus surplus, cohl_error *err);

#endif
