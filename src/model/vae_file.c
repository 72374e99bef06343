/* vae_file.c - an autoencoder as a folder. */
#include "model/vae_file.h"

#include <stdlib.h>

#include "base/file.h"

static cohl_status read_config(cohl_vae_config *config, const char *folder, cohl_error *err)
{
    cohl_config *json;
    char *path = cohl_path_join(folder, "config.json");
    cohl_status st = path ? cohl_config_open(&json, path, err)
                          : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    free(path);
    if (st)
        return st;
    st = cohl_vae_config_read(config, json, err);
    cohl_config_close(json);
    return st;
}

cohl_status cohl_vae_load(cohl_vae **out, cohl_ctx *ctx, const char *folder, cohl_error *err)
{
    cohl_vae_config config;
    cohl_vae *vae = NULL;
    cohl_status st = read_config(&config, folder, err);
    if (!st && !(st = cohl_vae_new(&vae, &config, err)) &&
        !(st = cohl_params_alloc(&vae->params, ctx, &(cohl_params_use){ .train = false }, err)))
        st = cohl_params_load_path(&vae->params, folder, err);
    if (st)
        cohl_vae_free(vae);
    else
        *out = vae;
    return st;
}
