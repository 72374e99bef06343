/* given.h - the ways in which film is given, as a table that check, recipe and help walk. */
#ifndef COHL_ENGINE_GIVEN_H
#define COHL_ENGINE_GIVEN_H

#include <stdbool.h>

#include "cohl/cohl.h"
#include "diffusion/known.h"

typedef struct given_kind {
    cohl_given  given;
    const char *name;      /* in recipes: "extend-before"                         */
    const char *does;      /* "go on before a film", ends "it cannot ..."         */
    int         clips;
    bool        any;       /* frames other than the first are known               */
    bool        first;     /* the first is                                        */
    bool        remakes;   /* a strength is read                                  */
} given_kind;

/* Ends with name NULL; COHL_GIVEN_NOTHING is not among them. */
extern const given_kind given_kinds[];

const given_kind *given_kind_of(cohl_given given);           /* NULL: nothing is given  */
const given_kind *given_kind_named(const char *name);        /* NULL: there is none     */

/* COHL_ERR_UNSUPPORTED: this model cannot; the sentence says what it can. */
cohl_status given_allowed(const cohl_request *request, const char *model, const cohl_known_kind *known,
                          cohl_error *err);

#endif
