/* binder.c - taking the weights a network names, and finding what is left. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "weights/network.h"
#include "weights/weights.h"

/* The name a reader may have meant; NULL when none is within a third of it. */
static const char *nearest_name(const cohl_weights *weights, const char *name)
{
    const char *best = NULL;
    int least = (int)strlen(name) / 3 + 1;
    for (size_t i = 0; i < cohl_weights_count(weights) && i < 4096; i++) {
        const char *other = cohl_weights_at(weights, i)->name;
        int distance = cohl_text_distance(name, other);
        if (distance < least)
            least = distance, best = other;
    }
    return best;
}

static bool same_dims(const int64_t *a, int a_rank, const int64_t *b, int b_rank)
{
    for (int k = 0; k < a_rank && k < b_rank; k++) {
        if (a[k] != b[k])
            return false;
    }
    return a_rank == b_rank;
}

/* The sizes that are not one. */
static int squeeze(int64_t *out, const int64_t *dim, int rank)
{
    int kept = 0;
    for (int k = 0; k < rank; k++)
        if (dim[k] != 1)
            out[kept++] = dim[k];
    return kept;
}

/* A loose weight may lack sizes of one, or have the first two of five as their product. */
static bool same_shape(const cohl_weight *weight, const int64_t *dim, int rank)
{
    int64_t has[COHL_RANK_MAX], wants[COHL_RANK_MAX];
    if (same_dims(weight->dim, weight->rank, dim, rank) || !weight->loose)
        return same_dims(weight->dim, weight->rank, dim, rank);
    int has_rank = squeeze(has, weight->dim, weight->rank), wants_rank = squeeze(wants, dim, rank);
    if (same_dims(has, has_rank, wants, wants_rank))
        return true;
    return rank == 5 && weight->rank == 4 && weight->dim[0] == dim[0] * dim[1] &&
           same_dims(weight->dim + 1, 3, dim + 2, 3);
}

cohl_status cohl_weights_expect(const cohl_weight **out, const cohl_weights *weights,
                                const char *name, const int64_t *dim, int rank,
                                cohl_error *err)
{
    const cohl_weight *weight = cohl_weights_find(weights, name);
    const char *path = cohl_weights_path(weights);

    *out = NULL;
    if (!weight) {
        const char *near = nearest_name(weights, name);
        cohl_network holds = cohl_network_identify(weights);
        if (!near && holds.kind != COHL_NETWORK_UNKNOWN)
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: no tensor %s; these are weights of kind \"%s\"", path, name, holds.name);
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: no tensor %s%s%s%s", path, name,
                         near ? " (nearest: " : "", near ? near : "", near ? ")" : "");
    }
    if (!same_shape(weight, dim, rank))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s is %s, expected %s", path, name,
                         cohl_shape_write(weight->dim, weight->rank).text,
                         cohl_shape_write(dim, rank).text);
    *out = weight;
    return COHL_OK;
}

cohl_status cohl_weights_tensor_f32(const cohl_weights *weights, const char *name,
                                    const int64_t *dim, int rank, float *out, cohl_error *err)
{
    const cohl_weight *weight;
    cohl_status st = cohl_weights_expect(&weight, weights, name, dim, rank, err);
    if (!st)
        cohl_weight_read_f32(weight, 0, weight->count, out);
    return st;
}

void cohl_binder_begin(cohl_binder *binder, const cohl_weights *weights)
{
    *binder = (cohl_binder){ .weights = weights };
    binder->taken = calloc(cohl_weights_count(weights) + 1, 1);
    if (!binder->taken)
        cohl_fail(&binder->error, COHL_ERR_MEMORY, "%s: no memory to bind it",
                  cohl_weights_path(weights));
}

/* Where in the list of names it stands. */
static size_t index_of(const cohl_weights *weights, const cohl_weight *weight)
{
    size_t low = 0, high = cohl_weights_count(weights);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(cohl_weights_at(weights, middle)->name, weight->name) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

const cohl_weight *cohl_bind(cohl_binder *binder, const char *name, const int64_t *dim, int rank)
{
    const cohl_weight *weight;
    if (binder->error.status ||
        cohl_weights_expect(&weight, binder->weights, name, dim, rank, &binder->error))
        return NULL;
    binder->taken[index_of(binder->weights, weight)] = 1;
    return weight;
}

void cohl_bind_f32(cohl_binder *binder, const char *name, const int64_t *dim, int rank,
                   float *out)
{
    const cohl_weight *weight = cohl_bind(binder, name, dim, rank);
    if (weight)
        cohl_weight_read_f32(weight, 0, weight->count, out);
}

void cohl_bind_bf16(cohl_binder *binder, const char *name, const int64_t *dim, int rank,
                    uint16_t *out)
{
    const cohl_weight *weight = cohl_bind(binder, name, dim, rank);
    if (weight)
        cohl_weight_read_bf16(weight, 0, weight->count, out);
}

bool cohl_binder_failed(const cohl_binder *binder) { return binder->error.status != COHL_OK; }

bool cohl_binder_is_surplus(const cohl_binder *binder, size_t index)
{
    return binder->taken && !binder->taken[index];
}

static cohl_status refuse_surplus(const cohl_binder *binder, cohl_error *err)
{
    enum { SHOWN = 4 };
    cohl_text names = { 0 };
    size_t surplus = 0;
    for (size_t i = 0; i < cohl_weights_count(binder->weights); i++) {
        if (binder->taken[i])
            continue;
        if (surplus < SHOWN)
            cohl_text_addf(&names, "%s%s", surplus ? ", " : "",
                           cohl_weights_at(binder->weights, i)->name);
        surplus++;
    }
    cohl_status st = COHL_OK;
    if (surplus)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: %zu tensors that this network does not have: "
                       "%s%s", cohl_weights_path(binder->weights), surplus,
                       names.data ? names.data : "", surplus > SHOWN ? ", ..." : "");
    cohl_text_free(&names);
    return st;
}

cohl_status cohl_binder_end(cohl_binder *binder, cohl_surplus surplus, cohl_error *err)
{
    cohl_status st = binder->error.status;
    if (st)
        cohl_fail(err, st, "%s", binder->error.text);
    else if (surplus == COHL_SURPLUS_REFUSED)
        st = refuse_surplus(binder, err);
    free(binder->taken);
    *binder = (cohl_binder){ 0 };
    return st;
}
