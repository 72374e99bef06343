/* staging_faults.c - does an arrangement read well?
 *
 * Nine moments of the clip are projected: is each actor's middle in the picture, is it
 * large enough to name and not larger than the picture, does it stand apart from the
 * others; does who leaves get out, and who arrives get in. Pans and their like may carry
 * an actor over the edge for a third of the time. */
#include <math.h>

#include "theatre/casting.h"
#include "theatre/staging.h"

enum { SAMPLES = 9 };

static double last_second(const cohl_scene *scene)
{
    return (scene->frames - 1) / scene->fps;
}

/* Of a box, the part inside the picture. */
static double part_inside(const cohl_scene *scene, const double box[4])
{
    double width = fmin(box[2], scene->width) - fmax(box[0], 0.0);
    double height = fmin(box[3], scene->height) - fmax(box[1], 0.0);
    double area = (box[2] - box[0]) * (box[3] - box[1]);
    return width <= 0.0 || height <= 0.0 ? 0.0 : width * height / area;
}

static bool middle_is_inside(const cohl_scene *scene, const double box[4])
{
    double x = 0.5 * (box[0] + box[2]), y = 0.5 * (box[1] + box[3]);
    return x > 0.03 * scene->width && x < 0.97 * scene->width &&
           y > 0.03 * scene->height && y < 0.97 * scene->height;
}

static double overlap(const double a[4], const double b[4])
{
    double width = fmin(a[2], b[2]) - fmax(a[0], b[0]);
    double height = fmin(a[3], b[3]) - fmax(a[1], b[1]);
    double least = fmin((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]));
    return width <= 0.0 || height <= 0.0 ? 0.0 : width * height / least;
}

static bool may_pass_the_edge(cohl_move move)
{
    switch (move) {
    case COHL_MOVE_PAN_LEFT: case COHL_MOVE_PAN_RIGHT: case COHL_MOVE_WHIP_PAN:
    case COHL_MOVE_TRUCK_LEFT: case COHL_MOVE_TRUCK_RIGHT: case COHL_MOVE_TRACKING:
        return true;
    default:
        return false;
    }
}

/* Crossing the frame: outside at one end of the clip, inside at the other. */
static int crossing_faults(const cohl_scene *scene, int i)
{
    bool   leaves = scene->actor[i].action == COHL_ACTION_LEAVE;
    double box[4], in = leaves ? 0.0 : last_second(scene), out = leaves ? last_second(scene) : 0.0;
    int    faults = 0;
    cohl_scene_box(scene, i, in, box);
    faults += part_inside(scene, box) < 0.85;
    faults += box[3] - box[1] < 0.18 * scene->height;
    cohl_scene_box(scene, i, out, box);
    faults += 2 * (part_inside(scene, box) > 0.0);
    return faults;
}

/* Staying: large enough at its best, in the picture all along, or most of it. */
static int staying_faults(const cohl_scene *scene, int i)
{
    int    inside = 0, whole = 0, faults = 0;
    double largest = 0.0, smallest = 1e9, box[4];
    for (int k = 0; k < SAMPLES; k++) {
        /* Sizes outside the picture mean nothing: a wide angle stretches them. */
        if (!cohl_scene_box(scene, i, last_second(scene) * k / (SAMPLES - 1), box) ||
            !middle_is_inside(scene, box))
            continue;
        inside++;
        whole += part_inside(scene, box) > 0.85;
        largest = fmax(largest, (box[3] - box[1]) / scene->height);
        smallest = fmin(smallest, (box[3] - box[1]) / scene->height);
    }
    faults += inside < (may_pass_the_edge(scene->move) ? SAMPLES * 2 / 3 : SAMPLES);
    faults += whole < SAMPLES / 2 + (may_pass_the_edge(scene->move) ? 0 : 2);
    /* An upright picture is narrow: there a figure may be a little lower. */
    double least = 0.17 * fmin(1.0, sqrt((double)scene->width / scene->height));
    faults += smallest < least || largest < 1.25 * least;
    faults += largest > 0.92;
    return faults;
}

static int overlap_faults(const cohl_scene *scene, int a, int b)
{
    int faults = 0;
    for (int k = 0; k < SAMPLES; k += 2) {
        double one[4], other[4], seconds = last_second(scene) * k / (SAMPLES - 1);
        cohl_scene_box(scene, a, seconds, one);
        cohl_scene_box(scene, b, seconds, other);
        faults += overlap(one, other) > 0.2;
    }
    return faults;
}

int cohl_staging_faults(const cohl_scene *scene)
{
    int faults = 0;
    for (int i = 0; i < scene->actor_count; i++) {
        bool crosses = cohl_casting_crosses(scene->actor[i].action);
        faults += crosses ? crossing_faults(scene, i) : staying_faults(scene, i);
        for (int j = 0; j < i; j++) faults += overlap_faults(scene, i, j);
    }
    return faults;
}
