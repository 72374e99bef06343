/* open.c - find out whose file it is, then bring its rooms up to date.
 *
 * 1. A file that is not empty is ours when its application_id says so. Any other is left
 *    untouched.
 * 2. Versions only rise. What a newer Cohl wrote is refused, since an older one would not keep
 *    what it does not know.
 * 3. All steps of all rooms are one transaction: a kill leaves the old file or the new one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/inside.h"

enum {
    APPLICATION = 0x436f686c,     /* "Cohl", in the file's header           */
    LAYOUT = 1,                   /* of store_rooms itself, in user_version */
};

static const char make_layout[] =
    "CREATE TABLE store_rooms (\n"
    "    room    TEXT PRIMARY KEY,               -- as the room calls itself\n"
    "    version INTEGER NOT NULL                -- steps that have been taken\n"
    ") STRICT;\n"
    "PRAGMA application_id = 1131374700;\n"
    "PRAGMA user_version = 1;";

/* ---- 1: whose is it ------------------------------------------------------ */

static cohl_status check_owner(cohl_store *store, bool *fresh, cohl_error *err)
{
    int64_t tables, owner, layout;
    cohl_status st = cohl_store_count(&tables, store, "SELECT count(*) FROM sqlite_schema", COHL_NO_VALUES, 0, err);
    if (!st) st = cohl_store_count(&owner, store, "PRAGMA application_id", COHL_NO_VALUES, 0, err);
    if (!st) st = cohl_store_count(&layout, store, "PRAGMA user_version", COHL_NO_VALUES, 0, err);
    if (st)
        return st;
    *fresh = !tables && !owner;
    if (!*fresh && owner != APPLICATION)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: is an SQLite file of another program", store->path);
    if (layout > LAYOUT)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: was written by a newer Cohl (layout %lld, this one knows %d)",
                         store->path, (long long)layout, LAYOUT);
    return COHL_OK;
}

/* ---- 2: versions --------------------------------------------------------- */

static int steps_of(const cohl_store_room *room)
{
    int count = 0;
    while (room->steps[count])
        count++;
    return count;
}

static cohl_status read_version(int64_t *version, cohl_store *store, const cohl_store_room *room, cohl_error *err)
{
    cohl_status st = cohl_store_count(version, store, "SELECT version FROM store_rooms WHERE room = ?",
                                      COHL_VALUES(cohl_value_text(room->name)), 0, err);
    if (!st && *version > steps_of(room))
        st = cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: was written by a newer Cohl (its %s are version %lld, this one "
                       "knows %d)", store->path, room->name, (long long)*version, steps_of(room));
    return st;
}

/* ---- 3: steps ------------------------------------------------------------ */

static cohl_status raise_room(cohl_store *store, const cohl_store_room *room, cohl_error *err)
{
    int64_t version;
    int last = steps_of(room);
    cohl_status st = read_version(&version, store, room, err);
    if (st || version == last)
        return st;
    for (int i = (int)version; i < last && !st; i++)
        st = store_script(store, room->steps[i], err);
    if (!st)
        st = cohl_store_do(store, "INSERT INTO store_rooms (room, version) VALUES (?, ?) "
                           "ON CONFLICT (room) DO UPDATE SET version = excluded.version",
                           COHL_VALUES(cohl_value_text(room->name), cohl_value_int(last)), err);
    return st;
}

/* Whether any room has steps to take; so that who only reads need not wait for who writes. */
static cohl_status is_behind(bool *behind, cohl_store *store, const cohl_store_room *const *rooms, cohl_error *err)
{
    cohl_status st = COHL_OK;
    *behind = false;
    for (; *rooms && !st; rooms++) {
        int64_t version;
        st = read_version(&version, store, *rooms, err);
        *behind = *behind || (!st && version < steps_of(*rooms));
    }
    return st;
}

static cohl_status raise_all(cohl_store *store, const cohl_store_room *const *rooms, cohl_error *err)
{
    bool fresh;
    cohl_status st = cohl_store_begin(store, err);
    if (st)
        return st;
    st = check_owner(store, &fresh, err);                  /* again: another process may have been first */
    if (!st && fresh)
        st = store_script(store, make_layout, err);
    for (; *rooms && !st; rooms++)
        st = raise_room(store, *rooms, err);
    return cohl_store_end(store, st, err);
}

/* ---- open ---------------------------------------------------------------- */

/* Readable by its owner alone; SQLite gives its log the same mode. */
static cohl_status make_file(const char *path, cohl_error *err)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return cohl_fail(err, COHL_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    close(file);
    return COHL_OK;
}

/* To change into WAL the file must be nobody else's for a moment, and SQLite does not wait for
 * that moment by itself. */
static cohl_status use_wal(cohl_store *store, cohl_error *err)
{
    int result = SQLITE_BUSY;
    for (int waited = 0; waited < STORE_WAIT_MS && (result & 0xff) == SQLITE_BUSY; waited += 10) {
        result = sqlite3_exec(store->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
        if ((result & 0xff) == SQLITE_BUSY)
            nanosleep(&(struct timespec){ 0, 10 * 1000 * 1000 }, NULL);
    }
    return result ? store_fail(store, result, err) : COHL_OK;
}

static cohl_status prepare_file(cohl_store *store, const cohl_store_room *const *rooms, cohl_error *err)
{
    bool fresh, behind = true;
    cohl_status st;
    sqlite3_busy_timeout(store->db, STORE_WAIT_MS);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if ((st = check_owner(store, &fresh, err)))                                                     return st;
    if ((st = use_wal(store, err)))                                                                 return st;
    if ((st = store_script(store, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON", err)))     return st;
    if (!fresh && (st = is_behind(&behind, store, rooms, err)))                                     return st;
    return behind ? raise_all(store, rooms, err) : COHL_OK;
}

cohl_status cohl_store_open(cohl_store **out, const char *path, const cohl_store_room *const *rooms, cohl_error *err)
{
    *out = NULL;
    cohl_store *store = calloc(1, sizeof *store);
    if (!store || !(store->path = strdup(path))) {
        free(store);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory", path);
    }
    cohl_status st = make_file(path, err);
    if (!st) {
        int result = sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL);
        st = result ? store_fail(store, result, err) : prepare_file(store, rooms, err);
    }
    if (st)
        cohl_store_close(store);
    else
        *out = store;
    return st;
}

void cohl_store_close(cohl_store *store)
{
    if (!store)
        return;
    sqlite3_close(store->db);
    free(store->path);
    free(store);
}
