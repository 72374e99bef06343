/* procedural.c - weights that are made from their names. */
#include "weights/procedural.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/half.h"
#include "base/text.h"

enum { MANIFEST_MAX = 16 << 20 };
static const uint64_t GOLDEN = 0x9E3779B97F4A7C15u;

struct cohl_procedural {
    char               *text;      /* the manifest, cut into fields; owns the names */
    cohl_weight        *weight;    /* [count] */
    cohl_weight_recipe *recipe;    /* [count] */
    size_t              count;
};

uint64_t cohl_recipe_hash(const char *name, uint64_t seed)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (const unsigned char *at = (const unsigned char *)name; *at; at++)
        hash = (hash ^ *at) * 0x100000001b3u;
    return hash ^ seed * GOLDEN;
}

uint16_t cohl_recipe_value(const cohl_weight_recipe *recipe, uint64_t i)
{
    uint64_t z = recipe->hash + (i + 1) * GOLDEN;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    z = z ^ z >> 31;
    double u = ((double)(z >> 40) - 0x1p23) / 0x1p23;
    return cohl_f32_to_bf16((float)(recipe->offset + recipe->amplitude * u));
}

/* The field at *at, ended by a tab or the end of the line; NULL when none is left. */
static char *next_field(char **at)
{
    char *field = *at;
    if (!field)
        return NULL;
    char *tab = strchr(field, '\t');
    if (tab)
        *tab = 0;
    *at = tab ? tab + 1 : NULL;
    return field;
}

static bool read_dims(cohl_weight *weight, const char *text)
{
    weight->count = 1;
    for (;;) {
        char *end;
        if (*text < '0' || *text > '9' || weight->rank == COHL_RANK_MAX)
            return false;
        long long dim = strtoll(text, &end, 10);
        if (__builtin_mul_overflow(weight->count, (size_t)dim, &weight->count) ||
            weight->count > SIZE_MAX / 8)
            return false;
        weight->dim[weight->rank++] = dim;
        if (*end == 0)
            return true;
        if (*end != 'x')
            return false;
        text = end + 1;
    }
}

static bool read_number(double *out, const char *text)
{
    char *end;
    if (!text || !*text)
        return false;
    *out = cohl_text_real(text, &end);
    return *end == 0 && isfinite(*out);
}

static bool read_crc(cohl_weight_recipe *recipe, const char *text)
{
    char *end;
    if (!text || !*text)
        return false;
    if (strcmp(text, "-") == 0)
        return true;
    recipe->has_crc = true;
    recipe->crc = (uint32_t)strtoul(text, &end, 16);
    return *end == 0 && strlen(text) == 8;
}

static bool read_line(cohl_weight *weight, cohl_weight_recipe *recipe, char *line, uint64_t seed)
{
    const char *name = next_field(&line), *dims = next_field(&line);
    if (!*name || !dims)
        return false;
    *weight = (cohl_weight){ .name = name, .type = COHL_BF16, .recipe = recipe };
    recipe->hash = cohl_recipe_hash(name, seed);
    return read_dims(weight, dims) && read_number(&recipe->offset, next_field(&line)) &&
           read_number(&recipe->amplitude, next_field(&line)) &&
           read_crc(recipe, next_field(&line)) && !line;
}

static cohl_status read_manifest(cohl_procedural *source, const char *path, uint64_t seed,
                                 cohl_error *err)
{
    size_t lines = 1;
    for (const char *at = source->text; *at; at++)
        lines += *at == '\n';
    source->weight = calloc(lines, sizeof *source->weight);
    source->recipe = calloc(lines, sizeof *source->recipe);
    if (!source->weight || !source->recipe)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for %zu tensors", path, lines);
    for (char *line = source->text; line && *line; ) {
        char *end = strchr(line, '\n');
        size_t i = source->count;
        if (end)
            *end = 0;
        if (!read_line(&source->weight[i], &source->recipe[i], line, seed))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: line %zu is not \"name, sizes, offset, "
                             "amplitude, crc\" separated by tabs", path, i + 1);
        source->count++;
        line = end ? end + 1 : NULL;
    }
    return COHL_OK;
}

cohl_status cohl_procedural_open(cohl_procedural **out, const char *manifest_path,
                                 uint64_t seed, cohl_error *err)
{
    cohl_procedural *source = calloc(1, sizeof *source);
    cohl_status st;

    *out = NULL;
    if (!source)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to open it", manifest_path);
    st = cohl_file_read(&source->text, NULL, manifest_path, MANIFEST_MAX, err);
    if (!st)
        st = read_manifest(source, manifest_path, seed, err);
    if (st) {
        cohl_procedural_close(source);
        return st;
    }
    *out = source;
    return COHL_OK;
}

void cohl_procedural_close(cohl_procedural *source)
{
    if (!source)
        return;
    free(source->text);
    free(source->weight);
    free(source->recipe);
    free(source);
}

size_t cohl_procedural_count(const cohl_procedural *source) { return source->count; }

const cohl_weight *cohl_procedural_at(const cohl_procedural *source, size_t index)
{
    return index < source->count ? &source->weight[index] : NULL;
}

/* CRC-32 of ISO 3309, the one of zlib and PNG; slow and short, for tests. */
static uint32_t crc_byte(uint32_t crc, uint8_t byte)
{
    crc ^= byte;
    for (int k = 0; k < 8; k++)
        crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    return crc;
}

cohl_status cohl_procedural_check(const cohl_weight *weight, cohl_error *err)
{
    uint32_t crc = 0xffffffffu;
    assert(weight->recipe);
    if (!weight->recipe->has_crc)
        return COHL_OK;
    for (size_t i = 0; i < weight->count; i++) {
        uint16_t half = cohl_recipe_value(weight->recipe, i);
        crc = crc_byte(crc_byte(crc, (uint8_t)half), (uint8_t)(half >> 8));
    }
    if ((crc ^ 0xffffffffu) != weight->recipe->crc)
        return cohl_fail(err, COHL_ERR_FORMAT, "tensor %s: CRC-32 is %08x, expected %08x",
                         weight->name, crc ^ 0xffffffffu, weight->recipe->crc);
    return COHL_OK;
}
