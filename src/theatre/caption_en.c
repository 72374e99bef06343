/* caption_en.c - how English tells a scene. */
#include <stddef.h>
#include <string.h>

#include "theatre/caption.h"

#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

/* Colours attach as people say it: % is the colour with no article, * is "a" or "an"
 * before it, # a synonym of the subject. The others are "% #". */
static const char *const *const special_noun[COHL_SUBJECT_COUNT] = {
    [COHL_SUBJECT_PERSON] = LIST("# in * % coat", "# wearing * % coat", "# dressed in %"),
    [COHL_SUBJECT_BALLOON_HEAD] = LIST("man with * % balloon for a head",
        "man whose head is * % balloon", "person with * % balloon instead of a head",
        "figure with * % balloon for a head", "balloon-headed man with * % balloon"),
    [COHL_SUBJECT_HOUSE] = LIST("% #", "% #", "# with % walls", "# painted %"),
    [COHL_SUBJECT_TREE] = LIST("% #", "% #", "# with % leaves"),
    [COHL_SUBJECT_BOAT] = LIST("% #", "% #", "# with * % hull"),
    [COHL_SUBJECT_LIGHTHOUSE] = LIST("% #", "% #", "# with % bands"),
};

/* The -ing forms, in the order of the table of actions. */
static const char *const *const participles[COHL_ACTION_COUNT] = {
    [COHL_ACTION_DRIFT]  = LIST("drifting", "floating along", "gliding slowly"),
    [COHL_ACTION_BOUNCE] = LIST("bouncing", "bouncing up and down"),
    [COHL_ACTION_WALK]   = LIST("walking", "strolling", "walking along"),
    [COHL_ACTION_JUMP]   = LIST("jumping", "leaping", "jumping high"),
    [COHL_ACTION_TURN]   = LIST("turning around", "turning right round"),
    [COHL_ACTION_LEAVE]  = LIST("leaving the frame", "going away", "moving out of frame"),
    [COHL_ACTION_ROLL]   = LIST("rolling", "rolling along", "rolling over the ground"),
    [COHL_ACTION_WAVE]   = LIST("waving", "waving hello"),
    [COHL_ACTION_SPIN]   = LIST("spinning", "spinning around", "whirling round and round"),
    [COHL_ACTION_FLY]    = LIST("flying", "flying past", "flying through the air"),
    [COHL_ACTION_SWIM]   = LIST("swimming", "swimming along", "swimming through the air"),
    [COHL_ACTION_ARRIVE] = LIST("arriving", "coming in", "entering the frame"),
    [COHL_ACTION_STAND]  = LIST("standing still", "staying still", "not moving"),
};

static bool begins_with_a_vowel(const char *word)
{
    return strchr("aeio", word[0]) != NULL;
}

/* A form with its colour and noun: "* % coat" becomes "an orange coat". */
static void write_form(cohl_text *text, cohl_rng *rng, const cohl_actor *actor)
{
    const cohl_word *subject = &cohl_words_of(COHL_WORD_SUBJECT)[actor->subject];
    const char *const *forms = special_noun[actor->subject];
    const char *form = forms ? cohl_caption_pick(rng, forms) : "% #";
    const char *colour = cohl_caption_pick(rng,
                             cohl_words_of(COHL_WORD_COLOUR)[actor->colour].english);
    for (; *form; form++) {
        if (*form == '%')      cohl_text_add(text, colour);
        else if (*form == '#') cohl_text_add(text, cohl_caption_pick(rng, subject->english));
        else if (*form == '*') cohl_text_add(text, begins_with_a_vowel(colour) ? "an" : "a");
        else                   cohl_text_add_bytes(text, form, 1);
    }
}

static void write_subject(cohl_text *text, cohl_rng *rng, const cohl_actor *actor)
{
    cohl_text phrase = { 0 };
    write_form(&phrase, rng, actor);
    if (!phrase.failed && phrase.data) {
        cohl_text_add(text, begins_with_a_vowel(phrase.data) ? "an " : "a ");
        cohl_text_add(text, phrase.data);
    } else {
        text->failed = true;
    }
    cohl_text_free(&phrase);
}

static void write_again(cohl_text *text, cohl_rng *rng, const cohl_actor *actor)
{
    cohl_text_add(text, "the ");
    if (actor->subject == COHL_SUBJECT_BALLOON_HEAD) {
        cohl_text_add(text, "man with the ");
        cohl_text_add(text, cohl_words_of(COHL_WORD_COLOUR)[actor->colour].name);
        cohl_text_add(text, " balloon");
    } else if (actor->subject == COHL_SUBJECT_PERSON) {
        cohl_text_addf(text, "person in %s", cohl_words_of(COHL_WORD_COLOUR)[actor->colour].name);
    } else {
        cohl_text_addf(text, "%s %s", cohl_words_of(COHL_WORD_COLOUR)[actor->colour].name,
                       cohl_words_of(COHL_WORD_SUBJECT)[actor->subject].name);
    }
}

static const cohl_whither whither = {
    .goes    = { LIST(" to the left", " from right to left", " towards the left"),
                 LIST(" to the right", " from left to right", " towards the right") },
    .leaves  = { " on the left", " on the right" },
    .arrives = { " from the right", " from the left" },
};

static void write_deed(cohl_text *text, cohl_rng *rng, const cohl_actor *actor)
{
    const cohl_word *action = &cohl_words_of(COHL_WORD_ACTION)[actor->action];
    cohl_text_add(text, cohl_caption_pick(rng, action->english));
    cohl_caption_whither(text, rng, &whither, actor);
}

static void write_doing(cohl_text *text, cohl_rng *rng, const cohl_actor *actor)
{
    cohl_text_add(text, cohl_caption_pick(rng, participles[actor->action]));
    cohl_caption_whither(text, rng, &whither, actor);
}

/* Half seconds: nobody says more. */
static void write_after(cohl_text *text, cohl_rng *rng, double seconds)
{
    static const char *const said[] = { "a moment", "half a second", "one second",
        "one and a half seconds", "two seconds", "two and a half seconds", "three seconds",
        "three and a half seconds", "four seconds" };
    int halves = (int)(2.0 * seconds + 0.5);
    if (halves < 9) cohl_text_addf(text, "after %s", said[halves]);
    else            cohl_text_addf(text, "after %d seconds", (halves + 1) / 2);
}

const cohl_grammar cohl_grammar_english = {
    .subject = write_subject, .again = write_again, .tag = write_form,
    .deed = write_deed, .doing = write_doing, .after = write_after,
    .and_      = LIST(" and ", " while ", ", and ", ", "),
    .with      = LIST(" next to ", " beside ", " near "),
    .there_is  = LIST("there is ", "we see ", "", ""),
    .rests     = LIST(", then stays still", " and then rests", ", then stops"),
    .at_once   = LIST("from the start", "right away", "at once"),
    .all_along = LIST(" during the whole shot", " from start to end"),
    .nobody    = LIST("an empty stage", "an empty landscape", "nobody", "empty scenery"),
    .place     = { "on the left", "in the middle", "on the right" },
    .light = {
        [COHL_DAYTIME_MORNING] = LIST("the light is soft and cool", "cool morning light"),
        [COHL_DAYTIME_NOON]    = LIST("the light is bright and white", "short shadows"),
        [COHL_DAYTIME_SUNSET]  = LIST("the light is low and orange", "long shadows"),
        [COHL_DAYTIME_NIGHT]   = LIST("the light is blue and dim", "blue moonlight"),
    },
};
