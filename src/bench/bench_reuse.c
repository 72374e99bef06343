/* bench_reuse.c - what step reuse loses, and what it saves.
 *
 * Films of held-out scenes, each made in full and then again: with every threshold of a list, and,
 * to know what the same saving costs without reuse, with fewer steps; and with twice the steps, which
 * says how far from its own end the full run is. All start from the same noise, so what differs is what
 * was lost. Relative root mean square is of the latents, decibels are of all pixels of the decoded frames,
 * seconds are of the processor and of sampling alone. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "bench/bench.h"
#include "bench/prompts.h"
#include "diffusion/reuse.h"
#include "model/film_model.h"
#include "model/sample.h"
#include "tensor/backend.h"
#include "tensor/ops.h"

enum { FILMS = 8, FRAMES = 17, STREAM = 0x72657573 };

/* A way to make a film; all zero: in full. */
typedef struct way {
    double threshold;
    double steps;             /* times the model's; 0 = as many */
} way;

static const way ways[] = {
    { 0, 0 }, { 0.05, 0 }, { 0.1, 0 }, { COHL_REUSE_MEASURED, 0 }, { 0.2, 0 }, { 0.3, 0 }, { 0.5, 0 },
    { 0, 0.75 }, { 0, 0.6 }, { 0, 0.5 }, { 0, 2 },
};
enum { WAYS = sizeof ways / sizeof *ways };

/* Sums over films. */
typedef struct found { double lost, size, square, worst, seconds; int films; cohl_sample_count made; } found;

typedef struct reuse {
    const cohl_bench_params *params;
    cohl_ctx         ctx;
    cohl_film_model *model;
    cohl_prompts     prompts;
    int              width, height, frames;       /* of the film */
    int              latents, rows, columns;      /* of its latent */
    size_t           cells, pixels;               /* values of the latent, of the film */
    float           *latent[2], *film[2];         /* in full, and as it is made now */
    found            found[WAYS];
} reuse;

static const double LEAST_DB = 40;       /* of the threshold that "auto" stands for */

static double mean_square(const float *a, const float *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double d = fmin(fmax(a[i], -1), 1) - fmin(fmax(b[i], -1), 1);
        sum += d * d;
    }
    return sum / (double)count;
}

static cohl_status sample(reuse *r, const way *w, const int32_t *id, int count, uint64_t seed, float *latent, found *f,
                          cohl_error *err)
{
    const cohl_film_sampling *usual = &r->model->sampling;
    int steps = r->params->steps ? r->params->steps : usual->steps;
    cohl_schedule schedule;
    cohl_status st = cohl_schedule_make(&schedule, cohl_schedule_kind_find(usual->solver->schedule),
                                        w->steps ? (int)lround(steps * w->steps) : steps, usual->shift, err);
    if (st)
        return st;
    cohl_sample_request request = {
        .text = r->model->text, .dit = r->model->dit, .low_dit = r->model->low_dit, .boundary = usual->boundary,
        .low_guidance = (float)usual->low_guidance, .id = id, .id_count = count, .frames = r->latents, .height = r->rows,
        .width = r->columns, .schedule = &schedule, .solver = usual->solver, .guidance = (float)usual->guidance,
        .seed = seed, .reuse = w->threshold, .count = &f->made,
    };
    double begin = cohl_clock_cpu_seconds();
    st = cohl_sample_latents(&r->ctx, &request, latent, err);
    f->seconds += cohl_clock_cpu_seconds() - begin;
    return st;
}

static cohl_status decode(reuse *r, const float *latent, float *film, cohl_error *err)
{
    cohl_ctx_mark_t mark = cohl_ctx_mark(&r->ctx);
    cohl_tensor *z = cohl_tensor_upload(&r->ctx, latent, COHL_F32, 4, (int64_t[]){
        r->latents, r->rows, r->columns, r->model->vae->config.z_dim });
    cohl_tensor_download(&r->ctx, film, cohl_vae_decode(&r->ctx, r->model->vae, z));
    cohl_ctx_release(&r->ctx, mark);
    return cohl_ctx_status(&r->ctx, err);
}

static void add(reuse *r, found *f)
{
    size_t count = r->cells;
    for (size_t i = 0; i < count; i++) {
        double d = (double)r->latent[1][i] - r->latent[0][i];
        f->lost += d * d, f->size += (double)r->latent[0][i] * r->latent[0][i];
    }
    double square = mean_square(r->film[1], r->film[0], r->pixels);
    f->square += square, f->worst = fmax(f->worst, square), f->films++;
}

static cohl_status make_film(reuse *r, int index, cohl_error *err)
{
    const char *text = r->prompts.item[index].text;
    int most = r->model->dit->config.text_len, count;
    int32_t *id = malloc((size_t)most * sizeof *id);
    cohl_status st = id ? cohl_tokenizer_encode(r->model->tokenizer, text, id, most, &count, err)
                        : cohl_fail(err, COHL_ERR_MEMORY, "no memory for tokens");
    for (int i = 0; i < WAYS && !st; i++) {
        int at = i > 0;
        st = sample(r, &ways[i], id, count, cohl_rng_mix(r->params->seed, (uint64_t)index), r->latent[at], &r->found[i], err);
        if (!st) st = decode(r, r->latent[at], r->film[at], err);
        if (!st && i) add(r, &r->found[i]);
        if (r->params->progress)
            r->params->progress(index * WAYS + i + 1, r->prompts.count * WAYS);
    }
    free(id);
    return st;
}

/* ---- all of it ----------------------------------------------------------- */

static void tell(const reuse *r, cohl_bench_report *report)
{
    for (int i = 1; i < WAYS; i++) {
        const found *f = &r->found[i], *full = &r->found[0];
        char name[40];
        bool auto_one = ways[i].threshold == COHL_REUSE_MEASURED;
        if (ways[i].threshold > 0)
            snprintf(name, sizeof name, "threshold %g", ways[i].threshold);
        else
            snprintf(name, sizeof name, "%g of the steps", ways[i].steps);
        cohl_bench_add(report, COHL_BENCH_NO_FLOOR, 0, "of 1", sqrt(f->lost / f->size), "%s: error of latents", name);
        cohl_bench_add(report, auto_one ? COHL_BENCH_AT_LEAST : COHL_BENCH_NO_FLOOR, LEAST_DB,
                       "dB", 10 * log10(4 * f->films / f->square), "%s: frames", name);
        cohl_bench_add(report, auto_one ? COHL_BENCH_AT_LEAST : COHL_BENCH_NO_FLOOR, LEAST_DB, "dB", 10 * log10(4 / f->worst),
                       "%s: frames of the worst film", name);
        cohl_bench_add(report, COHL_BENCH_NO_FLOOR, 0, "of 1", (double)f->made.passes / full->made.passes, "%s: passes", name);
        cohl_bench_add(report, COHL_BENCH_NO_FLOOR, 0, "of 1", f->seconds / full->seconds, "%s: processor time", name);
    }
}

static cohl_status open_films(reuse *r, cohl_error *err)
{
    const cohl_film_abilities *can = &r->model->can;
    const cohl_vae_config *vae = &r->model->vae->config;
    int space = cohl_vae_space(vae);
    cohl_scene_request request = cohl_scene_request_default();
    r->width = r->params->width ? r->params->width : can->size[0][0];
    r->height = r->params->height ? r->params->height : can->size[0][1];
    if (r->width % can->grid || r->height % can->grid)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "films of %d x %d pixels, expected multiples of %d", r->width, r->height,
                         can->grid);
    if (r->model->dit->config.in_dim != r->model->dit->config.out_dim || r->model->dit->config.image_dim)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: a model that begins with a picture, and step reuse is measured on "
                         "prompts alone", can->name);
    r->latents = ((r->params->frames ? r->params->frames : FRAMES) - 1) / COHL_VAE_TIME + 1;
    r->frames = (r->latents - 1) * COHL_VAE_TIME + 1;
    r->rows = r->height / space, r->columns = r->width / space;
    r->cells = (size_t)r->latents * (size_t)r->rows * (size_t)r->columns * (size_t)vae->z_dim;
    r->pixels = (size_t)r->frames * (size_t)r->width * (size_t)r->height * 3;
    request.act = r->params->act ? r->params->act : can->words ? can->words : 2;
    request.fps = can->fps, request.frames = r->frames, request.width = r->width, request.height = r->height;
    for (int i = 0; i < 2; i++) {
        r->latent[i] = malloc(r->cells * sizeof(float)), r->film[i] = malloc(r->pixels * sizeof(float));
        if (!r->latent[i] || !r->film[i])
            return cohl_fail(err, COHL_ERR_MEMORY, "no memory for two films of %d frames", r->frames);
    }
    return cohl_prompts_from_theatre(&r->prompts, &request, r->params->count ? r->params->count : FILMS,
                                     cohl_rng_mix(r->params->seed, STREAM), err);
}

static cohl_status measure(reuse *r, cohl_bench_report *report, cohl_error *err)
{
    cohl_status st = cohl_film_model_load(&r->model, r->params->model ? r->params->model : "models/mini", &r->ctx,
                                          COHL_F32, err);
    if (!st) st = open_films(r, err);
    for (int i = 0; i < r->prompts.count && !st; i++)
        st = make_film(r, i, err);
    if (!st)
        tell(r, report);
    for (int i = 0; i < 2; i++)
        free(r->latent[i]), free(r->film[i]);
    cohl_prompts_free(&r->prompts);
    cohl_film_model_free(r->model);
    return st;
}

cohl_status cohl_bench_reuse(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err)
{
    const cohl_backend *backend = cohl_backend_best();
    cohl_workers *workers = NULL;
    reuse r = { .params = params };
    cohl_status st = cohl_workers_new(&workers, params->threads, err);
    if (!st && !(st = cohl_ctx_open(&r.ctx, &(cohl_ctx_params){
            .workers = workers, .precision = cohl_backend_fast_precision(backend) }, err))) {
        st = measure(&r, report, err);
        cohl_ctx_close(&r.ctx);
    }
    cohl_workers_free(workers);
    return st;
}
