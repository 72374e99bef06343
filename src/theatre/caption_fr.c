/* caption_fr.c - how French tells a scene.
 *
 * Nouns carry their article in the film's table, so gender is read from it; adjectives
 * of colour follow the noun and agree with it, except those that never do (orange,
 * marron, and every compound: "une maison vert vif"). */
#include <stddef.h>
#include <string.h>

#include "theatre/caption.h"

#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

typedef struct colour_forms { const char *masculine, *feminine, *feminine_plural; } colour_forms;

enum { FORMS_MAX = 3 };   /* colours with fewer repeat their plainest */

static const colour_forms colours[COHL_COLOUR_COUNT][FORMS_MAX] = {
    [COHL_COLOUR_RED]    = { { "rouge", "rouge", "rouges" }, { "rouge", "rouge", "rouges" },
                             { "rouge vif", "rouge vif", "rouge vif" } },
    [COHL_COLOUR_YELLOW] = { { "jaune", "jaune", "jaunes" }, { "jaune", "jaune", "jaunes" },
                             { "jaune vif", "jaune vif", "jaune vif" } },
    [COHL_COLOUR_GREEN]  = { { "vert", "verte", "vertes" }, { "vert", "verte", "vertes" },
                             { "vert vif", "vert vif", "vert vif" } },
    [COHL_COLOUR_BLUE]   = { { "bleu", "bleue", "bleues" }, { "bleu", "bleue", "bleues" },
                             { "bleu vif", "bleu vif", "bleu vif" } },
    [COHL_COLOUR_PURPLE] = { { "violet", "violette", "violettes" },
                             { "violet", "violette", "violettes" },
                             { "pourpre", "pourpre", "pourpres" } },
    [COHL_COLOUR_ORANGE] = { { "orange", "orange", "orange" }, { "orange", "orange", "orange" },
                             { "orangé", "orangée", "orangées" } },
    [COHL_COLOUR_WHITE]  = { { "blanc", "blanche", "blanches" }, { "blanc", "blanche", "blanches" },
                             { "tout blanc", "toute blanche", "toutes blanches" } },
    [COHL_COLOUR_BLACK]  = { { "noir", "noire", "noires" }, { "noir", "noire", "noires" },
                             { "tout noir", "toute noire", "toutes noires" } },
    [COHL_COLOUR_PINK]   = { { "rose", "rose", "roses" }, { "rose", "rose", "roses" },
                             { "rose vif", "rose vif", "rose vif" } },
    [COHL_COLOUR_BROWN]  = { { "brun", "brune", "brunes" }, { "marron", "marron", "marron" },
                             { "marron", "marron", "marron" } },
};

/* # is the noun with its article, % the colour agreeing with it, $ the colour in the
 * masculine, & in the feminine plural, for coats and bands, ^ in the feminine; ~ is the
 * "e" of a participle that agrees with the noun. Others are "# %". */
static const char *const *const special_noun[COHL_SUBJECT_COUNT] = {
    [COHL_SUBJECT_PERSON] = LIST("# en manteau $", "# au manteau $", "# vêtu~ d'un manteau $",
                                 "# portant un manteau $"),
    [COHL_SUBJECT_BALLOON_HEAD] = LIST("un homme avec un ballon $ à la place de la tête",
        "un homme à tête de ballon $", "un homme dont la tête est un ballon $",
        "une personne dont la tête est un ballon $", "un personnage à tête de ballon $"),
    [COHL_SUBJECT_HOUSE]      = LIST("# %", "# %", "# aux murs peints en $"),
    [COHL_SUBJECT_TREE]       = LIST("# %", "# %", "# au feuillage $", "# aux feuilles &"),
    [COHL_SUBJECT_BOAT]       = LIST("# %", "# %", "# à coque ^"),
    [COHL_SUBJECT_LIGHTHOUSE] = LIST("# %", "# %", "# à bandes &"),
};

/* After "the": one plain noun a subject, its article, and how it is said again. */
static const char *const again_noun[COHL_SUBJECT_COUNT] = {
    [COHL_SUBJECT_BALLOON] = "le ballon", [COHL_SUBJECT_PERSON] = "la personne",
    [COHL_SUBJECT_BALLOON_HEAD] = "l'homme au ballon", [COHL_SUBJECT_BALL] = "la balle",
    [COHL_SUBJECT_HOUSE] = "la maison", [COHL_SUBJECT_TREE] = "l'arbre",
    [COHL_SUBJECT_BOAT] = "le bateau", [COHL_SUBJECT_DOG] = "le chien",
    [COHL_SUBJECT_CUBE] = "le cube", [COHL_SUBJECT_CHAIR] = "la chaise",
    [COHL_SUBJECT_BIRD] = "l'oiseau", [COHL_SUBJECT_FISH] = "le poisson",
    [COHL_SUBJECT_OCTOPUS] = "la pieuvre", [COHL_SUBJECT_CRAB] = "le crabe",
    [COHL_SUBJECT_CAR] = "la voiture", [COHL_SUBJECT_TRAIN] = "le train",
    [COHL_SUBJECT_LIGHTHOUSE] = "le phare",
};

static bool is_feminine(const char *noun)
{
    return strncmp(noun, "une ", 4) == 0 || strncmp(noun, "la ", 3) == 0;
}

/* A form with its noun and colour; without_article for keywords. */
static void write_form(cohl_text *text, cohl_rng *rng, const cohl_actor *actor,
                       bool without_article)
{
    const cohl_word *subject = &cohl_words_of(COHL_WORD_SUBJECT)[actor->subject];
    const char *const *forms = special_noun[actor->subject];
    const char *form = forms ? cohl_caption_pick(rng, forms) : "# %";
    const char *noun = cohl_caption_pick(rng, subject->french);
    const colour_forms *colour = &colours[actor->colour][cohl_rng_below(rng, FORMS_MAX)];
    bool feminine = is_feminine(noun);
    if (without_article && *form != '#') form = strchr(form, ' ') + 1;
    for (; *form; form++) {
        if (*form == '#')      cohl_text_add(text, without_article ? strchr(noun, ' ') + 1 : noun);
        else if (*form == '%') cohl_text_add(text, feminine ? colour->feminine : colour->masculine);
        else if (*form == '$') cohl_text_add(text, colour->masculine);
        else if (*form == '^') cohl_text_add(text, colour->feminine);
        else if (*form == '~') cohl_text_add(text, feminine ? "e" : "");
        else if (*form == '&') cohl_text_add(text, colour->feminine_plural);
        else                   cohl_text_add_bytes(text, form, 1);
    }
}

static void write_subject(cohl_text *text, cohl_rng *rng, const cohl_actor *actor)
{
    write_form(text, rng, actor, false);
}

static void write_tag(cohl_text *text, cohl_rng *rng, const cohl_actor *actor)
{
    write_form(text, rng, actor, true);
}

static void write_again(cohl_text *text, cohl_rng *rng, const cohl_actor *actor)
{
    const char *noun = again_noun[actor->subject];
    const colour_forms *colour = &colours[actor->colour][0];
    cohl_text_add(text, noun);
    if (actor->subject == COHL_SUBJECT_PERSON)
        cohl_text_addf(text, " en %s", colour->masculine);
    else if (actor->subject == COHL_SUBJECT_BALLOON_HEAD)
        cohl_text_addf(text, " %s", colour->masculine);
    else
        cohl_text_addf(text, " %s", is_feminine(noun) ? colour->feminine : colour->masculine);
}

static const cohl_whither whither = {
    .goes    = { LIST(" vers la gauche", " de droite à gauche"), LIST(" vers la droite", " de gauche à droite") },
    .leaves  = { " par la gauche", " par la droite" },
    .arrives = { " par la droite", " par la gauche" },
};

static void write_deed(cohl_text *text, cohl_rng *rng, const cohl_actor *actor)
{
    const cohl_word *action = &cohl_words_of(COHL_WORD_ACTION)[actor->action];
    cohl_text_add(text, cohl_caption_pick(rng, action->french));
    cohl_caption_whither(text, rng, &whither, actor);
}

static void write_doing(cohl_text *text, cohl_rng *rng, const cohl_actor *actor)
{
    cohl_text_add(text, "qui ");
    write_deed(text, rng, actor);
}

static void write_after(cohl_text *text, cohl_rng *rng, double seconds)
{
    static const char *const said[] = { "un instant", "une demi-seconde", "une seconde",
        "une seconde et demie", "deux secondes", "deux secondes et demie", "trois secondes",
        "trois secondes et demie", "quatre secondes" };
    int halves = (int)(2.0 * seconds + 0.5);
    if (halves > 8)
        cohl_text_addf(text, "après %d secondes", (halves + 1) / 2);
    else if (cohl_rng_below(rng, 4))
        cohl_text_addf(text, "après %s", said[halves]);
    else
        cohl_text_addf(text, "au bout d%s%s", said[halves][0] == 'u' ? "'" : "e ", said[halves]);
}

const cohl_grammar cohl_grammar_french = {
    .subject = write_subject, .again = write_again, .tag = write_tag,
    .deed = write_deed, .doing = write_doing, .after = write_after,
    .and_      = LIST(" et ", " tandis qu'", " pendant qu'", ", "),
    .with      = LIST(" à côté d'", " près d'", " avec "),
    .there_is  = LIST("il y a ", "on voit ", "", ""),
    .rests     = LIST(", puis reste immobile", " puis s'arrête"),
    .at_once   = LIST("dès le début", "aussitôt", "tout de suite"),
    .all_along = LIST(" pendant tout le plan", " du début à la fin"),
    .nobody    = LIST("une scène vide", "un paysage vide", "un décor vide", "personne"),
    .place     = { "à gauche", "au milieu", "à droite" },
    .light = {
        [COHL_DAYTIME_MORNING] = LIST("la lumière est douce et fraîche", "lumière du matin"),
        [COHL_DAYTIME_NOON]    = LIST("la lumière est vive et blanche", "ombres courtes"),
        [COHL_DAYTIME_SUNSET]  = LIST("la lumière est basse et orangée", "ombres longues"),
        [COHL_DAYTIME_NIGHT]   = LIST("la lumière est bleue et faible", "clair de lune bleu"),
    },
};
