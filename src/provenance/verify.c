/* verify.c - the credentials of a file, found and checked. */
#define _GNU_SOURCE
#include "provenance/verify.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "provenance/container.h"
#include "provenance/credentials.h"
#include "provenance/manifest.h"

/* What cannot be read as its format is a finding too. */
static void find_broken(cohl_findings *findings, const char *why)
{
    char text[160];
    snprintf(text, sizeof text, "the file is broken: %s", why);
    json_array_append_new(findings->failures, json_pack("{s:s, s:s, s:s}", "code", "general.error", "url", "", "text", text));
    findings->verdict = COHL_INVALID;
}

/* A file that does not begin as its name says is broken, and no file without credentials. */
static bool belies_its_name(const char *path, const cohl_map *file)
{
    return cohl_credentials_inside(path) && cohl_container_kind_of(file->data, file->size) == COHL_CONTAINER_OTHER;
}

static cohl_status verify_beside(cohl_verification *out, const char *path, const cohl_map *file,
                                 const cohl_trust *trust, cohl_error *err)
{
    cohl_map map;
    cohl_status st;
    out->beside = cohl_credentials_beside(path);
    if (!out->beside)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for a name", path);
    if (!cohl_file_exists(out->beside)) {
        free(out->beside);
        out->beside = NULL;
        return COHL_OK;
    }
    if ((st = cohl_map_open(&map, out->beside, err)))
        return st;
    cohl_findings_free(&out->findings);
    st = cohl_validate(&out->findings, (cohl_bytes){ map.data, map.size }, file->data, file->size, trust, err);
    cohl_map_close(&map);
    return st;
}

static cohl_status verify_inside(cohl_verification *out, const cohl_map *file, const cohl_store_bytes *found,
                                 const cohl_trust *trust, cohl_error *err)
{
    cohl_findings_free(&out->findings);
    cohl_status st = cohl_validate(&out->findings, found->bytes, file->data, file->size, trust, err);
    if (!st && found->broken)
        find_broken(&out->findings, found->broken);
    return st;
}

cohl_status cohl_verify(cohl_verification *out, const char *path, const cohl_trust *trust, cohl_error *err)
{
    size_t size = strlen(path);
    cohl_map file;
    *out = (cohl_verification){ 0 };
    if (size > 5 && !strcasecmp(path + size - 5, ".c2pa"))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: these are credentials of another file; name that one, without .c2pa", path);
    cohl_status st = cohl_map_open(&file, path, err);
    if (st)
        return st;
    cohl_store_bytes found = cohl_container_find(file.data, file.size);
    out->mime = cohl_container_mime(file.data, file.size);
    st = cohl_findings_none(&out->findings, err);
    if (!st && found.bytes.data)
        st = verify_inside(out, &file, &found, trust, err);
    else if (!st)
        st = verify_beside(out, path, &file, trust, err);
    if (!st && !found.bytes.data && !out->beside && found.broken)
        find_broken(&out->findings, found.broken);
    if (!st && !found.bytes.data && !out->beside && belies_its_name(path, &file))
        find_broken(&out->findings, "it does not begin as its name says");
    cohl_map_close(&file);
    free(found.owned);
    if (st)
        cohl_verification_free(out);
    return st;
}

bool cohl_verify_keep(const char *path, uint8_t **store, size_t *size, char label[COHL_JUMBF_LABEL_MAX])
{
    cohl_map file;
    cohl_manifests all = { 0 };
    *store = NULL;
    if (cohl_map_open(&file, path, NULL))
        return false;
    cohl_store_bytes found = cohl_container_find(file.data, file.size);
    cohl_bytes bytes = found.bytes.data ? found.bytes : (cohl_bytes){ file.data, file.size };
    if (cohl_manifests_open(&all, bytes) && all.count && (*store = malloc(bytes.size))) {
        memcpy(*store, bytes.data, bytes.size);
        *size = bytes.size;
        memcpy(label, all.manifest[all.count - 1].whole.label, COHL_JUMBF_LABEL_MAX);
    }
    cohl_manifests_close(&all);
    cohl_map_close(&file);
    free(found.owned);
    return *store != NULL;
}

void cohl_verification_free(cohl_verification *verification)
{
    cohl_findings_free(&verification->findings);
    free(verification->beside);
    *verification = (cohl_verification){ 0 };
}
