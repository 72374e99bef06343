/* edit.h - the operator's packs: added, taken away, taken back.
 *
 * A pack that is added is read together with all others first, so that nothing is kept that would
 * not open afterwards; it is written beside and renamed, as NAME.json in the operator's folder.
 * To remove a pack of one's own deletes it; to remove one that ships notes its name in
 * settings.json there, and to restore it takes that note back. */
#ifndef COHL_SAFETY_EDIT_H
#define COHL_SAFETY_EDIT_H

#include "safety/policy.h"

typedef enum cohl_policy_edit { COHL_POLICY_ADDED, COHL_POLICY_REPLACED, COHL_POLICY_DELETED, COHL_POLICY_TAKEN_AWAY,
                                COHL_POLICY_TAKEN_BACK } cohl_policy_edit;

/* Take the pack in `path` into params->own, in place of one of its name there; name[] gets its name.
 *
 * COHL_ERR_IO      the file cannot be read, or the folder not written
 * COHL_ERR_FORMAT  a fault of the pack, alone or beside the others: the sentence says where */
cohl_status cohl_policy_add(cohl_policy_edit *done, char name[64], const cohl_policy_params *params, const char *path,
                            cohl_error *err);

/* COHL_ERR_ARGUMENT  no pack of that name
 * COHL_ERR_FORMAT    another pack needs it: the sentence says which, and nothing was changed */
cohl_status cohl_policy_remove(cohl_policy_edit *done, const cohl_policy_params *params, const char *name, cohl_error *err);

/* COHL_ERR_ARGUMENT  no pack of that name was taken away */
cohl_status cohl_policy_restore(cohl_policy_edit *done, const cohl_policy_params *params, const char *name, cohl_error *err);

#endif
