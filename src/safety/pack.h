/* pack.h - policies as data: lists, rules and bundles, read from JSON files.
 *
 * docs/policy.md describes the schema for operators. A pack holds
 *
 *   lists    phrases of a class, each list with its origin and why it is there
 *   rules    which classes refuse together
 *   bundles  descriptions in traits
 *   instead  neutral wording for a name
 *
 * A rule may speak of classes of another pack, so all packs are read before rules are bound. */
#ifndef COHL_SAFETY_PACK_H
#define COHL_SAFETY_PACK_H

#include <jansson.h>

#include "safety/rule.h"

enum { POLICY_PACK_BYTES_MAX = 16 << 20 };

typedef struct policy_entry {
    char       *name;                /* without its other spellings and its year */
    const char *origin;              /* as its list has it; of the pack's JSON   */
    const char *instead;             /* NULL = its rule's                        */
    int         pack;
} policy_entry;

typedef struct policy_pack {
    json_t *json;                    /* origin and instead of entries live in it */
    char   *name, *version, *about, *path;
    char    sha256[65];              /* of the file */
    int     as_of;                   /* the year that decides what is long past */
    int     entries, rules, bundles;
} policy_pack;

/* "@body:2" in slot `slot` of rule `rule`. */
typedef struct policy_borrowed {
    int    rule, slot;
    char  *classes;
    float  weight;                   /* 0 = what the phrases say */
} policy_borrowed;

typedef struct policy_packs {
    policy_lexicon *lexicon;         /* made by the caller, freed here */
    policy_pack    *pack;
    int             pack_count, pack_room;
    policy_rule    *rule;
    int             rule_count, rule_room;
    policy_entry   *entry;
    uint32_t        entry_count, entry_room;
    char          **wanted;          /* classes of rules, until they are bound */
    int             wanted_count;
    policy_borrowed *borrowed;       /* classes that stand as traits in bundles, until they are bound */
    int             borrowed_count, borrowed_room;
} policy_packs;

/* Read one pack and add it. path is for sentences alone.
 *
 * COHL_ERR_FORMAT  not JSON, a key that nobody reads, a value of another kind, a name that is
 *                  taken: the sentence says where and what would be right */
cohl_status policy_packs_add(policy_packs *packs, const char *path, const char *bytes, size_t size, cohl_error *err);

/* After the last: find the classes that rules speak of.
 * COHL_ERR_FORMAT  a rule speaks of a class that no list has */
cohl_status policy_packs_bind(policy_packs *packs, cohl_error *err);

/* Every class that is `name` or begins with "name." into the slot. */
cohl_status policy_slot_bind(policy_slot *slot, const policy_lexicon *lexicon, const char *name, cohl_error *err);

void policy_packs_free(policy_packs *packs);

#endif
