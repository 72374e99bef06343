/* source.h - one file of weights, whatever its format: its first bytes tell.
 *
 * A format is an entry of cohl_source_kinds; what opens a file, the names' maps
 * and `cohl info` walk that list. */
#ifndef COHL_WEIGHTS_SOURCE_H
#define COHL_WEIGHTS_SOURCE_H

#include "base/file.h"
#include "weights/weight.h"

typedef struct cohl_source_kind {
    const char *name;                                        /* "GGUF" */
    const char *ending;                                      /* usual end of a file's name: ".gguf" */
    bool      (*is)(const uint8_t *bytes, size_t size);
    cohl_status (*parse)(void **out, const char *name, const void *bytes, size_t size, cohl_error *err);
    void      (*close)(void *file);
    size_t    (*count)(const void *file);
    const cohl_weight *(*at)(const void *file, size_t index);
    const char *(*metadata)(const void *file, const char *key);   /* a string, or NULL */
} cohl_source_kind;

extern const cohl_source_kind *const cohl_source_kinds[];    /* ends with NULL; the last takes what none knows */

typedef struct cohl_source cohl_source;

/* Mapped until close. What parsing may say: gguf.h, safetensors.h, torch.h. */
cohl_status cohl_source_open(cohl_source **out, const char *path, cohl_error *err);
/* The same over bytes of the caller, which must outlive it; name is for sentences. */
cohl_status cohl_source_parse(cohl_source **out, const char *name, const void *bytes, size_t size, cohl_error *err);
void        cohl_source_close(cohl_source *source);

/* The file's map; empty where the bytes are the caller's. */
const cohl_map         *cohl_source_map(const cohl_source *source);
const cohl_source_kind *cohl_source_kind_of(const cohl_source *source);
const char             *cohl_source_path(const cohl_source *source);
size_t                  cohl_source_count(const cohl_source *source);
const cohl_weight      *cohl_source_at(const cohl_source *source, size_t index);
const char             *cohl_source_metadata(const cohl_source *source, const char *key);
/* The format's own file (cohl_gguf and so on), for who knows the kind. */
const void             *cohl_source_file(const cohl_source *source);

#endif
