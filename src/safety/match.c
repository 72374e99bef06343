/* match.c - the phrases met in a reading. */
#include <stdlib.h>
#include <string.h>

#include "safety/language.h"
#include "safety/reading_edges.h"

/* A name of one word must be this long to be found with a letter wrong. */
enum { GUESS_LETTERS = 8 };

/* ---- walking ------------------------------------------------------------- */

typedef struct walk {
    policy_reading       *reading;
    const policy_lexicon *lexicon;
    uint32_t              from;
    uint8_t               foreign;        /* flag of lists that are of the other language, 0 when it is open */
} walk;

void policy_reading_add(policy_reading *r, policy_match match)
{
    if (r->match_count == r->match_room) {
        uint32_t room = r->match_room ? r->match_room * 2 : 256;
        policy_match *larger = realloc(r->match, room * sizeof *larger);
        if (!larger) {
            r->failed = true;
            return;
        }
        r->match = larger, r->match_room = room;
    }
    r->match[r->match_count++] = match;
}

static void add_marks(const walk *w, int32_t node, uint32_t to, bool bent, bool guessed)
{
    const policy_token *t = &w->reading->fold.token[w->from];
    for (const policy_mark *m = policy_lexicon_marks(w->lexicon, node); m; m = policy_lexicon_mark(w->lexicon, m->next)) {
        if (((m->flags & POLICY_CAPITAL) && !t->capital) || (m->flags & w->foreign))
            continue;
        if (bent && !(m->flags & POLICY_EVASION))
            continue;
        if (guessed && (!(m->flags & POLICY_FUZZY) || (m->words == 1 && m->letters < GUESS_LETTERS)))
            continue;
        policy_reading_add(w->reading, (policy_match){ m->class_id, m->entry, w->from, to, m->weight });
    }
}

static void walk_from(const walk *w, int depth, int32_t node, uint32_t at, bool bent, bool guessed)
{
    if (at >= w->reading->fold.count || depth == POLICY_PHRASE_WORDS_MAX)
        return;
    for (int32_t e = w->reading->first[at]; e >= 0; e = w->reading->edge[e].next) {
        const policy_edge edge = w->reading->edge[e];
        int32_t next = edge.guessed && guessed ? -1 : policy_lexicon_step(w->lexicon, node, edge.word);
        if (next < 0)
            continue;
        add_marks(w, next, edge.to, bent || edge.bent, guessed || edge.guessed);
        walk_from(w, depth + 1, next, edge.to, bent || edge.bent, guessed || edge.guessed);
    }
}

cohl_status policy_read(policy_reading *r, const policy_lexicon *x, const char *text, size_t size, cohl_error *err)
{
    cohl_status st = policy_fold_text(&r->fold, text, size, err);
    if (st)
        return st;
    r->failed = false;
    r->match_count = 0;
    bool fine = policy_read_edges(r, x);
    policy_language language = policy_language_of(&r->fold);
    uint8_t foreign = language == POLICY_IS_ENGLISH ? POLICY_FRENCH : language == POLICY_IS_FRENCH ? POLICY_ENGLISH : 0;
    for (uint32_t at = 0; at < r->fold.count && fine; at++)
        walk_from(&(walk){ r, x, at, foreign }, 0, 0, at, false, false);
    return fine && !r->failed ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a text of %zu bytes", size);
}

/* ---- order --------------------------------------------------------------- */

static bool room_for_order(policy_reading *r, uint32_t classes)
{
    if (classes + 2 > r->class_room) {
        uint32_t *larger = realloc(r->class_at, (classes + 2) * sizeof *larger);
        if (!larger)
            return false;
        r->class_at = larger, r->class_room = classes + 2;
    }
    if (r->match_count > r->sorting_room) {
        policy_match *larger = realloc(r->sorting, r->match_room * sizeof *larger);
        if (!larger)
            return false;
        r->sorting = larger, r->sorting_room = r->match_room;
    }
    return true;
}

/* By class, stably: what was met in order of place stays so. Added matches may come late, so
 * each class is then put in order by insertion, which costs nothing where it is in order. */
static void order_by_class(policy_reading *r, uint32_t classes)
{
    memset(r->class_at, 0, (classes + 2) * sizeof *r->class_at);
    for (uint32_t i = 0; i < r->match_count; i++)
        r->class_at[r->match[i].class_id + 2]++;
    for (uint32_t c = 2; c < classes + 2; c++)
        r->class_at[c] += r->class_at[c - 1];
    for (uint32_t i = 0; i < r->match_count; i++)
        r->sorting[r->class_at[r->match[i].class_id + 1]++] = r->match[i];
    if (r->match_count)
        memcpy(r->match, r->sorting, r->match_count * sizeof *r->match);
    for (uint32_t i = 1; i < r->match_count; i++) {
        policy_match m = r->match[i];
        uint32_t at = i;
        for (; at && r->match[at - 1].class_id == m.class_id && r->match[at - 1].from > m.from; at--)
            r->match[at] = r->match[at - 1];
        r->match[at] = m;
    }
}

static uint32_t longest_mask(uint32_t *reach, const policy_reading *r, int mask)
{
    uint32_t any = 0;
    for (uint32_t i = 0; i < r->match_count; i++)
        if (r->match[i].class_id == mask) {
            const policy_match *m = &r->match[i];
            if (m->to > reach[m->from])
                reach[m->from] = m->to;
            any++;
        }
    return any;
}

static bool is_cue(const policy_lexicon *x, const policy_match *m)
{
    return !strncmp(policy_lexicon_class_name(x, m->class_id), "cue.", 4);
}

/* Drop what stands wholly inside a mask, but for cues: "tracking shot" is no shooting, and yet it may
 * follow a director's name. reach[i] becomes the farthest end of masks that begin at
 * or before word i. */
static cohl_status apply_masks(policy_reading *r, const policy_lexicon *x, int mask, cohl_error *err)
{
    uint32_t kept = 0, *reach = calloc(r->fold.count + 1, sizeof *reach);
    if (!reach)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a text of %u words", r->fold.count);
    if (longest_mask(reach, r, mask)) {
        for (uint32_t i = 1; i <= r->fold.count; i++)
            if (reach[i - 1] > reach[i])
                reach[i] = reach[i - 1];
        for (uint32_t i = 0; i < r->match_count; i++)
            if (r->match[i].class_id == mask || r->match[i].to > reach[r->match[i].from] || is_cue(x, &r->match[i]))
                r->match[kept++] = r->match[i];
        r->match_count = kept;
    }
    free(reach);
    return COHL_OK;
}

cohl_status policy_reading_sort(policy_reading *r, const policy_lexicon *x, int mask, cohl_error *err)
{
    uint32_t classes = (uint32_t)policy_lexicon_class_count(x);
    cohl_status st = apply_masks(r, x, mask, err);
    if (st)
        return st;
    if (!room_for_order(r, classes) || r->failed)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for %u matches", r->match_count);
    order_by_class(r, classes);
    return COHL_OK;
}

void policy_reading_free(policy_reading *r)
{
    policy_fold_free(&r->fold);
    free(r->first);
    free(r->edge);
    free(r->match);
    free(r->class_at);
    free(r->sorting);
    *r = (policy_reading){ 0 };
}
