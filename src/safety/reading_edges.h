/* reading_edges.h - between reading.c (the edges) and match.c (the phrases walked over them). */
#ifndef COHL_SAFETY_READING_EDGES_H
#define COHL_SAFETY_READING_EDGES_H

#include "safety/reading.h"

/* Fill ->first and ->edge from ->fold; false when memory is out. */
bool policy_read_edges(policy_reading *reading, const policy_lexicon *lexicon);

#endif
