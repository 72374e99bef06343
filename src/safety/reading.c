/* reading.c - what the words of a text may mean: the edges. */
#include "safety/reading_edges.h"

#include <stdlib.h>
#include <string.h>

enum { SPELLINGS_MAX = 16, RUN_MAX = 24, GLUE_MAX = 4, FUZZY_LETTERS = 6 };

static void add_edge(policy_reading *r, uint32_t from, policy_edge edge)
{
    if (r->edge_count == r->edge_room) {
        uint32_t room = r->edge_room ? r->edge_room * 2 : 512;
        policy_edge *larger = realloc(r->edge, room * sizeof *larger);
        if (!larger) {
            r->failed = true;
            return;
        }
        r->edge = larger, r->edge_room = room;
    }
    edge.next = r->first[from];
    r->first[from] = (int32_t)r->edge_count;
    r->edge[r->edge_count++] = edge;
}

static bool is_common(const policy_lexicon *x, const char *letters, size_t size)
{
    policy_word word = policy_lexicon_word(x, letters, size);
    return word && (policy_lexicon_word_flags(x, word) & POLICY_COMMON);
}

/* ---- one word ------------------------------------------------------------ */

static bool add_word(policy_reading *r, const policy_lexicon *x, uint32_t at, const char *letters, size_t size)
{
    policy_word id[POLICY_WORD_IDS_MAX];
    int count = policy_lexicon_words(x, letters, size, id);
    for (int i = 0; i < count; i++)
        add_edge(r, at, (policy_edge){ .to = at + 1, .word = id[i], .letters = (uint8_t)size });
    return count > 0;
}

/* "stormtroopers" as stormtrooper, "witches" as witch; "gateaux" is "gateau" too. */
static bool add_singular(policy_reading *r, const policy_lexicon *x, uint32_t at, const char *letters, size_t size)
{
    bool any = false;
    if (size < 4 || (letters[size - 1] != 's' && letters[size - 1] != 'x'))
        return false;
    for (size_t cut = 1; cut <= 2 && size - cut >= 3; cut++) {
        policy_word word = policy_lexicon_word(x, letters, size - cut);
        if (word && (cut == 1 || (letters[size - 2] == 'e' && strchr("sxzho", letters[size - 3])))) {
            add_edge(r, at, (policy_edge){ .to = at + 1, .word = word, .letters = (uint8_t)size });
            any = true;
        }
    }
    return any;
}

/* What a digit or sign may stand for; "" = itself alone. */
static const char *stands_for(char c)
{
    switch (c) {
    case '0': return "o";
    case '1': return "il";
    case '2': return "z";
    case '3': return "e";
    case '4': case '@': return "a";
    case '5': case '$': return "s";
    case '6': return "g";
    case '7': return "t";
    case '8': return "b";
    case '9': return "g";
    case '!': case '|': return "il";
    case '*': case '#': return "aeiouycklmnrst";
    default:  return "";
    }
}

/* Every way to read the signs of a word, up to `most`. */
static int spell(char spelt[][POLICY_WORD_MAX], int most, const char *letters, size_t size)
{
    int count = 1;
    for (size_t i = 0; i < size; i++) {
        const char *means = stands_for(letters[i]);
        int before = count;
        for (int s = 0; s < before; s++)
            spelt[s][i] = *means ? *means : letters[i];
        for (const char *m = *means ? means + 1 : means; *m; m++)
            for (int s = 0; s < before && count < most; s++) {
                memcpy(spelt[count], spelt[s], i);
                spelt[count++][i] = *m;
            }
    }
    return count;
}

static bool has_letter(const char *letters, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((letters[i] >= 'a' && letters[i] <= 'z') || letters[i] < 0)
            return true;
    return false;
}

/* "h4rry": each spelling that a phrase has. */
static void add_spelt(policy_reading *r, const policy_lexicon *x, uint32_t at, const char *letters, size_t size)
{
    char spelt[SPELLINGS_MAX][POLICY_WORD_MAX];
    policy_word id[POLICY_WORD_IDS_MAX];
    if (!has_letter(letters, size))
        return;
    int spellings = spell(spelt, SPELLINGS_MAX, letters, size);
    for (int s = 0; s < spellings; s++) {
        int count = policy_lexicon_words(x, spelt[s], size, id);
        for (int i = 0; i < count; i++)
            add_edge(r, at, (policy_edge){ .to = at + 1, .word = id[i], .letters = (uint8_t)size, .bent = true });
        if (!count)
            add_singular(r, x, at, spelt[s], size);
    }
}

/* "nuude", "poorn": doubled letters that no ordinary word has. */
static void add_undoubled(policy_reading *r, const policy_lexicon *x, uint32_t at, const char *letters, size_t size)
{
    char single[POLICY_WORD_MAX];
    size_t n = policy_collapse(single, letters, size);
    policy_word word = n < size && n >= 3 ? policy_lexicon_collapsed(x, single, n) : 0;
    if (word)
        add_edge(r, at, (policy_edge){ .to = at + 1, .word = word, .letters = (uint8_t)n, .bent = true });
}

static void add_nearest(policy_reading *r, const policy_lexicon *x, uint32_t at, const char *letters, size_t size)
{
    policy_word word = size >= FUZZY_LETTERS ? policy_lexicon_near(x, letters, size) : 0;
    if (word)
        add_edge(r, at, (policy_edge){ .to = at + 1, .word = word, .letters = (uint8_t)size, .guessed = true });
}

static void read_word(policy_reading *r, const policy_lexicon *x, uint32_t at)
{
    const policy_token *t = &r->fold.token[at];
    const char *letters = policy_letters(&r->fold, t);
    bool known = add_word(r, x, at, letters, t->size);
    if (add_singular(r, x, at, letters, t->size) || is_common(x, letters, t->size))
        return;
    if (t->signs)
        add_spelt(r, x, at, letters, t->size);
    if (has_letter(letters, t->size) && (!known || !policy_lexicon_word(x, letters, t->size))) {
        add_undoubled(r, x, at, letters, t->size);
        add_nearest(r, x, at, letters, t->size);
    }
}

/* ---- several words as one ------------------------------------------------ */

static size_t glue(char out[POLICY_WORD_MAX], const policy_fold *fold, uint32_t from, uint32_t to)
{
    size_t size = 0;
    for (uint32_t i = from; i < to; i++) {
        const policy_token *t = &fold->token[i];
        if (size + t->size > POLICY_WORD_MAX || (i > from && !t->close))
            return 0;
        memcpy(out + size, policy_letters(fold, t), t->size);
        size += t->size;
    }
    return size;
}

static bool add_glued(policy_reading *r, const policy_lexicon *x, uint32_t from, uint32_t to, const char *letters, size_t size)
{
    char spelt[4][POLICY_WORD_MAX];
    int spellings = spell(spelt, 4, letters, size);
    for (int s = 0; s < spellings; s++) {
        policy_word word = policy_lexicon_word(x, spelt[s], size);
        if (word && (policy_lexicon_word_flags(x, word) & POLICY_EVASION)) {
            add_edge(r, from, (policy_edge){ .to = to, .word = word, .letters = (uint8_t)size, .bent = true });
            return true;
        }
    }
    return false;
}

/* "n u d e", "J.e.d.i": single letters in a row; each stretch of them that is a word. */
static uint32_t read_run(policy_reading *r, const policy_lexicon *x, uint32_t at)
{
    const policy_fold *fold = &r->fold;
    char letters[POLICY_WORD_MAX];
    uint32_t end = at;
    while (end < fold->count && fold->token[end].size == 1 && (end == at || fold->token[end].close) && end - at < 64)
        end++;
    for (uint32_t from = at; end - at >= 3 && from + 3 <= end; from++)
        for (uint32_t to = from + 3; to <= end && to - from <= RUN_MAX; to++) {
            size_t size = glue(letters, fold, from, to);
            add_glued(r, x, from, to, letters, size);
        }
    return end > at ? end : at + 1;
}

/* "Mi ckey", "por no": pieces of which one is no ordinary word, or a long name cut in two. */
static void read_pieces(policy_reading *r, const policy_lexicon *x, uint32_t at)
{
    const policy_fold *fold = &r->fold;
    char letters[POLICY_WORD_MAX];
    bool odd = !is_common(x, policy_letters(fold, &fold->token[at]), fold->token[at].size);
    for (uint32_t to = at + 2; to <= fold->count && to - at <= GLUE_MAX; to++) {
        const policy_token *last = &fold->token[to - 1];
        size_t size = glue(letters, fold, at, to);
        if (size < 4)
            return;
        odd |= !is_common(x, policy_letters(fold, last), last->size);
        if (size >= 9 || (odd && size >= 5))
            add_glued(r, x, at, to, letters, size);
    }
}

bool policy_read_edges(policy_reading *r, const policy_lexicon *x)
{
    uint32_t count = r->fold.count, run_end = 0;
    if (count + 1 > r->first_room) {
        int32_t *larger = realloc(r->first, (count + 1) * 2 * sizeof *larger);
        if (!larger)
            return false;
        r->first = larger, r->first_room = (count + 1) * 2;
    }
    memset(r->first, 0xff, (count + 1) * sizeof *r->first);
    r->edge_count = 0;
    for (uint32_t at = 0; at < count; at++) {
        read_word(r, x, at);
        if (at >= run_end)
            run_end = read_run(r, x, at);
        read_pieces(r, x, at);
    }
    return !r->failed;
}
