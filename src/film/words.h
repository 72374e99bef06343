/* words.h - the vocabulary of film and of the toy theatre, as tables.
 *
 * One list for renderer, captions, controls, critic, help and bench: whoever
 * speaks of a subject, a colour or a camera move walks these tables. An entry's
 * place in its table is its number everywhere (critic classes, labels,
 * checkpoints), so new entries go to the end.
 *
 *     for (int i = 0; i < COHL_COLOUR_COUNT; i++)
 *         puts(cohl_words_of(COHL_WORD_COLOUR)[i].name);
 */
#ifndef COHL_FILM_WORDS_H
#define COHL_FILM_WORDS_H

#include <stdbool.h>

typedef enum cohl_subject {
    COHL_SUBJECT_BALLOON, COHL_SUBJECT_PERSON, COHL_SUBJECT_BALLOON_HEAD, COHL_SUBJECT_BALL,
    COHL_SUBJECT_HOUSE, COHL_SUBJECT_TREE, COHL_SUBJECT_BOAT, COHL_SUBJECT_DOG,   /* first act */
    COHL_SUBJECT_CUBE, COHL_SUBJECT_CHAIR, COHL_SUBJECT_BIRD, COHL_SUBJECT_FISH,
    COHL_SUBJECT_OCTOPUS, COHL_SUBJECT_CRAB, COHL_SUBJECT_CAR, COHL_SUBJECT_TRAIN,
    COHL_SUBJECT_LIGHTHOUSE,
    COHL_SUBJECT_COUNT
} cohl_subject;

typedef enum cohl_colour {
    COHL_COLOUR_RED, COHL_COLOUR_YELLOW, COHL_COLOUR_GREEN, COHL_COLOUR_BLUE,
    COHL_COLOUR_PURPLE, COHL_COLOUR_ORANGE, COHL_COLOUR_WHITE, COHL_COLOUR_BLACK, /* first act */
    COHL_COLOUR_PINK, COHL_COLOUR_BROWN,
    COHL_COLOUR_COUNT
} cohl_colour;

typedef enum cohl_setting {
    COHL_SETTING_VILLAGE, COHL_SETTING_MEADOW, COHL_SETTING_BEACH, COHL_SETTING_DESERT,
    COHL_SETTING_SNOW,                                                            /* first act */
    COHL_SETTING_FOREST, COHL_SETTING_CITY, COHL_SETTING_MOON,
    COHL_SETTING_COUNT
} cohl_setting;

typedef enum cohl_daytime {
    COHL_DAYTIME_MORNING, COHL_DAYTIME_NOON, COHL_DAYTIME_SUNSET, COHL_DAYTIME_NIGHT,
    COHL_DAYTIME_COUNT
} cohl_daytime;

typedef enum cohl_action {
    COHL_ACTION_DRIFT, COHL_ACTION_BOUNCE, COHL_ACTION_WALK, COHL_ACTION_JUMP,
    COHL_ACTION_TURN, COHL_ACTION_LEAVE,                                          /* first act */
    COHL_ACTION_ROLL, COHL_ACTION_WAVE, COHL_ACTION_SPIN, COHL_ACTION_FLY,
    COHL_ACTION_SWIM, COHL_ACTION_ARRIVE,
    COHL_ACTION_STAND,           /* does nothing; not counted among the twelve, both acts */
    COHL_ACTION_COUNT
} cohl_action;

typedef enum cohl_move {
    COHL_MOVE_STATIC, COHL_MOVE_PAN_LEFT, COHL_MOVE_PAN_RIGHT, COHL_MOVE_TILT_UP,
    COHL_MOVE_TILT_DOWN, COHL_MOVE_DOLLY_IN, COHL_MOVE_DOLLY_OUT, COHL_MOVE_ORBIT_RIGHT, /* first act */
    COHL_MOVE_ORBIT_LEFT, COHL_MOVE_TRUCK_LEFT, COHL_MOVE_TRUCK_RIGHT,
    COHL_MOVE_PEDESTAL_UP, COHL_MOVE_PEDESTAL_DOWN, COHL_MOVE_ZOOM_IN, COHL_MOVE_ZOOM_OUT,
    COHL_MOVE_ROLL, COHL_MOVE_CRANE, COHL_MOVE_TRACKING, COHL_MOVE_HANDHELD,
    COHL_MOVE_WHIP_PAN, COHL_MOVE_DOLLY_ZOOM,
    COHL_MOVE_COUNT
} cohl_move;

typedef enum cohl_word_kind {
    COHL_WORD_SUBJECT, COHL_WORD_COLOUR, COHL_WORD_SETTING, COHL_WORD_DAYTIME,
    COHL_WORD_ACTION, COHL_WORD_MOVE,
    COHL_WORD_KIND_COUNT
} cohl_word_kind;

/* One word of film. name is what a user types, a label says, JSON carries. */
typedef struct cohl_word {
    const char *name;              /* "balloon", "pan right"                    */
    const char *about;             /* one line for help                         */
    bool        first_act;
    const char *const *english;    /* synonyms, as a caption says them; NULL ends */
    const char *const *french;     /* the same                                  */
} cohl_word;

/* The table of a kind, cohl_word_count(kind) entries. */
const cohl_word *cohl_words_of(cohl_word_kind kind);
int              cohl_word_count(cohl_word_kind kind);
/* "subject", "colour", "setting", "time", "action", "camera". */
const char      *cohl_word_kind_name(cohl_word_kind kind);
/* The entry whose name or a synonym is text (case ignored), or -1. */
int              cohl_word_find(cohl_word_kind kind, const char *text);

#endif
