/* proper.h - names that no list has: words with capitals in a row.
 *
 * What matters is not who it is but that somebody is named: "in the style of Jane Roe", "my
 * neighbour Paul Lefevre". Two classes come out of it: "name.full" (two words and more) and
 * "name.single" (one, not at the start of a sentence). Places, movements, months and the names of
 * classes "term", "free:..." and "free-short:..." are not taken for names. */
#ifndef COHL_SAFETY_PROPER_H
#define COHL_SAFETY_PROPER_H

#include "safety/reading.h"

typedef struct policy_proper {
    int  full, single, particle;      /* classes: what is found, and "de", "van", ... */
    int *not_name;                    /* classes that cannot be part of a name        */
    int  not_name_count;
} policy_proper;

/* Add what is found to a sorted reading (it is then to be sorted again). text is what was read. */
void policy_proper_find(const policy_proper *proper, policy_reading *reading, const policy_lexicon *lexicon,
                        const char *text);

#endif
