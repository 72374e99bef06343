/* names.h - other programs' names for the tensors of the Wan family.
 *
 * Models are written with the names of the original release. The same networks
 * travel under the diffusers library's names, the transformers library's, those
 * of llama.cpp, and with prefixes in front. A naming is a table of rules, chosen
 * for a file by one name that only it has:
 *
 *     #   a number        %   one word between dots        *   the rest, at the end
 *
 *     "%.#.attn1.to_q.*"  ->  "%.#.self_attn.q.*"
 *
 * A name that no rule knows stays as it is, so a surplus tensor is told by the
 * name it has in the file. */
#ifndef COHL_WEIGHTS_NAMES_H
#define COHL_WEIGHTS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum { COHL_NAME_MAX = 256 };

/* What is done with a tensor besides giving it another name. */
typedef enum cohl_name_deed {
    COHL_NAME_KEEP,
    COHL_NAME_DROP,            /* no part of the network: a position table, another model's half */
    COHL_NAME_SPARE,           /* the same tensor a second time: kept where the first is missing */
    COHL_NAME_FIRST, COHL_NAME_SECOND, COHL_NAME_THIRD,   /* thirds of one matrix, in this order */
    COHL_NAME_TURNED,          /* [in, out] instead of [out, in] */
} cohl_name_deed;

typedef struct cohl_name_rule {
    const char    *from, *to;
    cohl_name_deed deed;
} cohl_name_rule;

typedef struct cohl_naming {
    const char           *name;     /* "diffusers" */
    const char           *mark;     /* a tensor that only files in this naming have; NULL in the last */
    const cohl_name_rule *inner;    /* applied first, or NULL; both lists end with from NULL */
    const cohl_name_rule *outer;
} cohl_naming;

extern const cohl_naming *const cohl_namings[];        /* ends with NULL; the last is the original */
const cohl_naming *cohl_naming_named(const char *name);

/* The original name, cut at COHL_NAME_MAX - 1 bytes. */
cohl_name_deed cohl_name_translate(char out[COHL_NAME_MAX], const cohl_naming *naming, const char *name);

/* The networks of a film model, as files keep them apart by a prefix. */
typedef enum cohl_part { COHL_PART_ANY, COHL_PART_TRANSFORMER, COHL_PART_TEXT, COHL_PART_VAE, COHL_PART_IMAGE } cohl_part;

/* Bytes of a known prefix in front of name, and the part it stands for; 0 and COHL_PART_ANY if there is none. */
size_t cohl_name_prefix(const char *name, cohl_part *part);

/* Beside a network's own tensors, in no naming: scales (found by scaled.c), tokenizers packed in, marks. */
bool cohl_name_is_extra(const char *name);

#endif
