/* The tables of words: complete, unambiguous, and found as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "film/words.h"

static void check_text(const char *text)
{
    assert_non_null(text);
    assert_true(strlen(text) > 0);
    assert_int_equal(cohl_utf8_check(text, strlen(text)), strlen(text));
}

static void test_every_word_has_a_name_a_line_and_synonyms(void **state)
{
    (void)state;
    for (int kind = 0; kind < COHL_WORD_KIND_COUNT; kind++) {
        check_text(cohl_word_kind_name(kind));
        for (int i = 0; i < cohl_word_count(kind); i++) {
            const cohl_word *word = &cohl_words_of(kind)[i];
            check_text(word->name);
            check_text(word->about);
            assert_non_null(word->english[0]);
            assert_non_null(word->french[0]);
        }
    }
}

static void check_found(int kind, const char *text, int expected)
{
    check_text(text);
    if (cohl_word_find(kind, text) != expected)
        fail_msg("%s \"%s\" is found as %d, expected %d", cohl_word_kind_name(kind), text,
                 cohl_word_find(kind, text), expected);
}

static void test_names_and_synonyms_find_their_own_entry(void **state)
{
    (void)state;
    for (int kind = 0; kind < COHL_WORD_KIND_COUNT; kind++) {
        for (int i = 0; i < cohl_word_count(kind); i++) {
            const cohl_word *word = &cohl_words_of(kind)[i];
            check_found(kind, word->name, i);
            for (int s = 0; word->english[s]; s++) check_found(kind, word->english[s], i);
            for (int s = 0; word->french[s]; s++) check_found(kind, word->french[s], i);
        }
    }
}

static void test_words_are_found_as_people_write_them(void **state)
{
    (void)state;
    assert_int_equal(cohl_word_find(COHL_WORD_MOVE, "Push In"), COHL_MOVE_DOLLY_IN);
    assert_int_equal(cohl_word_find(COHL_WORD_MOVE, "pans right"), COHL_MOVE_PAN_RIGHT);
    assert_int_equal(cohl_word_find(COHL_WORD_MOVE, "le travelling avant"), COHL_MOVE_DOLLY_IN);
    assert_int_equal(cohl_word_find(COHL_WORD_SUBJECT, "a house"), COHL_SUBJECT_HOUSE);
    assert_int_equal(cohl_word_find(COHL_WORD_SUBJECT, "maison"), COHL_SUBJECT_HOUSE);
    assert_int_equal(cohl_word_find(COHL_WORD_SETTING, "the beach"), COHL_SETTING_BEACH);
    assert_int_equal(cohl_word_find(COHL_WORD_DAYTIME, "nuit"), COHL_DAYTIME_NIGHT);
    assert_int_equal(cohl_word_find(COHL_WORD_SUBJECT, "zeppelin"), -1);
    assert_int_equal(cohl_word_find(COHL_WORD_COLOUR, ""), -1);
}

static void test_the_first_act_is_the_published_one(void **state)
{
    (void)state;
    static const int expected[COHL_WORD_KIND_COUNT] = { 8, 8, 5, 4, 7, 8 };
    for (int kind = 0; kind < COHL_WORD_KIND_COUNT; kind++) {
        int count = 0;
        for (int i = 0; i < cohl_word_count(kind); i++)
            count += cohl_words_of(kind)[i].first_act;
        assert_int_equal(count, expected[kind]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_word_has_a_name_a_line_and_synonyms),
        cmocka_unit_test(test_names_and_synonyms_find_their_own_entry),
        cmocka_unit_test(test_words_are_found_as_people_write_them),
        cmocka_unit_test(test_the_first_act_is_the_published_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
