/* given.c - the ways in which film is given. */
#include "engine/given.h"

#include <string.h>

#include "base/text.h"

const given_kind given_kinds[] = {
    { COHL_GIVEN_EXTEND,        "extend",        "go on after a film",              1, false, true,  false },
    { COHL_GIVEN_EXTEND_BEFORE, "extend-before", "make what comes before a film",   1, true,  false, false },
    { COHL_GIVEN_FILL,          "fill",          "fill a gap",                      1, true,  false, false },
    { COHL_GIVEN_BETWEEN,       "between",       "lead from one film to another",   2, true,  false, false },
    { COHL_GIVEN_BLEND,         "blend",         "blend two films",                 2, true,  false, true  },
    { COHL_GIVEN_REMIX,         "remix",         "remix a film",                    1, false, false, true  },
    { COHL_GIVEN_NOTHING,       NULL,            NULL,                              0, false, false, false },
};

const given_kind *given_kind_of(cohl_given given)
{
    for (const given_kind *k = given_kinds; k->name; k++)
        if (k->given == given)
            return k;
    return NULL;
}

const given_kind *given_kind_named(const char *name)
{
    for (const given_kind *k = given_kinds; k->name; k++)
        if (name && !strcmp(k->name, name))
            return k;
    return NULL;
}

static bool may_be(bool first, bool any, const cohl_known_kind *known)
{
    bool knows = known->by_time || known->by_condition;
    return any ? knows && known->anywhere : !first || knows;
}

static cohl_status refuse(const char *does, const char *model, const cohl_known_kind *known, cohl_error *err)
{
    cohl_text can = { 0 };
    for (const given_kind *k = given_kinds; k->name; k++)
        if (may_be(k->first, k->any, known))
            cohl_text_addf(&can, "%s%s", can.size ? ", " : "", k->does);
    if (may_be(true, false, known))
        cohl_text_add(&can, ", begin from a picture");
    cohl_status st = cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s cannot %s: it takes %s (known = %s); what it can: %s",
                               model, does, known->about, known->name, can.data ? can.data : "words alone");
    cohl_text_free(&can);
    return st;
}

cohl_status given_allowed(const cohl_request *r, const char *model, const cohl_known_kind *known, cohl_error *err)
{
    const given_kind *kind = given_kind_of(r->given);
    if (kind && !may_be(kind->first, kind->any, known))
        return refuse(kind->does, model, known, err);
    if (r->loop && !may_be(false, true, known))
        return refuse("make a loop", model, known, err);
    if (r->last_image && !may_be(false, true, known))
        return refuse("end in a picture", model, known, err);
    if (r->image && !may_be(true, false, known))
        return refuse("begin from a picture", model, known, err);
    return COHL_OK;
}
