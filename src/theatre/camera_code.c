/* camera_code.c - the camera's path as the numbers a model is given. */
#include "theatre/camera_code.h"

#include <math.h>

#include "theatre/exact.h"

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

void cohl_camera_code(const cohl_camera *first, const cohl_camera *now, double distance,
                      float code[COHL_CAMERA_CODE])
{
    double gone[3];
    for (int i = 0; i < 3; i++)
        gone[i] = 4 * (now->position[i] - first->position[i]) / distance;
    code[0] = 1;
    code[1] = (float)dot(gone, first->right);
    code[2] = (float)dot(gone, first->up);
    code[3] = (float)dot(gone, first->forward);
    /* Where it looks now, as the first camera sees it. */
    double x = dot(now->forward, first->right), y = dot(now->forward, first->up);
    double z = dot(now->forward, first->forward);
    code[4] = (float)(4 * cohl_exact_atan2(x, z));
    code[5] = (float)(4 * cohl_exact_atan2(y, sqrt(x * x + z * z)));
    code[6] = (float)(4 * cohl_exact_atan2(-dot(now->right, first->up), dot(now->up, first->up)));
    code[7] = (float)(4 * cohl_exact_log(now->focal_mm / first->focal_mm));
}

void cohl_scene_camera_code(const cohl_scene *scene, int latent_frames, float *code)
{
    cohl_camera first = cohl_scene_camera(scene, 0);
    double aim[3];
    for (int i = 0; i < 3; i++)
        aim[i] = scene->target[i] - scene->eye[i];
    for (int k = 0; k < latent_frames; k++) {
        cohl_camera now = cohl_scene_camera(scene, 4 * k / scene->fps);
        cohl_camera_code(&first, &now, sqrt(dot(aim, aim)), code + k * COHL_CAMERA_CODE);
    }
}
