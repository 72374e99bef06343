/* faces.c - whose faces a film shows: found, aligned, embedded, followed. */
#include "vision/faces.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vision/face_nets.h"

enum { TRACKS_MOST = 64, GAP_MOST = 12 };       /* followed at once; frames that a face may be away */
static const float OVERLAP_LEAST = 0.3f, DISTANCE_MOST = 0.45f;

typedef struct track { cohl_face last; } track;

struct cohl_faces {
    cohl_network *detector, *landmarks, *embedding;
    float        *picture;                      /* [side, side, 3] of the largest network */
    cohl_face     face[COHL_FACES_MOST];
    int           count;
    track         track[TRACKS_MOST];           /* those seen in the last GAP_MOST frames */
    int           track_count, begun;           /* begun: ever */
};

bool cohl_faces_installed(void)
{
    return cohl_network_installed(&cohl_network_face_detector) && cohl_network_installed(&cohl_network_face_landmarks) &&
           cohl_network_installed(&cohl_network_face_embedding);
}

int cohl_faces_count(const cohl_faces *faces) { return faces->count; }
const cohl_face *cohl_faces_at(const cohl_faces *faces, int index) { return &faces->face[index]; }

double cohl_face_distance(const float a[COHL_FACE_NUMBERS], const float b[COHL_FACE_NUMBERS])
{
    double sum = 0;
    for (int i = 0; i < COHL_FACE_NUMBERS; i++)
        sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    return sqrt(sum);
}

/* ---- one face -------------------------------------------------------------- */

/* Points of the square picture that the box was seen in, as pixels of the frame. */
static void place_points(cohl_face *face, const cohl_cut *cut)
{
    for (int i = 0; i < COHL_FACE_POINTS; i++) {
        face->point[i][0] = face->point[i][0] * (float)cut->wide - (float)cut->before_x + (float)cut->left;
        face->point[i][1] = face->point[i][1] * (float)cut->high - (float)cut->before_y + (float)cut->top;
    }
}

typedef struct spot { float x, y; } spot;

static spot middle(const cohl_face *face, int first, int end)
{
    spot at = { 0 };
    for (int i = first; i < end; i++)
        at.x += face->point[i][0], at.y += face->point[i][1];
    return (spot){ at.x / (float)(end - first), at.y / (float)(end - first) };
}

/* The upright square that the embedding network learned: from the eyes to the mouth it is 0.45 of its side, and
 * the middle of the three lies at 0.5, 0.43 of it (face-api's FaceLandmarks.ts), turned until the eyes are level. */
static cohl_turned square_of(const cohl_face *face)
{
    spot left = middle(face, 36, 42), right = middle(face, 42, 48), mouth = middle(face, 48, 68);
    spot at = { (left.x + right.x + mouth.x) / 3, (left.y + right.y + mouth.y) / 3 };
    float to_mouth = (hypotf(mouth.x - left.x, mouth.y - left.y) + hypotf(mouth.x - right.x, mouth.y - right.y)) / 2;
    float eyes = hypotf(right.x - left.x, right.y - left.y);
    cohl_turned s = { .side = fmaxf(to_mouth / 0.45f, 1), .cosine = 1 };
    if (eyes > 0)
        s.cosine = (right.x - left.x) / eyes, s.sine = (right.y - left.y) / eyes;
    float across = 0.5f * s.side, down = 0.43f * s.side;
    s.left = at.x - (s.cosine * across - s.sine * down);
    s.top = at.y - (s.sine * across + s.cosine * down);
    return s;
}

static cohl_status describe(cohl_faces *f, cohl_face *face, const cohl_frame *frame, const cohl_cut *cut, cohl_error *err)
{
    cohl_cut_resize(f->picture, frame, cut, COHL_LANDMARKS_SIDE, false, &cohl_face_pixels);
    cohl_status st = cohl_face_landmarks(f->landmarks, f->picture, face->point, err);
    if (st)
        return st;
    place_points(face, cut);
    cohl_turned square = square_of(face);
    cohl_cut_turned(f->picture, frame, &square, COHL_EMBEDDING_SIDE, &cohl_face_pixels);
    return cohl_face_embed(f->embedding, f->picture, face->embedding, err);
}

/* ---- tracks ---------------------------------------------------------------- */

static float overlap(const cohl_face *a, const cohl_face *b)
{
    float wide = fminf(a->left + a->width, b->left + b->width) - fmaxf(a->left, b->left);
    float high = fminf(a->top + a->height, b->top + b->height) - fmaxf(a->top, b->top);
    float both = fmaxf(wide, 0) * fmaxf(high, 0);
    return both / (a->width * a->height + b->width * b->height - both);
}

/* How well a face goes on with a track, 0: it does not. One that lies where it lay is surer than one that looks
 * the same elsewhere; two faces of a frame never share a track. */
static float goes_on(const track *t, const cohl_face *face)
{
    float over = overlap(&t->last, face);
    double far = cohl_face_distance(t->last.embedding, face->embedding);
    if (t->last.frame >= face->frame)
        return 0;
    if (over >= OVERLAP_LEAST)
        return 1 + over;
    return far < DISTANCE_MOST ? 1 - (float)far : 0;
}

static void forget_old(cohl_faces *f, int frame)
{
    int kept = 0;
    for (int i = 0; i < f->track_count; i++)
        if (frame - f->track[i].last.frame <= GAP_MOST)
            f->track[kept++] = f->track[i];
    f->track_count = kept;
}

/* The place of the track that was away longest. */
static track *oldest(cohl_faces *f)
{
    track *t = &f->track[0];
    for (int i = 1; i < f->track_count; i++)
        if (f->track[i].last.frame < t->last.frame)
            t = &f->track[i];
    return t;
}

static void follow(cohl_faces *f, cohl_face *face)
{
    track *best = NULL;
    float sure = 0;
    for (int i = 0; i < f->track_count; i++) {
        float how = goes_on(&f->track[i], face);
        if (how > sure)
            sure = how, best = &f->track[i];
    }
    face->track = best ? best->last.track : f->begun++;
    face->seen = best ? best->last.seen + 1 : 1;
    if (!best)
        best = f->track_count < TRACKS_MOST ? &f->track[f->track_count++] : oldest(f);
    best->last = *face;
}

cohl_status cohl_faces_look(cohl_faces *f, const cohl_frame *frame, int number, cohl_error *err)
{
    cohl_face_box box[COHL_FACES_MOST];
    cohl_cut square = cohl_cut_square(frame);
    int count;
    f->count = 0;
    cohl_cut_resize(f->picture, frame, &square, COHL_DETECTOR_SIDE, false, &cohl_detector_pixels);
    cohl_status st = cohl_face_detect(f->detector, f->picture, box, &count, err);
    for (int i = 0; i < count && !st; i++) {
        float side = (float)square.wide;
        cohl_face *face = &f->face[f->count];
        *face = (cohl_face){ .frame = number, .left = box[i].left * side, .top = box[i].top * side,
                             .width = box[i].width * side, .height = box[i].height * side, .score = box[i].score };
        cohl_cut cut = cohl_cut_box(frame, face->left, face->top, face->width, face->height);
        if (!cut.width)
            continue;
        st = describe(f, face, frame, &cut, err);
        f->count++;
    }
    if (st) {
        f->count = 0;
        return st;
    }
    forget_old(f, number);
    for (int i = 0; i < f->count; i++)
        follow(f, &f->face[i]);
    return COHL_OK;
}

/* ---- new and free ------------------------------------------------------------ */

/* Each network once, on black: what does not fit is told now. */
static cohl_status try_them(cohl_faces *f, cohl_error *err)
{
    cohl_face_box box[COHL_FACES_MOST];
    cohl_face face;
    int count;
    cohl_status st = cohl_face_detect(f->detector, f->picture, box, &count, err);
    if (!st) st = cohl_face_landmarks(f->landmarks, f->picture, face.point, err);
    if (!st) st = cohl_face_embed(f->embedding, f->picture, face.embedding, err);
    return st;
}

cohl_status cohl_faces_new(cohl_faces **out, cohl_workers *workers, cohl_error *err)
{
    cohl_faces *f = *out = calloc(1, sizeof *f);
    if (f)
        f->picture = calloc(sizeof(float) * 3, COHL_DETECTOR_SIDE * COHL_DETECTOR_SIDE);
    cohl_status st = f && f->picture ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory to look for faces");
    if (!st) st = cohl_network_open(&f->detector, &cohl_network_face_detector, workers, err);
    if (!st) st = cohl_network_open(&f->landmarks, &cohl_network_face_landmarks, workers, err);
    if (!st) st = cohl_network_open(&f->embedding, &cohl_network_face_embedding, workers, err);
    if (!st) st = try_them(f, err);
    if (st) {
        cohl_faces_free(f);
        *out = NULL;
    }
    return st;
}

void cohl_faces_free(cohl_faces *f)
{
    if (!f)
        return;
    cohl_network_close(f->detector);
    cohl_network_close(f->landmarks);
    cohl_network_close(f->embedding);
    free(f->picture);
    free(f);
}
