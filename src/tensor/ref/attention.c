/* attention.c - softmax(scale q k^T + bias) v of spans, one query at a time. */
#include <math.h>

#include "tensor/ref/inner.h"

/* What all queries share, and one of them. */
typedef struct query {
    cohl_ctx *ctx;
    cohl_in q, k, v, bias;
    int64_t heads, dim, reach;
    double scale;
    const cohl_span *span;
    int64_t position, head;      /* position inside the span */
} query;

static query first_query(cohl_ctx *ctx, cohl_in q, cohl_in k, cohl_in v, cohl_in bias, float scale)
{
    return (query){ .ctx = ctx, .q = q, .k = k, .v = v, .bias = bias, .heads = q->dim[1],
                    .dim = q->dim[2], .reach = bias ? (bias->dim[0] + 1) / 2 : 0, .scale = scale };
}

/* Index of a row of this head: of the query, of key j of its span, of the bias between them. */
static int64_t query_row(const query *at)
{
    return (at->span->q_begin + at->position) * at->heads + at->head;
}

static int64_t key_row(const query *at, int64_t j)
{
    return (at->span->k_begin + j) * at->heads + at->head;
}

static int64_t bias_row(const query *at, int64_t j)
{
    return (j - at->position + at->reach - 1) * at->heads + at->head;
}

static double dot(const query *at, const float *a, const float *b)
{
    double sum = 0;
    for (int64_t d = 0; d < at->dim; d++)
        sum += rounded(at->ctx, a[d]) * rounded(at->ctx, b[d]);
    return sum;
}

static double logit(const query *at, int64_t j)
{
    const float *q = f32(at->q) + query_row(at) * at->dim;
    const float *k = f32(at->k) + key_row(at, j) * at->dim;
    return at->scale * dot(at, q, k) + (at->bias ? f32(at->bias)[bias_row(at, j)] : 0);
}

/* y [dim] of one query; returns log sum exp. weight: room for k_count. */
static double attend(const query *at, double *weight, float *y)
{
    int64_t keys = at->span->k_count;
    double most = -INFINITY, sum = 0;
    for (int64_t j = 0; j < keys; j++)
        most = fmax(most, weight[j] = logit(at, j));
    for (int64_t j = 0; j < keys; j++)
        sum += weight[j] = exp(weight[j] - most);
    for (int64_t d = 0; d < at->dim; d++) {
        double value = 0;
        for (int64_t j = 0; j < keys; j++)
            value += rounded(at->ctx, (float)weight[j])
                   * rounded(at->ctx, f32(at->v)[key_row(at, j) * at->dim + d]);
        y[d] = (float)(value / sum);
    }
    return most + log(sum);
}

static int64_t most_keys(const cohl_span *spans, int span_count)
{
    int most = 1;
    for (int s = 0; s < span_count; s++)
        most = spans[s].k_count > most ? spans[s].k_count : most;
    return most;
}

void cohl_ref_attention(cohl_ctx *ctx, cohl_tensor *y, cohl_tensor *lse, cohl_in q, cohl_in k,
                        cohl_in v, cohl_in bias, const cohl_span *spans, int span_count,
                        float scale)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    query at = first_query(ctx, q, k, v, bias, scale);
    double *weight = cohl_ref_sums(ctx, most_keys(spans, span_count));
    for (int64_t i = 0; i < cohl_tensor_count(y); i++)
        f32(y)[i] = 0;
    for (int64_t i = 0; lse && i < cohl_tensor_count(lse); i++)
        f32(lse)[i] = 0;
    for (int s = 0; weight && s < span_count; s++) {
        at.span = &spans[s];
        for (at.position = 0; at.position < spans[s].q_count; at.position++)
            for (at.head = 0; at.head < at.heads; at.head++) {
                double sum = attend(&at, weight, f32(y) + query_row(&at) * at.dim);
                if (lse)
                    f32(lse)[query_row(&at)] = (float)sum;
            }
    }
    cohl_arena_release(&ctx->scratch, mark);
}

/* Where the gradients of one attention are summed; NULL: not wanted. */
typedef struct slopes { double *dq, *dk, *dv, *dbias; } slopes;

/* The share of key j: p is its probability, dp the slope of it less the mean of the
 * query's slopes (Dao et al. 2022, appendix B). */
static void attend_back_key(const query *at, const slopes *to, int64_t j, const float *dy,
                            double p, double dp)
{
    int64_t q = query_row(at) * at->dim, k = key_row(at, j) * at->dim;
    double dlogit = p * dp, rounded_p = rounded(at->ctx, (float)p);
    double part = rounded(at->ctx, (float)(at->scale * dlogit));
    for (int64_t d = 0; d < at->dim; d++) {
        if (to->dq)
            to->dq[q + d] += part * rounded(at->ctx, f32(at->k)[k + d]);
        if (to->dk)
            to->dk[k + d] += part * rounded(at->ctx, f32(at->q)[q + d]);
        if (to->dv)
            to->dv[k + d] += rounded_p * rounded(at->ctx, dy[d]);
    }
    if (to->dbias)
        to->dbias[bias_row(at, j)] += dlogit;
}

static void attend_back(const query *at, const slopes *to, const float *dy, const float *y,
                        double lse)
{
    double mean = 0;
    for (int64_t d = 0; d < at->dim; d++)
        mean += (double)dy[d] * y[d];
    for (int64_t j = 0; j < at->span->k_count; j++) {
        double p = exp(logit(at, j) - lse);
        double dp = dot(at, dy, f32(at->v) + key_row(at, j) * at->dim) - mean;
        attend_back_key(at, to, j, dy, p, dp);
    }
}

static bool slopes_open(cohl_ctx *ctx, slopes *to, cohl_in dq, cohl_in dk, cohl_in dv,
                        cohl_in dbias)
{
    to->dq = dq ? cohl_ref_sums(ctx, cohl_tensor_count(dq)) : NULL;
    to->dk = dk ? cohl_ref_sums(ctx, cohl_tensor_count(dk)) : NULL;
    to->dv = dv ? cohl_ref_sums(ctx, cohl_tensor_count(dv)) : NULL;
    to->dbias = dbias ? cohl_ref_sums(ctx, cohl_tensor_count(dbias)) : NULL;
    return (!dq || to->dq) && (!dk || to->dk) && (!dv || to->dv) && (!dbias || to->dbias);
}

void cohl_ref_attention_back(cohl_ctx *ctx, cohl_tensor *dq, cohl_tensor *dk, cohl_tensor *dv,
                             cohl_tensor *dbias, cohl_in dy, cohl_in y, cohl_in lse, cohl_in q,
                             cohl_in k, cohl_in v, cohl_in bias, const cohl_span *spans,
                             int span_count, float scale)
{
    cohl_mark mark = cohl_arena_mark(&ctx->scratch);
    query at = first_query(ctx, q, k, v, bias, scale);
    slopes to;
    if (slopes_open(ctx, &to, dq, dk, dv, dbias)) {
        for (int s = 0; s < span_count; s++) {
            at.span = &spans[s];
            for (at.position = 0; at.position < spans[s].q_count; at.position++)
                for (at.head = 0; at.head < at.heads; at.head++) {
                    int64_t row = query_row(&at);
                    attend_back(&at, &to, f32(dy) + row * at.dim, f32(y) + row * at.dim,
                                f32(lse)[row]);
                }
        }
        cohl_ref_add_sums(dq, to.dq);
        cohl_ref_add_sums(dk, to.dk);
        cohl_ref_add_sums(dv, to.dv);
        cohl_ref_add_sums(dbias, to.dbias);
    }
    cohl_arena_release(&ctx->scratch, mark);
}
