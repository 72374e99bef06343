/* task_vae.c - teaching the video autoencoder.
 *
 * A batch is crops of freshly rendered film of several lengths. The loss is
 * |difference| and its square, heavier on subjects (they are small and are what
 * prompts speak of); latents get a little noise, so that near latents decode
 * alike, and a light pull towards zero. Mean and deviation of each latent channel
 * are measured when the weights are saved. A linear autoencoder's maps are fitted
 * before the first step and kept beside the checkpoint; then only the decoder learns. */
#include "train/task.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "media/sheet.h"
#include "media/still.h"
#include "model/vae.h"
#include "tensor/ops.h"
#include "train/clip.h"
#include "train/seeds.h"
#include "train/vae_linear.h"

enum { LENGTHS_MAX = 8, STREAM_LATENT = 3, STREAM_SHEET = 4 };

struct cohl_task {
    const cohl_recipe *recipe;
    cohl_ctx *ctx;
    cohl_vae *vae;
    cohl_scene_request request;
    int    crop_width, crop_height;
    int    length[LENGTHS_MAX], length_count;   /* frames, each as likely as the others */
    double noise, pull, subject_weight, square_weight;
    double emphasis;
    int    fit_clips;
};

typedef struct vae_batch {
    int        count;
    uint64_t   noise_seed;       /* 0 = no noise */
    cohl_clip *clip;
} vae_batch;

static cohl_status read_data(cohl_task *t, cohl_error *err)
{
    cohl_config *c;
    cohl_status st = cohl_recipe_section(t->recipe, "data", &c, err);
    if (st)
        return st;
    t->request = cohl_scene_request_default();
    cohl_config_int_or(c, "width", 32, 1024, 320, &t->request.width);
    cohl_config_int_or(c, "height", 32, 1024, 192, &t->request.height);
    cohl_config_int_or(c, "act", 1, 2, 2, &t->request.act);
    cohl_config_int_or(c, "actors_max", 1, COHL_ACTORS_MAX, 2, &t->request.actors_max);
    int width = t->request.width, height = t->request.height;
    cohl_config_int_or(c, "crop_width", 32, width, width < 128 ? width : 128, &t->crop_width);
    cohl_config_int_or(c, "crop_height", 32, height, height < 128 ? height : 128, &t->crop_height);
    cohl_config_ints(c, "frames", 1, 81, 1, LENGTHS_MAX, t->length, &t->length_count);
    cohl_config_float_or(c, "noise", 0, 1, 0.05, &t->noise);
    cohl_config_float_or(c, "pull", 0, 1, 1e-4, &t->pull);
    cohl_config_float_or(c, "subject_weight", 1, 100, 3, &t->subject_weight);
    cohl_config_float_or(c, "square_weight", 0, 100, 1, &t->square_weight);
    cohl_config_float_or(c, "emphasis", 0, 1, 0, &t->emphasis);
    cohl_config_int_or(c, "fit_clips", 8, 100000, 400, &t->fit_clips);
    st = cohl_config_done_whole(c, NULL, err);
    cohl_config_close(c);
    for (int i = 0; i < t->length_count && !st; i++)
        if (t->length[i] % 4 != 1)
            st = cohl_fail(err, COHL_ERR_FORMAT, "%s: a length of %d frames, expected 1, 5, 9, ... 4k+1",
                           t->recipe->name, t->length[i]);
    if (!st && (width % COHL_VAE_SPACE || height % COHL_VAE_SPACE || t->crop_width % COHL_VAE_SPACE ||
                t->crop_height % COHL_VAE_SPACE))
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: film of %d x %d cut to %d x %d, expected multiples of %d",
                       t->recipe->name, width, height, t->crop_width, t->crop_height, COHL_VAE_SPACE);
    return st;
}

static void vae_close(cohl_task *t)
{
    cohl_vae_free(t->vae);
    free(t);
}

/* The maps of a linear autoencoder: of an earlier part of this run, else fitted now. */
static cohl_status open_linear(cohl_task *t, const char *folder, cohl_error *err)
{
    char *path = cohl_path_join(folder, "linear.safetensors");
    cohl_status st;
    if (!path)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    if (cohl_file_exists(path))
        st = cohl_vae_linear_load(t->vae, path, err);
    else if (!(st = cohl_vae_linear_fit(t->vae, &t->request, t->fit_clips, t->recipe->seed, err)))
        st = cohl_vae_linear_save(t->vae, path, err);
    free(path);
    return st;
}

static cohl_status open_model(cohl_task *t, const char *folder, cohl_error *err)
{
    cohl_config *c;
    cohl_vae_config config;
    cohl_status st = cohl_recipe_section(t->recipe, "model", &c, err);
    if (st)
        return st;
    st = cohl_vae_config_read(&config, c, err);
    cohl_config_close(c);
    if (st || (st = cohl_vae_new(&t->vae, &config, err)) ||
        (st = cohl_params_alloc(&t->vae->params, t->ctx, &(cohl_params_use){ .train = true }, err)))
        return st;
    if (t->recipe->start_from)
        return cohl_params_load_path(&t->vae->params, t->recipe->start_from, err);
    if ((st = cohl_params_start(&t->vae->params, t->recipe->seed, err)) || !config.linear)
        return st;
    return open_linear(t, folder, err);
}

static cohl_status vae_open(cohl_task **out, const cohl_task_params *params, cohl_error *err)
{
    cohl_task *t = calloc(1, sizeof *t);
    cohl_status st;
    if (!t)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a task");
    t->recipe = params->recipe, t->ctx = params->ctx;
    if ((st = read_data(t, err)) || (st = open_model(t, params->folder, err))) {
        vae_close(t);
        return st;
    }
    *out = t;
    return COHL_OK;
}

static int vae_sets(cohl_task *t, cohl_trainee sets[COHL_TASK_SETS_MAX])
{
    sets[0] = (cohl_trainee){ "vae", &t->vae->params };
    return 1;
}

static void vae_batch_free(cohl_task *t, void *batch)
{
    vae_batch *b = batch;
    for (int i = 0; b && i < b->count; i++)
        cohl_clip_free(&b->clip[i]);
    if (b)
        free(b->clip);
    free(b);
}

/* Whole frames of held-out scenes, or crops of training ones. */
static cohl_status make_clip(const cohl_task *t, cohl_clip *clip, uint64_t seed, bool held_out, cohl_error *err)
{
    cohl_rng rng = cohl_rng_make(seed, COHL_STREAM_TRAIN);
    cohl_scene_request request = t->request;
    int longest = t->length[0];
    for (int i = 1; i < t->length_count; i++)
        longest = t->length[i] > longest ? t->length[i] : longest;
    int frames = held_out ? longest : t->length[cohl_rng_below(&rng, (uint32_t)t->length_count)];
    cohl_cut cut = { .frames = frames, .width = request.width, .height = request.height };
    cohl_scene scene;

    request.frames = frames, request.held_out = held_out;
    cohl_scene_draw(&scene, &request, seed);
    if (!held_out) {
        cut.width = t->crop_width, cut.height = t->crop_height;
        cut.left = (int)cohl_rng_below(&rng, (uint32_t)(request.width - cut.width + 1));
        cut.top = (int)cohl_rng_below(&rng, (uint32_t)(request.height - cut.height + 1));
    }
    return cohl_clip_render(clip, &scene, &cut, err);
}

static cohl_status vae_make_batch(cohl_task *t, int64_t step, bool held_out, void **out, cohl_error *err)
{
    cohl_status st = COHL_OK;
    int count = held_out ? 1 : t->recipe->batch;
    vae_batch *b = calloc(1, sizeof *b);
    if (b)
        b->clip = calloc((size_t)count, sizeof *b->clip);
    if (!b || !b->clip) {
        free(b);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a batch");
    }
    uint64_t seed = cohl_seed_of_batch(t->recipe->seed, held_out ? COHL_STREAM_HELD_OUT : COHL_STREAM_TRAIN, step);
    b->noise_seed = held_out ? 0 : seed | 1;
    for (int i = 0; i < count && !st; i++) {
        st = make_clip(t, &b->clip[i], cohl_rng_mix(seed, (uint64_t)i), held_out, err);
        b->count += !st;
    }
    if (st) {
        vae_batch_free(t, b);
        return st;
    }
    *out = b;
    return COHL_OK;
}

static cohl_tensor *upload_clip(cohl_task *t, const cohl_clip *clip)
{
    int64_t dim[4] = { clip->frames, clip->height, clip->width, 3 };
    float *values = malloc((size_t)(dim[0] * dim[1] * dim[2] * 3) * sizeof *values);
    if (!values)
        return cohl_ctx_fail(t->ctx, COHL_ERR_MEMORY, "no memory for a clip");
    cohl_clip_values(clip, values);
    cohl_tensor *x = cohl_tensor_upload(t->ctx, values, COHL_F32, 4, dim);
    free(values);
    return x;
}

/* 1, or subject_weight where a subject stands. */
static cohl_tensor *pixel_weights(cohl_task *t, const cohl_clip *clip)
{
    int64_t count = (int64_t)clip->frames * clip->height * clip->width;
    float *weight = malloc((size_t)count * sizeof *weight);
    if (!weight)
        return cohl_ctx_fail(t->ctx, COHL_ERR_MEMORY, "no memory for weights");
    for (int64_t i = 0; i < count; i++)
        weight[i] = clip->mask[i] ? (float)t->subject_weight : 1.0f;
    cohl_tensor *w = cohl_tensor_upload(t->ctx, weight, COHL_F32, 1, &count);
    free(weight);
    return w;
}

static cohl_tensor *add_noise(cohl_task *t, cohl_tensor *z, uint64_t seed, int clip)
{
    if (!z || !seed || t->noise <= 0)
        return z;
    size_t count = (size_t)cohl_tensor_count(z);
    float *values = malloc(count * sizeof *values);
    if (!values)
        return cohl_ctx_fail(t->ctx, COHL_ERR_MEMORY, "no memory for noise");
    cohl_rng_fill_normal(values, 0, count, seed, (uint64_t)clip);
    for (size_t i = 0; i < count; i++)
        values[i] *= (float)t->noise;
    cohl_tensor *noise = cohl_tensor_upload(t->ctx, values, COHL_F32, z->rank, z->dim);
    free(values);
    return cohl_add(t->ctx, z, noise);
}

/* Decibels of a mean square in units where black to white is 2. */
static double psnr_of(double mean_square) { return 10 * log10(4 / mean_square); }

static cohl_tensor *clip_loss(cohl_task *t, const vae_batch *b, int i, cohl_terms *terms)
{
    cohl_ctx *ctx = t->ctx;
    cohl_tensor *x = upload_clip(t, &b->clip[i]), *w = pixel_weights(t, &b->clip[i]);
    cohl_tensor *z = cohl_vae_encode_raw(ctx, t->vae, x);
    cohl_tensor *y = cohl_vae_decode_raw(ctx, t->vae, add_noise(t, z, b->noise_seed, i));
    cohl_tensor *zero = z ? cohl_tensor_zero(ctx, COHL_F32, z->rank, z->dim) : NULL;
    cohl_tensor *loss = cohl_loss_l1(ctx, y, x, w);
    loss = cohl_add(ctx, loss, cohl_scale(ctx, cohl_loss_mse(ctx, y, x, w), (float)t->square_weight));
    loss = cohl_add(ctx, loss, cohl_scale(ctx, cohl_loss_mse(ctx, z, zero, NULL), (float)t->pull));
    if (!b->noise_seed && y) {
        float square = NAN;
        cohl_tensor_download(ctx, &square, cohl_loss_mse(ctx, y, x, NULL));
        cohl_terms_add(terms, "psnr", psnr_of(square));
    }
    return loss;
}

static cohl_tensor *vae_loss(cohl_task *t, const void *batch, cohl_terms *terms)
{
    const vae_batch *b = batch;
    cohl_tensor *total = NULL;
    for (int i = 0; i < b->count; i++) {
        cohl_tensor *one = clip_loss(t, b, i, terms);
        total = i ? cohl_add(t->ctx, total, one) : one;
    }
    return cohl_scale(t->ctx, total, 1.0f / (float)b->count);
}

/* y as 8-bit pixels of one frame. */
static void to_frame(cohl_frame *frame, const float *y)
{
    for (size_t i = 0; i < cohl_frame_bytes(frame); i++) {
        float v = y[i] < -1 ? -1 : y[i] > 1 ? 1 : y[i];
        frame->rgb[i] = (uint8_t)((v + 1) * 127.5f + 0.5f);
    }
}

/* First, middle and last frame of a clip and of its decoding: six cells. */
static cohl_status sheet_cells(cohl_task *t, cohl_sheet_cell *cells, uint64_t seed, cohl_error *err)
{
    cohl_clip clip;
    cohl_frame *frame;
    cohl_status st = make_clip(t, &clip, seed, true, err);
    if (st)
        return st;
    size_t pixels = (size_t)clip.width * (size_t)clip.height * 3;
    float *values = malloc(pixels * (size_t)clip.frames * sizeof *values);
    if (!values)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a sheet");
    if (!st) {
        cohl_ctx_mark_t mark = cohl_ctx_mark(t->ctx);
        cohl_tensor *z = cohl_vae_encode_raw(t->ctx, t->vae, upload_clip(t, &clip));
        cohl_tensor_download(t->ctx, values, cohl_vae_decode_raw(t->ctx, t->vae, z));
        cohl_ctx_release(t->ctx, mark);
        st = cohl_ctx_status(t->ctx, err);
    }
    for (int i = 0; i < 3 && !st; i++) {
        size_t at = (size_t)cohl_sheet_pick(i, 3, clip.frames) * pixels;
        if ((st = cohl_frame_new(&frame, clip.width, clip.height, err)))
            break;
        cells[i].frame = frame;
        memcpy(frame->rgb, clip.rgb + at, pixels);
        if ((st = cohl_frame_new(&frame, clip.width, clip.height, err)))
            break;
        cells[3 + i].frame = frame;
        to_frame(frame, values + at);
    }
    free(values);
    cohl_clip_free(&clip);
    return st;
}

static cohl_status vae_sheet(cohl_task *t, const char *path, cohl_error *err)
{
    enum { CLIPS = 6 };
    cohl_sheet_cell cells[CLIPS * 6] = { { NULL, NULL } };
    cohl_sheet_params params = cohl_sheet_params_default();
    cohl_frame *sheet = NULL;
    cohl_status st = COHL_OK;

    params.columns = 6, params.margin = 4;
    if (params.cell_width > t->request.width)      /* nothing is seen of small film by making it larger */
        params.cell_width = t->request.width;
    params.title = "film, and what the autoencoder makes of it";
    for (int i = 0; i < CLIPS && !st; i++)
        st = sheet_cells(t, cells + 6 * i, cohl_rng_mix(STREAM_SHEET, (uint64_t)i), err);
    if (!st && !(st = cohl_sheet_new(&sheet, cells, CLIPS * 6, &params, err)))
        st = cohl_still_write(path, sheet, NULL, 0, err);
    for (int i = 0; i < CLIPS * 6; i++)
        cohl_frame_free((cohl_frame *)cells[i].frame);
    cohl_frame_free(sheet);
    return st;
}

/* Mean and deviation of every latent channel over clips of training scenes. */
static cohl_status measure_latents(cohl_task *t, double *mean, double *deviation, cohl_error *err)
{
    enum { CLIPS = 48 };
    int channels = t->vae->config.z_dim;
    double sum[COHL_VAE_Z_MAX] = { 0 }, square[COHL_VAE_Z_MAX] = { 0 }, count = 0;
    cohl_status st = COHL_OK;

    for (int i = 0; i < CLIPS && !st; i++) {
        cohl_clip clip;
        if ((st = make_clip(t, &clip, cohl_rng_mix(STREAM_LATENT, (uint64_t)i), false, err)))
            break;
        cohl_ctx_mark_t mark = cohl_ctx_mark(t->ctx);
        cohl_tensor *z = cohl_vae_encode_raw(t->ctx, t->vae, upload_clip(t, &clip));
        int64_t cells = z ? cohl_tensor_rows(z) : 0;
        float *values = malloc((size_t)(cells * channels + 1) * sizeof *values);
        if (!values)
            st = cohl_fail(err, COHL_ERR_MEMORY, "no memory to measure latents");
        else
            cohl_tensor_download(t->ctx, values, z);
        for (int64_t k = 0; k < cells * channels && !st; k++) {
            sum[k % channels] += values[k];
            square[k % channels] += (double)values[k] * values[k];
        }
        count += (double)cells;
        free(values);
        cohl_ctx_release(t->ctx, mark);
        cohl_clip_free(&clip);
        if (!st)
            st = cohl_ctx_status(t->ctx, err);
    }
    for (int c = 0; c < channels && !st; c++) {
        mean[c] = sum[c] / count;
        deviation[c] = sqrt(square[c] / count - mean[c] * mean[c] + 1e-12);
    }
    return st;
}

/* Widen the channels that carry much of the picture: at one noise level more of them is seen, and
 * film is made from coarse to fine. A channel's deviation becomes its share of the pixels' variance to the
 * power `emphasis`, on average one (../docs/training.md says what was measured). */
static cohl_status emphasise(const cohl_task *t, double *deviation, cohl_error *err)
{
    int z = t->vae->config.z_dim;
    const cohl_param *map = cohl_params_find(&t->vae->params, "decoder.linear.rest.weight");
    if (!map || t->emphasis <= 0)
        return COHL_OK;
    int64_t count = cohl_tensor_count(map->tensor);
    float *value = malloc((size_t)count * sizeof *value);
    double share[COHL_VAE_Z_MAX] = { 0 }, squares = 0;
    cohl_status st = value ? cohl_param_get(&t->vae->params, map, value, err)
                           : cohl_fail(err, COHL_ERR_MEMORY, "no memory to weigh channels");
    for (int64_t i = 0; i < count && !st; i++)
        share[i % z] += (double)value[i] * value[i] * deviation[i % z] * deviation[i % z];
    for (int c = 0; c < z; c++) {
        share[c] = pow(share[c] + 1e-12, t->emphasis);
        squares += share[c] * share[c] / z;
    }
    for (int c = 0; c < z && !st; c++)
        deviation[c] /= share[c] / sqrt(squares);
    free(value);
    return st;
}

static cohl_status write_config(const cohl_task *t, const char *path, const double *mean,
                                const double *deviation, cohl_error *err)
{
    char *text = cohl_recipe_section_text(t->recipe, "model");
    json_t *config = text ? json_loads(text, 0, NULL) : NULL;
    json_t *means = json_array(), *deviations = json_array();
    char *out = NULL;

    for (int c = 0; c < t->vae->config.z_dim; c++) {
        json_array_append_new(means, json_real(mean[c]));
        json_array_append_new(deviations, json_real(deviation[c]));
    }
    json_object_set_new(config, "_class_name", json_string("AutoencoderKLWan"));
    bool library = json_object_get(config, "base_dim");    /* the diffusers library's spelling (vae_config.c) */
    json_object_set_new(config, library ? "latents_mean" : "latent_mean", means);
    json_object_set_new(config, library ? "latents_std" : "latent_std", deviations);
    if (config)
        out = json_dumps(config, JSON_INDENT(1) | JSON_REAL_PRECISION(7));
    cohl_status st = out ? cohl_file_write(path, out, strlen(out), err)
                         : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory", path);
    json_decref(config);
    free(text);
    free(out);
    return st;
}

static cohl_status vae_save(cohl_task *t, const char *folder, cohl_dtype dtype, cohl_error *err)
{
    double mean[COHL_VAE_Z_MAX], deviation[COHL_VAE_Z_MAX];
    char *part = cohl_path_join(folder, "vae");
    char *weights = part ? cohl_path_join(part, "model.safetensors") : NULL;
    char *config = part ? cohl_path_join(part, "config.json") : NULL;
    cohl_status st = config && weights ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for names");

    if (!st && !(st = cohl_folder_make(part, err)) && !(st = measure_latents(t, mean, deviation, err)) &&
        !(st = emphasise(t, deviation, err)) && !(st = cohl_params_save(&t->vae->params, weights, dtype, NULL, err)))
        st = write_config(t, config, mean, deviation, err);
    free(part);
    free(weights);
    free(config);
    return st;
}

const cohl_task_kind cohl_task_vae = {
    .name = "vae", .about = "the video autoencoder, on freshly rendered film",
    .open = vae_open, .close = vae_close, .sets = vae_sets,
    .batch = vae_make_batch, .batch_free = vae_batch_free, .loss = vae_loss,
    .held_out_batches = 6, .sheet = vae_sheet, .save = vae_save,
};
