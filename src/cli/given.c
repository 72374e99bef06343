/* given.c - options that give film, as a request's fields. */
#include "cli/given.h"

#include <stdlib.h>

#include "base/status.h"
#include "base/text.h"

/* "2.0-3.5": seconds of the film. */
static cohl_status read_gap(cohl_request *r, const char *text, cohl_error *err)
{
    char *end;
    r->gap_begin = cohl_text_real(text, &end);
    bool good = end != text && *end == '-';
    const char *second = end + 1;
    if (good) {
        r->gap_end = cohl_text_real(second, &end);
        good = end != second && !*end && r->gap_begin >= 0 && r->gap_end > r->gap_begin;
    }
    if (good)
        return COHL_OK;
    return cohl_fail(err, COHL_ERR_ARGUMENT, "--gap is \"%.40s\", expected two seconds of the film, the first before the "
                     "second, such as 2.0-3.5", text);
}

bool cohl_given_typed(const cohl_given_options *o)
{
    return o->extend || o->extend_before || o->fill || o->between[0] || o->blend[0] || o->remix;
}

cohl_status cohl_given_lay_over(cohl_request *r, const cohl_given_options *o, cohl_error *err)
{
    const struct { cohl_given given; const char *name, *first, *second; } ways[] = {
        { COHL_GIVEN_EXTEND, "--extend", o->extend, NULL },
        { COHL_GIVEN_EXTEND_BEFORE, "--extend-before", o->extend_before, NULL },
        { COHL_GIVEN_FILL, "--fill", o->fill, NULL },
        { COHL_GIVEN_BETWEEN, "--between", o->between[0], o->between[1] },
        { COHL_GIVEN_BLEND, "--blend", o->blend[0], o->blend[1] },
        { COHL_GIVEN_REMIX, "--remix", o->remix, NULL },
    };
    const char *typed = NULL;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (!ways[i].first)
            continue;
        if (typed)
            return cohl_fail(err, COHL_ERR_ARGUMENT, "%s and %s: expected one of the two", typed, ways[i].name);
        typed = ways[i].name;
        r->given = ways[i].given;
        r->clip[0] = ways[i].first, r->clip[1] = ways[i].second;
        r->clip_sha256[0] = r->clip_sha256[1] = NULL;
    }
    if (o->loop)
        r->loop = true;
    if (o->strength > 0)
        r->strength = o->strength;
    if (o->strength > 0 && r->given != COHL_GIVEN_REMIX && r->given != COHL_GIVEN_BLEND)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "--strength goes with --remix or --blend");
    if (r->given == COHL_GIVEN_FILL && !o->gap && !(r->gap_end > 0))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "--fill needs --gap, the seconds to make anew, such as --gap 2.0-3.5");
    if (o->gap && r->given != COHL_GIVEN_FILL)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "--gap goes with --fill FILE");
    return o->gap ? read_gap(r, o->gap, err) : COHL_OK;
}
