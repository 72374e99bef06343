/* casting.c - which words may stand together, and which pairs training never sees.
 *
 * Three questions, each a table: what a subject can do, which colours drown in which
 * settings, which camera moves hide which actions. And one hash: it keeps some looks
 * and some deeds out of training, so that a test on them asks whether the words were
 * learned, not the scenes. */
#include "theatre/casting.h"

#include "base/rng.h"

/* Weights are small numbers that make no action much rarer than the others; a turn is
 * only given to what has a front and a back. */
static const unsigned char suits[COHL_SUBJECT_COUNT][COHL_ACTION_COUNT] = {
    /*                              drift bounce walk jump turn leave roll wave spin fly swim arrive stand */
    [COHL_SUBJECT_BALLOON]      = {   6,   2,   0,   1,   0,   4,   0,   0,   0,   0,   0,   2,   2 },
    [COHL_SUBJECT_PERSON]       = {   0,   1,   5,   2,   4,   3,   0,   6,   1,   0,   0,   2,   2 },
    [COHL_SUBJECT_BALLOON_HEAD] = {   2,   1,   5,   2,   3,   4,   0,   6,   1,   5,   0,   2,   2 },
    [COHL_SUBJECT_BALL]         = {   0,   4,   0,   2,   0,   3,   8,   0,   0,   0,   0,   2,   2 },
    [COHL_SUBJECT_HOUSE]        = {   1,   2,   0,   2,   4,   0,   0,   0,   2,   0,   0,   0,   2 },
    [COHL_SUBJECT_TREE]         = {   3,   3,   0,   2,   0,   0,   0,   0,   0,   0,   0,   0,   2 },
    [COHL_SUBJECT_BOAT]         = {   5,   1,   0,   1,   3,   3,   0,   0,   1,   0,   0,   2,   2 },
    [COHL_SUBJECT_DOG]          = {   0,   1,   5,   2,   3,   3,   0,   0,   1,   0,   0,   2,   2 },
    [COHL_SUBJECT_CUBE]         = {   2,   2,   0,   2,   0,   2,   0,   0,   4,   0,   0,   1,   2 },
    [COHL_SUBJECT_CHAIR]        = {   2,   2,   0,   2,   3,   0,   0,   0,   4,   0,   0,   0,   2 },
    [COHL_SUBJECT_BIRD]         = {   2,   0,   0,   0,   3,   3,   0,   0,   1,   8,   0,   2,   1 },
    [COHL_SUBJECT_FISH]         = {   2,   0,   0,   1,   3,   3,   0,   0,   1,   0,   8,   2,   1 },
    [COHL_SUBJECT_OCTOPUS]      = {   1,   1,   2,   1,   0,   2,   0,   3,   2,   0,   7,   1,   1 },
    [COHL_SUBJECT_CRAB]         = {   0,   1,   4,   1,   2,   3,   0,   4,   1,   0,   0,   2,   1 },
    [COHL_SUBJECT_CAR]          = {   0,   1,   0,   1,   3,   3,   7,   0,   1,   0,   0,   2,   2 },
    [COHL_SUBJECT_TRAIN]        = {   0,   1,   0,   1,   0,   3,   7,   0,   0,   0,   0,   2,   2 },
    [COHL_SUBJECT_LIGHTHOUSE]   = {   0,   2,   0,   2,   3,   0,   0,   0,   3,   0,   0,   0,   2 },
};

int cohl_casting_suits(cohl_subject subject, cohl_action action)
{
    return suits[subject][action];
}

/* White on snow, green on grass: the eye cannot find the edge. */
static const cohl_colour drowned_in[COHL_SETTING_COUNT] = {
    [COHL_SETTING_VILLAGE] = COHL_COLOUR_WHITE,
    [COHL_SETTING_MEADOW]  = COHL_COLOUR_GREEN,
    [COHL_SETTING_BEACH]   = COHL_COLOUR_YELLOW,
    [COHL_SETTING_DESERT]  = COHL_COLOUR_ORANGE,
    [COHL_SETTING_SNOW]    = COHL_COLOUR_WHITE,
    [COHL_SETTING_FOREST]  = COHL_COLOUR_GREEN,
    [COHL_SETTING_CITY]    = COHL_COLOUR_COUNT,
    [COHL_SETTING_MOON]    = COHL_COLOUR_BLACK,
};

bool cohl_casting_is_legible(cohl_colour colour, cohl_setting setting, cohl_daytime daytime)
{
    if (colour == drowned_in[setting]) return false;
    if (setting == COHL_SETTING_FOREST && colour == COHL_COLOUR_BROWN) return false;
    if (setting == COHL_SETTING_DESERT && colour == COHL_COLOUR_BROWN) return false;
    if (daytime == COHL_DAYTIME_NIGHT && colour == COHL_COLOUR_BLACK) return false;
    return true;
}

bool cohl_casting_travels(cohl_action action)
{
    return action == COHL_ACTION_WALK || action == COHL_ACTION_DRIFT ||
           action == COHL_ACTION_ROLL || action == COHL_ACTION_FLY || action == COHL_ACTION_SWIM;
}

bool cohl_casting_crosses(cohl_action action)
{
    return action == COHL_ACTION_LEAVE || action == COHL_ACTION_ARRIVE;
}

/* A tracking shot needs something to follow. Leaving means that the actor goes, so the
 * camera may not be what loses it. A single picture shows no move and no crossing. */
bool cohl_casting_allows(cohl_move move, cohl_action action, double clip_seconds)
{
    if (clip_seconds <= 0.0)
        return move == COHL_MOVE_STATIC && !cohl_casting_crosses(action);
    switch (move) {
    case COHL_MOVE_TRACKING:
        return cohl_casting_travels(action);
    case COHL_MOVE_PAN_LEFT: case COHL_MOVE_PAN_RIGHT: case COHL_MOVE_WHIP_PAN:
    case COHL_MOVE_TRUCK_LEFT: case COHL_MOVE_TRUCK_RIGHT:
        return !cohl_casting_crosses(action);
    case COHL_MOVE_ORBIT_LEFT: case COHL_MOVE_ORBIT_RIGHT:
        /* Seen from a circling camera a half turn and a spin are no more what they are. */
        return !cohl_casting_crosses(action) && action != COHL_ACTION_TURN &&
               action != COHL_ACTION_SPIN;
    default:
        return true;
    }
}

/* Chosen among the first salts under which no subject loses a colour, a setting, its most
 * frequent action or more than one action, and both acts have some of each kind. */
enum { SALT_LOOK = 0x6c6f786d, SALT_DEED = 0x64657251 };

static uint32_t per_mille(uint64_t salt, int a, int b, int c)
{
    return (uint32_t)(cohl_rng_mix(salt, (uint64_t)(a * 4096 + b * 64 + c)) % 1000);
}

bool cohl_held_out_look(cohl_subject subject, cohl_colour colour, cohl_setting setting)
{
    return per_mille(SALT_LOOK, subject, colour, setting) < 60;
}

bool cohl_held_out_deed(cohl_subject subject, cohl_action action)
{
    return suits[subject][action] > 0 && action != COHL_ACTION_STAND &&
           per_mille(SALT_DEED, subject, action, 0) < 90;
}

bool cohl_scene_is_held_out(const cohl_scene *scene)
{
    for (int i = 0; i < scene->actor_count; i++) {
        const cohl_actor *actor = &scene->actor[i];
        if (cohl_held_out_look(actor->subject, actor->colour, scene->setting) ||
            cohl_held_out_deed(actor->subject, actor->action))
            return true;
    }
    return false;
}
