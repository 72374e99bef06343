/* words.c - which table is which, and how a word that someone typed is found.
 *
 * People write "a Balloon", "le panoramique à droite", "the camera pans right". So
 * both sides are folded before they are compared: ASCII capitals become small, and
 * little words in front (articles, prepositions, "the camera") are set aside. */
#include "film/words.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "film/words_tables.h"

typedef struct word_table {
    const char      *name;
    const cohl_word *words;
    int              count;
} word_table;

static const word_table tables[COHL_WORD_KIND_COUNT] = {
    [COHL_WORD_SUBJECT] = { "subject", cohl_subject_words, COHL_SUBJECT_COUNT },
    [COHL_WORD_COLOUR]  = { "colour",  cohl_colour_words,  COHL_COLOUR_COUNT  },
    [COHL_WORD_SETTING] = { "setting", cohl_setting_words, COHL_SETTING_COUNT },
    [COHL_WORD_DAYTIME] = { "time",    cohl_daytime_words, COHL_DAYTIME_COUNT },
    [COHL_WORD_ACTION]  = { "action",  cohl_action_words,  COHL_ACTION_COUNT  },
    [COHL_WORD_MOVE]    = { "camera",  cohl_move_words,    COHL_MOVE_COUNT    },
};

static const char *const little_words[] = {
    "a ", "an ", "the ", "in ", "on ", "at ", "by ", "un ", "une ", "le ", "la ", "les ", "l'",
    "au ", "à ", "en ", "de ", "dans ", "sur ", "camera ", "caméra ",
};

const cohl_word *cohl_words_of(cohl_word_kind kind)
{
    assert(kind >= 0 && kind < COHL_WORD_KIND_COUNT);
    return tables[kind].words;
}

int cohl_word_count(cohl_word_kind kind)
{
    assert(kind >= 0 && kind < COHL_WORD_KIND_COUNT);
    return tables[kind].count;
}

const char *cohl_word_kind_name(cohl_word_kind kind)
{
    assert(kind >= 0 && kind < COHL_WORD_KIND_COUNT);
    return tables[kind].name;
}

/* text without the little words it begins with, and never empty unless it was. */
static const char *without_little_words(const char *text)
{
    size_t i = 0;
    while (i < sizeof little_words / sizeof *little_words) {
        size_t size = strlen(little_words[i]);
        if (strncasecmp(text, little_words[i], size) == 0 && text[size]) {
            text += size;
            i = 0;
        } else {
            i++;
        }
    }
    return text;
}

static bool same_word(const char *a, const char *b)
{
    return strcasecmp(without_little_words(a), without_little_words(b)) == 0;
}

static bool is_among(const char *text, const char *const *synonyms)
{
    for (; *synonyms; synonyms++)
        if (same_word(text, *synonyms)) return true;
    return false;
}

/* Names are tried before synonyms: "roll" is a move before it is part of another. */
int cohl_word_find(cohl_word_kind kind, const char *text)
{
    const cohl_word *words = cohl_words_of(kind);
    int count = cohl_word_count(kind);
    for (int i = 0; i < count; i++)
        if (same_word(text, words[i].name)) return i;
    for (int i = 0; i < count; i++)
        if (is_among(text, words[i].english) || is_among(text, words[i].french)) return i;
    return -1;
}
