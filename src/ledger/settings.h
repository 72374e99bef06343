/* settings.h - what an operator sets once: tariff, watts, hours.
 *
 * A setting is an entry of one list; command, help and checks walk it. */
#ifndef COHL_LEDGER_SETTINGS_H
#define COHL_LEDGER_SETTINGS_H

#include "store/store.h"

extern const cohl_store_room cohl_ledger_settings_room;

typedef struct cohl_setting_entry {
    const char *name;             /* "energy.price"                            */
    const char *about;            /* one line for help, with the unit          */
    const char *usual;            /* when nothing is set                       */
    double      least, most;      /* of a number                               */
    int         bytes;            /* of a text, at the most; 0: a number       */
} cohl_setting_entry;

extern const cohl_setting_entry cohl_settings[];    /* ends with name NULL */

/* The setting's text in new memory, free() it; what is usual when nothing is set. store may be
 * NULL: then nothing is. name is one of the list: asserted. */
cohl_status cohl_setting_text(char **out, cohl_store *store, const char *name, cohl_error *err);
cohl_status cohl_setting_number(double *out, cohl_store *store, const char *name, cohl_error *err);

/* value NULL: back to what is usual. COHL_ERR_ARGUMENT: no such setting, or out of its range. */
cohl_status cohl_setting_set(cohl_store *store, const char *name, const char *value, cohl_error *err);

#endif
