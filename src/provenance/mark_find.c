/* mark_find.c - hypotheses, their shares of the risk, and the least bound among them.
 *
 * Simple geometries get 3/4 of the risk: the picture as it is 1/2, mirrored 1/8, upside down and
 * turned by half 1/16 each. The places of the search share the rest. Each key of an
 * installation gets the same part of each. Of a private mark's share half goes to its presence
 * cells and half to presence and payload together, all 2^40 codewords equally. */
#include "provenance/mark_find.h"

#include <math.h>
#include <stdlib.h>

enum { SIMPLE = 4 };

static const cohl_mark_geometry simple[SIMPLE] = { { 0, 0, 1, 1 }, { 1, 0, -1, 1 }, { 0, 1, 1, -1 }, { 1, 1, -1, -1 } };
static const double simple_share[SIMPLE] = { 1 / 2.0, 1 / 8.0, 1 / 16.0, 1 / 16.0 }, search_share = 1 / 4.0;

static const double SURE = -12;            /* log10: no search is needed       */
static const double READABLE = 3;          /* an identifier is believed when noise shows one less often than 10^-3 */
static const double HOPELESS = 1.5;         /* deviations of the presence cells under which no codeword is looked for */

typedef struct asked {
    cohl_mark_owners owners;
    cohl_mark_signs  public_signs;
    cohl_mark_signs *private_signs;        /* [keys] */
    const cohl_mark_keys *keys;
    cohl_mark_answer *public_answer, *private_answer;
} asked;

/* log10 of exp(-z^2 / 2) / share, at most 0. */
static double log10_bound(double z, double log_share)
{
    double bound = z > 0 ? (-z * z / 2 - log_share) / M_LN10 : 0;
    return bound < 0 ? bound : 0;
}

static void keep(cohl_mark_answer *best, const cohl_mark_answer *next)
{
    if (next->log10_bound < best->log10_bound)
        *best = *next;
}

/* ---- the private mark ------------------------------------------------------------ */

typedef struct payload {
    float  soft[COHL_MARK_CODE_LENGTH];
    double square, presence, presence_square;
} payload;

static payload listen(const asked *a, const cohl_mark_cells *cells, const cohl_mark_signs *signs)
{
    payload p = { .square = 0 };
    for (int i = 0; i < COHL_MARK_CELLS; i++) {
        int owner = a->owners.of[i];
        double value = cells->value[i];
        if (owner >= 0) {
            p.soft[owner] += (float)(signs->of[i] * value);
            p.square += value * value;
        } else if (owner == COHL_MARK_PRESENCE_OWNER) {
            p.presence += signs->of[i] * value;
            p.presence_square += value * value;
        }
    }
    return p;
}

static double with_word(const payload *p, const cohl_mark_word *word)
{
    double sum = 0;
    for (int i = 0; i < COHL_MARK_CODE_LENGTH; i++)
        sum += (double)p->soft[i] * cohl_mark_word_sign(word, i);
    return sum;
}

/* One key at one geometry. */
static void ask_private(const asked *a, const cohl_mark_cells *cells, const cohl_mark_geometry *geometry, int key,
                        double log_share)
{
    payload p = listen(a, cells, &a->private_signs[key]);
    cohl_mark_answer answer = { .geometry = *geometry, .key = a->keys->key[key].number };
    cohl_mark_word word;
    if (p.presence_square <= 0 || p.square <= 0)
        return;
    answer.z = p.presence / sqrt(p.presence_square);
    answer.log10_bound = cohl_mark_presence_bound(answer.z, &(cohl_mark_hypothesis){ *geometry, log_share });
    if (answer.z > HOPELESS && cohl_mark_decode(&answer.identifier, &word, p.soft)) {
        double sum = with_word(&p, &word), z = sum / sqrt(p.square);
        double all = (sum + p.presence) / sqrt(p.square + p.presence_square);
        double words = COHL_MARK_ID_BITS * M_LN2;
        answer.has_identifier = log10_bound(z, -words) <= -READABLE;
        answer.log10_bound = fmin(answer.log10_bound, log10_bound(all, log_share - M_LN2 - words));
    }
    keep(a->private_answer, &answer);
}

static void ask(const asked *a, const float *sum, const cohl_mark_geometry *geometry, double log_share,
                double log_share_public)
{
    cohl_mark_cells cells;
    cohl_mark_cells_of(&cells, sum, geometry);
    cohl_mark_answer answer = { .geometry = *geometry };
    answer.z = cohl_mark_correlate(&cells, &a->public_signs, &a->owners, COHL_MARK_PUBLIC_OWNER);
    answer.log10_bound = log10_bound(answer.z, log_share_public);
    keep(a->public_answer, &answer);
    for (int key = 0; key < a->keys->count; key++)
        ask_private(a, &cells, geometry, key, log_share - log(a->keys->count));
}

/* ---- for many keys ------------------------------------------------------------------- */

double cohl_mark_presence_bound(double z, const cohl_mark_hypothesis *h) { return log10_bound(z, h->log_share - M_LN2); }

cohl_status cohl_mark_hypotheses(cohl_mark_hypothesis list[COHL_MARK_HYPOTHESES], int *count, const float *sum, cohl_error *err)
{
    cohl_mark_owners owners = cohl_mark_layout();
    cohl_mark_signs public_signs;
    cohl_mark_found found;
    cohl_mark_signs_of(&public_signs, &cohl_mark_public);
    cohl_status st = cohl_mark_search(&found, sum, &owners, &public_signs, err);
    for (int i = 0; i < SIMPLE; i++)
        list[i] = (cohl_mark_hypothesis){ simple[i], log(simple_share[i]) };
    for (int i = 0; i < found.count; i++)
        list[SIMPLE + i] = (cohl_mark_hypothesis){ found.place[i].geometry, log(search_share / COHL_MARK_PLACES) };
    *count = SIMPLE + found.count;
    return st;
}

/* ---- all of it ------------------------------------------------------------------------ */

/* Is all known that a search could tell? */
static bool is_settled(const asked *a)
{
    const cohl_mark_answer *public = a->public_answer, *private = a->private_answer;
    return public->log10_bound <= SURE || (private->log10_bound <= SURE && private->has_identifier);
}

static cohl_status ask_everywhere(asked *a, const float *sum, bool search, cohl_error *err)
{
    cohl_mark_found found;
    for (int i = 0; i < SIMPLE; i++)
        ask(a, sum, &simple[i], log(simple_share[i]), log(simple_share[i]));
    if (!search || is_settled(a))
        return COHL_OK;
    cohl_status st = cohl_mark_search(&found, sum, &a->owners, &a->public_signs, err);
    for (int i = 0; i < found.count && !st; i++)
        ask(a, sum, &found.place[i].geometry, log(search_share / COHL_MARK_PLACES), log(search_share) - found.log_tried);
    a->public_answer->searched = a->private_answer->searched = true;
    return st;
}

cohl_status cohl_mark_find(cohl_mark_answer *public_answer, cohl_mark_answer *private_answer, const float *sum,
                           const cohl_mark_keys *keys, bool search, cohl_error *err)
{
    asked a = { .keys = keys, .public_answer = public_answer, .private_answer = private_answer };
    *public_answer = *private_answer = (cohl_mark_answer){ .log10_bound = 0 };
    if (!(a.private_signs = malloc((size_t)(keys->count + 1) * sizeof *a.private_signs)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for the signs of %d keys", keys->count);
    a.owners = cohl_mark_layout();
    cohl_mark_signs_of(&a.public_signs, &cohl_mark_public);
    for (int key = 0; key < keys->count; key++)
        cohl_mark_signs_of(&a.private_signs[key], &keys->key[key]);
    cohl_status st = ask_everywhere(&a, sum, search, err);
    free(a.private_signs);
    return st;
}
