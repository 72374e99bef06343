/* describe.h - what a manifest says, as JSON; for provenance/ only. */
#ifndef COHL_PROVENANCE_DESCRIBE_H
#define COHL_PROVENANCE_DESCRIBE_H

#include <jansson.h>

#include "provenance/cose.h"
#include "provenance/manifest.h"

/* Any CBOR as JSON: bytes become their count, keys that are not text are left out. */
json_t *cohl_cbor_json(const cbor_item_t *item);

/* See cohl_findings.manifests. cose may be NULL; stamped is 0 or the trusted time. */
json_t *cohl_manifest_json(const cohl_manifest *manifest, const cohl_cose *cose, time_t stamped);

#endif
