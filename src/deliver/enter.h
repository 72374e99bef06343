/* enter.h - a film that could not be entered when it was made, entered from what it carries: its recipe,
 * its credentials (in it or beside it), its mark and fingerprints. */
#ifndef COHL_DELIVER_ENTER_H
#define COHL_DELIVER_ENTER_H

#include "store/store.h"

/* *film is its number in the ledger.
 *
 * COHL_ERR_ARGUMENT  the ledger has it already
 * COHL_ERR_FORMAT    it is no film or picture, or carries no recipe of Cohl's */
cohl_status cohl_enter_afterwards(int64_t *film, cohl_store *ledger, const char *path, cohl_error *err);

#endif
