/* tiny.c - a whole model folder of a few thousand random numbers, for tests. */
#include "tiny.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "model/film_model.h"

static const struct { const char *path, *text; } texts[] = {
    { "model_index.json",
      "{ \"_class_name\": \"WanPipeline\", \"cohl\": { \"name\": \"tiny\", \"about\": \"random numbers\",\n"
      "  \"known\": \"timestep:any\", \"fps\": 8, \"frames\": [5, 33], \"words\": 1,\n"
      "  \"sizes\": [[64, 64], [64, 96], [96, 64]] } }\n" },
    { "tokenizer/words.tsv",
      "#space\t3\n#byte\t100\na\t4\nred\t5\nballoon\t6\ndrifts\t7\nover\t8\nwhite\t9\nvillage\t10 11\n"
      "village,\t10 12\nthe\t13\ncamera\t14\npans\t15\nright\t16\nun\t17\nslowly\t18\nlighthouse\t19\n" },
    { "text_encoder/config.json",
      "{ \"vocab\": 400, \"dim\": 12, \"dim_attn\": 8, \"dim_ffn\": 16, \"num_heads\": 2, \"num_layers\": 2,\n"
      "  \"num_buckets\": 8, \"max_distance\": 16, \"eps\": 1e-6, \"shared_pos\": false }\n" },
    { "transformer/config.json",
      "{ \"model_type\": \"ti2v\", \"in_dim\": 6, \"out_dim\": 6, \"dim\": 24, \"ffn_dim\": 32, \"num_heads\": 2,\n"
      "  \"num_layers\": 2, \"freq_dim\": 16, \"text_dim\": 12, \"text_len\": 32, \"eps\": 1e-6 }\n" },
    { "vae/config.json",
      "{ \"dim\": 4, \"dec_dim\": 4, \"z_dim\": 6, \"dim_mult\": [1, 2, 2, 2], \"num_res_blocks\": 1,\n"
      "  \"temperal_downsample\": [false, true, true] }\n" },
    { "scheduler/config.json", "{ \"solver\": \"euler\", \"steps\": 4, \"shift\": 3, \"guidance\": 2 }\n" },
};

/* The same model, told of film beside the sample: four channels of mask and the latent behind its own six. */
static const struct { const char *path, *text; } told[] = {
    { "model_index.json",
      "{ \"cohl\": { \"name\": \"told\", \"known\": \"mask-channels\", \"fps\": 8, \"frames\": [5, 33], \"words\": 1,\n"
      "  \"sizes\": [[64, 64]] } }\n" },
    { "transformer/config.json",
      "{ \"model_type\": \"ti2v\", \"in_dim\": 16, \"out_dim\": 6, \"dim\": 24, \"ffn_dim\": 32, \"num_heads\": 2,\n"
      "  \"num_layers\": 2, \"freq_dim\": 16, \"text_dim\": 12, \"text_len\": 32, \"eps\": 1e-6 }\n" },
};

static cohl_status write_told(const char *folder, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (size_t i = 0; i < sizeof told / sizeof *told && !st; i++) {
        char *path = cohl_path_join(folder, told[i].path);
        st = cohl_file_write(path, told[i].text, strlen(told[i].text), err);
        free(path);
    }
    return st;
}

static cohl_status write_texts(const char *folder, cohl_error *err)
{
    static const char *const parts[] = { "tokenizer", "text_encoder", "transformer", "vae", "scheduler" };
    cohl_status st = COHL_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !st; i++) {
        char *path = cohl_path_join(folder, parts[i]);
        st = cohl_folder_make(path, err);
        free(path);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts && !st; i++) {
        char *path = cohl_path_join(folder, texts[i].path);
        st = cohl_file_write(path, texts[i].text, strlen(texts[i].text), err);
        free(path);
    }
    return st;
}

/* Random where it starts random; what starts at zero becomes small random numbers, so that
 * nothing hides. */
static cohl_status fill(cohl_params *params, cohl_ctx *ctx, cohl_error *err)
{
    cohl_status st = cohl_params_alloc(params, ctx, &(cohl_params_use){ 0 }, err);
    if (!st)
        st = cohl_params_start(params, 7, err);
    for (int i = 0; i < params->count && !st; i++) {
        cohl_param param = params->item[i];
        if (param.init.kind == COHL_INIT_ZERO) {
            param.init = cohl_init_normal(0.05f);
            st = cohl_param_start(params, &param, 7, err);
        }
    }
    return st;
}

static cohl_status save(cohl_params *params, cohl_ctx *ctx, const char *folder, const char *name, cohl_dtype dtype,
                        cohl_error *err)
{
    char *path = cohl_path_join(folder, name);
    cohl_status st = fill(params, ctx, err);
    if (!st)
        st = cohl_params_save(params, path, dtype, NULL, err);
    free(path);
    return st;
}

static cohl_status open_config(cohl_config **out, const char *folder, const char *name, cohl_error *err)
{
    char *path = cohl_path_join(folder, name);
    cohl_status st = cohl_config_open(out, path, err);
    free(path);
    return st;
}

static cohl_status write_text(const char *folder, cohl_ctx *ctx, cohl_error *err)
{
    cohl_config *json;
    cohl_text_encoder_config config;
    cohl_text_encoder *text = NULL;
    cohl_status st = open_config(&json, folder, "text_encoder/config.json", err);
    if (!st) st = cohl_text_encoder_config_read(&config, json, err);
    if (!st) st = cohl_text_encoder_new(&text, &config, err);
    if (!st) st = save(&text->params, ctx, folder, "text_encoder/model.safetensors", COHL_BF16, err);
    cohl_text_encoder_free(text);
    cohl_config_close(json);
    return st;
}

static cohl_status write_dit(const char *folder, cohl_ctx *ctx, cohl_error *err)
{
    cohl_config *json;
    cohl_dit_config config;
    cohl_dit *dit = NULL;
    cohl_status st = open_config(&json, folder, "transformer/config.json", err);
    if (!st) st = cohl_dit_config_read(&config, json, err);
    if (!st) st = cohl_dit_new(&dit, &config, err);
    if (!st) st = save(&dit->params, ctx, folder, "transformer/model.safetensors", COHL_F32, err);
    cohl_dit_free(dit);
    cohl_config_close(json);
    return st;
}

static cohl_status write_vae(const char *folder, cohl_ctx *ctx, cohl_error *err)
{
    cohl_config *json;
    cohl_vae_config config;
    cohl_vae *vae = NULL;
    cohl_status st = open_config(&json, folder, "vae/config.json", err);
    if (!st) st = cohl_vae_config_read(&config, json, err);
    if (!st) st = cohl_vae_new(&vae, &config, err);
    if (!st) st = save(&vae->params, ctx, folder, "vae/model.safetensors", COHL_BF16, err);
    cohl_vae_free(vae);
    cohl_config_close(json);
    return st;
}

/* It counts as trained here (engine/origin.h): training.json names its weights. */
static cohl_status write_training(const char *folder, cohl_error *err)
{
    static const char *const part[] = { "text_encoder", "transformer", "vae" };
    char sum[3][COHL_DIGEST_HEX], file[64], text[1024];
    cohl_status st = COHL_OK;
    for (int i = 0; i < 3 && !st; i++) {
        snprintf(file, sizeof file, "%s/model.safetensors", part[i]);
        char *path = cohl_path_join(folder, file);
        st = cohl_digest_file(sum[i], path, err);
        free(path);
    }
    snprintf(text, sizeof text, "{ \"weights\": { \"text_encoder/model.safetensors\": \"%s\", \"transformer/model.safetensors\": "
             "\"%s\", \"vae/model.safetensors\": \"%s\" },\n  \"runs\": [{ \"task\": \"tokenizer\", \"part\": \"words\", "
             "\"recipe\": \"none\", \"captions\": 1 }] }\n", sum[0], sum[1], sum[2]);
    char *path = cohl_path_join(folder, "training.json");
    if (!st)
        st = cohl_file_write(path, text, strlen(text), err);
    free(path);
    return st;
}

/* All zero but the last bias: whatever the latents, one colour. */
static void make_flat(cohl_params *params, const float rgb[3])
{
    const cohl_param *last = &params->item[params->count - 1];
    for (int i = 0; i < params->count; i++) {
        const cohl_tensor *t = params->item[i].tensor;
        memset(t->data, 0, (size_t)cohl_tensor_count(t) * sizeof(float));
    }
    for (int64_t i = 0; i < cohl_tensor_count(last->tensor); i++)   /* colour after colour, four pixels of each */
        ((float *)last->tensor->data)[i] = rgb[i / 4];
}

cohl_status tiny_fast_write(const char *path, int z_dim, const float rgb[3], cohl_error *err)
{
    const cohl_taehv_config config = { .z_dim = z_dim, .patch = 2, .encoder_width = 4, .decoder_width = { 4, 4, 4, 4 },
                                       .time_down = { true, true, false }, .time_up = { false, true, true } };
    cohl_taehv *taehv = NULL;
    cohl_ctx ctx;
    cohl_status st = cohl_ctx_open(&ctx, &(cohl_ctx_params){ 0 }, err);
    if (st)
        return st;
    if (!(st = cohl_taehv_new(&taehv, &config, err)) && !(st = fill(&taehv->params, &ctx, err))) {
        make_flat(&taehv->params, rgb);
        st = cohl_params_save(&taehv->params, path, COHL_F32, NULL, err);
    }
    cohl_taehv_free(taehv);
    cohl_ctx_close(&ctx);
    return st;
}

static cohl_status write_model(const char *folder, bool is_told, cohl_error *err)
{
    cohl_ctx ctx;
    cohl_status st = cohl_ctx_open(&ctx, &(cohl_ctx_params){ 0 }, err);
    if (st)
        return st;
    st = write_texts(folder, err);
    if (!st && is_told) st = write_told(folder, err);
    if (!st) st = write_text(folder, &ctx, err);
    if (!st) st = write_dit(folder, &ctx, err);
    if (!st) st = write_vae(folder, &ctx, err);
    if (!st) st = write_training(folder, err);
    cohl_ctx_close(&ctx);
    return st;
}

cohl_status tiny_model_write(const char *folder, cohl_error *err) { return write_model(folder, false, err); }
cohl_status tiny_told_write(const char *folder, cohl_error *err) { return write_model(folder, true, err); }
