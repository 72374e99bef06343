/* params.c - the parameters of a model, as one ordered list. */
#include "model/params.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "base/rng.h"
#include "tensor/backend.h"
#include "tensor/q8.h"

static int64_t shape_count(const cohl_shape *shape)
{
    int64_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= shape->dim[i];
    return count;
}

static bool make_room(cohl_params *params)
{
    if (params->count < params->room)
        return true;
    int room = params->room ? 2 * params->room : 64;
    cohl_param *item = realloc(params->item, (size_t)room * sizeof *item);
    if (!item)
        return false;
    params->item = item;
    params->room = room;
    return true;
}

static cohl_tensor *add(cohl_params *params, const cohl_param_spec *spec, const char *name)
{
    cohl_tensor *tensor = calloc(1, sizeof *tensor);
    char *copy = strdup(name);
    if (!tensor || !copy || !make_room(params)) {
        free(tensor);
        free(copy);
        params->failed = true;
        return NULL;
    }
    tensor->dtype = COHL_F32;
    tensor->rank = spec->shape.rank;
    memcpy(tensor->dim, spec->shape.dim, sizeof tensor->dim);
    params->item[params->count++] = (cohl_param){
        .name = copy, .tensor = tensor, .init = spec->init, .group = spec->group,
        .narrow = spec->narrow, .stored = spec->stored.rank ? spec->stored : spec->shape,
    };
    assert(!spec->stored.rank || shape_count(&spec->stored) == shape_count(&spec->shape));
    return tensor;
}

cohl_tensor *cohl_params_add(cohl_params *params, const cohl_param_spec *spec, const char *format, ...)
{
    char name[256];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    return add(params, spec, name);
}

cohl_affine cohl_params_linear(cohl_params *params, int out, int in, bool biased, cohl_init init,
                               const char *format, ...)
{
    char name[240];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    cohl_affine affine = { 0 };
    affine.weight = cohl_params_add(params, &(cohl_param_spec){
        .shape = { 2, { out, in } }, .init = init, .group = COHL_PARAM_MATRIX, .narrow = true,
    }, "%s.weight", name);
    if (biased)
        affine.bias = cohl_params_vector(params, out, false, "%s.bias", name);
    return affine;
}

cohl_affine cohl_params_conv(cohl_params *params, int out, int in, cohl_kernel kernel, cohl_init init,
                             const char *format, ...)
{
    char name[240];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    int64_t kt = kernel.time, ks = kernel.space;
    bool one = kt == 1 && ks == 1;
    cohl_param_spec spec = {
        .shape = { one ? 2 : 5, { out, in, kt, ks, ks } },
        .stored = { kernel.stored_rank, { out, in, kt, ks, ks } },
        .init = init, .group = COHL_PARAM_MATRIX, .narrow = one,
    };
    if (kernel.stored_rank == 4)
        spec.stored.dim[2] = ks;
    return (cohl_affine){ cohl_params_add(params, &spec, "%s.weight", name),
                          cohl_params_vector(params, out, false, "%s.bias", name) };
}

cohl_tensor *cohl_params_vector(cohl_params *params, int width, bool one, const char *format, ...)
{
    char name[256];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    return add(params, &(cohl_param_spec){
        .shape = { 1, { width } }, .init = { one ? COHL_INIT_ONE : COHL_INIT_ZERO, 0, 0 },
        .group = COHL_PARAM_OTHER,
    }, name);
}

void cohl_params_fix(cohl_params *params, const cohl_tensor *tensor)
{
    for (int i = params->count; i-- > 0 && tensor;)
        if (params->item[i].tensor == tensor) {
            params->item[i].fixed = true;
            return;
        }
}

void cohl_params_eight(cohl_params *params, const cohl_tensor *tensor)
{
    for (int i = params->count; i-- > 0 && tensor;)
        if (params->item[i].tensor == tensor) {
            params->item[i].eight = true;
            return;
        }
}

cohl_dtype cohl_param_dtype(const cohl_param *param, cohl_dtype dtype)
{
    if (dtype == COHL_Q8 && param->eight && param->stored.dim[param->stored.rank - 1] <= COHL_Q8_INPUTS_MOST)
        return COHL_Q8;
    return dtype != COHL_F32 && param->narrow ? COHL_BF16 : COHL_F32;
}

cohl_init cohl_init_glorot(int out, int in)
{
    return cohl_init_normal(sqrtf(2.0f / (float)(in + out)));
}

cohl_init cohl_init_normal(float std)
{
    return (cohl_init){ COHL_INIT_NORMAL, std, 0 };
}

/* ---- memory -------------------------------------------------------------- */

static bool take_values(cohl_ctx *ctx, cohl_tensor *t)
{
    return (t->data = ctx->backend->alloc(ctx, cohl_tensor_bytes(t))) != NULL;
}

/* A gradient outside scratch: it persists and adds up over several walks. */
static bool take_grad(cohl_ctx *ctx, cohl_tensor *t)
{
    t->wants_grad = true;
    t->grad = calloc(1, sizeof *t->grad);
    if (!t->grad)
        return false;
    t->grad->dtype = COHL_F32;
    t->grad->rank = t->rank;
    memcpy(t->grad->dim, t->dim, sizeof t->dim);
    return take_values(ctx, t->grad);
}

cohl_status cohl_params_alloc(cohl_params *params, cohl_ctx *ctx, const cohl_params_use *use,
                              cohl_error *err)
{
    if (params->failed)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for the list of parameters");
    assert(!params->ctx);
    params->ctx = ctx;
    for (int i = 0; i < params->count; i++) {
        cohl_param *param = &params->item[i];
        cohl_tensor *t = param->tensor;
        t->dtype = use->train ? COHL_F32 : cohl_param_dtype(param, use->dtype);
        if (i < use->first)
            continue;
        if (!take_values(ctx, t) || (use->train && !param->fixed && !take_grad(ctx, t)))
            return cohl_fail(err, COHL_ERR_MEMORY, "no room for parameter %s %s (%zu bytes)", param->name,
                             cohl_shape_print(t->rank, t->dim).text, cohl_tensor_bytes(t));
    }
    return COHL_OK;
}

static void free_tensor(cohl_ctx *ctx, cohl_tensor *t)
{
    if (t && t->data)
        ctx->backend->free(ctx, t->data);
    free(t);
}

void cohl_params_free(cohl_params *params)
{
    for (int i = 0; i < params->count; i++) {
        free_tensor(params->ctx, params->item[i].tensor->grad);
        free_tensor(params->ctx, params->item[i].tensor);
        free(params->item[i].name);
    }
    free(params->item);
    *params = (cohl_params){ 0 };
}

void cohl_params_clear_grads(cohl_params *params)
{
    for (int i = 0; i < params->count; i++) {
        cohl_tensor *grad = params->item[i].tensor->grad;
        if (grad)
            params->ctx->backend->clear(params->ctx, grad->data, cohl_tensor_bytes(grad));
    }
}

cohl_param *cohl_params_find(const cohl_params *params, const char *name)
{
    for (int i = 0; i < params->count; i++)
        if (!strcmp(params->item[i].name, name))
            return &params->item[i];
    return NULL;
}

int64_t cohl_params_size(const cohl_params *params)
{
    int64_t size = 0;
    for (int i = 0; i < params->count; i++)
        size += cohl_tensor_count(params->item[i].tensor);
    return size;
}

/* ---- values -------------------------------------------------------------- */

cohl_status cohl_param_set(cohl_params *params, const cohl_param *param, const float *value, cohl_error *err)
{
    cohl_tensor *t = param->tensor;
    size_t count = (size_t)cohl_tensor_count(t), bytes = cohl_tensor_bytes(t);
    if (t->dtype == COHL_F32) {
        params->ctx->backend->upload(params->ctx, t->data, value, bytes);
        return COHL_OK;
    }
    void *host = malloc(bytes);
    if (!host)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to fill %s", param->name);
    if (t->dtype == COHL_Q8)
        cohl_q8_pack(host, value, t->dim[0], t->dim[1]);
    else
        for (size_t i = 0; i < count; i++)
            ((uint16_t *)host)[i] = cohl_f32_to_bf16(value[i]);
    params->ctx->backend->upload(params->ctx, t->data, host, bytes);
    free(host);
    return COHL_OK;
}

cohl_status cohl_param_get(cohl_params *params, const cohl_param *param, float *value, cohl_error *err)
{
    const cohl_tensor *t = param->tensor;
    size_t count = (size_t)cohl_tensor_count(t), bytes = cohl_tensor_bytes(t);
    if (t->dtype == COHL_F32) {
        params->ctx->backend->download(params->ctx, value, t->data, bytes);
        return COHL_OK;
    }
    void *host = malloc(bytes);
    if (!host)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to read %s", param->name);
    params->ctx->backend->download(params->ctx, host, t->data, bytes);
    if (t->dtype == COHL_Q8)
        cohl_q8_unpack(value, host, t->dim[0], t->dim[1]);
    else
        for (size_t i = 0; i < count; i++)
            value[i] = cohl_bf16_to_f32(((const uint16_t *)host)[i]);
    free(host);
    return COHL_OK;
}

/* FNV-1a: a name's own stream of random numbers. */
static uint64_t name_hash(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return hash;
}

static void fill_delta(float *value, const cohl_tensor *t, int tap)
{
    int64_t in = t->dim[1], inner = cohl_tensor_count(t) / (t->dim[0] * in);
    for (int64_t o = 0; o < t->dim[0]; o++)
        value[(o * in + o % in) * inner + tap * (inner / t->dim[2])] = 1;
}

static void fill(float *value, const cohl_param *param, uint64_t seed)
{
    size_t count = (size_t)cohl_tensor_count(param->tensor);
    switch (param->init.kind) {
    case COHL_INIT_ZERO:
        break;
    case COHL_INIT_ONE:
        for (size_t i = 0; i < count; i++)
            value[i] = 1;
        break;
    case COHL_INIT_NORMAL:
        cohl_rng_fill_normal(value, 0, count, seed, name_hash(param->name));
        for (size_t i = 0; i < count; i++)
            value[i] *= param->init.std;
        break;
    case COHL_INIT_DELTA:
        fill_delta(value, param->tensor, param->init.tap);
        break;
    }
}

cohl_status cohl_param_start(cohl_params *params, const cohl_param *param, uint64_t seed, cohl_error *err)
{
    float *value = calloc((size_t)cohl_tensor_count(param->tensor), sizeof *value);
    if (!value)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to start %s", param->name);
    fill(value, param, seed);
    cohl_status st = cohl_param_set(params, param, value, err);
    free(value);
    return st;
}

cohl_status cohl_params_start(cohl_params *params, uint64_t seed, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (int i = 0; i < params->count && !st; i++)
        st = cohl_param_start(params, &params->item[i], seed, err);
    return st;
}
