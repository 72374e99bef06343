/* policy_inside.h - the inside of a policy; for safety/ only. */
#ifndef COHL_SAFETY_POLICY_INSIDE_H
#define COHL_SAFETY_POLICY_INSIDE_H

#include "safety/classifier.h"
#include "safety/pack.h"
#include "safety/policy.h"
#include "safety/proper.h"

typedef enum policy_log { POLICY_LOG_ON, POLICY_LOG_OFF, POLICY_LOG_TEXT } policy_log;

struct cohl_policy {
    policy_packs       packs;
    policy_proper      proper;
    policy_classifier *classifier;      /* NULL: the folder has none */
    int                mask;            /* class of what only looks like harm */
    int               *by_origin;       /* entries counted by origin, with their names */
    const char       **origin;
    int                origin_count;
    char              *own;             /* the operator's folder, NULL = none */
    policy_log         log;
};

/* Read a text as far as rules see it: folded, matched, names found, masks applied. */
cohl_status policy_look(const cohl_policy *policy, policy_reading *reading, const char *text, size_t size,
                        cohl_error *err);

#endif
