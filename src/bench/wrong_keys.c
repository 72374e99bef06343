/* wrong_keys.c - many keys against cells that were read once. */
#include "bench/wrong_keys.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = COHL_MARK_PRESENCE_CELLS, AT_ONCE = 16, WHOLE_KEYS = COHL_MARK_KEYS_MAX, GRID = COHL_MARK_GRID_WIDTH * COHL_MARK_GRID_HEIGHT };

/* The presence cells of a film at one place, of length 1. */
typedef struct view {
    cohl_mark_hypothesis hypothesis;
    float value[CELLS];
} view;

struct cohl_wrong_keys {
    cohl_mark_owners owners;
    view   *view;
    int     views, clips;
    float  *sum;                         /* [clips, GRID] */
};

cohl_status cohl_wrong_keys_new(cohl_wrong_keys **out, cohl_error *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for wrong keys");
    (*out)->owners = cohl_mark_layout();
    return COHL_OK;
}

void cohl_wrong_keys_free(cohl_wrong_keys *w)
{
    if (!w)
        return;
    free(w->view);
    free(w->sum);
    free(w);
}

static void fill_view(const cohl_wrong_keys *w, view *v, const float *sum)
{
    cohl_mark_cells cells;
    double square = 1e-30;
    int n = 0;
    cohl_mark_cells_of(&cells, sum, &v->hypothesis.geometry);
    for (int i = 0; i < COHL_MARK_CELLS; i++)
        if (w->owners.of[i] == COHL_MARK_PRESENCE_OWNER) {
            v->value[n++] = cells.value[i];
            square += (double)cells.value[i] * cells.value[i];
        }
    for (n = 0; n < CELLS; n++)
        v->value[n] /= (float)sqrt(square);
}

cohl_status cohl_wrong_keys_add(cohl_wrong_keys *w, const float *sum, cohl_error *err)
{
    cohl_mark_hypothesis list[COHL_MARK_HYPOTHESES];
    int count;
    cohl_status st = cohl_mark_hypotheses(list, &count, sum, err);
    if (st)
        return st;
    view *views = realloc(w->view, (size_t)(w->views + count) * sizeof *views);
    if (views)
        w->view = views;
    float *sums = realloc(w->sum, (size_t)(w->clips + 1) * GRID * sizeof *sums);
    if (sums)
        w->sum = sums;
    if (!views || !sums)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for the cells of %d films", w->clips + 1);
    memcpy(sums + (size_t)w->clips++ * GRID, sum, GRID * sizeof *sums);
    for (int i = 0; i < count; i++) {
        views[w->views].hypothesis = list[i];
        fill_view(w, &views[w->views++], sum);
    }
    return COHL_OK;
}

static cohl_mark_key wrong_key(int number)
{
    cohl_mark_key key = { .number = 1 };
    snprintf((char *)key.secret, sizeof key.secret, "wrong key %d", number);
    return key;
}

/* sign[i][k]: of presence cell i, of key first + k. */
static void draw_signs(const cohl_wrong_keys *w, float sign[CELLS][AT_ONCE], int first)
{
    for (int k = 0; k < AT_ONCE; k++) {
        cohl_mark_key key = wrong_key(first + k);
        cohl_mark_signs signs;
        int n = 0;
        cohl_mark_signs_of(&signs, &key);
        for (int i = 0; i < COHL_MARK_CELLS; i++)
            if (w->owners.of[i] == COHL_MARK_PRESENCE_OWNER)
                sign[n++][k] = signs.of[i];
    }
}

static void ask_view(cohl_wrong_answer *a, const view *v, float sign[CELLS][AT_ONCE], double limit)
{
    float z[AT_ONCE] = { 0 };
    for (int i = 0; i < CELLS; i++)
        for (int k = 0; k < AT_ONCE; k++)
            z[k] += v->value[i] * sign[i][k];
    for (int k = 0; k < AT_ONCE; k++) {
        double bound = cohl_mark_presence_bound((double)z[k], &v->hypothesis);
        a->found += bound <= limit;
        a->strongest = fmin(a->strongest, bound);
    }
}

/* WHOLE_KEYS at once, as an installation that had so many would look: so the limit of one key is theirs together. */
static cohl_status ask_whole(cohl_wrong_answer *a, const cohl_wrong_keys *w, double limit, cohl_error *err)
{
    cohl_mark_keys keys = { .count = WHOLE_KEYS };
    cohl_mark_answer public, private;
    cohl_status st = COHL_OK;
    for (int k = 0; k < WHOLE_KEYS; k++)
        keys.key[k] = wrong_key(-1 - k);
    for (int c = 0; c < w->clips && !st; c++) {
        st = cohl_mark_find(&public, &private, w->sum + (size_t)c * GRID, &keys, true, err);
        double bound = private.log10_bound - log10(WHOLE_KEYS);
        a->whole_found += !st && bound <= limit;
        a->strongest = fmin(a->strongest, bound);
    }
    a->whole_keys = WHOLE_KEYS;
    return st;
}

cohl_status cohl_wrong_keys_try(cohl_wrong_answer *a, const cohl_wrong_keys *w, int keys, double limit, cohl_error *err)
{
    float (*sign)[AT_ONCE] = malloc(CELLS * sizeof *sign);
    *a = (cohl_wrong_answer){ .clips = w->clips };
    if (!sign)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for the signs of wrong keys");
    for (; a->keys < keys; a->keys += AT_ONCE) {
        draw_signs(w, sign, a->keys);
        for (int i = 0; i < w->views; i++)
            ask_view(a, &w->view[i], sign, limit);
    }
    free(sign);
    return ask_whole(a, w, limit, err);
}
