/* pack.c - policies as data. */
#define _GNU_SOURCE
#include "safety/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "safety/pack_json.h"

enum { PHRASE_BYTES_MAX = 200, WORK_YEARS = 100, DEATH_YEARS = 70 };

static cohl_status no_memory(cohl_error *err) { return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a policy"); }

static bool room(void **data, int count, int *have, size_t each)
{
    if (count < *have)
        return true;
    int wanted = *have ? *have * 2 : 64;
    void *larger = realloc(*data, (size_t)wanted * each);
    if (!larger)
        return false;
    *data = larger, *have = wanted;
    return true;
}

/* ---- lists --------------------------------------------------------------- */

/* What one list says of all its phrases. */
typedef struct list {
    pack_place  at;
    const char *class_name, *origin, *why, *instead;
    int         flags, years;          /* years: 0, WORK_YEARS or DEATH_YEARS */
    int         pack;
    const json_t *instead_of;          /* the pack's "instead" */
} list;

static cohl_status read_flags(int *out, const pack_place *at, const json_t *flags, cohl_error *err)
{
    static const struct { const char *name; int flag; } known[] = {
        { "capital", POLICY_CAPITAL }, { "evasion", POLICY_EVASION }, { "fuzzy", POLICY_FUZZY }, { "common", POLICY_COMMON },
        { "english", POLICY_ENGLISH }, { "french", POLICY_FRENCH },
    };
    enum { KNOWN = sizeof known / sizeof *known };
    size_t i, k;
    json_t *item;
    *out = 0;
    json_array_foreach((json_t *)flags, i, item) {
        for (k = 0; k < KNOWN && strcmp(known[k].name, json_string_value(item)); k++) { }
        if (k == KNOWN)
            return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: lists[%zu].flags has \"%.40s\", expected capital, "
                             "evasion, fuzzy, common, english or french", at->path, at->index, json_string_value(item));
        *out |= known[k].flag;
    }
    return COHL_OK;
}

static cohl_status read_years(int *out, const pack_place *at, const char *years, cohl_error *err)
{
    *out = 0;
    if (years && !strcmp(years, "work"))
        *out = WORK_YEARS;
    else if (years && !strcmp(years, "death"))
        *out = DEATH_YEARS;
    else if (years)
        return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: lists[%zu].years is \"%.40s\", expected work or death", at->path,
                         at->index, years);
    return COHL_OK;
}

static int class_of(policy_packs *p, const char *name, bool is_free, bool is_short)
{
    char full[160];
    snprintf(full, sizeof full, "%s%s%s%s%.120s", is_free ? "free" : "", is_free && is_short ? "-" : "",
             is_short ? "short" : "", is_free || is_short ? ":" : "", name);
    return policy_lexicon_class(p->lexicon, full);
}

static cohl_status add_entry(policy_packs *p, const list *l, const char *name, cohl_error *err)
{
    int have = (int)p->entry_room;
    const char *own = json_string_value(json_object_get(l->instead_of, name));
    char *kept = strdup(name);
    if (!kept)
        return no_memory(err);
    if (!room((void **)&p->entry, (int)p->entry_count, &have, sizeof *p->entry)) {
        free(kept);
        return no_memory(err);
    }
    p->entry_room = (uint32_t)have;
    p->entry[p->entry_count++] = (policy_entry){ kept, l->origin, own ? own : l->instead, l->pack };
    p->pack[l->pack].entries++;
    return COHL_OK;
}

/* ":1999" at the end; 0 when there is none. */
static int cut_year(char *text)
{
    char *colon = strrchr(text, ':'), *end;
    if (!colon || !colon[1])
        return 0;
    long year = strtol(colon + 1, &end, 10);
    if (*end)
        return 0;
    *colon = 0;
    return (int)year;
}

/* "Name/Other name/~Short/^Short:1999": a name with its spellings; short ones count beside a cue, and
 * those with ^ only with a capital. */
static cohl_status add_name(policy_packs *p, const list *l, const char *text, cohl_error *err)
{
    char copy[PHRASE_BYTES_MAX], *rest = copy, *spelling;
    if (strlen(text) >= sizeof copy)
        return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: lists[%zu]: \"%.60s...\" is longer than %d bytes", l->at.path,
                         l->at.index, text, PHRASE_BYTES_MAX);
    strcpy(copy, text);
    int year = l->years ? cut_year(copy) : 0;
    bool is_free = year && p->pack[l->pack].as_of - year >= l->years;
    cohl_status st = COHL_OK;
    for (bool first = true; (spelling = strsep(&rest, "/")) && !st; first = false) {
        bool is_short = *spelling == '~' || *spelling == '^';
        int class_id = class_of(p, l->class_name, is_free, is_short);
        if (first)
            st = add_entry(p, l, spelling + is_short, err);
        if (class_id < 0 && !st)
            st = no_memory(err);
        int flags = l->flags | (*spelling == '^' ? POLICY_CAPITAL : 0);
        policy_mark mark = { class_id, p->entry_count - 1, 1, (uint8_t)flags, 0, 0, -1 };
        if (!st) st = policy_lexicon_add(p->lexicon, spelling + is_short, mark, err);
    }
    return st;
}

static cohl_status add_words(policy_packs *p, const list *l, const json_t *words, cohl_error *err)
{
    size_t i;
    json_t *item;
    cohl_status st = COHL_OK;
    json_array_foreach((json_t *)words, i, item) {
        char *copy = strdup(json_string_value(item)), *rest = copy, *word;
        if (!copy)
            return no_memory(err);
        while (!st && (word = strsep(&rest, ",;"))) {
            word += strspn(word, " \n\t");
            if (*word)
                st = add_name(p, l, word, err);
        }
        free(copy);
        if (st)
            return st;
    }
    return st;
}

static cohl_status add_list(policy_packs *p, int pack, const pack_place *at, const json_t *json, cohl_error *err)
{
    static const char *const keys[] = { "class", "origin", "why", "field", "instead", "flags", "years", "words", NULL };
    list l = { .at = *at, .pack = pack, .instead_of = json_object_get(p->pack[pack].json, "instead") };
    const json_t *words, *flags;
    const char *years, *field;
    cohl_status st;
    if ((st = pack_keys(at, json, keys, err)) || (st = pack_string(&l.class_name, at, json, "class", true, err)) ||
        (st = pack_string(&l.origin, at, json, "origin", true, err)) ||
        (st = pack_string(&l.why, at, json, "why", true, err)) ||
        (st = pack_string(&field, at, json, "field", false, err)) ||
        (st = pack_string(&l.instead, at, json, "instead", false, err)) ||
        (st = pack_string(&years, at, json, "years", false, err)) ||
        (st = pack_strings(&flags, at, json, "flags", false, err)) ||
        (st = pack_strings(&words, at, json, "words", true, err)) ||
        (st = read_flags(&l.flags, at, flags, err)) || (st = read_years(&l.years, at, years, err)))
        return st;
    return class_of(p, l.class_name, false, false) < 0 ? no_memory(err) : add_words(p, &l, words, err);
}

/* ---- rules --------------------------------------------------------------- */

static char *copy_of(const char *text) { return text ? strdup(text) : NULL; }

static cohl_status begin_rule(policy_rule **out, policy_packs *p, int pack, const pack_place *at, const json_t *json,
                              cohl_error *err)
{
    const char *code, *category, *why, *instead, *origin;
    cohl_status st;
    *out = NULL;
    if ((st = pack_string(&code, at, json, "code", true, err)) ||
        (st = pack_string(&category, at, json, "category", true, err)) ||
        (st = pack_string(&why, at, json, "why", true, err)) ||
        (st = pack_string(&origin, at, json, "origin", true, err)) ||
        (st = pack_string(&instead, at, json, "instead", false, err)))
        return st;
    if (!room((void **)&p->rule, p->rule_count, &p->rule_room, sizeof *p->rule))
        return no_memory(err);
    policy_rule *r = *out = &p->rule[p->rule_count++];
    *r = (policy_rule){ .code = copy_of(code), .category = copy_of(category), .why = copy_of(why),
                        .instead = copy_of(instead), .origin = copy_of(origin), .pack = pack,
                        .scope = POLICY_EVERYWHERE };
    return r->code && r->category && r->why && r->origin && (r->instead || !instead) ? COHL_OK : no_memory(err);
}

static cohl_status read_scope(int *out, const pack_place *at, const json_t *json, cohl_error *err)
{
    static const struct { const char *name; int scope; } known[] = {
        { "prompt", POLICY_PROMPT }, { "negative", POLICY_NEGATIVE }, { "name", POLICY_NAME },
    };
    const json_t *names;
    size_t i, k;
    json_t *item;
    cohl_status st = pack_strings(&names, at, json, "in", false, err);
    if (st)
        return st;
    *out = names ? 0 : POLICY_EVERYWHERE;
    json_array_foreach((json_t *)names, i, item) {
        for (k = 0; k < 3 && strcmp(known[k].name, json_string_value(item)); k++) { }
        if (k == 3)
            return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: %s[%zu].in has \"%.40s\", expected prompt, negative or name",
                             at->path, at->what, at->index, json_string_value(item));
        *out |= known[k].scope;
    }
    return COHL_OK;
}

/* Classes are bound when all packs are read; until then a slot keeps a place in ->wanted. */
static cohl_status want(policy_packs *p, policy_slot *slot, const char *classes, cohl_error *err)
{
    char **larger = realloc(p->wanted, ((size_t)p->wanted_count + 1) * sizeof *larger);
    if (!larger)
        return no_memory(err);
    p->wanted = larger;
    if (!(p->wanted[p->wanted_count] = strdup(classes)))
        return no_memory(err);
    slot->count = -1 - p->wanted_count++;
    return COHL_OK;
}

static cohl_status add_rule(policy_packs *p, int pack, const pack_place *at, const json_t *json, cohl_error *err)
{
    static const char *const keys[] = { "code", "category", "why", "origin", "instead", "all", "near", "order", "unless",
                                        "unless_before", "in", NULL };
    policy_rule *r;
    const json_t *all;
    const char *unless, *before;
    double near;
    size_t i;
    json_t *item;
    cohl_status st;
    if ((st = pack_keys(at, json, keys, err)) || (st = begin_rule(&r, p, pack, at, json, err)) ||
        (st = pack_strings(&all, at, json, "all", true, err)) ||
        (st = pack_string(&unless, at, json, "unless", false, err)) ||
        (st = pack_string(&before, at, json, "unless_before", false, err)) ||
        (st = pack_number(&near, at, json, "near", POLICY_NEAR_USUAL, 0, 10000, err)) ||
        (st = pack_bool(&r->order, at, json, "order", err)) || (st = read_scope(&r->scope, at, json, err)))
        return st;
    if (!json_array_size(all) || json_array_size(all) > POLICY_SLOTS_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: rules[%zu].all has %zu slots, expected 1 to %d", at->path, at->index,
                         json_array_size(all), POLICY_SLOTS_MAX);
    r->near = (int)near;
    json_array_foreach((json_t *)all, i, item)
        if ((st = want(p, &r->slot[r->slot_count++], json_string_value(item), err)))
            return st;
    if (unless && (st = want(p, &r->unless, unless, err)))
        return st;
    p->pack[pack].rules++;
    return before ? want(p, &r->unless_before, before, err) : COHL_OK;
}

/* ---- bundles ------------------------------------------------------------- */

/* "@body:2": every phrase of a class as a trait. */
static cohl_status borrow(policy_packs *p, int slot, const char *classes, double weight, cohl_error *err)
{
    if (!room((void **)&p->borrowed, p->borrowed_count, &p->borrowed_room, sizeof *p->borrowed))
        return no_memory(err);
    policy_borrowed *b = &p->borrowed[p->borrowed_count];
    *b = (policy_borrowed){ p->rule_count - 1, slot, strdup(classes), (float)weight };
    p->borrowed_count += b->classes != NULL;
    return b->classes ? COHL_OK : no_memory(err);
}

/* "plumber:2": a trait with its weight (1). */
static cohl_status add_trait(policy_packs *p, const pack_place *at, int class_id, char *trait, cohl_error *err)
{
    char *colon = strrchr(trait, ':'), *end = NULL;
    double weight = colon ? cohl_text_real(colon + 1, &end) : 1;
    if (colon && (*end || end == colon + 1 || !(weight > 0 && weight <= 10)))
        return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: bundles[%zu]: \"%.60s\" has no weight from 0 to 10 behind its colon",
                         at->path, at->index, trait);
    if (colon)
        *colon = 0;
    if (*trait == '@')
        return borrow(p, p->rule[p->rule_count - 1].slot_count - 1, trait + 1, weight, err);
    return policy_lexicon_add(p->lexicon, trait, (policy_mark){ class_id, p->entry_count - 1, (float)weight, POLICY_EVASION, 0, 0, -1 }, err);
}

static cohl_status add_traits(policy_packs *p, const pack_place *at, policy_rule *r, const char *slot, const json_t *traits,
                              cohl_error *err)
{
    char name[160], *copy, *rest, *trait;
    cohl_status st = COHL_OK;
    snprintf(name, sizeof name, "bundle:%.80s:%.40s", r->code, slot);
    int class_id = policy_lexicon_class(p->lexicon, name);
    policy_slot *s = &r->slot[r->slot_count++];
    if (!json_is_string(traits))
        return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: bundles[%zu].slots.%.40s is no text, expected traits with commas "
                         "between them", at->path, at->index, slot);
    if (class_id < 0 || !(s->class_id = malloc(sizeof *s->class_id)) || !(copy = strdup(json_string_value(traits))))
        return no_memory(err);
    *s->class_id = class_id, s->count = 1;
    rest = copy;
    while (!st && (trait = strsep(&rest, ","))) {
        trait += strspn(trait, " \n\t");
        if (*trait)
            st = add_trait(p, at, class_id, trait, err);
    }
    free(copy);
    return st;
}

static cohl_status add_bundle(policy_packs *p, int pack, const pack_place *at, const json_t *json, cohl_error *err)
{
    static const char *const keys[] = { "code", "category", "why", "origin", "instead", "need", "slots_min", "near", "slots",
                                        "unless", "unless_before", "in", NULL };
    policy_rule *r;
    const json_t *slots = json_object_get(json, "slots");
    const char *name, *unless, *before;
    json_t *traits;
    double need, slots_min, near;
    cohl_status st;
    if ((st = pack_keys(at, json, keys, err)) || (st = begin_rule(&r, p, pack, at, json, err)) ||
        (st = pack_number(&need, at, json, "need", 5, 0.1, 100, err)) ||
        (st = pack_number(&slots_min, at, json, "slots_min", 3, 1, POLICY_SLOTS_MAX, err)) ||
        (st = pack_string(&unless, at, json, "unless", false, err)) ||
        (st = pack_string(&before, at, json, "unless_before", false, err)) ||
        (st = pack_number(&near, at, json, "near", POLICY_BUNDLE_NEAR_USUAL, 1, 10000, err)) ||
        (st = read_scope(&r->scope, at, json, err)))
        return st;
    r->bundle = true, r->need = (float)need, r->slots_min = (int)slots_min, r->near = (int)near;
    if (!json_is_object(slots) || !json_object_size(slots) || json_object_size(slots) > POLICY_SLOTS_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: bundles[%zu].slots has %zu slots, expected 1 to %d", at->path,
                         at->index, json_object_size(slots), POLICY_SLOTS_MAX);
    if ((unless && (st = want(p, &r->unless, unless, err))) || (before && (st = want(p, &r->unless_before, before, err))))
        return st;
    list l = { .at = *at, .pack = pack, .origin = json_string_value(json_object_get(json, "origin")) };
    st = add_entry(p, &l, json_string_value(json_object_get(json, "code")), err);
    json_object_foreach((json_t *)slots, name, traits)
        if (!st)
            st = add_traits(p, at, r, name, traits, err);
    p->pack[pack].bundles++;
    return st;
}

/* ---- a pack -------------------------------------------------------------- */

typedef cohl_status add_fn(policy_packs *p, int pack, const pack_place *at, const json_t *json, cohl_error *err);

static cohl_status add_each(policy_packs *p, int pack, const char *key, add_fn *add, cohl_error *err)
{
    const json_t *all = json_object_get(p->pack[pack].json, key);
    size_t i;
    json_t *item;
    cohl_status st = COHL_OK;
    if (all && !json_is_array(all))
        return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: %s is not a list", p->pack[pack].path, key);
    json_array_foreach((json_t *)all, i, item)
        if ((st = add(p, pack, &(pack_place){ p->pack[pack].path, key, i }, item, err)))
            return st;
    return st;
}

static cohl_status read_head(policy_packs *p, policy_pack *pack, cohl_error *err)
{
    static const char *const keys[] = { "pack", "version", "about", "as_of", "lists", "rules", "bundles", "instead", NULL };
    pack_place at = { pack->path, "pack", 0 };
    const char *name, *version, *about;
    double as_of;
    cohl_status st;
    if ((st = pack_keys(&at, pack->json, keys, err)) || (st = pack_string(&name, &at, pack->json, "pack", true, err)) ||
        (st = pack_string(&version, &at, pack->json, "version", true, err)) ||
        (st = pack_string(&about, &at, pack->json, "about", true, err)) ||
        (st = pack_number(&as_of, &at, pack->json, "as_of", 2026, 1900, 3000, err)))
        return st;
    for (int i = 0; i < p->pack_count; i++)
        if (p->pack[i].name && !strcmp(p->pack[i].name, name))
            return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: the pack is called \"%.60s\", and so is %.120s", pack->path,
                             name, p->pack[i].path);
    pack->as_of = (int)as_of;
    pack->name = strdup(name), pack->version = strdup(version), pack->about = strdup(about);
    return pack->name && pack->version && pack->about ? COHL_OK : no_memory(err);
}

cohl_status policy_packs_add(policy_packs *p, const char *path, const char *bytes, size_t size, cohl_error *err)
{
    json_error_t where;
    cohl_status st;
    int at = p->pack_count;
    if (!room((void **)&p->pack, p->pack_count, &p->pack_room, sizeof *p->pack))
        return no_memory(err);
    policy_pack *pack = &p->pack[at];
    *pack = (policy_pack){ .path = strdup(path) };
    p->pack_count++;
    if (!pack->path)
        return no_memory(err);
    if (!(pack->json = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &where)))
        return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: line %d is not JSON: %.200s", path, where.line, where.text);
    if ((st = read_head(p, pack, err)) || (st = add_each(p, at, "lists", add_list, err)) ||
        (st = add_each(p, at, "bundles", add_bundle, err)))
        return st;
    return add_each(p, at, "rules", add_rule, err);
}

/* ---- binding ------------------------------------------------------------- */

cohl_status policy_slot_bind(policy_slot *slot, const policy_lexicon *x, const char *name, cohl_error *err)
{
    size_t size = strlen(name);
    for (int c = 0; c < policy_lexicon_class_count(x); c++) {
        const char *full = policy_lexicon_class_name(x, c);
        if (strncmp(full, name, size) || (full[size] && full[size] != '.' && name[size - 1] != ':'))
            continue;
        int *larger = realloc(slot->class_id, ((size_t)slot->count + 1) * sizeof *larger);
        if (!larger)
            return no_memory(err);
        slot->class_id = larger;
        slot->class_id[slot->count++] = c;
    }
    return COHL_OK;
}

static cohl_status bind_slot(policy_packs *p, const policy_rule *r, policy_slot *slot, cohl_error *err)
{
    char *classes, *name;
    cohl_status st = COHL_OK;
    if (slot->count >= 0)
        return COHL_OK;
    classes = p->wanted[-1 - slot->count];
    *slot = (policy_slot){ 0 };
    while (!st && (name = strsep(&classes, "|"))) {
        int before = slot->count;
        size_t size = strlen(name);
        bool optional = size && name[size - 1] == '?';
        if (optional)
            name[size - 1] = 0;
        if (*name)
            st = policy_slot_bind(slot, p->lexicon, name, err);
        if (!st && slot->count == before && !optional)
            st = cohl_fail(err, COHL_ERR_FORMAT, "%.120s: rule %.60s speaks of class \"%.60s\", which no list has",
                           p->pack[r->pack].path, r->code, name);
    }
    return st;
}

/* Join the classes that a bundle's slot borrows to its own. */
static cohl_status bind_borrowed(policy_packs *p, const policy_borrowed *b, cohl_error *err)
{
    policy_rule *r = &p->rule[b->rule];
    policy_slot *slot = &r->slot[b->slot], more = { 0 };
    cohl_status st = want(p, &more, b->classes, err);
    if (!st) st = bind_slot(p, r, &more, err);
    int count = slot->count + more.count;
    int *ids = st ? NULL : realloc(slot->class_id, (size_t)count * sizeof *ids);
    if (ids)
        slot->class_id = ids;
    float *weights = ids ? realloc(slot->weight, (size_t)count * sizeof *weights) : NULL;
    if (weights) {
        for (int i = slot->weight ? slot->count : 0; i < count; i++)
            weights[i] = i < slot->count ? 0 : b->weight;
        if (more.count)
            memcpy(ids + slot->count, more.class_id, (size_t)more.count * sizeof *ids);
        slot->weight = weights, slot->count = count;
    }
    free(more.class_id);
    return st ? st : weights ? COHL_OK : no_memory(err);
}

cohl_status policy_packs_bind(policy_packs *p, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (int i = 0; i < p->borrowed_count && !st; i++)
        st = bind_borrowed(p, &p->borrowed[i], err);
    for (int i = 0; i < p->rule_count && !st; i++) {
        policy_rule *r = &p->rule[i];
        for (int k = 0; k < r->slot_count && !st; k++)
            st = bind_slot(p, r, &r->slot[k], err);
        if (!st) st = bind_slot(p, r, &r->unless, err);
        if (!st) st = bind_slot(p, r, &r->unless_before, err);
    }
    return st;
}

void policy_packs_free(policy_packs *p)
{
    for (int i = 0; i < p->rule_count; i++)
        policy_rule_free(&p->rule[i]);
    for (int i = 0; i < p->pack_count; i++) {
        json_decref(p->pack[i].json);
        free(p->pack[i].name);
        free(p->pack[i].version);
        free(p->pack[i].about);
        free(p->pack[i].path);
    }
    for (int i = 0; i < p->wanted_count; i++)
        free(p->wanted[i]);
    for (int i = 0; i < p->borrowed_count; i++)
        free(p->borrowed[i].classes);
    free(p->borrowed);
    for (uint32_t i = 0; i < p->entry_count; i++)
        free(p->entry[i].name);
    free(p->wanted);
    free(p->pack);
    free(p->rule);
    free(p->entry);
    policy_lexicon_free(p->lexicon);
    *p = (policy_packs){ 0 };
}
