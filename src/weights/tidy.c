/* tidy.c - from the tensors that files hold to those a network names. */
#include "weights/tidy.h"

#include <stdlib.h>
#include <string.h>

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const cohl_weight *)a)->name, ((const cohl_weight *)b)->name);
}

static void sort(cohl_weight_list *list)
{
    if (list->count)
        qsort(list->item, list->count, sizeof *list->item, compare_names);
}

cohl_weight *cohl_weight_list_find(const cohl_weight_list *list, const char *name)
{
    const cohl_weight key = { .name = name };
    return list->count ? bsearch(&key, list->item, list->count, sizeof key, compare_names) : NULL;
}

void *cohl_weight_list_keep(cohl_weight_list *list, size_t bytes)
{
    if (list->kept_count == list->kept_room) {
        size_t room = list->kept_room ? 2 * list->kept_room : 256;
        void **grown = realloc(list->kept, room * sizeof *grown);
        if (!grown)
            return NULL;
        list->kept = grown, list->kept_room = room;
    }
    void *made = malloc(bytes ? bytes : 1);
    if (made)
        list->kept[list->kept_count++] = made;
    return made;
}

void cohl_weight_list_free(cohl_weight_list *list)
{
    for (size_t i = 0; i < list->kept_count; i++)
        free(list->kept[i]);
    free(list->kept);
    free(list->item);
    *list = (cohl_weight_list){ 0 };
}

/* ---- the asked part ------------------------------------------------------ */

/* The parts that prefixes name, as bits; and whether a tensor has no prefix. */
static unsigned parts_of(const cohl_weight_list *list, bool *bare)
{
    unsigned parts = 0;
    cohl_part part;
    *bare = false;
    for (size_t i = 0; i < list->count; i++) {
        if (cohl_name_prefix(list->item[i].name, &part))
            parts |= 1u << part;
        else if (!cohl_name_is_extra(list->item[i].name))
            *bare = true;
    }
    return parts;
}

/* One network behind a prefix loses it; of several, the asked one stays. */
static void take_part(cohl_weight_list *list, cohl_part asked)
{
    bool bare;
    unsigned parts = parts_of(list, &bare);
    bool single = parts && !(parts & (parts - 1));
    if (bare || !parts || (!single && asked == COHL_PART_ANY))
        return;
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        cohl_part part;
        size_t prefix = cohl_name_prefix(list->item[i].name, &part);
        if (prefix && !single && part != asked)
            continue;
        list->item[kept] = list->item[i];
        list->item[kept++].name += prefix;
    }
    list->count = kept;
}

/* ---- names --------------------------------------------------------------- */

static const cohl_naming *find_naming(const cohl_weight_list *list)
{
    int i = 0;
    while (cohl_namings[i]->mark && !cohl_weight_list_find(list, cohl_namings[i]->mark))
        i++;
    return cohl_namings[i];
}

/* [a, b] as [b, a]; the few tensors that need it are small. */
static cohl_status turn(cohl_weight_list *list, cohl_weight *w, const char *path, cohl_error *err)
{
    if (w->rank != 2)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s is %s, expected a matrix", path, w->name,
                         cohl_shape_write(w->dim, w->rank).text);
    float *from = malloc((w->count + 1) * sizeof *from), *to = cohl_weight_list_keep(list, w->count * sizeof *to);
    if (!from || !to) {
        free(from);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for %s", path, w->name);
    }
    size_t rows = (size_t)w->dim[0], columns = (size_t)w->dim[1];
    cohl_weight_read_f32(w, 0, w->count, from);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            to[c * rows + r] = from[r * columns + c];
    free(from);
    *w = (cohl_weight){ .name = w->name, .type = COHL_F32, .rank = 2, .dim = { (int64_t)columns, (int64_t)rows },
                        .count = w->count, .data = to, .loose = true };
    return COHL_OK;
}

/* What the rule says of each, beside the list. */
static cohl_status translate(cohl_weight_list *list, cohl_name_deed *deed, const char *path, cohl_error *err)
{
    char name[COHL_NAME_MAX];
    cohl_status st = COHL_OK;
    for (size_t i = 0; i < list->count && !st; i++) {
        cohl_weight *w = &list->item[i];
        deed[i] = cohl_name_translate(name, list->naming, w->name);
        if (deed[i] == COHL_NAME_KEEP && !strncmp(name, w->name, COHL_NAME_MAX - 1))
            continue;
        char *kept = cohl_weight_list_keep(list, strlen(name) + 1);
        if (!kept)
            return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its names", path);
        w->name = strcpy(kept, name);
        w->loose = true;
        if (deed[i] == COHL_NAME_TURNED)
            st = turn(list, w, path, err);
    }
    return st;
}

/* Dropped ones go; a spare goes where the first is there. */
static void drop(cohl_weight_list *list, cohl_name_deed *deed)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        bool spare = false;
        for (size_t k = 0; deed[i] == COHL_NAME_SPARE && k < list->count; k++)
            spare = spare || (k != i && !strcmp(list->item[k].name, list->item[i].name));
        if (deed[i] == COHL_NAME_DROP || spare)
            continue;
        deed[kept] = deed[i];
        list->item[kept++] = list->item[i];
    }
    list->count = kept;
}

/* Thirds have one name now: the first becomes the whole, the others go. */
static cohl_status join(cohl_weight_list *list, size_t first, cohl_name_deed *deed, const char *path, cohl_error *err)
{
    cohl_weight *whole = &list->item[first], *part = cohl_weight_list_keep(list, 3 * sizeof *part);
    if (!part)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its names", path);
    memset(part, 0, 3 * sizeof *part);
    part[0] = *whole;
    for (size_t k = 0; k < list->count; k++) {
        cohl_weight *w = &list->item[k];
        if ((deed[k] != COHL_NAME_SECOND && deed[k] != COHL_NAME_THIRD) || strcmp(w->name, whole->name))
            continue;
        part[deed[k] - COHL_NAME_FIRST] = *w;
        deed[k] = COHL_NAME_DROP;
    }
    if (!part[1].name || !part[2].name)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the parts of %s are not all there", path, whole->name);
    for (int k = 1; k < 3; k++)
        if (part[k].rank != part[0].rank || part[k].rank < 1 || part[k].count != part[0].count)
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: the parts of %s are %s and %s", path, whole->name,
                             cohl_shape_write(part[0].dim, part[0].rank).text,
                             cohl_shape_write(part[k].dim, part[k].rank).text);
    *whole = (cohl_weight){ .name = whole->name, .type = part[0].type, .rank = part[0].rank, .part = part,
                            .part_count = 3, .loose = true };
    memcpy(whole->dim, part[0].dim, sizeof whole->dim);
    if (__builtin_mul_overflow(part[0].count, 3, &whole->count) || __builtin_mul_overflow(whole->dim[0], 3, &whole->dim[0]))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the sizes of %s overflow", path, whole->name);
    return COHL_OK;
}

static cohl_status rename_all(cohl_weight_list *list, const char *path, cohl_error *err)
{
    cohl_name_deed *deed = calloc(list->count + 1, sizeof *deed);
    cohl_status st = deed ? translate(list, deed, path, err)
                          : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its names", path);
    if (!st)
        drop(list, deed);
    for (size_t i = 0; i < list->count && !st; i++)
        if (deed[i] == COHL_NAME_FIRST)
            st = join(list, i, deed, path, err);
    if (!st)
        drop(list, deed);
    free(deed);
    return st;
}

/* ---- all of it ----------------------------------------------------------- */

static void drop_extras(cohl_weight_list *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (!cohl_name_is_extra(list->item[i].name))
            list->item[kept++] = list->item[i];
    list->count = kept;
}

static cohl_status check_once(const cohl_weight_list *list, const char *path, cohl_error *err)
{
    for (size_t i = 1; i < list->count; i++)
        if (!strcmp(list->item[i - 1].name, list->item[i].name))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s is there twice", path, list->item[i].name);
    return COHL_OK;
}

cohl_status cohl_weight_list_tidy(cohl_weight_list *list, cohl_part part, const char *path, cohl_error *err)
{
    cohl_status st;
    take_part(list, part);
    sort(list);
    if ((st = check_once(list, path, err)) || (st = cohl_weight_list_scale(list, path, err)))
        return st;
    drop_extras(list);
    list->naming = find_naming(list);
    if (list->naming->outer && (st = rename_all(list, path, err)))
        return st;
    sort(list);
    return check_once(list, path, err);
}
