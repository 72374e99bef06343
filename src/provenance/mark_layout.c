/* mark_layout.c - the shuffle of cells, and a key's signs. */
#include "provenance/mark_layout.h"

enum { SIGN_BYTES = COHL_MARK_CELLS / 8 };

static int16_t owner_of_rank(int rank)
{
    if (rank < COHL_MARK_PUBLIC_CELLS)
        return COHL_MARK_PUBLIC_OWNER;
    rank -= COHL_MARK_PUBLIC_CELLS;
    if (rank < COHL_MARK_PRESENCE_CELLS)
        return COHL_MARK_PRESENCE_OWNER;
    return (int16_t)((rank - COHL_MARK_PRESENCE_CELLS) / COHL_MARK_BIT_CELLS);
}

/* Fisher and Yates; a remainder's bias does not matter for an order that is no secret. */
cohl_mark_owners cohl_mark_layout(void)
{
    cohl_mark_owners owners;
    uint8_t draw[4 * COHL_MARK_CELLS];
    cohl_mark_stream(&cohl_mark_public, "layout", draw, sizeof draw);
    for (int i = 0; i < COHL_MARK_CELLS; i++)
        owners.of[i] = owner_of_rank(i);
    for (int i = COHL_MARK_CELLS - 1; i > 0; i--) {
        const uint8_t *d = draw + 4 * i;
        int j = (int)(((uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3]) % ((uint32_t)i + 1));
        int16_t swap = owners.of[i];
        owners.of[i] = owners.of[j], owners.of[j] = swap;
    }
    return owners;
}

void cohl_mark_signs_of(cohl_mark_signs *signs, const cohl_mark_key *key)
{
    uint8_t draw[SIGN_BYTES];
    cohl_mark_stream(key, "signs", draw, sizeof draw);
    for (int i = 0; i < COHL_MARK_CELLS; i++)
        signs->of[i] = draw[i / 8] >> (i % 8) & 1 ? 1 : -1;
}
