/* staging.c - where a scene's actors stand, when they act, and how the camera frames them.
 *
 * The stage is laid out as slots from left to right, one for each actor: its own width
 * and the way it will go. From the slots and the heights follows the distance of the
 * camera; from the distance follows how far a move may carry the picture. The camera's
 * path is then centred on the moment in the middle: a pan begins half its angle before
 * the actors and ends half behind them. What a formula cannot promise is checked by
 * projection, and another arrangement of the same seed is tried. */
#include "theatre/staging.h"

#include <math.h>

#include "base/rng.h"
#include "theatre/casting.h"
#include "theatre/exact.h"

enum { TRIES_MAX = 40, STREAM_STAGING = 0x73746167 };

/* What is known while a scene is being laid out. */
typedef struct layout {
    cohl_rng rng;
    double   seconds;               /* of the clip */
    double   aspect, half_v, half_h;/* tangents of half the picture, mid-move */
    double   focal_mm;              /* mid-move */
    double   distance;              /* mid-move, eye to target */
    double   wide;                  /* how much wider the widest moment sees, >= 1 */
    double   half_width[COHL_ACTORS_MAX];
    double   lift[COHL_ACTORS_MAX]; /* metres an actor rises */
    int      order[COHL_ACTORS_MAX];/* left to right */
    double   bottom, top;           /* of all actors, metres */
} layout;

static double between(layout *l, double lo, double hi)
{
    return cohl_rng_between(&l->rng, lo, hi);
}

static bool chance(layout *l, double probability)
{
    return cohl_rng_uniform(&l->rng) < probability;
}

static double height_of(const cohl_actor *actor)
{
    return cohl_subject_size(actor->subject).height * actor->size;
}

/* ---- times ------------------------------------------------------------------- */

/* How long an action takes when there is time; 0 = until the clip ends. */
static double natural_seconds(layout *l, cohl_action action)
{
    switch (action) {
    case COHL_ACTION_JUMP:   return between(l, 0.8, 1.1);
    case COHL_ACTION_TURN:   return between(l, 0.8, 1.5);
    case COHL_ACTION_LEAVE:
    case COHL_ACTION_ARRIVE: return between(l, 1.2, 2.2);
    default:                 return 0.0;
    }
}

/* A single picture shows the middle of the action. */
static void time_still(layout *l, cohl_actor *actor)
{
    actor->begin = -between(l, 0.42, 0.62);
    actor->end = actor->begin + 1.0;
}

/* Some actions of longer clips begin late, so that a caption can say when. */
static void time_action(layout *l, const cohl_scene *scene, cohl_actor *actor)
{
    double length = natural_seconds(l, actor->action), clip = l->seconds, latest;
    double earliest = scene->move == COHL_MOVE_WHIP_PAN ? scene->move_end : 0.0;
    if (clip <= 0.0) {
        time_still(l, actor);
        return;
    }
    bool late = clip >= 2.4 && chance(l, 0.4) && actor->action != COHL_ACTION_ARRIVE;
    actor->begin = earliest + (late ? between(l, 0.8, 0.42 * clip) : between(l, 0.0, 0.1 * clip));
    if (actor->action == COHL_ACTION_ARRIVE) actor->begin = earliest;
    latest = clip * between(l, 0.93, 1.0);
    actor->end = length > 0.0 ? fmin(actor->begin + length, latest) : latest;
    /* Leaving starts late in its own time, so that the actor is seen before it goes. */
    if (actor->action == COHL_ACTION_LEAVE && actor->begin < 0.3 * clip) {
        actor->begin = fmax(earliest, 0.3 * clip);
        actor->end = fmin(actor->begin + length, latest);
    }
    if (actor->action == COHL_ACTION_ARRIVE) actor->end = fmin(actor->end, earliest + 0.6 * clip);
}

static void time_move(layout *l, cohl_scene *scene)
{
    double clip = l->seconds;
    scene->move_begin = between(l, 0.0, 0.08) * clip;
    scene->move_end = between(l, 0.92, 1.0) * clip;
    if (scene->move == COHL_MOVE_WHIP_PAN) {
        scene->move_begin = between(l, 0.02, 0.10) * clip;
        scene->move_end = scene->move_begin + fmin(fmax(0.22 * clip, 0.25), fmin(0.5, 0.4 * clip));
    }
}

/* ---- actors ------------------------------------------------------------------ */

/* Long, with a nose: told from the side, and going the way the nose points. */
static bool is_long(cohl_subject subject)
{
    switch (subject) {
    case COHL_SUBJECT_DOG: case COHL_SUBJECT_BOAT: case COHL_SUBJECT_FISH:
    case COHL_SUBJECT_CAR: case COHL_SUBJECT_TRAIN: case COHL_SUBJECT_BIRD:
        return true;
    default:
        return false;
    }
}

static bool looks_ahead(const cohl_actor *actor)
{
    if (!cohl_casting_travels(actor->action) && !cohl_casting_crosses(actor->action)) return false;
    switch (actor->subject) {
    case COHL_SUBJECT_BALLOON: case COHL_SUBJECT_OCTOPUS: case COHL_SUBJECT_CRAB:
    case COHL_SUBJECT_CUBE: case COHL_SUBJECT_CHAIR: case COHL_SUBJECT_HOUSE:
    case COHL_SUBJECT_TREE: case COHL_SUBJECT_LIGHTHOUSE:
        return false;
    case COHL_SUBJECT_BALLOON_HEAD:
        return actor->action != COHL_ACTION_DRIFT;
    default:
        return true;
    }
}

static double facing_for(layout *l, const cohl_actor *actor)
{
    if (looks_ahead(actor))
        return actor->side * 0.5 * COHL_PI * between(l, 0.82, 1.0);
    if (actor->subject == COHL_SUBJECT_TRAIN)
        return actor->side * between(l, 0.45, l->aspect < 1.0 ? 0.7 : 1.1);
    if (is_long(actor->subject))
        return actor->side * (l->aspect < 0.8 ? between(l, 0.5, 0.85) : between(l, 0.65, 1.25));
    if (actor->action == COHL_ACTION_TURN)
        return between(l, -0.3, 0.3);
    return between(l, -0.5, 0.5);
}

/* Small figures are built a little larger, tall ones smaller: all can be named. */
static double size_for(layout *l, cohl_subject subject)
{
    double height = cohl_subject_size(subject).height;
    if (height < 1.1) return between(l, 1.10, 1.35);
    if (height > 2.8) return between(l, 0.80, 0.95);
    return between(l, 0.92, 1.12);
}

static double half_width_of(const cohl_actor *actor)
{
    cohl_figure_size built = cohl_subject_size(actor->subject);
    double c = fabs(cohl_exact_cos(actor->facing)), s = fabs(cohl_exact_sin(actor->facing));
    if (actor->action == COHL_ACTION_TURN || actor->action == COHL_ACTION_SPIN)
        return 0.5 * actor->size * fmax(built.width, built.depth);
    return 0.5 * actor->size * (built.width * c + built.depth * s);
}

/* Metres an action would like to go, jump, or radians it turns. */
static double reach_for(layout *l, const cohl_actor *actor)
{
    double seconds = actor->end - actor->begin, jumper = fmin(height_of(actor), 1.6);
    switch (actor->action) {
    case COHL_ACTION_WALK:   return between(l, 0.7, 1.1) * seconds;
    case COHL_ACTION_DRIFT:  return between(l, 0.4, 0.75) * seconds;
    case COHL_ACTION_ROLL:   return between(l, 0.8, 1.4) * seconds;
    case COHL_ACTION_FLY:    return between(l, 0.9, 1.5) * seconds;
    case COHL_ACTION_SWIM:   return between(l, 0.6, 1.0) * seconds;
    case COHL_ACTION_JUMP:   return between(l, 0.45, 0.65) * jumper;
    case COHL_ACTION_BOUNCE: return between(l, 0.25, 0.40) * jumper;
    case COHL_ACTION_TURN:   return COHL_PI;
    case COHL_ACTION_SPIN:   return 2.0 * COHL_PI * fmax(1.25, seconds / between(l, 0.9, 1.4));
    default:                 return 0.0;
    }
}

static double lift_of(const cohl_actor *actor)
{
    switch (actor->action) {
    case COHL_ACTION_JUMP: case COHL_ACTION_BOUNCE: return actor->reach;
    case COHL_ACTION_FLY:  return 0.45;
    case COHL_ACTION_SWIM: return cohl_subject_size(actor->subject).floats ? 0.1 : 0.6;
    case COHL_ACTION_DRIFT:
        return cohl_subject_size(actor->subject).floats ? 0.22 * actor->reach : 0.0;
    default:               return 0.0;
    }
}

static double floating_height(layout *l, cohl_subject subject)
{
    if (subject == COHL_SUBJECT_FISH) return between(l, 0.9, 1.5);
    if (subject == COHL_SUBJECT_BIRD) return between(l, 1.2, 1.9);
    return between(l, 1.1, 1.8);
}

static void prepare_actor(layout *l, cohl_scene *scene, int i)
{
    cohl_actor *actor = &scene->actor[i];
    actor->variant = cohl_rng_u32(&l->rng);
    actor->side = chance(l, 0.5) ? 1 : -1;
    time_action(l, scene, actor);
    actor->size = size_for(l, actor->subject);
    actor->home[1] = cohl_subject_size(actor->subject).floats
                         ? floating_height(l, actor->subject) : 0.0;
}

/* Who crosses the edge of the picture stands outermost, on the side it crosses. */
static void choose_order(layout *l, cohl_scene *scene)
{
    int count = scene->actor_count;
    for (int i = 0; i < count; i++) l->order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        int j = (int)cohl_rng_below(&l->rng, (uint32_t)(i + 1)), kept = l->order[i];
        l->order[i] = l->order[j];
        l->order[j] = kept;
    }
    if (count == 3 && cohl_casting_crosses(scene->actor[l->order[1]].action)) {
        int outer = chance(l, 0.5) ? 0 : 2, kept = l->order[1];
        l->order[1] = l->order[outer];
        l->order[outer] = kept;
    }
    for (int place = 0; place < count && count > 1; place++) {
        cohl_actor *actor = &scene->actor[l->order[place]];
        int outwards = place == 0 ? -1 : 1;
        if (actor->action == COHL_ACTION_LEAVE) actor->side = outwards;
        if (actor->action == COHL_ACTION_ARRIVE) actor->side = -outwards;
    }
}

static void measure_actors(layout *l, cohl_scene *scene)
{
    l->bottom = 1e9;
    l->top = -1e9;
    for (int i = 0; i < scene->actor_count; i++) {
        cohl_actor *actor = &scene->actor[i];
        double height = height_of(actor);
        actor->facing = facing_for(l, actor);
        actor->reach = reach_for(l, actor);
        l->half_width[i] = half_width_of(actor);
        l->lift[i] = lift_of(actor);
        double foot = cohl_subject_size(actor->subject).floats ? actor->home[1] - 0.5 * height
                                                               : actor->home[1];
        l->bottom = fmin(l->bottom, foot);
        l->top = fmax(l->top, foot + height + l->lift[i]);
    }
    if (scene->actor_count == 0) {
        l->bottom = 0.0;
        l->top = 2.0;
    }
}

/* ---- the camera's distance and move -------------------------------------------- */

static void choose_lens(layout *l, const cohl_scene *scene)
{
    l->aspect = (double)scene->width / scene->height;
    l->focal_mm = l->aspect > 1.2 ? between(l, 24.0, 31.0)
                : l->aspect > 0.8 ? between(l, 21.0, 26.0) : between(l, 18.0, 21.0);
    l->half_v = 12.0 / l->focal_mm;
    l->half_h = l->half_v * l->aspect;
}

/* Amounts that do not depend on the distance; the others are set in amount_of_distance. */
static double amount_alone(layout *l, const cohl_scene *scene)
{
    double sign = chance(l, 0.5) ? 1.0 : -1.0, degree = COHL_PI / 180.0;
    double pan_to = l->aspect > 1.2 ? 38.0 : l->aspect > 0.8 ? 30.0 : 27.5;
    switch (scene->move) {
    case COHL_MOVE_PAN_LEFT: case COHL_MOVE_PAN_RIGHT:
        return between(l, 26.0, pan_to) * degree;
    case COHL_MOVE_TILT_UP: case COHL_MOVE_TILT_DOWN: return between(l, 16.0, 21.0) * degree;
    case COHL_MOVE_ORBIT_LEFT: case COHL_MOVE_ORBIT_RIGHT:
        return between(l, 37.0, 58.0) * degree;
    case COHL_MOVE_DOLLY_IN: case COHL_MOVE_DOLLY_OUT: return between(l, 0.38, 0.48);
    case COHL_MOVE_ZOOM_IN: case COHL_MOVE_ZOOM_OUT:   return between(l, 1.6, 1.9);
    case COHL_MOVE_ROLL:       return sign * between(l, 22.0, 34.0) * degree;
    case COHL_MOVE_CRANE:      return between(l, 0.45, 0.65);
    case COHL_MOVE_TRACKING:   return 1.0;
    case COHL_MOVE_HANDHELD:   return between(l, 2.0, 2.8) * degree;
    case COHL_MOVE_WHIP_PAN:   return sign * between(l, 55.0, 75.0) * degree;
    case COHL_MOVE_DOLLY_ZOOM: return between(l, 0.42, 0.52);
    case COHL_MOVE_TRUCK_LEFT: case COHL_MOVE_TRUCK_RIGHT:       return between(l, 0.36, 0.48);
    case COHL_MOVE_PEDESTAL_UP: case COHL_MOVE_PEDESTAL_DOWN:    return between(l, 0.30, 0.40);
    default:                   return 0.0;
    }
}

/* The part of the picture's width in which actors may stand, so that the move does not
 * carry them far out of it. */
static double usable_width(const layout *l, const cohl_scene *scene)
{
    double half_angle = cohl_exact_atan2(l->half_h, 1.0);
    switch (scene->move) {
    case COHL_MOVE_PAN_LEFT: case COHL_MOVE_PAN_RIGHT: {
        double rest = fmax(half_angle - 0.38 * scene->move_amount, 0.35 * half_angle);
        return cohl_exact_tan(rest) / l->half_h;
    }
    case COHL_MOVE_TRUCK_LEFT: case COHL_MOVE_TRUCK_RIGHT: return 0.64;
    case COHL_MOVE_TRACKING:                               return 0.75;
    case COHL_MOVE_DOLLY_IN: case COHL_MOVE_DOLLY_OUT:
    case COHL_MOVE_ZOOM_IN: case COHL_MOVE_ZOOM_OUT:       return 0.70;
    case COHL_MOVE_ORBIT_LEFT: case COHL_MOVE_ORBIT_RIGHT: return 0.78;
    case COHL_MOVE_ROLL:       return l->aspect > 1.2 ? 0.72 : 0.85;
    default:                   return 0.90;
    }
}

/* Far enough for the height wanted, for the slots, and for what jumps; not so far that
 * the smallest actor could not be named. */
static void choose_distance(layout *l, cohl_scene *scene)
{
    double tallest = 0.5, smallest = 9.0, span = 0.0, travel = 0.0;
    double picture = 2.0 * l->half_v, part = between(l, 0.36, 0.52);
    for (int i = 0; i < scene->actor_count; i++) {
        const cohl_actor *actor = &scene->actor[i];
        tallest = fmax(tallest, height_of(actor));
        smallest = fmin(smallest, height_of(actor));
        span += 2.0 * l->half_width[i] + (i ? 0.35 : 0.0);
        if (cohl_casting_travels(actor->action)) travel += actor->reach;
    }
    if (scene->actor_count == 0) tallest = smallest = 2.0;
    bool shrinks = scene->move == COHL_MOVE_DOLLY_IN || scene->move == COHL_MOVE_DOLLY_OUT ||
                   scene->move == COHL_MOVE_ZOOM_IN || scene->move == COHL_MOVE_ZOOM_OUT;
    if (shrinks) part = between(l, 0.40, 0.48);
    double usable = usable_width(l, scene) * 2.0 * l->half_h;
    double for_height = fmax(tallest / (part * picture), (l->top - l->bottom) / (0.86 * picture));
    double for_width = (span + fmin(travel, 0.5 * span + 1.2)) / usable;
    double farthest = smallest / ((shrinks ? 0.28 : 0.21) * picture * fmin(1.0, sqrt(l->aspect)));
    l->distance = fmin(fmax(for_height, for_width), fmax(farthest, span / usable));

    double room = fmax(l->distance * usable - span, 0.5);
    for (int i = 0; i < scene->actor_count; i++) {
        cohl_actor *actor = &scene->actor[i];
        if (!cohl_casting_travels(actor->action)) continue;
        /* The one that is followed leaves no slot: its way is shown by what passes. */
        bool   followed = scene->move == COHL_MOVE_TRACKING && i == 0;
        double least = (followed ? 0.32 : 0.20) * l->distance * 2.0 * l->half_h;
        double most = followed ? 4.0 : room * actor->reach / travel;
        actor->reach = fmin(fmax(actor->reach, least), fmax(most, 0.4));
        l->lift[i] = lift_of(actor);
    }
}

/* ---- places ------------------------------------------------------------------- */

static void place_in_slot(layout *l, cohl_actor *actor, double left, double width, double half)
{
    double heading = looks_ahead(actor) ? fabs(cohl_exact_sin(actor->facing)) : 1.0;
    double slack = width - 2.0 * half;
    if (cohl_casting_travels(actor->action)) {
        double way = fmin(slack, actor->reach * heading);
        double start = left + half + 0.5 * (slack - way);
        actor->home[0] = actor->side > 0 ? start : start + way;
        return;
    }
    actor->home[0] = left + 0.5 * width;
    if (!cohl_casting_crosses(actor->action)) return;
    /* To the edge at the picture's widest, and its own width beyond. */
    double edge = 1.12 * l->wide * l->distance * l->half_h + half + 0.35;
    if (actor->action == COHL_ACTION_LEAVE) {
        actor->reach = (edge - actor->side * actor->home[0]) / heading;
    } else {
        actor->reach = (edge + actor->side * actor->home[0]) / heading;
        actor->home[0] -= actor->side * actor->reach * heading;
        actor->home[2] += looks_ahead(actor)
                              ? actor->reach * cohl_exact_cos(actor->facing) : 0.0;
    }
}

static void place_actors(layout *l, cohl_scene *scene, double depth)
{
    double total = 0.0, width[COHL_ACTORS_MAX], gap;
    double usable = usable_width(l, scene) * 2.0 * l->half_h * l->distance;
    for (int i = 0; i < scene->actor_count; i++) {
        width[i] = 2.0 * l->half_width[i];
        if (cohl_casting_travels(scene->actor[i].action)) width[i] += scene->actor[i].reach;
        total += width[i];
    }
    gap = scene->actor_count > 1 ? fmax(0.3, fmin(0.5 * (usable - total), 1.0)) : 0.0;
    total += gap * (scene->actor_count - 1);
    double left = -0.5 * total + between(l, -0.35, 0.35) * fmax(usable - total, 0.0);
    for (int place = 0; place < scene->actor_count; place++) {
        int i = l->order[place];
        cohl_actor *actor = &scene->actor[i];
        actor->home[2] = depth + (scene->actor_count > 1 ? between(l, -0.3, 0.3) : 0.0);
        place_in_slot(l, actor, left, width[i], l->half_width[i]);
        left += width[i] + gap;
    }
}

/* ---- the camera ----------------------------------------------------------------- */

static void turn_about(double point[3], const double centre[3], double angle)
{
    double x = point[0] - centre[0], z = point[2] - centre[2];
    double c = cohl_exact_cos(angle), s = cohl_exact_sin(angle);
    point[0] = centre[0] + c * x + s * z;
    point[2] = centre[2] - s * x + c * z;
}

/* target raised by an angle seen from the eye, both in the plane x = 0 nearly. */
static void raise_target(cohl_scene *scene, double angle)
{
    double x = scene->target[0] - scene->eye[0], z = scene->target[2] - scene->eye[2];
    double level = sqrt(x * x + z * z);
    double pitch = cohl_exact_atan2(scene->target[1] - scene->eye[1], level) + angle;
    scene->target[1] = scene->eye[1] + level * cohl_exact_tan(pitch);
}

/* How long and how far at the start, when `distance` and `focal_mm` are mid-move. */
static void begin_at_the_start(layout *l, cohl_scene *scene, double *distance)
{
    double amount = scene->move_amount;
    switch (scene->move) {
    case COHL_MOVE_DOLLY_IN:
        *distance = l->distance / (1.0 - 0.5 * amount);
        scene->move_amount = amount * *distance;
        break;
    case COHL_MOVE_DOLLY_OUT:
        *distance = l->distance * (1.0 - amount) / (1.0 - 0.5 * amount);
        scene->move_amount = *distance * amount / (1.0 - amount);
        break;
    case COHL_MOVE_ZOOM_IN:  scene->focal_mm = l->focal_mm / sqrt(amount); break;
    case COHL_MOVE_ZOOM_OUT: scene->focal_mm = l->focal_mm * sqrt(amount); break;
    case COHL_MOVE_DOLLY_ZOOM:
        *distance = l->distance * 1.6;
        scene->focal_mm = l->focal_mm * 1.6;
        break;
    case COHL_MOVE_TRUCK_LEFT: case COHL_MOVE_TRUCK_RIGHT:
        scene->move_amount = amount * 2.0 * l->half_h * l->distance;
        break;
    case COHL_MOVE_PEDESTAL_UP: case COHL_MOVE_PEDESTAL_DOWN:
        scene->move_amount = amount * 2.0 * l->half_v * l->distance;
        break;
    case COHL_MOVE_CRANE:
        scene->move_amount = amount * l->distance;
        break;
    default:
        break;
    }
}

static void shift_rig(cohl_scene *scene, int axis, double metres)
{
    scene->eye[axis] += metres;
    scene->target[axis] += metres;
}

/* Half the move backwards, so that its middle frames the actors. */
static void step_back(cohl_scene *scene)
{
    double half = 0.5 * scene->move_amount;
    switch (scene->move) {
    case COHL_MOVE_PAN_LEFT:    turn_about(scene->target, scene->eye, half); break;
    case COHL_MOVE_PAN_RIGHT:   turn_about(scene->target, scene->eye, -half); break;
    case COHL_MOVE_WHIP_PAN:    turn_about(scene->target, scene->eye, -2.0 * half); break;
    case COHL_MOVE_TILT_UP:     raise_target(scene, -half); break;
    case COHL_MOVE_TILT_DOWN:   raise_target(scene, half); break;
    case COHL_MOVE_ORBIT_RIGHT: turn_about(scene->eye, scene->target, half); break;
    case COHL_MOVE_ORBIT_LEFT:  turn_about(scene->eye, scene->target, -half); break;
    case COHL_MOVE_TRUCK_LEFT:  shift_rig(scene, 0, half); break;
    case COHL_MOVE_TRUCK_RIGHT: shift_rig(scene, 0, -half); break;
    default: break;
    }
}

/* A pedestal looks level: eye and target share a height, never under the ground. */
static void level_for_pedestal(cohl_scene *scene, double middle)
{
    double half = 0.5 * scene->move_amount;
    double low = fmax(middle - half, 0.35), high = low + scene->move_amount;
    scene->eye[1] = scene->move == COHL_MOVE_PEDESTAL_UP ? low : high;
    scene->target[1] = scene->eye[1];
}

/* The tracking camera is centred on the actors in the middle of actor 0's way. */
static void start_tracking(cohl_scene *scene)
{
    double middle = 0.5 * (scene->actor[0].begin + scene->actor[0].end);
    cohl_actor_state state = cohl_scene_actor(scene, 0, middle);
    shift_rig(scene, 0, scene->actor[0].home[0] - state.position[0]);
    shift_rig(scene, 2, scene->actor[0].home[2] - state.position[2]);
}

static void place_camera(layout *l, cohl_scene *scene, double depth)
{
    double distance = l->distance, across = between(l, -0.16, 0.16);
    double middle = 0.5 * (l->bottom + l->top) + between(l, -0.06, 0.10) * distance * l->half_v;
    scene->focal_mm = l->focal_mm;
    begin_at_the_start(l, scene, &distance);
    if (scene->move == COHL_MOVE_ORBIT_LEFT || scene->move == COHL_MOVE_ORBIT_RIGHT) across = 0.0;
    scene->target[0] = 0.0;
    scene->target[1] = middle;
    scene->target[2] = depth;
    scene->eye[0] = distance * cohl_exact_sin(across);
    scene->eye[1] = between(l, 0.8, 1.7);
    scene->eye[2] = depth - distance * cohl_exact_cos(across);
    if (scene->move == COHL_MOVE_PEDESTAL_UP || scene->move == COHL_MOVE_PEDESTAL_DOWN)
        level_for_pedestal(scene, middle);
    if (scene->move == COHL_MOVE_TRACKING) start_tracking(scene);
    step_back(scene);
}

/* The whole stage to one side, so that a scene is not always in the middle of its set. */
static void move_everything(cohl_scene *scene, double metres)
{
    for (int i = 0; i < scene->actor_count; i++) scene->actor[i].home[0] += metres;
    shift_rig(scene, 0, metres);
}

static double widening(const cohl_scene *scene)
{
    switch (scene->move) {
    case COHL_MOVE_DOLLY_IN: case COHL_MOVE_DOLLY_OUT: return 1.35;
    case COHL_MOVE_ZOOM_IN: case COHL_MOVE_ZOOM_OUT:   return 1.40;
    case COHL_MOVE_CRANE:                              return 1.2;
    case COHL_MOVE_ROLL:                               return 1.15;
    default:                                           return 1.0;
    }
}

static void arrange_once(cohl_scene *scene, int attempt)
{
    layout l = { .rng = cohl_rng_make(cohl_rng_mix(scene->seed, (uint64_t)attempt),
                                      STREAM_STAGING),
                 .seconds = (scene->frames - 1) / scene->fps };
    choose_lens(&l, scene);
    scene->move_amount = amount_alone(&l, scene);
    l.wide = widening(scene);
    time_move(&l, scene);
    for (int i = 0; i < scene->actor_count; i++) prepare_actor(&l, scene, i);
    choose_order(&l, scene);
    measure_actors(&l, scene);
    choose_distance(&l, scene);
    double depth = between(&l, 6.2, 7.8);
    place_actors(&l, scene, depth);
    place_camera(&l, scene, depth);
    move_everything(scene, between(&l, -0.7, 0.7));
}

void cohl_staging_arrange(cohl_scene *scene)
{
    cohl_scene best = *scene;
    int        least = -1;
    for (int attempt = 0; attempt < TRIES_MAX && least != 0; attempt++) {
        arrange_once(scene, attempt);
        int faults = cohl_staging_faults(scene);
        if (least < 0 || faults < least) {
            best = *scene;
            least = faults;
        }
    }
    *scene = best;
}
