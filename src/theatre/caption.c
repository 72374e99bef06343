/* caption.c - a scene told in words, short or dense, in a hundred ways.
 *
 * What is said is the same in every language: who does what, where, when, and what the
 * camera does. Patterns differ in order; synonyms come from the film's tables; the
 * grammar of a language joins them. Everything follows from (scene, variant), so a
 * caption can be written again by whoever needs it. A static camera is often left
 * unsaid, as people leave it. */
#include "theatre/caption.h"

#include <math.h>
#include <string.h>

enum { STREAM_CAPTION = 0x63617074 };

/* One caption being written. */
typedef struct telling {
    const cohl_scene   *scene;
    const cohl_grammar *grammar;
    cohl_text          *text;
    cohl_rng            rng;
    bool                french;
} telling;

const char *cohl_caption_pick(cohl_rng *rng, const char *const *list)
{
    uint32_t count = 0;
    while (list[count]) count++;
    return list[cohl_rng_below(rng, count)];
}

void cohl_caption_whither(cohl_text *text, cohl_rng *rng, const cohl_whither *words, const cohl_actor *actor)
{
    bool right = actor->side > 0;
    switch (actor->action) {
    case COHL_ACTION_DRIFT: case COHL_ACTION_WALK: case COHL_ACTION_ROLL:
    case COHL_ACTION_FLY: case COHL_ACTION_SWIM:
        if (cohl_rng_below(rng, 2))
            cohl_text_add(text, cohl_caption_pick(rng, words->goes[right]));
        break;
    case COHL_ACTION_LEAVE:
        if (cohl_rng_below(rng, 2))
            cohl_text_add(text, words->leaves[right]);
        break;
    case COHL_ACTION_ARRIVE:
        if (cohl_rng_below(rng, 2))
            cohl_text_add(text, words->arrives[right]);
        break;
    default:
        break;
    }
}

static bool chance(telling *t, double probability)
{
    return cohl_rng_uniform(&t->rng) < probability;
}

static void say(telling *t, const char *words)
{
    cohl_text_add(t->text, words);
}

static void say_one_of(telling *t, const char *const *list)
{
    say(t, cohl_caption_pick(&t->rng, list));
}

static void say_word(telling *t, cohl_word_kind kind, int entry)
{
    const cohl_word *word = &cohl_words_of(kind)[entry];
    say_one_of(t, t->french ? word->french : word->english);
}

static void say_actor(telling *t, cohl_grammar_write *write, int i)
{
    write(t->text, &t->rng, &t->scene->actor[i]);
}

static void say_setting(telling *t) { say_word(t, COHL_WORD_SETTING, t->scene->setting); }
static void say_time(telling *t)    { say_word(t, COHL_WORD_DAYTIME, t->scene->daytime); }
static void say_camera(telling *t)  { say_word(t, COHL_WORD_MOVE, t->scene->move); }

static bool rests(const telling *t, int i)
{
    return t->scene->actor[i].action == COHL_ACTION_STAND;
}

/* Where and when, in either order. */
static void say_circumstances(telling *t)
{
    bool first = chance(t, 0.7);
    if (first) say_setting(t); else say_time(t);
    say(t, chance(t, 0.8) ? " " : ", ");
    if (first) say_time(t); else say_setting(t);
}

/* ---- short ----------------------------------------------------------------------- */

/* "a red dog jumps"; at rest often just "a red dog". */
static void say_clause(telling *t, int i, bool participle)
{
    say_actor(t, t->grammar->subject, i);
    if (rests(t, i) && chance(t, 0.5)) return;
    say(t, " ");
    say_actor(t, participle ? t->grammar->doing : t->grammar->deed, i);
}

static void say_everyone(telling *t)
{
    bool participle = chance(t, 0.35);
    int  count = t->scene->actor_count;
    if (count == 0) say_one_of(t, t->grammar->nobody);
    for (int i = 0; i < count; i++) {
        if (i && rests(t, i) && chance(t, 0.6)) {
            say_one_of(t, t->grammar->with);
            say_actor(t, t->grammar->subject, i);
            continue;
        }
        if (i && i + 1 < count) say(t, ", ");
        else if (i && participle) say(t, t->french ? " et " : " and ");
        else if (i) say_one_of(t, t->grammar->and_);
        say_clause(t, i, participle);
    }
}

/* Keywords, as people who are in a hurry write: "red dog, jumps, beach, noon". */
static void tell_in_tags(telling *t)
{
    for (int i = 0; i < t->scene->actor_count; i++) {
        say_actor(t, t->grammar->tag, i);
        if (!rests(t, i) || chance(t, 0.5)) {
            say(t, chance(t, 0.5) ? ", " : " ");
            say_actor(t, t->grammar->deed, i);
        }
        say(t, ", ");
    }
    if (t->scene->actor_count == 0) {
        say_one_of(t, t->grammar->nobody);
        say(t, ", ");
    }
    say_setting(t);
    say(t, ", ");
    say_time(t);
}

static void tell_short(telling *t)
{
    bool camera = t->scene->frames > 1 &&
                  (t->scene->move != COHL_MOVE_STATIC || chance(t, 0.5));
    uint32_t pattern = cohl_rng_below(&t->rng, 10);
    const char *colon = t->french ? " : " : ": ";
    bool opens = camera && chance(t, 0.2);
    if (opens) {
        say_camera(t);
        say(t, chance(t, 0.5) ? colon : ", ");
        camera = false;
    }
    if (pattern < 5) {
        say_everyone(t);
        say(t, t->scene->actor_count > 1 && chance(t, 0.6) ? ", " : " ");
        say_circumstances(t);
    } else if (pattern < 7) {
        say_circumstances(t);
        say(t, opens || chance(t, 0.8) ? ", " : colon);
        say_everyone(t);
    } else if (pattern < 9) {
        bool time_first = chance(t, 0.5);
        if (time_first) say_time(t); else say_setting(t);
        say(t, ", ");
        say_everyone(t);
        say(t, " ");
        if (time_first) say_setting(t); else say_time(t);
    } else {
        tell_in_tags(t);
    }
    if (!camera) return;
    say(t, chance(t, 0.7) ? ", " : ". ");
    say_camera(t);
}

/* ---- dense ----------------------------------------------------------------------- */

/* 0 left, 1 middle, 2 right, where the actor is while it can be seen best. */
static int place_of(const cohl_scene *scene, int i)
{
    const cohl_actor *actor = &scene->actor[i];
    double last = (scene->frames - 1) / scene->fps, seconds = 0.5 * last, middle[3], x, y;
    if (actor->action == COHL_ACTION_LEAVE)  seconds = fmax(actor->begin, 0.0);
    if (actor->action == COHL_ACTION_ARRIVE) seconds = last;
    cohl_camera camera = cohl_scene_camera(scene, seconds);
    cohl_scene_actor_middle(scene, i, seconds, middle);
    cohl_scene_project(scene, &camera, middle, &x, &y);
    return x < 0.43 * scene->width ? 0 : x > 0.57 * scene->width ? 2 : 1;
}

static void say_who_is_where(telling *t)
{
    int count = t->scene->actor_count;
    if (count == 0) {
        say_one_of(t, t->grammar->nobody);
        return;
    }
    say_one_of(t, t->grammar->there_is);
    for (int i = 0; i < count; i++) {
        if (i) say(t, i + 1 < count ? ", " : t->french ? " et " : " and ");
        say_actor(t, t->grammar->subject, i);
        say(t, " ");
        say(t, t->grammar->place[place_of(t->scene, i)]);
    }
}

/* "After one second, the dog jumps, then rests." */
static void say_event(telling *t, int i)
{
    const cohl_actor *actor = &t->scene->actor[i];
    double last = (t->scene->frames - 1) / t->scene->fps;
    say(t, ". ");
    if (!rests(t, i) && actor->begin >= 0.4) {
        t->grammar->after(t->text, &t->rng, actor->begin);
        say(t, ", ");
    } else if (!rests(t, i) && last > 0.0 && chance(t, 0.35)) {
        say_one_of(t, t->grammar->at_once);
        say(t, ", ");
    }
    say_actor(t, t->grammar->again, i);
    say(t, " ");
    say_actor(t, t->grammar->deed, i);
    if (!rests(t, i) && actor->end < last - 0.6 && actor->action != COHL_ACTION_LEAVE)
        say_one_of(t, t->grammar->rests);
}

/* Actors in the order in which they begin. */
static void say_events(telling *t)
{
    bool said[COHL_ACTORS_MAX] = { false };
    for (int n = 0; n < t->scene->actor_count; n++) {
        int next = -1;
        for (int i = 0; i < t->scene->actor_count; i++)
            if (!said[i] && (next < 0 || t->scene->actor[i].begin < t->scene->actor[next].begin))
                next = i;
        said[next] = true;
        if (!rests(t, next) || chance(t, 0.7)) say_event(t, next);
    }
}

static void say_move(telling *t)
{
    if (t->scene->frames == 1 || (t->scene->move == COHL_MOVE_STATIC && chance(t, 0.3))) return;
    say(t, ". ");
    say_camera(t);
    if (t->scene->move != COHL_MOVE_WHIP_PAN && chance(t, 0.3)) say_one_of(t, t->grammar->all_along);
}

static void tell_densely(telling *t)
{
    bool camera_first = chance(t, 0.25);
    if (chance(t, 0.6)) {
        say_circumstances(t);
        say(t, ", ");
        say_who_is_where(t);
    } else {
        say_who_is_where(t);
        say(t, ", ");
        say_circumstances(t);
    }
    if (chance(t, 0.4)) {
        say(t, ". ");
        say_one_of(t, t->grammar->light[t->scene->daytime]);
    }
    if (camera_first) say_move(t);
    say_events(t);
    if (!camera_first) say_move(t);
}

/* ---- letters --------------------------------------------------------------------- */

/* ASCII small letters, and the accented ones of U+00E0..U+00FE, whose capitals stand 32
 * before them (one byte, C3 A0..BE, in UTF-8). */
static void make_capital(char *letter)
{
    unsigned char *c = (unsigned char *)letter;
    if (*c >= 'a' && *c <= 'z') *c = (unsigned char)(*c - 32);
    else if (c[0] == 0xc3 && c[1] >= 0xa0 && c[1] <= 0xbe) c[1] = (unsigned char)(c[1] - 32);
}

static void make_sentences(cohl_text *text)
{
    if (text->failed || text->size == 0) return;
    make_capital(text->data);
    for (char *dot = strstr(text->data, ". "); dot; dot = strstr(dot + 1, ". "))
        make_capital(dot + 2);
    cohl_text_add(text, ".");
}

void cohl_scene_caption(const cohl_scene *scene, cohl_text *text, cohl_language language,
                        bool dense, uint64_t variant)
{
    bool    french = language == COHL_FRENCH;
    telling t = { .scene = scene, .text = text, .french = french,
                  .grammar = french ? &cohl_grammar_french : &cohl_grammar_english,
                  .rng = cohl_rng_make(cohl_rng_mix(scene->seed, variant),
                                       STREAM_CAPTION + language * 2 + dense) };
    text->size = 0;
    if (text->data) text->data[0] = 0;
    bool sentences = dense || chance(&t, 0.6);
    if (dense) tell_densely(&t);
    else       tell_short(&t);
    /* Without capitals there are no sentences: one line, parted by commas. */
    if (sentences) {
        make_sentences(text);
        return;
    }
    for (char *dot = text->failed ? NULL : strstr(text->data, ". "); dot; dot = strstr(dot, ". "))
        *dot = ',';
}
