/* home.h - where an installation keeps what is its own: keys, the ledger, packs.
 *
 * One folder a user (XDG Base Directory Specification 0.8): $XDG_DATA_HOME/cohl, else
 * ~/.local/share/cohl, readable by its owner alone. */
#ifndef COHL_BASE_HOME_H
#define COHL_BASE_HOME_H

#include "base/status.h"

/* "FOLDER/name" in new memory, free() it; name "" is the folder itself. Makes no folder:
 * cohl_home_make does.
 *
 * COHL_ERR_IO  neither XDG_DATA_HOME nor HOME is an absolute path */
cohl_status cohl_home_path(char **out, const char *name, cohl_error *err);

/* As above for a folder, which is made (mode 0700) if it is not there. */
cohl_status cohl_home_make(char **out, const char *name, cohl_error *err);

/* A folder by its whole name, in the home or not. Where it is, the home is made first, its owner's alone. */
cohl_status cohl_home_make_folder(const char *folder, cohl_error *err);

/* "CACHE/name", of what can be had again: $XDG_CACHE_HOME/cohl, else ~/.cache/cohl. New memory, free() it.
 * Makes no folder. */
cohl_status cohl_home_cache(char **out, const char *name, cohl_error *err);

#endif
