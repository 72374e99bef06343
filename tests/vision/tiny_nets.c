/* tiny_nets.c - made-up networks in the place of the installed ones, for tests. */
#include "tiny_nets.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/home.h"
#include "vision/network.h"
#include "weights/safetensors.h"

enum { TENSORS_MOST = 128 };

typedef struct file {
    cohl_weight weight[TENSORS_MOST];
    char        name[TENSORS_MOST][64];
    size_t      count;
} file;

/* A tensor of one value everywhere; returns its values. */
static float *add(file *f, float value, int rank, const int64_t *dim, const char *format, ...)
{
    cohl_weight *w = &f->weight[f->count];
    va_list args;
    va_start(args, format);
    vsnprintf(f->name[f->count], sizeof f->name[0], format, args);
    va_end(args);
    *w = (cohl_weight){ .name = f->name[f->count++], .type = COHL_F32, .rank = rank, .count = 1 };
    for (int i = 0; i < rank; i++)
        w->count *= (size_t)(w->dim[i] = dim[i]);
    float *values = malloc(w->count * sizeof *values);
    for (size_t i = 0; i < w->count; i++)
        values[i] = value;
    w->data = values;
    return values;
}

#define DIM(...) (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), (int64_t[]){ __VA_ARGS__ }

static cohl_status write(file *f, const cohl_network_kind *kind, cohl_error *err)
{
    const cohl_metadata told[] = { { "network", kind->name }, { NULL, NULL } };
    char *path = NULL, *folder = NULL;
    cohl_status st = cohl_home_make(&folder, "checks", err);
    if (!st) st = cohl_network_path(&path, kind, err);
    if (!st) st = cohl_safetensors_write(path, f->weight, f->count, told, err);
    for (size_t i = 0; i < f->count; i++)
        free((void *)f->weight[i].data);
    free(path);
    free(folder);
    return st;
}

cohl_status tiny_explicit_write(cohl_error *err)
{
    file f = { .count = 0 };
    float *red = add(&f, 0, DIM(1, 3, 1, 1, 1), "Conv.weight");
    red[0] = 1, red[1] = red[2] = -1;
    add(&f, -2, DIM(1), "Conv.bias");
    for (int i = 0; i < 17; i++) {
        char name[32];
        snprintf(name, sizeof name, i ? "expanded_conv_%d" : "expanded_conv", i);
        if (i)
            add(&f, 1, DIM(1, 1, 1, 1, 1), "%s.expand.weight", name);
        add(&f, 1, DIM(1, 1, 1), "%s.depthwise.weight", name);
        add(&f, 1, DIM(1, 1, 1, 1, 1), "%s.project.weight", name);
    }
    add(&f, 1, DIM(2, 1, 1, 1, 1), "Conv_1.weight");
    float *classes = add(&f, 0, DIM(5, 2), "classes.weight"), *bias = add(&f, 0, DIM(5), "classes.bias");
    classes[3 * 2] = classes[3 * 2 + 1] = 1;
    bias[2] = 5;
    return write(&f, &cohl_network_explicit, err);
}

/* Every cell finds a face with the largest anchor, as large as the picture nearly: they overlap, and one stays for
 * every part of the picture that the others leave; bright cells are surer. */
static cohl_status write_detector(cohl_error *err)
{
    file f = { .count = 0 };
    add(&f, 1.0f / 27, DIM(1, 3, 1, 3, 3), "conv0.weight");
    for (int i = 1; i <= 5; i++) {
        add(&f, 1, DIM(1, 1, 1), "conv%d.depthwise.weight", i);
        add(&f, 1, DIM(1, 1, 1, 1, 1), "conv%d.weight", i);
    }
    float *sure = add(&f, 0, DIM(25, 1, 1, 1, 1), "conv8.weight");
    sure[4 * 5 + 4] = 4;
    float *bias = add(&f, 0, DIM(25), "conv8.bias");
    for (int a = 0; a < 5; a++)
        bias[a * 5 + 4] = a == 4 ? 0 : -20;
    return write(&f, &cohl_network_face_detector, err);
}

static cohl_status write_landmarks(cohl_error *err)
{
    file f = { .count = 0 };
    add(&f, 0, DIM(1, 3, 1, 3, 3), "dense0.conv0.weight");
    for (int b = 0; b < 4; b++)
        for (int i = 0; i < 4; i++) {
            if (b || i) {
                add(&f, 0, DIM(3, 3, 1), "dense%d.conv%d.depthwise.weight", b, i);
                add(&f, 0, DIM(1, 1, 1, 1, 1), "dense%d.conv%d.weight", b, i);
            }
            add(&f, 0, DIM(1), "dense%d.conv%d.bias", b, i);
        }
    add(&f, 0, DIM(136, 1), "fc.weight");
    float *points = add(&f, 0.5f, DIM(136), "fc.bias");
    for (int i = 36; i < 68; i++) {                       /* eyes and mouth of a face that looks at us */
        points[2 * i] = i < 42 ? 0.35f : i < 48 ? 0.65f : 0.5f;
        points[2 * i + 1] = i < 48 ? 0.4f : 0.75f;
    }
    return write(&f, &cohl_network_face_landmarks, err);
}

/* Three channels all the way down: the mean of each colour, then 128 numbers of them. */
static cohl_status write_embedding(cohl_error *err)
{
    static const char *const layers[] = { "conv32_1", "conv32_2", "conv32_3", "conv64_down", "conv64_1", "conv64_2",
        "conv64_3", "conv128_down", "conv128_1", "conv128_2", "conv256_down", "conv256_1", "conv256_2", "conv256_down_out" };
    file f = { .count = 0 };
    float *first = add(&f, 0, DIM(3, 3, 1, 1, 1), "conv32_down.weight");
    for (int c = 0; c < 3; c++)
        first[c * 3 + c] = 1;
    add(&f, 0.5f, DIM(3), "conv32_down.bias");
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        for (int j = 1; j <= 2; j++)
            add(&f, 0, DIM(3, 3, 1, 3, 3), "%s.conv%d.weight", layers[i], j);
    float *fc = add(&f, 0, DIM(128, 3), "fc.weight");
    for (int i = 0; i < 3; i++)
        fc[i * 3 + i] = 1;
    return write(&f, &cohl_network_face_embedding, err);
}

cohl_status tiny_faces_write(cohl_error *err)
{
    cohl_status st;
    if ((st = write_detector(err)) || (st = write_landmarks(err)))
        return st;
    return write_embedding(err);
}
