/* consents.h - whose consent the given pictures and films need, and have. For engine/ only.
 *
 * Each face that is seen in them must be near one that a consent in force is for (protect/consent.h). A film that this
 * installation made needs no new one: it needs those that it was made with, still in force. Without the networks that
 * see faces nothing is asked (docs/checks.md). */
#ifndef COHL_ENGINE_CONSENTS_H
#define COHL_ENGINE_CONSENTS_H

#include "cohl/cohl.h"
#include "protect/consent.h"

enum { ENGINE_CONSENTS_MOST = 16 };

typedef struct engine_consents {
    char id[ENGINE_CONSENTS_MOST][COHL_CONSENT_ID];
    int  count;
} engine_consents;

typedef struct engine_consents_params {
    cohl_store          *ledger;    /* NULL: none, so nobody consents */
    cohl_workers        *workers;   /* for the networks; NULL: one thread */
    const volatile bool *cancel;    /* or NULL                        */
} engine_consents_params;

/* request with the digests of its files.
 *
 * COHL_ERR_REFUSED   a face without consent, or a consent that was revoked: the sentence says which
 * COHL_ERR_CANCELLED *params->cancel became true
 * COHL_ERR_ARGUMENT  more than ENGINE_CONSENTS_MOST persons */
cohl_status engine_consents_ask(engine_consents *out, const cohl_request *request, const engine_consents_params *params,
                                cohl_error *err);

#endif
