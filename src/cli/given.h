/* given.h - options that give film: --extend, --fill --gap, --between, ..., as a request's fields. */
#ifndef COHL_CLI_GIVEN_H
#define COHL_CLI_GIVEN_H

#include "cohl/cohl.h"

/* What was typed; NULL, 0 or false where nothing was. */
typedef struct cohl_given_options {
    const char *extend, *extend_before, *fill, *gap, *between[2], *blend[2], *remix;
    double      strength;
    bool        loop;
} cohl_given_options;

/* Was a film named? */
bool        cohl_given_typed(const cohl_given_options *typed);
/* Over what stands in the request. COHL_ERR_ARGUMENT: two ways at once, or a gap that is none. */
cohl_status cohl_given_lay_over(cohl_request *request, const cohl_given_options *typed, cohl_error *err);

#endif
