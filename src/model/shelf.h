/* shelf.h - a network's parameters out of weights that stay open: some are held, the others brought
 * when they are used.
 *
 *     cohl_shelf_open(&shelf, &net->params, ctx, weights, &(cohl_shelf_use){ .room = room }, err);
 *     cohl_shelf_begin(shelf);                                a pass; others wait for it
 *     for each part of the network {
 *         if (cohl_shelf_bring(shelf, first, count, err)) ...  its parameters are there until the next bring
 *         cohl_shelf_ahead(shelf, next, count);                the system reads on meanwhile
 *         ...
 *     }
 *     cohl_shelf_end(shelf);
 *
 * A room is the memory that parameters may take; several networks may share one. Who is brought while
 * there is room stays. The others take turns in one slot, as large as the largest of them, and the
 * file's pages are let go when they are read. A parameter holds the same values either way, so how
 * much room there is changes no result. */
#ifndef COHL_MODEL_SHELF_H
#define COHL_MODEL_SHELF_H

#include "model/params.h"

typedef struct cohl_room cohl_room;

/* limit_bytes: of what is held; SIZE_MAX = all. COHL_ERR_MEMORY. */
cohl_status cohl_room_new(cohl_room **out, size_t limit_bytes, cohl_error *err);
void        cohl_room_free(cohl_room *room);
/* What is held above a lower limit is dropped as passes begin. */
void        cohl_room_limit(cohl_room *room, size_t limit_bytes);

typedef struct cohl_shelf cohl_shelf;

typedef struct cohl_shelf_use {
    cohl_room   *room;       /* borrowed; NULL = one of its own that holds nothing                    */
    cohl_dtype   dtype;      /* as of cohl_params_use; with F32 those that may be narrow and are BF16 as stored
                                are held so, and nothing is lost                                (F32) */
    cohl_surplus surplus;
} cohl_shelf_use;

/* Whether the weights have all parameters, in their shapes; reads no values. params, ctx and weights
 * outlive the shelf. Errors as cohl_params_load. */
cohl_status cohl_shelf_open(cohl_shelf **out, cohl_params *params, cohl_ctx *ctx, const cohl_weights *weights,
                            const cohl_shelf_use *use, cohl_error *err);
void        cohl_shelf_close(cohl_shelf *shelf);     /* before its params are freed; NULL is fine */

/* Bring parameters first..first+count-1 now and keep them, room or not. */
cohl_status cohl_shelf_keep(cohl_shelf *shelf, int first, int count, cohl_error *err);

/* A shelf that is NULL, of a network that is held as a whole, does nothing and has all. */
void        cohl_shelf_begin(cohl_shelf *shelf);
void        cohl_shelf_end(cohl_shelf *shelf);
/* The same groups of parameters every time. COHL_ERR_MEMORY. */
cohl_status cohl_shelf_bring(cohl_shelf *shelf, int first, int count, cohl_error *err);
void        cohl_shelf_ahead(cohl_shelf *shelf, int first, int count);
/* Drop what is held, but for what is kept, if not all of `next` would have room beside it. */
void        cohl_shelf_yield(cohl_shelf *shelf, cohl_shelf *next);

/* Bytes in memory of parameters first..first+count-1 when they are there. */
size_t      cohl_shelf_bytes(const cohl_shelf *shelf, int first, int count);

#endif
