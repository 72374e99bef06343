/* Tests of the tokenizer that our models ship with: model and table say the same of every caption
 * of the theatre, and bad or huge text does no harm.
 *
 *     test_tokenizer TOKENIZER_FOLDER */
#include "tiny.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "model/tokenizer.h"
#include "theatre/scene.h"

enum { IDS = 192 };

static char *folder;
static cohl_tokenizer *model, *table;    /* model is NULL where this build cannot read one */

static cohl_tokenizer *open_copy(const char *from, const char *name)
{
    char *source = tiny_path(from, "%s", name), *at = tiny_path(folder, "only-%s", name), *to = tiny_path(at, "%s", name);
    cohl_tokenizer *out = NULL;
    size_t size;
    char *bytes = tiny_read(source, &size);
    assert_int_equal(cohl_folder_make(at, NULL), COHL_OK);
    assert_int_equal(cohl_file_write(to, bytes, size, NULL), COHL_OK);
    cohl_error err;
    cohl_status st = cohl_tokenizer_open(&out, at, &err);
    if (st && st != COHL_ERR_UNSUPPORTED)
        fail_msg("%s", err.text);
    free(bytes), free(source), free(at), free(to);
    return st ? NULL : out;
}

static void encode(const cohl_tokenizer *t, const char *text, int max, int32_t *id, int *count)
{
    cohl_error err;
    if (cohl_tokenizer_encode(t, text, id, max, count, &err))
        fail_msg("\"%.100s\": %s", text, err.text);
    assert_in_range(*count, 1, max);
    assert_int_equal(id[*count - 1], COHL_TOKEN_END);
    for (int i = *count; i < max; i++)
        assert_int_equal(id[i], COHL_TOKEN_PAD);
}

static void test_table_and_model_agree_on_captions(void **state)
{
    cohl_text text = { 0 };
    if (!model)
        skip();
    for (int i = 0; i < 500; i++) {
        cohl_scene scene;
        cohl_scene_request request = cohl_scene_request_default();
        int32_t a[IDS], b[IDS];
        int a_count, b_count;
        request.actors_max = COHL_ACTORS_MAX, request.held_out = i % 4 == 1;
        cohl_scene_draw(&scene, &request, cohl_rng_mix(99, (uint64_t)i));
        cohl_scene_caption(&scene, &text, i % 2 ? COHL_FRENCH : COHL_ENGLISH, i % 3 == 0, cohl_rng_mix(5, (uint64_t)i));
        encode(model, text.data, IDS, a, &a_count);
        encode(table, text.data, IDS, b, &b_count);
        if (a_count != b_count || memcmp(a, b, sizeof a))
            fail_msg("\"%s\": %d and %d tokens, or others", text.data, a_count, b_count);
        for (int k = 0; k < a_count; k++)
            assert_in_range(a[k], 1, 1279);
        assert_true(a_count < IDS);
    }
    cohl_text_free(&text);
}

/* 3 is the piece of byte 0 and 260 that of a space before a word. */
static void test_unknown_words_are_spelled_in_bytes(void **state)
{
    static const char word[] = "\xE7\x8C\xAB";     /* a cat, in Chinese */
    const cohl_tokenizer *const both[] = { table, model };
    for (int k = 0; k < 2 && both[k]; k++) {
        int32_t id[8];
        int count;
        encode(both[k], word, 8, id, &count);
        assert_int_equal(count, 5);
        assert_int_equal(id[0], 260);
        for (int i = 0; i < 3; i++)
            assert_int_equal(id[1 + i], 3 + (unsigned char)word[i]);
    }
}

static void test_no_words_are_one_token(void **state)
{
    static const char *const texts[] = { "", " ", " \n\t " };
    const cohl_tokenizer *const both[] = { table, model };
    for (int k = 0; k < 2 && both[k]; k++)
        for (int i = 0; i < 3; i++) {
            int32_t id[4];
            int count;
            encode(both[k], texts[i], 4, id, &count);
            assert_int_equal(count, 1);
        }
}

static void test_text_that_is_not_utf8_is_refused(void **state)
{
    static const char *const wrong[] = { "a red \xFF" "ball", "\xC3", "\xED\xA0\x80", "\xC0\xAF", "\xF5\x80\x80\x80" };
    const cohl_tokenizer *const both[] = { table, model };
    for (int k = 0; k < 2 && both[k]; k++)
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            int32_t id[16];
            int count;
            cohl_error err = { 0 };
            assert_int_equal(cohl_tokenizer_encode(both[k], wrong[i], id, 16, &count, &err), COHL_ERR_ARGUMENT);
            assert_non_null(strstr(err.text, "UTF-8"));
        }
}

/* One word of 100 kB, and 100 kB of words: the first tokens, then the end. */
static void test_a_text_of_100_kB_is_cut(void **state)
{
    enum { SIZE = 100000, MAX = 64 };
    char *text = calloc(1, SIZE + 1);
    const cohl_tokenizer *const both[] = { table, model };
    for (int k = 0; k < 2 && both[k]; k++)
        for (int spaced = 0; spaced < 2; spaced++) {
            int32_t id[MAX + 1], some[MAX];
            int count, short_count;
            for (int i = 0; i < SIZE; i++)
                text[i] = spaced ? "a red ball "[i % 11] : "ab"[i % 2];
            id[MAX] = -7;
            encode(both[k], text, MAX, id, &count);
            assert_int_equal(count, MAX);
            assert_int_equal(id[MAX], -7);
            text[11 * 12] = 0;       /* the same beginning */
            encode(both[k], text, 24, some, &short_count);
            assert_memory_equal(id, some, 23 * sizeof *id);
            encode(both[k], text, 1, id, &count);
            assert_int_equal(count, 1);
        }
    free(text);
}

/* What write_words makes of the table's own words is the table. */
static void test_the_table_is_what_the_model_writes(void **state)
{
    char *path = tiny_path(folder, "only-words.tsv/words.tsv"), *again = tiny_path(folder, "again.tsv");
    size_t size, again_size;
    char *text = tiny_read(path, &size), *kept = tiny_read(path, NULL);
    const char *word[4096];
    int count = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (strncmp(line, "#space\t", 7) && strncmp(line, "#byte\t", 6)) {
            assert_true(count < 4096);
            word[count++] = line;
            *strchr(line, '\t') = 0;
        }
    for (int i = 1; i < count; i++)
        assert_true(strcmp(word[i - 1], word[i]) < 0);
    if (model) {
        assert_int_equal(cohl_tokenizer_write_words(model, word, count, again, NULL), COHL_OK);
        char *made = tiny_read(again, &again_size);
        assert_int_equal(again_size, size);
        assert_string_equal(made, kept);
        free(made);
    }
    assert_int_equal(cohl_tokenizer_write_words(table, word, count, again, NULL), COHL_ERR_UNSUPPORTED);
    free(text), free(kept), free(path), free(again);
}

static int close_all(void **state)
{
    (void)state;
    cohl_tokenizer_close(model);
    cohl_tokenizer_close(table);
    tiny_remove(folder);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_and_model_agree_on_captions),
        cmocka_unit_test(test_unknown_words_are_spelled_in_bytes),
        cmocka_unit_test(test_no_words_are_one_token),
        cmocka_unit_test(test_text_that_is_not_utf8_is_refused),
        cmocka_unit_test(test_a_text_of_100_kB_is_cut),
        cmocka_unit_test(test_the_table_is_what_the_model_writes),
    };
    if (argc < 2) {
        fprintf(stderr, "usage: test_tokenizer TOKENIZER_FOLDER\n");
        return 1;
    }
    folder = tiny_folder();
    table = open_copy(argv[1], "words.tsv");
    model = open_copy(argv[1], "spiece.model");
    return cmocka_run_group_tests_name("tokenizer", tests, NULL, close_all);
}
