/* tokenizer_sp.h - libsentencepiece as C; for tokenizer.c only. */
#ifndef COHL_MODEL_TOKENIZER_SP_H
#define COHL_MODEL_TOKENIZER_SP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tokenizer_sp tokenizer_sp;

/* NULL when the file is no model (why, cut to why_size, says so) or memory is out. */
tokenizer_sp *tokenizer_sp_open(const char *path, char *why, size_t why_size);
void tokenizer_sp_close(tokenizer_sp *sp);
/* The ids of the text, without end of sequence: how many there are, of which the first
 * `max` are written; -1 when memory is out. */
int tokenizer_sp_encode(const tokenizer_sp *sp, const char *text, int32_t *id, int max);
/* Ids are 0..count-1. */
int tokenizer_sp_count(const tokenizer_sp *sp);
/* Id of a piece, or -1 when the model has none such. */
int tokenizer_sp_piece(const tokenizer_sp *sp, const char *piece);

#ifdef __cplusplus
}
#endif

#endif
