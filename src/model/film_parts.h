/* film_parts.h - what film_model.c and film_parts.c share. */
#ifndef COHL_MODEL_FILM_PARTS_H
#define COHL_MODEL_FILM_PARTS_H

#include "model/film_model.h"
#include "model/film_places.h"

/* A folder's JSON file. */
cohl_status film_open_json(cohl_config **out, const char *folder, const char *name, cohl_error *err);
bool        film_is_own(const char *folder);
/* Of the config.json beside the weights, or of the weights where there is none. */
cohl_status film_dit_config(cohl_dit_config *out, const char *path, const cohl_weights *weights, cohl_error *err);

#endif
