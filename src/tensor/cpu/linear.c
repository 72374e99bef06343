/* linear.c - y = x w^T + b. */
#include "tensor/cpu/library.h"
#include "tensor/cpu/q8.h"

/* p, by the library where the context has one; b takes its place as the right factor. */
static void multiply(cohl_ctx *ctx, cohl_product p, cohl_in b)
{
    cohl_factor type = cohl_cpu_library(ctx);
    if (b->dtype == COHL_BF16)
        p.b_bf16 = b->data;
    else if (!(p.b = cohl_cpu_factor(ctx, b)))
        return;
    if (type == COHL_FACTOR_NONE || !cohl_library_product(ctx, &p, type))
        cohl_cpu_product(ctx, &p);
}

void cohl_cpu_linear(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b)
{
    if (w->dtype == COHL_Q8) {
        cohl_cpu_linear_q8(ctx, y, x, w, b);
        return;
    }
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int64_t out = w->dim[0], in = w->dim[1];
    cohl_product p = {
        .m = cohl_tensor_rows(x), .n = out, .k = in,
        .a = cohl_cpu_factor(ctx, x), .a_stride = in, .b_stride = in, .transpose_b = true,
        .c = y->data, .alpha = 1, .bias = b ? b->data : NULL,
    };
    if (p.a)
        multiply(ctx, p, w);
    cohl_arena_release(&ctx->scratch, mark);
}

/* dx += dy w, dw += dy^T x, db += column sums of dy. */
void cohl_cpu_linear_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_tensor *dw, cohl_tensor *db,
                          cohl_in dy, cohl_in x, cohl_in w)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int64_t out = w->dim[0], in = w->dim[1], rows = cohl_tensor_rows(dy);
    const float *dy_factor = cohl_cpu_factor(ctx, dy);

    if (dx && dy_factor) {
        cohl_product p = {
            .m = rows, .n = in, .k = out, .a = dy_factor, .a_stride = out, .b_stride = in,
            .c = dx->data, .alpha = 1, .beta = 1,
        };
        multiply(ctx, p, w);
    }
    if (dw && dy_factor) {
        cohl_product p = {
            .m = out, .n = in, .k = rows, .a = dy_factor, .a_stride = out, .transpose_a = true,
            .b_stride = in, .c = dw->data, .alpha = 1, .beta = 1,
        };
        multiply(ctx, p, x);
    }
    if (db)
        cohl_cpu_column_sums(ctx, db->data, dy->data, rows, out);
    cohl_arena_release(&ctx->scratch, mark);
}
