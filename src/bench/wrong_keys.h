/* wrong_keys.h - is a film found by keys that did not mark it?
 *
 * A film's cells are read once, at every place where the detector would look; a key then costs its signs and
 * one product a place. Each of the many keys is asked for its presence cells; some are asked by the whole
 * detector, codewords included. */
#ifndef COHL_BENCH_WRONG_KEYS_H
#define COHL_BENCH_WRONG_KEYS_H

#include "provenance/mark_find.h"

typedef struct cohl_wrong_keys cohl_wrong_keys;

typedef struct cohl_wrong_answer {
    int    clips, keys, found;           /* found: pairs of a clip and a key with a bound of at most `limit` */
    int    whole_keys, whole_found;      /* the same, of those that the whole detector was asked about       */
    double strongest;                    /* the least log10 bound of all                                     */
} cohl_wrong_answer;

cohl_status cohl_wrong_keys_new(cohl_wrong_keys **out, cohl_error *err);
void cohl_wrong_keys_free(cohl_wrong_keys *w);

/* A film, by a mark reader's sum. */
cohl_status cohl_wrong_keys_add(cohl_wrong_keys *w, const float *sum, cohl_error *err);

/* `keys` keys that no film has; limit: log10 of the bound under which a film counts as found. */
cohl_status cohl_wrong_keys_try(cohl_wrong_answer *answer, const cohl_wrong_keys *w, int keys, double limit, cohl_error *err);

#endif
