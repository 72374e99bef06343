/* truth.c - what is so in a scene, as JSON, for whoever measures a model against it.
 *
 * Words are the film's names. Lengths are metres in the world of scene.h, times seconds,
 * boxes and feet pixels from the top left corner, one entry a frame. Boxes come from the
 * bounds of the figure and are cut at the frame (null when outside); exact outlines are
 * the renderer's mask. */
#include <jansson.h>
#include <math.h>

#include "theatre/scene.h"

/* Five digits after the point are more than a pixel shows, and keep the file short. */
static json_t *number(double value)
{
    return json_real(floor(value * 1e5 + 0.5) / 1e5);
}

static json_t *numbers(const double *value, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, number(value[i]));
    return list;
}

static json_t *name_of(cohl_word_kind kind, int entry)
{
    return json_string(cohl_words_of(kind)[entry].name);
}

static json_t *camera_path(const cohl_scene *scene)
{
    json_t *path = json_array();
    for (int f = 0; f < scene->frames; f++) {
        cohl_camera camera = cohl_scene_camera(scene, f / scene->fps);
        json_t *pose = json_object();
        json_object_set_new(pose, "position", numbers(camera.position, 3));
        json_object_set_new(pose, "right", numbers(camera.right, 3));
        json_object_set_new(pose, "up", numbers(camera.up, 3));
        json_object_set_new(pose, "forward", numbers(camera.forward, 3));
        json_object_set_new(pose, "focal_mm", number(camera.focal_mm));
        json_array_append_new(path, pose);
    }
    return path;
}

static json_t *camera_truth(const cohl_scene *scene)
{
    json_t *camera = json_object();
    json_object_set_new(camera, "move", name_of(COHL_WORD_MOVE, scene->move));
    json_object_set_new(camera, "amount", number(scene->move_amount));
    json_object_set_new(camera, "begin", number(scene->move_begin));
    json_object_set_new(camera, "end", number(scene->move_end));
    json_object_set_new(camera, "picture_height_mm", number(24.0));
    json_object_set_new(camera, "path", camera_path(scene));
    return camera;
}

/* The box inside the frame, or null. */
static json_t *cut_box(const cohl_scene *scene, int i, double seconds)
{
    double box[4];
    if (!cohl_scene_box(scene, i, seconds, box)) return json_null();
    box[0] = fmax(box[0], 0.0);
    box[1] = fmax(box[1], 0.0);
    box[2] = fmin(box[2], scene->width);
    box[3] = fmin(box[3], scene->height);
    return box[0] < box[2] && box[1] < box[3] ? numbers(box, 4) : json_null();
}

static json_t *track_of(const cohl_scene *scene, int i)
{
    json_t *track = json_array();
    for (int f = 0; f < scene->frames; f++) {
        double           seconds = f / scene->fps, middle[3], foot[2], centre[2], depth;
        cohl_camera      camera = cohl_scene_camera(scene, seconds);
        cohl_actor_state state = cohl_scene_actor(scene, i, seconds);
        cohl_scene_project(scene, &camera, state.position, &foot[0], &foot[1]);
        cohl_scene_actor_middle(scene, i, seconds, middle);
        depth = cohl_scene_project(scene, &camera, middle, &centre[0], &centre[1]);
        json_t *moment = json_object();
        json_object_set_new(moment, "position", numbers(state.position, 3));
        json_object_set_new(moment, "yaw", number(state.yaw));
        json_object_set_new(moment, "foot", numbers(foot, 2));
        json_object_set_new(moment, "centre", numbers(centre, 2));
        json_object_set_new(moment, "depth", number(depth));
        json_object_set_new(moment, "box", cut_box(scene, i, seconds));
        json_array_append_new(track, moment);
    }
    return track;
}

static json_t *actor_truth(const cohl_scene *scene, int i)
{
    const cohl_actor *actor = &scene->actor[i];
    json_t *truth = json_object();
    json_object_set_new(truth, "subject", name_of(COHL_WORD_SUBJECT, actor->subject));
    json_object_set_new(truth, "colour", name_of(COHL_WORD_COLOUR, actor->colour));
    json_object_set_new(truth, "action", name_of(COHL_WORD_ACTION, actor->action));
    json_object_set_new(truth, "begin", number(actor->begin));
    json_object_set_new(truth, "end", number(actor->end));
    json_object_set_new(truth, "direction", json_string(actor->side > 0 ? "right" : "left"));
    json_object_set_new(truth, "reach", number(actor->reach));
    json_object_set_new(truth, "mask", json_integer(1 + i));
    json_object_set_new(truth, "track", track_of(scene, i));
    return truth;
}

static json_t *captions_of(const cohl_scene *scene)
{
    static const struct { const char *name; cohl_language language; bool dense; } wanted[] = {
        { "english", COHL_ENGLISH, false }, { "english_dense", COHL_ENGLISH, true },
        { "french", COHL_FRENCH, false },   { "french_dense", COHL_FRENCH, true },
    };
    json_t   *captions = json_object();
    cohl_text text = { 0 };
    for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
        cohl_scene_caption(scene, &text, wanted[k].language, wanted[k].dense, 0);
        if (!text.failed) json_object_set_new(captions, wanted[k].name, json_string(text.data));
    }
    cohl_text_free(&text);
    return captions;
}

static int add_to_text(const char *bytes, size_t size, void *text)
{
    cohl_text_add_bytes(text, bytes, size);
    return 0;
}

void cohl_scene_truth(const cohl_scene *scene, cohl_text *json)
{
    json_t *truth = json_object(), *actors = json_array();
    for (int i = 0; i < scene->actor_count; i++)
        json_array_append_new(actors, actor_truth(scene, i));
    /* A seed has 64 bits and a JSON integer of most readers 53: it is text. */
    json_object_set_new(truth, "seed", json_sprintf("%llu", (unsigned long long)scene->seed));
    json_object_set_new(truth, "width", json_integer(scene->width));
    json_object_set_new(truth, "height", json_integer(scene->height));
    json_object_set_new(truth, "frames", json_integer(scene->frames));
    json_object_set_new(truth, "fps", number(scene->fps));
    json_object_set_new(truth, "held_out", json_boolean(cohl_scene_is_held_out(scene)));
    json_object_set_new(truth, "setting", name_of(COHL_WORD_SETTING, scene->setting));
    json_object_set_new(truth, "time", name_of(COHL_WORD_DAYTIME, scene->daytime));
    json_object_set_new(truth, "captions", captions_of(scene));
    json_object_set_new(truth, "actors", actors);
    json_object_set_new(truth, "camera", camera_truth(scene));
    if (json_dump_callback(truth, add_to_text, json, JSON_INDENT(1) | JSON_REAL_PRECISION(10)))
        json->failed = true;
    json_decref(truth);
}
