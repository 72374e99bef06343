/* classifier.h - a linear look at what no list has.
 *
 * One weight vector a category over hashed features of a text: its words, pairs of neighbours,
 * four letters at a time (so that unseen endings count), the groups of words used alike (senses.h),
 * and the classes that the lists met. A
 * category is met when its sum passes the threshold that learning chose (learn.h). The weights
 * are bytes with one scale: a file of 330 kilobytes. */
#ifndef COHL_SAFETY_CLASSIFIER_H
#define COHL_SAFETY_CLASSIFIER_H

#include "safety/reading.h"
#include "safety/senses.h"

enum { POLICY_BUCKETS = 1 << 16, POLICY_KINDS = 5, POLICY_FEATURES_MAX = 4096 };

extern const char *const policy_kinds[POLICY_KINDS];     /* the categories, as rules name them */

typedef struct policy_classifier {
    int8_t weight[POLICY_KINDS][POLICY_BUCKETS];
    float  scale[POLICY_KINDS], bias[POLICY_KINDS], threshold[POLICY_KINDS];
} policy_classifier;

typedef struct policy_known {          /* what is known of words; borrowed */
    const policy_lexicon *lexicon;
    const policy_senses  *senses;        /* NULL = none */
    int                   mask;          /* class of what only looks like harm: its words are not looked at */
} policy_known;

/* The features of words from..to-1 of a sorted reading: buckets without repeats; returns how many. */
int policy_features(uint32_t bucket[POLICY_FEATURES_MAX], const policy_reading *reading, const policy_known *known,
                    uint32_t from, uint32_t to);

/* The score of a category, features normalised to length 1; met when it is at least 0. */
float policy_classifier_score(const policy_classifier *classifier, int kind, const uint32_t *bucket, int count);

/* COHL_ERR_FORMAT  not a file of weights */
cohl_status policy_classifier_read(policy_classifier **out, const char *path, cohl_error *err);
cohl_status policy_classifier_write(const policy_classifier *classifier, const char *about, const char *path,
                                    cohl_error *err);

#endif
