/* film_places.h - where a model's parts lie in its folder.
 *
 * People keep these models in several ways, and all are taken as they are:
 *
 *     the diffusers library's    transformer/ transformer_2/ text_encoder/ vae/ image_encoder/ tokenizer/
 *     the original release's     diffusion_pytorch_model*.safetensors (or high_noise_model/, low_noise_model/),
 *                                models_t5_*.pth, Wan2.*_VAE.pth, models_clip_*.pth, google/umt5-xxl/
 *     ComfyUI's, and loose files diffusion_models/ text_encoders/ vae/ clip_vision/, or files of such
 *                                names side by side: *t2v*.gguf, umt5*.safetensors, wan*vae*.safetensors
 *
 * Of several files that would do the first by name is taken. */
#ifndef COHL_MODEL_FILM_PLACES_H
#define COHL_MODEL_FILM_PLACES_H

#include "base/status.h"

/* Paths of files or folders; NULL = it is not there. */
typedef struct cohl_film_places {
    char *transformer;   /* the only one, or the one for the noisy steps */
    char *low;           /* the other of two experts */
    char *text, *vae, *image, *tokenizer;
    char *fast;          /* a TAEHV */
} cohl_film_places;

/* COHL_ERR_IO      there is no such folder, or a part that every model has is not in it: the
 *                  sentence says which, and the names that are looked for
 * COHL_ERR_MEMORY */
cohl_status cohl_film_places_find(cohl_film_places *out, const char *folder, cohl_error *err);
/* The same of a model of our own too, whose places are fixed: whether they are there is found when they
 * are read. */
cohl_status cohl_film_model_places(cohl_film_places *out, const char *folder, cohl_error *err);
/* A TAEHV that lies in the folder; NULL when there is none. free() it. */
char       *cohl_film_places_fast(const char *folder);
void        cohl_film_places_free(cohl_film_places *places);

#endif
