/* Tests of what the members of the Wan family have beside a plain transformer: image tokens with
 * learned places, a control branch, given frames beside the sample, two experts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "model/condition.h"
#include "model/family.h"
#include "model/film_model.h"
#include "model/picture.h"
#include "model/prompt.h"
#include "model/sample.h"
#include "model/tokenizer_json.h"
#include "tensor/backend.h"
#include "tensor/ops.h"

static void open_ctx(cohl_ctx *ctx)
{
    assert_int_equal(cohl_ctx_open(ctx, &(cohl_ctx_params){ .backend = cohl_backend_named("ref") }, NULL), COHL_OK);
}

/* Every parameter random, those that start at zero too. */
static void ready(cohl_params *params, cohl_ctx *ctx, uint64_t seed)
{
    assert_int_equal(cohl_params_alloc(params, ctx, &(cohl_params_use){ 0 }, NULL), COHL_OK);
    for (int i = 0; i < params->count; i++) {
        size_t count = (size_t)cohl_tensor_count(params->item[i].tensor);
        float *value = malloc(count * sizeof *value);
        cohl_rng_fill_normal(value, 0, count, seed, (uint64_t)i);
        for (size_t k = 0; k < count; k++)
            value[k] = 0.2f * value[k] + (params->item[i].init.kind == COHL_INIT_ONE);
        cohl_param_set(params, &params->item[i], value, NULL);
        free(value);
    }
}

static cohl_tensor *noise(cohl_ctx *ctx, int rank, const int64_t *dim, uint64_t seed)
{
    cohl_tensor *t = cohl_tensor_new(ctx, COHL_F32, rank, dim);
    cohl_rng_fill_normal(t->data, 0, (size_t)cohl_tensor_count(t), seed, 7);
    return t;
}

/* ---- image tokens -------------------------------------------------------- */

static const cohl_dit_config small_dit = {
    .in_dim = 4, .out_dim = 4, .dim = 24, .ffn_dim = 32, .num_heads = 2, .num_layers = 2, .freq_dim = 16,
    .text_dim = 10, .text_len = 6, .eps = 1e-6f,
};

/* The velocity of a small clip with these image tokens, in host memory. */
static float *with_tokens(cohl_ctx *ctx, const cohl_dit *dit, cohl_tensor *tokens)
{
    cohl_dit_sample sample = { 2, 2, 4, 0, 3 };
    cohl_tensor *text = noise(ctx, 2, (int64_t[]){ 3, 10 }, 1), *latent = noise(ctx, 2, (int64_t[]){ 16, 4 }, 2);
    cohl_dit_clip *clip = cohl_dit_clip_open(ctx, dit, &(cohl_dit_request){ .sample = &sample, .sample_count = 1,
                                                                          .text = text, .image = tokens });
    float *out = malloc(16 * 4 * sizeof *out);
    cohl_tensor_download(ctx, out, cohl_dit_forward(ctx, dit, clip, latent, (float[]){ 500, 500 }));
    assert_int_equal(ctx->status, COHL_OK);
    return out;
}

/* First and last frame: both pictures' tokens have places of their own, added to them first. */
static void test_learned_places_are_added_to_image_tokens(void **state)
{
    cohl_ctx ctx;
    cohl_dit *placed, *plain;
    cohl_dit_config config = small_dit;
    open_ctx(&ctx);
    config.image_dim = 8;
    assert_int_equal(cohl_dit_new(&plain, &config, NULL), COHL_OK);
    config.image_positions = 6;
    assert_int_equal(cohl_dit_new(&placed, &config, NULL), COHL_OK);
    assert_int_equal(plain->params.count + 1, placed->params.count);
    ready(&placed->params, &ctx, 5);
    cohl_params_alloc(&plain->params, &ctx, &(cohl_params_use){ 0 }, NULL);
    for (int i = 0; i < plain->params.count; i++) {
        const cohl_param *to = &plain->params.item[i], *from = cohl_params_find(&placed->params, to->name);
        assert_non_null(from);
        cohl_param_set(&plain->params, to, from->tensor->data, NULL);
    }
    cohl_tensor *tokens = noise(&ctx, 2, (int64_t[]){ 6, 8 }, 3);
    cohl_tensor *place = cohl_params_find(&placed->params, "img_emb.emb_pos")->tensor;
    float *a = with_tokens(&ctx, placed, tokens), *b = with_tokens(&ctx, plain, cohl_add(&ctx, tokens, place));
    float *c = with_tokens(&ctx, plain, tokens);
    assert_memory_equal(a, b, 64 * sizeof *a);
    assert_memory_not_equal(a, c, 64 * sizeof *a);
    free(a);
    free(b);
    free(c);
    cohl_dit_free(placed);
    cohl_dit_free(plain);
    cohl_ctx_close(&ctx);
}

/* ---- given frames -------------------------------------------------------- */

enum { FRAMES = 9, SIDE = 16, CELLS = 4, Z = 4, LATENTS = 3 };

static cohl_vae *small_vae(cohl_ctx *ctx)
{
    static const cohl_vae_config config = {
        .dim = 4, .dec_dim = 4, .z_dim = Z, .patch = 1, .stage_count = 4, .dim_mult = { 1, 2, 2, 2 }, .num_res_blocks = 1,
        .plain = true, .temporal_down = { false, true, true }, .latent_std = { 1, 1, 1, 1 },
    };
    cohl_vae *vae;
    assert_int_equal(cohl_vae_new(&vae, &config, NULL), COHL_OK);
    ready(&vae->params, ctx, 3);
    return vae;
}

/* What latent frame k's channels say, the same in every cell. */
static void assert_channels(const float *out, int width, int k, int at, const float *want, int count)
{
    for (int cell = 0; cell < CELLS; cell++)
        for (int i = 0; i < count; i++)
            assert_true(out[(k * CELLS + cell) * width + at + i] == want[i]);
}

static void test_first_and_last_frame_are_marked_in_the_mask(void **state)
{
    cohl_ctx ctx;
    float picture[SIDE * SIDE * 3], out[LATENTS * CELLS * (4 + Z)];
    const float *frame[FRAMES] = { 0 };
    open_ctx(&ctx);
    cohl_vae *vae = small_vae(&ctx);
    cohl_rng_fill_normal(picture, 0, SIDE * SIDE * 3, 1, 1);
    frame[0] = frame[FRAMES - 1] = picture;
    cohl_given_clip clip = { FRAMES, SIDE, SIDE, frame };
    assert_int_equal(cohl_condition_image(&ctx, vae, &clip, out, NULL), COHL_OK);
    assert_channels(out, 4 + Z, 0, 0, (float[]){ 1, 1, 1, 1 }, 4);
    assert_channels(out, 4 + Z, 1, 0, (float[]){ 0, 0, 0, 0 }, 4);
    assert_channels(out, 4 + Z, 2, 0, (float[]){ 0, 0, 0, 1 }, 4);
    /* the latents are those of the whole clip with grey between */
    cohl_tensor *rgb = cohl_tensor_zero(&ctx, COHL_F32, 4, (int64_t[]){ FRAMES, SIDE, SIDE, 3 });
    memcpy(rgb->data, picture, sizeof picture);
    memcpy((float *)rgb->data + (FRAMES - 1) * SIDE * SIDE * 3, picture, sizeof picture);
    cohl_tensor *latent = cohl_vae_encode(&ctx, vae, rgb);
    for (int i = 0; i < LATENTS * CELLS; i++)
        assert_memory_equal(out + i * (4 + Z) + 4, (float *)latent->data + i * Z, Z * sizeof *out);
    cohl_vae_free(vae);
    cohl_ctx_close(&ctx);
}

static void test_control_says_what_is_to_be_made(void **state)
{
    enum { WIDTH = 2 * Z + 64 };
    cohl_ctx ctx;
    float picture[SIDE * SIDE * 3], out[LATENTS * CELLS * WIDTH], ones[64], zeros[64] = { 0 };
    const float *frame[FRAMES] = { 0 };
    open_ctx(&ctx);
    cohl_vae *vae = small_vae(&ctx);
    assert_int_equal(cohl_condition_control_channels(Z), WIDTH);
    for (int i = 0; i < 64; i++)
        ones[i] = 1;
    cohl_rng_fill_normal(picture, 0, SIDE * SIDE * 3, 1, 1);
    for (int f = 0; f < 5; f++)
        frame[f] = picture;
    cohl_given_clip clip = { FRAMES, SIDE, SIDE, frame };
    assert_int_equal(cohl_condition_control(&ctx, vae, &clip, out, NULL), COHL_OK);
    assert_channels(out, WIDTH, 0, 2 * Z, zeros, 64);   /* of frame 1 */
    assert_channels(out, WIDTH, 1, 2 * Z, zeros, 64);   /* of frame 4 */
    assert_channels(out, WIDTH, 2, 2 * Z, ones, 64);    /* of frame 7 */
    assert_memory_not_equal(out, out + Z, Z * sizeof *out);
    cohl_vae_free(vae);
    cohl_ctx_close(&ctx);
}

/* ---- pictures ------------------------------------------------------------ */

static void test_a_film_has_the_proportions_of_its_picture(void **state)
{
    static const struct { cohl_picture_fitting fit; int width, height; long area; int grid, want_width, want_height; } cases[] = {
        { COHL_FIT_STRETCH, 1280, 720, 1280 * 720, 16, 1280, 720 }, { COHL_FIT_STRETCH, 1000, 1000, 832 * 480, 16, 624, 624 },
        { COHL_FIT_STRETCH, 720, 1280, 832 * 480, 16, 464, 832 },   { COHL_FIT_STRETCH, 3, 4000, 832 * 480, 16, 16, 23072 },
        { COHL_FIT_CROP, 1000, 1000, 832 * 480, 16, 640, 624 },     { COHL_FIT_CROP, 1920, 1080, 1280 * 704, 32, 1248, 704 },
        { COHL_FIT_CROP, 4000, 3000, 1280 * 704, 32, 1088, 800 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int width, height;
        cohl_picture_size(cases[i].fit, &width, &height, cases[i].width, cases[i].height, cases[i].area, cases[i].grid);
        if (width != cases[i].want_width || height != cases[i].want_height)
            fail_msg("%d x %d: %d x %d, expected %d x %d", cases[i].width, cases[i].height, width, height,
                     cases[i].want_width, cases[i].want_height);
    }
}

/* A ramp across stays a ramp, and of a wide picture the middle is seen. */
static void test_a_cropped_picture_shows_its_middle(void **state)
{
    enum { WIDTH = 60, HEIGHT = 20, SIDE_TO = 10 };
    uint8_t from[WIDTH * HEIGHT * 3], to[SIDE_TO * SIDE_TO * 3];
    for (int i = 0; i < WIDTH * HEIGHT * 3; i++)
        from[i] = (uint8_t)(4 * (i / 3 % WIDTH));
    assert_int_equal(cohl_picture_fit(COHL_FIT_CROP, to, SIDE_TO, SIDE_TO, from, WIDTH, HEIGHT, NULL), COHL_OK);
    for (int i = 0; i < SIDE_TO * SIDE_TO * 3; i++) {
        int centre = 20 + 2 * (i / 3 % SIDE_TO);     /* two pixels of the middle third are one */
        assert_true(abs(to[i] - (4 * centre + 2)) <= 1);
    }
}

/* What is cut out is what it would be if the whole picture had been scaled. */
static void test_a_crop_is_the_middle_of_the_whole(void **state)
{
    enum { WIDTH = 61, HEIGHT = 40, WIDE = 31, SIDE_TO = 20 };
    static uint8_t from[WIDTH * HEIGHT * 3], turned[sizeof from], whole[WIDE * SIDE_TO * 3], to[SIDE_TO * SIDE_TO * 3];
    cohl_rng rng = cohl_rng_make(3, 1);
    for (size_t i = 0; i < sizeof from; i++)
        from[i] = (uint8_t)cohl_rng_u32(&rng);
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        memcpy(turned + 3 * (i % WIDTH * HEIGHT + i / WIDTH), from + 3 * i, 3);
    assert_int_equal(cohl_picture_fit(COHL_FIT_CROP, whole, WIDE, SIDE_TO, from, WIDTH, HEIGHT, NULL), COHL_OK);
    assert_int_equal(cohl_picture_fit(COHL_FIT_CROP, to, SIDE_TO, SIDE_TO, from, WIDTH, HEIGHT, NULL), COHL_OK);
    for (int y = 0; y < SIDE_TO; y++)
        assert_memory_equal(to + 3 * SIDE_TO * y, whole + 3 * (WIDE * y + (WIDE - SIDE_TO) / 2), 3 * SIDE_TO);
    assert_int_equal(cohl_picture_fit(COHL_FIT_CROP, whole, SIDE_TO, WIDE, turned, HEIGHT, WIDTH, NULL), COHL_OK);
    assert_int_equal(cohl_picture_fit(COHL_FIT_CROP, to, SIDE_TO, SIDE_TO, turned, HEIGHT, WIDTH, NULL), COHL_OK);
    assert_memory_equal(to, whole + 3 * SIDE_TO * ((WIDE - SIDE_TO) / 2), sizeof to);
}

static void test_resizing_to_the_same_size_changes_nothing(void **state)
{
    float from[6 * 5 * 3], to[6 * 5 * 3];
    cohl_rng_fill_normal(from, 0, 90, 1, 1);
    cohl_picture_resize(to, 6, 5, from, 6, 5);
    for (int i = 0; i < 90; i++)
        assert_true(fabsf(to[i] - from[i]) < 1e-6f);
}

/* ---- two experts --------------------------------------------------------- */

typedef struct noted { float x[16][64]; int steps; } noted;

static cohl_status note(void *user, int step, int steps, const float *x, const float *data, cohl_error *err)
{
    noted *n = user;
    memcpy(n->x[step - 1], x, sizeof n->x[0]);
    n->steps = steps;
    return COHL_OK;
}

typedef struct experts { cohl_ctx ctx; cohl_text_encoder *text; cohl_dit *dit[2]; } experts;

static void open_experts(experts *e)
{
    cohl_text_encoder_config text = { .vocab = 20, .dim = 10, .dim_attn = 8, .dim_ffn = 12, .num_heads = 2,
                                      .num_layers = 1, .num_buckets = 8, .max_distance = 16, .eps = 1e-6f };
    open_ctx(&e->ctx);
    cohl_text_encoder_new(&e->text, &text, NULL);
    ready(&e->text->params, &e->ctx, 1);
    for (int i = 0; i < 2; i++) {
        cohl_dit_new(&e->dit[i], &small_dit, NULL);
        ready(&e->dit[i]->params, &e->ctx, 2 + (uint64_t)i);
    }
}

static void close_experts(experts *e)
{
    cohl_text_encoder_free(e->text);
    for (int i = 0; i < 2; i++)
        cohl_dit_free(e->dit[i]);
    cohl_ctx_close(&e->ctx);
}

/* Three steps of a run: the first is the high expert's, the others the low one's. */
static void test_each_expert_makes_its_own_steps(void **state)
{
    experts e;
    noted both = { 0 }, high = { 0 }, low = { 0 };
    cohl_schedule schedule;
    float latent[64];
    open_experts(&e);
    cohl_schedule_make(&schedule, cohl_schedule_kind_find("unipc"), 3, 1, NULL);
    cohl_sample_request r = { .text = e.text, .dit = e.dit[0], .low_dit = e.dit[1], .boundary = (schedule.time[0] - 1) / 1000,
                              .id = (int32_t[]){ 5, 1 }, .id_count = 2, .frames = 2, .height = 2, .width = 4,
                              .schedule = &schedule, .solver = cohl_solver_find("euler_wan"), .guidance = 4,
                              .low_guidance = 1, .observer = { note, &both } };
    assert_int_equal(cohl_sample_latents(&e.ctx, &r, latent, NULL), COHL_OK);
    r.low_dit = NULL, r.observer.ctx = &high;
    assert_int_equal(cohl_sample_latents(&e.ctx, &r, latent, NULL), COHL_OK);
    assert_memory_equal(both.x[0], high.x[0], sizeof high.x[0]);
    assert_memory_not_equal(both.x[1], high.x[1], sizeof high.x[0]);
    /* the low expert alone, from where the high one left off */
    cohl_schedule rest = { .steps = 2 };
    memcpy(rest.sigma, schedule.sigma + 1, 3 * sizeof *rest.sigma);
    memcpy(rest.time, schedule.time + 1, 3 * sizeof *rest.time);
    r.dit = e.dit[1], r.guidance = 1, r.schedule = &rest, r.start = high.x[0], r.observer.ctx = &low;
    assert_int_equal(cohl_sample_latents(&e.ctx, &r, latent, NULL), COHL_OK);
    assert_memory_equal(both.x[2], low.x[1], sizeof low.x[0]);
    close_experts(&e);
}

/* What one expert said does not foretell the other: the second begins as if it were alone. */
static void test_reuse_begins_anew_with_the_second_expert(void **state)
{
    enum { STEPS = 16, HIGH = 8 };
    experts e;
    static noted both, low;
    cohl_schedule schedule, rest = { .steps = STEPS - HIGH };
    cohl_sample_count count[2] = { 0 };
    float latent[2][64];
    open_experts(&e);
    cohl_schedule_make(&schedule, cohl_schedule_kind_find("unipc"), STEPS, 1, NULL);
    cohl_sample_request r = { .text = e.text, .dit = e.dit[0], .low_dit = e.dit[1],
                              .boundary = (schedule.time[HIGH - 1] - 1) / 1000, .id = (int32_t[]){ 5, 1 }, .id_count = 2,
                              .frames = 2, .height = 2, .width = 4, .schedule = &schedule,
                              .solver = cohl_solver_find("euler_wan"), .guidance = 4, .low_guidance = 2, .reuse = 1,
                              .count = &count[0], .observer = { note, &both } };
    assert_int_equal(cohl_sample_latents(&e.ctx, &r, latent[0], NULL), COHL_OK);
    memcpy(rest.sigma, schedule.sigma + HIGH, (STEPS - HIGH + 1) * sizeof *rest.sigma);
    memcpy(rest.time, schedule.time + HIGH, (STEPS - HIGH + 1) * sizeof *rest.time);
    r.dit = e.dit[1], r.low_dit = NULL, r.guidance = 2, r.schedule = &rest, r.start = both.x[HIGH - 1];
    r.observer.ctx = &low, r.count = &count[1];
    assert_int_equal(cohl_sample_latents(&e.ctx, &r, latent[1], NULL), COHL_OK);
    assert_memory_equal(latent[0], latent[1], sizeof latent[0]);
    assert_int_equal(count[0].steps, STEPS);
    assert_int_equal(count[1].steps, STEPS - HIGH);
    assert_true(count[1].passes >= 3 && count[1].passes < STEPS - HIGH);
    assert_true(count[0].passes >= count[1].passes + 3 && count[0].passes < STEPS);
    close_experts(&e);
}

/* ---- prompts ------------------------------------------------------------- */

static void test_prompts_are_cleaned_as_captions_were(void **state)
{
    static const struct { const char *given, *want; } cases[] = {
        { "a cat", "a cat" }, { "  two\t words \r\n here ", "two words here" }, { "", "" }, { " \n ", "" },
        { "it\xE2\x80\x99s \xE2\x80\x9Ctall\xE2\x80\x9D", "it's \"tall\"" },
        { "\xEF\xBC\xA1\xEF\xBC\x8C\xE3\x80\x80" "b", "A, b" }, { "\xEF\xAC\x81lm", "film" },
        { "salt &amp; pepper &lt;3", "salt & pepper <3" }, { "&amp;quot;x&amp;quot;", "\"x\"" },
        { "&#233;t&#xE9;", "\xC3\xA9t\xC3\xA9" }, { "a & b; c &nosuch; &#;", "a & b; c &nosuch; &#;" },
        { "\x1B[31mred\x1B[0m\x07", "red" }, { "\xE5\xA4\xA9\xE7\xA9\xBA", "\xE5\xA4\xA9\xE7\xA9\xBA" },
        { "\xF0\x9F\x8E\xAC go", "\xF0\x9F\x8E\xAC go" }, { "a\xC2\xA0\xC2\xA0" "b", "a b" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *clean = cohl_prompt_clean(cases[i].given);
        assert_string_equal(clean, cases[i].want);
        free(clean);
    }
}

static void test_a_tokenizer_in_json_takes_the_likeliest_split(void **state)
{
    static const char json[] =
        "{\"added_tokens\":[{\"id\":0,\"special\":true},{\"id\":1,\"special\":true}],\"normalizer\":null,"
        "\"model\":{\"type\":\"Unigram\",\"unk_id\":2,\"vocab\":[[\"<pad>\",0],[\"</s>\",0],[\"<unk>\",0],[\"<0x41>\",0],"
        "[\"\\u2581a\",-2],[\"\\u2581film\",-3],[\"\\u2581fi\",-2],[\"lm\",-2],[\"\\u2581\",-4],[\"f\",-5]]}}";
    static const struct { const char *text; int count; int32_t id[6]; } cases[] = {
        { "a film", 2, { 4, 5 } }, { "filmlm", 2, { 5, 7 } }, { "a  f", 3, { 4, 8, 9 } }, { "A", 2, { 8, 3 } },
        { "aB", 2, { 4, 2 } }, { "", 0, { 0 } }, { "</s>", 5, { 8, 2, 2, 2, 2 } },
    };
    tokenizer_json *t;
    int32_t id[6];
    assert_int_equal(tokenizer_json_parse(&t, "test", json, strlen(json), NULL), COHL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int count = tokenizer_json_encode(t, cases[i].text, id, 6);
        if (count != cases[i].count || memcmp(id, cases[i].id, (size_t)count * sizeof *id))
            fail_msg("\"%s\": %d pieces, the first %d", cases[i].text, count, (int)id[0]);
    }
    tokenizer_json_close(t);
}

static void test_a_tokenizer_in_json_that_is_none_is_refused(void **state)
{
    static const struct { const char *json; cohl_status expected; } cases[] = {
        { "{", COHL_ERR_FORMAT }, { "{}", COHL_ERR_FORMAT }, { "{\"model\":{\"type\":\"BPE\"}}", COHL_ERR_UNSUPPORTED },
        { "{\"model\":{\"vocab\":[[\"a\",\"b\"]]}}", COHL_ERR_FORMAT }, { "{\"model\":{\"vocab\":[[\"\",1]]}}", COHL_ERR_FORMAT },
        { "{\"normalizer\":{\"precompiled_charsmap\":\"AAAA\"},\"model\":{\"vocab\":[[\"a\",1]]}}", COHL_ERR_FORMAT },
        { "{\"model\":{\"unk_id\":1,\"vocab\":[[\"a\",1]]}}", COHL_ERR_FORMAT },
        { "{\"normalizer\":{\"precompiled_charsmap\":\"?\"},\"model\":{\"vocab\":[[\"a\",1]]}}", COHL_ERR_FORMAT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tokenizer_json *t;
        cohl_error err;
        if (tokenizer_json_parse(&t, "test", cases[i].json, strlen(cases[i].json), &err) != cases[i].expected)
            fail_msg("%s", cases[i].json);
        assert_null(t);
    }
}

/* ---- folders ------------------------------------------------------------- */

/* The tensors of a real checkpoint, as goldens/checkpoint-names lists them, tell which model it is. */
static void test_every_model_of_the_family_is_known_by_its_form(void **state)
{
    static const struct { const char *name; cohl_dit_config dit; bool experts; } cases[] = {
        { "wan2.1-t2v-1.3b", { .dim = 1536, .in_dim = 16 }, false },
        { "wan2.1-t2v-14b", { .dim = 5120, .in_dim = 16 }, false },
        { "wan2.1-i2v-14b", { .dim = 5120, .in_dim = 36, .image_dim = 1280 }, false },
        { "wan2.1-flf2v-14b", { .dim = 5120, .in_dim = 36, .image_dim = 1280, .image_positions = 514 }, false },
        { "wan2.1-vace-1.3b", { .dim = 1536, .in_dim = 16, .control_count = 15 }, false },
        { "wan2.1-vace-14b", { .dim = 5120, .in_dim = 16, .control_count = 8 }, false },
        { "wan2.2-ti2v-5b", { .dim = 3072, .in_dim = 48 }, false },
        { "wan2.2-t2v-a14b", { .dim = 5120, .in_dim = 16 }, true },
        { "wan2.2-i2v-a14b", { .dim = 5120, .in_dim = 36 }, true },
        { "wan2.1-vace", { .dim = 96, .in_dim = 16, .control_count = 2 }, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const cohl_family *found = cohl_family_find(&cases[i].dit, cases[i].experts);
        assert_non_null(found);
        assert_string_equal(found->name, cases[i].name);
        assert_non_null(cohl_known_kind_find(found->known));
        assert_int_equal(found->frames % 4, 1);
        for (int k = 0; k < 4; k++)
            assert_int_equal(found->size[k][0] % (2 * found->space) + found->size[k][1] % (2 * found->space), 0);
    }
    assert_null(cohl_family_find(&(cohl_dit_config){ .dim = 64, .in_dim = 7 }, false));
}

static const cohl_vae_config tiny_vae = {
    .dim = 4, .dec_dim = 4, .z_dim = 16, .patch = 1, .stage_count = 4, .dim_mult = { 1, 2, 4, 4 }, .num_res_blocks = 2,
    .plain = true, .temporal_down = { false, true, true },
};
static const cohl_dit_config tiny_dit = {
    .in_dim = 16, .out_dim = 16, .dim = 128, .ffn_dim = 8, .num_heads = 1, .num_layers = 1, .freq_dim = 8, .text_dim = 8,
    .text_len = 512, .eps = 1e-6f,
};
static const cohl_text_encoder_config tiny_text = {
    .vocab = 12, .dim = 8, .dim_attn = 8, .dim_ffn = 8, .num_heads = 2, .num_layers = 1, .num_buckets = 32,
    .max_distance = 128, .eps = 1e-6f,
};

static void save(const char *folder, const char *name, cohl_params *params, cohl_ctx *ctx)
{
    char path[256];
    ready(params, ctx, 4);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(cohl_params_save(params, path, COHL_F32, NULL, NULL), COHL_OK);
}

static void write_text(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(cohl_file_write(path, text, strlen(text), NULL), COHL_OK);
}

/* The parts of a small model under these names. */
static void make_folder(const char *folder, cohl_ctx *ctx, const char *dit_name, const char *text_name, const char *vae_name)
{
    cohl_dit *dit;
    cohl_text_encoder *text;
    cohl_vae *vae;
    cohl_dit_new(&dit, &tiny_dit, NULL);
    cohl_text_encoder_new(&text, &tiny_text, NULL);
    cohl_vae_new(&vae, &tiny_vae, NULL);
    save(folder, dit_name, &dit->params, ctx);
    save(folder, text_name, &text->params, ctx);
    save(folder, vae_name, &vae->params, ctx);
    cohl_dit_free(dit);
    cohl_text_encoder_free(text);
    cohl_vae_free(vae);
}

/* Files side by side, without any configuration. */
static void test_loose_files_are_a_model(void **state)
{
    char folder[] = "/tmp/cohl-giant-XXXXXX", path[256];
    cohl_ctx ctx;
    cohl_film_model *m = NULL;
    cohl_error err = { 0 };
    static const char *const names[] = { "Wan2.1-T2V-small.safetensors", "umt5-small.safetensors", "wan_2.1_vae.safetensors",
                                         "tokenizer/words.tsv" };
    open_ctx(&ctx);
    assert_non_null(mkdtemp(folder));
    make_folder(folder, &ctx, names[0], names[1], names[2]);
    assert_int_equal(cohl_film_model_load(&m, folder, &ctx, COHL_F32, &err), COHL_ERR_IO);
    assert_non_null(strstr(err.text, "there is no tokenizer"));
    snprintf(path, sizeof path, "%s/tokenizer", folder);
    mkdir(path, 0700);
    write_text(folder, names[3], "a\t3\nfilm\t4 5\n");
    cohl_status st = cohl_film_model_load(&m, folder, &ctx, COHL_F32, &err);
    if (st)
        fail_msg("%s", err.text);
    assert_string_equal(m->can.name, "wan2.1-t2v");
    assert_int_equal(m->can.grid, 16);
    assert_true(m->vae->config.latent_std[0] > 2.8f && m->sampling.negative);
    cohl_film_model_free(m);
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        remove(path);
    }
    snprintf(path, sizeof path, "%s/tokenizer", folder);
    rmdir(path);
    rmdir(folder);
    cohl_ctx_close(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learned_places_are_added_to_image_tokens),
        cmocka_unit_test(test_first_and_last_frame_are_marked_in_the_mask),
        cmocka_unit_test(test_control_says_what_is_to_be_made),
        cmocka_unit_test(test_a_film_has_the_proportions_of_its_picture),
        cmocka_unit_test(test_a_cropped_picture_shows_its_middle),
        cmocka_unit_test(test_a_crop_is_the_middle_of_the_whole),
        cmocka_unit_test(test_resizing_to_the_same_size_changes_nothing),
        cmocka_unit_test(test_each_expert_makes_its_own_steps),
        cmocka_unit_test(test_reuse_begins_anew_with_the_second_expert),
        cmocka_unit_test(test_prompts_are_cleaned_as_captions_were),
        cmocka_unit_test(test_a_tokenizer_in_json_takes_the_likeliest_split),
        cmocka_unit_test(test_a_tokenizer_in_json_that_is_none_is_refused),
        cmocka_unit_test(test_every_model_of_the_family_is_known_by_its_form),
        cmocka_unit_test(test_loose_files_are_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
