/* lora.c - files that change a network, read and laid over its weights.
 *
 * A tensor's name is a prefix, a module and a role ("lora_A.weight"). Tensors of
 * one module make one change; what it is called in the original release says
 * which weight it changes. Kohya's modules have underscores for dots, which only
 * the network's own list of names can undo. */
#define _GNU_SOURCE
#include "weights/lora.h"

#include <math.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "weights/change.h"
#include "weights/source.h"
#include "weights/tidy.h"

typedef enum lora_role { ROLE_DOWN, ROLE_UP, ROLE_ALPHA, ROLE_DIFF, ROLE_DIFF_BIAS, ROLE_COUNT } lora_role;

typedef struct lora_module {
    char               name[COHL_NAME_MAX];       /* original, or with underscores */
    const cohl_weight *role[ROLE_COUNT];
} lora_module;

struct cohl_lora {
    cohl_source *source;
    lora_module *module;         /* [count], by name */
    int          count, rank;
    bool         flat;           /* kohya */
    bool         diffusers;
};

/* ---- names --------------------------------------------------------------- */

static const struct { const char *end; lora_role role; } ROLES[] = {
    { ".lora_A.weight", ROLE_DOWN }, { ".lora_B.weight", ROLE_UP },
    { ".lora_A.default.weight", ROLE_DOWN }, { ".lora_B.default.weight", ROLE_UP },
    { ".lora_down.weight", ROLE_DOWN }, { ".lora_up.weight", ROLE_UP },
    { ".lora.down.weight", ROLE_DOWN }, { ".lora.up.weight", ROLE_UP },
    { ".alpha", ROLE_ALPHA }, { ".diff", ROLE_DIFF }, { ".diff_b", ROLE_DIFF_BIAS },
};

/* Relatives of LoRA that multiply or rearrange otherwise. */
static const char *foreign_kind(const char *name)
{
    static const struct { const char *part, *kind; } kinds[] = {
        { ".dora_scale", "DoRA" }, { ".hada_w", "LoHa" }, { ".lokr_w", "LoKr" }, { ".lora_mid", "LoCon with a core" },
        { ".oft_", "OFT" },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strstr(name, kinds[i].part))
            return kinds[i].kind;
    return NULL;
}

/* The role, and in *stem the bytes before it; ROLE_COUNT if it has none. */
static lora_role role_of(const char *name, size_t *stem)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof ROLES / sizeof *ROLES; i++) {
        size_t end = strlen(ROLES[i].end);
        if (length > end && !strcmp(name + length - end, ROLES[i].end)) {
            *stem = length - end;
            return ROLES[i].role;
        }
    }
    return ROLE_COUNT;
}

static const char *skip_prefixes(const char *module)
{
    static const char *const prefixes[] = { "base_model.model.", "model.diffusion_model.", "diffusion_model.",
                                            "transformer.", "unet." };
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t length = strlen(prefixes[i]);
        if (!strncmp(module, prefixes[i], length))
            return skip_prefixes(module + length);
    }
    return module;
}

static bool is_diffusers(const char *module)
{
    return strstr(module, ".attn1.") || strstr(module, ".attn2.") || strstr(module, ".ffn.net.") ||
           !strncmp(module, "condition_embedder.", 19) || !strcmp(module, "proj_out");
}

/* The module by its original name; one in underscores stays. */
static void set_name(cohl_lora *lora, char out[COHL_NAME_MAX], const char *name, size_t stem)
{
    static const char kohya[] = "lora_unet_";
    char module[COHL_NAME_MAX], full[COHL_NAME_MAX + 8], translated[COHL_NAME_MAX];
    snprintf(module, sizeof module, "%.*s", (int)stem, name);
    const char *bare = skip_prefixes(module);
    if (!strncmp(bare, kohya, sizeof kohya - 1)) {
        lora->flat = true;
        snprintf(out, COHL_NAME_MAX, "%s", bare + sizeof kohya - 1);
    } else if (is_diffusers(bare)) {
        lora->diffusers = true;
        snprintf(full, sizeof full, "%s.weight", bare);
        cohl_name_translate(translated, cohl_naming_named("diffusers"), full);
        translated[strlen(translated) - strlen(".weight")] = 0;
        snprintf(out, COHL_NAME_MAX, "%s", translated);
    } else {
        snprintf(out, COHL_NAME_MAX, "%s", bare);
    }
}

/* ---- reading ------------------------------------------------------------- */

static lora_module *module_named(cohl_lora *lora, const char *name)
{
    for (int i = lora->count - 1; i >= 0; i--)           /* its tensors stand together, mostly */
        if (!strcmp(lora->module[i].name, name))
            return &lora->module[i];
    lora_module *one = &lora->module[lora->count++];
    strcpy(one->name, name);
    return one;
}

static cohl_status add(cohl_lora *lora, const cohl_weight *w, cohl_error *err)
{
    const char *path = cohl_source_path(lora->source), *kind = foreign_kind(w->name);
    char name[COHL_NAME_MAX];
    size_t stem;
    lora_role role = role_of(w->name, &stem);
    if (kind)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: tensor %s belongs to a %s file; LoRA files are read", path,
                         w->name, kind);
    if (role == ROLE_COUNT)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s is no part of a LoRA file", path, w->name);
    if (stem >= COHL_NAME_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: a tensor's name has %zu bytes", path, strlen(w->name));
    set_name(lora, name, w->name, stem);
    lora_module *module = module_named(lora, name);
    if (module->role[role])
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s is there twice, in two spellings", path, w->name);
    module->role[role] = w;
    return COHL_OK;
}

/* Rank: how many rows A has; B as many columns. */
static cohl_status check_factors(cohl_lora *lora, const lora_module *m, cohl_error *err)
{
    const cohl_weight *down = m->role[ROLE_DOWN], *up = m->role[ROLE_UP], *alpha = m->role[ROLE_ALPHA];
    const char *path = cohl_source_path(lora->source);
    if (!down && !up && (m->role[ROLE_DIFF] || m->role[ROLE_DIFF_BIAS]))
        return COHL_OK;
    if (!down || !up)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: module %s has %s", path, m->name,
                         down ? "lora_A, but no lora_B" : up ? "lora_B, but no lora_A" : "alpha, but no factors");
    if (down->rank < 2 || up->rank < 2 || down->dim[0] != up->dim[1])
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: module %s: factors of %s and %s do not fit each other", path,
                         m->name, cohl_shape_write(up->dim, up->rank).text,
                         cohl_shape_write(down->dim, down->rank).text);
    if (down->dim[0] < 1 || !down->count || !up->count)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: module %s has rank 0; it would change nothing", path, m->name);
    if (down->dim[0] > 4096 || up->count != (size_t)(up->dim[0] * up->dim[1]))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: module %s: factors of %s and %s are no low-rank update", path,
                         m->name, cohl_shape_write(up->dim, up->rank).text,
                         cohl_shape_write(down->dim, down->rank).text);
    if (alpha && alpha->count != 1)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: module %s: alpha is %s, expected one number", path, m->name,
                         cohl_shape_write(alpha->dim, alpha->rank).text);
    lora->rank = down->dim[0] > lora->rank ? (int)down->dim[0] : lora->rank;
    return COHL_OK;
}

/* Takes the source over, whatever comes of it. */
static cohl_status read_source(cohl_lora **out, cohl_source *source, cohl_error *err)
{
    const char *path = cohl_source_path(source);
    cohl_lora *lora = calloc(1, sizeof *lora);
    size_t count = cohl_source_count(source);
    cohl_status st = COHL_OK;
    if (!lora) {
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to open it", path);
        cohl_source_close(source);
        return st;
    }
    lora->source = source;
    if (!count)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: no tensors; this is no LoRA file", path);
    else if (!(lora->module = calloc(count, sizeof *lora->module)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for %zu names", path, count);
    for (size_t i = 0; i < count && !st; i++)
        st = add(lora, cohl_source_at(source, i), err);
    for (int i = 0; i < lora->count && !st; i++)
        st = check_factors(lora, &lora->module[i], err);
    if (st)
        cohl_lora_close(lora);
    else
        *out = lora;
    return st;
}

cohl_status cohl_lora_open(cohl_lora **out, const char *path, cohl_error *err)
{
    cohl_source *source;
    *out = NULL;
    cohl_status st = cohl_source_open(&source, path, err);
    return st ? st : read_source(out, source, err);
}

cohl_status cohl_lora_parse(cohl_lora **out, const char *name, const void *bytes, size_t size, cohl_error *err)
{
    cohl_source *source;
    *out = NULL;
    cohl_status st = cohl_source_parse(&source, name, bytes, size, err);
    return st ? st : read_source(out, source, err);
}

void cohl_lora_close(cohl_lora *lora)
{
    if (!lora)
        return;
    cohl_source_close(lora->source);
    free(lora->module);
    free(lora);
}

int cohl_lora_count(const cohl_lora *lora) { return lora->count; }
int cohl_lora_rank(const cohl_lora *lora) { return lora->rank; }

/* Does a word end between these two signs? "high_noise", "Wan22-Low", "HighNoise", and not "slow" or "highlight". */
static bool parts(char before, char after)
{
    return !isalpha((unsigned char)before) || !isalpha((unsigned char)after) ||
           (islower((unsigned char)before) && isupper((unsigned char)after));
}

/* Does the file's name hold this word? */
static bool name_has(const char *path, const char *word)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t size = strlen(word);
    for (const char *at = name; *at; at++)
        if (!strncasecmp(at, word, size) && (at == name || parts(at[-1], *at)) && parts(at[size - 1], at[size]))
            return true;
    return false;
}

const char *cohl_lora_spelling(const cohl_lora *lora)
{
    return lora->flat ? "kohya" : lora->diffusers ? "diffusers" : "ComfyUI";
}

cohl_lora_sampling cohl_lora_sampling_of(const char *path)
{
    /* LightX2V's configs/distill: 4 steps, sample_shift 5, no guidance; CausVid's own page: 4 to 8 steps. */
    static const struct { const char *part; cohl_lora_sampling sampling; } known[] = {
        { "lightx2v", { "LightX2V step distillation", 4, 5, 1 } },
        { "stepdistill", { "LightX2V step distillation", 4, 5, 1 } },
        { "step_distill", { "LightX2V step distillation", 4, 5, 1 } },
        { "lightning_t2v", { "Wan 2.2 Lightning", 4, 5, 1 } },
        { "lightning_i2v", { "Wan 2.2 Lightning", 4, 5, 1 } },
        { "4steps", { "a four-step distillation", 4, 5, 1 } },
        { "causvid", { "CausVid", 8, 0, 1 } },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (name_has(path, known[i].part))
            return known[i].sampling;
    return (cohl_lora_sampling){ 0 };
}

/* ---- applying ------------------------------------------------------------ */

/* Equal when the weight's dots are underscores, up to `length`. */
static bool same_flat(const char *weight, size_t length, const char *flat)
{
    if (strlen(flat) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((weight[i] == '.' ? '_' : weight[i]) != flat[i])
            return false;
    return true;
}

/* MODULE.weight or MODULE.bias; or MODULE itself, which is how modulations are called. */
static cohl_weight *find_target(const cohl_weight_list *list, const char *module, const char *end, bool flat)
{
    char name[COHL_NAME_MAX + 16];
    if (!flat) {
        snprintf(name, sizeof name, "%s%s", module, end);
        cohl_weight *found = cohl_weight_list_find(list, name);
        return found ? found : cohl_weight_list_find(list, module);
    }
    for (size_t i = 0; i < list->count; i++) {
        const char *weight = list->item[i].name;
        size_t length = strlen(weight), tail = strlen(end);
        if (length > tail && !strcmp(weight + length - tail, end) && same_flat(weight, length - tail, module))
            return &list->item[i];
    }
    return NULL;
}

static cohl_status fail_misfit(const cohl_lora *lora, const lora_module *m, const cohl_weight *target, size_t rows,
                               size_t columns, cohl_error *err)
{
    return cohl_fail(err, COHL_ERR_FORMAT, "%s: it changes %s as [%zu, %zu], here it is %s; it was made for another "
                     "model", cohl_source_path(lora->source), m->name, rows, columns,
                     cohl_shape_write(target->dim, target->rank).text);
}

static cohl_status check_target(const cohl_lora *lora, const lora_module *m, const cohl_weight_list *list,
                                int *missing, cohl_error *err)
{
    const cohl_weight *down = m->role[ROLE_DOWN], *up = m->role[ROLE_UP], *diff = m->role[ROLE_DIFF],
                      *bias = m->role[ROLE_DIFF_BIAS];
    const cohl_weight *weight = down || diff ? find_target(list, m->name, ".weight", lora->flat) : NULL;
    const cohl_weight *of_bias = bias ? find_target(list, m->name, ".bias", lora->flat) : NULL;
    if (((down || diff) && !weight) || (bias && !of_bias)) {
        (*missing)++;
        return COHL_OK;
    }
    if (down) {
        size_t rows = (size_t)up->dim[0], columns = down->count / (size_t)down->dim[0];
        if (weight->rank < 2 || weight->dim[0] != up->dim[0] || weight->count / rows != columns ||
            weight->count % rows)
            return fail_misfit(lora, m, weight, rows, columns, err);
    }
    if (diff && diff->count != weight->count)
        return fail_misfit(lora, m, weight, 1, diff->count, err);
    if (bias && bias->count != of_bias->count)
        return fail_misfit(lora, m, of_bias, 1, bias->count, err);
    return COHL_OK;
}

static const float *values_of(cohl_weight_list *list, const cohl_weight *w)
{
    float *value = cohl_weight_list_keep(list, w->count * sizeof *value);
    if (value)
        cohl_weight_read_f32(w, 0, w->count, value);
    return value;
}

/* One more change at the end of the weight's list, so that they add up in the order they were given. */
static bool lay_over(cohl_weight_list *list, cohl_weight *target, const cohl_weight *down, const cohl_weight *up,
                     float scale)
{
    cohl_change *change = cohl_weight_list_keep(list, sizeof *change);
    const float *a = change ? values_of(list, down) : NULL, *b = a && up ? values_of(list, up) : NULL;
    if (!a || (up && !b))
        return false;
    *change = (cohl_change){ .down = a, .up = b, .scale = scale, .rank = up ? (int)down->dim[0] : 0 };
    change->width = up ? down->count / (size_t)down->dim[0] : down->count;
    const cohl_change **end = &target->change;
    while (*end)
        end = (const cohl_change **)&(*end)->next;
    *end = change;
    return true;
}

static cohl_status apply_module(cohl_weight_list *list, const cohl_lora *lora, const lora_module *m, float strength,
                                cohl_error *err)
{
    const cohl_weight *down = m->role[ROLE_DOWN], *diff = m->role[ROLE_DIFF], *bias = m->role[ROLE_DIFF_BIAS];
    float alpha = down ? (float)down->dim[0] : 1;
    bool done = true;
    if (down && m->role[ROLE_ALPHA])
        cohl_weight_read_f32(m->role[ROLE_ALPHA], 0, 1, &alpha);
    if (!isfinite(alpha))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: module %s: alpha is no number", cohl_source_path(lora->source),
                         m->name);
    if (down)
        done = lay_over(list, find_target(list, m->name, ".weight", lora->flat), down, m->role[ROLE_UP],
                        strength * alpha / (float)down->dim[0]);
    if (diff && done)
        done = lay_over(list, find_target(list, m->name, ".weight", lora->flat), diff, NULL, strength);
    if (bias && done)
        done = lay_over(list, find_target(list, m->name, ".bias", lora->flat), bias, NULL, strength);
    return done ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for module %s",
                                      cohl_source_path(lora->source), m->name);
}

cohl_status cohl_lora_apply(cohl_weights *weights, const cohl_lora *lora, float strength, cohl_error *err)
{
    cohl_weight_list *list = cohl_weights_list(weights);
    const char *first = NULL;
    int missing = 0;
    cohl_status st = COHL_OK;
    for (int i = 0; i < lora->count && !st; i++) {
        int before = missing;
        st = check_target(lora, &lora->module[i], list, &missing, err);
        if (missing > before && !first)
            first = lora->module[i].name;
    }
    if (!st && missing)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: it changes %s, which %s does not have (%d of its %d modules are not "
                       "there); it was made for another model", cohl_source_path(lora->source), first,
                       cohl_weights_path(weights), missing, lora->count);
    for (int i = 0; i < lora->count && !st && strength != 0; i++)
        st = apply_module(list, lora, &lora->module[i], strength, err);
    return st;
}

cohl_status cohl_lora_argument(char **file, float *strength, const char *argument, cohl_error *err)
{
    const char *colon = strrchr(argument, ':');
    size_t length = strlen(argument);
    char *end;
    *strength = 1;
    *file = NULL;
    if (colon && colon > argument && !strchr(colon, '/')) {
        double number = cohl_text_real(colon + 1, &end);
        if (end == colon + 1 || *end || !(fabs(number) <= 100))
            return cohl_fail(err, COHL_ERR_ARGUMENT, "\"%.200s\": expected FILE or FILE:STRENGTH, with a strength of -100 "
                             "to 100", argument);
        *strength = (float)number;
        length = (size_t)(colon - argument);
    }
    if (!(*file = strndup(argument, length)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    return COHL_OK;
}

/* ---- lists --------------------------------------------------------------- */

static cohl_status apply_argument(cohl_weights *weights, const char *argument, cohl_lora_expert expert, cohl_error *err)
{
    static const char *const others[][2] = { { NULL, NULL }, { "low", "lownoise" }, { "high", "highnoise" } };
    cohl_lora *lora = NULL;
    char *file;
    float strength;
    cohl_status st = cohl_lora_argument(&file, &strength, argument, err);
    bool here = !st && !(others[expert][0] && (name_has(file, others[expert][0]) || name_has(file, others[expert][1])));
    if (here && !(st = cohl_lora_open(&lora, file, err)))
        st = cohl_lora_apply(weights, lora, strength, err);
    cohl_lora_close(lora);
    free(file);
    return st;
}

cohl_status cohl_lora_apply_list(cohl_weights *weights, const char *list, cohl_lora_expert expert, cohl_error *err)
{
    char *copy = strdup(list ? list : ""), *rest = copy;
    cohl_status st = copy ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    for (const char *one; !st && *copy && (one = strsep(&rest, ","));)
        st = apply_argument(weights, one, expert, err);
    free(copy);
    return st;
}

cohl_lora_sampling cohl_lora_list_sampling(const char *list)
{
    cohl_lora_sampling found = { 0 };
    char *copy = strdup(list ? list : ""), *rest = copy;
    for (const char *one; copy && !found.steps && (one = strsep(&rest, ","));)
        found = cohl_lora_sampling_of(one);
    free(copy);
    return found;
}
