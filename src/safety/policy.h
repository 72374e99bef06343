/* policy.h - may this be made? Asked before any work, answered with reasons.
 *
 *     cohl_policy *policy;
 *     cohl_policy_answer answer;
 *     if ((st = cohl_policy_open(&policy, NULL, err))) return st;
 *     st = cohl_policy_check(policy, COHL_POLICY_PROMPT, text, strlen(text), &answer, err);
 *     if (!st && answer.refused) puts(answer.reason[0].code);
 *     cohl_policy_close(policy);
 *
 * A text is folded (fold.h), read with everything its words may mean (reading.h), and asked by
 * the rules of each pack (rule.h); a small linear classifier looks for what no list has. The same
 * packs and the same text give the same answer everywhere. A policy is read-only after it was
 * opened and may be asked by several threads. */
#ifndef COHL_SAFETY_POLICY_H
#define COHL_SAFETY_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct cohl_policy cohl_policy;

typedef struct cohl_policy_params {
    const char *folder;     /* the packs that ship            (NULL: share/cohl/policy, found by the program's place) */
    const char *own;        /* packs and settings of the operator; a folder that is not there is fine (NULL: none)    */
} cohl_policy_params;

/* Read the packs. params may be NULL.
 *
 * COHL_ERR_IO      the packs that ship are not there
 * COHL_ERR_FORMAT  a pack is broken: the sentence says which and where */
cohl_status cohl_policy_open(cohl_policy **out, const cohl_policy_params *params, cohl_error *err);
/* NULL is fine. */
void cohl_policy_close(cohl_policy *policy);

/* ---- asking -------------------------------------------------------------- */

typedef enum cohl_policy_kind {
    COHL_POLICY_PROMPT   = 1,
    COHL_POLICY_NEGATIVE = 2,     /* what guidance leads away from: "clothes" there is a wish too */
    COHL_POLICY_NAME     = 4,     /* a file's name or a title */
} cohl_policy_kind;

enum { COHL_POLICY_REASONS_MAX = 8, COHL_POLICY_BYTES_MAX = 4 << 20 };

/* Why. Strings but words live as long as the policy. */
typedef struct cohl_policy_reason {
    const char *category;         /* "style"                              */
    const char *code;             /* "style.named": stable, for machines  */
    const char *why;              /* a sentence                           */
    const char *instead;          /* neutral wording, NULL = there is none */
    char        words[200];       /* of the text, that met it             */
} cohl_policy_reason;

typedef struct cohl_policy_answer {
    bool               refused;
    int                reason_count;
    cohl_policy_reason reason[COHL_POLICY_REASONS_MAX];
} cohl_policy_answer;

/* Ask about one text.
 *
 * COHL_ERR_ARGUMENT  not UTF-8, or longer than COHL_POLICY_BYTES_MAX */
cohl_status cohl_policy_check(const cohl_policy *policy, cohl_policy_kind kind, const char *text, size_t size,
                              cohl_policy_answer *answer, cohl_error *err);

/* Ask about the cards of a storyboard: each alone, and all joined, because harm may only show in
 * their order. *card is which one refused, -1 = only all together. */
cohl_status cohl_policy_check_cards(const cohl_policy *policy, const char *const *cards, int count,
                                    cohl_policy_answer *answer, int *card, cohl_error *err);

/* COHL_ERR_REFUSED with one sentence: category, code, words, and neutral wording if there is any.
 * what is what was asked about: "prompt". */
cohl_status cohl_policy_refuse(const cohl_policy_answer *answer, const char *what, cohl_error *err);

/* ---- what it is made of -------------------------------------------------- */

typedef struct cohl_policy_pack {
    const char *name, *version, *about, *path, *sha256;
    int         entries, rules, bundles;
} cohl_policy_pack;

int cohl_policy_pack_count(const cohl_policy *policy);
cohl_policy_pack cohl_policy_pack_at(const cohl_policy *policy, int index);

/* Names of shipped packs that the operator took away: 0, 1, ... until NULL. */
const char *cohl_policy_removed_at(const cohl_policy *policy, int index);

/* Entries by origin: 0, 1, ... until false; most first. */
bool cohl_policy_origin(const cohl_policy *policy, int index, const char **origin, int *entries);

#endif
