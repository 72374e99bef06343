/* backend.c - the processor's column of the table, once per instruction set.
 *
 * Each starts as a copy of the reference and replaces what this room does
 * better; they differ only in the inner loops the context is opened with, and
 * in what oneDNN multiplies for it. */
#include "tensor/cpu/library.h"
#include "tensor/cpu/q8.h"

#include <pthread.h>
#include <string.h>

typedef struct column {
    cohl_backend        table;          /* first: a table's address is its column's */
    const cohl_kernels *kernels;
    const char         *name, *isa;     /* isa: NULL = as the kernels say */
    const cohl_q8_kernels *q8;          /* and those in eight bits; NULL = the plain ones */
    cohl_factor         library;        /* what oneDNN multiplies */
    bool                here;           /* this machine has the instructions */
} column;

static column columns[] = {             /* best last */
    /* For tests: the tiles of library.h on any machine, with factors rounded beforehand. */
    { .kernels = &cohl_kernels_generic, .isa = "onednn", .name = "cpu:onednn",
      .library = COHL_FACTOR_F32 },
    { .kernels = &cohl_kernels_generic, .name = "cpu:generic" },
#if defined(__x86_64__)
    { .kernels = &cohl_kernels_avx2, .q8 = &cohl_q8_avx2, .name = "cpu:avx2" },
    { .kernels = &cohl_kernels_avx512, .q8 = &cohl_q8_avx2, .name = "cpu:avx512" },
    { .kernels = &cohl_kernels_avx512, .q8 = &cohl_q8_avx2, .isa = "avx512bf16", .name = "cpu:avx512bf16",
      .library = COHL_FACTOR_BF16 },
#endif
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static cohl_status open_column(cohl_ctx *ctx, size_t scratch_bytes, cohl_error *err)
{
    cohl_status st = cohl_backend_ref.open(ctx, scratch_bytes, err);
    ctx->device = (void *)ctx->backend;
    return st;
}

static void fill_table(cohl_backend *t)
{
    *t = cohl_backend_ref;
    t->open = open_column;
    t->linear = cohl_cpu_linear;
    t->linear_back = cohl_cpu_linear_back;
    t->matmul = cohl_cpu_matmul;
    t->conv = cohl_cpu_conv;
    t->conv_back = cohl_cpu_conv_back;
    t->depthwise = cohl_cpu_depthwise;
    t->pool = cohl_cpu_pool;
    t->attention = cohl_cpu_attention;
    t->attention_back = cohl_cpu_attention_back;
    t->rms_norm = cohl_cpu_rms_norm;
    t->rms_norm_back = cohl_cpu_rms_norm_back;
    t->channel_norm = cohl_cpu_channel_norm;
    t->channel_norm_back = cohl_cpu_channel_norm_back;
    t->layer_norm = cohl_cpu_layer_norm;
    t->layer_norm_back = cohl_cpu_layer_norm_back;
    t->layer_norm_modulate = cohl_cpu_layer_norm_modulate;
    t->layer_norm_modulate_back = cohl_cpu_layer_norm_modulate_back;
    t->gated_add = cohl_cpu_gated_add;
    t->gated_add_back = cohl_cpu_gated_add_back;
    t->add = cohl_cpu_add;
    t->mul = cohl_cpu_mul;
    t->mul_back = cohl_cpu_mul_back;
    t->add_row = cohl_cpu_add_row;
    t->add_row_back = cohl_cpu_add_row_back;
    t->axpy = cohl_cpu_axpy;
    t->scale = cohl_cpu_scale;
    t->activate = cohl_cpu_activate;
    t->activate_back = cohl_cpu_activate_back;
    t->rope = cohl_cpu_rope;
    t->sum_squares = cohl_cpu_sum_squares;
    t->loss_mse = cohl_cpu_loss_mse;
    t->loss_mse_back = cohl_cpu_loss_mse_back;
    t->loss_l1 = cohl_cpu_loss_l1;
    t->loss_l1_back = cohl_cpu_loss_l1_back;
    t->adamw = cohl_cpu_adamw;
    t->lerp = cohl_cpu_lerp;
    t->gather = cohl_cpu_gather;
    t->gather_back = cohl_cpu_gather_back;
    t->permute = cohl_cpu_permute;
    t->slice = cohl_cpu_slice;
    t->slice_into = cohl_cpu_slice_into;
    t->upsample = cohl_cpu_upsample;
    t->upsample_back = cohl_cpu_upsample_back;
    t->average_down = cohl_cpu_average_down;
    t->average_down_back = cohl_cpu_average_down_back;
    t->repeat_up = cohl_cpu_repeat_up;
    t->repeat_up_back = cohl_cpu_repeat_up_back;
}

static void fill_columns(void)
{
    columns[0].here = cohl_onednn_has(COHL_FACTOR_F32);
    columns[1].here = true;
#if defined(__x86_64__)
    columns[2].here = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    columns[3].here = columns[2].here && __builtin_cpu_supports("avx512f")
                   && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")
                   && __builtin_cpu_supports("avx512vl");
    columns[4].here = columns[3].here && __builtin_cpu_supports("avx512bf16")
                   && cohl_onednn_has(COHL_FACTOR_BF16);
    if (columns[3].here && __builtin_cpu_supports("avx512vnni"))
        columns[3].q8 = columns[4].q8 = &cohl_q8_vnni;
#endif
    for (int i = 0; i < COLUMNS; i++) {
        fill_table(&columns[i].table);
        columns[i].table.name = columns[i].name;
    }
}

/* The column of an instruction set, or with NULL the best of this machine. */
static const column *column_of(const char *isa)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill_columns);
    for (int i = COLUMNS - 1; i >= 0; i--) {
        const char *name = columns[i].isa ? columns[i].isa : columns[i].kernels->isa;
        if (columns[i].here && (!isa || !strcmp(isa, name)))
            return &columns[i];
    }
    return NULL;
}

const cohl_backend *cohl_backend_cpu(const char *isa)
{
    const column *c = column_of(isa);
    return c ? &c->table : NULL;
}

const cohl_kernels *cohl_cpu_kernels(const cohl_ctx *ctx)
{
    return (ctx->device ? (const column *)ctx->device : column_of(NULL))->kernels;
}

const cohl_q8_kernels *cohl_cpu_q8(const cohl_ctx *ctx)
{
    const cohl_q8_kernels *q8 = (ctx->device ? (const column *)ctx->device : column_of(NULL))->q8;
    return q8 ? q8 : &cohl_q8_generic;
}

cohl_factor cohl_cpu_library(const cohl_ctx *ctx)
{
    cohl_factor type = (ctx->device ? (const column *)ctx->device : column_of(NULL))->library;
    return type == COHL_FACTOR_BF16 && ctx->precision == COHL_PRECISION_F32 ? COHL_FACTOR_NONE : type;
}

cohl_precision cohl_backend_fast_precision(const cohl_backend *backend)
{
    for (int i = 0; i < COLUMNS; i++)
        if (backend == &columns[i].table && columns[i].library == COHL_FACTOR_BF16)
            return COHL_PRECISION_BF16;
    return COHL_PRECISION_F32;
}
