/* detect.h - where does this film come from? One verdict from three layers, each with its evidence.
 *
 *     cohl_detection found;
 *     cohl_detect_params params = { .keys = &keys, .ledger = store, .trust = &own_root };
 *     if ((st = cohl_detect(&found, "film.mp4", &params, err))) return st;
 *     puts(cohl_trace_words(found.trace));
 *     cohl_detection_free(&found);
 *
 *     credentials   what the file says of itself, and who signed that    (provenance/verify.h)
 *     marks         what its pixels carry, and how surely                (provenance/mark_find.h)
 *     films         what this installation made and the file looks like  (ledger/films.h)
 *
 * There is no verdict "real": a film without a trace may have lost it, or come from elsewhere. */
#ifndef COHL_PROVENANCE_DETECT_H
#define COHL_PROVENANCE_DETECT_H

#include <jansson.h>

#include "ledger/films.h"
#include "provenance/mark_find.h"
#include "provenance/verify.h"

typedef enum cohl_trace {
    COHL_TRACE_NONE,          /* "no trace found"                  */
    COHL_TRACE_SAYS,          /* "says it is generated"            */
    COHL_TRACE_PUBLIC,        /* "carries Cohl's public mark"      */
    COHL_TRACE_OURS,          /* "made by this installation"       */
} cohl_trace;

const char *cohl_trace_words(cohl_trace trace);

/* A mark counts from here: one chance in a million. */
#define COHL_MARK_COUNTS (-6.0)

/* All of it borrowed for the call. */
typedef struct cohl_detect_params {
    const cohl_mark_keys *keys;      /* of this installation                                  */
    cohl_store           *ledger;    /* NULL: no films are known                              */
    const cohl_trust     *trust;     /* the roots that are this installation's own            */
    const volatile bool  *cancel;    /* NULL, or: stop when it becomes true                   */
    bool                  unsearched;   /* marks only where the canvas fills the picture: unmarked film is told a second sooner */
} cohl_detect_params;

typedef struct cohl_detection {
    cohl_trace         trace;
    cohl_verification  credentials;
    bool               tagged;           /* plain metadata say that Cohl made it                       */
    int                frames;           /* looked at; 0: no pictures could be read                    */
    cohl_error         unseen;           /* why not                                                    */
    cohl_mark_answer   public_mark, private_mark;
    cohl_film_print   *print;            /* its fingerprints, owned                                    */
    int                print_count;
    cohl_film_hits     films;            /* by file, credentials, mark and fingerprint                 */
} cohl_detection;

/* A film or a picture. Broken pictures are no failure while credentials can be looked at.
 * COHL_ERR_IO, COHL_ERR_FORMAT  the file cannot be opened, or holds neither pictures nor credentials
 * COHL_ERR_CANCELLED  *params->cancel became true */
cohl_status cohl_detect(cohl_detection *out, const char *path, const cohl_detect_params *params, cohl_error *err);
/* The same with the keys and the root of this installation. ledger: its films are asked too; NULL: not. */
cohl_status cohl_detect_as_owner(cohl_detection *out, const char *path, cohl_store *ledger, const volatile bool *cancel,
                                 cohl_error *err);
void cohl_detection_free(cohl_detection *detection);

/* {"trace", "credentials": {...}, "marks": {"public": {...}, "private": {...}}, "films": [...]}; new
 * reference, NULL when memory is out. */
json_t *cohl_detection_json(const cohl_detection *detection);

#endif
