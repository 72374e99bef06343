/* catalogue.c - the open models that are known by name.
 *
 * Files are those of the original releases. Parameters are counted from the
 * published lists of tensors. No sum is written down here that we have not
 * computed from the file itself; until then the hub's own is held against it. */
#include "fetch/catalogue.h"

#include <string.h>

#include "base/text.h"

#define TOKENIZER { "google/umt5-xxl/spiece.model", NULL }, { "google/umt5-xxl/tokenizer.json", NULL }
#define TEXT      { "models_t5_umt5-xxl-enc-bf16.pth", NULL }, TOKENIZER
#define VAE21     { "Wan2.1_VAE.pth", NULL }
#define CLIP      { "models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth", NULL }
#define CONFIG    { "config.json", NULL }
#define WHOLE     CONFIG, { "diffusion_pytorch_model.safetensors", NULL }
#define SHARDS    CONFIG, { "diffusion_pytorch_model.safetensors.index.json", NULL }
#define EXPERTS                                                                       \
    { "high_noise_model/config.json", NULL },                                         \
    { "high_noise_model/diffusion_pytorch_model.safetensors.index.json", NULL },      \
    { "low_noise_model/config.json", NULL },                                          \
    { "low_noise_model/diffusion_pytorch_model.safetensors.index.json", NULL }

const cohl_model_entry cohl_model_catalogue[] = {
    { "wan2.1-t2v-1.3b", "the small one of Wan 2.1, for 480p", "Wan-AI/Wan2.1-T2V-1.3B", "Apache-2.0", "text", 1.419, 1,
      { WHOLE, TEXT, VAE21 } },
    { "wan2.1-t2v-14b", "the large one of Wan 2.1", "Wan-AI/Wan2.1-T2V-14B", "Apache-2.0", "text", 14.288, 1,
      { SHARDS, TEXT, VAE21 } },
    { "wan2.1-i2v-14b-480p", "a picture set in motion, 480p", "Wan-AI/Wan2.1-I2V-14B-480P", "Apache-2.0",
      "text, first picture", 16.395, 1, { SHARDS, TEXT, VAE21, CLIP } },
    { "wan2.1-i2v-14b-720p", "a picture set in motion, 720p", "Wan-AI/Wan2.1-I2V-14B-720P", "Apache-2.0",
      "text, first picture", 16.395, 1, { SHARDS, TEXT, VAE21, CLIP } },
    { "wan2.1-flf2v-14b", "from a first to a last picture", "Wan-AI/Wan2.1-FLF2V-14B-720P", "Apache-2.0",
      "text, first and last picture", 16.396, 1, { SHARDS, TEXT, VAE21, CLIP } },
    { "wan2.1-vace-1.3b", "films from films: masks, poses, references", "Wan-AI/Wan2.1-VACE-1.3B", "Apache-2.0",
      "text, any known frames", 2.154, 1, { WHOLE, TEXT, VAE21 } },
    { "wan2.1-vace-14b", "the same, large", "Wan-AI/Wan2.1-VACE-14B", "Apache-2.0", "text, any known frames", 17.338, 1,
      { SHARDS, TEXT, VAE21 } },
    { "wan2.2-ti2v-5b", "720p at 24 frames a second, text or picture", "Wan-AI/Wan2.2-TI2V-5B", "Apache-2.0",
      "text, first picture", 5.000, 1, { SHARDS, TEXT, { "Wan2.2_VAE.pth", NULL } } },
    { "wan2.2-t2v-a14b", "two experts, one for the coarse, one for the fine", "Wan-AI/Wan2.2-T2V-A14B", "Apache-2.0",
      "text", 14.288, 2, { EXPERTS, TEXT, VAE21 } },
    { "wan2.2-i2v-a14b", "two experts that set a picture in motion", "Wan-AI/Wan2.2-I2V-A14B", "Apache-2.0",
      "text, first picture", 14.289, 2, { EXPERTS, TEXT, VAE21 } },
    { .name = NULL },
};

const cohl_model_entry *cohl_model_entry_named(const char *name, const char **nearest)
{
    int best = (int)strlen(name) / 3 + 1;
    if (nearest)
        *nearest = NULL;
    for (const cohl_model_entry *e = cohl_model_catalogue; e->name; e++) {
        int distance = cohl_text_distance(name, e->name);
        if (!distance)
            return e;
        if (nearest && distance < best)
            best = distance, *nearest = e->name;
    }
    return NULL;
}

double cohl_model_gigabytes(const cohl_model_entry *entry, double bits) { return entry->billions * bits / 8; }
