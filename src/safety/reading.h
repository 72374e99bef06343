/* reading.h - what the words of a text may mean, and the phrases met in it.
 *
 * A reading is a graph over the words: an edge leads from one place between words to a later one
 * and carries the lexicon's number for what stands there. Beside each plain word stand its other
 * readings: a plural's singular, "H4rry" as harry, "n u d e" as nude, "Mi ckey" as mickey,
 * "nuude" as nude, "Pickachu" as pikachu. Phrases are walked over the edges. */
#ifndef COHL_SAFETY_READING_H
#define COHL_SAFETY_READING_H

#include "safety/lexicon.h"

typedef struct policy_edge {
    uint32_t    to;               /* place behind the last word it covers */
    policy_word word;
    int32_t     next;             /* another edge from the same place, -1 */
    uint8_t     letters;          /* of the word as it is read            */
    bool        bent;             /* not what stands there letter by letter */
    bool        guessed;          /* one letter was taken for wrong       */
} policy_edge;

/* A phrase that was met: words from..to-1 of the text. */
typedef struct policy_match {
    int32_t  class_id;
    uint32_t entry;
    uint32_t from, to;
    float    weight;
} policy_match;

typedef struct policy_reading {
    policy_fold   fold;
    int32_t      *first;          /* [words] edges by place     */
    policy_edge  *edge;
    uint32_t      first_room, edge_count, edge_room;
    policy_match *match;          /* by class, then by place    */
    uint32_t      match_count, match_room;
    uint32_t     *class_at;       /* [classes + 1] where the matches of a class begin */
    uint32_t      class_room;
    policy_match *sorting;        /* scratch                    */
    uint32_t      sorting_room;
    bool          failed;         /* memory is out              */
} policy_reading;

/* Read a text and find the phrases. Starts as { 0 }, keeps its memory; the lexicon is borrowed.
 * COHL_ERR_ARGUMENT  not UTF-8 */
cohl_status policy_read(policy_reading *reading, const policy_lexicon *lexicon, const char *text, size_t size,
                        cohl_error *err);
void policy_reading_free(policy_reading *reading);

/* Add what was met by other means (proper.h, classifier.h); then sort again. */
void policy_reading_add(policy_reading *reading, policy_match match);
/* Order matches by class and place, and drop those that stand wholly inside a match of class
 * `mask` (what only looks like harm: "shooting star"). */
cohl_status policy_reading_sort(policy_reading *reading, const policy_lexicon *lexicon, int mask, cohl_error *err);

#endif
