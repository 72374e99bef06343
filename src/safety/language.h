/* language.h - which of the two languages a text is in, by its small words.
 *
 * "pain" is bread in French, "four" an oven, "sang" blood, and without accents "thé" is "the". A
 * list that says its language is left out of texts that are plainly in the other one. */
#ifndef COHL_SAFETY_LANGUAGE_H
#define COHL_SAFETY_LANGUAGE_H

#include "safety/fold.h"

typedef enum policy_language { POLICY_EITHER, POLICY_IS_ENGLISH, POLICY_IS_FRENCH } policy_language;

/* The language with more small words ("the", "with"; "une", "dans"); POLICY_EITHER where it is a draw. */
policy_language policy_language_of(const policy_fold *fold);

#endif
