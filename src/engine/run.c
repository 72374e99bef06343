/* run.c - one generation: pictures to latents, noise to latents, latents to frames. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/energy.h"
#include "deliver/check.h"
#include "deliver/door.h"
#include "engine/engine.h"
#include "media/resize.h"
#include "media/still.h"
#include "model/sample.h"

/* Groups of four that stand before a last picture when it is encoded: with two behind it the
 * causal layers have seen as much as they ever look at. */
enum { CONTEXT_GROUPS = 2 };

struct cohl_run {
    cohl_engine   *engine;
    engine_request own;
    cohl_plan      plan;
    char          *recipe;
    cohl_frame    *first, *last;       /* the pictures at the film's size, or NULL */
    cohl_run_watch_fn *watch;
    void          *watch_user;
    volatile bool  cancel;
    bool           done;

    /* while it runs */
    cohl_ctx       ctx;
    float         *level;              /* [latent frames] */
    float         *known, *latent;     /* [latent frames, height, width, channels]; known may be NULL */
    int            frames, height, width, channels;   /* of the latent */
    double         began, stage_began;
    int            stage_done;
    cohl_run_report report;
};

/* ---- new and free -------------------------------------------------------- */

/* Its digest, which is `named` where a recipe says so. */
static cohl_status check_picture(char sum[COHL_DIGEST_HEX], const char *path, const char *named, cohl_error *err)
{
    cohl_error why;
    cohl_status st = cohl_digest_file(sum, path, &why);
    if (st && named)
        return cohl_fail(err, st, "%s; the recipe names it, by the SHA-256 %.64s", why.text, named);
    if (st)
        return cohl_fail(err, st, "%s", why.text);
    if (named && strcasecmp(sum, named))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: is not the picture that the recipe names: its SHA-256 is %s, "
                         "expected %.64s", path, sum, named);
    return COHL_OK;
}

/* The picture at the film's size; *named becomes its digest, kept in sum. */
static cohl_status read_picture(cohl_frame **out, char sum[COHL_DIGEST_HEX], const char *path, const char **named,
                                const cohl_plan *plan, cohl_error *err)
{
    cohl_frame *picture = NULL;
    if (!path) {
        *named = NULL;
        return COHL_OK;
    }
    cohl_status st = check_picture(sum, path, *named, err);
    *named = sum;
    if (!st) st = cohl_still_read(&picture, path, err);
    if (!st) st = cohl_frame_new(out, plan->width, plan->height, err);
    if (!st) st = cohl_resize_cover(*out, picture, err);
    cohl_frame_free(picture);
    return st;
}

cohl_status cohl_run_new(cohl_run **out, cohl_engine *engine, const cohl_request *request, cohl_error *err)
{
    cohl_status st;
    cohl_request own = *request;
    char sum[2][COHL_DIGEST_HEX];
    cohl_run *run = calloc(1, sizeof *run);
    *out = NULL;
    if (!run)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a run");
    run->engine = engine;
    if ((st = cohl_request_check(engine, request, &run->plan, err)))                    goto done;
    if ((st = read_picture(&run->first, sum[0], own.image, &own.image_sha256, &run->plan, err)))
        goto done;
    if ((st = read_picture(&run->last, sum[1], own.last_image, &own.last_image_sha256, &run->plan, err)))
        goto done;
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
    cohl_frame_free(run->first);
    cohl_frame_free(run->last);
    free(run->recipe);
    free(run);
}

const cohl_plan *cohl_run_plan(const cohl_run *run) { return &run->plan; }
const char *cohl_run_recipe(const cohl_run *run) { return run->recipe; }
void cohl_run_cancel(cohl_run *run) { run->cancel = true; }

cohl_status cohl_run_estimate_cost(const cohl_run *run, cohl_run_estimate *out, cohl_error *err)
{
    return engine_estimate(run->engine, &run->plan, &run->cancel, out, err);
}

void cohl_run_watch(cohl_run *run, cohl_run_watch_fn *fn, void *user)
{
    run->watch = fn, run->watch_user = user;
}

/* ---- progress ------------------------------------------------------------ */

static void begin_stage(cohl_run *run)
{
    run->stage_began = cohl_clock_seconds();
    run->stage_done = 0;
}

/* Seconds since the stage began. */
static double end_stage(const cohl_run *run) { return cohl_clock_seconds() - run->stage_began; }

/* `count` more of the stage are done; step counts the skipped ones too. */
static cohl_status tell(cohl_run *run, const char *stage, int step, int steps, int count, cohl_error *err)
{
    double now = cohl_clock_seconds(), spent = now - run->stage_began;
    run->stage_done += count;
    double rate = spent > 0 ? run->stage_done / spent : 0;
    cohl_run_progress progress = { .stage = stage, .step = step, .steps = steps, .rate = rate,
                                   .seconds_left = rate > 0 ? (steps - step) / rate : -1,
                                   .seconds = now - run->began };
    if (run->watch)
        run->watch(run->watch_user, &progress);
    return run->cancel ? cohl_fail(err, COHL_ERR_CANCELLED, "cancelled at %s %d of %d", stage, step, steps) : COHL_OK;
}

/* ---- pictures ------------------------------------------------------------ */

/* One piece of the encoder: `count` times the same picture -> its latent, in scratch. */
static cohl_tensor *encode_piece(cohl_run *run, cohl_vae_stream *stream, const cohl_frame *picture, int count)
{
    size_t size = cohl_frame_bytes(picture);
    float *values = malloc((size_t)count * size * sizeof *values);
    if (!values)
        return cohl_ctx_fail(&run->ctx, COHL_ERR_MEMORY, "no memory to encode a picture");
    for (int f = 0; f < count; f++)
        for (size_t i = 0; i < size; i++)
            values[(size_t)f * size + i] = (float)picture->rgb[i] / 127.5f - 1;
    cohl_tensor *piece = cohl_tensor_upload(&run->ctx, values, COHL_F32, 4,
                                            (int64_t[]){ count, picture->height, picture->width, 3 });
    free(values);
    return piece ? cohl_vae_stream_next(stream, piece) : NULL;
}

/* The latent of a picture as latent frame `at`: alone at 0, else as a still that has lasted for
 * some groups, since the autoencoder looks back. */
static cohl_status encode_picture(cohl_run *run, const cohl_frame *picture, int at, cohl_error *err)
{
    cohl_vae_stream *stream;
    int groups = at < CONTEXT_GROUPS ? at : CONTEXT_GROUPS;
    size_t frame = (size_t)run->height * (size_t)run->width * (size_t)run->channels;
    cohl_status st = cohl_vae_stream_open(&stream, &run->ctx, run->engine->model->vae, COHL_VAE_ENCODE, err);
    if (st)
        return st;
    for (int piece = 0; piece <= groups && !st; piece++) {
        cohl_ctx_mark_t mark = cohl_ctx_mark(&run->ctx);
        cohl_tensor *latent = encode_piece(run, stream, picture, piece ? COHL_VAE_TIME : 1);
        if (piece == groups)
            cohl_tensor_download(&run->ctx, run->known + (size_t)at * frame, latent);
        cohl_ctx_release(&run->ctx, mark);
        st = cohl_ctx_fine(&run->ctx) ? COHL_OK : cohl_ctx_status(&run->ctx, err);
    }
    cohl_vae_stream_close(stream);
    return st;
}

/* The latent frame where the last picture stands. */
static int last_known(const cohl_run *run)
{
    int at = run->frames - 1;
    while (at > 0 && run->level[at] > 0)
        at--;
    return at;
}

static cohl_status encode_pictures(cohl_run *run, cohl_error *err)
{
    int count = !!run->first + !!run->last;
    cohl_status st = COHL_OK;
    begin_stage(run);
    if (run->first && !(st = encode_picture(run, run->first, 0, err)))
        st = tell(run, "pictures", 1, count, 1, err);
    if (run->last && !st && !(st = encode_picture(run, run->last, last_known(run), err)))
        st = tell(run, "pictures", count, count, 1, err);
    run->report.picture_seconds = end_stage(run);
    return st;
}

/* ---- latents ------------------------------------------------------------- */

/* Broken weights give numbers that eight bits would hide as black. */
static cohl_status check_finite(const cohl_run *run, const char *what, const float *values, size_t count,
                                cohl_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: its weights are broken: it made %s that are not finite "
                             "numbers", run->engine->model->folder, what);
    return COHL_OK;
}

/* The ids of a text, at most `most`, the end of sequence last; free() them. */
static cohl_status tokenize(const cohl_run *run, const char *text, int32_t **id, int *count, cohl_error *err)
{
    const cohl_film_model *m = run->engine->model;
    int most = m->dit->config.text_len;
    if (!(*id = malloc((size_t)most * sizeof **id)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d tokens", most);
    return cohl_tokenizer_encode(m->tokenizer, text, *id, most, count, err);
}

static size_t latent_size(const cohl_run *run)
{
    return (size_t)run->frames * (size_t)run->height * (size_t)run->width * (size_t)run->channels;
}

static cohl_status after_step(void *user, int step, int steps, const float *x, const float *data, cohl_error *err)
{
    return tell(user, "steps", step, steps, 1, err);
}

static cohl_status make_latents(cohl_run *run, cohl_error *err)
{
    const cohl_film_model *m = run->engine->model;
    const cohl_request *r = &run->own.request;
    const cohl_solver *solver = cohl_solver_find(run->plan.solver);
    cohl_schedule schedule;
    int32_t *id = NULL, *negative = NULL;
    int count = 0, negative_count = 0;
    cohl_status st;

    begin_stage(run);
    if ((st = cohl_schedule_make(&schedule, cohl_schedule_kind_find(solver->schedule), run->plan.steps,
                                 run->plan.shift, err)))                        goto done;
    if ((st = tokenize(run, r->prompt, &id, &count, err)))                      goto done;
    if (r->negative && (st = tokenize(run, r->negative, &negative, &negative_count, err)))
        goto done;
    cohl_sample_request sample = {
        .text = m->text, .dit = m->dit, .id = id, .id_count = count,
        .negative_id = negative, .negative_count = negative_count,
        .frames = run->frames, .height = run->height, .width = run->width,
        .schedule = &schedule, .solver = solver, .guidance = (float)run->plan.guidance, .seed = r->seed,
        .level = run->known ? run->level : NULL, .known = run->known,
        .observer = { after_step, run },
    };
    st = cohl_sample_latents(&run->ctx, &sample, run->latent, err);
    if (!st)
        st = check_finite(run, "latents", run->latent, latent_size(run), err);
done:
    free(id);
    free(negative);
    run->report.sample_seconds = end_stage(run);
    return st;
}

/* ---- frames -------------------------------------------------------------- */

/* Who takes the frames. */
typedef struct sink {
    cohl_status (*put)(void *user, const cohl_frame *frame, cohl_error *err);
    void *user;
} sink;

/* Eight bits are cut, not rounded, as the published pipelines do. */
static void to_bytes(uint8_t *out, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (uint8_t)((fminf(fmaxf(values[i], -1), 1) + 1) / 2 * 255);
}

/* Show frame `made` of the model as often as the film's rate asks; *shown counts the film's. */
static cohl_status show(cohl_run *run, int made, const cohl_frame *frame, int *shown, const sink *to, cohl_error *err)
{
    cohl_status st = COHL_OK;
    while (!st && *shown < run->plan.frames && engine_shown(&run->plan, *shown) == made) {
        double began = cohl_clock_seconds();
        st = to->put(to->user, frame, err);
        run->report.deliver_seconds += cohl_clock_seconds() - began;
        ++*shown;
        if (!st)
            st = tell(run, "frames", *shown, run->plan.frames, 1, err);
    }
    return st;
}

/* The picture that was given for a latent frame, whose pixels the film carries as they are. */
static const cohl_frame *given(const cohl_run *run, int at)
{
    if (run->level[at] > 0)
        return NULL;
    return at == 0 && run->first ? run->first : run->last;
}

/* Latent frame `at` to its one or four frames, in host memory [count, height, width, 3]. */
static cohl_status decode_piece(cohl_run *run, cohl_vae_stream *stream, int at, float *values, cohl_error *err)
{
    size_t frame = (size_t)run->height * (size_t)run->width * (size_t)run->channels;
    cohl_ctx_mark_t mark = cohl_ctx_mark(&run->ctx);
    cohl_tensor *piece = cohl_tensor_upload(&run->ctx, run->latent + (size_t)at * frame, COHL_F32, 4,
                                            (int64_t[]){ 1, run->height, run->width, run->channels });
    cohl_tensor_download(&run->ctx, values, piece ? cohl_vae_stream_next(stream, piece) : NULL);
    cohl_ctx_release(&run->ctx, mark);
    return cohl_ctx_fine(&run->ctx) ? COHL_OK : cohl_ctx_status(&run->ctx, err);
}

static cohl_status decode_all(cohl_run *run, cohl_vae_stream *stream, cohl_frame *frame, float *values, const sink *to,
                              cohl_error *err)
{
    size_t pixels = cohl_frame_bytes(frame);
    cohl_status st = COHL_OK;
    for (int at = 0, made = 0, shown = 0; at < run->frames && shown < run->plan.frames && !st; at++) {
        const cohl_frame *picture = given(run, at);
        int count = at ? COHL_VAE_TIME : 1;
        st = decode_piece(run, stream, at, values, err);
        if (!st)
            st = check_finite(run, "pixels", values, (size_t)count * pixels, err);
        for (int i = 0; i < count && !st; i++, made++) {
            to_bytes(frame->rgb, values + (size_t)i * pixels, pixels);
            st = show(run, made, picture ? picture : frame, &shown, to, err);
        }
    }
    return st;
}

static cohl_status make_frames(cohl_run *run, const sink *to, cohl_error *err)
{
    cohl_vae_stream *stream = NULL;
    cohl_frame *frame = NULL;
    float *values = NULL;
    cohl_status st;

    begin_stage(run);
    if ((st = cohl_frame_new(&frame, run->plan.width, run->plan.height, err)))                       goto done;
    if (!(values = malloc(COHL_VAE_TIME * cohl_frame_bytes(frame) * sizeof *values))) {
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for frames of %d x %d", run->plan.width, run->plan.height);
        goto done;
    }
    if ((st = cohl_vae_stream_open(&stream, &run->ctx, run->engine->model->vae, COHL_VAE_DECODE, err))) goto done;
    st = decode_all(run, stream, frame, values, to, err);
done:
    run->report.decode_seconds = end_stage(run) - run->report.deliver_seconds;
    cohl_vae_stream_close(stream);
    free(values);
    cohl_frame_free(frame);
    return st;
}

/* ---- a run from begin to end --------------------------------------------- */

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
    bool pictures = run->first || run->last;
    run->began = cohl_clock_seconds();
    run->report = (cohl_run_report){ .joules = cohl_clock_cpu_seconds(), .joules_about = COHL_ENERGY_ABOUT };
    run->frames = engine_latent_frames(&run->plan);
    run->height = run->plan.height / COHL_VAE_SPACE, run->width = run->plan.width / COHL_VAE_SPACE;
    run->channels = engine->model->vae->config.z_dim;
    size_t values = latent_size(run);
    run->latent = calloc(values, sizeof *run->latent);
    run->level = calloc((size_t)run->frames, sizeof *run->level);
    run->known = pictures ? calloc(values, sizeof *run->known) : NULL;
    if (!run->latent || !run->level || (pictures && !run->known))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for latents of %d frames", run->frames);
    engine_levels(&run->own.request, &run->plan, run->level);
    cohl_ctx_params params = { .backend = engine->weights.backend, .workers = engine->workers,
                               .precision = engine->precision };
    cohl_status st = cohl_ctx_open(&run->ctx, &params, err);
    run->ctx.cancel = &run->cancel;
    return st;
}

static void close_run(cohl_run *run)
{
    cohl_ctx_close(&run->ctx);
    free(run->latent);
    free(run->level);
    free(run->known);
    run->latent = run->level = run->known = NULL;
    run->report.frames = run->plan.frames;
    run->report.seconds = cohl_clock_seconds() - run->began;
    run->report.joules = cohl_energy_joules(cohl_clock_cpu_seconds() - run->report.joules);
    run->report.peak_bytes = cohl_peak_resident_bytes();
}

static cohl_status begin_run(cohl_run *run, cohl_error *err)
{
    cohl_status st = open_run(run, err);
    if (!st && run->known) st = encode_pictures(run, err);
    if (!st) st = make_latents(run, err);
    return st;
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
    return params;
}

cohl_status cohl_film_check(const cohl_run *run, const cohl_film *film, cohl_error *err)
{
    cohl_door_params params = door_params(run, film);
    return cohl_door_check(&params, err);
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
    cohl_status st = cohl_door_check(&params, err);
    if (st || (st = use_once(run, err)))
        return st;
    st = begin_run(run, err);
    if (!st) st = cohl_door_open(&door, &params, err);
    if (!st) st = make_frames(run, &(sink){ put_door, door }, err);
    double began = cohl_clock_seconds();
    st = cohl_door_close(door, st, &made, err);
    run->report.deliver_seconds += cohl_clock_seconds() - began;
    close_run(run);
    run->report.bytes = made.bytes;
    memcpy(run->report.packets, made.packets, sizeof run->report.packets);
    cohl_door_report_free(&made);
    if (report)
        *report = run->report;
    return st;
}

/* ---- to a caller --------------------------------------------------------- */

typedef struct handing {
    cohl_window       *window;
    cohl_run_frame_fn *fn;
    void              *user;
    int                index;
} handing;

static cohl_status put_caller(void *user, const cohl_frame *frame, cohl_error *err)
{
    handing *h = user;
    const cohl_frame *ready;
    cohl_status st = cohl_window_push(h->window, frame, &ready, err);
    return st || !ready ? st : h->fn(h->user, h->index++, ready->rgb, err);
}

cohl_status cohl_run_frames(cohl_run *run, cohl_run_frame_fn *fn, void *user, cohl_run_report *report,
                            cohl_error *err)
{
    handing h = { .fn = fn, .user = user };
    const cohl_frame *rest;
    cohl_status st = use_once(run, err);
    if (st || (st = cohl_window_new(&h.window, cohl_checks, "film", run->plan.width, run->plan.height,
                                    run->plan.fps, err)))
        return st;
    st = begin_run(run, err);
    if (!st) st = make_frames(run, &(sink){ put_caller, &h }, err);
    while (!st && (rest = cohl_window_rest(h.window)))
        st = fn(user, h.index++, rest->rgb, err);
    cohl_window_free(h.window);
    close_run(run);
    if (report)
        *report = run->report;
    return st;
}
