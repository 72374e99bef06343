/* family.c - the Wan models there are. */
#include "model/family.h"

#include <stddef.h>

#define SIZES_480 { { 832, 480 }, { 480, 832 } }
#define SIZES_720 { { 1280, 720 }, { 720, 1280 }, { 832, 480 }, { 480, 832 } }
#define SIZES_IMAGE { { 832, 480 }, { 480, 832 }, { 1280, 720 }, { 720, 1280 } }

const cohl_family cohl_families[] = {
    { .name = "wan2.1-t2v-1.3b", .about = "text to film, 1.3 billion parameters", .known = "none",
      .dim = 1536, .in_dim = 16,
      .space = 8, .fps = 16, .frames = 81, .size = SIZES_480, .steps = 50, .shift = 5, .guidance = 5 },
    { .name = "wan2.1-t2v-14b", .about = "text to film, 14 billion parameters", .known = "none",
      .dim = 5120, .in_dim = 16,
      .space = 8, .fps = 16, .frames = 81, .size = SIZES_720, .steps = 50, .shift = 5, .guidance = 5 },
    { .name = "wan2.1-i2v-14b", .about = "picture to film, 14 billion parameters", .known = "mask-channels",
      .dim = 5120, .in_dim = 36, .image = true,
      .space = 8, .fps = 16, .frames = 81, .size = SIZES_IMAGE, .steps = 40, .shift = 3, .guidance = 5 },
    { .name = "wan2.1-flf2v-14b", .about = "first and last picture to film, 14 billion parameters",
      .known = "mask-channels", .dim = 5120, .in_dim = 36, .image = true, .places = true,
      .space = 8, .fps = 16, .frames = 81, .size = SIZES_720, .steps = 50, .shift = 16, .guidance = 5 },
    { .name = "wan2.1-vace-1.3b", .about = "text and given frames to film, 1.3 billion parameters",
      .known = "vace-context", .dim = 1536, .in_dim = 16, .control = true,
      .space = 8, .fps = 16, .frames = 81, .size = SIZES_480, .steps = 50, .shift = 16, .guidance = 5 },
    { .name = "wan2.1-vace-14b", .about = "text and given frames to film, 14 billion parameters",
      .known = "vace-context", .dim = 5120, .in_dim = 16, .control = true,
      .space = 8, .fps = 16, .frames = 81, .size = SIZES_720, .steps = 50, .shift = 16, .guidance = 5 },
    { .name = "wan2.2-ti2v-5b", .about = "text, or a first picture, to film, 5 billion parameters",
      .known = "timestep:first", .dim = 3072, .in_dim = 48,
      .space = 16, .fps = 24, .frames = 121, .size = { { 1280, 704 }, { 704, 1280 } }, .steps = 50, .shift = 5,
      .guidance = 5, .fit = COHL_FIT_CROP },
    { .name = "wan2.2-t2v-a14b", .about = "text to film, two experts of 14 billion parameters", .known = "none",
      .dim = 5120, .in_dim = 16, .experts = true,
      .space = 8, .fps = 16, .frames = 81, .size = SIZES_720, .steps = 40, .shift = 12, .guidance = 4,
      .boundary = 0.875, .low_guidance = 3 },
    { .name = "wan2.2-i2v-a14b", .about = "picture to film, two experts of 14 billion parameters",
      .known = "mask-channels", .dim = 5120, .in_dim = 36, .experts = true,
      .space = 8, .fps = 16, .frames = 81, .size = SIZES_720, .steps = 40, .shift = 5, .guidance = 3.5,
      .boundary = 0.900, .low_guidance = 3.5 },

    /* the same forms in other sizes */
    { .name = "wan2.1-t2v", .about = "text to film", .known = "none", .in_dim = 16,
      .space = 8, .fps = 16, .frames = 81, .size = SIZES_480, .steps = 50, .shift = 5, .guidance = 5 },
    { .name = "wan2.1-i2v", .about = "picture to film", .known = "mask-channels", .in_dim = 36, .image = true,
      .space = 8, .fps = 16, .frames = 81, .size = SIZES_IMAGE, .steps = 40, .shift = 3, .guidance = 5 },
    { .name = "wan2.1-flf2v", .about = "first and last picture to film", .known = "mask-channels", .in_dim = 36,
      .image = true, .places = true,
      .space = 8, .fps = 16, .frames = 81, .size = SIZES_IMAGE, .steps = 50, .shift = 16, .guidance = 5 },
    { .name = "wan2.1-vace", .about = "text and given frames to film", .known = "vace-context", .in_dim = 16,
      .control = true,
      .space = 8, .fps = 16, .frames = 81, .size = SIZES_480, .steps = 50, .shift = 16, .guidance = 5 },
    { .name = "wan2.2-ti2v", .about = "text, or a first picture, to film", .known = "timestep:first", .in_dim = 48,
      .space = 16, .fps = 24, .frames = 121, .size = { { 1280, 704 }, { 704, 1280 } }, .steps = 50, .shift = 5,
      .guidance = 5, .fit = COHL_FIT_CROP },
    { .name = "wan2.2-t2v", .about = "text to film, two experts", .known = "none", .in_dim = 16, .experts = true,
      .space = 8, .fps = 16, .frames = 81, .size = SIZES_480, .steps = 40, .shift = 12, .guidance = 4,
      .boundary = 0.875, .low_guidance = 3 },
    { .name = "wan2.2-i2v", .about = "picture to film, two experts", .known = "mask-channels", .in_dim = 36,
      .experts = true,
      .space = 8, .fps = 16, .frames = 81, .size = SIZES_IMAGE, .steps = 40, .shift = 5, .guidance = 3.5,
      .boundary = 0.900, .low_guidance = 3.5 },
    { .name = NULL },
};

static bool fits(const cohl_family *f, const cohl_dit_config *dit, bool experts)
{
    return (!f->dim || f->dim == dit->dim) && f->in_dim == dit->in_dim && f->image == (dit->image_dim > 0) &&
           f->places == (dit->image_positions > 0) && f->control == (dit->control_count > 0) && f->experts == experts;
}

const cohl_family *cohl_family_find(const cohl_dit_config *dit, bool experts)
{
    for (const cohl_family *f = cohl_families; f->name; f++)
        if (fits(f, dit, experts))
            return f;
    return NULL;
}

/* wan/configs/shared_config.py: colours too vivid, overexposed, still, blurred, subtitles, style, picture,
 * greyish, worst quality, JPEG, ugly, extra fingers, bad hands and faces, fused, messy, three legs ... */
const char cohl_family_negative[] =
    "色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，"
    "JPEG压缩残留，丑陋的，残缺的，多余的手指，画得不好的手部，画得不好的脸部，畸形的，毁容的，"
    "形态畸形的肢体，手指融合，静止不动的画面，杂乱的背景，三条腿，背景人很多，倒着走";
