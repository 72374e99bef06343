/* classifier.c - a linear look at what no list has. */
#include "safety/classifier.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

const char *const policy_kinds[POLICY_KINDS] = { "violence", "sexual", "minors", "hate", "self_harm" };

/* The file: this line, a line of text about how it was learned, the numbers, the weights. */
static const char magic[] = "cohl policy classifier 1\n";

enum { LETTERS_AT_ONCE = 4, KIND_WORD = 1, KIND_PAIR = 2, KIND_LETTERS = 3, KIND_CLASS = 4, KIND_COARSE = 5, KIND_FINE = 6 };

/* ---- features ------------------------------------------------------------ */

static uint32_t hash(int kind, const char *a, size_t n, const char *b, size_t m)
{
    uint32_t h = 2166136261u ^ (uint32_t)kind * 0x9e3779b9u;      /* FNV-1a, 32 bits */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)a[i]) * 16777619u;
    h = (h ^ 32) * 16777619u;
    for (size_t i = 0; i < m; i++)
        h = (h ^ (unsigned char)b[i]) * 16777619u;
    h ^= h >> 15;
    return (h * 0x85ebca6bu >> 7) % POLICY_BUCKETS;
}

typedef struct feature_set { uint32_t *bucket; int count; } feature_set;

static void put(feature_set *set, uint32_t bucket)
{
    if (set->count < POLICY_FEATURES_MAX)
        set->bucket[set->count++] = bucket;
}

static void put_letters(feature_set *set, const char *letters, size_t size)
{
    char padded[POLICY_WORD_MAX + 2];
    padded[0] = '<';
    memcpy(padded + 1, letters, size);
    padded[size + 1] = '>';
    for (size_t i = 0; i + LETTERS_AT_ONCE <= size + 2; i++)
        put(set, hash(KIND_LETTERS, padded + i, LETTERS_AT_ONCE, "", 0));
}

static void put_sense(feature_set *set, const policy_sense *sense)
{
    const char coarse[2] = { (char)(sense->coarse & 255), (char)(sense->coarse >> 8) };
    const char fine[2] = { (char)(sense->fine & 255), (char)(sense->fine >> 8) };
    put(set, hash(KIND_COARSE, coarse, sizeof coarse, "", 0));
    put(set, hash(KIND_FINE, fine, sizeof fine, "", 0));
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Does the first match of a class at or behind word `from` end by `to`? */
static bool is_met(const policy_reading *r, int class_id, uint32_t from, uint32_t to)
{
    uint32_t low = r->class_at[class_id], end = r->class_at[class_id + 1], high = end;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (r->match[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && r->match[low].to <= to;
}

static void put_word(feature_set *set, const policy_reading *r, const policy_known *known, uint32_t at, bool has_next)
{
    const policy_token *t = &r->fold.token[at];
    const char *letters = policy_letters(&r->fold, t);
    const policy_sense *sense = policy_senses_of(known->senses, letters, t->size);
    put(set, hash(KIND_WORD, letters, t->size, "", 0));
    if (has_next)
        put(set, hash(KIND_PAIR, letters, t->size, policy_letters(&r->fold, t + 1), t[1].size));
    put_letters(set, letters, t->size);
    if (sense)
        put_sense(set, sense);
}

int policy_features(uint32_t bucket[POLICY_FEATURES_MAX], const policy_reading *r, const policy_known *known, uint32_t from,
                    uint32_t to)
{
    feature_set set = { bucket, 0 };
    int unique = 0;
    uint32_t mask = r->class_at[known->mask], masks_end = r->class_at[known->mask + 1];
    for (uint32_t i = from, masked_to = from; i < to; i++) {
        for (; mask < masks_end && r->match[mask].from <= i; mask++)
            if (r->match[mask].to > masked_to)
                masked_to = r->match[mask].to;
        if (i >= masked_to)
            put_word(&set, r, known, i, i + 1 < to);
    }
    for (int c = 0; c < policy_lexicon_class_count(known->lexicon); c++)
        if (is_met(r, c, from, to)) {
            const char *name = policy_lexicon_class_name(known->lexicon, c);
            if (strncmp(name, "bundle:", 7) && strncmp(name, "guard", 5))
                put(&set, hash(KIND_CLASS, name, strcspn(name, "."), "", 0));
        }
    qsort(bucket, (size_t)set.count, sizeof *bucket, by_number);
    for (int i = 0; i < set.count; i++)
        if (!i || bucket[i] != bucket[i - 1])
            bucket[unique++] = bucket[i];
    return unique;
}

float policy_classifier_score(const policy_classifier *c, int kind, const uint32_t *bucket, int count)
{
    int sum = 0;
    for (int i = 0; i < count; i++)
        sum += c->weight[kind][bucket[i]];
    return (float)(sum * c->scale[kind] / sqrt(count > 0 ? count : 1)) + c->bias[kind] - c->threshold[kind];
}

/* ---- the file ------------------------------------------------------------ */

static cohl_status read_numbers(policy_classifier *c, const char *bytes, size_t size, const char *path, cohl_error *err)
{
    const size_t head = sizeof magic - 1, numbers = 3 * POLICY_KINDS * sizeof(float);
    const char *line = size > head && !memcmp(bytes, magic, head) ? memchr(bytes + head, '\n', size - head) : NULL;
    size_t at = line ? (size_t)(line + 1 - bytes) : 0;
    if (!line || size - at != numbers + sizeof c->weight)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: not the weights of a policy's classifier", path);
    memcpy(c->scale, bytes + at, sizeof c->scale);
    memcpy(c->bias, bytes + at + sizeof c->scale, sizeof c->bias);
    memcpy(c->threshold, bytes + at + 2 * sizeof c->scale, sizeof c->threshold);
    memcpy(c->weight, bytes + at + numbers, sizeof c->weight);
    for (int k = 0; k < POLICY_KINDS; k++)
        if (!isfinite(c->scale[k]) || !isfinite(c->bias[k]) || !isfinite(c->threshold[k]))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: a number of the classifier is not finite", path);
    return COHL_OK;
}

cohl_status policy_classifier_read(policy_classifier **out, const char *path, cohl_error *err)
{
    char *bytes;
    size_t size;
    cohl_status st = cohl_file_read(&bytes, &size, path, 1 << 20, err);
    *out = NULL;
    if (st)
        return st;
    policy_classifier *c = malloc(sizeof *c);
    st = c ? read_numbers(c, bytes, size, path, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a classifier");
    free(bytes);
    if (st)
        free(c);
    else
        *out = c;
    return st;
}

cohl_status policy_classifier_write(const policy_classifier *c, const char *about, const char *path, cohl_error *err)
{
    cohl_writer out;
    cohl_status st = cohl_writer_open(&out, path, err);
    if (st)
        return st;
    st = cohl_writer_put(&out, magic, sizeof magic - 1, err);
    if (!st) st = cohl_writer_put(&out, about, strlen(about), err);
    if (!st) st = cohl_writer_put(&out, "\n", 1, err);
    if (!st) st = cohl_writer_put(&out, c->scale, sizeof c->scale, err);
    if (!st) st = cohl_writer_put(&out, c->bias, sizeof c->bias, err);
    if (!st) st = cohl_writer_put(&out, c->threshold, sizeof c->threshold, err);
    if (!st) st = cohl_writer_put(&out, c->weight, sizeof c->weight, err);
    return cohl_writer_close(&out, st, err);
}
