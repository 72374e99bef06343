/* figure.c - an actor steps onto the stage: its state becomes a pose, its colour a
 * brush, and its subject's builder puts the parts. */
#include "theatre/figure.h"

static figure_build *const build_of[COHL_SUBJECT_COUNT] = {
    [COHL_SUBJECT_BALLOON] = figure_balloon,   [COHL_SUBJECT_PERSON] = figure_person,
    [COHL_SUBJECT_BALLOON_HEAD] = figure_balloon_head,
    [COHL_SUBJECT_BALL] = figure_ball,         [COHL_SUBJECT_HOUSE] = figure_house,
    [COHL_SUBJECT_TREE] = figure_tree,         [COHL_SUBJECT_BOAT] = figure_boat,
    [COHL_SUBJECT_DOG] = figure_dog,           [COHL_SUBJECT_CUBE] = figure_cube,
    [COHL_SUBJECT_CHAIR] = figure_chair,       [COHL_SUBJECT_BIRD] = figure_bird,
    [COHL_SUBJECT_FISH] = figure_fish,         [COHL_SUBJECT_OCTOPUS] = figure_octopus,
    [COHL_SUBJECT_CRAB] = figure_crab,         [COHL_SUBJECT_CAR] = figure_car,
    [COHL_SUBJECT_TRAIN] = figure_train,       [COHL_SUBJECT_LIGHTHOUSE] = figure_lighthouse,
};

/* Yaw turns the gaze from -z towards +x, pitch tips it forward, roll lifts its left. It tips
 * about its middle, as what rolls or flies does, and rocks on its foot; a ball and a
 * cube do both about the middle. Squashing keeps the volume. */
static pose pose_of(const cohl_actor *actor, const cohl_actor_state *state)
{
    cohl_figure_size built = cohl_subject_size(actor->subject);
    float size = (float)actor->size, squash = maxf((float)state->squash, 0.05f);
    float middle = built.floats ? 0 : 0.5f * (float)built.height * size;
    bool  rolls = actor->subject == COHL_SUBJECT_BALL || actor->subject == COHL_SUBJECT_CUBE;
    pose p = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 },
               { (float)state->position[0], (float)state->position[1], (float)state->position[2] } };
    float wide = 1 / sqrtf(squash);
    p = pose_scale(p, wide, squash, wide);
    p = pose_turn_y(p, -(float)state->yaw);
    if (!rolls) p = pose_turn_z(p, (float)state->roll);
    p = pose_turn_x(pose_move(p, 0, middle, 0), -(float)state->pitch);
    if (rolls) p = pose_turn_z(p, (float)state->roll);
    return pose_scale(pose_move(p, 0, -middle, 0), size, size, size);
}

static void put_contact(stage *st, const cohl_actor *actor, const cohl_actor_state *state)
{
    cohl_figure_size size = cohl_subject_size(actor->subject);
    float low = (float)state->position[1] - (size.floats ? 0.5f * (float)(size.height * actor->size) : 0);
    float radius = 0.36f * (float)((size.width + size.depth) * actor->size) + 0.1f;
    float height = maxf(low, 0) / radius;
    st->contact[st->contact_count++] = (contact){
        (float)state->position[0], (float)state->position[2], radius * (1 + 0.3f * minf(height, 3)),
        0.5f / (1 + 2.5f * height * height) };
}

void stage_act(stage *st, int actor)
{
    const cohl_actor *who = &st->scene->actor[actor];
    figure f = { .state = cohl_scene_actor(st->scene, actor, (double)st->seconds),
                 .variant = who->variant };
    f.coat = brush_make(st, 1 + actor, paint_of(who->colour));
    f.at = pose_of(who, &f.state);
    f.stride = (float)f.state.stride;
    f.swing = (float)f.state.stride_size;
    build_of[who->subject](&f);
    put_contact(st, who, &f.state);
}
