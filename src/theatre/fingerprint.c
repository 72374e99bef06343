/* fingerprint.c - a number for what the theatre renders. */
#include "theatre/scene.h"

/* The fewest scenes, from this seed on, among which all words were when they were chosen. */
enum { SCENES = 36, SEED = 4160, WIDE = 32, HIGH = 24, FRAMES = 33, STEP = 32 };

/* FNV-1a goes on over bytes. */
static uint64_t hash_on(uint64_t hash, const uint8_t *byte, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3u;
    return hash;
}

/* First and last frame. */
static uint64_t hash_film(uint64_t hash, const cohl_scene *scene)
{
    uint8_t rgb[HIGH * WIDE * 3], mask[HIGH * WIDE];
    for (int frame = 0; frame < FRAMES; frame += STEP) {
        cohl_scene_render(scene, frame, &(cohl_picture){ .rgb = rgb, .mask = mask });
        hash = hash_on(hash, rgb, sizeof rgb);
        hash = hash_on(hash, mask, sizeof mask);
    }
    return hash;
}

uint64_t cohl_theatre_fingerprint(void)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (int i = 0; i < SCENES; i++) {
        cohl_scene scene;
        cohl_scene_request request = cohl_scene_request_default();
        request.width = WIDE, request.height = HIGH, request.frames = FRAMES;
        request.actors_max = COHL_ACTORS_MAX, request.held_out = i % 4 == 0;
        cohl_scene_draw(&scene, &request, SEED + (uint64_t)i);
        hash = hash_film(hash, &scene);
    }
    return hash;
}
