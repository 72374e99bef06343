/* proper.c - names that no list has: words with capitals in a row. */
#include "safety/proper.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_WORDS_MAX = 5 };

/* Words in a row: nothing but a space, a dash or the dot of an initial between them. */
static bool adjacent(const policy_reading *r, const char *text, uint32_t at)
{
    const policy_token *a = &r->fold.token[at - 1], *b = &r->fold.token[at];
    size_t size = b->from - a->to;
    const char *between = text + a->to;
    return size == 0 || (size == 1 && (*between == ' ' || *between == '-')) ||
           (size == 2 && !memcmp(between, ". ", 2) && a->size == 1);
}

/* "A Knight In A Forest": capitals tell nothing there. */
static bool is_titled(const policy_reading *r)
{
    uint32_t words = 0, capitals = 0;
    for (uint32_t i = 0; i < r->fold.count; i++)
        if (r->fold.token[i].size > 2)
            words++, capitals += r->fold.token[i].capital;
    return words >= 5 && capitals * 10 > words * 7;
}

static bool stands_alone(const policy_reading *r, const policy_lexicon *x, uint32_t at)
{
    const policy_token *t = &r->fold.token[at];
    policy_word word = policy_lexicon_word(x, policy_letters(&r->fold, t), t->size);
    return !word || !(policy_lexicon_word_flags(x, word) & POLICY_COMMON);
}

static void add_name(const policy_proper *p, policy_reading *r, const policy_lexicon *x, uint32_t from, uint32_t to)
{
    bool own = false;
    for (uint32_t i = from; i < to; i++)
        own |= r->fold.token[i].size > 2 && stands_alone(r, x, i);
    if (!own || (to - from == 1 && (r->fold.token[from].first || r->fold.token[from].size < 3)))
        return;
    policy_reading_add(r, (policy_match){ to - from > 1 ? p->full : p->single, UINT32_MAX, from, to, 1 });
}

enum { FREE_WORD = 0, BARRED = 1, PARTICLE = 2 };

static void mark_words(char *kind, const policy_reading *r, int class_id, char as)
{
    for (uint32_t i = r->class_at[class_id]; i < r->class_at[class_id + 1]; i++)
        memset(kind + r->match[i].from, as, r->match[i].to - r->match[i].from);
}

/* For each word whether it may be part of a name; NULL when memory is out. */
static char *kinds_of_words(const policy_proper *p, const policy_reading *r)
{
    char *kind = calloc(r->fold.count + 1, 1);
    if (kind)
        mark_words(kind, r, p->particle, PARTICLE);
    for (int c = 0; kind && c < p->not_name_count; c++)
        mark_words(kind, r, p->not_name[c], BARRED);
    return kind;
}

/* Where a name that begins at word `at` ends. */
static uint32_t name_end(const policy_reading *r, const char *kind, const char *text, uint32_t at)
{
    uint32_t end = at + 1, last = end;
    while (end < r->fold.count && end - at < NAME_WORDS_MAX && adjacent(r, text, end) && kind[end] != BARRED) {
        if (r->fold.token[end].capital)
            last = end + 1;
        else if (kind[end] != PARTICLE)
            break;
        end++;
    }
    return last;
}

void policy_proper_find(const policy_proper *p, policy_reading *r, const policy_lexicon *x, const char *text)
{
    if (is_titled(r))
        return;
    char *kind = kinds_of_words(p, r);
    r->failed |= !kind;
    for (uint32_t at = 0; kind && at < r->fold.count;) {
        const policy_token *t = &r->fold.token[at];
        if (!t->capital || kind[at] == BARRED || (t->first && !stands_alone(r, x, at))) {
            at++;
            continue;
        }
        uint32_t end = name_end(r, kind, text, at);
        add_name(p, r, x, at, end);
        at = end;
    }
    free(kind);
}
