/* film_parts.c - the networks of a model, from wherever its folder keeps them. */
#include "model/film_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/condition.h"
#include "model/vae_file.h"
#include "weights/lora.h"

/* Parameters above which a text encoder stays in its file: it is asked once a film. */
static const int64_t TEXT_HELD_MOST = 1000000000;

/* Opens the config.json that belongs to weights at `path` (a folder, or a file in one); *out NULL
 * when there is none. */
static cohl_status open_beside(cohl_config **out, const char *path, cohl_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = cohl_folder_exists(path) ? strdup(path) : slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
    char *file = folder ? cohl_path_join(folder, "config.json") : NULL;
    cohl_status st = file ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    *out = NULL;
    if (!st && cohl_file_exists(file))
        st = cohl_config_open(out, file, err);
    free(folder);
    free(file);
    return st;
}

/* ---- the transformer ----------------------------------------------------- */

cohl_status film_dit_config(cohl_dit_config *out, const char *path, const cohl_weights *weights, cohl_error *err)
{
    cohl_config *json;
    cohl_status st = open_beside(&json, path, err);
    if (st)
        return st;
    if (!json)
        return cohl_dit_config_infer(out, weights, err);
    if (!(st = cohl_dit_config_read(out, json, err)))
        cohl_dit_config_fit(out, weights);
    cohl_config_close(json);
    return st;
}

/* Memory for the declared parameters, filled from open weights. */
static cohl_status fill(cohl_params *params, const cohl_weights *weights, cohl_ctx *ctx, cohl_dtype dtype, cohl_error *err)
{
    cohl_status st = cohl_params_alloc(params, ctx, &(cohl_params_use){ .dtype = dtype }, err);
    return st ? st : cohl_params_load(params, weights, COHL_SURPLUS_REFUSED, err);
}

/* *kept: the weights, when the network goes on reading them. */
static cohl_status load_dit(cohl_dit **out, cohl_weights **kept, const char *path, cohl_lora_expert expert,
                            const cohl_film_loading *how, cohl_ctx *ctx, cohl_error *err)
{
    cohl_weights *weights = NULL;
    cohl_dit_config config;
    cohl_status st = cohl_weights_open_part(&weights, path, COHL_PART_TRANSFORMER, err);
    if (!st) st = cohl_lora_apply_list(weights, how->loras, expert, err);
    if (!st) st = film_dit_config(&config, path, weights, err);
    if (!st) st = cohl_dit_new(out, &config, err);
    if (!st && how->room && cohl_params_size(&(*out)->params) > how->held_most) {
        *kept = weights;
        return cohl_dit_stream(*out, ctx, weights, how->dtype, how->room, err);
    }
    if (!st) st = fill(&(*out)->params, weights, ctx, how->dtype, err);
    cohl_weights_close(weights);
    return st;
}

/* ---- text and image ------------------------------------------------------ */

static cohl_status text_config(cohl_text_encoder_config *out, const char *path, const cohl_weights *weights,
                               cohl_error *err)
{
    cohl_config *json = NULL;
    cohl_status st = cohl_folder_exists(path) ? open_beside(&json, path, err) : COHL_OK;
    if (st)
        return st;
    st = json ? cohl_text_encoder_config_read(out, json, err) : cohl_text_encoder_config_infer(out, weights, err);
    cohl_config_close(json);
    return st;
}

static cohl_status load_text(cohl_film_model *m, const char *path, const cohl_film_loading *how, cohl_ctx *ctx,
                             cohl_error *err)
{
    cohl_text_encoder_config config;
    int64_t most = how->room && how->held_most < TEXT_HELD_MOST ? how->held_most : TEXT_HELD_MOST;
    cohl_status st = cohl_weights_open_part(&m->text_weights, path, COHL_PART_TEXT, err);
    if (!st) st = text_config(&config, path, m->text_weights, err);
    if (!st) st = cohl_text_encoder_new(&m->text, &config, err);
    if (st)
        return st;
    if (cohl_params_size(&m->text->params) > most)
        return cohl_text_encoder_stream(m->text, ctx, m->text_weights, how->dtype, NULL, err);
    st = fill(&m->text->params, m->text_weights, ctx, how->dtype, err);
    cohl_weights_close(m->text_weights);
    m->text_weights = NULL;
    return st;
}

static cohl_status load_image(cohl_film_model *m, const char *path, cohl_ctx *ctx, cohl_dtype dtype, cohl_error *err)
{
    cohl_image_encoder_config config = cohl_image_encoder_config_default();
    cohl_config *json = NULL;
    if (!path)
        return cohl_fail(err, COHL_ERR_IO, "%s: its transformer takes the tokens of an image encoder, and there is none: "
                         "models_clip_*.pth, image_encoder or clip_vision*.safetensors", m->folder);
    cohl_status st = cohl_folder_exists(path) ? open_beside(&json, path, err) : COHL_OK;
    if (!st && json) st = cohl_image_encoder_config_read(&config, json, err);
    if (!st) st = cohl_weights_open_part(&m->image_weights, path, COHL_PART_IMAGE, err);
    if (!st) st = cohl_image_encoder_open(&m->image, &config, ctx, m->image_weights, dtype, err);
    cohl_config_close(json);
    return st;
}

/* ---- the autoencoder ----------------------------------------------------- */

/* In F32 whatever the others are: it is small beside them, and rounds pixels. */
static cohl_status load_vae(cohl_film_model *m, const char *path, cohl_ctx *ctx, cohl_error *err)
{
    cohl_vae_config config;
    cohl_weights *weights = NULL;
    cohl_status st;
    if (cohl_folder_exists(path))
        return cohl_vae_load(&m->vae, ctx, path, err);
    st = cohl_weights_open_part(&weights, path, COHL_PART_VAE, err);
    if (!st && !cohl_vae_config_infer(&config, weights))
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: its weights are not those of the autoencoder of Wan 2.1 or 2.2", path);
    if (!st) st = cohl_vae_new(&m->vae, &config, err);
    if (!st) st = fill(&m->vae->params, weights, ctx, COHL_F32, err);
    cohl_weights_close(weights);
    return st;
}

/* ---- all together -------------------------------------------------------- */

/* What the engine lays out once for both experts. */
static bool takes_the_same(const cohl_dit_config *one, const cohl_dit_config *other)
{
    return one->in_dim == other->in_dim && one->out_dim == other->out_dim && one->text_dim == other->text_dim &&
           one->text_len == other->text_len && one->image_dim == other->image_dim &&
           one->image_positions == other->image_positions && one->control_dim == other->control_dim &&
           one->control_count == other->control_count;
}

/* Widths that one part hands to the next. */
static cohl_status check_fit(const cohl_film_model *m, cohl_error *err)
{
    const cohl_dit_config *dit = &m->dit->config;
    int id_most = cohl_tokenizer_id_most(m->tokenizer), vocab = m->text->config.vocab;
    if (id_most >= vocab)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the tokenizer gives ids up to %d, the text encoder knows those "
                         "below %d", m->folder, id_most, vocab);
    if (dit->text_dim != m->text->config.dim)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the transformer reads text states of %d numbers, the text "
                         "encoder makes %d", m->folder, dit->text_dim, m->text->config.dim);
    int z = m->vae->config.z_dim, beside = m->can.known->by_condition && !dit->control_count;
    if (dit->in_dim != z + (beside ? cohl_condition_image_channels(z) : 0) || dit->out_dim != z)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the transformer takes %d and makes %d channels, the "
                         "autoencoder's latents have %d", m->folder, dit->in_dim, dit->out_dim, z);
    if (dit->control_count && dit->control_dim != cohl_condition_control_channels(z))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the control branch takes %d channels, the autoencoder's latents make "
                         "%d", m->folder, dit->control_dim, cohl_condition_control_channels(z));
    if (m->can.grid != cohl_vae_space(&m->vae->config) * COHL_DIT_PATCH)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the autoencoder's cells are %d pixels wide, expected %d", m->folder,
                         cohl_vae_space(&m->vae->config), m->can.grid / COHL_DIT_PATCH);
    if (m->fast && (m->fast->config.z_dim != z || cohl_taehv_space(m->fast) != cohl_vae_space(&m->vae->config)))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the TAEHV beside it reads latents of %d numbers for %d pixels a side, the "
                         "autoencoder's are %d for %d: taew2_1 goes with Wan 2.1 and A14B, taew2_2 with Wan 2.2 TI2V",
                         m->folder, m->fast->config.z_dim, cohl_taehv_space(m->fast), z, cohl_vae_space(&m->vae->config));
    if (m->image && (cohl_image_encoder_dim(m->image) != dit->image_dim ||
                     (dit->image_positions && dit->image_positions != 2 * cohl_image_encoder_tokens(m->image))))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the image encoder makes %d tokens of %d numbers, the transformer reads tokens "
                         "of %d%s", m->folder, cohl_image_encoder_tokens(m->image), cohl_image_encoder_dim(m->image),
                         dit->image_dim, dit->image_positions ? ", and has other places for them" : "");
    if (m->low_dit && !takes_the_same(dit, &m->low_dit->config))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: its two experts do not take the same channels", m->folder);
    return COHL_OK;
}

static cohl_status own_places(cohl_film_places *out, const char *folder, cohl_error *err)
{
    *out = (cohl_film_places){ .transformer = cohl_path_join(folder, "transformer"),
                          .text = cohl_path_join(folder, "text_encoder"), .vae = cohl_path_join(folder, "vae"),
                          .tokenizer = cohl_path_join(folder, "tokenizer"), .fast = cohl_film_places_fast(folder) };
    return out->transformer && out->text && out->vae && out->tokenizer
        ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
}

cohl_status cohl_film_model_places(cohl_film_places *out, const char *folder, cohl_error *err)
{
    return film_is_own(folder) ? own_places(out, folder, err) : cohl_film_places_find(out, folder, err);
}

static cohl_status load_parts(cohl_film_model *m, const cohl_film_places *at, const cohl_film_loading *how,
                              cohl_ctx *ctx, cohl_error *err)
{
    cohl_lora_expert first = at->low ? COHL_LORA_HIGH : COHL_LORA_ONLY;
    cohl_status st;
    if ((st = cohl_tokenizer_open(&m->tokenizer, at->tokenizer, err)))                         return st;
    if ((st = load_text(m, at->text, how, ctx, err)))                                          return st;
    if ((st = load_dit(&m->dit, &m->dit_weights, at->transformer, first, how, ctx, err)))      return st;
    if (at->low && (st = load_dit(&m->low_dit, &m->low_weights, at->low, COHL_LORA_LOW, how, ctx, err))) return st;
    if (m->dit->config.image_dim && (st = load_image(m, at->image, ctx, how->dtype, err)))     return st;
    if ((st = load_vae(m, at->vae, ctx, err)))                                                 return st;
    if (at->fast && (st = cohl_taehv_load_decoder(&m->fast, ctx, at->fast, err)))                      return st;
    return check_fit(m, err);
}

/* A distillation's own steps, shift and guidance in place of the model's. */
static void sample_as(cohl_film_sampling *sampling, const cohl_lora_sampling *few)
{
    if (!few->steps)
        return;
    sampling->steps = few->steps;
    sampling->shift = few->shift > 0 ? few->shift : sampling->shift;
    sampling->guidance = sampling->low_guidance = few->guidance;
}

cohl_status cohl_film_model_load(cohl_film_model **out, const char *folder, cohl_ctx *ctx, cohl_dtype dtype,
                                 cohl_error *err)
{
    return cohl_film_model_load_as(out, folder, &(cohl_film_loading){ .dtype = dtype }, ctx, err);
}

cohl_status cohl_film_model_load_as(cohl_film_model **out, const char *folder, const cohl_film_loading *how,
                                    cohl_ctx *ctx, cohl_error *err)
{
    const cohl_lora_sampling few = cohl_lora_list_sampling(how->loras);
    cohl_status st;
    cohl_film_places places = { 0 };
    cohl_film_model *m = calloc(1, sizeof *m);
    *out = NULL;
    if (!m || !(m->folder = strdup(folder))) {
        free(m);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a model");
    }
    st = cohl_film_model_describe(&m->can, &m->sampling, folder, err);
    if (!st) st = cohl_film_model_places(&places, folder, err);
    if (!st) st = load_parts(m, &places, how, ctx, err);
    sample_as(&m->sampling, &few);
    cohl_film_places_free(&places);
    if (st)
        cohl_film_model_free(m);
    else
        *out = m;
    return st;
}

void cohl_film_model_free(cohl_film_model *m)
{
    if (!m)
        return;
    cohl_tokenizer_close(m->tokenizer);
    cohl_text_encoder_free(m->text);
    cohl_dit_free(m->dit);
    cohl_dit_free(m->low_dit);
    cohl_vae_free(m->vae);
    cohl_image_encoder_close(m->image);
    cohl_taehv_free(m->fast);
    cohl_weights_close(m->text_weights);
    cohl_weights_close(m->image_weights);
    cohl_weights_close(m->dit_weights);
    cohl_weights_close(m->low_weights);
    free(m->folder);
    free(m);
}
