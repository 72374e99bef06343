/* tally.c - right and wrong answers, counted. */
#include "bench/tally.h"

#include <assert.h>

void cohl_tally_add(cohl_tally *tally, const cohl_score *score, const cohl_wanted *wanted)
{
    for (int i = 0; i < score->count; i++) {
        const cohl_answer *a = &score->answer[i];
        assert(a->wanted < COHL_TALLY_CLASSES_MAX && a->seen < COHL_TALLY_CLASSES_MAX);
        tally->of[a->kind]++;
        tally->right[a->kind] += a->wanted == a->seen;
        tally->seen[a->kind][a->wanted][a->seen]++;
    }
    if (wanted->actor_count == 2) {
        tally->of[COHL_TALLY_PAIR]++;
        tally->right[COHL_TALLY_PAIR] += score->all_actors;
    }
}

const char *cohl_tally_name(int head)
{
    return head == COHL_TALLY_PAIR ? "both subjects" : cohl_word_kind_name((cohl_word_kind)head);
}

static json_t *head_json(int right, int of, double floor)
{
    cohl_share share = cohl_share_of(right, of);
    return json_pack("{s:i, s:i, s:f, s:f, s:o}", "right", right, "of", of, "low", share.low, "high", share.high,
                     "floor", floor > 0 ? json_real(floor) : json_null());
}

/* A line for each word that was mistaken: "dog 12: dog 9, ball 2, tree 1". */
static void write_mistakes(const cohl_tally *tally, int head, cohl_text *out)
{
    const cohl_word *word = cohl_words_of((cohl_word_kind)head);
    int count = cohl_word_count((cohl_word_kind)head);
    bool titled = false;
    for (int w = 0; w < count; w++) {
        const int *seen = tally->seen[head][w];
        int all = 0;
        for (int s = 0; s < count; s++)
            all += seen[s];
        if (all == seen[w])
            continue;
        if (!titled)
            cohl_text_addf(out, "\n%s, wanted: seen\n", cohl_tally_name(head));
        titled = true;
        cohl_text_addf(out, "  %-14s %4d: %d right", word[w].name, all, seen[w]);
        for (int s = 0; s < count; s++)
            if (s != w && seen[s])
                cohl_text_addf(out, ", %d %s", seen[s], word[s].name);
        cohl_text_add(out, "\n");
    }
}

static json_t *confusion_json(const cohl_tally *tally, int head)
{
    json_t *rows = json_array();
    int count = cohl_word_count((cohl_word_kind)head);
    for (int w = 0; w < count; w++) {
        json_t *row = json_array();
        for (int s = 0; s < count; s++)
            json_array_append_new(row, json_integer(tally->seen[head][w][s]));
        json_array_append_new(rows, row);
    }
    return rows;
}

void cohl_tally_report(const cohl_tally *tally, const cohl_tally_floors *floors, cohl_bench_report *report)
{
    json_t *heads = json_object(), *confusion = json_object();
    for (int h = 0; h < COHL_TALLY_HEADS; h++) {
        double floor = floors->head[h];
        cohl_share share = cohl_share_of(tally->right[h], tally->of[h]);
        if (!tally->of[h]) {
            if (floor > 0)
                cohl_text_addf(&report->words, "%s: nothing was asked\n", cohl_tally_name(h));
            continue;
        }
        cohl_bench_add(report, floor > 0 ? COHL_BENCH_AT_LEAST : COHL_BENCH_NO_FLOOR, floor, "share", share.value,
                       "%s", cohl_tally_name(h));
        cohl_text_addf(&report->words, "%-14s %d of %d, 95 %% between %.3f and %.3f\n", cohl_tally_name(h),
                       tally->right[h], tally->of[h], share.low, share.high);
        json_object_set_new(heads, cohl_tally_name(h), head_json(tally->right[h], tally->of[h], floor));
        if (h < COHL_WORD_KIND_COUNT)
            json_object_set_new(confusion, cohl_tally_name(h), confusion_json(tally, h));
    }
    for (int h = 0; h < COHL_WORD_KIND_COUNT; h++)
        write_mistakes(tally, h, &report->words);
    if (!report->more)
        report->more = json_object();
    json_object_set_new(report->more, "heads", heads);
    json_object_set_new(report->more, "confusion", confusion);
}
