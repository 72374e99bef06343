/* manifest.c - one manifest of a store, taken apart. */
#include "provenance/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cohl_bytes cbor_inside(const cohl_jumbf *jumbf)
{
    cohl_box box;
    if (!cohl_jumbf_content(&box, jumbf, "cbor"))
        return (cohl_bytes){ 0 };
    return (cohl_bytes){ box.data, box.size };
}

static bool are_too_many(const cohl_manifest *m)
{
    const uint8_t *at = NULL;
    cohl_jumbf child;
    int count = 0;
    while (m->has_assertions && count <= COHL_ASSERTIONS_MOST && cohl_jumbf_next(&child, &m->assertions, &at) == 1)
        count++;
    return count > COHL_ASSERTIONS_MOST || cohl_cbor_count(cohl_manifest_links(m, 0)) > COHL_ASSERTIONS_MOST ||
           cohl_cbor_count(cohl_manifest_links(m, 1)) > COHL_ASSERTIONS_MOST;
}

/* Boxes are known by their kind; their labels are not signed, and no reader asks for them. */
void cohl_manifest_open(cohl_manifest *out, const cohl_jumbf *whole)
{
    const uint8_t *at = NULL;
    cohl_jumbf child;
    *out = (cohl_manifest){ .whole = *whole };
    while (cohl_jumbf_next(&child, whole, &at) == 1) {
        if (!strcmp(child.kind, COHL_JUMBF_ASSERTIONS)) {
            out->assertions = child;
            out->has_assertions = true;
        } else if (!strcmp(child.kind, COHL_JUMBF_CLAIM)) {
            out->claim_box = child;
            out->claims++;
        } else if (!strcmp(child.kind, COHL_JUMBF_SIGNATURE)) {
            out->signature_box = child;
            out->has_signature = true;
        }
    }
    if (out->claims == 1) {
        out->claim_bytes = cbor_inside(&out->claim_box);
        out->claim = cohl_cbor_read(out->claim_bytes.data, out->claim_bytes.size);
        out->version = cohl_cbor_get(out->claim, "created_assertions") ? 2 : 1;
        if (are_too_many(out)) {
            cohl_cbor_free(out->claim);
            out->claim = NULL;
        }
    }
}

void cohl_manifest_close(cohl_manifest *manifest)
{
    cohl_cbor_free(manifest->claim);
    *manifest = (cohl_manifest){ 0 };
}

const cbor_item_t *cohl_manifest_links(const cohl_manifest *m, int list)
{
    if (m->version == 1)
        return list ? NULL : cohl_cbor_get(m->claim, "assertions");
    return cohl_cbor_get(m->claim, list ? "gathered_assertions" : "created_assertions");
}

/* Behind the last slash; relative links and absolute ones to this manifest are the same. */
bool cohl_manifest_names(const cohl_manifest *m, const cbor_item_t *link, char *label)
{
    char url[COHL_JUMBF_LABEL_MAX + 64];
    *label = 0;
    if (!cohl_cbor_copy_text(link, "url", url, sizeof url))
        return false;
    const char *slash = strrchr(url, '/'), *manifest = strstr(url, "/c2pa/");
    size_t size = strlen(m->whole.label);
    snprintf(label, COHL_JUMBF_LABEL_MAX, "%.*s", COHL_JUMBF_LABEL_MAX - 1, slash ? slash + 1 : url);
    return !manifest || (!strncmp(manifest + 6, m->whole.label, size) && manifest[6 + size] == '/');
}

bool cohl_manifest_assertion(const cohl_manifest *m, const cbor_item_t *link, cohl_jumbf *out, char *label)
{
    return cohl_manifest_names(m, link, label) && m->has_assertions && cohl_jumbf_child(out, &m->assertions, label);
}

bool cohl_label_is(const char *label, const char *kind)
{
    size_t size = strlen(kind);
    if (strncmp(label, kind, size))
        return false;
    const char *rest = label + size;
    if (rest[0] == '.' && rest[1] == 'v' && rest[2] >= '1' && rest[2] <= '9' && (!rest[3] || rest[3] == '_'))
        rest += 3;
    return !*rest || !strncmp(rest, "__", 2);
}

cbor_item_t *cohl_assertion_read(const cohl_jumbf *assertion)
{
    cohl_bytes bytes = cbor_inside(assertion);
    return bytes.data ? cohl_cbor_read(bytes.data, bytes.size) : NULL;
}

bool cohl_manifests_open(cohl_manifests *out, cohl_bytes bytes)
{
    cohl_jumbf store, child;
    const uint8_t *at = NULL;
    int found = 0;
    *out = (cohl_manifests){ 0 };
    if (!cohl_jumbf_read(&store, bytes.data, bytes.size, COHL_JUMBF_STORE) ||
        !(out->manifest = calloc(COHL_MANIFESTS_MOST, sizeof *out->manifest)))
        return false;
    while (out->count < COHL_MANIFESTS_MOST && (found = cohl_jumbf_next(&child, &store, &at)) == 1)
        if (!strcmp(child.kind, COHL_JUMBF_MANIFEST) || !strcmp(child.kind, COHL_JUMBF_UPDATE))
            cohl_manifest_open(&out->manifest[out->count++], &child);
    if (found == 0)
        return true;
    cohl_manifests_close(out);
    return false;
}

void cohl_manifests_close(cohl_manifests *store)
{
    for (int i = 0; i < store->count; i++)
        cohl_manifest_close(&store->manifest[i]);
    free(store->manifest);
    *store = (cohl_manifests){ 0 };
}

int cohl_manifests_find(const cohl_manifests *store, const char *url)
{
    const char *label = strstr(url, "/c2pa/");
    label = label ? label + 6 : url;
    size_t size = strcspn(label, "/");
    for (int i = store->count - 1; i >= 0; i--) {
        const char *own = store->manifest[i].whole.label;
        if (strlen(own) == size && !memcmp(own, label, size))
            return i;
    }
    return -1;
}
