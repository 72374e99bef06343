/* convert.c - an installed network's file, made from what its package holds. */
#include "vision/convert.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights/safetensors.h"

/* What a tensor is, by the end of its name in the package. */
typedef enum role { AS_IT_IS, KERNEL, DEPTHWISE, DENSE, LEFT_OUT } role;

static const struct { const char *ending, *name; role role; } endings[] = {     /* the first that fits */
    { "/depthwise/depthwise_weights", ".depthwise.weight", DEPTHWISE },          /* of the graph model */
    { "/depthwise/depthwise_bn_offset", ".depthwise.bias", AS_IT_IS },
    { "/Conv2D_weights", ".weight", KERNEL },
    { "/Conv2D_bn_offset", ".bias", AS_IT_IS },
    { "input/_262", "classes.weight", DENSE },
    { "input/_263", "classes.bias", AS_IT_IS },
    { "hub_input/Mul/y", "", LEFT_OUT },                                         /* pixels to -1..1: explicit.c */
    { "hub_input/Sub/y", "", LEFT_OUT },
    { "/depthwise_filter", ".depthwise.weight", DEPTHWISE },                     /* of the face networks */
    { "/pointwise_filter", ".weight", KERNEL },
    { "/conv/filters", ".weight", KERNEL },
    { "/conv/bias", ".bias", AS_IT_IS },
    { "/scale/weights", ".scale", AS_IT_IS },
    { "/scale/biases", ".shift", AS_IT_IS },
    { "/filters", ".weight", KERNEL },
    { "/weights", ".weight", DENSE },
    { "/bias", ".bias", AS_IT_IS },
    { "fc", "fc.weight", DENSE },
};

typedef struct made {
    char        name[96];
    role        role;
    cohl_weight weight;
    float      *value;
} made;

typedef struct list { made *item; size_t count; } list;

/* ---- names ----------------------------------------------------------------- */

static const char *without_scopes(const char *name)
{
    const char *last = strstr(name, "MobilenetV2/");
    return last ? last + strlen("MobilenetV2/") : name;
}

static bool give_name(made *out, const char *from)
{
    const char *name = without_scopes(from);
    size_t size = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t end = strlen(endings[i].ending);
        if (size < end || strcmp(name + size - end, endings[i].ending))
            continue;
        size_t kept = *endings[i].name == '.' ? size - end : 0;
        out->role = endings[i].role;
        int told = snprintf(out->name, sizeof out->name, "%.*s%s", (int)kept, name, endings[i].name);
        for (char *c = out->name; *c; c++)
            *c = *c == '/' ? '.' : *c;
        return told < (int)sizeof out->name;
    }
    return false;
}

/* ---- values ---------------------------------------------------------------- */

/* [height, width, in, out] -> [out, in, 1, height, width] */
static void turn_kernel(made *out, const cohl_tfjs_tensor *from)
{
    int64_t high = from->dim[0], wide = from->dim[1], in = from->dim[2], count = from->dim[3];
    memcpy(out->weight.dim, (int64_t[]){ count, in, 1, high, wide }, 5 * sizeof(int64_t));
    out->weight.rank = 5;
    for (int64_t o = 0; o < count; o++)
        for (int64_t c = 0; c < in; c++)
            for (int64_t tap = 0; tap < high * wide; tap++)
                out->value[(o * in + c) * high * wide + tap] = from->value[(tap * in + c) * count + o];
}

/* [in, out] -> [out, in] */
static void turn_dense(made *out, const cohl_tfjs_tensor *from)
{
    int64_t in = from->dim[0], count = from->dim[1];
    memcpy(out->weight.dim, (int64_t[]){ count, in }, 2 * sizeof(int64_t));
    for (int64_t o = 0; o < count; o++)
        for (int64_t c = 0; c < in; c++)
            out->value[o * in + c] = from->value[c * count + o];
}

static cohl_status make(made *out, const char *name, const cohl_tfjs_tensor *from, cohl_error *err)
{
    static const int rank[] = { [AS_IT_IS] = 1, [KERNEL] = 4, [DEPTHWISE] = 4, [DENSE] = 2, [LEFT_OUT] = 0 };
    if (!give_name(out, from->name))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %.90s is of no known kind", name, from->name);
    if (out->role == LEFT_OUT)
        return COHL_OK;
    if (from->rank != rank[out->role] || (out->role == DEPTHWISE && from->dim[3] != 1))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %.90s has the shape %s, expected %d sides%s", name, from->name,
                         cohl_shape_print(from->rank, from->dim).text, rank[out->role],
                         out->role == DEPTHWISE ? ", the last 1" : "");
    if (!(out->value = malloc(from->count * sizeof *out->value)))
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its tensors", name);
    out->weight = (cohl_weight){ .name = out->name, .type = COHL_F32, .count = from->count, .data = out->value,
                                 .rank = out->role == DEPTHWISE ? 3 : from->rank };
    memcpy(out->weight.dim, from->dim, (size_t)from->rank * sizeof *from->dim);
    if (out->role == KERNEL)
        turn_kernel(out, from);
    else if (out->role == DENSE)
        turn_dense(out, from);
    else
        memcpy(out->value, from->value, from->count * sizeof *out->value);
    return COHL_OK;
}

/* ---- a scale and a shift after a convolution --------------------------------- */

static made *find(const list *l, const char *layer, size_t layer_size, const char *part)
{
    for (size_t i = 0; i < l->count; i++) {
        const char *name = l->item[i].name;
        if (l->item[i].value && !strncmp(name, layer, layer_size) && !strcmp(name + layer_size, part))
            return &l->item[i];
    }
    return NULL;
}

static void drop(made *m)
{
    free(m->value);
    m->value = NULL;
    m->role = LEFT_OUT;
}

/* (w x + b) s + t = (w s) x + (b s + t) */
static cohl_status fold(const list *l, made *scale, const char *name, cohl_error *err)
{
    size_t layer = strlen(scale->name) - strlen(".scale"), count = scale->weight.count;
    made *w = find(l, scale->name, layer, ".weight"), *b = find(l, scale->name, layer, ".bias");
    made *shift = find(l, scale->name, layer, ".shift");
    if (!w || !b || !shift || b->weight.count != count || shift->weight.count != count || (size_t)w->weight.dim[0] != count)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the layer of tensor %s is not whole", name, scale->name);
    size_t run = w->weight.count / count;
    for (size_t o = 0; o < count; o++) {
        for (size_t i = 0; i < run; i++)
            w->value[o * run + i] *= scale->value[o];
        b->value[o] = (float)((double)b->value[o] * scale->value[o] + shift->value[o]);
    }
    drop(scale);
    drop(shift);
    return COHL_OK;
}

static bool ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name), end = strlen(ending);
    return size >= end && !strcmp(name + size - end, ending);
}

/* ---- the file ---------------------------------------------------------------- */

static cohl_status write_list(const char *path, const cohl_network_kind *kind, const list *l, cohl_error *err)
{
    cohl_weight *weight = calloc(l->count + 1, sizeof *weight);
    size_t count = 0;
    if (!weight)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its tensors", path);
    for (size_t i = 0; i < l->count; i++)
        if (l->item[i].value)
            weight[count++] = l->item[i].weight;
    const cohl_metadata told[] = { { "network", kind->name }, { "package", kind->package->name },
                                   { "version", kind->package->version }, { "licence", kind->package->licence },
                                   { NULL, NULL } };
    cohl_status st = cohl_safetensors_write(path, weight, count, told, err);
    free(weight);
    return st;
}

static cohl_status make_all(list *l, const char *name, const cohl_tfjs *from, cohl_error *err)
{
    cohl_status st = COHL_OK;
    if (!(l->item = calloc(from->count + 1, sizeof *l->item)))
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its tensors", name);
    for (size_t i = 0; i < from->count && !st; i++)
        st = make(&l->item[l->count++], name, &from->tensor[i], err);
    for (size_t i = 0; i < l->count && !st; i++)
        if (l->item[i].value && ends_with(l->item[i].name, ".scale"))
            st = fold(l, &l->item[i], name, err);
    return st;
}

cohl_status cohl_network_convert(const char *path, const cohl_network_kind *kind, const char *name, cohl_bytes manifest,
                                 const cohl_bytes *shard, int shards, cohl_error *err)
{
    cohl_tfjs from;
    list all = { 0 };
    cohl_status st = cohl_tfjs_read(&from, name, manifest, shard, shards, err);
    if (!st) st = make_all(&all, name, &from, err);
    if (!st) st = write_list(path, kind, &all, err);
    for (size_t i = 0; i < all.count; i++)
        free(all.item[i].value);
    free(all.item);
    cohl_tfjs_free(&from);
    return st;
}
