/* inside.h - what the files of this room share. */
#ifndef COHL_STORE_INSIDE_H
#define COHL_STORE_INSIDE_H

#include <sqlite3.h>

#include "store/store.h"

enum { STORE_WAIT_MS = 10000 };

struct cohl_store {
    sqlite3 *db;
    char    *path;
};

/* The sentence of what SQLite said last, and its status. */
cohl_status store_fail(const cohl_store *store, int result, cohl_error *err);
/* Any number of statements without values. */
cohl_status store_script(cohl_store *store, const char *sql, cohl_error *err);

#endif
