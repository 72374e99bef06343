/* fold.h - a text as words that cannot hide: folded, with the place each came from.
 *
 * Compatibility forms, case and accents are undone (Unicode NFKD and case folding, by utf8proc);
 * signs without width are dropped; letters of other scripts that look like Latin ones become
 * Latin. Digits and signs that stand for letters ("H4rry", "n@ked") stay in the word: reading.h
 * knows what they may mean. */
#ifndef COHL_SAFETY_FOLD_H
#define COHL_SAFETY_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { POLICY_WORD_MAX = 40 };      /* bytes of a folded word; what is longer goes on as the next word */

typedef struct policy_token {
    uint32_t from, to;              /* bytes of the text it stands for             */
    uint32_t letters;               /* where its folded bytes begin in ->letters   */
    uint8_t  size;                  /* folded bytes                                */
    bool     capital;               /* begins with a capital letter                */
    bool     first;                 /* begins a sentence or the text               */
    bool     signs;                 /* has digits or signs among its letters       */
    bool     close;                 /* only spaces, dots, dashes or underscores stand before it */
} policy_token;

typedef struct policy_fold {
    policy_token *token;
    uint32_t      count, room;
    char         *letters;          /* all folded bytes, one after the other       */
    uint32_t      letters_size, letters_room;
} policy_fold;

/* Starts as { 0 }; used again and again, it keeps its memory.
 *
 * COHL_ERR_ARGUMENT  not UTF-8: the sentence says at which byte */
cohl_status policy_fold_text(policy_fold *fold, const char *text, size_t size, cohl_error *err);
void policy_fold_free(policy_fold *fold);

static inline const char *policy_letters(const policy_fold *fold, const policy_token *t)
{
    return fold->letters + t->letters;
}

/* The Latin letter that a sign looks like, or the sign itself. */
uint32_t policy_confusable(uint32_t sign);

#endif
