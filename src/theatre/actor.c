/* actor.c - where each actor is and how it holds itself, at any moment.
 *
 * An action is a pure function of its progress u = (seconds - begin) / (end - begin):
 * before begin the actor waits at home, after end it rests where it got to. Legs and
 * wheels follow from the metres travelled, so that feet do not slide; wings, fins and
 * tentacles follow from time. Things that hover breathe a little even while they wait. */
#include <math.h>
#include <string.h>

#include "film/easing.h"
#include "theatre/casting.h"
#include "theatre/exact.h"
#include "theatre/scene.h"

/* What moves its feet, what moves its wings. */
typedef enum gait { GAIT_NONE, GAIT_LEGS, GAIT_WHEELS, GAIT_WINGS } gait;

static gait gait_of(cohl_subject subject)
{
    switch (subject) {
    case COHL_SUBJECT_PERSON: case COHL_SUBJECT_BALLOON_HEAD: case COHL_SUBJECT_DOG:
    case COHL_SUBJECT_CRAB:
        return GAIT_LEGS;
    case COHL_SUBJECT_CAR: case COHL_SUBJECT_TRAIN:
        return GAIT_WHEELS;
    case COHL_SUBJECT_BIRD: case COHL_SUBJECT_FISH: case COHL_SUBJECT_OCTOPUS:
        return GAIT_WINGS;
    default:
        return GAIT_NONE;
    }
}

/* Along its nose when that points to a side, else sideways as a crab goes. */
static void heading_of(const cohl_actor *actor, double heading[3])
{
    double x = cohl_exact_sin(actor->facing);
    bool   along = fabs(x) > 0.5 && x * actor->side > 0.0;
    heading[0] = along ? x : actor->side;
    heading[1] = 0.0;
    heading[2] = along ? -cohl_exact_cos(actor->facing) : 0.0;
}

static void travel(cohl_actor_state *state, const cohl_actor *actor, double metres)
{
    double heading[3];
    heading_of(actor, heading);
    for (int k = 0; k < 3; k++) state->position[k] += metres * heading[k];
    cohl_figure_size built = cohl_subject_size(actor->subject);
    if (gait_of(actor->subject) == GAIT_LEGS)
        state->stride = 2.0 * COHL_PI * metres / (built.height * actor->size);
    else if (gait_of(actor->subject) == GAIT_WHEELS)
        state->stride = metres / (0.2 * actor->size);
}

/* Legs swing while the ground passes, and come together as it slows. */
static double striding(double u)
{
    return cohl_ease_smooth(u / 0.12) * cohl_ease_smooth((1.0 - u) / 0.12);
}

/* A leap in u = 0..1: crouch, flight along a parabola, landing. */
static void leap(cohl_actor_state *state, double u, double height, double crouch)
{
    const double off = 0.22, down = 0.82;
    if (u <= off) {
        state->squash = 1.0 - crouch * cohl_exact_sin(COHL_PI * u / off);
    } else if (u < down) {
        double v = (u - off) / (down - off);
        state->position[1] += 4.0 * height * v * (1.0 - v);
        state->squash = 1.0 + 0.3 * crouch * cohl_exact_sin(COHL_PI * v);
        state->stride_size = 0.4 * cohl_exact_sin(COHL_PI * v);
        state->arm = 0.5 * cohl_exact_sin(COHL_PI * v);
    } else {
        state->squash = 1.0 - 0.8 * crouch * cohl_exact_sin(COHL_PI * (u - down) / (1.0 - down));
    }
}

/* Hops of about 0.55 s, a whole number of them, each a parabola that ends in a squeeze. */
static void bounce(cohl_actor_state *state, const cohl_actor *actor, double u)
{
    double hops = floor((actor->end - actor->begin) / 0.55 + 0.5);
    if (hops < 1.0) hops = 1.0;
    double v = u * hops - floor(u * hops);
    if (u <= 0.0 || u >= 1.0) v = 0.0;
    double height = 4.0 * v * (1.0 - v);
    state->position[1] += actor->reach * height;
    state->squash = u > 0.0 && u < 1.0 ? 1.0 - 0.22 * (1.0 - height) * (1.0 - height)
                                           * striding(u) : 1.0;
}

static void drift(cohl_actor_state *state, const cohl_actor *actor, double u)
{
    travel(state, actor, actor->reach * cohl_ease_steady(u));
    bool floats = cohl_subject_size(actor->subject).floats;
    double calm = striding(u);
    if (floats) state->position[1] += 0.22 * actor->reach * cohl_ease_steady(u);
    state->roll += (floats ? 0.08 : 0.03) * calm * cohl_exact_sin(2.0 * COHL_PI * 1.5 * u);
    state->stride = 0.0;
}

static void wave(cohl_actor_state *state, const cohl_actor *actor, double seconds, double u)
{
    double length = actor->end - actor->begin;
    double up = cohl_ease_smooth(u * length / 0.35) * cohl_ease_smooth((1.0 - u) * length / 0.35);
    state->arm = up;
    state->wave = 0.6 * up * cohl_exact_sin(2.0 * COHL_PI * 1.8 * (seconds - actor->begin));
}

/* Along the heading by wing or fin, with a wave across the path. */
static void glide(cohl_actor_state *state, const cohl_actor *actor, double u)
{
    double calm = striding(u), metres = actor->reach * cohl_ease_steady(u);
    travel(state, actor, metres);
    if (actor->action == COHL_ACTION_FLY) {
        state->position[1] += calm * (0.35 + 0.12 * cohl_exact_sin(2.0 * COHL_PI * metres));
        if (actor->subject != COHL_SUBJECT_BIRD) state->pitch = 0.9 * calm;
        state->arm = actor->subject != COHL_SUBJECT_BIRD ? calm : 0.0;
    } else {
        state->position[1] += 0.10 * calm * cohl_exact_sin(1.5 * COHL_PI * metres);
        state->yaw += 0.22 * calm * cohl_exact_sin(2.5 * COHL_PI * metres);
        if (!cohl_subject_size(actor->subject).floats) state->position[1] += 0.5 * calm;
    }
}

static void roll_along(cohl_actor_state *state, const cohl_actor *actor, double u)
{
    double metres = actor->reach * cohl_ease_steady(u);
    travel(state, actor, metres);
    if (gait_of(actor->subject) != GAIT_WHEELS)
        state->pitch = metres / (0.5 * cohl_subject_size(actor->subject).height * actor->size);
}

/* Wings and fins beat with time: quickly in action, slowly at rest. */
static void beat(cohl_actor_state *state, const cohl_actor *actor, double seconds, double u)
{
    bool   busy = cohl_casting_crosses(actor->action) ||
                  (cohl_casting_travels(actor->action) && actor->action != COHL_ACTION_DRIFT);
    double rest = 0.7 * seconds, work = 1.6 * cohl_ease_clamp(u) * (actor->end - actor->begin);
    state->stride = 2.0 * COHL_PI * (rest + (busy ? work : 0.0) + actor->variant % 16 / 16.0);
    state->stride_size = 0.35 + (busy && u > 0.0 && u < 1.0 ? 0.65 * striding(u) : 0.0);
}

static void act(cohl_actor_state *state, const cohl_actor *actor, double seconds, double u)
{
    double turn = actor->side * actor->reach;
    switch (actor->action) {
    case COHL_ACTION_DRIFT:  drift(state, actor, u); break;
    case COHL_ACTION_BOUNCE: bounce(state, actor, u); break;
    case COHL_ACTION_WALK:
        travel(state, actor, actor->reach * cohl_ease_steady(u));
        state->stride_size = striding(u);
        break;
    case COHL_ACTION_JUMP:   leap(state, u, actor->reach, 0.25); break;
    case COHL_ACTION_TURN:   state->yaw += turn * cohl_ease_smooth(u); break;
    case COHL_ACTION_SPIN:   state->yaw += turn * cohl_ease_steady(u); break;
    case COHL_ACTION_LEAVE:
        travel(state, actor, actor->reach * cohl_ease_in(u));
        state->stride_size = cohl_ease_smooth(u / 0.12);
        break;
    case COHL_ACTION_ARRIVE:
        travel(state, actor, actor->reach * cohl_ease_out(u));
        state->stride_size = cohl_ease_smooth((1.0 - u) / 0.2);
        break;
    case COHL_ACTION_ROLL:   roll_along(state, actor, u); break;
    case COHL_ACTION_WAVE:   wave(state, actor, seconds, u); break;
    case COHL_ACTION_FLY:
    case COHL_ACTION_SWIM:   glide(state, actor, u); break;
    case COHL_ACTION_STAND:
    case COHL_ACTION_COUNT:  break;
    }
}

cohl_actor_state cohl_scene_actor(const cohl_scene *scene, int index, double seconds)
{
    const cohl_actor *actor = &scene->actor[index];
    cohl_actor_state  state = { .yaw = actor->facing, .squash = 1.0 };
    double length = actor->end - actor->begin;
    double u = cohl_ease_clamp(length > 0.0 ? (seconds - actor->begin) / length
                                            : seconds >= actor->end);
    memcpy(state.position, actor->home, sizeof state.position);
    act(&state, actor, seconds, u);
    if (cohl_subject_size(actor->subject).floats)
        state.position[1] += 0.03 * cohl_exact_sin(2.0 * COHL_PI * (0.4 * seconds +
                                                   actor->variant % 64 / 64.0));
    if (gait_of(actor->subject) == GAIT_WINGS) beat(&state, actor, seconds, u);
    return state;
}

void cohl_scene_actor_middle(const cohl_scene *scene, int index, double seconds, double middle[3])
{
    const cohl_actor *actor = &scene->actor[index];
    cohl_actor_state  state = cohl_scene_actor(scene, index, seconds);
    cohl_figure_size  built = cohl_subject_size(actor->subject);
    memcpy(middle, state.position, sizeof state.position);
    if (!built.floats) middle[1] += 0.5 * built.height * actor->size * state.squash;
}

bool cohl_scene_box(const cohl_scene *scene, int index, double seconds, double box[4])
{
    const cohl_actor *actor = &scene->actor[index];
    cohl_actor_state  state = cohl_scene_actor(scene, index, seconds);
    cohl_camera       camera = cohl_scene_camera(scene, seconds);
    cohl_figure_size  built = cohl_subject_size(actor->subject);
    double middle[3], c = cohl_exact_cos(state.yaw), s = cohl_exact_sin(state.yaw);
    bool   ahead = true;
    cohl_scene_actor_middle(scene, index, seconds, middle);
    box[0] = box[1] = 1e9;
    box[2] = box[3] = -1e9;
    for (int corner = 0; corner < 8; corner++) {
        double x = (corner & 1 ? 0.5 : -0.5) * built.width * actor->size;
        double y = (corner & 2 ? 0.5 : -0.5) * built.height * actor->size * state.squash;
        double z = (corner & 4 ? 0.5 : -0.5) * built.depth * actor->size;
        double point[3] = { middle[0] + c * x - s * z, middle[1] + y, middle[2] + s * x + c * z };
        double px, py;
        ahead = cohl_scene_project(scene, &camera, point, &px, &py) > 0.05 && ahead;
        box[0] = fmin(box[0], px);
        box[1] = fmin(box[1], py);
        box[2] = fmax(box[2], px);
        box[3] = fmax(box[3], py);
    }
    return ahead;
}
