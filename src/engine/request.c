/* request.c - what is asked, checked at the door, with every default filled in. */
#include "engine/engine.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "diffusion/noise.h"
#include "diffusion/reuse.h"

enum { SIDE_MAX = 4096 };

cohl_request cohl_request_default(void) { return (cohl_request){ .guidance = -1, .reuse = COHL_REUSE_MODEL, .strength = 0.6 }; }

/* ---- words --------------------------------------------------------------- */

static cohl_status check_text(const char *what, const char *text, cohl_error *err)
{
    size_t size = strnlen(text, COHL_PROMPT_BYTES_MAX + 1);
    if (size > COHL_PROMPT_BYTES_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the %s has %zu bytes, expected at most %d", what, strlen(text),
                         COHL_PROMPT_BYTES_MAX);
    size_t good = cohl_utf8_check(text, size);
    if (good < size)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the %s is not UTF-8 at byte %zu (0x%02x)", what, good,
                         (unsigned char)text[good]);
    return COHL_OK;
}

static bool is_blank(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return !*text;
}

static cohl_status check_words(const cohl_request *r, cohl_error *err)
{
    cohl_status st;
    if (!r->prompt || is_blank(r->prompt))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the prompt is empty, expected who is where and does what, such "
                         "as \"a red balloon drifts over a white village\"");
    if ((st = check_text("prompt", r->prompt, err)))
        return st;
    return r->negative ? check_text("negative prompt", r->negative, err) : COHL_OK;
}

/* ---- sentences worth telling --------------------------------------------- */

void engine_note(cohl_plan *plan, const char *format, ...)
{
    if (plan->note_count == COHL_PLAN_NOTES_MAX)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(plan->note[plan->note_count++], sizeof plan->note[0], format, args);
    va_end(args);
}

/* ---- size ---------------------------------------------------------------- */

/* The multiples of the grid on both sides of a length, the lower at least one of them. */
static void neighbours(int length, int grid, int *below, int *above)
{
    *below = length / grid * grid;
    if (*below < grid)
        *below = grid;
    *above = (length + grid - 1) / grid * grid;
    if (*above == *below)
        *above += length % grid || length < grid ? grid : 0;
}

static cohl_status off_grid(int width, int height, int grid, cohl_error *err)
{
    int w[2], h[2];
    neighbours(width, grid, &w[0], &w[1]);
    neighbours(height, grid, &h[0], &h[1]);
    return cohl_fail(err, COHL_ERR_ARGUMENT, "%d x %d: width and height are multiples of %d; the nearest are "
                     "%dx%d and %dx%d", width, height, grid, w[0], h[0], w[1], h[1]);
}

static bool was_learned(const cohl_film_abilities *can, int width, int height)
{
    for (int i = 0; i < can->size_count; i++)
        if (can->size[i][0] == width && can->size[i][1] == height)
            return true;
    return false;
}

/* The model's first; for a picture, what its makers' rule gives. One that cannot be read is complained of later. */
static void usual_size(cohl_plan *plan, const cohl_request *r, const cohl_film_abilities *can)
{
    const char *picture = r->image ? r->image : r->last_image;
    const engine_fitting rule = engine_fitting_of(can);
    plan->width = can->size[0][0], plan->height = can->size[0][1];
    if (picture && can->follows_pictures)
        engine_picture_size(&rule, picture, &plan->width, &plan->height, NULL);
}

static cohl_status plan_size(cohl_plan *plan, const cohl_request *r, const cohl_film_abilities *can, cohl_error *err)
{
    plan->width = r->width, plan->height = r->height;
    if (!r->width && !r->height)
        usual_size(plan, r, can);
    if (plan->width < 1 || plan->height < 1 || plan->width > SIDE_MAX || plan->height > SIDE_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%d x %d: width and height are %d to %d pixels", plan->width,
                         plan->height, can->grid, SIDE_MAX);
    if (plan->width % can->grid || plan->height % can->grid)
        return off_grid(plan->width, plan->height, can->grid, err);
    if (!was_learned(can, plan->width, plan->height))
        engine_note(plan, "%s was not taught %dx%d and may compose it badly; %dx%d is its usual size", can->name,
             plan->width, plan->height, can->size[0][0], can->size[0][1]);
    return COHL_OK;
}

/* ---- sampling ------------------------------------------------------------ */

static cohl_status unknown_solver(const char *name, cohl_error *err)
{
    cohl_text known = { 0 };
    for (int i = 0; cohl_solvers[i]; i++)
        cohl_text_addf(&known, "%s%s", i ? ", " : "", cohl_solvers[i]->name);
    cohl_status st = cohl_fail(err, COHL_ERR_ARGUMENT, "no solver is called \"%.60s\"; there are %s", name,
                               known.data ? known.data : "others");
    cohl_text_free(&known);
    return st;
}

static cohl_status unknown_noise(const char *name, cohl_error *err)
{
    cohl_text known = { 0 };
    for (int i = 0; cohl_noises[i]; i++)
        cohl_text_addf(&known, "%s%s", i ? ", " : "", cohl_noises[i]->name);
    cohl_status st = cohl_fail(err, COHL_ERR_ARGUMENT, "no noise is called \"%.60s\"; there are %s", name,
                               known.data ? known.data : "others");
    cohl_text_free(&known);
    return st;
}

static cohl_status plan_sampling(cohl_plan *plan, const cohl_request *r, const cohl_film_sampling *usual,
                                 cohl_error *err)
{
    const cohl_solver *solver = r->solver ? cohl_solver_find(r->solver) : usual->solver;
    if (!solver)
        return unknown_solver(r->solver, err);
    if (r->noise && !cohl_noise_find(r->noise))
        return unknown_noise(r->noise, err);
    plan->solver = solver->name;
    plan->steps = r->steps ? r->steps : usual->steps;
    plan->guidance = r->guidance < 0 ? usual->guidance : r->guidance;
    plan->shift = r->shift ? r->shift : usual->shift;
    plan->reuse = r->reuse == COHL_REUSE_MODEL ? usual->reuse : r->reuse == COHL_REUSE_AUTO ? COHL_REUSE_MEASURED : r->reuse;
    if (plan->steps < 1 || plan->steps > COHL_STEPS_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%d steps, expected 1 to %d", plan->steps, COHL_STEPS_MAX);
    if (!(plan->guidance >= 0 && plan->guidance <= 100))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "guidance is %g, expected 0 to 100", plan->guidance);
    if (!(plan->shift >= 0.01 && plan->shift <= 100))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "shift is %g, expected 0.01 to 100", plan->shift);
    if (!(r->reuse >= 0 && r->reuse <= 1) && r->reuse != COHL_REUSE_MODEL && r->reuse != COHL_REUSE_AUTO)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "reuse is %g, expected an error of 0 to 1", r->reuse);
    if (r->negative && plan->guidance == 1)
        engine_note(plan, "guidance 1 leads nowhere, so the negative prompt does nothing");
    return COHL_OK;
}

/* ---- frames -------------------------------------------------------------- */

static cohl_status plan_decoder(cohl_plan *plan, const cohl_request *r, const cohl_film_model *m, cohl_error *err)
{
    plan->fast_decoder = r->decoder && !strcmp(r->decoder, "taehv");
    if (r->decoder && !plan->fast_decoder && strcmp(r->decoder, "vae"))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "no decoder is called \"%.60s\"; there are vae and taehv", r->decoder);
    if (plan->fast_decoder && !m->fast)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: no TAEHV lies beside the model: taew2_1.safetensors for Wan 2.1 and "
                         "A14B, taew2_2.safetensors for Wan 2.2 TI2V", m->folder);
    return COHL_OK;
}

/* ---- tokens -------------------------------------------------------------- */

/* What lies behind the transformer's last place for text is not read. No text has more tokens
 * than twice its bytes and an end. */
static cohl_status note_length(cohl_plan *plan, const char *text, const cohl_film_model *m, cohl_error *err)
{
    int most = 2 * (int)strlen(text) + 2, count = 0, room = m->dit->config.text_len;
    int32_t *id = malloc((size_t)most * sizeof *id);
    if (!id)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d tokens", most);
    cohl_status st = cohl_tokenizer_encode(m->tokenizer, text, id, most, &count, err);
    if (!st && count > room)
        engine_note(plan, "the prompt has %d tokens, of which %s reads the first %d", count - 1, m->can.name, room - 1);
    free(id);
    return st;
}

/* ---- all of it ----------------------------------------------------------- */

cohl_status engine_plan(const cohl_engine *engine, const cohl_request *request, cohl_plan *plan, reel *reel,
                        engine_clip *clip[2], cohl_error *err)
{
    const cohl_film_model *m = engine->model;
    cohl_status st;

    *plan = (cohl_plan){ 0 };
    clip[0] = clip[1] = NULL;
    if ((st = check_words(request, err)))                           return st;
    if ((st = engine_ask_policy(engine, COHL_POLICY_PROMPT, "prompt", request->prompt, false, err)) ||
        (st = engine_ask_policy(engine, COHL_POLICY_NEGATIVE, "negative prompt", request->negative, false, err)))
        return st;
    if (engine->memory_unread.status)
        engine_note(plan, "no limit of memory is known, so most of what is free is used: %.150s", engine->memory_unread.text);
    if ((st = plan_size(plan, request, &m->can, err)))              return st;
    if ((st = plan_sampling(plan, request, &m->sampling, err)))     return st;
    if ((st = plan_decoder(plan, request, m, err)))                 return st;
    if ((st = engine_plan_length(plan, request, &m->can, reel, clip, err)))
        return st;
    if ((st = note_length(plan, request->prompt, m, err)))          return st;
    if (engine->vocabulary)
        plan->unknown_count = cohl_vocabulary_unknown(engine->vocabulary, request->prompt, plan->unknown,
                                                      COHL_PLAN_WORDS_MAX);
    return COHL_OK;
}

cohl_status cohl_request_check(const cohl_engine *engine, const cohl_request *request, cohl_plan *plan,
                               cohl_error *err)
{
    engine_clip *clip[2];
    reel reel;
    cohl_status st = engine_plan(engine, request, plan, &reel, clip, err);
    engine_clip_close(clip[0]);
    engine_clip_close(clip[1]);
    return st;
}

/* ---- strings of its own -------------------------------------------------- */

cohl_status engine_request_copy(engine_request *out, const cohl_request *from, cohl_error *err)
{
    const char **field[] = { &out->request.prompt, &out->request.negative, &out->request.solver,
                             &out->request.noise, &out->request.image, &out->request.last_image, &out->request.image_sha256,
                             &out->request.last_image_sha256, &out->request.clip[0], &out->request.clip[1],
                             &out->request.clip_sha256[0], &out->request.clip_sha256[1],
                             &out->request.decoder };
    bool whole = true;
    *out = (engine_request){ .request = *from };
    for (int i = 0; i < ENGINE_REQUEST_TEXTS; i++)
        if (*field[i]) {
            out->text[i] = strdup(*field[i]);
            *field[i] = out->text[i];
            whole = whole && out->text[i];
        }
    if (whole)
        return COHL_OK;
    engine_request_free(out);
    return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a request");
}

void engine_request_free(engine_request *request)
{
    for (int i = 0; i < ENGINE_REQUEST_TEXTS; i++)
        free(request->text[i]);
    *request = (engine_request){ 0 };
}
