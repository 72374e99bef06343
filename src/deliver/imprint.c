/* imprint.c - marks into frames, fingerprints out of them. */
#include "deliver/imprint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provenance/print.h"

static const double PRINTS_A_SECOND = 2;

static cohl_status newest_key(cohl_mark_key *key, cohl_error *err)
{
    char *folder;
    cohl_mark_keys *keys = calloc(1, sizeof *keys);
    cohl_status st = keys ? cohl_mark_keys_folder(&folder, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory for keys");
    if (!st) {
        st = cohl_mark_keys_need(keys, folder, err);
        free(folder);
    }
    if (!st)
        *key = keys->key[0];
    free(keys);
    return st;
}

cohl_status cohl_imprint_open(cohl_imprint *out, int width, int height, double fps, const char *recipe, cohl_error *err)
{
    cohl_mark_key key;
    *out = (cohl_imprint){ .fps = fps, .until = INFINITY };
    cohl_status st = newest_key(&key, err);
    if (st)
        return st;
    out->identifier = cohl_mark_identifier(&key, recipe ? recipe : "");
    snprintf(out->key, sizeof out->key, "%d", key.number);
    st = cohl_marker_new(&out->marker, width, height, &key, out->identifier, err);
    if (!st) st = cohl_frame_new(&out->frame, width, height, err);
    if (st)
        cohl_imprint_close(out);
    return st;
}

cohl_status cohl_imprint_open_marked(cohl_imprint *out, int width, int height, double fps, uint64_t identifier, int key,
                                     cohl_error *err)
{
    *out = (cohl_imprint){ .fps = fps, .identifier = identifier };
    snprintf(out->key, sizeof out->key, "%d", key);
    return cohl_frame_new(&out->frame, width, height, err);
}

void cohl_imprint_close(cohl_imprint *imprint)
{
    cohl_marker_free(imprint->marker);
    cohl_frame_free(imprint->frame);
    free(imprint->print);
    *imprint = (cohl_imprint){ .fps = 0 };
}

static cohl_status add_print(cohl_imprint *imprint, cohl_error *err)
{
    cohl_film_print print = { .seconds = imprint->frames / imprint->fps };
    cohl_status st = cohl_print_of(&print.bits, imprint->frame, err);
    if (st)
        return st;
    if (imprint->print_count == imprint->print_room) {
        int room = 2 * imprint->print_room + 16;
        cohl_film_print *grown = realloc(imprint->print, (size_t)room * sizeof *grown);
        if (!grown)
            return cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d fingerprints", room);
        imprint->print = grown, imprint->print_room = room;
    }
    imprint->print[imprint->print_count++] = print;
    return COHL_OK;
}

cohl_status cohl_imprint_frame(cohl_imprint *imprint, const cohl_frame **frame, cohl_error *err)
{
    double at = imprint->frames / imprint->fps;
    bool due = imprint->due <= at * PRINTS_A_SECOND, made = at >= imprint->from && at < imprint->until;
    imprint->due += due;
    memcpy(imprint->frame->rgb, (*frame)->rgb, cohl_frame_bytes(*frame));
    if (imprint->marker)
        cohl_marker_frame(imprint->marker, imprint->frame);
    *frame = imprint->frame;
    cohl_status st = due && made ? add_print(imprint, err) : COHL_OK;
    imprint->frames++;
    return st;
}

void cohl_imprint_tell(const cohl_imprint *imprint, cohl_film_made *made)
{
    made->marked = true;
    made->mark = imprint->identifier;
    made->mark_key = imprint->key;
    made->print = imprint->print;
    made->print_count = imprint->print_count;
}
