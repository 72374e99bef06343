/* agree.h - do pairs of places tell one story? Which of them fit one turn, size and shift. */
#ifndef COHL_PROTECT_AGREE_H
#define COHL_PROTECT_AGREE_H

/* A place of one picture and a place of another that look alike. */
typedef struct cohl_pair {
    float from[2], to[2];      /* pixels                                             */
    float size;                /* of what is at `to`, of what is at `from`: a ratio  */
    float turn;                /* from the one to the other, radians                 */
} cohl_pair;

typedef struct cohl_agreement {
    int   count;               /* of pairs that fit, at places of their own in both  */
    float share;               /* of the first picture's area that they span, 0..1   */
    float size, turn;          /* of the whole: from the first to the second picture */
} cohl_agreement;

/* The best of the similarities that two of the pairs give (random sample consensus: Fischler and
 * Bolles 1981, with pairs drawn the same way each time). Nothing where fewer than `least` pairs fit, which is told sooner.
 * width, height: of the first picture. */
cohl_agreement cohl_agree(const cohl_pair *pair, int count, int least, int width, int height);

#endif
