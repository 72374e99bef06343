/* store.c - statements, rows and transactions on one SQLite file. Only this room speaks to
 * SQLite's C interface. */
#define _GNU_SOURCE
#include "store/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/home.h"
#include "store/inside.h"

struct cohl_rows {
    cohl_store   *store;
    sqlite3_stmt *statement;
    int           result;        /* of the last step */
};

cohl_status store_fail(const cohl_store *store, int result, cohl_error *err)
{
    const char *said = sqlite3_errmsg(store->db);
    switch (result & 0xff) {
    case SQLITE_NOTADB:
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: is not an SQLite file", store->path);
    case SQLITE_CORRUPT:
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: is damaged (%s); `sqlite3 FILE .recover` may save what is left",
                         store->path, said);
    case SQLITE_BUSY: case SQLITE_LOCKED:
        return cohl_fail(err, COHL_ERR_IO, "%s: another process held it for more than %d seconds", store->path,
                         STORE_WAIT_MS / 1000);
    case SQLITE_FULL:
        return cohl_fail(err, COHL_ERR_IO, "%s: the disk is full", store->path);
    case SQLITE_CONSTRAINT:
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: %s", store->path, said);
    case SQLITE_NOMEM:
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory", store->path);
    default:
        return cohl_fail(err, COHL_ERR_IO, "%s: %s", store->path, said);
    }
}

cohl_status store_script(cohl_store *store, const char *sql, cohl_error *err)
{
    int result = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return result ? store_fail(store, result, err) : COHL_OK;
}

const char *cohl_store_path(const cohl_store *store) { return store->path; }

cohl_status cohl_store_usual_path(char **out, cohl_error *err)
{
    char *folder;
    cohl_status st = cohl_home_make(&folder, "", err);
    *out = NULL;
    if (st)
        return st;
    if (!(*out = cohl_path_join(folder, "ledger.db")))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    free(folder);
    return st;
}

/* ---- values -------------------------------------------------------------- */

cohl_value cohl_value_text(const char *text)
{
    return text ? (cohl_value){ .kind = COHL_VALUE_TEXT, .data = text, .size = strlen(text) } : cohl_value_null();
}

cohl_value cohl_value_blob(const void *data, size_t size)
{
    return data ? (cohl_value){ .kind = COHL_VALUE_BLOB, .data = data, .size = size } : cohl_value_null();
}

static int bind(sqlite3_stmt *statement, int at, const cohl_value *v)
{
    switch (v->kind) {
    case COHL_VALUE_NULL: return sqlite3_bind_null(statement, at);
    case COHL_VALUE_INT:  return sqlite3_bind_int64(statement, at, v->integer);
    case COHL_VALUE_REAL: return sqlite3_bind_double(statement, at, v->real);
    case COHL_VALUE_TEXT: return sqlite3_bind_text64(statement, at, v->data, v->size, SQLITE_STATIC, SQLITE_UTF8);
    case COHL_VALUE_BLOB: return sqlite3_bind_blob64(statement, at, v->size ? v->data : "", v->size, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static cohl_status prepare(sqlite3_stmt **out, cohl_store *store, const char *sql, cohl_values values, cohl_error *err)
{
    const char *rest = "";
    int result = sqlite3_prepare_v2(store->db, sql, -1, out, &rest);
    assert(result || !rest[strspn(rest, " ;\n")]);                      /* one statement, not two */
    assert(result || sqlite3_bind_parameter_count(*out) == values.count);
    for (int i = 0; i < values.count && !result; i++)
        result = bind(*out, i + 1, &values.value[i]);
    if (!result)
        return COHL_OK;
    cohl_status st = store_fail(store, result, err);
    sqlite3_finalize(*out);
    *out = NULL;
    return st;
}

/* ---- statements ---------------------------------------------------------- */

cohl_status cohl_store_do(cohl_store *store, const char *sql, cohl_values values, cohl_error *err)
{
    sqlite3_stmt *statement;
    cohl_status st = prepare(&statement, store, sql, values, err);
    if (st)
        return st;
    int result = sqlite3_step(statement);
    assert(result != SQLITE_ROW);
    if (result != SQLITE_DONE)
        st = store_fail(store, result, err);
    sqlite3_finalize(statement);
    return st;
}

int64_t cohl_store_last_row(const cohl_store *store) { return sqlite3_last_insert_rowid(store->db); }
int     cohl_store_changed(const cohl_store *store) { return sqlite3_changes(store->db); }

cohl_status cohl_store_begin(cohl_store *store, cohl_error *err)
{
    assert(sqlite3_get_autocommit(store->db));
    return store_script(store, "BEGIN IMMEDIATE", err);
}

cohl_status cohl_store_end(cohl_store *store, cohl_status st, cohl_error *err)
{
    if (!st)
        st = store_script(store, "COMMIT", err);
    if (st && !sqlite3_get_autocommit(store->db))      /* some failures have rolled back already */
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

/* ---- rows ---------------------------------------------------------------- */

cohl_status cohl_rows_open(cohl_rows **out, cohl_store *store, const char *sql, cohl_values values, cohl_error *err)
{
    cohl_rows *rows = calloc(1, sizeof *rows);
    *out = NULL;
    if (!rows)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory", store->path);
    rows->store = store;
    cohl_status st = prepare(&rows->statement, store, sql, values, err);
    for (int i = 0; i < values.count && !st; i++)          /* the caller's text may go before the rows do */
        if (values.value[i].kind == COHL_VALUE_TEXT &&
            sqlite3_bind_text64(rows->statement, i + 1, values.value[i].data, values.value[i].size, SQLITE_TRANSIENT,
                                SQLITE_UTF8))
            st = store_fail(store, SQLITE_NOMEM, err);
        else if (values.value[i].kind == COHL_VALUE_BLOB && values.value[i].size &&
                 sqlite3_bind_blob64(rows->statement, i + 1, values.value[i].data, values.value[i].size,
                                     SQLITE_TRANSIENT))
            st = store_fail(store, SQLITE_NOMEM, err);
    if (st) {
        sqlite3_finalize(rows->statement);
        free(rows);
    } else {
        *out = rows;
    }
    return st;
}

bool cohl_rows_next(cohl_rows *rows)
{
    if (!rows || (rows->result && rows->result != SQLITE_ROW))
        return false;
    rows->result = sqlite3_step(rows->statement);
    return rows->result == SQLITE_ROW;
}

cohl_status cohl_rows_close(cohl_rows *rows, cohl_status st, cohl_error *err)
{
    if (!rows)
        return st;
    if (!st && rows->result && rows->result != SQLITE_ROW && rows->result != SQLITE_DONE)
        st = store_fail(rows->store, rows->result, err);
    sqlite3_finalize(rows->statement);
    free(rows);
    return st;
}

bool cohl_rows_is_null(const cohl_rows *rows, int column)
{
    return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

int64_t cohl_rows_int(const cohl_rows *rows, int column) { return sqlite3_column_int64(rows->statement, column); }
double  cohl_rows_real(const cohl_rows *rows, int column) { return sqlite3_column_double(rows->statement, column); }

const char *cohl_rows_text(const cohl_rows *rows, int column)
{
    return (const char *)sqlite3_column_text(rows->statement, column);
}

const void *cohl_rows_blob(const cohl_rows *rows, int column, size_t *size)
{
    const void *data = sqlite3_column_blob(rows->statement, column);
    *size = (size_t)sqlite3_column_bytes(rows->statement, column);
    return data;
}

cohl_status cohl_store_count(int64_t *out, cohl_store *store, const char *sql, cohl_values values, int64_t none,
                             cohl_error *err)
{
    cohl_rows *rows;
    cohl_status st = cohl_rows_open(&rows, store, sql, values, err);
    *out = none;
    if (cohl_rows_next(rows) && !cohl_rows_is_null(rows, 0))
        *out = cohl_rows_int(rows, 0);
    return cohl_rows_close(rows, st, err);
}
