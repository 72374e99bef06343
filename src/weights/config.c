/* config.c - a model's config.json, read with ranges. */
#include "weights/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { CONFIG_MAX = 4 << 20 };

struct cohl_config {
    char      *path;
    json_t    *root;
    json_t    *asked;      /* an object: the keys somebody looked for */
    cohl_error error;
};

static const json_t *look_up(const cohl_config *config, const char *key)
{
    json_object_set_new(config->asked, key, json_true());
    return json_object_get(config->root, key);
}

cohl_status cohl_config_parse(cohl_config **out, const char *name, const char *text, size_t size,
                              cohl_error *err)
{
    cohl_config *config = calloc(1, sizeof *config);
    cohl_status st = COHL_OK;
    json_error_t wrong;

    *out = NULL;
    if (!config || !(config->path = strdup(name)) || !(config->asked = json_object())) {
        cohl_config_close(config);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to read it", name);
    }
    config->root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &wrong);
    if (!config->root)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: line %d: %s", name, wrong.line, wrong.text);
    else if (!json_is_object(config->root))
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: expected a JSON object", name);
    if (st)
        cohl_config_close(config);
    else
        *out = config;
    return st;
}

cohl_status cohl_config_open(cohl_config **out, const char *path, cohl_error *err)
{
    char *text;
    size_t size;
    *out = NULL;
    cohl_status st = cohl_file_read(&text, &size, path, CONFIG_MAX, err);
    if (st)
        return st;
    st = cohl_config_parse(out, path, text, size, err);
    free(text);
    return st;
}

void cohl_config_close(cohl_config *config)
{
    if (!config)
        return;
    json_decref(config->root);
    json_decref(config->asked);
    free(config->path);
    free(config);
}

bool cohl_config_has(const cohl_config *config, const char *key)
{
    const json_t *value = look_up(config, key);
    return value && !json_is_null(value);
}

/* The value as the file has it, cut short, for sentences. */
typedef struct found_text { char text[48]; } found_text;

static found_text write_found(const json_t *value)
{
    found_text out = { "nothing" };
    if (!value)
        return out;
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        return (found_text){ "something unprintable" };
    size_t length = strlen(text);
    memset(&out, 0, sizeof out);
    memcpy(out.text, text, length < sizeof out.text ? length : sizeof out.text - 1);
    if (length >= sizeof out.text)
        memcpy(out.text + sizeof out.text - 4, "...", 4);
    free(text);
    return out;
}

/* at < 0 for the value itself, else its place in the list. */
static cohl_status fail_value(cohl_config *config, const char *key, int at, const json_t *value,
                              const char *expected)
{
    char place[16] = "";
    if (config->error.status)
        return config->error.status;
    if (at >= 0)
        snprintf(place, sizeof place, "[%d]", at);
    return cohl_fail(&config->error, COHL_ERR_FORMAT, "%s: \"%s\"%s: expected %s, found %s",
                     config->path, key, place, expected, write_found(value).text);
}

static cohl_status read_int(cohl_config *config, const char *key, int at, const json_t *value,
                            int min, int max, int *out)
{
    json_int_t number = json_integer_value(value);
    char expected[64];
    *out = min;
    if (!json_is_integer(value) || number < min || number > max) {
        snprintf(expected, sizeof expected, "a whole number from %d to %d", min, max);
        return fail_value(config, key, at, value, expected);
    }
    *out = (int)number;
    return config->error.status;
}

static cohl_status read_float(cohl_config *config, const char *key, int at, const json_t *value,
                              double min, double max, double *out)
{
    double number = json_number_value(value);
    char expected[96];
    *out = min;
    if (!json_is_number(value) || !(number >= min && number <= max)) {
        snprintf(expected, sizeof expected, "a number from %g to %g", min, max);
        return fail_value(config, key, at, value, expected);
    }
    *out = number;
    return config->error.status;
}

cohl_status cohl_config_int(cohl_config *config, const char *key, int min, int max, int *out)
{
    return read_int(config, key, -1, look_up(config, key), min, max, out);
}

cohl_status cohl_config_int_or(cohl_config *config, const char *key, int min, int max,
                               int fallback, int *out)
{
    if (cohl_config_has(config, key))
        return cohl_config_int(config, key, min, max, out);
    *out = fallback;
    return config->error.status;
}

cohl_status cohl_config_float(cohl_config *config, const char *key, double min, double max,
                              double *out)
{
    return read_float(config, key, -1, look_up(config, key), min, max, out);
}

cohl_status cohl_config_float_or(cohl_config *config, const char *key, double min, double max,
                                 double fallback, double *out)
{
    if (cohl_config_has(config, key))
        return cohl_config_float(config, key, min, max, out);
    *out = fallback;
    return config->error.status;
}

static const json_t *find_list(cohl_config *config, const char *key, int min_count,
                               int max_count)
{
    const json_t *list = look_up(config, key);
    char expected[64];
    if (json_is_array(list) && json_array_size(list) >= (size_t)min_count &&
        json_array_size(list) <= (size_t)max_count)
        return list;
    snprintf(expected, sizeof expected, "a list of %d to %d numbers", min_count, max_count);
    fail_value(config, key, -1, list, expected);
    return NULL;
}

cohl_status cohl_config_ints(cohl_config *config, const char *key, int min, int max,
                             int min_count, int max_count, int *out, int *count)
{
    const json_t *list = find_list(config, key, min_count, max_count);
    *count = (int)json_array_size(list);
    for (int i = 0; i < *count; i++)
        read_int(config, key, i, json_array_get(list, (size_t)i), min, max, &out[i]);
    return config->error.status;
}

cohl_status cohl_config_floats(cohl_config *config, const char *key, double min, double max,
                               int min_count, int max_count, double *out, int *count)
{
    const json_t *list = find_list(config, key, min_count, max_count);
    *count = (int)json_array_size(list);
    for (int i = 0; i < *count; i++)
        read_float(config, key, i, json_array_get(list, (size_t)i), min, max, &out[i]);
    return config->error.status;
}

cohl_status cohl_config_bool(cohl_config *config, const char *key, bool *out)
{
    const json_t *value = look_up(config, key);
    *out = json_is_true(value);
    return json_is_boolean(value) ? config->error.status
                                  : fail_value(config, key, -1, value, "true or false");
}

cohl_status cohl_config_bool_or(cohl_config *config, const char *key, bool fallback, bool *out)
{
    if (cohl_config_has(config, key))
        return cohl_config_bool(config, key, out);
    *out = fallback;
    return config->error.status;
}

cohl_status cohl_config_string(cohl_config *config, const char *key, const char **out)
{
    const json_t *value = look_up(config, key);
    *out = json_is_string(value) ? json_string_value(value) : "";
    return json_is_string(value) ? config->error.status
                                 : fail_value(config, key, -1, value, "a string");
}

cohl_status cohl_config_string_or(cohl_config *config, const char *key, const char *fallback,
                                  const char **out)
{
    if (cohl_config_has(config, key))
        return cohl_config_string(config, key, out);
    *out = fallback;
    return config->error.status;
}

cohl_status cohl_config_done(const cohl_config *config, cohl_error *err)
{
    cohl_status st = config->error.status;
    return st ? cohl_fail(err, st, "%s", config->error.text) : COHL_OK;
}

cohl_status cohl_config_done_whole(cohl_config *config, const char *const *besides, cohl_error *err)
{
    const char *key, *nearest = NULL;
    json_t *value;
    int best = 4;
    cohl_status st = cohl_config_done(config, err);
    if (st)
        return st;
    for (int i = 0; besides && besides[i]; i++)
        look_up(config, besides[i]);
    json_object_foreach(config->root, key, value)
        if (!json_object_get(config->asked, key))
            break;
    if (!key)
        return COHL_OK;
    const char *unknown = key;
    json_object_foreach(config->asked, key, value) {
        int distance = cohl_text_distance(key, unknown);
        if (distance < best)
            best = distance, nearest = key;
    }
    return cohl_fail(err, COHL_ERR_FORMAT, "%s: there is no \"%.80s\"%s%s%s", config->path, unknown,
                     nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

const char *cohl_config_name(const cohl_config *config) { return config->path; }

const json_t *cohl_config_json(const cohl_config *config) { return config->root; }
