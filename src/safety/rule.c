/* rule.c - what classes of phrases mean together. */
#include "safety/rule.h"

#include <stdlib.h>
#include <string.h>

typedef struct range { const policy_match *match; uint32_t count; } range;

static range matches_of(const policy_reading *r, int class_id)
{
    uint32_t from = r->class_at[class_id], count = r->class_at[class_id + 1] - from;
    return (range){ count ? r->match + from : NULL, count };   /* no match at all: no array */
}

static bool slot_is_met(const policy_slot *slot, const policy_reading *r)
{
    for (int c = 0; c < slot->count; c++)
        if (matches_of(r, slot->class_id[c]).count)
            return true;
    return false;
}

/* First of a range that begins at or after word `at`. */
static uint32_t lower(range all, uint32_t at)
{
    uint32_t low = 0, high = all.count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (all.match[middle].from < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint32_t gap(const policy_match *a, const policy_match *b)
{
    return a->to <= b->from ? b->from - a->to : b->to <= a->from ? a->from - b->to : 0;
}

static bool overlap(const policy_match *a, const policy_match *b) { return a->from < b->to && b->from < a->to; }

static uint32_t minus(uint32_t a, int b) { return a > (uint32_t)b ? a - (uint32_t)b : 0; }

/* ---- rules --------------------------------------------------------------- */

/* Does a match fit into slot k beside those of slots 0..k-1? */
static bool fits(const policy_finding *f, int k, const policy_match *m, const policy_rule *rule)
{
    for (int i = 0; i < k; i++)
        if (overlap(&f->span[i], m) || (f->span[i].class_id == m->class_id && f->span[i].entry == m->entry))
            return false;
    if (rule->order && m->from < f->span[k - 1].to)
        return false;
    return gap(rule->order ? &f->span[k - 1] : &f->span[0], m) <= (uint32_t)rule->near;
}

/* The nearest match for slot k. */
static bool fill_slot(policy_finding *f, int k, const policy_rule *rule, const policy_reading *r)
{
    const policy_match *anchor = rule->order ? &f->span[k - 1] : &f->span[0], *best = NULL;
    for (int c = 0; c < rule->slot[k].count; c++) {
        range all = matches_of(r, rule->slot[k].class_id[c]);
        uint32_t end = anchor->to + (uint32_t)rule->near;
        for (uint32_t i = lower(all, minus(anchor->from, rule->near + POLICY_PHRASE_WORDS_MAX)); i < all.count; i++) {
            const policy_match *m = &all.match[i];
            if (m->from > end)
                break;
            if (fits(f, k, m, rule) && (!best || gap(anchor, m) < gap(anchor, best)))
                best = m;
        }
    }
    if (best)
        f->span[k] = *best;
    return best != NULL;
}

/* Is a match of the slot within `before` words ahead of from, or anywhere up to `to`? */
static bool stands_in(const policy_slot *slot, const policy_reading *r, uint32_t from, uint32_t to)
{
    for (int c = 0; c < slot->count; c++) {
        range all = matches_of(r, slot->class_id[c]);
        for (uint32_t i = lower(all, minus(from, POLICY_PHRASE_WORDS_MAX)); i < all.count && all.match[i].from < to; i++)
            if (all.match[i].to > from)
                return true;
    }
    return false;
}

static bool is_cancelled(const policy_finding *f, const policy_rule *rule, const policy_reading *r)
{
    uint32_t from = UINT32_MAX, to = 0;
    for (int k = 0; k < f->span_count; k++) {
        const policy_match *m = &f->span[k];
        from = m->from < from ? m->from : from;
        to = m->to > to ? m->to : to;
        if (rule->unless_before.count && stands_in(&rule->unless_before, r, minus(m->from, POLICY_BEFORE), m->from))
            return true;
    }
    return rule->unless.count &&
           stands_in(&rule->unless, r, minus(from, POLICY_NEAR_USUAL), to + POLICY_NEAR_USUAL);
}

static bool try_anchor(policy_finding *f, const policy_match *anchor, const policy_rule *rule, const policy_reading *r)
{
    f->span[0] = *anchor;
    f->span_count = rule->slot_count;
    for (int k = 1; k < rule->slot_count; k++)
        if (!fill_slot(f, k, rule, r))
            return false;
    return !is_cancelled(f, rule, r);
}

static bool find_rule(policy_finding *f, const policy_rule *rule, const policy_reading *r)
{
    for (int c = 0; c < rule->slot[0].count; c++) {
        range all = matches_of(r, rule->slot[0].class_id[c]);
        for (uint32_t i = 0; i < all.count; i++)
            if (try_anchor(f, &all.match[i], rule, r))
                return true;
    }
    return false;
}

/* ---- bundles ------------------------------------------------------------- */

/* Does a trait count here: on words that no other slot took, and not behind a "no"? */
static bool counts(const policy_finding *f, const policy_match *m, const policy_reading *r)
{
    for (int i = 0; i < f->span_count; i++)
        if (overlap(&f->span[i], m))
            return false;
    return !f->rule->unless_before.count ||
           !stands_in(&f->rule->unless_before, r, minus(m->from, POLICY_BEFORE), m->from);
}

/* The best trait of one slot between two words, added to the finding; returns its weight, 0 when none. */
static float add_trait(policy_finding *f, const policy_slot *slot, const policy_reading *r, uint32_t from, uint32_t to)
{
    policy_match best = { 0 };
    for (int c = 0; c < slot->count; c++) {
        range all = matches_of(r, slot->class_id[c]);
        for (uint32_t i = lower(all, from); i < all.count && all.match[i].from < to; i++) {
            float weight = slot->weight && slot->weight[c] > 0 ? slot->weight[c] : all.match[i].weight;
            if (weight > best.weight && counts(f, &all.match[i], r))
                best = all.match[i], best.weight = weight;
        }
    }
    if (best.weight > 0)
        f->span[f->span_count++] = best;
    return best.weight;
}

/* Do the traits from word `from` on suffice? */
static bool weigh(policy_finding *f, const policy_rule *rule, const policy_reading *r, uint32_t from, uint32_t to)
{
    float sum = 0;
    f->span_count = 0;
    for (int k = 0; k < rule->slot_count; k++)
        sum += add_trait(f, &rule->slot[k], r, from, to);
    return f->span_count >= rule->slots_min && sum >= rule->need - 1e-4f;
}

static bool find_bundle(policy_finding *f, const policy_rule *rule, const policy_reading *r, int joined)
{
    uint32_t reach = (uint32_t)rule->near * (uint32_t)(joined > 1 ? joined : 1);
    int met = 0;
    for (int k = 0; k < rule->slot_count; k++)
        met += slot_is_met(&rule->slot[k], r);
    if (met < rule->slots_min)
        return false;
    for (int k = 0; k < rule->slot_count; k++)
        for (int c = 0; c < rule->slot[k].count; c++) {
            range all = matches_of(r, rule->slot[k].class_id[c]);
            for (uint32_t i = 0; i < all.count; i++)
                if (weigh(f, rule, r, all.match[i].from, all.match[i].from + reach) &&
                    !(rule->unless.count && stands_in(&rule->unless, r, minus(all.match[i].from, POLICY_NEAR_USUAL),
                                                      all.match[i].from + reach)))
                    return true;
        }
    return false;
}

bool policy_rule_find(policy_finding *finding, const policy_rule *rule, const policy_reading *r, int joined)
{
    *finding = (policy_finding){ .rule = rule };
    if (rule->bundle)
        return find_bundle(finding, rule, r, joined);
    for (int k = 0; k < rule->slot_count; k++)
        if (!slot_is_met(&rule->slot[k], r))
            return false;
    return find_rule(finding, rule, r);
}

void policy_rule_free(policy_rule *rule)
{
    free(rule->code);
    free(rule->category);
    free(rule->why);
    free(rule->instead);
    free(rule->origin);
    free(rule->unless.class_id);
    free(rule->unless_before.class_id);
    for (int k = 0; k < rule->slot_count; k++) {
        free(rule->slot[k].class_id);
        free(rule->slot[k].weight);
    }
    *rule = (policy_rule){ 0 };
}
