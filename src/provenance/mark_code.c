/* mark_code.c - the extended BCH(255, 47) code, and ordered-statistics decoding. */
#include "provenance/mark_code.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

enum { N = COHL_MARK_CODE_LENGTH, WORDS = N / 64, K = 47, CHECK = 7, CYCLIC = 255, ROOTS = 84, FLIPS = 3, ATTEMPTS = 40 };

/* The order of places is shaken by so much of their mean reliability from the second attempt on. */
static const float SHAKE = 0.6f;
/* A word is taken at once when one of the 2^40 words correlates so well with noise with a chance of 10^-5. */
static const double ENOUGH = 78.5;         /* Z^2 = 2 ln(2^40 10^5) */

/* ---- the code ---------------------------------------------------------------- */

/* x^7 + x^3 + 1 over the 40 bits, highest first. */
static unsigned check_of(uint64_t identifier)
{
    unsigned rest = 0;
    for (int i = 39; i >= 0; i--) {
        unsigned out = rest >> (CHECK - 1) & 1, in = (unsigned)(identifier >> i & 1);
        rest = (rest << 1 & 0x7f) ^ ((out ^ in) ? 0x09 : 0);
    }
    return rest;
}

/* Coefficients of the generator polynomial, degree 208: the product of (x - a^e) over all e that are
 * conjugate (e 2^j mod 255) to one of 1..84; a is a root of x^8 + x^4 + x^3 + x^2 + 1. */
static void generator(uint8_t poly[CYCLIC + 1])
{
    uint8_t power[2 * CYCLIC], log[256] = { 0 }, is_root[CYCLIC] = { 0 };
    unsigned x = 1;
    int degree = 0;
    for (int i = 0; i < CYCLIC; i++) {
        power[i] = power[i + CYCLIC] = (uint8_t)x;
        log[x] = (uint8_t)i;
        x = x << 1 ^ (x & 0x80 ? 0x11d : 0);
    }
    for (int e = 1; e <= ROOTS; e++)
        for (int j = 0, c = e; j < 8; j++, c = 2 * c % CYCLIC)
            is_root[c] = 1;
    memset(poly, 0, CYCLIC + 1);
    poly[0] = 1;
    for (int e = 0; e < CYCLIC; e++) {
        if (!is_root[e])
            continue;
        for (int i = ++degree; i >= 0; i--) {      /* poly *= x + a^e */
            uint8_t scaled = poly[i] ? power[log[poly[i]] + e] : 0;
            poly[i] = (uint8_t)((i ? poly[i - 1] : 0) ^ scaled);
        }
    }
}

static void flip(cohl_mark_word *word, int i) { word->bits[i / 64] ^= (uint64_t)1 << (i % 64); }
static int bit(const cohl_mark_word *word, int i) { return (int)(word->bits[i / 64] >> (i % 64) & 1); }

static void add(cohl_mark_word *word, const cohl_mark_word *more)
{
    for (int w = 0; w < WORDS; w++)
        word->bits[w] ^= more->bits[w];
}

/* Row i is x^i times the generator, and the parity of it all: any 47 bits times these rows are a
 * codeword. Made systematic in the last 47 places of the 255, so that bits are read off there. */
static void rows_of_code(cohl_mark_word row[K])
{
    uint8_t poly[CYCLIC + 1];
    generator(poly);
    memset(row, 0, K * sizeof *row);
    for (int i = 0; i < K; i++) {
        int ones = 0;
        for (int j = 0; j <= CYCLIC - K; j++)
            if (poly[j]) {
                flip(&row[i], i + j);
                ones++;
            }
        if (ones & 1)
            flip(&row[i], N - 1);
    }
    for (int i = 0; i < K; i++)
        for (int j = 0; j < i; j++)
            if (bit(&row[i], CYCLIC - K + j))
                add(&row[i], &row[j]);
}

static cohl_mark_word combine(const cohl_mark_word row[K], uint64_t bits)
{
    cohl_mark_word word = { { 0 } };
    for (int i = 0; i < K; i++)
        if (bits >> i & 1)
            add(&word, &row[i]);
    return word;
}

cohl_mark_word cohl_mark_encode(uint64_t identifier)
{
    cohl_mark_word row[K];
    rows_of_code(row);
    return combine(row, identifier << CHECK | check_of(identifier));
}

/* ---- reading it back ----------------------------------------------------------- */

typedef struct search {
    cohl_mark_word row[K];            /* reduced: row i alone has a 1 at place[i] */
    float          cost[N];           /* |soft|                                    */
    cohl_mark_word hard;              /* each place by itself                      */
    cohl_mark_word best;
    float          best_cost;
} search;

static void by_size(int order[N], const float *size)
{
    for (int i = 0; i < N; i++) {
        int at = i;
        for (; at > 0 && size[order[at - 1]] < size[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

/* Gauss and Jordan over the most reliable independent places. */
static void reduce(search *s, int place[K], const int order[N])
{
    int rank = 0;
    for (int o = 0; o < N && rank < K; o++) {
        int pivot = rank, at = order[o];
        while (pivot < K && !bit(&s->row[pivot], at))
            pivot++;
        if (pivot == K)
            continue;
        cohl_mark_word swap = s->row[pivot];
        s->row[pivot] = s->row[rank], s->row[rank] = swap;
        for (int i = 0; i < K; i++)
            if (i != rank && bit(&s->row[i], at))
                add(&s->row[i], &s->row[rank]);
        place[rank++] = at;
    }
}

static uint64_t message_of(const cohl_mark_word *word)
{
    uint64_t message = 0;
    for (int i = 0; i < K; i++)
        message |= (uint64_t)bit(word, CYCLIC - K + i) << i;
    return message;
}

static bool check_is_right(const cohl_mark_word *word)
{
    uint64_t message = message_of(word);
    return (message & 0x7f) == check_of(message >> CHECK);
}

/* The cost of a word: reliabilities of the places where it contradicts the hard decision. */
static void consider(search *s, const cohl_mark_word *word)
{
    float cost = 0;
    for (int w = 0; w < WORDS; w++)
        for (uint64_t wrong = word->bits[w] ^ s->hard.bits[w]; wrong && cost < s->best_cost; wrong &= wrong - 1)
            cost += s->cost[64 * w + __builtin_ctzll(wrong)];
    if (cost < s->best_cost && check_is_right(word)) {
        s->best = *word;
        s->best_cost = cost;
    }
}

/* All words with `flips` more of the places first..K-1 turned. */
static void consider_flips(search *s, const cohl_mark_word *word, int first, int flips)
{
    if (!flips)
        consider(s, word);
    for (int i = first; i < K && flips > 0; i++) {
        cohl_mark_word other = *word;
        add(&other, &s->row[i]);
        consider_flips(s, &other, i + 1, flips - 1);
    }
}

/* Ordered-statistics decoding over one choice of places: with the hard decision there, and up to FLIPS of
 * them turned. */
static void attempt(search *s, const float *reliability)
{
    cohl_mark_word first = { { 0 } };
    int order[N], place[K];
    by_size(order, reliability);
    reduce(s, place, order);
    for (int i = 0; i < K; i++)
        if (bit(&s->hard, place[i]))
            add(&first, &s->row[i]);
    for (int flips = 0; flips <= FLIPS; flips++)
        consider_flips(s, &first, 0, flips);
}

static bool is_enough(const search *s, const float *soft)
{
    double sum = 0, square = 0;
    for (int i = 0; i < N; i++) {
        sum += (double)soft[i] * cohl_mark_word_sign(&s->best, i);
        square += (double)soft[i] * soft[i];
    }
    return !isinf(s->best_cost) && sum * sum >= ENOUGH * square;
}

bool cohl_mark_decode(uint64_t *identifier, cohl_mark_word *word, const float soft[COHL_MARK_CODE_LENGTH])
{
    search s = { .best_cost = INFINITY };
    cohl_rng rng = cohl_rng_make(0, N);
    float shaken[N], mean = 0;
    rows_of_code(s.row);
    for (int i = 0; i < N; i++) {
        s.cost[i] = fabsf(soft[i]);
        mean += s.cost[i] / N;
        if (soft[i] < 0)
            flip(&s.hard, i);
    }
    for (int n = 0; n < ATTEMPTS && !is_enough(&s, soft); n++) {
        for (int i = 0; i < N; i++)
            shaken[i] = s.cost[i] + (n ? SHAKE * mean * (float)cohl_rng_normal(&rng) : 0);
        attempt(&s, shaken);
    }
    if (isinf(s.best_cost))
        return false;
    *word = s.best;
    *identifier = message_of(&s.best) >> CHECK;
    return true;
}
