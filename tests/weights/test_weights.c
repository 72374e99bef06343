/* Tests of weights: number types, safetensors, shards, recipes, configurations. */
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
#include "base/rng.h"
#include "weights/config.h"
#include "weights/procedural.h"
#include "weights/safetensors.h"
#include "weights/weights.h"

/* --- number types ------------------------------------------------------- */

static void test_every_half_survives_the_way_to_f32_and_back(void **state)
{
    for (uint32_t half = 0; half < 65536; half++) {
        float f16 = cohl_f16_to_f32((uint16_t)half), bf16 = cohl_bf16_to_f32((uint16_t)half);
        if (isnan(f16))
            assert_true(isnan(cohl_f16_to_f32(cohl_f32_to_f16(f16))));
        else
            assert_int_equal(cohl_f32_to_f16(f16), half);
        if (isnan(bf16))
            assert_true(isnan(cohl_bf16_to_f32(cohl_f32_to_bf16(bf16))));
        else
            assert_int_equal(cohl_f32_to_bf16(bf16), half);
    }
}

/* Between two neighbours the nearer is taken, and half way the even one. */
static void test_narrowing_rounds_to_nearest_even(void **state)
{
    for (uint32_t half = 0; half < 0x7bff; half++) {
        double low = cohl_f16_to_f32((uint16_t)half), high = cohl_f16_to_f32((uint16_t)(half + 1));
        float middle = (float)((low + high) / 2);
        assert_int_equal(cohl_f32_to_f16(middle), half + (half & 1));
        assert_int_equal(cohl_f32_to_f16(nextafterf(middle, -INFINITY)), half);
        assert_int_equal(cohl_f32_to_f16(nextafterf(middle, INFINITY)), half + 1);
    }
    for (uint32_t half = 0; half < 0x7f7f; half++) {
        double low = cohl_bf16_to_f32((uint16_t)half);
        double high = cohl_bf16_to_f32((uint16_t)(half + 1));
        float middle = (float)((low + high) / 2);
        assert_int_equal(cohl_f32_to_bf16(middle), half + (half & 1));
        assert_int_equal(cohl_f32_to_bf16(nextafterf(middle, INFINITY)), half + 1);
    }
    assert_int_equal(cohl_f32_to_f16(65519.996f), 0x7bff);
    assert_int_equal(cohl_f32_to_f16(65520.0f), 0x7c00);
    assert_int_equal(cohl_f32_to_f16(-1e30f), 0xfc00);
}

static void test_every_stored_type_gives_its_small_numbers_back(void **state)
{
    static const float values[] = { 0, 1, 2, 3, 96, 200 };
    for (int t = 0; t < COHL_DTYPE_COUNT; t++) {
        cohl_dtype found;
        char bytes[8 * 6 + 1];
        float back[6];
        uint16_t half[6];
        assert_true(cohl_dtype_from_name(cohl_dtype_name((cohl_dtype)t), &found));
        assert_int_equal(found, t);
        cohl_dtype_from_f32(bytes + 1, found, values, 6);        /* unaligned on purpose */
        cohl_dtype_to_f32(back, bytes + 1, found, 6);
        cohl_dtype_to_bf16(half, bytes + 1, found, 6);
        for (int i = 0; i < 6; i++) {
            assert_true(back[i] == values[i]);
            assert_int_equal(half[i], cohl_f32_to_bf16(values[i]));
        }
    }
    assert_false(cohl_dtype_from_name("F8_E4M3", &(cohl_dtype){ 0 }));
}

static void test_integers_saturate(void **state)
{
    const float values[] = { -5, 300, NAN, 3e9f, -3e9f };
    uint8_t u8[5];
    int32_t i32[5];
    cohl_dtype_from_f32(u8, COHL_U8, values, 5);
    cohl_dtype_from_f32(i32, COHL_I32, values, 5);
    assert_int_equal(u8[0], 0);
    assert_int_equal(u8[1], 255);
    assert_int_equal(u8[2], 0);
    assert_int_equal(i32[3], INT32_MAX);
    assert_int_equal(i32[4], INT32_MIN);
}

/* --- safetensors -------------------------------------------------------- */

static const float six[6] = { 1, -2, 3.5f, 1e-8f, -0.0f, 6 };

static cohl_weight f32_weight(const char *name, int rank, int64_t a, int64_t b, const float *data)
{
    cohl_weight weight = { .name = name, .type = COHL_F32, .rank = rank,
                           .dim = { a, b }, .data = data };
    weight.count = rank == 0 ? 1 : rank == 1 ? (size_t)a : (size_t)(a * b);
    return weight;
}

static void test_safetensors_round_trip(void **state)
{
    const int64_t numbers[2] = { -7, 1LL << 40 };
    cohl_weight list[] = {
        f32_weight("z.weight", 2, 2, 3, six),
        { .name = "é \"quoted\"\n", .type = COHL_I64, .rank = 1, .dim = { 2 }, .count = 2,
          .data = numbers },
        f32_weight("empty", 2, 0, 5, six),
        f32_weight("a.scalar", 0, 0, 0, six + 2),
    };
    const cohl_metadata metadata[] = { { "format", "pt" }, { "step", "1\t2" }, { NULL, NULL } };
    const char *path = path_of("round.safetensors");
    cohl_safetensors *file;
    cohl_error err = { 0 };
    float back[6];

    assert_int_equal(cohl_safetensors_write(path, list, 4, metadata, &err), COHL_OK);
    if (cohl_safetensors_open(&file, path, &err))
        fail_msg("%s", err.text);
    assert_int_equal(cohl_safetensors_count(file), 4);
    assert_string_equal(cohl_safetensors_at(file, 0)->name, "a.scalar");
    assert_string_equal(cohl_safetensors_metadata(file, "step"), "1\t2");
    assert_null(cohl_safetensors_metadata(file, "other"));
    for (int i = 0; i < 4; i++) {
        const cohl_weight *found = cohl_safetensors_find(file, list[i].name);
        assert_non_null(found);
        assert_int_equal(found->type, list[i].type);
        assert_int_equal(found->rank, list[i].rank);
        assert_int_equal(found->count, list[i].count);
        assert_memory_equal(found->data, list[i].data,
                            found->count * cohl_dtype_bytes(found->type));
    }
    cohl_weight_read_f32(cohl_safetensors_find(file, "z.weight"), 2, 4, back);
    assert_memory_equal(back, six + 2, 4 * sizeof *back);
    assert_null(cohl_safetensors_find(file, "absent"));
    cohl_safetensors_close(file);
}

static void test_safetensors_of_nothing_opens(void **state)
{
    cohl_safetensors *file;
    assert_int_equal(cohl_safetensors_write(path_of("none.safetensors"), NULL, 0, NULL, NULL),
                     COHL_OK);
    assert_int_equal(cohl_safetensors_open(&file, path_of("none.safetensors"), NULL), COHL_OK);
    assert_int_equal(cohl_safetensors_count(file), 0);
    assert_null(cohl_safetensors_find(file, "a"));
    cohl_safetensors_close(file);
}

static void test_safetensors_writes_the_same_bytes_twice(void **state)
{
    cohl_weight list[] = { f32_weight("b", 1, 6, 0, six), f32_weight("a", 1, 2, 0, six) };
    char *first, *second;
    size_t first_size, second_size;
    const char *path = path_of("same.safetensors");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(cohl_safetensors_write(path, list, 2, NULL, NULL), COHL_OK);
        assert_int_equal(cohl_file_read(round ? &second : &first,
                                        round ? &second_size : &first_size, path, 4096, NULL),
                         COHL_OK);
    }
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    assert_non_null(strstr(first + 8, "\"b\""));
    assert_true(strstr(first + 8, "\"b\"") < strstr(first + 8, "\"a\""));
    free(first);
    free(second);
}

static void test_safetensors_writer_refuses_and_leaves_the_old_file(void **state)
{
    const char *path = path_of("kept.safetensors");
    cohl_weight good = f32_weight("a", 1, 6, 0, six);
    cohl_weight twice[] = { good, good };
    cohl_weight wrong = good, unnamed = good, latin = good;
    cohl_safetensors *file;
    cohl_error err;
    wrong.count = 5;
    unnamed.name = "";
    latin.name = "\xe9t\xe9";
    assert_int_equal(cohl_safetensors_write(path, &good, 1, NULL, NULL), COHL_OK);
    assert_int_equal(cohl_safetensors_write(path, twice, 2, NULL, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "tensor a twice"));
    assert_int_equal(cohl_safetensors_write(path, &wrong, 1, NULL, &err), COHL_ERR_ARGUMENT);
    assert_int_equal(cohl_safetensors_write(path, &unnamed, 1, NULL, &err), COHL_ERR_ARGUMENT);
    assert_int_equal(cohl_safetensors_write(path, &latin, 1, NULL, &err), COHL_ERR_ARGUMENT);
    assert_int_equal(cohl_safetensors_open(&file, path, NULL), COHL_OK);
    cohl_safetensors_close(file);
}

/* A header and so many bytes of data; the sentence must contain what is given,
 * or the file must open when it is NULL. */
static const struct { const char *header; int data_bytes; const char *sentence; } headers[] = {
    { "{}", 0, NULL },
    { "{}   ", 0, NULL },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, NULL },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1, NULL },
    { "", 0, "not JSON" },
    { "[]", 0, "not a map" },
    { "{\"a\":", 0, "not JSON" },
    { "{} x", 0, "not JSON" },
    { "{}", 1, "last 1 bytes belong to no tensor" },
    { "{\"a\":7}", 0, "tensor a has no dtype" },
    { "{\"a\":{\"dtype\":\"F8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2, "dtype is F8" },
    { "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,2]}}", 2, "tensor a: shape" },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1, "shape" },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}", 1, "size 0" },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1.5],\"data_offsets\":[0,1]}}", 1, "size 0" },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
      "overflows" },
    { "{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}", 0,
      "data_offsets hold 0 bytes" },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,3]}}", 3, "hold 3 bytes" },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2,4]}}", 2, "[begin, end]" },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,0]}}", 2, "not inside" },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 1, "not inside" },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}", 3, "belong to none" },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
      "\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}", 4, "duplicate" },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
      "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}", 3, "a and b overlap" },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
      "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2, "overlap" },
    { "{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ a is not a string" },
    { "{\"__metadata__\":[]}", 0, "__metadata__ is not a map" },
};

static void test_safetensors_refuses_what_is_not_sound(void **state)
{
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        char bytes[512] = { 0 };
        uint64_t length = strlen(headers[i].header);
        cohl_safetensors *file = NULL;
        cohl_error err = { 0 };
        memcpy(bytes, &length, 8);
        memcpy(bytes + 8, headers[i].header, length);
        cohl_status st = cohl_safetensors_parse(&file, "case", bytes,
                                                8 + length + (size_t)headers[i].data_bytes, &err);
        if (headers[i].sentence ? !st || !strstr(err.text, headers[i].sentence) : st)
            fail_msg("%s + %d bytes: status %d, \"%s\"", headers[i].header,
                     headers[i].data_bytes, st, err.text);
        cohl_safetensors_close(file);
    }
}

static void test_safetensors_refuses_a_cut_file(void **state)
{
    const char *path = path_of("cut.safetensors");
    cohl_weight list[] = { f32_weight("a", 1, 6, 0, six), f32_weight("b", 1, 4, 0, six) };
    char *bytes;
    size_t size;
    assert_int_equal(cohl_safetensors_write(path, list, 2, NULL, NULL), COHL_OK);
    assert_int_equal(cohl_file_read(&bytes, &size, path, 4096, NULL), COHL_OK);
    for (size_t kept = 0; kept < size; kept++) {
        cohl_safetensors *file = NULL;
        if (!cohl_safetensors_parse(&file, "cut", bytes, kept, NULL))
            fail_msg("%zu of %zu bytes opened", kept, size);
    }
    free(bytes);
}

/* --- shards and binding ------------------------------------------------- */

static void write_shards(const char *where, const char *index)
{
    cohl_weight first[] = { f32_weight("b.weight", 2, 2, 3, six), f32_weight("a", 1, 2, 0, six) };
    cohl_weight second[] = { f32_weight("c", 1, 3, 0, six) };
    char path[200];
    assert_int_equal(cohl_folder_make(where, NULL), COHL_OK);
    snprintf(path, sizeof path, "%s/model-00001-of-00002.safetensors", where);
    assert_int_equal(cohl_safetensors_write(path, first, 2, NULL, NULL), COHL_OK);
    snprintf(path, sizeof path, "%s/model-00002-of-00002.safetensors", where);
    assert_int_equal(cohl_safetensors_write(path, second, 1, NULL, NULL), COHL_OK);
    snprintf(path, sizeof path, "%s/model.safetensors.index.json", where);
    if (index)
        assert_int_equal(cohl_file_write(path, index, strlen(index), NULL), COHL_OK);
}

static void test_weights_open_a_folder_with_and_without_index(void **state)
{
    static const char index[] = "{\"metadata\":{},\"weight_map\":{"
        "\"a\":\"model-00001-of-00002.safetensors\","
        "\"b.weight\":\"model-00001-of-00002.safetensors\","
        "\"c\":\"model-00002-of-00002.safetensors\"}}";
    const char *where[] = { path_of("plain"), path_of("indexed") };
    for (int k = 0; k < 2; k++) {
        cohl_weights *weights;
        cohl_error err = { 0 };
        float back[6];
        write_shards(where[k], k ? index : NULL);
        if (cohl_weights_open(&weights, where[k], &err))
            fail_msg("%s", err.text);
        assert_int_equal(cohl_weights_count(weights), 3);
        assert_int_equal(cohl_weights_tensor_f32(weights, "b.weight", (int64_t[]){ 2, 3 }, 2,
                                                 back, &err), COHL_OK);
        assert_memory_equal(back, six, sizeof back);
        cohl_weights_close(weights);
    }
}

static void test_weights_refuse_a_wrong_index(void **state)
{
    static const struct { const char *map, *sentence; } cases[] = {
        { "{\"a\":\"model-00002-of-00002.safetensors\"}", "tensor a is not in model-00002" },
        { "{\"a\":\"../other.safetensors\"}", "beside the index" },
        { "{\"a\":3}", "found no string" },
        { "{\"a\":\"model-00003-of-00003.safetensors\"}", "names model-00003-of-00003.safetensors, which is not beside it" },
        { "[]", "no weight_map" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char index[256];
        cohl_weights *weights;
        cohl_error err = { 0 };
        snprintf(index, sizeof index, "{\"weight_map\":%s}", cases[i].map);
        write_shards(path_of("wrong"), index);
        if (!cohl_weights_open(&weights, path_of("wrong"), &err) ||
            !strstr(err.text, cases[i].sentence))
            fail_msg("%s: \"%s\"", index, err.text);
    }
}

static void test_a_shard_cut_short_is_named(void **state)
{
    static const char index[] = "{\"weight_map\":{\"a\":\"model-00001-of-00002.safetensors\","
        "\"b.weight\":\"model-00001-of-00002.safetensors\",\"c\":\"model-00002-of-00002.safetensors\"}}";
    cohl_weights *weights;
    cohl_error err = { 0 };
    char *bytes;
    size_t size;
    write_shards(path_of("torn"), index);
    const char *shard = path_of("torn/model-00002-of-00002.safetensors");
    assert_int_equal(cohl_file_read(&bytes, &size, shard, 4096, NULL), COHL_OK);
    assert_int_equal(cohl_file_write(shard, bytes, size - 5, NULL), COHL_OK);
    free(bytes);
    assert_int_equal(cohl_weights_open(&weights, path_of("torn"), &err), COHL_ERR_FORMAT);
    if (!strstr(err.text, "model-00002-of-00002.safetensors") || strchr(err.text, '\n'))
        fail_msg("\"%s\"", err.text);
}

static void test_weights_refuse_a_name_in_two_shards(void **state)
{
    cohl_weight again = f32_weight("a", 1, 2, 0, six);
    cohl_weights *weights;
    cohl_error err;
    write_shards(path_of("double"), NULL);
    assert_int_equal(cohl_safetensors_write(path_of("double/z.safetensors"), &again, 1, NULL,
                                            NULL), COHL_OK);
    assert_int_equal(cohl_weights_open(&weights, path_of("double"), &err), COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "tensor a is there twice"));
    assert_int_equal(cohl_folder_make(path_of("hollow"), NULL), COHL_OK);
    assert_int_equal(cohl_weights_open(&weights, path_of("hollow"), &err), COHL_ERR_IO);
    assert_int_equal(cohl_weights_open(&weights, path_of("absent"), &err), COHL_ERR_IO);
}

static void test_binder_names_what_is_missing_misshapen_or_left(void **state)
{
    static const struct { const char *name; int64_t dim[2]; int rank; const char *sentence; }
    cases[] = {
        { "b.wieght", { 2, 3 }, 2, "no tensor b.wieght (nearest: b.weight)" },
        { "b.weight", { 3, 2 }, 2, "tensor b.weight is [2, 3], expected [3, 2]" },
        { "b.weight", { 2 },    1, "tensor b.weight is [2, 3], expected [2]" },
        { "b.weight", { 2, 3 }, 2, "2 tensors that this network does not have: a, c" },
    };
    cohl_weights *weights;
    cohl_binder binder;
    cohl_error err;
    float back[6];
    write_shards(path_of("bound"), NULL);
    assert_int_equal(cohl_weights_open(&weights, path_of("bound"), NULL), COHL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_binder_begin(&binder, weights);
        cohl_bind_f32(&binder, cases[i].name, cases[i].dim, cases[i].rank, back);
        assert_true(cohl_binder_is_surplus(&binder, 0));
        assert_true(cohl_binder_is_surplus(&binder, 1) == cohl_binder_failed(&binder));
        if (cohl_binder_failed(&binder))          /* the first failure is the one kept */
            assert_null(cohl_bind(&binder, "nothing at all", cases[i].dim, 1));
        assert_int_equal(cohl_binder_end(&binder, COHL_SURPLUS_REFUSED, &err), COHL_ERR_FORMAT);
        if (!strstr(err.text, cases[i].sentence))
            fail_msg("\"%s\", expected \"%s\"", err.text, cases[i].sentence);
    }
    cohl_binder_begin(&binder, weights);
    assert_non_null(cohl_bind(&binder, "a", (int64_t[]){ 2 }, 1));
    assert_false(cohl_binder_failed(&binder));
    assert_int_equal(cohl_binder_end(&binder, COHL_SURPLUS_ALLOWED, &err), COHL_OK);
    cohl_weights_close(weights);
}

static void test_a_scalar_is_expected_without_dims(void **state)
{
    const char *path = path_of("scalar.safetensors");
    cohl_weight scalar = f32_weight("gain", 0, 0, 0, six + 2);
    cohl_weights *weights;
    cohl_error err;
    float value;
    assert_int_equal(cohl_safetensors_write(path, &scalar, 1, NULL, NULL), COHL_OK);
    assert_int_equal(cohl_weights_open(&weights, path, NULL), COHL_OK);
    assert_int_equal(cohl_weights_tensor_f32(weights, "gain", NULL, 0, &value, &err), COHL_OK);
    assert_true(value == 3.5f);
    assert_int_equal(cohl_weights_tensor_f32(weights, "gain", (int64_t[]){ 1 }, 1, &value, &err),
                     COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "tensor gain is [], expected [1]"));
    cohl_weights_close(weights);
}

/* --- recipes ------------------------------------------------------------ */

/* Lines and checksums made by the reference, seed 81. */
static const char manifest[] =
    "patch_embedding.weight\t1536x16x1x2x2\t0\t0.21650635094610965\t165bdf82\n"
    "patch_embedding.bias\t1536\t0\t0.14999999999999999\td20a6f60\n"
    "text_embedding.0.bias\t1536\t0\t0.14999999999999999\tcd8f4060\n";

static void test_recipes_make_the_reference_bytes(void **state)
{
    const char *path = path_of("manifest.tsv"), *made = path_of("made.safetensors");
    cohl_weights *weights, *stored;
    cohl_error err = { 0 };
    assert_int_equal(cohl_file_write(path, manifest, strlen(manifest), NULL), COHL_OK);
    if (cohl_weights_open_procedural(&weights, path, 81, &err))
        fail_msg("%s", err.text);
    assert_int_equal(cohl_weights_count(weights), 3);
    cohl_weight list[3];
    for (size_t i = 0; i < 3; i++) {
        list[i] = *cohl_weights_at(weights, i);
        if (cohl_procedural_check(&list[i], &err))
            fail_msg("%s", err.text);
    }
    assert_int_equal(cohl_safetensors_write(made, list, 3, NULL, &err), COHL_OK);
    assert_int_equal(cohl_weights_open(&stored, made, &err), COHL_OK);
    float from_recipe[1536], from_file[1536];
    for (int k = 0; k < 2; k++)
        assert_int_equal(cohl_weights_tensor_f32(k ? stored : weights, "patch_embedding.bias",
                                                 (int64_t[]){ 1536 }, 1,
                                                 k ? from_file : from_recipe, &err), COHL_OK);
    assert_memory_equal(from_recipe, from_file, sizeof from_file);
    cohl_weights_close(stored);
    cohl_weights_close(weights);
    assert_int_equal(cohl_weights_open_procedural(&weights, path, 82, &err), COHL_OK);
    assert_int_equal(cohl_procedural_check(cohl_weights_at(weights, 0), &err), COHL_ERR_FORMAT);
    cohl_weights_close(weights);
}

static void test_recipes_refuse_a_wrong_line(void **state)
{
    static const char *const lines[] = {
        "a", "a\t3", "a\t3\t0\t1", "a\t3x\t0\t1\t-", "a\tx3\t0\t1\t-", "a\t-3\t0\t1\t-",
        "a\t3\t0\tmuch\t-", "a\t3\tnan\t1\t-", "a\t3\t0\t1\t12345", "a\t3\t0\t1\t-\tmore",
        "\t3\t0\t1\t-", "a\t4294967296x4294967296\t0\t1\t-",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        cohl_procedural *source;
        cohl_error err = { 0 };
        char text[128];
        snprintf(text, sizeof text, "good\t2x3\t0\t1\t-\n%s\n", lines[i]);
        assert_int_equal(cohl_file_write(path_of("bad.tsv"), text, strlen(text), NULL), COHL_OK);
        if (cohl_procedural_open(&source, path_of("bad.tsv"), 1, &err) != COHL_ERR_FORMAT ||
            !strstr(err.text, "line 2"))
            fail_msg("\"%s\": %s", lines[i], err.text);
    }
}

/* --- configurations ----------------------------------------------------- */

static const char sample[] =
    "{\"dim\": 1536, \"eps\": 1e-6, \"heads\": 12, \"bias\": true, \"kind\": \"wan-dit\","
    " \"patch\": [1, 2, 2], \"mean\": [0.5, 1], \"window\": null, \"other\": {}}";

static void test_config_reads_what_is_there(void **state)
{
    cohl_config *config;
    int dim, window, patch[3], count;
    double eps, heads, mean[4];
    bool bias, absent;
    const char *kind;
    assert_int_equal(cohl_config_parse(&config, "c", sample, strlen(sample), NULL), COHL_OK);
    cohl_config_int(config, "dim", 1, 65536, &dim);
    cohl_config_int_or(config, "window", 0, 9, 5, &window);
    cohl_config_ints(config, "patch", 1, 4, 3, 3, patch, &count);
    cohl_config_float(config, "eps", 0, 1, &eps);
    cohl_config_float(config, "heads", 0, 100, &heads);
    cohl_config_floats(config, "mean", -9, 9, 1, 4, mean, &count);
    cohl_config_bool(config, "bias", &bias);
    cohl_config_bool_or(config, "absent", true, &absent);
    cohl_config_string(config, "kind", &kind);
    assert_int_equal(cohl_config_done(config, NULL), COHL_OK);
    assert_int_equal(dim, 1536);
    assert_int_equal(window, 5);
    assert_int_equal(patch[0] * 100 + patch[1] * 10 + patch[2], 122);
    assert_true(eps == 1e-6 && heads == 12 && count == 2 && mean[0] == 0.5 && mean[1] == 1);
    assert_true(bias && absent);
    assert_string_equal(kind, "wan-dit");
    cohl_config_close(config);
}

static void test_config_keeps_the_first_failure(void **state)
{
    static const struct { const char *key; int min, max; const char *sentence; } cases[] = {
        { "dim", 1, 1024, "c: \"dim\": expected a whole number from 1 to 1024, found 1536" },
        { "layers", 1, 9, "c: \"layers\": expected a whole number from 1 to 9, found nothing" },
        { "eps", 1, 9,    "c: \"eps\": expected a whole number from 1 to 9, found 9" },
        { "kind", 1, 9,   "c: \"kind\": expected a whole number from 1 to 9, found \"wan-dit\"" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_config *config;
        cohl_error err = { 0 };
        int value, list[2], count;
        assert_int_equal(cohl_config_parse(&config, "c", sample, strlen(sample), NULL), COHL_OK);
        cohl_config_int(config, cases[i].key, cases[i].min, cases[i].max, &value);
        assert_int_equal(value, cases[i].min);
        assert_int_equal(cohl_config_ints(config, "patch", 0, 9, 1, 2, list, &count),
                         COHL_ERR_FORMAT);
        assert_int_equal(count, 0);
        assert_int_equal(cohl_config_int(config, "heads", 1, 99, &value), COHL_ERR_FORMAT);
        assert_int_equal(value, 12);
        assert_int_equal(cohl_config_done(config, &err), COHL_ERR_FORMAT);
        if (strncmp(err.text, cases[i].sentence, strlen(cases[i].sentence)))
            fail_msg("\"%s\", expected \"%s\"", err.text, cases[i].sentence);
        cohl_config_close(config);
    }
}

static void test_config_refuses_what_is_no_object(void **state)
{
    static const char *const texts[] = { "", "[]", "{", "{\"a\":1,\"a\":2}", "{} {}", "\xff" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cohl_config *config;
        assert_int_equal(cohl_config_parse(&config, "c", texts[i], strlen(texts[i]), NULL),
                         COHL_ERR_FORMAT);
        assert_null(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_half_survives_the_way_to_f32_and_back),
        cmocka_unit_test(test_narrowing_rounds_to_nearest_even),
        cmocka_unit_test(test_every_stored_type_gives_its_small_numbers_back),
        cmocka_unit_test(test_integers_saturate),
        cmocka_unit_test(test_safetensors_round_trip),
        cmocka_unit_test(test_safetensors_of_nothing_opens),
        cmocka_unit_test(test_safetensors_writes_the_same_bytes_twice),
        cmocka_unit_test(test_safetensors_writer_refuses_and_leaves_the_old_file),
        cmocka_unit_test(test_safetensors_refuses_what_is_not_sound),
        cmocka_unit_test(test_safetensors_refuses_a_cut_file),
        cmocka_unit_test(test_weights_open_a_folder_with_and_without_index),
        cmocka_unit_test(test_weights_refuse_a_wrong_index),
        cmocka_unit_test(test_a_shard_cut_short_is_named),
        cmocka_unit_test(test_weights_refuse_a_name_in_two_shards),
        cmocka_unit_test(test_binder_names_what_is_missing_misshapen_or_left),
        cmocka_unit_test(test_a_scalar_is_expected_without_dims),
        cmocka_unit_test(test_recipes_make_the_reference_bytes),
        cmocka_unit_test(test_recipes_refuse_a_wrong_line),
        cmocka_unit_test(test_config_reads_what_is_there),
        cmocka_unit_test(test_config_keeps_the_first_failure),
        cmocka_unit_test(test_config_refuses_what_is_no_object),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
