/* phrases.h - sentences drawn from a grammar of slots.
 *
 * A pattern is text with slots: "{a cook|a baker} {cuts} bread". A slot is a choice between words, or the
 * name of a set of such words; both may hold slots again. One pattern stands for thousands of lines,
 * of which learning (learn.h) draws some. */
#ifndef COHL_SAFETY_PHRASES_H
#define COHL_SAFETY_PHRASES_H

#include <jansson.h>

#include "base/rng.h"
#include "base/status.h"

enum { POLICY_PHRASES_DEPTH_MAX = 8 };

/* Draw one line; sets is an object of texts "a|b|c" by name. *out is the caller's to free().
 *
 * COHL_ERR_FORMAT  a slot that names no set and holds no choice, a brace without its other one, or slots more than
 *                  POLICY_PHRASES_DEPTH_MAX deep
 * COHL_ERR_MEMORY  */
cohl_status policy_phrases_draw(char **out, const json_t *sets, const char *pattern, cohl_rng *rng, cohl_error *err);

#endif
