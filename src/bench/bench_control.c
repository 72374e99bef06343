/* bench_control.c - does a film show what its prompt says?
 *
 * A film a prompt, by the engine as anybody would make it, and the critic's word on each.
 * Neither picks among films nor makes one twice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "bench/bench.h"
#include "bench/prompts.h"
#include "bench/tally.h"
#include "cohl/cohl.h"
#include "media/sheet.h"
#include "media/still.h"
#include "model/film_model.h"

enum { PROMPTS = 300, SHOWN = 40, PICTURES = 4, ACTS = 2, STREAM = 0x636f6e74 };

/* subject, colour, setting, time, action, camera, both subjects */
static const cohl_tally_floors floors[ACTS] = {
    { { [COHL_WORD_SETTING] = .98, [COHL_WORD_DAYTIME] = .98, [COHL_WORD_COLOUR] = .97, [COHL_WORD_SUBJECT] = .95,
        [COHL_WORD_MOVE] = .93, [COHL_WORD_ACTION] = .88, [COHL_TALLY_PAIR] = .80 } },
    { { [COHL_WORD_SETTING] = .95, [COHL_WORD_DAYTIME] = .95, [COHL_WORD_COLOUR] = .92, [COHL_WORD_SUBJECT] = .85,
        [COHL_WORD_MOVE] = .88, [COHL_WORD_ACTION] = .78 } },
};

/* One film in memory. */
typedef struct film {
    cohl_frame **frame;
    int          count, width, height;
} film;

typedef struct control {
    const cohl_bench_params *params;
    cohl_engine  *engine;
    cohl_workers *workers;
    cohl_ctx      ctx;              /* the critic's */
    cohl_critic  *critic;
    cohl_prompts  prompts;
    int           act;
    cohl_tally    tally;
    cohl_sheet_cell cell[SHOWN * PICTURES];   /* frames are owned */
    cohl_text     words[SHOWN * 2];           /* asked, seen      */
} control;

/* ---- a film ------------------------------------------------------------------- */

static void film_free(film *f)
{
    for (int i = 0; i < f->count; i++)
        cohl_frame_free(f->frame[i]);
    free(f->frame);
    *f = (film){ NULL, 0, 0, 0 };
}

static cohl_status keep_frame(void *user, int index, const uint8_t *rgb, cohl_error *err)
{
    film *f = user;
    cohl_frame **more = realloc(f->frame, (size_t)(f->count + 1) * sizeof *more);
    (void)index;
    if (!more)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d frames", f->count + 1);
    f->frame = more;
    cohl_status st = cohl_frame_new(&f->frame[f->count], f->width, f->height, err);
    if (st)
        return st;
    memcpy(f->frame[f->count]->rgb, rgb, cohl_frame_bytes(f->frame[f->count]));
    f->count++;
    return COHL_OK;
}

static cohl_status make_film(control *c, film *out, const char *prompt, uint64_t seed, cohl_error *err)
{
    cohl_request request = cohl_request_default();
    cohl_run *run = NULL;
    request.prompt = prompt, request.seed = seed, request.steps = c->params->steps;
    request.frames = c->params->frames;
    cohl_status st = cohl_run_new(&run, c->engine, &request, err);
    if (!st) {
        out->width = cohl_run_plan(run)->width, out->height = cohl_run_plan(run)->height;
        st = cohl_run_frames(run, keep_frame, out, NULL, err);
    }
    cohl_run_free(run);
    return st;
}

/* Four frames on the sheet, below them what was asked and what was seen. */
static cohl_status show(control *c, int i, const film *f, const cohl_score *score, cohl_error *err)
{
    cohl_sheet_cell *cell = &c->cell[i * PICTURES];
    cohl_text *words = &c->words[i * 2];
    cohl_status st = COHL_OK;
    cohl_text_addf(&words[0], "asked: %s", c->prompts.item[i].text);
    cohl_text_add(&words[1], "seen: ");
    cohl_score_say(score, &words[1]);
    for (int k = 0; k < PICTURES && !st; k++) {
        cohl_frame *copy = NULL;
        st = cohl_frame_copy(&copy, f->frame[cohl_sheet_pick(k, PICTURES, f->count)], err);
        cell[k] = (cohl_sheet_cell){ copy, k < 2 ? words[k].data : NULL };
    }
    return st;
}

static cohl_status judge_prompt(control *c, int i, cohl_error *err)
{
    const cohl_prompt *prompt = &c->prompts.item[i];
    cohl_verdict verdict;
    film f = { NULL, 0, 0, 0 };
    cohl_status st = make_film(c, &f, prompt->text, cohl_rng_mix(c->params->seed, (uint64_t)i), err);
    if (!st)
        st = cohl_critic_judge(&c->ctx, c->critic, (const cohl_frame *const *)f.frame, f.count, &verdict, err);
    if (!st) {
        cohl_score score = cohl_verdict_score(&verdict, &prompt->wanted);
        cohl_tally_add(&c->tally, &score, &prompt->wanted);
        if (i < SHOWN && c->params->sheet)
            st = show(c, i, &f, &score, err);
    }
    film_free(&f);
    return st;
}

/* ---- all of them ----------------------------------------------------------------- */

static cohl_status draw_prompts(control *c, cohl_error *err)
{
    cohl_model_info info = cohl_engine_model(c->engine);
    cohl_scene_request request = cohl_scene_request_default();
    int count = c->params->count ? c->params->count : PROMPTS;
    if (c->params->prompts) {
        cohl_status st = cohl_prompts_from_file(&c->prompts, c->params->prompts, err);
        for (; !st && c->params->count && c->prompts.count > c->params->count; c->prompts.count--)
            free(c->prompts.item[c->prompts.count - 1].text);
        return st;
    }
    request.act = c->act, request.fps = info.fps;
    request.frames = c->params->frames ? c->params->frames : info.frames_max;
    if (info.size_count)
        request.width = info.size[0][0], request.height = info.size[0][1];
    return cohl_prompts_from_theatre(&c->prompts, &request, count, cohl_rng_mix(c->params->seed, STREAM), err);
}

static cohl_status open_critic(control *c, cohl_error *err)
{
    cohl_bench_params where = *c->params;
    where.model = cohl_engine_model(c->engine).folder;
    char *folder = where.critic ? strdup(where.critic) : cohl_bench_part(&where, "critic");
    cohl_status st = folder ? cohl_critic_load(&c->critic, &c->ctx, folder, err)
                            : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    free(folder);
    return st;
}

static cohl_status open_all(control *c, cohl_error *err)
{
    cohl_engine_params engine = { .model = c->params->model, .threads = c->params->threads,
                                  .without_frame_checks = true };   /* nobody is shown them */
    cohl_film_abilities can;
    cohl_film_sampling sampling;
    cohl_status st;
    if ((st = cohl_engine_open(&c->engine, &engine, err)) ||
        (st = cohl_film_model_describe(&can, &sampling, cohl_engine_model(c->engine).folder, err)) ||
        (st = cohl_workers_new(&c->workers, c->params->threads, err)) ||
        (st = cohl_ctx_open(&c->ctx, &(cohl_ctx_params){ .workers = c->workers }, err)))
        return st;
    c->act = c->params->act ? c->params->act : can.words == 1 ? 1 : 2;
    if ((st = open_critic(c, err)))
        return st;
    return draw_prompts(c, err);
}

static void close_all(control *c)
{
    for (int i = 0; i < SHOWN * PICTURES; i++)
        cohl_frame_free((cohl_frame *)c->cell[i].frame);
    for (int i = 0; i < SHOWN * 2; i++)
        cohl_text_free(&c->words[i]);
    cohl_prompts_free(&c->prompts);
    cohl_critic_free(c->critic);
    if (c->ctx.backend)
        cohl_ctx_close(&c->ctx);
    cohl_workers_free(c->workers);
    cohl_engine_close(c->engine);
    free(c);
}

static cohl_status write_sheet(const control *c, cohl_error *err)
{
    cohl_sheet_params params = cohl_sheet_params_default();
    cohl_frame *sheet = NULL;
    int films = c->prompts.count < SHOWN ? c->prompts.count : SHOWN;
    params.columns = 2 * PICTURES, params.cell_width = 192, params.caption_lines = 8, params.margin = 4;
    params.title = "films of held-out prompts, and what the critic saw in them";
    cohl_status st = cohl_sheet_new(&sheet, c->cell, films * PICTURES, &params, err);
    if (!st)
        st = cohl_still_write(c->params->sheet, sheet, NULL, 0, err);
    cohl_frame_free(sheet);
    return st;
}

cohl_status cohl_bench_control(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err)
{
    control *c = calloc(1, sizeof *c);
    if (!c)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a bench");
    c->params = params;
    cohl_status st = open_all(c, err);
    for (int i = 0; i < c->prompts.count && !st; i++) {
        st = judge_prompt(c, i, err);
        if (params->progress)
            params->progress(i + 1, c->prompts.count);
    }
    if (!st && params->sheet)
        st = write_sheet(c, err);
    if (!st)
        cohl_tally_report(&c->tally, &floors[c->act - 1], report);
    close_all(c);
    return st;
}
