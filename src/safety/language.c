/* language.c - which of the two languages a text is in. */
#include "safety/language.h"

#include <stdlib.h>
#include <string.h>

/* In order, folded; words that mean something in the other language too ("on", "son", "pour") are left out. */
static const char *const english[] = {
    "a", "about", "after", "all", "an", "and", "are", "as", "at", "because", "been", "by", "can", "could", "did",
    "does", "every", "for", "from", "has", "have", "he", "her", "him", "his", "how", "if", "in", "into", "is", "it",
    "its", "just", "my", "not", "of", "our", "out", "she", "should", "so", "than", "that", "the", "their", "them",
    "there", "these", "they", "this", "those", "to", "until", "was", "we", "were", "what", "when", "where", "which",
    "while", "who", "why", "will", "with", "would", "you", "your",
};
static const char *const french[] = {
    "au", "aux", "avec", "c", "ce", "ces", "cet", "cette", "chez", "comme", "d", "dans", "de", "des", "deux", "du",
    "elle", "elles", "en", "est", "et", "il", "ils", "j", "jusqu", "l", "la", "le", "les", "leur", "leurs", "lui",
    "mais", "ne", "nous", "pas", "plus", "puis", "qu", "quand", "que", "qui", "sa", "sans", "se", "ses", "sont",
    "sous", "sur", "tous", "toutes", "un", "une", "vers", "vous",
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
