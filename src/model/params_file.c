/* params_file.c - parameters from weight files and into them. */
#include "model/params.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/backend.h"

/* One parameter, in the type its tensor holds; the binder keeps a failure. */
static cohl_status load(cohl_params *params, const cohl_param *param, cohl_binder *binder, cohl_error *err)
{
    cohl_tensor *t = param->tensor;
    size_t bytes = (size_t)cohl_tensor_count(t) * cohl_dtype_bytes(t->dtype);
    void *host = malloc(bytes);
    if (!host)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to load %s (%zu bytes)", param->name, bytes);
    if (t->dtype == COHL_BF16)
        cohl_bind_bf16(binder, param->name, param->stored.dim, param->stored.rank, host);
    else
        cohl_bind_f32(binder, param->name, param->stored.dim, param->stored.rank, host);
    if (!cohl_binder_failed(binder))
        params->ctx->backend->upload(params->ctx, t->data, host, bytes);
    free(host);
    return COHL_OK;
}

cohl_status cohl_params_load(cohl_params *params, const cohl_weights *weights, cohl_surplus surplus,
                             cohl_error *err)
{
    cohl_status st = COHL_OK;
    cohl_binder binder;
    assert(params->ctx);
    cohl_binder_begin(&binder, weights);
    for (int i = 0; i < params->count && !st && !cohl_binder_failed(&binder); i++)
        st = load(params, &params->item[i], &binder, err);
    if (st) {
        cohl_binder_end(&binder, COHL_SURPLUS_ALLOWED, NULL);
        return st;
    }
    return cohl_binder_end(&binder, surplus, err);
}

cohl_status cohl_params_load_path(cohl_params *params, const char *path, cohl_error *err)
{
    cohl_weights *weights;
    cohl_status st = cohl_weights_open(&weights, path, err);
    if (st)
        return st;
    st = cohl_params_load(params, weights, COHL_SURPLUS_REFUSED, err);
    cohl_weights_close(weights);
    return st;
}

/* ---- a part at a time ---------------------------------------------------- */

cohl_status cohl_params_expect(cohl_params *params, cohl_ctx *ctx, const cohl_weights *weights, cohl_surplus surplus,
                               cohl_error *err)
{
    cohl_binder binder;
    if (params->failed)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for the list of parameters");
    assert(!params->ctx);
    params->ctx = ctx;
    cohl_binder_begin(&binder, weights);
    for (int i = 0; i < params->count && !cohl_binder_failed(&binder); i++)
        cohl_bind(&binder, params->item[i].name, params->item[i].stored.dim, params->item[i].stored.rank);
    return cohl_binder_end(&binder, surplus, err);
}

static cohl_status bring(cohl_params *params, const cohl_param *param, cohl_binder *binder, cohl_dtype dtype,
                         cohl_error *err)
{
    cohl_tensor *t = param->tensor;
    t->dtype = param->narrow && dtype == COHL_BF16 ? COHL_BF16 : COHL_F32;
    size_t bytes = (size_t)cohl_tensor_count(t) * cohl_dtype_bytes(t->dtype);
    if (!t->data && !(t->data = params->ctx->backend->alloc(params->ctx, bytes)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no room for %s (%zu bytes)", param->name, bytes);
    return load(params, param, binder, err);
}

cohl_status cohl_params_bring(cohl_params *params, int first, int count, const cohl_weights *weights,
                              cohl_dtype dtype, cohl_error *err)
{
    cohl_status st = COHL_OK;
    cohl_binder binder;
    assert(params->ctx && first >= 0 && first + count <= params->count);
    cohl_binder_begin(&binder, weights);
    for (int i = first; i < first + count && !st && !cohl_binder_failed(&binder); i++)
        st = bring(params, &params->item[i], &binder, dtype, err);
    cohl_status bound = cohl_binder_end(&binder, COHL_SURPLUS_ALLOWED, st ? NULL : err);
    return st ? st : bound;
}

void cohl_params_drop(cohl_params *params, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        cohl_tensor *t = params->item[i].tensor;
        if (t->data)
            params->ctx->backend->free(params->ctx, t->data);
        t->data = NULL;
    }
}

/* ---- into files ---------------------------------------------------------- */

/* The values of one as the file will hold them; data is the caller's to free. */
static cohl_status stored(cohl_weight *out, cohl_params *params, const cohl_param *param, cohl_dtype type,
                          cohl_error *err)
{
    size_t count = (size_t)cohl_tensor_count(param->tensor);
    float *value = malloc(count * sizeof *value);
    void *data = malloc(count * cohl_dtype_bytes(type));
    cohl_status st = COHL_ERR_MEMORY;
    if (value && data)
        st = cohl_param_get(params, param, value, err);
    else
        cohl_fail(err, COHL_ERR_MEMORY, "no memory to save %s", param->name);
    if (!st)
        cohl_dtype_from_f32(data, type, value, count);
    *out = (cohl_weight){ .name = param->name, .type = type, .rank = param->stored.rank, .count = count,
                          .data = data };
    memcpy(out->dim, param->stored.dim, sizeof out->dim);
    free(value);
    return st;
}

cohl_status cohl_params_save(cohl_params *params, const char *path, cohl_dtype dtype,
                             const cohl_metadata *metadata, cohl_error *err)
{
    cohl_dtype type = dtype == COHL_BF16 ? COHL_BF16 : COHL_F32;
    cohl_weight *weight = calloc((size_t)params->count, sizeof *weight);
    cohl_status st = COHL_OK;
    if (!weight)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to save %s", path);
    for (int i = 0; i < params->count && !st; i++)
        st = stored(&weight[i], params, &params->item[i], type, err);
    if (!st)
        st = cohl_safetensors_write(path, weight, (size_t)params->count, metadata, err);
    for (int i = 0; i < params->count; i++)
        free((void *)weight[i].data);
    free(weight);
    return st;
}
