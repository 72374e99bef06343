/* score.h - a policy measured on labelled prompts.
 *
 * A file has a JSON object a line: "text", "label" ("allow" or "refuse"), "category", "lang", and
 * "source" ("seed": the lines of the press, each of which must be right). Categories of allowed
 * lines that begin with "near_" look like a reason to refuse and are none. */
#ifndef COHL_SAFETY_SCORE_H
#define COHL_SAFETY_SCORE_H

#include <jansson.h>

#include "safety/policy.h"

/* The floors that a policy must reach; a category without lines has none. */
typedef struct cohl_policy_score {
    json_t *json;          /* {"recall":{CATEGORY:{"right","of","low","high"}},"over_refusal":{...},
                              "by_language":{LANGUAGE:{"recall","over_refusal"}},"ok"} */
    bool    ok;            /* no floor is missed */
    json_t *misses;        /* [{"line","text","label","category","code"}] */
    double  slowest_ms, mean_ms;
    int     lines;
} cohl_policy_score;

/* COHL_ERR_IO      the file cannot be read
 * COHL_ERR_FORMAT  a line is not what is described above: the sentence says which */
cohl_status cohl_policy_score_file(cohl_policy_score *out, const cohl_policy *policy, const char *path, cohl_error *err);
void cohl_policy_score_free(cohl_policy_score *score);

/* As lines for a person, floors beside the shares. */
void cohl_policy_score_print(const cohl_policy_score *score);

#endif
