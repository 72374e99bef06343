/* linear.c - y = x w^T + b. */
#include "tensor/cpu/cpu.h"

void cohl_cpu_linear(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in w, cohl_in b)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    int64_t out = w->dim[0], in = w->dim[1];
    cohl_product p = {
        .m = cohl_tensor_rows(x), .n = out, .k = in,
        .a = cohl_cpu_factor(ctx, x), .a_stride = in,
        .b = cohl_cpu_factor(ctx, w), .b_stride = in, .transpose_b = true,
        .c = y->data, .alpha = 1, .bias = b ? b->data : NULL,
    };
    if (p.a && p.b)
        cohl_cpu_product(ctx, &p);
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
            .m = rows, .n = in, .k = out, .a = dy_factor, .a_stride = out,
            .b = cohl_cpu_factor(ctx, w), .b_stride = in,
            .c = dx->data, .alpha = 1, .beta = 1,
        };
        if (p.b)
            cohl_cpu_product(ctx, &p);
    }
    if (dw && dy_factor) {
        cohl_product p = {
            .m = out, .n = in, .k = rows, .a = dy_factor, .a_stride = out, .transpose_a = true,
            .b = cohl_cpu_factor(ctx, x), .b_stride = in,
            .c = dw->data, .alpha = 1, .beta = 1,
        };
        if (p.b)
            cohl_cpu_product(ctx, &p);
    }
    if (db)
        cohl_cpu_column_sums(ctx, db->data, dy->data, rows, out);
    cohl_arena_release(&ctx->scratch, mark);
}
