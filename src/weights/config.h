/* config.h - a model's config.json, read with ranges.
 *
 *     cohl_config *config;
 *     int dim, layers, window = 0;
 *     if ((st = cohl_config_open(&config, "transformer/config.json", err))) return st;
 *     cohl_config_int(config, "dim", 1, 65536, &dim);
 *     cohl_config_int(config, "num_layers", 1, 256, &layers);
 *     cohl_config_int_or(config, "window", 0, 1024, 0, &window);
 *     st = cohl_config_done(config, err);
 *     cohl_config_close(config);
 *
 * The first failure is kept and returned by every later call, so a reader may
 * ask once, at the end; after a failure *out has the lowest allowed value (or
 * false, or ""). The _or forms give their fallback when the key is missing or
 * null. Keys that nobody asks for are fine: other programs write them. */
#ifndef COHL_WEIGHTS_CONFIG_H
#define COHL_WEIGHTS_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct cohl_config cohl_config;

/* At most 4 MiB; one JSON object. */
cohl_status cohl_config_open(cohl_config **out, const char *path, cohl_error *err);
/* The same from memory; name stands in sentences. */
cohl_status cohl_config_parse(cohl_config **out, const char *name, const char *text, size_t size,
                              cohl_error *err);
void cohl_config_close(cohl_config *config);

/* Present and not null. */
bool cohl_config_has(const cohl_config *config, const char *key);

/* Whole numbers of min..max. */
cohl_status cohl_config_int(cohl_config *config, const char *key, int min, int max, int *out);
cohl_status cohl_config_int_or(cohl_config *config, const char *key, int min, int max,
                               int fallback, int *out);
/* A list of min_count..max_count of them; *count is how many. */
cohl_status cohl_config_ints(cohl_config *config, const char *key, int min, int max,
                             int min_count, int max_count, int *out, int *count);
/* Numbers of min..max, whole ones too. */
cohl_status cohl_config_float(cohl_config *config, const char *key, double min, double max,
                              double *out);
cohl_status cohl_config_float_or(cohl_config *config, const char *key, double min, double max,
                                 double fallback, double *out);
cohl_status cohl_config_floats(cohl_config *config, const char *key, double min, double max,
                               int min_count, int max_count, double *out, int *count);
cohl_status cohl_config_bool(cohl_config *config, const char *key, bool *out);
cohl_status cohl_config_bool_or(cohl_config *config, const char *key, bool fallback, bool *out);
/* *out lives as long as the config. */
cohl_status cohl_config_string(cohl_config *config, const char *key, const char **out);
cohl_status cohl_config_string_or(cohl_config *config, const char *key, const char *fallback,
                                  const char **out);

/* The first failure, or COHL_OK. */
cohl_status cohl_config_done(const cohl_config *config, cohl_error *err);
/* The file's path, or the name it was parsed under: for sentences about several values. */
const char *cohl_config_name(const cohl_config *config);
/* The same, and a key that nobody asked for is refused: for files that people write by hand, where
 * it is a slip of the pen. besides: keys that others read, ends with NULL; or NULL. */
cohl_status cohl_config_done_whole(cohl_config *config, const char *const *besides, cohl_error *err);
/* The whole object, borrowed, for what has a shape of its own. */
const json_t *cohl_config_json(const cohl_config *config);

#endif
