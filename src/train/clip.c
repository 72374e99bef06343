/* clip.c - a piece of rendered film as training takes it. */
#include "train/clip.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

cohl_status cohl_clip_render(cohl_clip *clip, const cohl_scene *scene, const cohl_cut *cut, cohl_error *err)
{
    size_t pixels = (size_t)cut->width * (size_t)cut->height, all = pixels * (size_t)cut->frames;
    size_t whole = (size_t)scene->width * (size_t)scene->height;

    assert(cut->first + cut->frames <= scene->frames && cut->left + cut->width <= scene->width &&
           cut->top + cut->height <= scene->height);
    *clip = (cohl_clip){ .scene = *scene, .frames = cut->frames, .height = cut->height, .width = cut->width,
                         .rgb = malloc(all * 3), .mask = malloc(all) };
    cohl_picture picture = { .rgb = malloc(whole * 3), .mask = malloc(whole) };
    cohl_status st = COHL_OK;
    if (!clip->rgb || !clip->mask || !picture.rgb || !picture.mask)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a clip of %d frames", cut->frames);
    for (int f = 0; f < cut->frames && !st; f++) {
        cohl_scene_render(scene, cut->first + f, &picture);
        for (int y = 0; y < cut->height; y++) {
            size_t from = (size_t)(cut->top + y) * (size_t)scene->width + (size_t)cut->left;
            size_t to = (size_t)f * pixels + (size_t)y * (size_t)cut->width;
            memcpy(clip->rgb + to * 3, picture.rgb + from * 3, (size_t)cut->width * 3);
            memcpy(clip->mask + to, picture.mask + from, (size_t)cut->width);
        }
    }
    free(picture.rgb);
    free(picture.mask);
    if (st)
        cohl_clip_free(clip);
    return st;
}

void cohl_clip_free(cohl_clip *clip)
{
    free(clip->rgb);
    free(clip->mask);
    clip->rgb = clip->mask = NULL;
}

void cohl_clip_values(const cohl_clip *clip, float *out)
{
    size_t count = (size_t)clip->frames * (size_t)clip->height * (size_t)clip->width * 3;
    for (size_t i = 0; i < count; i++)
        out[i] = (float)clip->rgb[i] / 127.5f - 1.0f;
}
