/* describe.c - what a manifest says, as JSON. */
#include "provenance/describe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "provenance/credentials.h"

static json_t *text_json(cohl_bytes text)
{
    return text.data ? json_stringn((const char *)text.data, text.size) : json_null();
}

static json_t *map_json(const cbor_item_t *map)
{
    json_t *json = json_object();
    const struct cbor_pair *pair = cbor_map_handle(map);
    for (size_t i = 0; i < cbor_map_size(map); i++) {
        cohl_bytes key = cohl_cbor_text_of(pair[i].key);
        char word[COHL_JUMBF_LABEL_MAX];
        if (!key.data || key.size >= sizeof word)
            continue;
        memcpy(word, key.data, key.size);
        word[key.size] = 0;
        json_object_set_new(json, word, cohl_cbor_json(pair[i].value));
    }
    return json;
}

static json_t *array_json(const cbor_item_t *array)
{
    json_t *json = json_array();
    for (size_t i = 0; i < cohl_cbor_count(array); i++)
        json_array_append_new(json, cohl_cbor_json(cohl_cbor_at(array, i)));
    return json;
}

json_t *cohl_cbor_json(const cbor_item_t *item)
{
    int64_t number;
    double real;
    bool truth;
    if (!item)
        return json_null();
    if (cohl_cbor_int_of(item, &number))
        return json_integer(number);
    if (cohl_cbor_bool_of(item, &truth))
        return json_boolean(truth);
    if (cohl_cbor_real_of(item, &real))
        return isfinite(real) ? json_real(real) : json_null();
    switch (cbor_typeof(item)) {
    case CBOR_TYPE_MAP:        return map_json(item);
    case CBOR_TYPE_ARRAY:      return array_json(item);
    case CBOR_TYPE_STRING:     return text_json(cohl_cbor_text_of(item));
    case CBOR_TYPE_BYTESTRING: return json_sprintf("(%zu bytes)", cohl_cbor_bytes_of(item).size);
    default: return json_null();
    }
}

/* Copy the text under a key, if there is any. */
static void take_text(json_t *to, const char *as, const cbor_item_t *from, const char *key)
{
    cohl_bytes text = cohl_cbor_text_of(cohl_cbor_get(from, key));
    if (text.data)
        json_object_set_new(to, as, text_json(text));
}

/* A claim of version 2 has one map {name, version}, of version 1 a text and perhaps a list of maps. */
static void describe_generator(json_t *json, const cbor_item_t *claim)
{
    const cbor_item_t *info = cohl_cbor_get(claim, "claim_generator_info");
    char name[128], version[64];
    if (cohl_cbor_is_array(info))
        info = cohl_cbor_at(info, 0);
    if (!cohl_cbor_copy_text(info, "name", name, sizeof name)) {
        take_text(json, "generator", claim, "claim_generator");
        return;
    }
    cohl_cbor_copy_text(info, "version", version, sizeof version);
    json_object_set_new(json, "generator", json_sprintf("%s%s%s", name, *version ? " " : "", version));
}

static json_t *signer_json(const cohl_cose *cose, time_t stamped)
{
    cohl_certificate_words words = cohl_certificate_about(cose->chain.certificate[0]);
    char until[32], at[32];
    cohl_time_text(until, words.until);
    cohl_time_text(at, stamped);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?}", "name", words.name, "organisation", words.organisation,
                             "issuer", words.issuer, "serial", words.serial, "until", until, "time", stamped ? at : NULL);
    json_object_set_new(json, "algorithm", json_string(cose->alg ? cose->alg->name : "unknown"));
    return json;
}

static json_t *action_json(const cbor_item_t *action)
{
    json_t *json = json_object();
    const cbor_item_t *agent = cohl_cbor_get(action, "softwareAgent");
    take_text(json, "action", action, "action");
    take_text(json, "when", action, "when");
    take_text(json, "source", action, "digitalSourceType");
    take_text(json, "description", action, "description");
    if (cohl_cbor_is_map(agent))
        take_text(json, "agent", agent, "name");
    else
        take_text(json, "agent", action, "softwareAgent");
    return json;
}

static void describe_assertion(json_t *json, const char *label, const cohl_jumbf *assertion)
{
    cbor_item_t *content = cohl_assertion_read(assertion);
    json_array_append_new(json_object_get(json, "assertions"), json_string(label));
    if (cohl_label_is(label, "c2pa.actions")) {
        const cbor_item_t *list = cohl_cbor_get(content, "actions");
        for (size_t i = 0; i < cohl_cbor_count(list); i++)
            json_array_append_new(json_object_get(json, "actions"), action_json(cohl_cbor_at(list, i)));
    } else if (cohl_label_is(label, "c2pa.ingredient")) {
        const cbor_item_t *link = cohl_cbor_get(content, "activeManifest");
        json_t *one = json_object();
        take_text(one, "title", content, "dc:title");
        take_text(one, "format", content, "dc:format");
        take_text(one, "relationship", content, "relationship");
        take_text(one, "manifest", link ? link : cohl_cbor_get(content, "c2pa_manifest"), "url");
        json_array_append_new(json_object_get(json, "ingredients"), one);
    } else if (!strcmp(label, COHL_FACTS_LABEL) && cohl_cbor_is_map(content)) {
        json_object_set_new(json, "facts", cohl_cbor_json(content));
    } else if (!strcmp(label, COHL_WATERMARK_LABEL) && cohl_cbor_is_map(content)) {
        json_object_set_new(json, "watermark", cohl_cbor_json(content));
    }
    cohl_cbor_free(content);
}

json_t *cohl_manifest_json(const cohl_manifest *m, const cohl_cose *cose, time_t stamped)
{
    json_t *json = json_pack("{s:s, s:i, s:[], s:[], s:[]}", "label", m->whole.label, "claim_version", m->version,
                             "assertions", "actions", "ingredients");
    char label[COHL_JUMBF_LABEL_MAX];
    cohl_jumbf assertion;
    take_text(json, "title", m->claim, "dc:title");
    describe_generator(json, m->claim);
    if (cose && cose->chain.count)
        json_object_set_new(json, "signer", signer_json(cose, stamped));
    for (int list = 0; list < 2; list++) {
        const cbor_item_t *links = cohl_manifest_links(m, list);
        for (size_t i = 0; i < cohl_cbor_count(links); i++)
            if (cohl_manifest_assertion(m, cohl_cbor_at(links, i), &assertion, label))
                describe_assertion(json, label, &assertion);
    }
    return json;
}
