/* credentials.h - sign a file: who made it, how, from what (C2PA specification 2.2, claim v2).
 *
 *     cohl_credentials what = { .name = "film.mp4", .title = "film.mp4", .facts = json };
 *     if ((st = cohl_signer_open(&signer, NULL, err))) return st;
 *     st = cohl_credentials_sign(".film.mp4.part", NULL, &signer, &what, err);
 *
 * MP4, MOV and PNG carry their manifest inside; any other file has it beside, as FILE.c2pa.
 * The coded pictures stay the same bytes. The clock and random names of the specification
 * stand in the manifest and nowhere else. */
#ifndef COHL_PROVENANCE_CREDENTIALS_H
#define COHL_PROVENANCE_CREDENTIALS_H

#include "provenance/ingredient.h"
#include "provenance/signer.h"

/* The assertion with what Cohl knows of the making: model, checks, policies, label, ... */
#define COHL_FACTS_LABEL "com.cohl.generation"

/* The assertion that names the invisible marks in the pixels: by the identifier of the private one a manifest
 * that was stripped is found again (docs/watermark.md). Not C2PA's own "c2pa.soft-binding", whose algorithms
 * are registered ones. */
#define COHL_WATERMARK_LABEL "org.cohl.watermark"
#define COHL_WATERMARK_ALG   "org.cohl.spread-spectrum.1"

enum { COHL_INGREDIENTS_MOST = 64 };

/* All borrowed. */
typedef struct cohl_credentials {
    const char *name;              /* of the file, for sentences                              */
    const char *title;             /* in the claim; NULL: none                                */
    const char *facts;             /* a JSON object, or NULL                                  */
    const char *mark;              /* identifier of the private mark in its pixels, hex; NULL: none */
    const char *action;            /* to a parent or components: "c2pa.edited", "c2pa.transcoded",
                                      "c2pa.trimmed", ...; NULL: "c2pa.edited"                */
    const char *description;       /* of that action, in words; NULL: none                    */
    const cohl_ingredient *const *ingredient;
    int         ingredient_count;
    bool        rendered;          /* by a program and no trained model: the toy theatre      */
} cohl_credentials;

/* Whether credentials of a file with this ending stand inside it (".mp4", ".mov", ".png"). */
bool cohl_credentials_inside(const char *path);
/* "film.webm" -> "film.webm.c2pa", in new memory; NULL when memory is out. */
char *cohl_credentials_beside(const char *path);

/* Sign the file at `path`: it is replaced by its signed self, or, with `beside`, left as it is
 * and its manifest store is written there. On failure the file is as it was and not signed.
 *
 * COHL_ERR_IO           the disk is full or gone
 * COHL_ERR_FORMAT       the file is broken, or facts is no JSON object
 * COHL_ERR_ARGUMENT     it carries credentials already; more than one parent
 * COHL_ERR_UNSUPPORTED  its format holds none inside and `beside` is NULL */
cohl_status cohl_credentials_sign(const char *path, const char *beside, const cohl_signer *signer,
                                  const cohl_credentials *what, cohl_error *err);

/* How a film came into being, in IPTC's words. */
typedef enum cohl_source { COHL_SOURCE_MODEL, COHL_SOURCE_PARTLY_MODEL, COHL_SOURCE_PROGRAM } cohl_source;

/* What these credentials will say of it. */
cohl_source cohl_credentials_source(const cohl_credentials *what);

/* IPTC's word, a URI. */
const char *cohl_source_type(cohl_source source);
/* The plain tag that platforms read: XMP with that word, new memory; NULL when it is out. */
char *cohl_source_xmp(cohl_source source);

#endif
