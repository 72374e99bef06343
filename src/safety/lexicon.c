/* lexicon.c - phrases of classes: a trie over words. */
#include "safety/lexicon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a table of numbers by key ------------------------------------------- */

/* Open addressing over 64-bit keys; 0 is no key. Values of equal keys form no chain: the first
 * stays. */
typedef struct table {
    uint64_t *key;
    uint32_t *value;
    uint32_t  count, room;         /* room is a power of two */
} table;

static uint64_t mix(uint64_t x)
{
    x ^= x >> 31;
    x *= 0x9e3779b97f4a7c15u;
    return x ^ (x >> 29);
}

static uint32_t table_slot(const table *t, uint64_t key)
{
    uint32_t at = (uint32_t)mix(key) & (t->room - 1);
    while (t->key[at] && t->key[at] != key)
        at = (at + 1) & (t->room - 1);
    return at;
}

static uint32_t table_get(const table *t, uint64_t key)
{
    if (!t->room)
        return 0;
    uint32_t at = table_slot(t, key);
    return t->key[at] ? t->value[at] : 0;
}

static bool table_grow(table *t)
{
    table larger = { .room = t->room ? t->room * 2 : 1024 };
    larger.key = calloc(larger.room, sizeof *larger.key);
    larger.value = calloc(larger.room, sizeof *larger.value);
    if (!larger.key || !larger.value) {
        free(larger.key);
        free(larger.value);
        return false;
    }
    for (uint32_t i = 0; i < t->room; i++)
        if (t->key[i]) {
            uint32_t at = table_slot(&larger, t->key[i]);
            larger.key[at] = t->key[i], larger.value[at] = t->value[i];
        }
    larger.count = t->count;
    free(t->key);
    free(t->value);
    *t = larger;
    return true;
}

/* The value of a key: what was there, or `value` put there now; 0 when memory is out. */
static uint32_t table_put(table *t, uint64_t key, uint32_t value)
{
    if (t->count * 2 >= t->room && !table_grow(t))
        return 0;
    uint32_t at = table_slot(t, key);
    if (!t->key[at])
        t->key[at] = key, t->value[at] = value, t->count++;
    return t->value[at];
}

static void table_free(table *t)
{
    free(t->key);
    free(t->value);
}

/* ---- words --------------------------------------------------------------- */

/* FNV-1a, 64 bits (Fowler, Noll, Vo): goes on letter by letter, so every beginning of a word has
 * its hash on the way. */
enum { HASH_WORD = 1, HASH_BEGINNING = 2, HASH_COLLAPSED = 3, HASH_GAP = 4 };

static uint64_t hash_begin(int kind) { return 0xcbf29ce484222325u ^ (uint64_t)kind * 0x9e3779b97f4a7c15u; }
static uint64_t hash_step(uint64_t h, char c) { return (h ^ (unsigned char)c) * 0x100000001b3u; }

static uint64_t hash_of(int kind, const char *letters, size_t size)
{
    uint64_t h = hash_begin(kind);
    for (size_t i = 0; i < size; i++)
        h = hash_step(h, letters[i]);
    return h | 1;
}

typedef struct word_text { uint32_t letters; uint8_t size, flags; } word_text;

struct policy_lexicon {
    char       **class_name;
    int          class_count, class_room, class_last;   /* the last that was asked for: most often the next too */
    table        words;              /* hash of a word -> its number           */
    table        collapsed, gaps;    /* ... without doubles, without one letter */
    table        children;           /* node << 32 | word -> node              */
    word_text   *word;               /* by number; [0] stands for none */
    uint32_t     word_count, word_room;
    char        *letters;
    uint32_t     letters_size, letters_room;
    int32_t     *first;              /* by node: its first mark, -1 */
    uint32_t     node_count, node_room;
    policy_mark *mark;
    uint32_t     mark_count, mark_room;
    policy_fold  fold;               /* scratch of policy_lexicon_add */
    uint8_t      beginning[256];     /* shortest and longest: no need to look for others */
};

static bool more(void **data, uint32_t count, uint32_t *room, size_t each)
{
    if (count < *room)
        return true;
    uint32_t wanted = *room ? *room * 2 : 256;
    void *larger = realloc(*data, wanted * each);
    if (!larger)
        return false;
    *data = larger, *room = wanted;
    return true;
}

size_t policy_collapse(char *out, const char *letters, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++)
        if (!i || letters[i] != letters[i - 1])
            out[n++] = letters[i];
    return n;
}

/* Each way to leave one letter out, for policy_lexicon_near (Garbe's symmetric delete). */
static bool add_gaps(policy_lexicon *x, const char *letters, size_t size, policy_word word)
{
    char gap[POLICY_WORD_MAX];
    bool fine = table_put(&x->gaps, hash_of(HASH_GAP, letters, size), word) != 0;
    for (size_t skip = 1; skip < size && fine; skip++) {
        memcpy(gap, letters, skip);
        memcpy(gap + skip, letters + skip + 1, size - skip - 1);
        fine = table_put(&x->gaps, hash_of(HASH_GAP, gap, size - 1), word) != 0;
    }
    return fine;
}

static bool know_evasions(policy_lexicon *x, policy_word word, int flags)
{
    const word_text *w = &x->word[word];
    const char *letters = x->letters + w->letters;
    char single[POLICY_WORD_MAX];
    uint8_t fresh = (uint8_t)(flags & ~w->flags);
    bool fine = true;
    if (fresh & POLICY_EVASION) {
        size_t n = policy_collapse(single, letters, w->size);
        fine = n < 3 || table_put(&x->collapsed, hash_of(HASH_COLLAPSED, single, n), word);
    }
    if ((fresh & POLICY_FUZZY) && w->size >= 6)
        fine = fine && add_gaps(x, letters, w->size, word);
    x->word[word].flags |= (uint8_t)flags;
    return fine;
}

/* The number of a word or (with a beginning) of all that begin so; new ones are made. */
static policy_word intern(policy_lexicon *x, const char *letters, size_t size, bool beginning, int flags)
{
    uint64_t hash = hash_of(beginning ? HASH_BEGINNING : HASH_WORD, letters, size);
    policy_word word = table_get(&x->words, hash);
    if (!word) {
        if (!more((void **)&x->word, x->word_count, &x->word_room, sizeof *x->word))
            return 0;
        while (x->letters_size + size > x->letters_room)
            if (!more((void **)&x->letters, x->letters_room, &x->letters_room, 1))
                return 0;
        word = x->word_count++;
        x->word[word] = (word_text){ x->letters_size, (uint8_t)size, 0 };
        memcpy(x->letters + x->letters_size, letters, size);
        x->letters_size += (uint32_t)size;
        if (!table_put(&x->words, hash, word))
            return 0;
        if (beginning)
            x->beginning[size] = 1;
    }
    return beginning || know_evasions(x, word, flags) ? word : 0;
}

policy_word policy_lexicon_word(const policy_lexicon *x, const char *letters, size_t size)
{
    return table_get(&x->words, hash_of(HASH_WORD, letters, size));
}

int policy_lexicon_words(const policy_lexicon *x, const char *letters, size_t size, policy_word id[POLICY_WORD_IDS_MAX])
{
    int count = 0;
    uint64_t h = hash_begin(HASH_BEGINNING);
    policy_word whole = policy_lexicon_word(x, letters, size);
    if (whole)
        id[count++] = whole;
    for (size_t i = 0; i < size && count < POLICY_WORD_IDS_MAX; i++) {
        h = hash_step(h, letters[i]);
        policy_word word = x->beginning[i + 1] ? table_get(&x->words, h | 1) : 0;
        if (word)
            id[count++] = word;
    }
    return count;
}

uint8_t policy_lexicon_word_flags(const policy_lexicon *x, policy_word word) { return x->word[word].flags; }

policy_word policy_lexicon_collapsed(const policy_lexicon *x, const char *letters, size_t size)
{
    return table_get(&x->collapsed, hash_of(HASH_COLLAPSED, letters, size));
}

/* One letter more, less, other, or two swapped. */
static bool one_edit(const char *a, size_t n, const char *b, size_t m)
{
    size_t head = 0, tail = 0;
    while (head < n && head < m && a[head] == b[head])
        head++;
    while (tail < n - head && tail < m - head && a[n - 1 - tail] == b[m - 1 - tail])
        tail++;
    size_t p = n - head - tail, q = m - head - tail;
    return (p <= 1 && q <= 1) || (p == 2 && q == 2 && a[head] == b[head + 1] && a[head + 1] == b[head]);
}

static policy_word near_by(const policy_lexicon *x, const char *key, size_t key_size, const char *letters, size_t size)
{
    policy_word word = table_get(&x->gaps, hash_of(HASH_GAP, key, key_size));
    if (!word)
        return 0;
    const word_text *w = &x->word[word];
    return one_edit(x->letters + w->letters, w->size, letters, size) ? word : 0;
}

policy_word policy_lexicon_near(const policy_lexicon *x, const char *letters, size_t size)
{
    char gap[POLICY_WORD_MAX];
    policy_word word = near_by(x, letters, size, letters, size);
    for (size_t skip = 1; skip < size && !word; skip++) {
        memcpy(gap, letters, skip);
        memcpy(gap + skip, letters + skip + 1, size - skip - 1);
        word = near_by(x, gap, size - 1, letters, size);
    }
    return word;
}

/* ---- the trie ------------------------------------------------------------ */

int32_t policy_lexicon_step(const policy_lexicon *x, int32_t node, policy_word word)
{
    uint32_t next = table_get(&x->children, (uint64_t)(uint32_t)node << 32 | word);
    return next ? (int32_t)next : -1;
}

static int32_t step_or_make(policy_lexicon *x, int32_t node, policy_word word)
{
    int32_t next = policy_lexicon_step(x, node, word);
    if (next >= 0)
        return next;
    if (!more((void **)&x->first, x->node_count, &x->node_room, sizeof *x->first))
        return -1;
    x->first[x->node_count] = -1;
    if (!table_put(&x->children, (uint64_t)(uint32_t)node << 32 | word, x->node_count))
        return -1;
    return (int32_t)x->node_count++;
}

const policy_mark *policy_lexicon_mark(const policy_lexicon *x, int32_t index)
{
    return index < 0 ? NULL : &x->mark[index];
}

const policy_mark *policy_lexicon_marks(const policy_lexicon *x, int32_t node)
{
    return policy_lexicon_mark(x, x->first[node]);
}

static bool put_mark(policy_lexicon *x, int32_t node, policy_mark mark)
{
    if (!more((void **)&x->mark, x->mark_count, &x->mark_room, sizeof *x->mark))
        return false;
    mark.next = x->first[node];
    x->first[node] = (int32_t)x->mark_count;
    x->mark[x->mark_count++] = mark;
    return true;
}

/* The words of a phrase; -1 when memory is out. */
static int phrase_words(policy_lexicon *x, const policy_fold *fold, const char *phrase, int flags,
                        policy_word word[POLICY_PHRASE_WORDS_MAX])
{
    int count = 0;
    for (uint32_t i = 0; i < fold->count && count < POLICY_PHRASE_WORDS_MAX; i++) {
        const policy_token *t = &fold->token[i];
        size_t size = t->size;
        const char *letters = policy_letters(fold, t);
        word[count] = intern(x, letters, size, phrase[t->to] == '*', flags);
        if (!word[count++])
            return -1;
    }
    return count;
}

/* "spider man" is also found as "spiderman", in a file's name or glued on purpose. */
static cohl_status add_glued(policy_lexicon *x, const policy_fold *fold, policy_mark mark)
{
    char glued[POLICY_WORD_MAX];
    size_t size = 0;
    for (uint32_t i = 0; i < fold->count; i++) {
        const policy_token *t = &fold->token[i];
        if (size + t->size > sizeof glued || memchr(policy_letters(fold, t), '*', t->size))
            return COHL_OK;
        memcpy(glued + size, policy_letters(fold, t), t->size);
        size += t->size;
    }
    if (size < 7)
        return COHL_OK;
    policy_word word = intern(x, glued, size, false, mark.flags & ~POLICY_FUZZY);
    int32_t node = word ? step_or_make(x, 0, word) : -1;
    mark.words = 1;
    mark.flags &= (uint8_t)~POLICY_FUZZY;       /* glued and misspelt at once is another word */
    return node > 0 && put_mark(x, node, mark) ? COHL_OK : COHL_ERR_MEMORY;
}

static cohl_status add_words(policy_lexicon *x, const char *phrase, policy_mark mark, cohl_error *err)
{
    policy_word word[POLICY_PHRASE_WORDS_MAX];
    int32_t node = 0;
    int count = phrase_words(x, &x->fold, phrase, mark.flags, word);
    mark.words = (uint8_t)x->fold.count;
    mark.letters = x->fold.letters_size > 255 ? 255 : (uint8_t)x->fold.letters_size;
    for (int i = 0; i < count && node >= 0; i++)
        node = step_or_make(x, node, word[i]);
    if (count < 0 || node < 0 || !put_mark(x, node, mark) ||
        ((mark.flags & POLICY_EVASION) && count > 1 && add_glued(x, &x->fold, mark)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for the policy's words");
    return COHL_OK;
}

cohl_status policy_lexicon_add(policy_lexicon *x, const char *phrase, policy_mark mark, cohl_error *err)
{
    cohl_status st = policy_fold_text(&x->fold, phrase, strlen(phrase), err);
    if (st)
        return st;
    if (!x->fold.count || x->fold.count > POLICY_PHRASE_WORDS_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT, "\"%.80s\" has %u words, expected 1 to %d", phrase, x->fold.count,
                         POLICY_PHRASE_WORDS_MAX);
    return add_words(x, phrase, mark, err);
}

/* ---- classes ------------------------------------------------------------- */

int policy_lexicon_class(policy_lexicon *x, const char *name)
{
    if (x->class_last < x->class_count && !strcmp(x->class_name[x->class_last], name))
        return x->class_last;
    for (int i = 0; i < x->class_count; i++)
        if (!strcmp(x->class_name[i], name))
            return x->class_last = i;
    uint32_t room = (uint32_t)x->class_room;
    if (!more((void **)&x->class_name, (uint32_t)x->class_count, &room, sizeof *x->class_name))
        return -1;
    x->class_room = (int)room;
    if (!(x->class_name[x->class_count] = strdup(name)))
        return -1;
    return x->class_count++;
}

int policy_lexicon_class_count(const policy_lexicon *x) { return x->class_count; }
const char *policy_lexicon_class_name(const policy_lexicon *x, int class_id) { return x->class_name[class_id]; }

/* ---- new and free -------------------------------------------------------- */

policy_lexicon *policy_lexicon_new(void)
{
    policy_lexicon *x = calloc(1, sizeof *x);
    if (!x || !more((void **)&x->word, 0, &x->word_room, sizeof *x->word) ||
        !more((void **)&x->first, 0, &x->node_room, sizeof *x->first)) {
        policy_lexicon_free(x);
        return NULL;
    }
    x->word[0] = (word_text){ 0 };
    x->word_count = 1;
    x->first[0] = -1;
    x->node_count = 1;
    return x;
}

void policy_lexicon_free(policy_lexicon *x)
{
    if (!x)
        return;
    for (int i = 0; i < x->class_count; i++)
        free(x->class_name[i]);
    free(x->class_name);
    table_free(&x->words);
    table_free(&x->collapsed);
    table_free(&x->gaps);
    table_free(&x->children);
    free(x->word);
    free(x->letters);
    free(x->first);
    free(x->mark);
    policy_fold_free(&x->fold);
    free(x);
}
