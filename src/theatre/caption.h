/* caption.h - what a language must know to tell a scene. Private to the theatre.
 *
 * caption.c chooses what is said and in which order; a grammar says it. Lists end with
 * NULL; lower case throughout, since the beginning of a sentence is made great later. */
#ifndef COHL_THEATRE_CAPTION_H
#define COHL_THEATRE_CAPTION_H

#include "base/rng.h"
#include "theatre/scene.h"

typedef void cohl_grammar_write(cohl_text *text, cohl_rng *rng, const cohl_actor *actor);

typedef struct cohl_grammar {
    cohl_grammar_write *subject;    /* "a red balloon"                         */
    cohl_grammar_write *again;      /* "the red balloon"                       */
    cohl_grammar_write *tag;        /* "red balloon"                           */
    cohl_grammar_write *deed;       /* "drifts to the right"                   */
    cohl_grammar_write *doing;      /* "drifting to the right", "qui dérive"   */
    void (*after)(cohl_text *text, cohl_rng *rng, double seconds); /* "after one second" */
    const char *const *and_;        /* between two clauses                     */
    const char *const *with;        /* before a second subject at rest         */
    const char *const *there_is;    /* "there is "                             */
    const char *const *rests;       /* ", then stays still"                    */
    const char *const *at_once;     /* "from the start"                        */
    const char *const *all_along;   /* " during the whole shot"                */
    const char *const *nobody;      /* "an empty stage"                        */
    const char *place[3];           /* on the left, in the middle, on the right */
    const char *const *light[COHL_DAYTIME_COUNT];   /* "low orange light"      */
} cohl_grammar;

/* Where a subject goes, by whether it goes right. */
typedef struct cohl_whither {
    const char *const *goes[2];     /* " to the left", " to the right"         */
    const char *leaves[2];          /* " on the left", " on the right"         */
    const char *arrives[2];         /* " from the right", " from the left"     */
} cohl_whither;

/* Said half the time, of actions that lead somewhere. */
void cohl_caption_whither(cohl_text *text, cohl_rng *rng, const cohl_whither *words, const cohl_actor *actor);

extern const cohl_grammar cohl_grammar_english, cohl_grammar_french;

/* One of a list, each as likely. */
const char *cohl_caption_pick(cohl_rng *rng, const char *const *list);

#endif
