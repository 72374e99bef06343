/* origin.c - whose weights these are, and what must therefore look at their frames. */
#define _GNU_SOURCE
#include "engine/origin.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vision/network.h"
#include "train/register.h"

/* Other files of weights beside the named one may be what was loaded (weights/weights.h). */
static bool holds_others(const char *model, const char *file)
{
    char *folder = NULL;
    const char *slash = strrchr(file, '/');
    struct dirent **entry = NULL;
    int others = 0, count = asprintf(&folder, "%s/%.*s", model, (int)(slash - file), file) < 0 ? -1
                          : scandir(folder, &entry, NULL, NULL);
    for (int i = 0; i < count; i++) {
        const char *name = entry[i]->d_name, *ending = strrchr(name, '.');
        others += strcmp(name, slash + 1) && ((ending && !strcmp(ending, ".safetensors")) || strstr(name, ".index.json"));
        free(entry[i]);
    }
    free(entry);
    free(folder);
    return count < 0 || others;
}

bool engine_weights_are_own(const cohl_engine *engine)
{
    static const char *const files[] = { "text_encoder/model.safetensors", "transformer/model.safetensors",
                                         "vae/model.safetensors" };
    const cohl_film_model *m = engine->model;
    cohl_register *reg;
    if (engine->loras || m->low_dit || m->image || m->fast || cohl_register_open(&reg, m->folder, NULL))
        return false;
    bool own = !cohl_register_check(reg, NULL);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        own = own && json_object_get(json_object_get(reg->file, "weights"), files[i]) && !holds_others(m->folder, files[i]);
    cohl_register_free(reg);
    return own;
}

cohl_status engine_ask_checks(const cohl_engine *engine, bool *unchecked, cohl_error *err)
{
    *unchecked = false;
    if (cohl_networks_installed() || engine->own_weights)
        return COHL_OK;
    *unchecked = engine->without_frame_checks;
    if (*unchecked)
        return COHL_OK;
    return cohl_fail(err, COHL_ERR_REFUSED, "%s: weights that were not trained here, and the networks that look at every frame "
                     "are not installed: `cohl checks install` brings them; --without-frame-checks goes on without, and "
                     "the film's credentials will say so", engine->model->folder);
}
