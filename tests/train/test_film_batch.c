/* Tests of train/latents and train/film_batch: film encoded ahead, and what a step draws from it. */
#include "tiny.h"
#include "weights/safetensors.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/half.h"
#include "train/film_batch.h"

enum { SHARDS = 2, CHANNELS = 6, SAMPLES = 24 };

static const char *tokenizer_folder;
static const cohl_film_draw usual = {
    .text_max = 48, .drop_text = 0.2, .give_camera = 0.5, .french = 0.35, .dense = 0.2, .shift = 2.5, .high = 0.1,
    .known_first = 0.3, .known_some = 0.2, .level_each = 0.2, .subject_weight = 3,
};

/* One store for all tests: shard 0 is stills of 32 x 32, shard 1 five frames of 64 x 32. */
static struct {
    char           *folder, *vae, *cache;
    cohl_ctx        ctx;
    cohl_latents   *latents;
    cohl_tokenizer *tokenizer;
} all;

static cohl_latents *open_store(cohl_ctx *ctx, const char *vae, const char *cache, bool held_out)
{
    cohl_latents *out;
    cohl_error err;
    cohl_latents_params p = {
        .ctx = ctx, .vae_folder = vae, .folder = cache, .request = cohl_scene_request_default(), .seed = 3,
        .shape = { { 32, 32, 1 }, { 64, 32, 5 } }, .shape_count = 2,
    };
    p.request.held_out = held_out, p.request.act = 1;
    if (cohl_latents_open(&out, &p, &err))
        fail_msg("%s", err.text);
    return out;
}

static int open_all(void **state)
{
    (void)state;
    all.folder = tiny_folder();
    all.vae = tiny_path(all.folder, "vae");
    all.cache = tiny_path(all.folder, "cache");
    tiny_vae_write(all.vae, 1, 1);
    assert_int_equal(cohl_ctx_open(&all.ctx, &(cohl_ctx_params){ 0 }, NULL), COHL_OK);
    all.latents = open_store(&all.ctx, all.vae, all.cache, false);
    assert_int_equal(cohl_latents_need(all.latents, SHARDS, NULL), COHL_OK);
    assert_int_equal(cohl_tokenizer_open(&all.tokenizer, tokenizer_folder, NULL), COHL_OK);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    cohl_latents_close(all.latents);
    cohl_tokenizer_close(all.tokenizer);
    cohl_ctx_close(&all.ctx);
    free(all.vae);
    free(all.cache);
    tiny_remove(all.folder);
    return 0;
}

/* ---- latents ------------------------------------------------------------- */

static size_t cells_of(const cohl_shard *s) { return (size_t)s->frames * (size_t)s->height * (size_t)s->width; }

static void test_shards_have_the_shapes_in_turn(void **state)
{
    const cohl_shard *stills = cohl_latents_shard(all.latents, 0), *film = cohl_latents_shard(all.latents, 1);
    assert_int_equal(cohl_latents_count(all.latents), SHARDS);
    assert_true(stills->frames == 1 && stills->height == 2 && stills->width == 2 && stills->channels == CHANNELS);
    assert_true(film->frames == 2 && film->height == 2 && film->width == 4 && film->request.frames == 5);
    cohl_error err = { 0 };
    assert_int_equal(cohl_latents_need(all.latents, 5000, &err), COHL_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "5000"));
}

static void test_scenes_are_held_out_only_where_asked(void **state)
{
    char *cache = tiny_path(all.folder, "held-out");
    cohl_latents *held = open_store(&all.ctx, all.vae, cache, true);
    assert_int_equal(cohl_latents_need(held, 1, NULL), COHL_OK);
    for (int i = 0; i < COHL_SHARD_CLIPS; i++) {
        const cohl_shard *in = cohl_latents_shard(all.latents, 0), *out = cohl_latents_shard(held, 0);
        cohl_scene scene;
        cohl_scene_draw(&scene, &in->request, in->seed[i]);
        assert_false(cohl_scene_is_held_out(&scene));
        cohl_scene_draw(&scene, &out->request, out->seed[i]);
        assert_true(cohl_scene_is_held_out(&scene));
    }
    cohl_latents_close(held);
    free(cache);
}

static void test_cells_know_where_subjects_stand(void **state)
{
    const cohl_shard *s = cohl_latents_shard(all.latents, 1);
    size_t some = 0, none = 0, count = cells_of(s) * COHL_SHARD_CLIPS;
    for (size_t i = 0; i < count; i++) {
        some += s->cell[i] > 0;
        none += s->cell[i] == 0;
    }
    assert_true(some > count / 20 && none > count / 20);
}

/* What a store of these files, with these threads, holds in shard 0. */
static void assert_shard(const char *vae, int threads, bool same)
{
    const cohl_shard *before = cohl_latents_shard(all.latents, 0);
    cohl_workers *workers;
    cohl_ctx ctx;
    assert_int_equal(cohl_workers_new(&workers, threads, NULL), COHL_OK);
    assert_int_equal(cohl_ctx_open(&ctx, &(cohl_ctx_params){ .workers = workers }, NULL), COHL_OK);
    cohl_latents *again = open_store(&ctx, vae, all.cache, false);
    assert_int_equal(cohl_latents_need(again, 1, NULL), COHL_OK);
    const cohl_shard *now = cohl_latents_shard(again, 0);
    size_t cells = cells_of(now) * COHL_SHARD_CLIPS;
    assert_memory_equal(before->seed, now->seed, COHL_SHARD_CLIPS * sizeof *now->seed);
    assert_memory_equal(before->cell, now->cell, cells);
    assert_true(same == !memcmp(before->latent, now->latent, cells * CHANNELS * sizeof *now->latent));
    cohl_latents_close(again);
    cohl_ctx_close(&ctx);
    cohl_workers_free(workers);
}

static void test_a_lost_or_broken_shard_is_made_again_byte_for_byte(void **state)
{
    char *path = tiny_path(all.cache, "32x32x1-00000.safetensors");
    size_t size, again_size;
    char *bytes = tiny_read(path, &size);
    for (int damage = 0; damage < 2; damage++) {
        assert_int_equal(damage ? truncate(path, (off_t)size / 2) : unlink(path), 0);
        assert_shard(all.vae, 1 + 2 * damage, true);
        char *again = tiny_read(path, &again_size);
        assert_int_equal(size, again_size);
        assert_memory_equal(bytes, again, size);
        free(again);
    }
    free(bytes);
    free(path);
}

static void test_shards_of_another_autoencoder_are_not_used(void **state)
{
    char *other = tiny_path(all.folder, "other");
    tiny_vae_write(other, 2, 1);             /* other weights */
    assert_shard(other, 1, false);
    tiny_vae_write(other, 1, 2);             /* our weights, another deviation in the config */
    assert_shard(other, 1, false);
    tiny_vae_write(other, 1, 1);             /* a copy of ours: the same shard as at first */
    assert_shard(other, 1, true);
    free(other);
}

/* The shard's file once more, with another latent at first, made by this theatre (NULL: it does not say). */
static void make_again_by(const char *theatre, const char *path, uint16_t first)
{
    cohl_safetensors *file;
    assert_int_equal(cohl_safetensors_open(&file, path, NULL), COHL_OK);
    cohl_weight weight[2] = { *cohl_safetensors_find(file, "latent"), *cohl_safetensors_find(file, "cell") };
    const cohl_metadata told[] = { { "cohl.made", cohl_safetensors_metadata(file, "cohl.made") },
                                   { theatre ? "cohl.theatre" : NULL, theatre }, { NULL, NULL } };
    uint16_t *latent = malloc(weight[0].count * sizeof *latent);
    memcpy(latent, weight[0].data, weight[0].count * sizeof *latent);
    latent[0] = first, weight[0].data = latent;
    assert_int_equal(cohl_safetensors_write(path, weight, 2, told, NULL), COHL_OK);
    cohl_safetensors_close(file);
    free(latent);
}

/* They stayed in use until somebody deleted the cache. */
static void test_shards_of_another_theatre_are_not_used(void **state)
{
    static const struct { const char *theatre; bool used; } cases[] = { { NULL, true }, { "0123456789abcdef", false } };
    char *cache = tiny_path(all.folder, "theatres"), *path = tiny_path(cache, "32x32x1-00000.safetensors");
    for (int i = 0; i < 2; i++) {
        unlink(path);
        cohl_latents *store = open_store(&all.ctx, all.vae, cache, false);
        assert_int_equal(cohl_latents_need(store, 1, NULL), COHL_OK);
        uint16_t first = cohl_latents_shard(store, 0)->latent[0], other = (uint16_t)(first ^ 1);
        cohl_latents_close(store);
        make_again_by(cases[i].theatre, path, other);
        store = open_store(&all.ctx, all.vae, cache, false);
        assert_int_equal(cohl_latents_need(store, 1, NULL), COHL_OK);
        assert_int_equal(cohl_latents_shard(store, 0)->latent[0], cases[i].used ? other : first);
        cohl_latents_close(store);
    }
    free(path);
    free(cache);
}

static void test_a_folder_that_is_no_autoencoder_is_refused(void **state)
{
    cohl_latents *out = NULL;
    cohl_error err = { 0 };
    cohl_latents_params p = { .ctx = &all.ctx, .vae_folder = "/nowhere/vae", .folder = all.cache, .shape_count = 1,
                              .shape = { { 32, 32, 1 } }, .request = cohl_scene_request_default() };
    assert_int_not_equal(cohl_latents_open(&out, &p, &err), COHL_OK);
    assert_non_null(strstr(err.text, "/nowhere/vae"));
}

/* ---- batches ------------------------------------------------------------- */

static cohl_film_batch *draw(const cohl_film_draw *how, uint64_t seed)
{
    cohl_film_batch *b = NULL;
    cohl_error err;
    if (cohl_film_batch_draw(&b, how, all.latents, SHARDS, all.tokenizer, SAMPLES, seed, &err))
        fail_msg("%s", err.text);
    return b;
}

static bool same_batch(const cohl_film_batch *a, const cohl_film_batch *b)
{
    size_t values = (size_t)a->cells * CHANNELS * sizeof(float);
    return a->count == b->count && a->cells == b->cells && a->frames == b->frames &&
           !memcmp(a->sample, b->sample, (size_t)a->count * sizeof *a->sample) &&
           !memcmp(a->id, b->id, (size_t)(a->count * usual.text_max) * sizeof *a->id) &&
           !memcmp(a->id_count, b->id_count, (size_t)a->count * sizeof *a->id_count) &&
           !memcmp(a->noisy, b->noisy, values) && !memcmp(a->velocity, b->velocity, values) &&
           !memcmp(a->weight, b->weight, (size_t)a->cells * sizeof(float)) &&
           !memcmp(a->time, b->time, (size_t)a->frames * sizeof(float)) &&
           !memcmp(a->camera, b->camera, (size_t)a->frames * COHL_CAMERA_CODE * sizeof(float));
}

static void test_a_batch_follows_from_its_seed_alone(void **state)
{
    cohl_film_batch *a = draw(&usual, 9), *b = draw(&usual, 9), *c = draw(&usual, 10);
    assert_true(same_batch(a, b));
    assert_false(same_batch(a, c));
    cohl_film_batch_free(a);
    cohl_film_batch_free(b);
    cohl_film_batch_free(c);
}

static void *draw_aside(void *out)
{
    *(cohl_film_batch **)out = draw(&usual, 9);
    return NULL;
}

static void test_batches_drawn_by_many_threads_at_once_are_the_same(void **state)
{
    cohl_film_batch *a = draw(&usual, 9), *b[4];
    pthread_t thread[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, draw_aside, &b[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        assert_true(same_batch(a, b[i]));
        cohl_film_batch_free(b[i]);
    }
    cohl_film_batch_free(a);
}

static void test_samples_are_packed_one_behind_the_other(void **state)
{
    cohl_film_batch *b = draw(&usual, 1);
    int64_t cells = 0, frames = 0;
    int ids = 0, stills = 0;
    assert_int_equal(b->count, SAMPLES);
    assert_int_equal(b->channels, CHANNELS);
    for (int i = 0; i < b->count; i++) {
        const cohl_dit_sample *s = &b->sample[i];
        cells += (int64_t)s->frames * s->height * s->width;
        frames += s->frames;
        stills += s->frames == 1;
        assert_int_equal(s->text_begin, ids);
        assert_int_equal(s->text_count, b->id_count[i]);
        assert_in_range(s->text_count, 1, usual.text_max);
        for (int k = 0; k < s->text_count; k++)
            assert_true((b->id[ids + k] == COHL_TOKEN_END) == (k + 1 == s->text_count));
        ids += s->text_count;
    }
    assert_int_equal(cells, b->cells);
    assert_int_equal(frames, b->frames);
    assert_true(stills > 0 && stills < SAMPLES);
    cohl_film_batch_free(b);
}

/* The clips of the shard that are this data but for rounding. */
static int clips_like(const cohl_shard *s, const double *data)
{
    size_t values = cells_of(s) * CHANNELS;
    int count = 0;
    for (size_t clip = 0; clip < COHL_SHARD_CLIPS; clip++) {
        size_t i = 0;
        while (i < values && fabs(cohl_bf16_to_f32(s->latent[clip * values + i]) - data[i]) < 2e-5)
            i++;
        count += i == values;
    }
    return count;
}

/* noisy = (1 - level) data + level noise and velocity = noise - data, so data = noisy - level *
 * velocity must be a clip of the shards, and the rest normal noise. */
static void test_velocity_is_noise_less_data(void **state)
{
    cohl_film_batch *b = draw(&usual, 2);
    size_t at = 0;
    int frame = 0;
    double sum = 0, squares = 0;
    for (int i = 0; i < b->count; i++) {
        const cohl_dit_sample *s = &b->sample[i];
        size_t each = (size_t)(s->height * s->width) * CHANNELS;
        double data[128];
        assert_true(each * (size_t)s->frames <= 128);
        for (size_t k = 0; k < each * (size_t)s->frames; k++, at++) {
            double level = b->time[frame + (int)(k / each)] / 1000;
            data[k] = b->noisy[at] - level * b->velocity[at];
            double noise = b->velocity[at] + data[k];
            sum += noise, squares += noise * noise;
        }
        assert_int_equal(clips_like(cohl_latents_shard(all.latents, s->frames > 1), data), 1);
        frame += s->frames;
    }
    assert_true(fabs(sum / (double)at) < 0.15 && fabs(squares / (double)at - 1) < 0.25);
    cohl_film_batch_free(b);
}

static void test_known_frames_have_time_0_weight_0_and_no_noise(void **state)
{
    int known = 0, unknown = 0, heavier = 0;
    for (uint64_t seed = 0; seed < 8; seed++) {
        cohl_film_batch *b = draw(&usual, seed);
        int64_t cell = 0, frame = 0;
        for (int i = 0; i < b->count; i++)
            for (int f = 0; f < b->sample[i].frames; f++, frame++) {
                int64_t cells = b->sample[i].height * b->sample[i].width;
                bool is_known = b->time[frame] == 0;
                known += is_known, unknown += !is_known;
                assert_true(b->time[frame] >= 0 && b->time[frame] <= 1000);
                for (int64_t k = 0; k < cells; k++, cell++) {
                    float w = b->weight[cell], first = b->noisy[cell * CHANNELS];
                    assert_true(is_known ? w == 0 : w >= 1 && w <= (float)usual.subject_weight);
                    heavier += w > 1;
                    if (is_known)      /* a value of the file: bf16, nothing mixed in */
                        assert_true(cohl_bf16_to_f32(cohl_f32_to_bf16(first)) == first);
                }
            }
        cohl_film_batch_free(b);
    }
    assert_true(known > 20 && unknown > known && heavier > 0);
}

/* Frames of times, sample by sample, under settings that always choose one thing. */
static void test_each_way_to_draw_does_what_it_says(void **state)
{
    cohl_film_draw first = usual, some = usual, each = usual, high = usual, silent = usual, blind = usual;
    first.known_first = 1;
    some.known_first = 0, some.known_some = 1;
    each.known_first = each.known_some = 0, each.level_each = 1;
    high.high = 1, high.known_first = high.known_some = 0;
    silent.drop_text = 1;
    blind.give_camera = 0;
    const cohl_film_draw *const ways[] = { &first, &some, &each, &high, &silent, &blind };
    int differing = 0, given = 0;
    for (int w = 0; w < 6; w++) {
        cohl_film_batch *b = draw(ways[w], 4);
        const float *t = b->time, *camera = b->camera;
        for (int i = 0; i < b->count; t += b->sample[i].frames, camera += b->sample[i].frames * COHL_CAMERA_CODE, i++) {
            bool film = b->sample[i].frames == 2;
            if (w == 0)
                assert_true(film ? t[0] == 0 && t[1] > 0 : t[0] > 0);
            if (w == 1)
                assert_true(film ? t[0] > 0 || t[1] > 0 : t[0] > 0);
            if (w == 2 && film)
                differing += t[0] != t[1];
            if (w == 3)
                assert_true(t[0] >= 950 && t[0] <= 1000);
            if (w == 4)
                assert_int_equal(b->id_count[i], 1);
            if (w == 5)
                assert_true(camera[0] == 0 && camera[1] == 0);
            else
                given += camera[0] == 1;
            if (!film)
                assert_true(camera[0] == 0);
        }
        cohl_film_batch_free(b);
    }
    assert_true(differing > 0 && given > 0);
}

static void test_a_larger_shift_means_more_noise(void **state)
{
    double mean[3] = { 0 };
    for (int k = 0; k < 3; k++) {
        cohl_film_draw how = usual;
        how.high = how.known_first = how.known_some = 0, how.shift = (double[]){ 0.5, 1, 4 }[k];
        for (uint64_t seed = 0; seed < 10; seed++) {
            cohl_film_batch *b = draw(&how, seed);
            for (int64_t f = 0; f < b->frames; f++)
                mean[k] += b->time[f] / (double)b->frames;
            cohl_film_batch_free(b);
        }
    }
    assert_true(mean[0] < mean[1] && mean[1] < mean[2]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shards_have_the_shapes_in_turn),
        cmocka_unit_test(test_scenes_are_held_out_only_where_asked),
        cmocka_unit_test(test_cells_know_where_subjects_stand),
        cmocka_unit_test(test_a_lost_or_broken_shard_is_made_again_byte_for_byte),
        cmocka_unit_test(test_shards_of_another_autoencoder_are_not_used),
        cmocka_unit_test(test_shards_of_another_theatre_are_not_used),
        cmocka_unit_test(test_a_folder_that_is_no_autoencoder_is_refused),
        cmocka_unit_test(test_a_batch_follows_from_its_seed_alone),
        cmocka_unit_test(test_batches_drawn_by_many_threads_at_once_are_the_same),
        cmocka_unit_test(test_samples_are_packed_one_behind_the_other),
        cmocka_unit_test(test_velocity_is_noise_less_data),
        cmocka_unit_test(test_known_frames_have_time_0_weight_0_and_no_noise),
        cmocka_unit_test(test_each_way_to_draw_does_what_it_says),
        cmocka_unit_test(test_a_larger_shift_means_more_noise),
    };
    if (argc < 2) {
        fprintf(stderr, "usage: test_film_batch TOKENIZER_FOLDER\n");
        return 1;
    }
    tokenizer_folder = argv[1];
    return cmocka_run_group_tests_name("film_batch", tests, open_all, close_all);
}
