/* register_ask.c - was this in training? */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/digest.h"
#include "base/file.h"
#include "film/words.h"
#include "theatre/scene.h"
#include "train/register.h"

enum { WORDS_IN_PHRASE = 4, TEXT_MAX = 2000 };

/* An answer while it is found. */
typedef struct asking {
    const cohl_register *reg;
    json_t *because;
    bool    yes;
} asking;

static void say(asking *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(asking *a, const char *format, ...)
{
    char line[700];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    json_array_append_new(a->because, json_string(line));
}

/* ---- files --------------------------------------------------------------- */

static void ask_file(asking *a)
{
    say(a, "no file was read in training: no picture, film, sound or text from elsewhere; every clip was rendered from a "
        "seed by src/theatre/");
}

/* ---- seeds --------------------------------------------------------------- */

typedef struct search { uint64_t seed; int64_t at; int frames; } search;

static bool is_it(void *user, const cohl_register_run *run, int64_t index, uint64_t seed, int frames)
{
    search *s = user;
    if (seed != s->seed)
        return true;
    s->at = index, s->frames = frames;
    return false;
}

static void ask_seed(asking *a, uint64_t seed)
{
    for (int i = 0; i < a->reg->run_count; i++) {
        const cohl_register_run *run = &a->reg->run[i];
        search s = { .seed = seed, .at = -1 };
        cohl_register_walk(run, is_it, &s);
        if (s.at < 0)
            continue;
        a->yes = true;
        if (run->kind == COHL_RUN_TOKENIZER)
            say(a, "the scene of this seed was captioned for the %s; its pictures were not shown to it", run->part);
        else
            say(a, "the scene of this seed was rendered for the %s: clip %lld, %d frames, act %d", run->part,
                (long long)s.at, s.frames, run->act);
    }
    if (!a->yes)
        say(a, "no scene of this seed was rendered or captioned for any of its %d runs", a->reg->run_count);
}

/* ---- words --------------------------------------------------------------- */

/* What of the vocabulary was met, by kind; -1: none. */
typedef struct met { int word[COHL_WORD_KIND_COUNT]; } met;

static int last_act(const cohl_register *reg, cohl_register_kind kind)
{
    int act = 0;
    for (int i = 0; i < reg->run_count; i++)
        if (reg->run[i].kind == kind && reg->run[i].act > act)
            act = reg->run[i].act;
    return act;
}

static void say_word(asking *a, int kind, int index)
{
    const cohl_word *word = &cohl_words_of(kind)[index];
    int needed = word->first_act ? 1 : 2;
    bool seen = last_act(a->reg, COHL_RUN_AUTOENCODER) >= needed, learned = last_act(a->reg, COHL_RUN_FILM) >= needed;
    a->yes = a->yes || seen || learned;
    say(a, "\"%s\" is a %s of the theatre's vocabulary, act %d: %s; as the renderer draws it, no photograph, film or work of "
        "others", word->name, cohl_word_kind_name(kind), needed,
        learned ? "in film and captions that the model learned from" :
        seen ? "in pictures that the autoencoder saw, in no caption that the model learned from" : "in none of its runs");
}

static void say_held_out(asking *a, const met *m)
{
    int s = m->word[COHL_WORD_SUBJECT], c = m->word[COHL_WORD_COLOUR], p = m->word[COHL_WORD_SETTING];
    int deed = m->word[COHL_WORD_ACTION];
    bool look = s >= 0 && c >= 0 && p >= 0 && cohl_held_out_look((cohl_subject)s, (cohl_colour)c, (cohl_setting)p);
    bool act = s >= 0 && deed >= 0 && cohl_held_out_deed((cohl_subject)s, (cohl_action)deed);
    if (!look && !act)
        return;
    a->yes = false;
    say(a, "together they are held out: no scene of training shows this %s", look ? "subject in this colour and setting"
                                                                                  : "subject doing this");
}

/* The longest phrase at word[at] that the vocabulary has; returns how many words, 0: none. */
static int match_phrase(char *const *word, int at, int count, int *kind, int *index)
{
    for (int size = count - at < WORDS_IN_PHRASE ? count - at : WORDS_IN_PHRASE; size > 0; size--) {
        char phrase[TEXT_MAX] = "";
        size_t used = 0;
        for (int i = 0; i < size; i++)
            used += (size_t)snprintf(phrase + used, sizeof phrase - used, "%s%s", i ? " " : "", word[at + i]);
        for (int k = 0; k < COHL_WORD_KIND_COUNT; k++)
            if ((*index = cohl_word_find(k, phrase)) >= 0) {
                *kind = k;
                return size;
            }
    }
    return 0;
}

static bool holds_word(const char *const *phrases, const char *word)
{
    size_t size = strlen(word);
    for (; *phrases; phrases++)
        for (const char *at = *phrases; (at = strcasestr(at, word)); at += size)
            if ((at == *phrases || at[-1] == ' ') && (!at[size] || at[size] == ' '))
                return true;
    return false;
}

/* One word of a phrase of the vocabulary: "ballon" of "un ballon de baudruche". */
static int match_part(const char *word, int *kind, int *index)
{
    for (*kind = 0; *kind < COHL_WORD_KIND_COUNT; ++*kind)
        for (*index = 0; *index < cohl_word_count(*kind); ++*index) {
            const cohl_word *w = &cohl_words_of(*kind)[*index];
            if (holds_word(w->english, word) || holds_word(w->french, word))
                return 1;
        }
    return 0;
}

static bool is_small(const char *word)
{
    static const char *const small[] = { "a", "an", "the", "in", "on", "at", "of", "and", "with", "un", "une", "le", "la",
                                         "les", "dans", "sur", "de", "du", "des", "et", "avec", "au" };
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        if (!strcasecmp(word, small[i]))
            return true;
    return false;
}

static void ask_words(asking *a, const char *what)
{
    char copy[TEXT_MAX], *word[TEXT_MAX / 2], *rest = NULL;
    int count = 0, strange = 0;
    met m;
    memset(&m, -1, sizeof m);
    snprintf(copy, sizeof copy, "%s", what);
    for (char *at = strtok_r(copy, " \t\n,.;:!?\"()", &rest); at; at = strtok_r(NULL, " \t\n,.;:!?\"()", &rest))
        word[count++] = at;
    for (int at = 0, size; at < count; at += size ? size : 1) {
        int kind, index;
        size = match_phrase(word, at, count, &kind, &index);
        if (!size && !is_small(word[at]))
            size = match_part(word[at], &kind, &index);
        if (size && m.word[kind] != index) {
            m.word[kind] = index;
            say_word(a, kind, index);
        } else if (!size && !is_small(word[at])) {
            strange++;
            say(a, "\"%.*s\" is no word of the vocabulary: no scene shows it and no caption says it on purpose",
                cohl_utf8_fit(word[at], 60), word[at]);
        }
    }
    say_held_out(a, &m);
    if (strange)
        a->yes = false;
    if (!count)
        say(a, "nothing was asked");
}

/* ---- the answer ---------------------------------------------------------- */

static bool is_digest(const char *text)
{
    size_t size = strspn(text, "0123456789abcdefABCDEF");
    return size == COHL_DIGEST_HEX - 1 && !text[size];
}

json_t *cohl_register_ask(const cohl_register *reg, const char *what)
{
    asking a = { .reg = reg, .because = json_array() };
    const char *as = "words";
    if (is_digest(what))
        as = "digest", ask_file(&a);
    else if (*what && !what[strspn(what, "0123456789")] && strlen(what) <= 20)
        as = "seed", ask_seed(&a, strtoull(what, NULL, 10));
    else if (cohl_file_exists(what))
        as = "file", ask_file(&a);
    else
        ask_words(&a, what);
    return json_pack("{s:s, s:s, s:s, s:o}", "asked", what, "as", as, "answer", a.yes ? "yes" : "no", "because",
                     a.because);
}
