/* memory.c - the host's memory: scratch from an arena, the rest from the heap. */
#include <stdlib.h>
#include <string.h>

#include "tensor/ref/inner.h"

cohl_status cohl_ref_open(cohl_ctx *ctx, size_t scratch_bytes, cohl_error *err)
{
    return cohl_arena_open(&ctx->scratch, scratch_bytes, err);
}

void cohl_ref_close(cohl_ctx *ctx)
{
    cohl_arena_close(&ctx->scratch);
}

void *cohl_ref_alloc(cohl_ctx *ctx, size_t bytes)
{
    size_t mask = COHL_ARENA_ALIGN - 1;
    if (bytes > SIZE_MAX - mask)
        return NULL;
    size_t size = bytes ? (bytes + mask) & ~mask : COHL_ARENA_ALIGN;
    void *data = aligned_alloc(COHL_ARENA_ALIGN, size);
    if (data)
        memset(data, 0, size);
    return data;
}

void cohl_ref_free(cohl_ctx *ctx, void *data)
{
    free(data);
}

void cohl_ref_upload(cohl_ctx *ctx, void *data, const void *host, size_t bytes)
{
    if (bytes)
        memcpy(data, host, bytes);
}

void cohl_ref_download(cohl_ctx *ctx, void *host, const void *data, size_t bytes)
{
    if (bytes)
        memcpy(host, data, bytes);
}

void cohl_ref_clear(cohl_ctx *ctx, void *data, size_t bytes)
{
    if (bytes)
        memset(data, 0, bytes);
}

void cohl_ref_copy(cohl_ctx *ctx, void *to, const void *from, size_t bytes)
{
    if (bytes)
        memcpy(to, from, bytes);
}

double *cohl_ref_sums(cohl_ctx *ctx, int64_t count)
{
    double *sums = cohl_arena_take(&ctx->scratch, (size_t)count * sizeof *sums);
    if (!sums) {
        cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "scratch has no room for %lld sums",
                      (long long)count);
        return NULL;
    }
    memset(sums, 0, (size_t)count * sizeof *sums);
    return sums;
}

void cohl_ref_add_sums(cohl_tensor *y, const double *sums)
{
    if (!y)
        return;
    float *to = y->data;
    int64_t count = cohl_tensor_count(y);
    for (int64_t i = 0; i < count; i++)
        to[i] = (float)(to[i] + sums[i]);
}
