/* facts.c - what a film's credentials will tell, as far as the engine knows it. */
#include "engine/facts.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/given.h"

static void add_source(engine_facts *facts, const char *path, cohl_relationship relationship)
{
    if (path)
        facts->source[facts->source_count++] = (cohl_door_source){ path, relationship };
}

/* ["violence 2026.11", ...] */
static json_t *pack_names(const cohl_policy *policy)
{
    json_t *list = json_array();
    for (int i = 0; i < cohl_policy_pack_count(policy); i++) {
        cohl_policy_pack pack = cohl_policy_pack_at(policy, i);
        json_array_append_new(list, json_pack("s++", pack.name, " ", pack.version));
    }
    return list;
}

/* NULL where there are none. */
static json_t *consent_ids(const engine_consents *consents)
{
    json_t *list = consents && consents->count ? json_array() : NULL;
    for (int i = 0; list && i < consents->count; i++)
        json_array_append_new(list, json_string(consents->id[i]));
    return list;
}

cohl_status engine_facts_gather(engine_facts *out, const cohl_policy *policy, const cohl_request *request,
                                const engine_facts_params *params, cohl_error *err)
{
    const given_kind *given = given_kind_of(request->given);
    json_t *json = json_pack("{s:o, s:s*, s:o*, s:o*}", "policies", pack_names(policy), "prompt",
                             params->prompt ? request->prompt : NULL, "without_frame_checks",
                             params->unchecked ? json_true() : NULL, "consents", consent_ids(params->consents));
    *out = (engine_facts){ .json = json ? json_dumps(json, JSON_COMPACT) : NULL };
    json_decref(json);
    add_source(out, request->clip[0], COHL_PARENT);
    add_source(out, request->clip[1], COHL_COMPONENT);
    add_source(out, request->image, COHL_INPUT);
    add_source(out, request->last_image, COHL_INPUT);
    if (given)
        snprintf(out->description, sizeof out->description, "%s", given->name);
    return out->json ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for credentials");
}

void engine_facts_free(engine_facts *facts)
{
    free(facts->json);
    *facts = (engine_facts){ 0 };
}
