/* scaled.c - eight-bit floats and their scales, as single-file repackagings keep them.
 *
 * Two kinds travel. A plain cast holds the values as they are, rounded; it needs
 * nothing. A scaled file holds value / scale with the scale beside it, one for the
 * tensor or one for each row, named X.scale_weight (with an empty tensor
 * "scaled_fp8" as a mark) or X.weight_scale. A scaled tensor whose scale is gone
 * would be noise some thousand times too loud; it is told from a plain cast by
 * its size: scaling fills the format's range, weights of networks are far below 1. */
#include <math.h>
#include <string.h>

#include "weights/tidy.h"

enum { SAMPLE = 4096, FEWEST = 64 };
static const double LOUDEST = 4;       /* root mean square that no network's weights have */

static bool is_eight_bit(const cohl_weight *w) { return w->packing && w->packing->values == 1; }

/* X.weight has X.scale_weight or X.weight_scale. */
static const cohl_weight *scale_of(const cohl_weight_list *list, const cohl_weight *w)
{
    static const char *const tails[] = { "scale_weight", "weight_scale" };
    char name[COHL_NAME_MAX + 32];
    size_t length = strlen(w->name), stem = length - strlen("weight");
    if (length <= strlen(".weight") || length >= COHL_NAME_MAX || strcmp(w->name + stem - 1, ".weight"))
        return NULL;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        memcpy(name, w->name, stem);
        strcpy(name + stem, tails[i]);
        const cohl_weight *found = cohl_weight_list_find(list, name);
        if (found)
            return found;
    }
    return NULL;
}

static cohl_status set_scale(cohl_weight_list *list, cohl_weight *w, const cohl_weight *scale, const char *path,
                             cohl_error *err)
{
    bool rows = scale->count == (size_t)(w->rank ? w->dim[0] : 1);
    if (!scale->count || (scale->count != 1 && !rows))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s is %s, expected one scale for %s or one for each of its "
                         "%lld rows", path, scale->name, cohl_shape_write(scale->dim, scale->rank).text, w->name,
                         (long long)(w->rank ? w->dim[0] : 1));
    float *value = cohl_weight_list_keep(list, scale->count * sizeof *value);
    if (!value)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its scales", path);
    cohl_weight_read_f32(scale, 0, scale->count, value);
    for (size_t i = 0; i < scale->count; i++)
        if (!isfinite(value[i]))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s holds a scale that is no number", path, scale->name);
    w->scale = value;
    w->scale_run = w->count / scale->count ? w->count / scale->count : 1;
    return COHL_OK;
}

/* No scale: then the values must be weights as they are. */
static cohl_status check_plain(const cohl_weight *w, const char *path, cohl_error *err)
{
    float value[SAMPLE];
    size_t count = w->count < SAMPLE ? w->count : SAMPLE;
    double sum = 0;
    if (count < FEWEST)
        return COHL_OK;
    cohl_weight_read_f32(w, 0, count, value);
    for (size_t i = 0; i < count; i++)
        sum += isfinite(value[i]) ? (double)value[i] * value[i] : 0;
    double loud = sqrt(sum / (double)count);
    if (loud > LOUDEST)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s holds eight-bit values of size %.0f without a scale; the "
                         "file was made with scales (%s) and they are missing", path, w->name, loud,
                         "NAME.scale_weight");
    return COHL_OK;
}

cohl_status cohl_weight_list_scale(cohl_weight_list *list, const char *path, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (size_t i = 0; i < list->count && !st; i++) {
        cohl_weight *w = &list->item[i];
        if (!is_eight_bit(w))
            continue;
        const cohl_weight *scale = scale_of(list, w);
        st = scale ? set_scale(list, w, scale, path, err) : check_plain(w, path, err);
    }
    return st;
}
