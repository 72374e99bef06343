/* generate.c - `cohl generate "..."`: a film from words. */
#define _GNU_SOURCE
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/given.h"
#include "cli/options.h"
#include "cli/size.h"
#include "cli/stop.h"
#include "cohl/cohl.h"
#include "deliver/door.h"
#include "provenance/signer.h"

enum { TAKES_MAX = 1000 };
static const int UNASKED = -1;

/* What was typed; UNASKED or NULL where nothing was. */
typedef struct asked {
    const char *prompt, *out, *size, *solver, *noise, *negative, *image, *last_image, *model, *loras, *precision, *again, *seed,
               *signer, *memory, *decoder, *reuse;
    cohl_given_options given;
    double      seconds, fps, guidance, shift;
    int         frames, steps, takes, threads;
    bool        json, plan, no_report, no_sheet, quiet, label, tell_prompt, without_frame_checks;
} asked;

/* ---- Ctrl-C -------------------------------------------------------------- */

static cohl_run *volatile running;
static volatile sig_atomic_t stopped, opening, in_json;

/* While weights are loaded nothing is written that a stop could leave half done: it ends at once. */
static void stop_opening(void)
{
    static const char words[] = "cohl: cancelled while the model was opened\n",
                      json[] = "{\n \"ok\": false,\n \"films\": [],\n \"error\": {\"status\": \"cancelled\", "
                               "\"text\": \"cancelled while the model was opened\"}\n}\n";
    ssize_t told = write(STDERR_FILENO, words, sizeof words - 1);
    if (in_json)
        told = write(STDOUT_FILENO, json, sizeof json - 1);
    (void)told;                  /* who does not listen has stopped it all the same */
    _exit(COHL_EXIT_CANCELLED);
}

static void on_signal(int number)
{
    (void)number;
    cohl_run *run = running;
    stopped = 1;
    if (opening)
        stop_opening();
    if (run)
        cohl_run_cancel(run);
}

/* ---- what was typed, as a request ---------------------------------------- */

static cohl_status read_seed(const char *text, uint64_t *seed, cohl_error *err)
{
    if (!cohl_text_whole(text, seed))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "--seed is \"%.40s\", expected a whole number from 0 to "
                         "18446744073709551615", text);
    return COHL_OK;
}

static cohl_status read_reuse(const char *text, double *threshold, cohl_error *err)
{
    char *end;
    if (!strcmp(text, "off") || !strcmp(text, "auto")) {
        *threshold = !strcmp(text, "off") ? 0 : COHL_REUSE_AUTO;
        return COHL_OK;
    }
    *threshold = strtod(text, &end);
    if (end == text || *end || !(*threshold >= 0 && *threshold <= 1))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "--reuse is \"%.40s\", expected off, auto or an error to 1, such as "
                         "0.15", text);
    return COHL_OK;
}

/* A film is given in place of what a recipe says of length and pictures. */
static void forget_given(cohl_request *r)
{
    r->seconds = r->frames = 0;
    r->gap_begin = r->gap_end = 0;
    r->loop = false;
    r->image = r->image_sha256 = r->last_image = r->last_image_sha256 = NULL;
}

/* What was typed goes over what stands in the request (its defaults, or a film's recipe). */
static cohl_status lay_over(cohl_request *r, const asked *a, cohl_error *err)
{
    cohl_status st = COHL_OK;
    if (cohl_given_typed(&a->given)) forget_given(r);
    if (a->prompt) r->prompt = a->prompt;
    if (a->negative) r->negative = a->negative;
    if (a->solver) r->solver = a->solver;
    if (a->noise) r->noise = a->noise;
    if (a->decoder) r->decoder = a->decoder;
    if (a->image) r->image = a->image, r->image_sha256 = NULL;
    if (a->last_image) r->last_image = a->last_image, r->last_image_sha256 = NULL;
    if (a->seconds > 0) r->seconds = a->seconds, r->frames = 0;
    if (a->frames != UNASKED) r->frames = a->frames, r->seconds = a->seconds > 0 ? a->seconds : 0;
    if (a->fps > 0) r->fps = a->fps;
    if (a->steps != UNASKED) r->steps = a->steps;
    if (a->guidance >= 0) r->guidance = a->guidance;
    if (a->shift > 0) r->shift = a->shift;
    if (a->size) st = cohl_size_read(a->size, &r->width, &r->height, err);
    if (a->seed && !st) st = read_seed(a->seed, &r->seed, err);
    if (a->reuse && !st) st = read_reuse(a->reuse, &r->reuse, err);
    return st ? st : cohl_given_lay_over(r, &a->given, err);
}

/* A given film of ours says itself what it shows. */
static cohl_status borrow_prompt(cohl_request *r, cohl_recipe_text **recipe, cohl_error *err)
{
    cohl_request of_film;
    if (!r->clip[0] || cohl_request_from_film(&of_film, recipe, r->clip[0], NULL))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "missing PROMPT; cohl generate --help tells more");
    r->prompt = of_film.prompt;
    return COHL_OK;
}

static cohl_status make_request(cohl_request *out, cohl_recipe_text **recipe, const asked *a, cohl_error *err)
{
    cohl_status st = COHL_OK;
    *out = cohl_request_default();
    if (a->again)
        st = cohl_request_from_film(out, recipe, a->again, err);
    if (!st) st = lay_over(out, a, err);
    if (!st && !out->prompt)
        st = borrow_prompt(out, recipe, err);
    return st;
}

/* ---- names --------------------------------------------------------------- */

/* "film.mp4" -> "film-2.mp4", "shot/" -> "shot-2/", "shot/%04d.png" -> "shot-2/%04d.png" for a take of several; free() it. */
static char *take_path(const char *path, int take, int takes)
{
    char *out = NULL;
    size_t size = strlen(path), at;
    if (takes == 1)
        return strdup(path);
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    /* a folder of pictures: shot/take%04d.png */
    if (slash && (!slash[1] || (strchr(slash, '%') && dot > slash && !strcasecmp(dot, ".png")))) {
        at = (size_t)(slash - path);
    } else {
        at = dot && (!slash || dot > slash) ? (size_t)(dot - path) : size;
    }
    int digits = snprintf(NULL, 0, "%d", takes);
    return asprintf(&out, "%.*s-%0*d%s", (int)at, path, digits, take + 1, path + at) < 0 ? NULL : out;
}

/* The first take of `path` whose name is there already, or cannot be made; `takes` when all are free. */
static int first_taken(const char *path, int takes)
{
    int take = 0;
    for (bool free_one = true; free_one && take < takes; take += free_one) {
        char *name = take_path(path, take, takes);
        char *sheet = name ? cohl_door_sheet_path(name) : NULL, *report = name ? cohl_door_report_path(name) : NULL;
        free_one = sheet && report && !cohl_file_exists(name) && !cohl_file_exists(sheet) && !cohl_file_exists(report);
        free(name);
        free(sheet);
        free(report);
    }
    return take;
}

/* film.mp4, or film-2.mp4, ... when that is there: what was not named replaces nothing. */
static char *free_name(int takes)
{
    enum { NUMBERS_MOST = 1000000 };
    for (int number = 1; number < NUMBERS_MOST; number++) {
        char *path = NULL;
        if ((number == 1 ? asprintf(&path, "film.mp4") : asprintf(&path, "film-%d.mp4", number)) < 0)
            return NULL;
        if (first_taken(path, takes) == takes)
            return path;
        free(path);
    }
    return NULL;
}

/* ---- what is told -------------------------------------------------------- */

static void draw_bar(char out[32], double part)
{
    enum { CELLS = 24 };
    int full = (int)(part * CELLS + 0.5);
    for (int i = 0; i < CELLS; i++)
        out[i] = i < full ? '#' : '.';
    out[CELLS] = 0;
}

/* One line on a terminal that is written over; nothing elsewhere. */
static void show_progress(void *user, const cohl_run_progress *p)
{
    const asked *a = user;
    char bar[32], left[48] = "";
    if (a->quiet || !isatty(STDERR_FILENO))
        return;
    draw_bar(bar, (double)p->step / p->steps);
    if (p->seconds_left >= 0 && p->step < p->steps)
        snprintf(left, sizeof left, ", %.0f s left", ceil(p->seconds_left));
    fprintf(stderr, "\r%-8s %s %d/%d  %.2f/s%s\033[K", p->stage, bar, p->step, p->steps, p->rate, left);
    if (p->step == p->steps)
        fputs("\r\033[K", stderr);
    fflush(stderr);
}

static void warn_of_words(const cohl_plan *plan)
{
    for (int i = 0; i < plan->unknown_count; i++) {
        const cohl_unknown_word *u = &plan->unknown[i];
        fprintf(stderr, "cohl: the model was never taught \"%s\"%s%s%s\n", u->word, *u->nearest ? "; the nearest it "
                "knows is \"" : "; `cohl theatre words` lists what it was", u->nearest, *u->nearest ? "\"" : "");
    }
}

static void warn_of(const cohl_plan *plan)
{
    warn_of_words(plan);
    for (int i = 0; i < plan->note_count; i++)
        fprintf(stderr, "cohl: %s\n", plan->note[i]);
}

/* A key that others may read still signs; they could too. */
static void warn_of_signer(const char *path)
{
    cohl_signer signer;
    if (cohl_signer_open(&signer, path, NULL))
        return;
    if (*signer.warning)
        fprintf(stderr, "cohl: %s\n", signer.warning);
    cohl_signer_close(&signer);
}

/* WebM and GIF have no place for credentials. */
static void print_credentials(const char *path)
{
    size_t size = strlen(path);
    if (size && path[size - 1] != '/' && !cohl_credentials_inside(path))
        printf("%s.c2pa: its credentials, to be kept beside it (cohl verify %s)\n", path, path);
}

static void print_report(const char *path, const char *sheet, const cohl_plan *plan, const cohl_run_report *r)
{
    printf("%s: %d frames of %dx%d, %.2f s at %g fps\n", path, plan->frames, plan->width, plan->height, plan->seconds,
           plan->fps);
    if (sheet)
        printf("%s: its contact sheet\n", sheet);
    print_credentials(path);
    char asked[48] = "";
    if (r->passes < r->steps)
        snprintf(asked, sizeof asked, ", %d of them by the network,", r->passes);
    printf("%.1f s (%d steps%s %.1f s, decoding %.1f s, writing %.1f s), peak memory %.0f MiB, energy about %.0f J (%s)\n",
           r->seconds, r->steps, asked, r->sample_seconds, r->decode_seconds, r->deliver_seconds,
           (double)r->cost.peak_bytes / 1048576, r->cost.joules, r->cost.about);
    printf("for each of its %.2f seconds: %.1f s, %.1f s of processor, %.3g operations, %.0f J", plan->seconds,
           r->seconds / plan->seconds, r->cost.cpu_seconds / plan->seconds, r->cost.operations / plan->seconds,
           r->cost.joules / plan->seconds);
    if (*r->cost.currency)
        printf(", %.2g %s (%.2g in all, at %g a kWh)", r->cost.money / plan->seconds, r->cost.currency, r->cost.money,
               r->cost.price);
    puts("");
}

static json_t *words_json(const cohl_plan *plan)
{
    json_t *list = json_array();
    for (int i = 0; i < plan->unknown_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s?}", "word", plan->unknown[i].word, "nearest",
                                              *plan->unknown[i].nearest ? plan->unknown[i].nearest : NULL));
    return list;
}

static json_t *notes_json(const cohl_plan *plan)
{
    json_t *list = json_array();
    for (int i = 0; i < plan->note_count; i++)
        json_array_append_new(list, json_string(plan->note[i]));
    return list;
}

static json_t *plan_json(const cohl_plan *plan)
{
    return json_pack("{s:i, s:i, s:i, s:f, s:f, s:i, s:f}", "width", plan->width, "height", plan->height, "frames",
                     plan->frames, "fps", plan->fps, "seconds", plan->seconds, "model_frames", plan->model_frames,
                     "model_fps", plan->model_fps);
}

static json_t *report_json(const cohl_film *film, const cohl_run *run, const cohl_run_report *r)
{
    const cohl_plan *plan = cohl_run_plan(run);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:{s:f, s:f, s:f, s:f, s:f}, s:i, s:i, s:o, s:I, s:s, s:o, s:s?, s:o, s:o}",
                     "path", cohl_json_name(film->path), "sheet", cohl_json_name(film->sheet), "report",
                     cohl_json_name(film->report), "film", plan_json(plan),
                     "recipe", json_loads(cohl_run_recipe(run), 0, NULL),
                     "seconds", "all", r->seconds, "pictures", r->picture_seconds, "sampling", r->sample_seconds,
                     "decoding", r->decode_seconds, "delivery", r->deliver_seconds,
                     "steps", r->steps, "passes", r->passes,
                     "cost", json_loads(cohl_run_cost_text(run), 0, NULL),
                     "bytes", (json_int_t)r->bytes, "packets", r->packets,
                     "ledger_film", r->ledger_film ? json_integer(r->ledger_film) : json_null(),
                     "warning", *r->warning ? r->warning : NULL,
                     "unknown_words", words_json(plan), "notes", notes_json(plan));
}

/* ---- takes --------------------------------------------------------------- */

typedef struct session {
    const asked *asked;
    cohl_engine *engine;
    json_t      *films, *estimate, *plan;      /* with --json */
} session;

static json_t *estimate_json(const cohl_run_estimate *e)
{
    const cohl_run_cost *c = &e->cost;
    return json_pack("{s:f, s:f, s:f, s:s, s:f, s:f, s:f, s:s, s:f, s:s, s:o}", "seconds", e->seconds, "sampling",
                     e->sample_seconds, "decoding", e->decode_seconds, "about", e->about, "cpu_seconds", c->cpu_seconds,
                     "operations", c->operations, "joules", c->joules, "method", c->method, "watts", c->watts,
                     "joules_about", c->about, "money",
                     *c->currency ? json_pack("{s:f, s:s, s:f}", "amount", c->money, "currency", c->currency,
                                              "price_per_kwh", c->price) : json_null());
}

static json_t *memory_json(const cohl_run_memory *m)
{
    json_t *best = m->best_frames ? json_pack("{s:i, s:i, s:i}", "width", m->best_width, "height", m->best_height,
                                              "frames", m->best_frames) : json_null();
    return json_pack("{s:b, s:b, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}, s:o}",
                     "fits", m->fits, "streams", m->streams, "limit", (json_int_t)m->limit, "least", (json_int_t)m->least,
                     "whole", (json_int_t)m->whole, "parts", "program", (json_int_t)m->program, "decoder",
                     (json_int_t)m->decoder, "text", (json_int_t)m->text, "transformer", (json_int_t)m->transformer,
                     "transformer_held", (json_int_t)m->transformer_held, "words", (json_int_t)m->words, "pictures",
                     (json_int_t)m->pictures, "steps", (json_int_t)m->steps, "frames", (json_int_t)m->frames, "best", best);
}

static void print_part(const char *name, uint64_t bytes, const char *about)
{
    char size[COHL_MEMORY_TEXT];
    cohl_memory_print(size, bytes);
    if (bytes)
        printf("  %-12s %9s  %s\n", name, size, about);
}

static void print_memory(const cohl_run_memory *m)
{
    char limit[COHL_MEMORY_TEXT], least[COHL_MEMORY_TEXT], whole[COHL_MEMORY_TEXT], held[96];
    cohl_memory_print(limit, m->limit), cohl_memory_print(least, m->least), cohl_memory_print(whole, m->whole);
    cohl_memory_print(held, m->transformer_held);
    strcat(held, " of it in memory, the rest read at every step");
    printf("memory: %s at the least, %s for all weights at once; %s may be taken\n", least, whole, limit);
    print_part("transformer", m->transformer, m->streams ? held : "weights");
    print_part("text", m->text, "the text encoder's weights");
    print_part("decoder", m->decoder, "the autoencoder's weights");
    print_part("program", m->program, "with the film's own encoder");
    print_part("words", m->words, "to work in while words are read");
    print_part("pictures", m->pictures, "the same, while pictures are encoded");
    print_part("steps", m->steps, "the same, while it steps");
    print_part("frames", m->frames, "the same, while frames are decoded");
    if (m->fits)
        return;
    if (m->best_frames)
        printf("does not fit; --size %dx%d --frames %d does\n", m->best_width, m->best_height, m->best_frames);
    else
        puts("does not fit, nor does any smaller film");
}

static void tell_ahead(const asked *a, const cohl_run_estimate *e)
{
    FILE *to = a->plan ? stdout : stderr;
    fprintf(to, "%s%sabout %.*f s, %.3g operations and %.0f J ahead", a->plan ? "" : "cohl: ",
            a->takes > 1 ? "for each film, " : "", e->seconds < 10, e->seconds, e->cost.operations, e->cost.joules);
    if (*e->cost.currency)
        fprintf(to, ", %.2g %s", e->cost.money, e->cost.currency);
    fprintf(to, " (%s; energy is %s)\n", e->about, e->cost.about);
}

/* What each film will cost, before the first. */
static cohl_status tell_estimate(session *s, const cohl_run *run, cohl_error *err)
{
    const asked *a = s->asked;
    cohl_run_estimate e;
    if (a->quiet && !s->films && !a->plan)
        return COHL_OK;
    cohl_status st = cohl_run_estimate_cost(run, &e, err);
    if (st)
        return st;
    if (s->films)
        s->estimate = estimate_json(&e);
    if (a->plan ? !s->films : !a->quiet)
        tell_ahead(a, &e);
    return COHL_OK;
}

static void tell_film(session *s, const cohl_film *film, const cohl_run *run, const cohl_run_report *report)
{
    if (s->films)
        json_array_append_new(s->films, report_json(film, run, report));
    else
        print_report(film->path, film->sheet, cohl_run_plan(run), report);
    if (*report->warning)
        fprintf(stderr, "cohl: the film is there, but: %s\n", report->warning);
}

/* Its time too, where it fits. */
static cohl_status tell_memory(session *s, const cohl_run *run, cohl_error *err)
{
    cohl_run_memory memory;
    cohl_status st = cohl_run_memory_needed(run, &memory, err);
    if (st)
        return st;
    if (s->films)
        json_object_set_new(s->plan, "memory", memory_json(&memory));
    else
        print_memory(&memory);
    return memory.fits ? tell_estimate(s, run, err) : COHL_OK;
}

/* --plan: what would be made, for what, and nothing else. */
static cohl_status tell_plan(session *s, const cohl_film *film, const cohl_run *run, cohl_error *err)
{
    const cohl_plan *plan = cohl_run_plan(run);
    warn_of(plan);
    if (s->films)
        s->plan = json_pack("{s:o, s:o, s:o, s:o, s:o}", "path", cohl_json_name(film->path), "film", plan_json(plan), "recipe",
                            json_loads(cohl_run_recipe(run), 0, NULL), "unknown_words", words_json(plan), "notes",
                            notes_json(plan));
    else
        printf("%s: %d frames of %dx%d, %.2f s at %g fps, %d steps by %s%s\n", film->path, plan->frames, plan->width,
               plan->height, plan->seconds, plan->fps, plan->steps, plan->solver,
               plan->reuse > 0 ? ", those that can be foretold without the network" : "");
    return tell_memory(s, run, err);
}

static cohl_status make_take(session *s, cohl_run *run, const cohl_film *film, int take, cohl_error *err)
{
    const asked *a = s->asked;
    cohl_run_report report;
    cohl_status st = COHL_OK;

    if (!take && !a->quiet)
        warn_of(cohl_run_plan(run)), warn_of_signer(a->signer);
    cohl_run_watch(run, show_progress, (void *)a);
    if (stopped)
        cohl_run_cancel(run);
    if (!take)
        st = tell_estimate(s, run, err);
    if (!st)
        st = cohl_run_film(run, film, &report, err);
    if (!st)
        tell_film(s, film, run, &report);
    else if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    return st;
}

/* Checks its target; with `make` also makes it. */
static cohl_status do_take(session *s, const cohl_request *request, int take, bool make, cohl_error *err)
{
    const asked *a = s->asked;
    cohl_request own = *request;
    cohl_run *run = NULL;
    char *path = take_path(a->out, take, a->takes);
    char *sheet = path ? cohl_door_sheet_path(path) : NULL, *report = path ? cohl_door_report_path(path) : NULL;
    cohl_film film = { .path = path, .report = a->no_report ? NULL : report, .signer = a->signer, .label = a->label,
                       .prompt_in_credentials = a->tell_prompt };

    own.seed += (uint64_t)take;
    cohl_status st = path && sheet && report ? cohl_run_new(&run, s->engine, &own, err)
                                   : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    if (!st && !a->no_sheet && cohl_run_plan(run)->frames > 1)
        film.sheet = sheet;
    if (!st) st = cohl_film_check(run, &film, err);
    running = run;
    if (!st && make) st = a->plan ? tell_plan(s, &film, run, err) : make_take(s, run, &film, take, err);
    running = NULL;
    cohl_run_free(run);
    free(path);
    free(sheet);
    free(report);
    return st;
}

static cohl_status generate(session *s, cohl_error *err)
{
    const asked *a = s->asked;
    cohl_request request;
    cohl_recipe_text *recipe = NULL;
    cohl_engine_params params = { .model = a->model, .loras = a->loras, .threads = a->threads, .precision = a->precision,
                                  .without_frame_checks = a->without_frame_checks };
    cohl_status st = make_request(&request, &recipe, a, err);
    if (!st && a->memory) st = cohl_memory_read(&params.memory_bytes, "--memory", a->memory, err);
    if (a->again && !params.loras) params.loras = cohl_recipe_loras(recipe);
    if (a->again && !params.precision) params.precision = cohl_recipe_precision(recipe);
    in_json = a->json;
    opening = 1;
    if (!st) st = stopped ? cohl_fail(err, COHL_ERR_CANCELLED, "cancelled") : cohl_engine_open(&s->engine, &params, err);
    opening = 0;
    for (int take = 0; take < a->takes && !st; take++)
        st = stopped ? cohl_fail(err, COHL_ERR_CANCELLED, "cancelled") : do_take(s, &request, take, false, err);
    for (int take = 0; take < (a->plan ? 1 : a->takes) && !st; take++)
        st = stopped ? cohl_fail(err, COHL_ERR_CANCELLED, "cancelled") : do_take(s, &request, take, true, err);
    cohl_engine_close(s->engine);
    cohl_recipe_free(recipe);
    return st;
}

/* With --json the answer is one object, an error too. */
static int answer(const session *s, const cohl_error *err)
{
    int code = err->status ? cohl_command_fail(err) : COHL_EXIT_OK;
    if (!s->films)
        return code;
    json_t *all = json_pack("{s:b, s:o*, s:o*, s:O}", "ok", code == COHL_EXIT_OK, "plan", s->plan, "estimate",
                            s->estimate, "films", s->films);
    if (code != COHL_EXIT_OK)
        json_object_set_new(all, "error", json_pack("{s:s, s:s}", "status", cohl_status_name(err->status), "text",
                                                    err->text));
    json_dumpf(all, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(all);
    json_decref(s->films);
    return code;
}

static int run_generate(int argc, char **argv)
{
    asked a = { .frames = UNASKED, .steps = UNASKED, .guidance = UNASKED, .takes = 1 };
    const cohl_option options[] = {
        { "-o, --out", "FILE", ".mp4, .webm, .mov, .gif, .png or a folder shot/ (film.mp4, or film-2.mp4, ...)", COHL_OPTION_TEXT, &a.out, 0, 0 },
        { "--seconds", "S", "how long, to 60 (what the model films at once)", COHL_OPTION_NUMBER, &a.seconds, 0.001, 1e6 },
        { "--frames", "N", "how many frames instead", COHL_OPTION_INT, &a.frames, 1, 1e9 },
        { "--size", "WxH", "pixels, multiples of the model's grid (its first)", COHL_OPTION_TEXT, &a.size, 0, 0 },
        { "--fps", "R", "frames a second (the model's own)", COHL_OPTION_NUMBER, &a.fps, 1, 240 },
        { "--seed", "N", "same seed, same film (0)", COHL_OPTION_TEXT, &a.seed, 0, 0 },
        { "--takes", "N", "so many films with seed, seed+1, ...: film-1.mp4, film-2.mp4 (1)", COHL_OPTION_INT, &a.takes, 1, TAKES_MAX },
        { "--steps", "N", "solver steps (the model's)", COHL_OPTION_INT, &a.steps, 1, 1000 },
        { "--guidance", "G", "how strictly the words are followed, 1 = off (the model's)", COHL_OPTION_NUMBER, &a.guidance, 0, 100 },
        { "--shift", "S", "more = more steps where noise is high (the model's)", COHL_OPTION_NUMBER, &a.shift, 0.01, 100 },
        { "--solver", "NAME", "euler, unipc, ... (the model's)", COHL_OPTION_TEXT, &a.solver, 0, 0 },
        { "--reuse", "WHAT", "off, auto, or the error within which a step may be foretold without the network, as 0.15 (the model's)", COHL_OPTION_TEXT, &a.reuse, 0, 0 },
        { "--noise", "NAME", "torch = what tools in Python start from with the same seed (cohl)", COHL_OPTION_TEXT, &a.noise, 0, 0 },
        { "--negative", "TEXT", "what guidance leads away from (the model's)", COHL_OPTION_TEXT, &a.negative, 0, 0 },
        { "--image", "FILE", "a picture that becomes the first frame", COHL_OPTION_TEXT, &a.image, 0, 0 },
        { "--last-image", "FILE", "a picture that becomes the last one", COHL_OPTION_TEXT, &a.last_image, 0, 0 },
        { "--extend", "FILE", "go on after a film; --seconds is what is added", COHL_OPTION_TEXT, &a.given.extend, 0, 0 },
        { "--extend-before", "FILE", "make what comes before a film", COHL_OPTION_TEXT, &a.given.extend_before, 0, 0 },
        { "--fill", "FILE", "make the part anew that --gap names", COHL_OPTION_TEXT, &a.given.fill, 0, 0 },
        { "--gap", "A-B", "seconds of that film, such as 2.0-3.5", COHL_OPTION_TEXT, &a.given.gap, 0, 0 },
        { "--between", "A B", "lead from one film or picture to another", COHL_OPTION_PAIR, a.given.between, 0, 0 },
        { "--blend", "A B", "the end of A becomes the start of B over --seconds (1)", COHL_OPTION_PAIR, a.given.blend, 0, 0 },
        { "--remix", "FILE", "a film made anew from what it is", COHL_OPTION_TEXT, &a.given.remix, 0, 0 },
        { "--strength", "S", "of --remix and --blend, to 1: nothing stays (0.6)", COHL_OPTION_NUMBER, &a.given.strength, 0.001, 1 },
        { "--loop", NULL, "the end leads into the beginning; also with --extend", COHL_OPTION_FLAG, &a.given.loop, 0, 0 },
        { "--again", "FILM", "the request that a film carries; other options go over it", COHL_OPTION_TEXT, &a.again, 0, 0 },
        { "--model", "FOLDER", "the model (the one that ships)", COHL_OPTION_TEXT, &a.model, 0, 0 },
        { "--threads", "N", "worker threads; the film is the same with any number (all)", COHL_OPTION_INT, &a.threads, 0, 256 },
        { "--lora", "FILE[:0.8]", "change the model by a LoRA file; several with commas", COHL_OPTION_TEXT, &a.loras, 0, 0 },
        { "--without-frame-checks", NULL, "let weights from outside run where `cohl checks install` was not; the film says so",
          COHL_OPTION_FLAG, &a.without_frame_checks, 0, 0 },
        { "--precision", "P", "of products and weights: f32, bf16 or int8 (the faster of f32 and bf16 here)", COHL_OPTION_TEXT, &a.precision, 0, 0 },
        { "--decoder", "NAME", "taehv = frames by the fast autoencoder beside the model, with less detail (vae)", COHL_OPTION_TEXT, &a.decoder, 0, 0 },
        { "--memory", "SIZE", "what the film may take, such as 8G; it is the same film with any (what is free)", COHL_OPTION_TEXT, &a.memory, 0, 0 },
        { "--plan", NULL, "say what it would be and what it would cost, and make nothing", COHL_OPTION_FLAG, &a.plan, 0, 0 },
        { "--no-report", NULL, "no report of its cost beside the film", COHL_OPTION_FLAG, &a.no_report, 0, 0 },
        { "--label", NULL, "\"AI generated\" in a corner of every frame; the credentials tell whether", COHL_OPTION_FLAG, &a.label, 0, 0 },
        { "--signer", "PEM", "sign with this key and its chain (cohl signer show)", COHL_OPTION_TEXT, &a.signer, 0, 0 },
        { "--prompt-in-credentials", NULL, "the signed credentials tell the prompt too", COHL_OPTION_FLAG, &a.tell_prompt, 0, 0 },
        { "--no-sheet", NULL, "no contact sheet beside the film", COHL_OPTION_FLAG, &a.no_sheet, 0, 0 },
        { "--json", NULL, "answer as JSON on stdout", COHL_OPTION_FLAG, &a.json, 0, 0 },
        { "-q, --quiet", NULL, "no progress and no remarks", COHL_OPTION_FLAG, &a.quiet, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "generate", "PROMPT",
                               "Make a film from words, and from film that is given (docs/length.md). It carries its\n"
                               "own recipe: --again makes it once more. Without PROMPT, a given film of ours lends its own.",
                               options };
    cohl_error err = { 0 };
    int exit_code;

    if (!cohl_options_parse(&usage, argc, argv, &a.prompt, 0, 1, &exit_code))
        return exit_code;
    cohl_stop_handle(on_signal, 0);
    char *name = a.out ? NULL : free_name(a.takes);
    a.out = a.out ? a.out : name;
    session s = { .asked = &a, .films = a.json ? json_array() : NULL };
    if (a.out)
        generate(&s, &err);
    else
        cohl_fail(&err, COHL_ERR_MEMORY, "no memory for a name");
    free(name);
    return answer(&s, &err);
}

const cohl_command cohl_command_generate = { "generate", "make a film from words", run_generate };
