/* Tests of cli: protected pictures, as they are typed. argv: cohl, tiny_model. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "typed.h"

static const char render[] = "theatre render --seed 11 --frames 9 --size 320x192 -o";

/* A film is refused from the moment its picture is protected, and allowed again after. */
static void test_what_is_protected_is_refused_and_leaves_nothing(void **state)
{
    expect(run("%s shot/", render), 0);
    expect(run("protect add shot/frame00004.png --who Ann"), 2);
    assert_non_null(strstr(said, "a reason (--why)"));
    expect(run("protect add shot/frame00004.png --who Ann --why 'our work' --name 'the stage' --until 2200-01-31"), 0);
    assert_non_null(strstr(out, "number 1"));
    expect(run("protect"), 0);
    assert_non_null(strstr(out, "the stage  by Ann: our work"));
    assert_non_null(strstr(out, "to 2200-01-31"));
    expect(run("protect look shot/frame00004.png"), 3);
    expect(run("%s again.mp4", render), 3);
    assert_non_null(strstr(said, "protected picture 1 (the stage; our work)"));
    assert_non_null(strstr(said, "frame "));
    assert_false(cohl_file_exists(path_of("again.mp4")));
    assert_false(cohl_file_exists(path_of("again.sheet.png")));
    expect(run("protect remove 1"), 0);
    expect(run("protect look shot/frame00004.png"), 0);
    expect(run("%s again.mp4", render), 0);
}

static void test_a_request_protects_a_picture_and_gives_it_free(void **state)
{
    expect(run("%s asked/", render), 0);
    expect(run("requests new copyright --about 'our stage'"), 0);
    expect(run("requests acknowledge 1"), 0);
    expect(run("requests decide 1 refuse --why 'not theirs' --protect asked/frame00004.png"), 2);
    expect(run("requests decide 1 accept --why 'theirs' --protect asked/nothing.png"), 1);
    expect(run("requests decide 1 accept --why 'theirs' --protect asked/frame00004.png"), 0);
    expect(run("protect"), 0);
    assert_non_null(strstr(out, "frame00004.png  by request 1: theirs"));
    expect(run("%s refused.gif", render), 3);
    expect(run("requests audit"), 0);
    expect(run("requests decide 1 refuse --why 'a mistake'"), 0);
    expect(run("%s free.gif", render), 0);
    expect(run("requests audit"), 0);
}

static void test_bad_arguments_are_one_sentence(void **state)
{
    static const struct { int code; const char *args, *says; } cases[] = {
        { 2, "protect steal", "is not one of list, add, remove, look" },
        { 2, "protect add", "add takes PICTURE" },
        { 1, "protect add nothing.png --who a --why b", "nothing.png" },
        { 2, "protect remove x", "is no number" },
        { 2, "protect remove 77", "nothing is protected under number 77" },
        { 2, "protect add shot/frame00004.png --who a --why b --until tomorrow", "expected a day" },
        { 2, "protect add shot/frame00004.png --who a --why b --until 2001-01-01", "a day that is over" },
        { 2, "protect add shot/frame00004.png --who a --why b --until 2097-02-30", "no such day" },
        { 1, "protect --ledger /nowhere/ledger.db", "cannot be opened" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect(run("%s", cases[i].args), cases[i].code);
        if (!strstr(said, cases[i].says))
            fail_msg("cohl %s said: %s", cases[i].args, said);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: test_protect COHL TINY_MODEL\n");
        return 2;
    }
    cohl = realpath(argv[1], NULL), tiny_model = realpath(argv[2], NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_protected_is_refused_and_leaves_nothing),
        cmocka_unit_test(test_a_request_protects_a_picture_and_gives_it_free),
        cmocka_unit_test(test_bad_arguments_are_one_sentence),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
