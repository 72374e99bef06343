/* rule.h - what classes of phrases mean together.
 *
 * A rule refuses where each of its slots is met, near each other: {violence} x {body}. A bundle
 * refuses where enough traits of one description are met, out of several slots: who, wears,
 * holds, does, where. Both are read from packs. */
#ifndef COHL_SAFETY_RULE_H
#define COHL_SAFETY_RULE_H

#include "safety/reading.h"

enum { POLICY_SLOTS_MAX = 8, POLICY_NEAR_USUAL = 12, POLICY_BUNDLE_NEAR_USUAL = 48, POLICY_BEFORE = 3 };

/* Which texts a rule reads. */
typedef enum policy_scope { POLICY_PROMPT = 1, POLICY_NEGATIVE = 2, POLICY_NAME = 4, POLICY_EVERYWHERE = 7 } policy_scope;

typedef struct policy_slot {
    int   *class_id;           /* any of these */
    float *weight;             /* of a bundle: what a class counts, 0 = what its phrase says; NULL = all 0 */
    int    count;
} policy_slot;

typedef struct policy_rule {
    char       *code, *category, *why, *instead, *origin;   /* instead may be NULL */
    int         pack;                             /* which pack it is of */
    int         slot_count;
    policy_slot slot[POLICY_SLOTS_MAX];
    policy_slot unless, unless_before;            /* near it, or at most three words before a slot, nothing is refused;
                                                     before a trait of a bundle: that trait does not count */
    int         near;                             /* words between the first slot and each other one */
    bool        order;                            /* slots follow each other */
    int         scope;
    bool        bundle;
    float       need;                             /* of a bundle: the sum of the best weight of each slot */
    int         slots_min;
} policy_rule;

/* Where a rule was met: a span of words for each slot that counted. */
typedef struct policy_finding {
    const policy_rule *rule;
    int          span_count;
    policy_match span[POLICY_SLOTS_MAX];
} policy_finding;

/* The first place where the rule is met; false when none is. `joined` is how many texts were put
 * together: a bundle looks that much farther. */
bool policy_rule_find(policy_finding *finding, const policy_rule *rule, const policy_reading *reading, int joined);

void policy_rule_free(policy_rule *rule);

#endif
