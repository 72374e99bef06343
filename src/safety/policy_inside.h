/* policy_inside.h - the inside of a policy; for safety/ only. */
#ifndef COHL_SAFETY_POLICY_INSIDE_H
#define COHL_SAFETY_POLICY_INSIDE_H

#include "safety/classifier.h"
#include "safety/pack.h"
#include "safety/policy.h"
#include "safety/proper.h"

typedef enum policy_log { POLICY_LOG_ON, POLICY_LOG_OFF, POLICY_LOG_TEXT } policy_log;

struct cohl_policy {
    policy_packs       packs;
    policy_proper      proper;
    policy_classifier *classifier;      /* NULL: the folder has none */
    policy_senses     *senses;          /* the same */
    int                mask;            /* class of what only looks like harm */
    int               *by_origin;       /* entries counted by origin, with their names */
    const char       **origin;
    int                origin_count;
    char              *own;             /* the operator's folder, NULL = none */
    policy_log         log;
    json_t            *removed;         /* names of packs that were taken away, NULL = none */
};

/* How a policy would be after a change that is not made yet. */
typedef struct policy_change {
    const char   *pack;          /* a file that joins the operator's packs, NULL = none */
    const char   *leave_out;     /* a pack of the operator that is not read, by name    */
    const json_t *settings;      /* in place of settings.json                           */
} policy_change;

/* cohl_policy_open, as it would be; change may be NULL. */
cohl_status policy_open_changed(cohl_policy **out, const cohl_policy_params *params, const policy_change *change,
                                cohl_error *err);
/* settings.json of the operator's folder, an empty object where there is none; json_decref() it. */
cohl_status policy_settings_read(json_t **out, const char *own, cohl_error *err);
/* The folder of the packs that ship, free() it; NULL when it is nowhere. */
char *policy_shipped(const cohl_policy_params *params);

/* Read a text as far as rules see it: folded, matched, names found, masks applied. */
cohl_status policy_look(const cohl_policy *policy, policy_reading *reading, const char *text, size_t size,
                        cohl_error *err);

#endif
