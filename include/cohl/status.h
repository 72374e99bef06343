/* status.h - one status, one sentence.
 *
 * What can fail returns cohl_status (COHL_OK is zero) and takes a cohl_error
 * last (NULL is fine). The sentence says which thing, what was expected, what
 * was found; it is whole, without a newline, and meant to be shown. */
#ifndef COHL_STATUS_H
#define COHL_STATUS_H

#if defined(__GNUC__)
#define COHL_API __attribute__((visibility("default")))
#else
#define COHL_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

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

/* The status as one lower-case word, for logs and JSON: "argument". */
COHL_API const char *cohl_status_name(cohl_status status);

#ifdef __cplusplus
}
#endif
#endif
