/* edit.c - the operator's packs: added, taken away, taken back. */
#include "safety/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "safety/policy_inside.h"

static cohl_status no_memory(cohl_error *err) { return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a policy"); }

static cohl_status needs_own(const cohl_policy_params *params, cohl_error *err)
{
    return params->own ? COHL_OK : cohl_fail(err, COHL_ERR_ARGUMENT, "there is no folder for packs of one's own: no home");
}

/* Does the policy open so? */
static cohl_status try_change(const cohl_policy_params *params, const policy_change *change, cohl_error *err)
{
    cohl_policy *policy = NULL;
    cohl_status st = policy_open_changed(&policy, params, change, err);
    cohl_policy_close(policy);
    return st;
}

/* "FOLDER/NAME.json" in new memory. */
static char *path_of(const char *folder, const char *name)
{
    char file[80];
    snprintf(file, sizeof file, "%.63s.json", name);
    return cohl_path_join(folder, file);
}

/* ---- adding -------------------------------------------------------------- */

/* A name becomes a file: small letters, digits, - and _. */
static bool is_file_name(const char *name)
{
    size_t size = strlen(name);
    return size && size < 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == size && strcmp(name, "settings");
}

static cohl_status read_name(char name[64], const char *path, const char *bytes, size_t size, cohl_error *err)
{
    json_error_t where;
    json_t *json = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &where);
    const char *given = json_string_value(json_object_get(json, "pack"));
    cohl_status st = COHL_OK;
    if (!json)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%.120s: line %d is not JSON: %.200s", path, where.line, where.text);
    else if (!given)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%.120s: no policy pack: expected an object whose \"pack\" is its name", path);
    else if (!is_file_name(given))
        st = cohl_fail(err, COHL_ERR_FORMAT, "%.120s: the pack is called \"%.63s\", expected small letters, digits, - and _, "
                       "at most 63, and not \"settings\"", path, given);
    else
        strcpy(name, given);
    json_decref(json);
    return st;
}

cohl_status cohl_policy_add(cohl_policy_edit *done, char name[64], const cohl_policy_params *params, const char *path,
                            cohl_error *err)
{
    char *bytes = NULL, *kept = NULL;
    size_t size;
    cohl_status st = needs_own(params, err);
    if (!st) st = cohl_file_read(&bytes, &size, path, POLICY_PACK_BYTES_MAX, err);
    if (!st) st = read_name(name, path, bytes, size, err);
    if (!st && !(kept = path_of(params->own, name)))
        st = no_memory(err);
    if (!st) st = try_change(params, &(policy_change){ .pack = path, .leave_out = name }, err);
    if (!st) st = cohl_folder_make(params->own, err);
    if (!st) {
        *done = cohl_file_exists(kept) ? COHL_POLICY_REPLACED : COHL_POLICY_ADDED;
        st = cohl_file_write(kept, bytes, size, err);
    }
    free(kept);
    free(bytes);
    return st;
}

/* ---- settings ------------------------------------------------------------ */

static cohl_status write_settings(const char *own, json_t *settings, cohl_error *err)
{
    char *path = cohl_path_join(own, "settings.json"), *text = json_dumps(settings, JSON_INDENT(1));
    cohl_status st = path && text ? cohl_folder_make(own, err) : no_memory(err);
    if (!st) st = cohl_file_write(path, text, strlen(text), err);
    free(text);
    free(path);
    return st;
}

static size_t place_of(const json_t *removed, const char *name)
{
    size_t i = 0;
    while (i < json_array_size(removed) && strcmp(json_string_value(json_array_get(removed, i)), name))
        i++;
    return i;
}

/* settings.json as an object with a list "removed"; empty where there is none. */
static cohl_status settings_to_edit(json_t **settings, json_t **removed, const char *own, cohl_error *err)
{
    cohl_status st = policy_settings_read(settings, own, err);
    if (st)
        return st;
    if (!json_object_get(*settings, "removed"))
        json_object_set_new(*settings, "removed", json_array());
    *removed = json_object_get(*settings, "removed");
    return *removed ? COHL_OK : no_memory(err);
}

/* ---- taking away and back ------------------------------------------------ */

static cohl_status delete_own(const cohl_policy_params *params, const char *name, const char *path, cohl_error *err)
{
    cohl_status st = try_change(params, &(policy_change){ .leave_out = name }, err);
    if (!st && unlink(path))
        st = cohl_fail(err, COHL_ERR_IO, "%s: cannot be deleted", path);
    return st;
}

static cohl_status ships(const cohl_policy_params *params, const char *name, cohl_error *err)
{
    char *folder = policy_shipped(params), *path = folder ? path_of(folder, name) : NULL;
    bool there = path && is_file_name(name) && cohl_file_exists(path);
    free(path);
    free(folder);
    return there ? COHL_OK : cohl_fail(err, COHL_ERR_ARGUMENT, "there is no pack \"%.63s\"; cohl policy list tells their names",
                                       name);
}

static cohl_status take_away(const cohl_policy_params *params, const char *name, cohl_error *err)
{
    json_t *settings = NULL, *removed;
    cohl_status st = ships(params, name, err);
    if (!st) st = settings_to_edit(&settings, &removed, params->own, err);
    if (!st && place_of(removed, name) < json_array_size(removed))
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "the pack \"%.63s\" was taken away before; cohl policy restore brings it back",
                       name);
    if (!st && json_array_append_new(removed, json_string(name)))
        st = no_memory(err);
    if (!st) st = try_change(params, &(policy_change){ .settings = settings }, err);
    if (!st) st = write_settings(params->own, settings, err);
    json_decref(settings);
    return st;
}

cohl_status cohl_policy_remove(cohl_policy_edit *done, const cohl_policy_params *params, const char *name, cohl_error *err)
{
    cohl_status st = needs_own(params, err);
    char *path = st ? NULL : path_of(params->own, name);
    if (!st && !path)
        st = no_memory(err);
    if (!st) {
        bool own = is_file_name(name) && cohl_file_exists(path);
        *done = own ? COHL_POLICY_DELETED : COHL_POLICY_TAKEN_AWAY;
        st = own ? delete_own(params, name, path, err) : take_away(params, name, err);
    }
    free(path);
    return st;
}

cohl_status cohl_policy_restore(cohl_policy_edit *done, const cohl_policy_params *params, const char *name, cohl_error *err)
{
    json_t *settings = NULL, *removed;
    cohl_status st = needs_own(params, err);
    if (!st) st = settings_to_edit(&settings, &removed, params->own, err);
    if (!st && place_of(removed, name) == json_array_size(removed))
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "no pack \"%.63s\" was taken away", name);
    if (!st) {
        json_array_remove(removed, place_of(removed, name));
        st = try_change(params, &(policy_change){ .settings = settings }, err);
    }
    if (!st) st = write_settings(params->own, settings, err);
    *done = COHL_POLICY_TAKEN_BACK;
    json_decref(settings);
    return st;
}
