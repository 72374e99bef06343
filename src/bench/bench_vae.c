/* bench_vae.c - does the autoencoder keep the picture, and how fast does it give it back?
 *
 * Decibels are of all pixels of held-out clips, values as 8 bits would show them: -1..1,
 * cut there. The time is that of a film's decoding as the engine does it, latent frame by
 * latent frame. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "bench/bench.h"
#include "model/vae_file.h"
#include "tensor/ops.h"
#include "train/clip.h"

enum { CLIPS = 12, CLIP_FRAMES = 17, WIDTH = 320, HEIGHT = 192, FILM_FRAMES = 81, STREAM = 0x766165 };

static const double LEAST_DB = 32, MOST_SECONDS = 3;

static double clip_value(double v) { return v < -1 ? -1 : v > 1 ? 1 : v; }

static double mean_square(const float *a, const float *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double d = clip_value(a[i]) - (double)b[i];
        sum += d * d;
    }
    return sum / (double)count;
}

/* The mean square of what a clip loses on its way through. */
static cohl_status lose(cohl_ctx *ctx, const cohl_vae *vae, const cohl_clip *clip, double *square, cohl_error *err)
{
    int64_t dim[4] = { clip->frames, clip->height, clip->width, 3 };
    size_t count = (size_t)(dim[0] * dim[1] * dim[2] * 3);
    float *before = malloc(2 * count * sizeof *before);
    if (!before)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a clip");
    float *after = before + count;
    cohl_clip_values(clip, before);
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_tensor *x = cohl_tensor_upload(ctx, before, COHL_F32, 4, dim);
    cohl_tensor_download(ctx, after, cohl_vae_decode(ctx, vae, cohl_vae_encode(ctx, vae, x)));
    cohl_ctx_release(ctx, mark);
    cohl_status st = cohl_ctx_status(ctx, err);
    if (!st)
        *square = mean_square(after, before, count);
    free(before);
    return st;
}

static cohl_status measure_loss(cohl_ctx *ctx, const cohl_vae *vae, const cohl_bench_params *params, double *db,
                                double *worst, cohl_error *err)
{
    int count = params->count ? params->count : CLIPS;
    double all = 0, most = 0;
    cohl_status st = COHL_OK;
    for (int i = 0; i < count && !st; i++) {
        cohl_scene_request request = cohl_scene_request_default();
        cohl_cut cut = { .frames = CLIP_FRAMES, .width = WIDTH, .height = HEIGHT };
        cohl_scene scene;
        cohl_clip clip;
        double square = 0;
        request.held_out = true, request.frames = CLIP_FRAMES, request.act = params->act ? params->act : 2;
        cohl_scene_draw(&scene, &request, cohl_rng_mix(cohl_rng_mix(params->seed, STREAM), (uint64_t)i));
        if ((st = cohl_clip_render(&clip, &scene, &cut, err)))
            break;
        st = lose(ctx, vae, &clip, &square, err);
        cohl_clip_free(&clip);
        all += square / count, most = fmax(most, square);
        if (params->progress)
            params->progress(i + 1, count);
    }
    *db = 10 * log10(4 / all), *worst = 10 * log10(4 / most);
    return st;
}

/* Five seconds of film, piece by piece, from latents as they are usually distributed. */
static cohl_status measure_decoding(cohl_ctx *ctx, const cohl_vae *vae, double *seconds, double *cpu_seconds,
                                    cohl_error *err)
{
    int space = cohl_vae_space(&vae->config);
    int64_t dim[4] = { 1, HEIGHT / space, WIDTH / space, vae->config.z_dim };
    size_t count = (size_t)(dim[1] * dim[2] * dim[3]);
    float *latent = malloc(count * sizeof *latent);
    cohl_vae_stream *stream = NULL;
    cohl_status st = latent ? cohl_vae_stream_open(&stream, ctx, vae, COHL_VAE_DECODE, err)
                            : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a latent");
    double begin = cohl_clock_seconds(), cpu_begin = cohl_clock_cpu_seconds();
    for (int i = 0; i < 1 + (FILM_FRAMES - 1) / COHL_VAE_TIME && !st; i++) {
        cohl_rng_fill_normal(latent, 0, count, STREAM, (uint64_t)i);
        cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
        cohl_vae_stream_next(stream, cohl_tensor_upload(ctx, latent, COHL_F32, 4, dim));
        cohl_ctx_release(ctx, mark);
        st = cohl_ctx_status(ctx, err);
    }
    *seconds = cohl_clock_seconds() - begin;
    *cpu_seconds = cohl_clock_cpu_seconds() - cpu_begin;
    cohl_vae_stream_close(stream);
    free(latent);
    return st;
}

static cohl_status measure(cohl_ctx *ctx, cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err)
{
    char *folder = cohl_bench_part(params, "vae");
    cohl_vae *vae = NULL;
    double db, worst, seconds, cpu_seconds;
    cohl_status st = folder ? cohl_vae_load(&vae, ctx, folder, err)
                            : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    if (!st && !(st = measure_loss(ctx, vae, params, &db, &worst, err)) &&
        !(st = measure_decoding(ctx, vae, &seconds, &cpu_seconds, err))) {
        cohl_bench_add(report, COHL_BENCH_AT_LEAST, LEAST_DB, "dB", db, "psnr");
        cohl_bench_add(report, COHL_BENCH_NO_FLOOR, 0, "dB", worst, "psnr of the worst clip");
        cohl_bench_add(report, COHL_BENCH_AT_MOST, MOST_SECONDS, "s", seconds, "decode %d frames of %dx%d",
                       FILM_FRAMES, WIDTH, HEIGHT);
        cohl_bench_add(report, COHL_BENCH_NO_FLOOR, 0, "s", cpu_seconds, "the same, of all processors together");
    }
    cohl_vae_free(vae);
    free(folder);
    return st;
}

cohl_status cohl_bench_vae(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err)
{
    cohl_workers *workers = NULL;
    cohl_ctx ctx;
    cohl_status st = cohl_workers_new(&workers, params->threads, err);
    if (!st && !(st = cohl_ctx_open(&ctx, &(cohl_ctx_params){ .workers = workers }, err))) {
        st = measure(&ctx, report, params, err);
        cohl_ctx_close(&ctx);
    }
    cohl_workers_free(workers);
    return st;
}
