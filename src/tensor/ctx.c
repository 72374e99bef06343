/* ctx.c - the context in which operations run, and its tensors' memory. */
#include "tensor/backend.h"
#include "tensor/q8.h"
#include "tensor/tape.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NODES_BYTES = 1 << 30 };     /* address space; a header is about 120 bytes */
static const size_t SCRATCH_BYTES = (size_t)64 << 30;

size_t cohl_dtype_bytes(cohl_dtype dtype)
{
    static const size_t bytes[COHL_DTYPE_COUNT + 1] = { 4, 2, 2, 8, 8, 4, 1, 1 };
    return bytes[dtype];
}

const char *cohl_dtype_name(cohl_dtype dtype)
{
    static const char *const names[COHL_DTYPE_COUNT + 1] = {
        "F32", "BF16", "F16", "F64", "I64", "I32", "U8", "Q8",
    };
    return names[dtype];
}

int64_t cohl_tensor_count(const cohl_tensor *t)
{
    int64_t count = 1;
    for (int i = 0; i < t->rank; i++)
        count *= t->dim[i];
    return count;
}

size_t cohl_tensor_bytes(const cohl_tensor *t)
{
    if (t->dtype == COHL_Q8)
        return cohl_q8_bytes(t->dim[0], t->dim[1]);
    return (size_t)cohl_tensor_count(t) * cohl_dtype_bytes(t->dtype);
}

int64_t cohl_tensor_rows(const cohl_tensor *t)
{
    int64_t rows = 1;
    for (int i = 0; i < t->rank - 1; i++)
        rows *= t->dim[i];
    return rows;
}

bool cohl_tensor_same_shape(const cohl_tensor *a, const cohl_tensor *b)
{
    return a->rank == b->rank && !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim);
}

cohl_shape_text cohl_shape_print(int rank, const int64_t *dim)
{
    cohl_shape_text out = { "[" };
    size_t at = 1;
    for (int i = 0; i < rank && at < sizeof out.text - 24; i++)
        at += (size_t)snprintf(out.text + at, sizeof out.text - at, "%s%lld", i ? ", " : "",
                               (long long)dim[i]);
    snprintf(out.text + at, sizeof out.text - at, "]");
    return out;
}

cohl_status cohl_ctx_open(cohl_ctx *ctx, const cohl_ctx_params *params, cohl_error *err)
{
    size_t scratch = params->scratch_bytes ? params->scratch_bytes : SCRATCH_BYTES;

    *ctx = (cohl_ctx){
        .backend = params->backend ? params->backend : cohl_backend_best(),
        .workers = params->workers,
        .precision = params->precision,
    };
    cohl_status st = cohl_arena_open(&ctx->nodes, NODES_BYTES, err);
    if (st)
        return st;
    if ((st = ctx->backend->open(ctx, scratch, err)))
        cohl_arena_close(&ctx->nodes);
    return st;
}

void cohl_ctx_close(cohl_ctx *ctx)
{
    if (!ctx->backend)
        return;
    ctx->backend->close(ctx);
    cohl_arena_close(&ctx->nodes);
    *ctx = (cohl_ctx){ 0 };
}

cohl_ctx_mark_t cohl_ctx_mark(const cohl_ctx *ctx)
{
    return (cohl_ctx_mark_t){ cohl_arena_mark(&ctx->nodes), cohl_arena_mark(&ctx->scratch) };
}

void cohl_ctx_release(cohl_ctx *ctx, cohl_ctx_mark_t mark)
{
    if (ctx->tape && ctx->tape->last)
        return;
    cohl_arena_release(&ctx->nodes, mark.nodes);
    cohl_arena_release(&ctx->scratch, mark.scratch);
}

cohl_tensor *cohl_ctx_fail(cohl_ctx *ctx, cohl_status status, const char *format, ...)
{
    if (ctx->status)
        return NULL;
    va_list args;
    va_start(args, format);
    vsnprintf(ctx->error.text, sizeof ctx->error.text, format, args);
    va_end(args);
    ctx->error.status = ctx->status = status;
    return NULL;
}

bool cohl_ctx_fine(cohl_ctx *ctx)
{
    if (ctx->cancel && *ctx->cancel)
        cohl_ctx_fail(ctx, COHL_ERR_CANCELLED, "cancelled");
    return ctx->status == COHL_OK;
}

cohl_status cohl_ctx_status(const cohl_ctx *ctx, cohl_error *err)
{
    if (ctx->status && err)
        *err = ctx->error;
    return ctx->status;
}

cohl_tensor *cohl_header_new(cohl_ctx *ctx, cohl_dtype dtype, int rank, const int64_t *dim)
{
    assert(rank >= 1 && rank <= COHL_RANK_MAX);
    cohl_tensor *t = cohl_arena_take(&ctx->nodes, sizeof *t);
    if (!t)
        return cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no room for another tensor header");
    *t = (cohl_tensor){ .dtype = dtype, .rank = rank };
    memcpy(t->dim, dim, (size_t)rank * sizeof *dim);
    return t;
}

cohl_tensor *cohl_tensor_new(cohl_ctx *ctx, cohl_dtype dtype, int rank, const int64_t *dim)
{
    if (!cohl_ctx_fine(ctx))
        return NULL;
    cohl_tensor *t = cohl_header_new(ctx, dtype, rank, dim);
    if (!t)
        return NULL;
    size_t bytes = cohl_tensor_bytes(t);
    if (!(t->data = cohl_arena_take(&ctx->scratch, bytes)))
        return cohl_ctx_fail(ctx, COHL_ERR_MEMORY,
                             "no room for a tensor %s: %zu of %zu bytes of scratch are taken",
                             cohl_shape_print(rank, dim).text, ctx->scratch.used, ctx->scratch.size);
    return t;
}

cohl_tensor *cohl_tensor_zero(cohl_ctx *ctx, cohl_dtype dtype, int rank, const int64_t *dim)
{
    cohl_tensor *t = cohl_tensor_new(ctx, dtype, rank, dim);
    if (t)
        ctx->backend->clear(ctx, t->data, cohl_tensor_bytes(t));
    return t;
}

cohl_tensor *cohl_tensor_upload(cohl_ctx *ctx, const void *host, cohl_dtype dtype, int rank,
                                const int64_t *dim)
{
    cohl_tensor *t = cohl_tensor_new(ctx, dtype, rank, dim);
    if (t)
        ctx->backend->upload(ctx, t->data, host, cohl_tensor_bytes(t));
    return t;
}

void cohl_tensor_download(cohl_ctx *ctx, void *host, const cohl_tensor *t)
{
    if (t && cohl_ctx_fine(ctx))
        ctx->backend->download(ctx, host, t->data, cohl_tensor_bytes(t));
}
