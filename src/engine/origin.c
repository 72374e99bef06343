/* origin.c - whose weights these are, and what must therefore look at their frames. */
#include "engine/origin.h"

#include <stdio.h>

#include "safety/network.h"
#include "train/register.h"

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
        own = own && json_object_get(json_object_get(reg->file, "weights"), files[i]);
    cohl_register_free(reg);
    return own;
}

cohl_status engine_ask_checks(const cohl_engine *engine, bool *unchecked, cohl_error *err)
{
    *unchecked = false;
    if (cohl_networks_installed() || engine_weights_are_own(engine))
        return COHL_OK;
    *unchecked = engine->without_frame_checks;
    if (*unchecked)
        return COHL_OK;
    return cohl_fail(err, COHL_ERR_REFUSED, "%s: weights that were not trained here, and the networks that look at every frame "
                     "are not installed: `cohl checks install` brings them; --without-frame-checks goes on without, and "
                     "the film's credentials will say so", engine->model->folder);
}
