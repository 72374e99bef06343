/* vocabulary.c - which words a model was taught, and what is near to one that it was not. */
#include "engine/vocabulary.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "film/words.h"

enum { WORD_BYTES = 64, TABLE_BYTES_MAX = 64 << 20 };

typedef struct word_list {
    char **word;       /* [count], sorted once `settled` */
    int    count, room;
    bool   failed;
} word_list;

struct cohl_vocabulary {
    word_list picture;     /* what may be seen or done: words of the act  */
    word_list later;       /* the same of the act that was not taught     */
    word_list filler;      /* whatever else captions are made of          */
};

/* Words that carry no picture, which people use and captions may lack. */
static const char *const plain_words[] = {
    "a", "about", "across", "after", "again", "all", "along", "also", "an", "and", "are", "as", "at", "away",
    "before", "behind", "both", "but", "by", "down", "each", "for", "from", "has", "he", "her", "here", "his",
    "i", "in", "into", "is", "it", "its", "let", "like", "me", "near", "no", "not", "of", "off", "on", "once",
    "one", "only", "or", "out", "over", "past", "please", "s", "shot", "she", "so", "still", "that", "the",
    "their", "then", "there", "they", "this", "through", "to", "toward", "towards", "under", "until", "up",
    "very", "we", "while", "who", "whose", "with", "without", "film", "video", "scene", "camera",
    "à", "après", "au", "aux", "avant", "avec", "ce", "cette", "dans", "d", "de", "derrière", "des", "deux",
    "devant", "du", "elle", "en", "entre", "est", "et", "il", "l", "la", "le", "les", "leur", "lui", "mais",
    "n", "ne", "où", "ou", "par", "pas", "pendant", "plan", "plus", "pour", "près", "puis", "qu", "que", "qui",
    "sa", "sans", "se", "ses", "son", "sont", "sous", "sur", "très", "un", "une", "vers", "vidéo", "y",
    "caméra",
};

/* Common words that no model of the theatre knows, and what comes nearest. */
static const struct { const char *word, *near; } kin[] = {
    { "cat", "dog" }, { "kitten", "dog" }, { "horse", "dog" }, { "wolf", "dog" }, { "fox", "dog" },
    { "animal", "dog" }, { "chat", "chien" }, { "cheval", "chien" }, { "loup", "chien" }, { "animal", "chien" },
    { "boy", "man" }, { "girl", "woman" }, { "child", "person" }, { "king", "man" }, { "queen", "woman" },
    { "robot", "person" }, { "people", "person" }, { "garçon", "homme" }, { "fille", "femme" },
    { "enfant", "personne" }, { "roi", "homme" }, { "reine", "femme" }, { "sphere", "ball" },
    { "football", "ball" }, { "castle", "house" }, { "building", "house" }, { "church", "house" },
    { "hut", "house" }, { "château", "maison" }, { "église", "maison" }, { "immeuble", "maison" },
    { "flower", "tree" }, { "bush", "tree" }, { "palm", "tree" }, { "fleur", "arbre" }, { "buisson", "arbre" },
    { "yacht", "boat" }, { "canoe", "boat" }, { "navire", "bateau" }, { "rocket", "balloon" },
    { "kite", "balloon" }, { "plane", "bird" }, { "airplane", "bird" }, { "eagle", "bird" }, { "duck", "bird" },
    { "avion", "oiseau" }, { "aigle", "oiseau" }, { "bus", "car" }, { "truck", "car" }, { "bicycle", "car" },
    { "camion", "voiture" }, { "vélo", "voiture" }, { "tower", "lighthouse" }, { "tour", "phare" },
    { "table", "chair" }, { "stool", "chair" }, { "sofa", "chair" }, { "shark", "fish" }, { "whale", "fish" },
    { "requin", "poisson" }, { "baleine", "poisson" }, { "grey", "white" }, { "gray", "white" },
    { "gold", "yellow" }, { "golden", "yellow" }, { "silver", "white" }, { "violet", "purple" },
    { "turquoise", "blue" }, { "beige", "white" }, { "gris", "blanc" }, { "doré", "jaune" },
    { "town", "village" }, { "street", "village" }, { "park", "meadow" }, { "field", "meadow" },
    { "grass", "meadow" }, { "garden", "meadow" }, { "sea", "beach" }, { "ocean", "beach" }, { "lake", "beach" },
    { "sand", "beach" }, { "mountain", "snow" }, { "ice", "snow" }, { "winter", "snow" }, { "ville", "village" },
    { "rue", "village" }, { "parc", "prairie" }, { "champ", "prairie" }, { "jardin", "prairie" },
    { "mer", "plage" }, { "océan", "plage" }, { "lac", "plage" }, { "montagne", "neige" }, { "hiver", "neige" },
    { "dawn", "morning" }, { "sunrise", "morning" }, { "day", "noon" }, { "evening", "sunset" },
    { "dusk", "sunset" }, { "midnight", "night" }, { "aube", "matin" }, { "jour", "midi" }, { "soir", "coucher" },
    { "runs", "walks" }, { "run", "walks" }, { "running", "walks" }, { "goes", "walks" }, { "moves", "walks" },
    { "dances", "turns" }, { "court", "marche" }, { "danse", "tourne" }, { "floats", "drifts" },
    { "hops", "jumps" }, { "disappears", "leaves" },
};

/* ---- lists of words ------------------------------------------------------ */

static int compare_words(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list_add(word_list *list, const char *word)
{
    if (list->count == list->room) {
        int room = list->room ? 2 * list->room : 256;
        char **grown = realloc(list->word, (size_t)room * sizeof *grown);
        if (!grown) {
            list->failed = true;
            return;
        }
        list->word = grown, list->room = room;
    }
    char *own = strdup(word);
    if (own)
        list->word[list->count++] = own;
    else
        list->failed = true;
}

static void list_settle(word_list *list)
{
    if (list->count)
        qsort(list->word, (size_t)list->count, sizeof *list->word, compare_words);
}

static bool list_has(const word_list *list, const char *word)
{
    return list->count && bsearch(&word, list->word, (size_t)list->count, sizeof word, compare_words);
}

static void list_free(word_list *list)
{
    for (int i = 0; i < list->count; i++)
        free(list->word[i]);
    free(list->word);
}

/* ---- words of a text ----------------------------------------------------- */

/* Bytes at `at` that part words: white space and punctuation of ASCII, and the typographic
 * quotes, dashes and dots (U+2010..U+203F), guillemets and the hard space. */
static int separator(const unsigned char *at)
{
    if (*at < 0x80)
        return isalnum(*at) ? 0 : 1;
    if (at[0] == 0xe2 && at[1] == 0x80)
        return at[2] ? 3 : 2;
    if (at[0] == 0xc2 && (at[1] == 0xa0 || at[1] == 0xab || at[1] == 0xbb))
        return 2;
    return 0;
}

/* The next word in small letters (ASCII and Latin-1), cut to fit; false at the end. */
static bool next_word(const char **text, char word[WORD_BYTES])
{
    const unsigned char *at = (const unsigned char *)*text;
    size_t size = 0;
    int skip;
    while (*at && (skip = separator(at)))
        at += skip;
    while (*at && !separator(at)) {
        unsigned char byte = *at, before = size ? (unsigned char)word[size - 1] : 0;
        if (byte < 0x80)
            byte = (unsigned char)tolower(byte);
        else if (before == 0xc3 && byte >= 0x80 && byte <= 0x9e && byte != 0x97)
            byte = (unsigned char)(byte + 0x20);
        if (size < WORD_BYTES - 1)
            word[size++] = (char)byte;
        at++;
    }
    while (size && cohl_utf8_check(word, size) < size)    /* a letter that was cut in two */
        size--;
    word[size] = 0;
    *text = (const char *)at;
    return size > 0;
}

static void add_words(word_list *list, const char *text)
{
    char word[WORD_BYTES];
    while (next_word(&text, word))
        list_add(list, word);
}

/* ---- what was taught ----------------------------------------------------- */

static void add_entries(cohl_vocabulary *v, int act)
{
    for (int kind = 0; kind < COHL_WORD_KIND_COUNT; kind++)
        for (int i = 0; i < cohl_word_count(kind); i++) {
            const cohl_word *entry = &cohl_words_of(kind)[i];
            word_list *list = act > 1 || entry->first_act ? &v->picture : &v->later;
            add_words(list, entry->name);
            for (const char *const *word = entry->english; *word; word++)
                add_words(list, *word);
            for (const char *const *word = entry->french; *word; word++)
                add_words(list, *word);
        }
}

/* The words of the tokenizer's table: what stands before the tab of each line. */
static cohl_status add_table(word_list *list, const char *path, cohl_error *err)
{
    char *text;
    if (!cohl_file_exists(path))
        return COHL_OK;
    cohl_status st = cohl_file_read(&text, NULL, path, TABLE_BYTES_MAX, err);
    if (st)
        return st;
    for (char *line = text, *next; line && *line; line = next) {
        if ((next = strchr(line, '\n')))
            *next++ = 0;
        line[strcspn(line, "\t")] = 0;
        if (*line != '#')
            add_words(list, line);
    }
    free(text);
    return COHL_OK;
}

cohl_status cohl_vocabulary_new(cohl_vocabulary **out, int act, const char *words_path, cohl_error *err)
{
    cohl_vocabulary *v = *out = calloc(1, sizeof *v);
    if (!v)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a vocabulary");
    add_entries(v, act);
    for (size_t i = 0; i < sizeof plain_words / sizeof *plain_words; i++)
        list_add(&v->filler, plain_words[i]);
    cohl_status st = add_table(&v->filler, words_path, err);
    if (!st && (v->picture.failed || v->later.failed || v->filler.failed))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a vocabulary");
    list_settle(&v->picture);
    list_settle(&v->later);
    list_settle(&v->filler);
    if (st) {
        cohl_vocabulary_free(v);
        *out = NULL;
    }
    return st;
}

void cohl_vocabulary_free(cohl_vocabulary *v)
{
    if (!v)
        return;
    list_free(&v->picture);
    list_free(&v->later);
    list_free(&v->filler);
    free(v);
}

/* ---- what was not -------------------------------------------------------- */

static bool is_plain(const char *word)
{
    for (size_t i = 0; i < sizeof plain_words / sizeof *plain_words; i++)
        if (!strcmp(plain_words[i], word))
            return true;
    return false;
}

static bool is_taught(const cohl_vocabulary *v, const char *word)
{
    if (list_has(&v->picture, word) || is_plain(word))
        return true;
    return !list_has(&v->later, word) && list_has(&v->filler, word);
}

/* Kin first; else the taught word with the fewest letters changed, at most a third of them. */
static const char *nearest(const cohl_vocabulary *v, const char *word)
{
    const char *best = "";
    int least = (int)strlen(word) / 3 + 1;
    for (size_t i = 0; i < sizeof kin / sizeof *kin; i++)
        if (!strcmp(kin[i].word, word) && list_has(&v->picture, kin[i].near))
            return kin[i].near;
    for (int i = 0; i < v->picture.count; i++) {
        int distance = strlen(v->picture.word[i]) > 2 ? cohl_text_distance(word, v->picture.word[i]) : least;
        if (distance < least)
            least = distance, best = v->picture.word[i];
    }
    return best;
}

int cohl_vocabulary_unknown(const cohl_vocabulary *v, const char *prompt, cohl_unknown_word *out, int most)
{
    char word[WORD_BYTES];
    int count = 0;
    while (count < most && next_word(&prompt, word)) {
        bool seen = is_taught(v, word);
        for (int i = 0; i < count && !seen; i++)
            seen = !strcmp(out[i].word, word);
        if (seen)
            continue;
        snprintf(out[count].word, sizeof out[count].word, "%s", word);
        snprintf(out[count].nearest, sizeof out[count].nearest, "%s", nearest(v, word));
        count++;
    }
    return count;
}
