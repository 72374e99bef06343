/* Tests of engine: what a run promises, with a model of a few thousand random numbers. */
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
#include <sys/stat.h>
#include <unistd.h>

#include "../folder.h"
#include "base/file.h"
#include "cohl/cohl.h"
#include "engine/unmarked.h"
#include "media/still.h"
#include "model/film_model.h"
#include "model/sample.h"
#include "tiny.h"

static char model[64];
static cohl_engine *engine;

static int set_up(void **state)
{
    cohl_error err;
    if (folder_make(state))
        return 1;
    snprintf(model, sizeof model, "%s/home", folder);
    setenv("XDG_DATA_HOME", model, 1);
    snprintf(model, sizeof model, "%s/model", folder);
    if (tiny_model_write(model, &err) ||
        cohl_engine_open(&engine, &(cohl_engine_params){ .model = model, .threads = 2 }, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    return 0;
}

static int tear_down(void **state)
{
    cohl_engine_close(engine);
    return folder_remove(state);
}

static cohl_request usual(void)
{
    cohl_request r = cohl_request_default();
    r.prompt = "a red balloon drifts over a white village";
    r.frames = 9, r.seed = 5;
    return r;
}

/* ---- frames -------------------------------------------------------------- */

typedef struct film {
    int      count;
    size_t   bytes;          /* of a frame */
    uint8_t *rgb;
} film;

static cohl_status keep(void *user, int index, const uint8_t *rgb, cohl_error *err)
{
    film *f = user;
    assert_int_equal(index, f->count);
    f->rgb = realloc(f->rgb, (size_t)(f->count + 1) * f->bytes);
    memcpy(f->rgb + (size_t)f->count++ * f->bytes, rgb, f->bytes);
    return COHL_OK;
}

static film make(cohl_engine *with, const cohl_request *request)
{
    cohl_run *run;
    cohl_error err = { 0 };
    film f = { 0 };
    assert_int_equal(cohl_run_new(&run, with, request, &err), COHL_OK);
    f.bytes = (size_t)cohl_run_plan(run)->width * (size_t)cohl_run_plan(run)->height * 3;
    if (engine_run_unmarked(run, keep, &f, NULL, &err))
        fail_msg("%s", err.text);
    assert_int_equal(f.count, cohl_run_plan(run)->frames);
    cohl_run_free(run);
    return f;
}

static bool same(const film *a, const film *b)
{
    return a->count == b->count && a->bytes == b->bytes && !memcmp(a->rgb, b->rgb, a->bytes * (size_t)a->count);
}

static void test_same_frames_with_any_number_of_threads(void **state)
{
    cohl_request r = usual();
    film first = make(engine, &r);
    for (int threads = 1; threads <= 3; threads += 2) {
        cohl_engine *other;
        cohl_engine_params params = { .model = model, .threads = threads };
        assert_int_equal(cohl_engine_open(&other, &params, NULL), COHL_OK);
        film again = make(other, &r);
        assert_true(same(&first, &again));
        free(again.rgb);
        cohl_engine_close(other);
    }
    free(first.rgb);
}

static void test_another_seed_prompt_or_guidance_gives_another_film(void **state)
{
    cohl_request r = usual(), other[3] = { usual(), usual(), usual() };
    film first = make(engine, &r);
    other[0].seed = 6;
    other[1].prompt = "un village";
    other[2].guidance = 5;
    for (int i = 0; i < 3; i++) {
        film f = make(engine, &other[i]);
        assert_false(same(&first, &f));
        free(f.rgb);
    }
    free(first.rgb);
}

static void test_a_slower_rate_leaves_frames_out_and_a_faster_one_doubles_them(void **state)
{
    cohl_request r = usual(), slow = usual(), fast = usual();
    slow.frames = 5, slow.fps = 4;
    fast.frames = 17, fast.fps = 16;
    film all = make(engine, &r), half = make(engine, &slow), twice = make(engine, &fast);
    for (int i = 0; i < 5; i++)
        assert_memory_equal(half.rgb + (size_t)i * all.bytes, all.rgb + (size_t)(2 * i) * all.bytes, all.bytes);
    for (int i = 0; i < 17; i++)
        assert_memory_equal(twice.rgb + (size_t)i * all.bytes, all.rgb + (size_t)((i + 1) / 2) * all.bytes, all.bytes);
    free(all.rgb);
    free(half.rgb);
    free(twice.rgb);
}

static void write_picture(const char *path, uint32_t colour)
{
    cohl_frame *frame;
    assert_int_equal(cohl_frame_new(&frame, 64, 64, NULL), COHL_OK);
    cohl_frame_fill(frame, 0, 0, 64, 64, colour);
    assert_int_equal(cohl_still_write(path, frame, NULL, 0, NULL), COHL_OK);
    cohl_frame_free(frame);
}

static bool all_of_colour(const film *f, int index, uint32_t colour)
{
    const uint8_t *at = f->rgb + (size_t)index * f->bytes;
    for (size_t i = 0; i < f->bytes; i++)
        if (at[i] != (uint8_t)(colour >> (8 * (2 - i % 3))))
            return false;
    return true;
}

static void test_given_pictures_come_back_as_they_are(void **state)
{
    cohl_request r = usual();
    r.frames = 0, r.seconds = 1.5;       /* 12 frames: the last group of four is cut */
    r.image = path_of("red.png"), r.last_image = path_of("blue.png");
    write_picture(r.image, 0xc03020);
    write_picture(r.last_image, 0x2040a0);
    film f = make(engine, &r);
    assert_int_equal(f.count, 12);
    assert_true(all_of_colour(&f, 0, 0xc03020));
    assert_true(all_of_colour(&f, 11, 0x2040a0));
    assert_false(all_of_colour(&f, 5, 0xc03020));
    free(f.rgb);
}

/* A caller's frames are marked as a file's: the very same pixels, which those as they were made are not. */
static void test_a_callers_frames_are_those_of_a_file(void **state)
{
    cohl_request r = usual();
    cohl_film to = { .path = path_of("shot/") };
    cohl_run_report report[2];
    cohl_run *run;
    cohl_error err;
    film plain = make(engine, &r), marked = { .bytes = plain.bytes };
    assert_int_equal(cohl_run_new(&run, engine, &r, &err), COHL_OK);
    if (cohl_run_frames(run, keep, &marked, &report[0], &err))
        fail_msg("%s", err.text);
    cohl_run_free(run);
    assert_int_equal(cohl_run_new(&run, engine, &r, &err), COHL_OK);
    if (cohl_run_film(run, &to, &report[1], &err))
        fail_msg("%s", err.text);
    cohl_run_free(run);
    assert_int_equal(marked.count, plain.count);
    assert_int_equal(strlen(report[0].mark), 10);
    assert_string_equal(report[0].mark, report[1].mark);
    for (int i = 0; i < marked.count; i++) {
        char path[160];
        cohl_frame *picture;
        snprintf(path, sizeof path, "%sframe%05d.png", to.path, i);
        if (cohl_still_read(&picture, path, &err))
            fail_msg("%s", err.text);
        assert_memory_equal(picture->rgb, marked.rgb + (size_t)i * marked.bytes, marked.bytes);
        assert_memory_not_equal(picture->rgb, plain.rgb + (size_t)i * plain.bytes, plain.bytes);
        cohl_frame_free(picture);
    }
    free(plain.rgb);
    free(marked.rgb);
}

/* ---- cancel and deliver -------------------------------------------------- */

static void cancel_at_step_two(void *user, const cohl_run_progress *p)
{
    if (!strcmp(p->stage, "steps") && p->step == 2)
        cohl_run_cancel(user);
}

static void cancel_at_a_frame(void *user, const cohl_run_progress *p)
{
    if (!strcmp(p->stage, "frames") && p->step == 3)
        cohl_run_cancel(user);
}

static void test_a_cancelled_run_leaves_nothing(void **state)
{
    cohl_run_watch_fn *const when[] = { cancel_at_step_two, cancel_at_a_frame };
    cohl_film to = { .path = path_of("cancelled.mp4"), .sheet = path_of("cancelled.png") };
    for (int i = 0; i < 2; i++) {
        cohl_request r = usual();
        cohl_run *run;
        cohl_error err;
        char command[160];
        assert_int_equal(cohl_run_new(&run, engine, &r, &err), COHL_OK);
        cohl_run_watch(run, when[i], run);
        assert_int_equal(cohl_run_film(run, &to, NULL, &err), COHL_ERR_CANCELLED);
        assert_string_not_equal(err.text, "");
        cohl_run_free(run);
        snprintf(command, sizeof command, "test -z \"$(find %s -name '*cancelled*')\"", folder);
        assert_int_equal(system(command), 0);
    }
}

static void test_a_cost_is_told_beforehand_and_changes_nothing(void **state)
{
    cohl_request r = usual();
    cohl_run *run;
    cohl_run_estimate e, longer;
    cohl_run_report report[2];
    cohl_film to = { .path = path_of("cost.mp4") };
    for (int told = 0; told < 2; told++) {
        assert_int_equal(cohl_run_new(&run, engine, &r, NULL), COHL_OK);
        if (told)
            assert_int_equal(cohl_run_estimate_cost(run, &e, NULL), COHL_OK);
        assert_int_equal(cohl_run_film(run, &to, &report[told], NULL), COHL_OK);
        cohl_run_free(run);
    }
    assert_string_equal(report[0].packets, report[1].packets);
    assert_true(e.sample_seconds > 0 && e.decode_seconds > 0 && e.cost.joules > 0 && e.cost.operations > 0);
    assert_true(e.seconds == e.sample_seconds + e.decode_seconds);
    r.steps = 1000;                             /* so many more that no noise of the clock hides them */
    assert_int_equal(cohl_run_new(&run, engine, &r, NULL), COHL_OK);
    assert_int_equal(cohl_run_estimate_cost(run, &longer, NULL), COHL_OK);
    assert_true(longer.sample_seconds > 2 * e.sample_seconds);
    cohl_run_cancel(run);
    assert_int_equal(cohl_run_estimate_cost(run, &longer, NULL), COHL_ERR_CANCELLED);
    cohl_run_free(run);
}

static void test_a_film_carries_the_request_that_makes_it_again(void **state)
{
    static const char *const names[] = { "a.mp4", "a.webm", "a.gif", "a.png" };
    for (int i = 0; i < 4; i++) {
        cohl_request r = usual(), again;
        cohl_run_report report[2];
        cohl_recipe_text *recipe;
        cohl_error err = { 0 };
        r.negative = "a dog", r.steps = 3, r.seed = UINT64_MAX, r.frames = i == 3 ? 1 : 9;
        for (int k = 0; k < 2; k++) {
            cohl_run *run;
            cohl_film to = { .path = path_of(names[i]) };
            if (k && cohl_request_from_film(&again, &recipe, to.path, &err))
                fail_msg("%s", err.text);
            assert_int_equal(cohl_run_new(&run, engine, k ? &again : &r, &err), COHL_OK);
            assert_int_equal(cohl_run_film(run, &to, &report[k], &err), COHL_OK);
            cohl_run_free(run);
        }
        assert_int_equal(again.seed, UINT64_MAX);
        assert_string_equal(report[0].packets, report[1].packets);
        assert_true(report[0].bytes > 0 && report[0].cost.joules > 0 && report[0].cost.peak_bytes > 0);
        cohl_recipe_free(recipe);
    }
}

/* Guided, so a step that is foretold saves two passes; extended, so some frames are known. */
static void test_foretold_steps_are_the_same_with_any_threads_and_come_again(void **state)
{
    cohl_request r = usual(), again, longer;
    cohl_run_report report[3];
    cohl_recipe_text *recipe;
    cohl_engine *single;
    cohl_film to = { .path = path_of("reused.mp4") }, on = { .path = path_of("longer.mp4") };
    r.steps = 16, r.reuse = 1;
    assert_int_equal(cohl_engine_open(&single, &(cohl_engine_params){ .model = model, .threads = 1 }, NULL), COHL_OK);
    for (int k = 0; k < 3; k++) {
        cohl_run *run;
        if (k == 1)
            assert_int_equal(cohl_request_from_film(&again, &recipe, to.path, NULL), COHL_OK);
        assert_int_equal(cohl_run_new(&run, k == 1 ? single : engine, k == 1 ? &again : &r, NULL), COHL_OK);
        assert_int_equal(!!strstr(cohl_run_recipe(run), "\"reuse\":1.0"), k < 2);
        assert_int_equal(cohl_run_film(run, &to, &report[k], NULL), COHL_OK);
        cohl_run_free(run);
        r.reuse = k == 1 ? 0 : r.reuse;
    }
    assert_string_equal(report[0].packets, report[1].packets);
    assert_int_equal(report[0].steps, 16);
    assert_true(report[0].passes >= 3 && report[0].passes < 16);
    assert_int_equal(report[0].passes, report[1].passes);
    assert_int_equal(report[2].passes, 16);             /* without */
    longer = cohl_request_default();
    longer.prompt = r.prompt, longer.given = COHL_GIVEN_EXTEND, longer.clip[0] = to.path, longer.seconds = 1;
    longer.steps = 16, longer.reuse = 1;
    cohl_run *run;
    assert_int_equal(cohl_run_new(&run, engine, &longer, NULL), COHL_OK);
    assert_int_equal(cohl_run_film(run, &on, &report[0], NULL), COHL_OK);
    assert_true(report[0].passes < report[0].steps);
    cohl_run_free(run);
    cohl_recipe_free(recipe);
    cohl_engine_close(single);
}

static void test_a_recipe_knows_its_pictures_again(void **state)
{
    static const struct { const char *is, *says; } cases[] = {
        { "as it was", NULL }, { "another", "that the recipe names: its SHA-256" },
        { "gone", "No such file or directory; the recipe names it" },
    };
    cohl_request r = usual(), again;
    cohl_run *run;
    cohl_film to = { .path = path_of("seen.mp4") };
    cohl_recipe_text *recipe;
    cohl_error err = { 0 };
    r.image = path_of("seen.png");
    write_picture(r.image, 0x208040);
    assert_int_equal(cohl_run_new(&run, engine, &r, &err), COHL_OK);
    assert_non_null(strstr(cohl_run_recipe(run), "\"image_sha256\""));
    assert_int_equal(cohl_run_film(run, &to, NULL, &err), COHL_OK);
    cohl_run_free(run);
    assert_int_equal(cohl_request_from_film(&again, &recipe, to.path, &err), COHL_OK);
    assert_int_equal(strlen(again.image_sha256), 64);
    for (int i = 0; i < 3; i++) {
        if (i == 1)
            write_picture(r.image, 0x208041);
        if (i == 2)
            unlink(r.image);
        cohl_status st = cohl_run_new(&run, engine, &again, &err);
        if (!st == !!cases[i].says || (st && !strstr(err.text, cases[i].says)))
            fail_msg("a picture that is %s: %s", cases[i].is, st ? err.text : "taken");
        cohl_run_free(run);
    }
    cohl_recipe_free(recipe);
}

/* JSON takes no such name, so the picture had silently dropped out of the recipe. */
static void test_a_recipe_finds_a_picture_whose_name_is_no_utf8(void **state)
{
    static const char *const names[] = { "caf\xe9.png", "\xff 100%41 \xc3\xa9\xc3.png" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cohl_request r = usual(), again;
        cohl_run *run;
        cohl_film to = { .path = path_of("named.mp4") };
        cohl_recipe_text *recipe;
        cohl_error err = { 0 };
        r.image = path_of(names[i]);
        write_picture(r.image, 0x208040);
        assert_int_equal(cohl_run_new(&run, engine, &r, &err), COHL_OK);
        assert_int_equal(cohl_run_film(run, &to, NULL, &err), COHL_OK);
        cohl_run_free(run);
        assert_int_equal(cohl_request_from_film(&again, &recipe, to.path, &err), COHL_OK);
        assert_non_null(again.image);
        assert_string_equal(again.image, r.image);
        if (cohl_run_new(&run, engine, &again, &err))
            fail_msg("%s", err.text);
        cohl_run_free(run);
        cohl_recipe_free(recipe);
    }
}

/* ---- bad input ----------------------------------------------------------- */

static void test_bad_requests_get_one_sentence_that_says_what_is_right(void **state)
{
    static char long_prompt[COHL_PROMPT_BYTES_MAX + 10];
    memset(long_prompt, 'a', sizeof long_prompt - 1);
    const struct { cohl_request r; const char *says; } cases[] = {
        { { .prompt = NULL }, "prompt is empty" },
        { { .prompt = " \n" }, "prompt is empty" },
        { { .prompt = long_prompt }, "at most 102400" },
        { { .prompt = "ab\xc3(" }, "not UTF-8 at byte 2" },
        { { .prompt = "a", .negative = "\xff" }, "negative prompt is not UTF-8 at byte 0" },
        { { .prompt = "a", .width = 100, .height = 64 }, "96x64 and 128x64" },
        { { .prompt = "a", .width = 10, .height = 10 }, "32x32 and 64x64" },
        { { .prompt = "a", .width = 64 }, "width and height are" },
        { { .prompt = "a", .width = -64, .height = 64 }, "width and height are" },
        { { .prompt = "a", .frames = -1 }, "at least 1" },
        { { .prompt = "a", .frames = 1000000000 }, "at most 60 s" },
        { { .prompt = "a", .seconds = 1e9 }, "at most 60 s" },
        { { .prompt = "a", .seconds = NAN }, "no frame" },
        { { .prompt = "a", .seconds = 1, .frames = 8 }, "one of the two" },
        { { .prompt = "a", .fps = 1000 }, "1 to 240" },
        { { .prompt = "a", .fps = NAN }, "1 to 240" },
        { { .prompt = "a", .steps = 5000 }, "1 to 1000" },
        { { .prompt = "a", .guidance = 1e6 }, "0 to 100" },
        { { .prompt = "a", .shift = -1 }, "0.01 to 100" },
        { { .prompt = "a", .solver = "magic" }, "unipc" },
        { { .prompt = "a", .reuse = 1.5 }, "reuse is 1.5, expected an error of 0 to 1" },
        { { .prompt = "a", .reuse = NAN }, "expected an error of 0 to 1" },
        { { .prompt = "a", .frames = 1, .image = "a", .last_image = "b" }, "needs a film of 6 frames" },
        { { .prompt = "a", .frames = 5, .image = "a", .last_image = "b" }, "needs a film of 6 frames" },
        { { .prompt = "a", .frames = 1, .last_image = "b" }, "needs a film of 2 frames" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_error err = { 0 };
        cohl_plan plan;
        if (cohl_request_check(engine, &cases[i].r, &plan, &err) != COHL_ERR_ARGUMENT || !strstr(err.text, cases[i].says) ||
            strchr(err.text, '\n'))
            fail_msg("case %zu: \"%s\", expected \"%s\"", i, err.text, cases[i].says);
    }
}

static void test_defaults_are_the_models(void **state)
{
    cohl_request r = cohl_request_default();
    cohl_plan plan;
    r.prompt = "a red balloon";
    assert_int_equal(cohl_request_check(engine, &r, &plan, NULL), COHL_OK);
    assert_int_equal(plan.width, 64);
    assert_int_equal(plan.frames, 33);
    assert_int_equal(plan.steps, 4);
    assert_string_equal(plan.solver, "euler");
    assert_true(plan.guidance == 2 && plan.shift == 3 && plan.fps == 8 && plan.reuse == 0);
    assert_int_equal(plan.unknown_count, 0);
}

static void test_any_size_of_the_grid_is_filmed_and_an_unlearned_one_told(void **state)
{
    static const struct { int width, height; bool learned; } cases[] = {
        { 64, 96, true }, { 96, 64, true }, { 32, 32, false }, { 160, 32, false }, { 96, 160, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_request r = usual();
        cohl_plan plan;
        r.width = cases[i].width, r.height = cases[i].height, r.frames = 5;
        assert_int_equal(cohl_request_check(engine, &r, &plan, NULL), COHL_OK);
        bool told = false;
        for (int n = 0; n < plan.note_count; n++)
            told = told || strstr(plan.note[n], "was not taught");
        if (told == cases[i].learned)
            fail_msg("%dx%d: %s", r.width, r.height, told ? "told as unlearned" : "not told");
        film f = make(engine, &r);
        assert_int_equal(f.count, 5);
        assert_int_equal(f.bytes, r.width * r.height * 3);
        free(f.rgb);
    }
}

static void test_words_that_were_not_taught_are_named_with_the_nearest(void **state)
{
    static const struct { const char *prompt, *word, *nearest; } cases[] = {
        { "a red cat", "cat", "dog" },
        { "un CHÂTEAU rouge", "château", "maison" },
        { "a yelow balloon", "yelow", "yellow" },
        { "a white lighthouse", "lighthouse", "" },     /* second act, though the table has it */
        { "a quixotic balloon", "quixotic", "" },
        { "A red balloon, slowly. L\xe2\x80\x99homme", NULL, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_request r = usual();
        cohl_plan plan;
        r.prompt = cases[i].prompt;
        assert_int_equal(cohl_request_check(engine, &r, &plan, NULL), COHL_OK);
        if (plan.unknown_count != (cases[i].word ? 1 : 0))
            fail_msg("\"%s\": %d words, the first \"%s\"", r.prompt, plan.unknown_count, plan.unknown[0].word);
        if (cases[i].word) {
            assert_string_equal(plan.unknown[0].word, cases[i].word);
            assert_string_equal(plan.unknown[0].nearest, cases[i].nearest);
        }
    }
}

static void test_a_prompt_longer_than_the_model_reads_is_told(void **state)
{
    cohl_request r = usual();
    cohl_plan plan;
    r.prompt = "a red balloon drifts over a white village, a red balloon drifts over a white village, a red balloon "
               "drifts over a white village, a red balloon drifts over a white village";
    assert_int_equal(cohl_request_check(engine, &r, &plan, NULL), COHL_OK);
    assert_int_equal(plan.note_count, 1);
    assert_non_null(strstr(plan.note[0], "reads the first 31"));
}

static void replace(const char *name, const char *text)
{
    assert_int_equal(cohl_file_write(path_of(name), text, strlen(text), NULL), COHL_OK);
}

static void test_a_broken_model_is_named(void **state)
{
    static const struct { const char *name, *text, *says; } cases[] = {
        { "broken/model_index.json", "{ \"cohl\": { \"known\": \"magic\" } }", "magic" },
        { "broken/model_index.json", "{ \"cohl\": { \"frames\": [5, 16] } }", "16 is not 4k+1" },
        { "broken/model_index.json", "{ \"cohl\": { \"sizes\": [[50, 64]] } }", "multiples of 32" },
        { "broken/model_index.json", "[", "model_index.json" },
        { "broken/scheduler/config.json", "{ \"solver\": \"magic\" }", "magic" },
        { "broken/text_encoder/config.json", "{ \"vocab\": 400, \"dim\": 14, \"dim_attn\": 8, \"dim_ffn\": 16, "
          "\"num_heads\": 2, \"num_layers\": 2, \"num_buckets\": 8, \"max_distance\": 16 }", "[400, 14]" },
        { "broken/vae/model.safetensors", "nonsense", "vae/model.safetensors" },
        { "broken/transformer/model.safetensors", NULL, "transformer" },
        { "broken/tokenizer/words.tsv", NULL, "words.tsv" },
        { "broken/tokenizer/words.tsv", "#space\t3\n#byte\t100\na\t400\n", "ids up to 400" },
        { "broken/tokenizer/words.tsv", "#space\t3\n#byte\t145\na\t4\n", "ids up to 400" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char command[300];
        cohl_error err = { 0 };
        cohl_engine *broken = NULL;
        snprintf(command, sizeof command, "rm -rf %s/broken && cp -r %s %s/broken", folder, model, folder);
        assert_int_equal(system(command), 0);
        if (cases[i].text)
            replace(cases[i].name, cases[i].text);
        else
            assert_int_equal(unlink(path_of(cases[i].name)), 0);
        if (!cohl_engine_open(&broken, &(cohl_engine_params){ .model = path_of("broken") }, &err) || broken ||
            !strstr(err.text, cases[i].says))
            fail_msg("case %zu: \"%s\", expected \"%s\"", i, err.text, cases[i].says);
    }
}

static void test_parts_of_two_models_do_not_fit_each_other(void **state)
{
    char command[400];
    cohl_engine *mixed = NULL;
    cohl_error err = { 0 };
    assert_int_equal(tiny_told_write(path_of("told"), &err), COHL_OK);
    snprintf(command, sizeof command, "cp -r %s %s/mixed && rm -r %s/mixed/transformer && cp -r %s/told/transformer %s/mixed",
             model, folder, folder, folder, folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(cohl_engine_open(&mixed, &(cohl_engine_params){ .model = path_of("mixed") }, &err), COHL_ERR_FORMAT);
    if (!strstr(err.text, "the transformer takes 16 and makes 6 channels, the autoencoder's latents have 6"))
        fail_msg("\"%s\"", err.text);
}

/* ---- sampling ------------------------------------------------------------ */

/* One Euler step is linear in the velocity, so with guidance 3 it lands at 3 * with - 2 * without. */
static void test_guidance_in_one_pack_is_guidance_in_two(void **state)
{
    enum { COUNT = 2 * 4 * 4 * 6 };
    float latent[3][COUNT];
    const float scale[3] = { 1, 0, 3 };
    const int32_t id[] = { 4, 5, 6, 1 };
    cohl_ctx ctx;
    cohl_film_model *m;
    cohl_schedule schedule;
    assert_int_equal(cohl_ctx_open(&ctx, &(cohl_ctx_params){ 0 }, NULL), COHL_OK);
    assert_int_equal(cohl_film_model_load(&m, model, &ctx, COHL_F32, NULL), COHL_OK);
    assert_int_equal(cohl_schedule_make(&schedule, cohl_schedule_kinds[0], 1, 1, NULL), COHL_OK);
    for (int i = 0; i < 3; i++) {
        cohl_sample_request r = { .text = m->text, .dit = m->dit, .id = id, .id_count = 4, .frames = 2, .height = 4,
                                  .width = 4, .schedule = &schedule, .solver = cohl_solver_find("euler"),
                                  .guidance = scale[i], .seed = 3 };
        assert_int_equal(cohl_sample_latents(&ctx, &r, latent[i], NULL), COHL_OK);
    }
    for (int i = 0; i < COUNT; i++)
        assert_true(fabsf(latent[2][i] - (3 * latent[0][i] - 2 * latent[1][i])) < 1e-4f);
    cohl_film_model_free(m);
    cohl_ctx_close(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_frames_with_any_number_of_threads),
        cmocka_unit_test(test_another_seed_prompt_or_guidance_gives_another_film),
        cmocka_unit_test(test_a_slower_rate_leaves_frames_out_and_a_faster_one_doubles_them),
        cmocka_unit_test(test_given_pictures_come_back_as_they_are),
        cmocka_unit_test(test_a_callers_frames_are_those_of_a_file),
        cmocka_unit_test(test_a_cancelled_run_leaves_nothing),
        cmocka_unit_test(test_a_cost_is_told_beforehand_and_changes_nothing),
        cmocka_unit_test(test_a_film_carries_the_request_that_makes_it_again),
        cmocka_unit_test(test_foretold_steps_are_the_same_with_any_threads_and_come_again),
        cmocka_unit_test(test_a_recipe_knows_its_pictures_again),
        cmocka_unit_test(test_a_recipe_finds_a_picture_whose_name_is_no_utf8),
        cmocka_unit_test(test_bad_requests_get_one_sentence_that_says_what_is_right),
        cmocka_unit_test(test_defaults_are_the_models),
        cmocka_unit_test(test_any_size_of_the_grid_is_filmed_and_an_unlearned_one_told),
        cmocka_unit_test(test_words_that_were_not_taught_are_named_with_the_nearest),
        cmocka_unit_test(test_a_prompt_longer_than_the_model_reads_is_told),
        cmocka_unit_test(test_a_broken_model_is_named),
        cmocka_unit_test(test_parts_of_two_models_do_not_fit_each_other),
        cmocka_unit_test(test_guidance_in_one_pack_is_guidance_in_two),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
