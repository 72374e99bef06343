/* learn.c - how the classifier is learned. */
#define _GNU_SOURCE
#include "safety/learn.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "safety/policy_inside.h"

enum { PARTS = 5, EPOCHS = 60, LINES_LEAST = 10, OTHER = -2, ALLOWED = -1 };
static const float RATE = 0.5f, DECAY = 1e-4f;

typedef struct example {
    uint32_t *bucket;
    int       count, kind;         /* kind: ALLOWED, OTHER (refused for another reason), or of policy_kinds */
} example;

typedef struct lesson {
    example *line;
    int      count, room;
    uint64_t seed;
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

static cohl_status add_line(lesson *l, const cohl_policy *policy, const json_t *line, policy_reading *reading,
                            cohl_error *err)
{
    uint32_t bucket[POLICY_FEATURES_MAX];
    const char *text = json_string_value(json_object_get(line, "text"));
    cohl_status st = policy_look(policy, reading, text, strlen(text), err);
    if (st)
        return st;
    if (l->count == l->room) {
        example *larger = realloc(l->line, (size_t)(l->room * 2 + 256) * sizeof *larger);
        if (!larger)
            return cohl_fail(err, COHL_ERR_MEMORY, "no memory for lines to learn from");
        l->line = larger, l->room = l->room * 2 + 256;
    }
    int count = policy_features(bucket, reading, policy->packs.lexicon, 0, reading->fold.count);
    example *e = &l->line[l->count];
    *e = (example){ malloc(sizeof *bucket * (size_t)(count + 1)), count, kind_of(line) };
    if (!e->bucket)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for lines to learn from");
    memcpy(e->bucket, bucket, sizeof *bucket * (size_t)count);
    l->count++;
    return COHL_OK;
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
        if (*at && (!line || !json_is_string(json_object_get(line, "text")) ||
                    !json_is_string(json_object_get(line, "label")) || !json_is_string(json_object_get(line, "category"))))
            st = cohl_fail(err, COHL_ERR_FORMAT, "%s: line %d is no object with \"text\", \"label\" and \"category\"", path,
                           number);
        else if (line)
            st = add_line(l, policy, line, &reading, err);
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

static float set_threshold(const lesson *l, const float *unseen, double margin, cohl_policy_learned *found)
{
    double sum = 0, squares = 0, most = -INFINITY;
    for (int i = 0; i < l->count; i++)
        if (l->line[i].kind == ALLOWED) {
            sum += unseen[i], squares += (double)unseen[i] * unseen[i];
            most = fmax(most, unseen[i]);
            found->allowed++;
        }
    double mean = sum / found->allowed;
    return (float)(most + margin * sqrt(fmax(0, squares / found->allowed - mean * mean)));
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

static cohl_status learn_kind(policy_classifier *c, lesson *l, int kind, double margin, cohl_policy_learned *found,
                              cohl_error *err)
{
    float *unseen = malloc(sizeof *unseen * (size_t)l->count);
    *found = (cohl_policy_learned){ .category = policy_kinds[kind] };
    for (int i = 0; i < l->count; i++)
        found->of += l->line[i].kind == kind;
    if (!unseen || found->of < LINES_LEAST) {
        free(unseen);
        return cohl_fail(err, COHL_ERR_FORMAT, "there are %d lines of %s to learn from, expected %d", found->of,
                         policy_kinds[kind], LINES_LEAST);
    }
    judge_unseen(l, kind, unseen);
    float threshold = set_threshold(l, unseen, margin, found);
    for (int i = 0; i < l->count; i++)
        found->right += l->line[i].kind == kind && unseen[i] >= threshold;
    learn(l, kind, PARTS);
    quantise(c, kind, l, threshold);
    free(unseen);
    return COHL_OK;
}

cohl_status cohl_policy_learn(cohl_policy_learned found[COHL_POLICY_LEARNED_MAX], int *count, const cohl_policy *policy,
                              const char *const *files, int file_count, uint64_t seed, double margin, const char *out,
                              cohl_error *err)
{
    char about[128];
    cohl_status st = COHL_OK;
    lesson *l = calloc(1, sizeof *l);
    policy_classifier *c = calloc(1, sizeof *c);
    *count = 0;
    if (!l || !c)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a classifier");
    else
        l->seed = seed;
    for (int i = 0; i < file_count && !st; i++)
        st = read_lines(l, policy, files[i], err);
    for (int k = 0; k < POLICY_KINDS && !st; k++)
        st = learn_kind(c, l, k, margin, &found[(*count)++], err);
    if (!st) {
        snprintf(about, sizeof about, "learned from %d lines, seed %llu, margin %g", l->count, (unsigned long long)seed,
                 margin);
        st = policy_classifier_write(c, about, out, err);
    }
    for (int i = 0; l && i < l->count; i++)
        free(l->line[i].bucket);
    if (l)
        free(l->line);
    free(l);
    free(c);
    return st;
}
