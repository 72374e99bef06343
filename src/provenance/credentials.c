/* credentials.c - build a manifest, sign its claim, put it into the file.
 *
 * Two passes: with an empty hash the manifest tells its size, so all places in the file are
 * known; then the file is summed and the manifest built again, of the same size. */
#define _GNU_SOURCE
#include "provenance/credentials.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "provenance/container.h"
#include "provenance/cose.h"
#include "provenance/jumbf.h"
#include "provenance/version.h"

#define SOURCE_TYPE "http://cv.iptc.org/newscodes/digitalsourcetype/"
#define ALG "sha256"

enum { LINKS_MOST = COHL_INGREDIENTS_MOST + 4, LABEL_ROOM = 48, NAME_ROOM = 64 };

typedef struct link {
    char      label[LABEL_ROOM];
    cohl_hash hash;
} link;

/* A manifest that is being made. What is drawn or read off a clock is drawn once. */
typedef struct maker {
    const cohl_credentials *what;
    const cohl_signer      *signer;
    char      label[NAME_ROOM], instance[NAME_ROOM], when[32];
    cohl_text facts;                   /* CBOR, "" without */
    cohl_source source;
    link      link[LINKS_MOST];
    int       link_count;
    cohl_text assertions, store;       /* of the pass */
} maker;

/* ---- words ------------------------------------------------------------------ */

bool cohl_credentials_inside(const char *path)
{
    static const char *const endings[] = { ".mp4", ".mov", ".m4v", ".png" };
    size_t size = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (size >= 4 && !strcasecmp(path + size - 4, endings[i]))
            return true;
    return false;
}

char *cohl_credentials_beside(const char *path)
{
    char *out = NULL;
    return asprintf(&out, "%s.c2pa", path) < 0 ? NULL : out;
}

const char *cohl_source_type(cohl_source source)
{
    static const char *const types[] = { SOURCE_TYPE "trainedAlgorithmicMedia",
                                         SOURCE_TYPE "compositeWithTrainedAlgorithmicMedia",
                                         SOURCE_TYPE "algorithmicMedia" };
    return types[source];
}

cohl_source cohl_credentials_source(const cohl_credentials *what)
{
    if (what->rendered)
        return COHL_SOURCE_PROGRAM;
    for (int i = 0; i < what->ingredient_count; i++)
        if (!cohl_ingredient_is_generated(what->ingredient[i]))
            return COHL_SOURCE_PARTLY_MODEL;
    return COHL_SOURCE_MODEL;
}

char *cohl_source_xmp(cohl_source source)
{
    static const char packet[] =
        "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
        "<rdf:Description rdf:about=\"\" xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" "
        "xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" Iptc4xmpExt:DigitalSourceType=\"%s\" "
        "xmp:CreatorTool=\"Cohl\"/></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>";
    char *out = NULL;
    return asprintf(&out, packet, cohl_source_type(source)) < 0 ? NULL : out;
}

/* ---- facts ------------------------------------------------------------------ */

static void put_json(cohl_text *out, const json_t *value)
{
    const char *key;
    json_t *one;
    size_t index;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        cohl_cbor_map(out, json_object_size(value));
        json_object_foreach((json_t *)value, key, one) {
            cohl_cbor_text(out, key);
            put_json(out, one);
        }
        break;
    case JSON_ARRAY:
        cohl_cbor_array(out, json_array_size(value));
        json_array_foreach(value, index, one)
            put_json(out, one);
        break;
    case JSON_STRING:  cohl_cbor_text(out, json_string_value(value)); break;
    case JSON_INTEGER: cohl_cbor_int(out, json_integer_value(value)); break;
    case JSON_REAL:    cohl_cbor_real(out, json_real_value(value)); break;
    case JSON_NULL:    cohl_cbor_null(out); break;
    default:           cohl_cbor_bool(out, json_is_true(value));
    }
}

static cohl_status read_facts(maker *m, cohl_error *err)
{
    json_t *facts = m->what->facts ? json_loads(m->what->facts, 0, NULL) : NULL;
    if (!m->what->facts)
        return COHL_OK;
    if (!json_is_object(facts)) {
        json_decref(facts);
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: what its credentials are to say is not a JSON object", m->what->name);
    }
    put_json(&m->facts, facts);
    json_decref(facts);
    return COHL_OK;
}

/* ---- assertions ------------------------------------------------------------- */

/* A second assertion of one name is numbered "__1". */
static void add_assertion(maker *m, const char *label, const cohl_text *cbor)
{
    int before = 0;
    size_t length = strlen(label);
    assert(m->link_count < LINKS_MOST);
    for (int i = 0; i < m->link_count; i++)
        before += !strncmp(m->link[i].label, label, length);
    link *one = &m->link[m->link_count++];
    if (before)
        snprintf(one->label, sizeof one->label, "%s__%d", label, before);
    else
        snprintf(one->label, sizeof one->label, "%s", label);
    size_t start = cohl_jumbf_begin(&m->assertions, COHL_JUMBF_CBOR, one->label);
    size_t box = cohl_box_begin(&m->assertions, "cbor");
    cohl_text_add_bytes(&m->assertions, cbor->data, cbor->size);
    cohl_box_end(&m->assertions, box);
    cohl_box_end(&m->assertions, start);
    m->assertions.failed |= cbor->failed;
    if (!m->assertions.failed)       /* a superbox's own header is not part of its hash */
        one->hash = cohl_hash_of(ALG, m->assertions.data + start + 8, m->assertions.size - start - 8);
}

static void put_link(cohl_text *out, const link *link)
{
    char url[LABEL_ROOM + 40];
    snprintf(url, sizeof url, "self#jumbf=c2pa.assertions/%s", link->label);
    cohl_cbor_map(out, 2);
    cohl_cbor_text(out, "url"), cohl_cbor_text(out, url);
    cohl_cbor_text(out, "hash"), cohl_cbor_bytes(out, link->hash.bytes, link->hash.size);
}

static void add_ingredients(maker *m)
{
    for (int i = 0; i < m->what->ingredient_count; i++) {
        cohl_text cbor = { 0 };
        cohl_ingredient_put(m->what->ingredient[i], &cbor);
        add_assertion(m, "c2pa.ingredient.v3", &cbor);
        cohl_text_free(&cbor);
    }
}

static int count_of(const maker *m, cohl_relationship relationship)
{
    int count = 0;
    for (int i = 0; i < m->what->ingredient_count; i++)
        count += cohl_ingredient_relationship(m->what->ingredient[i]) == relationship;
    return count;
}

/* Ingredients stand first among the links, in their order. */
static void put_ingredient_links(const maker *m, cohl_text *out, cohl_relationship relationship)
{
    cohl_cbor_text(out, "parameters"), cohl_cbor_map(out, 1);
    cohl_cbor_text(out, "ingredients"), cohl_cbor_array(out, (size_t)count_of(m, relationship));
    for (int i = 0; i < m->what->ingredient_count; i++)
        if (cohl_ingredient_relationship(m->what->ingredient[i]) == relationship)
            put_link(out, &m->link[i]);
}

static void put_agent(const maker *m, cohl_text *out)
{
    cohl_cbor_text(out, "when"), cohl_cbor_text(out, m->when);
    cohl_cbor_text(out, "softwareAgent"), cohl_cbor_map(out, 2);
    cohl_cbor_text(out, "name"), cohl_cbor_text(out, "Cohl");
    cohl_cbor_text(out, "version"), cohl_cbor_text(out, COHL_VERSION);
}

/* What was done here. A model made pictures for a new film and for an edit; coding again, trimming
 * and the like say nothing of a model, but on what they were done. */
static void put_making(const maker *m, cohl_text *out, bool edit)
{
    const char *action = !edit ? "c2pa.created" : m->what->action ? m->what->action : "c2pa.edited";
    const char *description = m->what->description;
    bool made = !edit || !strcmp(action, "c2pa.edited");
    cohl_relationship on = made ? COHL_INPUT : COHL_PARENT;
    bool named = count_of(m, on) > 0;
    cohl_cbor_map(out, (size_t)(3 + made + !!description + named));
    cohl_cbor_text(out, "action"), cohl_cbor_text(out, action);
    put_agent(m, out);
    if (made)
        cohl_cbor_text(out, "digitalSourceType"), cohl_cbor_text(out, cohl_source_type(m->source));
    if (description)
        cohl_cbor_text(out, "description"), cohl_cbor_text(out, description);
    if (named)
        put_ingredient_links(m, out, on);
}

static void put_placing(const maker *m, cohl_text *out, const char *action, cohl_relationship relationship)
{
    cohl_cbor_map(out, 4);
    cohl_cbor_text(out, "action"), cohl_cbor_text(out, action);
    put_agent(m, out);
    put_ingredient_links(m, out, relationship);
}

static void add_actions(maker *m)
{
    cohl_text cbor = { 0 };
    bool parent = count_of(m, COHL_PARENT) > 0, parts = count_of(m, COHL_COMPONENT) > 0;
    cohl_cbor_map(&cbor, 2);
    cohl_cbor_text(&cbor, "actions"), cohl_cbor_array(&cbor, (size_t)(1 + parent + parts));
    if (parent)
        put_placing(m, &cbor, "c2pa.opened", COHL_PARENT);
    else
        put_making(m, &cbor, false);
    if (parts)
        put_placing(m, &cbor, "c2pa.placed", COHL_COMPONENT);
    if (parent)
        put_making(m, &cbor, true);
    cohl_cbor_text(&cbor, "allActionsIncluded"), cohl_cbor_bool(&cbor, true);
    add_assertion(m, "c2pa.actions.v2", &cbor);
    cohl_text_free(&cbor);
}

static void add_mark(maker *m)
{
    cohl_text cbor = { 0 };
    cohl_cbor_map(&cbor, 2);
    cohl_cbor_text(&cbor, "alg"), cohl_cbor_text(&cbor, COHL_WATERMARK_ALG);
    cohl_cbor_text(&cbor, "identifier"), cohl_cbor_text(&cbor, m->what->mark);
    add_assertion(m, COHL_WATERMARK_LABEL, &cbor);
    cohl_text_free(&cbor);
}

/* ---- the manifest ----------------------------------------------------------- */

static void put_claim(const maker *m, cohl_text *out)
{
    char signature[NAME_ROOM + 40];
    snprintf(signature, sizeof signature, "self#jumbf=/c2pa/%s/c2pa.signature", m->label);
    cohl_cbor_map(out, m->what->title ? 6 : 5);
    cohl_cbor_text(out, "instanceID"), cohl_cbor_text(out, m->instance);
    cohl_cbor_text(out, "claim_generator_info"), cohl_cbor_map(out, 2);
    cohl_cbor_text(out, "name"), cohl_cbor_text(out, "Cohl");
    cohl_cbor_text(out, "version"), cohl_cbor_text(out, COHL_VERSION);
    cohl_cbor_text(out, "signature"), cohl_cbor_text(out, signature);
    cohl_cbor_text(out, "created_assertions"), cohl_cbor_array(out, (size_t)m->link_count);
    for (int i = 0; i < m->link_count; i++)
        put_link(out, &m->link[i]);
    if (m->what->title)
        cohl_cbor_text(out, "dc:title"), cohl_cbor_text(out, m->what->title);
    cohl_cbor_text(out, "alg"), cohl_cbor_text(out, ALG);
}

static cohl_status put_signed_claim(maker *m, cohl_error *err)
{
    cohl_text claim = { 0 }, signature = { 0 };
    put_claim(m, &claim);
    cohl_status st = claim.failed ? COHL_OK : cohl_cose_sign(&signature, &m->signer->chain, claim.data, claim.size, err);
    size_t start = cohl_jumbf_begin(&m->store, COHL_JUMBF_CLAIM, "c2pa.claim.v2"), box = cohl_box_begin(&m->store, "cbor");
    cohl_text_add_bytes(&m->store, claim.data, claim.size);
    cohl_box_end(&m->store, box);
    cohl_box_end(&m->store, start);
    start = cohl_jumbf_begin(&m->store, COHL_JUMBF_SIGNATURE, "c2pa.signature"), box = cohl_box_begin(&m->store, "cbor");
    cohl_text_add_bytes(&m->store, signature.data, signature.size);
    cohl_box_end(&m->store, box);
    cohl_box_end(&m->store, start);
    m->store.failed |= claim.failed || signature.failed;
    cohl_text_free(&claim);
    cohl_text_free(&signature);
    return st;
}

static cohl_status put_manifest(maker *m, cohl_error *err)
{
    size_t start = cohl_jumbf_begin(&m->store, COHL_JUMBF_MANIFEST, m->label);
    size_t assertions = cohl_jumbf_begin(&m->store, COHL_JUMBF_ASSERTIONS, "c2pa.assertions");
    cohl_text_add_bytes(&m->store, m->assertions.data, m->assertions.size);
    cohl_box_end(&m->store, assertions);
    cohl_status st = put_signed_claim(m, err);
    cohl_box_end(&m->store, start);
    return st;
}

/* The whole store with this hash of the file. */
static cohl_status make_store(maker *m, const cohl_layout *layout, const cohl_hash *hash, cohl_error *err)
{
    const char *label;
    cohl_text binding = { 0 };
    cohl_status st = COHL_OK;
    m->assertions.size = m->store.size = 0;
    m->link_count = 0;
    add_ingredients(m);
    add_actions(m);
    if (m->facts.size)
        add_assertion(m, COHL_FACTS_LABEL, &m->facts);
    if (m->what->mark)
        add_mark(m);
    cohl_layout_binding(layout, &binding, ALG, hash, &label);
    add_assertion(m, label, &binding);
    cohl_text_free(&binding);
    size_t start = cohl_jumbf_begin(&m->store, COHL_JUMBF_STORE, "c2pa"), first = m->store.size;
    for (int i = 0; i < m->what->ingredient_count && !st; i++)
        st = cohl_ingredient_put_manifests(m->what->ingredient[i], &m->store, first, err);
    if (!st)
        st = put_manifest(m, err);
    cohl_box_end(&m->store, start);
    if (!st && (m->store.failed || m->assertions.failed))
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to sign it", m->what->name);
    return st;
}

/* ---- sign ------------------------------------------------------------------- */

/* A name of the specification: "urn:c2pa:" and a random UUID (RFC 9562, version 4). */
static bool draw_name(char out[NAME_ROOM], const char *before)
{
    unsigned char r[16];
    if (RAND_bytes(r, sizeof r) != 1)
        return false;
    r[6] = (unsigned char)((r[6] & 0x0f) | 0x40), r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
    snprintf(out, NAME_ROOM, "%s%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", before, r[0], r[1], r[2],
             r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
    return true;
}

static cohl_status begin(maker *m, cohl_error *err)
{
    const cohl_credentials *what = m->what;
    if (what->ingredient_count > COHL_INGREDIENTS_MOST)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: made from %d files, credentials tell at most %d", what->name,
                         what->ingredient_count, COHL_INGREDIENTS_MOST);
    if (count_of(m, COHL_PARENT) > 1)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: an edit of %d films; one is the parent, others are components",
                         what->name, count_of(m, COHL_PARENT));
    if (!draw_name(m->label, "urn:c2pa:") || !draw_name(m->instance, "xmp:iid:"))
        return cohl_fail(err, COHL_ERR_IO, "%s: cannot be signed: OpenSSL gives no random numbers", what->name);
    cohl_time_text(m->when, time(NULL));
    m->source = cohl_credentials_source(what);
    return read_facts(m, err);
}

typedef struct sink {
    cohl_writer writer;
    const char *name;
} sink;

static cohl_status put_bytes(void *user, const void *data, size_t size, cohl_error *err)
{
    sink *to = user;
    if (size && fwrite(data, 1, size, to->writer.file) != size)
        return cohl_fail(err, COHL_ERR_IO, "%s: cannot be signed, so it is not kept: %s", to->name, strerror(errno));
    return COHL_OK;
}

static cohl_status write_signed(const maker *m, const cohl_layout *layout, const char *to, cohl_error *err)
{
    sink sink = { .name = m->what->name };
    cohl_status st = cohl_writer_open(&sink.writer, to, NULL);
    if (!st) {
        st = cohl_layout_write(layout, m->store.data, put_bytes, &sink, err);
        cohl_status closed = cohl_writer_close(&sink.writer, st, NULL);
        if (st)
            return st;
        st = closed;
    }
    return st ? cohl_fail(err, st, "%s: cannot be signed, so it is not kept: %s", m->what->name, strerror(errno)) : COHL_OK;
}

/* The store's size depends on places that depend on its size, by a byte or two: it settles. */
static cohl_status settle(maker *m, cohl_layout *layout, cohl_error *err)
{
    cohl_hash hash = { .size = 32 };
    size_t size = 0;
    cohl_status st = cohl_layout_place(layout, 0, err);
    while (!st && !(st = make_store(m, layout, &hash, err)) && m->store.size != size) {
        size = m->store.size;
        st = cohl_layout_place(layout, size, err);
    }
    if (st)
        return st;
    hash = cohl_layout_sum(layout, ALG);
    if (!(st = make_store(m, layout, &hash, err)))
        assert(m->store.size == size);
    return st;
}

static cohl_status sign_bytes(maker *m, const cohl_map *map, const char *to, bool inside, cohl_error *err)
{
    cohl_layout *layout = NULL;
    cohl_container_kind kind = cohl_container_kind_of(map->data, map->size);
    bool holds = kind == COHL_CONTAINER_BMFF || kind == COHL_CONTAINER_PNG;
    if (inside != holds)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: its credentials stand %s it", m->what->name,
                         holds ? "inside" : "beside");
    char *xmp = cohl_source_xmp(m->source);
    cohl_status st = xmp ? cohl_layout_new(&layout, map->data, map->size, xmp, m->what->name, err)
                         : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to sign it", m->what->name);
    free(xmp);
    if (!st) st = settle(m, layout, err);
    if (!st) st = write_signed(m, layout, to, err);
    cohl_layout_free(layout);
    return st;
}

cohl_status cohl_credentials_sign(const char *path, const char *beside, const cohl_signer *signer,
                                  const cohl_credentials *what, cohl_error *err)
{
    maker *m = calloc(1, sizeof *m);
    cohl_map map = { 0 };
    cohl_status st = m ? cohl_map_open(&map, path, err) : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to sign it",
                                                                    what->name);
    if (!st) {
        m->what = what, m->signer = signer;
        st = begin(m, err);
    }
    if (!st)
        st = sign_bytes(m, &map, beside ? beside : path, !beside, err);
    cohl_map_close(&map);
    if (m) {
        cohl_text_free(&m->facts);
        cohl_text_free(&m->assertions);
        cohl_text_free(&m->store);
    }
    free(m);
    return st;
}
