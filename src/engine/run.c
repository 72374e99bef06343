/* run.c - one generation: its request, its progress, and where its frames go. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/guard.h"
#include "deliver/check.h"
#include "deliver/door.h"
#include "deliver/imprint.h"
#include "deliver/place.h"
#include "engine/facts.h"
#include "engine/making.h"
#include "engine/origin.h"
#include "engine/unmarked.h"
#include "media/still.h"

/* ---- new and free -------------------------------------------------------- */

/* Its digest, which is `named` where a recipe says so. */
static cohl_status check_digest(char sum[COHL_DIGEST_HEX], const char *path, const char *named, cohl_error *err)
{
    cohl_error why;
    cohl_status st = cohl_digest_file(sum, path, &why);
    if (st && named)
        return cohl_fail(err, st, "%s; the recipe names it, by the SHA-256 %.64s", why.text, named);
    if (st)
        return cohl_fail(err, st, "%s", why.text);
    if (named && strcasecmp(sum, named))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: is not the picture or film that the recipe names: its SHA-256 is %s, "
                         "expected %.64s", path, sum, named);
    return COHL_OK;
}

/* *named becomes the file's digest, kept in sum. */
static cohl_status name_file(char sum[COHL_DIGEST_HEX], const char *path, const char **named, cohl_error *err)
{
    cohl_status st = path ? check_digest(sum, path, *named, err) : COHL_OK;
    *named = path ? sum : NULL;
    return st;
}

static cohl_status name_files(char sum[4][COHL_DIGEST_HEX], cohl_request *own, cohl_error *err)
{
    cohl_status st;
    if ((st = name_file(sum[0], own->image, &own->image_sha256, err)) ||
        (st = name_file(sum[1], own->last_image, &own->last_image_sha256, err)) ||
        (st = name_file(sum[2], own->clip[0], &own->clip_sha256[0], err)))
        return st;
    return name_file(sum[3], own->clip[1], &own->clip_sha256[1], err);
}

static cohl_status open_picture(engine_clip **clip, const char *path, const cohl_run *run, cohl_error *err)
{
    const cohl_plan *plan = &run->plan;
    const cohl_film_abilities *can = &run->engine->model->can;
    const engine_fitting rule = engine_fitting_of(can);
    if (!path)
        return COHL_OK;
    cohl_status st = can->follows_pictures && cohl_still_begins(path)
        ? engine_clip_open_picture(clip, path, plan->width, plan->height, &rule, err)
        : engine_clip_open(clip, path, plan->width, plan->height, err);
    if (st == COHL_ERR_FORMAT && !cohl_still_begins(path))
        return cohl_fail(err, st, "%s: not a picture that can be read: expected PNG, JPEG, WebP, BMP or PPM", path);
    if (!st && !engine_clip_is_picture(*clip))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: a film; expected a picture: to go on from a film is to extend it",
                         path);
    return st;
}

static cohl_status open_given(cohl_run *run, const cohl_request *request, cohl_error *err)
{
    cohl_status st;
    if ((st = open_picture(&run->clip[0], request->image, run, err)) ||
        (st = open_picture(&run->clip[1], request->last_image, run, err)))
        return st;
    for (int i = 0; i < 2 && !st; i++)
        if (run->clip[i])
            st = engine_clip_again(&run->source[i], run->clip[i], err);
    return st;
}

cohl_status cohl_run_new(cohl_run **out, cohl_engine *engine, const cohl_request *request, cohl_error *err)
{
    cohl_status st;
    cohl_request own = *request;
    char sum[4][COHL_DIGEST_HEX];
    cohl_run *run = calloc(1, sizeof *run);
    *out = NULL;
    if (!run)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a run");
    run->engine = engine;
    if ((st = engine_plan(engine, request, &run->plan, &run->reel, run->clip, err)))    goto done;
    if ((st = engine_need_of(&run->need, engine, &run->plan, request, err)))            goto done;
    if ((st = name_files(sum, &own, err)))                                              goto done;
    if ((st = open_given(run, &own, err)))                                              goto done;
    if ((st = engine_request_copy(&run->own, &own, err)))                               goto done;
    if (!(run->recipe = engine_recipe_write(engine, &own, &run->plan)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a recipe");
done:
    if (st)
        cohl_run_free(run);
    else
        *out = run;
    return st;
}

void cohl_run_free(cohl_run *run)
{
    if (!run)
        return;
    engine_request_free(&run->own);
    for (int i = 0; i < 2; i++) {
        engine_clip_close(run->clip[i]);
        engine_clip_close(run->source[i]);
    }
    free(run->recipe);
    free(run->cost);
    free(run);
}

const cohl_plan *cohl_run_plan(const cohl_run *run) { return &run->plan; }
const char *cohl_run_recipe(const cohl_run *run) { return run->recipe; }
const char *cohl_run_cost_text(const cohl_run *run) { return run->cost; }
void cohl_run_cancel(cohl_run *run) { run->cancel = true; }

/* Weights that stay in their files are held as far as this run leaves room. */
static cohl_status claim_memory(const cohl_run *run, cohl_error *err)
{
    cohl_room_limit(run->engine->room, engine_need_room(&run->need, run->engine->memory));
    return engine_memory_check(run->engine, &run->need, err);
}

cohl_status cohl_run_estimate_cost(const cohl_run *run, cohl_run_estimate *out, cohl_error *err)
{
    cohl_status st = claim_memory(run, err);
    return st ? st : engine_estimate(run->engine, &run->plan, &run->need, &run->cancel, out, err);
}

cohl_status cohl_run_memory_needed(const cohl_run *run, cohl_run_memory *out, cohl_error *err)
{
    return engine_memory_tell(out, run->engine, &run->plan, &run->own.request, &run->need, err);
}

void cohl_run_watch(cohl_run *run, cohl_run_watch_fn *fn, void *user)
{
    run->watch = fn, run->watch_user = user;
}

/* ---- progress ------------------------------------------------------------ */

void making_begin_stage(cohl_run *run)
{
    run->stage_began = cohl_clock_seconds();
    run->stage_done = 0;
}

/* Seconds since the stage began. */
double making_end_stage(const cohl_run *run) { return cohl_clock_seconds() - run->stage_began; }

/* `count` more of the stage are done; step counts the skipped ones too. */
cohl_status making_tell(cohl_run *run, const char *stage, int step, int steps, int count, cohl_error *err)
{
    double now = cohl_clock_seconds(), spent = now - run->stage_began;
    run->stage_done += count;
    double rate = spent > 0 ? run->stage_done / spent : 0;
    cohl_run_progress progress = { .stage = stage, .step = step, .steps = steps, .rate = rate,
                                   .seconds_left = rate > 0 ? (steps - step) / rate : -1,
                                   .seconds = now - run->began };
    if (run->watch)
        run->watch(run->watch_user, &progress);
    return run->cancel ? cohl_fail(err, COHL_ERR_CANCELLED, "cancelled at %s %d of %d", stage, step, steps)
                       : cohl_guard_check(err);
}

cohl_status making_check_finite(const cohl_run *run, const char *what, const float *values, size_t count,
                                cohl_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: its weights are broken: it made %s that are not finite "
                             "numbers", run->engine->model->folder, what);
    return COHL_OK;
}

/* ---- a run from begin to end --------------------------------------------- */

/* Could it be made now? Opens the book, which stays open when it could. */
static cohl_status check_book(cohl_run *run, cohl_error *err)
{
    engine_book_open(&run->book, run->engine);
    cohl_status st = engine_book_check(&run->book, run->engine, run->recipe, &run->own.request, err);
    if (!st)
        st = engine_consents_ask(&run->book.consents, &run->own.request,
                                 &(engine_consents_params){ run->book.ledger, run->engine->workers, &run->cancel }, err);
    if (!st) st = engine_ask_policy(run->engine, COHL_POLICY_PROMPT, "prompt", run->own.request.prompt, true, err);
    if (st)
        engine_book_close(&run->book);
    return st;
}

static cohl_status use_once(cohl_run *run, cohl_error *err)
{
    if (run->done)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "a run is run once, and this one was; make another of the same "
                         "request");
    run->done = true;
    return COHL_OK;
}

static cohl_status open_run(cohl_run *run, cohl_error *err)
{
    cohl_engine *engine = run->engine;
    int space = cohl_vae_space(&engine->model->vae->config);
    run->began = cohl_clock_seconds();
    run->report = (cohl_run_report){ 0 };
    engine_book_begin(&run->book, engine, &run->own.request);
    run->height = run->plan.height / space, run->width = run->plan.width / space;
    run->channels = engine->model->vae->config.z_dim;
    size_t latents = (size_t)run->reel.latents;
    run->latent = calloc(latents * making_frame_values(run), sizeof *run->latent);
    run->level = calloc(latents, sizeof *run->level);
    if (!run->latent || !run->level)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for latents of %d frames", run->reel.latents);
    for (int j = 0; j < run->reel.latents; j++)
        run->level[j] = reel_level(&run->reel, j);
    cohl_status st = cohl_frame_new(&run->anchor, run->plan.width, run->plan.height, err);
    if (st)
        return st;
    cohl_ctx_params params = { .backend = engine->weights.backend, .workers = engine->workers,
                               .precision = engine->precision };
    st = cohl_ctx_open(&run->ctx, &params, err);
    run->ctx.cancel = &run->cancel;
    return st;
}

static void close_run(cohl_run *run)
{
    double operations = run->ctx.operations;
    cohl_ctx_close(&run->ctx);
    free(run->latent);
    free(run->level);
    free(run->states);
    run->states = NULL;
    cohl_frame_free(run->anchor);
    run->latent = run->level = NULL, run->anchor = NULL;
    run->report.frames = run->plan.frames;
    run->report.seconds = cohl_clock_seconds() - run->began;
    run->cost = engine_book_cost(&run->book, &run->report.cost, operations, run->plan.seconds);
}

/* The last that is done; what went wrong beside the film is told. */
static void end_report(cohl_run *run, cohl_run_report *report)
{
    memcpy(run->report.warning, run->book.said.text, sizeof run->report.warning);
    engine_book_close(&run->book);
    if (report)
        *report = run->report;
}

/* ---- through the door ---------------------------------------------------- */

static cohl_door_params door_params(const cohl_run *run, const cohl_film *film)
{
    cohl_door_params params = cohl_door_params_default();
    params.path = film->path, params.sheet = film->sheet;
    params.title = film->title ? film->title : run->own.request.prompt;
    params.recipe = run->recipe;
    params.width = run->plan.width, params.height = run->plan.height;
    params.fps = run->plan.fps, params.frames = run->plan.frames;
    params.model = run->engine->model->can.name;
    params.signer = film->signer, params.label = film->label;
    params.also = run->engine->also;
    params.policy = run->engine->policy;
    params.workers = run->engine->workers;
    return params;
}

/* The report is written last, and over what is there. */
static cohl_status check_report(const cohl_film *film, cohl_error *err)
{
    const char *report = film->report;
    if (report && (cohl_place_same(report, film->path) || (film->sheet && cohl_place_same(report, film->sheet))))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: the film or its sheet goes there, and not the report", report);
    return COHL_OK;
}

cohl_status cohl_film_check(const cohl_run *run, const cohl_film *film, cohl_error *err)
{
    cohl_door_params params = door_params(run, film);
    engine_book book;
    bool unchecked;
    cohl_status st = engine_ask_names(run->engine, film, err);
    if (!st) st = engine_ask_checks(run->engine, &unchecked, err);
    if (st || (st = cohl_door_check(&params, err)) || (st = check_report(film, err)))
        return st;
    engine_book_open(&book, run->engine);
    st = engine_book_check(&book, run->engine, run->recipe, &run->own.request, err);
    engine_book_close(&book);
    return st;
}

static cohl_status put_door(void *door, const cohl_frame *frame, cohl_error *err)
{
    return cohl_door_put(door, frame, err);
}

cohl_status cohl_run_film(cohl_run *run, const cohl_film *film, cohl_run_report *report, cohl_error *err)
{
    cohl_door_params params = door_params(run, film);
    cohl_door_report made = { 0 };
    cohl_door *door = NULL;
    engine_facts facts = { 0 };
    engine_facts_params told = { .prompt = film->prompt_in_credentials,
                                       .consents = &run->book.consents };
    cohl_status st = engine_ask_names(run->engine, film, err);
    if (!st) st = engine_ask_checks(run->engine, &told.unchecked, err);
    if (!st) st = claim_memory(run, err);
    if (st || (st = cohl_door_check(&params, err)) || (st = check_report(film, err)) || (st = use_once(run, err)) || (st = check_book(run, err)))
        return st;
    st = open_run(run, err);
    params.ledger = run->book.ledger, params.model_digest = run->book.model_digest;
    params.link = run->book.link, params.link_count = run->book.link_count;
    params.made_from = run->reel.made_begin / run->reel.fps, params.made_until = run->reel.made_end / run->reel.fps;
    if (!st) st = engine_facts_gather(&facts, run->engine->policy, &run->own.request, &told, err);
    params.facts = facts.json, params.source = facts.source, params.source_count = facts.source_count;
    params.description = *facts.description ? facts.description : NULL;
    if (!st) st = cohl_door_open(&door, &params, err);
    engine_facts_free(&facts);
    if (!st) st = making_film(run, (making_sink){ put_door, door }, err);
    double began = cohl_clock_seconds();
    st = cohl_door_close(door, st, &made, err);
    run->report.deliver_seconds += cohl_clock_seconds() - began;
    close_run(run);
    run->report.bytes = made.bytes;
    memcpy(run->report.packets, made.packets, sizeof run->report.packets);
    run->report.ledger_film = made.ledger_film;
    memcpy(run->report.mark, made.mark, sizeof run->report.mark);
    if (*made.ledger_said)
        cohl_fail(run->book.said.status ? NULL : &run->book.said, COHL_ERR_IO, "%s", made.ledger_said);
    cohl_door_report_free(&made);
    if (!st)
        engine_book_write(&run->book, &run->report, film->report, film->path, run->recipe, run->cost, params.model);
    end_report(run, report);
    return st;
}

/* ---- to a caller --------------------------------------------------------- */

typedef struct handing {
    cohl_window       *window;
    cohl_imprint      *imprint;        /* NULL: frames go out as they were made */
    cohl_run_frame_fn *fn;
    void              *user;
    int                index;
} handing;

static cohl_status hand_over(handing *h, const cohl_frame *frame, cohl_error *err)
{
    cohl_status st = h->imprint ? cohl_imprint_frame(h->imprint, &frame, err) : COHL_OK;
    return st ? st : h->fn(h->user, h->index++, frame->rgb, err);
}

static cohl_status put_caller(void *user, const cohl_frame *frame, cohl_error *err)
{
    handing *h = user;
    const cohl_frame *ready;
    cohl_status st = cohl_window_push(h->window, frame, &ready, err);
    return st || !ready ? st : hand_over(h, ready, err);
}

static cohl_status make_for_caller(cohl_run *run, handing *h, cohl_error *err)
{
    const cohl_frame *rest;
    cohl_status st = open_run(run, err);
    if (!st) st = making_film(run, (making_sink){ put_caller, h }, err);
    while (!st && (rest = cohl_window_rest(h->window)))
        st = hand_over(h, rest, err);
    close_run(run);
    return st;
}

static cohl_status hand_frames(cohl_run *run, handing *h, cohl_run_report *report, cohl_error *err)
{
    bool unchecked;
    cohl_status st = engine_ask_checks(run->engine, &unchecked, err);
    if (!st) st = claim_memory(run, err);
    if (st || (st = use_once(run, err)) || (st = check_book(run, err)))
        return st;
    const cohl_check_view about = { .name = "film", .width = run->plan.width, .height = run->plan.height,
                                    .fps = run->plan.fps, .frames = run->plan.frames, .ledger = run->book.ledger,
                                    .policy = run->engine->policy, .workers = run->engine->workers };
    if ((st = cohl_window_new(&h->window, cohl_checks, run->engine->also, &about, err))) {
        engine_book_close(&run->book);
        return st;
    }
    st = make_for_caller(run, h, err);
    cohl_window_free(h->window);
    end_report(run, report);
    return st;
}

cohl_status cohl_run_frames(cohl_run *run, cohl_run_frame_fn *fn, void *user, cohl_run_report *report,
                            cohl_error *err)
{
    cohl_imprint imprint;
    handing h = { .imprint = &imprint, .fn = fn, .user = user };
    cohl_status st = cohl_imprint_open(&imprint, run->plan.width, run->plan.height, run->plan.fps, run->recipe, err);
    if (st)
        return st;
    st = hand_frames(run, &h, report, err);
    if (report)
        cohl_mark_identifier_text(report->mark, imprint.identifier);
    cohl_imprint_close(&imprint);
    return st;
}

cohl_status engine_run_unmarked(cohl_run *run, cohl_run_frame_fn *fn, void *user, cohl_run_report *report, cohl_error *err)
{
    handing h = { .fn = fn, .user = user };
    return hand_frames(run, &h, report, err);
}
