/* bench_known.c - films that go on from film: are seams seen, does a minute stay itself?
 *
 * Held-out scenes of the theatre are given as files, as anybody would give them. A seam is held
 * against the film's own median step from frame to frame. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/rng.h"
#include "base/text.h"
#include "bench/bench.h"
#include "bench/known_film.h"
#include "bench/known_found.h"
#include "bench/record.h"
#include "engine/clip.h"
#include "engine/unmarked.h"
#include "media/sheet.h"
#include "media/still.h"
#include "model/critic.h"
#include "theatre/casting.h"

enum { FILMS = 60, SHOWN = 10, PICTURES = 8, STREAM = 0x6b6e6f77, STREAM_STILL = 0x7374696c, SHORT_SECONDS = 5, MINUTE = 60 };

static const double SEAM_MOST = 1.5, PLACE_MOST = 0.1, DRIFT_MOST = 0.02, MEMORY_MOST = 50e6, POINTS_MOST = 5;

/* What must come back as it was given: seconds of the film, of a clip; none where `seconds` is 0. */
typedef struct given_part {
    double at, seconds;
    int    clip;
    double from;
} given_part;
enum { PARTS = 2 };

/* What is made, and where it is joined, in seconds of the clips that are given (2 s, of fill 3 s). */
typedef struct way {
    const char *name;
    cohl_given  given;
    double      clip_seconds, seconds, gap_begin, gap_end;
    bool        loop;
    double      seam[2];       /* seconds of the film; < 0: none */
    int         made[2], whose[2];   /* at each seam: behind it (1) or before (-1); beside which clip */
    given_part  part[PARTS];
} way;

static const way ways[] = {
    { "extend",        COHL_GIVEN_EXTEND,        2, 2, 0, 0, false, { 2, -1 }, { 1, 0 }, { 0, 0 }, { { 0, 2, 0, 0 } } },
    { "extend-before", COHL_GIVEN_EXTEND_BEFORE, 2, 2, 0, 0, false, { 2.0625, -1 }, { -1, 0 }, { 0, 0 }, { { 2.0625, 2, 0, 0 } } },
    { "fill",          COHL_GIVEN_FILL,          3, 0, 1, 2, false, { 1, 2 }, { 1, -1 }, { 0, 0 }, { { 0, 1, 0, 0 }, { 2, 1, 0, 2 } } },
    { "between",       COHL_GIVEN_BETWEEN,       2, 1, 0, 0, false, { 2, 3 }, { 1, -1 }, { 0, 1 }, { { 0, 2, 0, 0 }, { 3, 2, 1, 0 } } },
    { "blend",         COHL_GIVEN_BLEND,         2, 1, 0, 0, false, { 1, 2 }, { 1, -1 }, { 0, 1 }, { { 0, 1, 0, 0 }, { 2, 1, 1, 1 } } },
    { "loop",          COHL_GIVEN_EXTEND,        2, 2, 0, 0, true,  { 2, 4 }, { 1, -1 }, { 0, 0 }, { { 0, 2, 0, 0 } } },
    { "remix",         COHL_GIVEN_REMIX,         2, 0, 0, 0, false, { -1, -1 }, { 0, 0 }, { 0, 0 }, { { 0, 0, 0, 0 } } },
};
enum { WAYS = sizeof ways / sizeof *ways };

typedef struct known {
    const cohl_bench_params *params;
    cohl_engine  *engine;
    cohl_model_info info;
    cohl_critic  *critic;      /* NULL: none ships */
    cohl_workers *workers;
    cohl_ctx      ctx;         /* the critic's */
    char          folder[64], clip[2][96];
    int           count, act, width, height;
    cohl_bench_record *record;
    char          digest[COHL_DIGEST_HEX];      /* of the model, where results are kept */
    char          critic_digest[COHL_DIGEST_HEX];
    cohl_sheet_cell cell[SHOWN * PICTURES];
    int           shown;       /* films on the sheet */
} known;

/* One film as it comes. */
typedef struct watching {
    known_measures measures;
    cohl_frame *kept[PICTURES], *frame, *middle;
    int pick[PICTURES];              /* which frames are kept for the sheet */
    const way *way;                  /* NULL: of a minute */
    int frames, middle_at;
    cohl_frame **first, **last;      /* [second] a second of each, or NULL */
    int second;
    /* what must be the given films' */
    engine_clip *clip[2];
    int given, wrong;                /* frames of them, and those that are not */
    double fps;
} watching;

static void free_frames(cohl_frame **frame, int count)
{
    for (int i = 0; frame && i < count; i++)
        cohl_frame_free(frame[i]);
    free(frame);
}

static void free_watching(watching *w)
{
    known_measures_free(&w->measures);
    for (int i = 0; i < PICTURES; i++)
        cohl_frame_free(w->kept[i]);
    cohl_frame_free(w->frame);
    cohl_frame_free(w->middle);
    free_frames(w->first, w->second);
    free_frames(w->last, w->second);
    for (int i = 0; i < 2; i++)
        engine_clip_close(w->clip[i]);
}

static cohl_status keep_copy(cohl_frame **place, const cohl_frame *frame, cohl_error *err)
{
    cohl_frame_free(*place);
    return cohl_frame_copy(place, frame, err);
}

/* Is a frame of the film that was given as it was given? */
static cohl_status compare_given(watching *w, int index, const uint8_t *rgb, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (int i = 0; i < PARTS && w->way && !st; i++) {
        const given_part *p = &w->way->part[i];
        const cohl_frame *given;
        int at = index - (int)(p->at * w->fps + 0.5);
        if (at < 0 || at >= (int)(p->seconds * w->fps + 0.5) ||
            (st = engine_clip_at(w->clip[p->clip], p->from + at / w->fps, &given, err)))
            continue;
        w->given++;
        w->wrong += memcmp(given->rgb, rgb, cohl_frame_bytes(given)) != 0;
    }
    return st;
}

static cohl_status look(void *user, int index, const uint8_t *rgb, cohl_error *err)
{
    watching *w = user;
    cohl_status st = COHL_OK;
    memcpy(w->frame->rgb, rgb, cohl_frame_bytes(w->frame));
    for (int i = 0; i < PICTURES && !st; i++)
        if (w->pick[i] == index)
            st = keep_copy(&w->kept[i], w->frame, err);
    if (!st && index == w->middle_at)
        st = keep_copy(&w->middle, w->frame, err);
    if (!st && w->first && index < w->second)
        st = keep_copy(&w->first[index], w->frame, err);
    if (!st && w->last && index >= w->frames - w->second)
        st = keep_copy(&w->last[index - (w->frames - w->second)], w->frame, err);
    if (!st)
        st = compare_given(w, index, rgb, err);
    return st ? st : known_measures_add(&w->measures, w->frame, err);
}

static int by_number(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

/* Two frames on either side of each seam; the rest is spread over the film. */
static void choose_pictures(watching *w)
{
    int count = 0, rest;
    for (int i = 0; i < 2 && w->way; i++)
        for (int at = -2; at < 2 && w->way->seam[i] >= 0; at++)
            w->pick[count++] = ((int)(w->way->seam[i] * w->fps + 0.5) + at) % w->frames;
    rest = PICTURES - count;
    for (int i = 0; i < rest; i++)
        w->pick[count + i] = cohl_sheet_pick(i, rest, w->frames);
    qsort(w->pick, PICTURES, sizeof *w->pick, by_number);
}

static cohl_status make_film(known *k, watching *w, const cohl_request *request, cohl_run_report *report, cohl_error *err)
{
    cohl_run *run = NULL;
    cohl_status st = cohl_run_new(&run, k->engine, request, err);
    if (!st) {
        w->frames = cohl_run_plan(run)->frames, w->fps = k->info.fps;
        choose_pictures(w);
        st = cohl_frame_new(&w->frame, cohl_run_plan(run)->width, cohl_run_plan(run)->height, err);
    }
    if (!st) st = engine_run_unmarked(run, look, w, report, err);
    cohl_run_free(run);
    return st;
}

static cohl_scene_request scenes_of(const known *k, double seconds)
{
    cohl_scene_request request = cohl_scene_request_default();
    request.act = k->act, request.held_out = true, request.fps = k->info.fps;
    request.width = k->width, request.height = k->height;
    request.frames = (int)(seconds * k->info.fps + 0.5), request.actors_min = request.actors_max = 1;
    return request;
}

/* Scene i for a minute: nothing in it asks for another picture, so what changes is drift. The camera stands still,
 * and the subject stays where it is seen. */
static void stage_still(const known *k, int i, cohl_scene *scene, cohl_text *caption)
{
    const cohl_scene_request request = scenes_of(k, 1);
    uint64_t draw = 0, seed = cohl_rng_mix(k->params->seed + STREAM_STILL, (uint64_t)i);
    do
        cohl_scene_draw(scene, &request, cohl_rng_mix(seed, draw++));
    while (scene->move != COHL_MOVE_STATIC || cohl_casting_crosses(scene->actor[0].action));
    cohl_scene_caption(scene, caption, COHL_ENGLISH, false, 0);
}

/* Scene i, `seconds` long, as a file: the same subject in the second as in the first, elsewhere. */
static cohl_status stage(known *k, int i, int which, double seconds, cohl_scene *scene, cohl_text *caption, cohl_error *err)
{
    const cohl_scene_request request = scenes_of(k, seconds);
    cohl_scene_draw(scene, &request, cohl_rng_mix(k->params->seed + STREAM, (uint64_t)(2 * i + which)));
    if (!which)
        cohl_scene_caption(scene, caption, COHL_ENGLISH, false, 0);
    return known_film_write(scene, k->clip[which], err);
}

static cohl_status open_engine(known *k, cohl_error *err)
{
    cohl_engine_params engine = { .model = k->params->model, .threads = k->params->threads,
                                  .without_frame_checks = true };   /* nobody is shown them */
    cohl_status st = cohl_engine_open(&k->engine, &engine, err);
    if (st)
        return st;
    k->info = cohl_engine_model(k->engine);
    k->width = k->params->width ? k->params->width : k->info.size[0][0];
    k->height = k->params->height ? k->params->height : k->info.size[0][1];
    return COHL_OK;
}

static cohl_request request_of(const known *k, int i, const char *prompt)
{
    cohl_request r = cohl_request_default();
    r.prompt = prompt, r.seed = cohl_rng_mix(k->params->seed, (uint64_t)i), r.steps = k->params->steps;
    r.width = k->width, r.height = k->height;
    return r;
}

/* ---- what is found ------------------------------------------------------- */

typedef struct findings {
    double worst_difference, worst_colour, worst_place;
    int    films, seams, good_seams, given_frames, wrong_frames, places, good_places;
} findings;

static void count_in(findings *all, const known_found *f)
{
    all->films++, all->seams += f->seams, all->good_seams += f->good_seams;
    all->given_frames += f->given_frames, all->wrong_frames += f->wrong_frames;
    all->worst_difference = fmax(all->worst_difference, f->difference);
    all->worst_colour = fmax(all->worst_colour, f->colour);
    if (f->place < 0)
        return;
    all->places++, all->good_places += f->place <= PLACE_MOST;
    all->worst_place = fmax(all->worst_place, f->place);
}

static cohl_status own_steps(known_measures *own, const char *path, const watching *w, cohl_error *err)
{
    engine_clip *clip;
    const cohl_frame *frame;
    cohl_status st = engine_clip_open(&clip, path, w->frame->width, w->frame->height, err);
    for (int f = 0; !st && f < engine_clip_pictures(clip); f++)
        if (!(st = engine_clip_at(clip, f / w->fps, &frame, err)))
            st = known_measures_add(own, frame, err);
    if (!st || clip)
        engine_clip_close(clip);
    return st;
}

static cohl_status judge_seams(known *k, const way *way, const watching *w, known_found *out, cohl_error *err)
{
    const known_measures *m = &w->measures;
    cohl_status st = COHL_OK;
    for (int i = 0; i < 2 && !st; i++) {
        known_measures own = { 0 };
        int at = (int)(way->seam[i] * w->fps + 0.5);
        if (way->seam[i] < 0 || at >= m->count)
            continue;
        st = own_steps(&own, k->clip[way->whose[i]], w, err);
        double difference = known_seam(m->difference, m->count, at, way->made[i], own.difference, own.count);
        double colour = known_seam(m->colour, m->count, at, way->made[i], own.colour, own.count);
        out->difference = fmax(out->difference, difference);
        out->colour = fmax(out->colour, colour);
        out->seams++;
        out->good_seams += difference <= SEAM_MOST && colour <= SEAM_MOST;
        known_measures_free(&own);
    }
    return st;
}

/* The subject's place at the middle of the gap, against the scene's own frame there. */
static cohl_status judge_place(const cohl_scene *scene, const watching *w, known_found *out, cohl_error *err)
{
    cohl_frame *truth = NULL;
    size_t pixels = (size_t)scene->width * (size_t)scene->height;
    uint8_t *mask = malloc(pixels);
    cohl_status st = mask ? cohl_frame_new(&truth, scene->width, scene->height, err)
                          : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a mask");
    if (!st) {
        cohl_scene_render(scene, w->middle_at, &(cohl_picture){ .rgb = truth->rgb, .mask = mask });
        double wanted = known_place(truth, truth, mask), found = known_place(w->middle, truth, mask);
        out->place = wanted < 0 ? -1 : found < 0 ? 1 : fabs(found - wanted);
    }
    cohl_frame_free(truth);
    free(mask);
    return st;
}

/* ---- sheets -------------------------------------------------------------- */

static void clear_sheet(known *k)
{
    for (int i = 0; i < SHOWN * PICTURES; i++)
        cohl_frame_free((cohl_frame *)k->cell[i].frame);
    memset(k->cell, 0, sizeof k->cell);
    k->shown = 0;
}

static void show(known *k, watching *w)
{
    if (!k->params->sheet || k->shown == SHOWN)
        return;
    for (int i = 0; i < PICTURES; i++) {
        k->cell[k->shown * PICTURES + i].frame = w->kept[i];
        w->kept[i] = NULL;
    }
    k->shown++;
}

/* "known.png" -> "known-fill.png". */
static cohl_status write_sheet(known *k, const char *name, cohl_error *err)
{
    cohl_sheet_params params = cohl_sheet_params_default();
    cohl_frame *sheet = NULL;
    cohl_text path = { 0 }, title = { 0 };
    cohl_status st = COHL_OK;
    if (k->params->sheet && k->shown) {
        const char *dot = strrchr(k->params->sheet, '.');
        int stem = dot ? (int)(dot - k->params->sheet) : (int)strlen(k->params->sheet);
        cohl_text_addf(&path, "%.*s-%s.png", stem, k->params->sheet, name);
        cohl_text_addf(&title, "%s: films of held-out scenes; two pictures on either side of each seam", name);
        params.columns = PICTURES, params.cell_width = 160, params.margin = 3, params.title = title.data;
        st = cohl_sheet_new(&sheet, k->cell, k->shown * PICTURES, &params, err);
        if (!st)
            st = cohl_still_write(path.data, sheet, NULL, 0, err);
    }
    cohl_frame_free(sheet);
    cohl_text_free(&path);
    cohl_text_free(&title);
    clear_sheet(k);
    return st;
}

/* ---- each way ------------------------------------------------------------ */

/* A loop's first frame follows its last: it is the given film's own. */
static cohl_status go_round(watching *w, cohl_error *err)
{
    const cohl_frame *first;
    cohl_status st = engine_clip_at(w->clip[0], 0, &first, err);
    return st ? st : known_measures_add(&w->measures, first, err);
}

static cohl_status try_way(known *k, const way *way, int i, known_found *out, cohl_error *err)
{
    cohl_scene scene, other;
    cohl_text caption = { 0 };
    watching w = { .way = way, .middle_at = -1 };
    cohl_status st = stage(k, i, 0, way->clip_seconds, &scene, &caption, err);
    if (!st) st = stage(k, i, 1, way->clip_seconds, &other, NULL, err);
    for (int c = 0; c < 2 && !st; c++)
        st = engine_clip_open(&w.clip[c], k->clip[c], scene.width, scene.height, err);
    cohl_request r = request_of(k, i, caption.data);
    r.given = way->given, r.clip[0] = k->clip[0], r.clip[1] = k->clip[1], r.loop = way->loop;
    r.seconds = way->seconds, r.gap_begin = way->gap_begin, r.gap_end = way->gap_end;
    if (way->given == COHL_GIVEN_FILL)
        w.middle_at = (int)((way->gap_begin + way->gap_end) / 2 * k->info.fps);
    if (!st) st = make_film(k, &w, &r, NULL, err);
    if (!st && way->loop) st = go_round(&w, err);
    if (!st) st = judge_seams(k, way, &w, out, err);
    if (!st && w.middle) st = judge_place(&scene, &w, out, err);
    if (!st) {
        out->given_frames = w.given, out->wrong_frames = w.wrong;
        show(k, &w);
    }
    cohl_text_free(&caption);
    free_watching(&w);
    return st;
}

static void report_way(const way *way, const findings *f, cohl_bench_report *report)
{
    if (way->part[0].seconds > 0)
        cohl_bench_add(report, COHL_BENCH_AT_MOST, 0, "frames", f->given_frames ? f->wrong_frames : NAN, "%s: not as given, of %d given",
                       way->name, f->given_frames);
    if (f->seams) {
        cohl_bench_add(report, COHL_BENCH_AT_MOST, SEAM_MOST, "medians", f->worst_difference, "%s: step at a seam",
                       way->name);
        cohl_bench_add(report, COHL_BENCH_AT_MOST, SEAM_MOST, "medians", f->worst_colour, "%s: colour at a seam",
                       way->name);
        cohl_text_addf(&report->words, "%s: %d of %d seams within %.1f medians\n", way->name, f->good_seams, f->seams,
                       SEAM_MOST);
    }
    if (f->places) {
        cohl_bench_add(report, COHL_BENCH_AT_MOST, PLACE_MOST, "widths", f->worst_place, "%s: place of the subject",
                       way->name);
        cohl_text_addf(&report->words, "%s: %d of %d subjects within %.2f of the width\n", way->name, f->good_places,
                       f->places, PLACE_MOST);
    }
}

/* ---- a minute ------------------------------------------------------------ */

typedef struct minute {
    double colour, contrast, worst_colour, worst_contrast, flash;
    int right[2], of[2], films, good_colour, good_contrast;
} minute;

static void count_minute(minute *all, const known_found *f)
{
    all->films++;
    all->colour += f->drift_colour, all->contrast += f->drift_contrast;
    all->good_colour += f->drift_colour <= DRIFT_MOST, all->good_contrast += f->drift_contrast <= DRIFT_MOST;
    all->flash = fmax(all->flash, f->flash);
    all->worst_colour = fmax(all->worst_colour, f->drift_colour);
    all->worst_contrast = fmax(all->worst_contrast, f->drift_contrast);
    for (int end = 0; end < 2; end++)
        all->right[end] += f->right[end], all->of[end] += f->of[end];
}

/* Setting, subjects and colours that the critic sees right. */
static cohl_status judge_second(known *k, cohl_frame **frames, int count, const cohl_wanted *wanted, int *right, int *of,
                                cohl_error *err)
{
    cohl_verdict verdict;
    cohl_status st = cohl_critic_judge(&k->ctx, k->critic, (const cohl_frame *const *)frames, count, &verdict, err);
    if (st)
        return st;
    cohl_score score = cohl_verdict_score(&verdict, wanted);
    for (int i = 0; i < score.count; i++) {
        cohl_word_kind kind = score.answer[i].kind;
        if (kind != COHL_WORD_SETTING && kind != COHL_WORD_SUBJECT && kind != COHL_WORD_COLOUR)
            continue;
        ++*of;
        *right += score.answer[i].wanted == score.answer[i].seen;
    }
    return COHL_OK;
}

/* Means of the first and of the last second. */
static void drift_of(const known_measures *m, int second, double *colour, double *contrast)
{
    double mean[2][3] = { { 0 } }, deviation[2] = { 0 };
    second = second < m->count ? second : m->count;
    for (int i = 0; i < second; i++)
        for (int end = 0; end < 2; end++) {
            int at = end ? m->count - 1 - i : i;
            deviation[end] += m->contrast[at] / second;
            for (int c = 0; c < 3; c++)
                mean[end][c] += m->mean[at][c] / second;
        }
    *colour = 0;
    for (int c = 0; c < 3; c++)
        *colour = fmax(*colour, fabs(mean[1][c] - mean[0][c]) / 255);
    *contrast = fabs(deviation[1] - deviation[0]) / fmax(deviation[0], 1);
}

static cohl_status try_minute(known *k, int i, known_found *out, cohl_error *err)
{
    cohl_scene scene;
    cohl_text caption = { 0 };
    watching w = { .middle_at = -1, .second = (int)(k->info.fps + 0.5) };
    cohl_status st = COHL_OK;
    stage_still(k, i, &scene, &caption);
    w.first = calloc((size_t)w.second, sizeof *w.first), w.last = calloc((size_t)w.second, sizeof *w.last);
    if (!w.first || !w.last)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for two seconds of film");
    cohl_request r = request_of(k, i, caption.data);
    r.frames = k->params->frames ? k->params->frames : (int)(MINUTE * k->info.fps + 0.5);
    if (!st) st = make_film(k, &w, &r, NULL, err);
    cohl_wanted wanted = cohl_wanted_of_scene(&scene);
    if (!st && k->critic && w.frames >= 2 * w.second &&
        !(st = judge_second(k, w.first, w.second, &wanted, &out->right[0], &out->of[0], err)))
        st = judge_second(k, w.last, w.second, &wanted, &out->right[1], &out->of[1], err);
    if (!st) {
        drift_of(&w.measures, w.second, &out->drift_colour, &out->drift_contrast);
        for (int f = 1; f < w.measures.count; f++)
            out->flash = fmax(out->flash, w.measures.colour[f]);
        show(k, &w);
    }
    cohl_text_free(&caption);
    free_watching(&w);
    return st;
}

/* The largest resident size of a process that does nothing but make one film, of one step. */
static cohl_status film_memory(const cohl_bench_params *p, bool whole, double *bytes, cohl_error *err)
{
    known k = { .params = p };
    watching w = { .middle_at = -1 };
    cohl_status st = open_engine(&k, err);
    cohl_request r = request_of(&k, 0, "a red balloon drifts over a white village");
    if (!st) {
        int most = p->frames ? p->frames : (int)(MINUTE * k.info.fps + 0.5), few = (int)(SHORT_SECONDS * k.info.fps + 0.5);
        r.frames = whole || most < few ? most : few, r.steps = 1;
        st = make_film(&k, &w, &r, NULL, err);
    }
    *bytes = (double)cohl_peak_resident_bytes();
    free_watching(&w);
    cohl_engine_close(k.engine);
    return st;
}

/* The same in a child, which tells by a pipe; it is made while this process has no threads. */
static cohl_status film_memory_of_child(const cohl_bench_params *p, bool whole, double *bytes, cohl_error *err)
{
    struct told { cohl_status st; double bytes; cohl_error err; } told = { 0 };
    int end[2], status;
    if (pipe(end))
        return cohl_fail(err, COHL_ERR_IO, "no pipe to a process that makes a film");
    fflush(NULL);
    pid_t child = fork();
    if (!child) {
        told.st = film_memory(p, whole, &told.bytes, &told.err);
        _exit(write(end[1], &told, sizeof told) != (ssize_t)sizeof told);
    }
    close(end[1]);
    bool heard = child > 0 && read(end[0], &told, sizeof told) == (ssize_t)sizeof told;
    close(end[0]);
    if (child > 0)
        waitpid(child, &status, 0);
    if (!heard)
        return cohl_fail(err, COHL_ERR_IO, "the process that was to make a film ended without one");
    *bytes = told.bytes;
    return told.st ? cohl_fail(err, told.st, "%s", told.err.text) : COHL_OK;
}

static cohl_status measure_memory(const cohl_bench_params *params, cohl_bench_report *report, cohl_error *err)
{
    double bytes[2];
    for (int i = 0; i < 2; i++) {
        cohl_status st = film_memory_of_child(params, i, &bytes[i], err);
        if (st)
            return st;
    }
    cohl_bench_add(report, COHL_BENCH_AT_MOST, MEMORY_MOST / 1e6, "MB", (bytes[1] - bytes[0]) / 1e6,
                   "minute: memory beyond that of %d s", SHORT_SECONDS);
    cohl_bench_add(report, COHL_BENCH_NO_FLOOR, 0, "MB", bytes[1] / 1e6, "minute: memory of the process");
    return COHL_OK;
}

static void report_minute(const minute *m, cohl_bench_report *report)
{
    double points = m->of[0] && m->of[1] ? 100 * fabs((double)m->right[1] / m->of[1] - (double)m->right[0] / m->of[0]) : NAN;
    cohl_bench_add(report, COHL_BENCH_AT_MOST, DRIFT_MOST, "share", m->colour / m->films, "minute: drift of colour");
    cohl_bench_add(report, COHL_BENCH_AT_MOST, DRIFT_MOST, "share", m->contrast / m->films, "minute: drift of contrast");
    cohl_bench_add(report, COHL_BENCH_NO_FLOOR, 0, "share", m->worst_colour, "minute: the worst of colour");
    cohl_bench_add(report, COHL_BENCH_NO_FLOOR, 0, "share", m->worst_contrast, "minute: the worst of contrast");
    cohl_bench_add(report, COHL_BENCH_NO_FLOOR, 0, "levels", m->flash, "minute: largest step of colour");
    cohl_text_addf(&report->words, "minute: within %g %%: colour of %d, contrast of %d of %d films\n", 100 * DRIFT_MOST,
                   m->good_colour, m->good_contrast, m->films);
    cohl_bench_add(report, COHL_BENCH_AT_MOST, POINTS_MOST, "points", points, "minute: what the critic sees");
    if (isnan(points))
        cohl_text_addf(&report->words, "minute: setting, subject and colour in the last second are not measured: there is no "
                       "critic in the model's folder (--critic FOLDER names another), or the films were too short\n");
    else
        cohl_text_addf(&report->words, "minute: the critic sees %d of %d right in the first second, %d of %d in the last\n",
                       m->right[0], m->of[0], m->right[1], m->of[1]);
}

/* ---- all of it ----------------------------------------------------------- */

/* A model without a critic is measured all the same, but for the critic's row; one that is named is there. */
static cohl_status open_critic(known *k, cohl_error *err)
{
    cohl_bench_params where = *k->params;
    where.model = k->info.folder;
    char *folder = where.critic ? strdup(where.critic) : cohl_bench_part(&where, "critic");
    cohl_status st = folder ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    if (!st && (where.critic || cohl_folder_exists(folder)))
        st = cohl_critic_load(&k->critic, &k->ctx, folder, err);
    if (!st && k->critic && k->params->record)
        st = cohl_digest_folder(k->critic_digest, folder, err);
    free(folder);
    return st;
}

static cohl_status open_all(known *k, cohl_error *err)
{
    cohl_status st;
    if ((st = open_engine(k, err)) || (st = cohl_workers_new(&k->workers, k->params->threads, err)) ||
        (st = cohl_ctx_open(&k->ctx, &(cohl_ctx_params){ .workers = k->workers }, err)))
        return st;
    k->act = k->params->act ? k->params->act : 1;
    k->count = k->params->count ? k->params->count : FILMS;
    if ((k->params->record && (st = cohl_digest_folder(k->digest, k->info.folder, err))) ||
        (st = cohl_bench_record_open(&k->record, k->params->record, err)))
        return st;
    snprintf(k->folder, sizeof k->folder, "/tmp/cohl-known-XXXXXX");
    if (!mkdtemp(k->folder))
        return cohl_fail(err, COHL_ERR_IO, "%s: cannot make a folder for films to be given", k->folder);
    for (int i = 0; i < 2; i++)
        snprintf(k->clip[i], sizeof k->clip[i], "%s/%c.mp4", k->folder, 'a' + i);
    return open_critic(k, err);
}

static void close_all(known *k)
{
    clear_sheet(k);
    unlink(k->clip[0]);
    unlink(k->clip[1]);
    if (k->folder[0])
        rmdir(k->folder);
    cohl_bench_record_close(k->record);
    cohl_critic_free(k->critic);
    if (k->ctx.backend)
        cohl_ctx_close(&k->ctx);
    cohl_workers_free(k->workers);
    cohl_engine_close(k->engine);
    free(k);
}

/* ---- what is asked for --------------------------------------------------- */

static bool is_wanted(const known *k, const char *kind, const char *group)
{
    const char *only = k->params->only;
    return !only || !strcmp(only, kind) || (group && !strcmp(only, group));
}

static const char *group_of(const way *way)
{
    return way->given == COHL_GIVEN_FILL && !way->loop ? "gap" : NULL;
}

static bool way_wanted(const known *k, const way *way)
{
    return is_wanted(k, way->name, "seams") || is_wanted(k, way->name, group_of(way));
}

static cohl_status check_only(const known *k, cohl_error *err)
{
    bool any = is_wanted(k, "minute", NULL) || is_wanted(k, "memory", NULL);
    for (int i = 0; i < WAYS; i++)
        any = any || way_wanted(k, &ways[i]);
    return any ? COHL_OK : cohl_fail(err, COHL_ERR_ARGUMENT, "nothing to measure is called \"%.40s\", expected extend, "
                                     "extend-before, fill, between, blend, loop, remix, seams, gap, minute or memory",
                                     k->params->only);
}

/* Film `film` of a kind (a minute where way is NULL), or what the record says of it. */
static cohl_status look_at_film(known *k, const way *way, int film, known_found *found, cohl_error *err)
{
    const cohl_bench_params *p = k->params;
    cohl_text key = { 0 };
    cohl_text_addf(&key, "%s, film %d, all given: %dx%d, %d frames, %d steps, act %d, seed %llu, model %.16s", way ? way->name : "still minute",
                   film, k->width, k->height, way ? 0 : p->frames, p->steps, k->act, (unsigned long long)p->seed, k->digest);
    if (!way && k->critic)
        cohl_text_addf(&key, ", critic %.16s", k->critic_digest);
    cohl_status st = key.failed ? cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name") : COHL_OK;
    const json_t *before = st ? NULL : cohl_bench_record_find(k->record, key.data);
    *found = (known_found){ .place = -1 };
    if (before)
        *found = known_found_read(before);
    else if (!st && !(st = way ? try_way(k, way, film, found, err) : try_minute(k, film, found, err)))
        st = cohl_bench_record_add(k->record, key.data, known_found_json(found), err);
    cohl_text_free(&key);
    return st;
}

static void tell(const known *k, int kind, int film)
{
    if (k->params->progress)
        k->params->progress(kind * k->count + film + 1, (WAYS + 1) * k->count);
}

static cohl_status run_ways(known *k, cohl_bench_report *report, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (int i = 0; i < WAYS && !st; i++) {
        findings all = { 0 };
        for (int film = 0; film < k->count && !st && way_wanted(k, &ways[i]); film++) {
            known_found found;
            if (!(st = look_at_film(k, &ways[i], film, &found, err)))
                count_in(&all, &found);
            tell(k, i, film);
        }
        if (!st) st = write_sheet(k, ways[i].name, err);
        if (!st && all.films)
            report_way(&ways[i], &all, report);
    }
    return st;
}

static cohl_status run_minutes(known *k, cohl_bench_report *report, cohl_error *err)
{
    minute all = { 0 };
    cohl_status st = COHL_OK;
    for (int film = 0; film < k->count && !st; film++) {
        known_found found;
        if (!(st = look_at_film(k, NULL, film, &found, err)))
            count_minute(&all, &found);
        tell(k, WAYS, film);
    }
    if (!st) st = write_sheet(k, "minute", err);
    if (!st)
        report_minute(&all, report);
    return st;
}

cohl_status cohl_bench_known(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err)
{
    known *k = calloc(1, sizeof *k);
    if (!k)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a bench");
    k->params = params;
    cohl_status st = check_only(k, err);
    if (!st && is_wanted(k, "memory", NULL)) st = measure_memory(params, report, err);
    if (!st) st = open_all(k, err);
    if (!st) st = run_ways(k, report, err);
    if (!st && is_wanted(k, "minute", NULL)) st = run_minutes(k, report, err);
    close_all(k);
    return st;
}
