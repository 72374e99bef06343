/* film_batch.c - what the film model learns from at a step. */
#include "train/film_batch.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "base/rng.h"

enum { LATENT_FRAMES_MAX = 256 };

/* The clip behind one sample, while a batch is drawn. */
typedef struct source { const cohl_shard *shard; int clip; cohl_rng rng; uint64_t seed; } source;

void cohl_film_batch_free(cohl_film_batch *b)
{
    if (!b)
        return;
    free(b->sample);
    free(b->id);
    free(b->id_count);
    free(b->noisy);
    free(b->velocity);
    free(b->weight);
    free(b->time);
    free(b->camera);
    free(b);
}

static void choose_sources(source *from, int count, const cohl_latents *latents, int shard_count, uint64_t seed)
{
    for (int i = 0; i < count; i++) {
        from[i].seed = cohl_rng_mix(seed, (uint64_t)i);
        from[i].rng = cohl_rng_make(from[i].seed, 0);
        from[i].shard = cohl_latents_shard(latents, (int)cohl_rng_below(&from[i].rng, (uint32_t)shard_count));
        from[i].clip = (int)cohl_rng_below(&from[i].rng, COHL_SHARD_CLIPS);
    }
}

static cohl_status new_batch(cohl_film_batch **out, const cohl_film_draw *draw, const source *from, int count,
                             cohl_error *err)
{
    cohl_film_batch *b = calloc(1, sizeof *b);
    if (!b)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a batch");
    b->count = count;
    b->channels = from[0].shard->channels;
    for (int i = 0; i < count; i++) {
        const cohl_shard *s = from[i].shard;
        b->frames += s->frames;
        b->cells += (int64_t)s->frames * s->height * s->width;
    }
    size_t values = (size_t)b->cells * (size_t)b->channels;
    b->sample = calloc((size_t)count, sizeof *b->sample);
    b->id = calloc((size_t)count * (size_t)draw->text_max, sizeof *b->id);
    b->id_count = calloc((size_t)count, sizeof *b->id_count);
    b->noisy = malloc(values * sizeof *b->noisy);
    b->velocity = malloc(values * sizeof *b->velocity);
    b->weight = malloc((size_t)b->cells * sizeof *b->weight);
    b->time = malloc((size_t)b->frames * sizeof *b->time);
    b->camera = calloc((size_t)b->frames * COHL_CAMERA_CODE, sizeof *b->camera);
    if (!b->sample || !b->id || !b->id_count || !b->noisy || !b->velocity || !b->weight || !b->time ||
        !b->camera) {
        cohl_film_batch_free(b);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a batch of %d samples", count);
    }
    *out = b;
    return COHL_OK;
}

/* A noise level: logit-normal, shifted towards noise (Esser et al. 2024, 3.1), or now and then
 * near 1, where setting and colour are decided. */
static double draw_level(const cohl_film_draw *draw, cohl_rng *rng)
{
    if (cohl_rng_uniform(rng) < draw->high)
        return cohl_rng_between(rng, 0.95, 1);
    double u = 1 / (1 + exp(-cohl_rng_normal(rng)));
    return draw->shift * u / (1 + (draw->shift - 1) * u);
}

/* The level of each frame: one for all, but known frames 0, or each its own. */
static void draw_levels(const cohl_film_draw *draw, cohl_rng *rng, int frames, double *level)
{
    double mode = cohl_rng_uniform(rng), all = draw_level(draw, rng);
    int kept = (int)cohl_rng_below(rng, (uint32_t)frames);     /* this one stays unknown */
    for (int f = 0; f < frames; f++)
        level[f] = all;
    if (frames == 1)
        return;
    if (mode < draw->known_first) {
        level[0] = 0;
    } else if ((mode -= draw->known_first) < draw->known_some) {
        for (int f = 0; f < frames; f++)
            if (f != kept && cohl_rng_below(rng, 2))
                level[f] = 0;
    } else if (mode - draw->known_some < draw->level_each) {
        for (int f = 0; f < frames; f++)
            level[f] = draw_level(draw, rng);
    }
}

/* One latent frame: noisy = (1 - level) data + level noise, velocity = noise - data. */
static void mix_frame(cohl_film_batch *b, const source *from, int frame, int64_t cell, double level,
                      double subject_weight)
{
    const cohl_shard *s = from->shard;
    size_t cells = (size_t)s->height * (size_t)s->width, values = cells * (size_t)s->channels;
    size_t at = ((size_t)from->clip * (size_t)s->frames + (size_t)frame) * cells;
    const uint16_t *data = s->latent + at * (size_t)s->channels;
    float *noisy = b->noisy + (size_t)cell * (size_t)s->channels;
    float *velocity = b->velocity + (size_t)cell * (size_t)s->channels;

    cohl_rng_fill_normal(velocity, (uint64_t)frame * values, values, from->seed, 1);
    for (size_t i = 0; i < values; i++) {
        float x = cohl_bf16_to_f32(data[i]), noise = velocity[i];
        noisy[i] = (float)(1 - level) * x + (float)level * noise;
        velocity[i] = noise - x;
    }
    for (size_t i = 0; i < cells; i++)
        b->weight[(size_t)cell + i] =
            level > 0 ? 1 + (float)(subject_weight - 1) * (float)s->cell[at + i] / 255 : 0;
}

static cohl_status write_caption(cohl_film_batch *b, int i, const cohl_film_draw *draw, const cohl_scene *scene,
                                 const cohl_tokenizer *tokenizer, cohl_rng *rng, int *ids, cohl_error *err)
{
    cohl_text text = { 0 };
    bool words = cohl_rng_uniform(rng) >= draw->drop_text;
    cohl_language language = cohl_rng_uniform(rng) < draw->french ? COHL_FRENCH : COHL_ENGLISH;
    bool dense = cohl_rng_uniform(rng) < draw->dense;
    uint64_t variant = cohl_rng_u64(rng);

    if (words)
        cohl_scene_caption(scene, &text, language, dense, variant);
    cohl_status st = cohl_tokenizer_encode(tokenizer, text.data ? text.data : "", b->id + *ids, draw->text_max,
                                           &b->id_count[i], err);
    cohl_text_free(&text);
    b->sample[i].text_begin = *ids;
    b->sample[i].text_count = b->id_count[i];
    *ids += b->id_count[i];
    return st;
}

static cohl_status draw_sample(cohl_film_batch *b, int i, source *from, const cohl_film_draw *draw,
                               const cohl_tokenizer *tokenizer, int64_t *frame, int64_t *cell, int *ids,
                               cohl_error *err)
{
    const cohl_shard *s = from->shard;
    double level[LATENT_FRAMES_MAX];
    cohl_scene scene;

    assert(s->frames <= LATENT_FRAMES_MAX);
    cohl_scene_draw(&scene, &s->request, s->seed[from->clip]);
    b->sample[i] = (cohl_dit_sample){ .frames = s->frames, .height = s->height, .width = s->width };
    cohl_status st = write_caption(b, i, draw, &scene, tokenizer, &from->rng, ids, err);
    if (st)
        return st;
    if (cohl_rng_uniform(&from->rng) < draw->give_camera && s->frames > 1)
        cohl_scene_camera_code(&scene, s->frames, b->camera + *frame * COHL_CAMERA_CODE);
    draw_levels(draw, &from->rng, s->frames, level);
    for (int f = 0; f < s->frames; f++) {
        mix_frame(b, from, f, *cell, level[f], draw->subject_weight);
        b->time[*frame] = (float)(1000 * level[f]);
        *cell += (int64_t)s->height * s->width;
        *frame += 1;
    }
    return COHL_OK;
}

cohl_status cohl_film_batch_draw(cohl_film_batch **out, const cohl_film_draw *draw,
                                 const cohl_latents *latents, int shard_count,
                                 const cohl_tokenizer *tokenizer, int count, uint64_t seed, cohl_error *err)
{
    int64_t frame = 0, cell = 0;
    int ids = 0;
    cohl_film_batch *b = NULL;
    source *from = calloc((size_t)count, sizeof *from);
    if (!from)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a batch");
    choose_sources(from, count, latents, shard_count, seed);
    cohl_status st = new_batch(&b, draw, from, count, err);
    for (int i = 0; i < count && !st; i++)
        st = draw_sample(b, i, &from[i], draw, tokenizer, &frame, &cell, &ids, err);
    free(from);
    if (st) {
        cohl_film_batch_free(b);
        return st;
    }
    *out = b;
    return COHL_OK;
}
