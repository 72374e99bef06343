/* Tests of src/bench: intervals, tallies, floors and prompts. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../folder.h"
#include "base/file.h"
#include "bench/piece.h"
#include "bench/prompts.h"
#include "bench/record.h"
#include "bench/tally.h"
#include "bench/wrong_keys.h"
#include "provenance/mark_embed.h"

static void test_shares_have_wilsons_interval(void **state)
{
    (void)state;
    static const struct { int right, of; double low, high; } cases[] = {   /* worked by hand */
        { 0, 10, 0.0, 0.2775 }, { 10, 10, 0.7225, 1.0 }, { 50, 100, 0.4038, 0.5962 }, { 294, 300, 0.9571, 0.9908 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_share s = cohl_share_of(cases[i].right, cases[i].of);
        if (fabs(s.low - cases[i].low) > 1e-4 || fabs(s.high - cases[i].high) > 1e-4)
            fail_msg("%d of %d: %.5f..%.5f", cases[i].right, cases[i].of, s.low, s.high);
    }
    assert_true(isnan(cohl_share_of(0, 0).value));
}

static void test_a_floor_is_missed_from_its_own_side(void **state)
{
    (void)state;
    static const struct { cohl_bench_floor kind; double floor, value; bool ok; } cases[] = {
        { COHL_BENCH_AT_LEAST, 32, 32, true }, { COHL_BENCH_AT_LEAST, 32, 31.9, false },
        { COHL_BENCH_AT_MOST, 3, 3, true },    { COHL_BENCH_AT_MOST, 3, 3.1, false },
        { COHL_BENCH_AT_LEAST, 0, NAN, false }, { COHL_BENCH_AT_MOST, 3, NAN, false },
        { COHL_BENCH_NO_FLOOR, 0, -1, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_bench_report r = { .rows = 0 };
        cohl_bench_add(&r, cases[i].kind, cases[i].floor, "s", cases[i].value, "case %zu", i);
        if (cohl_bench_ok(&r) != cases[i].ok)
            fail_msg("case %zu", i);
        json_t *json = cohl_bench_json(&r);
        assert_int_equal(json_is_true(json_object_get(json, "ok")), cases[i].ok);
        assert_int_equal(json_array_size(json_object_get(json, "rows")), 1);
        json_decref(json);
        cohl_bench_report_free(&r);
    }
}

static cohl_wanted two_subjects(void)
{
    cohl_wanted w = { .setting = COHL_SETTING_BEACH, .daytime = -1, .move = COHL_MOVE_STATIC, .actor_count = 2 };
    w.actor[0].subject = COHL_SUBJECT_BALLOON, w.actor[0].colour = COHL_COLOUR_RED, w.actor[0].action = COHL_ACTION_DRIFT;
    w.actor[1].subject = COHL_SUBJECT_BALLOON, w.actor[1].colour = COHL_COLOUR_BLUE, w.actor[1].action = COHL_ACTION_STAND;
    return w;
}

/* A verdict that sees exactly what is wanted. */
static cohl_verdict seen_of(const cohl_wanted *w)
{
    cohl_verdict v = { .setting = { w->setting, 1 }, .move = { w->move, 1 } };
    for (int i = 0; i < w->actor_count; i++) {
        int colour = w->actor[i].colour;
        v.present[colour] = 0.9f;
        v.subject[colour] = (cohl_call){ w->actor[i].subject, 1 };
        v.action[colour] = (cohl_call){ w->actor[i].action, 1 };
    }
    return v;
}

static void test_a_tally_counts_heads_and_pairs(void **state)
{
    (void)state;
    static cohl_tally tally;
    cohl_tally_floors floors = { { [COHL_WORD_SUBJECT] = .9, [COHL_TALLY_PAIR] = .9 } };
    cohl_bench_report report = { .rows = 0 };
    cohl_wanted w = two_subjects();
    cohl_verdict v = seen_of(&w);
    memset(&tally, 0, sizeof tally);

    cohl_score right = cohl_verdict_score(&v, &w);
    cohl_tally_add(&tally, &right, &w);
    v.subject[COHL_COLOUR_BLUE].class = COHL_SUBJECT_DOG;
    cohl_score wrong = cohl_verdict_score(&v, &w);
    cohl_tally_add(&tally, &wrong, &w);
    assert_int_equal(tally.of[COHL_WORD_SUBJECT], 4);
    assert_int_equal(tally.right[COHL_WORD_SUBJECT], 3);
    assert_int_equal(tally.of[COHL_WORD_DAYTIME], 0);
    assert_int_equal(tally.of[COHL_TALLY_PAIR], 2);
    assert_int_equal(tally.right[COHL_TALLY_PAIR], 1);
    assert_int_equal(tally.seen[COHL_WORD_SUBJECT][COHL_SUBJECT_BALLOON][COHL_SUBJECT_DOG], 1);

    cohl_tally_report(&tally, &floors, &report);
    assert_false(cohl_bench_ok(&report));
    json_t *json = cohl_bench_json(&report), *subject = json_object_get(json_object_get(json, "heads"), "subject");
    assert_int_equal(json_integer_value(json_object_get(subject, "right")), 3);
    assert_true(json_number_value(json_object_get(subject, "floor")) > .89);
    assert_null(json_object_get(json_object_get(json, "heads"), "time"));
    json_decref(json);
    cohl_bench_report_free(&report);
}

static void test_prompts_of_a_file_say_what_is_wanted(void **state)
{
    (void)state;
    cohl_prompts p;
    cohl_error err;
    const char *text =
        "{\"text\": \"a red ball\", \"subject\": \"ball\", \"colour\": \"red\"}\n\n"
        "{\"text\": \"two\", \"camera\": \"pan left\", \"time\": \"night\", \"subjects\": "
        "[{\"subject\": \"dog\"}, {\"subject\": \"boat\", \"action\": \"drift\"}]}";
    assert_int_equal(cohl_prompts_parse(&p, "p", text, &err), COHL_OK);
    assert_int_equal(p.count, 2);
    assert_string_equal(p.item[0].text, "a red ball");
    assert_int_equal(p.item[0].wanted.actor_count, 1);
    assert_int_equal(p.item[0].wanted.setting, -1);
    assert_int_equal(p.item[0].wanted.actor[0].action, -1);
    assert_int_equal(p.item[1].wanted.actor_count, 2);
    assert_int_equal(p.item[1].wanted.move, COHL_MOVE_PAN_LEFT);
    assert_int_equal(p.item[1].wanted.actor[1].action, COHL_ACTION_DRIFT);
    cohl_prompts_free(&p);
}

static void test_prompts_that_make_no_sense_are_refused_by_line(void **state)
{
    (void)state;
    static const struct { const char *text, *says; } cases[] = {
        { "", "no prompt" },
        { "\n\n", "no prompt" },
        { "{\"text\": \"a\"}\n{", "line 2" },
        { "[1]", "line 1" },
        { "{\"subject\": \"dog\"}", "text" },
        { "{\"text\": \"\"}", "text" },
        { "{\"text\": \"a\", \"subject\": \"unicorn\"}", "unicorn" },
        { "{\"text\": \"a\", \"camera\": 3}", "camera" },
        { "{\"text\": \"a\", \"subjects\": [{\"subject\":\"dog\"},{\"subject\":\"dog\"},{\"subject\":\"dog\"},"
          "{\"subject\":\"dog\"}]}", "more than" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_prompts p;
        cohl_error err = { .text = "" };
        if (cohl_prompts_parse(&p, "p", cases[i].text, &err) != COHL_ERR_FORMAT || !strstr(err.text, cases[i].says))
            fail_msg("%s: \"%s\"", cases[i].text, err.text);
        assert_null(p.item);
    }
}

static void test_prompts_of_the_theatre_are_held_out(void **state)
{
    (void)state;
    cohl_scene_request request = cohl_scene_request_default();
    cohl_prompts p;
    cohl_error err;
    request.act = 1;
    assert_int_equal(cohl_prompts_from_theatre(&p, &request, 40, 7, &err), COHL_OK);
    assert_int_equal(p.count, 40);
    for (int i = 0; i < p.count; i++) {
        const cohl_wanted *w = &p.item[i].wanted;
        assert_true(strlen(p.item[i].text) > 10);
        assert_true(cohl_held_out_look(w->actor[0].subject, w->actor[0].colour, w->setting) ||
                    cohl_held_out_deed(w->actor[0].subject, w->actor[0].action));
    }
    cohl_prompts_free(&p);
}

/* ---- long benches ------------------------------------------------------------- */

static void test_a_record_goes_on_where_it_was_cut_short(void **state)
{
    (void)state;
    const char *path = path_of("record.jsonl");
    const char whole[] = "{\"key\":\"a\",\"of\":{\"bound\":-7.5}}\n{\"key\":\"b\",\"of\":{\"bou";
    cohl_bench_record *record;
    cohl_error err;
    assert_int_equal(cohl_file_write(path, whole, strlen(whole), &err), COHL_OK);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(cohl_bench_record_open(&record, path, &err), COHL_OK);
        assert_non_null(cohl_bench_record_find(record, "a"));
        assert_null(cohl_bench_record_find(record, "c"));
        if (!again) {
            assert_null(cohl_bench_record_find(record, "b"));
            assert_int_equal(cohl_bench_record_add(record, "b", json_integer(2), &err), COHL_OK);
        }
        assert_true(again == 0 || json_integer_value(cohl_bench_record_find(record, "b")) == 2);
        cohl_bench_record_close(record);
    }
    assert_int_equal(cohl_file_write(path, "{}\n", 3, &err), COHL_OK);
    assert_int_equal(cohl_bench_record_open(&record, path, &err), COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "line 1 is no result of a bench"));
    assert_null(record);
}

/* Marked with the fourth of the keys that are called wrong, a film is found by it and by no other. */
static void test_of_many_keys_only_the_right_one_finds_a_film(void **state)
{
    (void)state;
    cohl_mark_key fourth = { "wrong key 3", 1 };
    cohl_piece piece = { .frames = 0 };
    cohl_mark_reader *reader;
    cohl_marker *marker;
    cohl_wrong_keys *w;
    cohl_wrong_answer a;
    cohl_error err;
    assert_int_equal(cohl_piece_render(&piece, 5, 6, &err), COHL_OK);
    assert_int_equal(cohl_mark_reader_new(&reader, &err), COHL_OK);
    assert_int_equal(cohl_marker_new(&marker, piece.frame[0]->width, piece.frame[0]->height, &fourth, 77, &err), COHL_OK);
    for (int i = 0; i < piece.frames; i++) {
        cohl_marker_frame(marker, piece.frame[i]);
        assert_int_equal(cohl_mark_reader_add(reader, piece.frame[i], &err), COHL_OK);
    }
    assert_int_equal(cohl_wrong_keys_new(&w, &err), COHL_OK);
    assert_int_equal(cohl_wrong_keys_add(w, cohl_mark_reader_sum(reader), &err), COHL_OK);
    assert_int_equal(cohl_wrong_keys_try(&a, w, 64, -6, &err), COHL_OK);
    if (a.clips != 1 || a.keys != 64 || a.found < 1 || a.found > 2 || a.whole_found || a.strongest > -20)
        fail_msg("%d clips, %d keys, %d found, whole %d, strongest %.1f", a.clips, a.keys, a.found, a.whole_found, a.strongest);
    cohl_wrong_keys_free(w);
    cohl_marker_free(marker);
    cohl_mark_reader_free(reader);
    cohl_piece_clear(&piece);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares_have_wilsons_interval),
        cmocka_unit_test(test_a_floor_is_missed_from_its_own_side),
        cmocka_unit_test(test_a_tally_counts_heads_and_pairs),
        cmocka_unit_test(test_prompts_of_a_file_say_what_is_wanted),
        cmocka_unit_test(test_prompts_that_make_no_sense_are_refused_by_line),
        cmocka_unit_test(test_prompts_of_the_theatre_are_held_out),
        cmocka_unit_test(test_a_record_goes_on_where_it_was_cut_short),
        cmocka_unit_test(test_of_many_keys_only_the_right_one_finds_a_film),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
