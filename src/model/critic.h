/* critic.h - a small network that says what a film shows, in the words of film/words.h.
 *
 * It looks at nine frames spread over a clip, each shrunk to about 160 x 96, and
 * answers: setting, time of day, camera move; and for every colour whether a
 * subject of that colour is there, what it is and what it does. (In the theatre no
 * two subjects of a scene share a colour, so a colour is a subject's name even when
 * both are balloons.)
 *
 *     cohl_critic_load(&critic, ctx, "models/mini/critic", err);
 *     cohl_critic_judge(ctx, critic, frames, frame_count, &verdict, err);
 *     cohl_score score = cohl_verdict_score(&verdict, &wanted);
 *
 * It is a judge only: the film model never gets a gradient or a choice of samples
 * from it, so that its numbers keep their meaning. */
#ifndef COHL_MODEL_CRITIC_H
#define COHL_MODEL_CRITIC_H

#include "base/text.h"
#include "film/words.h"
#include "media/frame.h"
#include "model/params.h"
#include "theatre/scene.h"
#include "weights/config.h"

enum {
    COHL_CRITIC_FRAMES = 9,      /* frames it looks at                                  */
    COHL_CRITIC_PATCH = 16,      /* pixels a side of the cells that are named one by one */
    COHL_CRITIC_STAGES = 5,      /* halvings of the picture                              */
    COHL_CRITIC_SIDE_MAX = 256,  /* pixels of a side after shrinking                     */
    COHL_CRITIC_ACTORS_MAX = 3,
};

typedef struct cohl_critic_config {
    int channels[COHL_CRITIC_STAGES];   /* width of each stage; the last is the tokens' */
    int layers, heads;                  /* of the attention over all tokens             */
} cohl_critic_config;

/* Keys channels, layers, heads; each has a default. */
cohl_status cohl_critic_config_read(cohl_critic_config *out, cohl_config *json, cohl_error *err);

typedef struct cohl_critic_net cohl_critic_net;

typedef struct cohl_critic {
    cohl_critic_config config;
    cohl_params        params;
    cohl_critic_net   *net;
} cohl_critic;

/* Declares the parameters; cohl_params_alloc gives them memory. */
cohl_status cohl_critic_new(cohl_critic **out, const cohl_critic_config *config, cohl_error *err);
/* From a folder with config.json and model.safetensors; ctx outlives it. */
cohl_status cohl_critic_load(cohl_critic **out, cohl_ctx *ctx, const char *folder, cohl_error *err);
void        cohl_critic_free(cohl_critic *critic);

/* ---- the forward pass, for training too ----------------------------------- */

/* The size a picture is shrunk to: its shape kept, about 160 * 96 pixels, multiples of 32. */
void cohl_critic_size(int width, int height, int *small_width, int *small_height);

/* Answers before the softmax; clips one behind the other. */
typedef struct cohl_critic_output {
    cohl_tensor *setting, *daytime, *move;     /* [clips, classes]                             */
    cohl_tensor *present;                      /* [clips * colours, 2]: no, yes                */
    cohl_tensor *subject, *action;             /* [clips * colours, classes]                   */
    cohl_tensor *cell_colour, *cell_subject;   /* [cells, classes + 1], the last: nothing there;
                                                  cells of 16 x 16 pixels by clip, frame, row, column.
                                                  Only for learning: NULL unless a tape records. */
} cohl_critic_output;

/* clip[i] [COHL_CRITIC_FRAMES, height, width, 3], -1..1, of cohl_critic_size; sizes may differ;
 * 1..64 clips. All members are NULL after a failure, told by the context. */
cohl_critic_output cohl_critic_forward(cohl_ctx *ctx, const cohl_critic *critic, cohl_tensor *const *clip,
                                       int clip_count);

/* The frames it looks at, shrunk: out [COHL_CRITIC_FRAMES, small_height, small_width, 3], -1..1.
 * frames: count >= 1 of one size; borrowed. */
cohl_status cohl_critic_shrink(float *out, const cohl_frame *const *frames, int count, cohl_error *err);

/* ---- verdicts ------------------------------------------------------------- */

/* The most likely class of a head and how likely it is. */
typedef struct cohl_call {
    int   class;
    float probability;
} cohl_call;

typedef struct cohl_verdict {
    cohl_call setting, daytime, move;
    float     present[COHL_COLOUR_COUNT];   /* how likely a subject of the colour is there */
    cohl_call subject[COHL_COLOUR_COUNT];   /* what it would be                            */
    cohl_call action[COHL_COLOUR_COUNT];    /* what it would do                            */
} cohl_verdict;

/* Judge one film; count >= 1 frames of one size. */
cohl_status cohl_critic_judge(cohl_ctx *ctx, const cohl_critic *critic, const cohl_frame *const *frames,
                              int count, cohl_verdict *verdict, cohl_error *err);
/* The verdicts of a forward pass, clip_count of them. */
cohl_status cohl_critic_verdicts(cohl_ctx *ctx, const cohl_critic_output *output, int clip_count,
                                 cohl_verdict *verdicts, cohl_error *err);

/* ---- against what was wanted ----------------------------------------------- */

/* What a prompt asks for; -1 = it does not say. */
typedef struct cohl_wanted {
    int setting, daytime, move;
    int actor_count;                        /* 0..COHL_CRITIC_ACTORS_MAX */
    struct { int subject, colour, action; } actor[COHL_CRITIC_ACTORS_MAX];
} cohl_wanted;

/* What a scene of the theatre shows. */
cohl_wanted cohl_wanted_of_scene(const cohl_scene *scene);

/* One answer: of which head, what was wanted, what the critic saw. */
typedef struct cohl_answer {
    cohl_word_kind kind;
    int wanted, seen;
} cohl_answer;

typedef struct cohl_score {
    int         count;
    cohl_answer answer[3 + 3 * COHL_CRITIC_ACTORS_MAX];
    bool        all_actors;    /* every subject with its colour is right */
} cohl_score;

/* As many subjects are taken as were wanted, those most surely there, and set against the
 * wanted ones in the order that fits best. A subject that the critic does not see at all
 * still has its likeliest colour and kind, so a head never has a class "none". */
cohl_score cohl_verdict_score(const cohl_verdict *verdict, const cohl_wanted *wanted);

/* Add what was seen, and where another thing was wanted: "beach, noon, dog (not ball)". */
void cohl_score_say(const cohl_score *score, cohl_text *text);

#endif
