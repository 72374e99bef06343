/* status.h - one status, one sentence.
 *
 * What can fail returns cohl_status (COHL_OK is zero) and takes a cohl_error
 * last. The sentence is written once, where the cause is known: which thing,
 * what was expected, what was found. Everyone above passes it on untouched. */
#ifndef COHL_BASE_STATUS_H
#define COHL_BASE_STATUS_H

typedef enum cohl_status {
    COHL_OK = 0,
    COHL_ERR_ARGUMENT,   /* the caller asked for something impossible        */
    COHL_ERR_FORMAT,     /* bytes from outside are not what they claim to be */
    COHL_ERR_IO,         /* the system refused: missing, read-only, full     */
    COHL_ERR_MEMORY,     /* no room, in memory or in an arena                */
    COHL_ERR_UNSUPPORTED,/* right, but this build or model cannot            */
    COHL_ERR_CANCELLED,  /* the caller asked to stop                         */
    COHL_ERR_REFUSED,    /* a check or a policy said no                      */
} cohl_status;

typedef struct cohl_error {
    cohl_status status;
    char        text[512];
} cohl_error;

/* Write the sentence and return the status. err may be NULL. */
cohl_status cohl_fail(cohl_error *err, cohl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The status as one lower-case word, for logs and JSON: "argument". */
const char *cohl_status_name(cohl_status status);

#endif
