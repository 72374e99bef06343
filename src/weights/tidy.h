/* tidy.h - from the tensors that files hold to those a network names.
 *
 * In this order: the asked part by its prefix, scales to what they scale, the
 * original release's names (names.h), thirds of a matrix to one, extras away.
 * What is made on the way belongs to the list. */
#ifndef COHL_WEIGHTS_TIDY_H
#define COHL_WEIGHTS_TIDY_H

#include "base/status.h"
#include "weights/weights.h"

typedef struct cohl_weight_list {
    cohl_weight       *item;        /* [count], owned; their names and values are the sources' or kept */
    size_t             count;
    void             **kept;
    size_t             kept_count, kept_room;
    const cohl_naming *naming;      /* that the files were in */
} cohl_weight_list;

/* COHL_ERR_FORMAT  a scale that does not fit; eight-bit values whose scales are missing; two tensors
 *                  that become one; path is for sentences.
 * Afterwards sorted by name, each name once. */
cohl_status cohl_weight_list_tidy(cohl_weight_list *list, cohl_part part, const char *path, cohl_error *err);
void        cohl_weight_list_free(cohl_weight_list *list);

/* Memory that lives as long as the list; NULL when there is none. */
void *cohl_weight_list_keep(cohl_weight_list *list, size_t bytes);

/* scaled.c: give eight-bit tensors their scales. Sorted by name. */
cohl_status cohl_weight_list_scale(cohl_weight_list *list, const char *path, cohl_error *err);
cohl_weight *cohl_weight_list_find(const cohl_weight_list *list, const char *name);

/* The list of open weights, for what lays changes over them before anyone reads (lora.h). */
cohl_weight_list *cohl_weights_list(cohl_weights *weights);

#endif
