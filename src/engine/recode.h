/* recode.h - a film of this installation's once more: another format, size, rate or quality, through the one door.
 *
 *     engine_recode asked = { .from = "film.mp4", .path = "film.webm", .crf = -1 };
 *     if ((st = engine_recode_film(&asked, &report, err))) return st;
 *     cohl_door_report_free(&report);
 *
 * Its frames pass the checks again, its marks stay, its credentials say "c2pa.transcoded" of the film it came from,
 * whose own go with it, and the ledger knows whose child it is. */
#ifndef COHL_ENGINE_RECODE_H
#define COHL_ENGINE_RECODE_H

#include "deliver/door.h"

/* All strings borrowed for the call; as in cohl_door_params. */
typedef struct engine_recode {
    const char *from, *path;
    const char *sheet;           /* NULL: none                                */
    const char *title;           /* NULL: the film's own                      */
    int         width, height;   /* 0: the film's own; another shape is cut   */
    double      fps;             /* 0: the film's own                         */
    int         crf;             /* -1: the format's own                      */
    const char *signer;          /* NULL: the installation's                  */
    bool        label;
    int         threads;         /* 0: all                                    */
    const volatile bool *cancel; /* NULL, or: stop when it becomes true, and leave nothing */
} engine_recode;

/* COHL_ERR_REFUSED   not of this installation (by its ledger, its marks, its signature); blocked; made with a
 *                    consent that was revoked; a name, title or frame that may not be
 * COHL_ERR_IO, COHL_ERR_FORMAT  no film that can be read; and what the door says
 * COHL_ERR_CANCELLED *asked->cancel became true */
cohl_status engine_recode_film(const engine_recode *asked, cohl_door_report *report, cohl_error *err);

#endif
