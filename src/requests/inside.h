/* inside.h - what the files of this room share. */
#ifndef COHL_REQUESTS_INSIDE_H
#define COHL_REQUESTS_INSIDE_H

#include "base/text.h"
#include "requests/case.h"

/* COHL_ERR_ARGUMENT when there is no such case. */
cohl_status case_state(cohl_case_state *out, cohl_store *store, int64_t number, cohl_error *err);
bool        case_kind_find(cohl_case_kind *out, const char *name);

/* Undo a case's effects, then carry out a decision's; inside the transaction of the decision. picture: the
 * trace of what it protects, empty where it names none. *told: {"blocked": [...], "descendants": [...],
 * "words": [...], "protected": [...]}, new reference. */
cohl_status case_effects(json_t **told, cohl_store *store, int64_t number, const cohl_case_decision *decision,
                         const cohl_text *picture, int64_t now, cohl_error *err);

/* "a, b ,, c" -> ["a", "b", "c"]; NULL gives an empty array. */
json_t *case_words(const char *text);

/* The policy pack as text, new memory; NULL: it would be empty. */
cohl_status case_pack_text(char **out, cohl_store *store, cohl_error *err);
/* Where it stands, new memory. folder as cohl_case_write_pack. */
cohl_status case_pack_path(char **out, const char *folder, cohl_error *err);

#endif
