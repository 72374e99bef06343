/* film_places.c - where a model's parts lie in its folder, by tables of names. */
#define _GNU_SOURCE
#include "model/film_places.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* Tried in order; upper and lower case are one. A name with a pattern after a '/' is of a folder in it. */
static const char *const TRANSFORMER[] = {
    "transformer", "high_noise_model", "diffusion_pytorch_model*.index.json", "diffusion_pytorch_model*.safetensors",
    "*high*noise*.gguf", "*high*noise*.safetensors", "diffusion_models/*high*noise*.*",
    "*[tf]2v*.gguf", "*i2v*.gguf", "*vace*.gguf", "*[tf]2v*.safetensors", "*i2v*.safetensors", "*vace*.safetensors",
    "diffusion_models/*wan*.*", "unet/*wan*.*", NULL,
};
static const char *const LOW[] = {
    "transformer_2", "low_noise_model", "*low*noise*.gguf", "*low*noise*.safetensors", "diffusion_models/*low*noise*.*",
    NULL,
};
static const char *const TEXT[] = {
    "text_encoder", "models_t5*.pth", "*umt5*.safetensors", "*umt5*.gguf", "*umt5*.pth", "text_encoders/*umt5*.*",
    "clip/*umt5*.*", NULL,
};
static const char *const VAE[] = {
    "vae/config.json", "Wan2.*VAE*.pth", "*vae*.safetensors", "*vae*.pth", "*vae*.gguf", "vae/*wan*.*", NULL,
};
static const char *const IMAGE[] = {
    "image_encoder", "models_clip*.pth", "*clip_vision*.safetensors", "clip_vision/*clip*.*", NULL,
};
static const char *const TOKENIZER[] = {
    "tokenizer", "google/umt5-xxl", "umt5-xxl", "spiece.model", "tokenizer.json", NULL,
};
static const char *const FAST[] = { "taew2_*", "vae_approx/taew2_*", NULL };

static const struct part {
    const char *name;
    size_t at;                       /* in cohl_film_places */
    const char *const *candidate;
    bool needed;
} PARTS[] = {
    { "transformer", offsetof(cohl_film_places, transformer), TRANSFORMER, true },
    { "second expert", offsetof(cohl_film_places, low), LOW, false },
    { "text encoder", offsetof(cohl_film_places, text), TEXT, true },
    { "autoencoder", offsetof(cohl_film_places, vae), VAE, true },
    { "image encoder", offsetof(cohl_film_places, image), IMAGE, false },
    { "tokenizer", offsetof(cohl_film_places, tokenizer), TOKENIZER, true },
    { "TAEHV", offsetof(cohl_film_places, fast), FAST, false },
};

/* The first entry of a folder that matches, as a path; NULL when none does. */
static char *match(const char *folder, const char *pattern)
{
    struct dirent **entry = NULL;
    char *found = NULL;
    int count = scandir(folder, &entry, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (!found && !fnmatch(pattern, entry[i]->d_name, FNM_CASEFOLD | FNM_PERIOD))
            found = cohl_path_join(folder, entry[i]->d_name);
        free(entry[i]);
    }
    free(entry);
    return found;
}

/* "vae/config.json" stands for the folder, "spiece.model" for the one it is in. */
static char *find(const char *folder, const char *candidate)
{
    char inner[64];
    const char *slash = strchr(candidate, '/');
    if (!strcmp(candidate, "spiece.model") || !strcmp(candidate, "tokenizer.json")) {
        char *file = match(folder, candidate);
        bool there = file != NULL;
        free(file);
        return there ? strdup(folder) : NULL;
    }
    if (!slash)
        return match(folder, candidate);
    snprintf(inner, sizeof inner, "%.*s", (int)(slash - candidate), candidate);
    char *outer = match(folder, inner), *found = outer ? match(outer, slash + 1) : NULL;
    if (found && !strcmp(slash + 1, "config.json")) {
        free(found);
        return outer;
    }
    free(outer);
    return found;
}

static cohl_status fail_missing(const struct part *part, const char *folder, cohl_error *err)
{
    char names[400] = "";
    for (int i = 0; part->candidate[i]; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", part->candidate[i]);
    }
    return cohl_fail(err, COHL_ERR_IO, "%s: there is no %s; it would be one of %s", folder, part->name, names);
}

/* The first of a part's candidates that is there; NULL when none is. */
static char *find_first(const char *folder, const char *const *candidate)
{
    char *found = NULL;
    for (int k = 0; candidate[k] && !found; k++)
        found = find(folder, candidate[k]);
    return found;
}

char *cohl_film_places_fast(const char *folder) { return find_first(folder, FAST); }

cohl_status cohl_film_places_find(cohl_film_places *out, const char *folder, cohl_error *err)
{
    *out = (cohl_film_places){ 0 };
    if (!cohl_folder_exists(folder))
        return cohl_fail(err, COHL_ERR_IO, "%s: there is no such folder", folder);
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
        char **to = (char **)((char *)out + PARTS[i].at);
        *to = find_first(folder, PARTS[i].candidate);
        if (!*to && PARTS[i].needed) {
            cohl_film_places_free(out);
            return fail_missing(&PARTS[i], folder, err);
        }
    }
    return COHL_OK;
}

void cohl_film_places_free(cohl_film_places *places)
{
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
        free(*(char **)((char *)places + PARTS[i].at));
    *places = (cohl_film_places){ 0 };
}
