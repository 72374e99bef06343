/* scene.c - a seed becomes a scene: first its words, then its places.
 *
 * Words are drawn evenly (an action by its weight for the subject) and drawn again while
 * they contradict each other; places never change words, so no word becomes rare because
 * it is hard to frame. Streams of one seed: words here, places in staging.c. */
#include "theatre/scene.h"

#include <assert.h>
#include <string.h>

#include "base/rng.h"
#include "theatre/casting.h"
#include "theatre/staging.h"

enum { STREAM_WORDS = 0x776f7264, CAST_TRIES = 400 };

cohl_scene_request cohl_scene_request_default(void)
{
    return (cohl_scene_request){ .width = 320, .height = 192, .frames = 81, .fps = 16.0,
                                 .act = 2, .actors_min = 1, .actors_max = 2 };
}

/* An entry of the act, each as likely as the others. */
static int draw_word(cohl_rng *rng, cohl_word_kind kind, int act)
{
    for (;;) {
        int entry = (int)cohl_rng_below(rng, (uint32_t)cohl_word_count(kind));
        if (act > 1 || cohl_words_of(kind)[entry].first_act) return entry;
    }
}

static int weight_of(const cohl_scene *scene, cohl_subject subject, int action, int act,
                     bool first)
{
    double seconds = (scene->frames - 1) / scene->fps;
    if (act == 1 && !cohl_words_of(COHL_WORD_ACTION)[action].first_act) return 0;
    /* Only the first actor is followed; the others need not go along. */
    if (scene->move == COHL_MOVE_TRACKING && !first)
        return cohl_casting_crosses(action) ? 0 : cohl_casting_suits(subject, action);
    if (!cohl_casting_allows(scene->move, action, seconds)) return 0;
    return cohl_casting_suits(subject, action);
}

/* By weight among what the subject can do under this camera; -1: nothing. */
static int draw_action(cohl_rng *rng, const cohl_scene *scene, cohl_subject subject, int act,
                       bool first)
{
    int total = 0;
    for (int a = 0; a < COHL_ACTION_COUNT; a++)
        total += weight_of(scene, subject, a, act, first);
    if (total == 0) return -1;
    int left = (int)cohl_rng_below(rng, (uint32_t)total);
    for (int a = 0; a < COHL_ACTION_COUNT; a++) {
        left -= weight_of(scene, subject, a, act, first);
        if (left < 0) return a;
    }
    return -1;
}

/* Two actors must be told apart by their words: never the same colour, the same subject
 * only where colour says which. */
static bool is_distinct(const cohl_scene *scene, int i)
{
    for (int j = 0; j < i; j++)
        if (scene->actor[j].colour == scene->actor[i].colour) return false;
    return true;
}

static bool is_actor_held_out(const cohl_scene *scene, const cohl_actor *actor)
{
    return cohl_held_out_look(actor->subject, actor->colour, scene->setting) ||
           cohl_held_out_deed(actor->subject, actor->action);
}

/* One actor whose words agree with the scene. A held-out scene has its held-out pair in
 * actor 0 alone, so that a judge knows where to look. */
static bool cast_actor(cohl_rng *rng, cohl_scene *scene, int i, const cohl_scene_request *request)
{
    cohl_actor *actor = &scene->actor[i];
    bool        wanted = request->held_out && i == 0;
    for (int attempt = 0; attempt < CAST_TRIES; attempt++) {
        actor->subject = draw_word(rng, COHL_WORD_SUBJECT, request->act);
        actor->colour = draw_word(rng, COHL_WORD_COLOUR, request->act);
        int action = draw_action(rng, scene, actor->subject, request->act, i == 0);
        if (action < 0) continue;
        actor->action = action;
        if (!cohl_casting_is_legible(actor->colour, scene->setting, scene->daytime)) continue;
        if (!is_distinct(scene, i)) continue;
        if (is_actor_held_out(scene, actor) == wanted) return true;
    }
    return false;
}

/* One subject most often, two often, three at times, within what is asked; an upright
 * picture has less room for company. */
static int draw_count(cohl_rng *rng, const cohl_scene_request *request)
{
    static const uint32_t wide[COHL_ACTORS_MAX + 1] = { 1, 6, 3, 1 };
    static const uint32_t upright[COHL_ACTORS_MAX + 1] = { 2, 12, 3, 1 };
    const uint32_t *weight = 5 * request->width < 4 * request->height ? upright : wide;
    uint32_t total = 0;
    for (int n = request->actors_min; n <= request->actors_max; n++) total += weight[n];
    uint32_t left = cohl_rng_below(rng, total);
    for (int n = request->actors_min; n < request->actors_max; n++) {
        if (left < weight[n]) return n;
        left -= weight[n];
    }
    return request->actors_max;
}

static bool draw_words(cohl_rng *rng, cohl_scene *scene, const cohl_scene_request *request)
{
    scene->setting = draw_word(rng, COHL_WORD_SETTING, request->act);
    scene->daytime = draw_word(rng, COHL_WORD_DAYTIME, request->act);
    scene->move = scene->frames > 1 ? draw_word(rng, COHL_WORD_MOVE, request->act)
                                    : COHL_MOVE_STATIC;
    scene->actor_count = draw_count(rng, request);
    if (scene->actor_count == 0 && scene->move == COHL_MOVE_TRACKING) return false;
    for (int i = 0; i < scene->actor_count; i++)
        if (!cast_actor(rng, scene, i, request)) return false;
    return true;
}

void cohl_scene_draw(cohl_scene *scene, const cohl_scene_request *request, uint64_t seed)
{
    assert(request->width > 0 && request->height > 0 && request->frames > 0 && request->fps > 0);
    assert(request->actors_min >= 0 && request->actors_min <= request->actors_max);
    assert(request->actors_max <= COHL_ACTORS_MAX);
    assert(!request->held_out || request->actors_min > 0);
    cohl_rng rng = cohl_rng_make(seed, STREAM_WORDS);
    do {
        memset(scene, 0, sizeof *scene);
        scene->seed = seed;
        scene->width = request->width;
        scene->height = request->height;
        scene->frames = request->frames;
        scene->fps = request->fps;
    } while (!draw_words(&rng, scene, request));
    cohl_staging_arrange(scene);
}
