/* validate.h - is a manifest store right, and what does it say?
 *
 * Findings are codes of the C2PA specification 2.2, section 15.2; a verdict is made of them:
 *
 *     trusted   nothing is wrong, and the signer's chain ends in a root that was given
 *     valid     nothing is wrong, but who signed is not known here
 *     invalid   something is wrong: the file or its credentials were changed, or cut
 *     none      the file carries no credentials                                        */
#ifndef COHL_PROVENANCE_VALIDATE_H
#define COHL_PROVENANCE_VALIDATE_H

#include <jansson.h>

#include "provenance/certificate.h"
#include "provenance/hash.h"

typedef enum cohl_verdict { COHL_NO_CREDENTIALS, COHL_INVALID, COHL_VALID, COHL_TRUSTED } cohl_verdict;

/* "none", ... */
const char *cohl_verdict_name(cohl_verdict verdict);

/* What was found about a store. Each finding is { "code", "url", "text" }; a manifest is
 * { "label", "claim_version", "title", "generator", "signer": {...}, "assertions": [...],
 * "actions": [...], "ingredients": [...], "facts": {...} }, absent where it does not say. */
typedef struct cohl_findings {
    cohl_verdict verdict;
    json_t *failures, *informational, *successes;    /* of the active manifest, the film's own  */
    json_t *ingredient_failures;                     /* of manifests before it, that it did not
                                                        record itself                           */
    json_t *manifests;                               /* array, the active one last              */
} cohl_findings;

/* Empty findings about a file without credentials. */
cohl_status cohl_findings_none(cohl_findings *out, cohl_error *err);

/* file: what the store is about; NULL is a file of no bytes.
 * COHL_ERR_MEMORY  otherwise a broken store is a verdict, no error */
cohl_status cohl_validate(cohl_findings *out, cohl_bytes store, const uint8_t *file, size_t size,
                          const cohl_trust *trust, cohl_error *err);
void cohl_findings_free(cohl_findings *findings);

/* Whether any action of any manifest says that a model made the film or part of it. */
bool cohl_findings_say_generated(const cohl_findings *findings);

#endif
