/* giants_weights.c - random weights at a giant's real size. */
#define _GNU_SOURCE
#include "bench/giants_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "fetch/pull.h"
#include "weights/convert.h"

enum { SEED = 82 };

/* ---- values -------------------------------------------------------------- */

/* How much wider than 1 / sqrt(inputs) a matrix is. */
static double gain_of(const char *name)
{
    static const struct { const char *part; double gain; } gains[] = {
        { "text_embedding.", 1.3 }, { "ffn.", 1.2 }, { "time_projection.", 0.6 }, { "", 1 },
    };
    for (size_t i = 0;; i++)
        if (strstr(name, gains[i].part))
            return gains[i].gain;
}

/* A line of the manifest. */
static void add_line(cohl_text *text, const cohl_param *param)
{
    const cohl_shape *shape = &param->stored;
    double offset = 0, amplitude = 0.15, inputs = 1;
    for (int i = 1; i < shape->rank; i++)
        inputs *= (double)shape->dim[i];
    bool bias = strstr(param->name, "bias"), plain = inputs == 1 || strstr(param->name, "gamma");
    if (strstr(param->name, "modulation"))
        amplitude = 0.35 * sqrt(3);
    else if (plain && !bias)
        offset = 1, amplitude = 0.25;
    else if (!plain)
        amplitude = gain_of(param->name) * sqrt(3 / inputs);
    cohl_text_addf(text, "%s\t", param->name);
    for (int i = 0; i < shape->rank; i++)
        cohl_text_addf(text, "%s%lld", i ? "x" : "", (long long)shape->dim[i]);
    cohl_text_addf(text, "\t%.17g\t%.17g\t-\n", offset, amplitude);
}

static cohl_status write_manifest(const cohl_params *params, const char *path, cohl_error *err)
{
    cohl_text text = { 0 };
    for (int i = 0; i < params->count; i++)
        add_line(&text, &params->item[i]);
    cohl_status st = text.data ? cohl_file_write(path, text.data, strlen(text.data), err)
                               : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a list of weights");
    cohl_text_free(&text);
    return st;
}

/* ---- the file ------------------------------------------------------------ */

static cohl_status check_room(const char *folder, double bytes, cohl_error *err)
{
    struct statvfs disk;
    if (statvfs(folder, &disk))
        return COHL_OK;
    double left = (double)disk.f_bavail * (double)disk.f_frsize;
    if (left > 1.05 * bytes)
        return COHL_OK;
    return cohl_fail(err, COHL_ERR_IO, "%s: random weights take %.1f GB, %.1f GB are free", folder, bytes * 1e-9,
                     left * 1e-9);
}

static cohl_status write_file(const cohl_params *params, const cohl_weights *weights, const char *folder,
                              const char *path, const cohl_giants_use *use, cohl_error *err)
{
    double bytes = 2.0 * (double)cohl_params_size(params);
    cohl_status st = check_room(folder, bytes, err);
    char sentence[400];
    if (st)
        return st;
    snprintf(sentence, sizeof sentence, "writes %.1f GB of random weights to %s, once", bytes * 1e-9, path);
    if (use->say)
        use->say(sentence);
    return cohl_convert(weights, &(cohl_convert_params){ .type = "bf16", .workers = use->workers }, path, err);
}

static cohl_status open_file(cohl_weights **out, const cohl_params *params, cohl_weights *made, const char *folder,
                             const char *path, const cohl_giants_use *use, cohl_error *err)
{
    cohl_status st = cohl_file_exists(path) ? COHL_OK : write_file(params, made, folder, path, use, err);
    cohl_weights_close(made);
    return st ? st : cohl_weights_open(out, path, err);
}

cohl_status cohl_giants_weights_open(cohl_weights **out, const cohl_params *params, const char *name,
                                     const cohl_giants_use *use, cohl_error *err)
{
    char *folder = NULL, *list = NULL, *file = NULL;
    cohl_weights *made = NULL;
    cohl_status st = cohl_pull_folder(&folder, "random", err);
    if (!st) st = cohl_folder_make(folder, err);
    if (!st && (asprintf(&list, "%s/%s.%d.tsv", folder, name, (int)getpid()) < 0
                || asprintf(&file, "%s/%s.safetensors", folder, name) < 0))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    if (!st) st = write_manifest(params, list, err);
    if (!st) {
        st = cohl_weights_open_procedural(&made, list, SEED, err);
        unlink(list);
    }
    if (!st && !use->stored)
        *out = made;
    else if (!st)
        st = open_file(out, params, made, folder, file, use, err);
    free(folder), free(list), free(file);
    return st;
}
