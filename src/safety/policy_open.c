/* policy_open.c - a policy from its folders. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/shipped.h"
#include "safety/policy_inside.h"
#include "safety/build.h"

static const char classifier_file[] = "classifier.weights", senses_file[] = "senses.txt", settings_file[] = "settings.json";

static cohl_status no_memory(cohl_error *err) { return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a policy"); }

/* ---- packs --------------------------------------------------------------- */

static int is_pack(const struct dirent *item)
{
    const char *dot = strrchr(item->d_name, '.');
    return dot && !strcmp(dot, ".json") && item->d_name[0] != '.' && strcmp(item->d_name, settings_file);
}

static cohl_status read_pack(policy_packs *packs, const char *path, cohl_error *err)
{
    char *bytes;
    size_t size;
    cohl_status st = cohl_file_read(&bytes, &size, path, POLICY_PACK_BYTES_MAX, err);
    if (st)
        return st;
    st = policy_packs_add(packs, path, bytes, size, err);
    if (!st) st = cohl_digest_bytes(packs->pack[packs->pack_count - 1].sha256, bytes, size, err);
    free(bytes);
    return st;
}

/* Is "people.json" one of those that the operator took away ("people")? */
static bool is_removed(const json_t *removed, const char *file)
{
    size_t i;
    json_t *name;
    json_array_foreach((json_t *)removed, i, name) {
        size_t size = json_string_length(name);
        if (!strncmp(file, json_string_value(name), size) && !strcmp(file + size, ".json"))
            return true;
    }
    return false;
}

/* In order of their names, so that the same folder is the same policy. */
static cohl_status read_folder(policy_packs *packs, const char *folder, const json_t *removed, cohl_error *err)
{
    struct dirent **item;
    cohl_status st = COHL_OK;
    int count = scandir(folder, &item, is_pack, alphasort);
    if (count < 0)
        return cohl_fail(err, COHL_ERR_IO, "%s: cannot be read as a folder of policy packs: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        if (!st && !is_removed(removed, item[i]->d_name)) {
            char *path = cohl_path_join(folder, item[i]->d_name);
            st = path ? read_pack(packs, path, err) : no_memory(err);
            free(path);
        }
        free(item[i]);
    }
    free(item);
    return st;
}

/* ---- settings of the operator -------------------------------------------- */

static bool read_log(policy_log *log, const json_t *setting)
{
    static const char *const names[] = { "on", "off", "with text" };
    *log = POLICY_LOG_ON;
    for (int i = 0; i < 3; i++)
        if (json_is_string(setting) && !strcmp(json_string_value(setting), names[i])) {
            *log = (policy_log)i;
            return true;
        }
    return !setting;
}

/* {"removed": ["likeness"], "log": "off"}: packs that ship and are not wanted; what the log of decisions
 * is to hold. */
static bool settings_are_fine(const json_t *settings)
{
    const json_t *removed = json_object_get(settings, "removed");
    policy_log log;
    size_t i;
    json_t *item;
    bool fine = json_is_object(settings) && (!removed || json_is_array(removed));
    json_array_foreach((json_t *)removed, i, item)
        fine = fine && json_is_string(item);
    return fine && read_log(&log, json_object_get(settings, "log"));
}

cohl_status policy_settings_read(json_t **out, const char *own, cohl_error *err)
{
    char *path = cohl_path_join(own, settings_file), *bytes = NULL;
    size_t size;
    json_error_t where;
    cohl_status st = path ? COHL_OK : no_memory(err);
    *out = NULL;
    if (!st && !cohl_file_exists(path))
        *out = json_object();
    else if (!st && !(st = cohl_file_read(&bytes, &size, path, 1 << 20, err))) {
        *out = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &where);
        if (!settings_are_fine(*out)) {
            json_decref(*out);
            *out = NULL;
            st = cohl_fail(err, COHL_ERR_FORMAT, "%s: expected an object with \"removed\", a list of names of packs, and "
                           "\"log\": \"on\", \"off\" or \"with text\"", path);
        }
    }
    free(bytes);
    free(path);
    return st || *out ? st : no_memory(err);
}

static cohl_status read_settings(cohl_policy *p, const char *own, const policy_change *change, cohl_error *err)
{
    json_t *settings = json_incref((json_t *)change->settings);
    cohl_status st = settings ? COHL_OK : policy_settings_read(&settings, own, err);
    read_log(&p->log, json_object_get(settings, "log"));
    p->removed = json_incref(json_object_get(settings, "removed"));
    json_decref(settings);
    return st;
}

static cohl_status read_own(cohl_policy *p, const char *own, const policy_change *change, cohl_error *err)
{
    json_t *left_out = change->leave_out ? json_pack("[s]", change->leave_out) : NULL;
    cohl_status st = change->leave_out && !left_out ? no_memory(err) : read_folder(&p->packs, own, left_out, err);
    json_decref(left_out);
    return st;
}

static cohl_status read_packs(cohl_policy *p, const char *folder, const char *own, const policy_change *change,
                              cohl_error *err)
{
    bool has_own = own && cohl_folder_exists(own);
    cohl_status st = has_own || change->settings ? read_settings(p, own, change, err) : COHL_OK;
    if (!st) st = read_folder(&p->packs, folder, p->removed, err);
    if (!st && has_own) st = read_own(p, own, change, err);
    if (!st && change->pack) st = read_pack(&p->packs, change->pack, err);
    return st ? st : policy_packs_bind(&p->packs, err);
}

static cohl_status read_classifier(cohl_policy *p, const char *folder, cohl_error *err)
{
    char *weights = cohl_path_join(folder, classifier_file), *senses = cohl_path_join(folder, senses_file);
    cohl_status st = weights && senses ? COHL_OK : no_memory(err);
    if (!st && cohl_file_exists(weights))
        st = policy_classifier_read(&p->classifier, weights, err);
    if (!st && cohl_file_exists(senses))
        st = policy_senses_read(&p->senses, senses, err);
    free(weights);
    free(senses);
    return st;
}

/* ---- what names are not -------------------------------------------------- */

/* Classes that are found by other means than lists: rules may speak of them. */
static cohl_status begin(cohl_policy *p, cohl_error *err)
{
    policy_lexicon *x = p->packs.lexicon = policy_lexicon_new();
    if (!x)
        return no_memory(err);
    p->mask = policy_lexicon_class(x, "mask");
    p->proper.full = policy_lexicon_class(x, "name.full");
    p->proper.single = policy_lexicon_class(x, "name.single");
    p->proper.particle = policy_lexicon_class(x, "particle");
    if (p->mask < 0 || p->proper.full < 0 || p->proper.single < 0 || p->proper.particle < 0)
        return no_memory(err);
    return COHL_OK;
}

static cohl_status bind_proper(cohl_policy *p, cohl_error *err)
{
    static const char *const not_names[] = { "term", "free:", "free-short:", "mask" };
    policy_slot slot = { 0 };
    cohl_status st = COHL_OK;
    for (int i = 0; i < 4 && !st; i++)
        st = policy_slot_bind(&slot, p->packs.lexicon, not_names[i], err);
    p->proper.not_name = slot.class_id, p->proper.not_name_count = slot.count;
    return st;
}

/* ---- counts by origin ---------------------------------------------------- */

static int origin_index(cohl_policy *p, const char *origin)
{
    for (int i = 0; i < p->origin_count; i++)
        if (!strcmp(p->origin[i], origin))
            return i;
    p->origin[p->origin_count] = origin;
    p->by_origin[p->origin_count] = 0;
    return p->origin_count++;
}

static void sort_origins(cohl_policy *p)
{
    for (int i = 1; i < p->origin_count; i++)
        for (int k = i; k && p->by_origin[k] > p->by_origin[k - 1]; k--) {
            int count = p->by_origin[k];
            const char *name = p->origin[k];
            p->by_origin[k] = p->by_origin[k - 1], p->origin[k] = p->origin[k - 1];
            p->by_origin[k - 1] = count, p->origin[k - 1] = name;
        }
}

enum { ORIGINS_MAX = 256 };

static cohl_status count_origins(cohl_policy *p, cohl_error *err)
{
    p->by_origin = calloc(ORIGINS_MAX, sizeof *p->by_origin);
    p->origin = calloc(ORIGINS_MAX, sizeof *p->origin);
    if (!p->by_origin || !p->origin)
        return no_memory(err);
    for (uint32_t i = 0; i < p->packs.entry_count && p->origin_count < ORIGINS_MAX; i++)
        p->by_origin[origin_index(p, p->packs.entry[i].origin)]++;
    sort_origins(p);
    return COHL_OK;
}

/* ---- open and close ------------------------------------------------------ */

char *policy_shipped(const cohl_policy_params *params)
{
    return params->folder ? strdup(params->folder) : cohl_shipped_folder("policy", COHL_POLICY_FOLDER);
}

cohl_status policy_open_changed(cohl_policy **out, const cohl_policy_params *params, const policy_change *change,
                                cohl_error *err)
{
    const cohl_policy_params usual = { 0 };
    const policy_change none = { 0 };
    cohl_status st;
    *out = NULL;
    params = params ? params : &usual;
    char *folder = policy_shipped(params);
    cohl_policy *p = calloc(1, sizeof *p);
    if (!p || (!folder && params->folder) || begin(p, NULL) || (params->own && !(p->own = strdup(params->own))))
        st = no_memory(err);
    else if (!folder)
        st = cohl_fail(err, COHL_ERR_IO, "the policy's packs are not there: no share/cohl/policy above the program and no "
                       "policy in %s", COHL_POLICY_FOLDER);
    else
        st = read_packs(p, folder, params->own, change ? change : &none, err);
    if (!st) st = bind_proper(p, err);
    if (!st) st = read_classifier(p, folder, err);
    if (!st) st = count_origins(p, err);
    free(folder);
    if (st)
        cohl_policy_close(p);
    else
        *out = p;
    return st;
}

cohl_status cohl_policy_open(cohl_policy **out, const cohl_policy_params *params, cohl_error *err)
{
    return policy_open_changed(out, params, NULL, err);
}

void cohl_policy_close(cohl_policy *p)
{
    if (!p)
        return;
    policy_packs_free(&p->packs);
    free(p->proper.not_name);
    free(p->classifier);
    policy_senses_free(p->senses);
    free(p->by_origin);
    free(p->origin);
    json_decref(p->removed);
    free(p->own);
    free(p);
}

int cohl_policy_pack_count(const cohl_policy *p) { return p->packs.pack_count; }

cohl_policy_pack cohl_policy_pack_at(const cohl_policy *p, int index)
{
    const policy_pack *k = &p->packs.pack[index];
    return (cohl_policy_pack){ k->name, k->version, k->about, k->path, k->sha256, k->entries, k->rules, k->bundles };
}

const char *cohl_policy_removed_at(const cohl_policy *p, int index)
{
    return index < 0 ? NULL : json_string_value(json_array_get(p->removed, (size_t)index));
}

bool cohl_policy_origin(const cohl_policy *p, int index, const char **origin, int *entries)
{
    if (index < 0 || index >= p->origin_count)
        return false;
    *origin = p->origin[index], *entries = p->by_origin[index];
    return true;
}
