/* cohl.h - a written shot becomes film, on your own machine.
 *
 * Two nouns: the engine (a model's weights, loaded once, shared, read-only) and
 * the run (one generation: latents, progress, cancel).
 *
 *     cohl_engine *engine;
 *     cohl_run *run = NULL;
 *     cohl_error err;
 *     cohl_request request = cohl_request_default();
 *     request.prompt = "a red balloon drifts over a white village";
 *     if (cohl_engine_open(&engine, NULL, &err)) ... err.text
 *     if (!cohl_run_new(&run, engine, &request, &err))
 *         cohl_run_film(run, &(cohl_film){ .path = "film.mp4" }, NULL, &err);
 *     cohl_run_free(run);
 *     cohl_engine_close(engine);
 *
 * The same request, model, build and kind of processor give the same film with
 * any number of threads. Strings are UTF-8 and zero-terminated; those of a
 * request are copied. An engine is safe for several runs at a time (they take
 * turns on its threads); a run is one thread's, but for cohl_run_cancel.
 *
 * Files of weights are mapped while an engine is open: cut meanwhile, they end the program by SIGBUS.
 * Replace them by renaming. (The command handles that signal, and says which file it was.) */
#ifndef COHL_COHL_H
#define COHL_COHL_H

#include <stdbool.h>
#include <stdint.h>

#include "cohl/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cohl_engine cohl_engine;
typedef struct cohl_run    cohl_run;

/* ---- the engine ---------------------------------------------------------- */

typedef struct cohl_engine_params {
    const char *model;       /* a model's folder, or a name of `cohl models`; NULL = the one that ships */
    int         threads;     /* 0 = one for each processor; at most 256          (0) */
    const char *loras;       /* LoRA files laid over the transformer, "FILE[:0.8],..."; NULL = none */
    const char *precision;   /* of products and weights: "f32", "bf16", "int8"; NULL = the faster of the first two here */
    const char *ledger;      /* the file where films are entered and settings stand; "" = none;
                                NULL = cohl/ledger.db in the user's data folder (XDG) (NULL) */
    const char *policy;      /* folder of the policy packs that ship; NULL = found by the program's place.
                                Packs in cohl/policy of the user's data folder come on top  (NULL) */
    bool without_frame_checks;   /* weights that were not trained here may make films although the networks that
                                look at frames are not installed (`cohl checks install`); the films'
                                credentials say so                                          (false) */
    uint64_t    memory_bytes;  /* that the process may take: weights that do not fit are read from their files
                                at every step, which changes no film; 0 = what the setting memory.most
                                says, or else what is free                   (0) */
} cohl_engine_params;

/* Load a model; params may be NULL. Takes as much memory as its weights; a large one's are read when
 * they are needed.
 *
 * COHL_ERR_IO      there is no such model, or one of its files is missing
 * COHL_ERR_FORMAT  a file is broken, or two parts do not fit: the sentence names them */
COHL_API cohl_status cohl_engine_open(cohl_engine **out, const cohl_engine_params *params, cohl_error *err);
/* After its last run is freed. NULL is fine. */
COHL_API void cohl_engine_close(cohl_engine *engine);

/* What the model can; strings live as long as the engine. */
typedef struct cohl_model_info {
    const char *folder, *name, *about;
    double      fps;                       /* of its films                                */
    int         frames_min, frames_max;    /* that it learned                             */
    int         size_count;
    const int (*size)[2];                  /* [size_count] width, height that it learned  */
    int         size_multiple;             /* any width and height is a multiple of it    */
    const char *known;                     /* how frames may be given: "timestep:any"     */
    const char *solver;                    /* how it is sampled, unless asked otherwise   */
    int         steps;
    double      shift, guidance;
    int64_t     text_parameters, transformer_parameters, vae_parameters;
    int         threads;                   /* of this engine */
} cohl_model_info;

COHL_API cohl_model_info cohl_engine_model(const cohl_engine *engine);

/* ---- what is asked ------------------------------------------------------- */

enum { COHL_PROMPT_BYTES_MAX = 100 * 1024 };

/* cohl_request.reuse, in place of a threshold. */
#define COHL_REUSE_MODEL (-1.0)
#define COHL_REUSE_AUTO  (-2.0)

/* Film that is given, and what is made of it. A given film is scaled to cover the size, its middle
 * kept; each moment shows the picture it shows at that moment, whatever its rate. Its frames stand
 * in the film as they are. */
typedef enum cohl_given {
    COHL_GIVEN_NOTHING,         /* words alone, or pictures                                          */
    COHL_GIVEN_EXTEND,          /* clip[0], then new film                                            */
    COHL_GIVEN_EXTEND_BEFORE,   /* new film, then clip[0]                                            */
    COHL_GIVEN_FILL,            /* clip[0], its gap made anew                                        */
    COHL_GIVEN_BETWEEN,         /* clip[0], new film that leads over, clip[1]                        */
    COHL_GIVEN_BLEND,           /* the end of clip[0] becomes the start of clip[1]                   */
    COHL_GIVEN_REMIX,           /* clip[0], all of it made anew from what it is                      */
} cohl_given;

/* cohl_request_default() fills it in; a caller writes only what differs. */
typedef struct cohl_request {
    const char *prompt;         /* who is where, does what, seen how; 1..COHL_PROMPT_BYTES_MAX bytes */
    const char *negative;       /* what guidance leads away from                (NULL: the model's) */
    int         width, height;  /* pixels, multiples of the model's (32, of most Wan models 16)
                                                                            (0: the model's first; of a Wan
                                   model with an image, its proportions at as many pixels)          */
    double      seconds;        /* how long, to 60; of a given film, how much is made anew, for blend
                                   the overlap, for remix how much of it    (0: as frames say)      */
    int         frames;         /* how many at fps      (0: as seconds say; both 0: the model's most,
                                   of a blend one second, of a remix all)                           */
    double      fps;            /* 1..240; frames are shown twice or left out where it is not the
                                   model's own, never blended               (0: the model's own)    */
    uint64_t    seed;           /* same seed, same film                                         (0) */
    int         steps;          /* 1..1000 solver steps                     (0: the model's)        */
    double      guidance;       /* 1 = off, to 100; too much burns colours  (-1: the model's)       */
    double      shift;          /* 0.01..100; more = more steps at high noise (0: the model's)      */
    const char *solver;         /* "euler", "unipc", ...                    (NULL: the model's)     */
    const char *noise;          /* "cohl", or "torch": the noise that tools in Python start from with
                                   the same seed                            (NULL: "cohl")          */
    const char *decoder;        /* "taehv": frames by the fast autoencoder beside the model; "vae"
                                                                            (NULL: "vae")           */
    double      reuse;          /* steps whose velocity can be foretold within this error, relative root mean
                                   square, are made without the network: to 1; 0 = none; COHL_REUSE_AUTO =
                                   what was measured, 0.15                  (COHL_REUSE_MODEL: the model's) */
    const char *image;          /* a picture that becomes the first frame   (NULL)                  */
    const char *last_image;     /* a picture that becomes the last one      (NULL)                  */
    const char *image_sha256;       /* what these files must be, as a film's recipe says: SHA-256   */
    const char *last_image_sha256;  /* in hex                               (NULL: anything)        */
    cohl_given  given;          /*                                          (COHL_GIVEN_NOTHING)    */
    const char *clip[2];        /* films, or pictures; the second for between and blend       (NULL) */
    const char *clip_sha256[2]; /* as of pictures                           (NULL: anything)        */
    double      gap_begin, gap_end;   /* seconds of clip[0] that fill makes anew                 (0) */
    double      strength;       /* 0..1 of remix and blend: 1 keeps nothing of what is given  (0.6) */
    bool        loop;           /* the end leads into the beginning                          (false) */
} cohl_request;

COHL_API cohl_request cohl_request_default(void);

/* ---- what will be done --------------------------------------------------- */

enum { COHL_PLAN_WORDS_MAX = 16, COHL_PLAN_NOTES_MAX = 8 };

/* A word of the prompt that the model was never taught. */
typedef struct cohl_unknown_word {
    char word[64];
    char nearest[64];      /* one that it was taught, "" when none is near */
} cohl_unknown_word;

/* A checked request with every default filled in. */
typedef struct cohl_plan {
    int         width, height;
    int         frames;                 /* of the film                         */
    double      fps, seconds;
    int         asked_frames;           /* how many were asked for: cohl_request's; 0: the usual */
    int         model_frames;           /* that the model makes or sees, 4k+1  */
    int         windows;                /* in so many pieces, each knowing the end of the one before */
    int         window_frames;          /* the longest of them, 4k+1           */
    double      model_fps;
    int         steps;
    double      guidance, shift;
    const char *solver;
    double      reuse;                  /* threshold of step reuse; 0: every step asks the network */
    bool        fast_decoder;           /* frames by TAEHV */
    int         unknown_count;
    cohl_unknown_word unknown[COHL_PLAN_WORDS_MAX];
    int         note_count;             /* sentences worth telling: a trimmed length, another rate, ... */
    char        note[COHL_PLAN_NOTES_MAX][256];
} cohl_plan;

/* Could this be made, and how? Pictures are not opened; given films are read through, since their
 * length decides.
 *
 * COHL_ERR_ARGUMENT     a value is impossible: the sentence says what would be right
 * COHL_ERR_UNSUPPORTED  this model cannot (known frames)
 * COHL_ERR_REFUSED      the policy says no to the prompt or the negative one: the sentence says why */
COHL_API cohl_status cohl_request_check(const cohl_engine *engine, const cohl_request *request, cohl_plan *plan,
                                        cohl_error *err);

/* The request that made a film, from the film's own metadata (mp4, webm, mov, gif, png). Strings
 * of `out` point into *recipe, which is the caller's to free with cohl_recipe_free.
 *
 * COHL_ERR_FORMAT  not a film or picture, or none of ours */
typedef struct cohl_recipe_text cohl_recipe_text;
COHL_API cohl_status cohl_request_from_film(cohl_request *out, cohl_recipe_text **recipe, const char *path,
                                            cohl_error *err);
/* The LoRA files that the film's engine had (cohl_engine_params.loras), or NULL. */
COHL_API const char *cohl_recipe_loras(const cohl_recipe_text *recipe);
/* The precision that was asked of it (cohl_engine_params.precision), or NULL. */
COHL_API const char *cohl_recipe_precision(const cohl_recipe_text *recipe);
COHL_API void cohl_recipe_free(cohl_recipe_text *recipe);

/* ---- a run --------------------------------------------------------------- */

/* Checks the request as above and reads its pictures. Their files, and given films, stay as they are until the film is
 * made: whom they show and what they say of their origin is read from them then.
 *
 * COHL_ERR_FORMAT  a picture is none, or not the one that the recipe names */
COHL_API cohl_status cohl_run_new(cohl_run **out, cohl_engine *engine, const cohl_request *request, cohl_error *err);
/* NULL is fine. */
COHL_API void cohl_run_free(cohl_run *run);

COHL_API const cohl_plan *cohl_run_plan(const cohl_run *run);
/* The request as the JSON that a film carries; lives as long as the run. */
COHL_API const char *cohl_run_recipe(const cohl_run *run);
/* What it cost, as the JSON that the ledger and the report beside the film have (docs/ledger.md);
 * NULL before it was run; lives as long as the run. */
COHL_API const char *cohl_run_cost_text(const cohl_run *run);

/* What work costs, but for its time. */
typedef struct cohl_run_cost {
    double   cpu_seconds;        /* of all threads                                              */
    uint64_t peak_bytes;         /* the process's largest resident size so far, weights included;
                                    0 in an estimate                                            */
    double   operations;         /* multiplications and additions of its products               */
    double   joules;             /* all of them                                                 */
    double   gpu_joules;         /* of those, graphics cards                                    */
    char     method[16];         /* "rapl", "estimate", "rapl+nvml", "estimate+nvml"            */
    double   watts;              /* a busy core, where processors were estimated; else 0        */
    char     about[160];         /* how joules were found, as a sentence                        */
    double   money;              /* by the operator's tariff; 0 where none is set               */
    double   price;              /* of a kilowatt-hour, that tariff                             */
    char     currency[16];       /* "EUR"; "" where no tariff is set                            */
} cohl_run_cost;

/* What it will cost. */
typedef struct cohl_run_estimate {
    double      seconds;                        /* all of it                 */
    double      sample_seconds, decode_seconds;
    cohl_run_cost cost;
    const char *about;                          /* how seconds were found    */
} cohl_run_estimate;

/* Times small pieces of the run, a few hundredths of it, on this machine as busy as it is now.
 * What it finds depends on the machine, so nothing of it goes into the film.
 *
 * COHL_ERR_CANCELLED  cohl_run_cancel                                          */
COHL_API cohl_status cohl_run_estimate_cost(const cohl_run *run, cohl_run_estimate *out, cohl_error *err);

/* The memory it takes, part by part, without running it. Bytes. */
typedef struct cohl_run_memory {
    uint64_t limit;            /* what it may take: asked, set, or free now                            */
    uint64_t least;            /* with less it is refused                                              */
    uint64_t whole;            /* with so much no weights are read twice                               */
    uint64_t program;          /* parts of these: the program, latents, the film's encoder             */
    uint64_t decoder, text, transformer;          /* weights; text 0 where they pass through, layer by layer */
    uint64_t transformer_held; /* of its weights, those that stay in memory within the limit           */
    uint64_t words, pictures, steps, frames;      /* working memory of the stages; the largest counts  */
    bool     fits;             /* it is not refused: least is within what was asked, else the machine's  */
    bool     streams;          /* some weights are read at every step                                  */
    int      best_width, best_height, best_frames;   /* where it does not fit, the largest that does; 0: none */
} cohl_run_memory;

COHL_API cohl_status cohl_run_memory_needed(const cohl_run *run, cohl_run_memory *out, cohl_error *err);

typedef struct cohl_run_progress {
    const char *stage;          /* "pictures", "steps", "frames"              */
    int         step, steps;    /* done, and of how many, in this stage       */
    double      rate;           /* steps a second in this stage, 0 = unknown  */
    double      seconds_left;   /* of this stage, -1 = unknown                */
    double      seconds;        /* since the run began                        */
} cohl_run_progress;

/* Called on the thread that runs, at least once a step. */
typedef void cohl_run_watch_fn(void *user, const cohl_run_progress *progress);
COHL_API void cohl_run_watch(cohl_run *run, cohl_run_watch_fn *fn, void *user);

/* From any thread or a signal handler: the run ends soon with COHL_ERR_CANCELLED. */
COHL_API void cohl_run_cancel(cohl_run *run);

/* What it cost. */
typedef struct cohl_run_report {
    int         frames;
    int         steps, passes;      /* of all its windows; those of them that asked the network: all without reuse */
    double      seconds;            /* all of it */
    double      picture_seconds, sample_seconds, decode_seconds, deliver_seconds;
    cohl_run_cost cost;
    uint64_t    bytes;              /* of the film file; 0 without               */
    char        packets[65];        /* SHA-256 of its coded packets; "" without  */
    int64_t     ledger_film;        /* its number in the ledger; 0: not entered  */
    char        warning[512];       /* what went wrong beside the film, which is there: the ledger
                                       could not be written, say; "" usually     */
    char        mark[11];           /* identifier of the private mark in the pixels, hex */
} cohl_run_report;

/* Where a film goes. */
typedef struct cohl_film {
    const char *path;     /* .mp4, .webm, .mov, .gif, .png, or a folder: shot/ */
    const char *sheet;    /* the contact sheet, .png                    (NULL) */
    const char *title;    /* in its metadata                   (NULL: prompt) */
    const char *report;   /* what it cost, as JSON beside it: .json     (NULL) */
    const char *signer;   /* who signs it: a PEM file with a private key and its chain
                             (NULL: who `cohl signer use` chose, or this installation) */
    bool prompt_in_credentials;   /* they tell the prompt              (false) */
    bool label;           /* "AI generated" in a corner of every frame (false) */
} cohl_film;

/* Would this film be taken there? Before anything is made; leaves nothing behind. */
COHL_API cohl_status cohl_film_check(const cohl_run *run, const cohl_film *film, cohl_error *err);

/* Make the film: it appears under its name when it is whole, or not at all. A run is run once.
 * report may be NULL.
 *
 * COHL_ERR_ARGUMENT   it was run before
 * COHL_ERR_MEMORY     it takes more than it may, or than there is: the sentence says the least
 * COHL_ERR_FORMAT     the model's weights are broken: what it made are not finite numbers
 * COHL_ERR_CANCELLED  cohl_run_cancel
 * COHL_ERR_REFUSED    a check refused a frame, or the policy the film's name; or weights from outside, and the
 *                     networks that look at frames are not installed (docs/checks.md)
 * COHL_ERR_IO         the disk did                                              */
COHL_API cohl_status cohl_run_film(cohl_run *run, const cohl_film *film, cohl_run_report *report, cohl_error *err);

/* Or take the frames yourself: each as it is decoded, after the checks every frame passes, with both
 * invisible marks in it (docs/watermark.md): the very pixels that cohl_run_film would hand to the
 * encoder. So `cohl detect` knows the film that you make of them; it is in no ledger, and who signs it
 * is you. rgb is [height, width, 3], display-encoded, borrowed for the call. Another status than
 * COHL_OK ends the run with it. Memory does not grow with the film.
 *
 * COHL_ERR_IO         besides the above: the marks' key cannot be made or read  */
typedef cohl_status cohl_run_frame_fn(void *user, int index, const uint8_t *rgb, cohl_error *err);
COHL_API cohl_status cohl_run_frames(cohl_run *run, cohl_run_frame_fn *fn, void *user, cohl_run_report *report,
                                     cohl_error *err);

#ifdef __cplusplus
}
#endif
#endif
