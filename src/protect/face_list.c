/* face_list.c - protected faces, looked for along tracks. */
#include "protect/face_list.h"

#include <openssl/crypto.h>
#include <stdlib.h>

typedef struct entry { int64_t id; cohl_face_print print; } entry;

/* How often a track was near an entry. */
typedef struct near { int track, entry, frames; double distance; } near;

struct cohl_face_list {
    entry *entry;
    int    entry_count, least;
    near  *near;
    int    near_count;
};

void cohl_face_list_free(cohl_face_list *list)
{
    if (!list)
        return;
    OPENSSL_clear_free(list->entry, (size_t)list->entry_count * sizeof *list->entry);
    free(list->near);
    free(list);
}

static cohl_status add_row(cohl_face_list *list, const cohl_rows *rows, cohl_error *err)
{
    size_t before = (size_t)list->entry_count * sizeof *list->entry;
    entry *grown = OPENSSL_clear_realloc(list->entry, before, before + sizeof *grown);
    cohl_error why;
    size_t size;
    if (!grown)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for protected faces");
    list->entry = grown;
    entry *one = &grown[list->entry_count];
    one->id = cohl_rows_int(rows, 0);
    const void *kept = cohl_rows_blob(rows, 1, &size);
    if (cohl_face_print_open(&one->print, kept, size, &why))
        return cohl_fail(err, COHL_ERR_REFUSED, "protected face %lld cannot be read (%s): no film is made before it is "
                         "removed or added anew", (long long)one->id, why.text);
    list->entry_count++;
    return COHL_OK;
}

cohl_status cohl_face_list_load(cohl_face_list **out, cohl_store *store, int frames, int64_t now, cohl_error *err)
{
    cohl_rows *rows;
    *out = NULL;
    cohl_status st = cohl_rows_open(&rows, store, "SELECT id, kept FROM protected WHERE kind = 'face' AND (until IS NULL OR "
                                    "until > ?) ORDER BY id", COHL_VALUES(cohl_value_int(now)), err);
    while (!st && cohl_rows_next(rows)) {
        if (!*out && !(*out = calloc(1, sizeof **out)))
            st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for protected faces");
        else
            st = add_row(*out, rows, err);
    }
    st = cohl_rows_close(rows, st, err);
    if (!st && *out)
        (*out)->least = frames > 0 && frames < COHL_FACE_LEAST ? frames : COHL_FACE_LEAST;
    if (st) {
        cohl_face_list_free(*out);
        *out = NULL;
    }
    return st;
}

/* NULL when memory is out: then one frame is enough to say no. */
static near *near_of(cohl_face_list *list, int track, int number)
{
    for (int i = 0; i < list->near_count; i++)
        if (list->near[i].track == track && list->near[i].entry == number)
            return &list->near[i];
    near *grown = realloc(list->near, (size_t)(list->near_count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    list->near = grown;
    grown[list->near_count] = (near){ .track = track, .entry = number, .distance = 2 };
    return &grown[list->near_count++];
}

static bool look_at(cohl_face_hit *hit, cohl_face_list *list, const cohl_face *face, int number)
{
    double distance = cohl_face_print_distance(&list->entry[number].print, face->embedding);
    if (distance >= COHL_FACE_NEAR)
        return false;
    near *n = near_of(list, face->track, number);
    if (n) {
        n->frames++;
        n->distance = distance < n->distance ? distance : n->distance;
    }
    *hit = (cohl_face_hit){ list->entry[number].id, n ? n->frames : 1, n ? n->distance : distance };
    return !n || n->frames >= list->least;
}

bool cohl_face_list_look(cohl_face_hit *hit, cohl_face_list *list, const cohl_face *face, int face_count)
{
    for (int i = 0; i < face_count; i++)
        for (int number = 0; number < list->entry_count; number++)
            if (look_at(hit, list, &face[i], number))
                return true;
    return false;
}
