/* words_tables.h - the tables behind words.h, one file a group. Private to the room. */
#ifndef COHL_FILM_WORDS_TABLES_H
#define COHL_FILM_WORDS_TABLES_H

#include <stddef.h>

#include "film/words.h"

extern const cohl_word cohl_subject_words[COHL_SUBJECT_COUNT];
extern const cohl_word cohl_colour_words[COHL_COLOUR_COUNT];
extern const cohl_word cohl_setting_words[COHL_SETTING_COUNT];
extern const cohl_word cohl_daytime_words[COHL_DAYTIME_COUNT];
extern const cohl_word cohl_action_words[COHL_ACTION_COUNT];
extern const cohl_word cohl_move_words[COHL_MOVE_COUNT];

/* A list of synonyms: WORDS("a", "b"), ended by NULL. */
#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

#endif
