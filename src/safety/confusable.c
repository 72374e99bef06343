/* confusable.c - signs of other scripts that look like Latin letters.
 *
 * The idea is that of Unicode Technical Standard 39, section 4; the table is our own, made by
 * looking at Cyrillic, Greek, Armenian, Cherokee and the phonetic letters. Accented and wide
 * forms are not here: decomposition undoes them. */
#include "safety/fold.h"

typedef struct pair { uint16_t sign; char letter; } pair;

/* By sign, so that it can be searched by halves. */
static const pair pairs[] = {
    { 0x00d0, 'd' }, { 0x00d8, 'o' }, { 0x00f0, 'd' }, { 0x00f8, 'o' }, { 0x0110, 'd' }, { 0x0111, 'd' },
    { 0x0127, 'h' }, { 0x0131, 'i' }, { 0x0138, 'k' }, { 0x0142, 'l' }, { 0x0167, 't' }, { 0x0180, 'b' },
    { 0x0183, 'b' }, { 0x0188, 'c' }, { 0x018c, 'd' }, { 0x0192, 'f' }, { 0x0199, 'k' }, { 0x019a, 'l' },
    { 0x019e, 'n' }, { 0x01a5, 'p' }, { 0x01ad, 't' }, { 0x01b4, 'y' }, { 0x01b6, 'z' }, { 0x01dd, 'e' },
    { 0x0221, 'd' }, { 0x0225, 'z' }, { 0x0234, 'l' }, { 0x0235, 'n' }, { 0x0236, 't' }, { 0x0237, 'j' },
    { 0x023c, 'c' }, { 0x0247, 'e' }, { 0x0249, 'j' }, { 0x024d, 'r' }, { 0x024f, 'y' }, { 0x0250, 'a' },
    { 0x0251, 'a' }, { 0x0252, 'a' }, { 0x0253, 'b' }, { 0x0254, 'c' }, { 0x0255, 'c' }, { 0x0256, 'd' },
    { 0x0257, 'd' }, { 0x0258, 'e' }, { 0x0259, 'e' }, { 0x025b, 'e' }, { 0x0260, 'g' }, { 0x0261, 'g' },
    { 0x0262, 'g' }, { 0x0266, 'h' }, { 0x0268, 'i' }, { 0x0269, 'i' }, { 0x026a, 'i' }, { 0x026b, 'l' },
    { 0x026d, 'l' }, { 0x026f, 'w' }, { 0x0271, 'm' }, { 0x0272, 'n' }, { 0x0273, 'n' }, { 0x0274, 'n' },
    { 0x0275, 'o' }, { 0x0279, 'r' }, { 0x027c, 'r' }, { 0x027d, 'r' }, { 0x0280, 'r' }, { 0x0282, 's' },
    { 0x0288, 't' }, { 0x0289, 'u' }, { 0x028b, 'v' }, { 0x028c, 'v' }, { 0x028d, 'w' }, { 0x028f, 'y' },
    { 0x0290, 'z' }, { 0x0291, 'z' }, { 0x0299, 'b' }, { 0x029c, 'h' }, { 0x029f, 'l' }, { 0x03b1, 'a' },
    { 0x03b2, 'b' }, { 0x03b3, 'y' }, { 0x03b5, 'e' }, { 0x03b6, 'z' }, { 0x03b7, 'n' }, { 0x03b9, 'i' },
    { 0x03ba, 'k' }, { 0x03bc, 'm' }, { 0x03bd, 'v' }, { 0x03bf, 'o' }, { 0x03c1, 'p' }, { 0x03c2, 's' },
    { 0x03c3, 'o' }, { 0x03c4, 't' }, { 0x03c5, 'u' }, { 0x03c7, 'x' }, { 0x03c9, 'w' }, { 0x03f2, 'c' },
    { 0x03f3, 'j' }, { 0x0430, 'a' }, { 0x0432, 'b' }, { 0x0433, 'r' }, { 0x0435, 'e' }, { 0x0437, 'e' },
    { 0x0438, 'u' }, { 0x043a, 'k' }, { 0x043c, 'm' }, { 0x043d, 'h' }, { 0x043e, 'o' }, { 0x043f, 'n' },
    { 0x0440, 'p' }, { 0x0441, 'c' }, { 0x0442, 't' }, { 0x0443, 'y' }, { 0x0445, 'x' }, { 0x044a, 'b' },
    { 0x044c, 'b' }, { 0x0455, 's' }, { 0x0456, 'i' }, { 0x0458, 'j' }, { 0x0461, 'w' }, { 0x0475, 'v' },
    { 0x04ab, 'c' }, { 0x04af, 'y' }, { 0x04b1, 'y' }, { 0x04bb, 'h' }, { 0x04bd, 'e' }, { 0x04cf, 'l' },
    { 0x04d9, 'e' }, { 0x0501, 'd' }, { 0x051b, 'q' }, { 0x051d, 'w' }, { 0x0561, 'w' }, { 0x0563, 'q' },
    { 0x0566, 'q' }, { 0x0570, 'h' }, { 0x0575, 'j' }, { 0x0578, 'n' }, { 0x057c, 'n' }, { 0x057d, 'u' },
    { 0x0581, 'g' }, { 0x0584, 'f' }, { 0x0585, 'o' }, { 0x13a0, 'd' }, { 0x13a1, 'r' }, { 0x13a2, 't' },
    { 0x13a5, 'i' }, { 0x13aa, 'a' }, { 0x13ab, 'j' }, { 0x13ac, 'e' }, { 0x13b3, 'w' }, { 0x13b7, 'm' },
    { 0x13bb, 'h' }, { 0x13c0, 'g' }, { 0x13c2, 'h' }, { 0x13c3, 'z' }, { 0x13cf, 'b' }, { 0x13d2, 'r' },
    { 0x13d4, 'w' }, { 0x13da, 's' }, { 0x13de, 'l' }, { 0x13df, 'c' }, { 0x13e2, 'p' }, { 0x13e6, 'k' },
    { 0x13f4, 'b' }, { 0x1d00, 'a' }, { 0x1d04, 'c' }, { 0x1d05, 'd' }, { 0x1d07, 'e' }, { 0x1d0a, 'j' },
    { 0x1d0b, 'k' }, { 0x1d0d, 'm' }, { 0x1d0f, 'o' }, { 0x1d18, 'p' }, { 0x1d1b, 't' }, { 0x1d1c, 'u' },
    { 0x1d20, 'v' }, { 0x1d21, 'w' }, { 0x1d22, 'z' }, { 0x1d6f, 'm' }, { 0x1d83, 'g' }, { 0x1eff, 'y' },
    { 0x20ac, 'e' }, { 0x2c61, 'l' }, { 0x2c65, 'a' }, { 0x2c66, 't' }, { 0x2c9f, 'o' }, { 0x2ca3, 'p' },
    { 0xa730, 'f' }, { 0xa731, 's' }, { 0xab4b, 'r' }, { 0xab52, 'u' },
};

uint32_t policy_confusable(uint32_t sign)
{
    size_t low = 0, high = sizeof pairs / sizeof *pairs;
    while (low < high) {
        size_t at = (low + high) / 2;
        if (pairs[at].sign == sign)
            return (uint32_t)pairs[at].letter;
        if (pairs[at].sign < sign)
            low = at + 1;
        else
            high = at;
    }
    return sign;
}
