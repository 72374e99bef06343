/* tokenizer_json.h - a Unigram tokenizer out of the tokenizers library's tokenizer.json; for tokenizer.c only.
 *
 * The same pieces as the SentencePiece model it was made from (Kudo 2018): characters normalised by the
 * model's own table, spaces written as U+2581, and of all ways to split the text the likeliest. What no
 * piece spells is spelled in bytes where the model has them. */
#ifndef COHL_MODEL_TOKENIZER_JSON_H
#define COHL_MODEL_TOKENIZER_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct tokenizer_json tokenizer_json;

/* COHL_ERR_FORMAT       it is no tokenizer.json, or a part of it is not what it should be
 * COHL_ERR_UNSUPPORTED  another kind than Unigram                                        */
cohl_status tokenizer_json_open(tokenizer_json **out, const char *path, cohl_error *err);
/* The same from memory; name is for sentences. */
cohl_status tokenizer_json_parse(tokenizer_json **out, const char *name, const char *text, size_t size, cohl_error *err);
void tokenizer_json_close(tokenizer_json *tokenizer);

/* The ids of the text, without end of sequence: how many there are, of which the first
 * `max` are written; -1 when memory is out. */
int tokenizer_json_encode(const tokenizer_json *tokenizer, const char *text, int32_t *id, int max);
int32_t tokenizer_json_id_most(const tokenizer_json *tokenizer);

#endif
