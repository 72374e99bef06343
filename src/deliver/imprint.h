/* imprint.h - what every frame gets in its pixels before it is encoded: both marks; and what is
 * kept of it: its fingerprint, twice a second of film.
 *
 * The private mark's key is the newest of the user's folder, made when there is none; its
 * identifier comes from the recipe. So the same request under the same key has the same pixels. */
#ifndef COHL_DELIVER_IMPRINT_H
#define COHL_DELIVER_IMPRINT_H

#include "ledger/films.h"
#include "provenance/mark_embed.h"

typedef struct cohl_imprint {
    cohl_marker     *marker;             /* NULL: the frames are marked already   */
    cohl_frame      *frame;              /* the marked one                        */
    double           fps;
    double           from, until;        /* seconds; outside them frames were given, and get no fingerprint (all) */
    int              frames;             /* marked so far                         */
    int              due;                /* how often a fingerprint was due       */
    uint64_t         identifier;
    char             key[16];            /* the key's number, for the ledger      */
    cohl_film_print *print;
    int              print_count, print_room;
} cohl_imprint;

/* recipe may be NULL, which is as an empty one.
 * COHL_ERR_IO, COHL_ERR_FORMAT  the key cannot be made or read */
cohl_status cohl_imprint_open(cohl_imprint *out, int width, int height, double fps, const char *recipe, cohl_error *err);
/* For frames that carry their marks already: the identifier under the key of that number. */
cohl_status cohl_imprint_open_marked(cohl_imprint *out, int width, int height, double fps, uint64_t identifier, int key,
                                     cohl_error *err);
void cohl_imprint_close(cohl_imprint *imprint);

/* *frame becomes its marked copy, the imprint's until the next call. */
cohl_status cohl_imprint_frame(cohl_imprint *imprint, const cohl_frame **frame, cohl_error *err);

/* What the ledger is to know of it; borrowed from the imprint. */
void cohl_imprint_tell(const cohl_imprint *imprint, cohl_film_made *made);

#endif
