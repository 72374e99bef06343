/* tiny.c - folders, autoencoders and recipes of a few thousand numbers, for tests of training. */
#define _GNU_SOURCE
#include "tiny.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

char *tiny_folder(void)
{
    char *path = strdup("/tmp/cohl-train-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(path);
}

void tiny_remove(char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(folder);
}

char *tiny_path(const char *folder, const char *format, ...)
{
    char *name = NULL, *path;
    va_list args;
    va_start(args, format);
    assert_true(vasprintf(&name, format, args) >= 0);
    va_end(args);
    path = cohl_path_join(folder, name);
    free(name);
    assert_non_null(path);
    return path;
}

char *tiny_read(const char *path, size_t *size)
{
    char *text = NULL;
    cohl_error err;
    if (cohl_file_read(&text, size, path, (size_t)1 << 30, &err))
        fail_msg("%s", err.text);
    return text;
}

void tiny_write(const char *path, const char *text)
{
    assert_int_equal(cohl_file_write(path, text, strlen(text), NULL), COHL_OK);
}

/* ---- an autoencoder ------------------------------------------------------ */

static const char *const VAE = "\"dim\": 4, \"dec_dim\": 4, \"z_dim\": 6, \"dim_mult\": [1, 2, 2, 2], "
                               "\"num_res_blocks\": 1, \"temperal_downsample\": [false, true, true]";

void tiny_vae_write(const char *folder, uint64_t seed, double deviation)
{
    cohl_ctx ctx;
    cohl_vae *vae;
    cohl_vae_config config;
    cohl_config *json;
    cohl_text text = { 0 };
    char *config_path = tiny_path(folder, "config.json"), *weights = tiny_path(folder, "model.safetensors");

    cohl_text_addf(&text, "{ %s, \"latent_std\": [", VAE);
    for (int i = 0; i < 6; i++)
        cohl_text_addf(&text, "%s%g", i ? ", " : "", deviation);
    cohl_text_add(&text, "] }");
    assert_int_equal(cohl_folder_make(folder, NULL), COHL_OK);
    tiny_write(config_path, text.data);
    assert_int_equal(cohl_config_open(&json, config_path, NULL), COHL_OK);
    assert_int_equal(cohl_vae_config_read(&config, json, NULL), COHL_OK);
    assert_int_equal(cohl_ctx_open(&ctx, &(cohl_ctx_params){ 0 }, NULL), COHL_OK);
    assert_int_equal(cohl_vae_new(&vae, &config, NULL), COHL_OK);
    assert_int_equal(cohl_params_alloc(&vae->params, &ctx, &(cohl_params_use){ 0 }, NULL), COHL_OK);
    assert_int_equal(cohl_params_start(&vae->params, seed, NULL), COHL_OK);
    assert_int_equal(cohl_params_save(&vae->params, weights, COHL_F32, NULL, NULL), COHL_OK);
    cohl_vae_free(vae);
    cohl_ctx_close(&ctx);
    cohl_config_close(json);
    cohl_text_free(&text);
    free(config_path);
    free(weights);
}

/* ---- recipes ------------------------------------------------------------- */

static char *vae_recipe(int steps, const char *schedule, const char *model, const char *data)
{
    cohl_text text = { 0 };
    cohl_text_addf(&text, "{ \"task\": \"vae\", \"seed\": 5, \"steps\": %d, \"batch\": 2,\n", steps);
    cohl_text_addf(&text, "  \"schedule\": { %s },\n  \"model\": { %s },\n", schedule, model);
    cohl_text_addf(&text, "  \"data\": { \"width\": 64, \"height\": 64, \"crop_width\": 32, \"crop_height\": 32,\n"
                          "            \"frames\": [1, 5]%s } }\n", data);
    return text.data;
}

char *tiny_vae_recipe(int steps, const char *schedule) { return vae_recipe(steps, schedule, VAE, ""); }

char *tiny_linear_recipe(int steps, const char *schedule)
{
    return vae_recipe(steps, schedule,
                      "\"dim\": 4, \"dec_dim\": 4, \"z_dim\": 6, \"patch\": 4, \"linear\": true, \"dim_mult\": [1, 2, 2], "
                      "\"num_res_blocks\": 1, \"temperal_downsample\": [true, true]",
                      ", \"fit_clips\": 8, \"emphasis\": 0.3");
}

char *tiny_film_recipe(int steps, const char *folder, const char *tokenizer, const char *schedule)
{
    cohl_text text = { 0 };
    cohl_text_addf(&text, "{ \"task\": \"film\", \"seed\": 6, \"steps\": %d, \"batch\": 2,\n", steps);
    cohl_text_add(&text, "  \"optimizer\": { \"matrix_rate\": 0.02, \"rate\": 0.02 },\n");
    cohl_text_addf(&text, "  \"schedule\": { %s },\n", schedule);
    cohl_text_add(&text,
        "  \"model\": { \"text_encoder\": { \"vocab\": 1280, \"dim\": 12, \"dim_attn\": 8, \"dim_ffn\": 16,\n"
        "      \"num_heads\": 2, \"num_layers\": 1, \"num_buckets\": 8, \"max_distance\": 16, \"eps\": 1e-6 },\n"
        "    \"transformer\": { \"model_type\": \"ti2v\", \"in_dim\": 6, \"out_dim\": 6, \"dim\": 24,\n"
        "      \"ffn_dim\": 32, \"num_heads\": 2, \"num_layers\": 2, \"freq_dim\": 16, \"text_dim\": 12,\n"
        "      \"text_len\": 48, \"pooled_text_dim\": 12, \"camera_dim\": 8 } },\n"
        "  \"draw\": { \"text_max\": 48 },\n");
    cohl_text_addf(&text, "  \"data\": { \"vae\": \"%s/vae\", \"tokenizer\": \"%s\", \"cache\": \"%s/cache\",\n",
                   folder, tokenizer, folder);
    cohl_text_add(&text, "    \"act\": 1, \"shards_first\": 1, \"repeats\": 0.2, \"shapes\": [[32, 32, 1], [64, 32, 5]] },\n"
        "  \"index\": { \"_class_name\": \"WanPipeline\", \"cohl\": { \"name\": \"tiny\", \"known\": \"timestep:any\",\n"
        "    \"fps\": 16, \"frames\": [1, 5], \"sizes\": [[64, 32]], \"words\": 1 } },\n"
        "  \"scheduler\": { \"solver\": \"euler\", \"steps\": 2, \"shift\": 3, \"guidance\": 2 } }\n");
    return text.data;
}

char *tiny_losses(const char *log_path)
{
    size_t size;
    char *text = tiny_read(log_path, &size);
    cohl_text out = { 0 };
    for (char *at = text, *seconds; *at; at = seconds + strcspn(seconds, ",}")) {
        seconds = strstr(at, ",\"seconds\":");
        if (!seconds)
            seconds = text + size;
        cohl_text_add_bytes(&out, at, (size_t)(seconds - at));
        seconds += *seconds == ',';
    }
    free(text);
    return out.data ? out.data : strdup("");
}
