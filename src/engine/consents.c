/* consents.c - whose consent the given pictures and films need, and have. */
#include "engine/consents.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "media/reader.h"
#include "media/still.h"

enum { TRACKS_MOST = 64, LOOK_STEP = 4 };

static const double LOOKS_A_SECOND = 4;      /* at a film; each costs as much as a frame of the check */

/* A face of a film or picture, followed: whether somebody consents to it. */
typedef struct followed { int first_frame; double nearest; char id[COHL_CONSENT_ID]; } followed;

typedef struct look {
    const char *path;
    const engine_consents_params *params;
    int         frame;           /* that is looked at */
    cohl_consents *consents;
    cohl_faces *faces;
    followed    track[TRACKS_MOST];
    int         track_count;
} look;

static cohl_status add(engine_consents *out, const char *id, cohl_error *err)
{
    for (int i = 0; i < out->count; i++)
        if (!strcmp(out->id[i], id))
            return COHL_OK;
    if (out->count == ENGINE_CONSENTS_MOST)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "what is given shows more than %d persons", ENGINE_CONSENTS_MOST);
    memcpy(out->id[out->count++], id, COHL_CONSENT_ID);
    return COHL_OK;
}

/* ---- faces that are seen -------------------------------------------------------- */

static cohl_status look_at_face(look *l, const cohl_face *face, cohl_error *err)
{
    char id[COHL_CONSENT_ID] = "";
    double distance = 2;
    if (face->track >= TRACKS_MOST)
        return cohl_fail(err, COHL_ERR_REFUSED, "%s: shows more than %d faces; consents cannot be told apart", l->path,
                         TRACKS_MOST);
    for (; l->track_count <= face->track; l->track_count++)
        l->track[l->track_count] = (followed){ .first_frame = l->frame, .nearest = 2 };
    followed *f = &l->track[face->track];
    if (cohl_consents_find(id, &distance, l->consents, face->embedding) && distance < f->nearest) {
        f->nearest = distance;
        memcpy(f->id, id, sizeof id);
    }
    return COHL_OK;
}

/* The tracker counts in frames of a film that it sees all of; of looks far apart it may miss two. */
static cohl_status look_at_frame(look *l, const cohl_frame *frame, int number, cohl_error *err)
{
    cohl_status st = cohl_faces_look(l->faces, frame, LOOK_STEP * number, err);
    for (int i = 0; i < cohl_faces_count(l->faces) && !st; i++)
        st = look_at_face(l, cohl_faces_at(l->faces, i), err);
    return st;
}

static cohl_status look_at_picture(look *l, cohl_error *err)
{
    cohl_frame *picture;
    cohl_status st = cohl_still_read(&picture, l->path, err);
    if (!st)
        st = look_at_frame(l, picture, 0, err);
    cohl_frame_free(picture);
    return st;
}

static cohl_status look_at_film(look *l, cohl_error *err)
{
    cohl_film_reader *reader;
    cohl_frame *frame = NULL;
    bool more = true;
    double next = 0;
    int looks = 0;
    cohl_status st = cohl_film_reader_open(&reader, l->path, 0, 0, err);
    if (st)
        return st;
    const cohl_film_info *info = cohl_film_reader_info(reader);
    st = cohl_frame_new(&frame, info->width, info->height, err);
    for (l->frame = 0; !st; l->frame++) {
        if (l->params->cancel && *l->params->cancel)
            st = cohl_fail(err, COHL_ERR_CANCELLED, "cancelled");
        if (st || (st = cohl_film_reader_next(reader, frame, &more, err)) || !more)
            break;
        if (cohl_film_reader_seconds(reader) < next)
            continue;
        next = cohl_film_reader_seconds(reader) + 1 / LOOKS_A_SECOND;
        st = look_at_frame(l, frame, looks++, err);
    }
    cohl_frame_free(frame);
    cohl_film_reader_close(reader);
    return st;
}

static cohl_status look_at_file(engine_consents *out, look *l, cohl_error *err)
{
    cohl_status st = cohl_faces_new(&l->faces, l->params->workers, err);
    if (!st)
        st = cohl_still_begins(l->path) ? look_at_picture(l, err) : look_at_film(l, err);
    for (int i = 0; i < l->track_count && !st; i++)
        st = *l->track[i].id ? add(out, l->track[i].id, err)
                             : cohl_fail(err, COHL_ERR_REFUSED, "%s: a face is seen at frame %d that no consent in force is "
                                         "for; `cohl consent give` records one", l->path, l->track[i].first_frame);
    cohl_faces_free(l->faces);
    return st;
}

/* ---- films of here ---------------------------------------------------------------- */

static cohl_status keep_of_own(engine_consents *out, const char *path, const char *digest, cohl_store *ledger, int64_t now,
                               bool *own, cohl_error *err)
{
    char (*id)[COHL_CONSENT_ID];
    int count;
    cohl_status st = cohl_consents_of_file(&id, &count, own, ledger, digest, err);
    for (int i = 0; i < count && !st; i++) {
        bool holds;
        st = cohl_consent_holds(&holds, ledger, id[i], now, err);
        if (!st && !holds)
            st = cohl_fail(err, COHL_ERR_REFUSED, "%s: was made with %s, which is not in force any more", path, id[i]);
        if (!st)
            st = add(out, id[i], err);
    }
    free(id);
    return st;
}

cohl_status engine_consents_ask(engine_consents *out, const cohl_request *r, const engine_consents_params *params,
                                cohl_error *err)
{
    const struct { const char *path, *digest; } given[] = {
        { r->image, r->image_sha256 }, { r->last_image, r->last_image_sha256 }, { r->clip[0], r->clip_sha256[0] },
        { r->clip[1], r->clip_sha256[1] } };
    int64_t now = (int64_t)time(NULL);
    bool see = cohl_faces_installed();
    cohl_consents *consents = NULL;
    cohl_status st = COHL_OK;
    *out = (engine_consents){ .count = 0 };
    if (see && params->ledger)
        st = cohl_consents_load(&consents, params->ledger, now, err);
    for (size_t i = 0; i < sizeof given / sizeof *given && !st; i++) {
        bool own = false;
        if (given[i].path && params->ledger && given[i].digest)
            st = keep_of_own(out, given[i].path, given[i].digest, params->ledger, now, &own, err);
        if (!st && given[i].path && !own && see)
            st = look_at_file(out, &(look){ .path = given[i].path, .params = params, .consents = consents }, err);
    }
    cohl_consents_free(consents);
    return st;
}
