/* Tests of films made from film that is given: by the tests' tiny model, whose pictures are noise,
 * so that nothing of what is given could come back by chance. */
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
#include "../sanitized.h"
#include "base/file.h"
#include "cohl/cohl.h"
#include "engine/clip.h"
#include "engine/unmarked.h"
#include "media/still.h"
#include "media/writer.h"
#include "tiny.h"

enum { SIDE = 64, FPS = 8 };

static char model[64];
static cohl_engine *engine;
static int rate = FPS;      /* of the engine's model, frames a second */

/* A disc crosses a slope of colours; `tint` tells films apart. */
static void paint(cohl_frame *frame, int index, int tint)
{
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++) {
            uint8_t *at = cohl_frame_row(frame, y) + 3 * x;
            int dx = x - 2 * index - 10, dy = y - frame->height / 2, disc = dx * dx + dy * dy < 100;
            at[0] = (uint8_t)(disc ? 220 : x * 2 + tint);
            at[1] = (uint8_t)(disc ? 40 : y * 2);
            at[2] = (uint8_t)(disc ? 60 : 120);
        }
}

static cohl_status write_film(const char *path, int width, int height, int frames, double fps, int tint)
{
    cohl_film_params params = { width, height, fps, 12, NULL, 0 };
    cohl_film_target target;
    cohl_film_writer *writer = NULL;
    cohl_frame *frame = NULL;
    cohl_status st = cohl_film_target_parse(&target, path, NULL);
    if (!st) st = cohl_film_writer_open(&writer, &target, &params, NULL);
    if (!st) st = cohl_frame_new(&frame, width, height, NULL);
    for (int i = 0; i < frames && !st; i++) {
        paint(frame, i, tint);
        st = cohl_film_writer_put(writer, frame, NULL);
    }
    st = cohl_film_writer_close(writer, st, NULL, NULL);
    cohl_frame_free(frame);
    cohl_film_target_free(&target);
    return st;
}

static int set_up(void **state)
{
    cohl_error err = { 0 };
    if (folder_make(state))
        return 1;
    snprintf(model, sizeof model, "%s/model", folder);
    return tiny_model_write(model, &err) ||
           cohl_engine_open(&engine, &(cohl_engine_params){ .model = model, .threads = 2 }, &err) ||
           write_film(path_of("a.mp4"), SIDE, SIDE, 24, FPS, 0) || write_film(path_of("b.mp4"), SIDE, SIDE, 20, FPS, 90) ||
           write_film(path_of("odd.webm"), 128, 80, 25, 12.5, 40);
}

static int tear_down(void **state)
{
    cohl_engine_close(engine);
    return folder_remove(state);
}

/* ---- films --------------------------------------------------------------- */

typedef struct film { int count; uint8_t *rgb; } film;

static const size_t frame_bytes = (size_t)SIDE * SIDE * 3;

static cohl_status keep(void *user, int index, const uint8_t *rgb, cohl_error *err)
{
    film *f = user;
    f->rgb = realloc(f->rgb, (size_t)(f->count + 1) * frame_bytes);
    memcpy(f->rgb + (size_t)f->count++ * frame_bytes, rgb, frame_bytes);
    return COHL_OK;
}

static film make(cohl_engine *with, const cohl_request *request)
{
    cohl_run *run;
    cohl_error err = { 0 };
    film f = { 0 };
    if (cohl_run_new(&run, with, request, &err) || engine_run_unmarked(run, keep, &f, NULL, &err))
        fail_msg("%s", err.text);
    assert_int_equal(f.count, cohl_run_plan(run)->frames);
    cohl_run_free(run);
    return f;
}

static cohl_request usual(cohl_given given, const char *first, const char *second)
{
    cohl_request r = cohl_request_default();
    r.prompt = "a red balloon", r.seed = 4, r.steps = 2, r.guidance = 1, r.given = given;
    r.width = r.height = SIDE;
    r.clip[0] = first ? path_of(first) : NULL, r.clip[1] = second ? path_of(second) : NULL;
    return r;
}

/* Frames `at`... of the film are those of `path` from frame `from` of it, at the model's rate. */
static bool carries(const film *f, int at, int count, const char *path, int from)
{
    engine_clip *clip;
    const cohl_frame *frame;
    bool same = true;
    assert_int_equal(engine_clip_open(&clip, path, SIDE, SIDE, NULL), COHL_OK);
    for (int i = 0; i < count && same; i++) {
        assert_int_equal(engine_clip_at(clip, (double)(from + i) / rate, &frame, NULL), COHL_OK);
        same = at + i < f->count && !memcmp(f->rgb + (size_t)(at + i) * frame_bytes, frame->rgb, frame_bytes);
    }
    engine_clip_close(clip);
    return same;
}

static void mean_of(const film *f, int index, double mean[3])
{
    mean[0] = mean[1] = mean[2] = 0;
    for (size_t i = 0; i < frame_bytes; i++)
        mean[i % 3] += f->rgb[(size_t)index * frame_bytes + i] / (frame_bytes / 3.0);
}

/* The largest step of mean colour between frames begin-1, begin, ..., end. */
static double largest_step(const film *f, int begin, int end)
{
    double most = 0, mean[2][3];
    for (int i = begin; i <= end && i < f->count; i++) {
        mean_of(f, i - 1, mean[0]);
        mean_of(f, i, mean[1]);
        for (int c = 0; c < 3; c++)
            most = fmax(most, fabs(mean[1][c] - mean[0][c]));
    }
    return most;
}

/* ---- what is given comes back -------------------------------------------- */

/* Seconds, and where the given frames stand: up to two pieces of a film each. */
static const struct {
    cohl_given given;
    const char *first, *second;
    double seconds, gap_begin, gap_end;
    bool loop;
    int frames, piece[2][3];       /* at, count, from */
} cases[] = {
    { COHL_GIVEN_EXTEND, "a.mp4", NULL, 2, 0, 0, false, 40, { { 0, 24, 0 } } },
    { COHL_GIVEN_EXTEND, "a.mp4", NULL, 12, 0, 0, false, 120, { { 0, 24, 0 } } },
    { COHL_GIVEN_EXTEND, "a.mp4", NULL, 2, 0, 0, true, 40, { { 0, 24, 0 } } },
    { COHL_GIVEN_EXTEND_BEFORE, "a.mp4", NULL, 2, 0, 0, false, 41, { { 17, 24, 0 } } },
    { COHL_GIVEN_EXTEND_BEFORE, "a.mp4", NULL, 12, 0, 0, false, 121, { { 97, 24, 0 } } },
    { COHL_GIVEN_FILL, "a.mp4", NULL, 0, 1, 1.75, false, 24, { { 0, 8, 0 }, { 14, 10, 14 } } },
    { COHL_GIVEN_FILL, "a.mp4", NULL, 0, 0, 1, false, 24, { { 8, 16, 8 } } },
    { COHL_GIVEN_BETWEEN, "a.mp4", "b.mp4", 1.5, 0, 0, false, 56, { { 0, 24, 0 }, { 36, 20, 0 } } },
    { COHL_GIVEN_BLEND, "a.mp4", "b.mp4", 1, 0, 0, false, 36, { { 0, 16, 0 }, { 24, 12, 8 } } },
    { COHL_GIVEN_REMIX, "a.mp4", NULL, 0, 0, 0, false, 24, { { 0, 0, 0 } } },
    { COHL_GIVEN_BETWEEN, "odd.webm", "a.mp4", 2, 0, 0, false, 56, { { 0, 16, 0 }, { 32, 24, 0 } } },
};
enum { CASES = sizeof cases / sizeof *cases, LONG_AGAIN = 4 };

static cohl_request request_of(int i)
{
    cohl_request r = usual(cases[i].given, cases[i].first, cases[i].second);
    r.seconds = cases[i].seconds, r.gap_begin = cases[i].gap_begin, r.gap_end = cases[i].gap_end;
    r.loop = cases[i].loop;
    return r;
}

/* The film of a case, made once. Sanitizers see one film of many windows, not two. */
static const film *film_of(int i)
{
    static film made[CASES];
    cohl_request r = request_of(i);
    if (!made[i].rgb && !(SANITIZED && i == LONG_AGAIN))
        made[i] = make(engine, &r);
    return made[i].rgb ? &made[i] : NULL;
}

static void test_given_frames_come_back_as_they_are_wherever_they_stand(void **state)
{
    for (int i = 0; i < CASES; i++) {
        cohl_request r = request_of(i);
        if (!film_of(i))
            continue;
        film f = *film_of(i);
        if (f.count != cases[i].frames)
            fail_msg("case %d: %d frames, expected %d", i, f.count, cases[i].frames);
        for (int k = 0; k < 2; k++) {
            const int *p = cases[i].piece[k];
            const char *path = k && cases[i].second ? r.clip[1] : r.clip[0];
            if (p[1] && !carries(&f, p[0], p[1], path, p[2]))
                fail_msg("case %d: the given frames from %d on are not as they were", i, p[0]);
            if (p[1] && p[0] && carries(&f, p[0] - 1, 1, path, p[2] - 1))
                fail_msg("case %d: frame %d was not made", i, p[0] - 1);
        }
    }
}

/* Mean |difference| of two frames. */
static double step_between(const film *f, int before, int after)
{
    const uint8_t *a = f->rgb + (size_t)before * frame_bytes, *b = f->rgb + (size_t)after * frame_bytes;
    double sum = 0;
    for (size_t i = 0; i < frame_bytes; i++)
        sum += abs(a[i] - b[i]);
    return sum / (double)frame_bytes;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* The median step of given frames [at, at + count), half a level at least. */
static double own_step(const film *f, int at, int count)
{
    double step[64];
    assert_true(count > 1 && count <= 64);
    for (int i = 1; i < count; i++)
        step[i - 1] = step_between(f, at + i - 1, at + i);
    qsort(step, (size_t)count - 1, sizeof *step, by_size);
    return fmax(step[(count - 1) / 2], 0.5);
}

/* Two steps on the made side of a join, of which the first crosses it. */
static void expect_calm(const film *f, int which, int join, int direction, double own)
{
    for (int i = 0; i < 2; i++) {
        int at = join + i * direction, before = direction > 0 ? at - 1 : at, after = before + 1;
        double step = step_between(f, before, after % f->count);
        if (step > 1.5 * own)
            fail_msg("case %d: from frame %d to %d a step of %.2f levels, the given film's own are %.2f", which, before,
                     after % f->count, step, own);
    }
}

/* The tiny model's noise is up to 80 levels from the given films, and they meet within a second of eight
 * frames: of these the two beside each join may not change by more than the given film does, and six share
 * the way, of which frames that flicker need twice as much (engine/ease.c). In a blend both joins lie in one second:
 * two for each. */
static void test_no_join_flashes(void **state)
{
    for (int i = 0; i < CASES; i++) {
        if (cases[i].given == COHL_GIVEN_REMIX || !film_of(i))
            continue;                        /* one window: no join, and nothing is calmed */
        film f = *film_of(i);
        double most = cases[i].given == COHL_GIVEN_BLEND ? 2 * 80 / 2.0 : 2 * 80 / 6.0, step = largest_step(&f, 1, f.count - 1);
        if (step > most)
            fail_msg("case %d: the mean colour jumps by %.1f levels", i, step);
        for (int k = 0; k < 2 && cases[i].piece[k][1]; k++) {
            int begin = cases[i].piece[k][0], count = cases[i].piece[k][1], end = begin + count;
            int near = count < FPS + 1 ? count : FPS + 1;      /* a second of it, as the model sees it */
            if (begin)
                expect_calm(&f, i, begin - 1, -1, own_step(&f, begin, near));
            if (end < f.count)
                expect_calm(&f, i, end, 1, own_step(&f, end - near, near));
            if (cases[i].loop)
                expect_calm(&f, i, f.count - 1, -1, own_step(&f, begin, near));
        }
    }
}

static void test_same_frames_with_any_number_of_threads(void **state)
{
    cohl_engine *other;
    cohl_engine_params params = { .model = model, .threads = 3 };
    assert_int_equal(cohl_engine_open(&other, &params, NULL), COHL_OK);
    for (int i = SANITIZED ? 5 : 1; i < CASES; i += 3) {
        cohl_request r = request_of(i);
        film again = make(other, &r);
        const film *first = film_of(i);
        assert_int_equal(first->count, again.count);
        assert_memory_equal(first->rgb, again.rgb, (size_t)again.count * frame_bytes);
        free(again.rgb);
    }
    cohl_engine_close(other);
}

static void test_a_loop_leads_back_to_its_first_frame(void **state)
{
    cohl_request r = usual(COHL_GIVEN_NOTHING, NULL, NULL);
    r.loop = true, r.seconds = 4;
    film f = make(engine, &r);
    double last[3], first[3];
    assert_int_equal(f.count, 32);
    mean_of(&f, f.count - 1, last);
    mean_of(&f, 0, first);
    for (int c = 0; c < 3; c++)
        assert_true(fabs(last[c] - first[c]) < 4);
    free(f.rgb);
}

static void test_a_given_film_keeps_its_own_pictures_at_another_rate(void **state)
{
    cohl_request r = usual(COHL_GIVEN_EXTEND, "odd.webm", NULL);
    r.fps = 12.5, r.seconds = 1;
    film f = make(engine, &r);
    engine_clip *clip;
    const cohl_frame *frame;
    assert_int_equal(engine_clip_open(&clip, r.clip[0], SIDE, SIDE, NULL), COHL_OK);
    for (int i = 0; i < 24; i++) {
        assert_int_equal(engine_clip_at(clip, i / 12.5, &frame, NULL), COHL_OK);
        assert_memory_equal(f.rgb + (size_t)i * frame_bytes, frame->rgb, frame_bytes);
    }
    engine_clip_close(clip);
    free(f.rgb);
}

static void test_a_recipe_makes_it_again_and_knows_its_film(void **state)
{
    for (int i = 0; i < CASES; i += SANITIZED ? 5 : 2) {
        cohl_request r = request_of(i), again;
        cohl_run_report report[2];
        cohl_recipe_text *recipe;
        cohl_error err = { 0 };
        cohl_film to = { .path = path_of("again.mp4") };
        for (int k = 0; k < 2; k++) {
            cohl_run *run;
            if (k && cohl_request_from_film(&again, &recipe, to.path, &err))
                fail_msg("%s", err.text);
            if (cohl_run_new(&run, engine, k ? &again : &r, &err) || cohl_run_film(run, &to, &report[k], &err))
                fail_msg("case %d: %s", i, err.text);
            cohl_run_free(run);
        }
        assert_string_equal(report[0].packets, report[1].packets);
        assert_int_equal(strlen(again.clip_sha256[0]), 64);
        again.clip[0] = path_of("b.mp4");
        cohl_run *run;
        assert_int_equal(cohl_run_new(&run, engine, &again, &err) == COHL_OK, false);
        cohl_recipe_free(recipe);
    }
}

/* ---- bad input ----------------------------------------------------------- */

static void test_bad_films_and_gaps_get_one_sentence(void **state)
{
    const char *sound = COHL_CORPUS "/sound.mkv", *a = path_of("a.mp4"), *b = path_of("b.mp4"), *torn = path_of("torn.mp4");
    const char *nothing = path_of("nothing.mp4"), *still = path_of("still.png");
    char *bytes;
    size_t size;
    cohl_frame *frame;
    assert_int_equal(cohl_file_read(&bytes, &size, a, 1 << 20, NULL), COHL_OK);
    assert_int_equal(cohl_file_write(torn, bytes, size / 2, NULL), COHL_OK);
    free(bytes);
    assert_int_equal(cohl_frame_new(&frame, SIDE, SIDE, NULL), COHL_OK);
    assert_int_equal(cohl_still_write(still, frame, NULL, 0, NULL), COHL_OK);
    cohl_frame_free(frame);
    const struct { cohl_request r; const char *says; } bad[] = {
        { { .given = COHL_GIVEN_FILL, .clip = { a }, .gap_begin = 2, .gap_end = 9 }, "lies outside the film, which lasts 3 s" },
        { { .given = COHL_GIVEN_FILL, .clip = { a }, .gap_begin = 2, .gap_end = 1 }, "the first before the second" },
        { { .given = COHL_GIVEN_FILL, .clip = { a }, .gap_begin = NAN, .gap_end = 1 }, "the first before the second" },
        { { .given = COHL_GIVEN_FILL, .clip = { a }, .gap_begin = 1, .gap_end = 2, .seconds = 1 }, "the gap says how long" },
        { { .given = COHL_GIVEN_FILL, .clip = { still }, .gap_begin = 1, .gap_end = 2 }, "expected a film" },
        { { .given = COHL_GIVEN_BLEND, .clip = { a, b }, .seconds = 2.6, .strength = 1 }, "the shorter of them" },
        { { .given = COHL_GIVEN_BLEND, .clip = { a }, .strength = 1 }, "expected two films" },
        { { .given = COHL_GIVEN_REMIX, .clip = { a }, .strength = 0 }, "strength is 0" },
        { { .given = COHL_GIVEN_REMIX, .clip = { a }, .strength = NAN }, "strength is nan" },
        { { .given = COHL_GIVEN_EXTEND, .clip = { nothing } }, "nothing.mp4" },
        { { .given = COHL_GIVEN_EXTEND, .clip = { sound } }, "holds no picture" },
        { { .given = COHL_GIVEN_EXTEND, .clip = { torn } }, "torn.mp4" },
        { { .given = COHL_GIVEN_EXTEND, .clip = { a }, .image = still }, "one of the two" },
        { { .given = COHL_GIVEN_EXTEND, .clip = { a }, .seconds = 61 }, "at most 60 s" },
        { { .given = COHL_GIVEN_FILL, .clip = { a }, .gap_begin = 1, .gap_end = 2, .loop = true }, "a loop" },
        { { .loop = true, .last_image = still }, "a loop" },
        { { .image = a }, "expected a picture" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cohl_request r = bad[i].r;
        cohl_error err = { 0 };
        cohl_run *run = NULL;
        r.prompt = "a";
        if (!cohl_run_new(&run, engine, &r, &err) || run || !strstr(err.text, bad[i].says) || strchr(err.text, '\n'))
            fail_msg("case %zu: \"%s\", expected \"%s\"", i, err.text, bad[i].says);
    }
}

static void test_what_a_model_cannot_is_refused_by_name_with_what_can(void **state)
{
    static const struct { const char *known; cohl_given given; const char *says; } bad[] = {
        { "timestep:first", COHL_GIVEN_FILL, "small cannot fill a gap: it takes the first frame" },
        { "timestep:first", COHL_GIVEN_BLEND, "what it can: go on after a film, remix a film, begin from a picture" },
        { "none", COHL_GIVEN_EXTEND, "small cannot go on after a film" },
        { "timestep:first", COHL_GIVEN_EXTEND, NULL }, { "none", COHL_GIVEN_REMIX, NULL },
    };
    char other[128], command[400];
    snprintf(other, sizeof other, "%s/other", folder);
    snprintf(command, sizeof command, "cp -r %s %s", model, other);
    assert_int_equal(system(command), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char index[400], path[200];
        cohl_engine *small;
        cohl_plan plan;
        cohl_error err = { 0 };
        cohl_request r = usual(bad[i].given, "a.mp4", "b.mp4");
        r.gap_begin = 1, r.gap_end = 2;
        snprintf(path, sizeof path, "%s/model_index.json", other);
        snprintf(index, sizeof index, "{ \"cohl\": { \"name\": \"small\", \"known\": \"%s\", \"fps\": 8, \"frames\": [5, 33],"
                 " \"sizes\": [[64, 64]] } }", bad[i].known);
        assert_int_equal(cohl_file_write(path, index, strlen(index), NULL), COHL_OK);
        if (cohl_engine_open(&small, &(cohl_engine_params){ .model = other, .threads = 1 }, &err))
            fail_msg("%s", err.text);
        cohl_status st = cohl_request_check(small, &r, &plan, &err);
        if (!!st != !!bad[i].says || (st && (st != COHL_ERR_UNSUPPORTED || !strstr(err.text, bad[i].says))))
            fail_msg("case %zu: \"%s\"", i, err.text);
        cohl_engine_close(small);
    }
}

/* ---- films of phones and cameras ------------------------------------------ */

/* Ten bits, turned, pixels that are not square, pictures that last differently long: all of it fits. */
static void test_odd_films_go_on_and_are_blended(void **state)
{
    static const char *const names[] = { "deep.mkv", "turned.mp4", "wide.mp4", "uneven.mkv" };
    for (int i = 0; i < 4; i++) {
        char path[300];
        engine_clip *clip;
        snprintf(path, sizeof path, "%s/%s", COHL_CORPUS, names[i]);
        assert_int_equal(engine_clip_open(&clip, path, SIDE, SIDE, NULL), COHL_OK);
        int frames = (int)(engine_clip_seconds(clip) * FPS + 1e-3);
        engine_clip_close(clip);
        for (int blend = 0; blend < 2 && frames >= 2; blend++) {
            cohl_request r = usual(blend ? COHL_GIVEN_BLEND : COHL_GIVEN_EXTEND, NULL, blend ? "a.mp4" : NULL);
            r.clip[0] = path, r.seconds = blend ? 2.0 / FPS : 0.5;
            film f = make(engine, &r);
            if (!carries(&f, 0, frames - 2 * blend, path, 0) || (blend && !carries(&f, frames, 22, r.clip[1], 2)))
                fail_msg("%s: the given frames are not as they were", names[i]);
            free(f.rgb);
        }
    }
}

/* ---- real footage -------------------------------------------------------- */

static bool find_footage(char out[512], const char *name)
{
    const char *shared = getenv("COHL_SHARED");
    snprintf(out, 512, "%s/media/%s", shared ? shared : COHL_SOURCE "/../shared", name);
    return cohl_file_exists(out);
}

static int frames_of_film(const char *path)
{
    engine_clip *clip;
    assert_int_equal(engine_clip_open(&clip, path, SIDE, SIDE, NULL), COHL_OK);
    int frames = (int)(engine_clip_seconds(clip) * rate + 1e-3);
    engine_clip_close(clip);
    return frames;
}

/* The given frames stand at the begin, or (of what comes before) at the end. */
static void pass_footage(int which, const char *path, const char *other)
{
    cohl_request r = request_of(which);
    int frames = frames_of_film(path);
    r.clip[0] = path, r.clip[1] = r.clip[1] ? other : NULL;
    r.seconds = fmin(r.seconds, 1);
    r.gap_begin = r.gap_begin ? 0.5 : 0, r.gap_end = 1;
    film f = make(engine, &r);
    bool before = r.given == COHL_GIVEN_EXTEND_BEFORE;
    int count = r.given == COHL_GIVEN_FILL ? (int)(r.gap_begin * rate) : r.given == COHL_GIVEN_BLEND ? frames - rate :
                r.given == COHL_GIVEN_REMIX ? 0 : frames, at = before ? f.count - frames : 0;
    if (count && !carries(&f, at, count, path, 0))
        fail_msg("%s, case %d: the %d given frames are not as they were", path, which, count);
    if (count > rate && before)
        expect_calm(&f, which, at - 1, -1, own_step(&f, at, rate + 1));
    else if (count > rate)
        expect_calm(&f, which, count, 1, own_step(&f, count - rate - 1, rate + 1));
    free(f.rgb);
}

/* All of it through the film that is small; the others, whose pictures take their time, share it. */
static void test_real_footage_passes_through_all_of_them(void **state)
{
    static const char *const names[] = { "sign-thanks.mkv", "bunny.mp4", "cars.mp4", "bottles.mp4" };
    for (int n = 0; n < 4; n++) {
        char path[512], other[512];
        if (!find_footage(path, names[n]) || !find_footage(other, "sign-thanks.mkv")) {
            print_message("%s is not there: skipped\n", path);
            skip();
        }
        for (int i = n ? n - 1 : 0; i < CASES; i += n ? 3 : 1)
            pass_footage(i, path, other);
    }
}

/* Mean difference of the films that two seeds make, in levels. */
static double apart_by_seed(cohl_engine *with, cohl_request r)
{
    double sum = 0;
    film one = make(with, &r), other = (r.seed++, make(with, &r));
    assert_int_equal(one.count, other.count);
    for (size_t i = 0; i < (size_t)one.count * frame_bytes; i++)
        sum += abs(one.rgb[i] - other.rgb[i]);
    sum /= (double)one.count * (double)frame_bytes;
    free(one.rgb);
    free(other.rgb);
    return sum;
}

/* A model that is told of film beside the sample starts a remix from the film all the same, and goes
 * on over more than one window. */
static void test_a_model_that_is_told_of_film_remixes_and_goes_on(void **state)
{
    char folder_told[128];
    cohl_engine *told;
    cohl_error err = { 0 };
    snprintf(folder_told, sizeof folder_told, "%s/told", folder);
    if (tiny_told_write(folder_told, &err) ||
        cohl_engine_open(&told, &(cohl_engine_params){ .model = folder_told, .threads = 2 }, &err))
        fail_msg("%s", err.text);
    cohl_request remix = usual(COHL_GIVEN_REMIX, "a.mp4", NULL), on = usual(COHL_GIVEN_EXTEND, "a.mp4", NULL);
    remix.strength = 1;
    double anew = apart_by_seed(told, remix);
    remix.strength = 0.02;
    double little = apart_by_seed(told, remix);
    if (!(anew > 1 && little < anew / 8))
        fail_msg("two seeds are %g levels apart, %g at a strength of 0.02", anew, little);
    on.frames = 48;
    film f = make(told, &on);
    assert_int_equal(f.count, 72);
    assert_true(carries(&f, 0, 24, path_of("a.mp4"), 0));
    free(f.rgb);
    cohl_engine_close(told);
}

/* The model that ships, in place of the tiny one. */
static int set_up_mini(void **state)
{
    if (folder_make(state))
        return 1;
    rate = 16;
    return cohl_engine_open(&engine, &(cohl_engine_params){ .model = COHL_SOURCE "/models/mini", .threads = 1 }, NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_given_frames_come_back_as_they_are_wherever_they_stand),
        cmocka_unit_test(test_no_join_flashes),
        cmocka_unit_test(test_same_frames_with_any_number_of_threads),
        cmocka_unit_test(test_a_loop_leads_back_to_its_first_frame),
        cmocka_unit_test(test_a_given_film_keeps_its_own_pictures_at_another_rate),
        cmocka_unit_test(test_a_recipe_makes_it_again_and_knows_its_film),
        cmocka_unit_test(test_bad_films_and_gaps_get_one_sentence),
        cmocka_unit_test(test_what_a_model_cannot_is_refused_by_name_with_what_can),
        cmocka_unit_test(test_a_model_that_is_told_of_film_remixes_and_goes_on),
        cmocka_unit_test(test_odd_films_go_on_and_are_blended),
    };
    const struct CMUnitTest footage[] = {
        cmocka_unit_test(test_real_footage_passes_through_all_of_them),
    };
    if (argc > 2 && !strcmp(argv[1], "footage") && !strcmp(argv[2], "mini"))
        return cmocka_run_group_tests(footage, set_up_mini, tear_down);
    if (argc > 1 && !strcmp(argv[1], "footage"))
        return cmocka_run_group_tests(footage, set_up, tear_down);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
