/* q8_generic.c - products in eight bits for any processor: the four products as plain C. */
#include "tensor/q8.h"

#define LANES 4
#define ROWS 4
#define TABLE cohl_q8_generic

typedef struct q8_sum { int32_t column[COHL_Q8_COLUMNS]; } q8_sum;

static inline void dots(q8_sum *sum, int32_t x, const int8_t *w)
{
    for (int c = 0; c < COHL_Q8_COLUMNS; c++, w += COHL_Q8_DEPTH)
        sum->column[c] += (x & 0xff) * w[0] + (x >> 8 & 0xff) * w[1] + (x >> 16 & 0xff) * w[2] + (x >> 24 & 0xff) * w[3];
}

#include "tensor/cpu/q8_dots.h"
