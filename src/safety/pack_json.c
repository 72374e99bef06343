/* pack_json.c - reading JSON with sentences. */
#include "safety/pack_json.h"

#include <string.h>

#include "base/text.h"

static const char *nearest(const char *const *known, const char *key)
{
    const char *best = NULL;
    int least = 4;
    for (int i = 0; known[i]; i++) {
        int distance = cohl_text_distance(known[i], key);
        if (distance < least)
            least = distance, best = known[i];
    }
    return best;
}

cohl_status pack_keys(const pack_place *at, const json_t *object, const char *const *known, cohl_error *err)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: %s[%zu] is not an object", at->path, at->what, at->index);
    json_object_foreach((json_t *)object, key, value) {
        int i = 0;
        while (known[i] && strcmp(known[i], key))
            i++;
        if (!known[i]) {
            const char *near = strlen(key) < 40 ? nearest(known, key) : NULL;
            return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: %s[%zu] has the key \"%.40s\", which nothing reads%s%s%s",
                             at->path, at->what, at->index, key, near ? "; did you mean \"" : "", near ? near : "",
                             near ? "\"?" : "");
        }
    }
    return COHL_OK;
}

static cohl_status missing(const pack_place *at, const char *key, const char *expected, const json_t *found,
                           cohl_error *err)
{
    return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: %s[%zu].%s is %s, expected %s", at->path, at->what, at->index, key,
                     found ? "something else" : "missing", expected);
}

cohl_status pack_string(const char **out, const pack_place *at, const json_t *object, const char *key, bool needed,
                        cohl_error *err)
{
    const json_t *value = json_object_get(object, key);
    *out = json_string_value(value);
    if ((*out && (**out || !needed)) || (!value && !needed))
        return COHL_OK;
    return missing(at, key, "a text", value, err);
}

cohl_status pack_number(double *out, const pack_place *at, const json_t *object, const char *key, double usual,
                        double least, double most, cohl_error *err)
{
    const json_t *value = json_object_get(object, key);
    *out = value ? json_number_value(value) : usual;
    if (!value || (json_is_number(value) && *out >= least && *out <= most))
        return COHL_OK;
    return cohl_fail(err, COHL_ERR_FORMAT, "%.120s: %s[%zu].%s is out of range, expected a number from %g to %g",
                     at->path, at->what, at->index, key, least, most);
}

cohl_status pack_bool(bool *out, const pack_place *at, const json_t *object, const char *key, cohl_error *err)
{
    const json_t *value = json_object_get(object, key);
    *out = json_is_true(value);
    return !value || json_is_boolean(value) ? COHL_OK : missing(at, key, "true or false", value, err);
}

cohl_status pack_strings(const json_t **out, const pack_place *at, const json_t *object, const char *key, bool needed,
                         cohl_error *err)
{
    size_t i;
    json_t *item;
    *out = json_object_get(object, key);
    if (!*out && !needed)
        return COHL_OK;
    if (!json_is_array(*out))
        return missing(at, key, "a list of texts", *out, err);
    json_array_foreach((json_t *)*out, i, item)
        if (!json_is_string(item))
            return missing(at, key, "a list of texts", *out, err);
    return COHL_OK;
}
