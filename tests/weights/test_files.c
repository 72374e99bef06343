/* Tests of files of weights: GGUF, PyTorch's archives, eight-bit repackagings; what is sound is
 * read to the bit, and what is not gets a sentence. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../folder.h"
#include "base/file.h"
#include "base/half.h"
#include "base/text.h"
#include "weights/gguf.h"
#include "weights/pickle.h"
#include "weights/safetensors.h"
#include "weights/torch.h"
#include "weights/weights.h"

/* --- a GGUF file, byte by byte ------------------------------------------ */

static void u32(cohl_text *t, uint32_t v) { cohl_text_add_bytes(t, &v, 4); }
static void u64(cohl_text *t, uint64_t v) { cohl_text_add_bytes(t, &v, 8); }

static void string(cohl_text *t, const char *s)
{
    u64(t, strlen(s));
    cohl_text_add(t, s);
}

static void head(cohl_text *t, uint32_t version, uint64_t tensors, uint64_t keys)
{
    cohl_text_add(t, "GGUF");
    u32(t, version);
    u64(t, tensors);
    u64(t, keys);
}

static void tensor(cohl_text *t, const char *name, uint32_t rank, const uint64_t *fastest_first, uint32_t type,
                   uint64_t offset)
{
    string(t, name);
    u32(t, rank);
    for (uint32_t k = 0; k < rank; k++)
        u64(t, fastest_first[k]);
    u32(t, type);
    u64(t, offset);
}

static void pad(cohl_text *t, size_t alignment)
{
    while (t->size % alignment)
        cohl_text_add_bytes(t, "", 1);
}

static const float three[3] = { 1.5f, -2, 1e-8f };

/* Keys of every kind, tensors of three types, alignment 64. */
static void whole_gguf(cohl_text *t, uint32_t version)
{
    head(t, version, 3, 7);
    string(t, "general.architecture"), u32(t, 8), string(t, "wan");
    string(t, "general.alignment"), u32(t, 4), u32(t, 64);
    string(t, "a.byte"), u32(t, 1), cohl_text_add_bytes(t, "\xfe", 1);
    string(t, "a.real"), u32(t, 6), u32(t, 0x3fc00000);
    string(t, "names"), u32(t, 9), u32(t, 8), u64(t, 2), string(t, "x"), string(t, "yy");
    string(t, "comfy.gguf.orig_shape.flat"), u32(t, 9), u32(t, 5), u64(t, 3), u32(t, 2), u32(t, 1), u32(t, 16);
    string(t, "big"), u32(t, 10), u64(t, 1ull << 40);
    tensor(t, "plain", 2, (uint64_t[]){ 3, 1 }, 0, 0);
    tensor(t, "flat", 1, (uint64_t[]){ 32 }, 8, 64);
    tensor(t, "half", 1, (uint64_t[]){ 2 }, 30, 128);
    pad(t, 64);
    cohl_text_add_bytes(t, three, sizeof three);
    pad(t, 64);
    uint16_t d = cohl_f32_to_f16(0.5f);
    cohl_text_add_bytes(t, &d, 2);
    for (int i = 0; i < 32; i++)
        cohl_text_add_bytes(t, &(int8_t){ (int8_t)(i - 16) }, 1);
    pad(t, 64);
    u32(t, 0xc0003f80);                                  /* bf16 1, -2 */
}

static void test_gguf_of_both_versions_is_read(void **state)
{
    for (uint32_t version = 2; version <= 3; version++) {
        cohl_text t = { 0 };
        cohl_gguf *file;
        cohl_error err = { 0 };
        float v[32];
        whole_gguf(&t, version);
        if (cohl_gguf_parse(&file, "t", t.data, t.size, &err))
            fail_msg("%s", err.text);
        assert_int_equal(cohl_gguf_count(file), 3);
        assert_int_equal(cohl_gguf_version(file), version);
        const json_t *keys = cohl_gguf_metadata(file);
        assert_string_equal(json_string_value(json_object_get(keys, "general.architecture")), "wan");
        assert_int_equal(json_integer_value(json_object_get(keys, "a.byte")), -2);
        assert_true(json_real_value(json_object_get(keys, "a.real")) == 1.5);
        assert_string_equal(json_string_value(json_object_get(keys, "names")), "2 strings");
        assert_int_equal(json_integer_value(json_object_get(keys, "big")), 1ll << 40);
        const cohl_weight *w = cohl_gguf_at(file, 0);
        assert_int_equal(w->rank, 2);
        assert_int_equal(w->dim[0], 1);
        assert_int_equal(w->dim[1], 3);
        assert_memory_equal(w->data, three, sizeof three);
        w = cohl_gguf_at(file, 1);                       /* its own shape, that the file keeps apart */
        assert_int_equal(w->rank, 3);
        assert_int_equal(w->dim[2], 16);
        cohl_weight_read_f32(w, 0, 32, v);
        for (int i = 0; i < 32; i++)
            assert_true(v[i] == 0.5f * (float)(i - 16));
        cohl_weight_read_f32(cohl_gguf_at(file, 2), 0, 2, v);
        assert_true(v[0] == 1 && v[1] == -2);
        cohl_gguf_close(file);
        cohl_text_free(&t);
    }
}

static void test_gguf_cut_anywhere_is_refused(void **state)
{
    cohl_text t = { 0 };
    whole_gguf(&t, 3);
    for (size_t kept = 0; kept < t.size; kept++) {
        cohl_gguf *file = NULL;
        cohl_error err = { 0 };
        char *copy = malloc(kept + 1);                   /* so that a read past the end is seen */
        memcpy(copy, t.data, kept);
        if (!cohl_gguf_parse(&file, "t", copy, kept, &err))
            fail_msg("%zu of %zu bytes opened", kept, t.size);
        assert_true(err.text[0] != 0);
        free(copy);
    }
    cohl_text_free(&t);
}

/* Each makes a file whose one lie the sentence must name. */
static void lie_version(cohl_text *t) { head(t, 1, 0, 0); }
static void lie_byte_order(cohl_text *t) { head(t, 0x03000000, 0, 0); }
static void lie_count(cohl_text *t) { head(t, 3, 1ull << 60, 0); }
static void lie_key(cohl_text *t) { head(t, 3, 0, 1), u64(t, 1ull << 62); }
static void lie_string(cohl_text *t) { head(t, 3, 0, 1), string(t, "k"), u32(t, 8), u64(t, UINT64_MAX); }
static void lie_kind(cohl_text *t) { head(t, 3, 0, 1), string(t, "k"), u32(t, 77); }
static void lie_array(cohl_text *t) { head(t, 3, 0, 1), string(t, "k"), u32(t, 9), u32(t, 10), u64(t, 1ull << 61); }
static void lie_text(cohl_text *t) { head(t, 3, 0, 1), string(t, "\xff"); }

static void lie_alignment(cohl_text *t)
{
    head(t, 3, 0, 1), string(t, "general.alignment"), u32(t, 4), u32(t, 48);
}

static void one(cohl_text *t, uint32_t rank, const uint64_t *size, uint32_t type, uint64_t offset, size_t bytes)
{
    head(t, 3, 1, 0);
    tensor(t, "w", rank, size, type, offset);
    pad(t, 32);
    while (bytes--)
        cohl_text_add_bytes(t, "", 1);
}

static void lie_rank(cohl_text *t) { one(t, 9, (uint64_t[9]){ 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 0, 0, 64); }
static void lie_product(cohl_text *t) { one(t, 2, (uint64_t[]){ 1ull << 33, 1ull << 33 }, 0, 0, 64); }
static void lie_bytes(cohl_text *t) { one(t, 1, (uint64_t[]){ 1ull << 62 }, 0, 0, 64); }
static void lie_offset(cohl_text *t) { one(t, 1, (uint64_t[]){ 4 }, 0, 1ull << 50, 64); }
static void lie_crooked(cohl_text *t) { one(t, 1, (uint64_t[]){ 4 }, 0, 4, 64); }
static void lie_type(cohl_text *t) { one(t, 1, (uint64_t[]){ 256 }, 16, 0, 64); }
static void lie_row(cohl_text *t) { one(t, 2, (uint64_t[]){ 48, 2 }, 2, 0, 64); }

static void two(cohl_text *t, const char *second, uint64_t offset)
{
    head(t, 3, 2, 0);
    tensor(t, "w", 1, (uint64_t[]){ 12 }, 0, 0);
    tensor(t, second, 1, (uint64_t[]){ 4 }, 0, offset);
    pad(t, 32);
    for (int i = 0; i < 128; i++)
        cohl_text_add_bytes(t, "", 1);
}

static void lie_overlap(cohl_text *t) { two(t, "v", 32); }
static void lie_twice(cohl_text *t) { two(t, "w", 64); }

static void test_gguf_lies_are_named(void **state)
{
    static const struct { void (*make)(cohl_text *); const char *sentence; } cases[] = {
        { lie_version, "version 1" }, { lie_byte_order, "big-endian" }, { lie_count, "cannot be listed" },
        { lie_key, "a key at byte" }, { lie_string, "only 0 follow" }, { lie_kind, "kind 77" },
        { lie_array, "only 0 follow" }, { lie_text, "not text" }, { lie_alignment, "power of two" },
        { lie_rank, "9 sizes" }, { lie_product, "overflow" }, { lie_bytes, "lies" }, { lie_offset, "lies" },
        { lie_crooked, "multiple of 32" }, { lie_type, "IQ2_XXS" }, { lie_row, "do not fill blocks of 32" },
        { lie_overlap, "w and v overlap" }, { lie_twice, "w is there twice" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_text t = { 0 };
        cohl_gguf *file = NULL;
        cohl_error err = { 0 };
        cases[i].make(&t);
        if (!cohl_gguf_parse(&file, "t", t.data, t.size, &err) || !strstr(err.text, cases[i].sentence))
            fail_msg("case %zu: \"%s\", expected \"%s\"", i, err.text, cases[i].sentence);
        cohl_text_free(&t);
    }
}

/* What we write, we read, and the shapes that the format bends still bind. */
static void test_gguf_written_is_read_back_and_binds(void **state)
{
    float value[64];
    uint8_t blocks[2 * 34];
    for (int i = 0; i < 64; i++)
        value[i] = (float)(i % 32 - 15);
    const cohl_packing *q8 = cohl_packing_named("Q8_0");
    q8->pack(blocks, value), q8->pack(blocks + 34, value + 32);
    cohl_weight list[] = {
        { .name = "conv.weight", .type = COHL_F32, .rank = 4, .dim = { 4, 1, 2, 2 }, .count = 16, .data = value },
        { .name = "lin.weight", .rank = 2, .dim = { 2, 32 }, .count = 64, .data = blocks, .packing = q8 },
        { .name = "mod", .type = COHL_F32, .rank = 2, .dim = { 6, 2 }, .count = 12, .data = value },
    };
    cohl_writer out;
    cohl_error err = { 0 };
    const char *path = path_of("own.gguf");
    assert_int_equal(cohl_writer_open(&out, path, &err), COHL_OK);
    cohl_status st = cohl_gguf_begin(&out, "wan", list, 3, &err);
    for (int i = 0; i < 3 && !st; i++) {
        st = cohl_writer_put(&out, list[i].data, cohl_weight_bytes(&list[i]), &err);
        st = st ? st : cohl_gguf_pad(&out, cohl_weight_bytes(&list[i]), &err);
    }
    assert_int_equal(cohl_writer_close(&out, st, &err), COHL_OK);

    cohl_weights *weights;
    cohl_binder binder;
    float back[64];
    if (cohl_weights_open(&weights, path, &err))
        fail_msg("%s", err.text);
    assert_string_equal(cohl_weights_format(weights), "GGUF");
    cohl_binder_begin(&binder, weights);
    cohl_bind_f32(&binder, "conv.weight", (int64_t[]){ 2, 2, 1, 2, 2 }, 5, back);    /* the first two joined */
    cohl_bind_f32(&binder, "mod", (int64_t[]){ 1, 6, 2 }, 3, back);                  /* a one forgotten */
    cohl_bind_f32(&binder, "lin.weight", (int64_t[]){ 2, 32 }, 2, back);
    if (cohl_binder_end(&binder, COHL_SURPLUS_REFUSED, &err))
        fail_msg("%s", err.text);
    for (int i = 0; i < 64; i++)
        assert_true(fabsf(back[i] - value[i]) < 0.08f);
    cohl_binder_begin(&binder, weights);
    cohl_bind(&binder, "mod", (int64_t[]){ 1, 2, 6 }, 3);
    assert_int_equal(cohl_binder_end(&binder, COHL_SURPLUS_ALLOWED, &err), COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "tensor mod is [6, 2], expected [1, 2, 6]"));
    cohl_weights_close(weights);
}

/* --- PyTorch's archives: made by Python's own pickle and zipfile, as torch.save lays them out --- */

static char *fixture(const char *name, size_t *size)
{
    char path[512];
    char *bytes = NULL;
    snprintf(path, sizeof path, "%s/%s", COHL_TEST_DATA, name);
    if (cohl_file_read(&bytes, size, path, 1 << 20, NULL))
        fail_msg("%s: cannot read", path);
    return bytes;
}

static void test_torch_archives_are_read(void **state)
{
    static const char *const names[] = { "small.pth", "nested.pth" };    /* protocol 2; 4, one level down */
    for (int n = 0; n < 2; n++) {
        char path[512];
        cohl_weights *weights;
        cohl_error err = { 0 };
        float v[6];
        snprintf(path, sizeof path, "%s/%s", COHL_TEST_DATA, names[n]);
        if (cohl_weights_open(&weights, path, &err))
            fail_msg("%s", err.text);
        assert_string_equal(cohl_weights_format(weights), "PyTorch");
        assert_int_equal(cohl_weights_count(weights), 4);
        assert_int_equal(cohl_weights_tensor_f32(weights, "a.weight", (int64_t[]){ 2, 3 }, 2, v, &err), COHL_OK);
        for (int i = 0; i < 6; i++)
            assert_true(v[i] == (float)i * 1.5f - 2);
        assert_int_equal(cohl_weights_tensor_f32(weights, "a.bias", (int64_t[]){ 2 }, 1, v, &err), COHL_OK);
        assert_true(v[0] == 7 && v[1] == 8.5f);
        assert_int_equal(cohl_weights_tensor_f32(weights, "b", (int64_t[]){ 3 }, 1, v, &err), COHL_OK);
        assert_true(v[0] == 1 && v[1] == -2 && v[2] == 3.140625f);
        assert_int_equal(cohl_weights_tensor_f32(weights, "steps", NULL, 0, v, &err), COHL_OK);
        assert_true(v[0] == -77);
        cohl_weights_close(weights);
    }
}

static void test_torch_cut_anywhere_is_refused(void **state)
{
    size_t size;
    char *bytes = fixture("small.pth", &size);
    for (size_t kept = 0; kept < size; kept++) {
        cohl_torch *file = NULL;
        cohl_error err = { 0 };
        char *copy = malloc(kept + 1);
        memcpy(copy, bytes, kept);
        if (!cohl_torch_parse(&file, "t", copy, kept, &err))
            fail_msg("%zu of %zu bytes opened", kept, size);
        assert_true(err.text[0] != 0);
        free(copy);
    }
    free(bytes);
}

/* One place of the bytes changed. */
static void expect_changed(const char *find, const char *put, size_t length, const char *sentence)
{
    size_t size;
    char *bytes = fixture("small.pth", &size), *at = memmem(bytes, size, find, length);
    cohl_torch *file = NULL;
    cohl_error err = { 0 };
    assert_non_null(at);
    memcpy(at, put, length);
    if (!cohl_torch_parse(&file, "t", bytes, size, &err) || !strstr(err.text, sentence))
        fail_msg("\"%s\", expected \"%s\"", err.text, sentence);
    free(bytes);
}

static void test_torch_names_what_is_wrong(void **state)
{
    expect_changed("ctorch\nFloatStorage\n", "cposix\nsystem\n\n\n\n\n\n\n", 20, "would import posix.system");
    expect_changed("little", "big\n  ", 6, "big-endian");
    expect_changed("K\x06K\x02\x85", "K\x07K\x02\x85", 5, "tensor a.bias [2] from value 7 on is not inside");
    expect_changed("K\x02K\x03\x86", "K\x04K\x03\x86", 5, "a.weight [4, 3] from value 0 on is not inside");
    expect_changed("K\x03K\x01\x86", "K\x01K\x02\x86", 5, "tensor a.weight is not stored row by row");
    expect_changed("X\x01\0\0\0" "1", "X\x01\0\0\0" "9", 6, "has no storage small/data/9");
    static const uint8_t legacy[] = { 0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19,
                                      '.' };
    cohl_torch *file;
    cohl_error err;
    assert_true(cohl_torch_is(legacy, sizeof legacy));
    assert_int_equal(cohl_torch_parse(&file, "t", legacy, sizeof legacy, &err), COHL_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "before version 1.6"));
}

static void test_pickles_that_would_do_something_are_refused(void **state)
{
    static const struct { const char *bytes; size_t size; const char *sentence; } cases[] = {
        { "cos\nsystem\n(S'id'\ntR.", 19, "would import os.system" },
        { "\x80\x02" "c__builtin__\neval\n.", 21, "would import __builtin__.eval" },
        { "\x80\x04\x8c\x02os\x8c\x06system\x93.", 16, "would import os.system" },
        { "(i__main__\nX\n.", 14, "opcode 0x69" },
        { "\x80\x02)\x81.", 5, "opcode 0x81" },
        { "\x82\x01.", 3, "opcode 0x82" },
        { "Pid\n.", 5, "opcode 0x50" },
        { "K\x01K\x02R.", 6, "it would call something" },
        { "\x80\x02" "ctorch._utils\n_rebuild_tensor_v2\n)R.", 37, "expected a tensor's storage" },
        { "\x80\x02" "ctorch\nFloatStorage\n)R.", 24, "would call torch.FloatStorage" },
        { "K\x01}b.", 5, "would build" },
        { "R.", 2, "not there" },
        { "u.", 2, "no mark" },
        { "(u.", 3, "expected a dictionary" },
        { "}(K\x01u.", 6, "a key without a value" },
        { "}((K\x01su.", 8, "not there" },
        { "h\x05.", 3, "recalls value 5" },
        { "X\xff\xff\xff\x7f" "a.", 7, "only 2 follow" },
        { "\x8a\x09" "123456789.", 12, "of 9 bytes" },
        { "K\x01Q.", 4, "expected a storage" },
        { "K\x01", 2, "ends inside" },
        { "", 0, "ends inside" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_pickle *pickle = NULL;
        cohl_error err = { 0 };
        if (!cohl_pickle_read(&pickle, "p", (const uint8_t *)cases[i].bytes, cases[i].size, &err) ||
            !strstr(err.text, cases[i].sentence))
            fail_msg("case %zu: \"%s\", expected \"%s\"", i, err.text, cases[i].sentence);
    }
}

/* --- eight-bit repackagings --------------------------------------------- */

enum { ROWS = 8, COLUMNS = 16, CELLS = ROWS * COLUMNS };

/* A matrix in F8_E4M3 whose values are value[] / scale, and what else the file holds. */
static void write_eight_bit(const char *path, const float *value, float by, const cohl_weight *more, int more_count)
{
    uint8_t bytes[CELLS];
    cohl_weight list[4] = {
        { .name = "model.diffusion_model.x.weight", .rank = 2, .dim = { ROWS, COLUMNS }, .count = CELLS, .data = bytes,
          .packing = cohl_packing_named("F8_E4M3") },
    };
    for (int i = 0; i < CELLS; i++)
        list[0].packing->pack(&bytes[i], &(float){ value[i] * by });
    for (int i = 0; i < more_count; i++)
        list[1 + i] = more[i];
    cohl_error err;
    if (cohl_safetensors_write(path, list, (size_t)(1 + more_count), NULL, &err))
        fail_msg("%s", err.text);
}

static void test_eight_bit_files_have_scales_or_need_none(void **state)
{
    float value[CELLS], back[CELLS], one = 0.01f, rows[ROWS];
    for (int i = 0; i < CELLS; i++)
        value[i] = 0.03f * sinf((float)i);
    for (int r = 0; r < ROWS; r++)
        rows[r] = 0.01f;
    const cohl_weight comfy[] = {
        { .name = "model.diffusion_model.x.scale_weight", .type = COHL_F32, .rank = 1, .dim = { 1 }, .count = 1,
          .data = &one },
        { .name = "scaled_fp8", .rank = 1, .dim = { 0 }, .count = 0, .data = "",
          .packing = cohl_packing_named("F8_E4M3") },
    };
    const cohl_weight by_row[] = {
        { .name = "model.diffusion_model.x.weight_scale", .type = COHL_F32, .rank = 2, .dim = { ROWS, 1 },
          .count = ROWS, .data = rows },
    };
    const cohl_weight misfit[] = {
        { .name = "model.diffusion_model.x.weight_scale", .type = COHL_F32, .rank = 1, .dim = { 3 }, .count = 3,
          .data = rows },
    };
    const struct { const char *name; float by; const cohl_weight *more; int count; const char *sentence; } cases[] = {
        { "plain", 1, NULL, 0, NULL },
        { "comfy", 100, comfy, 2, NULL },
        { "rows", 100, by_row, 1, NULL },
        { "lost", 3000, comfy + 1, 1, "without a scale" },
        { "misfit", 100, misfit, 1, "one for each of its 8 rows" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_weights *weights = NULL;
        cohl_error err = { 0 };
        const char *path = path_of(cases[i].name);
        write_eight_bit(path, value, cases[i].by, cases[i].more, cases[i].count);
        cohl_status st = cohl_weights_open(&weights, path, &err);
        if (cases[i].sentence ? !st || !strstr(err.text, cases[i].sentence) : st)
            fail_msg("%s: status %d, \"%s\"", cases[i].name, st, err.text);
        if (!st) {
            assert_int_equal(cohl_weights_count(weights), 1);
            assert_int_equal(cohl_weights_tensor_f32(weights, "x.weight", (int64_t[]){ ROWS, COLUMNS }, 2, back, &err),
                             COHL_OK);
            for (int k = 0; k < CELLS; k++)
                if (fabsf(back[k] - value[k]) > 0.07f * fabsf(value[k]) + 0.001f)
                    fail_msg("%s: value %d is %g, expected %g", cases[i].name, k, (double)back[k], (double)value[k]);
        }
        cohl_weights_close(weights);
    }
}

/* A scale for each of no rows. */
static void test_an_empty_scale_is_refused(void **state)
{
    const cohl_packing *packing = cohl_packing_named("F8_E4M3");
    const cohl_weight list[] = {
        { .name = "x.weight", .rank = 2, .dim = { 0, COLUMNS }, .data = "", .packing = packing },
        { .name = "x.weight_scale", .type = COHL_F32, .rank = 1, .dim = { 0 }, .data = "" },
    };
    const char *path = path_of("empty");
    cohl_weights *weights;
    cohl_error err = { 0 };
    assert_int_equal(cohl_safetensors_write(path, list, 2, NULL, NULL), COHL_OK);
    assert_int_equal(cohl_weights_open(&weights, path, &err), COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "x.weight_scale is [0]"));
}

static void test_a_file_that_begins_otherwise_than_its_name_says_is_refused(void **state)
{
    static const struct { const char *name, *bytes, *sentence; } cases[] = {
        { "bare.pth", "\x80\x02}.", "bare.pth: its 4 bytes do not begin as those of a PyTorch file do" },
        { "none.gguf", "", "none.gguf: its 0 bytes do not begin as those of a GGUF file do" },
        { "none.safetensors", "", "0 bytes are too few for a safetensors file" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = path_of(cases[i].name);
        cohl_weights *weights;
        cohl_error err = { 0 };
        assert_int_equal(cohl_file_write(path, cases[i].bytes, strlen(cases[i].bytes), NULL), COHL_OK);
        assert_int_equal(cohl_weights_open(&weights, path, &err), COHL_ERR_FORMAT);
        if (!strstr(err.text, cases[i].sentence))
            fail_msg("%s", err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gguf_of_both_versions_is_read),
        cmocka_unit_test(test_gguf_cut_anywhere_is_refused),
        cmocka_unit_test(test_gguf_lies_are_named),
        cmocka_unit_test(test_gguf_written_is_read_back_and_binds),
        cmocka_unit_test(test_torch_archives_are_read),
        cmocka_unit_test(test_torch_cut_anywhere_is_refused),
        cmocka_unit_test(test_torch_names_what_is_wrong),
        cmocka_unit_test(test_pickles_that_would_do_something_are_refused),
        cmocka_unit_test(test_eight_bit_files_have_scales_or_need_none),
        cmocka_unit_test(test_an_empty_scale_is_refused),
        cmocka_unit_test(test_a_file_that_begins_otherwise_than_its_name_says_is_refused),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
