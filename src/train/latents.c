/* latents.c - film rendered and encoded ahead, in files. */
#include "train/latents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/half.h"
#include "base/rng.h"
#include "model/vae_file.h"
#include "train/clip.h"
#include "train/seeds.h"
#include "weights/safetensors.h"
#include "weights/weights.h"

enum { SHARDS_MAX = 4096, PORTION = 16 };   /* clips rendered at a time */

/* The theatre that made the shards which do not name theirs: there was no other while they did not. */
static const char theatre_unnamed[] = "d87b28c75ecec7e0";

struct cohl_latents {
    cohl_latents_params params;
    cohl_vae *vae;
    char     *folder, *mark;       /* mark: what made the shards, kept in their metadata */
    char      theatre[17];         /* and which theatre: its fingerprint, hex            */
    cohl_shard *shard[SHARDS_MAX];
    int       count;
};

static void free_shard(cohl_shard *s)
{
    if (!s)
        return;
    free(s->latent);
    free(s->cell);
    free(s->seed);
    free(s);
}

void cohl_latents_close(cohl_latents *l)
{
    if (!l)
        return;
    for (int i = 0; i < l->count; i++)
        free_shard(l->shard[i]);
    cohl_vae_free(l->vae);
    free(l->folder);
    free(l->mark);
    free(l);
}

/* FNV-1a goes on over bytes. */
static uint64_t hash_on(uint64_t hash, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return hash;
}

/* What makes latents: the encoder, and the means and deviations they are told in. A decoder that goes on
 * learning leaves them valid. */
static cohl_status hash_encoder(const cohl_vae *vae, uint64_t *hash, cohl_error *err)
{
    cohl_params params = vae->params;
    cohl_status st = COHL_OK;
    *hash = hash_on(0xcbf29ce484222325u, vae->config.latent_mean, sizeof vae->config.latent_mean);
    *hash = hash_on(*hash, vae->config.latent_std, sizeof vae->config.latent_std);
    for (int i = 0; i < params.count && !st; i++) {
        const cohl_param *param = &params.item[i];
        if (strncmp(param->name, "encoder.", 8) && strncmp(param->name, "conv1.", 6))
            continue;
        size_t count = (size_t)cohl_tensor_count(param->tensor);
        float *value = malloc(count * sizeof *value);
        st = value ? cohl_param_get(&params, param, value, err)
                   : cohl_fail(err, COHL_ERR_MEMORY, "no memory to read %s", param->name);
        if (!st)
            *hash = hash_on(*hash, value, count * sizeof *value);
        free(value);
    }
    return st;
}

static cohl_status open_vae(cohl_latents *l, cohl_error *err)
{
    const cohl_latents_params *p = &l->params;
    uint64_t hash;
    char mark[200];
    cohl_status st;

    if ((st = cohl_vae_load(&l->vae, p->ctx, p->vae_folder, err)) || (st = hash_encoder(l->vae, &hash, err)))
        return st;
    if (cohl_vae_space(&l->vae->config) != COHL_VAE_SPACE)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: a latent cell of this autoencoder is %d pixels wide, expected %d",
                         p->vae_folder, cohl_vae_space(&l->vae->config), COHL_VAE_SPACE);
    snprintf(l->theatre, sizeof l->theatre, "%016llx", (unsigned long long)cohl_theatre_fingerprint());
    snprintf(mark, sizeof mark, "encoder %016llx act %d actors %d-%d held %d seed %llu",
             (unsigned long long)hash, p->request.act, p->request.actors_min, p->request.actors_max,
             p->request.held_out, (unsigned long long)p->seed);
    if (!(l->mark = strdup(mark)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    return COHL_OK;
}

cohl_status cohl_latents_open(cohl_latents **out, const cohl_latents_params *params, cohl_error *err)
{
    cohl_latents *l = calloc(1, sizeof *l);
    cohl_status st;
    if (!l)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for latents");
    l->params = *params;
    if (!(l->folder = strdup(params->folder)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    else if (!(st = cohl_folder_make(l->folder, err)))
        st = open_vae(l, err);
    if (!st)
        cohl_folder_sweep(l->folder);
    if (st) {
        cohl_latents_close(l);
        return st;
    }
    *out = l;
    return COHL_OK;
}

const cohl_vae *cohl_latents_vae(const cohl_latents *l) { return l->vae; }

int cohl_latents_count(const cohl_latents *l) { return l->count; }

const cohl_shard *cohl_latents_shard(const cohl_latents *l, int index) { return l->shard[index]; }

static size_t cells_of(const cohl_shard *s)
{
    return (size_t)s->frames * (size_t)s->height * (size_t)s->width;
}

static cohl_status new_shard(cohl_latents *l, int index, cohl_shard **out, cohl_error *err)
{
    const cohl_film_shape *shape = &l->params.shape[index % l->params.shape_count];
    cohl_shard *s = calloc(1, sizeof *s);
    if (!s)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a shard");
    s->request = l->params.request;
    s->request.width = shape->width, s->request.height = shape->height, s->request.frames = shape->frames;
    s->frames = 1 + (shape->frames - 1) / COHL_VAE_TIME;
    s->height = shape->height / COHL_VAE_SPACE, s->width = shape->width / COHL_VAE_SPACE;
    s->channels = l->vae->config.z_dim;
    size_t cells = cells_of(s) * COHL_SHARD_CLIPS;
    s->latent = malloc(cells * (size_t)s->channels * sizeof *s->latent);
    s->cell = malloc(cells);
    s->seed = malloc(COHL_SHARD_CLIPS * sizeof *s->seed);
    if (!s->latent || !s->cell || !s->seed) {
        free_shard(s);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a shard of %zu cells", cells);
    }
    *out = s;
    return COHL_OK;
}

/* The share of subject pixels in each latent cell of a clip: all frames it stands for. */
static void measure_cells(const cohl_clip *clip, const cohl_shard *s, uint8_t *cell)
{
    for (int f = 0; f < s->frames; f++)
        for (int y = 0; y < s->height; y++)
            for (int x = 0; x < s->width; x++) {
                int first = f ? COHL_VAE_TIME * (f - 1) + 1 : 0, last = COHL_VAE_TIME * f, hits = 0, all = 0;
                for (int t = first; t <= last; t++)
                    for (int i = 0; i < COHL_VAE_SPACE * COHL_VAE_SPACE; i++, all++) {
                        int py = y * COHL_VAE_SPACE + i / COHL_VAE_SPACE, px = x * COHL_VAE_SPACE + i % COHL_VAE_SPACE;
                        hits += clip->mask[((size_t)t * (size_t)clip->height + (size_t)py) * (size_t)clip->width + (size_t)px] != 0;
                    }
                *cell++ = (uint8_t)(255 * hits / all);
            }
}

typedef struct render_job {
    cohl_shard *shard;
    cohl_clip   clip[PORTION];
    int         first;
    cohl_status status[PORTION];
    cohl_error  error[PORTION];
} render_job;

static void render_tile(void *arg, int tile, int thread)
{
    render_job *job = arg;
    cohl_scene scene;
    const cohl_scene_request *r = &job->shard->request;
    cohl_cut whole = { .frames = r->frames, .width = r->width, .height = r->height };
    (void)thread;
    cohl_scene_draw(&scene, r, job->shard->seed[job->first + tile]);
    job->status[tile] = cohl_clip_render(&job->clip[tile], &scene, &whole, &job->error[tile]);
}

static cohl_status encode_clip(cohl_latents *l, cohl_shard *s, const cohl_clip *clip, int at, cohl_error *err)
{
    cohl_ctx *ctx = l->params.ctx;
    int64_t dim[4] = { clip->frames, clip->height, clip->width, 3 };
    size_t values = cells_of(s) * (size_t)s->channels;
    float *rgb = malloc((size_t)(dim[0] * dim[1] * dim[2] * 3) * sizeof *rgb);
    float *latent = malloc(values * sizeof *latent);
    cohl_status st = COHL_OK;

    if (!rgb || !latent) {
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory to encode a clip");
    } else {
        cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
        cohl_clip_values(clip, rgb);
        cohl_tensor *x = cohl_tensor_upload(ctx, rgb, COHL_F32, 4, dim);
        cohl_tensor_download(ctx, latent, cohl_vae_encode(ctx, l->vae, x));
        cohl_ctx_release(ctx, mark);
        st = cohl_ctx_status(ctx, err);
    }
    for (size_t i = 0; i < values && !st; i++)
        s->latent[(size_t)at * values + i] = cohl_f32_to_bf16(latent[i]);
    if (!st)
        measure_cells(clip, s, s->cell + (size_t)at * cells_of(s));
    free(rgb);
    free(latent);
    return st;
}

static cohl_status make_shard(cohl_latents *l, int index, cohl_shard *s, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (int i = 0; i < COHL_SHARD_CLIPS; i++)
        s->seed[i] = cohl_seed_of_shard_clip(l->params.seed, index, i);
    for (int first = 0; first < COHL_SHARD_CLIPS && !st; first += PORTION) {
        render_job job = { .shard = s, .first = first };
        cohl_workers_run(l->params.ctx->workers, PORTION, render_tile, &job);
        for (int i = 0; i < PORTION; i++) {
            if (!st && (st = job.status[i]) && err)
                *err = job.error[i];
            if (!st)
                st = encode_clip(l, s, &job.clip[i], first + i, err);
            cohl_clip_free(&job.clip[i]);
        }
    }
    return st;
}

static cohl_status write_shard(cohl_latents *l, const cohl_shard *s, const char *path, cohl_error *err)
{
    int64_t n = COHL_SHARD_CLIPS;
    size_t cells = cells_of(s) * COHL_SHARD_CLIPS;
    const cohl_weight weights[] = {
        { .name = "latent", .type = COHL_BF16, .rank = 5, .dim = { n, s->frames, s->height, s->width, s->channels },
          .count = cells * (size_t)s->channels, .data = s->latent },
        { .name = "cell", .type = COHL_U8, .rank = 4, .dim = { n, s->frames, s->height, s->width },
          .count = cells, .data = s->cell },
    };
    const cohl_metadata metadata[] = { { "cohl.made", l->mark }, { "cohl.theatre", l->theatre }, { NULL, NULL } };
    return cohl_safetensors_write(path, weights, 2, metadata, err);
}

/* False when the file is not there, not sound, or of another making: then it is made again. */
static bool read_shard(cohl_latents *l, int index, cohl_shard *s, const char *path)
{
    cohl_safetensors *file;
    if (!cohl_file_exists(path) || cohl_safetensors_open(&file, path, NULL))
        return false;
    const char *made = cohl_safetensors_metadata(file, "cohl.made"), *theatre = cohl_safetensors_metadata(file, "cohl.theatre");
    const cohl_weight *latent = cohl_safetensors_find(file, "latent"), *cell = cohl_safetensors_find(file, "cell");
    size_t cells = cells_of(s) * COHL_SHARD_CLIPS;
    bool good = made && !strcmp(made, l->mark) && !strcmp(theatre ? theatre : theatre_unnamed, l->theatre) &&
                latent && cell && latent->type == COHL_BF16 && cell->type == COHL_U8 &&
                latent->count == cells * (size_t)s->channels && cell->count == cells;
    if (good) {
        memcpy(s->latent, latent->data, latent->count * sizeof *s->latent);
        memcpy(s->cell, cell->data, cells);
        for (int i = 0; i < COHL_SHARD_CLIPS; i++)
            s->seed[i] = cohl_seed_of_shard_clip(l->params.seed, index, i);
    }
    cohl_safetensors_close(file);
    return good;
}

static cohl_status add_shard(cohl_latents *l, int index, cohl_error *err)
{
    char name[64];
    cohl_shard *s = NULL;
    cohl_status st = new_shard(l, index, &s, err);
    if (st)
        return st;
    const cohl_film_shape *shape = &l->params.shape[index % l->params.shape_count];
    snprintf(name, sizeof name, "%dx%dx%d-%05d.safetensors", shape->width, shape->height, shape->frames, index);
    char *path = cohl_path_join(l->folder, name);
    if (!path)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    else if (!read_shard(l, index, s, path) && !(st = make_shard(l, index, s, err)))
        st = write_shard(l, s, path, err);
    free(path);
    if (st)
        free_shard(s);
    else
        l->shard[l->count++] = s;
    return st;
}

cohl_status cohl_latents_need(cohl_latents *l, int count, cohl_error *err)
{
    cohl_status st = COHL_OK;
    if (count > SHARDS_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%d shards of latents, expected at most %d", count, SHARDS_MAX);
    while (!st && l->count < count)
        st = add_shard(l, l->count, err);
    return st;
}
