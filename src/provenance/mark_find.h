/* mark_find.h - are the marks in this film, and how sure is that?
 *
 *     cohl_mark_answer public, private;
 *     st = cohl_mark_find(&public, &private, cohl_mark_reader_sum(reader), &keys, err);
 *     if (private.log10_bound <= -6) ...
 *
 * The bound. Let x be the values of a mark's cells, read without its key, and s the key's signs.
 * Who made the film without the key made it independently of s, so Z = sum s_i x_i / |x| is a sum
 * of independent terms of mean 0, and P(Z >= t) <= exp(-t^2 / 2) for whatever x there is
 * (Hoeffding 1963, theorem 2). Several hypotheses h (geometries, keys, codewords) are tried, each
 * with a share p_h of the risk, all shares together at most 1: the chance that any of them reaches
 * exp(-Z_h^2 / 2) / p_h <= a is at most a. So log10_bound, the least of these as a power of ten, is a
 * bound on the false-positive probability; docs/watermark.md has the shares and the proof. For the
 * public mark it holds for films whose makers did not use the public key, which anyone can. */
#ifndef COHL_PROVENANCE_MARK_FIND_H
#define COHL_PROVENANCE_MARK_FIND_H

#include "provenance/mark_search.h"

typedef struct cohl_mark_answer {
    double             log10_bound;      /* of the false-positive probability; 0: nothing was found */
    double             z;                /* of the presence cells, or of the public ones            */
    cohl_mark_geometry geometry;
    int                key;              /* number of the key; 0: the public one                    */
    bool               has_identifier;   /* private: the identifier could be read                   */
    uint64_t           identifier;
    bool               searched;         /* the picture had to be searched                          */
} cohl_mark_answer;

/* keys may have none: private is then 0. sum is a reader's. Without search only where the canvas is the whole picture,
 * plain or turned: a thousand times sooner where no mark is. */
cohl_status cohl_mark_find(cohl_mark_answer *public_answer, cohl_mark_answer *private_answer, const float *sum,
                           const cohl_mark_keys *keys, bool search, cohl_error *err);

/* A place where a private mark is looked for, and its share of the risk of one key. */
typedef struct cohl_mark_hypothesis {
    cohl_mark_geometry geometry;
    double             log_share;        /* natural logarithm */
} cohl_mark_hypothesis;

enum { COHL_MARK_HYPOTHESES = 4 + COHL_MARK_PLACES };

/* All of them in a film, searched ones too. They follow from the film and the public key alone: cells read at
 * them once can be asked with many keys. count is at most COHL_MARK_HYPOTHESES. */
cohl_status cohl_mark_hypotheses(cohl_mark_hypothesis list[COHL_MARK_HYPOTHESES], int *count, const float *sum,
                                 cohl_error *err);

/* The bound that presence cells with this z give under a hypothesis. */
double cohl_mark_presence_bound(double z, const cohl_mark_hypothesis *hypothesis);

#endif
