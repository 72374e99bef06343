/* learn.c - how the classifier is learned. */
#define _GNU_SOURCE
#include "safety/learn.h"

#include <stdbool.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "safety/phrases.h"
#include "safety/policy_inside.h"

enum { PARTS = 5, EPOCHS = 20, LINES_LEAST = 10, DRAWS_MAX = 10000, OTHER = -2, ALLOWED = -1 };
static const float RATE = 2.0f, DECAY = 2e-3f;

typedef struct example {
    uint32_t *bucket;
    int       count, kind;         /* kind: ALLOWED, OTHER (refused for another reason), or of policy_kinds */
    bool      drawn;               /* out of a grammar: learned from, but nothing is measured by it */
} example;

typedef struct lesson {
    example *line;
    int      count, room;
    uint64_t seed;
    json_t  *sets;                 /* of the grammar (phrases.h) */
    float    weight[POLICY_BUCKETS], bias;
} lesson;

/* ---- lines --------------------------------------------------------------- */

static int kind_of(const json_t *line)
{
    const char *category = json_string_value(json_object_get(line, "category"));
    if (!strcmp(json_string_value(json_object_get(line, "label")), "allow"))
        return ALLOWED;
    for (int k = 0; k < POLICY_KINDS; k++)
        if (!strcmp(policy_kinds[k], category))
            return k;
    return OTHER;
}

static cohl_status add_text(lesson *l, const cohl_policy *policy, const char *text, const json_t *line,
                            policy_reading *reading, cohl_error *err)
{
    uint32_t bucket[POLICY_FEATURES_MAX];
    const policy_known known = { policy->packs.lexicon, policy->senses, policy->mask };
    cohl_status st = policy_look(policy, reading, text, strlen(text), err);
    if (st)
        return st;
    if (l->count == l->room) {
        example *larger = realloc(l->line, (size_t)(l->room * 2 + 256) * sizeof *larger);
        if (!larger)
            return cohl_fail(err, COHL_ERR_MEMORY, "no memory for lines to learn from");
        l->line = larger, l->room = l->room * 2 + 256;
    }
    int count = policy_features(bucket, reading, &known, 0, reading->fold.count);
    example *e = &l->line[l->count];
    *e = (example){ malloc(sizeof *bucket * (size_t)(count + 1)), count, kind_of(line), json_object_get(line, "draws") != NULL };
    if (!e->bucket)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for lines to learn from");
    memcpy(e->bucket, bucket, sizeof *bucket * (size_t)count);
    l->count++;
    return COHL_OK;
}

/* A line of text as it stands, or as many draws of its pattern as it says. */
static cohl_status add_line(lesson *l, const cohl_policy *policy, const json_t *line, policy_reading *reading,
                            cohl_error *err)
{
    const char *text = json_string_value(json_object_get(line, "text"));
    const json_t *draws = json_object_get(line, "draws");
    if (!draws)
        return add_text(l, policy, text, line, reading, err);
    cohl_rng rng = cohl_rng_make(l->seed, (uint64_t)POLICY_KINDS * (PARTS + 1) + (uint64_t)l->count);
    cohl_status st = COHL_OK;
    for (json_int_t i = 0; i < json_integer_value(draws) && i < DRAWS_MAX && !st; i++) {
        char *drawn;
        st = policy_phrases_draw(&drawn, l->sets, text, &rng, err);
        if (!st)
            st = add_text(l, policy, drawn, line, reading, err);
        free(drawn);
    }
    return st;
}

static bool is_text(const json_t *line, const char *key) { return json_is_string(json_object_get(line, key)); }

static cohl_status read_line(lesson *l, const cohl_policy *policy, const json_t *line, policy_reading *reading,
                             const char *path, int number, cohl_error *err)
{
    if (is_text(line, "set") && is_text(line, "words"))
        return json_object_set(l->sets, json_string_value(json_object_get(line, "set")), json_object_get(line, "words"))
                   ? cohl_fail(err, COHL_ERR_MEMORY, "no memory for a set of words") : COHL_OK;
    if (!is_text(line, "text") || !is_text(line, "label") || !is_text(line, "category"))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: line %d is no object with \"text\", \"label\" and \"category\" "
                         "(or \"set\" and \"words\")", path, number);
    return add_line(l, policy, line, reading, err);
}

static cohl_status read_lines(lesson *l, const cohl_policy *policy, const char *path, cohl_error *err)
{
    policy_reading reading = { 0 };
    char *bytes, *rest, *at;
    int number = 0;
    cohl_status st = cohl_file_read(&bytes, NULL, path, 64 << 20, err);
    if (st)
        return st;
    rest = bytes;
    while (!st && (at = strsep(&rest, "\n"))) {
        number++;
        json_t *line = *at ? json_loads(at, 0, NULL) : NULL;
        if (*at)
            st = read_line(l, policy, line, &reading, path, number, err);
        json_decref(line);
    }
    policy_reading_free(&reading);
    free(bytes);
    return st;
}

/* ---- learning ------------------------------------------------------------ */

static float score(const lesson *l, const example *e)
{
    float sum = 0;
    for (int i = 0; i < e->count; i++)
        sum += l->weight[e->bucket[i]];
    return sum / sqrtf((float)(e->count > 0 ? e->count : 1)) + l->bias;
}

/* One step down the logistic loss. */
static void step(lesson *l, const example *e, int kind, float rate)
{
    float wanted = e->kind == kind, length = sqrtf((float)(e->count > 0 ? e->count : 1));
    float push = rate * (wanted - 1 / (1 + expf(-score(l, e))));
    for (int i = 0; i < e->count; i++) {
        float *w = &l->weight[e->bucket[i]];
        *w += push / length - rate * DECAY * *w;
    }
    l->bias += push * 0.1f;
}

/* Learn one category from all lines but those of part `without` (PARTS: all). */
static void learn(lesson *l, int kind, int without)
{
    cohl_rng rng = cohl_rng_make(l->seed, (uint64_t)kind * PARTS + (uint64_t)without);
    memset(l->weight, 0, sizeof l->weight);
    l->bias = 0;
    for (int epoch = 0; epoch < EPOCHS; epoch++)
        for (int i = 0; i < l->count; i++) {
            int at = (int)cohl_rng_below(&rng, (uint32_t)l->count);
            if (l->line[at].kind != OTHER && (l->line[at].kind == kind || l->line[at].kind == ALLOWED) &&
                at % PARTS != without)
                step(l, &l->line[at], kind, RATE / (1 + 0.1f * (float)epoch));
        }
}

/* Scores of lines by weights that did not see them. */
static void judge_unseen(lesson *l, int kind, float *unseen)
{
    for (int part = 0; part < PARTS; part++) {
        learn(l, kind, part);
        for (int i = part; i < l->count; i += PARTS)
            unseen[i] = score(l, &l->line[i]);
    }
}

static int falling(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x > y ? -1 : x < y;
}

/* The score that no more than a share of the allowed lines pass. */
static float set_threshold(const lesson *l, const float *unseen, double share, cohl_policy_learned *found, float *allowed)
{
    for (int i = 0; i < l->count; i++)
        if (l->line[i].kind == ALLOWED && !l->line[i].drawn)
            allowed[found->allowed++] = unseen[i];
    if (!found->allowed)
        return 0;
    qsort(allowed, (size_t)found->allowed, sizeof *allowed, falling);
    int passing = (int)(share * found->allowed);
    return nextafterf(allowed[passing < found->allowed ? passing : found->allowed - 1], INFINITY);
}

static void quantise(policy_classifier *c, int kind, const lesson *l, float threshold)
{
    float most = 1e-6f;
    for (int b = 0; b < POLICY_BUCKETS; b++)
        most = fmaxf(most, fabsf(l->weight[b]));
    c->scale[kind] = most / 127, c->bias[kind] = l->bias, c->threshold[kind] = threshold;
    for (int b = 0; b < POLICY_BUCKETS; b++)
        c->weight[kind][b] = (int8_t)lrintf(l->weight[b] / c->scale[kind]);
}

static cohl_status learn_kind(policy_classifier *c, lesson *l, int kind, double share, cohl_policy_learned *found,
                              cohl_error *err)
{
    float *unseen = malloc(sizeof *unseen * 2 * (size_t)(l->count + 1));
    *found = (cohl_policy_learned){ .category = policy_kinds[kind] };
    for (int i = 0; i < l->count; i++)
        found->of += l->line[i].kind == kind && !l->line[i].drawn;
    if (!unseen || found->of < LINES_LEAST) {
        free(unseen);
        return cohl_fail(err, COHL_ERR_FORMAT, "there are %d lines of %s to learn from, expected %d", found->of,
                         policy_kinds[kind], LINES_LEAST);
    }
    judge_unseen(l, kind, unseen);
    float threshold = set_threshold(l, unseen, share, found, unseen + l->count);
    for (int i = 0; i < l->count; i++) {
        found->right += l->line[i].kind == kind && !l->line[i].drawn && unseen[i] >= threshold;
        found->wrong += l->line[i].kind == ALLOWED && !l->line[i].drawn && unseen[i] >= threshold;
    }
    learn(l, kind, PARTS);
    quantise(c, kind, l, threshold);
    free(unseen);
    return COHL_OK;
}

cohl_status cohl_policy_learn(cohl_policy_learned found[COHL_POLICY_LEARNED_MAX], int *count, const cohl_policy *policy,
                              const char *const *files, int file_count, uint64_t seed, double share, const char *out,
                              cohl_error *err)
{
    char about[128];
    cohl_status st = COHL_OK;
    lesson *l = calloc(1, sizeof *l);
    policy_classifier *c = calloc(1, sizeof *c);
    *count = 0;
    if (!l || !c)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a classifier");
    else if (l->seed = seed, !(l->sets = json_object()))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a grammar");
    for (int i = 0; i < file_count && !st; i++)
        st = read_lines(l, policy, files[i], err);
    for (int k = 0; k < POLICY_KINDS && !st; k++)
        st = learn_kind(c, l, k, share, &found[(*count)++], err);
    if (!st) {
        snprintf(about, sizeof about, "learned from %d lines, seed %llu, share %g", l->count, (unsigned long long)seed,
                 share);
        st = policy_classifier_write(c, about, out, err);
    }
    for (int i = 0; l && i < l->count; i++)
        free(l->line[i].bucket);
    if (l) {
        json_decref(l->sets);
        free(l->line);
    }
    free(l);
    free(c);
    return st;
}
