/* principal.c - the directions in which a cloud of vectors is widest.
 *
 * The covariance is summed as x^T x about a fixed origin (the first portion's
 * mean, so that no digits are lost), its leading eigenvectors by orthogonal
 * iteration on a few directions more than asked for, and a last rotation among
 * those (Halko, Martinsson & Tropp 2011). */
#include "train/principal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "tensor/ops.h"

enum { MORE = 16, ROUNDS = 30, SWEEPS = 60, PORTION = 2048 };

struct cohl_principal {
    cohl_ctx *ctx;
    int       width;
    int64_t   rows;        /* summed */
    float    *waiting;     /* [PORTION, width], rows to be summed together */
    int       waiting_count;
    float    *origin;      /* [width] */
    double   *sum;         /* [width], of row - origin */
    double   *product;     /* [width, width], of (row - origin)^T (row - origin) */
};

void cohl_principal_close(cohl_principal *p)
{
    if (!p)
        return;
    free(p->waiting);
    free(p->origin);
    free(p->sum);
    free(p->product);
    free(p);
}

cohl_status cohl_principal_open(cohl_principal **out, cohl_ctx *ctx, int width, cohl_error *err)
{
    cohl_principal *p = calloc(1, sizeof *p);
    size_t n = (size_t)width;
    if (p) {
        *p = (cohl_principal){ .ctx = ctx, .width = width, .origin = calloc(n, sizeof *p->origin),
                               .waiting = malloc(PORTION * n * sizeof *p->waiting), .sum = calloc(n, sizeof *p->sum), .product = calloc(n * n, sizeof *p->product) };
        if (p->origin && p->waiting && p->sum && p->product) {
            *out = p;
            return COHL_OK;
        }
    }
    cohl_principal_close(p);
    return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a covariance of %d", width);
}

/* a [m, k] b[n, k]^T -> out [m, n], in full precision whatever the context's. */
static cohl_status product(cohl_ctx *ctx, const float *a, int m, const float *b, int n, int k, float *out,
                           cohl_error *err)
{
    cohl_precision kept = ctx->precision;
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    ctx->precision = COHL_PRECISION_F32;
    cohl_tensor *x = cohl_tensor_upload(ctx, a, COHL_F32, 2, (int64_t[]){ m, k });
    cohl_tensor *w = cohl_tensor_upload(ctx, b, COHL_F32, 2, (int64_t[]){ n, k });
    cohl_tensor_download(ctx, out, cohl_linear(ctx, x, w, NULL));
    ctx->precision = kept;
    cohl_ctx_release(ctx, mark);
    return cohl_ctx_status(ctx, err);
}

static void set_origin(cohl_principal *p)
{
    for (int j = 0; j < p->width; j++) {
        double sum = 0;
        for (int i = 0; i < p->waiting_count; i++)
            sum += p->waiting[(size_t)i * (size_t)p->width + (size_t)j];
        p->origin[j] = (float)(sum / p->waiting_count);
    }
}

/* Sum the rows that wait. */
static cohl_status flush(cohl_principal *p, cohl_error *err)
{
    size_t n = (size_t)p->width, count = (size_t)p->waiting_count;
    if (!count)
        return COHL_OK;
    if (!p->rows)
        set_origin(p);
    float *turned = malloc(n * count * sizeof *turned), *square = malloc(n * n * sizeof *square);
    cohl_status st = turned && square ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for %zu rows", count);

    for (size_t j = 0; j < n && !st; j++)
        for (size_t i = 0; i < count; i++) {
            float x = p->waiting[i * n + j] - p->origin[j];
            turned[j * count + i] = x;
            p->sum[j] += x;
        }
    if (!st && !(st = product(p->ctx, turned, p->width, turned, p->width, (int)count, square, err)))
        for (size_t i = 0; i < n * n; i++)
            p->product[i] += square[i];
    p->rows += (int64_t)count;
    p->waiting_count = 0;
    free(turned);
    free(square);
    return st;
}

cohl_status cohl_principal_add(cohl_principal *p, const float *rows, int count, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (int i = 0; i < count && !st; i++) {
        size_t n = (size_t)p->width;
        memcpy(p->waiting + (size_t)p->waiting_count++ * n, rows + (size_t)i * n, n * sizeof *rows);
        if (p->waiting_count == PORTION)
            st = flush(p, err);
    }
    return st;
}

static double dot(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Rows of q [count, width] orthonormal, twice over for the digits (Gram and Schmidt). */
static void orthonormalise(double *q, int count, int width)
{
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < count; i++) {
            double *row = q + (size_t)i * (size_t)width;
            for (int k = 0; k < i; k++) {
                const double *other = q + (size_t)k * (size_t)width;
                double along = dot(row, other, width);
                for (int j = 0; j < width; j++)
                    row[j] -= along * other[j];
            }
            double norm = sqrt(dot(row, row, width));
            for (int j = 0; j < width; j++)
                row[j] /= norm > 0 ? norm : 1;
        }
}

static void narrow(const double *from, float *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (float)from[i];
}

static void widen(const float *from, double *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = from[i];
}

/* q [n, width] becomes eigenvectors of c [width, width], with their values. */
static cohl_status iterate(cohl_principal *p, const float *c, double *q, int n, double *value, cohl_error *err)
{
    size_t cells = (size_t)n * (size_t)p->width, squares = (size_t)n * (size_t)n;
    float *a = malloc(cells * sizeof *a), *b = malloc(cells * sizeof *b);
    double *small = malloc(squares * sizeof *small), *turn = malloc(squares * sizeof *turn);
    double *image = malloc(cells * sizeof *image);
    cohl_status st = a && b && small && turn && image
                         ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d components", n);

    for (int round = 0; round < ROUNDS && !st; round++) {
        orthonormalise(q, n, p->width);
        narrow(q, a, cells);
        if (!(st = product(p->ctx, a, n, c, p->width, p->width, b, err)))
            widen(b, round + 1 < ROUNDS ? q : image, cells);
    }
    if (!st) {
        for (int i = 0; i < n; i++)
            for (int k = 0; k < n; k++)
                small[i * n + k] = (dot(q + (size_t)i * (size_t)p->width, image + (size_t)k * (size_t)p->width, p->width) +
                                    dot(q + (size_t)k * (size_t)p->width, image + (size_t)i * (size_t)p->width, p->width)) / 2;
        cohl_symmetric_eigen(small, n, value, turn);
        memset(image, 0, cells * sizeof *image);
        for (int i = 0; i < n; i++)
            for (int k = 0; k < n; k++)
                for (int j = 0; j < p->width; j++)
                    image[(size_t)i * (size_t)p->width + (size_t)j] += turn[i * n + k] * q[(size_t)k * (size_t)p->width + (size_t)j];
        memcpy(q, image, cells * sizeof *q);
    }
    free(a);
    free(b);
    free(small);
    free(turn);
    free(image);
    return st;
}

/* The covariance about the mean; *total is its trace. */
static void covariance(const cohl_principal *p, float *c, double *total)
{
    size_t n = (size_t)p->width;
    double rows = (double)p->rows;
    *total = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double value = p->product[i * n + j] / rows - p->sum[i] / rows * (p->sum[j] / rows);
            c[i * n + j] = (float)value;
            *total += i == j ? value : 0;
        }
}

cohl_status cohl_principal_solve(cohl_principal *p, int count, cohl_principal_result *result, cohl_error *err)
{
    cohl_status st = flush(p, err);
    if (st)
        return st;
    assert(count >= 1 && count <= p->width && count < p->rows);
    size_t width = (size_t)p->width;
    int n = count + MORE < p->width ? count + MORE : p->width;
    float *c = malloc(width * width * sizeof *c);
    double *q = malloc((size_t)n * width * sizeof *q), *value = malloc((size_t)n * sizeof *value);
    cohl_rng rng = cohl_rng_make((uint64_t)p->width, 0);

    if (!c || !q || !value)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d components", n);
    if (!st) {
        covariance(p, c, &result->total);
        for (size_t i = 0; i < (size_t)n * width; i++)
            q[i] = cohl_rng_normal(&rng);
        st = iterate(p, c, q, n, value, err);
    }
    if (!st) {
        for (size_t j = 0; j < width; j++)
            result->mean[j] = p->origin[j] + p->sum[j] / (double)p->rows;
        memcpy(result->component, q, (size_t)count * width * sizeof *q);
        memcpy(result->variance, value, (size_t)count * sizeof *value);
    }
    free(c);
    free(q);
    free(value);
    return st;
}

/* ---- small dense algebra -------------------------------------------------- */

/* Turn rows and columns p and q of a, and rows of v, so that a[p, q] becomes 0. */
static void rotate(double *a, double *v, int n, int p, int q)
{
    double off = a[p * n + q];
    if (off == 0)
        return;
    double theta = (a[q * n + q] - a[p * n + p]) / (2 * off);
    double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
    double c = 1 / sqrt(t * t + 1), s = t * c;
    for (int k = 0; k < n; k++) {
        double x = a[k * n + p], y = a[k * n + q];
        a[k * n + p] = c * x - s * y;
        a[k * n + q] = s * x + c * y;
    }
    for (int k = 0; k < n; k++) {
        double x = a[p * n + k], y = a[q * n + k];
        a[p * n + k] = c * x - s * y;
        a[q * n + k] = s * x + c * y;
        x = v[p * n + k], y = v[q * n + k];
        v[p * n + k] = c * x - s * y;
        v[q * n + k] = s * x + c * y;
    }
}

static double off_diagonal(const double *a, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            sum += a[i * n + k] * a[i * n + k];
    return sum;
}

void cohl_symmetric_eigen(double *a, int n, double *value, double *vector)
{
    double size = 0;
    for (int i = 0; i < n * n; i++) {
        vector[i] = i / n == i % n;
        size += a[i] * a[i];
    }
    for (int sweep = 0; sweep < SWEEPS && off_diagonal(a, n) > 1e-26 * size; sweep++)
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++)
                rotate(a, vector, n, p, q);
    for (int i = 0; i < n; i++)
        value[i] = a[i * n + i];
    for (int i = 0; i < n; i++) {              /* largest first */
        int best = i;
        for (int k = i + 1; k < n; k++)
            best = value[k] > value[best] ? k : best;
        double kept = value[i];
        value[i] = value[best], value[best] = kept;
        for (int j = 0; j < n && best != i; j++) {
            kept = vector[i * n + j];
            vector[i * n + j] = vector[best * n + j], vector[best * n + j] = kept;
        }
    }
}

/* Row `at` of u becomes a unit vector orthogonal to the rows before it: the axis that they cover least. */
static void complete(double *u, int at, int n)
{
    int best = 0;
    double least = 2;
    for (int j = 0; j < n; j++) {
        double covered = 0;
        for (int i = 0; i < at; i++)
            covered += u[i * n + j] * u[i * n + j];
        if (covered < least)
            least = covered, best = j;
    }
    memset(u + at * n, 0, (size_t)n * sizeof *u);
    u[at * n + best] = 1;
    orthonormalise(u, at + 1, n);
}

/* With a^T a = sum of s^2 v v^T and u = a v / s: r = sum of u v^T. */
cohl_status cohl_nearest_orthogonal(const double *a, int n, double *r, cohl_error *err)
{
    size_t cells = (size_t)n * (size_t)n;
    double *square = calloc(cells, sizeof *square), *value = malloc((size_t)n * sizeof *value);
    double *v = malloc(cells * sizeof *v), *u = calloc(cells, sizeof *u);
    cohl_status st = square && value && v && u ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a rotation");

    if (!st) {
        for (int i = 0; i < n; i++)
            for (int k = 0; k < n; k++)
                for (int j = 0; j < n; j++)
                    square[i * n + k] += a[j * n + i] * a[j * n + k];
        cohl_symmetric_eigen(square, n, value, v);
        for (int i = 0; i < n; i++) {
            if (value[i] <= 1e-10 * value[0]) {
                complete(u, i, n);
                continue;
            }
            for (int j = 0; j < n; j++)
                u[i * n + j] = dot(a + j * n, v + i * n, n) / sqrt(value[i]);
        }
        for (int j = 0; j < n; j++)
            for (int k = 0; k < n; k++) {
                r[j * n + k] = 0;
                for (int i = 0; i < n; i++)
                    r[j * n + k] += u[i * n + j] * v[i * n + k];
            }
    }
    free(square);
    free(value);
    free(v);
    free(u);
    return st;
}
