/* manifest.h - one manifest of a store, taken apart; for provenance/ only. */
#ifndef COHL_PROVENANCE_MANIFEST_H
#define COHL_PROVENANCE_MANIFEST_H

#include "provenance/cbor.h"
#include "provenance/jumbf.h"

/* More are taken for an attack: what is looked up in them grows with their square. */
enum { COHL_MANIFESTS_MOST = 256, COHL_ASSERTIONS_MOST = 1000 };

typedef struct cohl_manifest {
    cohl_jumbf   whole;
    cohl_jumbf   assertions, claim_box, signature_box;   /* where present */
    bool         has_assertions, has_signature;
    int          claims;              /* how many claim boxes            */
    int          version;             /* 1 or 2 of the claim            */
    cohl_bytes   claim_bytes;
    cbor_item_t *claim;               /* NULL: none that can be read, or of too many assertions */
} cohl_manifest;

/* Takes apart; what is missing stays empty. */
void cohl_manifest_open(cohl_manifest *out, const cohl_jumbf *whole);
void cohl_manifest_close(cohl_manifest *manifest);

/* Its list of links number `list` (0: created, or all of version 1; 1: gathered), or NULL. */
const cbor_item_t *cohl_manifest_links(const cohl_manifest *manifest, int list);
/* The name of an assertion that a link's URL says, cut to label [COHL_JUMBF_LABEL_MAX]; whether the URL
 * is of this manifest. */
bool cohl_manifest_names(const cohl_manifest *manifest, const cbor_item_t *link, char *label);
/* The assertion that a link's URL names, in this manifest. label [COHL_JUMBF_LABEL_MAX] is
 * its name, also where there is none. */
bool cohl_manifest_assertion(const cohl_manifest *manifest, const cbor_item_t *link, cohl_jumbf *out, char *label);
/* "c2pa.actions.v2__1" is of kind "c2pa.actions". */
bool cohl_label_is(const char *label, const char *kind);
/* The CBOR of an assertion, to be freed; NULL where it holds none. */
cbor_item_t *cohl_assertion_read(const cohl_jumbf *assertion);

/* A store's manifests, in order, which may be none. False when it cannot be read. */
typedef struct cohl_manifests {
    cohl_manifest *manifest;
    int            count;
} cohl_manifests;

bool cohl_manifests_open(cohl_manifests *out, cohl_bytes bytes);
void cohl_manifests_close(cohl_manifests *store);
/* By its label, or by a URL that begins with it ("self#jumbf=/c2pa/LABEL/..."); -1: none. */
int cohl_manifests_find(const cohl_manifests *store, const char *url);

#endif
