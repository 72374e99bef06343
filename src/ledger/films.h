/* films.h - every film this installation made: a row a film, found again by what is left of it.
 *
 * A film is entered when it is whole, checked, marked and signed, in the moment before it gets
 * its name, and confirmed when it has it: so no film stands under a name that the ledger does not
 * know, at whatever instant the program is killed. When entering fails, the film is delivered all
 * the same and the sentence of the failure is told; `cohl films add FILE` enters it later.
 *
 *     cohl_store *store;
 *     cohl_ledger_open(&store, NULL, err);
 *     int64_t film;
 *     st = cohl_ledger_add(store, &made, &film, err);          then the film gets its name
 *     st = cohl_ledger_confirm(store, film, err);
 *
 *     cohl_film_hits hits;
 *     st = cohl_ledger_find(&hits, store, &(cohl_film_key){ .marked = true, .mark = id }, err);
 *     for (int i = 0; i < hits.count; i++) ... hits.hit[i].film
 *     cohl_film_hits_free(&hits);
 */
#ifndef COHL_LEDGER_FILMS_H
#define COHL_LEDGER_FILMS_H

#include <jansson.h>

#include "store/store.h"

extern const cohl_store_room cohl_ledger_films_room;

/* The store at path with the rooms of films, models and settings; NULL: the installation's own
 * (cohl_store_usual_path). */
cohl_status cohl_ledger_open(cohl_store **out, const char *path, cohl_error *err);

/* ---- what is entered ----------------------------------------------------- */

enum { COHL_MARK_BITS = 40 };

/* A file of a film: the film itself, each picture of a sequence, the contact sheet. */
typedef struct cohl_film_file {
    const char *path;           /* absolute                                                */
    const char *digest;         /* SHA-256 of the file, lower-case hex (base/digest.h)     */
    int64_t     bytes;
    const char *credential;     /* label of its active manifest, "urn:c2pa:..."; or NULL   */
    const void *manifest;       /* its whole manifest store, to be given back; or NULL     */
    size_t      manifest_size;
} cohl_film_file;

/* A perceptual hash of one frame: near pictures differ in few bits. */
typedef struct cohl_film_print {
    double   seconds;           /* of the frame in the film                                */
    uint64_t bits;
} cohl_film_print;

/* What a film was made from or with. */
typedef struct cohl_film_link {
    const char *relation;       /* "parent", "component", "input" (C2PA's ingredients), "consent" */
    const char *digest;         /* of the file that was used; or NULL                      */
    const char *name;           /* its credential, or the id of a consent record; or NULL  */
} cohl_film_link;

/* Strings are UTF-8; those not said to be required may be NULL. */
typedef struct cohl_film_made {
    const cohl_film_file  *file;        /* 1 or more, the film first                       */
    int                    file_count;
    const char            *title, *recipe;         /* the recipe as the film carries it    */
    const char            *model, *model_digest;   /* its name; cohl_digest_folder of it   */
    const char            *packets;     /* SHA-256 of the coded packets                    */
    int                    width, height, frames;
    double                 fps;
    bool                   marked;
    uint64_t               mark;        /* the 40-bit identifier of the private mark       */
    const char            *mark_key;    /* which key: its short name, never the key        */
    const cohl_film_print *print;
    int                    print_count;
    const cohl_film_link  *link;
    int                    link_count;
} cohl_film_made;

/* Enter a film that is about to be named; *film is its number. All of it or nothing. */
cohl_status cohl_ledger_add(cohl_store *store, const cohl_film_made *made, int64_t *film, cohl_error *err);
/* It has its name. */
cohl_status cohl_ledger_confirm(cohl_store *store, int64_t film, cohl_error *err);
/* It did not get it: take the entry back. */
cohl_status cohl_ledger_withdraw(cohl_store *store, int64_t film, cohl_error *err);

/* ---- what is found ------------------------------------------------------- */

enum {
    COHL_FOUND_BY_DIGEST      = 1,   /* a file of the film, byte for byte             */
    COHL_FOUND_BY_CREDENTIAL  = 2,   /* the signed manifest's label                   */
    COHL_FOUND_BY_MARK        = 4,   /* the private mark's identifier                 */
    COHL_FOUND_BY_FINGERPRINT = 8,   /* pictures that look alike                      */
};

/* What is left of a film; what is NULL or 0 is not looked for. */
typedef struct cohl_film_key {
    const char            *digest, *credential;
    bool                   marked;
    uint64_t               mark;
    const cohl_film_print *print;          /* of the file in hand; its seconds do not matter */
    int                    print_count;
    int                    print_bits;     /* two frames are alike when at most so many of 64
                                              bits differ                       (0: exactly) */
    double                 print_share;    /* least share of the file's prints that must be
                                              alike with one of the film's, 0..1 (0: any one) */
} cohl_film_key;

typedef struct cohl_film_hit {
    int64_t  film;
    unsigned found_by;           /* COHL_FOUND_BY_... together           */
    double   share;              /* of the prints; 0 when none was asked */
} cohl_film_hit;

/* Ways first that prove most: fewest are left by chance. */
typedef struct cohl_film_hits {
    cohl_film_hit *hit;
    int            count;
} cohl_film_hits;

cohl_status cohl_ledger_find(cohl_film_hits *out, cohl_store *store, const cohl_film_key *key, cohl_error *err);
/* One more; a film that is there already is found in both ways, and has the larger share. */
cohl_status cohl_film_hits_add(cohl_film_hits *hits, int64_t film, unsigned found_by, double share, cohl_error *err);
void        cohl_film_hits_free(cohl_film_hits *hits);
/* "file", "credentials", "mark", "fingerprint" of one bit. */
const char *cohl_found_by_name(unsigned one);

/* The manifest store that a film's file had, in new memory; NULL and size 0 when none was kept.
 * digest or credential says which file; both NULL: the first that has one. */
cohl_status cohl_ledger_manifest(void **out, size_t *size, cohl_store *store, int64_t film, const char *digest,
                                 const char *credential, cohl_error *err);

/* ---- what is known ------------------------------------------------------- */

/* A row as JSON (jansson), new reference: number, path, made, title, recipe, model, size, digest,
 * credential, mark, cost, files, links, state. COHL_ERR_ARGUMENT: there is no such film. */
cohl_status cohl_ledger_film_json(json_t **out, cohl_store *store, int64_t film, cohl_error *err);

/* Numbers of the newest films, new memory, free() it. */
cohl_status cohl_ledger_newest(int64_t **out, int *count, cohl_store *store, int most, cohl_error *err);

/* Films that were made from this one, and from those, and so on: numbers, new memory. By the
 * credential or digest that their links name. */
cohl_status cohl_ledger_descendants(int64_t **out, int *count, cohl_store *store, int64_t film, cohl_error *err);

/* Films that link to this name by this relation: films of a consent, say. */
cohl_status cohl_ledger_linked(int64_t **out, int *count, cohl_store *store, const char *relation, const char *name,
                               cohl_error *err);

/* ---- blocked films ------------------------------------------------------- */

/* why is told to who asks for the film again. A blocked film is not made again, and not used. */
cohl_status cohl_ledger_block(cohl_store *store, int64_t film, const char *why, cohl_error *err);
cohl_status cohl_ledger_unblock(cohl_store *store, int64_t film, cohl_error *err);

/* COHL_ERR_REFUSED, with the reason, when one of these is of a blocked film; each may be NULL. A
 * recipe is compared by its bytes: the same request makes the same film. */
cohl_status cohl_ledger_check(cohl_store *store, const char *recipe, const char *digest, const char *credential,
                              cohl_error *err);

/* ---- what it cost -------------------------------------------------------- */

/* A film's cost as JSON, as the report beside it has it. */
cohl_status cohl_ledger_set_cost(cohl_store *store, int64_t film, const char *cost, cohl_error *err);

#endif
