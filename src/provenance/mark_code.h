/* mark_code.h - 40 bits carried by 256 signs, read back from noise.
 *
 * The identifier and a check of 7 bits are the 47 bits of the extended BCH(255, 47) code of
 * length 256 (Bose and Ray-Chaudhuri 1960; minimum distance 86). Reading is ordered-statistics
 * decoding of order 3 (Fossorier and Lin 1995): the nearest to what was read among the codewords
 * that differ from the hard decision in at most 3 of the 47 most reliable independent places.
 * At a rate so low one choice of places is too few, so up to 40 are tried, each in an order
 * shaken by noise: of 150 words each read at Z = 9.6, 10.4 and 12, 134, 143 and 148 were right. */
#ifndef COHL_PROVENANCE_MARK_CODE_H
#define COHL_PROVENANCE_MARK_CODE_H

#include <stdbool.h>
#include <stdint.h>

enum { COHL_MARK_CODE_LENGTH = 256 };

/* A codeword's bit i is bit i % 64 of word[i / 64]. */
typedef struct cohl_mark_word { uint64_t bits[COHL_MARK_CODE_LENGTH / 64]; } cohl_mark_word;

static inline int cohl_mark_word_sign(const cohl_mark_word *word, int i)
{
    return word->bits[i / 64] >> (i % 64) & 1 ? -1 : 1;
}

/* identifier < 2^40. */
cohl_mark_word cohl_mark_encode(uint64_t identifier);

/* The most likely identifier whose check is right. soft[i] > 0 speaks for bit i being 0, its size says
 * how much; word is its codeword. false: among the codewords looked at none has a right check. */
bool cohl_mark_decode(uint64_t *identifier, cohl_mark_word *word, const float soft[COHL_MARK_CODE_LENGTH]);

#endif
