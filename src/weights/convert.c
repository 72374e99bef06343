/* convert.c - weights in another type, as safetensors or GGUF. */
#include "weights/convert.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "weights/gguf.h"
#include "weights/safetensors.h"

enum { TILE_VALUES = 1 << 15, TILES = 32 };

/* Plain types; packings follow them in the list of types. */
static const struct { const char *name; cohl_dtype type; } PLAIN[] = { { "f32", COHL_F32 }, { "f16", COHL_F16 },
                                                                      { "bf16", COHL_BF16 } };
enum { PLAIN_COUNT = sizeof PLAIN / sizeof *PLAIN };

const char *cohl_convert_types(void)
{
    static const char types[] = "f32, f16, bf16, q8_0, q6_k, q5_k, q5_1, q5_0, q4_k, q4_1, q4_0, q3_k, q2_k, f8_e4m3";
    return types;
}

/* ---- what each tensor becomes -------------------------------------------- */

/* One tensor of the new file. */
typedef struct entry {
    const cohl_weight *from;         /* NULL: the scale or mark of an eight-bit file */
    cohl_weight        to;           /* name, shape and type; no values */
    char               name[COHL_NAME_MAX + 16];
} entry;

typedef struct conversion {
    const cohl_convert_params *params;
    const cohl_packing *packing;     /* the wanted type: this, or type */
    cohl_dtype  type;
    bool        gguf;
    entry      *entry;               /* [count] */
    cohl_weight *to;                 /* [count], as the writers want them */
    size_t      count;
    float      *value, *back;        /* [TILES * TILE_VALUES] */
    uint8_t    *bytes;
    float       scale;               /* of the eight-bit matrix last written */
    const char *path;
} conversion;

static bool starts_with(const char *text, const char *start) { return !strncmp(text, start, strlen(start)); }

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length > tail && !strcasecmp(text + length - tail, end);
}

/* First and last layers: every value of a film passes them, and they are few. */
static bool at_an_end(const char *name)
{
    static const char *const starts[] = { "head.", "patch_embedding.", "time_embedding.", "time_projection.",
                                          "text_embedding.", "img_emb.", "vace_patch_embedding.", "visual.head" };
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (starts_with(name, starts[i]))
            return true;
    return false;
}

static void choose_type(const conversion *c, const cohl_weight *from, cohl_weight *to)
{
    const cohl_packing *packing = c->packing;
    to->type = c->packing ? COHL_F32 : c->type;
    if (!packing || from->rank != 2 || !from->count)
        return;
    if (from->dim[1] % packing->values)
        packing = cohl_packing_named("Q8_0");
    if (at_an_end(from->name))
        to->type = COHL_BF16;
    else if (from->dim[1] % packing->values == 0)
        to->packing = packing;
}

static entry *add_entry(conversion *c, const cohl_weight *from)
{
    entry *e = &c->entry[c->count++];
    e->from = from;
    snprintf(e->name, sizeof e->name, "%s", from ? from->name : "");
    if (from) {
        e->to = (cohl_weight){ .name = e->name, .rank = from->rank, .count = from->count };
        memcpy(e->to.dim, from->dim, sizeof e->to.dim);
        choose_type(c, from, &e->to);
    }
    return e;
}

/* X.weight has X.scale_weight. */
static void add_scale(conversion *c, const entry *of)
{
    size_t stem = strlen(of->name) - strlen("weight");
    entry *e = add_entry(c, NULL);
    snprintf(e->name, sizeof e->name, "%.*sscale_weight", (int)stem, of->name);
    e->to = (cohl_weight){ .name = e->name, .type = COHL_F32, .rank = 1, .dim = { 1 }, .count = 1 };
}

static void add_mark(conversion *c)
{
    entry *e = add_entry(c, NULL);
    snprintf(e->name, sizeof e->name, "scaled_fp8");
    e->to = (cohl_weight){ .name = e->name, .rank = 1, .packing = c->packing, .type = COHL_F32 };
}

static bool is_scaled(const cohl_weight *to) { return to->packing && to->packing->values == 1; }

static void plan(conversion *c, const cohl_weights *weights)
{
    for (size_t i = 0; i < cohl_weights_count(weights); i++) {
        entry *e = add_entry(c, cohl_weights_at(weights, i));
        if (!is_scaled(&e->to))
            continue;
        if (ends_with(e->name, ".weight"))
            add_scale(c, e);
        else
            e->to.packing = NULL;        /* a scale has nowhere to stand */
    }
    if (c->packing && c->packing->values == 1)
        add_mark(c);
    for (size_t i = 0; i < c->count; i++) {
        c->entry[i].to.name = c->entry[i].name;
        c->to[i] = c->entry[i].to;
    }
}

static cohl_status choose(conversion *c, cohl_error *err)
{
    const char *wanted = c->params->type;
    c->packing = cohl_packing_named(wanted);
    bool known = c->packing && c->packing != cohl_packing_named("F8_E5M2");
    for (int i = 0; i < PLAIN_COUNT; i++)
        if (!strcasecmp(PLAIN[i].name, wanted)) {
            c->type = PLAIN[i].type;
            known = true;
        }
    if (!known)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "there is no type \"%.40s\"; there are %s", wanted,
                         cohl_convert_types());
    c->gguf = ends_with(c->path, ".gguf");
    if (!c->gguf && !ends_with(c->path, ".safetensors"))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: the ending says the format: .safetensors or .gguf", c->path);
    if (c->packing && c->gguf != (c->packing->values > 1))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: %s is a type of %s files", c->path, c->packing->name,
                         c->gguf ? ".safetensors" : ".gguf");
    return COHL_OK;
}

/* ---- values -------------------------------------------------------------- */

/* Some tiles of one tensor on their way. */
typedef struct piece {
    const conversion  *c;
    const cohl_weight *from, *to;
    size_t             first, count;
    float              scale;
    double             off[TILES], all[TILES], peak[TILES];
} piece;

static void load_tile(piece *p, int tile, size_t *begin, size_t *n)
{
    *begin = (size_t)tile * TILE_VALUES;
    *n = p->count - *begin < TILE_VALUES ? p->count - *begin : TILE_VALUES;
    cohl_weight_read_f32(p->from, p->first + *begin, *n, p->c->value + *begin);
}

static void measure_tile(void *job, int tile, int thread)
{
    piece *p = job;
    size_t begin, n;
    load_tile(p, tile, &begin, &n);
    double peak = 0;
    for (size_t i = 0; i < n; i++) {
        double size = fabs((double)p->c->value[begin + i]);
        peak = size <= peak ? peak : size;
    }
    p->peak[tile] = peak;
}

/* n values, a multiple of the block where they are packed, to bytes and back. */
static void there_and_back(piece *p, size_t begin, size_t n)
{
    const cohl_packing *packing = p->to->packing;
    float *value = p->c->value + begin, *back = p->c->back + begin;
    if (!packing) {
        size_t size = cohl_dtype_bytes(p->to->type);
        cohl_dtype_from_f32(p->c->bytes + begin * size, p->to->type, value, n);
        cohl_dtype_to_f32(back, p->c->bytes + begin * size, p->to->type, n);
        return;
    }
    size_t values = (size_t)packing->values, size = (size_t)packing->bytes;
    for (size_t i = 0; i < n; i += values) {
        uint8_t *block = p->c->bytes + (begin + i) / values * size;
        for (size_t k = 0; p->scale != 1 && k < values; k++)
            value[i + k] /= p->scale;
        packing->pack(block, value + i);
        packing->unpack(back + i, block);
    }
}

static void convert_tile(void *job, int tile, int thread)
{
    piece *p = job;
    size_t begin, n;
    double off = 0, all = 0;
    load_tile(p, tile, &begin, &n);
    there_and_back(p, begin, n);
    for (size_t i = begin; i < begin + n; i++) {
        double right = p->c->value[i], d = right - p->c->back[i];
        off += d * d;
        all += right * right;
    }
    p->off[tile] = off;
    p->all[tile] = all;
}

static int tiles_of(const piece *p) { return (int)((p->count + TILE_VALUES - 1) / TILE_VALUES); }

static void next_piece(piece *p, size_t total)
{
    p->first += p->count;
    p->count = total - p->first < (size_t)TILES * TILE_VALUES ? total - p->first : (size_t)TILES * TILE_VALUES;
}

static bool cancelled(const conversion *c) { return c->params->cancel && *c->params->cancel; }

/* The scale that fills the eight bits' range; 1 for what needs none. */
static float scale_for(const conversion *c, const entry *e)
{
    piece p = { .c = c, .from = e->from, .to = &e->to };
    double peak = 0;
    if (!is_scaled(&e->to))
        return 1;
    for (next_piece(&p, e->from->count); p.count && !cancelled(c); next_piece(&p, e->from->count)) {
        cohl_workers_run(c->params->workers, tiles_of(&p), measure_tile, &p);
        for (int t = 0; t < tiles_of(&p); t++)
            peak = p.peak[t] <= peak ? peak : p.peak[t];
    }
    return peak > 0 ? (float)(peak / 448) : 1;
}

static cohl_status check_values(const conversion *c, const entry *e, const piece *p, cohl_error *err)
{
    for (size_t i = 0; i < p->count; i++)
        if (!isfinite(c->value[i]) || !isfinite(c->back[i]))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s holds %g at %zu, which %s cannot hold", c->path,
                             e->name, (double)c->value[i], p->first + i, cohl_weight_type_name(&e->to));
    return COHL_OK;
}

static cohl_status put_values(conversion *c, cohl_writer *out, const entry *e, double *error, cohl_error *err)
{
    cohl_status st = COHL_OK;
    double off = 0, all = 0;
    piece p = { .c = c, .from = e->from, .to = &e->to, .scale = scale_for(c, e) };
    c->scale = p.scale;
    for (next_piece(&p, e->from->count); p.count && !st; next_piece(&p, e->from->count)) {
        if (cancelled(c))
            return cohl_fail(err, COHL_ERR_CANCELLED, "%s: stopped; nothing was written", c->path);
        cohl_workers_run(c->params->workers, tiles_of(&p), convert_tile, &p);
        for (int t = 0; t < tiles_of(&p); t++)
            off += p.off[t], all += p.all[t];
        if ((st = check_values(c, e, &p, err)))
            break;
        cohl_weight part = e->to;
        part.count = p.count;
        st = cohl_writer_put(out, c->bytes, cohl_weight_bytes(&part), err);
    }
    *error = all > 0 ? sqrt(off / all) : 0;
    return st;
}

/* ---- the file ------------------------------------------------------------ */

static void report(const conversion *c, size_t i, double error)
{
    const entry *e = &c->entry[i];
    cohl_converted one = { .name = e->name, .from = cohl_weight_type_name(e->from), .to = cohl_weight_type_name(&e->to),
                           .rank = e->to.rank, .bytes_from = cohl_weight_bytes(e->from),
                           .bytes_to = cohl_weight_bytes(&e->to), .error = error, .index = i, .count = c->count };
    memcpy(one.dim, e->to.dim, sizeof one.dim);
    if (c->params->report)
        c->params->report(c->params->user, &one);
}

static cohl_status put_entry(conversion *c, cohl_writer *out, size_t i, cohl_error *err)
{
    const entry *e = &c->entry[i];
    double error;
    if (!e->from)
        return e->to.count ? cohl_writer_put(out, &c->scale, sizeof c->scale, err) : COHL_OK;
    cohl_status st = put_values(c, out, e, &error, err);
    if (!st && c->gguf)
        st = cohl_gguf_pad(out, cohl_weight_bytes(&e->to), err);
    if (!st)
        report(c, i, error);
    return st;
}

static cohl_status write_file(conversion *c, cohl_error *err)
{
    static const cohl_metadata metadata[] = { { "format", "pt" }, { NULL, NULL } };
    cohl_writer out;
    cohl_status st = cohl_writer_open(&out, c->path, err);
    if (st)
        return st;
    st = c->gguf ? cohl_gguf_begin(&out, "wan", c->to, c->count, err)
                 : cohl_safetensors_begin(&out, c->to, c->count, metadata, err);
    for (size_t i = 0; i < c->count && !st; i++)
        st = put_entry(c, &out, i, err);
    return cohl_writer_close(&out, st, err);
}

cohl_status cohl_convert(const cohl_weights *weights, const cohl_convert_params *params, const char *path,
                         cohl_error *err)
{
    conversion c = { .params = params, .path = path };
    size_t room = 2 * cohl_weights_count(weights) + 1, values = (size_t)TILES * TILE_VALUES;
    cohl_status st = choose(&c, err);
    if (st)
        return st;
    c.entry = calloc(room, sizeof *c.entry);
    c.to = calloc(room, sizeof *c.to);
    c.value = malloc(values * sizeof *c.value);
    c.back = malloc(values * sizeof *c.back);
    c.bytes = malloc(values * sizeof(float));
    if (!c.entry || !c.to || !c.value || !c.back || !c.bytes) {
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to convert", path);
    } else {
        plan(&c, weights);
        st = write_file(&c, err);
    }
    free(c.entry);
    free(c.to);
    free(c.value);
    free(c.back);
    free(c.bytes);
    return st;
}
