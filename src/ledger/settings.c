/* settings.c - what an operator sets once. */
#define _GNU_SOURCE
#include "ledger/settings.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char *const steps[] = {
    "CREATE TABLE settings (\n"
    "    name  TEXT PRIMARY KEY,       -- as in ledger/settings.c\n"
    "    value TEXT NOT NULL           -- as it was typed\n"
    ") STRICT",
    NULL };

const cohl_store_room cohl_ledger_settings_room = { "settings", steps };

const cohl_setting_entry cohl_settings[] = {
    { "energy.watts", "watts of a busy core and what feeds it, where nothing measures", "8", 0.01, 1000, 0 },
    { "energy.price", "what a kilowatt-hour costs; 0: no money is told", "0", 0, 1e6, 0 },
    { "energy.currency", "of that price", "EUR", 0, 0, 15 },
    { "requests.acknowledge", "hours until a request must be acknowledged", "48", 0.01, 10000, 0 },
    { "requests.decide", "hours from then until it must be decided", "48", 0.01, 10000, 0 },
    { "models.url", "where cohl models pull finds files", "https://huggingface.co", 0, 0, 200 },
    { "memory.most", "what a film may take, such as 8G; empty: what is free", "", 0, 0, 20 },
    { NULL, NULL, NULL, 0, 0, 0 },
};

static const cohl_setting_entry *find(const char *name)
{
    for (const cohl_setting_entry *e = cohl_settings; e->name; e++)
        if (!strcmp(e->name, name))
            return e;
    return NULL;
}

cohl_status cohl_setting_text(char **out, cohl_store *store, const char *name, cohl_error *err)
{
    const cohl_setting_entry *entry = find(name);
    cohl_rows *rows = NULL;
    cohl_status st = COHL_OK;
    assert(entry);
    *out = NULL;
    if (store)
        st = cohl_rows_open(&rows, store, "SELECT value FROM settings WHERE name = ?",
                            COHL_VALUES(cohl_value_text(name)), err);
    const char *value = cohl_rows_next(rows) ? cohl_rows_text(rows, 0) : entry->usual;
    if (!st && !(*out = strdup(value)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a setting");
    return cohl_rows_close(rows, st, err);
}

cohl_status cohl_setting_number(double *out, cohl_store *store, const char *name, cohl_error *err)
{
    char *text;
    cohl_status st = cohl_setting_text(&text, store, name, err);
    if (!st)
        *out = cohl_text_real(text, NULL);
    free(text);
    return st;
}

static cohl_status unknown(const char *name, cohl_error *err)
{
    const char *nearest = cohl_settings[0].name;
    for (const cohl_setting_entry *e = cohl_settings; e->name; e++)
        if (cohl_text_distance(e->name, name) < cohl_text_distance(nearest, name))
            nearest = e->name;
    return cohl_fail(err, COHL_ERR_ARGUMENT, "there is no setting \"%.60s\"; the nearest is %s", name, nearest);
}

static cohl_status check(const cohl_setting_entry *entry, const char *value, cohl_error *err)
{
    size_t size = strlen(value);
    if (entry->bytes) {
        if (!size || size > (size_t)entry->bytes || cohl_utf8_check(value, size) != size)
            return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: expected 1 to %d bytes of UTF-8", entry->name,
                             entry->bytes);
        return COHL_OK;
    }
    char *end;
    double number = cohl_text_real(value, &end);
    if (end == value || *end || !isfinite(number) || number < entry->least || number > entry->most)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s is \"%.40s\", expected a number from %.15g to %.15g",
                         entry->name, value, entry->least, entry->most);
    return COHL_OK;
}

cohl_status cohl_setting_set(cohl_store *store, const char *name, const char *value, cohl_error *err)
{
    const cohl_setting_entry *entry = find(name);
    if (!entry)
        return unknown(name, err);
    if (!value)
        return cohl_store_do(store, "DELETE FROM settings WHERE name = ?", COHL_VALUES(cohl_value_text(name)), err);
    cohl_status st = check(entry, value, err);
    if (st)
        return st;
    return cohl_store_do(store, "INSERT INTO settings (name, value) VALUES (?, ?) "
                         "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                         COHL_VALUES(cohl_value_text(name), cohl_value_text(value)), err);
}
