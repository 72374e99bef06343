/* lexicon.h - phrases of classes: a trie over words.
 *
 * A phrase is one or more words; a word may end in * (any ending).
 * A phrase belongs to a class ("person.film", "wound"); rules speak of classes. Words are hashed
 * to numbers once, so that a text is matched by walking numbers. */
#ifndef COHL_SAFETY_LEXICON_H
#define COHL_SAFETY_LEXICON_H

#include "safety/fold.h"

enum { POLICY_WORD_IDS_MAX = 8, POLICY_PHRASE_WORDS_MAX = 12 };

typedef uint32_t policy_word;             /* 0 = none */

/* What a list says of its phrases. */
typedef enum policy_flags {
    POLICY_CAPITAL = 1,       /* counts only where it is written with a capital                   */
    POLICY_EVASION = 2,       /* found also when it is spaced, doubled, glued or split            */
    POLICY_FUZZY   = 4,       /* found also with one letter wrong (long words only)               */
    POLICY_COMMON  = 8,       /* ordinary words: never taken for something misspelt               */
    POLICY_ENGLISH = 16,      /* left out of texts that are plainly French (language.h)           */
    POLICY_FRENCH  = 32,      /* left out of texts that are plainly English                       */
} policy_flags;

typedef struct policy_mark {              /* that a phrase ends here */
    int32_t  class_id;
    uint32_t entry;                       /* two spellings of one name share it   */
    float    weight;
    uint8_t  flags;
    uint8_t  letters, words;              /* of the phrase                        */
    int32_t  next;                        /* another mark at the same place, -1   */
} policy_mark;

typedef struct policy_lexicon policy_lexicon;

policy_lexicon *policy_lexicon_new(void);
void policy_lexicon_free(policy_lexicon *lexicon);

/* The number of a class, made when it is new; -1 when memory is out. */
int policy_lexicon_class(policy_lexicon *lexicon, const char *name);
int policy_lexicon_class_count(const policy_lexicon *lexicon);
const char *policy_lexicon_class_name(const policy_lexicon *lexicon, int class_id);

/* Add a phrase; mark->next, letters and words are filled in.
 * COHL_ERR_FORMAT  no words, or more than POLICY_PHRASE_WORDS_MAX */
cohl_status policy_lexicon_add(policy_lexicon *lexicon, const char *phrase, policy_mark mark, cohl_error *err);

/* Numbers of a folded word: itself, and each beginning that a phrase has with *. */
int policy_lexicon_words(const policy_lexicon *lexicon, const char *letters, size_t size,
                         policy_word id[POLICY_WORD_IDS_MAX]);
/* The word alone, without beginnings; 0 when no phrase has it. */
policy_word policy_lexicon_word(const policy_lexicon *lexicon, const char *letters, size_t size);
uint8_t policy_lexicon_word_flags(const policy_lexicon *lexicon, policy_word word);
/* The word whose doubled letters collapse to these (already collapsed) letters; 0 when none. */
policy_word policy_lexicon_collapsed(const policy_lexicon *lexicon, const char *letters, size_t size);
/* A word marked POLICY_FUZZY one edit away (Damerau 1964), of the same first letter; 0 when none. */
policy_word policy_lexicon_near(const policy_lexicon *lexicon, const char *letters, size_t size);

/* Walk: the root is 0, -1 is nowhere. */
int32_t policy_lexicon_step(const policy_lexicon *lexicon, int32_t node, policy_word word);
/* First mark that ends at a node, NULL when none; the next is at ->next. */
const policy_mark *policy_lexicon_marks(const policy_lexicon *lexicon, int32_t node);
const policy_mark *policy_lexicon_mark(const policy_lexicon *lexicon, int32_t index);

/* "aab" -> "ab"; returns the new size. */
size_t policy_collapse(char *out, const char *letters, size_t size);

#endif
