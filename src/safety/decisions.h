/* decisions.h - the log of what the policy decided.
 *
 * One JSON object a line in decisions.jsonl of the operator's folder: when, what was asked about
 * (prompt, negative, name), how long it was, the verdict, category and code, which packs. Not the
 * text, unless settings.json there says {"log": "with text"}; {"log": "off"} writes nothing. */
#ifndef COHL_SAFETY_DECISIONS_H
#define COHL_SAFETY_DECISIONS_H

#include <stdint.h>

#include "safety/policy.h"

/* Append one decision at `now` (seconds since 1970). Does nothing for a policy without a folder of its own.
 * COHL_ERR_IO  the log cannot be written */
cohl_status cohl_policy_note(const cohl_policy *policy, cohl_policy_kind kind, const char *text,
                             const cohl_policy_answer *answer, int64_t now, cohl_error *err);

#endif
