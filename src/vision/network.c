/* network.c - the pretrained networks that look at frames. */
#include "vision/network.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/home.h"
#include "tensor/backend.h"
#include "weights/safetensors.h"

/* ---- which there are ----------------------------------------------------- */

static const cohl_network_package nsfwjs = {
    .name = "nsfwjs", .version = "4.4.0", .licence = "MIT", .file = "nsfwjs-4.4.0.tgz",
    .sha512 = "92b0b57e07932d7b59c20769289d239bb86abf481349141044bf8584e6b1689f"
              "568fddade3604eddcb0eda87708130206607f646f9303eda7447c01aedd73e30" };

static const cohl_network_package face_api = {
    .name = "@vladmandic/face-api", .version = "1.7.15", .licence = "MIT", .file = "vladmandic-face-api-1.7.15.tgz",
    .sha512 = "5833262b709f34ba3c8f2956a8ca1081fe2722cb773347f3c7576769cf7ac2ff"
              "ddbcc4cde03c42fcfab50c6b5db83935964b426a64373080d7167beb7474d70f" };

const cohl_network_kind cohl_network_explicit = {
    .name = "explicit", .about = "explicit content: MobileNetV2 of width 1.4, five classes", .package = &nsfwjs,
    .manifest = "dist/models/mobilenet_v2_mid/model.min.js",
    .shard = { "dist/models/mobilenet_v2_mid/group1-shard1of2.min.js",
               "dist/models/mobilenet_v2_mid/group1-shard2of2.min.js" } };

const cohl_network_kind cohl_network_face_detector = {
    .name = "face-detector", .about = "where faces are: a small YOLO of separable convolutions", .package = &face_api,
    .manifest = "model/tiny_face_detector_model-weights_manifest.json", .shard = { "model/tiny_face_detector_model.bin" } };

const cohl_network_kind cohl_network_face_landmarks = {
    .name = "face-landmarks", .about = "how a face is held: 68 points", .package = &face_api,
    .manifest = "model/face_landmark_68_model-weights_manifest.json", .shard = { "model/face_landmark_68_model.bin" } };

const cohl_network_kind cohl_network_face_embedding = {
    .name = "face-embedding", .about = "whose face it is: 128 numbers, by a residual network", .package = &face_api,
    .manifest = "model/face_recognition_model-weights_manifest.json", .shard = { "model/face_recognition_model.bin" } };

const cohl_network_kind *const cohl_network_kinds[] = {
    &cohl_network_explicit, &cohl_network_face_detector, &cohl_network_face_landmarks, &cohl_network_face_embedding, NULL };

cohl_status cohl_network_path(char **out, const cohl_network_kind *kind, cohl_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "checks/%s.safetensors", kind->name);
    return cohl_home_path(out, name, err);
}

bool cohl_network_installed(const cohl_network_kind *kind)
{
    char *path;
    if (cohl_network_path(&path, kind, NULL))
        return false;
    bool there = cohl_file_exists(path);
    free(path);
    return there;
}

bool cohl_networks_installed(void)
{
    for (int i = 0; cohl_network_kinds[i]; i++)
        if (!cohl_network_installed(cohl_network_kinds[i]))
            return false;
    return true;
}

/* ---- open and close ------------------------------------------------------ */

typedef struct layer_tensor {
    char        name[96];
    cohl_tensor value;
} layer_tensor;

struct cohl_network {
    const cohl_network_kind *kind;
    char            *path;
    cohl_ctx         ctx;
    cohl_ctx_mark_t  start;
    layer_tensor    *tensor;             /* [count], by name */
    size_t           count;
};

enum { VALUES_MOST = 64 << 20, SCRATCH_BYTES = 1 << 30, WINDOW_MOST = 16 };

static cohl_status take_tensor(cohl_network *n, const cohl_weight *w, cohl_error *err)
{
    layer_tensor *t = &n->tensor[n->count];
    if (strlen(w->name) >= sizeof t->name || w->rank < 1 || w->rank > 5 || w->type != COHL_F32 || !w->count ||
        w->count > VALUES_MOST)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %.90s is no part of such a network; install it again", n->path,
                         w->name);
    float *values = malloc(w->count * sizeof *values);
    void *data = n->ctx.backend->alloc(&n->ctx, w->count * sizeof *values);
    cohl_status st = values && data ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for it", n->path);
    snprintf(t->name, sizeof t->name, "%s", w->name);
    t->value = (cohl_tensor){ .data = data, .dtype = COHL_F32, .rank = w->rank };
    memcpy(t->value.dim, w->dim, sizeof t->value.dim);
    n->count++;
    if (!st) {
        cohl_weight_read_f32(w, 0, w->count, values);
        for (size_t i = 0; i < w->count && !st; i++)
            if (!isfinite(values[i]))
                st = cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s holds values that are not finite; install it again",
                               n->path, w->name);
        n->ctx.backend->upload(&n->ctx, data, values, w->count * sizeof *values);
    }
    free(values);
    return st;
}

static cohl_status read_file(cohl_network *n, cohl_error *err)
{
    cohl_safetensors *file;
    cohl_status st = cohl_safetensors_open(&file, n->path, err);
    if (st)
        return st;
    const char *what = cohl_safetensors_metadata(file, "network");
    size_t count = cohl_safetensors_count(file);
    if (!what || strcmp(what, n->kind->name))
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: is not the network \"%s\"; install it again", n->path, n->kind->name);
    else if (!(n->tensor = calloc(count + 1, sizeof *n->tensor)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for it", n->path);
    for (size_t i = 0; i < count && !st; i++)
        st = take_tensor(n, cohl_safetensors_at(file, i), err);
    cohl_safetensors_close(file);
    return st;
}

cohl_status cohl_network_open(cohl_network **out, const cohl_network_kind *kind, cohl_workers *workers, cohl_error *err)
{
    cohl_network *n = *out = calloc(1, sizeof *n);
    if (!n)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for it", kind->name);
    n->kind = kind;
    cohl_status st = cohl_network_path(&n->path, kind, err);
    if (!st && !cohl_file_exists(n->path))
        st = cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: not installed; `cohl checks install` brings the networks that look "
                       "at frames", n->path);
    cohl_ctx_params params = { .workers = workers, .scratch_bytes = SCRATCH_BYTES };
    if (!st) st = cohl_ctx_open(&n->ctx, &params, err);
    if (!st) {
        n->start = cohl_ctx_mark(&n->ctx);
        st = read_file(n, err);
    }
    if (st) {
        cohl_network_close(n);
        *out = NULL;
    }
    return st;
}

void cohl_network_close(cohl_network *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->count; i++)
        n->ctx.backend->free(&n->ctx, n->tensor[i].value.data);
    if (n->ctx.backend)
        cohl_ctx_close(&n->ctx);
    free(n->tensor);
    free(n->path);
    free(n);
}

/* ---- a pass -------------------------------------------------------------- */

cohl_ctx *cohl_network_begin(cohl_network *n)
{
    cohl_ctx_release(&n->ctx, n->start);
    return &n->ctx;
}

cohl_status cohl_network_end(cohl_network *n, float *out, const cohl_tensor *x, int64_t count, cohl_error *err)
{
    cohl_status st = cohl_ctx_status(&n->ctx, err);
    if (st)
        return st;
    if (cohl_tensor_count(x) != count)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: gives %lld values, expected %lld; install it again", n->path,
                         (long long)cohl_tensor_count(x), (long long)count);
    cohl_tensor_download(&n->ctx, out, x);
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(out[i]))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: gives values that are not finite; install it again", n->path);
    return COHL_OK;
}

static int compare_name(const void *key, const void *item) { return strcmp(key, ((const layer_tensor *)item)->name); }

static cohl_tensor *find(const cohl_network *n, const char *layer, const char *part)
{
    char name[128];
    snprintf(name, sizeof name, "%s.%s", layer, part);
    layer_tensor *found = n->count ? bsearch(name, n->tensor, n->count, sizeof *n->tensor, compare_name) : NULL;
    return found ? &found->value : NULL;
}

bool cohl_network_has(const cohl_network *n, const char *format, ...)
{
    char name[96];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    return find(n, name, "weight");
}

/* The layer's weight of this rank, whose dimension `axis` is that of what comes in; or NULL. */
static cohl_tensor *weight_of(cohl_network *n, const char *layer, int rank, int axis, int64_t channels)
{
    cohl_tensor *w = find(n, layer, "weight");
    if (!w)
        return cohl_ctx_fail(&n->ctx, COHL_ERR_FORMAT, "%s: tensor %s.weight is missing; install it again", n->path, layer);
    const int64_t *window = rank == 5 ? w->dim + 3 : w->dim;
    if (w->rank != rank || w->dim[axis] != channels || (rank == 5 && w->dim[2] != 1) ||
        (rank != 2 && (window[0] > WINDOW_MOST || window[1] > WINDOW_MOST)))
        return cohl_ctx_fail(&n->ctx, COHL_ERR_FORMAT, "%s: tensor %s.weight is %s, which does not fit what comes in, of "
                             "%lld channels; install it again", n->path, layer,
                             cohl_shape_print(w->rank, w->dim).text, (long long)channels);
    return w;
}

/* Its bias of so many values, in *out, NULL where it has none; false: another number. */
static bool bias_of(cohl_network *n, cohl_tensor **out, const char *layer, int64_t count)
{
    *out = find(n, layer, "bias");
    if (!*out || cohl_tensor_count(*out) == count)
        return true;
    cohl_ctx_fail(&n->ctx, COHL_ERR_FORMAT, "%s: tensor %s.bias has %lld values, expected %lld; install it again", n->path,
                  layer, (long long)cohl_tensor_count(*out), (long long)count);
    return false;
}

/* How a window of high x wide is laid over x; false: it does not fit into it. */
static bool lay(cohl_network *n, cohl_conv_params *p, const cohl_tensor *x, int64_t high, int64_t wide, int stride,
                cohl_edges edges, const char *layer)
{
    *p = (cohl_conv_params){ .stride_time = 1, .stride_space = stride };
    int64_t size[2] = { high, wide };
    int *before[2] = { &p->pad_top, &p->pad_left }, *after[2] = { &p->pad_bottom, &p->pad_right };
    for (int i = 0; i < 2; i++) {
        int64_t whole = x->dim[1 + i], all = ((whole + stride - 1) / stride - 1) * stride + size[i] - whole;
        if (edges == COHL_EDGES_SAME && all > 0)
            *before[i] = (int)(all / 2), *after[i] = (int)(all - all / 2);
        if (whole + *before[i] + *after[i] < size[i]) {
            cohl_ctx_fail(&n->ctx, COHL_ERR_FORMAT, "%s: the window of %s is larger than what comes in; install it again",
                          n->path, layer);
            return false;
        }
    }
    return true;
}

/* A window of one pixel is a product of matrices. */
static cohl_tensor *pointwise(cohl_network *n, cohl_tensor *x, const cohl_tensor *w, cohl_tensor *b)
{
    cohl_tensor *flat = cohl_reshape(&n->ctx, (cohl_tensor *)w, 2, w->dim);
    return cohl_linear(&n->ctx, x, flat, b);
}

static cohl_tensor *convolve(cohl_network *n, cohl_tensor *x, int stride, cohl_edges edges, const char *layer)
{
    cohl_tensor *w = weight_of(n, layer, 5, 1, x->dim[3]), *b;
    cohl_conv_params p;
    if (!w || !bias_of(n, &b, layer, w->dim[0]) || !lay(n, &p, x, w->dim[3], w->dim[4], stride, edges, layer))
        return NULL;
    if (stride == 1 && w->dim[3] == 1 && w->dim[4] == 1)
        return pointwise(n, x, w, b);
    return cohl_conv(&n->ctx, x, NULL, w, b, &p);
}

cohl_tensor *cohl_network_conv(cohl_network *n, cohl_tensor *x, int stride, cohl_edges edges, const char *format, ...)
{
    char name[96];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    return x ? convolve(n, x, stride, edges, name) : NULL;
}

cohl_tensor *cohl_network_depthwise(cohl_network *n, cohl_tensor *x, int stride, cohl_edges edges, const char *format, ...)
{
    char name[96];
    cohl_conv_params p;
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    cohl_tensor *w = x ? weight_of(n, name, 3, 2, x->dim[3]) : NULL, *b;
    if (!w || !bias_of(n, &b, name, w->dim[2]) || !lay(n, &p, x, w->dim[0], w->dim[1], stride, edges, name))
        return NULL;
    return cohl_depthwise(&n->ctx, x, w, b, &p);
}

cohl_tensor *cohl_network_dense(cohl_network *n, cohl_tensor *x, const char *name)
{
    cohl_tensor *w = x ? weight_of(n, name, 2, 1, cohl_tensor_width(x)) : NULL, *b;
    return w && bias_of(n, &b, name, w->dim[0]) ? cohl_linear(&n->ctx, x, w, b) : NULL;
}

cohl_tensor *cohl_network_pool(cohl_network *n, cohl_tensor *x, cohl_pooling kind, int size, int stride, cohl_edges edges)
{
    cohl_conv_params p;
    return x && lay(n, &p, x, size, size, stride, edges, "a pooling") ? cohl_pool(&n->ctx, x, kind, size, &p) : NULL;
}

cohl_tensor *cohl_network_mean(cohl_network *n, cohl_tensor *x)
{
    if (!x)
        return NULL;
    int64_t pixels = x->dim[1] * x->dim[2];
    cohl_tensor *rows = cohl_reshape(&n->ctx, x, 2, (int64_t[]){ pixels, x->dim[3] });
    return cohl_mean_ranges(&n->ctx, rows, &(cohl_range){ 0, (int)pixels }, 1);
}

cohl_tensor *cohl_network_add(cohl_network *n, cohl_tensor *a, cohl_tensor *b)
{
    if (a && b && !cohl_tensor_same_shape(a, b))
        return cohl_ctx_fail(&n->ctx, COHL_ERR_FORMAT, "%s: a layer gives %s where %s is to be added; install it again",
                             n->path, cohl_shape_print(b->rank, b->dim).text, cohl_shape_print(a->rank, a->dim).text);
    return cohl_add(&n->ctx, a, b);
}

cohl_tensor *cohl_network_grow(cohl_network *n, cohl_tensor *x, const int64_t dim[4])
{
    for (int axis = 1; x && axis < 4; axis++) {
        int64_t more[4] = { x->dim[0], x->dim[1], x->dim[2], x->dim[3] };
        if ((more[axis] = dim[axis] - x->dim[axis]) > 0)
            x = cohl_concat(&n->ctx, (cohl_tensor *[]){ x, cohl_tensor_zero(&n->ctx, COHL_F32, 4, more) }, 2, axis);
    }
    return x;
}
