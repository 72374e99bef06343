/* door.h - the one door out: every film leaves Cohl through here.
 *
 *     cohl_door_params params = cohl_door_params_default();
 *     params.path = "film.mp4", params.width = 320, params.height = 192;
 *     params.fps = 16, params.frames = 81, params.recipe = json;
 *     if ((st = cohl_door_check(&params, err))) return st;      before any work
 *     if ((st = cohl_door_open(&door, &params, err))) return st;
 *     while (!st && (frame = next()))
 *         st = cohl_door_put(door, frame, err);
 *     st = cohl_door_close(door, st, &report, err);
 *
 * A film has no name until its last frame has passed. It is written beside its place
 * under a hidden name (".film.mp4.PID-N.part") and renamed when it is whole and on the
 * disk; when anything fails, or the caller gives up, that is removed and what stood
 * under the name before stands there still. The contact sheet appears with the film
 * or not at all.
 *
 * Frames pass the checks (deliver/check.h), get both marks (deliver/imprint.h), then pass the
 * encoder (media/writer.h). Every file says in its metadata that it was generated, carries its
 * recipe, and is signed when it is whole: MP4, MOV, PNG carry their credentials, for WebM and GIF
 * they come into being as FILE.c2pa. What cannot be signed is no film: nothing of it stays.
 *
 * A door is used by one thread at a time. Where a limit on file size is set, the
 * program ignores SIGXFSZ, so that the limit is an error and not the end. */
#ifndef COHL_DELIVER_DOOR_H
#define COHL_DELIVER_DOOR_H

#include "ledger/films.h"
#include "media/frame.h"
#include "media/writer.h"
#include "provenance/credentials.h"
#include "provenance/mark_key.h"

typedef struct cohl_door cohl_door;

/* A file that the film is made from. */
typedef struct cohl_door_source {
    const char       *path;
    cohl_relationship relationship;
} cohl_door_source;

/* All strings UTF-8, borrowed for the call that takes the params. */
typedef struct cohl_door_params {
    const char *path;            /* the ending chooses the format (media/writer.h) */
    int         width, height;   /* pixels of every frame                         */
    double      fps;             /* 0.1..240                               (16)   */
    int         frames;          /* how many will come, 1 or more                 */
    const char *recipe;          /* JSON that makes the film again, or NULL       */
    const char *title;           /* or NULL                                       */
    const char *sheet;           /* path of the contact sheet, .png; NULL: none   */
    int         crf;             /* quality: lower is finer; -1: the format's own (-1) */
    cohl_store *ledger;          /* of cohl_protect_open: where it is entered, and whose lists are asked; lives
                                    longer than the door; NULL: nowhere, none */
    cohl_store *lists;           /* whose protected pictures are asked, as long; NULL: the ledger's */
    const struct cohl_policy *policy;   /* that writing in frames is asked of, as long; NULL: the installation's */
    const struct cohl_check *also;   /* a check besides those that are always asked; NULL          */
    struct cohl_workers *workers;    /* for the networks that look at frames, live longer; NULL: one thread */
    const char *model, *model_digest;   /* that made it (ledger/models.h), or NULL        */
    const cohl_film_link *link;  /* what it was made from                                 */
    int         link_count;
    double      made_from, made_until;   /* seconds; the rest of the film was given and leaves as it came: it gets no
                                            fingerprint, or what it came from would seem made here (0, infinity) */

    /* for its credentials (provenance/credentials.h) */
    const char *signer;          /* PEM with a key and its chain; NULL: the installation's (NULL) */
    const char *facts;           /* a JSON object of what they are to tell besides, or NULL       */
    const cohl_door_source *source;   /* read when the door opens                                 */
    int         source_count;
    const char *action, *description; /* what was done to a source: "c2pa.edited"; NULL           */
    bool        rendered;        /* by a program and no trained model                     (false) */
    bool        marked;          /* the frames carry the private mark already, with this identifier and the key of
                                    this number: no mark is laid over it                       (false) */
    uint64_t    mark;
    int         mark_key;
    bool        label;           /* draw "AI generated" into every frame                  (false) */
} cohl_door_params;

cohl_door_params cohl_door_params_default(void);

/* "film.mp4" -> "film.sheet.png", "shot/" -> "shot.sheet.png": the usual place of a
 * sheet, in new memory; free() it. NULL when memory is out. */
char *cohl_door_sheet_path(const char *path);
/* "film.mp4" -> "film.report.json", the usual place of the report on it; as above. */
char *cohl_door_report_path(const char *path);

/* What came of it. */
typedef struct cohl_door_report {
    char    *path;           /* the film, or the folder of pictures */
    char    *sheet;          /* the contact sheet, or NULL          */
    char    *credentials;    /* the file where they stand; NULL: in the film */
    int      frames;
    double   seconds;        /* that the film lasts                 */
    uint64_t bytes;          /* of the film, or of all its pictures */
    char     packets[65];    /* SHA-256 of its coded packets, hex   */
    char     mark[COHL_MARK_ID_HEX];   /* identifier of its private mark, hex */
    int64_t  ledger_film;    /* its number there; 0: not entered    */
    char     ledger_said[512];   /* why not, "" usually: the film is there all the same */
} cohl_door_report;

void cohl_door_report_free(cohl_door_report *report);

/* Could this film be delivered? Asked before any frame is made; leaves nothing behind.
 * COHL_ERR_ARGUMENT     unknown ending; a size, rate or count the format does not take;
 *                       words that are not UTF-8
 * COHL_ERR_IO           the folder is missing or may not be written to; the name is
 *                       taken by a folder, or by a folder that is not empty
 * COHL_ERR_UNSUPPORTED  this build has no such encoder */
cohl_status cohl_door_check(const cohl_door_params *params, cohl_error *err);

/* Checks as above, then begins. On failure *out is NULL. */
cohl_status cohl_door_open(cohl_door **out, const cohl_door_params *params, cohl_error *err);

/* The next frame in order, borrowed for the call. After a failure only close may follow.
 * COHL_ERR_REFUSED  a check said no
 * COHL_ERR_IO       the disk is full or gone */
cohl_status cohl_door_put(cohl_door *door, const cohl_frame *frame, cohl_error *err);

/* With COHL_OK: if all frames came, finish the film, give it its name, and fill in the
 * report (NULL is fine; free it with cohl_door_report_free). With another status
 * (COHL_ERR_CANCELLED, say), or when a put failed: remove all traces and return that
 * first failure. Frees the door, which may be NULL. */
cohl_status cohl_door_close(cohl_door *door, cohl_status st, cohl_door_report *report,
                            cohl_error *err);

#endif
