/* task_film.c - teaching the film model: text encoder and transformer together.
 *
 * Flow matching (Lipman et al. 2023) on latents of rendered film: the network is
 * asked for noise - data at a mixture of both, with a noise level for each latent
 * frame. Film is encoded ahead (latents.h); how much of it a step may draw from
 * grows with the steps, so that learning begins at once and nothing is seen much
 * more often than `repeats` times. */
#include "train/task.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "tensor/ops.h"
#include "train/film_batch.h"
#include "train/film_save.h"
#include "train/film_sheet.h"
#include "train/seeds.h"


struct cohl_task {
    const cohl_recipe *recipe;
    cohl_ctx       *ctx;
    cohl_latents   *latents, *held_out;
    cohl_tokenizer *tokenizer;
    cohl_film_nets  nets;
    cohl_film_draw  draw;
    char           *vae_folder, *tokenizer_folder;
    int             shards_first, shards_max;
    double          repeats;
};

static void film_close(cohl_task *t)
{
    cohl_latents_close(t->latents);
    cohl_latents_close(t->held_out);
    cohl_tokenizer_close(t->tokenizer);
    cohl_dit_free(t->nets.dit);
    cohl_text_encoder_free(t->nets.text);
    free(t->vae_folder);
    free(t->tokenizer_folder);
    free(t);
}

static cohl_status read_draw(cohl_task *t, cohl_error *err)
{
    cohl_config *c;
    cohl_film_draw *d = &t->draw;
    cohl_status st = cohl_recipe_section(t->recipe, "draw", &c, err);
    if (st)
        return st;
    cohl_config_int_or(c, "text_max", 8, 512, 64, &d->text_max);
    cohl_config_float_or(c, "drop_text", 0, 1, 0.1, &d->drop_text);
    cohl_config_float_or(c, "give_camera", 0, 1, 0.3, &d->give_camera);
    cohl_config_float_or(c, "french", 0, 1, 0.35, &d->french);
    cohl_config_float_or(c, "dense", 0, 1, 0.15, &d->dense);
    cohl_config_float_or(c, "shift", 0.1, 20, 2.5, &d->shift);
    cohl_config_float_or(c, "high", 0, 1, 0.12, &d->high);
    cohl_config_float_or(c, "known_first", 0, 1, 0.2, &d->known_first);
    cohl_config_float_or(c, "known_some", 0, 1, 0.1, &d->known_some);
    cohl_config_float_or(c, "level_each", 0, 1, 0.1, &d->level_each);
    cohl_config_float_or(c, "subject_weight", 1, 100, 3, &d->subject_weight);
    st = cohl_config_done_whole(c, NULL, err);
    cohl_config_close(c);
    return st;
}

/* A whole number of least..most in a list, 0 for anything else. */
static int number_at(const json_t *list, size_t at, int least, int most)
{
    json_int_t number = json_integer_value(json_array_get(list, at));
    return number >= least && number <= most ? (int)number : 0;
}

/* "shapes": [[width, height, frames], ...] */
static cohl_status read_shapes(const cohl_task *t, cohl_latents_params *p, cohl_error *err)
{
    const json_t *data = json_object_get(cohl_config_json(t->recipe->config), "data");
    const json_t *list = json_object_get(data, "shapes"), *one;
    size_t i;

    p->shape_count = (int)json_array_size(list);
    if (p->shape_count < 1 || p->shape_count > COHL_SHAPES_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: \"shapes\" lists %d shapes, expected 1 to %d",
                         t->recipe->name, p->shape_count, COHL_SHAPES_MAX);
    json_array_foreach(list, i, one) {
        cohl_film_shape *s = &p->shape[i];
        s->width = number_at(one, 0, 32, 1024);
        s->height = number_at(one, 1, 32, 1024);
        s->frames = number_at(one, 2, 1, 257);
        if (json_array_size(one) != 3 || !s->width || !s->height || s->width % 32 || s->height % 32 ||
            s->frames % 4 != 1)
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: \"shapes\"[%zu]: expected [width, height, frames], sizes "
                             "that are multiples of 32 up to 1024 and 4k+1 frames up to 257", t->recipe->name, i);
    }
    return COHL_OK;
}

/* The parts of a recipe speak of each other; what does not fit would stop the first step. */
static cohl_status check_fit(const cohl_task *t, cohl_error *err)
{
    const cohl_dit_config *dit = &t->nets.dit->config;
    const char *name = t->recipe->name;
    int channels = cohl_latents_vae(t->latents)->config.z_dim;
    if (t->draw.text_max > dit->text_len)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: \"text_max\" is %d, expected at most the transformer's "
                         "text_len, %d", name, t->draw.text_max, dit->text_len);
    if (dit->in_dim != channels || dit->out_dim != channels)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the transformer's in_dim and out_dim are %d and %d, expected "
                         "the autoencoder's z_dim, %d", name, dit->in_dim, dit->out_dim, channels);
    if (dit->image_dim || dit->control_dim)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: the transformer takes an image encoder's tokens or a control film, "
                         "which are not trained; its model_type is to be \"t2v\" or \"ti2v\"", name);
    if (dit->camera_dim && dit->camera_dim != COHL_CAMERA_CODE)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the transformer's camera_dim is %d, expected 0 or %d", name,
                         dit->camera_dim, COHL_CAMERA_CODE);
    return COHL_OK;
}

static cohl_status open_latents(cohl_task *t, cohl_latents_params *p, const char *cache, cohl_error *err)
{
    char *training = cohl_path_join(cache, "training"), *held_out = cohl_path_join(cache, "held-out");
    cohl_status st = training && held_out ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for names");

    p->folder = training, p->seed = cohl_rng_mix(t->recipe->seed, COHL_STREAM_TRAIN);
    if (!st && !(st = cohl_latents_open(&t->latents, p, err)) && !(st = check_fit(t, err))) {
        p->folder = held_out, p->request.held_out = true;
        p->seed = cohl_rng_mix(t->recipe->seed, COHL_STREAM_HELD_OUT);
        if (!(st = cohl_latents_open(&t->held_out, p, err)))
            st = cohl_latents_need(t->held_out, p->shape_count, err);
    }
    free(training);
    free(held_out);
    return st;
}

static cohl_status read_data(cohl_task *t, cohl_error *err)
{
    cohl_config *c;
    const char *vae, *tokenizer, *cache;
    cohl_latents_params p = { .ctx = t->ctx, .request = cohl_scene_request_default() };
    cohl_status st = cohl_recipe_section(t->recipe, "data", &c, err);
    if (st)
        return st;
    cohl_config_string(c, "vae", &vae);
    cohl_config_string(c, "tokenizer", &tokenizer);
    cohl_config_string(c, "cache", &cache);
    cohl_config_int_or(c, "act", 1, 2, 2, &p.request.act);
    cohl_config_int_or(c, "actors_min", 1, COHL_ACTORS_MAX, 1, &p.request.actors_min);
    cohl_config_int_or(c, "actors_max", p.request.actors_min, COHL_ACTORS_MAX, p.request.actors_min,
                       &p.request.actors_max);
    cohl_config_int_or(c, "shards_first", 1, 4096, 2, &t->shards_first);
    cohl_config_int_or(c, "shards_max", t->shards_first, 4096, 4096, &t->shards_max);
    cohl_config_float_or(c, "repeats", 0.1, 1000, 8, &t->repeats);
    st = cohl_config_done_whole(c, (const char *const[]){ "shapes", NULL }, err);
    if (!st && !((t->vae_folder = strdup(vae)) && (t->tokenizer_folder = strdup(tokenizer))))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for names");
    p.vae_folder = t->vae_folder;
    if (!st && !(st = cohl_film_save_check(t->vae_folder, t->tokenizer_folder, err)) && !(st = read_shapes(t, &p, err)) &&
        !(st = cohl_tokenizer_open(&t->tokenizer, t->tokenizer_folder, err)))
        st = open_latents(t, &p, cache, err);
    cohl_config_close(c);
    return st;
}

static cohl_status film_open(cohl_task **out, const cohl_task_params *params, cohl_error *err)
{
    cohl_task *t = calloc(1, sizeof *t);
    cohl_status st;
    if (!t)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a task");
    t->recipe = params->recipe, t->ctx = params->ctx;
    if ((st = cohl_film_nets_open(&t->nets, t->recipe, t->ctx, err)) || (st = read_draw(t, err)) ||
        (st = read_data(t, err))) {
        film_close(t);
        return st;
    }
    *out = t;
    return COHL_OK;
}

static int film_sets(cohl_task *t, cohl_trainee sets[COHL_TASK_SETS_MAX])
{
    sets[0] = (cohl_trainee){ "text_encoder", &t->nets.text->params };
    sets[1] = (cohl_trainee){ "transformer", &t->nets.dit->params };
    return 2;
}

/* Shards that the batch of a step draws from. */
static int shards_at(const cohl_task *t, int64_t step)
{
    return cohl_shards_at(t->shards_first, t->shards_max, t->repeats, COHL_SHARD_CLIPS, t->recipe->batch, step);
}

static cohl_status film_prepare(cohl_task *t, int64_t step, cohl_error *err)
{
    return cohl_latents_need(t->latents, shards_at(t, step), err);
}

static cohl_status film_make_batch(cohl_task *t, int64_t step, bool held_out, void **out, cohl_error *err)
{
    uint64_t seed = cohl_seed_of_batch(t->recipe->seed, held_out ? COHL_STREAM_HELD_OUT : COHL_STREAM_TRAIN, step);
    cohl_film_batch *batch = NULL;
    cohl_status st = held_out
        ? cohl_film_batch_draw(&batch, &t->draw, t->held_out, cohl_latents_count(t->held_out), t->tokenizer,
                               t->recipe->batch, seed, err)
        : cohl_film_batch_draw(&batch, &t->draw, t->latents, shards_at(t, step), t->tokenizer,
                               t->recipe->batch, seed, err);
    *out = batch;
    return st;
}

static void film_batch_free(cohl_task *t, void *batch)
{
    (void)t;
    cohl_film_batch_free(batch);
}

static cohl_tensor *film_loss(cohl_task *t, const void *data, cohl_terms *terms)
{
    const cohl_film_batch *b = data;
    cohl_ctx *ctx = t->ctx;
    const int64_t dim[2] = { b->cells, b->channels };
    (void)terms;

    cohl_tensor *states = cohl_text_encode(ctx, t->nets.text, b->id, b->id_count, b->count);
    cohl_dit_request request = { .sample = b->sample, .sample_count = b->count, .text = states,
                                 .camera = t->nets.dit->config.camera_dim ? b->camera : NULL };
    cohl_dit_clip *clip = states ? cohl_dit_clip_open(ctx, t->nets.dit, &request) : NULL;
    cohl_tensor *noisy = cohl_tensor_upload(ctx, b->noisy, COHL_F32, 2, dim);
    cohl_tensor *velocity = clip ? cohl_dit_forward(ctx, t->nets.dit, clip, noisy, b->time) : NULL;
    cohl_tensor *target = cohl_tensor_upload(ctx, b->velocity, COHL_F32, 2, dim);
    cohl_tensor *weight = cohl_tensor_upload(ctx, b->weight, COHL_F32, 1, dim);
    return cohl_loss_mse(ctx, velocity, target, weight);
}

static cohl_status film_sheet(cohl_task *t, const char *path, cohl_error *err)
{
    cohl_film_sheet sheet = {
        .ctx = t->ctx, .nets = &t->nets, .vae = cohl_latents_vae(t->latents), .tokenizer = t->tokenizer,
        .shard = cohl_latents_shard(t->held_out, 0), .text_max = t->draw.text_max,
    };
    return cohl_film_sheet_write(&sheet, path, err);
}

static cohl_status film_save(cohl_task *t, const char *folder, cohl_dtype dtype, cohl_error *err)
{
    cohl_film_save save = { .recipe = t->recipe, .nets = &t->nets, .vae_folder = t->vae_folder,
                            .tokenizer_folder = t->tokenizer_folder, .dtype = dtype };
    return cohl_film_save_folder(&save, folder, err);
}

const cohl_task_kind cohl_task_film = {
    .name = "film", .about = "text encoder and transformer together, on encoded film",
    .open = film_open, .close = film_close, .sets = film_sets, .prepare = film_prepare,
    .batch = film_make_batch, .batch_free = film_batch_free, .loss = film_loss,
    .held_out_batches = 6, .sheet = film_sheet, .save = film_save,
};
