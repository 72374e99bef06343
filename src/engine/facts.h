/* facts.h - what a film's credentials will tell, as far as the engine knows it. */
#ifndef COHL_ENGINE_FACTS_H
#define COHL_ENGINE_FACTS_H

#include "cohl/cohl.h"
#include "deliver/door.h"
#include "engine/consents.h"
#include "safety/policy.h"

enum { ENGINE_SOURCES_MOST = 4 };

/* For the door's params; starts as { 0 }. */
typedef struct engine_facts {
    char            *json;               /* the policies that were asked; the prompt, if wanted */
    cohl_door_source source[ENGINE_SOURCES_MOST];
    int              source_count;
    char             description[64];    /* of what was done to a given film; "" without one    */
} engine_facts;

/* What besides the request stands in them. */
typedef struct engine_facts_params {
    bool prompt;        /* its words                                                     */
    bool unchecked;     /* that weights from outside ran without the networks (origin.h) */
    const engine_consents *consents;   /* of those who are shown in what is given         */
} engine_facts_params;

/* request is borrowed until free. */
cohl_status engine_facts_gather(engine_facts *out, const cohl_policy *policy, const cohl_request *request,
                                const engine_facts_params *params, cohl_error *err);
void engine_facts_free(engine_facts *facts);

#endif
