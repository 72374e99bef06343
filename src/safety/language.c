/* language.c - which of the two languages a text is in. */
#include "safety/language.h"

#include <stdlib.h>
#include <string.h>

/* In order, folded; words that mean something in the other language too ("on", "son", "pour") are left out. */
static const char *const english[] = {
    "a", "after", "an", "and", "are", "as", "at", "by", "for", "from", "he", "her", "him", "his", "in", "into", "is", "it",
    "its", "of", "she", "that", "the", "their", "them", "they", "this", "to", "until", "was", "were", "while", "who", "with",
    "you", "your",
};
static const char *const french[] = {
    "au", "aux", "avec", "ce", "cette", "chez", "d", "dans", "de", "des", "deux", "du", "elle", "elles", "en", "est", "et",
    "il", "ils", "jusqu", "l", "la", "le", "les", "leur", "leurs", "lui", "ne", "pas", "puis", "qu", "que", "qui", "sa", "sans",
    "se", "ses", "sont", "sous", "sur", "un", "une", "vers",
};

typedef struct word { const char *letters; size_t size; } word;

static int compare(const void *key, const void *item)
{
    const word *w = key;
    const char *other = *(const char *const *)item;
    int order = strncmp(w->letters, other, w->size);
    return order ? order : other[w->size] ? -1 : 0;
}

policy_language policy_language_of(const policy_fold *fold)
{
    uint32_t of_english = 0, of_french = 0;
    for (uint32_t i = 0; i < fold->count; i++) {
        const policy_token *t = &fold->token[i];
        const word w = { policy_letters(fold, t), t->size };
        bool grave = t->size == 1 && t->to - t->from > 1;        /* "à" is no "a" */
        if (!grave && bsearch(&w, english, sizeof english / sizeof *english, sizeof *english, compare))
            of_english++;
        if (grave || bsearch(&w, french, sizeof french / sizeof *french, sizeof *french, compare))
            of_french++;
    }
    return of_english > of_french ? POLICY_IS_ENGLISH : of_french > of_english ? POLICY_IS_FRENCH : POLICY_EITHER;
}
