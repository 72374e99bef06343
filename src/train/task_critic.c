/* task_critic.c - teaching the critic what films show.
 *
 * A batch is freshly rendered film, held-out combinations among it: the critic must
 * judge those too, and no film model learns from it. Most clips are rendered small at
 * once, the nine frames that are looked at alone; some are rendered in full and shrunk.
 * Where a trained autoencoder is given, some steps see its decodings, since that is what
 * generated film is made of. Blur, noise and light that differ a little from clip to clip
 * make the critic judge the content. Held-out terms are the share of right answers. */
#include "train/task.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "media/sheet.h"
#include "media/still.h"
#include "model/critic.h"
#include "model/vae_file.h"
#include "tensor/ops.h"
#include "train/clip.h"

enum {
    LENGTHS_MAX = 8, CLIPS_MAX = 64, LOOKS = COHL_CRITIC_FRAMES, PATCH = COHL_CRITIC_PATCH,
    STREAM_TRAIN = 21, STREAM_HELD_OUT = 22, STREAM_SPOIL = 23, STREAM_CELLS = 24,
};

/* Of a cell's 256 pixels: as many of a subject name the cell; fewer, but any, leave it unnamed. */
static const int CELL_PIXELS = 48;
/* One empty cell in four counts, or they would drown the others. */
static const uint32_t EMPTY_CELLS = 4;
/* Ten answers a clip, one or two of them yes. */
static const float PRESENT_WEIGHT = 3;

struct cohl_task {
    const cohl_recipe *recipe;
    cohl_ctx    *ctx;
    cohl_critic *critic;
    cohl_vae    *vae;          /* NULL = none given */
    cohl_scene_request request;
    int    length[LENGTHS_MAX], length_count;
    int    vae_length, vae_every, vae_batch;
    double spoil;              /* how much blur, noise and light differ, 0..1 */
    double full;               /* share of clips rendered in full and shrunk */
};

typedef struct critic_sample {
    cohl_wanted wanted;
    int      width, height;    /* as the critic sees it */
    float   *values;           /* [LOOKS, height, width, 3]; NULL until the autoencoder is through */
    uint8_t *mask;             /* [LOOKS, height, width]: 0 = none, 1 + actor */
    cohl_clip clip;            /* the whole film, for the autoencoder; no pixels otherwise */
    uint64_t seed;
} critic_sample;

typedef struct critic_batch {
    int  count;
    bool held_out;
    critic_sample sample[CLIPS_MAX];
} critic_batch;

/* ---- opening ---------------------------------------------------------------- */

static cohl_status read_data(cohl_task *t, const char **vae, cohl_config *c, cohl_error *err)
{
    static const int lengths[] = { 17, 33, 49, 65, 81 };
    t->request = cohl_scene_request_default();
    cohl_config_int_or(c, "act", 1, 2, 2, &t->request.act);
    cohl_config_int_or(c, "actors_max", 1, COHL_ACTORS_MAX, 2, &t->request.actors_max);
    cohl_config_float_or(c, "spoil", 0, 1, 1, &t->spoil);
    cohl_config_float_or(c, "full", 0, 1, 0.1, &t->full);
    cohl_config_string_or(c, "vae", "", vae);
    cohl_config_int_or(c, "vae_frames", 5, 81, 17, &t->vae_length);
    cohl_config_int_or(c, "vae_every", 1, 1000, 8, &t->vae_every);
    cohl_config_int_or(c, "vae_batch", 1, CLIPS_MAX, 4, &t->vae_batch);
    t->length_count = sizeof lengths / sizeof *lengths;
    memcpy(t->length, lengths, sizeof lengths);
    if (cohl_config_has(c, "frames"))
        cohl_config_ints(c, "frames", LOOKS, 81, 1, LENGTHS_MAX, t->length, &t->length_count);
    cohl_status st = cohl_config_done_whole(c, NULL, err);
    if (!st && t->vae_length % 4 != 1)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: vae_frames is %d, expected 4k+1", t->recipe->name, t->vae_length);
    if (!st && t->recipe->batch > CLIPS_MAX)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: a batch of %d clips, expected at most %d", t->recipe->name,
                       t->recipe->batch, CLIPS_MAX);
    return st;
}

static void critic_close(cohl_task *t)
{
    cohl_critic_free(t->critic);
    cohl_vae_free(t->vae);
    free(t);
}

static cohl_status open_data(cohl_task *t, cohl_error *err)
{
    cohl_config *c;
    const char *vae;
    cohl_status st = cohl_recipe_section(t->recipe, "data", &c, err);
    if (st)
        return st;
    st = read_data(t, &vae, c, err);
    if (!st && *vae && cohl_folder_exists(vae))
        st = cohl_vae_load(&t->vae, t->ctx, vae, err);
    cohl_config_close(c);
    return st;
}

static cohl_status open_model(cohl_task *t, cohl_error *err)
{
    cohl_config *c;
    cohl_critic_config config;
    cohl_status st = cohl_recipe_section(t->recipe, "model", &c, err);
    if (st)
        return st;
    st = cohl_critic_config_read(&config, c, err);
    cohl_config_close(c);
    if (st || (st = cohl_critic_new(&t->critic, &config, err)) ||
        (st = cohl_params_alloc(&t->critic->params, t->ctx, &(cohl_params_use){ .train = true }, err)))
        return st;
    if (t->recipe->start_from)
        return cohl_params_load_path(&t->critic->params, t->recipe->start_from, err);
    return cohl_params_start(&t->critic->params, t->recipe->seed, err);
}

static cohl_status critic_open(cohl_task **out, const cohl_task_params *params, cohl_error *err)
{
    cohl_task *t = calloc(1, sizeof *t);
    cohl_status st;
    if (!t)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a task");
    t->recipe = params->recipe, t->ctx = params->ctx;
    if ((st = open_data(t, err)) || (st = open_model(t, err))) {
        critic_close(t);
        return st;
    }
    *out = t;
    return COHL_OK;
}

static int critic_sets(cohl_task *t, cohl_trainee sets[COHL_TASK_SETS_MAX])
{
    sets[0] = (cohl_trainee){ "critic", &t->critic->params };
    return 1;
}

/* ---- batches ------------------------------------------------------------------ */

static void sample_free(critic_sample *s)
{
    free(s->values);
    free(s->mask);
    cohl_clip_free(&s->clip);
}

static void critic_batch_free(cohl_task *t, void *batch)
{
    critic_batch *b = batch;
    (void)t;
    for (int i = 0; b && i < b->count; i++)
        sample_free(&b->sample[i]);
    free(b);
}

static size_t small_pixels(const critic_sample *s)
{
    return (size_t)LOOKS * (size_t)s->width * (size_t)s->height;
}

/* Seven in ten as films are mostly made, the others upright or square. */
static void choose_shape(cohl_scene_request *request, cohl_rng *rng)
{
    static const int shape[3][2] = { { 320, 192 }, { 192, 320 }, { 256, 256 } };
    uint32_t die = cohl_rng_below(rng, 20);
    const int *s = shape[die < 14 ? 0 : die < 17 ? 1 : 2];
    request->width = s[0], request->height = s[1];
}

/* The film's nine frames, shrunk, and the truth at every pixel they keep. */
static cohl_status keep_looks(critic_sample *s, const cohl_clip *clip, cohl_error *err)
{
    cohl_frame view[LOOKS];
    const cohl_frame *look[LOOKS];
    size_t pixels = (size_t)clip->width * (size_t)clip->height;
    for (int i = 0; i < LOOKS; i++) {
        size_t f = (size_t)cohl_sheet_pick(i, LOOKS, clip->frames);
        const uint8_t *mask = clip->mask + f * pixels;
        view[i] = (cohl_frame){ clip->width, clip->height, clip->rgb + f * pixels * 3 };
        look[i] = &view[i];
        for (int y = 0; y < s->height; y++)
            for (int x = 0; x < s->width; x++)
                s->mask[(i * s->height + y) * s->width + x] =
                    mask[(y * clip->height / s->height) * clip->width + x * clip->width / s->width];
    }
    return s->values ? cohl_critic_shrink(s->values, look, LOOKS, err) : COHL_OK;
}

/* Only the frames that are looked at, as a clip of nine. */
static cohl_status render_looks(cohl_clip *clip, const cohl_scene *scene, cohl_error *err)
{
    size_t pixels = (size_t)scene->width * (size_t)scene->height;
    *clip = (cohl_clip){ .scene = *scene, .frames = LOOKS, .width = scene->width, .height = scene->height,
                         .rgb = malloc(LOOKS * pixels * 3), .mask = malloc(LOOKS * pixels) };
    if (!clip->rgb || !clip->mask) {
        cohl_clip_free(clip);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a clip");
    }
    for (int i = 0; i < LOOKS; i++) {
        cohl_picture picture = { .rgb = clip->rgb + (size_t)i * pixels * 3, .mask = clip->mask + (size_t)i * pixels };
        cohl_scene_render(scene, cohl_sheet_pick(i, LOOKS, scene->frames), &picture);
    }
    return COHL_OK;
}

/* Three of blur [1 2 1] along a line of `count` pixels, `step` values apart, mixed in by `mix`. */
static void blur_line(float *line, int count, int step, float mix)
{
    float before = line[0];
    for (int i = 0; i < count; i++) {
        float here = line[i * step], after = line[(i + 1 < count ? i + 1 : i) * step];
        line[i * step] = here + mix * (0.25f * (before + after) - 0.5f * here);
        before = here;
    }
}

static void blur(const critic_sample *s, float mix)
{
    int width = s->width, height = s->height;
    for (int f = 0; f < LOOKS; f++)
        for (int c = 0; c < 3; c++) {
            float *plane = s->values + (size_t)f * (size_t)(width * height * 3) + c;
            for (int y = 0; y < height; y++)
                blur_line(plane + y * width * 3, width, 3, mix);
            for (int x = 0; x < width; x++)
                blur_line(plane + x * 3, height, width * 3, mix);
        }
}

/* What generated film has and renders have not: softness, noise, other light. */
static cohl_status spoil(const cohl_task *t, const critic_sample *s, cohl_error *err)
{
    cohl_rng rng = cohl_rng_make(s->seed, STREAM_SPOIL);
    size_t count = small_pixels(s) * 3;
    float gain = (float)(1 + t->spoil * cohl_rng_between(&rng, -0.06, 0.06));
    float offset = (float)(t->spoil * cohl_rng_between(&rng, -0.05, 0.05));
    float mix = (float)(t->spoil * cohl_rng_between(&rng, -0.6, 1));
    float deviation = (float)(t->spoil * cohl_rng_between(&rng, -0.06, 0.08));
    float *noise = malloc(count * sizeof *noise);
    if (!noise)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for noise");
    if (mix > 0)
        blur(s, mix);
    cohl_rng_fill_normal(noise, 0, count, s->seed, STREAM_SPOIL + 1);
    for (size_t i = 0; i < count; i++)
        s->values[i] = s->values[i] * gain + offset + (deviation > 0 ? deviation * noise[i] : 0);
    free(noise);
    return COHL_OK;
}

static cohl_status sample_room(critic_sample *s, int width, int height, bool with_values, cohl_error *err)
{
    cohl_critic_size(width, height, &s->width, &s->height);
    s->mask = malloc(small_pixels(s));
    s->values = with_values ? malloc(small_pixels(s) * 3 * sizeof *s->values) : NULL;
    if (!s->mask || (with_values && !s->values))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a sample");
    return COHL_OK;
}

/* A clip rendered for the critic alone. */
static cohl_status make_small(const cohl_task *t, critic_sample *s, cohl_scene_request *request, cohl_rng *rng,
                              bool held_out, cohl_error *err)
{
    cohl_scene scene;
    cohl_clip clip = { .rgb = NULL };
    cohl_status st = sample_room(s, request->width, request->height, true, err);
    request->frames = t->length[cohl_rng_below(rng, (uint32_t)t->length_count)];
    if (cohl_rng_uniform(rng) >= t->full)
        request->width = s->width, request->height = s->height;
    cohl_scene_draw(&scene, request, s->seed);
    s->wanted = cohl_wanted_of_scene(&scene);
    if (!st && !(st = render_looks(&clip, &scene, err)) && !(st = keep_looks(s, &clip, err)) && !held_out)
        st = spoil(t, s, err);
    cohl_clip_free(&clip);
    return st;
}

/* The whole film in full, for the autoencoder. */
static cohl_status make_full(const cohl_task *t, critic_sample *s, cohl_scene_request *request, cohl_error *err)
{
    cohl_scene scene;
    cohl_status st = sample_room(s, request->width, request->height, false, err);
    request->frames = t->vae_length;
    cohl_scene_draw(&scene, request, s->seed);
    s->wanted = cohl_wanted_of_scene(&scene);
    cohl_cut cut = { .frames = scene.frames, .width = scene.width, .height = scene.height };
    if (!st && !(st = cohl_clip_render(&s->clip, &scene, &cut, err)))
        st = keep_looks(s, &s->clip, err);
    return st;
}

static cohl_status make_sample(const cohl_task *t, critic_sample *s, bool full, bool held_out, cohl_error *err)
{
    cohl_rng rng = cohl_rng_make(s->seed, STREAM_TRAIN);
    cohl_scene_request request = t->request;
    choose_shape(&request, &rng);
    request.held_out = cohl_rng_below(&rng, 2);
    return full ? make_full(t, s, &request, err) : make_small(t, s, &request, &rng, held_out, err);
}

static cohl_status critic_make_batch(cohl_task *t, int64_t step, bool held_out, void **out, cohl_error *err)
{
    bool full = t->vae && step % t->vae_every == t->vae_every - 1;
    int count = full ? t->vae_batch : t->recipe->batch;
    critic_batch *b = calloc(1, sizeof *b);
    cohl_status st = b ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a batch");
    uint64_t seed = cohl_rng_mix(cohl_rng_mix(t->recipe->seed, held_out ? STREAM_HELD_OUT : STREAM_TRAIN),
                                 (uint64_t)step);
    if (st)
        return st;
    b->held_out = held_out;
    for (b->count = 0; b->count < count && !st; b->count++) {
        critic_sample *s = &b->sample[b->count];
        s->seed = cohl_rng_mix(seed, (uint64_t)b->count);
        st = make_sample(t, s, full, held_out, err);
    }
    if (st) {
        critic_batch_free(t, b);
        return st;
    }
    *out = b;
    return COHL_OK;
}

/* ---- the loss ------------------------------------------------------------------ */

static cohl_tensor *labels(cohl_task *t, const int32_t *label, int64_t count)
{
    return cohl_tensor_upload(t->ctx, label, COHL_I32, 1, &count);
}

/* What the autoencoder makes of the whole film, outside any tape. */
static cohl_status pass_vae(cohl_task *t, const cohl_clip *clip, cohl_clip *again, cohl_error *err)
{
    int64_t dim[4] = { clip->frames, clip->height, clip->width, 3 };
    size_t count = (size_t)(dim[0] * dim[1] * dim[2] * 3);
    float *values = malloc(count * sizeof *values);
    *again = *clip;
    again->rgb = malloc(count);
    if (!values || !again->rgb) {
        free(values);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a decoded clip");
    }
    cohl_tape *tape = t->ctx->tape;
    t->ctx->tape = NULL;
    cohl_ctx_mark_t mark = cohl_ctx_mark(t->ctx);
    cohl_clip_values(clip, values);
    cohl_tensor *x = cohl_tensor_upload(t->ctx, values, COHL_F32, 4, dim);
    x = cohl_vae_decode(t->ctx, t->vae, cohl_vae_encode(t->ctx, t->vae, x));
    cohl_tensor_download(t->ctx, values, x);
    cohl_ctx_release(t->ctx, mark);
    t->ctx->tape = tape;
    for (size_t i = 0; i < count && x; i++)
        again->rgb[i] = (uint8_t)(fminf(fmaxf(values[i], -1), 1) * 127.5f + 128.0f);
    free(values);
    return cohl_ctx_status(t->ctx, err);
}

static cohl_tensor *upload_sample(cohl_task *t, const critic_sample *s)
{
    critic_sample seen = *s;
    cohl_clip again = { .rgb = NULL };
    cohl_error err;
    cohl_status st = COHL_OK;
    if (s->clip.rgb) {
        seen.values = malloc(small_pixels(s) * 3 * sizeof *seen.values);
        if (!seen.values)
            st = cohl_fail(&err, COHL_ERR_MEMORY, "no memory for a sample");
        if (!st && !(st = pass_vae(t, &s->clip, &again, &err)))
            st = keep_looks(&seen, &again, &err);
    }
    cohl_tensor *x = st ? cohl_ctx_fail(t->ctx, st, "%s", err.text)
                        : cohl_tensor_upload(t->ctx, seen.values, COHL_F32, 4,
                                             (int64_t[]){ LOOKS, s->height, s->width, 3 });
    if (seen.values != s->values)
        free(seen.values);
    free(again.rgb);
    return x;
}

/* The subject that has enough of a cell: 1 + actor, 0 where there is none, -1 where it is not clear. */
static int cell_actor(const critic_sample *s, int frame, int row, int column)
{
    int pixels[COHL_ACTORS_MAX + 1] = { 0 }, best = 0;
    for (int y = 0; y < PATCH; y++)
        for (int x = 0; x < PATCH; x++)
            pixels[s->mask[(frame * s->height + row * PATCH + y) * s->width + column * PATCH + x]]++;
    for (int a = 1; a <= COHL_ACTORS_MAX; a++)
        if (pixels[a] && (!best || pixels[a] > pixels[best]))
            best = a;
    return best && pixels[best] < CELL_PIXELS ? -1 : best;
}

/* Labels of a sample's cells; returns how many. */
static int64_t name_cells(const critic_sample *s, int32_t *colour, int32_t *subject)
{
    cohl_rng rng = cohl_rng_make(s->seed, STREAM_CELLS);
    int64_t count = 0;
    for (int f = 0; f < LOOKS; f++)
        for (int row = 0; row < s->height / PATCH; row++)
            for (int column = 0; column < s->width / PATCH; column++, count++) {
                int actor = cell_actor(s, f, row, column);
                bool skipped = actor < 0 || (!actor && cohl_rng_below(&rng, EMPTY_CELLS));
                colour[count] = skipped ? -1 : actor ? s->wanted.actor[actor - 1].colour : COHL_COLOUR_COUNT;
                subject[count] = skipped ? -1 : actor ? s->wanted.actor[actor - 1].subject : COHL_SUBJECT_COUNT;
            }
    return count;
}

static cohl_tensor *cell_loss(cohl_task *t, const critic_batch *b, const cohl_critic_output *out)
{
    if (!out->cell_colour)
        return NULL;
    int64_t count = 0, room = cohl_tensor_rows(out->cell_colour);
    int32_t *colour = malloc(2 * (size_t)room * sizeof *colour);
    if (!colour)
        return cohl_ctx_fail(t->ctx, COHL_ERR_MEMORY, "no memory for labels");
    int32_t *subject = colour + room;
    for (int i = 0; i < b->count; i++)
        count += name_cells(&b->sample[i], colour + count, subject + count);
    cohl_tensor *loss = cohl_loss_cross_entropy(t->ctx, out->cell_colour, labels(t, colour, count));
    loss = cohl_add(t->ctx, loss, cohl_loss_cross_entropy(t->ctx, out->cell_subject, labels(t, subject, count)));
    free(colour);
    return cohl_scale(t->ctx, loss, 0.5f);
}

/* The three heads of the film as a whole. */
static cohl_tensor *film_loss(cohl_task *t, const critic_batch *b, const cohl_critic_output *out)
{
    int32_t setting[CLIPS_MAX], daytime[CLIPS_MAX], move[CLIPS_MAX];
    for (int i = 0; i < b->count; i++) {
        setting[i] = b->sample[i].wanted.setting;
        daytime[i] = b->sample[i].wanted.daytime;
        move[i] = b->sample[i].wanted.move;
    }
    cohl_tensor *loss = cohl_loss_cross_entropy(t->ctx, out->setting, labels(t, setting, b->count));
    loss = cohl_add(t->ctx, loss, cohl_loss_cross_entropy(t->ctx, out->daytime, labels(t, daytime, b->count)));
    return cohl_add(t->ctx, loss, cohl_loss_cross_entropy(t->ctx, out->move, labels(t, move, b->count)));
}

/* The three heads of every colour. */
static cohl_tensor *actor_loss(cohl_task *t, const critic_batch *b, const cohl_critic_output *out)
{
    enum { COLOURS = COHL_COLOUR_COUNT };
    int32_t present[CLIPS_MAX * COLOURS] = { 0 }, subject[CLIPS_MAX * COLOURS], action[CLIPS_MAX * COLOURS];
    int64_t count = (int64_t)b->count * COLOURS;
    for (int64_t i = 0; i < count; i++)
        subject[i] = action[i] = -1;
    for (int i = 0; i < b->count; i++)
        for (int a = 0; a < b->sample[i].wanted.actor_count; a++) {
            int row = i * COLOURS + b->sample[i].wanted.actor[a].colour;
            present[row] = 1;
            subject[row] = b->sample[i].wanted.actor[a].subject;
            action[row] = b->sample[i].wanted.actor[a].action;
        }
    cohl_tensor *loss = cohl_loss_cross_entropy(t->ctx, out->present, labels(t, present, count));
    loss = cohl_scale(t->ctx, loss, PRESENT_WEIGHT);
    loss = cohl_add(t->ctx, loss, cohl_loss_cross_entropy(t->ctx, out->subject, labels(t, subject, count)));
    return cohl_add(t->ctx, loss, cohl_loss_cross_entropy(t->ctx, out->action, labels(t, action, count)));
}

/* Share of right answers a head, by the scoring that judges generated film. */
static void add_terms(cohl_task *t, const critic_batch *b, const cohl_critic_output *out, cohl_terms *terms)
{
    cohl_verdict verdict[CLIPS_MAX];
    int right[COHL_WORD_KIND_COUNT] = { 0 }, all[COHL_WORD_KIND_COUNT] = { 0 };
    if (cohl_critic_verdicts(t->ctx, out, b->count, verdict, NULL))
        return;
    for (int i = 0; i < b->count; i++) {
        cohl_score score = cohl_verdict_score(&verdict[i], &b->sample[i].wanted);
        for (int k = 0; k < score.count; k++) {
            all[score.answer[k].kind]++;
            right[score.answer[k].kind] += score.answer[k].seen == score.answer[k].wanted;
        }
    }
    for (int k = 0; k < COHL_WORD_KIND_COUNT; k++)
        cohl_terms_add(terms, cohl_word_kind_name(k), all[k] ? (double)right[k] / all[k] : 0);
}

static cohl_tensor *critic_loss(cohl_task *t, const void *batch, cohl_terms *terms)
{
    const critic_batch *b = batch;
    cohl_tensor *clip[CLIPS_MAX];
    for (int i = 0; i < b->count; i++)
        clip[i] = upload_sample(t, &b->sample[i]);
    cohl_critic_output out = cohl_critic_forward(t->ctx, t->critic, clip, b->count);
    cohl_tensor *loss = cohl_add(t->ctx, film_loss(t, b, &out), actor_loss(t, b, &out));
    if (t->ctx->tape)
        loss = cohl_add(t->ctx, loss, cell_loss(t, b, &out));
    if (b->held_out)
        add_terms(t, b, &out, terms);
    return loss;
}

/* ---- sheets and saving ----------------------------------------------------------- */

/* The middle frame of a sample as it entered the network. */
static cohl_status middle_frame(cohl_frame **out, const critic_sample *s, cohl_error *err)
{
    cohl_status st = cohl_frame_new(out, s->width, s->height, err);
    const float *v = s->values + (size_t)(LOOKS / 2) * (size_t)(s->width * s->height * 3);
    for (size_t i = 0; !st && i < cohl_frame_bytes(*out); i++)
        (*out)->rgb[i] = (uint8_t)(fminf(fmaxf(v[i], -1), 1) * 127.5f + 128.0f);
    return st;
}

static cohl_status judge_sample(cohl_task *t, const critic_sample *s, cohl_text *words, cohl_error *err)
{
    cohl_verdict verdict;
    cohl_ctx_mark_t mark = cohl_ctx_mark(t->ctx);
    cohl_tensor *x = upload_sample(t, s);
    cohl_critic_output out = cohl_critic_forward(t->ctx, t->critic, &x, 1);
    cohl_status st = cohl_critic_verdicts(t->ctx, &out, 1, &verdict, err);
    cohl_ctx_release(t->ctx, mark);
    if (!st) {
        cohl_score score = cohl_verdict_score(&verdict, &s->wanted);
        cohl_score_say(&score, words);
    }
    return st;
}

static cohl_status critic_sheet(cohl_task *t, const char *path, cohl_error *err)
{
    enum { CELLS = 24 };
    cohl_sheet_cell cells[CELLS] = { { NULL, NULL } };
    cohl_text words[CELLS] = { { 0 } };
    cohl_sheet_params params = cohl_sheet_params_default();
    cohl_frame *sheet = NULL;
    cohl_status st = COHL_OK;

    params.columns = 6, params.caption_lines = 4, params.title = "what the critic says of rendered film";
    for (int i = 0; i < CELLS && !st; i++) {
        critic_sample s = { .seed = cohl_rng_mix(STREAM_HELD_OUT, (uint64_t)i) };
        cohl_frame *frame = NULL;
        st = make_sample(t, &s, false, true, err);
        if (!st && !(st = middle_frame(&frame, &s, err)))
            st = judge_sample(t, &s, &words[i], err);
        cells[i] = (cohl_sheet_cell){ frame, words[i].data };
        sample_free(&s);
    }
    if (!st && !(st = cohl_sheet_new(&sheet, cells, CELLS, &params, err)))
        st = cohl_still_write(path, sheet, NULL, 0, err);
    for (int i = 0; i < CELLS; i++) {
        cohl_frame_free((cohl_frame *)cells[i].frame);
        cohl_text_free(&words[i]);
    }
    cohl_frame_free(sheet);
    return st;
}

static cohl_status critic_save(cohl_task *t, const char *folder, cohl_dtype dtype, cohl_error *err)
{
    char *part = cohl_path_join(folder, "critic");
    char *weights = part ? cohl_path_join(part, "model.safetensors") : NULL;
    char *config = part ? cohl_path_join(part, "config.json") : NULL;
    char *text = cohl_recipe_section_text(t->recipe, "model");
    cohl_status st = config && weights && text ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for names");

    if (!st && !(st = cohl_folder_make(part, err)) &&
        !(st = cohl_params_save(&t->critic->params, weights, dtype, NULL, err)))
        st = cohl_file_write(config, text, strlen(text), err);
    free(part);
    free(weights);
    free(config);
    free(text);
    return st;
}

const cohl_task_kind cohl_task_critic = {
    .name = "critic", .about = "the judge of what a film shows, on freshly rendered film",
    .open = critic_open, .close = critic_close, .sets = critic_sets,
    .batch = critic_make_batch, .batch_free = critic_batch_free, .loss = critic_loss,
    .held_out_batches = 8, .sheet = critic_sheet, .save = critic_save,
};
