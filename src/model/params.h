/* params.h - the parameters of a model, as one ordered list.
 *
 * A model's constructor declares each parameter once: its name and shape as
 * the checkpoint spells them, the shape operations see, and the rule it starts
 * from. Loader, trainer and saver then walk the list and know nothing of models:
 *
 *     cohl_vae_new(&vae, &config, err);                       declares
 *     cohl_params_alloc(&vae->params, ctx, &(cohl_params_use){ .train = true }, err);
 *     cohl_params_start(&vae->params, seed)                   or
 *     cohl_params_load(&vae->params, file, err);
 *     for (int i = 0; i < vae->params.count; i++) step(&vae->params.item[i]);
 *
 * Values lie in the memory of the context's back end until cohl_params_free. */
#ifndef COHL_MODEL_PARAMS_H
#define COHL_MODEL_PARAMS_H

#include "tensor/tensor.h"
#include "weights/safetensors.h"
#include "weights/weights.h"

/* How a parameter starts when no file brings it. */
typedef enum cohl_init_kind {
    COHL_INIT_ZERO,
    COHL_INIT_ONE,
    COHL_INIT_NORMAL,   /* mean 0, deviation `std` */
    COHL_INIT_DELTA,    /* a time convolution that hands on one frame: w[o, o % in, tap] = 1 */
} cohl_init_kind;

typedef struct cohl_init {
    cohl_init_kind kind;
    float          std;
    int            tap;
} cohl_init;

/* Which rule of the optimiser suits it: hidden matrices (convolutions count as
 * [out, in * kernel]), or the rest: tables, first and last layers, gains, biases. */
typedef enum cohl_param_group { COHL_PARAM_MATRIX, COHL_PARAM_OTHER } cohl_param_group;

/* A shape: rank, then dims. */
typedef struct cohl_shape {
    int     rank;
    int64_t dim[COHL_RANK_MAX];
} cohl_shape;

typedef struct cohl_param {
    char            *name;     /* as in the checkpoint: "blocks.0.self_attn.q.weight" */
    cohl_shape       stored;   /* as in the checkpoint; the tensor's may differ, its count not */
    cohl_tensor     *tensor;   /* owned; its address never changes */
    cohl_init        init;
    cohl_param_group group;
    bool             narrow;   /* may be held in BF16: read only by products */
    bool             eight;    /* and in Q8: large, and little is lost by it */
    bool             fixed;    /* never trained: no gradient, whatever the use */
} cohl_param;

typedef struct cohl_params {
    cohl_param *item;
    int         count, room;
    cohl_ctx   *ctx;           /* whose back end holds the values; NULL before alloc */
    bool        failed;        /* a declaration found no memory; alloc says so */
} cohl_params;

/* ---- for constructors ---------------------------------------------------- */

/* What a declaration says beside the name. */
typedef struct cohl_param_spec {
    cohl_shape       shape;    /* as operations see it */
    cohl_shape       stored;   /* rank 0 = the same */
    cohl_init        init;
    cohl_param_group group;
    bool             narrow;
} cohl_param_spec;

/* Declare a parameter; the tensor has a shape and no data yet. NULL when
 * memory is out, which cohl_params_alloc will report. */
cohl_tensor *cohl_params_add(cohl_params *params, const cohl_param_spec *spec, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A weight and its bias (NULL = none). */
typedef struct cohl_affine { cohl_tensor *weight, *bias; } cohl_affine;

/* "NAME.weight" [out, in] and, with `biased`, "NAME.bias" [out], zero. */
cohl_affine cohl_params_linear(cohl_params *params, int out, int in, bool biased, cohl_init init,
                               const char *format, ...) __attribute__((format(printf, 6, 7)));
/* A convolution's "NAME.weight" and "NAME.bias". The checkpoint has rank 5 [out, in, kt, kh, kw] or
 * rank 4 [out, in, kh, kw]; operations see rank 5, or [out, in] for a kernel of one. */
typedef struct cohl_kernel { int time, space, stored_rank; } cohl_kernel;
cohl_affine cohl_params_conv(cohl_params *params, int out, int in, cohl_kernel kernel, cohl_init init,
                             const char *format, ...) __attribute__((format(printf, 6, 7)));
/* "NAME" [width], all `one` or all zero. */
cohl_tensor *cohl_params_vector(cohl_params *params, int width, bool one, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Mark the parameter just declared with this tensor, or one before it, as fixed. NULL is fine. */
void cohl_params_fix(cohl_params *params, const cohl_tensor *tensor);

/* Mark a linear map's weight just declared, or one before it, as one that Q8 holds well enough. */
void cohl_params_eight(cohl_params *params, const cohl_tensor *tensor);

/* Deviation sqrt(2 / (in + out)) (Glorot & Bengio 2010). */
cohl_init cohl_init_glorot(int out, int in);
cohl_init cohl_init_normal(float std);

/* ---- for everyone else --------------------------------------------------- */

typedef struct cohl_params_use {
    bool       train;   /* tensors want gradients; F32 whatever `dtype` says (false) */
    cohl_dtype dtype;   /* COHL_F32; COHL_BF16 for those that may be narrow; COHL_Q8 for those that may
                           be in eight bits, BF16 then for the others that may    (F32) */
    int        first;   /* those before it get no memory, and are not read           (0) */
} cohl_params_use;

/* What holds a parameter where `dtype` is asked for. */
cohl_dtype cohl_param_dtype(const cohl_param *param, cohl_dtype dtype);

/* Take memory for all values, and with `train` for their gradients, zeroed.
 * ctx outlives the list. */
cohl_status cohl_params_alloc(cohl_params *params, cohl_ctx *ctx, const cohl_params_use *use,
                              cohl_error *err);
void cohl_params_free(cohl_params *params);
/* Set every gradient to zero. */
void cohl_params_clear_grads(cohl_params *params);

/* Fill all by their rules: a pure function of seed and name. */
cohl_status cohl_params_start(cohl_params *params, uint64_t seed, cohl_error *err);
/* The same for one. */
cohl_status cohl_param_start(cohl_params *params, const cohl_param *param, uint64_t seed, cohl_error *err);

/* By name; NULL if there is none. */
cohl_param *cohl_params_find(const cohl_params *params, const char *name);
/* Number of single values. */
int64_t cohl_params_size(const cohl_params *params);

/* Copy values between host memory (F32, cohl_tensor_count of them) and the
 * back end, converting to what the tensor holds. */
cohl_status cohl_param_set(cohl_params *params, const cohl_param *param, const float *value, cohl_error *err);
cohl_status cohl_param_get(cohl_params *params, const cohl_param *param, float *value, cohl_error *err);

/* Fill all that have memory from a source by name and shape; it has the others too.
 *
 * COHL_ERR_FORMAT  one is missing or has another shape; or the source holds
 *                  names that the model has not (COHL_SURPLUS_REFUSED)        */
cohl_status cohl_params_load(cohl_params *params, const cohl_weights *weights, cohl_surplus surplus,
                             cohl_error *err);
/* The same from a .safetensors file, an index or a folder; nothing may be left over. */
cohl_status cohl_params_load_path(cohl_params *params, const char *path, cohl_error *err);
/* In place of alloc and load, for networks too large to hold (shelf.h): whether the source has all of
 * them, in their shapes. Reads no values. Errors as cohl_params_load. */
cohl_status cohl_params_expect(cohl_params *params, cohl_ctx *ctx, const cohl_weights *weights, cohl_surplus surplus,
                               cohl_error *err);
/* The values of one, whose memory is there, from a weight of its count, in the type its tensor holds;
 * by all threads of the params' context. */
void cohl_param_read(cohl_params *params, const cohl_param *param, const cohl_weight *weight);

/* Write all to a safetensors file, as F32 or BF16, in the order of the list; the
 * checkpoint's shapes. metadata ends with a NULL key, or is NULL. */
cohl_status cohl_params_save(cohl_params *params, const char *path, cohl_dtype dtype,
                             const cohl_metadata *metadata, cohl_error *err);

#endif
