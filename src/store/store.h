/* store.h - one SQLite file, and the tables that rooms own in it.
 *
 * A room says what its tables are as data: a name and a list of steps, each SQL that takes
 * its tables from one version to the next. A step that has shipped is never edited; a change
 * is a step at the end.
 *
 *     static const char *const steps[] = {
 *         "CREATE TABLE shots (id INTEGER PRIMARY KEY,  -- counts from 1\n"
 *         "                    name TEXT NOT NULL) STRICT",
 *         NULL };
 *     const cohl_store_room cohl_shots_room = { "shots", steps };
 *
 *     cohl_store *store;
 *     if ((st = cohl_store_open(&store, path, COHL_ROOMS(&cohl_shots_room), err))) return st;
 *     st = cohl_store_begin(store, err);
 *     if (!st) st = cohl_store_do(store, "INSERT INTO shots (name) VALUES (?)",
 *                                 COHL_VALUES(cohl_value_text("first")), err);
 *     st = cohl_store_end(store, st, err);
 *
 * What cohl_store_do or cohl_store_end has confirmed is on the disk: the file is in WAL mode,
 * synchronous FULL, so a kill or a cut of power at any instant leaves all confirmed
 * transactions and nothing of the others. Several processes may use one file: a writer waits
 * up to ten seconds for another. A store and its rows belong to one thread. Full builds only. */
#ifndef COHL_STORE_STORE_H
#define COHL_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct cohl_store cohl_store;

/* What a room owns. */
typedef struct cohl_store_room {
    const char        *name;     /* for its version and for sentences: "films"  */
    const char *const *steps;    /* SQL, step i makes version i + 1; NULL ends  */
} cohl_store_room;

#define COHL_ROOMS(...) ((const cohl_store_room *const[]){ __VA_ARGS__, NULL })

/* Open, or make, and bring the named rooms to their last version, all or none. Rooms that are
 * in the file and not named are left alone.
 *
 * COHL_ERR_FORMAT       the file is no SQLite file, is damaged, or belongs to another program
 * COHL_ERR_UNSUPPORTED  a newer Cohl wrote it: the sentence names room and versions
 * COHL_ERR_IO           the disk refuses, or another process holds it */
cohl_status cohl_store_open(cohl_store **out, const char *path, const cohl_store_room *const *rooms, cohl_error *err);
/* NULL is fine. What was begun and not ended is rolled back. */
void cohl_store_close(cohl_store *store);

/* As it was opened; valid until close. */
const char *cohl_store_path(const cohl_store *store);

/* The installation's own file, "ledger.db" in the user's folder (base/home.h), whose folder is
 * made; free() it. */
cohl_status cohl_store_usual_path(char **out, cohl_error *err);

/* ---- values -------------------------------------------------------------- */

typedef enum cohl_value_kind { COHL_VALUE_NULL, COHL_VALUE_INT, COHL_VALUE_REAL, COHL_VALUE_TEXT, COHL_VALUE_BLOB }
    cohl_value_kind;

/* Text and bytes are borrowed for the call. */
typedef struct cohl_value {
    cohl_value_kind kind;
    int64_t         integer;
    double          real;
    const void     *data;
    size_t          size;
} cohl_value;

static inline cohl_value cohl_value_null(void) { return (cohl_value){ .kind = COHL_VALUE_NULL }; }
static inline cohl_value cohl_value_int(int64_t v) { return (cohl_value){ .kind = COHL_VALUE_INT, .integer = v }; }
static inline cohl_value cohl_value_real(double v) { return (cohl_value){ .kind = COHL_VALUE_REAL, .real = v }; }
/* NULL becomes NULL in the table too. */
cohl_value cohl_value_text(const char *text);
cohl_value cohl_value_blob(const void *data, size_t size);

typedef struct cohl_values {
    const cohl_value *value;
    int               count;
} cohl_values;

/* The values of a statement's question marks, in order. */
#define COHL_VALUES(...) ((cohl_values){ (const cohl_value[]){ __VA_ARGS__ }, \
                          (int)(sizeof((const cohl_value[]){ __VA_ARGS__ }) / sizeof(cohl_value)) })
#define COHL_NO_VALUES   ((cohl_values){ NULL, 0 })

/* ---- statements ---------------------------------------------------------- */

/* One statement that gives no rows. As many values as question marks: asserted. A constraint
 * that does not hold (UNIQUE, CHECK, a foreign key) is COHL_ERR_ARGUMENT. */
cohl_status cohl_store_do(cohl_store *store, const char *sql, cohl_values values, cohl_error *err);

/* The row that the last INSERT made; how many rows the last statement changed. */
int64_t cohl_store_last_row(const cohl_store *store);
int     cohl_store_changed(const cohl_store *store);

/* A transaction that will write; transactions do not nest. end commits with COHL_OK and rolls
 * back otherwise, and returns the first failure. */
cohl_status cohl_store_begin(cohl_store *store, cohl_error *err);
cohl_status cohl_store_end(cohl_store *store, cohl_status st, cohl_error *err);

/* ---- rows ---------------------------------------------------------------- */

/*     cohl_rows *rows;
 *     st = cohl_rows_open(&rows, store, "SELECT name FROM shots WHERE id > ?",
 *                         COHL_VALUES(cohl_value_int(3)), err);
 *     while (cohl_rows_next(rows)) puts(cohl_rows_text(rows, 0));
 *     st = cohl_rows_close(rows, st, err);
 *
 * After a failed open rows is NULL, which next and close accept. Text and bytes live until the
 * next call of next or close. */
typedef struct cohl_rows cohl_rows;

cohl_status cohl_rows_open(cohl_rows **out, cohl_store *store, const char *sql, cohl_values values, cohl_error *err);
/* false: there is no further row, or reading failed: close tells. */
bool        cohl_rows_next(cohl_rows *rows);
cohl_status cohl_rows_close(cohl_rows *rows, cohl_status st, cohl_error *err);

bool        cohl_rows_is_null(const cohl_rows *rows, int column);
int64_t     cohl_rows_int(const cohl_rows *rows, int column);
double      cohl_rows_real(const cohl_rows *rows, int column);
const char *cohl_rows_text(const cohl_rows *rows, int column);    /* NULL for NULL */
const void *cohl_rows_blob(const cohl_rows *rows, int column, size_t *size);

/* One number: the first column of the first row, or `none` when there is no row or it is NULL. */
cohl_status cohl_store_count(int64_t *out, cohl_store *store, const char *sql, cohl_values values, int64_t none,
                             cohl_error *err);

#endif
