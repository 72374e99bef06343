/* policy.c - may this be made? */
#include "safety/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "safety/policy_inside.h"

/* Words the classifier sees at once; of a long text it looks at each such stretch. */
enum { STRETCH = 60, STRETCH_STEP = 40, WORDS_LEAST = 3 };

static cohl_status no_memory(cohl_error *err) { return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a check"); }

/* ---- looking ------------------------------------------------------------- */

cohl_status policy_look(const cohl_policy *p, policy_reading *r, const char *text, size_t size, cohl_error *err)
{
    const policy_lexicon *x = p->packs.lexicon;
    cohl_status st = policy_read(r, x, text, size, err);
    if (st || (st = policy_reading_sort(r, x, p->mask, err)))
        return st;
    uint32_t before = r->match_count;
    policy_proper_find(&p->proper, r, x, text);
    return r->match_count > before || r->failed ? policy_reading_sort(r, x, p->mask, err) : COHL_OK;
}

/* ---- reasons ------------------------------------------------------------- */

/* The words of a finding in the order of the text, " ... " between those apart. */
static void put_words(char *out, size_t room, const policy_finding *f, const policy_reading *r, const char *text)
{
    size_t used = 0;
    uint32_t behind = 0;
    out[0] = 0;
    for (int done = 0; done < f->span_count; done++) {
        const policy_match *next = NULL;
        for (int k = 0; k < f->span_count; k++)
            if (f->span[k].from >= behind && (!next || f->span[k].from < next->from))
                next = &f->span[k];
        if (!next)
            return;
        const policy_token *first = &r->fold.token[next->from], *last = &r->fold.token[next->to - 1];
        int wrote = snprintf(out + used, room - used, "%s%.*s", used ? " \xe2\x80\xa6 " : "",
                             (int)(last->to - first->from > 80 ? 80 : last->to - first->from), text + first->from);
        used += (size_t)wrote;
        if (used >= room) {
            for (used = room - 1; used && ((unsigned char)out[used - 1] & 0xc0) == 0x80; used--) { }
            out[used ? used - 1 : 0] = 0;        /* not in the middle of a letter */
            return;
        }
        behind = next->from + 1;
    }
}

static const char *wording(const cohl_policy *p, const policy_finding *f)
{
    for (int k = 0; k < f->span_count; k++)
        if (f->span[k].entry < p->packs.entry_count && p->packs.entry[f->span[k].entry].instead)
            return p->packs.entry[f->span[k].entry].instead;
    return f->rule->instead;
}

static void add_reason(const cohl_policy *p, cohl_policy_answer *answer, const policy_finding *f, const policy_reading *r,
                       const char *text)
{
    cohl_policy_reason *reason = &answer->reason[answer->reason_count++];
    *reason = (cohl_policy_reason){ f->rule->category, f->rule->code, f->rule->why, wording(p, f), "" };
    put_words(reason->words, sizeof reason->words, f, r, text);
}

/* ---- layers -------------------------------------------------------------- */

static void ask_rules(const cohl_policy *p, int kind, const policy_reading *r, const char *text, int joined,
                      cohl_policy_answer *answer)
{
    policy_finding finding;
    for (int i = 0; i < p->packs.rule_count && answer->reason_count < COHL_POLICY_REASONS_MAX; i++)
        if ((p->packs.rule[i].scope & kind) && policy_rule_find(&finding, &p->packs.rule[i], r, joined))
            add_reason(p, answer, &finding, r, text);
}

static const policy_rule learned[POLICY_KINDS] = {
    { .code = "violence.learned", .category = "violence", .why = "the whole reads like violence shown for its own sake" },
    { .code = "sexual.learned", .category = "sexual", .why = "the whole reads like sexual content" },
    { .code = "minors.learned", .category = "minors", .why = "the whole reads like sexual content with minors" },
    { .code = "hate.learned", .category = "hate", .why = "the whole reads like hatred of a group" },
    { .code = "self_harm.learned", .category = "self_harm", .why = "the whole reads like self-harm" },
};

static void ask_classifier(const cohl_policy *p, const policy_reading *r, const char *text, cohl_policy_answer *answer)
{
    uint32_t bucket[POLICY_FEATURES_MAX];
    const policy_known known = { p->packs.lexicon, p->senses, p->mask };
    if (r->fold.count < WORDS_LEAST)      /* too little to go by: what was read in a frame may be "qui" */
        return;
    for (uint32_t from = 0; p->classifier && from < r->fold.count && !answer->reason_count; from += STRETCH_STEP) {
        uint32_t to = from + STRETCH < r->fold.count ? from + STRETCH : r->fold.count;
        int count = policy_features(bucket, r, &known, from, to);
        for (int k = 0; k < POLICY_KINDS && !answer->reason_count; k++)
            if (policy_classifier_score(p->classifier, k, bucket, count) >= 0) {
                policy_finding f = { .rule = &learned[k], .span_count = 1, .span = { { .entry = UINT32_MAX, .from = from, .to = to } } };
                add_reason(p, answer, &f, r, text);
            }
    }
}

static cohl_status check(const cohl_policy *p, int kind, const char *text, size_t size, int joined,
                         cohl_policy_answer *answer, cohl_error *err)
{
    policy_reading reading = { 0 };
    *answer = (cohl_policy_answer){ 0 };
    if (size > COHL_POLICY_BYTES_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the text has %zu bytes, expected at most %d", size, COHL_POLICY_BYTES_MAX);
    cohl_status st = policy_look(p, &reading, text, size, err);
    if (!st) {
        ask_rules(p, kind, &reading, text, joined, answer);
        if (!answer->reason_count && kind == COHL_POLICY_PROMPT)
            ask_classifier(p, &reading, text, answer);
        answer->refused = answer->reason_count > 0;
    }
    policy_reading_free(&reading);
    return st;
}

/* ---- asking -------------------------------------------------------------- */

cohl_status cohl_policy_check(const cohl_policy *policy, cohl_policy_kind kind, const char *text, size_t size,
                              cohl_policy_answer *answer, cohl_error *err)
{
    return check(policy, kind, text, size, 1, answer, err);
}

static char *join(const char *const *cards, int count)
{
    size_t size = 1;
    for (int i = 0; i < count; i++)
        size += strlen(cards[i]) + 2;
    char *all = malloc(size), *at = all;
    if (!all)
        return NULL;
    for (int i = 0; i < count; i++) {
        at = stpcpy(at, cards[i]);
        at = stpcpy(at, ". ");
    }
    *at = 0;
    return all;
}

cohl_status cohl_policy_check_cards(const cohl_policy *policy, const char *const *cards, int count,
                                    cohl_policy_answer *answer, int *card, cohl_error *err)
{
    *answer = (cohl_policy_answer){ 0 };
    for (*card = 0; *card < count; ++*card) {
        cohl_status st = check(policy, COHL_POLICY_PROMPT, cards[*card], strlen(cards[*card]), 1, answer, err);
        if (st || answer->refused)
            return st;
    }
    *card = -1;
    char *all = join(cards, count);
    if (!all)
        return no_memory(err);
    cohl_status st = check(policy, COHL_POLICY_PROMPT, all, strlen(all), count, answer, err);
    free(all);
    return st;
}

cohl_status cohl_policy_refuse(const cohl_policy_answer *answer, const char *what, cohl_error *err)
{
    const cohl_policy_reason *r = &answer->reason[0];
    return cohl_fail(err, COHL_ERR_REFUSED, "the %s is refused (%s, %s): \"%s\": %s%s%s", what, r->category, r->code, r->words,
                     r->why, r->instead ? "; possible instead: " : "", r->instead ? r->instead : "");
}
