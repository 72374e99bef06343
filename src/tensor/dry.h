/* dry.h - a back end that computes nothing: what a forward pass would take.
 *
 *     cohl_ctx_open(&ctx, &(cohl_ctx_params){ .backend = &cohl_backend_dry }, err);
 *     cohl_dit_forward(&ctx, ...);                parameters without values are fine
 *     ctx.operations, cohl_dry_peak(&ctx)
 *     cohl_ctx_close(&ctx);
 *
 * The models' own code runs, so the count is of what it does: the scratch of all results that are
 * alive at one time, what was taken of the back end's memory, and what the processor's products need
 * inside (the right factor packed, widened or rounded copies). Values are undefined, and a context is
 * one of one thread. There is no way back: nothing records. */
#ifndef COHL_TENSOR_DRY_H
#define COHL_TENSOR_DRY_H

#include "tensor/backend.h"

extern const cohl_backend cohl_backend_dry;

/* The most bytes that were taken at one time since the context was opened, or since the last call. */
size_t cohl_dry_peak(cohl_ctx *ctx);

#endif
