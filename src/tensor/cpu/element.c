/* element.c - values each apart, in stretches of a fixed length over all threads. */
#include "tensor/cpu/cpu.h"

#include <math.h>

enum { STRETCH = 1 << 15 };     /* values a tile takes */

/* y from a and b, values begin..end-1. */
typedef struct each {
    void (*part)(const struct each *e, int64_t begin, int64_t end);
    const cohl_kernels *kernels;
    float          *y, *z;
    const float    *a, *b, *c;
    float           factor;
    int64_t         count, width, heads;
    bool            inverse, add;
    const cohl_adamw *step;
} each;

static void each_tile(void *arg, int tile, int thread)
{
    const each *e = arg;
    int64_t begin = (int64_t)tile * STRETCH;
    e->part(e, begin, cohl_cpu_least(begin + STRETCH, e->count));
}

static void run_each(cohl_ctx *ctx, each e)
{
    e.kernels = cohl_cpu_kernels(ctx);
    cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(e.count, STRETCH), each_tile, &e);
}

/* ---- sums and products ------------------------------------------------- */

static void add_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        e->y[i] = e->a[i] + e->b[i];
}

void cohl_cpu_add(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b)
{
    run_each(ctx, (each){ .part = add_part, .y = y->data, .a = a->data, .b = b->data,
                          .count = cohl_tensor_count(y) });
}

static void mul_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        e->y[i] = e->a[i] * e->b[i];
}

void cohl_cpu_mul(cohl_ctx *ctx, cohl_tensor *y, cohl_in a, cohl_in b)
{
    run_each(ctx, (each){ .part = mul_part, .y = y->data, .a = a->data, .b = b->data,
                          .count = cohl_tensor_count(y) });
}

static void mul_add_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        e->y[i] += e->a[i] * e->b[i];
}

void cohl_cpu_mul_back(cohl_ctx *ctx, cohl_tensor *da, cohl_tensor *db, cohl_in dy, cohl_in a,
                       cohl_in b)
{
    each e = { .part = mul_add_part, .a = dy->data, .count = cohl_tensor_count(dy) };
    if (da) {
        e.y = da->data, e.b = b->data;
        run_each(ctx, e);
    }
    if (db) {
        e.y = db->data, e.b = a->data;
        run_each(ctx, e);
    }
}

static void add_row_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; ) {
        int64_t column = i % e->width, stop = cohl_cpu_least(end, i - column + e->width);
        const float *v = e->b - (i - column);
        for (; i < stop; i++)
            e->y[i] = e->a[i] + v[i];
    }
}

void cohl_cpu_add_row(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in v)
{
    run_each(ctx, (each){ .part = add_row_part, .y = y->data, .a = x->data, .b = v->data,
                          .count = cohl_tensor_count(y), .width = cohl_tensor_width(y) });
}

void cohl_cpu_add_row_back(cohl_ctx *ctx, cohl_tensor *dv, cohl_in dy)
{
    cohl_cpu_column_sums(ctx, dv->data, dy->data, cohl_tensor_rows(dy), cohl_tensor_width(dy));
}

static void axpy_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        e->y[i] += e->factor * e->a[i];
}

void cohl_cpu_axpy(cohl_ctx *ctx, cohl_tensor *y, float factor, cohl_in x)
{
    run_each(ctx, (each){ .part = axpy_part, .y = y->data, .a = x->data, .factor = factor,
                          .count = cohl_tensor_count(y) });
}

static void scale_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        e->y[i] = e->factor * e->a[i];
}

void cohl_cpu_scale(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, float factor)
{
    run_each(ctx, (each){ .part = scale_part, .y = y->data, .a = x->data, .factor = factor,
                          .count = cohl_tensor_count(y) });
}

/* ---- activations ------------------------------------------------------- */

static void silu_part(const each *e, int64_t begin, int64_t end)
{
    e->kernels->silu(e->y + begin, e->a + begin, end - begin);
}

static void gelu_part(const each *e, int64_t begin, int64_t end)
{
    e->kernels->gelu(e->y + begin, e->a + begin, end - begin);
}

static void gelu_erf_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        e->y[i] = 0.5f * e->a[i] * erfcf(-e->a[i] * (float)M_SQRT1_2);
}

static void relu_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        e->y[i] = e->a[i] > 0 ? e->a[i] : 0;
}

static void tanh_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        e->y[i] = tanhf(e->a[i]);
}

static void relu6_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++) {
        float x = e->a[i] > 0 ? e->a[i] : 0;
        e->y[i] = x < 6 ? x : 6;
    }
}

static void leaky_relu_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++) {
        float low = 0.1f * e->a[i];
        e->y[i] = e->a[i] > low ? e->a[i] : low;
    }
}

void cohl_cpu_activate(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_activation f)
{
    static void (*const part[])(const each *, int64_t, int64_t) = {
        [COHL_SILU] = silu_part, [COHL_GELU_TANH] = gelu_part, [COHL_GELU_ERF] = gelu_erf_part,
        [COHL_RELU] = relu_part, [COHL_TANH] = tanh_part,
        [COHL_RELU6] = relu6_part, [COHL_LEAKY_RELU] = leaky_relu_part };
    run_each(ctx, (each){ .part = part[f], .y = y->data, .a = x->data, .count = cohl_tensor_count(y) });
}

/* backward: y = dx, a = dy, b = x */
static void silu_back_part(const each *e, int64_t begin, int64_t end)
{
    e->kernels->silu_back(e->y + begin, e->a + begin, e->b + begin, end - begin);
}

static void gelu_back_part(const each *e, int64_t begin, int64_t end)
{
    e->kernels->gelu_back(e->y + begin, e->a + begin, e->b + begin, end - begin);
}

static void gelu_erf_back_part(const each *e, int64_t begin, int64_t end)
{
    const float density = 0.398942280f;         /* 1 / sqrt(2 pi) */
    for (int64_t i = begin; i < end; i++) {
        float x = e->b[i];
        float slope = 0.5f * erfcf(-x * (float)M_SQRT1_2) + x * density * expf(-0.5f * x * x);
        e->y[i] += e->a[i] * slope;
    }
}

static void relu_back_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        e->y[i] += e->b[i] > 0 ? e->a[i] : 0;
}

static void tanh_back_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++) {
        float t = tanhf(e->b[i]);
        e->y[i] += e->a[i] * (1 - t) * (1 + t);
    }
}

static void relu6_back_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        e->y[i] += e->b[i] > 0 && e->b[i] < 6 ? e->a[i] : 0;
}

static void leaky_relu_back_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        e->y[i] += (e->b[i] > 0 ? 1 : 0.1f) * e->a[i];
}

void cohl_cpu_activate_back(cohl_ctx *ctx, cohl_tensor *dx, cohl_in dy, cohl_in x, cohl_activation f)
{
    static void (*const part[])(const each *, int64_t, int64_t) = {
        [COHL_SILU] = silu_back_part, [COHL_GELU_TANH] = gelu_back_part,
        [COHL_GELU_ERF] = gelu_erf_back_part, [COHL_RELU] = relu_back_part,
        [COHL_TANH] = tanh_back_part, [COHL_RELU6] = relu6_back_part,
        [COHL_LEAKY_RELU] = leaky_relu_back_part };
    run_each(ctx, (each){ .part = part[f], .y = dx->data, .a = dy->data, .b = x->data,
                          .count = cohl_tensor_count(dx) });
}

/* ---- rotation ---------------------------------------------------------- */

/* Rows begin..end-1; count is rows here. */
static void rope_rows(const each *e, int64_t begin, int64_t end)
{
    float sign = e->inverse ? -1.0f : 1.0f, keep = e->add ? 1.0f : 0.0f;
    for (int64_t r = begin; r < end; r++)
        for (int64_t h = 0; h < e->heads; h++) {
            const float *turn = e->b + r * e->width, *x = e->a + (r * e->heads + h) * e->width;
            float *y = e->y + (r * e->heads + h) * e->width;
            for (int64_t j = 0; j < e->width; j += 2) {
                float cosine = turn[j], sine = sign * turn[j + 1];
                float even = x[j] * cosine - x[j + 1] * sine, odd = x[j] * sine + x[j + 1] * cosine;
                y[j] = (e->add ? keep * y[j] : 0) + even;
                y[j + 1] = (e->add ? keep * y[j + 1] : 0) + odd;
            }
        }
}

static void rope_tile(void *arg, int tile, int thread)
{
    const each *e = arg;
    rope_rows(e, (int64_t)tile * 32, cohl_cpu_least((int64_t)tile * 32 + 32, e->count));
}

void cohl_cpu_rope(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, cohl_in turn, bool inverse, bool add)
{
    each e = { .y = y->data, .a = x->data, .b = turn->data, .count = x->dim[0], .heads = x->dim[1],
               .width = x->dim[2], .inverse = inverse, .add = add };
    cohl_workers_run(ctx->workers, (int)cohl_cpu_parts(e.count, 32), rope_tile, &e);
}

/* ---- optimiser --------------------------------------------------------- */

static void adamw_part(const each *e, int64_t begin, int64_t end)
{
    const cohl_adamw s = *e->step;
    float rest1 = (float)(1.0 - s.beta1), rest2 = (float)(1.0 - s.beta2);
    float part1 = 1 / s.correct1, part2 = 1 / s.correct2, keep = s.rate * s.decay;
    float *p = e->y, *m = e->z, *v = (float *)e->b;
    for (int64_t i = begin; i < end; i++) {
        float g = e->a[i] * s.grad_scale;
        m[i] = s.beta1 * m[i] + rest1 * g;
        v[i] = s.beta2 * v[i] + rest2 * g * g;
        float move = m[i] * part1 / (sqrtf(v[i] * part2) + s.eps);
        p[i] -= s.rate * move + keep * p[i];
    }
}

void cohl_cpu_adamw(cohl_ctx *ctx, cohl_tensor *p, cohl_tensor *m, cohl_tensor *v, cohl_in g,
                    const cohl_adamw *step)
{
    run_each(ctx, (each){ .part = adamw_part, .y = p->data, .z = m->data, .b = v->data, .a = g->data,
                          .step = step, .count = cohl_tensor_count(p) });
}

static void lerp_part(const each *e, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        e->y[i] += e->factor * (e->a[i] - e->y[i]);
}

void cohl_cpu_lerp(cohl_ctx *ctx, cohl_tensor *y, cohl_in x, float part)
{
    run_each(ctx, (each){ .part = lerp_part, .y = y->data, .a = x->data, .factor = part,
                          .count = cohl_tensor_count(y) });
}
