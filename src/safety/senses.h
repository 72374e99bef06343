/* senses.h - words that are used alike.
 *
 * A list says for each common English word two numbers: the coarse and the fine group of words whose
 * company is alike ("stabbed", "beaten" and "wounded" share theirs). The classifier counts groups
 * beside words, so that what it learned of one word holds for its neighbours too. The list is
 * text, a line a word: "stabbed 17 803", in the order of bytes; tools/senses.mjs makes it. */
#ifndef COHL_SAFETY_SENSES_H
#define COHL_SAFETY_SENSES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum { POLICY_SENSES_MAX = 1 << 16 };

typedef struct policy_senses policy_senses;

typedef struct policy_sense { int coarse, fine; } policy_sense;    /* 0..POLICY_SENSES_MAX-1 */

/* COHL_ERR_FORMAT  a line is no word with two numbers, or stands out of order */
cohl_status policy_senses_read(policy_senses **out, const char *path, cohl_error *err);
void policy_senses_free(policy_senses *senses);

/* The groups of a folded word, NULL when the list does not have it. */
const policy_sense *policy_senses_of(const policy_senses *senses, const char *letters, size_t size);

#endif
