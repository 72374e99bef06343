/* status.h - one status, one sentence.
 *
 * What can fail returns cohl_status (COHL_OK is zero) and takes a cohl_error
 * last. The sentence is written once, where the cause is known: which thing,
 * what was expected, what was found. Everyone above passes it on untouched. */
#ifndef COHL_BASE_STATUS_H
#define COHL_BASE_STATUS_H

#include "cohl/status.h"     /* the types: callers of the library see them too */

/* Write the sentence and return the status. err may be NULL. */
cohl_status cohl_fail(cohl_error *err, cohl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
