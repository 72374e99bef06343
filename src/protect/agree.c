/* agree.c - which pairs fit one turn, size and shift. */
#include "protect/agree.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/rng.h"

enum {
    TRIES = 600,
    PLACE = 6,             /* pixels: places nearer than this are one */
    PLACES = 128,          /* along a side, at most                   */
};

static const float NEAR = 4;          /* pixels that a place may lie beside where it should            */
static const float SIZE_OFF = 1.7f;   /* a feature's level is coarse, and so is its size: factor...     */
static const float TURN_OFF = 0.6f;   /* ... and its turn: radians, three of 32 to a circle             */
static const float BASE = 16;         /* pixels between the two pairs that give a similarity, at least  */

/* to = (a, b; -b, a) from + shift */
typedef struct similarity { float a, b, shift[2], size, turn; } similarity;

static float turn_between(float a, float b) { return fabsf(remainderf(a - b, 2 * (float)M_PI)); }

static bool fits_size(const similarity *s, const cohl_pair *p)
{
    return p->size < SIZE_OFF * s->size && p->size * SIZE_OFF > s->size;
}

static bool fits_turn(const similarity *s, const cohl_pair *p) { return turn_between(p->turn, s->turn) < TURN_OFF; }

static bool similarity_of(similarity *s, const cohl_pair *p, const cohl_pair *q)
{
    float x = q->from[0] - p->from[0], y = q->from[1] - p->from[1], length = x * x + y * y;
    float u = q->to[0] - p->to[0], v = q->to[1] - p->to[1];
    if (length < BASE * BASE || u * u + v * v < BASE * BASE / 4)
        return false;
    s->a = (x * u + y * v) / length, s->b = (y * u - x * v) / length;
    s->shift[0] = p->to[0] - s->a * p->from[0] - s->b * p->from[1];
    s->shift[1] = p->to[1] + s->b * p->from[0] - s->a * p->from[1];
    s->size = sqrtf(s->a * s->a + s->b * s->b);
    if (!fits_size(s, p) || !fits_size(s, q))        /* most end here, before the angle is asked */
        return false;
    s->turn = atan2f(-s->b, s->a);
    return fits_turn(s, p) && fits_turn(s, q);
}

static bool fits(const similarity *s, const cohl_pair *p)
{
    float near = NEAR * (s->size > 1 ? s->size : 1);
    float x = s->a * p->from[0] + s->b * p->from[1] + s->shift[0] - p->to[0];
    float y = -s->b * p->from[0] + s->a * p->from[1] + s->shift[1] - p->to[1];
    return x * x + y * y < near * near && fits_size(s, p) && fits_turn(s, p);
}

/* Only as far as it can still be more than `beat`. */
static int count_fitting(const similarity *s, const cohl_pair *pair, int count, int beat)
{
    int fitting = 0;
    for (int i = 0; i < count && fitting + count - i > beat; i++)
        fitting += fits(s, &pair[i]);
    return fitting;
}

/* ---- what a similarity is worth --------------------------------------------------- */

static bool first_there(uint8_t *seen, const float place[2])
{
    int x = (int)(place[0] / PLACE), y = (int)(place[1] / PLACE);
    x = x < 0 ? 0 : x < PLACES ? x : PLACES - 1;
    y = y < 0 ? 0 : y < PLACES ? y : PLACES - 1;
    uint8_t *at = &seen[(y * PLACES + x) / 8], bit = (uint8_t)(1 << x % 8);
    bool first = !(*at & bit);
    *at |= bit;
    return first;
}

/* Many features at one place, as on a fence or in letters, are one witness. */
static cohl_agreement weigh(const similarity *s, const cohl_pair *pair, int count, int width, int height)
{
    uint8_t seen[2][PLACES * PLACES / 8] = { { 0 } };
    float low[2] = { INFINITY, INFINITY }, high[2] = { -INFINITY, -INFINITY };
    int from = 0, to = 0;
    for (int i = 0; i < count; i++) {
        if (!fits(s, &pair[i]))
            continue;
        from += first_there(seen[0], pair[i].from);
        to += first_there(seen[1], pair[i].to);
        for (int k = 0; k < 2; k++) {
            low[k] = fminf(low[k], pair[i].from[k]);
            high[k] = fmaxf(high[k], pair[i].from[k]);
        }
    }
    return (cohl_agreement){ .count = from < to ? from : to, .size = s->size, .turn = s->turn,
                             .share = (high[0] - low[0]) * (high[1] - low[1]) / ((float)width * (float)height) };
}

/* Pairs that fit one similarity are turned by it, each within TURN_OFF: so many that could fit any. */
static int most_turned_alike(const cohl_pair *pair, int count)
{
    enum { BINS = 32, WIDE = 8 };        /* bins of a circle that hold 2 TURN_OFF, however it lies to them */
    int at[BINS] = { 0 }, most = 0;
    for (int i = 0; i < count; i++)
        at[(unsigned)lroundf(pair[i].turn * (float)(BINS / (2 * M_PI))) % BINS]++;
    for (int first = 0; first < BINS; first++) {
        int alike = 0;
        for (int i = 0; i < WIDE; i++)
            alike += at[(first + i) % BINS];
        most = alike > most ? alike : most;
    }
    return most;
}

cohl_agreement cohl_agree(const cohl_pair *pair, int count, int least, int width, int height)
{
    similarity best = { 0 };
    int most = least > 1 ? least - 1 : 0, all = count * (count - 1) / 2;
    bool found = false;
    if (most_turned_alike(pair, count) < least)
        return (cohl_agreement){ 0 };
    cohl_rng rng = cohl_rng_make((uint64_t)count, 0);
    for (int n = 0, i = 0, j = 0; count > 1 && n < (all < TRIES ? all : TRIES); n++) {
        similarity s;
        if (all <= TRIES) {                      /* each two of them once */
            if (++j >= count)
                i++, j = i + 1;
        } else {
            i = (int)cohl_rng_below(&rng, (uint32_t)count);
            j = (int)cohl_rng_below(&rng, (uint32_t)count);
        }
        int fitting = similarity_of(&s, &pair[i], &pair[j]) ? count_fitting(&s, pair, count, most) : 0;
        if (fitting > most)
            most = fitting, best = s, found = true;
    }
    return found ? weigh(&best, pair, count, width, height) : (cohl_agreement){ 0 };
}
