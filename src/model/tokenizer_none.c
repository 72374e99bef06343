/* tokenizer_none.c - in place of libsentencepiece where it is not built in. */
#include "model/tokenizer_sp.h"

#include <stdio.h>

tokenizer_sp *tokenizer_sp_open(const char *path, char *why, size_t why_size)
{
    snprintf(why, why_size, "this build reads words.tsv only");
    return NULL;
}

void tokenizer_sp_close(tokenizer_sp *sp)
{
}

int tokenizer_sp_encode(const tokenizer_sp *sp, const char *text, int32_t *id, int max)
{
    return -1;
}

int tokenizer_sp_count(const tokenizer_sp *sp)
{
    return 0;
}

int tokenizer_sp_piece(const tokenizer_sp *sp, const char *piece)
{
    return -1;
}
