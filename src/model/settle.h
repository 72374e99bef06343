/* settle.h - keep one result, give back the scratch that led to it.
 *
 *     cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
 *     x = block(ctx, x);
 *     x = cohl_settle(ctx, mark, x);
 *
 * Moves x down to the mark when nothing lies between that would be overwritten,
 * so a deep network holds one block's intermediates at a time. While a tape
 * records, everything is kept and x is returned as it is. */
#ifndef COHL_MODEL_SETTLE_H
#define COHL_MODEL_SETTLE_H

#include "tensor/tensor.h"

cohl_tensor *cohl_settle(cohl_ctx *ctx, cohl_ctx_mark_t mark, cohl_tensor *x);

#endif
