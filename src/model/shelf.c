/* shelf.c - a network's parameters out of weights that stay open. */
#include "model/shelf.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/guard.h"
#include "tensor/backend.h"

struct cohl_room {
    pthread_mutex_t lock;            /* held from begin to end: passes of streamed networks take turns */
    size_t          limit, used;
};

typedef enum place { AWAY, IN_SLOT, HELD, KEPT } place;

typedef struct entry {
    const cohl_weight *weight;
    place              at;
} entry;

struct cohl_shelf {
    cohl_params        *params;
    const cohl_weights *weights;
    cohl_room          *room;
    bool                own_room;
    void               *slot;
    size_t              slot_bytes;
    entry               item[];      /* [params->count] */
};

/* ---- room ---------------------------------------------------------------- */

cohl_status cohl_room_new(cohl_room **out, size_t limit_bytes, cohl_error *err)
{
    cohl_room *room = calloc(1, sizeof *room);
    *out = room;
    if (!room)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a room of parameters");
    pthread_mutex_init(&room->lock, NULL);
    room->limit = limit_bytes;
    return COHL_OK;
}

void cohl_room_free(cohl_room *room)
{
    if (!room)
        return;
    assert(room->used == 0);
    pthread_mutex_destroy(&room->lock);
    free(room);
}

void cohl_room_limit(cohl_room *room, size_t limit_bytes)
{
    pthread_mutex_lock(&room->lock);
    room->limit = limit_bytes;
    pthread_mutex_unlock(&room->lock);
}

/* ---- one parameter ------------------------------------------------------- */

static size_t tensor_bytes(const cohl_tensor *t)
{
    size_t bytes = cohl_tensor_bytes(t);
    return (bytes + COHL_ARENA_ALIGN - 1) / COHL_ARENA_ALIGN * COHL_ARENA_ALIGN;
}

size_t cohl_shelf_bytes(const cohl_shelf *shelf, int first, int count)
{
    size_t bytes = 0;
    for (int i = first; i < first + count; i++)
        bytes += tensor_bytes(shelf->params->item[i].tensor);
    return bytes;
}

static void fill(cohl_shelf *shelf, int i)
{
    cohl_param_read(shelf->params, &shelf->params->item[i], shelf->item[i].weight);
    cohl_weights_let_go(shelf->weights, shelf->item[i].weight);
}

static void drop(cohl_shelf *shelf, int i)
{
    cohl_tensor *t = shelf->params->item[i].tensor;
    if (shelf->item[i].at == HELD || shelf->item[i].at == KEPT) {
        shelf->params->ctx->backend->free(shelf->params->ctx, t->data);
        shelf->room->used -= tensor_bytes(t);
    }
    t->data = NULL;
    shelf->item[i].at = AWAY;
}

/* Memory of its own, and its values. */
static cohl_status hold(cohl_shelf *shelf, int i, place as, cohl_error *err)
{
    cohl_ctx *ctx = shelf->params->ctx;
    cohl_tensor *t = shelf->params->item[i].tensor;
    if (!(t->data = ctx->backend->alloc(ctx, tensor_bytes(t))))
        return cohl_fail(err, COHL_ERR_MEMORY, "no room for %s (%zu bytes)", shelf->params->item[i].name,
                         tensor_bytes(t));
    shelf->item[i].at = as;
    shelf->room->used += tensor_bytes(t);
    fill(shelf, i);
    return COHL_OK;
}

/* ---- open and close ------------------------------------------------------ */

static void type_tensors(cohl_shelf *shelf, cohl_dtype dtype)
{
    for (int i = 0; i < shelf->params->count; i++) {
        cohl_param *param = &shelf->params->item[i];
        entry *e = &shelf->item[i];
        e->weight = cohl_weights_find(shelf->weights, param->name);
        param->tensor->dtype = cohl_param_dtype(param, dtype);
        if (dtype == COHL_F32 && param->narrow && cohl_weight_is_bf16(e->weight))
            param->tensor->dtype = COHL_BF16;
    }
}

cohl_status cohl_shelf_open(cohl_shelf **out, cohl_params *params, cohl_ctx *ctx, const cohl_weights *weights,
                            const cohl_shelf_use *use, cohl_error *err)
{
    *out = NULL;
    cohl_status st = cohl_params_expect(params, ctx, weights, use->surplus, err);
    if (st)
        return st;
    cohl_shelf *shelf = calloc(1, sizeof *shelf + (size_t)params->count * sizeof *shelf->item);
    if (!shelf)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a list of parameters");
    shelf->params = params, shelf->weights = weights, shelf->room = use->room;
    if (!use->room && (st = cohl_room_new(&shelf->room, 0, err))) {
        free(shelf);
        return st;
    }
    shelf->own_room = !use->room;
    type_tensors(shelf, use->dtype);
    *out = shelf;
    return COHL_OK;
}

static void free_slot(cohl_shelf *shelf)
{
    for (int i = 0; i < shelf->params->count; i++)
        if (shelf->item[i].at == IN_SLOT)
            drop(shelf, i);
    if (shelf->slot)
        shelf->params->ctx->backend->free(shelf->params->ctx, shelf->slot);
    shelf->slot = NULL;
    shelf->slot_bytes = 0;
}

void cohl_shelf_close(cohl_shelf *shelf)
{
    if (!shelf)
        return;
    free_slot(shelf);
    for (int i = 0; i < shelf->params->count; i++)
        drop(shelf, i);
    if (shelf->own_room)
        cohl_room_free(shelf->room);
    free(shelf);
}

cohl_status cohl_shelf_keep(cohl_shelf *shelf, int first, int count, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (int i = first; i < first + count && !st; i++)
        st = hold(shelf, i, KEPT, err);
    return st;
}

/* ---- passes -------------------------------------------------------------- */

void cohl_shelf_begin(cohl_shelf *shelf)
{
    if (!shelf)
        return;
    pthread_mutex_lock(&shelf->room->lock);
    for (int i = shelf->params->count; i-- > 0 && shelf->room->used > shelf->room->limit;)
        if (shelf->item[i].at == HELD)
            drop(shelf, i);
}

void cohl_shelf_end(cohl_shelf *shelf)
{
    if (!shelf)
        return;
    free_slot(shelf);
    pthread_mutex_unlock(&shelf->room->lock);
}

/* The slot, empty and large enough. */
static cohl_status clear_slot(cohl_shelf *shelf, size_t bytes, cohl_error *err)
{
    cohl_ctx *ctx = shelf->params->ctx;
    if (bytes > shelf->slot_bytes)
        free_slot(shelf);
    for (int i = 0; i < shelf->params->count; i++)
        if (shelf->item[i].at == IN_SLOT)
            drop(shelf, i);
    if (!shelf->slot && !(shelf->slot = ctx->backend->alloc(ctx, bytes)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no room for a layer's parameters (%zu bytes)", bytes);
    shelf->slot_bytes = bytes > shelf->slot_bytes ? bytes : shelf->slot_bytes;
    return COHL_OK;
}

/* What of a group is not there. */
static size_t missing(const cohl_shelf *shelf, int first, int count)
{
    size_t bytes = 0;
    for (int i = first; i < first + count; i++)
        bytes += shelf->item[i].at == AWAY ? cohl_shelf_bytes(shelf, i, 1) : 0;
    return bytes;
}

static cohl_status bring_to_slot(cohl_shelf *shelf, int first, int count, size_t bytes, cohl_error *err)
{
    char *at;
    cohl_status st = clear_slot(shelf, bytes, err);
    if (st)
        return st;
    at = shelf->slot;
    for (int i = first; i < first + count; i++) {
        if (shelf->item[i].at != AWAY)
            continue;
        shelf->params->item[i].tensor->data = at;
        shelf->item[i].at = IN_SLOT;
        at += tensor_bytes(shelf->params->item[i].tensor);
        fill(shelf, i);
    }
    return COHL_OK;
}

cohl_status cohl_shelf_bring(cohl_shelf *shelf, int first, int count, cohl_error *err)
{
    cohl_status st = COHL_OK;
    size_t bytes = shelf ? missing(shelf, first, count) : 0;
    if (!bytes)
        return COHL_OK;
    if (shelf->room->used > shelf->room->limit || bytes > shelf->room->limit - shelf->room->used)
        st = bring_to_slot(shelf, first, count, bytes, err);
    for (int i = first; i < first + count && !st; i++)
        if (shelf->item[i].at == AWAY)
            st = hold(shelf, i, HELD, err);
    return st ? st : cohl_guard_check(err);
}

void cohl_shelf_ahead(cohl_shelf *shelf, int first, int count)
{
    for (int i = first; shelf && i < first + count; i++)
        if (shelf->item[i].at == AWAY)
            cohl_weights_ahead(shelf->weights, shelf->item[i].weight);
}

void cohl_shelf_yield(cohl_shelf *shelf, cohl_shelf *next)
{
    if (!shelf || !next)
        return;
    assert(shelf->room == next->room);
    cohl_shelf_begin(shelf);
    size_t bytes = missing(next, 0, next->params->count), limit = shelf->room->limit;
    for (int i = 0; i < shelf->params->count && (shelf->room->used > limit || bytes > limit - shelf->room->used); i++)
        if (shelf->item[i].at == HELD)
            drop(shelf, i);
    cohl_shelf_end(shelf);
}
