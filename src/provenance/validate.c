/* validate.c - is a manifest store right?
 *
 * Every rule that can be broken is asked, also after one was: a report names all that is wrong.
 * A manifest is walked once, however many ingredients point to it. */
#include "provenance/validate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provenance/cose.h"
#include "provenance/describe.h"
#include "provenance/manifest.h"

static const char untrusted[] = "signingCredential.untrusted";

typedef struct check {
    cohl_findings    *out;
    const cohl_manifests *store;
    const cohl_trust *trust;
    const uint8_t    *file;
    size_t            size;
    json_t          **description;    /* [store count] */
    bool             *seen;           /* [store count] */
    json_t           *recorded;       /* findings that ingredients' assertions tell themselves */
    int               at;             /* the manifest that is looked at */
    bool              active;
    bool              wrong;          /* anything but a missing trust   */
    bool              trusted;        /* the active manifest's signer   */
} check;

const char *cohl_verdict_name(cohl_verdict verdict)
{
    static const char *const names[] = { "none", "invalid", "valid", "trusted" };
    return names[verdict];
}

/* ---- findings ---------------------------------------------------------------- */

typedef enum finding_kind { SUCCESS, INFORMATIONAL, FAILURE } finding_kind;

static bool is_recorded(const check *c, const char *code, const char *url)
{
    size_t index;
    json_t *one;
    json_array_foreach(c->recorded, index, one)
        if (!strcmp(json_string_value(json_object_get(one, "code")), code) &&
            !strcmp(json_string_value(json_object_get(one, "url")), url))
            return true;
    return false;
}

/* part: what of the manifest it is about, "c2pa.signature"; "" is the manifest. */
static void find(check *c, finding_kind kind, const char *code, const char *part, const char *text)
{
    const cohl_manifest *m = &c->store->manifest[c->at];
    char url[2 * COHL_JUMBF_LABEL_MAX + 32];
    snprintf(url, sizeof url, "self#jumbf=/c2pa/%s%s%s", m->whole.label, *part ? "/" : "", part);
    if (!c->active && (kind != FAILURE || is_recorded(c, code, url)))
        return;
    json_t *to = !c->active ? c->out->ingredient_failures : kind == FAILURE ? c->out->failures
               : kind == SUCCESS ? c->out->successes : c->out->informational;
    json_t *where = json_string(url);               /* none: a name was cut within a character */
    json_array_append_new(to, json_pack("{s:s, s:o, s:s}", "code", code, "url", where ? where : json_string(""), "text", text));
    c->wrong |= kind == FAILURE && strcmp(code, untrusted);
}

static void find_assertion(check *c, finding_kind kind, const char *code, const char *label, const char *text)
{
    char part[COHL_JUMBF_LABEL_MAX + 20];
    snprintf(part, sizeof part, "c2pa.assertions/%s", label);
    find(c, kind, code, part, text);
}

/* ---- claim and assertions ------------------------------------------------------ */

static const cohl_manifest *own(const check *c) { return &c->store->manifest[c->at]; }

/* Version 2 has these fields and no others (specification 2.2, section 10.2). */
static bool has_only_known_fields(const cbor_item_t *claim)
{
    static const char *const known[] = { "instanceID", "claim_generator_info", "signature", "created_assertions",
                                         "gathered_assertions", "dc:title", "redacted_assertions", "alg", "alg_soft",
                                         "metadata" };
    const struct cbor_pair *pair = cbor_map_handle(claim);
    for (size_t i = 0; i < cbor_map_size(claim); i++) {
        bool found = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            found |= cohl_bytes_are(cohl_cbor_text_of(pair[i].key), known[k]);
        if (!found)
            return false;
    }
    return true;
}

static bool has_text(const cbor_item_t *map, const char *key)
{
    return cohl_cbor_text_of(cohl_cbor_get(map, key)).size > 0;
}

static bool claim_is_whole(const cohl_manifest *m)
{
    const cbor_item_t *claim = m->claim;
    if (!cohl_cbor_is_map(claim) || !has_text(claim, "instanceID") || !has_text(claim, "signature") ||
        !cohl_cbor_is_array(cohl_manifest_links(m, 0)))
        return false;
    if (m->version == 1)
        return has_text(claim, "claim_generator");
    return has_only_known_fields(claim) && has_text(cohl_cbor_get(claim, "claim_generator_info"), "name") &&
           cohl_cbor_count(cohl_manifest_links(m, 0));
}

static void claim_alg(const cohl_manifest *m, char out[16])
{
    if (!cohl_cbor_copy_text(m->claim, "alg", out, 16))
        memcpy(out, "sha256", 7);
}

/* The hash over what a superbox contains; its own header is not part of it. */
static bool superbox_is(const cohl_jumbf *box, const cbor_item_t *link, const char *claim_alg, bool *known)
{
    char alg[16];
    if (!cohl_cbor_copy_text(link, "alg", alg, sizeof alg))
        snprintf(alg, sizeof alg, "%s", claim_alg);
    cohl_hash hash = cohl_hash_of(alg, box->box.data, box->box.size);
    *known = hash.size > 0;
    return cohl_hash_is(&hash, cohl_cbor_bytes_of(cohl_cbor_get(link, "hash")));
}

static void check_link(check *c, const cbor_item_t *link, const char *alg)
{
    char label[COHL_JUMBF_LABEL_MAX];
    cohl_jumbf assertion;
    bool known;
    if (!cohl_manifest_assertion(own(c), link, &assertion, label))
        find_assertion(c, FAILURE, "assertion.missing", label, "the claim names an assertion that is not there");
    else if (superbox_is(&assertion, link, alg, &known))
        find_assertion(c, SUCCESS, "assertion.hashedURI.match", label, "the assertion is the one that was signed");
    else if (known)
        find_assertion(c, FAILURE, "assertion.hashedURI.mismatch", label, "the assertion was changed after it was signed");
    else
        find_assertion(c, FAILURE, "algorithm.unsupported", label, "its hash is of an unknown kind");
}

/* The claim names it, and no other has that name. */
static bool is_declared(const cohl_manifest *m, const char *wanted)
{
    char label[COHL_JUMBF_LABEL_MAX];
    cohl_jumbf found;
    for (int list = 0; list < 2; list++) {
        const cbor_item_t *links = cohl_manifest_links(m, list);
        for (size_t i = 0; i < cohl_cbor_count(links); i++)
            if (cohl_manifest_names(m, cohl_cbor_at(links, i), label) && !strcmp(label, wanted))
                return cohl_jumbf_child(&found, &m->assertions, wanted);
    }
    return false;
}

/* Every assertion in the manifest is one that the claim names. */
static void check_declared(check *c)
{
    const cohl_manifest *m = own(c);
    const uint8_t *at = NULL;
    cohl_jumbf child;
    while (cohl_jumbf_next(&child, &m->assertions, &at) == 1) {
        if (!is_declared(m, child.label))
            find_assertion(c, FAILURE, "assertion.undeclared", child.label, "an assertion that the claim does not name");
    }
}

static void check_assertions(check *c)
{
    const cohl_manifest *m = own(c);
    char alg[16];
    claim_alg(m, alg);
    for (int list = 0; list < 2; list++) {
        const cbor_item_t *links = cohl_manifest_links(m, list);
        for (size_t i = 0; i < cohl_cbor_count(links); i++)
            check_link(c, cohl_cbor_at(links, i), alg);
    }
    if (m->has_assertions)
        check_declared(c);
}

/* Call fn with each assertion of a kind that the claim names. Returns how many there are. */
typedef void assertion_fn(check *c, const char *label, const cbor_item_t *content, int index);

static int each_assertion(check *c, const char *kind, assertion_fn *fn)
{
    const cohl_manifest *m = own(c);
    char label[COHL_JUMBF_LABEL_MAX];
    cohl_jumbf assertion;
    int count = 0;
    for (int list = 0; list < 2; list++) {
        const cbor_item_t *links = cohl_manifest_links(m, list);
        for (size_t i = 0; i < cohl_cbor_count(links); i++) {
            if (!cohl_manifest_assertion(m, cohl_cbor_at(links, i), &assertion, label) || !cohl_label_is(label, kind))
                continue;
            cbor_item_t *content = cohl_assertion_read(&assertion);
            if (content && fn)
                fn(c, label, content, count);
            else if (!content)
                find_assertion(c, FAILURE, "assertion.cbor.invalid", label, "the assertion is not CBOR");
            cohl_cbor_free(content);
            count++;
        }
    }
    return count;
}

/* ---- signature ---------------------------------------------------------------- */

static void check_certificate(check *c, const cohl_cose *cose, time_t stamped)
{
    const char *why;
    const char *code = cohl_certificate_fault(cose->chain.certificate[0], stamped ? stamped : time(NULL), &why);
    if (code) {
        char text[160];
        snprintf(text, sizeof text, "the signer's certificate %s", why);
        find(c, FAILURE, code, "c2pa.signature", text);
    } else if (stamped && cohl_certificate_fault(cose->chain.certificate[0], time(NULL), &why)) {
        char text[240];
        snprintf(text, sizeof text, "the signer's certificate %s today; that it was signed while the certificate held is the word "
                 "of its time stamp, by a clock that nobody here vouches for", why);
        find(c, INFORMATIONAL, "timeStamp.untrusted", "c2pa.signature", text);
    }
    if (cohl_chain_trusted(&cose->chain, c->trust, stamped ? stamped : -1)) {
        find(c, SUCCESS, "signingCredential.trusted", "c2pa.signature", "the signer's chain ends in a root that is trusted here");
        c->trusted |= c->active;
    } else {
        find(c, FAILURE, untrusted, "c2pa.signature", "nobody trusted here vouches for the signer");
    }
}

/* The claim names the signature box of its own manifest: "self#jumbf=c2pa.signature", or with
 * the manifest's name in front of it. */
static bool names_own_signature(const cohl_manifest *m)
{
    char url[COHL_JUMBF_LABEL_MAX + 64], whole[COHL_JUMBF_LABEL_MAX + 64];
    cohl_cbor_copy_text(m->claim, "signature", url, sizeof url);
    snprintf(whole, sizeof whole, "self#jumbf=/c2pa/%s/c2pa.signature", m->whole.label);
    return !strcmp(url, whole) || !strcmp(url, "self#jumbf=c2pa.signature");
}

static time_t check_stamp(check *c, const cohl_cose *cose)
{
    const cohl_manifest *m = own(c);
    time_t at = 0;
    switch (cohl_cose_stamp(cose, m->claim_bytes.data, m->claim_bytes.size, &at)) {
    case COHL_STAMP_GOOD:
        find(c, SUCCESS, "timeStamp.validated", "c2pa.signature", "its time stamp is about this signature; whose clock that is, is not judged");
        return at;
    case COHL_STAMP_BAD:
        find(c, INFORMATIONAL, "timeStamp.mismatch", "c2pa.signature", "its time stamp is not about this signature");
        return 0;
    default:
        return 0;
    }
}

static void check_signature(check *c)
{
    const cohl_manifest *m = own(c);
    cohl_cose cose = { 0 };
    cohl_box box;
    time_t stamped = 0;
    bool open = false;
    if (!m->has_signature || !names_own_signature(m)) {
        find(c, FAILURE, "claimSignature.missing", "c2pa.signature", "the claim is not signed");
    } else if (!cohl_jumbf_content(&box, &m->signature_box, "cbor") || !cohl_cose_open(&cose, box.data, box.size)) {
        find(c, FAILURE, "claimSignature.mismatch", "c2pa.signature", "the signature cannot be read");
    } else {
        open = true;
        stamped = check_stamp(c, &cose);
        if (!cose.alg)
            find(c, FAILURE, "algorithm.unsupported", "c2pa.signature", "it is signed in an unknown way");
        if (cose.chain.count)
            check_certificate(c, &cose, stamped);
        if (cohl_cose_signed(&cose, m->claim_bytes.data, m->claim_bytes.size)) {
            find(c, SUCCESS, "claimSignature.insideValidity", "c2pa.signature", "the certificate was valid then");
            find(c, SUCCESS, "claimSignature.validated", "c2pa.signature", "the claim is the one that was signed");
        } else {
            find(c, FAILURE, "claimSignature.mismatch", "c2pa.signature", "the claim was changed after it was signed");
        }
    }
    c->description[c->at] = cohl_manifest_json(m, open ? &cose : NULL, stamped);
    cohl_cose_close(&cose);
}

/* ---- the file ----------------------------------------------------------------- */

static void tell_binding(check *c, const char *label, const char *what, cohl_binding_answer answer)
{
    char code[64];
    static const struct { finding_kind kind; const char *end, *text; } told[] = {
        [COHL_BINDING_MATCH] = { SUCCESS, "match", "the file is the one that was signed" },
        [COHL_BINDING_MISMATCH] = { FAILURE, "mismatch", "the file was changed after it was signed" },
        [COHL_BINDING_MALFORMED] = { FAILURE, "malformed", "what binds the manifest to the file cannot be read" },
    };
    if (answer == COHL_BINDING_UNSUPPORTED) {
        find_assertion(c, FAILURE, "algorithm.unsupported", label, "the file is bound in a way that is not checked here");
        return;
    }
    snprintf(code, sizeof code, "assertion.%s.%s", what, told[answer].end);
    find_assertion(c, told[answer].kind, code, label, told[answer].text);
}

static void check_data(check *c, const char *label, const cbor_item_t *content, int index)
{
    char alg[16];
    claim_alg(own(c), alg);
    tell_binding(c, label, "dataHash", cohl_binding_data(content, alg, c->file, c->size));
}

static void check_bmff(check *c, const char *label, const cbor_item_t *content, int index)
{
    const char *version = strstr(label, ".bmff.v");
    bool wider;
    char alg[16];
    claim_alg(own(c), alg);
    tell_binding(c, label, "bmffHash", cohl_binding_bmff(content, version ? version[7] - '0' : 1, alg, c->file, c->size,
                                                         &wider));
    if (wider)
        find_assertion(c, INFORMATIONAL, "assertion.bmffHash.additionalExclusionsPresent", label,
                       "parts of the file besides the usual ones are left out of its hash");
}

static void check_boxes(check *c, const char *label, const cbor_item_t *content, int index)
{
    tell_binding(c, label, "boxesHash", COHL_BINDING_UNSUPPORTED);
}

static void check_file(check *c)
{
    static const char *const kinds[] = { "c2pa.hash.data", "c2pa.hash.bmff", "c2pa.hash.boxes",
                                         "c2pa.hash.collection.data" };
    static assertion_fn *const checks[] = { check_data, check_bmff, check_boxes, check_boxes };
    int count = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        count += each_assertion(c, kinds[i], checks[i]);
    if (!count)
        find(c, FAILURE, "claim.hardBindings.missing", "c2pa.claim", "nothing binds the manifest to the file");
    if (count > 1)
        find(c, FAILURE, "assertion.multipleHardBindings", "c2pa.claim", "the manifest is bound to a file more than once");
}

/* ---- actions ------------------------------------------------------------------ */

static bool needs_ingredients(const char *action)
{
    return !strcmp(action, "c2pa.opened") || !strcmp(action, "c2pa.placed") || !strcmp(action, "c2pa.removed");
}

static bool names_ingredients(const cbor_item_t *action)
{
    const cbor_item_t *parameters = cohl_cbor_get(action, "parameters");
    return cohl_cbor_count(cohl_cbor_get(parameters, "ingredients")) ||
           cohl_cbor_is_map(cohl_cbor_get(parameters, "ingredient"));
}

static void check_action(check *c, const char *label, const cbor_item_t *action, bool first)
{
    char name[96];
    bool begins;
    if (!cohl_cbor_copy_text(action, "action", name, sizeof name)) {
        find_assertion(c, FAILURE, "assertion.action.malformed", label, "an action has no name");
        return;
    }
    begins = !strcmp(name, "c2pa.created") || !strcmp(name, "c2pa.opened");
    if (own(c)->version == 1)
        return;
    if (begins != first)
        find_assertion(c, FAILURE, "assertion.action.malformed", label, "a film is created or opened once, by its first action");
    if (!strcmp(name, "c2pa.created") && !has_text(action, "digitalSourceType"))
        find_assertion(c, FAILURE, "assertion.action.malformed", label, "it does not say how the film came into being");
    if (needs_ingredients(name) && !names_ingredients(action))
        find_assertion(c, FAILURE, "assertion.action.ingredientMismatch", label, "an action does not say on what it was done");
}

static void check_actions(check *c, const char *label, const cbor_item_t *content, int index)
{
    const cbor_item_t *list = cohl_cbor_get(content, "actions");
    if (!cohl_cbor_count(list))
        find_assertion(c, FAILURE, "assertion.action.malformed", label, "a list of actions is empty");
    for (size_t i = 0; i < cohl_cbor_count(list); i++)
        check_action(c, label, cohl_cbor_at(list, i), !index && !i);
}

/* ---- ingredients ---------------------------------------------------------------- */

static void check_manifest(check *c, int at);

/* Its manifest is there, and the one that was meant. */
static int check_ingredient_link(check *c, const char *label, const cbor_item_t *content)
{
    const cbor_item_t *link = cohl_cbor_get(content, "activeManifest");
    const cbor_item_t *signature = cohl_cbor_get(content, "claimSignature");
    char url[COHL_JUMBF_LABEL_MAX + 64], alg[16];
    bool known;
    if (!link)
        link = cohl_cbor_get(content, "c2pa_manifest");
    if (!link)
        return -1;
    claim_alg(own(c), alg);
    cohl_cbor_copy_text(link, "url", url, sizeof url);
    int at = cohl_manifests_find(c->store, url);
    if (at < 0) {
        find_assertion(c, FAILURE, "ingredient.manifest.missing", label, "the credentials of what it was made from are not there");
        return -1;
    }
    const cohl_manifest *m = &c->store->manifest[at];
    if (!superbox_is(&m->whole, link, alg, &known))
        find_assertion(c, FAILURE, "ingredient.manifest.mismatch", label, "the credentials of what it was made from were changed");
    if (signature && (!m->has_signature || !superbox_is(&m->signature_box, signature, alg, &known)))
        find_assertion(c, FAILURE, "ingredient.claimSignature.mismatch", label, "the signature of what it was made from was changed");
    return at;
}

static void check_ingredient(check *c, const char *label, const cbor_item_t *content, int index)
{
    if (!has_text(content, "relationship"))
        find_assertion(c, FAILURE, "assertion.ingredient.malformed", label, "it does not say what the ingredient was for");
    int at = check_ingredient_link(c, label, content), here = c->at;
    bool active = c->active;
    if (at < 0 || c->seen[at])
        return;
    check_manifest(c, at);
    c->at = here, c->active = active;
}

/* Findings that ingredients' assertions tell were known when the film was signed. */
static void take_records(json_t *to, const cbor_item_t *list)
{
    char code[96], url[2 * COHL_JUMBF_LABEL_MAX + 32];
    for (size_t i = 0; i < cohl_cbor_count(list); i++) {
        const cbor_item_t *one = cohl_cbor_at(list, i);
        if (cohl_cbor_copy_text(one, "code", code, sizeof code) && cohl_cbor_copy_text(one, "url", url, sizeof url))
            json_array_append_new(to, json_pack("{s:s, s:s}", "code", code, "url", url));
    }
}

static void record_ingredient(check *c, const char *label, const cbor_item_t *content, int index)
{
    const cbor_item_t *results = cohl_cbor_get(content, "validationResults");
    const cbor_item_t *deltas = cohl_cbor_get(results, "ingredientDeltas");
    take_records(c->recorded, cohl_cbor_get(cohl_cbor_get(results, "activeManifest"), "failure"));
    take_records(c->recorded, cohl_cbor_get(content, "validationStatus"));
    for (size_t i = 0; i < cohl_cbor_count(deltas); i++)
        take_records(c->recorded, cohl_cbor_get(cohl_cbor_get(cohl_cbor_at(deltas, i), "validationDeltas"), "failure"));
}

/* ---- all ------------------------------------------------------------------------ */

static bool check_claim(check *c)
{
    const cohl_manifest *m = own(c);
    if (m->claims > 1)
        find(c, FAILURE, "claim.multiple", "", "there is more than one claim");
    else if (!m->claims)
        find(c, FAILURE, "claim.missing", "", "there is no claim");
    else if (!claim_is_whole(m))
        find(c, FAILURE, "claim.malformed", m->claim_box.label, "the claim cannot be read");
    else
        return true;
    return false;
}

static void check_manifest(check *c, int at)
{
    c->seen[at] = true;
    c->at = at;
    c->active = at == c->store->count - 1;
    if (!check_claim(c))
        return;
    check_assertions(c);
    check_signature(c);
    if (c->active)
        check_file(c);
    each_assertion(c, "c2pa.actions", check_actions);
    each_assertion(c, "c2pa.ingredient", check_ingredient);
}

static void record_all(check *c)
{
    for (c->at = 0; c->at < c->store->count; c->at++)
        if (own(c)->claim)
            each_assertion(c, "c2pa.ingredient", record_ingredient);
}

static void describe_all(check *c)
{
    for (int i = 0; i < c->store->count; i++) {
        json_t *one = c->description[i];
        json_array_append_new(c->out->manifests, one ? one : json_pack("{s:s}", "label",
                                                                       c->store->manifest[i].whole.label));
    }
}

static cohl_status check_store(cohl_findings *out, const cohl_manifests *store, const uint8_t *file, size_t size,
                               const cohl_trust *trust, cohl_error *err)
{
    check c = { .out = out, .store = store, .trust = trust, .file = file, .size = size, .recorded = json_array(),
                .seen = calloc((size_t)store->count, sizeof *c.seen),
                .description = calloc((size_t)store->count, sizeof *c.description) };
    bool room = c.recorded && c.seen && c.description;
    if (room) {
        record_all(&c);
        check_manifest(&c, store->count - 1);
        describe_all(&c);
        out->verdict = c.wrong ? COHL_INVALID : c.trusted && !json_array_size(out->ingredient_failures) ? COHL_TRUSTED
                                                                                                    : COHL_VALID;
    }
    json_decref(c.recorded);
    free(c.seen);
    free(c.description);
    return room ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory to check credentials");
}

cohl_status cohl_findings_none(cohl_findings *out, cohl_error *err)
{
    *out = (cohl_findings){ .verdict = COHL_NO_CREDENTIALS, .failures = json_array(), .informational = json_array(),
                            .successes = json_array(), .ingredient_failures = json_array(), .manifests = json_array() };
    if (out->failures && out->informational && out->successes && out->ingredient_failures && out->manifests)
        return COHL_OK;
    cohl_findings_free(out);
    return cohl_fail(err, COHL_ERR_MEMORY, "no memory to check credentials");
}

cohl_status cohl_validate(cohl_findings *out, cohl_bytes bytes, const uint8_t *file, size_t size,
                          const cohl_trust *trust, cohl_error *err)
{
    cohl_manifests store;
    cohl_status st = cohl_findings_none(out, err);
    if (st)
        return st;
    out->verdict = COHL_INVALID;
    if (!cohl_manifests_open(&store, bytes)) {
        json_array_append_new(out->failures, json_pack("{s:s, s:s, s:s}", "code", "general.error", "url", "", "text",
                                                       "its manifest store is cut or cannot be read"));
        return COHL_OK;
    }
    if (store.count)
        st = check_store(out, &store, file, size, trust, err);
    else
        out->verdict = COHL_NO_CREDENTIALS;
    cohl_manifests_close(&store);
    if (st)
        cohl_findings_free(out);
    return st;
}

void cohl_findings_free(cohl_findings *findings)
{
    json_decref(findings->failures);
    json_decref(findings->informational);
    json_decref(findings->successes);
    json_decref(findings->ingredient_failures);
    json_decref(findings->manifests);
    *findings = (cohl_findings){ 0 };
}

bool cohl_findings_say_generated(const cohl_findings *findings)
{
    size_t i, k;
    json_t *manifest, *action;
    json_array_foreach(findings->manifests, i, manifest)
        json_array_foreach(json_object_get(manifest, "actions"), k, action) {
            const char *source = json_string_value(json_object_get(action, "source"));
            const char *word = source ? strrchr(source, '/') : NULL;
            if (word && (!strcmp(word, "/trainedAlgorithmicMedia") ||
                         !strcmp(word, "/compositeWithTrainedAlgorithmicMedia")))
                return true;
        }
    return false;
}
