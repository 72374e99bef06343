/* gallery.c - protected pictures, looked for in frames. */
#include "protect/gallery.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protect/agree.h"
#include "provenance/print.h"

enum {
    GROUPS = 17, GROUP_BITS = 15, KEYS = 1 << GROUP_BITS,    /* 255 of the 256 bits */
    NEAR = 52,                  /* bits of 256 in which two features differ at most                */
    BITS_NEAR = 11,             /* of the 32 beside a key: two that are near have more in one of 100   */
    PAIRS_MOST = 16384,         /* looked at in a frame                                            */
    SIDE_PAIRS_MOST = 400,      /* of them, of one picture                                         */
    PLACES_LEAST = 12,          /* that agree, for a picture to be seen                            */
    PRINT_NEAR = 4,             /* bits of 64: the frame is the picture                            */
};

static const float SHARE_LEAST = 0.08f;      /* of the picture, that the places must span */

typedef struct member { int64_t id; bool mirrored; int width, height; uint64_t print; } member;

/* A feature under its key, with 32 bits that are not the key's: most that are not near are told by them, without
 * a look at the feature, which lies anywhere in memory. */
typedef struct listing { int feature; uint32_t bits; } listing;

/* A feature of the frame and one of the list that are near. */
typedef struct match { int member, mine, theirs, distance; } match;

struct cohl_gallery {
    member       *member;             /* two a picture                              */
    int           member_count;
    cohl_feature *feature;            /* of all members                             */
    int          *owner;              /* of each feature: its member                */
    int           feature_count, feature_room;
    int          *begin[GROUPS];      /* [KEYS + 1]: where a key's features begin   */
    listing      *listed[GROUPS];     /* [feature_count]                            */
    int          *asked;              /* [feature_count]: by which feature, last    */
    match        *match;              /* [PAIRS_MOST]                               */
    cohl_feature_list   *list;
    cohl_feature_finder *finder;
};

cohl_status cohl_gallery_new(cohl_gallery **out, cohl_error *err)
{
    cohl_gallery *g = *out = calloc(1, sizeof *g);
    cohl_status st = g ? cohl_feature_finder_new(&g->finder, err) : COHL_ERR_MEMORY;
    if (g) {
        g->list = malloc(sizeof *g->list);
        g->match = malloc(PAIRS_MOST * sizeof *g->match);
    }
    if (!st && g->list && g->match)
        return COHL_OK;
    cohl_gallery_free(g);
    *out = NULL;
    return cohl_fail(err, COHL_ERR_MEMORY, "no memory for protected pictures");
}

void cohl_gallery_free(cohl_gallery *g)
{
    if (!g)
        return;
    for (int i = 0; i < GROUPS; i++) {
        free(g->begin[i]);
        free(g->listed[i]);
    }
    cohl_feature_finder_free(g->finder);
    free(g->list);
    free(g->match);
    free(g->asked);
    free(g->owner);
    free(g->feature);
    free(g->member);
    free(g);
}

/* ---- the list ------------------------------------------------------------------- */

static cohl_status make_room(cohl_gallery *g, int more, cohl_error *err)
{
    if (g->feature_count + more <= g->feature_room)
        return COHL_OK;
    int room = 2 * (g->feature_count + more);
    cohl_feature *feature = realloc(g->feature, (size_t)room * sizeof *feature);
    g->feature = feature ? feature : g->feature;
    int *owner = realloc(g->owner, (size_t)room * sizeof *owner);
    g->owner = owner ? owner : g->owner;
    if (!feature || !owner)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d features of protected pictures", room);
    g->feature_room = room;
    return COHL_OK;
}

static cohl_status add_side(cohl_gallery *g, const member *from, const cohl_picture_trace_side *side, cohl_error *err)
{
    cohl_status st = make_room(g, side->count, err);
    if (st)
        return st;
    for (int i = 0; i < side->count; i++) {
        g->owner[g->feature_count] = g->member_count;
        g->feature[g->feature_count++] = side->feature[i];
    }
    g->member[g->member_count] = *from;
    g->member[g->member_count++].print = side->print;
    return COHL_OK;
}

cohl_status cohl_gallery_add(cohl_gallery *g, int64_t id, const cohl_picture_trace *trace, cohl_error *err)
{
    member *grown = realloc(g->member, (size_t)(g->member_count + 2) * sizeof *grown);
    cohl_status st = COHL_OK;
    if (!grown)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for protected pictures");
    g->member = grown;
    for (int i = 0; i < 2 && !st; i++) {
        const member one = { .id = id, .mirrored = i == 1, .width = trace->width, .height = trace->height };
        st = add_side(g, &one, &trace->side[i], err);
    }
    return st;
}

static int key_of(const cohl_feature *f, int group)
{
    int first = group * GROUP_BITS, word = first / 64, shift = first % 64;
    uint64_t bits = f->bits[word] >> shift;
    if (shift > 64 - GROUP_BITS)
        bits |= f->bits[word + 1] << (64 - shift);
    return (int)(bits & (KEYS - 1));
}

static uint32_t bits_beside(const cohl_feature *f, int group)
{
    return (uint32_t)f->bits[(group * GROUP_BITS / 64 + 2) % 4];
}

/* Counting sort of the features by a group's key. */
static bool list_group(cohl_gallery *g, int group)
{
    int *begin = g->begin[group] = calloc(KEYS + 2, sizeof *begin);
    listing *listed = g->listed[group] = malloc((size_t)(g->feature_count + 1) * sizeof *listed);
    if (!begin || !listed)
        return false;
    for (int i = 0; i < g->feature_count; i++)
        begin[key_of(&g->feature[i], group) + 2]++;
    for (int k = 2; k < KEYS + 2; k++)
        begin[k] += begin[k - 1];
    for (int i = 0; i < g->feature_count; i++)
        listed[begin[key_of(&g->feature[i], group) + 1]++] = (listing){ i, bits_beside(&g->feature[i], group) };
    return true;
}

cohl_status cohl_gallery_close_list(cohl_gallery *g, cohl_error *err)
{
    bool good = (g->asked = malloc((size_t)(g->feature_count + 1) * sizeof *g->asked)) != NULL;
    for (int i = 0; i < GROUPS && good; i++)
        good = list_group(g, i);
    return good ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for protected pictures");
}

/* ---- features alike ---------------------------------------------------------------- */

/* Features of the list that are near one of the frame's, appended to the matches. */
static int match_one(cohl_gallery *g, int mine, int count)
{
    const cohl_feature *f = &g->list->feature[mine];
    for (int group = 0; group < GROUPS; group++) {
        int key = key_of(f, group);
        uint32_t bits = bits_beside(f, group);
        for (int i = g->begin[group][key]; i < g->begin[group][key + 1] && count < PAIRS_MOST; i++) {
            int theirs = g->listed[group][i].feature;
            if (cohl_feature_ones(bits ^ g->listed[group][i].bits, 0) > BITS_NEAR || g->asked[theirs] == mine)
                continue;
            g->asked[theirs] = mine;
            int distance = cohl_feature_distance(f, &g->feature[theirs], NEAR);
            if (distance <= NEAR)
                g->match[count++] = (match){ g->owner[theirs], mine, theirs, distance };
        }
    }
    return count;
}

static int by_member(const void *a, const void *b)
{
    const match *p = a, *q = b;
    if (p->member != q->member)
        return p->member - q->member;
    if (p->distance != q->distance)
        return p->distance - q->distance;
    return p->mine != q->mine ? p->mine - q->mine : p->theirs - q->theirs;
}

static cohl_pair pair_of(const cohl_gallery *g, const match *m)
{
    const cohl_feature *to = &g->list->feature[m->mine], *from = &g->feature[m->theirs];
    return (cohl_pair){ .from = { from->x / 16.0f, from->y / 16.0f }, .to = { to->x / 16.0f, to->y / 16.0f },
                        .size = cohl_feature_size(to->level) / cohl_feature_size(from->level),
                        .turn = (float)(2 * M_PI / COHL_FEATURE_TURNS) * (float)(to->turn - from->turn) };
}

/* ---- a frame ------------------------------------------------------------------------- */

static bool surer(const cohl_sighting *a, const cohl_sighting *b)
{
    if (!b->picture || a->whole != b->whole)
        return !b->picture || a->whole;
    return a->places != b->places ? a->places > b->places : a->bits < b->bits;
}

static void judge(cohl_sighting *best, const cohl_gallery *g, int number, const match *m, int count, uint64_t print)
{
    const member *who = &g->member[number];
    cohl_pair pair[SIDE_PAIRS_MOST];
    cohl_sighting seen = { .picture = who->id, .mirrored = who->mirrored,
                           .bits = __builtin_popcountll(print ^ who->print) };
    count = count < SIDE_PAIRS_MOST ? count : SIDE_PAIRS_MOST;
    for (int i = 0; i < count; i++)
        pair[i] = pair_of(g, &m[i]);
    cohl_agreement agreed = count >= PLACES_LEAST ? cohl_agree(pair, count, PLACES_LEAST, who->width, who->height)
                                                  : (cohl_agreement){ 0 };
    seen.places = agreed.count, seen.share = agreed.share, seen.size = agreed.size;
    seen.whole = seen.bits <= PRINT_NEAR;
    if ((seen.whole || (seen.places >= PLACES_LEAST && seen.share >= SHARE_LEAST)) && surer(&seen, best))
        *best = seen;
}

static int find_matches(cohl_gallery *g)
{
    int count = 0;
    for (int i = 0; i < g->feature_count; i++)
        g->asked[i] = -1;
    for (int i = 0; i < g->list->count; i++)
        count = match_one(g, i, count);
    qsort(g->match, (size_t)count, sizeof *g->match, by_member);
    return count;
}

cohl_status cohl_gallery_look(cohl_sighting *out, cohl_gallery *g, const cohl_frame *frame, cohl_error *err)
{
    *out = (cohl_sighting){ 0 };
    cohl_status st = cohl_feature_find(g->list, g->finder, frame, false, err);
    if (st)
        return st;
    uint64_t print = cohl_print_of_luma(g->list->luma, false);
    int count = find_matches(g);
    for (int number = 0, at = 0; number < g->member_count; number++) {
        int begin = at;
        while (at < count && g->match[at].member == number)
            at++;
        judge(out, g, number, &g->match[begin], at - begin, print);
    }
    return COHL_OK;
}
