/* known.c - what a network is given for the frames that are known. */
#include "diffusion/known.h"

#include <string.h>

static const cohl_known_kind any = {
    "timestep:any", "any frames, at any level", true, false, true
};
static const cohl_known_kind first = {
    "timestep:first", "the first frame, the others at one level", true, false, false
};
static const cohl_known_kind mask = {
    "mask-channels", "any frames, the others at one level", false, true, true
};
static const cohl_known_kind vace = {
    "vace-context", "any frames, the others at one level", false, true, true
};
static const cohl_known_kind none = {
    "none", "no frames, all at one level", false, false, false
};

const cohl_known_kind *const cohl_known_kinds[] = { &any, &first, &mask, &vace, &none, NULL };

const cohl_known_kind *cohl_known_kind_find(const char *name)
{
    for (int i = 0; cohl_known_kinds[i]; i++) {
        if (strcmp(cohl_known_kinds[i]->name, name) == 0)
            return cohl_known_kinds[i];
    }
    return NULL;
}

static cohl_status check_levels(int frames, const float *level, cohl_error *err)
{
    for (int f = 0; f < frames; f++) {
        if (!(level[f] >= 0 && level[f] <= 1))
            return cohl_fail(err, COHL_ERR_ARGUMENT, "latent frame %d: level is %g, expected 0 "
                             "to 1", f, level[f]);
    }
    return COHL_OK;
}

static bool may_be_known(const cohl_known_kind *kind, int frame)
{
    return (kind->by_time || kind->by_condition) && (kind->anywhere || frame == 0);
}

cohl_status cohl_known_map(const cohl_known_kind *kind, int frames, const float *level,
                           float *held, bool *given, cohl_error *err)
{
    cohl_status st = check_levels(frames, level, err);
    float common = -1;                       /* of the frames that are made */

    if (st)
        return st;
    for (int f = 0; f < frames; f++) {
        bool known = level[f] == 0;
        if (!known && common < 0)
            common = level[f];
        if (kind == &any)
            continue;
        if ((known && !may_be_known(kind, f)) || (!known && level[f] != common))
            return cohl_fail(err, COHL_ERR_UNSUPPORTED, "latent frame %d cannot start at level %g "
                             "in this model (known = %s): it takes %s", f, level[f], kind->name,
                             kind->about);
    }
    for (int f = 0; f < frames; f++) {
        given[f] = kind->by_condition && level[f] == 0;
        held[f] = given[f] && common >= 0 ? common : level[f];
    }
    return COHL_OK;
}
