/* vocabulary.h - which words a model was taught, and what is near to one that it was not.
 *
 * A small model knows the words of its captions and no others: it makes a film from "a cat" all
 * the same, but not of a cat. So who asks is told. Taught words are those of film/words.h in the
 * act the model learned, both languages, and whatever else its table of words holds. */
#ifndef COHL_ENGINE_VOCABULARY_H
#define COHL_ENGINE_VOCABULARY_H

#include "cohl/cohl.h"

typedef struct cohl_vocabulary cohl_vocabulary;

/* act 1 or 2; words_path the tokenizer's words.tsv, which may be missing. */
cohl_status cohl_vocabulary_new(cohl_vocabulary **out, int act, const char *words_path, cohl_error *err);
void        cohl_vocabulary_free(cohl_vocabulary *vocabulary);

/* Words of the prompt that were not taught, each once, with the nearest that was; returns how
 * many are written. */
int cohl_vocabulary_unknown(const cohl_vocabulary *vocabulary, const char *prompt, cohl_unknown_word *out, int most);

#endif
