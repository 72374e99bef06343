/* learn.h - how the classifier is learned: logistic regression, a category against what is allowed.
 *
 * Each line is judged by weights that did not see it (five parts, each judged by what the other
 * four taught). The threshold of a category stands where `share` of the allowed lines are found by
 * mistake. The weights are then learned from all lines. A line may be a pattern of which several
 * are drawn (phrases.h): {"text": "{a cook|a baker} cuts bread", "draws": 20, ...}, and
 * {"set": "cook", "words": "a cook|a baker"} names words for such slots; what is drawn teaches, but
 * nothing is measured by it. The same lines and the same seed give the same file. */
#ifndef COHL_SAFETY_LEARN_H
#define COHL_SAFETY_LEARN_H

#include <stdint.h>

#include "safety/policy.h"

typedef struct cohl_policy_learned {
    const char *category;
    int         right, of;        /* lines of the category above the threshold, each judged unseen */
    int         wrong, allowed;   /* allowed lines above it, out of how many                      */
} cohl_policy_learned;

enum { COHL_POLICY_LEARNED_MAX = 8 };

/* Learn from files of labelled lines (score.h) and write the weights to `out`; found[] says how well
 * each category was told.
 *
 * COHL_ERR_FORMAT  a file or pattern is broken, or a category has fewer than ten lines */
cohl_status cohl_policy_learn(cohl_policy_learned found[COHL_POLICY_LEARNED_MAX], int *count, const cohl_policy *policy,
                              const char *const *files, int file_count, uint64_t seed, double share, const char *out,
                              cohl_error *err);

#endif
