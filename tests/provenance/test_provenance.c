/* Tests of provenance: signed files are trusted, hurt ones are not, and nothing crashes. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "media/still.h"
#include "pki.h"
#include "provenance/container.h"
#include "provenance/cose.h"
#include "provenance/credentials.h"
#include "provenance/jumbf.h"
#include "provenance/manifest.h"
#include "provenance/verify.h"

static char folder[] = "/tmp/cohl-provenance-XXXXXX";

static char *path_of(const char *name)
{
    static char paths[8][160];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, 160, "%s/%s", folder, name);
    return path;
}

/* ---- files ------------------------------------------------------------------ */

/* The least film: a table of two chunks that point into mdat, whose size may be said in 8 bytes or
 * not at all. Chunks begin with their own number, so that a reader can find them again. */
typedef enum mdat_form { MDAT_SHORT, MDAT_LONG, MDAT_TO_THE_END } mdat_form;

static void put_film(cohl_text *out, uint64_t first, mdat_form form, bool wide)
{
    static const char *const above[] = { "moov", "trak", "mdia", "minf", "stbl" };
    size_t start[5], box = cohl_box_begin(out, "ftyp");
    uint8_t number[8];
    cohl_text_add_bytes(out, "isom\0\0\2\0isommp41", 16);
    cohl_box_end(out, box);
    for (int i = 0; i < 5; i++)
        start[i] = cohl_box_begin(out, above[i]);
    box = cohl_box_begin(out, wide ? "co64" : "stco");
    cohl_text_add_bytes(out, "\0\0\0\0\0\0\0\2", 8);
    for (int i = 0; i < 2; i++) {
        cohl_put_be64(number, first + 100 * (uint64_t)i);
        cohl_text_add_bytes(out, wide ? number : number + 4, wide ? 8 : 4);
    }
    cohl_box_end(out, box);
    for (int i = 4; i >= 0; i--)
        cohl_box_end(out, start[i]);
    box = cohl_box_begin(out, "mdat");
    if (form == MDAT_LONG)
        cohl_text_add_bytes(out, "\0\0\0\0\0\0\0\xd8", 8);      /* 216: head and 200 bytes */
    for (int i = 0; i < 200; i++)
        cohl_text_add_bytes(out, &(char){ (char)(i / 100) }, 1);
    cohl_box_end(out, box);
    if (form != MDAT_SHORT)
        cohl_put_be32((uint8_t *)out->data + box, form == MDAT_LONG ? 1 : 0);
}

static void write_film(const char *path, mdat_form form, bool wide)
{
    cohl_text out = { 0 };
    put_film(&out, 0, form, wide);
    uint64_t first = out.size - 200;
    cohl_text_free(&out);
    put_film(&out, first, form, wide);
    assert_int_equal(cohl_file_write(path, out.data, out.size, NULL), COHL_OK);
    cohl_text_free(&out);
}

static void write_picture(const char *path)
{
    cohl_frame *frame;
    assert_int_equal(cohl_frame_new(&frame, 16, 16, NULL), COHL_OK);
    assert_int_equal(cohl_still_write(path, frame, NULL, 0, NULL), COHL_OK);
    cohl_frame_free(frame);
}

static cohl_status sign_with(const char *path, const char *key, const cohl_ingredient *const *from, int count,
                             cohl_error *err)
{
    cohl_signer signer;
    cohl_credentials what = { .name = path, .title = "a film", .facts = "{\"model\":{\"name\":\"none\"},\"n\":-2,\"x\":0.5}",
                              .ingredient = from, .ingredient_count = count };
    char *beside = cohl_credentials_inside(path) ? NULL : cohl_credentials_beside(path);
    cohl_status st = cohl_signer_open(&signer, key, err);
    if (!st) {
        st = cohl_credentials_sign(path, beside, &signer, &what, err);
        cohl_signer_close(&signer);
    }
    free(beside);
    return st;
}

static void sign(const char *path, const cohl_ingredient *const *from, int count)
{
    cohl_error err = { 0 };
    if (sign_with(path, NULL, from, count, &err))
        fail_msg("%s", err.text);
}

static cohl_trust own_trust(void)
{
    cohl_trust trust = { 0 };
    char *root;
    assert_int_equal(cohl_signer_root(&root, NULL), COHL_OK);
    assert_int_equal(cohl_trust_add(&trust, root, NULL), COHL_OK);
    free(root);
    return trust;
}

/* The verdict, and whether a failure with this code is among the findings (NULL: not asked). */
static cohl_verdict look(const char *path, const cohl_trust *trust, const char *code)
{
    cohl_verification v;
    cohl_error err = { 0 };
    size_t i;
    json_t *one;
    bool found = false;
    if (cohl_verify(&v, path, trust, &err))
        fail_msg("%s", err.text);
    cohl_verdict verdict = v.findings.verdict;
    json_array_foreach(v.findings.failures, i, one)
        found |= code && !strcmp(json_string_value(json_object_get(one, "code")), code);
    json_array_foreach(v.findings.ingredient_failures, i, one)
        found |= code && !strcmp(json_string_value(json_object_get(one, "code")), code);
    if (code && !found) {
        char *all = json_dumps(v.findings.failures, 0);
        fail_msg("%s: expected %s among %s", path, code, all);
    }
    cohl_verification_free(&v);
    return verdict;
}

static void expect(const char *path, const cohl_trust *trust, cohl_verdict wanted)
{
    cohl_verdict verdict = look(path, trust, NULL);
    if (verdict != wanted)
        fail_msg("%s is %s, expected %s", path, cohl_verdict_name(verdict), cohl_verdict_name(wanted));
}

/* ---- signed files ------------------------------------------------------------- */

static void test_signed_files_of_every_kind_are_trusted(void **state)
{
    cohl_trust trust = own_trust(), nobody = { 0 };
    static const char *const names[] = { "short.mp4", "long.mp4", "end.mp4", "wide.mov", "picture.png", "other.webm",
                                         "other.gif" };
    write_film(path_of(names[0]), MDAT_SHORT, false);
    write_film(path_of(names[1]), MDAT_LONG, false);
    write_film(path_of(names[2]), MDAT_TO_THE_END, false);
    write_film(path_of(names[3]), MDAT_SHORT, true);
    write_picture(path_of(names[4]));
    assert_int_equal(cohl_file_write(path_of(names[5]), "\x1a\x45\xdf\xa3 webm", 9, NULL), COHL_OK);
    assert_int_equal(cohl_file_write(path_of(names[6]), "GIF89a...", 9, NULL), COHL_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        expect(path_of(names[i]), &trust, COHL_NO_CREDENTIALS);
        sign(path_of(names[i]), NULL, 0);
        expect(path_of(names[i]), &trust, COHL_TRUSTED);
        expect(path_of(names[i]), &nobody, COHL_VALID);
        assert_int_equal(cohl_file_exists(path_of("other.webm.c2pa")), i >= 5);
    }
    cohl_trust_free(&trust);
}

/* Credentials beside a file speak of its bytes, and none are other bytes. */
static void test_an_emptied_file_is_not_the_one_that_was_signed(void **state)
{
    cohl_trust trust = own_trust();
    for (int i = 0; i < 2; i++) {
        const char *path = path_of(i ? "empty.gif" : "empty.webm");
        assert_int_equal(cohl_file_write(path, i ? "GIF89a..." : "\x1a\x45\xdf\xa3 webm", 9, NULL), COHL_OK);
        sign(path, NULL, 0);
        expect(path, &trust, COHL_TRUSTED);
        assert_int_equal(cohl_file_write(path, "", 0, NULL), COHL_OK);
        expect(path, &trust, COHL_INVALID);
    }
    cohl_trust_free(&trust);
}

/* Every chunk of a signed film begins where its table says. */
static void test_chunks_are_found_after_signing(void **state)
{
    for (int wide = 0; wide < 2; wide++) {
        char *bytes;
        size_t size;
        write_film(path_of("chunks.mp4"), MDAT_SHORT, wide);
        sign(path_of("chunks.mp4"), NULL, 0);
        assert_int_equal(cohl_file_read(&bytes, &size, path_of("chunks.mp4"), 1 << 20, NULL), COHL_OK);
        const uint8_t *table = memmem(bytes, size, wide ? "co64" : "stco", 4);
        assert_non_null(table);
        for (int i = 0; i < 2; i++) {
            uint64_t at = wide ? cohl_be64(table + 12 + 8 * i) : cohl_be32(table + 12 + 4 * i);
            assert_true(at + 100 <= size);
            assert_int_equal(bytes[at], i);
            assert_int_equal(bytes[at + 99], i);
        }
        assert_non_null(memmem(bytes, size, "trainedAlgorithmicMedia\" xmp:CreatorTool", 40));
        free(bytes);
    }
}

/* One flipped bit in the pictures, in the claim, in an assertion, in the signature. */
static void test_a_flipped_bit_is_found_where_it_is(void **state)
{
    static const struct { const char *mark; size_t behind; const char *code; } cases[] = {
        { "mdat", 50, NULL }, { "IDAT", 8, NULL }, { "trainedAlgorithmicMedia\x6e", 0, NULL },
        { "dc:title", 12, "claimSignature.mismatch" }, { "softwareAgent", 20, "assertion.hashedURI.mismatch" },
        { "c2pa.signature", 600, NULL },
    };
    static const char *const files[] = { "flip.mp4", "flip.png" };
    cohl_trust trust = own_trust();
    for (int f = 0; f < 2; f++) {
        char *bytes;
        size_t size;
        if (f) write_picture(path_of(files[f])); else write_film(path_of(files[f]), MDAT_SHORT, false);
        sign(path_of(files[f]), NULL, 0);
        assert_int_equal(cohl_file_read(&bytes, &size, path_of(files[f]), 1 << 20, NULL), COHL_OK);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            char *at = memmem(bytes, size, cases[i].mark, strlen(cases[i].mark));
            if (!at)
                continue;
            at += cases[i].behind;
            *at ^= 4;
            assert_int_equal(cohl_file_write(path_of(f ? "hurt.png" : "hurt.mp4"), bytes, size, NULL), COHL_OK);
            assert_int_equal(look(path_of(f ? "hurt.png" : "hurt.mp4"), &trust, cases[i].code), COHL_INVALID);
            *at ^= 4;
        }
        free(bytes);
    }
    cohl_trust_free(&trust);
}

static cohl_ingredient *ingredient(const char *name, cohl_relationship relationship)
{
    cohl_trust trust = own_trust();
    cohl_ingredient *one;
    assert_int_equal(cohl_ingredient_read(&one, path_of(name), relationship, &trust, NULL), COHL_OK);
    cohl_trust_free(&trust);
    return one;
}

static void test_a_chain_of_edits_is_trusted_and_its_history_is_kept(void **state)
{
    cohl_trust trust = own_trust();
    cohl_verification v;
    const char *const names[] = { "made.mp4", "extended.mp4", "other.mp4", "blended.mp4", "again.mov" };
    for (size_t i = 0; i < 5; i++)
        write_film(path_of(names[i]), MDAT_SHORT, i & 1);
    sign(path_of("made.mp4"), NULL, 0);
    sign(path_of("other.mp4"), NULL, 0);
    cohl_ingredient *made = ingredient("made.mp4", COHL_PARENT);
    sign(path_of("extended.mp4"), (const cohl_ingredient *const *)&made, 1);
    cohl_ingredient *two[] = { ingredient("extended.mp4", COHL_PARENT), ingredient("other.mp4", COHL_COMPONENT),
                               ingredient("made.mp4", COHL_INPUT) };
    sign(path_of("blended.mp4"), (const cohl_ingredient *const *)two, 3);
    cohl_ingredient *blended = ingredient("blended.mp4", COHL_PARENT);
    sign(path_of("again.mov"), (const cohl_ingredient *const *)&blended, 1);
    expect(path_of("again.mov"), &trust, COHL_TRUSTED);
    assert_int_equal(cohl_verify(&v, path_of("again.mov"), &trust, NULL), COHL_OK);
    assert_int_equal(json_array_size(v.findings.manifests), 5);      /* what two films share stands there once */
    cohl_verification_free(&v);
    cohl_error err;
    const cohl_ingredient *parents[] = { made, blended };
    write_film(path_of("two.mp4"), MDAT_SHORT, false);
    assert_int_equal(sign_with(path_of("two.mp4"), NULL, parents, 2, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "one is the parent"));
    expect(path_of("two.mp4"), &trust, COHL_NO_CREDENTIALS);
    cohl_ingredient_free(made), cohl_ingredient_free(blended);
    for (int i = 0; i < 3; i++)
        cohl_ingredient_free(two[i]);
    cohl_trust_free(&trust);
}

/* The parent's manifest inside the child is hurt: its own hash tells. */
static void test_a_changed_history_is_invalid(void **state)
{
    cohl_trust trust = own_trust();
    char *bytes;
    size_t size;
    write_film(path_of("p.mp4"), MDAT_SHORT, false), write_film(path_of("c.mp4"), MDAT_SHORT, false);
    sign(path_of("p.mp4"), NULL, 0);
    cohl_ingredient *parent = ingredient("p.mp4", COHL_PARENT);
    sign(path_of("c.mp4"), (const cohl_ingredient *const *)&parent, 1);
    cohl_ingredient_free(parent);
    assert_int_equal(cohl_file_read(&bytes, &size, path_of("c.mp4"), 1 << 20, NULL), COHL_OK);
    char *first = memmem(bytes, size, "softwareAgent", 13);      /* manifests of before come first */
    first[20] ^= 1;
    assert_int_equal(cohl_file_write(path_of("c.mp4"), bytes, size, NULL), COHL_OK);
    assert_int_equal(look(path_of("c.mp4"), &trust, "ingredient.manifest.mismatch"), COHL_INVALID);
    free(bytes);
    cohl_trust_free(&trust);
}

static void test_what_cannot_be_signed_is_one_sentence(void **state)
{
    cohl_error err;
    write_film(path_of("once.mp4"), MDAT_SHORT, false);
    sign(path_of("once.mp4"), NULL, 0);
    assert_int_equal(sign_with(path_of("once.mp4"), NULL, NULL, 0, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "carries credentials already"));
    static const struct { const char *bytes; size_t size; const char *says; } films[] = {
        { "\0\0\0\x08" "ftyp\0\0\0\x05" "free", 16, "size that cannot be" },
        { "\0\0\0\x10" "ftypisom\0\0\0\0", 16, "no moov" },
        { "\0\0\0\x10" "ftypisom\0\0\0\0\0\0\0\x08" "moof", 24, "fragments" },
    };
    for (size_t i = 0; i < sizeof films / sizeof *films; i++) {
        assert_int_equal(cohl_file_write(path_of("bad.mp4"), films[i].bytes, films[i].size, NULL), COHL_OK);
        assert_true(sign_with(path_of("bad.mp4"), NULL, NULL, 0, &err) != COHL_OK);
        if (!strstr(err.text, films[i].says))
            fail_msg("\"%s\", expected \"%s\"", err.text, films[i].says);
    }
}

/* ---- bad input ------------------------------------------------------------------ */

/* In memory: the same way that a file takes. */
static cohl_verdict judge(const uint8_t *bytes, size_t size, const cohl_trust *trust)
{
    cohl_store_bytes found = cohl_container_find(bytes, size);
    cohl_findings findings;
    cohl_verdict verdict = found.broken ? COHL_INVALID : COHL_NO_CREDENTIALS;
    if (found.bytes.data) {
        assert_int_equal(cohl_validate(&findings, found.bytes, bytes, size, trust, NULL), COHL_OK);
        verdict = found.broken ? COHL_INVALID : findings.verdict;
        cohl_findings_free(&findings);
    }
    free(found.owned);
    return verdict;
}

static void test_a_file_cut_anywhere_is_never_right(void **state)
{
    static const char *const files[] = { "cut.mp4", "cut.png" };
    cohl_trust trust = own_trust();
    for (int f = 0; f < 2; f++) {
        char *bytes;
        size_t size;
        if (f) write_picture(path_of(files[f])); else write_film(path_of(files[f]), MDAT_SHORT, false);
        sign(path_of(files[f]), NULL, 0);
        assert_int_equal(cohl_file_read(&bytes, &size, path_of(files[f]), 1 << 20, NULL), COHL_OK);
        assert_true(size < 65536);
        for (size_t cut = 0; cut < size; cut++) {
            uint8_t *part = malloc(cut ? cut : 1);        /* its end is the sanitizer's */
            memcpy(part, bytes, cut);
            if (judge(part, cut, &trust) > COHL_INVALID)
                fail_msg("%s cut at %zu of %zu is %s", files[f], cut, size, cohl_verdict_name(judge(part, cut, &trust)));
            free(part);
        }
        free(bytes);
    }
    cohl_trust_free(&trust);
}

static void test_sizes_of_boxes_that_cannot_be(void **state)
{
    static const uint32_t sizes[] = { 0, 1, 2, 7, 9, 0x7fffffff, 0xffffffff };
    static const int moved[] = { -8, -1, 1, 8 };             /* less than it holds, and into its neighbour */
    cohl_trust trust = own_trust();
    char *bytes;
    size_t size, tried = 0;
    write_film(path_of("sizes.mp4"), MDAT_SHORT, false);
    sign(path_of("sizes.mp4"), NULL, 0);
    assert_int_equal(cohl_file_read(&bytes, &size, path_of("sizes.mp4"), 1 << 20, NULL), COHL_OK);
    for (size_t at = 0; at + 8 <= size; at++) {
        static const char *const types[] = { "jumb", "jumd", "cbor", "uuid", "moov", "mdat", "stco" };
        uint32_t was = cohl_be32((uint8_t *)bytes + at);
        bool box = false;
        for (size_t t = 0; t < sizeof types / sizeof *types; t++)
            box |= !memcmp(bytes + at + 4, types[t], 4) && was >= 8 && was <= size - at;
        for (size_t i = 0; box && i < sizeof sizes / sizeof *sizes; i++, tried++) {
            cohl_put_be32((uint8_t *)bytes + at, sizes[i]);
            judge((uint8_t *)bytes, size, &trust);
        }
        for (size_t i = 0; box && i < sizeof moved / sizeof *moved; i++, tried++) {
            cohl_put_be32((uint8_t *)bytes + at, was + (uint32_t)moved[i]);
            judge((uint8_t *)bytes, size, &trust);
        }
        cohl_put_be32((uint8_t *)bytes + at, was);
    }
    assert_true(tried > 11 * 20);
    assert_int_equal(judge((uint8_t *)bytes, size, &trust), COHL_TRUSTED);
    free(bytes);
    cohl_trust_free(&trust);
}

/* No hash covers the head of a box, nor the name of a picture's chunk. */
static void test_heads_that_lie_are_wrong(void **state)
{
    enum { HEADS = 8 + 8 + 16 + 1 };                         /* of its box and its description, up to its label */
    cohl_trust trust = own_trust();
    char *bytes;
    size_t size;
    write_picture(path_of("heads.png"));
    sign(path_of("heads.png"), NULL, 0);
    assert_int_equal(cohl_file_read(&bytes, &size, path_of("heads.png"), 1 << 20, NULL), COHL_OK);
    uint8_t *chunk = memmem(bytes, size, "caBX", 4), *store = memmem(bytes, size, "c2pa.assertions", 15);
    assert_non_null(chunk);
    assert_non_null(store);
    uint8_t *label = memmem(store, size - (size_t)((char *)store - bytes), "c2pa.hash.data", 14);
    assert_non_null(label);
    uint8_t *head = label - HEADS;
    assert_memory_equal(head + 4, "jumb", 4);
    uint32_t was = cohl_be32(head);
    cohl_put_be32(head, was | 0x08000000);
    assert_int_equal(judge((uint8_t *)bytes, size, &trust), COHL_INVALID);
    cohl_put_be32(head, was);
    for (int bit = 0; bit < 5; bit++) {                      /* a label that is none, or more than there is */
        label[-1] ^= (uint8_t)(1 << bit);
        assert_int_equal(judge((uint8_t *)bytes, size, &trust), COHL_INVALID);
        label[-1] ^= (uint8_t)(1 << bit);
    }
    chunk[2] = 0xcd;
    assert_int_equal(judge((uint8_t *)bytes, size, &trust), COHL_INVALID);
    chunk[2] = 'B';
    assert_int_equal(judge((uint8_t *)bytes, size, &trust), COHL_TRUSTED);
    free(bytes);
    cohl_trust_free(&trust);
}

static void test_random_damage_never_passes_for_trusted_pictures(void **state)
{
    cohl_rng rng = cohl_rng_make(7, 7);
    cohl_trust trust = own_trust();
    char *bytes;
    size_t size;
    write_film(path_of("hurt.mp4"), MDAT_SHORT, false);
    sign(path_of("hurt.mp4"), NULL, 0);
    assert_int_equal(cohl_file_read(&bytes, &size, path_of("hurt.mp4"), 1 << 20, NULL), COHL_OK);
    uint8_t *moov = memmem(bytes, size, "moov", 4);
    for (int i = 0; i < 2000; i++) {
        size_t at = cohl_rng_below(&rng, (uint32_t)size), bit = cohl_rng_below(&rng, 8);
        bytes[at] = (char)(bytes[at] ^ (1 << bit));
        cohl_verdict verdict = judge((uint8_t *)bytes, size, &trust);
        if ((uint8_t *)bytes + at >= moov && verdict > COHL_INVALID)
            fail_msg("bit %zu of byte %zu flipped: %s", bit, at, cohl_verdict_name(verdict));
        bytes[at] = (char)(bytes[at] ^ (1 << bit));
    }
    free(bytes);
    cohl_trust_free(&trust);
}

static void test_cbor_bombs_cost_nothing(void **state)
{
    static const struct { const char *name; uint8_t bytes[12]; size_t size; bool fine; } cases[] = {
        { "an array of 2^32 that is not there", { 0x9a, 0xff, 0xff, 0xff, 0xff }, 5, false },
        { "a map of 2^63", { 0xbb, 0x80, 0, 0, 0, 0, 0, 0, 0 }, 9, false },
        { "bytes of 2^40", { 0x5b, 0, 0, 1, 0, 0, 0, 0, 0 }, 9, false },
        { "text that is cut", { 0x63, 'a', 'b' }, 3, false },
        { "a break alone", { 0xff }, 1, false },
        { "an indefinite array without end", { 0x9f, 1, 2 }, 3, false },
        { "an indefinite map with half a pair", { 0xbf, 1, 0xff }, 3, false },
        { "a reserved head", { 0x1c }, 1, false },
        { "nothing", { 0 }, 0, false },
        { "two items", { 1, 1 }, 2, false },
        { "a map", { 0xa1, 0x61, 'a', 0x82, 1, 0xf6 }, 6, true },
        { "an indefinite array", { 0x9f, 1, 2, 0xff }, 4, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cbor_item_t *item = cohl_cbor_read(cases[i].bytes, cases[i].size);
        if ((item != NULL) != cases[i].fine)
            fail_msg("%s: %s", cases[i].name, item ? "read" : "refused");
        cohl_cbor_free(item);
    }
    uint8_t deep[4096];
    memset(deep, 0x81, sizeof deep);
    deep[sizeof deep - 1] = 0;
    assert_null(cohl_cbor_read(deep, sizeof deep));
    assert_null(cohl_cbor_read(deep + sizeof deep - COHL_CBOR_DEPTH_MAX - 2, COHL_CBOR_DEPTH_MAX + 2));
    cbor_item_t *item = cohl_cbor_read(deep + sizeof deep - COHL_CBOR_DEPTH_MAX - 1, COHL_CBOR_DEPTH_MAX + 1);
    assert_non_null(item);
    cohl_cbor_free(item);
    uint8_t *wide = calloc(1, COHL_CBOR_ITEMS_MAX + 5);          /* zeros: so many numbers */
    wide[0] = 0x9a;
    cohl_put_be32(wide + 1, COHL_CBOR_ITEMS_MAX);
    assert_null(cohl_cbor_read(wide, COHL_CBOR_ITEMS_MAX + 5));
    free(wide);
}

/* 5000 exclusions and 5000 boxes would be compared for minutes; ranges that overlap are one. */
static void test_exclusions_times_boxes_are_bounded(void **state)
{
    enum { MANY = 5000 };
    static uint8_t file[8 * MANY];
    cohl_text text = { 0 };
    bool wider;
    for (int i = 0; i < MANY; i++)
        memcpy(file + 8 * i, "\0\0\0\x08" "free", 8);
    for (int many = 1; many <= MANY; many += MANY - 1) {
        cohl_hash hash = cohl_hash_of("sha256", "", 0);
        text.size = 0;
        cohl_cbor_map(&text, 3);
        cohl_cbor_text(&text, "alg"), cohl_cbor_text(&text, "sha256");
        cohl_cbor_text(&text, "hash"), cohl_cbor_bytes(&text, hash.bytes, hash.size);
        cohl_cbor_text(&text, "exclusions"), cohl_cbor_array(&text, (size_t)many);
        for (int i = 0; i < many; i++)
            cohl_cbor_map(&text, 1), cohl_cbor_text(&text, "xpath"), cohl_cbor_text(&text, "/free");
        cbor_item_t *assertion = cohl_cbor_read((const uint8_t *)text.data, text.size);
        assert_non_null(assertion);
        assert_int_equal(cohl_binding_bmff(assertion, 3, "sha256", file, sizeof file, &wider),
                         many == 1 ? COHL_BINDING_MATCH : COHL_BINDING_MALFORMED);
        cohl_cbor_free(assertion);
    }
    cohl_text_free(&text);
}

/* ---- signers -------------------------------------------------------------------- */

static void test_a_signer_that_cannot_sign_is_told_why(void **state)
{
    static const struct { pki_fault fault; const char *says, *code; } cases[] = {
        { PKI_EXPIRED, "is expired", "signingCredential.expired" },
        { PKI_NOT_YET, "is not valid yet", "signingCredential.expired" },
        { PKI_WRONG_USAGE, "is not for signing", "signingCredential.invalid" },
        { PKI_ANY_USAGE, "for any usage", "signingCredential.invalid" },
        { PKI_NO_USAGE, "no extended key usage", "signingCredential.invalid" },
        { PKI_NOT_SIGNING, "not for digital signatures", "signingCredential.invalid" },
        { PKI_AUTHORITY, "an authority's", "signingCredential.invalid" },
        { PKI_SELF_SIGNED, "signed by itself", "signingCredential.invalid" },
        { PKI_NO_ISSUER_KEY, "identify its issuer", "signingCredential.invalid" },
        { PKI_SMALL_KEY, "C2PA does not allow", "signingCredential.invalid" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pki p;
        cohl_signer signer;
        cohl_error err = { 0 };
        const char *why;
        pki_make(&p, cases[i].fault);
        pki_write(path_of("wrong.pem"), p.leaf_key, p.leaf, p.middle, NULL);
        cohl_status st = cohl_signer_open(&signer, path_of("wrong.pem"), &err);
        if (st != COHL_ERR_FORMAT || !strstr(err.text, cases[i].says))
            fail_msg("status %d, \"%s\", expected \"%s\"", st, err.text, cases[i].says);
        assert_string_equal(cohl_certificate_fault(p.leaf, time(NULL), &why), cases[i].code);
        pki_free(&p);
    }
}

/* The box that `kind`, the first letters of a description's type, describes; the last of that kind. */
static uint8_t *box_of(cohl_text *store, const char *kind)
{
    char *found = NULL;
    for (char *at = store->data; (at = memmem(at, store->size - (size_t)(at - store->data), kind, 4)); at++)
        found = at;
    assert_non_null(found);
    return (uint8_t *)found - 16;
}

static void grow_box(uint8_t *box, size_t by)
{
    uint32_t size = (uint32_t)(box[0] << 24 | box[1] << 16 | box[2] << 8 | box[3]) + (uint32_t)by;
    for (int i = 0; i < 4; i++)
        box[i] = (uint8_t)(size >> (24 - 8 * i));
}

/* The signature as it is, with a time stamp about it in its header that is not signed. */
static void put_stamped(cohl_text *out, const uint8_t *signature, size_t size, long at)
{
    cohl_cose cose;
    cohl_text what = { 0 }, said = { 0 };
    unsigned char *token;
    assert_true(cohl_cose_open(&cose, signature, size));
    cohl_cbor_bytes(&said, cose.signature.data, cose.signature.size);
    cohl_cbor_array(&what, 4);
    cohl_cbor_text(&what, "CounterSignature");
    cohl_cbor_bytes(&what, cose.protected_bytes.data, cose.protected_bytes.size);
    cohl_cbor_bytes(&what, "", 0);
    cohl_cbor_bytes(&what, said.data, said.size);
    int length = pki_stamp(&token, what.data, what.size, at);
    assert_true(length > 0);
    cohl_cbor_tag(out, 18), cohl_cbor_array(out, 4);
    cohl_cbor_bytes(out, cose.protected_bytes.data, cose.protected_bytes.size);
    cohl_cbor_map(out, 1), cohl_cbor_text(out, "sigTst2"), cohl_cbor_map(out, 1), cohl_cbor_text(out, "tstTokens");
    cohl_cbor_array(out, 1), cohl_cbor_map(out, 1), cohl_cbor_text(out, "val"), cohl_cbor_bytes(out, token, (size_t)length);
    cohl_cbor_null(out);
    cohl_cbor_bytes(out, cose.signature.data, cose.signature.size);
    OPENSSL_free(token);
    cohl_text_free(&what), cohl_text_free(&said);
    cohl_cose_close(&cose);
}

/* Credentials beside a file get their stamp: what follows the signature, and its boxes' sizes, move. */
static void stamp_file(const char *beside, long at)
{
    cohl_text store = { 0 }, stamped = { 0 }, out = { 0 };
    assert_int_equal(cohl_file_read(&store.data, &store.size, beside, 1 << 20, NULL), COHL_OK);
    uint8_t *box = box_of(&store, "c2cs"), *described = box + 8;
    uint8_t *inner = described + (described[2] << 8 | described[3]);
    size_t size = (size_t)(inner[2] << 8 | inner[3]) - 8, begin = (size_t)(inner + 8 - (uint8_t *)store.data);
    put_stamped(&stamped, inner + 8, size, at);
    size_t more = stamped.size - size;
    grow_box(inner, more), grow_box(box, more), grow_box(box_of(&store, "c2ma"), more), grow_box((uint8_t *)store.data, more);
    cohl_text_add_bytes(&out, store.data, begin);
    cohl_text_add_bytes(&out, stamped.data, stamped.size);
    cohl_text_add_bytes(&out, store.data + begin + size, store.size - begin - size);
    assert_int_equal(cohl_file_write(beside, out.data, out.size, NULL), COHL_OK);
    cohl_text_free(&store), cohl_text_free(&stamped), cohl_text_free(&out);
}

/* A certificate that held when it signed still counts, as for the reference library; but the word for that is a
 * clock's, and it is told whose word it is not. A stamp from when it did not hold changes nothing. */
static void test_a_time_stamp_keeps_an_expired_certificate_and_is_told(void **state)
{
    const cohl_trust nobody = { 0 };
    const char *film = path_of("stamped.webm"), *beside = path_of("stamped.webm.c2pa");
    const cohl_credentials what = { .name = film, .title = "a film", .facts = "{}" };
    pki p;
    cohl_signer signer = { .chain = { .count = 2 } };
    pki_make(&p, PKI_EXPIRED);
    signer.chain.certificate[0] = p.leaf, signer.chain.certificate[1] = p.middle, signer.chain.key = p.leaf_key;
    for (int day = -15; day <= -5; day += 10) {
        cohl_verification v;
        assert_int_equal(cohl_file_write(film, "some film", 9, NULL), COHL_OK);
        assert_int_equal(cohl_credentials_sign(film, beside, &signer, &what, NULL), COHL_OK);
        assert_int_equal(look(film, &nobody, "signingCredential.expired"), COHL_INVALID);
        stamp_file(beside, (long)time(NULL) + day * 86400L);
        assert_int_equal(look(film, &nobody, day == -5 ? "signingCredential.expired" : NULL), day == -5 ? COHL_INVALID : COHL_VALID);
        assert_int_equal(cohl_verify(&v, film, &nobody, NULL), COHL_OK);
        char *notes = json_dumps(v.findings.informational, 0);
        assert_int_equal(strstr(notes, "timeStamp.untrusted") && strstr(notes, "is expired today"), day == -15);
        free(notes);
        cohl_verification_free(&v);
    }
    pki_free(&p);
}

static void test_an_operators_chain_signs_and_a_broken_one_does_not(void **state)
{
    pki p, other;
    cohl_error err = { 0 };
    cohl_signer signer;
    cohl_trust trust = { 0 };
    pki_make(&p, PKI_RIGHT), pki_make(&other, PKI_RIGHT);
    pki_write(path_of("root.pem"), NULL, p.root, NULL, NULL);
    assert_int_equal(cohl_trust_add(&trust, path_of("root.pem"), NULL), COHL_OK);
    const struct { EVP_PKEY *key; X509 *first, *second, *third; const char *says; } cases[] = {
        { p.leaf_key, p.leaf, p.middle, NULL, NULL }, { p.leaf_key, p.leaf, p.middle, p.root, NULL },
        { p.leaf_key, p.leaf, p.root, p.middle, "out of order" }, { p.leaf_key, p.middle, p.leaf, NULL, "not that of" },
        { other.leaf_key, p.leaf, p.middle, NULL, "not that of" }, { NULL, p.leaf, p.middle, NULL, "no private key" },
        { p.leaf_key, NULL, NULL, NULL, "no certificate" }, { p.leaf_key, p.leaf, other.middle, NULL, "out of order" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pki_write(path_of("operator.pem"), cases[i].key, cases[i].first, cases[i].second, cases[i].third);
        cohl_status st = cohl_signer_open(&signer, path_of("operator.pem"), &err);
        if (cases[i].says && (st != COHL_ERR_FORMAT || !strstr(err.text, cases[i].says)))
            fail_msg("case %zu: status %d, \"%s\", expected \"%s\"", i, st, err.text, cases[i].says);
        if (cases[i].says)
            continue;
        assert_int_equal(st, COHL_OK);
        cohl_signer_close(&signer);
        write_film(path_of("operator.mp4"), MDAT_SHORT, false);
        assert_int_equal(sign_with(path_of("operator.mp4"), path_of("operator.pem"), NULL, 0, &err), COHL_OK);
        expect(path_of("operator.mp4"), &trust, COHL_TRUSTED);
    }
    cohl_trust_free(&trust);
    pki_free(&p), pki_free(&other);
}

static void test_keys_are_the_owners_alone_and_warned_of_otherwise(void **state)
{
    cohl_signer signer;
    struct stat info;
    assert_int_equal(cohl_signer_open(&signer, NULL, NULL), COHL_OK);
    assert_true(signer.own);
    assert_int_equal(stat(signer.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_string_equal(signer.warning, "");
    assert_int_equal(chmod(signer.path, 0644), 0);
    cohl_signer_close(&signer);
    assert_int_equal(cohl_signer_open(&signer, NULL, NULL), COHL_OK);
    assert_non_null(strstr(signer.warning, "others may read this key"));
    assert_int_equal(chmod(signer.path, 0600), 0);
    cohl_signer_close(&signer);
}

static void test_a_rotated_signer_signs_and_old_films_stay_trusted(void **state)
{
    cohl_trust trust = own_trust();
    cohl_signer before, after;
    static const char *const algorithms[] = { "es256", NULL, "ed25519" };
    assert_int_equal(cohl_signer_open(&before, NULL, NULL), COHL_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cohl_signer_rotate(algorithms[i], NULL), COHL_OK);
        assert_int_equal(cohl_signer_open(&after, NULL, NULL), COHL_OK);
        assert_string_equal(cohl_cose_alg_of(after.chain.key)->name, i < 2 ? "es256" : "ed25519");
        assert_int_not_equal(X509_cmp(before.chain.certificate[0], after.chain.certificate[0]), 0);
        cohl_signer_close(&after);
        write_film(path_of("rotated.mp4"), MDAT_SHORT, false);
        sign(path_of("rotated.mp4"), NULL, 0);
        expect(path_of("rotated.mp4"), &trust, COHL_TRUSTED);
        expect(path_of("short.mp4"), &trust, COHL_TRUSTED);
    }
    cohl_signer_close(&before);
    assert_int_equal(cohl_signer_rotate("rot13", NULL), COHL_ERR_ARGUMENT);
    cohl_trust_free(&trust);
}

static void test_another_signer_is_used_until_own_again(void **state)
{
    pki p;
    cohl_signer signer;
    pki_make(&p, PKI_RIGHT);
    pki_write(path_of("mine.pem"), p.leaf_key, p.leaf, p.middle, NULL);
    assert_int_equal(cohl_signer_use(path_of("none.pem"), NULL), COHL_ERR_IO);
    assert_int_equal(cohl_signer_use(path_of("mine.pem"), NULL), COHL_OK);
    assert_int_equal(cohl_signer_open(&signer, NULL, NULL), COHL_OK);
    assert_false(signer.own);
    cohl_signer_close(&signer);
    assert_int_equal(cohl_signer_use(NULL, NULL), COHL_OK);
    assert_int_equal(cohl_signer_open(&signer, NULL, NULL), COHL_OK);
    assert_true(signer.own);
    cohl_signer_close(&signer);
    pki_free(&p);
}

/* ---- the known-good samples ------------------------------------------------------- */

static void test_known_good_samples_are_what_they_are(void **state)
{
    const char *shared = getenv("COHL_SHARED");
    char path[512];
    cohl_trust trust = { 0 };
    snprintf(path, sizeof path, "%s/c2pa-samples/c2pa-rs-test-roots.pem", shared ? shared : "../shared");
    if (!cohl_file_exists(path)) {
        print_message("no samples at %s\n", path);
        skip();
    }
    assert_int_equal(cohl_trust_add(&trust, path, NULL), COHL_OK);
    snprintf(path, sizeof path, "%s/c2pa-samples/c2pa-rs-C.jpg", shared ? shared : "../shared");
    expect(path, &trust, COHL_TRUSTED);
    snprintf(path, sizeof path, "%s/c2pa-samples/c2pa-rs-video1.mp4", shared ? shared : "../shared");
    expect(path, &trust, COHL_VALID);
    cohl_trust_free(&trust);
}

static int set_up(void **state)
{
    return !mkdtemp(folder) || setenv("XDG_DATA_HOME", path_of("home"), 1);
}

static int tear_down(void **state)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* Looking names up grows with the square of their number: a small file must not keep a reader for hours. */
static void test_a_manifest_of_too_many_assertions_has_no_claim(void **state)
{
    for (int count = COHL_ASSERTIONS_MOST; count <= COHL_ASSERTIONS_MOST + 1; count++) {
        cohl_text out = { 0 };
        cohl_manifests store;
        size_t root = cohl_jumbf_begin(&out, COHL_JUMBF_STORE, "c2pa");
        size_t manifest = cohl_jumbf_begin(&out, COHL_JUMBF_MANIFEST, "urn:c2pa:many");
        size_t list = cohl_jumbf_begin(&out, COHL_JUMBF_ASSERTIONS, "c2pa.assertions");
        for (int i = 0; i < count; i++)
            cohl_box_end(&out, cohl_jumbf_begin(&out, COHL_JUMBF_CBOR, "same"));
        cohl_box_end(&out, list);
        size_t claim = cohl_jumbf_begin(&out, COHL_JUMBF_CLAIM, "c2pa.claim.v2"), box = cohl_box_begin(&out, "cbor");
        cohl_cbor_map(&out, 0);
        cohl_box_end(&out, box);
        cohl_box_end(&out, claim);
        cohl_box_end(&out, manifest);
        cohl_box_end(&out, root);
        assert_true(cohl_manifests_open(&store, (cohl_bytes){ (uint8_t *)out.data, out.size }));
        assert_int_equal(store.manifest[0].claim != NULL, count == COHL_ASSERTIONS_MOST);
        cohl_manifests_close(&store);
        cohl_text_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_manifest_of_too_many_assertions_has_no_claim),
        cmocka_unit_test(test_signed_files_of_every_kind_are_trusted),
        cmocka_unit_test(test_an_emptied_file_is_not_the_one_that_was_signed),
        cmocka_unit_test(test_chunks_are_found_after_signing),
        cmocka_unit_test(test_a_flipped_bit_is_found_where_it_is),
        cmocka_unit_test(test_a_chain_of_edits_is_trusted_and_its_history_is_kept),
        cmocka_unit_test(test_a_changed_history_is_invalid),
        cmocka_unit_test(test_what_cannot_be_signed_is_one_sentence),
        cmocka_unit_test(test_a_file_cut_anywhere_is_never_right),
        cmocka_unit_test(test_sizes_of_boxes_that_cannot_be),
        cmocka_unit_test(test_heads_that_lie_are_wrong),
        cmocka_unit_test(test_random_damage_never_passes_for_trusted_pictures),
        cmocka_unit_test(test_cbor_bombs_cost_nothing),
        cmocka_unit_test(test_exclusions_times_boxes_are_bounded),
        cmocka_unit_test(test_a_signer_that_cannot_sign_is_told_why),
        cmocka_unit_test(test_a_time_stamp_keeps_an_expired_certificate_and_is_told),
        cmocka_unit_test(test_an_operators_chain_signs_and_a_broken_one_does_not),
        cmocka_unit_test(test_keys_are_the_owners_alone_and_warned_of_otherwise),
        cmocka_unit_test(test_a_rotated_signer_signs_and_old_films_stay_trusted),
        cmocka_unit_test(test_another_signer_is_used_until_own_again),
        cmocka_unit_test(test_known_good_samples_are_what_they_are),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
