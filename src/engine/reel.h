/* reel.h - the plan of a film: what of it is given, what is made, and in which windows.
 *
 * A film is a row of stretches, counted in frames at the model's rate. A stretch is given (level
 * 0: a film's or a picture's own frames), made (level 1), or remade from what is given (between).
 * Those that are not given lie side by side:
 *
 *     text                [ made ]                 fill     [ given | made | given ]
 *     first, last picture [ given | made | given ] between  [ given | made | given ]
 *     extend              [ given | made ]         blend    [ given | remade | given ]
 *     extend before       [ made | given ]         remix    [ remade ]
 *
 * Around them lies the take: latent frames on one grid, latent 0 standing for one frame and each
 * other for four. It begins some given frames before, so that the model sees where the film comes
 * from, and ends some groups after, so that it sees where it goes. What of a group is made, makes
 * all of it made; its given frames are shown as they are all the same.
 *
 * A take longer than the model films at once is made in windows, ranges of its latent frames. Each
 * knows the last `context` of the one before. A take that only knows what follows it is made from
 * its end; there each window makes its own first latent frame, which stands for one frame alone,
 * and the window before makes it again as a group. A loop without given film knows, at its end,
 * the groups that it began with.
 *
 * Pure host mathematics: no film is read, no network runs. */
#ifndef COHL_ENGINE_REEL_H
#define COHL_ENGINE_REEL_H

#include <stdbool.h>

#include "cohl/cohl.h"
#include "diffusion/known.h"

enum { REEL_NONE = -1, REEL_STRETCHES_MAX = 4, REEL_WINDOWS_MAX = 1024, REEL_SECONDS_MAX = 60 };

typedef struct reel_stretch {
    int    begin, count;       /* frames of the film                                   */
    float  level;              /* 0 given, 1 made, between remade                      */
    int    clip;               /* 0, 1: whose frames they are; REEL_NONE where made    */
    double second;             /* of that clip, at begin                               */
    int    into;               /* the clip it fades into over the stretch; REEL_NONE   */
    double into_second;
} reel_stretch;

typedef struct reel_window { int begin, count; } reel_window;   /* latent frames of the take */

typedef struct reel {
    double       fps;                      /* of the model                             */
    int          frames;                   /* of the film, at that rate                */
    int          stretch_count;
    reel_stretch stretch[REEL_STRETCHES_MAX];   /* may go on behind the last frame     */
    int          made_begin, made_end;     /* frames of the film that are not given    */
    int          first;                    /* the frame that latent 0 stands for       */
    int          latents;                  /* of the take                              */
    int          returns;                  /* how many at its end are latents 1, 2, ... again */
    bool         backwards;                /* windows are made from the last           */
    int          window_count, window_most;/* the largest window                       */
    reel_window  window[REEL_WINDOWS_MAX]; /* in the order of time                     */
} reel;

/* What is asked, in seconds and frames at the model's rate. */
typedef struct reel_request {
    cohl_given given;
    double     clip_seconds[2];        /* of the given films; 0 = none                  */
    bool       picture[2];             /* clip is a still: 0 stands first, 1 last       */
    int        frames;                 /* of a film without given film; else those made anew */
    double     gap_begin, gap_end;     /* seconds of clip 0                             */
    double     strength;
    bool       loop;
} reel_request;

/* What the model can. */
typedef struct reel_limits {
    double fps;
    int    latents_min, latents_max;   /* of a window                                   */
    bool   knows_first, knows_any;     /* known frames: the first; any                  */
    bool   holds;                      /* made latents too, in the sample: not only film beside it */
} reel_limits;

reel_limits reel_limits_make(double fps, int frames_min, int frames_max, const cohl_known_kind *known);

/* How many latent frames a window knows of the one before; 0 where the model knows none. */
int reel_context(const reel_limits *limits);
/* Frames made anew when nobody says how many: what one window holds beside what is given. */
int reel_usual_frames(const reel_request *request, const reel_limits *limits);

/* COHL_ERR_ARGUMENT     a gap outside the film, an overlap longer than a film, ...
 * COHL_ERR_UNSUPPORTED  longer than the model films at once, and it knows no frames */
cohl_status reel_plan(reel *out, const reel_request *request, const reel_limits *limits, cohl_error *err);

/* The stretch of a frame; frames behind the last belong to the last stretch. */
const reel_stretch *reel_at(const reel *r, int frame);
/* First frame and number of frames of a latent frame of the take: 1, or 4. */
int   reel_latent_first(const reel *r, int latent);
int   reel_latent_count(int latent);
/* 0 known, 1 made, between remade. Those that return count as made. */
float reel_level(const reel *r, int latent);

#endif
