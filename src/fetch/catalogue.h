/* catalogue.h - the open models that are known by name: whose, under which licence, what they can,
 * and which files they are. */
#ifndef COHL_FETCH_CATALOGUE_H
#define COHL_FETCH_CATALOGUE_H

#include <stdbool.h>
#include <stdint.h>

enum { COHL_MODEL_FILES_MAX = 16 };

/* A file of a model's repository, by its path there. An index brings the shards that it names. */
typedef struct cohl_model_file {
    const char *path;
    const char *sha256;        /* NULL: not known here; then the server's published sum is held against it */
} cohl_model_file;

typedef struct cohl_model_entry {
    const char *name;          /* "wan2.1-t2v-1.3b" */
    const char *about;
    const char *repository;    /* "Wan-AI/Wan2.1-T2V-1.3B", below the base address */
    const char *licence;
    const char *can;           /* "text" or "text, first picture" */
    double      billions;      /* parameters of the transformer, of one expert */
    int         experts;       /* 1 or 2 */
    cohl_model_file file[COHL_MODEL_FILES_MAX];    /* ends with path NULL */
} cohl_model_entry;

extern const cohl_model_entry cohl_model_catalogue[];   /* ends with name NULL */

/* NULL if there is none; *nearest (may be NULL) is then what may have been meant, or NULL. */
const cohl_model_entry *cohl_model_entry_named(const char *name, const char **nearest);

/* Gigabytes that the transformer's weights take, so many bits each, all experts of it that work at a time (one). */
double cohl_model_gigabytes(const cohl_model_entry *entry, double bits);

#endif
