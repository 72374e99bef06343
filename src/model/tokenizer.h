/* tokenizer.h - prompts to token ids.
 *
 * A tokenizer folder holds a SentencePiece model, the same as JSON, a table of words, or several:
 *
 *     spiece.model   (or tokenizer.model) read by libsentencepiece, where it was built in
 *     tokenizer.json the tokenizers library's file of the same model, read without any library
 *     words.tsv      word, tab, ids of its pieces separated by spaces
 *
 * The table is exact for the words it has, because no piece of these models
 * crosses white space. Its other words are spelled in bytes, which the model
 * would do only for what it cannot spell otherwise: so the table suits films
 * whose captions are known, and the model is preferred where both can be read.
 * Lines of the table that begin with '#' and a name say what is not a word:
 *
 *     #space<tab>259     the piece before a word that is spelled in bytes
 *     #byte<tab>3        the first of 256 byte pieces
 *
 * Ids 0 and 1 are padding and end of sequence. A tokenizer is read-only once
 * open and safe for several threads. */
#ifndef COHL_MODEL_TOKENIZER_H
#define COHL_MODEL_TOKENIZER_H

#include <stdint.h>

#include "base/status.h"

enum { COHL_TOKEN_PAD = 0, COHL_TOKEN_END = 1 };

typedef struct cohl_tokenizer cohl_tokenizer;

/* COHL_ERR_IO           the folder holds none of them
 * COHL_ERR_FORMAT       a file is not what it claims to be
 * COHL_ERR_UNSUPPORTED  only a model, and this build cannot read it          */
cohl_status cohl_tokenizer_open(cohl_tokenizer **out, const char *folder, cohl_error *err);
void        cohl_tokenizer_close(cohl_tokenizer *tokenizer);

/* The greatest id that encode may write. */
int cohl_tokenizer_id_most(const cohl_tokenizer *tokenizer);

/* Ids of the text, cleaned (prompt.h), the end of sequence last, then padding up to max; *count is how many are
 * not padding, 1..max. A longer text is cut before the end of sequence.
 *
 * COHL_ERR_ARGUMENT  the text is not UTF-8                                   */
cohl_status cohl_tokenizer_encode(const cohl_tokenizer *tokenizer, const char *text, int32_t *id, int max,
                                  int *count, cohl_error *err);

/* Write words.tsv for these words, as this tokenizer spells them. Needs the model. */
cohl_status cohl_tokenizer_write_words(const cohl_tokenizer *tokenizer, const char *const *word, int count,
                                       const char *path, cohl_error *err);

#endif
