/* ingredient.h - what a film was made from, as its credentials will tell it.
 *
 * Read before any work, and kept: the file may change or vanish while the film is made. What
 * it carries is validated then, and the findings travel with the new film (C2PA specification
 * 2.2, section 18.16). */
#ifndef COHL_PROVENANCE_INGREDIENT_H
#define COHL_PROVENANCE_INGREDIENT_H

#include "base/text.h"
#include "provenance/certificate.h"
#include "provenance/hash.h"

typedef enum cohl_relationship {
    COHL_PARENT,        /* this film is an edit of it: extended, cut, coded again; at most one */
    COHL_COMPONENT,     /* it stands in this film: blended in, placed beside                   */
    COHL_INPUT,         /* the model looked at it: a first picture, a reference                */
} cohl_relationship;

/* "parentOf", ... */
const char *cohl_relationship_name(cohl_relationship relationship);

typedef struct cohl_ingredient cohl_ingredient;

/* trust: whose credentials count as trusted in the findings; borrowed for the call.
 * COHL_ERR_IO  it cannot be opened. A file without credentials, or with broken ones, is an
 *              ingredient all the same: that is told too. */
cohl_status cohl_ingredient_read(cohl_ingredient **out, const char *path, cohl_relationship relationship,
                                 const cohl_trust *trust, cohl_error *err);
void cohl_ingredient_free(cohl_ingredient *ingredient);

cohl_relationship cohl_ingredient_relationship(const cohl_ingredient *ingredient);
/* Says of itself that all of it was made by a model. */
bool cohl_ingredient_is_generated(const cohl_ingredient *ingredient);

/* Append the assertion's CBOR. */
void cohl_ingredient_put(const cohl_ingredient *ingredient, cohl_text *out);
/* Append its manifests, but for those that `out` holds from `start` on.
 * COHL_ERR_FORMAT  another manifest of the same name stands there */
cohl_status cohl_ingredient_put_manifests(const cohl_ingredient *ingredient, cohl_text *out, size_t start,
                                          cohl_error *err);

#endif
