/* camera.c - where the camera of a scene stands and looks, at any moment.
 *
 * Each move is one exact path between move_begin and move_end, eased so that it starts
 * and ends at rest: a pan turns about the vertical through the eye, an orbit about the
 * vertical through the target, a dolly goes along the line of sight, a zoom changes the
 * focal length by equal ratios in equal (eased) times. Before and after it rests, so a
 * clip may be cut anywhere. */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "film/easing.h"
#include "theatre/exact.h"
#include "theatre/scene.h"

enum { STREAM_HANDHELD = 0x48414e44 };

/* What a move is made of; a camera is built from it in one place. */
typedef struct view {
    double eye[3], target[3];
    double yaw, pitch, roll;    /* added to the direction eye -> target */
    double focal_mm;
} view;

static void cross(double out[3], const double a[3], const double b[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void normalise(double v[3])
{
    double size = sqrt(dot(v, v));
    for (int k = 0; k < 3; k++) v[k] /= size;
}

/* Turn the line of sight by yaw about the vertical and by pitch about `right`; then
 * right, up and forward by two products, and roll about forward. */
static cohl_camera camera_of_view(const view *v)
{
    static const double vertical[3] = { 0, 1, 0 };
    cohl_camera camera = { .focal_mm = v->focal_mm };
    double sight[3], level_size, yaw, pitch;
    memcpy(camera.position, v->eye, sizeof camera.position);
    for (int k = 0; k < 3; k++) sight[k] = v->target[k] - v->eye[k];
    level_size = sqrt(sight[0] * sight[0] + sight[2] * sight[2]);
    yaw = cohl_exact_atan2(sight[0], sight[2]) + v->yaw;
    pitch = cohl_exact_atan2(sight[1], level_size) + v->pitch;

    camera.forward[0] = cohl_exact_sin(yaw) * cohl_exact_cos(pitch);
    camera.forward[1] = cohl_exact_sin(pitch);
    camera.forward[2] = cohl_exact_cos(yaw) * cohl_exact_cos(pitch);
    normalise(camera.forward);
    double right[3], up[3], c = cohl_exact_cos(v->roll), s = cohl_exact_sin(v->roll);
    cross(right, vertical, camera.forward);
    normalise(right);
    cross(up, camera.forward, right);
    for (int k = 0; k < 3; k++) {
        camera.right[k] = c * right[k] - s * up[k];
        camera.up[k] = c * up[k] + s * right[k];
    }
    return camera;
}

/* The whole rig, eye and target, moved by metres along a direction. */
static void shift(view *v, const double direction[3], double metres)
{
    for (int k = 0; k < 3; k++) {
        v->eye[k] += metres * direction[k];
        v->target[k] += metres * direction[k];
    }
}

static void orbit(view *v, double angle)
{
    double x = v->eye[0] - v->target[0], z = v->eye[2] - v->target[2];
    double c = cohl_exact_cos(angle), s = cohl_exact_sin(angle);
    v->eye[0] = v->target[0] + c * x - s * z;
    v->eye[2] = v->target[2] + s * x + c * z;
}

/* The camera goes where actor 0 goes, over the ground; jumps are not followed. */
static void track(view *v, const cohl_scene *scene, double seconds)
{
    if (scene->actor_count == 0) return;
    cohl_actor_state now = cohl_scene_actor(scene, 0, seconds);
    double along[3] = { now.position[0] - scene->actor[0].home[0], 0.0,
                        now.position[2] - scene->actor[0].home[2] };
    shift(v, along, scene->move_amount);
}

/* A hand's sway: three sines of unrelated periods, 2.2 s to 0.4 s, with phases of the
 * scene's own; between -1 and 1. */
static double sway(cohl_rng *phases, double seconds)
{
    static const double hertz[3] = { 0.47, 1.13, 2.31 }, weight[3] = { 0.5, 0.33, 0.17 };
    double sum = 0.0;
    for (int k = 0; k < 3; k++) {
        double phase = cohl_rng_between(phases, 0.0, 2.0 * COHL_PI);
        double rate = cohl_rng_between(phases, 0.85, 1.2) * hertz[k];
        sum += weight[k] * cohl_exact_sin(2.0 * COHL_PI * rate * seconds + phase);
    }
    return sum;
}

static void shake(view *v, const cohl_scene *scene, double seconds)
{
    cohl_rng phases = cohl_rng_make(scene->seed, STREAM_HANDHELD);
    double amount = scene->move_amount;
    v->yaw   += amount * sway(&phases, seconds);
    v->pitch += 0.8 * amount * sway(&phases, seconds);
    v->roll  += 0.7 * amount * sway(&phases, seconds);
    for (int k = 0; k < 3; k++) v->eye[k] += 2.0 * amount * sway(&phases, seconds);
}

/* The distance shrinks by a fraction and the focal length by the same: what stands at
 * the target keeps its size while the background widens. */
static void dolly_zoom(view *v, double fraction)
{
    double sight[3];
    for (int k = 0; k < 3; k++) sight[k] = v->target[k] - v->eye[k];
    for (int k = 0; k < 3; k++) v->eye[k] += fraction * sight[k];
    v->focal_mm *= 1.0 - fraction;
}

static double progress(const cohl_scene *scene, double seconds)
{
    double length = scene->move_end - scene->move_begin;
    double u = length > 0.0 ? (seconds - scene->move_begin) / length : seconds > scene->move_end;
    return scene->move == COHL_MOVE_WHIP_PAN ? cohl_ease_smoother(u) : cohl_ease_steady(u);
}

cohl_camera cohl_scene_camera(const cohl_scene *scene, double seconds)
{
    static const double vertical[3] = { 0, 1, 0 };
    view v = { .focal_mm = scene->focal_mm };
    memcpy(v.eye, scene->eye, sizeof v.eye);
    memcpy(v.target, scene->target, sizeof v.target);
    double amount = scene->move_amount * progress(scene, seconds);
    cohl_camera before = camera_of_view(&v);

    switch (scene->move) {
    case COHL_MOVE_PAN_LEFT:      v.yaw = -amount; break;
    case COHL_MOVE_PAN_RIGHT:
    case COHL_MOVE_WHIP_PAN:      v.yaw = amount; break;
    case COHL_MOVE_TILT_UP:       v.pitch = amount; break;
    case COHL_MOVE_TILT_DOWN:     v.pitch = -amount; break;
    case COHL_MOVE_DOLLY_IN:      shift(&v, before.forward, amount); break;
    case COHL_MOVE_DOLLY_OUT:     shift(&v, before.forward, -amount); break;
    case COHL_MOVE_ORBIT_RIGHT:   orbit(&v, amount); break;
    case COHL_MOVE_ORBIT_LEFT:    orbit(&v, -amount); break;
    case COHL_MOVE_TRUCK_LEFT:    shift(&v, before.right, -amount); break;
    case COHL_MOVE_TRUCK_RIGHT:   shift(&v, before.right, amount); break;
    case COHL_MOVE_PEDESTAL_UP:   shift(&v, vertical, amount); break;
    case COHL_MOVE_PEDESTAL_DOWN: shift(&v, vertical, -amount); break;
    case COHL_MOVE_ZOOM_IN:
        v.focal_mm *= cohl_exact_pow(scene->move_amount, progress(scene, seconds));
        break;
    case COHL_MOVE_ZOOM_OUT:
        v.focal_mm /= cohl_exact_pow(scene->move_amount, progress(scene, seconds));
        break;
    case COHL_MOVE_ROLL:          v.roll = amount; break;
    case COHL_MOVE_CRANE:         v.eye[1] += amount; break;
    case COHL_MOVE_TRACKING:      track(&v, scene, seconds); break;
    case COHL_MOVE_HANDHELD:      shake(&v, scene, seconds); break;
    case COHL_MOVE_DOLLY_ZOOM:    dolly_zoom(&v, amount); break;
    case COHL_MOVE_STATIC:
    case COHL_MOVE_COUNT:         break;
    }
    return camera_of_view(&v);
}

double cohl_scene_project(const cohl_scene *scene, const cohl_camera *camera,
                          const double point[3], double *x, double *y)
{
    double away[3];
    for (int k = 0; k < 3; k++) away[k] = point[k] - camera->position[k];
    double depth = dot(away, camera->forward);
    double pixels = camera->focal_mm / 24.0 * scene->height / (depth > 1e-6 ? depth : 1e-6);
    *x = 0.5 * scene->width + pixels * dot(away, camera->right);
    *y = 0.5 * scene->height - pixels * dot(away, camera->up);
    return depth;
}
