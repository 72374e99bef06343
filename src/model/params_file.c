/* params_file.c - parameters from weight files and into them. */
#include "model/params.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/guard.h"
#include "tensor/backend.h"
#include "tensor/q8.h"

/* ---- values -------------------------------------------------------------- */

enum {                          /* values that a thread converts at a time: whole blocks of every packing */
    PIECE = 1 << 14,
    STRETCH = 1 << 10,          /* of a row */
};

typedef struct reading {
    cohl_params       *params;
    cohl_tensor       *to;
    const cohl_weight *from;
} reading;

static void read_piece(void *arg, int piece, int thread)
{
    const reading *r = arg;
    float buffer[PIECE];
    size_t first = (size_t)piece * PIECE, left = r->from->count - first, count = left < PIECE ? left : PIECE;
    size_t size = cohl_dtype_bytes(r->to->dtype);
    if (r->to->dtype == COHL_BF16)
        cohl_weight_read_bf16(r->from, first, count, (uint16_t *)buffer);
    else
        cohl_weight_read_f32(r->from, first, count, buffer);
    r->params->ctx->backend->upload(r->params->ctx, (char *)r->to->data + first * size, buffer, count * size);
}

/* The scale of each of a panel's `rows` rows, from its largest value. */
static void find_scales(const reading *r, int panel, int rows, float *scale)
{
    float buffer[STRETCH];
    int64_t in = r->to->dim[1];
    for (int row = 0; row < rows; row++) {
        size_t first = (size_t)(panel * COHL_Q8_COLUMNS + row) * (size_t)in;
        float most = 0;
        for (int64_t i = 0; i < in; i += STRETCH) {
            int64_t count = in - i < STRETCH ? in - i : STRETCH;
            cohl_weight_read_f32(r->from, first + (size_t)i, (size_t)count, buffer);
            most = cohl_q8_most(buffer, count, most);
        }
        scale[row] = cohl_q8_scale(most);
    }
}

/* Eight bits: a panel a tile, a stretch of its depth at a time. */
static void read_panel(void *arg, int index, int thread)
{
    const reading *r = arg;
    _Alignas(cohl_q8_panel) char memory[sizeof(cohl_q8_panel) + STRETCH * COHL_Q8_COLUMNS] = { 0 };
    cohl_q8_panel *panel = (cohl_q8_panel *)memory;
    float buffer[STRETCH];
    int64_t in = r->to->dim[1], first = (int64_t)index * COHL_Q8_COLUMNS, left = r->to->dim[0] - first;
    int rows = (int)(left < COHL_Q8_COLUMNS ? left : COHL_Q8_COLUMNS);
    char *to = (char *)r->to->data + (size_t)index * cohl_q8_panel_bytes(in);
    const cohl_backend *backend = r->params->ctx->backend;

    find_scales(r, index, rows, panel->scale);
    for (int64_t i = 0; i < in; i += STRETCH) {
        int64_t count = in - i < STRETCH ? in - i : STRETCH;
        size_t bytes = (size_t)cohl_q8_filled(count) * COHL_Q8_COLUMNS;
        memset(panel->q, 0, bytes);
        for (int row = 0; row < rows; row++) {
            cohl_weight_read_f32(r->from, (size_t)((first + row) * in + i), (size_t)count, buffer);
            cohl_q8_put(panel, row, 0, buffer, count);
        }
        backend->upload(r->params->ctx, to + sizeof *panel + (size_t)(i * COHL_Q8_COLUMNS), panel->q, bytes);
    }
    backend->upload(r->params->ctx, to, panel, sizeof *panel);
}

void cohl_param_read(cohl_params *params, const cohl_param *param, const cohl_weight *weight)
{
    reading r = { params, param->tensor, weight };
    assert(weight->count == (size_t)cohl_tensor_count(param->tensor));
    if (param->tensor->dtype == COHL_Q8) {
        cohl_workers_run(params->ctx->workers, (int)cohl_q8_panels(param->tensor->dim[0]), read_panel, &r);
        return;
    }
    cohl_workers_run(params->ctx->workers, (int)((weight->count + PIECE - 1) / PIECE), read_piece, &r);
}

/* One parameter, in the type its tensor holds; the binder keeps a failure. */
static void load(cohl_params *params, const cohl_param *param, cohl_binder *binder)
{
    const cohl_weight *weight = cohl_bind(binder, param->name, param->stored.dim, param->stored.rank);
    if (!weight || !param->tensor->data)
        return;
    cohl_param_read(params, param, weight);
    cohl_weights_let_go(binder->weights, weight);
}

/* ---- all of them --------------------------------------------------------- */

cohl_status cohl_params_load(cohl_params *params, const cohl_weights *weights, cohl_surplus surplus,
                             cohl_error *err)
{
    cohl_binder binder;
    assert(params->ctx);
    cohl_binder_begin(&binder, weights);
    for (int i = 0; i < params->count && !cohl_binder_failed(&binder); i++)
        load(params, &params->item[i], &binder);
    cohl_status st = cohl_binder_end(&binder, surplus, err);
    return st ? st : cohl_guard_check(err);
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
