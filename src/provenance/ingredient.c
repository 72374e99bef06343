/* ingredient.c - what a film was made from. */
#define _GNU_SOURCE
#include "provenance/ingredient.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "provenance/container.h"
#include "provenance/credentials.h"
#include "provenance/jumbf.h"
#include "provenance/manifest.h"
#include "provenance/validate.h"

struct cohl_ingredient {
    cohl_relationship relationship;
    char             *title;            /* the file's name, without folders */
    const char       *mime;
    uint8_t          *store;            /* NULL: it carries none that can be read */
    size_t            store_size;
    char              label[COHL_JUMBF_LABEL_MAX];      /* of its active manifest */
    cohl_hash         manifest, signature;
    cohl_findings     findings;
    bool              generated;
};

const char *cohl_relationship_name(cohl_relationship relationship)
{
    static const char *const names[] = { "parentOf", "componentOf", "inputTo" };
    return names[relationship];
}

/* Some manifest of its history says that a model made it, and none that a part came from elsewhere. */
static bool made_whole(const cohl_findings *findings)
{
    size_t i, k;
    json_t *manifest, *action;
    bool says = false, partly = false;
    json_array_foreach(findings->manifests, i, manifest)
        json_array_foreach(json_object_get(manifest, "actions"), k, action) {
            const char *source = json_string_value(json_object_get(action, "source"));
            says |= source && !strcmp(source, cohl_source_type(COHL_SOURCE_MODEL));
            partly |= source && strcmp(source, cohl_source_type(COHL_SOURCE_MODEL));
        }
    return says && !partly && findings->verdict >= COHL_VALID;
}

static bool take_names(cohl_ingredient *one, cohl_bytes bytes)
{
    cohl_manifests store;
    if (!cohl_manifests_open(&store, bytes))
        return false;
    if (!store.count) {
        cohl_manifests_close(&store);
        return false;
    }
    const cohl_manifest *active = &store.manifest[store.count - 1];
    bool whole = active->has_signature && *active->whole.label;
    if (whole) {
        memcpy(one->label, active->whole.label, sizeof one->label);
        one->manifest = cohl_hash_of("sha256", active->whole.box.data, active->whole.box.size);
        one->signature = cohl_hash_of("sha256", active->signature_box.box.data, active->signature_box.box.size);
    }
    cohl_manifests_close(&store);
    return whole;
}

static cohl_status take_store(cohl_ingredient *one, cohl_bytes bytes, const cohl_map *file, const cohl_trust *trust,
                              cohl_error *err)
{
    cohl_status st = cohl_validate(&one->findings, bytes, file->data, file->size, trust, err);
    if (st || !take_names(one, bytes))
        return st;
    if (!(one->store = malloc(bytes.size)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for the credentials of %s", one->title);
    memcpy(one->store, bytes.data, bytes.size);
    one->store_size = bytes.size;
    one->generated = made_whole(&one->findings);
    return COHL_OK;
}

/* Inside the file, or in the file beside it. */
static cohl_status find_store(cohl_ingredient *one, const char *path, const cohl_map *file, const cohl_trust *trust,
                              cohl_error *err)
{
    cohl_store_bytes inside = cohl_container_find(file->data, file->size);
    char *beside = cohl_credentials_beside(path);
    cohl_map map = { 0 };
    cohl_status st = COHL_OK;
    if (inside.bytes.data && !inside.broken) {
        st = take_store(one, inside.bytes, file, trust, err);
    } else if (!inside.bytes.data && beside && cohl_file_exists(beside) && !cohl_map_open(&map, beside, NULL)) {
        st = take_store(one, (cohl_bytes){ map.data, map.size }, file, trust, err);
        cohl_map_close(&map);
    }
    free(beside);
    free(inside.owned);
    return st;
}

cohl_status cohl_ingredient_read(cohl_ingredient **out, const char *path, cohl_relationship relationship,
                                 const cohl_trust *trust, cohl_error *err)
{
    const char *slash = strrchr(path, '/');
    cohl_map file = { 0 };
    cohl_ingredient *one = *out = calloc(1, sizeof *one);
    cohl_status st = COHL_OK;
    if (!one || !(one->title = strdup(slash ? slash + 1 : path)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to read its credentials", path);
    if (!st) st = cohl_map_open(&file, path, err);
    if (!st) {
        one->relationship = relationship;
        one->mime = cohl_container_mime(file.data, file.size);
        if (cohl_utf8_check(one->title, strlen(one->title)) != strlen(one->title))
            *one->title = 0;
        st = find_store(one, path, &file, trust, err);
    }
    cohl_map_close(&file);
    if (st) {
        cohl_ingredient_free(one);
        *out = NULL;
    }
    return st;
}

void cohl_ingredient_free(cohl_ingredient *ingredient)
{
    if (!ingredient)
        return;
    cohl_findings_free(&ingredient->findings);
    free(ingredient->title);
    free(ingredient->store);
    free(ingredient);
}

cohl_relationship cohl_ingredient_relationship(const cohl_ingredient *ingredient) { return ingredient->relationship; }
bool cohl_ingredient_is_generated(const cohl_ingredient *ingredient) { return ingredient->generated; }

static void put_findings(cohl_text *out, const char *name, const json_t *findings)
{
    size_t i;
    json_t *one;
    cohl_cbor_text(out, name), cohl_cbor_array(out, json_array_size(findings));
    json_array_foreach(findings, i, one) {
        cohl_cbor_map(out, 2);
        cohl_cbor_text(out, "code"), cohl_cbor_text(out, json_string_value(json_object_get(one, "code")));
        cohl_cbor_text(out, "url"), cohl_cbor_text(out, json_string_value(json_object_get(one, "url")));
    }
}

static void put_link(cohl_text *out, const char *name, const char *label, const char *part, const cohl_hash *hash)
{
    char url[COHL_JUMBF_LABEL_MAX + 64];
    snprintf(url, sizeof url, "self#jumbf=/c2pa/%s%s", label, part);
    cohl_cbor_text(out, name), cohl_cbor_map(out, 2);
    cohl_cbor_text(out, "url"), cohl_cbor_text(out, url);
    cohl_cbor_text(out, "hash"), cohl_cbor_bytes(out, hash->bytes, hash->size);
}

void cohl_ingredient_put(const cohl_ingredient *one, cohl_text *out)
{
    cohl_cbor_map(out, (size_t)(2 + (*one->title != 0) + (one->store ? 3 : 0)));
    cohl_cbor_text(out, "relationship"), cohl_cbor_text(out, cohl_relationship_name(one->relationship));
    cohl_cbor_text(out, "dc:format"), cohl_cbor_text(out, one->mime);
    if (*one->title)
        cohl_cbor_text(out, "dc:title"), cohl_cbor_text(out, one->title);
    if (!one->store)
        return;
    cohl_cbor_text(out, "validationResults"), cohl_cbor_map(out, 1);
    cohl_cbor_text(out, "activeManifest"), cohl_cbor_map(out, 3);
    put_findings(out, "success", one->findings.successes);
    put_findings(out, "informational", one->findings.informational);
    put_findings(out, "failure", one->findings.failures);
    put_link(out, "activeManifest", one->label, "", &one->manifest);
    put_link(out, "claimSignature", one->label, "/c2pa.signature", &one->signature);
}

/* 1: the same manifest stands there; -1: another of the same name; 0: neither. */
static int stands_there(const cohl_text *out, size_t start, const cohl_jumbf *manifest)
{
    const uint8_t *at = (const uint8_t *)out->data + start, *end = (const uint8_t *)out->data + out->size;
    cohl_jumbf other;
    cohl_box box;
    while (cohl_box_next(&box, &at, end) == 1)
        if (cohl_jumbf_open(&other, &box) && !strcmp(other.label, manifest->label))
            return other.box.size == manifest->box.size && !memcmp(other.box.data, manifest->box.data, other.box.size) ? 1
                                                                                                                   : -1;
    return 0;
}

/* Under a header of our own: theirs may say another length than there was, and no hash covers it. */
static void add_manifest(cohl_text *out, const cohl_jumbf *manifest)
{
    size_t box = cohl_box_begin(out, "jumb");
    cohl_text_add_bytes(out, manifest->box.data, manifest->box.size);
    cohl_box_end(out, box);
}

cohl_status cohl_ingredient_put_manifests(const cohl_ingredient *one, cohl_text *out, size_t start, cohl_error *err)
{
    cohl_manifests store;
    cohl_status st = COHL_OK;
    if (!one->store || !cohl_manifests_open(&store, (cohl_bytes){ one->store, one->store_size }))
        return COHL_OK;
    for (int i = 0; i < store.count && !st && !out->failed; i++) {
        const cohl_jumbf *manifest = &store.manifest[i].whole;
        int there = out->data ? stands_there(out, start, manifest) : 0;
        if (there < 0)
            st = cohl_fail(err, COHL_ERR_FORMAT, "%s: its credentials hold a manifest %s that another file holds otherwise",
                           one->title, manifest->label);
        else if (!there)
            add_manifest(out, manifest);
    }
    cohl_manifests_close(&store);
    return st;
}
